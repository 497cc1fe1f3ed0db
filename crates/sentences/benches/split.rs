//! Speed in bytes a second: news, an article as a stream, and the worst texts.
//!
//! `STANDPOINT_REUTERS` names a folder with the `.sgm` files of Reuters-21578; without it the news
//! is one article again and again.
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use standpoint_sentences::{Splitter, split};

const ARTICLE: &str = include_str!("../../../tests/data/rfa_cambodia_article.txt");
const MEGABYTE: usize = 1 << 20;

/// Pieces that are repeated to a megabyte.
const WORST: &[&str] = &[
    ".",
    "\"",
    "'",
    "(",
    "[",
    "a",
    "A",
    "\n",
    " ",
    "-",
    "\u{1f600}",
    "\u{201c}",
    "\u{3000}",
    "1.",
    ". ",
    "! ",
    ". . . ",
    "\u{201c} ",
    "\u{1f600} ",
    "A ",
    "A, ",
    "Aa ",
    "A's ",
    "a. b. ",
    "Aa. ",
    "U.S. ",
    "Mr. ",
    "1. ",
    "1) ",
    "5 A ",
    "[1] ",
    "\u{2022} ",
    "a\n",
    ".\n",
    "A b\n",
];

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("split");
    group.sample_size(10);
    let news = standpoint_testkit::news(ARTICLE);
    group.throughput(Throughput::Bytes(news.len() as u64));
    group.bench_function("news", |b| b.iter(|| split(black_box(&news))));
    group.bench_function("news, streamed", |b| {
        b.iter(|| Splitter::new().read(black_box(news.as_bytes())).count());
    });
    for piece in WORST {
        let text = piece.repeat(MEGABYTE / piece.len());
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("{piece:?}"), |b| b.iter(|| split(black_box(&text))));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
