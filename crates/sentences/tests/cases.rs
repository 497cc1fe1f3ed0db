//! Cases with the reason for each, and the golden rules.

use standpoint_sentences::Splitter;
use standpoint_testkit::{assert_tiles, jsonl};

#[derive(serde::Deserialize)]
struct Case {
    text: String,
    sentences: Vec<String>,
    #[serde(default)]
    why: String,
    #[serde(default)]
    nested: Option<Vec<bool>>,
    #[serde(default)]
    wrapped: bool,
}

fn run(file: &str, count: Option<usize>) {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let cases: Vec<Case> = jsonl(path);
    assert!(count.is_none_or(|n| n == cases.len()));
    let mut wrong = String::new();
    for case in cases {
        let text = case.text.as_str();
        let sentences = Splitter::new().wrapped(case.wrapped).split(text);
        assert_tiles(text, sentences.iter().map(|s| s.span));
        let got: Vec<&str> = sentences.iter().map(|s| &text[s.trimmed(text)]).collect();
        let nested: Vec<bool> = sentences.iter().map(|s| s.nested).collect();
        if got != case.sentences || case.nested.is_some_and(|want| want != nested) {
            wrong += &format!(
                "\n{}\n  want {:?}\n   got {got:?} {nested:?}\n",
                case.why, case.sentences
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn cases() {
    run("cases.jsonl", None);
}

/// As published with pySBD (MIT, `data/LICENSE.pysbd`).
#[test]
fn golden_rules() {
    run("golden_rules_en.jsonl", Some(48));
}
