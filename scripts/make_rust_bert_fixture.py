#!/usr/bin/env python3
"""Writes the fixture of backends/rust-bert: an ALBERT as rust-bert can run it, with one group of
layers, made as `make_encoder_fixtures.py` makes the others.

    python scripts/make_rust_bert_fixture.py
"""

from pathlib import Path

from make_encoder_fixtures import FIXTURES, write

ROOT = Path(__file__).resolve().parent.parent

albert = FIXTURES["albert"]
config = dict(albert["config"], num_hidden_groups=1)
write(ROOT / "backends/rust-bert/tests/data/albert-one-group", dict(albert, config=config))
