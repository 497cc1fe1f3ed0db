#!/usr/bin/env python3
"""Runs standpoint on a Spark cluster, over a corpus in Parquet or JSON lines.

    pip install pyspark
    python scripts/spark_batch.py INPUT OUT --program target/release/standpoint \\
        --master 'local-cluster[2,1,1024]' -- --models models

Each partition goes through one `standpoint batch - --out -`: a line of JSON in, a line of JSON
out, in order, failures included as lines with `error`. The program and its models must be at the
same place on every worker. OUT is a folder of JSON lines as Spark writes them. What follows `--`
is given to standpoint.
"""

import argparse
import shlex
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input", help="a Parquet file or folder, or JSON lines (.jsonl, also .gz)")
    parser.add_argument("out", help="the folder to write; must not exist")
    parser.add_argument("--program", required=True, help="standpoint, on every worker")
    parser.add_argument("--master", help="such as local-cluster[2,1,1024] or spark://host:7077")
    parser.add_argument("--id-field", default="id")
    parser.add_argument("--text-field", default="text")
    parser.add_argument("--meta-field", action="append", default=[])
    parser.add_argument("--partitions", type=int, default=8)
    cut = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args, options = parser.parse_args(sys.argv[1:cut]), sys.argv[cut + 1 :]

    builder = SparkSession.builder.appName("standpoint")
    if args.master:
        builder = builder.master(args.master)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN")

    if args.input.rstrip("/").endswith(".parquet"):
        table = spark.read.parquet(args.input)
        columns = [args.id_field, args.text_field, *args.meta_field]
        lines = table.select(F.to_json(F.struct(*columns)).alias("value"))
    else:
        # As text: a line that is no JSON is to come out as a line that says so.
        lines = spark.read.text(args.input)
    lines = lines.repartition(args.partitions).rdd.map(lambda row: row.value)

    # One thread for each process: Spark runs one process on each core.
    command = [args.program, "batch", "-", "--out", "-", "--threads", "1"]
    command += ["--id-field", args.id_field, "--text-field", args.text_field]
    for field in args.meta_field:
        command += ["--meta-field", field]
    command += options
    done = lines.pipe(shlex.join(command), checkCode=True)
    done.saveAsTextFile(args.out)
    spark.stop()


if __name__ == "__main__":
    main()
