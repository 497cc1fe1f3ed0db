"""Train the reader: one DistilBERT encoder for entities and quotations, and write both models.

    python scripts/fetch_base.py --out base/
    python scripts/train_ner.py --data DATA --base base/ --out models/

DATA is the data folder with ner/worldwide, ner/conll2003, ner/uner_en_ewt and quotes/polnear. The
entity heads and the quotation top learn together, so this writes two directories under --out: the
encoder with its entity heads, and the quotation top that stands on it. A run that was stopped goes
on from its last checkpoint in --run. It takes a GPU where there is one; else OMP_NUM_THREADS sets the
cores used.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from reader import dev
from reader.corpora import CONLL_KINDS, NEWS_KINDS, bio_labels
from reader.finish import write_models
from reader.model import Reader
from reader.training import Settings, train, use_fastest_device
from reader.windows import Subwords


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--base", type=Path, required=True, help="the base model's folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model directories")
    parser.add_argument("--run", type=Path, default=Path("runs/reader"), help="for checkpoints")
    parser.add_argument("--version", default="2026-11-26", help="date in the directories' names")
    parser.add_argument("--top-layers", type=int, default=1, help="layers of the quotation top")
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="wall clock allowed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--dev-part",
        type=int,
        default=12,
        help="while training, score every so many-th dev document",
    )
    parser.add_argument(
        "--from-final",
        action="store_true",
        help="do not train: write the models of the run's final weights",
    )
    arguments = parser.parse_args()
    use_fastest_device()
    arguments.run.mkdir(parents=True, exist_ok=True)

    config = json.loads((arguments.base / "config.json").read_text())
    subwords = Subwords(str(arguments.base / "tokenizer.json"))
    tags = len(bio_labels(NEWS_KINDS)), len(bio_labels(CONLL_KINDS))
    torch.manual_seed(arguments.seed)
    model = Reader(config, *tags, arguments.top_layers)
    model.start_from(load_file(arguments.base / "model.safetensors"))
    sets = dev.dev_sets(arguments.data)
    part = {name: documents[:: arguments.dev_part] for name, documents in sets.items()}
    settings = Settings(arguments.epochs, arguments.minutes, arguments.seed)

    if arguments.from_final:
        final = torch.load(arguments.run / "reader.final.pt", map_location="cpu", mmap=True)
        model.load_state_dict(final["model"])
    else:
        train(
            model,
            dev.train_sets(arguments.data),
            subwords,
            settings,
            arguments.run / "reader.pt",
            lambda model: dev.show(dev.dev_scores(model, part, subwords, torch.bfloat16)[0]),
        )
    write_models(model, arguments.base, arguments.out, arguments.version, sets, subwords)


if __name__ == "__main__":
    main()
