//! Speed in bytes a second: an article again and again, and the worst texts.
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use standpoint_core::Span;
use standpoint_tokenize::tokenize;

const ARTICLE: &str = include_str!("../../../tests/data/rfa_cambodia_article.txt");
const MEGABYTE: usize = 1 << 20;

fn texts() -> Vec<(&'static str, String)> {
    let repeated = |text: &str| text.repeat(MEGABYTE.div_ceil(text.len()));
    vec![
        ("article", repeated(ARTICLE)),
        ("dots", repeated(".")),
        ("quotes", repeated("\"")),
        ("apostrophes", repeated("'")),
        ("hyphens in a word", repeated("a-")),
        ("stops in a word", repeated("a.")),
        ("one word", repeated("a")),
        ("newlines", repeated("\n")),
    ]
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("tokenize");
    group.sample_size(20);
    for (name, text) in texts() {
        let all = Span::from_range(0..text.len());
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| tokenize(black_box(&text), all)));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
