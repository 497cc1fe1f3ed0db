"""Train a new quotation top on a trained encoder, whose weights stay as they are.

    python scripts/train_quotes.py --data DATA --encoder models/ner-en-2026-11-26 --out models/

`train_ner.py` trains encoder and top together; this is for trying another top, and cheap, since
only the top's layers learn.
"""

import argparse
import json
from pathlib import Path

import torch

from reader import calibration, scoring
from reader.corpora import read_polnear
from reader.dev import show
from reader.export import export_quotes, restored, write_sums
from reader.finish import QUOTE_HEADS
from reader.model import Reader
from reader.training import Settings, train
from reader.windows import Subwords


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument(
        "--encoder", type=Path, required=True, help="directory of a trained encoder"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the model directory")
    parser.add_argument("--run", type=Path, default=Path("runs/quotes"), help="for checkpoints")
    parser.add_argument("--version", default="2026-11-26", help="date in the directory's name")
    parser.add_argument("--top-layers", type=int, default=1)
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="wall clock allowed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--dev-part",
        type=int,
        default=12,
        help="while training, score every so many-th dev document",
    )
    arguments = parser.parse_args()
    arguments.run.mkdir(parents=True, exist_ok=True)

    config = json.loads((arguments.encoder / "config.json").read_text())
    subwords = Subwords(str(arguments.encoder / "tokenizer.json"))
    tags = len(config["id2label"]), len(config["ner"]["conll"]["id2label"])
    torch.manual_seed(arguments.seed)
    model = Reader(config, *tags, arguments.top_layers)
    state = restored(arguments.encoder / "model.safetensors")
    model.load_state_dict(state, strict=False)
    model.start_top()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith("quotes."))
    documents = read_polnear(arguments.data / "quotes/polnear/dev")

    def scores(model: Reader, documents) -> list:
        outputs = scoring.quote_outputs(model, documents, subwords, torch.bfloat16)
        found = [scoring.quote_predictions(model, output) for output in outputs]
        show({"polnear": scoring.quote_f1(documents, found)})
        return outputs

    settings = Settings(arguments.epochs, arguments.minutes, arguments.seed, quotes_part=1)
    train(
        model,
        read_polnear(arguments.data / "quotes/polnear/train"),
        subwords,
        settings,
        arguments.run / "quotes.pt",
        lambda model: scores(model, documents[:: arguments.dev_part]),
    )
    folder = arguments.out / f"quotes-en-{arguments.version}"
    fitted = calibration.fit_quotes(model, scores(model, documents))
    temperatures = {head: fitted[head][0] for head in QUOTE_HEADS}
    export_quotes(model, arguments.encoder, folder, arguments.encoder, temperatures)
    write_sums(folder)


if __name__ == "__main__":
    main()
