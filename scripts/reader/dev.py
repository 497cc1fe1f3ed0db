"""The dev sets and what a reader scores on them."""

from pathlib import Path

import torch

from . import calibration, scoring
from .corpora import (
    CONLL_KINDS,
    NEWS_KINDS,
    Document,
    bio_labels,
    read_conll,
    read_polnear,
    read_uner,
    read_worldwide,
)
from .model import Reader
from .windows import Subwords

UNER = {"Person": "PER", "Organization": "ORG", "Location": "LOC"}
UNER_KINDS = ("PER", "ORG", "LOC")


def train_sets(data: Path) -> list[Document]:
    return (
        read_worldwide(data / "ner/worldwide/train")
        + read_conll(data / "ner/conll2003/eng.train")
        + read_polnear(data / "quotes/polnear/train")
    )


def dev_sets(data: Path) -> dict[str, list[Document]]:
    return {
        "worldwide": read_worldwide(data / "ner/worldwide/dev"),
        "conll2003": read_conll(data / "ner/conll2003/eng.testa"),
        "uner_en_ewt": read_uner(data / "ner/uner_en_ewt/en_ewt-ud-dev.iob2"),
        "polnear": read_polnear(data / "quotes/polnear/dev"),
    }


def dev_scores(model: Reader, sets, subwords: Subwords, precision: torch.dtype, fit: bool = False):
    """Scores by set; with `fit`, also (temperature, calibration error) by head."""
    scores, fitted = {}, {}
    for name, documents in sets.items():
        if name == "polnear":
            outputs = scoring.quote_outputs(model, documents, subwords, precision)
            predictions = [scoring.quote_predictions(model, output) for output in outputs]
            scores[name] = scoring.quote_f1(documents, predictions)
            if fit:
                fitted |= calibration.fit_quotes(model, outputs)
            continue
        head, kinds = model.classifier, NEWS_KINDS
        if name == "conll2003":
            head, kinds = model.conll_classifier, CONLL_KINDS
        logits = scoring.entity_logits(model, documents, subwords, head, precision)
        found = [scoring.entities(rows, d) for rows, d in zip(logits, documents)]
        if name == "uner_en_ewt":
            places = {kinds.index(k): UNER_KINDS.index(v) for k, v in UNER.items()}
            found = [[(a, b, places[k]) for a, b, k in spans if k in places] for spans in found]
            kinds = UNER_KINDS
        scores[name] = scoring.entity_f1(documents, found, kinds)
        if fit and name != "uner_en_ewt":
            head_name = "conll" if name == "conll2003" else "news"
            fitted[head_name] = calibration.fit_entities(documents, logits, bio_labels(kinds))
    return scores, fitted


def show(scores: dict[str, dict]) -> None:
    for name, values in scores.items():
        print(f"dev {name}", " ".join(f"{k} {100 * v:.2f}" for k, v in values.items()), flush=True)
