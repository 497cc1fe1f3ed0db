//! The whole command, but for models and signals, with analyses that a test can meddle with.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::Parser;
use standpoint_core::{Analysis, Entity, EntityKind, Sentence, Span};
use standpoint_corpus::Record;

use super::*;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

/// A document is one sentence, and its first word is a person.
fn analyze(document: &Document, _: &mut ()) -> Analysis {
    let text = document.text();
    assert!(!text.contains("PANIC"), "met a bad word");
    let word = text.split(' ').next().unwrap_or_default();
    Analysis {
        sentences: vec![Sentence {
            span: document.span(),
            nested: false,
        }],
        entities: vec![Entity {
            span: Span::from_range(0..word.len()),
            kind: EntityKind::Person,
            score: 1.0,
            actor: None,
        }],
        ..Analysis::default()
    }
}

fn batch_with(
    words: &[&str],
    analyze: &(dyn Fn(&Document, &mut ()) -> Analysis + Sync),
    stop: &AtomicBool,
) -> Result<Status> {
    worker::keep_panics_quiet();
    let args = Cli::try_parse_from([&["batch", "--progress", "none"][..], words].concat())?.args;
    let options = ReadOptions {
        stdin: InputFormat::Jsonl,
        ..ReadOptions::default()
    };
    let inputs = Inputs::list(&args.inputs, &options)?;
    let each = |documents: &[&Document], scratch: &mut ()| {
        documents.iter().map(|d| analyze(d, scratch)).collect()
    };
    run_with(
        &args,
        &inputs,
        &options,
        &Provenance::default(),
        &each,
        stop,
    )
}

fn batch(words: &[&str]) -> Result<Status> {
    batch_with(words, &analyze, &AtomicBool::new(false))
}

/// Every file below a folder.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(dir)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

fn records(dir: &Path) -> Vec<Record> {
    contents(dir)
        .into_iter()
        .filter(|(name, _)| name.starts_with("records/"))
        .flat_map(|(_, bytes)| {
            let text = String::from_utf8(zstd::decode_all(&bytes[..]).unwrap()).unwrap();
            let lines: Vec<Record> = text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            lines
        })
        .collect()
}

/// 60 lines: documents, a copy, a blank text, no JSON, and one whose analysis panics.
fn corpus(dir: &Path) -> String {
    let path = dir.join("in.jsonl");
    let lines: Vec<String> = (0..60)
        .map(|n| match n {
            13 => "{\"id\":\"13\",\"text\":\" \"}".to_owned(),
            21 => "no json".to_owned(),
            34 => "{\"id\":\"34\",\"text\":\"PANIC here\"}".to_owned(),
            40 => "{\"id\":\"40\",\"text\":\"N7 said the same in the end.\"}".to_owned(),
            n => format!("{{\"id\":\"{n}\",\"text\":\"N{n} said the same in the end.\"}}"),
        })
        .collect();
    fs::write(&path, lines.join("\n")).unwrap();
    path.to_string_lossy().into_owned()
}

fn path(dir: &tempfile::TempDir, name: &str) -> String {
    dir.path().join(name).to_string_lossy().into_owned()
}

#[test]
fn failures_are_lines_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let (input, out) = (corpus(dir.path()), path(&dir, "out"));
    let status = batch(&[&input, "--out", &out, "--part-docs", "25", "--dedupe"]).unwrap();
    assert_eq!(status, Status::SomeFailed);

    let out = Path::new(&out);
    let failed = fs::read_to_string(out.join("failed.jsonl")).unwrap();
    let failed: Vec<Failure> = failed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let got: Vec<_> = failed
        .iter()
        .map(|f| (f.id.as_deref(), f.reason.as_str()))
        .collect();
    assert_eq!(got[0], (Some("13"), "empty: nothing but white space"));
    assert_eq!(got[1].0, None);
    assert!(failed[1].place.ends_with("in.jsonl:22"), "{failed:?}");
    assert_eq!(
        got[2],
        (Some("34"), "a defect of the program: met a bad word")
    );
    assert_eq!(got.len(), 3);

    let records = records(out);
    let ids: Vec<String> = records.iter().map(|r| r.id.clone()).collect();
    let want: Vec<String> = (0..60)
        .filter(|n| ![13, 21, 34].contains(n))
        .map(|n| n.to_string())
        .collect();
    assert_eq!(ids, want);
    let copies: Vec<_> = records
        .iter()
        .filter_map(|r| Some((&*r.id, r.duplicate.as_ref()?)))
        .collect();
    assert_eq!(copies.len(), 1);
    assert!(copies[0].0 == "40" && copies[0].1.of == "7" && copies[0].1.exact);

    let manifest: Value =
        serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["counts"]["documents"], 57);
    assert_eq!(manifest["counts"]["failed"], 3);
    assert_eq!(manifest["counts"]["duplicates"], 1);
    assert_eq!(manifest["parts"].as_array().unwrap().len(), 3);
    for file in manifest["parts"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|p| p["files"].as_array().unwrap())
    {
        use sha2::Digest;
        let bytes = fs::read(out.join(file["name"].as_str().unwrap())).unwrap();
        let sum: String = sha2::Sha256::digest(&bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(file["sha256"], sum.as_str());
        assert_eq!(file["bytes"], bytes.len());
    }
    assert!(!out.join("part-00003.work").exists() && !out.join("part-00002.work").exists());
}

const ALL: &str = "jsonl,parquet,conll,brat,html";

#[test]
fn threads_do_not_change_a_byte() {
    let dir = tempfile::tempdir().unwrap();
    let input = corpus(dir.path());
    let runs = ["1", "2", "5"].map(|threads| {
        let out = path(&dir, threads);
        batch(&[
            &input,
            "--out",
            &out,
            "--threads",
            threads,
            "--format",
            ALL,
            "--part-docs",
            "9",
        ])
        .unwrap();
        contents(Path::new(&out))
    });
    assert!(
        runs[0].keys().any(|n| n.starts_with("brat/part-00002/")),
        "{:?}",
        runs[0].keys()
    );
    assert!(runs[0].contains_key("stances/part-00006.parquet"));
    assert!(runs[0] == runs[1] && runs[0] == runs[2]);
}

#[test]
fn stopped_anywhere_it_goes_on_to_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let input = corpus(dir.path());
    let words = |out: &str, more: &[&'static str]| {
        let mut words = vec![input.clone(), "--out".to_owned(), path(&dir, out)];
        words.extend(
            [
                "--format",
                ALL,
                "--part-docs",
                "16",
                "--threads",
                "2",
                "--dedupe",
            ]
            .map(str::to_owned),
        );
        words.extend(more.iter().map(|w| (*w).to_owned()));
        words
    };
    let run = |words: &[String],
               analyze: &(dyn Fn(&Document, &mut ()) -> Analysis + Sync),
               stop: &AtomicBool| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        batch_with(&words, analyze, stop).unwrap()
    };
    run(&words("whole", &[]), &analyze, &AtomicBool::new(false));
    let whole = contents(&dir.path().join("whole"));

    for seed in 0..25_u64 {
        let out = format!("out{seed}");
        let mut dice = seed;
        let mut roll = |sides: u64| {
            dice = xxh3_64(&dice.to_le_bytes());
            dice % sides
        };
        // Stopped after some documents, more than once; then what was not synced is lost.
        for _ in 0..3 {
            let stop = AtomicBool::new(false);
            let left = AtomicU64::new(roll(30));
            let until = |document: &Document, scratch: &mut ()| {
                match left.load(Ordering::SeqCst) {
                    0 => stop.store(true, Ordering::SeqCst),
                    n => left.store(n - 1, Ordering::SeqCst),
                }
                analyze(document, scratch)
            };
            run(&words(&out, &["--resume"]), &until, &stop);
            let out = dir.path().join(&out);
            for name in contents(&out).keys().filter(|n| n.ends_with(".work")) {
                let file = fs::OpenOptions::new()
                    .write(true)
                    .open(out.join(name))
                    .unwrap();
                let bytes = file.metadata().unwrap().len();
                file.set_len(bytes - roll(bytes.min(200) + 1)).unwrap();
            }
            if roll(2) == 0 && !out.join("manifest.json").exists() {
                // Cut down while a line of the journal was written.
                use std::io::Write;
                let mut journal = fs::OpenOptions::new()
                    .append(true)
                    .open(out.join("journal.jsonl"))
                    .unwrap();
                journal.write_all(b"{\"part\":").unwrap();
            }
        }
        run(
            &words(&out, &["--resume"]),
            &analyze,
            &AtomicBool::new(false),
        );
        let got = contents(&dir.path().join(&out));
        let differ: Vec<_> = whole
            .keys()
            .chain(got.keys())
            .filter(|name| whole.get(*name) != got.get(*name))
            .collect();
        assert!(differ.is_empty(), "seed {seed}: {differ:?}");
    }
}

#[test]
fn shares_give_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let input = corpus(dir.path());
    let share = |shard: Option<&str>| {
        let out = path(&dir, &shard.unwrap_or("whole").replace('/', "-"));
        let mut words = vec![input.as_str(), "--out", &out, "--dedupe"];
        words.extend(shard.iter().flat_map(|s| ["--shard", *s]));
        batch(&words).unwrap();
        let out = Path::new(&out);
        let failed = fs::read_to_string(out.join("failed.jsonl")).unwrap();
        let lines: Vec<String> = records(out)
            .iter()
            .map(|r| serde_json::to_string(r).unwrap())
            .chain(failed.lines().map(str::to_owned))
            .collect();
        lines
    };
    let parts: Vec<Vec<String>> = ["1/3", "2/3", "3/3"]
        .iter()
        .map(|s| share(Some(s)))
        .collect();
    let mut whole = share(None);
    assert!(parts.iter().all(|p| !p.is_empty() && p.len() < whole.len()));
    let mut parts = parts.concat();
    parts.sort();
    whole.sort();
    assert_eq!(parts, whole);
    for wrong in ["0/3", "4/3", "1", "a/b"] {
        assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
    }
}

#[test]
fn what_is_there_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let (input, out) = (corpus(dir.path()), path(&dir, "out"));
    batch(&[&input, "--out", &out, "--limit", "5"]).unwrap();
    let before = contents(Path::new(&out));
    let refused = |words: &[&str], why: &str| {
        let err = format!("{:#}", batch(words).unwrap_err());
        assert!(err.contains(why), "{err}");
    };
    refused(
        &[&input, "--out", &out, "--limit", "5"],
        "--resume goes on with it, --force replaces",
    );
    refused(
        &[&input, "--out", &out, "--limit", "6", "--resume"],
        "belongs to another run: limit was 5 and is 6",
    );
    assert_eq!(
        batch(&[&input, "--out", &out, "--limit", "5", "--resume"]).unwrap(),
        Status::Done
    );
    assert!(before == contents(Path::new(&out)));

    fs::write(Path::new(&out).join("mine.txt"), "mine").unwrap();
    batch(&[&input, "--out", &out, "--limit", "2", "--force"]).unwrap();
    assert_eq!(records(Path::new(&out)).len(), 2);
    assert_eq!(fs::read(Path::new(&out).join("mine.txt")).unwrap(), b"mine");

    let other = path(&dir, "other");
    fs::create_dir(&other).unwrap();
    fs::write(Path::new(&other).join("thesis.txt"), "mine").unwrap();
    for how in ["--force", "--resume"] {
        refused(&[&input, "--out", &other, how], "not the output of a run");
    }
    let inside = path(&dir, "other/out");
    refused(&[&other, "--out", &inside], "lies inside the input folder");
}

#[test]
fn an_input_that_is_another_one_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (input, out) = (corpus(dir.path()), path(&dir, "out"));
    let stop = AtomicBool::new(false);
    let count = AtomicU64::new(0);
    let until = |document: &Document, scratch: &mut ()| {
        if count.fetch_add(1, Ordering::SeqCst) == 30 {
            stop.store(true, Ordering::SeqCst);
        }
        analyze(document, scratch)
    };
    let words = [
        input.as_str(),
        "--out",
        &out,
        "--part-docs",
        "10",
        "--threads",
        "1",
    ];
    batch_with(&words, &until, &stop).unwrap();
    let resume = [&words[..], &["--resume"]].concat();
    let text = fs::read_to_string(&input).unwrap();
    // As long as before: only the words tell.
    fs::write(&input, text.replace("N5 said", "N5 sang")).unwrap();
    let err = batch(&resume).unwrap_err().to_string();
    assert!(err.contains("the input is not what it was"), "{err}");
    fs::write(&input, format!("{text}\n{text}")).unwrap();
    let err = format!("{:#}", batch(&resume).unwrap_err());
    assert!(err.contains("input_bytes was"), "{err}");
    fs::write(&input, text).unwrap();
    assert_eq!(batch(&resume).unwrap(), Status::SomeFailed);
}

#[test]
fn an_input_that_goes_while_it_is_read_ends_the_run_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let input = path(&dir, "in");
    fs::create_dir(&input).unwrap();
    let file = |n: u32| Path::new(&input).join(format!("{n:03}.txt"));
    // More than are ever read ahead of the one that is analysed.
    for n in 0..400 {
        fs::write(file(n), format!("N{n} said the same in the end.")).unwrap();
    }
    let words = |out: &str| {
        let out = path(&dir, out);
        ["--out", &out, "--part-docs", "50", "--threads", "1"].map(str::to_owned)
    };
    let run = |out: &str, how: &[&str], meddle: &(dyn Fn() + Sync)| {
        let words = words(out);
        let words: Vec<&str> = words.iter().map(String::as_str).chain([&*input]).collect();
        let analyze = |document: &Document, scratch: &mut ()| {
            if document.text().starts_with("N200 ") {
                meddle();
            }
            analyze(document, scratch)
        };
        let words = [&words[..], how].concat();
        batch_with(&words, &analyze, &AtomicBool::new(false))
    };
    run("whole", &[], &|| ()).unwrap();
    let whole = contents(&dir.path().join("whole"));

    let err = run("out", &[], &|| fs::remove_file(file(399)).unwrap()).unwrap_err();
    let err = format!("{err:#}");
    assert!(
        err.contains("399.txt: was there when the run began and is gone now"),
        "{err}"
    );
    assert!(err.contains("--resume"), "{err}");
    let parts = contents(&dir.path().join("out"));
    for n in 0..7 {
        let part = format!("records/part-{n:05}.jsonl.zst");
        assert_eq!(parts[&part], whole[&part]);
    }
    assert!(!parts.contains_key("manifest.json"));
    fs::write(file(399), "N399 said the same in the end.").unwrap();
    run("out", &["--resume"], &|| ()).unwrap();
    assert!(contents(&dir.path().join("out")) == whole);

    let longer = || fs::write(file(399), "It says another thing now.").unwrap();
    let err = format!("{:#}", run("other", &[], &longer).unwrap_err());
    assert!(err.contains("399.txt: changed while it was read"), "{err}");
}
