#!/usr/bin/env python3
"""Compares a run under Spark, on a cluster of two local workers, with a plain run.

    python scripts/check_spark.py target/release/standpoint INPUT.jsonl -- OPTIONS…

`scripts/check_batch.sh spark` does it all on a small input of its own. Needs pyspark, pyarrow and
Java. Runs scripts/spark_batch.py over the JSON lines, and over the same as Parquet, on
`local-cluster[2,1,1024]`; the records must be those of `standpoint batch INPUT --out -`, whatever
their order. Exit status 0 if they are the same.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

MASTER = "local-cluster[2,1,1024]"


def normal(lines) -> list[str]:
    """Records in a fixed order, without what only says where the input lay."""
    found = []
    for line in lines:
        record = json.loads(line)
        record.pop("place", None)
        if "error" in record and record["id"] is None:
            record["id"] = ""
        found.append(json.dumps(record, sort_keys=True))
    return sorted(found)


def under_spark(program: str, source: pathlib.Path, out: pathlib.Path, options: list[str]):
    script = pathlib.Path(__file__).with_name("spark_batch.py")
    subprocess.run(
        [sys.executable, script, source, out, "--program", program, "--master", MASTER, "--", *options],
        check=True,
        # The workers' Python is to be the driver's.
        env={**os.environ, "PYSPARK_PYTHON": sys.executable},
    )
    for part in sorted(out.glob("part-*")):
        yield from part.read_text().splitlines()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("input", type=pathlib.Path, help="JSON lines with `id` and `text`")
    cut = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args, options = parser.parse_args(sys.argv[1:cut]), sys.argv[cut + 1 :]
    program = str(pathlib.Path(args.program).resolve())

    plain = subprocess.run(
        [program, "batch", args.input, "--out", "-", *options],
        check=True, stdout=subprocess.PIPE, text=True,
    ).stdout.splitlines()
    want = normal(plain)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        got = normal(under_spark(program, args.input.resolve(), folder / "lines", options))
        if got != want:
            sys.exit(f"JSON lines: {len(got)} lines under Spark, {len(want)} plain; they differ")
        print(f"JSON lines: {len(got)} lines, the same as a plain run's")

        # As a table there are only the documents: what is no JSON cannot be in one.
        documents = []
        for line in args.input.read_text().splitlines():
            try:
                documents.append(json.loads(line))
            except ValueError:
                continue
        pq.write_table(pa.Table.from_pylist(documents), folder / "corpus.parquet")
        ids = {str(d["id"]) for d in documents}
        want = [line for line in want if json.loads(line)["id"] in ids]
        table = under_spark(program, folder / "corpus.parquet", folder / "table", options)
        got = normal(table)
        if got != want:
            sys.exit(f"Parquet: {len(got)} lines under Spark, {len(want)} plain; they differ")
        print(f"Parquet: {len(got)} lines, the same as a plain run's")


if __name__ == "__main__":
    main()
