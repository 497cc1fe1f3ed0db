"""Reads the gold sets: entities by word, and quotations by character, into one kind of document."""

import re
from dataclasses import dataclass, field
from pathlib import Path

NEWS_KINDS = (
    "Person",
    "Organization",
    "Location",
    "Norp",
    "Facility",
    "Product",
    "Date",
    "Money",
    "Misc",
)
CONLL_KINDS = ("PER", "ORG", "LOC", "MISC")
NEWS, CONLL, QUOTES = "news", "conll", "quotes"


def bio_labels(kinds) -> list[str]:
    """O, then B- and I- of each kind."""
    return ["O"] + [f"{prefix}-{kind}" for kind in kinds for prefix in "BI"]


@dataclass
class Attribution:
    """Who said what: word ranges `(start, end)`, end exclusive."""

    source: tuple[int, int] | None
    cue: tuple[int, int] | None
    content: list[tuple[int, int]]


@dataclass
class Document:
    name: str
    task: str
    words: list[str]
    sentences: list[tuple[int, int]]
    paragraphs: set[int]
    """Indices of words that begin a paragraph; empty where the source does not tell."""
    tags: list[str] = field(default_factory=list)
    """IOB2 tags by word, for the entity sets."""
    attributions: list[Attribution] = field(default_factory=list)
    offsets: list[tuple[int, int]] = field(default_factory=list)
    """Character ranges of the words, for the quotation set."""


def iob2(tags: list[str]) -> list[str]:
    """IOB1 or careless IOB2 tags as IOB2: an I- that continues nothing of its kind becomes B-."""
    fixed, previous = [], "O"
    for tag in tags:
        if tag.startswith("I-") and previous[2:] != tag[2:]:
            tag = "B-" + tag[2:]
        fixed.append(tag)
        previous = tag
    return fixed


def entity_document(name: str, task: str, rows: list[list[tuple[str, str]]]) -> Document:
    words, tags, sentences = [], [], []
    for sentence in rows:
        if sentence:
            sentences.append((len(words), len(words) + len(sentence)))
            words += [word for word, _ in sentence]
            tags += iob2([tag for _, tag in sentence])
    return Document(name, task, words, sentences, set(), tags)


def read_worldwide(folder: Path) -> list[Document]:
    """One `.tsv` a document: word, tag, at times a nested tag, which is left out."""
    documents = []
    for path in sorted(folder.glob("*.tsv")):
        rows: list[list[tuple[str, str]]] = [[]]
        for line in path.read_text(encoding="utf-8").split("\n"):
            columns = line.split("\t")
            if len(columns) < 2 or not columns[0].strip():
                rows.append([])
                continue
            tag = columns[1].replace("NORP", "Norp")
            if tag != "O" and (tag[:2] not in ("B-", "I-") or tag[2:] not in NEWS_KINDS):
                raise ValueError(f"{path}: unknown tag {tag!r}")
            rows[-1].append((columns[0].strip(), tag))
        documents.append(entity_document(path.stem, NEWS, rows))
    return documents


def read_conll(path: Path) -> list[Document]:
    """Four columns, IOB1, `-DOCSTART-` between documents."""
    documents, rows = [], [[]]

    def close() -> None:
        if any(rows):
            documents.append(entity_document(f"{path.name}:{len(documents)}", CONLL, rows))

    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("-DOCSTART-"):
            close()
            rows = [[]]
        elif not line.strip():
            rows.append([])
        else:
            columns = line.split()
            rows[-1].append((columns[0], columns[-1]))
    close()
    return documents


def read_uner(path: Path) -> list[Document]:
    """Universal NER: number, word, IOB2 tag; `# newdoc` between documents."""
    documents, rows, name = [], [[]], ""
    for line in path.read_text(encoding="utf-8").splitlines() + ["# newdoc"]:
        if line.startswith("# newdoc"):
            if any(rows):
                documents.append(entity_document(name, NEWS, rows))
            rows, name = [[]], line.split("=")[-1].strip()
        elif not line.strip():
            rows.append([])
        elif not line.startswith("#"):
            _, word, tag, *_ = line.split("\t")
            tag = "O" if tag[2:] == "OTH" else tag
            rows[-1].append((word, tag))
    return documents


# Words after the conventions of Universal Dependencies for English, as far as one pattern goes.
WORD = re.compile(
    r"""
    (?:https?://|www\.)[^\s“”"<>()]+                    # addresses
  | [\w.+-]+@[\w-]+(?:\.[\w-]+)+
  | (?:[A-Za-z]\.){2,}                                  # U.S.
  | (?:Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|Lt|Col|Sgt|Jr|Sr|St|Prof|Rev|Hon|Capt|Inc|Corp|Co|Ltd|vs|
       Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\.
  | \b[A-Z]\.(?=\s+[A-Z])                               # an initial
  | \d+(?:[.,:/]\d+)*(?:st|nd|rd|th|s)?
  | [^\W\d_]+?(?=[nN]['’][tT]\b) | [nN]['’][tT]\b
  | ['’](?:s|m|d|re|ve|ll)\b
  | [^\W_]+
  | \.{2,} | -{2,} | \S
    """,
    re.VERBOSE,
)
STOPS = {".", "?", "!", "…", "..."}
CLOSERS = {"”", '"', "’", "'", ")", "]", "»"}


def split_text(text: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]], set[int]]:
    """Word character ranges, sentences as word ranges, and first words of paragraphs."""
    offsets, sentences, paragraphs = [], [], set()
    for line in re.finditer(r"[^\n]+", text):
        first = len(offsets)
        offsets += [match.span() for match in WORD.finditer(text, *line.span())]
        if len(offsets) == first:
            continue
        paragraphs.add(first)
        start, at = first, first
        while at < len(offsets):
            at += 1
            if text[slice(*offsets[at - 1])] not in STOPS:
                continue
            while at < len(offsets) and text[slice(*offsets[at])] in CLOSERS:
                at += 1
            if at < len(offsets) and not text[offsets[at][0]].islower():
                sentences.append((start, at))
                start = at
        if start < len(offsets):
            sentences.append((start, len(offsets)))
    return offsets, sentences, paragraphs


def word_pieces(pieces, offsets) -> list[tuple[int, int]]:
    """Character ranges as word ranges; pieces with no word between them become one."""
    ranges: list[tuple[int, int]] = []
    for begin, end in sorted(pieces):
        inside = [i for i, (a, b) in enumerate(offsets) if a < end and b > begin]
        if not inside:
            continue
        first, last = inside[0], inside[-1] + 1
        if ranges and first <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(last, ranges[-1][1]))
        else:
            ranges.append((first, last))
    return ranges


def read_polnear(folder: Path) -> list[Document]:
    """Brat standoff: Source, Cue and Content, possibly in pieces, linked by Attribution events."""
    documents = []
    for path in sorted(folder.glob("*.ann")):
        with open(path.with_suffix(".txt"), encoding="utf-8", newline="") as file:
            text = file.read()
        offsets, sentences, paragraphs = split_text(text)
        spans, events = {}, []
        with open(path, encoding="utf-8", newline="") as file:
            lines = file.read().split("\n")
        for line in lines:
            # The quoted text of a span may hold line breaks, so other lines are its continuation.
            if re.match(r"T\d+\t", line):
                name, mark = line.split("\t")[:2]
                kind, at = mark.split(" ", 1)
                pieces = [tuple(map(int, piece.split())) for piece in at.split(";")]
                spans[name] = kind, word_pieces(pieces, offsets)
            elif re.match(r"E\d+\t", line):
                events.append([part.split(":") for part in line.split("\t")[1].split()])
        attributions = []
        for event in events:
            found: dict[str, list] = {"Source": [], "Cue": [], "Content": []}
            for _, name in event:
                kind, pieces = spans[name]
                if kind in found:
                    found[kind] += pieces
            if found["Content"]:
                single = {k: (v[0][0], v[-1][1]) if v else None for k, v in found.items()}
                attributions.append(
                    Attribution(single["Source"], single["Cue"], sorted(found["Content"]))
                )
        documents.append(
            Document(
                path.stem,
                QUOTES,
                [text[a:b] for a, b in offsets],
                sentences,
                paragraphs,
                attributions=attributions,
                offsets=offsets,
            )
        )
    return documents
