//! Quotations by rules, for a text of one and of a hundred copies of the article.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use standpoint_actors::resolve;
use standpoint_quotes::extract;

#[path = "../tests/layers/mod.rs"]
mod layers;

fn quotes(c: &mut Criterion) {
    let article = standpoint_testkit::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/rfa_cambodia_article.txt"
    ));
    let mut group = c.benchmark_group("quotes");
    for copies in [1, 100] {
        let text = article.repeat(copies);
        let (sentences, tokens) = layers::of(&text);
        let actors = resolve(&text, &sentences, &tokens, &[]);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("rules", copies), &text, |b, text| {
            b.iter(|| extract(black_box(text), &sentences, &tokens, &[], &actors, None));
        });
    }
    group.finish();
}

criterion_group!(benches, quotes);
criterion_main!(benches);
