//! Cases with the reason for each, and a few sentences of the English Web Treebank.

use standpoint_core::Span;
use standpoint_testkit::{jsonl, read};
use standpoint_tokenize::tokenize;

#[derive(serde::Deserialize)]
struct Case {
    text: String,
    words: String,
    why: String,
}

fn words(text: &str) -> String {
    let tokens = tokenize(text, Span::from_range(0..text.len()));
    tokens
        .iter()
        .map(|t| &text[t.span])
        .collect::<Vec<_>>()
        .join(" ")
}

fn data(file: &str) -> String {
    format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn cases() {
    let mut wrong = String::new();
    for case in jsonl::<Case>(data("cases.jsonl")) {
        let got = words(&case.text);
        if got != case.words {
            wrong += &format!("\n{}\n  want {}\n   got {got}\n", case.why, case.words);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn sentences_of_the_treebank() {
    let file = read(data("ewt_sample.conllu"));
    let mut sentences = 0;
    for block in file
        .split("\n\n")
        .filter(|block| block.contains("# text = "))
    {
        let text = block
            .lines()
            .find_map(|line| line.strip_prefix("# text = "))
            .expect("a text");
        let want: Vec<&str> = block
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split('\t').collect::<Vec<_>>())
            .filter(|columns| columns[0].bytes().all(|b| b.is_ascii_digit()))
            .map(|columns| columns[1])
            .collect();
        assert_eq!(words(text), want.join(" "));
        sentences += 1;
    }
    assert_eq!(sentences, 6);
}

#[derive(serde::Deserialize)]
struct KindCase {
    word: String,
    kind: String,
    why: String,
}

#[test]
fn kinds() {
    for case in jsonl::<KindCase>(data("kinds.jsonl")) {
        let text = format!("See {} there.", case.word);
        let tokens = tokenize(&text, Span::from_range(0..text.len()));
        let found = tokens.iter().find(|t| text[t.span] == case.word);
        let kind = found.map(|t| format!("{:?}", t.kind));
        assert_eq!(
            kind.as_ref(),
            Some(&case.kind),
            "{}: {}",
            case.word,
            case.why
        );
    }
}

#[test]
fn a_part_of_a_text_is_split_by_itself() {
    let text = "It rained. We left.";
    let tokens = tokenize(text, Span::new(11, 19));
    assert_eq!(tokens[0].span, Span::new(11, 13));
    assert_eq!(tokens.len(), 3);
}
