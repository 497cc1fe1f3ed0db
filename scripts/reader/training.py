"""Trains encoder, entity heads and quotation top together."""

import itertools
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from . import chain
from .augment import augmented, names_of
from .corpora import CONLL, CONLL_KINDS, NEWS, NEWS_KINDS, QUOTES, bio_labels
from .model import RELATIONS, SEQUENCES, DropoutTable, Reader
from .windows import Subwords, Window, attention_mask, batches_of, padded, windows_of


@dataclass
class Settings:
    epochs: float = 3
    minutes: float = float("inf")
    """Wall clock allowed: the learning rate reaches zero by then even if epochs are left."""
    seed: int = 1
    encoder_rate: float = 6e-5
    head_rate: float = 3e-4
    table_rate: float = 1e-2
    """For the transitions and the distance scores, single numbers that have far to go."""
    quotes_part: int = 2
    """An epoch takes one in so many quotation documents, in turn: entities need more epochs."""
    warm_up: float = 0.1
    weight_decay: float = 0.01
    tokens: int = 2048
    """Subwords in a batch, about eight windows."""
    average_every: int = 5
    average_decay: float = 0.97
    """Exponential average of the weights, updated every so many steps."""
    save_minutes: float = 10
    precision: torch.dtype = torch.bfloat16
    """Of activations; fp32 where the processor has no bf16 products."""


def clipped(span, window: Window):
    """A document's word range in the window's own word numbers, or None if outside."""
    if span is None:
        return None
    start, end = max(span[0], window.first), min(span[1], window.last)
    return (start - window.first, end - window.first) if start < end else None


@dataclass
class QuoteGold:
    tags: list[list[int]]
    """By sequence, by word."""
    contents: list[tuple[int, int]]
    others: dict[str, list[tuple[int, int]]]
    links: dict[str, list[int]]
    """By relation, for each content: 0 for no link, else 1 + place in `others`."""


def quote_gold(window: Window) -> QuoteGold:
    others: dict[str, list] = {name: [] for name in RELATIONS}
    pieces = []
    for attribution in window.document.attributions:
        place = {}
        for name in RELATIONS:
            span = clipped(getattr(attribution, name), window)
            if span and span not in others[name]:
                others[name].append(span)
            place[name] = others[name].index(span) + 1 if span else 0
        for piece in attribution.content:
            span = clipped(piece, window)
            if span:
                pieces.append((span, place))
    spans = {"source": others["source"], "cue": others["cue"], "content": [], "inner_content": []}
    # Longest first: what lies in a content already placed is inner.
    for (start, end), _ in sorted(pieces, key=lambda p: p[0][0] - p[0][1]):
        inner = any(a < end and start < b for a, b in spans["content"])
        spans["inner_content" if inner else "content"].append((start, end))
    tags = []
    for name in SEQUENCES:
        row = [0] * (window.last - window.first)
        for start, end in sorted(spans[name], key=lambda s: s[0] - s[1]):
            row[start:end] = [1] + [2] * (end - start - 1)
        tags.append(row)
    contents = [span for span, _ in pieces]
    links = {name: [place[name] for _, place in pieces] for name in RELATIONS}
    return QuoteGold(tags, contents, others, links)


def use_fastest_device() -> None:
    """From here on tensors are made on a GPU, where there is one. The models at hand were trained on CPUs."""
    if torch.cuda.is_available():
        torch.set_default_device("cuda")


LABELS = {NEWS: bio_labels(NEWS_KINDS), CONLL: bio_labels(CONLL_KINDS)}


def entity_loss(states, windows, head, labels) -> torch.Tensor:
    """Negative log likelihood of the tags, summed over words."""
    rows = torch.tensor([i for i, w in enumerate(windows) for _ in w.starts])
    places = torch.tensor([at for w in windows for at in w.starts])
    gold = torch.tensor(
        [labels.index(tag) for w in windows for tag in w.document.tags[w.first : w.last]]
    )
    return F.cross_entropy(head(states[rows, places].float()), gold, reduction="sum")


def quote_loss(top, states, windows, mask, dropout) -> torch.Tensor:
    """Negative log likelihood of the four tag sequences and of the links, summed over words."""
    gold = [quote_gold(w) for w in windows]
    length = states.shape[1]

    def pad(rows):
        return torch.tensor([row + [0] * (length - len(row)) for row in rows])

    marks, boundaries = pad([w.marks for w in windows]), pad([w.boundaries for w in windows])
    states = top.states(states, marks, boundaries, mask, dropout)
    words = states[torch.arange(len(windows))[:, None], padded([w.starts for w in windows])].float()
    lengths = torch.tensor([len(w.starts) for w in windows])

    emissions = top.emissions(words).transpose(1, 2)  # [window, sequence, word, tag]
    tags = torch.stack([padded([g.tags[s] for g in gold]) for s in range(len(SEQUENCES))], 1)
    allowed = torch.tensor(chain.constraints(3)[1], dtype=torch.float32)
    transitions = (top.transitions + allowed).expand(len(windows), -1, -1, -1).flatten(0, 1)
    lengths = lengths.repeat_interleave(len(SEQUENCES))
    flat = emissions.flatten(0, 1), lengths, transitions
    loss = (chain.log_partition(*flat) - chain.sequence_score(*flat, tags.flatten(0, 1))).sum()

    for row, g in zip(words, gold):
        if g.contents:
            for relation, name in enumerate(RELATIONS):
                scores = top.links(row, g.contents, g.others[name], relation)
                loss = loss + F.cross_entropy(scores, torch.tensor(g.links[name]), reduction="sum")
    return loss


def encoded(model: Reader, batch: list[Window], mask, dropout, precision) -> torch.Tensor:
    """The encoder's states of a batch."""
    return model.distilbert(padded([w.ids for w in batch]), mask, dropout, precision)


class Remembered:
    """`encoded` for an encoder that does not learn: each window's states are computed once."""

    def __init__(self):
        self.known: dict[tuple[str, int], torch.Tensor] = {}

    @torch.no_grad()
    def __call__(self, model: Reader, batch: list[Window], mask, dropout, precision):
        keys = [(window.document.name, window.first) for window in batch]
        if any(key not in self.known for key in keys):
            states = encoded(model, batch, mask, lambda x: x, precision)
            for key, window, row in zip(keys, batch, states):
                self.known[key] = row[: len(window.ids)].to(torch.bfloat16)
        rows = [self.known[key].to(precision) for key in keys]
        return dropout(torch.nn.utils.rnn.pad_sequence(rows, batch_first=True))


def batch_loss(model: Reader, batch: list[Window], dropout, precision, encode) -> torch.Tensor:
    """Negative log likelihood of all that the batch's sets annotate, per word."""
    mask = attention_mask([w.ids for w in batch], precision)
    states = encode(model, batch, mask, dropout, precision)
    loss, words = 0.0, sum(len(w.starts) for w in batch)
    for task in (NEWS, CONLL, QUOTES):
        rows = [i for i, w in enumerate(batch) if w.document.task == task]
        if not rows:
            continue
        windows, part = [batch[i] for i in rows], states[rows]
        if task == QUOTES:
            part_mask = None if mask is None else mask[rows]
            loss = loss + quote_loss(model.quotes, part, windows, part_mask, dropout)
        else:
            head = model.classifier if task == NEWS else model.conll_classifier
            loss = loss + entity_loss(part, windows, head, LABELS[task])
    return loss / words


def epoch_batches(documents, names, subwords: Subwords, settings: Settings, epoch: int):
    """The epoch's batches, the same whenever they are made for one seed and epoch."""
    draw = random.Random(f"{settings.seed}:{epoch}")
    windows = []
    for at, document in enumerate(documents):
        if document.task == QUOTES and at % settings.quotes_part != epoch % settings.quotes_part:
            continue
        windows += windows_of(augmented(document, names, draw), subwords)
    return batches_of(windows, settings.tokens, draw)


def parameter_groups(model: Reader, settings: Settings) -> list[dict]:
    """Encoder layers, heads and tables at their own rates; no decay on biases, norms and tables."""
    groups: dict[tuple, list] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        decay = settings.weight_decay
        if name.endswith("bias") or "norm" in name.lower():
            decay = 0.0
        if name in ("quotes.transitions", "quotes.distance"):
            rate, decay = settings.table_rate, 0.0
        elif name.startswith(("distilbert.", "quotes.layer.")):
            rate = settings.encoder_rate
        else:
            rate = settings.head_rate
        groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": p, "lr": rate, "peak": rate, "weight_decay": decay}
        for (rate, decay), p in groups.items()
    ]


def batches_from(step: int, per_epoch: int, make_epoch):
    """Batches without end, from a step on; `make_epoch(epoch)` gives those of an epoch."""
    for epoch in itertools.count(step // per_epoch):
        batches = make_epoch(epoch)[:per_epoch]
        yield from batches[max(0, step - epoch * per_epoch) :]


class Average:
    """An exponential average of the parameters, which can change places with them."""

    def __init__(self, parameters: list[torch.nn.Parameter], decay: float):
        self.parameters, self.decay = parameters, decay
        self.mean = [p.detach().clone() for p in parameters]

    def update(self, step: int) -> None:
        # Early on the average follows closely, so that the start does not linger in it.
        decay = min(self.decay, step / (step + 50))
        torch._foreach_lerp_(self.mean, [p.detach() for p in self.parameters], 1 - decay)

    def swap(self) -> None:
        for parameter, mean in zip(self.parameters, self.mean):
            kept = parameter.detach().clone()
            parameter.data.copy_(mean)
            mean.copy_(kept)


def train(
    model: Reader, documents, subwords, settings: Settings, checkpoint: Path, report, encode=encoded
) -> None:
    """Train in place; the averaged weights are in the model at the end.

    `checkpoint` is written every few minutes and read at the start if it is there. `report(model)`
    is called with the averaged weights at each save and at the end. `encode` gives a batch's
    states.
    """
    torch.manual_seed(settings.seed)
    names = names_of(documents)
    dropout = DropoutTable()
    # The word vectors stay as they are: their gradients would be a tenth of a step's time.
    model.distilbert.embeddings.word_embeddings.weight.requires_grad_(False)
    optimizer = torch.optim.AdamW(parameter_groups(model, settings), fused=True)
    parameters = [p for p in model.parameters() if p.requires_grad]
    average = Average(parameters, settings.average_decay)
    step, elapsed = 0, 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location="cpu", mmap=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        for mine, theirs in zip(average.mean, saved["average"]):
            mine.copy_(theirs)
        step, elapsed = saved["step"], saved["elapsed"]

    def make_epoch(epoch: int) -> list[list[Window]]:
        return epoch_batches(documents, names, subwords, settings, epoch)

    per_epoch = len(make_epoch(0))
    total = int(settings.epochs * per_epoch)
    print(f"{per_epoch} steps an epoch, {total} in all, from step {step}", flush=True)
    started = time.monotonic() - elapsed
    saved_at = shown_at = time.monotonic()
    seen, losses = 0, []
    for batch in batches_from(step, per_epoch, make_epoch):
        minutes = (time.monotonic() - started) / 60
        progress = max(step / total, minutes / settings.minutes)
        if progress >= 1:
            break
        part = min(progress / settings.warm_up, (1 - progress) / (1 - settings.warm_up))
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * part
        loss = batch_loss(model, batch, dropout, settings.precision, encode)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % settings.average_every == 0:
            average.update(step)

        seen += sum(len(w.ids) for w in batch)
        losses.append(float(loss.detach()))
        now = time.monotonic()
        if len(losses) == 20:
            print(
                f"step {step} epoch {step / per_epoch:.2f} progress {progress:.3f} "
                f"loss {sum(losses) / len(losses):.4f} {seen / (now - shown_at):.0f} subwords/s",
                flush=True,
            )
            seen, losses, shown_at = 0, [], now
        if now - saved_at > settings.save_minutes * 60:
            state = {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "average": average.mean,
                "step": step,
                "elapsed": now - started,
            }
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").rename(checkpoint)
            average.swap()
            report(model)
            average.swap()
            saved_at = time.monotonic()
    average.swap()
    torch.save({"model": model.state_dict(), "step": step}, checkpoint.with_suffix(".final.pt"))
    report(model)
