"""Writes the trained reader as model directories with int8 weights, and reads them back.

Matrices rest as int8 with one scale per output row, in the `compressed-tensors` layout that
`transformers` opens as it is; vectors and the small heads rest in F32.
"""

import hashlib
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from .corpora import CONLL_KINDS, NEWS_KINDS, bio_labels
from .model import GAPS, LINK_DIM, RELATIONS, SEQUENCES, Reader
from .windows import CLOSING, OPENING, STRAIGHT, WINDOW

LAYERS = "transformer.layer."


def quantised(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """int8 values and one F32 scale a row, `[rows, 1]`: of several the one that errs least."""
    largest = weight.abs().amax(1, keepdim=True).clamp_min(1e-12)
    best_scale, best_error = None, None
    for part in torch.linspace(0.8, 1.0, 21).tolist():
        scale = largest * part / 127
        values = (weight / scale).round().clamp(-127, 127)
        error = (values * scale - weight).square().sum(1, keepdim=True)
        if best_scale is None:
            best_scale, best_error = scale, error
        else:
            better = error < best_error
            best_scale = torch.where(better, scale, best_scale)
            best_error = torch.where(better, error, best_error)
    values = (weight / best_scale).round().clamp(-127, 127).to(torch.int8)
    return values, best_scale.float()


def quantise_all(state: dict[str, torch.Tensor], chosen) -> dict[str, torch.Tensor]:
    """The state with its chosen matrices as int8 and scale."""
    out = {}
    for name, value in state.items():
        value = value.detach().float().contiguous()
        if chosen(name, value):
            out[name], out[f"{name}_scale"] = quantised(value)
        else:
            out[name] = value
    return out


def restored(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a model file, int8 ones multiplied by their scales."""
    stored = load_file(path)
    return {
        name: value.float() * stored[f"{name}_scale"] if value.dtype == torch.int8 else value
        for name, value in stored.items()
        if not name.endswith("weight_scale")
    }


DECODING = {
    "news": {"agreement": 0.7, "opening": 0.6},
    "conll": {"agreement": 0.7, "opening": 0.3},
}
"""How much mentions of one name in a document are made to agree, and what opening an entity costs:
tuned on dev with the recognizer, which reads both from `config.json`."""

QUOTE_DECODING = {
    "bias": {"source": 1.5, "cue": 1.5},
    "join": 1.0,
    "apart": 1.5,
    "score": [0.7, 1.18],
    "threshold": 0.411,
}
"""The same for quotations, with scale and offset of an attribution's log odds."""

QUANTIZATION = {
    "quant_method": "compressed-tensors",
    "format": "naive-quantized",
    "quantization_status": "compressed",
    "config_groups": {
        "group_0": {
            "targets": ["Linear", "Embedding"],
            "format": "naive-quantized",
            "weights": {
                "num_bits": 8,
                "type": "int",
                "symmetric": True,
                "strategy": "channel",
                "dynamic": False,
            },
            "input_activations": None,
            "output_activations": None,
        }
    },
    "ignore": ["classifier"],
}
QUOTE_HEADS_IN_F32 = [
    "tagger",
    "content_projection",
    "cue_projection",
    "source_projection",
    "no_link",
    "mark_embeddings",
    "boundary_embeddings",
]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_sums(folder: Path) -> None:
    """SHA256SUMS over the folder's other files, as `sha256sum` writes it."""
    files = sorted(p for p in folder.iterdir() if p.name != "SHA256SUMS")
    lines = [f"{sha256(path)}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


def labels(kinds) -> dict[str, str]:
    return {str(at): tag for at, tag in enumerate(bio_labels(kinds))}


def export_entities(model: Reader, base: Path, folder: Path, temperatures: dict) -> None:
    """The encoder with its entity heads, as a DistilBertForTokenClassification directory."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v for k, v in model.state_dict().items() if not k.startswith("quotes.")}
    chosen = lambda name, value: name.startswith("distilbert.") and value.ndim == 2  # noqa: E731
    save_file(quantise_all(state, chosen), folder / "model.safetensors", {"format": "pt"})
    config = json.loads((base / "config.json").read_text())
    id2label = labels(NEWS_KINDS)
    config |= {
        "architectures": ["DistilBertForTokenClassification"],
        "id2label": id2label,
        "label2id": {label: int(at) for at, label in id2label.items()},
        "tie_word_embeddings": False,
        "dtype": "float32",
        "quantization_config": QUANTIZATION,
        "temperature": temperatures,
        "ner": {
            "window": WINDOW,
            **DECODING["news"],
            "scores": {"temperature": temperatures["news"], "slope": 1.0, "offset": 0.0},
            "conll": {
                "classifier": "conll_classifier",
                "id2label": labels(CONLL_KINDS),
                **DECODING["conll"],
                "scores": {"temperature": temperatures["conll"], "slope": 1.0, "offset": 0.0},
            },
        },
    }
    write_json(folder / "config.json", config)
    shutil.copyfile(base / "tokenizer.json", folder / "tokenizer.json")
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "do_lower_case": False,
            "model_max_length": 512,
            "cls_token": "[CLS]",
            "sep_token": "[SEP]",
            "pad_token": "[PAD]",
            "unk_token": "[UNK]",
            "mask_token": "[MASK]",
        },
    )


def export_quotes(model: Reader, base: Path, folder: Path, encoder: Path, temperatures) -> None:
    """The quotation top, which stands on the states of the encoder in `encoder`."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name.replace("layer.", LAYERS, 1) if name.startswith("layer.") else name: value
        for name, value in model.quotes.state_dict().items()
    }
    chosen = lambda name, value: name.startswith(LAYERS) and value.ndim == 2  # noqa: E731
    save_file(quantise_all(state, chosen), folder / "model.safetensors", {"format": "pt"})
    config = json.loads((base / "config.json").read_text())
    for key in ("id2label", "label2id", "ner", "quantization_config"):
        config.pop(key, None)
    config |= {
        "architectures": ["QuotationTop"],
        "n_layers": len(model.quotes.layer),
        "encoder": {"directory": encoder.name, "sha256": sha256(encoder / "model.safetensors")},
        "temperature": temperatures,
        "quantization_config": {**QUANTIZATION, "ignore": QUOTE_HEADS_IN_F32},
        "quotes": {
            "window": WINDOW,
            "sequences": list(SEQUENCES),
            "tags": ["O", "B", "I"],
            "marks": {
                "opening": sorted(OPENING),
                "closing": sorted(CLOSING),
                "straight": [STRAIGHT],
            },
            "relations": list(RELATIONS),
            "link_dim": LINK_DIM,
            "gaps": list(GAPS),
            **QUOTE_DECODING,
        },
    }
    write_json(folder / "config.json", config)


def load_exported(entities: Path, quotes: Path) -> Reader:
    """The reader back from its two directories, in F32."""
    config = json.loads((entities / "config.json").read_text())
    top = json.loads((quotes / "config.json").read_text())
    tags = len(config["id2label"]), len(config["ner"]["conll"]["id2label"])
    model = Reader(config, *tags, top["n_layers"])
    state = restored(entities / "model.safetensors")
    for name, value in restored(quotes / "model.safetensors").items():
        state["quotes." + name.removeprefix("transformer.")] = value
    model.load_state_dict(state)
    return model
