#!/usr/bin/env python3
"""Asks the Parquet tables of a batch run the questions of docs/batch.md, in DuckDB and pandas.

    python scripts/check_tables.py DIR docs/batch.md      # with duckdb, pandas and pyarrow

`scripts/check_batch.sh tables` does it all on a small run of its own. DIR is the folder of
`standpoint batch … --format jsonl,parquet`. The queries are the blocks marked ```sql and ```python
of the page, so that the page cannot be wrong; then every table is compared with the records, row
by row. Exit status 0 if all agree.
"""

import argparse
import io
import json
import os
import pathlib
import re
import sys

import duckdb


def blocks(page: pathlib.Path, language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)
    if not found:
        sys.exit(f"{page}: no ```{language} block")
    return found


def records(folder: pathlib.Path):
    """The records of the JSON lines; pyarrow brings zstd along."""
    import pyarrow as pa

    for part in sorted((folder / "records").glob("part-*.jsonl.zst")):
        with pa.CompressedInputStream(pa.OSFile(str(part)), "zstd") as stream:
            for line in io.TextIOWrapper(io.BytesIO(stream.read()), "utf-8"):
                yield json.loads(line)


def rows(record: dict):
    """What the tables should hold of a record: table name and some columns of each row."""
    id = record["id"]
    actors = [a["name"] for a in record["actors"]]
    name = lambda n: None if n is None else actors[n]
    yield "documents", (id, record["length"], len(record["sentences"]), len(record["stances"]))
    for n, e in enumerate(record["entities"]):
        yield "entities", (id, n, e["start"], e["end"], e["text"], e["kind"], name(e["actor"]))
    for a in record["actors"]:
        yield "actors", (id, a["id"], a["name"], a["kind"], a["aliases"])
    for n, q in enumerate(record["quotes"]):
        text = " … ".join(q["text"])
        yield "quotes", (id, n, q["kind"], text, q.get("source_text"), name(q["speaker"]), q["act"])
    for n, s in enumerate(record["stances"]):
        holder = s.get("holder_text")
        if isinstance(s["holder"], int):
            holder = actors[s["holder"]]
        yield "stances", (id, n, holder, actors[s["target"]], s["polarity"], s["text"])


COLUMNS = {
    "documents": "document_id, length, sentences, stances",
    "entities": 'document_id, entity, start, "end", text, kind, actor_name',
    "actors": "document_id, actor, name, kind, aliases",
    "quotes": "document_id, quote, kind, text, source, speaker_name, act",
    "stances": "document_id, stance, holder_name, target_name, polarity, text",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("page", type=pathlib.Path)
    args = parser.parse_args()

    want: dict[str, list] = {table: [] for table in COLUMNS}
    for record in records(args.dir):
        for table, row in rows(record):
            want[table].append(row)
    queries = blocks(args.page, "sql")
    programs = blocks(args.page, "python")

    os.chdir(args.dir)
    for table, columns in COLUMNS.items():
        files = sorted(pathlib.Path(table).glob("part-*.parquet"))
        got = []
        for file in files:
            got += duckdb.sql(f"SELECT {columns} FROM read_parquet('{file}')").fetchall()
        if got != want[table]:
            at = next((i for i, (g, w) in enumerate(zip(got, want[table])) if g != w), len(got))
            sys.exit(f"{table} differs from the records at row {at}: "
                     f"{got[at:at + 1]} and {want[table][at:at + 1]}; {len(got)} rows and "
                     f"{len(want[table])}")
        print(f"{table}: {len(got)} rows agree with the records")

    for query in queries:
        answer = duckdb.sql(query)
        if not answer.fetchall():
            sys.exit(f"the tables have no answer to: {query}")
        print(answer)
    for program in programs:
        exec(compile(program, str(args.page), "exec"), {})


if __name__ == "__main__":
    main()
