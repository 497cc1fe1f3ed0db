//! Words a second: the whole stage, and what stands on top of the encoder alone.
//!
//! `cargo bench -p standpoint-ner` measures a small fixture, which shows changes in this crate's
//! own code. For a real model give its directory: `cargo bench -p standpoint-ner -- --model DIR`.

use std::path::PathBuf;

use criterion::{BenchmarkId, Criterion, Throughput};
use standpoint_core::{Sentence, Span, Token, TokenKind};
use standpoint_encoder::{Kernel, Scratch};
use standpoint_ner::Ner;

const PARAGRAPH: &str = "The Cambodia National Rescue Party 's deputy president , Kem Sokha , told Radio \
    Free Asia in Phnom Penh on Tuesday that Hun Sen 's government had no right to dissolve it .\n";

fn document(paragraphs: usize) -> (String, Vec<Sentence>, Vec<Token>) {
    let text = PARAGRAPH.repeat(paragraphs);
    let sentence = |i: usize| Sentence {
        span: Span::from_range(i * PARAGRAPH.len()..(i + 1) * PARAGRAPH.len()),
        nested: false,
    };
    let start = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let tokens = text.split_whitespace().map(|word| Token {
        span: Span::from_range(start(word)..start(word) + word.len()),
        kind: TokenKind::Word,
    });
    let tokens = tokens.collect();
    (text, (0..paragraphs).map(sentence).collect(), tokens)
}

fn main() {
    let mut args = std::env::args();
    let model = match args.by_ref().find(|arg| arg == "--model") {
        Some(_) => PathBuf::from(args.next().expect("a directory after --model")),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bert-cased-iob2"),
    };
    let ner = Ner::open(model.as_path(), Kernel::Auto).expect("a model");
    let mut criterion = Criterion::default().sample_size(10);
    let mut group = criterion.benchmark_group("ner");
    for paragraphs in [20, 400] {
        let (text, sentences, tokens) = document(paragraphs);
        let mut scratch = Scratch::default();
        let reading = ner.read(&text, &sentences, &tokens, &mut scratch);
        group.throughput(Throughput::Elements(tokens.len() as u64));
        group.bench_function(BenchmarkId::new("recognize", tokens.len()), |b| {
            b.iter(|| ner.recognize(&text, &sentences, &tokens, &mut scratch));
        });
        group.bench_function(BenchmarkId::new("entities", tokens.len()), |b| {
            b.iter(|| ner.entities(&text, &sentences, &tokens, &reading));
        });
    }
    group.finish();
}
