//! Scores agree with the tools that the field scores with: fixtures of `scripts/make_eval_fixtures.py`.
#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use standpoint_core::Span;
use standpoint_eval::{
    Labeled, Outcome, Schema, Scores, Word, align_words, chunks, compare, count_entities, kinds,
    total,
};

#[derive(Deserialize)]
struct Fixture<T> {
    cases: Vec<T>,
}

fn cases<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let fixture: Fixture<T> = serde_json::from_str(&text).expect("a fixture");
    assert!(fixture.cases.len() > 30, "{name} has its cases");
    fixture.cases
}

fn triple(s: Scores) -> [f64; 3] {
    [s.precision, s.recall, s.f1]
}

#[test]
fn strict_scores_are_seqevals_to_the_last_bit() {
    #[derive(Deserialize)]
    struct Case {
        gold: Vec<Vec<String>>,
        predicted: Vec<Vec<String>>,
        micro: [String; 3],
        r#macro: [String; 3],
        support: u64,
    }
    let exactly = |s: &[String; 3]| s.each_ref().map(|s| s.parse::<f64>().expect("a number"));
    let read = |sentences: &[Vec<String>]| -> Vec<Vec<Labeled>> {
        sentences
            .iter()
            .map(|tags| {
                chunks(tags.iter().map(String::as_str))
                    .into_iter()
                    .map(|c| Labeled::new(Span::from_range(c.words), c.kind))
                    .collect()
            })
            .collect()
    };
    for (i, case) in cases::<Case>("seqeval.json").iter().enumerate() {
        let (gold, predicted) = (read(&case.gold), read(&case.predicted));
        let kinds = kinds(gold.iter().chain(&predicted).flatten());
        let counts: Vec<_> = gold
            .iter()
            .zip(&predicted)
            .map(|(g, p)| count_entities(&kinds, g, p))
            .collect();
        let sum = total(&counts);
        assert_eq!(
            triple(Scores::micro(&sum)),
            exactly(&case.micro),
            "case {i}, micro"
        );
        assert_eq!(
            triple(Scores::macro_mean(&sum)),
            exactly(&case.r#macro),
            "case {i}, macro"
        );
        assert_eq!(
            sum.iter().map(|c| c.gold).sum::<u64>(),
            case.support,
            "case {i}"
        );
    }
}

#[test]
fn schemas_are_nervaluates() {
    #[derive(Deserialize)]
    struct Overall {
        counts: [u64; 5],
        scores: [f64; 3],
    }
    #[derive(Deserialize)]
    struct Case {
        gold: Vec<Vec<(u32, u32, String)>>,
        predicted: Vec<Vec<(u32, u32, String)>>,
        overall: BTreeMap<String, Overall>,
    }
    let read = |spans: &[(u32, u32, String)]| -> Vec<Labeled> {
        spans
            .iter()
            .map(|(start, end, kind)| Labeled::new(Span::new(*start, *end), kind))
            .collect()
    };
    for (i, case) in cases::<Case>("nervaluate.json").iter().enumerate() {
        for schema in Schema::ALL {
            let mut sum = Outcome::default();
            for (gold, predicted) in case.gold.iter().zip(&case.predicted) {
                sum += compare(schema, &read(gold), &read(predicted));
            }
            let want = &case.overall[schema.name()];
            let got = [
                sum.correct,
                sum.incorrect,
                sum.partial,
                sum.missed,
                sum.spurious,
            ];
            assert_eq!(got, want.counts, "case {i}, {}", schema.name());
            for (got, want) in triple(sum.scores()).into_iter().zip(want.scores) {
                assert!(
                    (got - want).abs() < 1e-15,
                    "case {i}, {}: {got} {want}",
                    schema.name()
                );
            }
        }
    }
}

#[test]
fn words_align_as_the_shared_task_aligns_them() {
    #[derive(Deserialize)]
    struct Case {
        gold: Vec<Vec<String>>,
        predicted: Vec<Vec<String>>,
        counts: [usize; 3],
    }
    fn read(tokens: &[Vec<String>]) -> Vec<Word<'_>> {
        let mut at = 0;
        let mut words = Vec::new();
        for token in tokens {
            let span = Span::new(at, at + token[0].len() as u32);
            at = span.end();
            let multiword = token.len() > 1;
            let forms = if multiword { &token[1..] } else { &token[..] };
            words.extend(forms.iter().map(|form| Word {
                span,
                form,
                multiword,
            }));
        }
        words
    }
    for (i, case) in cases::<Case>("conll18.json").iter().enumerate() {
        let (gold, predicted) = (read(&case.gold), read(&case.predicted));
        let correct = align_words(&gold, &predicted).len();
        assert_eq!(
            [correct, predicted.len(), gold.len()],
            case.counts,
            "case {i}"
        );
    }
}
