"""Makes crates/ner/tests/fixtures: small seeded models and what `transformers` finds with them.

    python scripts/make_ner_fixtures.py [NAME ...]

needs torch, transformers, tokenizers and safetensors (the versions used are written into
expected.json); no network. Each folder is a token-classification directory with random weights,
wide enough spread that the labels of a sentence differ. The subwords are trained on the sentences
below. expected.json holds the entities of `pipeline(..., aggregation_strategy=...)` for each way that
keeps words whole, and the words it was computed on: what the pipeline takes for a word depends on the
kind of subwords, and here words are an input. All offsets are bytes. The subwords come out a little
different each time, as ties are broken by chance.
"""

import itertools
import json
import pathlib
import shutil
import sys

import tokenizers
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers.pipelines.token_classification import AggregationStrategy

OUT = pathlib.Path(__file__).resolve().parent.parent / "crates/ner/tests/fixtures"

SENTENCES = [
    "Cambodia's Kem Sokha met Ban Ki-moon in Phnom Penh on Tuesday.",
    "The Cambodia National Rescue Party (CNRP) won 55 of 123 seats, Radio Free Asia reported.",
    "José Peña of São Paulo's Universidade Federal said: “No comment.”",
    "U.S. Secretary of State Antony Blinken left Abuja for N'Djamena, Chad.",
    "Nigerian naira fell 3.5% to N1,580 per dollar in Lagos",
    "EU's Borrell, Türkiye's Çavuşoğlu and Vietnam's Phạm Minh Chính spoke in Kraków.",
]

# Lets every word begin with a piece that has a letter in it, as in a vocabulary of usual size: to
# the pipeline a piece that is nothing but the mark of a space is a word of its own.
STARTS = [" ".join(sorted({word[:1] for text in SENTENCES for word in text.split()}))] * 9

IOB2 = ["O"] + [f"{p}-{k}" for k in ("PER", "ORG", "LOC", "MISC") for p in "BI"]
IOB1 = ["B-LOC", "B-MISC", "B-ORG", "I-LOC", "I-MISC", "I-ORG", "I-PER", "O"]
PLAIN = ["O", "PER", "ORG", "LOC", "MISC"]
SIZE = {"hidden": 32, "layers": 2, "heads": 4, "ffn": 64, "positions": 96}


def wordpiece(lower: bool, cls: str, sep: str, pad: str, unk: str, mask: str) -> Tokenizer:
    tok = Tokenizer(models.WordPiece(unk_token=unk))
    tok.normalizer = normalizers.BertNormalizer(lowercase=lower)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tok.decoder = decoders.WordPiece()
    special = [pad, unk, cls, sep, mask]
    tok.train_from_iterator(
        SENTENCES, trainers.WordPieceTrainer(vocab_size=160, special_tokens=special, show_progress=False)
    )
    return frame(tok, cls, sep)


def bpe(cls: str, sep: str, pad: str, unk: str, mask: str) -> Tokenizer:
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    tok.train_from_iterator(
        SENTENCES + [f" {start}" for start in STARTS],
        trainers.BpeTrainer(
            vocab_size=420,
            special_tokens=[cls, pad, sep, unk, mask],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tok.post_processor = processors.RobertaProcessing(
        (sep, tok.token_to_id(sep)), (cls, tok.token_to_id(cls)), add_prefix_space=False
    )
    return tok


def unigram(cls: str, sep: str, pad: str, unk: str, mask: str) -> Tokenizer:
    """Pieces of one to three letters, at the start of a word and inside; their scores favour long
    ones and shun a bare mark of a space (see STARTS)."""
    words = sorted({word for text in SENTENCES for word in text.split()})
    marked = [f"\u2581{word}" for word in words]
    letters = sorted({c for word in words for c in word}) + sorted({m[:2] for m in marked})
    longer = sorted({m[i : i + n] for m in marked for i in range(len(m)) for n in (2, 3, 4)} - set(letters))
    special = [(piece, 0.0) for piece in (cls, pad, sep, unk, mask)]
    scored = [(p, -9.0) for p in letters] + [(p, -10.0 - i % 7) for i, p in enumerate(longer[::4])]
    tok = Tokenizer(models.Unigram([*special, ("\u2581", -99.0), *scored], unk_id=3, byte_fallback=False))
    tok.normalizer = normalizers.NFKC()
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tok.decoder = decoders.Metaspace()
    return frame(tok, cls, sep)


def frame(tok: Tokenizer, cls: str, sep: str) -> Tokenizer:
    tok.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} $B {sep}",
        special_tokens=[(cls, tok.token_to_id(cls)), (sep, tok.token_to_id(sep))],
    )
    return tok


def bert_like(config_class, labels, vocab, **more):
    return config_class(
        vocab_size=vocab,
        hidden_size=SIZE["hidden"],
        num_hidden_layers=SIZE["layers"],
        num_attention_heads=SIZE["heads"],
        intermediate_size=SIZE["ffn"],
        max_position_embeddings=SIZE["positions"],
        id2label=dict(enumerate(labels)),
        label2id={name: i for i, name in enumerate(labels)},
        **more,
    )


def distilbert(labels, vocab):
    return transformers.DistilBertConfig(
        vocab_size=vocab,
        dim=SIZE["hidden"],
        n_layers=SIZE["layers"],
        n_heads=SIZE["heads"],
        hidden_dim=SIZE["ffn"],
        max_position_embeddings=SIZE["positions"],
        id2label=dict(enumerate(labels)),
        label2id={name: i for i, name in enumerate(labels)},
    )


BERT = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"}
XLM = {"cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>",
       "bos_token": "<s>", "eos_token": "</s>"}
BERT_MARKS = ("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]")
XLM_MARKS = ("<s>", "</s>", "<pad>", "<unk>", "<mask>")

CASES = {
    "bert-cased-iob2": lambda: (wordpiece(False, *BERT_MARKS), BERT, IOB2, lambda labels, v: bert_like(transformers.BertConfig, labels, v)),
    "bert-uncased-iob1": lambda: (wordpiece(True, *BERT_MARKS), BERT, IOB1, lambda labels, v: bert_like(transformers.BertConfig, labels, v)),
    "distilbert-cased-plain": lambda: (wordpiece(False, *BERT_MARKS), BERT, PLAIN, distilbert),
    "mpnet-uncased-iob2": lambda: (wordpiece(True, *XLM_MARKS), XLM, IOB2, lambda labels, v: bert_like(transformers.MPNetConfig, labels, v, pad_token_id=2)),
    "roberta-bpe-iob2": lambda: (bpe(*XLM_MARKS), XLM, IOB2, lambda labels, v: bert_like(transformers.RobertaConfig, labels, v, pad_token_id=1, type_vocab_size=1)),
    "xlm-roberta-sentencepiece-iob1": lambda: (unigram(*XLM_MARKS), XLM, IOB1, lambda labels, v: bert_like(transformers.XLMRobertaConfig, labels, v, pad_token_id=1, type_vocab_size=1)),
    "electra-uncased-iob2": lambda: (wordpiece(True, *BERT_MARKS), BERT, IOB2, lambda labels, v: bert_like(transformers.ElectraConfig, labels, v, embedding_size=16)),
    "albert-sentencepiece-iob2": lambda: (unigram(*XLM_MARKS), XLM, IOB2, lambda labels, v: bert_like(transformers.AlbertConfig, labels, v, embedding_size=16, pad_token_id=1, bos_token_id=0, eos_token_id=2)),
    "deberta-v2-sentencepiece-iob2": lambda: (unigram(*BERT_MARKS), BERT, IOB2, lambda labels, v: bert_like(transformers.DebertaV2Config, labels, v, pad_token_id=1, relative_attention=True, position_buckets=16, norm_rel_ebd="layer_norm", share_att_key=True, pos_att_type=["p2c", "c2p"], position_biased_input=False)),
    "modernbert-bpe-iob2": lambda: (bpe(*BERT_MARKS), BERT, IOB2, lambda labels, v: bert_like(transformers.ModernBertConfig, labels, v, pad_token_id=1, bos_token_id=0, cls_token_id=0, eos_token_id=2, sep_token_id=2, local_attention=12)),
}


def words(pipe, text: str) -> list[list[int]]:
    """The words that the pipeline's aggregation sees, as character offsets."""
    (inputs,) = pipe.preprocess(text, is_split_into_words=False)
    out = pipe.forward(inputs)
    pieces = pipe.gather_pre_entities(
        text,
        out["input_ids"][0],
        out["logits"][0].numpy(),
        out["offset_mapping"][0],
        out["special_tokens_mask"][0].numpy(),
        AggregationStrategy.FIRST,
    )
    found: list[list[int]] = []
    for piece in pieces:
        if piece["is_subword"] and found:
            found[-1][1] = piece["end"]
        else:
            found.append([piece["start"], piece["end"]])
    return found


def to_bytes(text: str, char: int) -> int:
    return len(text[:char].encode())


def seeded(config, seed: int):
    """A model with weights that differ enough for its labels to differ."""
    torch.manual_seed(seed)
    model = transformers.AutoModelForTokenClassification.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.25)
        model.classifier.weight.normal_(0, 0.5)
        model.classifier.bias.normal_(0, 0.3)
    # Stored in 16 bits, half the size; what is expected is computed in 32 from just these values.
    return model.half().float()


def make(name: str) -> None:
    tok, marks, labels, config = CASES[name]()
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tok, model_max_length=SIZE["positions"] - 4, **marks
    )
    # The first seed by which enough is found to compare.
    for seed in itertools.count(1):
        model = seeded(config(labels, tok.get_vocab_size()), seed)
        pipe = transformers.pipeline("ner", model=model, tokenizer=fast)
        cases = []
        for text in SENTENCES:
            case = {"text": text, "words": [[to_bytes(text, c) for c in word] for word in words(pipe, text)]}
            for way in ("first", "max", "average"):
                case[way] = [
                    {
                        "label": found["entity_group"],
                        "start": to_bytes(text, found["start"]),
                        "end": to_bytes(text, found["end"]),
                        "score": round(float(found["score"]), 6),
                    }
                    for found in pipe(text, aggregation_strategy=way)
                ]
            cases.append(case)
        if sum(len(case[way]) for case in cases for way in ("first", "max", "average")) > 120:
            break
    model.half().save_pretrained(folder)
    fast.save_pretrained(folder)
    versions = {m.__name__: m.__version__ for m in (torch, transformers, tokenizers)}
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (folder / "expected.json").write_text(
        f'{{"made_with": {json.dumps(versions)}, "seed": {seed},\n"cases": [\n{lines}\n]}}\n',
        encoding="utf-8",
    )
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(f"{name}: {size / 1000:.0f} kB, seed {seed}, entities {sum(len(c['first']) for c in cases)}")


if __name__ == "__main__":
    for name in sys.argv[1:] or CASES:
        make(name)
