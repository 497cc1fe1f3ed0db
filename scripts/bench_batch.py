#!/usr/bin/env python3
"""What `standpoint batch` costs: its rate beside the bare analysis, one core beside two, memory.

    python scripts/bench_batch.py target/release/standpoint INPUT… [--documents 300] [--stages …]
    python scripts/bench_batch.py target/release/standpoint INPUT… --memory 2000 20000 --stages sentences,words

The first N documents of INPUT are put into one file of JSON lines, which every run reads. The bare
rate is that of `standpoint extract --threads 1 --timings`: the time inside the analysis alone, one
document after the other, with all else left out. Runs take turns; each figure is the best of
`--runs`. Words a second come by the clock, for a quiet machine, and by processor time, for one that
has other work; models being opened is left out of both.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import subprocess
import tempfile


def run(command: list) -> tuple[float, str]:
    """Processor seconds of a command, and what it wrote to standard error."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode > 1:
        raise SystemExit(f"{command}: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, done.stderr


def batch(program: str, corpus: pathlib.Path, out: pathlib.Path, options: list) -> tuple[float, dict]:
    command = [program, "batch", corpus, "--out", out, "--force", "--progress", "json", *options]
    seconds, said = run(command)
    return seconds, json.loads(said.splitlines()[-1])


def sample(program: str, inputs: list, limit: int, path: pathlib.Path) -> None:
    command = [program, "batch", *inputs, "--limit", str(limit), "--stages", "sentences"]
    lines = subprocess.run(
        [*command, "--keep-text", "--out", "-"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    records = (json.loads(line) for line in lines.splitlines())
    with path.open("w") as file:
        for record in records:
            if "text" in record:
                file.write(json.dumps({"id": record["id"], "text": record["text"]}) + "\n")


def speed(args, folder: pathlib.Path) -> None:
    corpus, out, empty = folder / "corpus.jsonl", folder / "out", folder / "empty.jsonl"
    sample(args.program, args.inputs, args.documents, corpus)
    empty.write_text('{"id": "", "text": "."}\n')
    stages = ["--stages", args.stages]
    bare, opening = [], []
    batches: dict[int, list] = {threads: [] for threads in args.threads}
    for _ in range(args.runs):
        extract = [args.program, "extract", corpus, "--format", "jsonl", "--threads", "1", *stages]
        _, said = run([*extract, "--timings"])
        bare.append(float(re.search(r"^stages +([\d.]+) s", said, re.M)[1]))
        opening.append(batch(args.program, empty, out, stages)[0])
        for threads, results in batches.items():
            options = [*stages, "--threads", str(threads)]
            cpu, end = batch(args.program, corpus, out, options)
            results.append((end["seconds"], cpu, end))
    words = batches[args.threads[0]][0][2]["words"]
    print(f"{args.stages}: {args.documents} documents, {words:,} words; best of {args.runs}")
    print(f"{'':>16} {'words/s':>10} {'of bare':>8} {'words/cpu-s':>12} {'of bare':>8} {'peak':>8}")
    rate = words / min(bare)
    print(f"{'bare, 1 thread':>16} {rate:>10,.0f}")
    for threads, results in batches.items():
        clock = words / min(r[0] for r in results)
        cpu = words / (min(r[1] for r in results) - min(opening))
        peak = max(r[2]["peak_memory_bytes"] for r in results) >> 20
        print(f"{f'batch, {threads}':>16} {clock:>10,.0f} {clock / rate:>8.3f} {cpu:>12,.0f}"
              f" {cpu / rate:>8.3f} {peak:>4} MiB")


def memory(args, folder: pathlib.Path) -> None:
    for n in args.memory:
        options = ["--limit", str(n), "--stages", args.stages, *args.options]
        command = [args.program, "batch", *args.inputs, "--out", folder / "out", "--force"]
        _, said = run([*command, "--progress", "json", *options])
        end = json.loads(said.splitlines()[-1])
        done = end["documents"] + end["failed"]
        print(f"{args.stages}: {done} documents, peak {end['peak_memory_bytes'] / 2**20:.1f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("inputs", nargs="+")
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--stages", default="sentences,words,entities,quotes,stances")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, os.cpu_count()])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs="+", help="peaks at these sizes, no rates")
    parser.add_argument("--options", nargs="*", default=[], help="more of batch, for --memory")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (memory if args.memory else speed)(args, pathlib.Path(folder))


if __name__ == "__main__":
    main()
