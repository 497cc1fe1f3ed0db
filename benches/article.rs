//! Each stage on its own, the whole analysis, and opening the models: the article in `tests/data`,
//! the models in `models/`, one thread, on the fastest kernel of this machine and on the portable
//! one.
//!
//!     cargo bench --bench article

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use standpoint_core::Document;
use standpoint_encoder::Kernel;
use standpoint_ner::Ner;
use standpoint_pipeline::{Quotations, Scratch, Stages};
use standpoint_quotes::Tagger;
use standpoint_stance::{Annotated, Stances};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The newest model for a task, as the program chooses it.
fn model(task: &str) -> PathBuf {
    let models = std::fs::read_dir(Path::new(ROOT).join("models")).expect("the models");
    models
        .map(|entry| entry.expect("a model").path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&format!("{task}-"))
        })
        .max()
        .expect("a model for the task")
}

fn article(c: &mut Criterion) {
    let path = Path::new(ROOT).join("tests/data/rfa_cambodia_article.txt");
    let text = std::fs::read_to_string(path).expect("the article");
    let doc = Document::new("article", text.as_str()).expect("a short text");
    let text = doc.text();

    for (name, kernel) in [("fastest", Kernel::Auto), ("portable", Kernel::Portable)] {
        let mut group = c.benchmark_group(format!("article, {name} kernel"));
        group.sample_size(10);
        let open = || {
            let ner = Ner::open(model("ner"), kernel).expect("the entity model");
            let tagger = Tagger::open(model("quotes"), kernel).expect("the quotation model");
            let stances = Stances::open(model("stance"), kernel).expect("the stance model");
            (ner, tagger, stances)
        };
        group.bench_function("open the models", |b| b.iter(open));

        let (ner, tagger, stances) = open();
        let scratch = &mut Scratch::default();
        group.bench_function("sentences", |b| {
            b.iter(|| standpoint_sentences::split(black_box(text)));
        });
        let sentences = standpoint_sentences::split(text);
        let words = || -> Vec<_> {
            let spans = sentences.iter().map(|sentence| sentence.span);
            spans
                .flat_map(|span| standpoint_tokenize::tokenize(black_box(text), span))
                .collect()
        };
        group.bench_function("words", |b| b.iter(words));
        let tokens = words();
        group.bench_function("encoder", |b| {
            b.iter(|| ner.read(black_box(text), &sentences, &tokens, scratch));
        });
        let reading = ner.read(text, &sentences, &tokens, scratch);
        group.bench_function("entities", |b| {
            b.iter(|| ner.entities(black_box(text), &sentences, &tokens, &reading));
        });
        let entities = ner.entities(text, &sentences, &tokens, &reading);
        group.bench_function("actors", |b| {
            b.iter(|| standpoint_actors::resolve(black_box(text), &sentences, &tokens, &entities));
        });
        let actors = standpoint_actors::resolve(text, &sentences, &tokens, &entities);
        group.bench_function("quotes, tagger", |b| {
            b.iter(|| tagger.tag(black_box(text), &sentences, &tokens, &reading, scratch));
        });
        let tagged = tagger.tag(text, &sentences, &tokens, &reading, scratch);
        let extract = || {
            standpoint_quotes::extract(
                black_box(text),
                &sentences,
                &tokens,
                &entities,
                &actors,
                Some(&tagged),
            )
        };
        group.bench_function("quotes, rules and speakers", |b| b.iter(extract));
        let found = extract();
        let read = Annotated {
            text,
            sentences: &sentences,
            tokens: &tokens,
            actors: &found.actors,
            quotes: &found.quotes,
        };
        group.bench_function("stances", |b| {
            b.iter(|| stances.judge(black_box(&read), scratch));
        });

        let stages = Stages {
            ner: Some(ner),
            quotes: Quotations::Tagger(tagger),
            stances: Some(stances),
        };
        group.bench_function("all stages", |b| {
            b.iter(|| stages.analyze(black_box(&doc), scratch));
        });
        group.finish();
    }
}

criterion_group!(benches, article);
criterion_main!(benches);
