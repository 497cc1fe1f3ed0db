#!/usr/bin/env python3
"""Writes crates/eval/tests/fixtures: what seqeval, nervaluate and the CoNLL 2018 evaluation say of
seeded random analyses, for the tests of standpoint-eval to agree with.

    python3 -m venv venv && venv/bin/pip install seqeval==1.2.2 nervaluate==1.2.1
    venv/bin/pip download --no-deps stanza==1.4.2 && unzip stanza-1.4.2*.whl stanza/utils/conll18_ud_eval.py
    venv/bin/python scripts/make_eval_fixtures.py --conll18 stanza/utils/conll18_ud_eval.py

`conll18_ud_eval.py` is the shared task's own script, which stanza 1.4.2 carries (it added an argument).
"""

import argparse
import importlib.metadata
import importlib.util
import io
import json
import random
import warnings
from pathlib import Path

import nervaluate
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

FIXTURES = Path(__file__).parent.parent / "crates/eval/tests/fixtures"


def random_entities(rng, words, kinds, scheme):
    """Tags of one sentence in a scheme."""
    tags, before, ended = [], None, False
    while len(tags) < words:
        if rng.random() < 0.55:
            tags.append("O")
            before = None
            continue
        kind, length = rng.choice(kinds), min(rng.choice([1, 1, 2, 3]), words - len(tags))
        if scheme == "iob1":
            first = "B" if before == kind else "I"
            tags += [f"{first}-{kind}"] + [f"I-{kind}"] * (length - 1)
        elif scheme == "iob2":
            tags += [f"B-{kind}"] + [f"I-{kind}"] * (length - 1)
        elif length == 1:
            tags.append(f"S-{kind}")
        else:
            tags += [f"B-{kind}"] + [f"I-{kind}"] * (length - 2) + [f"E-{kind}"]
        before = kind
    return tags


def disturb(rng, tags, kinds, share):
    """Some tags changed for any other, so that the sequence may break every scheme."""
    out = []
    for tag in tags:
        if rng.random() < share:
            tag = rng.choice(["O"] + [f"{p}-{k}" for p in "BIES" for k in kinds])
        out.append(tag)
    return out


def exactly(number):
    """A number as text that reads back to the same bits, whatever the JSON reader does."""
    return repr(float(number))


def seqeval_cases():
    rng = random.Random(2003)
    cases = []
    many = [f"K{i}" for i in range(11)]
    for number in range(36):
        scheme = ["iob1", "iob2", "bioes"][number % 3]
        kinds = many if number % 4 == 3 else ["LOC", "MISC", "ORG", "PER"]
        share = [0.0, 0.1, 0.3][number // 3 % 3]
        gold = [random_entities(rng, rng.randint(1, 12), kinds, scheme) for _ in range(6)]
        if number % 2:
            gold = [disturb(rng, tags, kinds, 0.05) for tags in gold]
        predicted = [disturb(rng, tags, kinds, share) for tags in gold]
        case = {"scheme": scheme, "gold": gold, "predicted": predicted}
        for average in ["micro", "macro"]:
            p, r, f, support = precision_recall_fscore_support(gold, predicted, average=average)
            case[average] = [exactly(p), exactly(r), exactly(f)]
            case["support"] = int(support)
        cases.append(case)
    # Nothing predicted, and nothing there to find.
    for gold, predicted in [([["B-A", "O"]], [["O", "O"]]), ([["O", "O"]], [["B-A", "O"]])]:
        case = {"scheme": "iob2", "gold": gold, "predicted": predicted}
        for average in ["micro", "macro"]:
            p, r, f, support = precision_recall_fscore_support(gold, predicted, average=average)
            case[average] = [exactly(p), exactly(r), exactly(f)]
            case["support"] = int(support)
        cases.append(case)
    return cases


def random_spans(rng, near):
    """Spans with ends included, as nervaluate has them: some of `near`, moved or renamed."""
    spans = []
    for span in near:
        span = dict(span)
        roll = rng.random()
        if roll < 0.15:
            continue
        if roll < 0.3:
            span["label"] = rng.choice("AB")
        if roll < 0.5:
            span["end"] += rng.choice([-1, 1, 2])
            span["start"] -= rng.choice([0, 0, 1])
        span["start"] = max(span["start"], 0)
        span["end"] = max(span["start"], span["end"])
        spans.append(span)
    for _ in range(rng.randint(0, 2)):
        start = rng.randint(0, 40)
        spans.append({"label": rng.choice("AB"), "start": start, "end": start + rng.randint(0, 4)})
    unique = {(s["start"], s["end"], s["label"]): s for s in spans}
    return [unique[key] for key in sorted(unique)]


def nervaluate_cases():
    rng = random.Random(2013)
    cases = []
    for number in range(40):
        long = number % 8 == 7  # spans of over a hundred, of which one word shared is no meeting
        gold, predicted = [], []
        for _ in range(4):
            spans, at = [], 0
            for _ in range(rng.randint(1, 6)):
                start = at + rng.randint(0, 5)
                end = start + (rng.randint(100, 250) if long else rng.randint(0, 4))
                spans.append({"label": rng.choice("AB"), "start": start, "end": end})
                at = end + 1
            gold.append(spans)
            predicted.append(random_spans(rng, spans))
        results = nervaluate.Evaluator(gold, predicted, tags=["A", "B"], loader="dict").evaluate()
        overall = {
            name: {
                "counts": [r.correct, r.incorrect, r.partial, r.missed, r.spurious],
                "scores": [float(r.precision), float(r.recall), float(r.f1)],
            }
            for name, r in results["overall"].items()
        }
        plain = lambda docs: [[[s["start"], s["end"] + 1, s["label"]] for s in d] for d in docs]
        cases.append({"gold": plain(gold), "predicted": plain(predicted), "overall": overall})
    return cases


def conllu(tokens):
    """A one-sentence CoNLL-U file of `[surface]` or `[surface, word, word, ...]` tokens."""
    lines, words = [], 0
    for surface, *parts in tokens:
        if parts:
            lines.append(f"{words + 1}-{words + len(parts)}\t{surface}" + "\t_" * 8)
        for form in parts or [surface]:
            words += 1
            lines.append(f"{words}\t{form}\t_\t_\t_\t_\t{int(words > 1)}\t_\t_\t_")
    return "\n".join(lines) + "\n\n"


def conll18_cases(path):
    spec = importlib.util.spec_from_file_location("conll18_ud_eval", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rng = random.Random(2018)

    def tokens(text):
        out, at = [], 0
        while at < len(text):
            size = min(rng.choice([1, 2, 2, 3, 4]), len(text) - at)
            surface = text[at : at + size]
            at += size
            if size > 1 and rng.random() < 0.4:
                cut = rng.randint(1, size - 1)
                parts = [surface[:cut], surface[cut:]]
                if rng.random() < 0.3:
                    parts[rng.randint(0, 1)] = rng.choice(["not", "a", "B", "am"])
                out.append([surface] + parts)
            else:
                out.append([surface])
        return out

    cases = []
    for _ in range(60):
        text = "".join(rng.choice("abA") for _ in range(rng.randint(1, 24)))
        gold, predicted = tokens(text), tokens(text)
        read = lambda t: module.load_conllu(io.StringIO(conllu(t)), {})
        words = module.evaluate(read(gold), read(predicted))["Words"]
        cases.append(
            {
                "gold": gold,
                "predicted": predicted,
                "counts": [words.correct, words.system_total, words.gold_total],
            }
        )
    return cases


def write(name, made_with, cases):
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    text = f'{{"made_with": {json.dumps(made_with)}, "cases": [\n{lines}\n]}}\n'
    (FIXTURES / name).write_text(text)
    print(f"{name}: {len(cases)} cases, {len(text)} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conll18", required=True, help="path of conll18_ud_eval.py")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    FIXTURES.mkdir(parents=True, exist_ok=True)
    version = importlib.metadata.version
    write("seqeval.json", f"seqeval {version('seqeval')}, scripts/make_eval_fixtures.py", seqeval_cases())
    write("nervaluate.json", f"nervaluate {version('nervaluate')}, scripts/make_eval_fixtures.py", nervaluate_cases())
    write("conll18.json", "conll18_ud_eval.py of stanza 1.4.2, scripts/make_eval_fixtures.py", conll18_cases(args.conll18))


if __name__ == "__main__":
    main()
