#!/usr/bin/env python3
"""Train, score and export the stance model.

    train_stance.py train  --base DIR --data DIR --run DIR [--epochs 5 --seed 1 ...]
    train_stance.py score  --run DIR --data DIR [--checkpoint NAME]
    train_stance.py export --run DIR --data DIR --out DIR [--checkpoint NAME]

`--data` is the data folder (it holds `stance/dse` and `stance/newsmtsc`), `--base` a DistilBERT
directory; a GPU is used where there is one. Test splits are never read: `dse/valid.txt` and
`newsmtsc/dev-*.jsonl` decide.

The model sees one passage with two parties. The party that stands first in the text is put
between the pieces [unused1] and [unused2], the second between [unused3] and [unused4]; the
author of the text counts as the first party and stands at [CLS], without markers. From the
states at the two opening markers (or [CLS]) and at [CLS] one head scores for / against /
neutral for (holder, target, passage); applied to (first, second) and to (second, first) it
gives both directions from one pass.

DSE labels a pair with one of five classes: neutral, or for / against in one of the directions.
Their logits are the sums of the two directions' logits, with the other direction neutral.
"""
import argparse
import hashlib
import itertools
import json
import math
import random
import re
import time
from bisect import bisect_left
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

FOR, AGAINST, NEUTRAL = 0, 1, 2
LABELS = ["for", "against", "neutral"]
MARKERS = ["[unused1]", "[unused2]", "[unused3]", "[unused4]"]
# DSE's classes as (first to second, second to first).
JOINT = [(NEUTRAL, NEUTRAL), (FOR, NEUTRAL), (NEUTRAL, FOR), (AGAINST, NEUTRAL), (NEUTRAL, AGAINST)]
POLARITY = {2: AGAINST, 4: NEUTRAL, 6: FOR}
WINDOW = 192
PAIR_WINDOW = 56  # what is read around two parties when scoring and in use; training reads WINDOW
EVERY = 4  # steps between updates of the average


# ---- data ---------------------------------------------------------------------------------------

class Example:
    """A passage, the character spans of its parties (`first` is None for the author), a label."""

    __slots__ = ("text", "first", "second", "label")

    def __init__(self, text, first, second, label):
        self.text, self.first, self.second, self.label = text, first, second, label


def trim(text, start, end):
    """A mention without the apostrophe of a possessive or white space at its edges."""
    while end > start + 1 and text[end - 1] in "'\u2019 ":
        end -= 1
    while start + 1 < end and text[start] == " ":
        start += 1
    return start, end


def read_dse(path):
    """Lines `text <tab> p <tab> q <tab> label`, the two mentions in brackets inside the text."""
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        marked, p, q, label = line.split("\t")
        spans, out, at = [], [], 0
        wanted = [p, q]
        # Only the brackets around p and q go; other brackets belong to the text.
        for name in wanted:
            start = marked.find("[" + name + "]", at)
            if start < 0:
                break
            out.append(marked[at:start])
            begin = sum(map(len, out))
            out.append(name)
            spans.append((begin, begin + len(name)))
            at = start + len(name) + 2
        if len(spans) != 2:
            # A mention that holds a bracket of its own, or the order turned round: by position.
            found = [m for m in re.finditer(r"\[([^\[\]]*)\]", marked)]
            if len(found) != 2:
                continue
            out = [marked[: found[0].start()], found[0][1], marked[found[0].end(): found[1].start()],
                   found[1][1], marked[found[1].end():]]
            one = len(out[0])
            two = one + len(out[1]) + len(out[2])
            spans = [(one, one + len(out[1])), (two, two + len(out[3]))]
            text = "".join(out)
        else:
            text = "".join(out) + marked[at:]
        yield Example(text, trim(text, *spans[0]), trim(text, *spans[1]), int(label))


def read_newsmtsc(path):
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        text = record["sentence_normalized"]
        for target in record["targets"]:
            span = trim(text, target["from"], target["to"])
            yield Example(text, None, span, POLARITY[int(target["polarity"])])


def load(data, which):
    stance = Path(data) / "stance"
    if which == "train":
        return {"dse": list(read_dse(stance / "dse/train.txt")),
                "newsmtsc": list(read_newsmtsc(stance / "newsmtsc/train.jsonl"))}
    return {"dse": list(read_dse(stance / "dse/valid.txt")),
            "newsmtsc-rw": list(read_newsmtsc(stance / "newsmtsc/dev-rw.jsonl")),
            "newsmtsc-mt": list(read_newsmtsc(stance / "newsmtsc/dev-mt.jsonl"))}


# ---- rewritings of a training example -------------------------------------------------------------

def replaced(example, which, name):
    """The example with one party's name (all its verbatim repeats too) put in place of another's."""
    text = example.text
    old = text[slice(*(example.first if which == 0 else example.second))]
    if len(old) < 2:
        return example
    keep = [example.first, example.second]
    out, spans, at = [], [None, None], 0
    length, done = 0, False
    for match in re.finditer(r"(?<!\w)" + re.escape(old), text):
        s, e = match.span()
        if any(k and i != which and s < k[1] and k[0] < e for i, k in enumerate(keep)):
            continue
        out.append(text[at:s])
        length += len(out[-1])
        for i, k in enumerate(keep):
            if k and at <= k[0] and k[1] <= s:
                base = length - (s - at)
                spans[i] = (base + k[0] - at, base + k[1] - at)
        if keep[which] == (s, e):
            spans[which] = (length, length + len(name))
            done = True
        out.append(name)
        length += len(name)
        at = e
    out.append(text[at:])
    for i, k in enumerate(keep):
        if k and spans[i] is None and k[0] >= at:
            spans[i] = (length + k[0] - at, length + k[1] - at)
    if not done or spans[which] is None or (keep[1 - which] and spans[1 - which] is None):
        return example
    return Example("".join(out), spans[0], spans[1], example.label)


QUOTED = re.compile(r"[\u201c\"]([^\u201c\u201d\"]{15,})[\u201d\"]")
CUES = ["said", "said", "said", "told reporters", "added", "wrote", "says", "argued", "warned"]


def as_quotation(example, rng):
    """A pair of which one stands inside a quotation and the other outside, as `NAME said: CONTENT`.

    This is the form in which a quotation is asked about when its speaker is named elsewhere."""
    if example.first is None:
        return example
    for match in QUOTED.finditer(example.text):
        s, e = match.span(1)
        inside = [s <= p[0] and p[1] <= e for p in (example.first, example.second)]
        if sum(inside) != 1:
            continue
        turned = inside[0]  # the quoted party stood first; in the new form the speaker does
        speaker, target = (example.second, example.first) if turned else (example.first, example.second)
        label = {0: 0, 1: 2, 2: 1, 3: 4, 4: 3}[example.label] if turned else example.label
        if label in (2, 4):  # the quoted about the speaker: not what the quotation says
            return example
        name = example.text[slice(*speaker)]
        head = f"{name} {rng.choice(CUES)}: "
        text = head + "\u201c" + example.text[s:e] + "\u201d"
        shift = len(head) + 1 - s
        return Example(text, (0, len(name)), (target[0] + shift, target[1] + shift), label)
    return example


def rewritten(example, names, rng, args):
    if rng.random() < args.as_quotation:
        example = as_quotation(example, rng)
    for which in (0, 1):
        if (which == 1 or example.first) and rng.random() < args.other_names:
            example = replaced(example, which, rng.choice(names))
    return example


# ---- pieces -------------------------------------------------------------------------------------

class Pieces:
    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self.cls, self.sep = (tokenizer.token_to_id(t) for t in ("[CLS]", "[SEP]"))
        self.markers = [tokenizer.token_to_id(t) for t in MARKERS]

    def encode(self, examples, pair_window=WINDOW):
        """Piece ids with markers, and the positions of the two states read."""
        encoded = self.tokenizer.encode_batch([e.text for e in examples], add_special_tokens=False)
        return [self.mark(e, x.ids, x.offsets, pair_window if e.first else WINDOW) for e, x in zip(examples, encoded)]

    def mark(self, example, ids, offsets, longest=WINDOW):
        first_open, first_close, second_open, second_close = self.markers
        parties = [(piece_range(offsets, example.second), second_open, second_close)]
        if example.first is not None:
            parties.insert(0, (piece_range(offsets, example.first), first_open, first_close))
        kept = read_pieces(len(ids), [p for p, _, _ in parties], longest - 2 - 2 * len(parties))
        out, opened = [self.cls], {}
        places = [(bisect_left(kept, s), bisect_left(kept, e), a, b) for (s, e), a, b in parties]
        for i in range(len(kept) + 1):
            out += [close for start, end, _, close in places if start < end == i]
            for start, end, begin, close in places:
                if start == i:
                    opened[begin] = len(out)
                    out += [begin] if start < end else [begin, close]
            out += [ids[k] for k in kept[i: i + 1]]
        out.append(self.sep)
        return out, opened.get(first_open, 0), opened[second_open]


def piece_range(offsets, span):
    """The pieces that share a character with the span; where none does, the empty range there."""
    start = sum(1 for _, e in offsets if e <= span[0])
    end = sum(1 for s, _ in offsets if s < span[1])
    return start, max(start, end)


def read_pieces(n, parties, room):
    """Which of `n` pieces are read: all if there is room, else a stretch with the parties in its
    middle, else, when they stand too far apart, a stretch around each."""
    if n <= room:
        return list(range(n))

    def around(start, end, room):
        begin = min(max(0, start - (room - min(end - start, room)) // 2), n - room)
        return range(begin, begin + room)

    start, end = min(s for s, _ in parties), max(e for _, e in parties)
    if end - start <= room:
        return list(around(start, end, room))
    return sorted({k for s, e in parties for k in around(s, e, room // 2)})


def batches(items, budget, rng=None):
    """Items (ids, first, second, task, label) sorted by length into batches of `budget` pieces."""
    order = list(range(len(items)))
    if rng:
        rng.shuffle(order)
        # Sort within large pools: little padding, and still other neighbours in each epoch.
        pool = 2048
        order = [i for at in range(0, len(order), pool)
                 for i in sorted(order[at: at + pool], key=lambda i: len(items[i][0]))]
    else:
        order.sort(key=lambda i: len(items[i][0]))
    out, current, longest = [], [], 0
    for i in order:
        longest_now = max(longest, len(items[i][0]))
        if current and (longest_now * (len(current) + 1) > budget or
                        longest_now > longest + 4 and len(current) >= 24):
            out.append(current)
            current, longest_now = [], len(items[i][0])
        current.append(i)
        longest = longest_now
    if current:
        out.append(current)
    if rng:
        rng.shuffle(out)
    return out


def collate(items, chosen):
    width = max(len(items[i][0]) for i in chosen)
    ids = torch.zeros(len(chosen), width, dtype=torch.long)
    mask = torch.zeros(len(chosen), width, dtype=torch.long)
    for row, i in enumerate(chosen):
        pieces = items[i][0]
        ids[row, : len(pieces)] = torch.tensor(pieces)
        mask[row, : len(pieces)] = 1
    rest = [torch.tensor([items[i][k] for i in chosen]) for k in (1, 2, 3, 4)]
    return (ids, mask, *rest)


# ---- model --------------------------------------------------------------------------------------

class Stance(nn.Module):
    """The encoder and the head. Piece embeddings stay as they are but for the markers' own.

    (Training them costs a tenth of the time and moves only the rows of frequent pieces.)"""

    def __init__(self, encoder, markers, dropout=0.1):
        super().__init__()
        self.distilbert = encoder
        d = encoder.config.dim
        embeddings = encoder.embeddings
        for name in ("word_embeddings", "position_embeddings"):
            getattr(embeddings, name).weight.requires_grad_(False)
        # The reserved pieces come untrained and alike: start them apart, at the scale of a piece.
        pieces = embeddings.word_embeddings.weight
        assert markers == list(range(markers[0], markers[0] + len(markers)))
        self.markers = markers
        self.marker = nn.Parameter(pieces[markers] + torch.randn(len(markers), d) * pieces.std())
        self.dense = nn.Linear(3 * d, d)
        self.out = nn.Linear(d, 3)
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids, mask, first, second):
        """Logits (for, against, neutral) of first to second and of second to first."""
        pieces = self.distilbert.embeddings.word_embeddings(ids)
        at = ids - self.markers[0]
        marks = (at >= 0) & (at < len(self.markers))
        pieces = torch.where(marks[..., None], self.marker[at.clamp(0, len(self.markers) - 1)], pieces)
        hidden = self.distilbert(inputs_embeds=pieces, attention_mask=mask).last_hidden_state
        hidden = self.dropout(hidden)
        rows = torch.arange(len(ids))
        a, b, c = hidden[rows, first], hidden[rows, second], hidden[:, 0]
        both = torch.stack([torch.cat([a, b, c], -1), torch.cat([b, a, c], -1)])
        return self.out(self.dropout(torch.tanh(self.dense(both)))).float()


def joint_logits(forward, backward):
    return torch.stack([forward[..., f] + backward[..., b] for f, b in JOINT], -1)


def build(base, markers, attention_dropout=0.0):
    from transformers import DistilBertConfig, DistilBertModel
    base = Path(base)
    config = DistilBertConfig.from_pretrained(base)
    config.attention_dropout = attention_dropout
    # At these lengths the plain product of scores trains faster than the fused attention.
    encoder = DistilBertModel._from_config(config, attn_implementation="eager")
    weights = load_file(base / "model.safetensors")
    weights = {k.removeprefix("distilbert."): v.float() for k, v in weights.items()}
    missing, unexpected = encoder.load_state_dict(weights, strict=False)
    assert not missing, missing
    return Stance(encoder, markers)


def initial_weights(path):
    """The weights of a checkpoint, or of a model directory as `export` writes it."""
    if path.is_file():
        return torch.load(path, map_location="cpu")
    stored = load_file(path / "model.safetensors")
    weights = {}
    for name, value in stored.items():
        if name.endswith("_scale"):
            continue
        scale = stored.get(name + "_scale")
        weights[name.removeprefix("stance.")] = value.float() if scale is None else value.float() * scale
    markers = json.loads((path / "config.json").read_text())["stance"]["markers"]
    tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
    rows = [tokenizer.token_to_id(m) for m in markers]
    weights["marker"] = weights["distilbert.embeddings.word_embeddings.weight"][rows]
    return weights


# ---- scores -------------------------------------------------------------------------------------

@torch.no_grad()
def predict(model, items, bf16=False, budget=6000):
    model.eval()
    out = torch.zeros(2, len(items), 3)
    for chosen in batches(items, budget):
        ids, mask, first, second, _, _ = collate(items, chosen)
        with torch.autocast(torch.get_default_device().type, torch.bfloat16, enabled=bf16):
            out[:, chosen] = model(ids, mask, first, second)
    return out


def f1(gold, guess, classes):
    """Micro F1 (= accuracy, one label each) and the unweighted mean of the classes' F1."""
    each = []
    for c in range(classes):
        tp = int(((gold == c) & (guess == c)).sum())
        wrong = int(((gold == c) ^ (guess == c)).sum())
        each.append(2 * tp / (2 * tp + wrong) if tp else 0.0)
    return float((gold == guess).mean()), sum(each) / classes, each


def scores(logits, items, task, temperature=1.0, bias=None):
    gold = np.array([i[4] for i in items])
    if task == "dse":
        joint = joint_logits(logits[0], logits[1]) / temperature
        guess = (joint if bias is None else joint + torch.tensor(bias)).argmax(-1).cpu().numpy()
        return f1(gold, guess, 5)
    return f1(gold, logits[0].argmax(-1).cpu().numpy(), 3)


def dev_items(pieces, data):
    out = {}
    for task, examples in load(data, "dev").items():
        kind = 0 if task == "dse" else 1
        out[task] = [(*x, kind, e.label) for x, e in zip(pieces.encode(examples, PAIR_WINDOW), examples)]
    return out


def report(model, dev, bf16=False):
    line = []
    for task, items in dev.items():
        micro, macro, each = scores(predict(model, items, bf16), items, task)
        line.append(f"{task} micro {100 * micro:.2f} macro {100 * macro:.2f} ({' '.join(f'{100 * x:.1f}' for x in each)})")
    return " | ".join(line)


# ---- training -----------------------------------------------------------------------------------

class Average:
    """Exponential moving average of the weights, the one that is scored and kept."""

    def __init__(self, model, decay):
        self.decay, self.steps = decay, 0
        self.weights = {k: v.detach().clone() if v.requires_grad else v
                        for k, v in model.state_dict(keep_vars=True).items()}

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        if self.steps % EVERY:
            return
        decay = min(self.decay ** EVERY, (1 + self.steps) / (10 + self.steps))
        trained = [(self.weights[k], v) for k, v in model.named_parameters() if v.requires_grad]
        mine, theirs = (list(x) for x in zip(*trained))
        torch._foreach_lerp_(mine, theirs, 1 - decay)


class Decay:
    """Linear warm-up, then linear decay to zero after `total` steps or at the time `until`,
    whichever is first. What is left by time is counted in steps as fast as the last ones were, so
    that a machine which is now and then busy neither ends the decay early nor cuts it off."""

    def __init__(self, total, warmup, until):
        self.left, self.warm, self.until = total, max(1, int(warmup * total)), until
        self.done, self.share, self.last, self.pace = 0, 1.0, time.time(), None

    def step(self):
        """The share of the peak rate for the next step."""
        now = time.time()
        self.pace = now - self.last if self.pace is None else 0.9 * self.pace + 0.1 * (now - self.last)
        self.last = now
        self.done += 1
        left = self.left - self.done + 1
        if self.until and self.done > 10:
            left = min(left, (self.until - now) / self.pace)
        if self.done > self.warm:
            self.share -= self.share / max(1.0, left)
        return min(self.share, self.done / self.warm)

    def over(self):
        return bool(self.until) and time.time() > self.until


def train(args):
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    run = Path(args.run)
    run.mkdir(parents=True, exist_ok=True)
    log = open(run / "log.txt", "a", buffering=1)

    def say(*words):
        text = time.strftime("%H:%M:%S ") + " ".join(map(str, words))
        print(text, flush=True)
        print(text, file=log)

    say(vars(args))
    pieces = Pieces(Tokenizer.from_file(str(Path(args.base) / "tokenizer.json")))
    data = load(args.data, "train")
    names = sorted({e.text[slice(*s)] for e in data["dse"] for s in (e.first, e.second)})
    names = [n for n in names if n[:1].isupper() and n[-1:].isalnum() and len(n) < 40]
    dev = dev_items(pieces, args.data)
    examples = [(e, 0) for e in data["dse"]] + [(e, 1) for e in data["newsmtsc"]]
    model = build(args.base, pieces.markers, args.attention_dropout)
    if args.init:
        model.load_state_dict(initial_weights(Path(args.init)))
    if args.frozen_layers:
        for part in (model.distilbert.embeddings, *model.distilbert.transformer.layer[: args.frozen_layers]):
            part.requires_grad_(False)
        model.marker.requires_grad_(False)
    groups = {}
    layers = model.distilbert.config.n_layers
    for name, p in model.named_parameters():
        if not p.requires_grad:
            continue
        if name.startswith("distilbert.embeddings"):
            depth = layers + 1
        elif match := re.match(r"distilbert\.transformer\.layer\.(\d+)", name):
            depth = layers - int(match[1])
        else:
            depth = 0
        lr = args.lr * args.layer_decay ** depth * (args.head_lr if depth == 0 else 1)
        wd = 0.0 if p.ndim < 2 else args.weight_decay
        groups.setdefault((lr, wd), []).append(p)
    optimizer = torch.optim.AdamW([{"params": p, "lr": lr, "peak": lr, "weight_decay": wd} for (lr, wd), p in groups.items()],
                                  betas=(0.9, 0.98), eps=1e-6, fused=True)
    average = Average(model, args.average)
    tokens_per_epoch = None
    steps_done, tokens_done, started = 0, 0, time.time()
    total = None
    kept_share = torch.tensor([math.log(args.keep_neutral), 0.0, 0.0, 0.0, 0.0])
    for epoch in range(args.epochs):
        # Fewer of the many neutral pairs in each epoch; the loss puts their share back.
        now = [(rewritten(e, names, rng, args), t) for e, t in examples
               if t == 1 or e.label != 0 or rng.random() < args.keep_neutral]
        items = [(*x, t, e.label) for x, (e, t) in zip(pieces.encode([e for e, _ in now]), now)]
        order = batches(items, args.budget, rng)
        if total is None:
            total = len(order) * args.epochs
            decay = Decay(total, args.warmup, args.minutes and started + 60 * args.minutes)
            real = sum(len(i[0]) for i in items)
            padded = sum(len(c) * max(len(items[i][0]) for i in c) for c in order)
            say(f"{len(items)} examples, {len(order)} batches, {real} pieces, {padded / real - 1:.3f} padding")
        seen, loss_sum = 0, 0.0
        for n, chosen in enumerate(order):
            model.train()
            ids, mask, first, second, task, label = collate(items, chosen)
            with torch.autocast(torch.get_default_device().type, torch.bfloat16, enabled=not args.fp32):
                forward, backward = model(ids, mask, first, second)
            dse, mtsc = task == 0, task == 1
            loss = 0.0
            if dse.any():
                logits = joint_logits(forward[dse], backward[dse])
                logits = logits + kept_share
                loss = loss + F.cross_entropy(logits, label[dse], label_smoothing=args.smoothing, reduction="sum")
            if mtsc.any():
                loss = loss + args.newsmtsc_weight * F.cross_entropy(
                    forward[mtsc], label[mtsc], label_smoothing=args.smoothing, reduction="sum")
            loss = loss / len(chosen)
            loss.backward()
            nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0, foreach=True)
            share = decay.step()
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * share
            optimizer.step()
            optimizer.zero_grad()
            average.update(model)
            steps_done += 1
            tokens_done += int(mask.sum())
            loss_sum += float(loss.detach())
            seen += 1
            if steps_done % args.log_every == 0 or args.stop and steps_done >= args.stop:
                speed = tokens_done / (time.time() - started)
                left = (total - steps_done) * (time.time() - started) / steps_done
                say(f"epoch {epoch} step {steps_done}/{total} loss {loss_sum / seen:.4f} rate {share:.3f} "
                    f"{speed:.0f} pieces/s, {left / 60:.1f} min left")
                seen, loss_sum = 0, 0.0
            if args.stop and steps_done >= args.stop:
                return
            late = decay.over()
            last = n + 1 == len(order) or late
            if last:
                kept = {k: v.clone() for k, v in model.state_dict().items()}
                model.load_state_dict(average.weights)
                name = f"step{steps_done}.pt"
                torch.save({k: v.detach() for k, v in average.weights.items()}, run / name)
                say(name, report(model, dev, bf16=not args.fp32))
                model.load_state_dict(kept)
            if late:
                say(f"time is up after {steps_done} of {total} steps")
                return


# ---- score and export ---------------------------------------------------------------------------

def checkpoint(args):
    """The model of a run: its last checkpoint, the one named, or the mean of several."""
    base = Path(args.base)
    pieces = Pieces(Tokenizer.from_file(str(base / "tokenizer.json")))
    model = build(base, pieces.markers)
    names = args.checkpoint or [max(Path(args.run).glob("step*.pt"), key=lambda p: int(p.stem[4:])).name]
    loaded = [torch.load(Path(args.run) / name, map_location="cpu") for name in names]
    mean = {k: sum(w[k].float() for w in loaded) / len(loaded) for k in loaded[0]}
    model.load_state_dict(mean)
    with torch.no_grad():  # from here on the markers are rows of the embeddings like any piece
        model.distilbert.embeddings.word_embeddings.weight[pieces.markers] = model.marker
    return model, pieces, names


def score(args):
    model, pieces, names = checkpoint(args)
    print(names, report(model, dev_items(pieces, args.data), args.bf16).replace(" | ", "\n"))


def row_scales(weight):
    """For each row the int8 scale with the least squared error, of the one that holds the largest
    value and some smaller ones."""
    most = weight.abs().amax(1, keepdim=True).clamp_min(1e-8) / 127
    best, error = most, torch.full_like(most, math.inf)
    for part in (1.0, 0.95, 0.9, 0.85, 0.8):
        scale = most * part
        missed = (((weight / scale).round().clamp(-127, 127) * scale - weight) ** 2).sum(1, keepdim=True)
        best, error = torch.where(missed < error, scale, best), torch.minimum(missed, error)
    return best


def quantised(weight, gram=None):
    """A matrix as int8 with one scale a row. With the inputs' Gram matrix, what rounding a column
    costs is made good in the columns not yet rounded (Frantar et al., "GPTQ", ICLR 2023)."""
    scale = row_scales(weight)
    if gram is None:
        return (weight / scale).round().clamp(-127, 127).to(torch.int8), scale
    gram = gram.clone()
    gram.diagonal().add_(0.01 * gram.diagonal().mean())
    upper = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(gram)), upper=True)
    left, codes, block = weight.clone(), torch.empty(weight.shape, dtype=torch.int8), 64
    for at in range(0, weight.shape[1], block):
        end = min(at + block, weight.shape[1])
        errors = torch.zeros(len(weight), end - at)
        for c in range(at, end):
            code = (left[:, c] / scale[:, 0]).round().clamp(-127, 127)
            codes[:, c] = code.to(torch.int8)
            errors[:, c - at] = (left[:, c] - code * scale[:, 0]) / upper[c, c]
            left[:, c:end] -= errors[:, c - at, None] * upper[c, c:end]
        left[:, end:] -= errors @ upper[at:end, end:]
    return codes, scale


@torch.no_grad()
def gram_matrices(model, items):
    """Of each Linear's inputs over some passages, by the name of its weight."""
    grams, hooks = {}, []

    def watch(name):
        def hook(module, inputs, output):
            rows = inputs[0].reshape(-1, inputs[0].shape[-1]).float()
            grams[name] = grams.get(name, 0) + rows.T @ rows
        return hook

    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            hooks.append(module.register_forward_hook(watch(name + ".weight")))
    predict(model, items)
    for hook in hooks:
        hook.remove()
    return grams


@torch.no_grad()
def compressed(model, markers, grams=None):
    """The tensors to save: matrices as int8 with scales, in the layout of `compressed-tensors`.

    The model's own weights become what the saved ones stand for."""
    tensors = {}
    for name, value in model.state_dict().items():
        if name == "marker":
            continue
        kept = name if name.startswith("distilbert.") else f"stance.{name}"
        if name.endswith(".weight") and value.ndim == 2:
            tensors[kept], tensors[kept + "_scale"] = q, scale = quantised(value, (grams or {}).get(name))
            value.copy_(q.float() * scale)
        else:
            tensors[kept] = value.clone()
    model.marker.copy_(model.distilbert.embeddings.word_embeddings.weight[markers])
    return {name: value.contiguous() for name, value in tensors.items()}


def description(config, settings):
    """config.json: the encoder's configuration, the labels, how weights are stored, the head."""
    kept = ("activation", "dim", "hidden_dim", "initializer_range", "max_position_embeddings", "n_heads", "n_layers",
            "pad_token_id", "sinusoidal_pos_embds", "vocab_size")
    weights = {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "channel", "dynamic": False}
    group = {"format": "naive-quantized", "targets": ["Linear", "Embedding"], "weights": weights,
             "input_activations": None, "output_activations": None}
    return {
        "model_type": "distilbert", "architectures": ["DistilBertModel"],
        **{key: getattr(config, key) for key in kept},
        "id2label": dict(enumerate(LABELS)), "label2id": {label: i for i, label in enumerate(LABELS)},
        "stance": settings,
        "quantization_config": {
            "quant_method": "compressed-tensors", "format": "naive-quantized", "quantization_status": "compressed",
            "config_groups": {"group_0": group}, "ignore": []}}


def fit_temperature(logits, labels):
    """The divisor of the logits with the least negative log-likelihood."""
    grid = [round(0.5 + 0.02 * i, 2) for i in range(126)]
    return min(grid, key=lambda t: float(F.cross_entropy(logits / t, labels)))


def fit_bias(logits, labels):
    """What to add for each of the five classes so that the mean of micro and macro F1 is highest:
    steps of 0.1 within 1.5 of zero, two classes at a time."""
    labels = labels.cpu().numpy()

    def value(bias):
        micro, macro, _ = f1(labels, (logits + torch.tensor(bias)).argmax(-1).cpu().numpy(), 5)
        return micro + macro

    steps = [step / 10 for step in range(-15, 16)]
    bias = [0.0] * 5
    best = value(bias)
    for _ in range(3):
        for one, two in itertools.combinations(range(1, 5), 2):
            for a, b in itertools.product(steps, repeat=2):
                tried = list(bias)
                tried[one], tried[two] = a, b
                if (gain := value(tried)) > best:
                    bias, best = tried, gain
    return bias


def calibration_error(probabilities, labels, bins=10):
    """Expected calibration error of the likeliest answer, over bins of equal width."""
    top, guess = probabilities.max(-1)
    right = (guess == labels).float()
    which = (top * bins).long().clamp_max(bins - 1)
    return sum(float((right[which == b].sum() - top[which == b].sum()).abs()) for b in range(bins)) / len(top)


def directions(logits, items):
    """Both directions of DSE's pairs, one after the other, with the labels they have apart."""
    gold = torch.tensor([JOINT[i[4]] for i in items])
    return torch.cat([logits[0], logits[1]]), torch.cat([gold[:, 0], gold[:, 1]])


def answered(logits, labels, threshold):
    """How many answers reach the threshold, how many of those are right; the same of stances."""
    top, guess = logits.softmax(-1).max(-1)
    sure = top >= threshold
    stance = sure & (guess != NEUTRAL)
    share = lambda a, b: 100 * float(a.sum()) / max(1, int(b.sum()))
    real = labels != NEUTRAL
    return (f"answered {share(sure, torch.ones_like(sure)):.1f} %, right {share((guess == labels) & sure, sure):.1f} %; "
            f"of the stances given {share((guess == labels) & stance, stance):.1f} % right, "
            f"of the stances there {share((guess == labels) & stance & real, real):.1f} % given")


def export(args):
    model, pieces, names = checkpoint(args)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    dev = dev_items(pieces, args.data)
    full = {task: predict(model, items, args.bf16) for task, items in dev.items()}

    some = [e for group in load(args.data, "train").values() for e in group[::50]]
    grams = gram_matrices(model, [(*x, 0, e.label) for x, e in zip(pieces.encode(some), some)])
    save_file(compressed(model, pieces.markers, grams), out / "model.safetensors", metadata={"format": "pt"})
    small = {task: predict(model, items, args.bf16) for task, items in dev.items()}

    pair, pair_gold = directions(small["dse"], dev["dse"])
    joint = joint_logits(*small["dse"])
    joint_gold = torch.tensor([i[4] for i in dev["dse"]])
    author = torch.cat([small[t][0] for t in ("newsmtsc-rw", "newsmtsc-mt")])
    author_gold = torch.tensor([i[4] for t in ("newsmtsc-rw", "newsmtsc-mt") for i in dev[t]])
    temperature = {"pair": fit_temperature(pair, pair_gold), "joint": fit_temperature(joint, joint_gold),
                   "author": fit_temperature(author, author_gold)}
    bias = fit_bias(joint / temperature["joint"], joint_gold)
    lines = []
    for task, items in dev.items():
        for what, logits in (("fp32", full[task]), ("int8", small[task])):
            lines.append((task, what, *scores(logits, items, task)))
            if task == "dse":
                lines.append(("dse, with joint_bias", what, *scores(logits, items, task, temperature["joint"], bias)))
    ece = {"pair": calibration_error((pair / temperature["pair"]).softmax(-1), pair_gold),
           "joint": calibration_error((joint / temperature["joint"] + torch.tensor(bias)).softmax(-1), joint_gold),
           "author": calibration_error((author / temperature["author"]).softmax(-1), author_gold)}

    settings = {"markers": MARKERS, "window": WINDOW, "pair_window": PAIR_WINDOW, "temperature": temperature, "joint_bias": bias,
                "threshold": args.threshold}
    config = description(model.distilbert.config, settings)
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    tokenizer = json.loads((Path(args.base) / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["truncation"] = tokenizer["padding"] = None
    (out / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "DistilBertTokenizer", "do_lower_case": False, "model_max_length": 512,
        "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]",
        "mask_token": "[MASK]"}, indent=2) + "\n")

    table = ["| data | weights | micro F1 | macro F1 | F1 of each class |", "|---|---|---|---|---|"]
    for task, what, micro, macro, each in lines:
        table.append(f"| {task} | {what} | {100 * micro:.2f} | {100 * macro:.2f} | {', '.join(f'{100 * x:.1f}' for x in each)} |")
    calibrated = [f"- {k}: temperature {temperature[k]}, expected calibration error {100 * ece[k]:.1f} points" for k in temperature]
    sure = [f"- {k}: {answered(l / temperature[k], g, args.threshold)}"
            for k, l, g in (("pair", pair, pair_gold), ("author", author, author_gold))]
    recipe = (Path(args.run) / "log.txt").read_text().splitlines()
    options = recipe[0].split(" ", 1)[1]
    report_text = "\n".join(table + [""] + calibrated + [""] + sure)
    print(names, options)
    print(report_text)
    if args.card:
        card = Path(args.card).read_text(encoding="utf-8")
        fills = {"SCORES": "\n".join(table), "CALIBRATION": "\n".join(calibrated), "ABSTENTION": "\n".join(sure),
                 "THRESHOLD": str(args.threshold)}
        for key, text in fills.items():
            card = card.replace("{{" + key + "}}", text)
        (out / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    sums = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in sorted(out.iterdir())
            if p.name != "SHA256SUMS"]
    (out / "SHA256SUMS").write_text("".join(sums))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = parser.add_subparsers(dest="command", required=True)
    t = sub.add_parser("train")
    t.add_argument("--base", required=True)
    t.add_argument("--data", required=True)
    t.add_argument("--run", required=True)
    t.add_argument("--init", help="weights to start from: a checkpoint or a model directory")
    t.add_argument("--fp32", action="store_true", help="for processors without bf16 products")
    t.add_argument("--epochs", type=int, default=4)
    t.add_argument("--seed", type=int, default=1)
    t.add_argument("--lr", type=float, default=7e-5)
    t.add_argument("--head-lr", type=float, default=3.0)
    t.add_argument("--layer-decay", type=float, default=0.9)
    t.add_argument("--weight-decay", type=float, default=0.01)
    t.add_argument("--warmup", type=float, default=0.1)
    t.add_argument("--budget", type=int, default=2000, help="pieces in a batch, padding included")
    t.add_argument("--average", type=float, default=0.997)
    t.add_argument("--smoothing", type=float, default=0.05)
    t.add_argument("--keep-neutral", type=float, default=0.6, help="share of DSE's neutral pairs in an epoch")
    t.add_argument("--newsmtsc-weight", type=float, default=0.7)
    t.add_argument("--other-names", type=float, default=0.15)
    t.add_argument("--as-quotation", type=float, default=0.3)
    t.add_argument("--attention-dropout", type=float, default=0.0)
    t.add_argument("--frozen-layers", type=int, default=0, help="leave the markers and so many first layers as they are")
    t.add_argument("--log-every", type=int, default=50)
    t.add_argument("--minutes", type=float, default=0, help="the rate reaches zero after this time, if not before")
    t.add_argument("--stop", type=int, default=0, help="stop after this many steps, to measure the speed")
    for name in ("score", "export"):
        e = sub.add_parser(name)
        e.add_argument("--base", required=True)
        e.add_argument("--data", required=True)
        e.add_argument("--run", required=True)
        e.add_argument("--checkpoint", nargs="*", help="names in the run; several are averaged")
        e.add_argument("--bf16", action="store_true", help="quicker, not exact")
    e.add_argument("--out", required=True)
    e.add_argument("--card", help="a model card with places for the figures")
    e.add_argument("--threshold", type=float, default=0.6)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if torch.cuda.is_available():
        torch.set_default_device("cuda")
    {"train": train, "score": score, "export": export}[args.command](args)


if __name__ == "__main__":
    main()
