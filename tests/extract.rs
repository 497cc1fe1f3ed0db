//! `standpoint extract`, run as a user runs it, in a temporary folder.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use standpoint_testkit::expect_file;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The program, with the models of the workspace wherever it runs.
fn extract(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standpoint"));
    command.current_dir(folder).arg("extract").args(arguments);
    command.args(["--models", &format!("{ROOT}/models")]);
    command
}

fn run(arguments: &[&str], folder: &Path) -> Output {
    extract(arguments, folder).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn records(output: &Output) -> Vec<Value> {
    serde_json::Deserializer::from_str(stdout(output))
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

fn article() -> String {
    fs::read_to_string(Path::new(ROOT).join("tests/data/rfa_cambodia_article.txt")).unwrap()
}

/// What is wrong with each input is said on standard error; the others are still done.
#[test]
fn bad_inputs_are_named_and_the_rest_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    write("empty.txt", b"");
    write("blank.txt", b" \n\t\n");
    write("binary.txt", b"\x7fELF\x02\x01\x00\x00\x00text");
    write("latin1.txt", b"Caf\xe9 society.");
    write("good.txt", b"Ana Ruiz left Quito.");
    let bad = [
        "empty.txt",
        "blank.txt",
        "binary.txt",
        "latin1.txt",
        "gone.txt",
    ];

    let mut all = bad.to_vec();
    all.insert(2, "good.txt");
    all.extend(["--format", "jsonl", "--stages", "words"]);
    let output = run(&all, dir.path());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(records(&output).len(), 1);
    assert_eq!(records(&output)[0]["id"], "good.txt");
    for name in bad {
        assert!(
            stderr(&output).contains(name),
            "{name} is not named in {}",
            stderr(&output)
        );
    }

    for name in bad {
        let output = run(&[name, "--stages", "words"], dir.path());
        assert_eq!(output.status.code(), Some(2), "{name}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{name}");
    }
}

/// Odd text gives results like any other, and every span is the surface printed, in every unit.
#[test]
fn spans_are_the_surfaces_printed() {
    let mut long_line = "Ana Ruiz met Bảo Trần in Montréal. ".repeat(400);
    long_line.push('\n');
    let texts = [
        article(),
        "🎉 José Peña (🇪🇨) said: “No 😀 comment,” and left Quito.".to_owned(),
        "قال محمد بن سلمان إن الرياض. Ana Ruiz spoke in שלום Tel Aviv.".to_owned(),
        "x".repeat(100_000),
        "“".repeat(500),
        long_line,
        "e\u{301}\u{200d}\u{feff}A\u{202e}B said \"hi\".".to_owned(),
    ];
    for (i, text) in texts.iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("t.txt"), text).unwrap();
        for unit in ["chars", "bytes", "utf16"] {
            let output = run(
                &["t.txt", "--format", "json", "--offsets", unit],
                dir.path(),
            );
            assert_eq!(
                output.status.code(),
                Some(0),
                "text {i}: {}",
                stderr(&output)
            );
            let record = &records(&output)[0];
            let utf16: Vec<u16> = text.encode_utf16().collect();
            let chars: Vec<char> = text.chars().collect();
            let slice = |start: usize, end: usize| match unit {
                "bytes" => text[start..end].to_owned(),
                "chars" => chars[start..end].iter().collect(),
                _ => String::from_utf16(&utf16[start..end]).unwrap(),
            };
            let range = |value: &Value| {
                let at = |i: usize| value[i].as_u64().unwrap() as usize;
                slice(at(0), at(1))
            };
            assert_eq!(record["offsets"], unit);
            for entity in record["entities"].as_array().unwrap() {
                let at = |key: &str| entity[key].as_u64().unwrap() as usize;
                assert_eq!(
                    slice(at("start"), at("end")),
                    entity["text"].as_str().unwrap()
                );
            }
            for quote in record["quotes"].as_array().unwrap() {
                let pieces = quote["content"].as_array().unwrap();
                for (content, words) in pieces.iter().zip(quote["text"].as_array().unwrap()) {
                    assert_eq!(range(content), words.as_str().unwrap());
                }
                for part in ["source", "cue"] {
                    if let Some(words) = quote[format!("{part}_text")].as_str() {
                        assert_eq!(range(&quote[part]), words);
                    }
                }
            }
            for stance in record["stances"].as_array().unwrap() {
                assert_eq!(range(&stance["evidence"]), stance["text"].as_str().unwrap());
            }
            let sentences = record["sentences"].as_array().unwrap();
            let joined: String = sentences.iter().map(range).collect();
            assert_eq!(&joined, text, "sentences tile the text");
        }
    }
}

#[test]
fn files_folders_lines_and_standard_input_are_read() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("more")).unwrap();
    fs::write(dir.path().join("more/b.txt"), "Two.").unwrap();
    fs::write(dir.path().join("a.txt"), "One.").unwrap();
    let lines =
        "{\"id\":\"x\",\"text\":\"Three.\"}\n{\"id\":\"y\"}\n{\"id\":7,\"text\":\"Four.\"}\n";
    fs::write(dir.path().join("lines"), lines).unwrap();
    let words = ["--format", "jsonl", "--stages", "words"];

    let output = run(&[&["a.txt", "more"], &words[..]].concat(), dir.path());
    let ids: Vec<_> = records(&output).iter().map(|r| r["id"].clone()).collect();
    assert_eq!(ids, ["a.txt", "more/b.txt"]);

    let output = run(
        &[&["lines", "--input-format", "jsonl"], &words[..]].concat(),
        dir.path(),
    );
    assert_eq!(output.status.code(), Some(1));
    let ids: Vec<_> = records(&output).iter().map(|r| r["id"].clone()).collect();
    assert_eq!(ids, ["x", "7"]);
    assert!(stderr(&output).contains("lines:2"), "{}", stderr(&output));

    for arguments in [&words[..], &[&["-"], &words[..]].concat()] {
        let output = extract(arguments, dir.path())
            .write_stdin("It rained.")
            .output()
            .unwrap();
        assert_eq!(records(&output)[0]["words"].as_array().unwrap().len(), 3);
    }
}

#[test]
fn a_stage_brings_those_it_needs_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("t.txt"),
        "In Paris, Barack Obama said: “We won.”",
    )
    .unwrap();
    let count = |stages: &str, layer: &str| {
        let output = run(
            &["t.txt", "--format", "json", "--stages", stages],
            dir.path(),
        );
        records(&output)[0][layer].as_array().map(Vec::len)
    };
    assert_eq!(count("sentences", "entities"), Some(0));
    assert_eq!(count("sentences", "words"), None);
    assert_eq!(count("entities", "entities"), Some(2));
    assert_eq!(count("entities", "quotes"), Some(0));
    assert_eq!(count("quotes", "quotes"), Some(1));
    assert_eq!(count("quotes", "entities"), Some(2));

    let output = run(&["t.txt", "--stages", "verbs"], dir.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("`verbs` is no stage"),
        "{}",
        stderr(&output)
    );
}

/// The same bytes for any number of threads, and whatever else is read in the same run.
#[test]
fn results_do_not_depend_on_threads_or_company() {
    let dir = tempfile::tempdir().unwrap();
    let article = article();
    let paragraphs: Vec<_> = article
        .split("\n\n")
        .filter(|p| !p.trim().is_empty())
        .collect();
    let mut names = Vec::new();
    for (i, paragraph) in paragraphs.iter().enumerate() {
        names.push(format!("{i:02}.txt"));
        fs::write(dir.path().join(&names[i]), paragraph).unwrap();
    }
    let mut arguments: Vec<&str> = names.iter().map(String::as_str).collect();
    arguments.extend(["--format", "jsonl", "--threads"]);
    let one = run(&[&arguments[..], &["1"]].concat(), dir.path());
    let four = run(&[&arguments[..], &["4"]].concat(), dir.path());
    assert_eq!(one.status.code(), Some(0));
    assert_eq!(stdout(&one), stdout(&four));

    let alone = run(&[&names[3], "--format", "jsonl"], dir.path());
    assert_eq!(stdout(&alone).trim(), stdout(&one).lines().nth(3).unwrap());
}

/// The article's analysis, as reviewed in `tests/data/rfa_cambodia_article.review.md`. On the
/// portable kernel, whose results move least between machines, and without the scores.
#[test]
fn the_article_is_read_as_reviewed() {
    let root = Path::new(ROOT);
    let output = run(
        &[
            "tests/data/rfa_cambodia_article.txt",
            "--format",
            "json",
            "--kernel",
            "portable",
        ],
        root,
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let record = &records(&output)[0];
    let actors = record["actors"].as_array().unwrap();
    let name = |id: &Value| match id.as_u64() {
        Some(id) => actors[id as usize]["name"].as_str().unwrap().to_owned(),
        None => id.as_str().unwrap_or("?").to_owned(),
    };
    let strings = |value: &Value, between: &str| -> String {
        let all: Vec<_> = value
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        all.join(between)
    };
    let mut shown = String::new();
    for actor in actors {
        let kind = actor["kind"].as_str().unwrap();
        let aliases = strings(&actor["aliases"], " | ");
        shown += &format!(
            "actor   {kind:<12} {} [{aliases}]\n",
            actor["name"].as_str().unwrap()
        );
    }
    for quote in record["quotes"].as_array().unwrap() {
        shown += &format!(
            "quote   {:<8} {}: {}\n",
            quote["kind"].as_str().unwrap(),
            name(&quote["speaker"]),
            strings(&quote["text"], " … ")
        );
    }
    for stance in record["stances"].as_array().unwrap() {
        shown += &format!(
            "stance  {:<8} {} -> {}: {}\n",
            stance["polarity"].as_str().unwrap(),
            match stance["holder_text"].as_str() {
                Some(words) => format!("“{words}”"),
                None => name(&stance["holder"]),
            },
            name(&stance["target"]),
            stance["text"].as_str().unwrap()
        );
    }
    expect_file(
        root.join("tests/data/rfa_cambodia_article.expected"),
        &shown,
    );
}
