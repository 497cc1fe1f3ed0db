//! Speed in bytes a second: an article again and again, and the worst texts.
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use standpoint_sentences::{Splitter, split};

const ARTICLE: &str = include_str!("../../../tests/data/rfa_cambodia_article.txt");
const MEGABYTE: usize = 1 << 20;

fn texts() -> Vec<(&'static str, String)> {
    let repeated = |text: &str| text.repeat(MEGABYTE.div_ceil(text.len()));
    vec![
        ("article", repeated(ARTICLE)),
        ("dots", repeated(".")),
        ("spaced dots", repeated(". ")),
        ("quotes", repeated("\"")),
        ("one word", repeated("a")),
        ("initials", repeated("A. ")),
        ("capitals", repeated("Aa ")),
        ("newlines", repeated("\n")),
        ("short lines", repeated("a\n")),
        ("wide spaces", repeated("\u{3000}")),
    ]
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("split");
    group.sample_size(20);
    for (name, text) in texts() {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| split(black_box(&text))));
    }
    let text = ARTICLE.repeat(MEGABYTE / ARTICLE.len());
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("article, streamed", |b| {
        b.iter(|| Splitter::new().read(black_box(text.as_bytes())).count());
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
