#!/usr/bin/env python3
"""Writes the encoder's fixtures: small seeded random models and PyTorch's hidden states for them.

    python scripts/make_encoder_fixtures.py [crates/encoder/tests/data] [TYPE ...]

Each folder is a Hugging Face model directory with `expected.safetensors` beside the model:
`ids`, the pieces of all windows one after the other; `types`, their token types; `ends`, where
each window ends; `states`, the last hidden states in 32-bit floats, each window run by itself.
Needs torch, transformers, tokenizers, safetensors; the versions used are in `made-with.txt`.
"""

import json
import sys
from pathlib import Path

import safetensors.torch
import tokenizers
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import AutoConfig, AutoModel

WORDS = """the minister of president said that he she they police party election government opposition
court leader news told a new in on to and was were for against people country city law spokes man
woman war peace money bank ##s ##ed ##ing ##er ##ly ##ment ##ion ##man""".split()
LENGTHS = [3, 17, 5, 33, 2]
SEED = 20260101


def wordpiece(cls="[CLS]", sep="[SEP]", pad="[PAD]", unk="[UNK]", mask="[MASK]", lowercase=True):
    """A BERT tokenizer over a small vocabulary that can spell any ASCII word."""
    marks = [chr(c) for c in range(33, 127) if not (chr(c).isupper() and lowercase)]
    letters = [f"##{c}" for c in marks if c.isalnum()]
    pieces = [pad, unk, cls, sep, mask] + [f"[unused{i}]" for i in range(8)]
    pieces += marks + ["é", "##é"] + letters + WORDS
    pieces = list(dict.fromkeys(pieces))
    tokenizer = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token=unk))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.BertProcessing(
        (sep, pieces.index(sep)), (cls, pieces.index(cls))
    )
    tokenizer.add_special_tokens([pad, unk, cls, sep, mask])
    return tokenizer


def bytelevel():
    """A RoBERTa tokenizer: bytes, and a few merges, with the space before a word in its pieces."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("Ġ", "t"), ("h", "e"), ("Ġt", "he"), ("i", "n"), ("Ġ", "s"), ("Ġs", "a")]
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] + alphabet + ["".join(m) for m in merges]
    tokenizer = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    return tokenizer


def fixture(**more):
    return {"lengths": LENGTHS, "dtype": torch.float32, "tokenizer": wordpiece, **more}


BERT = dict(
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=80,
    max_position_embeddings=48,
)
FIXTURES = {
    "bert": fixture(config=dict(BERT, model_type="bert", type_vocab_size=2)),
    "distilbert": fixture(
        config=dict(
            model_type="distilbert",
            dim=48,
            n_layers=2,
            n_heads=2,
            hidden_dim=100,
            max_position_embeddings=48,
        ),
        dtype=torch.float16,
        tokenizer=lambda: wordpiece(lowercase=False),
    ),
    "mpnet": fixture(
        config=dict(BERT, model_type="mpnet", max_position_embeddings=170, layer_norm_eps=1e-5),
        dtype=torch.bfloat16,
        # Longer than the 128 pieces beyond which all distances are one.
        lengths=LENGTHS + [150],
        tokenizer=lambda: wordpiece("<s>", "</s>", "<pad>", "<unk>", "<mask>"),
    ),
    "roberta": fixture(
        config=dict(BERT, model_type="roberta", type_vocab_size=1, pad_token_id=1),
        dtype=torch.float16,
        tokenizer=bytelevel,
    ),
    "electra": fixture(
        config=dict(BERT, model_type="electra", type_vocab_size=2, embedding_size=24),
        dtype=torch.float16,
    ),
    "albert": fixture(
        config=dict(
            BERT,
            model_type="albert",
            type_vocab_size=2,
            embedding_size=24,
            num_hidden_layers=4,
            num_hidden_groups=2,
            hidden_act="gelu_new",
        ),
        dtype=torch.float16,
    ),
    # As DeBERTa v3 is: distances in logarithmic buckets, projected by what projects content.
    "deberta-v2": fixture(
        config=dict(
            BERT,
            model_type="deberta-v2",
            relative_attention=True,
            position_buckets=16,
            norm_rel_ebd="layer_norm",
            share_att_key=True,
            pos_att_type="p2c|c2p",
            position_biased_input=False,
        ),
        dtype=torch.float16,
    ),
    # All that it may be beside: a vector for each distance up to a limit, projections of their own,
    # positions and token types in the embeddings.
    "deberta-v2-apart": fixture(
        config=dict(
            BERT,
            model_type="deberta-v2",
            relative_attention=True,
            max_relative_positions=12,
            pos_att_type=["c2p", "p2c"],
            type_vocab_size=2,
        ),
        dtype=torch.float16,
    ),
    "modernbert": fixture(
        config=dict(
            BERT,
            model_type="modernbert",
            num_hidden_layers=4,
            max_position_embeddings=128,
            local_attention=12,
            pad_token_id=0,
            **dict.fromkeys(["bos_token_id", "cls_token_id"], 2),
            **dict.fromkeys(["eos_token_id", "sep_token_id"], 3),
        ),
        dtype=torch.float16,
        # Longer than the queries that are scored together.
        lengths=LENGTHS + [100],
    ),
}


def randomize(model):
    """Weights as spread as trained ones, so that no part of a layer is near to nothing."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, value in model.named_parameters():
            noise = torch.randn(value.shape, generator=generator)
            if "norm" in name.lower() and name.endswith("weight"):
                value.copy_(1 + 0.1 * noise)
            elif value.dim() == 1:
                value.copy_(0.1 * noise)
            else:
                value.copy_(noise * (1.5 / value.shape[-1] ** 0.5))


def inputs(spec, tokenizer, config):
    """Windows with the special pieces around random ones."""
    generator = torch.Generator().manual_seed(SEED + 1)
    cls, sep = tokenizer.encode("").ids
    for number, length in enumerate(spec["lengths"]):
        size = tokenizer.get_vocab_size()
        inner = torch.randint(5, size, (length - 2,), generator=generator).tolist()
        ids = [cls, *inner, sep]
        types = [0] * length
        if getattr(config, "type_vocab_size", 0) > 1 and number % 2:
            types = [0] * (length // 2) + [1] * (length - length // 2)
        yield ids, types


def write(folder, spec):
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = spec["tokenizer"]()
    tokenizer.save(str(folder / "tokenizer.json"))
    fields = dict(spec["config"], vocab_size=tokenizer.get_vocab_size())
    config = AutoConfig.for_model(**fields)
    model = AutoModel.from_config(config, attn_implementation="eager").eval()
    randomize(model)
    model.to(spec["dtype"]).save_pretrained(folder)
    model = AutoModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)
    model.eval()
    ids, types, ends, states = [], [], [], []
    with torch.no_grad():
        for window, kinds in inputs(spec, tokenizer, config):
            given = {"input_ids": torch.tensor([window])}
            if any(kinds):
                given["token_type_ids"] = torch.tensor([kinds])
            states.append(model(**given).last_hidden_state[0])
            ids += window
            types += kinds
            ends.append(len(ids))
    expected = {
        "ids": torch.tensor(ids, dtype=torch.int32),
        "types": torch.tensor(types, dtype=torch.uint8),
        "ends": torch.tensor(ends, dtype=torch.int32),
        "states": torch.cat(states).contiguous(),
    }
    safetensors.torch.save_file(expected, folder / "expected.safetensors")
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(f"{folder}: {size:,} bytes")


def quantized(folder, source):
    """A fixture with its products' weights as int8 with a scale per output row, in the layout of
    compressed-tensors, in two shards. Expected states are those of the rounded weights."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ["tokenizer.json", "config.json"]:
        (folder / name).write_bytes((source / name).read_bytes())
    tensors = safetensors.torch.load_file(source / "model.safetensors")
    stored, exact = {}, {}
    for number, (name, value) in enumerate(sorted(tensors.items())):
        value = value.float()
        if value.dim() == 2 and "embeddings" not in name and name.endswith(".weight"):
            scale = value.abs().amax(1, keepdim=True) / 127
            whole = (value / scale).round().clamp(-127, 127)
            stored[name] = whole.to(torch.int8)
            stored[f"{name}_scale"] = scale if number % 2 else scale.squeeze(1)
            exact[name] = whole * scale
        else:
            stored[name] = value
            exact[name] = value
    shards = [{}, {}]
    for number, name in enumerate(sorted(stored)):
        shards[number % 2][name] = stored[name].contiguous()
    weight_map = {}
    for number, shard in enumerate(shards, 1):
        file = f"model-{number:05}-of-00002.safetensors"
        safetensors.torch.save_file(shard, folder / file, metadata={"format": "pt"})
        weight_map |= {name: file for name in sorted(shard)}
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
    config = AutoConfig.from_pretrained(source)
    model = AutoModel.from_config(config, attn_implementation="eager").eval()
    missing = model.load_state_dict(exact, strict=False).missing_keys
    assert not missing, missing
    expected = safetensors.torch.load_file(source / "expected.safetensors")
    states, start = [], 0
    with torch.no_grad():
        for end in expected["ends"].tolist():
            window = expected["ids"][start:end].long()[None]
            kinds = expected["types"][start:end].long()[None]
            states.append(model(input_ids=window, token_type_ids=kinds).last_hidden_state[0])
            start = end
    expected["states"] = torch.cat(states).contiguous()
    safetensors.torch.save_file(expected, folder / "expected.safetensors")


def main():
    root = Path(__file__).parent.parent / "crates/encoder/tests/data"
    args = sys.argv[1:]
    if args and args[0] not in FIXTURES:
        root = Path(args.pop(0))
    for name in args or FIXTURES:
        write(root / name, FIXTURES[name])
    if not args or "bert" in args:
        quantized(root / "bert-int8", root / "bert")
    versions = [torch, transformers, tokenizers, safetensors]
    lines = [f"{m.__name__} {m.__version__}\n" for m in versions]
    (root / "made-with.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
