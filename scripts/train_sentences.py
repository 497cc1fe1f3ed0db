#!/usr/bin/env python3
"""Trains the model of standpoint-sentences and writes crates/sentences/src/model.bin.

    python scripts/train_sentences.py --data DIR
    python scripts/train_sentences.py --data DIR --glance

The second takes the weights as they are, only sets anew the bias of the glance, the last number of
the file, as the first does at its end, and says whether that changed the file.

DIR is the data folder: sentences/ud_ewt (the train split is learned from, the sentences of a
document joined by one space), corpora/reuters21578.tar.gz and corpora/worldwide.tar.gz (raw text:
how often words have a stop, small letters or start sentences; and news paragraphs, in which a gap
after a word without a stop is no boundary and a paragraph's end is one); and the dev splits of
sentences/ud_ewt and sentences/ud_gum for the bias of the glance. Needs torch and numpy; the features
come from the crate itself, through its example `candidates`, scores through `score_sentences`.
"""

import argparse
import collections
import dataclasses
import html
import json
import pathlib
import random
import re
import subprocess
import tarfile

import numpy as np
import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent
# As in crates/sentences/src/model.rs and features.rs.
BITS, WIDTH, GLANCE_BITS, LEXICON_BITS, COUNT, GLANCE = 13, 16, 12, 15, 34, 6

OPENERS = "\"'“‘«([{*_-–—`"
CLOSERS = "\"'”’»)]}*_"
ENDS = ".!?…:;,-–—"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the data folder")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "crates/sentences/src/model.bin")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--news-weight", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--glance", action="store_true", help="only set the bias of the glance")
    args = parser.parse_args()
    if args.glance:
        before = args.out.read_bytes()
        set_glance_bias(args.out, args.data)
        print("as it was" if args.out.read_bytes() == before else "changed")
        return
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)

    web = list(conllu(args.data / "sentences/ud_ewt/REBUILT_en_ewt-ud-train.conllu"))
    world = list(worldwide(args.data / "corpora/worldwide.tar.gz"))
    wire = list(reuters(args.data / "corpora/reuters21578.tar.gz"))

    stats = Stats()
    for paragraphs in wire + world + [[" ".join(doc)] for doc in web]:
        for paragraph in paragraphs:
            stats.add(paragraph)
    lexicon = stats.lexicon()
    # The features look words up in the lexicon, so it goes into the crate first.
    nothing = np.zeros(1 << GLANCE_BITS, np.int8), np.zeros((1 << BITS, WIDTH), np.int8)
    write(args.out, lexicon, *nothing, np.zeros(2 * WIDTH + 2, np.int32))

    docs = [gold(doc) for doc in web]
    docs += [silver(d, stats) for d in world + random.sample(wire, 4000)]
    gaps = candidates(docs, len(web), args.news_weight)
    glance, glance_bias, worth = train_glance(gaps)
    gaps = gaps.only(worth)
    print(f"{len(gaps.labels)} gaps to learn from, {gaps.labels.mean():.3f} of them boundaries", flush=True)
    table, rest = train(gaps, args.epochs)
    write(args.out, lexicon, glance, table, np.append(rest, glance_bias))
    set_glance_bias(args.out, args.data)


def conllu(path):
    """The sentences of each document."""
    doc = []
    for line in path.open(encoding="utf-8"):
        if line.startswith("# newdoc") and doc:
            yield doc
            doc = []
        elif line.startswith("# text = "):
            doc.append(line[9:].strip())
    yield doc


def worldwide(path):
    """The paragraphs of each article; the first line is its address."""
    with tarfile.open(path) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            if member.isfile():
                lines = tar.extractfile(member).read().decode("utf-8").split("\n")[1:]
                yield [line.strip() for line in lines if line.strip()]


def reuters(path):
    """The paragraphs of each story, its lines joined."""
    with tarfile.open(path) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            if not member.name.endswith(".sgm"):
                continue
            text = tar.extractfile(member).read().decode("latin-1")
            for body in re.findall(r"<BODY>(.*?)</BODY>", text, re.S):
                body = re.sub(r"\x03|\s+reuter\s*$", "", html.unescape(body), flags=re.I)
                paragraphs = [" ".join(p.split()) for p in re.split(r"\n\s{3,}", body)]
                # Tables are no prose.
                yield [p for p in paragraphs if p and p.upper() != p]


class Stats:
    """What raw text says of words."""

    def __init__(self):
        names = "small capital start stop stop_inside total".split()
        self.__dict__.update({name: collections.Counter() for name in names})

    def add(self, paragraph):
        chunks = paragraph.split()
        after_small = after_stop = False
        for chunk, following in zip(chunks, chunks[1:] + [""]):
            outer = chunk.rstrip(CLOSERS)
            core = outer.rstrip(ENDS)
            end = outer[len(core) :]
            core = core.rstrip(CLOSERS).lstrip(OPENERS)
            word = core.lower()
            if core:
                self.total[word] += 1
                if end == "." and outer == chunk:
                    self.stop[word] += 1
                    self.stop_inside[word] += following[:1].islower()
                elif end in (".,", ".;", ".:"):
                    self.stop[word] += 1
                    self.stop_inside[word] += 1
                if core[0].islower() and after_small:
                    self.small[word] += 1
                elif core[0].isupper() and (len(core) == 1 or not core.isupper()):
                    self.capital[word] += after_small
                    self.start[word] += after_stop
            after_small = bool(core) and core == chunk and chunk[-1].islower()
            after_stop = end in (".", "?", "!") and len(core) >= 3 and core.islower()

    def stop_level(self, word):
        total = self.total[word]
        if total < 3:
            return 0
        ratio = self.stop[word] / total
        inside = self.stop_inside[word] / max(1, self.stop[word])
        if ratio > 0.2 and inside > 0.05:
            return 6 + (inside > 0.3)
        return sum(ratio >= at for at in (0.08, 0.2, 0.4, 0.6, 0.9))

    def small_level(self, word):
        share = (self.small[word] + 0.05) / (self.small[word] + self.capital[word] + 0.1)
        return 1 + sum(share >= at for at in (0.02, 0.1, 0.4, 0.8, 0.95, 0.99))

    def start_level(self, word):
        share = self.start[word] / (self.total[word] + 5)
        return sum(share >= at for at in (0.003, 0.02, 0.1))

    def lexicon(self):
        """A byte of check and one of value for each place; frequent words go first."""
        places = np.zeros((1 << LEXICON_BITS, 2), np.uint8)
        for word, count in self.total.most_common():
            if count < 4:
                break
            h = word_hash(word.encode())
            place = places[h >> (32 - LEXICON_BITS)]
            if place[1] == 0:
                place[0] = h & 0xFF
                place[1] = self.small_level(word) | self.start_level(word) << 3 | self.stop_level(word) << 5
        print(f"lexicon: {(places[:, 1] > 0).sum()} words")
        return places


def word_hash(word):
    """As `hash` in crates/sentences/src/words.rs."""
    mask = (1 << 64) - 1
    n = len(word)
    if n <= 3:
        a, b = word[0] | word[n // 2] << 8 | word[n - 1] << 16, 0
    elif n <= 7:
        a, b = int.from_bytes(word[:4], "little") | int.from_bytes(word[-4:], "little") << 32, 0
    else:
        a, b = int.from_bytes(word[:8], "little"), int.from_bytes(word[-8:], "little")
    small = 0x2020202020202020
    h = ((a | small) * 0x9E3779B97F4A7C15 & mask) ^ (((b | small) + n) * 0xD6E8FEB86659FD93 & mask)
    h = ((h ^ h >> 29) * 0xBF58476D1CE4E5B9) & mask
    return h >> 32


def join(pieces):
    """The pieces with a space between them, and the byte where each ends with its space."""
    text, ends = "", []
    at = 0
    for i, piece in enumerate(pieces):
        text += piece + " " * (i + 1 < len(pieces))
        at += len(piece.encode()) + (i + 1 < len(pieces))
        ends.append(at)
    return text, ends


def gold(sentences):
    text, ends = join(sentences)
    return {"text": text, "ends": ends, "unsure": set()}


def silver(paragraphs, stats):
    """A news article with the boundaries that leave no doubt, and the gaps that do."""
    text, ends, unsure, at = "", [], set(), 0
    for paragraph in paragraphs:
        chunks = paragraph.split()
        for i, chunk in enumerate(chunks):
            text += chunk + " "
            at += len(chunk.encode()) + 1
            outer = chunk.rstrip(CLOSERS)
            core = outer.rstrip(ENDS)
            end = outer[len(core) :]
            if i + 1 == len(chunks):
                ends.append(at)
                if end not in (".", "!", "?"):
                    unsure.add(at)
                continue
            following = chunks[i + 1].lstrip(OPENERS)
            if not end or end in ",;" or following[:1].islower():
                continue
            core = core.rstrip(CLOSERS).lstrip(OPENERS)
            word = core.lower()
            if end in ".!?" and following[:1].isupper():
                if len(core) >= 4 and core.islower() and stats.stop_level(word) <= 1:
                    ends.append(at)
                    continue
                name = following.rstrip(CLOSERS + ENDS).removesuffix("'s").lower()
                if stats.stop_level(word) >= 4 and stats.start_level(name) == 0 and stats.small_level(name) <= 3:
                    continue
                if stats.stop_level(word) <= 3 and len(core) > 2:
                    ends.append(at)
            unsure.add(at)
    return {"text": text, "ends": ends, "unsure": unsure}


@dataclasses.dataclass
class Gaps:
    """Gaps that no rule decides: what a glance sees, where that may do, and all features."""

    doc: np.ndarray
    plain: np.ndarray
    glance: np.ndarray
    features: np.ndarray
    labels: np.ndarray
    weights: np.ndarray

    def only(self, chosen):
        return Gaps(*(getattr(self, field.name)[chosen] for field in dataclasses.fields(self)))


def candidates(docs, web, news_weight):
    lines = "".join(json.dumps({"text": d["text"], "ends": d["ends"]}) + "\n" for d in docs)
    command = ["cargo", "run", "--release", "-q", "-p", "standpoint-sentences", "--example", "candidates"]
    raw = subprocess.run(command, cwd=ROOT, input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    rows = np.frombuffer(raw, np.uint32).reshape(-1, 3 + GLANCE + COUNT)
    ends = [set(d["ends"]) for d in docs]
    places = rows[:, :2].tolist()
    labels = np.array([at in ends[doc] for doc, at in places], np.float32)
    sure = np.array([at not in docs[doc]["unsure"] for doc, at in places])
    weights = np.where(rows[:, 0] < web, 1.0, news_weight).astype(np.float32)
    glance, features = rows[:, 3 : 3 + GLANCE] >> (32 - GLANCE_BITS), rows[:, 3 + GLANCE :] >> (32 - BITS)
    return Gaps(rows[:, 0], rows[:, 2] > 0, glance.astype(np.int64), features.astype(np.int64), labels, weights).only(sure)


def train_glance(gaps, epochs=4, kept=0.85):
    """A linear model of the gaps without a stop; its bias is such that it passes this share of the
    boundaries in documents that it has not seen. Also returns which gaps pass."""
    plain = gaps.only(gaps.plain)
    held_out = plain.doc % 8 == 3
    for use_all in (False, True):
        weights = torch.zeros(1 << GLANCE_BITS, requires_grad=True)
        bias = torch.full((1,), -2.0, requires_grad=True)
        optimizer = torch.optim.Adam([weights, bias], lr=0.02)
        rows, labels = torch.from_numpy(plain.glance), torch.from_numpy(plain.labels)
        seen = torch.from_numpy(np.flatnonzero(~held_out | use_all))
        for _ in range(epochs):
            for chosen in seen[torch.randperm(len(seen))].split(512):
                scores = weights[rows[chosen]].sum(1) + bias
                loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, labels[chosen])
                (loss + 1e-6 * (weights**2).sum()).backward()
                optimizer.step()
                optimizer.zero_grad()
        scale = weights.detach().abs().max() / 127
        table = (weights.detach() / scale).round().to(torch.int8).numpy()
        scores = table.astype(np.int64)[plain.glance].sum(1)
        if not use_all:
            # In the unit of the scale, which changes little when the rest is learned too.
            threshold = np.quantile(scores[held_out & (plain.labels > 0)], 1 - kept) * scale.item()
    cut = round(threshold / scale.item())
    passed = np.ones(len(gaps.labels), bool)
    passed[gaps.plain] = scores >= cut
    boundaries = plain.labels > 0
    print(
        f"at a glance: {passed[gaps.plain].mean():.3f} of {len(plain.labels)} gaps pass,"
        f" {passed[gaps.plain][boundaries].mean():.4f} of the boundaries",
        flush=True,
    )
    return table, 1 - cut, passed


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Parameter(torch.randn(1 << BITS, WIDTH) * 0.05)
        self.bias = torch.nn.Parameter(torch.zeros(WIDTH))
        signs = torch.tensor([1.0, -1.0]).repeat(WIDTH // 2)
        self.output = torch.nn.Parameter(signs * 0.5)
        self.output_bias = torch.nn.Parameter(torch.zeros(1))

    def forward(self, features, keep=None):
        rows = self.table[features]
        if keep is not None:
            rows = rows * keep
        return torch.relu(rows.sum(1) + self.bias) @ self.output + self.output_bias


def train(gaps, epochs, batch=512, rate=3e-3, dropout=0.3, decay=1e-5):
    features, labels, weights = map(torch.from_numpy, (gaps.features, gaps.labels, gaps.weights))
    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    steps = epochs * (len(labels) // batch + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.1)
    for epoch in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(labels)).split(batch):
            keep = (torch.rand(len(chosen), COUNT, 1) > dropout) / (1 - dropout)
            scores = model(features[chosen], keep)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, labels[chosen], weights[chosen])
            (loss + decay * (model.table**2).sum()).backward()
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            total += loss.item() * len(chosen)
        print(f"epoch {epoch + 1}: loss {total / len(labels):.4f}", flush=True)
    return quantized(model)


def quantized(model):
    """The table as int8 with one scale for each number of a vector; the output weights take the
    scales in."""
    with torch.no_grad():
        limit = model.table.abs().amax(0).clamp(min=1e-6)
        scale = limit / 127
        table = (model.table / scale).round().clamp(-127, 127).to(torch.int8).numpy()
        bias = (model.bias / scale).round()
        output = model.output * scale
        # Sums stay in 32 bits: 34 rows of at most 127, by 16 weights of at most 2^14.
        one = (1 << 14) / output.abs().max()
        rest = torch.cat([bias, (output * one).round(), (model.output_bias * one).round()])
        return table, rest.to(torch.int32).numpy()


def set_glance_bias(path, data):
    """The lower the bias, the fewer gaps the network is asked about: sets the lowest of which the
    mean F1 on the two dev splits is within a thousandth of the best. The crate is built with each,
    so `path` has to be its file."""
    sets = [
        "".join(json.dumps({"text": d["text"], "ends": d["ends"]}) + "\n" for d in map(gold, conllu(path)))
        for path in (data / "sentences/ud_ewt/en_ewt-ud-dev.conllu", data / "sentences/ud_gum/en_gum-ud-dev.conllu")
    ]
    command = ["cargo", "run", "--release", "-q", "-p", "standpoint-sentences", "--example", "score_sentences"]
    weights = path.read_bytes()[:-4]
    means = {}
    for bias in range(141, 0, -20):
        path.write_bytes(weights + bias.to_bytes(4, "little", signed=True))
        runs = [subprocess.run(command, cwd=ROOT, input=d, stdout=subprocess.PIPE, text=True, check=True) for d in sets]
        scores = [float(re.search(r"F1 ([0-9.]+)", run.stdout)[1]) for run in runs]
        means[bias] = sum(scores) / len(scores)
        print(f"bias of the glance {bias}: F1 {scores}", flush=True)
    chosen = min(bias for bias, mean in means.items() if mean >= max(means.values()) - 0.001)
    path.write_bytes(weights + chosen.to_bytes(4, "little", signed=True))
    print(f"bias of the glance: {chosen}")


def write(path, lexicon, glance, table, rest):
    path.write_bytes(lexicon.tobytes() + glance.tobytes() + table.tobytes() + rest.astype("<i4").tobytes())


if __name__ == "__main__":
    main()
