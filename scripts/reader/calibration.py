"""Temperatures that make scores probabilities, fitted on dev, and how far off they then are."""

import numpy as np
import torch

from . import chain
from .corpora import Document
from .model import RELATIONS, SEQUENCES, Reader
from .scoring import gold_entities
from .training import quote_gold

LOWEST, HIGHEST, STEPS = 0.2, 4.0, 11


def best_temperature(loss) -> float:
    """The temperature of the least `loss(temperature)`, by golden section on a log scale."""
    golden = (5**0.5 - 1) / 2
    low, high = np.log(LOWEST), np.log(HIGHEST)
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = loss(np.exp(left)), loss(np.exp(right))
    for _ in range(STEPS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = loss(np.exp(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = loss(np.exp(right))
    return round(float(np.exp((low + high) / 2)), 3)


def log_loss(scores: np.ndarray, correct: np.ndarray) -> float:
    scores = np.clip(scores, 1e-6, 1 - 1e-6)
    return float(-np.mean(np.where(correct, np.log(scores), np.log1p(-scores))))


def expected_calibration_error(scores: np.ndarray, correct: np.ndarray, bins: int = 10) -> float:
    """Mean distance between score and accuracy over equal-width bins, weighted by their size."""
    place = np.minimum((scores * bins).astype(int), bins - 1)
    error = 0.0
    for at in range(bins):
        inside = place == at
        if inside.any():
            error += inside.mean() * abs(scores[inside].mean() - correct[inside].mean())
    return float(error)


def fit_spans(chains, transitions: np.ndarray) -> tuple[float, float]:
    """Temperature and calibration error for the spans that Viterbi finds in the chains.

    `chains` are pairs of emissions [word, tag] and the set of gold spans `(start, end, kind)`. A
    span's score is the probability that it stands exactly so, logits divided by the temperature.
    """
    found = [chain.spans(chain.viterbi(emissions, transitions)) for emissions, _ in chains]
    correct = np.array([s in gold for spans, (_, gold) in zip(found, chains) for s in spans])

    def scores(temperature: float) -> np.ndarray:
        heat = transitions / temperature
        return np.array(
            [
                chance
                for spans, (emissions, _) in zip(found, chains)
                if spans
                for chance in chain.span_probabilities(emissions / temperature, heat, spans)
            ]
        )

    if not len(correct):
        return 1.0, 0.0
    temperature = best_temperature(lambda t: log_loss(scores(t), correct))
    return temperature, expected_calibration_error(scores(temperature), correct)


def entity_chains(documents: list[Document], logits: list[np.ndarray], labels: list[str]):
    """A chain for each sentence."""
    chains = []
    for document, rows in zip(documents, logits):
        gold = set(gold_entities(document, labels))
        for first, last in document.sentences:
            inside = {(a - first, b - first, k) for a, b, k in gold if first <= a < last}
            chains.append((rows[first:last], inside))
    return chains


def fit_entities(documents, logits, labels) -> tuple[float, float]:
    tags = len(labels)
    return fit_spans(entity_chains(documents, logits, labels), np.zeros((tags, tags)))


@torch.no_grad()
def fit_quotes(model: Reader, outputs) -> dict[str, tuple[float, float]]:
    """For each tag sequence and each link relation its temperature and calibration error."""
    transitions = model.quotes.transitions.detach().cpu().numpy().astype(np.float64)
    windows = [output for document in outputs for output in document]
    golds = [quote_gold(window) for window, *_ in windows]
    fitted = {}
    for at, name in enumerate(SEQUENCES):
        chains = [
            (emissions[:, at], set(chain.spans(gold.tags[at])))
            for (_, emissions, _), gold in zip(windows, golds)
        ]
        fitted[name] = fit_spans(chains, transitions[at])
    for at, name in enumerate(RELATIONS):
        rows, right = [], []
        for (_, _, words), gold in zip(windows, golds):
            if gold.contents:
                scores = model.quotes.links(words, gold.contents, gold.others[name], at)
                rows += list(scores)
                right += gold.links[name]

        def chances(temperature: float, rows=rows) -> list[np.ndarray]:
            return [(row / temperature).softmax(-1).cpu().numpy() for row in rows]

        def loss(temperature: float, right=right, chances=chances) -> float:
            picked = [p[r] for p, r in zip(chances(temperature), right)]
            return float(-np.log(np.clip(picked, 1e-9, 1)).mean())

        temperature = best_temperature(loss)
        final = chances(temperature)
        top = np.array([p.max() for p in final])
        correct = np.array([p.argmax() == r for p, r in zip(final, right)])
        fitted[f"link_{name}"] = temperature, expected_calibration_error(top, correct)
    return fitted
