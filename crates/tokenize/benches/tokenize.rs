//! Speed in bytes a second: news, a line at a time, and the worst texts.
//!
//! `STANDPOINT_REUTERS` names a folder with the `.sgm` files of Reuters-21578; without it the news
//! is one article again and again.
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use standpoint_core::Span;
use standpoint_tokenize::tokenize;

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
    "\n",
    " ",
    "-",
    "\u{1f600}",
    "\u{201c}",
    "\u{2026}",
    "\u{2019}",
    "\u{e9}",
    "a-",
    "1-",
    "a.",
    ".a",
    "a/",
    "a@",
    "'a",
    "n't",
    "1. ",
    "1) ",
    "A's ",
    "U.S. ",
    "[1] ",
    "\u{201c} ",
];

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("tokenize");
    group.sample_size(10);
    let news = standpoint_testkit::news(ARTICLE);
    let mut at = 0;
    let lines: Vec<Span> = news
        .split_inclusive('\n')
        .map(|line| {
            at += line.len();
            Span::from_range(at - line.len()..at)
        })
        .collect();
    group.throughput(Throughput::Bytes(news.len() as u64));
    group.bench_function("news", |b| {
        b.iter(|| {
            lines
                .iter()
                .map(|&line| tokenize(black_box(&news), line).len())
                .sum::<usize>()
        });
    });
    for piece in WORST {
        let text = piece.repeat(MEGABYTE / piece.len());
        let all = Span::from_range(0..text.len());
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("{piece:?}"), |b| {
            b.iter(|| tokenize(black_box(&text), all))
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
