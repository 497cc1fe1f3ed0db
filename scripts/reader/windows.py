"""Packs documents into windows of whole sentences, and windows into batches."""

import random
from dataclasses import dataclass, field

import torch
from tokenizers import Tokenizer

from .corpora import QUOTES, Document

CLS, SEP, UNK = 101, 102, 100
WINDOW = 256
"""Subwords in a window, [CLS] and [SEP] included."""

OPENING, CLOSING, STRAIGHT = {"“", "«", "``"}, {"”", "»", "''"}, '"'
OUTSIDE, INSIDE, OPENS, CLOSES = range(4)
SENTENCE_START, PARAGRAPH_START = 1, 2


class Subwords:
    """Subword ids of single words, remembered."""

    def __init__(self, path: str):
        self.tokenizer = Tokenizer.from_file(path)
        self.known: dict[str, list[int]] = {}

    def __call__(self, word: str) -> list[int]:
        ids = self.known.get(word)
        if ids is None:
            # A word of nothing but control characters has no pieces; it still needs a place.
            ids = self.tokenizer.encode(word, add_special_tokens=False).ids or [UNK]
            self.known[word] = ids
        return ids


def mark_states(document: Document) -> list[int]:
    """For each word: outside or inside quotation marks, or itself an opening or closing mark.

    A paragraph starts outside. A straight mark opens when outside and closes when inside.
    """
    states, inside = [], False
    for at, word in enumerate(document.words):
        if at in document.paragraphs:
            inside = False
        if word in OPENING or (word == STRAIGHT and not inside):
            states.append(OPENS)
            inside = True
        elif word in CLOSING or word == STRAIGHT:
            states.append(CLOSES)
            inside = False
        else:
            states.append(INSIDE if inside else OUTSIDE)
    return states


def boundary_states(document: Document) -> list[int]:
    """For each word: 0, or 1 at the start of a sentence, or 2 at the start of a paragraph."""
    states = [0] * len(document.words)
    for start, _ in document.sentences:
        states[start] = SENTENCE_START
    for start in document.paragraphs:
        states[start] = PARAGRAPH_START
    return states


@dataclass
class Window:
    document: Document
    first: int
    last: int
    """The window's words in the document, `last` exclusive."""
    ids: list[int]
    starts: list[int]
    """Place in `ids` of each word's first subword."""
    marks: list[int] = field(default_factory=list)
    boundaries: list[int] = field(default_factory=list)
    """Features by subword, for the quotation set."""


def windows_of(document: Document, subwords: Subwords, size: int = WINDOW) -> list[Window]:
    """The document's sentences, packed in order into as few windows as they need.

    A window that is full in the middle of a paragraph ends before that paragraph, if this leaves
    it at least half full, so that a quotation and its speaker stay together. A sentence longer
    than a window is cut between words.
    """
    pieces = [subwords(word) for word in document.words]
    room = size - 2
    units: list[tuple[int, int, int]] = []  # first word, end, subwords: sentences, cut to fit
    for start, end in document.sentences:
        begin, length = start, 0
        for at in range(start, end):
            if length + len(pieces[at]) > room:
                units.append((begin, at, length))
                begin, length = at, 0
            length += len(pieces[at])
        units.append((begin, end, length))

    cuts, first = [], 0
    while first < len(units):
        last, length = first, 0
        while last < len(units) and length + units[last][2] <= room:
            length += units[last][2]
            last += 1
        if last < len(units) and document.paragraphs:
            back, left = last, length
            while back > first and units[back][0] not in document.paragraphs:
                back -= 1
                left -= units[back][2]
            if back > first and left >= room // 2:
                last = back
        cuts.append((units[first][0], units[last - 1][1]))
        first = last

    quotes = document.task == QUOTES
    marks = mark_states(document) if quotes else []
    boundaries = boundary_states(document) if quotes else []
    windows = []
    for first, last in cuts:
        window = Window(document, first, last, [CLS], [])
        if quotes:
            window.marks, window.boundaries = [OUTSIDE], [0]
        for at in range(first, last):
            window.starts.append(len(window.ids))
            window.ids += pieces[at]
            if quotes:
                window.marks += [marks[at]] * len(pieces[at])
                window.boundaries += [boundaries[at]] + [0] * (len(pieces[at]) - 1)
        window.ids.append(SEP)
        if quotes:
            window.marks.append(OUTSIDE)
            window.boundaries.append(0)
        windows.append(window)
    return windows


def batches_of(windows: list[Window], tokens: int, shuffle: random.Random | None) -> list[list]:
    """Batches of about `tokens` subwords, of windows of like length; in random order if asked."""
    windows = list(windows)
    pool = len(windows)
    if shuffle:
        shuffle.shuffle(windows)
        pool = 128
    batches = []
    for at in range(0, len(windows), pool):
        batch: list[Window] = []
        for window in sorted(windows[at : at + pool], key=lambda w: len(w.ids)):
            if batch and (len(batch) + 1) * len(window.ids) > tokens:
                batches.append(batch)
                batch = []
            batch.append(window)
        batches.append(batch)
    if shuffle:
        shuffle.shuffle(batches)
    return batches


def padded(rows: list[list[int]]) -> torch.Tensor:
    length = max(map(len, rows))
    return torch.tensor([row + [0] * (length - len(row)) for row in rows])


def attention_mask(rows: list[list[int]], precision: torch.dtype) -> torch.Tensor | None:
    """An additive mask over padding, or None where there is none."""
    lengths = torch.tensor([len(row) for row in rows])
    if int(lengths.min()) == int(lengths.max()):
        return None
    beyond = torch.arange(int(lengths.max())) >= lengths[:, None]
    mask = torch.zeros(beyond.shape).masked_fill(beyond, -1e4)
    return mask[:, None, None, :].to(precision)
