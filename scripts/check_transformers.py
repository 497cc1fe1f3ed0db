"""Show that an exported entity model opens in `transformers` as it is, and computes the same.

    python scripts/check_transformers.py --model models/ner-en-2026-11-26 \\
        --fixture reader-fixture.json

The fixture is from scripts/make_reader_fixture.py. `compressed-tensors` must be installed.
"""

import argparse
import json
from pathlib import Path

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

TOLERANCE = 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="the model's directory")
    parser.add_argument("--fixture", type=Path, required=True)
    arguments = parser.parse_args()
    fixture = json.loads(arguments.fixture.read_text(encoding="utf-8"))

    model = AutoModelForTokenClassification.from_pretrained(arguments.model, dtype=torch.float32)
    model.eval()
    words = [fixture["text"][a:b] for a, b in fixture["word_offsets_in_characters"]]
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    ids = tokenizer(words, is_split_into_words=True)["input_ids"]
    if ids != fixture["ids"]:
        raise SystemExit(f"subword ids differ: {ids} instead of {fixture['ids']}")
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0][fixture["first_subword_of_word"]]
    difference = float((logits - torch.tensor(fixture["news_logits"])).abs().max())
    labels = [model.config.id2label[int(at)] for at in logits.argmax(-1)]
    print(f"largest difference of {logits.numel()} logits: {difference:.2e}")
    print(" ".join(f"{word}/{label}" for word, label in zip(words, labels) if label != "O"))
    if difference > TOLERANCE:
        raise SystemExit(f"more than {TOLERANCE} away from the expected logits")


if __name__ == "__main__":
    main()
