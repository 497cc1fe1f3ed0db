//! What every text and every caller can rely on.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use standpoint_core::{Entity, EntityKind, Sentence, Span, Token, TokenKind, Warning};
use standpoint_encoder::{Kernel, Scratch};
use standpoint_ner::{Aggregation, Decoding, Ner, Options, View};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn open(name: &str) -> Ner {
    Ner::open(fixture(name).as_path(), Kernel::Auto).unwrap()
}

/// Sentences end after newlines; words are between spaces.
fn segment(text: &str) -> (Vec<Sentence>, Vec<Token>) {
    let mut at = 0;
    let sentences = text
        .split_inclusive('\n')
        .map(|part| {
            let span = Span::from_range(at..at + part.len());
            at += part.len();
            Sentence {
                span,
                nested: false,
            }
        })
        .collect();
    let start = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let tokens = text
        .split_whitespace()
        .map(|word| Token {
            span: Span::from_range(start(word)..start(word) + word.len()),
            kind: TokenKind::Word,
        })
        .collect();
    (sentences, tokens)
}

fn recognize(ner: &Ner, text: &str, scratch: &mut Scratch) -> (Vec<Entity>, Vec<Warning>) {
    let (sentences, tokens) = segment(text);
    ner.recognize(text, &sentences, &tokens, scratch)
}

#[test]
fn models_go_between_threads() {
    fn assert_shared<T: Send + Sync + Clone>() {}
    assert_shared::<Ner>();
    let ner = open("bert-cased-iob2");
    let text = "Kem Sokha met Ban Ki-moon in Phnom Penh .";
    let alone = recognize(&ner, text, &mut Scratch::default());
    let elsewhere = std::thread::scope(|scope| {
        scope
            .spawn(|| recognize(&ner.clone(), text, &mut Scratch::default()))
            .join()
            .unwrap()
    });
    assert_eq!(alone, elsewhere);
}

#[test]
fn a_document_stands_alone() {
    let ner = open("distilbert-cased-plain");
    let texts = [
        "Kem Sokha met Ban Ki-moon in Phnom Penh .\nSokha spoke .",
        "",
        "EU 's Borrell and Türkiye 's Çavuşoğlu spoke in Kraków .",
        "Lagos\n\nLagos , Nigeria",
    ];
    let parts: Vec<_> = texts.iter().map(|text| segment(text)).collect();
    let sources: Vec<_> = texts
        .iter()
        .zip(&parts)
        .map(|(t, (s, w))| (*t, s.as_slice(), w.as_slice()))
        .collect();
    let mut scratch = Scratch::default();
    let together = ner.read_many(&sources, &mut scratch);
    for (&(text, sentences, tokens), reading) in sources.iter().zip(&together) {
        let in_batch = ner.entities(text, sentences, tokens, reading);
        let (alone, _) = ner.recognize(text, sentences, tokens, &mut Scratch::default());
        assert_eq!(in_batch, alone, "{text}");
    }
}

#[test]
fn a_hundred_thousand_words_are_read_whole() {
    let ner = open("bert-cased-iob2");
    // The same paragraph again and again, so that what is found near the end can be foretold.
    let paragraph = "Cambodia 's Kem Sokha met Ban Ki-moon in Phnom Penh on Tuesday .\n";
    let text = paragraph.repeat(7_700);
    let (sentences, tokens) = segment(&text);
    assert!(tokens.len() >= 100_000);
    let (entities, warnings) = ner.recognize(&text, &sentences, &tokens, &mut Scratch::default());
    assert_eq!(warnings, []);
    let mut found = vec![0; sentences.len()];
    for entity in &entities {
        found[entity.span.range().start / paragraph.len()] += 1;
    }
    assert!(found.iter().all(|&n| n > 0), "some sentence was not read");
}

#[test]
fn a_sentence_longer_than_the_window_is_read_in_parts_and_reported() {
    let ner = open("bert-cased-iob2");
    let text = format!("Lagos .\n{}", "Kem Sokha met Ban Ki-moon , ".repeat(200));
    let (entities, warnings) = recognize(&ner, &text, &mut Scratch::default());
    assert_eq!(
        warnings,
        [Warning::SplitSentence(Span::from_range(8..text.len()))]
    );
    let last = entities.last().expect("entities").span.range().end;
    assert!(
        last > text.len() - 200,
        "the last entity ends at {last} of {}",
        text.len()
    );
}

#[test]
fn a_view_without_a_head_of_its_own_is_the_main_one() {
    let ner = open("bert-cased-iob2");
    let text = "Kem Sokha met Ban Ki-moon in Phnom Penh .";
    let conll = ner.with(Options {
        view: View::Conll,
        ..Options::default()
    });
    let mut scratch = Scratch::default();
    assert_eq!(
        recognize(&ner, text, &mut scratch),
        recognize(&conll, text, &mut scratch)
    );
}

/// A fixture with an object `ner` in its `config.json`, in a folder of its own.
fn with_config(name: &str, ner: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        std::fs::copy(fixture(name).join(file), dir.path().join(file)).unwrap();
    }
    edit(
        dir.path(),
        "config.json",
        "\"id2label\"",
        &format!("\"ner\": {ner}, \"id2label\""),
    );
    dir
}

fn edit(dir: &Path, file: &str, from: &str, to: &str) {
    let path = dir.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_second_head_is_the_conll_view() {
    // The same tensors under other labels: persons there are places here, and so on.
    let ner = r#"{"conll": {"classifier": "classifier", "id2label": {"0": "O", "1": "B-LOC",
        "2": "I-LOC", "3": "B-MISC", "4": "I-MISC", "5": "B-PER", "6": "I-PER", "7": "B-ORG", "8": "I-ORG"}}}"#;
    let dir = with_config("bert-cased-iob2", ner);
    let news = Ner::open(dir.path(), Kernel::Auto).unwrap();
    let conll = news.with(Options {
        view: View::Conll,
        ..Options::default()
    });
    let text = "Kem Sokha met Ban Ki-moon in Phnom Penh on Tuesday .";
    let mut scratch = Scratch::default();
    let (mut expected, _) = recognize(&news, text, &mut scratch);
    let (got, _) = recognize(&conll, text, &mut scratch);
    assert!(!expected.is_empty());
    for entity in &mut expected {
        entity.kind = match entity.kind {
            EntityKind::Person => EntityKind::Location,
            EntityKind::Location => EntityKind::Person,
            EntityKind::Organization => EntityKind::Misc,
            _ => EntityKind::Organization,
        };
    }
    assert_eq!(got, expected);
}

#[test]
fn what_the_config_asks_for_is_done() {
    let text = "Kem Sokha met Ban Ki-moon in Phnom Penh on Tuesday .\nSokha met Kem Sokha .\n";
    let found = |ner: &str| {
        let dir = with_config("bert-cased-iob2", ner);
        let ner = Ner::open(dir.path(), Kernel::Auto).unwrap();
        recognize(&ner, text, &mut Scratch::default()).0
    };
    let plain = found("{}");
    assert!(!plain.is_empty());
    assert_eq!(found(r#"{"opening": 100}"#), []);
    assert_ne!(found(r#"{"agreement": 1}"#), plain);
    let places =
        |entities: &[Entity]| -> Vec<_> { entities.iter().map(|e| (e.span, e.kind)).collect() };
    let scored = found(r#"{"scores": {"slope": 2, "offset": -1}}"#);
    assert_eq!(places(&scored), places(&plain));
    for (got, before) in scored.iter().zip(&plain) {
        let p = f64::from(before.score);
        let expected = 1.0 / (1.0 + (1.0 - 2.0 * (p / (1.0 - p)).ln()).exp());
        assert!(
            (f64::from(got.score) - expected).abs() < 1e-4,
            "{got:?} {before:?}"
        );
    }
}

#[test]
fn what_does_not_open_is_named() {
    #[track_caller]
    fn check(change: impl FnOnce(&Path), words: &[&str]) {
        let dir = tempfile::tempdir().unwrap();
        for file in ["config.json", "tokenizer.json", "model.safetensors"] {
            std::fs::copy(fixture("bert-cased-iob2").join(file), dir.path().join(file)).unwrap();
        }
        change(dir.path());
        let err = Ner::open(dir.path(), Kernel::Auto).unwrap_err();
        assert!(
            err.path().starts_with(dir.path()),
            "{}",
            err.path().display()
        );
        for word in words {
            assert!(err.to_string().contains(word), "{err}");
        }
    }
    check(
        |dir| std::fs::remove_file(dir.join("config.json")).unwrap(),
        &["config.json"],
    );
    check(
        |dir| std::fs::remove_file(dir.join("model.safetensors")).unwrap(),
        &["model.safetensors"],
    );
    check(
        |dir| edit(dir, "config.json", "\"id2label\"", "\"labels\""),
        &["config.json", "no `id2label`"],
    );
    check(
        |dir| edit(dir, "config.json", "\"B-PER\"", "\"B-PLANET\""),
        &["`B-PLANET`", "\"kinds\""],
    );
    check(
        |dir| edit(dir, "config.json", "\"8\": \"I-MISC\"", "\"7\": \"B-MISC\""),
        &["8 labels", "[9, 32]"],
    );
    check(
        |dir| {
            edit(
                dir,
                "config.json",
                "\"model_type\": \"bert\"",
                "\"model_type\": \"gpt2\"",
            )
        },
        &["`gpt2`", "distilbert"],
    );
    for (ner, words) in [
        (r#"{"agreement": 1.5}"#, ["agreement", "from 0 to 1"]),
        (
            r#"{"scores": {"temperature": 0}}"#,
            ["temperature", "above 0"],
        ),
        (r#"{"scores": {"slope": -1}}"#, ["slope", "above 0"]),
        (
            r#"{"conll": {"classifier": "second", "id2label": {"0": "O"}}}"#,
            ["second.weight", "model.safetensors"],
        ),
    ] {
        let dir = with_config("bert-cased-iob2", ner);
        let err = Ner::open(dir.path(), Kernel::Auto).unwrap_err().to_string();
        assert!(words.iter().all(|word| err.contains(word)), "{err}");
    }
    check(
        |dir| {
            edit(
                dir,
                "config.json",
                "\"id2label\"",
                "\"ner\": {\"windows\": 9}, \"id2label\"",
            )
        },
        &["config.json", "windows"],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_fails(
        text in "(\\PC|[A-Z][a-z]{1,8} |\n|[ .,'’“\u{202e}\u{0}]){0,60}",
        aggregation in prop::sample::select(vec![Aggregation::First, Aggregation::Max, Aggregation::Average]),
        decoding in prop::sample::select(vec![Decoding::Best, Decoding::Greedy]),
        model in prop::sample::select(vec!["bert-uncased-iob1", "distilbert-cased-plain", "mpnet-uncased-iob2"]),
    ) {
        let ner = open(model).with(Options { aggregation, decoding, ..Options::default() });
        let (sentences, tokens) = segment(&text);
        let (entities, _) = ner.recognize(&text, &sentences, &tokens, &mut Scratch::default());
        let mut before = 0;
        for entity in entities {
            prop_assert!(entity.span.start() >= before, "overlap or disorder at {:?}", entity.span);
            before = entity.span.end();
            prop_assert!(tokens.iter().any(|t| t.span.start() == entity.span.start()));
            prop_assert!(tokens.iter().any(|t| t.span.end() == entity.span.end()));
            prop_assert!(sentences.iter().any(|s| s.span.covers(entity.span)), "across sentences");
            prop_assert!((0.0..=1.0).contains(&entity.score), "{}", entity.score);
            prop_assert_eq!(entity.actor, None);
        }
    }
}
