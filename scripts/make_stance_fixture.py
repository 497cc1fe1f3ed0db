#!/usr/bin/env python3
"""Write the tiny seeded stance model that the tests of crates/stance run, with PyTorch's answers.

    make_stance_fixture.py crates/stance/tests/data/model

The weights are random: the answers mean nothing, but a build that gives the same ones reads
markers, windows, weights and head as the training script does.
"""
import json
import random
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import DistilBertConfig, DistilBertModel

sys.path.insert(0, str(Path(__file__).parent))
import train_stance as stance  # noqa: E402

WINDOW = 40
SETTINGS = {"markers": stance.MARKERS, "window": WINDOW,
            "temperature": {"pair": 1.25, "joint": 0.9, "author": 1.5},
            "joint_bias": [0.0, 0.1, 0.3, -0.2, 0.5], "threshold": 0.6}
TEXTS = [
    ("Ana blames Borin.", "Ana", "Borin"),
    ("Borin was blamed by Ana.", "Ana", "Borin"),
    ("The party of Ana Ruiz’s rival praised the court.", "Ana Ruiz’", "court"),
    ("“Peña is a fool,” said Ana", "Ana", "Peña"),
    ("Los Angeleans dislike Ana.", "Los Angele", "Ana"),
    ("Ana and Ana", "Ana", "Ana"),
    ("Ana " + "of the party in the court " * 5 + "blames Borin.", "Ana", "Borin"),
    ("The court in the party of the court in the party of the court said that Ana blames Borin, "
     "who was in the court in the party of the court in the party of the court.", "Ana", "Borin"),
    ("x" * 120 + " blames Ana", "x" * 120, "Ana"),
    ("Ana \u0001 blames 🙂 Borin", "\u0001", "🙂"),
]
AUTHOR = [
    ("Ana is a fool.", "Ana"),
    ("Borin praised the court in the party of the court " * 3 + "Ana.", "Ana"),
]


def tokenizer():
    words = "ana blames blamed borin was by the party of court praised said is a fool who in that".split()
    letters = [chr(c) for c in range(33, 127)] + list("’“”ñ")
    vocabulary = ["[PAD]", "[unused1]", "[unused2]", "[unused3]", "[unused4]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary += letters + ["##" + c for c in letters if c.isalnum()] + [w for w in words if len(w) > 1]
    vocabulary += ["Ana", "Borin", "Los", "Angel", "##eans", "##ui"]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(vocabulary))}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    made.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])])
    return made


def span(text, words, last=False):
    start = text.rindex(words) if last else text.index(words)
    return start, start + len(words)


def in_bytes(text, at):
    return [len(text[:i].encode()) for i in at]


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    random.seed(7)
    made = tokenizer()
    made.save(str(out / "tokenizer.json"))
    config = DistilBertConfig(vocab_size=made.get_vocab_size(), dim=32, n_layers=2, n_heads=4, hidden_dim=64,
                              max_position_embeddings=48, pad_token_id=0)
    pieces = stance.Pieces(made)
    model = stance.Stance(DistilBertModel(config), pieces.markers).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3 if parameter.ndim > 1 else 0.05)
        for name, parameter in model.named_parameters():
            if name.endswith(("LayerNorm.weight", "layer_norm.weight")):
                parameter.add_(1)
        model.distilbert.embeddings.word_embeddings.weight[pieces.markers] = model.marker
        save_file(stance.compressed(model, pieces.markers), out / "model.safetensors", metadata={"format": "pt"})
    (out / "config.json").write_text(json.dumps(stance.description(config, SETTINGS), indent=2) + "\n")

    cases = []
    for text, holder, target in TEXTS + [(t, None, target) for t, target in AUTHOR]:
        h = holder and span(text, holder)
        t = span(text, target, last=holder == target)
        turned = h is not None and h > t
        first, second = (t, h) if turned else (h, t)
        example = stance.Example(text, first and stance.trim(text, *first), stance.trim(text, *second), 0)
        encoded = made.encode(text, add_special_tokens=False)
        ids, one, two = pieces.mark(example, encoded.ids, encoded.offsets, WINDOW)
        with torch.no_grad():
            forward, backward = model(torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.long),
                                      torch.tensor([one]), torch.tensor([two]))
        if turned:
            forward, backward = backward, forward
        heat = SETTINGS["temperature"]
        by = heat["author" if holder is None else "pair"]
        bias = torch.tensor(SETTINGS["joint_bias"])
        joint = stance.joint_logits(forward, backward) / heat["joint"]
        joint += bias[[0, 2, 1, 4, 3]] if turned else bias
        cases.append({
            "text": text, "holder": h and in_bytes(text, h), "target": in_bytes(text, t),
            "pieces": len(ids),
            "forward": (forward / by).softmax(-1)[0].tolist(), "backward": (backward / by).softmax(-1)[0].tolist(),
            "joint": joint.softmax(-1)[0].tolist()})
    lines = [json.dumps(case, ensure_ascii=False) for case in cases]
    (out / "answers.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
