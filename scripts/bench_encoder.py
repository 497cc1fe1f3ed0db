#!/usr/bin/env python3
"""Measures the encoder against PyTorch and ONNX Runtime on the same weights and sentences.

    python scripts/bench_encoder.py MODEL [MODEL ...] --text FILE [--rounds 7] [--cores 1 2]

MODEL is a Hugging Face directory; FILE has a sentence a line. Engines run one after the other, a
pass over all sentences each, round after round, and stay open between: a machine that slows down
slows all of them. Peers are at their best: sorted by length, in batches of 1, 8 or 32 sentences,
whichever is fastest, padded to their longest, PyTorch with its fused attention, with weights in
bfloat16 too where the processor multiplies them, ONNX Runtime with its graph optimizations, and with
dynamic int8. Ours takes the sentences in the order of the file, 16 together. Counted are real
subwords, special ones included, without padding.

Two cores are two workers on halves of the sentences for ours and for ONNX Runtime's and PyTorch's
own two threads. With `--rust-bert` that backend's example, built where libtorch is set up, is in the
table too. Writes benches/runs/<date>-<cpu>/ with setup.txt, raw.csv and summary.md.

    pip install torch transformers onnx onnxruntime
"""

import argparse
import csv
import datetime
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = ["amx", "avx512", "avx2", "portable"]
BATCHES = [1, 8, 32]
PEERS = ["torch-f32", "torch-bf16", "onnx-int8", "onnx-f32", "rust-bert"]


def tokenized(model, text):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(model) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    lines = [line.strip() for line in Path(text).read_text().splitlines() if line.strip()]
    return [tokenizer.encode(line).ids for line in lines]


def batches_of(windows, size):
    import torch

    windows = sorted(windows, key=len)
    for at in range(0, len(windows), size):
        part = windows[at : at + size]
        longest = max(map(len, part))
        ids = torch.tensor([w + [0] * (longest - len(w)) for w in part])
        mask = torch.tensor([[1] * len(w) + [0] * (longest - len(w)) for w in part])
        yield ids, mask


def dequantized(model):
    """The model with weights as floats, as PyTorch reads them, for the peers."""
    import safetensors.torch
    import torch
    from transformers import AutoConfig, AutoModel

    config = AutoConfig.from_pretrained(model)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    tensors = safetensors.torch.load_file(Path(model) / "model.safetensors")
    floats = {}
    for name, value in tensors.items():
        if name.endswith("_scale"):
            continue
        scale = tensors.get(f"{name}_scale")
        value = value.float()
        floats[name] = value if scale is None else value * scale.view(-1, 1)
    encoder = AutoModel.from_config(config, attn_implementation="sdpa").to(torch.float32)
    prefix = encoder.base_model_prefix + "."
    floats = {name.removeprefix(prefix): value for name, value in floats.items()}
    missing = encoder.load_state_dict(floats, strict=False).missing_keys
    assert not [name for name in missing if "pooler" not in name], missing
    return encoder.eval()


def worker(engine, model, windows, threads):
    """Loads a peer, says so, and runs one pass for each line on the standard input."""
    import torch

    torch.set_num_threads(threads)
    windows = [[int(n) for n in line.split()] for line in Path(windows).read_text().splitlines()]
    batches = {size: list(batches_of(windows, size)) for size in BATCHES}
    encoder = dequantized(model)
    if engine.startswith("torch"):
        encoder = encoder.to(torch.bfloat16 if engine == "torch-bf16" else torch.float32)

        def run(ids, mask):
            with torch.inference_mode():
                # Without a mask where nothing is padded: attention is then at its fastest.
                encoder(input_ids=ids, attention_mask=None if mask.all() else mask)
    else:
        run = onnx_runner(engine, encoder, threads, batches[BATCHES[-1]][-1])

    def seconds(size):
        wall, cpu = time.perf_counter(), time.process_time()
        for ids, mask in batches[size]:
            run(ids, mask)
        return time.perf_counter() - wall, time.process_time() - cpu

    run(*batches[BATCHES[0]][0])
    size = min(BATCHES, key=lambda size: seconds(size)[1])
    print("ready", size, flush=True)
    for _ in sys.stdin:
        print(*seconds(size), flush=True)


def onnx_runner(engine, encoder, threads, example):
    import onnxruntime
    import torch

    class States(torch.nn.Module):
        """The encoder with its inputs by place, as the exporter gives them."""

        def __init__(self):
            super().__init__()
            self.encoder = encoder

        def forward(self, ids, mask):
            return self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state

    folder = tempfile.mkdtemp()
    path = f"{folder}/model.onnx"
    axes = {0: "batch", 1: "length"}
    torch.onnx.export(
        States().eval(),
        example,
        path,
        input_names=["input_ids", "attention_mask"],
        output_names=["states"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "states": axes},
        opset_version=17,
        dynamo=False,
    )
    if engine == "onnx-int8":
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from onnxruntime.quantization.shape_inference import quant_pre_process

        quant_pre_process(path, f"{folder}/ready.onnx", skip_symbolic_shape=True)
        quantized = f"{folder}/int8.onnx"
        quantize_dynamic(
            f"{folder}/ready.onnx", quantized, weight_type=QuantType.QInt8, per_channel=True
        )
        path = quantized
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(ids, mask):
        session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})

    return run


class Engine:
    """An engine in a process of its own, which waits for each round."""

    def __init__(self, name, model, windows, threads, binary, rust_bert):
        if name == "rust-bert":
            command = [rust_bert, model, windows, "cpu", "-", str(threads)]
        elif name in PEERS:
            command = [sys.executable, __file__, "--worker", name, model, windows, str(threads)]
        else:
            command = [binary, model, windows, name, "-", str(threads)]
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        line = self.process.stdout.readline()
        while line and not line.startswith("ready") and "opened" not in line:
            line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{name} did not start")
        ours = "32" if name == "rust-bert" else "16"
        self.batch = line.split()[1] if line.startswith("ready") else ours

    def round(self):
        """Seconds by the clock and of processor time for one pass."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        wall, cpu = self.process.stdout.readline().split()[:2]
        return float(wall), float(cpu)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def name_of(model):
    """A folder's name, or its parent's where that says nothing."""
    folder = Path(model)
    return folder.parent.name if folder.name == "model" else folder.name


def cpu_name():
    found = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    return found.group(1) if found else platform.processor()


def measure(args):
    binary = ROOT / "target/release/examples/throughput"
    binary = args.binary or binary
    name = re.sub(r"[^a-z0-9]+", "-", cpu_name().lower()).strip("-")
    out = Path(args.out) / f"{datetime.date.today()}-{name}"
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for model in args.models:
        model = str(Path(model).resolve())
        windows = tokenized(model, args.text)
        pieces = sum(map(len, windows))
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("".join(" ".join(map(str, w)) + "\n" for w in windows))
            file.flush()
            for cores in args.cores:
                engines = []
                for engine in args.engines:
                    try:
                        new = Engine(engine, model, file.name, cores, str(binary), args.rust_bert)
                        engines.append(new)
                    except RuntimeError as err:
                        print(err, file=sys.stderr)
                for engine in engines:
                    engine.round()  # warms up
                for number in range(args.rounds):
                    for engine in engines:
                        wall, cpu = engine.round()
                        rows.append(
                            dict(
                                model=name_of(model),
                                cores=cores,
                                engine=engine.name,
                                batch=engine.batch,
                                round=number,
                                pieces=pieces,
                                seconds=f"{wall:.4f}",
                                cpu_seconds=f"{cpu:.4f}",
                            )
                        )
                        print(*rows[-1].values(), sep="\t", file=sys.stderr)
                for engine in engines:
                    engine.close()
    with open(out / "raw.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    (out / "setup.txt").write_text(setup(args))
    (out / "summary.md").write_text(summary(rows))
    print((out / "summary.md").read_text())


def setup(args):
    def version(module):
        try:
            return __import__(module).__version__
        except ImportError:
            return "none"

    load = Path("/proc/loadavg").read_text().split()[0]
    lines = [f"cpu {cpu_name()}", f"cores used {args.cores}", f"load when finished {load}"]
    lines += [f"{m} {version(m)}" for m in ["torch", "transformers", "onnxruntime"]]
    return "\n".join(lines) + "\n"


def summary(rows):
    """Median pieces per second, by the clock and by processor time, and shares of the peers."""
    groups = {}
    for row in rows:
        groups.setdefault((row["model"], row["cores"]), {}).setdefault(row["engine"], []).append(row)
    lines = []
    for (model, cores), engines in groups.items():
        lines += [
            f"### {model}, {cores} core{'s' if cores > 1 else ''}",
            "",
            "| engine | pieces per second | per second of processor time | times "
            + " | times ".join(p for p in PEERS if p in engines)
            + " |",
            "|" + "---|" * (3 + sum(p in engines for p in PEERS)),
        ]

        def rate(engine, column):
            found = engines[engine]
            return statistics.median(r["pieces"] / max(float(r[column]), 1e-9) for r in found)

        for engine in engines:
            ratios = [
                f"{rate(engine, 'cpu_seconds') / rate(peer, 'cpu_seconds'):.2f}"
                for peer in PEERS
                if peer in engines
            ]
            cells = [engine, f"{rate(engine, 'seconds'):,.0f}", f"{rate(engine, 'cpu_seconds'):,.0f}"]
            lines.append("| " + " | ".join(cells + ratios) + " |")
        lines.append("")
    lines.append("Ratios are of processor time, which other programs on the machine disturb least.")
    return "\n".join(lines) + "\n"


def main():
    if sys.argv[1:2] == ["--worker"]:
        engine, model, windows, threads = sys.argv[2:6]
        return worker(engine, model, windows, int(threads))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--text", required=True, help="a sentence a line")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    # Without instructions for it bfloat16 takes PyTorch many times as long.
    slow = [] if "bf16" in Path("/proc/cpuinfo").read_text() else ["torch-bf16"]
    engines = [engine for engine in OURS + PEERS if engine not in [*slow, "rust-bert"]]
    parser.add_argument("--engines", nargs="+", default=engines)
    parser.add_argument("--binary", help="the example `throughput`, built")
    parser.add_argument("--rust-bert", help="the example `throughput` of backends/rust-bert, built")
    parser.add_argument("--out", default=str(ROOT / "benches/runs"))
    args = parser.parse_args()
    if args.rust_bert:
        args.engines.append("rust-bert")
    return measure(args)


if __name__ == "__main__":
    main()
