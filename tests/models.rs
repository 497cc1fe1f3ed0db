//! `standpoint models`, and what happens with models that are damaged, missing or of another kind.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn standpoint(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standpoint"));
    command.current_dir(ROOT).args(arguments);
    command
}

/// A copy of the installed models that a test may damage.
fn copy_of_models() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for model in fs::read_dir(Path::new(ROOT).join("models")).unwrap() {
        let model = model.unwrap();
        if !model.path().is_dir() {
            continue;
        }
        let to = copy.path().join(model.file_name());
        fs::create_dir(&to).unwrap();
        for file in fs::read_dir(model.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    copy
}

/// The folder of the newest model for a task.
fn model(models: &Path, task: &str) -> std::path::PathBuf {
    let mut found: Vec<_> = fs::read_dir(models)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    found.retain(|path| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with(task)
    });
    found.sort();
    found.pop().unwrap()
}

#[test]
fn the_installed_models_are_whole() {
    standpoint(&["models", "verify"])
        .assert()
        .success()
        .stdout(contains("model.safetensors"));
    let listed = standpoint(&["models", "list"]).assert().success();
    for task in ["ner-en-", "quotes-en-", "stance-en-"] {
        assert!(
            String::from_utf8_lossy(&listed.get_output().stdout).contains(task),
            "{task}"
        );
    }
}

#[test]
fn a_damaged_or_missing_file_is_named() {
    let copy = copy_of_models();
    let models = copy.path().to_str().unwrap();
    let weights = model(copy.path(), "ner").join("model.safetensors");

    let whole = fs::read(&weights).unwrap();
    let mut bytes = whole.clone();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&weights, &bytes).unwrap();
    standpoint(&["models", "verify", "--models", models])
        .assert()
        .code(2)
        .stdout(contains("DAMAGED").and(contains(weights.to_str().unwrap())))
        .stderr(contains("1 of"));

    // Half a file is found out at opening, not only by its sum.
    fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    standpoint(&[
        "extract",
        "tests/data/rfa_cambodia_article.txt",
        "--models",
        models,
    ])
    .assert()
    .code(2)
    .stderr(contains(weights.to_str().unwrap()));

    fs::remove_file(&weights).unwrap();
    standpoint(&["models", "verify", "--models", models])
        .assert()
        .code(2)
        .stdout(contains("MISSING").and(contains(weights.to_str().unwrap())));
    standpoint(&[
        "extract",
        "tests/data/rfa_cambodia_article.txt",
        "--models",
        models,
    ])
    .assert()
    .code(2)
    .stderr(contains(weights.to_str().unwrap()));
}

#[test]
fn an_unsupported_model_is_named_with_what_is_supported() {
    let copy = copy_of_models();
    let dir = model(copy.path(), "ner");
    let config = fs::read_to_string(dir.join("config.json")).unwrap();
    fs::write(
        dir.join("config.json"),
        config.replace("\"distilbert\"", "\"reformer\""),
    )
    .unwrap();
    standpoint(&[
        "extract",
        "tests/data/rfa_cambodia_article.txt",
        "--ner-model",
    ])
    .arg(&dir)
    .assert()
    .code(2)
    .stderr(contains("reformer"))
    .stderr(contains("distilbert"));
}

#[test]
fn a_folder_without_models_says_where_to_look() {
    let empty = tempfile::tempdir().unwrap();
    standpoint(&["extract", "tests/data/rfa_cambodia_article.txt", "--models"])
        .arg(empty.path())
        .assert()
        .code(2)
        .stderr(contains("no models there"));
}
