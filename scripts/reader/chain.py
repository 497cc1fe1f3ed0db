"""Linear chains over B, I, O tags: likelihood, best sequence and probability of a span.

Scores are emission logits plus transitions; `I` of a kind may only follow `B` or `I` of that kind.
Tag order is that of `bio_labels`: O, then B and I of each kind.
"""

import numpy as np
import torch

FORBIDDEN = -1e4


def constraints(tags: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of starts and transitions: 0 where BIO allows them, FORBIDDEN elsewhere."""
    start, transition = np.zeros(tags), np.zeros((tags, tags))
    for inside in range(2, tags, 2):
        start[inside] = FORBIDDEN
        transition[:, inside] = FORBIDDEN
        transition[inside - 1, inside] = transition[inside, inside] = 0
    return start, transition


def log_partition(emissions: torch.Tensor, lengths: torch.Tensor, transitions: torch.Tensor):
    """Log of the sum over all allowed sequences, by pairwise reduction.

    emissions [sequence, word, tag], transitions [sequence, tag, tag] (constraints included).
    """
    sequences, words, tags = emissions.shape
    start = torch.tensor(constraints(tags)[0], dtype=emissions.dtype)
    first = emissions[:, 0] + start
    steps = transitions[:, None] + emissions[:, 1:, None, :]
    identity = torch.full((tags, tags), FORBIDDEN).fill_diagonal_(0)
    present = (torch.arange(1, words) < lengths[:, None])[..., None, None]
    steps = torch.where(present, steps, identity)
    while steps.shape[1] > 1:
        if steps.shape[1] % 2:
            steps = torch.cat([steps, identity.expand(sequences, 1, tags, tags)], 1)
        left, right = steps[:, 0::2], steps[:, 1::2]
        steps = torch.logsumexp(left.unsqueeze(-1) + right.unsqueeze(-3), -2)
    if steps.shape[1]:
        first = torch.logsumexp(first.unsqueeze(-1) + steps[:, 0], -2)
    return torch.logsumexp(first, -1)


def sequence_score(emissions, lengths, transitions, gold) -> torch.Tensor:
    """Score of the gold tags [sequence, word]."""
    present = torch.arange(emissions.shape[1]) < lengths[:, None]
    score = (emissions.gather(-1, gold[..., None])[..., 0] * present).sum(1)
    flat = transitions.flatten(1)
    steps = flat.gather(1, gold[:, :-1] * transitions.shape[-1] + gold[:, 1:])
    return score + (steps * present[:, 1:]).sum(1)


def viterbi(emissions: np.ndarray, transitions: np.ndarray) -> list[int]:
    """The best allowed sequence; emissions [word, tag], transitions without the constraints."""
    words, tags = emissions.shape
    start, allowed = constraints(tags)
    step = transitions + allowed
    score = emissions[0] + start
    back = np.zeros((words, tags), dtype=np.int64)
    for at in range(1, words):
        total = score[:, None] + step
        back[at] = total.argmax(0)
        score = total.max(0) + emissions[at]
    path = [int(score.argmax())]
    for at in range(words - 1, 0, -1):
        path.append(int(back[at, path[-1]]))
    return path[::-1]


def spans(path: list[int]) -> list[tuple[int, int, int]]:
    """Spans `(start, end, kind)` of a valid sequence, end exclusive."""
    found, start = [], None
    for at, tag in enumerate(path + [0]):
        if start is not None and (tag == 0 or tag % 2 == 1):
            found.append((start, at, (path[start] - 1) // 2))
            start = None
        if tag % 2 == 1:
            start = at
    return found


def span_probabilities(emissions, transitions, found) -> list[float]:
    """Probability that each span stands exactly so, with its kind, under the chain.

    Forward and backward passes over probabilities, each word's scaled to sum to one.
    """
    words, tags = emissions.shape
    start, allowed = constraints(tags)
    step = np.exp(transitions + allowed)
    factor = np.exp(emissions - emissions.max(1, keepdims=True))
    forward, backward, scale = np.zeros((words, tags)), np.ones((words, tags)), np.zeros(words)
    state = factor[0] * np.exp(start)
    for at in range(words):
        if at:
            state = (forward[at - 1] @ step) * factor[at]
        scale[at] = state.sum()
        forward[at] = state / scale[at]
    for at in range(words - 2, -1, -1):
        backward[at] = step @ (factor[at + 1] * backward[at + 1]) / scale[at + 1]
    result = []
    for first, end, kind in found:
        begin, inside = 1 + 2 * kind, 2 + 2 * kind
        chance, tag = forward[first, begin], begin
        for at in range(first + 1, end):
            chance *= step[tag, inside] * factor[at, inside] / scale[at]
            tag = inside
        if end < words:
            after = step[tag] * factor[end] * backward[end] / scale[end]
            chance *= after.sum() - after[inside]
        result.append(float(chance))
    return result
