"""Train the quotation top on a trained encoder, whose weights stay as they are.

    python scripts/train_quotes.py --data DATA --encoder models/ner-en-2026-11-26 --out models/

`train_ner.py` trains encoder and top together; this trains the top on (`--top`), or a new one, and
is cheap: the encoder's states are computed once and only the top's layers learn.
"""

import argparse
import json
from pathlib import Path

import torch

from reader import calibration, scoring
from reader.corpora import read_polnear
from reader.dev import show
from reader.export import export_quotes, load_exported, restored, write_sums
from reader.finish import QUOTE_HEADS
from reader.model import Reader
from reader.training import Remembered, Settings, train, use_fastest_device
from reader.windows import Subwords


def loaded(encoder: Path, top: Path | None, layers: int) -> Reader:
    """The encoder with a trained top, or with a new one of so many layers."""
    if top:
        return load_exported(encoder, top)
    config = json.loads((encoder / "config.json").read_text())
    tags = len(config["id2label"]), len(config["ner"]["conll"]["id2label"])
    model = Reader(config, *tags, layers)
    model.load_state_dict(restored(encoder / "model.safetensors"), strict=False)
    model.start_top()
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument(
        "--encoder", type=Path, required=True, help="directory of a trained encoder"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the model directory")
    parser.add_argument("--run", type=Path, default=Path("runs/quotes"), help="for checkpoints")
    parser.add_argument("--version", default="2026-11-26", help="date in the directory's name")
    parser.add_argument("--top", type=Path, help="directory of a trained top to begin with")
    parser.add_argument("--top-layers", type=int, default=1, help="of a new top")
    parser.add_argument("--layer-rate", type=float, default=6e-5, help="peak learning rate")
    parser.add_argument("--head-rate", type=float, default=3e-4)
    parser.add_argument("--fp32", action="store_true", help="for a processor without bf16")
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
    use_fastest_device()
    arguments.run.mkdir(parents=True, exist_ok=True)

    subwords = Subwords(str(arguments.encoder / "tokenizer.json"))
    torch.manual_seed(arguments.seed)
    model = loaded(arguments.encoder, arguments.top, arguments.top_layers)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith("quotes."))
    precision = torch.float32 if arguments.fp32 else torch.bfloat16
    documents = read_polnear(arguments.data / "quotes/polnear/dev")

    def scores(model: Reader, documents) -> list:
        outputs = scoring.quote_outputs(model, documents, subwords, precision)
        found = [scoring.quote_predictions(model, output) for output in outputs]
        show({"polnear": scoring.quote_f1(documents, found)})
        return outputs

    settings = Settings(
        arguments.epochs,
        arguments.minutes,
        arguments.seed,
        encoder_rate=arguments.layer_rate,
        head_rate=arguments.head_rate,
        quotes_part=1,
        precision=precision,
    )
    train(
        model,
        read_polnear(arguments.data / "quotes/polnear/train"),
        subwords,
        settings,
        arguments.run / "quotes.pt",
        lambda model: scores(model, documents[:: arguments.dev_part]),
        Remembered(),
    )
    folder = arguments.out / f"quotes-en-{arguments.version}"
    fitted = calibration.fit_quotes(model, scores(model, documents))
    temperatures = {head: fitted[head][0] for head in QUOTE_HEADS}
    export_quotes(model, arguments.encoder, folder, arguments.encoder, temperatures)
    write_sums(folder)


if __name__ == "__main__":
    main()
