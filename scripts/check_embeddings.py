#!/usr/bin/env python3
"""Compares the encoder's example `embed` with sentence-transformers on the same sentences.

    python scripts/check_embeddings.py MODEL [FILE]

MODEL is a directory that sentence-transformers opens, with mean pooling and unit length, such as
all-MiniLM-L6-v2; FILE has a sentence a line. Fails if a value of the portable kernel is off by more
than 1e-4, or the fastest kernel's embedding by more than a cosine of 0.995.

    pip install sentence-transformers
"""

import subprocess
import sys
from pathlib import Path

import numpy

ROOT = Path(__file__).resolve().parent.parent
SENTENCES = """He praised the minister.
The minister was praised.
“We are fleeing because we don’t have any confidence in the judicial system,” he said.
Naira fell 3.5% to N1,580 per dollar in Lagos.
José Peña of São Paulo said: no comment!
a
"""


def embedded(model, kernel, text):
    command = "cargo run --quiet --release -p standpoint-encoder --example embed --".split()
    done = subprocess.run(
        [*command, model, kernel], input=text, capture_output=True, text=True, cwd=ROOT, check=True
    )
    return numpy.array([[float(x) for x in line.split()] for line in done.stdout.splitlines()])


def main():
    from sentence_transformers import SentenceTransformer

    model = str(Path(sys.argv[1]).resolve())
    text = Path(sys.argv[2]).read_text() if len(sys.argv) > 2 else SENTENCES
    reference = SentenceTransformer(model, device="cpu")
    # The example reads as many pieces as the model's table has positions for.
    reference.max_seq_length = reference[0].auto_model.config.max_position_embeddings
    want = reference.encode(text.splitlines())
    off = abs(embedded(model, "portable", text) - want).max()
    cosine = (embedded(model, "auto", text) * want).sum(1).min()
    print(f"{len(want)} sentences: portable off by {off:.1e} at most, auto's least cosine {cosine:.5f}")
    sys.exit(int(off > 1e-4 or cosine < 0.995))


if __name__ == "__main__":
    main()
