"""Write what the reader computes for a short text, for other programs to agree with.

    python scripts/make_reader_fixture.py --entities models/ner-en-2026-11-26 \\
        --quotes models/quotes-en-2026-11-26 --out reader-fixture.json

Everything is computed in F32 from the int8 weights as stored.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from reader import chain
from reader.corpora import QUOTES, Document, split_text, word_pieces
from reader.export import load_exported
from reader.model import RELATIONS, SEQUENCES
from reader.scoring import attributions_of, identity, window_spans
from reader.windows import Subwords, windows_of

TEXT = (
    "The opposition party rejected the ruling on Monday, its leader Sokha Chea said.\n\n"
    "“We will not accept this,” he told reporters in Phnom Penh. "
    "“The court had called it ‘lawful’, but it is not.”\n\n"
    "According to the Ministry of Justice, the two men had claimed that judges were bribed.\n"
)
# Spans for the link scores, whatever the weights themselves find in the text.
SPANS = {
    "source": ["its leader Sokha Chea", "he", "the Ministry of Justice", "the two men"],
    "cue": ["said", "told", "According to", "had claimed"],
    "content": [
        "The opposition party rejected the ruling on Monday",
        "“We will not accept this,”",
        "“The court had called it ‘lawful’, but it is not.”",
        "the two men had claimed that judges were bribed",
        "that judges were bribed",
    ],
}


def rounded(rows) -> list[list[float]]:
    return [[round(float(x), 5) for x in row] for row in rows]


def place(phrase: str, offsets) -> tuple[int, int]:
    """Words of the first whole-word occurrence of the phrase."""
    first = {TEXT[a:]: i for i, (a, _) in enumerate(offsets)}
    start = next(
        a
        for tail, i in first.items()
        for a in [offsets[i][0]]
        if tail.startswith(phrase) and not tail[len(phrase)].isalpha()
    )
    return word_pieces([(start, start + len(phrase))], offsets)[0]


@torch.no_grad()
def fixture(entities: Path, quotes: Path) -> dict:
    model = load_exported(entities, quotes)
    offsets, sentences, paragraphs = split_text(TEXT)
    words = [TEXT[a:b] for a, b in offsets]
    document = Document("fixture", QUOTES, words, sentences, paragraphs, offsets=offsets)
    (window,) = windows_of(document, Subwords(str(entities / "tokenizer.json")))

    states = model.distilbert(torch.tensor([window.ids]), None, identity, torch.float32)
    top = model.quotes.states(
        states, torch.tensor([window.marks]), torch.tensor([window.boundaries]), None, identity
    )
    by_word, top_by_word = states[0][window.starts], top[0][window.starts]
    emissions = model.quotes.emissions(top_by_word)
    doubles, transitions = emissions.numpy().astype(np.float64), model.quotes.transitions.numpy()
    spans = {name: [place(phrase, offsets) for phrase in SPANS[name]] for name in SPANS}
    found = window_spans(doubles, transitions)

    def probabilities(at: int) -> list[float]:
        path = chain.viterbi(doubles[:, at], transitions[at])
        chances = chain.span_probabilities(doubles[:, at], transitions[at], chain.spans(path))
        return [round(p, 6) for p in chances]

    return {
        "text": TEXT,
        "word_offsets_in_characters": offsets,
        "sentences_in_words": sentences,
        "paragraph_first_words": sorted(paragraphs),
        "ids": window.ids,
        "first_subword_of_word": window.starts,
        "marks_by_subword": window.marks,
        "boundaries_by_subword": window.boundaries,
        "encoder_states_first_8": rounded(states[0][:, :8]),
        "top_states_first_8": rounded(top[0][:, :8]),
        "news_logits": rounded(model.classifier(by_word)),
        "conll_logits": rounded(model.conll_classifier(by_word)),
        "emissions_by_word_then_sequence": [rounded(word) for word in emissions],
        "link_spans_in_words": spans,
        "link_scores": {
            name: rounded(model.quotes.links(top_by_word, spans["content"], spans[name], at))
            for at, name in enumerate(RELATIONS)
        },
        "predicted_spans": found,
        "span_probabilities_at_temperature_1": {
            name: probabilities(at) for at, name in enumerate(SEQUENCES)
        },
        "predicted_attributions": [
            {"source": a.source, "cue": a.cue, "content": a.content}
            for a in attributions_of(model, top_by_word, found)
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entities", type=Path, required=True, help="the encoder's directory")
    parser.add_argument("--quotes", type=Path, required=True, help="the quotation top's directory")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    content = json.dumps(fixture(arguments.entities, arguments.quotes), ensure_ascii=False)
    arguments.out.write_text(content + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
