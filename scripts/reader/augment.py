"""Changes to entity documents that teach the reader odd names and odd case."""

import random
from collections import defaultdict

from .corpora import CONLL, NEWS, Document

SWAPPED = {
    "Person": "Person",
    "Organization": "Organization",
    "Location": "Location",
    "Facility": "Facility",
    "PER": "Person",
    "ORG": "Organization",
    "LOC": "Location",
}
"""Kinds whose names may be exchanged, and the news kind that the new name comes from."""

SWAP_SENTENCE, SWAP_ENTITY, CAPITALS, LOWER = 0.15, 0.5, 0.02, 0.01


def names_of(documents: list[Document]) -> dict[str, list[list[str]]]:
    """The names in news documents by kind, each as its words."""
    names = defaultdict(set)
    for document in documents:
        for kind, words in entity_runs(document.words, document.tags):
            if document.task == NEWS and kind in SWAPPED:
                names[kind].add(tuple(words))
    return {kind: [list(n) for n in sorted(found)] for kind, found in names.items()}


def entity_runs(words, tags):
    """Runs of words as (kind or None, words); words outside entities come one by one."""
    run: list[str] = []
    for at, (word, tag) in enumerate(zip(words, tags)):
        run.append(word)
        following = tags[at + 1] if at + 1 < len(tags) else "O"
        if not following.startswith("I-"):
            yield (tag[2:] or None if tag != "O" else None), run
            run = []


def augmented(document: Document, names, draw: random.Random) -> Document:
    """The document with some names exchanged for others of their kind, some sentences recased."""
    if document.task not in (NEWS, CONLL):
        return document
    words: list[str] = []
    tags: list[str] = []
    sentences = []
    for start, end in document.sentences:
        first = len(words)
        swap = draw.random() < SWAP_SENTENCE
        for kind, run in entity_runs(document.words[start:end], document.tags[start:end]):
            if kind and swap and kind in SWAPPED and draw.random() < SWAP_ENTITY:
                run = draw.choice(names[SWAPPED[kind]])
            words += run
            tags += [f"B-{kind}"] + [f"I-{kind}"] * (len(run) - 1) if kind else ["O"] * len(run)
        chance = draw.random()
        if chance < CAPITALS:
            words[first:] = [word.upper() for word in words[first:]]
        elif chance < CAPITALS + LOWER:
            words[first:] = [word.lower() for word in words[first:]]
        sentences.append((first, len(words)))
    return Document(document.name, document.task, words, sentences, set(), tags)
