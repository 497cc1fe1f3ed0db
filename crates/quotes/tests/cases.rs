//! The cases of `tests/data`, by rules alone.

use serde::Deserialize;
use standpoint_actors::resolve;
use standpoint_core::{QuoteKind, SourceKind, SpeechAct, Warning};
use standpoint_quotes::extract;

#[path = "../../actors/tests/common/mod.rs"]
mod common;
mod layers;

#[derive(Deserialize)]
struct Case {
    why: String,
    text: String,
    quotes: Vec<Expected>,
    #[serde(default)]
    unclosed: usize,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Expected {
    kind: QuoteKind,
    content: Vec<String>,
    source: Option<String>,
    cue: Option<String>,
    speaker: Option<String>,
    source_kind: Option<SourceKind>,
    act: Option<SpeechAct>,
    #[serde(default)]
    negated: bool,
    #[serde(default)]
    hedged: bool,
}

#[test]
fn rules_find_what_is_said_and_by_whom() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/quotes.jsonl");
    let mut wrong = Vec::new();
    for case in standpoint_testkit::jsonl::<Case>(file) {
        let marked = common::unmark(&case.text);
        let text = marked.text.as_str();
        let (sentences, tokens) = layers::of(text);
        let actors = resolve(text, &sentences, &tokens, &marked.entities);
        let got = extract(text, &sentences, &tokens, &marked.entities, &actors, None);
        let quotes: Vec<Expected> = got
            .quotes
            .iter()
            .enumerate()
            .map(|(i, q)| {
                // What a case says nothing of is not compared.
                let want = case.quotes.get(i);
                Expected {
                    kind: q.kind,
                    content: q.content.iter().map(|&c| text[c].to_owned()).collect(),
                    source: q.source.map(|s| text[s].to_owned()),
                    cue: q.cue.map(|s| text[s].to_owned()),
                    speaker: q
                        .speaker
                        .map(|a| got.actors.actors[a as usize].name.clone()),
                    source_kind: want.and_then(|w| w.source_kind).map(|_| q.source_kind),
                    act: want.and_then(|w| w.act).map(|_| q.act),
                    negated: q.negated,
                    hedged: q.hedged,
                }
            })
            .collect();
        let unclosed = got
            .warnings
            .iter()
            .filter(|w| matches!(w, Warning::UnclosedQuote(_)))
            .count();
        if quotes != case.quotes || unclosed != case.unclosed {
            wrong.push(format!(
                "{}: {text}\n want {:?}, {} unclosed\n  got {quotes:?}, {unclosed} unclosed",
                case.why, case.quotes, case.unclosed
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
