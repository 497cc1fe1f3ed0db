"""Write a small random quotation top and what PyTorch computes with it, for the Rust tagger's test.

    python scripts/make_quotes_fixture.py crates/encoder/tests/data/distilbert crates/quotes/tests/data/top

The top stands on the small random encoder that the encoder crate is tested with. Everything is
computed in F32 from the int8 weights as written.
"""

import argparse
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import DistilBertModel

import reader.export
import reader.model
from reader import chain
from reader.scoring import attributions_of, identity, window_spans

reader.model.LINK_DIM = reader.export.LINK_DIM = 8
TEXT = "We win, he said.\n“No,” it said."
# Words of the text as character ranges, then features by word.
WORDS = [(0, 2), (3, 6), (6, 7), (8, 10), (11, 15), (15, 16), (17, 18), (18, 20), (20, 21), (21, 22),
         (23, 25), (26, 30), (30, 31)]  # fmt: skip
SENTENCES = [(0, 6), (6, 13)]
MARKS = [0, 0, 0, 0, 0, 0, 2, 1, 1, 3, 0, 0, 0]
BOUNDARIES = [2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]
SPANS = {"source": [(3, 4), (10, 11)], "cue": [(4, 5), (11, 12)], "content": [(0, 2), (7, 9)]}


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    torch.manual_seed(3)

    config = json.loads((args.encoder / "config.json").read_text())
    top = reader.model.QuoteTop(config, 1)
    for parameter in top.parameters():
        # Weights as of a trained model: scores that differ, and states that the features move.
        parameter.normal_(0, 0.25)
    ones = dict.fromkeys((*reader.model.SEQUENCES, "link_cue", "link_source"), 1.0)
    temperatures = ones | {"content": 1.4, "link_source": 0.7}
    reader.export.export_quotes(
        SimpleNamespace(quotes=top), args.encoder, args.out, args.encoder, temperatures
    )
    stored = reader.export.restored(args.out / "model.safetensors")
    top.load_state_dict({k.removeprefix("transformer."): v for k, v in stored.items()})

    tokenizer = Tokenizer.from_file(str(args.encoder / "tokenizer.json"))
    cls, sep = (tokenizer.token_to_id(t) for t in ("[CLS]", "[SEP]"))
    ids, starts, marks, boundaries = [cls], [], [0], [0]
    for (start, end), mark, boundary in zip(WORDS, MARKS, BOUNDARIES):
        pieces = tokenizer.encode(TEXT[start:end], add_special_tokens=False).ids
        starts.append(len(ids))
        ids += pieces
        marks += [mark] * len(pieces)
        boundaries += [boundary] + [0] * (len(pieces) - 1)
    ids, marks, boundaries = ids + [sep], marks + [0], boundaries + [0]
    encoder = DistilBertModel.from_pretrained(args.encoder, dtype=torch.float32).eval()
    states = encoder(torch.tensor([ids])).last_hidden_state
    states = top.states(states, torch.tensor([marks]), torch.tensor([boundaries]), None, identity)
    words = states[0][starts]
    emissions = top.emissions(words)
    doubles, transitions = emissions.numpy().astype(np.float64), top.transitions.numpy()

    def found(at: int) -> list:
        path = chain.viterbi(doubles[:, at], transitions[at])
        spans = [(a, b) for a, b, _ in chain.spans(path)]
        heat = temperatures[reader.model.SEQUENCES[at]]
        chances = chain.span_probabilities(doubles[:, at] / heat, transitions[at] / heat,
                                           chain.spans(path))  # fmt: skip
        return [[list(span), round(chance, 6)] for span, chance in zip(spans, chances)]

    expected = {
        "text": TEXT,
        "words": WORDS,
        "sentences": SENTENCES,
        "emissions": [[[round(float(x), 5) for x in s] for s in word] for word in emissions],
        "spans": [found(at) for at in range(len(reader.model.SEQUENCES))],
        "link_spans": SPANS,
        "links": {
            name: [
                [round(float(x), 5) for x in row]
                for row in (
                    top.links(words, SPANS["content"], SPANS[name], at)
                    / temperatures[f"link_{name}"]
                ).log_softmax(-1)
            ]
            for at, name in enumerate(reader.model.RELATIONS)
        },
        "attributions": [
            {"source": a.source, "cue": a.cue, "content": a.content}
            for a in attributions_of(
                SimpleNamespace(quotes=top), words, window_spans(doubles, transitions)
            )
        ],
    }
    (args.out / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n")
    print(len(ids), "pieces;", expected["spans"], expected["attributions"])


if __name__ == "__main__":
    main()
