"""From trained weights to finished model directories: int8, temperatures, dev scores, checksums."""

import json
from pathlib import Path

import torch

from . import dev
from .export import export_entities, export_quotes, load_exported, write_json, write_sums
from .model import RELATIONS, SEQUENCES, Reader
from .windows import Subwords

ENTITY_HEADS = ("news", "conll")
QUOTE_HEADS = (*SEQUENCES, *(f"link_{name}" for name in RELATIONS))


def write_models(model: Reader, base: Path, out: Path, version: str, sets, subwords: Subwords):
    """Write both directories. Temperatures and scores are those of the int8 weights as written."""
    entities, quotes = out / f"ner-en-{version}", out / f"quotes-en-{version}"
    ones = dict.fromkeys((*ENTITY_HEADS, *QUOTE_HEADS), 1.0)
    export_entities(model, base, entities, {head: ones[head] for head in ENTITY_HEADS})
    export_quotes(model, base, quotes, entities, {head: ones[head] for head in QUOTE_HEADS})
    scores, fitted = dev.dev_scores(
        load_exported(entities, quotes), sets, subwords, torch.bfloat16, fit=True
    )
    dev.show(scores)
    for head, (temperature, error) in fitted.items():
        print(f"{head}: temperature {temperature}, expected calibration error {100 * error:.2f} %")
    temperatures = {head: temperature for head, (temperature, _) in fitted.items()}
    for folder, heads in ((entities, ENTITY_HEADS), (quotes, QUOTE_HEADS)):
        config = json.loads((folder / "config.json").read_text())
        config["temperature"] = {head: temperatures[head] for head in heads}
        if "ner" in config:
            config["ner"]["scores"]["temperature"] = temperatures["news"]
            config["ner"]["conll"]["scores"]["temperature"] = temperatures["conll"]
        write_json(folder / "config.json", config)
        write_sums(folder)
