//! Joining names and resolving a source, for a text of one and of a hundred paragraphs.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use standpoint_actors::{Resolver, Scene, resolve};
use standpoint_core::Span;

#[path = "../tests/common/mod.rs"]
mod common;

const PARAGRAPH: &str = "The actress <P Ana Ruiz> met Mr. <P Kim> of the <O United Nations> (<O UN>). \
    She left him there. Party spokesman <P Sok Eysan> told <O RFA> that <L Cambodia> would vote. ";

fn actors(c: &mut Criterion) {
    let mut group = c.benchmark_group("actors");
    for copies in [1, 100] {
        let marked = common::unmark(&PARAGRAPH.repeat(copies));
        let text = marked.text.as_str();
        let tokens = common::tokens(text);
        let sentences = common::sentences(text, &tokens);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("resolve", copies), text, |b, text| {
            b.iter(|| resolve(black_box(text), &sentences, &tokens, &marked.entities));
        });
        let actors = resolve(text, &sentences, &tokens, &marked.entities);
        group.bench_with_input(BenchmarkId::new("refer", copies), text, |b, text| {
            b.iter(|| {
                let resolver = Resolver::new(
                    black_box(text),
                    &sentences,
                    &tokens,
                    &marked.entities,
                    &actors,
                    &[],
                );
                sentences
                    .iter()
                    .filter_map(|s| {
                        let start = s.span.start();
                        resolver
                            .refer(Span::new(start, start + 3), &Scene::default())
                            .actor
                    })
                    .count()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, actors);
criterion_main!(benches);
