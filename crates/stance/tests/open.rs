//! What opening a directory that is no stance model says.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use standpoint_core::Span;
use standpoint_encoder::{Kernel, Scratch};
use standpoint_stance::{Error, Passage, Stances};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/model");

/// The fixture, opened with its `config.json` changed.
fn opened(change: impl FnOnce(&mut Value)) -> Result<Stances, Error> {
    let dir = tempfile::tempdir().expect("a folder");
    for name in ["tokenizer.json", "model.safetensors"] {
        fs::copy(Path::new(MODEL).join(name), dir.path().join(name)).expect("copied");
    }
    let config = fs::read(Path::new(MODEL).join("config.json")).expect("read");
    let mut config: Value = serde_json::from_slice(&config).expect("JSON");
    change(&mut config);
    fs::write(dir.path().join("config.json"), config.to_string()).expect("written");
    Stances::open(dir.path(), Kernel::Portable)
}

fn message(change: impl FnOnce(&mut Value)) -> String {
    match opened(change) {
        Ok(_) => "opened".to_owned(),
        Err(err) => err.to_string(),
    }
}

#[test]
fn the_error_names_the_file_and_what_was_wanted() {
    assert_eq!(message(|_| ()), "opened");
    let cases: [(&str, Value, &str); 7] = [
        ("/stance", Value::Null, "is not that of a stance model"),
        (
            "/id2label/0",
            json!("O"),
            "`id2label` has O for 0; wanted for",
        ),
        (
            "/stance/window",
            json!(4),
            "`window` is 4; wanted 8 to 48 pieces",
        ),
        (
            "/stance/window",
            json!(500),
            "`window` is 500; wanted 8 to 48 pieces",
        ),
        (
            "/stance/temperature/pair",
            json!(0),
            "a `temperature` is not above 0",
        ),
        (
            "/stance/threshold",
            json!(1.5),
            "`threshold` is 1.5; wanted 0 to 1",
        ),
        (
            "/stance/markers/2",
            json!("[none]"),
            "the marker `[none]` is no piece of tokenizer.json",
        ),
    ];
    for (place, value, want) in cases {
        let got = message(|config| *config.pointer_mut(place).expect("is there") = value);
        assert!(
            got.contains(want) && got.contains("config.json"),
            "{place}: {got}"
        );
    }
}

#[test]
fn an_encoder_without_the_head_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let missing = dir.path().join("nothing");
    let got = Stances::open(missing.as_path(), Kernel::Portable).expect_err("nothing is there");
    assert!(got.to_string().contains("nothing"), "{got}");
}

/// What stands farther from a pair than `pair_window` reaches does not count; for the stance of the
/// text itself `window` does.
#[test]
fn a_pair_has_a_window_of_its_own() {
    let model = opened(|config| config["stance"]["pair_window"] = json!(12)).expect("a model");
    let near = "Ana blames Borin. She said so. It is so.";
    let ask = |end: &str| {
        let text = format!("{near}{end}");
        let (holder, target) = (Some(Span::new(0, 3)), Span::new(11, 16));
        let passages = [holder, None].map(|holder| Passage {
            text: &text,
            holder,
            target,
        });
        model.ask(&passages, &mut Scratch::default())
    };
    let (one, other) = (ask(" Ana."), ask(" It."));
    assert_eq!(one[0], other[0], "twelve pieces do not reach the end");
    assert_ne!(one[1], other[1], "forty do");
}
