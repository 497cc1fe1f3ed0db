//! Holds the crate to `transformers`' pipeline, entity by entity, on small seeded models of each
//! kind; scripts/make_ner_fixtures.py made them and what is expected.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use standpoint_core::{EntityKind, Sentence, Span, Token, TokenKind};
use standpoint_encoder::{Kernel, Scratch};
use standpoint_ner::{Aggregation, Decoding, Ner, Options};

#[derive(Deserialize)]
struct Expected {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    words: Vec<(u32, u32)>,
    #[serde(flatten)]
    entities: BTreeMap<String, Vec<Found>>,
}

#[derive(Deserialize)]
struct Found {
    label: String,
    start: u32,
    end: u32,
    score: f32,
}

#[track_caller]
fn check(model: &str) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(model);
    let expected: Expected =
        serde_json::from_str(&standpoint_testkit::read(dir.join("expected.json"))).unwrap();
    let ner = Ner::open(dir.as_path(), Kernel::Portable).unwrap();
    let mut scratch = Scratch::default();
    let mut compared = 0;
    for case in &expected.cases {
        let text = case.text.as_str();
        let sentence = Sentence {
            span: Span::from_range(0..text.len()),
            nested: false,
        };
        let word = |&(start, end): &(u32, u32)| Token {
            span: Span::new(start, end),
            kind: TokenKind::Word,
        };
        let tokens: Vec<Token> = case.words.iter().map(word).collect();
        let reading = ner.read(text, &[sentence], &tokens, &mut scratch);
        for (way, aggregation) in [
            ("first", Aggregation::First),
            ("max", Aggregation::Max),
            ("average", Aggregation::Average),
        ] {
            let options = Options {
                aggregation,
                decoding: Decoding::Greedy,
                ..Options::default()
            };
            let got = ner
                .with(options)
                .entities(text, &[sentence], &tokens, &reading);
            let want = &case.entities[way];
            for (got, want) in got.iter().zip(want) {
                let place = format!("{model}, {way}, {text}: {got:?}");
                assert_eq!(got.span, Span::new(want.start, want.end), "{place}");
                assert_eq!(
                    got.kind,
                    want.label.parse::<EntityKind>().unwrap(),
                    "{place}"
                );
                assert!(
                    (got.score - want.score).abs() < 1e-3,
                    "{place}, not {}",
                    want.score
                );
            }
            assert_eq!(got.len(), want.len(), "{model}, {way}, {text}");
            compared += got.len();
        }
    }
    assert!(compared > 100, "{model}: only {compared} entities compared");
}

#[test]
fn bert_cased_wordpiece_iob2() {
    check("bert-cased-iob2");
}

#[test]
fn bert_uncased_wordpiece_iob1() {
    check("bert-uncased-iob1");
}

#[test]
fn distilbert_cased_wordpiece_plain_labels() {
    check("distilbert-cased-plain");
}

#[test]
fn mpnet_uncased_wordpiece_iob2() {
    check("mpnet-uncased-iob2");
}

#[test]
fn roberta_byte_pairs_iob2() {
    check("roberta-bpe-iob2");
}

#[test]
fn xlm_roberta_sentencepiece_iob1() {
    check("xlm-roberta-sentencepiece-iob1");
}

#[test]
fn electra_uncased_wordpiece_iob2() {
    check("electra-uncased-iob2");
}

#[test]
fn albert_sentencepiece_iob2() {
    check("albert-sentencepiece-iob2");
}

#[test]
fn deberta_v2_sentencepiece_iob2() {
    check("deberta-v2-sentencepiece-iob2");
}

#[test]
fn modernbert_byte_pairs_iob2() {
    check("modernbert-bpe-iob2");
}

#[test]
fn every_fixture_is_checked() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut models: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    models.sort();
    let names: Vec<_> = models
        .iter()
        .map(|m| m.file_name().unwrap().to_str().unwrap())
        .collect();
    let source = include_str!("parity.rs");
    for name in &names {
        assert!(
            source.contains(&format!("check(\"{name}\")")),
            "{name} has no test"
        );
    }
    assert_eq!(names.len(), 10);
}
