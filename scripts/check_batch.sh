#!/usr/bin/env bash
# Checks what `standpoint batch` writes with the programs that read it, from the package index.
#
#   scripts/check_batch.sh           both
#   scripts/check_batch.sh tables    the Parquet tables in DuckDB and pandas, as docs/batch.md asks them
#   scripts/check_batch.sh spark     a Spark cluster of two local workers against a plain run (Java)
set -euo pipefail
cd "$(dirname "$0")/.."
which=${1:-both}

target=${CARGO_TARGET_DIR:-target}
program=$target/release/standpoint
[ -x "$program" ] || cargo build --release --locked
python=$target/tools/batch/bin/python
[ -x "$python" ] || python3 -m venv "$target/tools/batch"
"$python" -m pip install --quiet --disable-pip-version-check -r scripts/requirements-batch.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ "$which" != spark ]; then
    # An article, a copy of it, and documents in which little or nothing is found.
    "$python" - tests/data/rfa_cambodia_article.txt >"$work/corpus.jsonl" <<'END'
import json, sys
article = open(sys.argv[1], encoding="utf-8").read()
texts = [article, "It rained.", article + " It rained.", "Ana Ruiz blamed the “mill”.", "We left."]
for n, text in enumerate(texts):
    print(json.dumps({"id": f"d{n}", "text": text, "date": f"2024-0{n + 1}-01", "outlet": "It’s \"news\""}))
END
    "$program" batch "$work/corpus.jsonl" --out "$work/out" --format jsonl,parquet --part-docs 2 \
        --meta-field date,outlet --dedupe
    "$python" scripts/check_tables.py "$work/out" docs/batch.md
fi

if [ "$which" != tables ]; then
    "$python" -m pip install --quiet --disable-pip-version-check pyspark==4.3.0
    "$python" - >"$work/lines.jsonl" <<'END'
import json
for n in range(400):
    text = " " if n % 50 == 7 else f"Story {n} begins. “We saw it,” said Señora Peña. " * (n % 9 + 1)
    print(json.dumps({"id": f"d{n}", "text": text}) if n % 97 else "no JSON")
END
    "$python" scripts/check_spark.py "$program" "$work/lines.jsonl" -- --stages sentences,words
fi
echo "batch output checked"
