"""Predicts documents and scores them: entities, quotation spans and attributions."""

from collections import Counter

import numpy as np
import torch

from . import chain
from .corpora import Attribution, Document, bio_labels
from .model import RELATIONS, SEQUENCES, Reader
from .windows import Subwords, attention_mask, batches_of, padded, windows_of


def identity(x: torch.Tensor) -> torch.Tensor:
    """In place of dropout when predicting."""
    return x


@torch.no_grad()
def entity_logits(model: Reader, documents, subwords: Subwords, head, precision, tokens=4096):
    """For each document the head's logits [word, tag]."""
    found = {id(d): [None] * len(d.words) for d in documents}
    windows = [w for d in documents for w in windows_of(d, subwords)]
    for batch in batches_of(windows, tokens, None):
        ids = [w.ids for w in batch]
        states = model.distilbert(padded(ids), attention_mask(ids, precision), identity, precision)
        for window, row in zip(batch, states):
            logits = head(row[window.starts].float()).cpu().numpy().astype(np.float64)
            found[id(window.document)][window.first : window.last] = list(logits)
    return [np.array(found[id(d)]) for d in documents]


def entities(logits: np.ndarray, document: Document, temperature: float = 1.0):
    """Entities `(start, end, kind)` by constrained Viterbi, sentence by sentence."""
    log_probabilities = logits / temperature
    log_probabilities -= np.logaddexp.reduce(log_probabilities, -1, keepdims=True)
    free = np.zeros((logits.shape[1],) * 2)
    found = []
    for first, last in document.sentences:
        path = chain.viterbi(log_probabilities[first:last], free)
        found += [(first + a, first + b, kind) for a, b, kind in chain.spans(path)]
    return found


def gold_entities(document: Document, labels: list[str]):
    found = []
    for first, last in document.sentences:
        path = [labels.index(tag) for tag in document.tags[first:last]]
        found += [(first + a, first + b, kind) for a, b, kind in chain.spans(path)]
    return found


def f1(correct: float, predicted: float, gold: float) -> float:
    return 2 * correct / (predicted + gold) if predicted + gold else 0.0


def entity_f1(documents, predicted, kinds) -> dict[str, float]:
    """Strict F1 by kind, and micro over all."""
    labels = bio_labels(kinds)
    counts = {name: Counter() for name in ("correct", "predicted", "gold")}
    for document, spans in zip(documents, predicted):
        gold = gold_entities(document, labels)
        counts["gold"].update(kind for *_, kind in gold)
        counts["predicted"].update(kind for *_, kind in spans)
        counts["correct"].update(kind for *_, kind in set(gold) & set(spans))
    scores = {"micro": f1(*(sum(counts[n].values()) for n in counts))}
    for at, kind in enumerate(kinds):
        scores[kind] = f1(*(counts[n][at] for n in counts))
    if "Norp" in kinds:
        main = [kinds.index(k) for k in ("Person", "Organization", "Location", "Norp")]
        scores["main4"] = f1(*(sum(counts[n][at] for at in main) for n in counts))
    return scores


@torch.no_grad()
def quote_outputs(model: Reader, documents, subwords: Subwords, precision, tokens=4096):
    """For each document its windows with emissions [word, sequence, tag] and word states."""
    found = {id(d): [] for d in documents}
    windows = [w for d in documents for w in windows_of(d, subwords)]
    for batch in batches_of(windows, tokens, None):
        ids = [w.ids for w in batch]
        mask = attention_mask(ids, precision)
        states = model.distilbert(padded(ids), mask, identity, precision)
        marks = padded([w.marks for w in batch])
        boundaries = padded([w.boundaries for w in batch])
        states = model.quotes.states(states, marks, boundaries, mask, identity)
        for window, row in zip(batch, states):
            words = row[window.starts].float()
            emissions = model.quotes.emissions(words).cpu().numpy().astype(np.float64)
            found[id(window.document)].append((window, emissions, words))
    for outputs in found.values():
        outputs.sort(key=lambda output: output[0].first)
    return [found[id(d)] for d in documents]


def window_spans(emissions: np.ndarray, transitions: np.ndarray) -> dict[str, list]:
    """Spans of each tag sequence in one window; the inner contents join the outer ones."""
    spans = {}
    for at, name in enumerate(SEQUENCES):
        path = chain.viterbi(emissions[:, at], transitions[at])
        spans[name] = [(a, b) for a, b, _ in chain.spans(path)]
    inner = spans.pop("inner_content")
    spans["content"] = sorted(set(spans["content"]) | set(inner))
    return spans


@torch.no_grad()
def attributions_of(model: Reader, words: torch.Tensor, spans: dict[str, list]):
    """Attributions in one window: contents that choose one cue are pieces of one content.

    Their source is the best by the sum of the pieces' scores; a content without a cue stands alone.
    """
    contents = spans["content"]
    if not contents:
        return []
    scores = {
        name: model.quotes.links(words, contents, spans[name], at).log_softmax(-1)
        for at, name in enumerate(RELATIONS)
    }
    groups: dict = {}
    for piece, choice in enumerate(scores["cue"].argmax(-1).tolist()):
        groups.setdefault(("cue", choice - 1) if choice else ("piece", piece), []).append(piece)
    found = []
    for (by, at), pieces in groups.items():
        source = int(scores["source"][pieces].sum(0).argmax()) - 1
        found.append(
            Attribution(
                spans["source"][source] if source >= 0 else None,
                spans["cue"][at] if by == "cue" else None,
                [contents[piece] for piece in pieces],
            )
        )
    return found


def quote_predictions(model: Reader, outputs):
    """Spans and attributions of one document, in its own word numbers."""
    transitions = model.quotes.transitions.detach().cpu().numpy()
    spans, attributions = {"source": [], "cue": [], "content": []}, []
    for window, emissions, words in outputs:
        found = window_spans(emissions, transitions)

        def move(span, by=window.first):
            return None if span is None else (span[0] + by, span[1] + by)

        for name, list_ in found.items():
            spans[name] += [move(span) for span in list_]
        attributions += [
            Attribution(move(a.source), move(a.cue), [move(c) for c in a.content])
            for a in attributions_of(model, words, found)
        ]
    return spans, attributions


def overlap(a, b) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def same(a: Attribution, b: Attribution, exact: bool) -> bool:
    """Whether two attributions agree in all three roles."""
    for left, right in ((a.source, b.source), (a.cue, b.cue)):
        if (left is None) != (right is None):
            return False
        if left and not (left == right if exact else overlap(left, right)):
            return False
    if exact:
        return a.content == b.content
    return any(overlap(x, y) for x in a.content for y in b.content)


def quote_f1(documents, predictions) -> dict[str, float]:
    """Span F1 by word ranges, each piece a span; attribution F1 with one-to-one matching."""
    counts = Counter()
    for document, (spans, attributions) in zip(documents, predictions):
        gold = {
            "source": {a.source for a in document.attributions if a.source},
            "cue": {a.cue for a in document.attributions if a.cue},
            "content": {piece for a in document.attributions for piece in a.content},
        }
        for name, found in spans.items():
            found = set(found)
            counts[name, "predicted"] += len(found)
            counts[name, "gold"] += len(gold[name])
            counts[name, "correct"] += len(found & gold[name])
            counts[name, "right"] += sum(any(overlap(p, g) for g in gold[name]) for p in found)
            counts[name, "hit"] += sum(any(overlap(p, g) for p in found) for g in gold[name])
        for exact in (False, True):
            left = list(document.attributions)
            for attribution in attributions:
                match = next((g for g in left if same(attribution, g, exact)), None)
                if match:
                    left.remove(match)
                    counts["attribution", exact] += 1
        counts["attribution", "predicted"] += len(attributions)
        counts["attribution", "gold"] += len(document.attributions)
    scores = {}
    for name in ("source", "cue", "content"):
        n = {what: counts[name, what] for what in ("correct", "predicted", "gold", "right", "hit")}
        scores[f"{name} exact"] = f1(n["correct"], n["predicted"], n["gold"])
        precision = n["right"] / max(n["predicted"], 1)
        recall = n["hit"] / max(n["gold"], 1)
        scores[f"{name} overlap"] = 2 * precision * recall / max(precision + recall, 1e-9)
    for exact, name in ((False, "overlap"), (True, "exact")):
        total = counts["attribution", "predicted"], counts["attribution", "gold"]
        scores[f"attribution {name}"] = f1(counts["attribution", exact], *total)
    return scores
