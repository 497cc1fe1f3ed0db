//! The 48 English golden rules, as published with pySBD (MIT, `data/LICENSE.pysbd`).

use standpoint_sentences::split;

#[derive(serde::Deserialize)]
struct Rule {
    id: u32,
    text: String,
    sentences: Vec<String>,
}

#[test]
fn golden_rules() {
    let rules: Vec<Rule> = standpoint_testkit::jsonl(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/golden_rules_en.jsonl"
    ));
    assert_eq!(rules.len(), 48);
    let mut wrong = String::new();
    for rule in rules {
        let got: Vec<&str> = split(&rule.text)
            .iter()
            .map(|s| &rule.text[s.trimmed(&rule.text)])
            .collect();
        if got != rule.sentences {
            wrong += &format!("\n{}: want {:?}\n     got {got:?}", rule.id, rule.sentences);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
