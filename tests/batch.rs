//! `standpoint batch` as a program: killed, stopped, starved of room, piped.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// A few stories' worth of text a document; without models, so that a run takes no time.
const DOCUMENTS: usize = 300;

fn standpoint() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standpoint"));
    command.env_remove("NO_COLOR");
    command
}

fn batch(words: &[&str]) -> Command {
    let mut command = standpoint();
    command
        .arg("batch")
        .args(words)
        .args(["--stages", "sentences,words"]);
    command
}

fn run(words: &[&str]) -> Output {
    batch(words).output().expect("the program runs")
}

fn corpus(dir: &Path) -> String {
    let path = dir.join("corpus.jsonl");
    let mut file = fs::File::create(&path).unwrap();
    for n in 0..DOCUMENTS {
        let line = match n % 97 {
            96 => "{\"id\":".to_owned(),
            _ => {
                let text = format!("Story {n} begins. “We saw it,” said Señora Peña. ").repeat(20);
                format!("{{\"id\":\"d{n}\",\"text\":\"{text}\"}}")
            }
        };
        writeln!(file, "{line}").unwrap();
    }
    path.to_string_lossy().into_owned()
}

/// Every file below a folder.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                files.insert(path.strip_prefix(dir).unwrap().to_owned(), bytes);
            }
        }
    }
    files
}

#[track_caller]
fn assert_same(whole: &BTreeMap<PathBuf, Vec<u8>>, dir: &Path) {
    let got = contents(dir);
    let differ: Vec<_> = whole
        .keys()
        .chain(got.keys())
        .filter(|name| whole.get(*name) != got.get(*name))
        .collect();
    assert!(differ.is_empty(), "{differ:?}");
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn killed_at_any_moment_it_goes_on_to_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let input = corpus(dir.path());
    let words = |out: &Path| {
        let out = out.to_string_lossy().into_owned();
        [&input, "--out", &out, "--part-docs", "25", "--threads", "2"]
            .map(str::to_owned)
            .to_vec()
    };
    let format = ["--format", "jsonl,parquet", "--resume"];
    let start = |out: &Path| {
        let words = words(out);
        let words: Vec<&str> = words.iter().map(String::as_str).chain(format).collect();
        batch(&words).stderr(Stdio::null()).spawn().unwrap()
    };

    let whole = dir.path().join("whole");
    let began = std::time::Instant::now();
    assert_eq!(
        start(&whole).wait().unwrap().code(),
        Some(1),
        "some documents are no JSON"
    );
    let took = began.elapsed();
    let whole = contents(&whole);
    assert!(whole.contains_key(Path::new("manifest.json")));

    // Moments spread over the whole run and a little more, in an order that jumps about.
    let mut kills = 0;
    let mut rounds = 0;
    while kills < 24 {
        rounds += 1;
        assert!(
            rounds < 100,
            "only {kills} runs were still there to be killed"
        );
        let out = dir.path().join(format!("out{rounds}"));
        for again in 0..4_u32 {
            let part = (rounds * 7 + again * 5) % 24;
            let mut child = start(&out);
            std::thread::sleep(took * part / 30 + Duration::from_millis(u64::from(again)));
            if child.try_wait().unwrap().is_none() {
                // SIGKILL: nothing of the program runs any more.
                child.kill().unwrap();
                kills += 1;
            }
            child.wait().unwrap();
        }
        assert_eq!(start(&out).wait().unwrap().code(), Some(1));
        assert_same(&whole, &out);
        fs::remove_dir_all(&out).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_signal_finishes_what_is_in_hand_and_says_how_to_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("it's out");
    let out_name = out.to_string_lossy().into_owned();
    for signal in ["-INT", "-TERM"] {
        // Standard input that does not end: the run would wait for ever.
        let mut child = batch(&["-", "--out", &out_name, "--force"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin
            .write_all(b"{\"id\":\"a\",\"text\":\"It rained. We left.\"}\n")
            .unwrap();
        let work = out.join("part-00000.work");
        while fs::metadata(&work).map_or(0, |m| m.len()) == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let kill = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(kill.success());
        // Standard input stays open, and nothing more comes.
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        assert_eq!(output.status.code(), Some(1));
        let said = shown(&output);
        assert!(said.contains("stopped: 1 documents"), "{said}");
        let (_, again) = said
            .split_once("go on with: ")
            .expect("it says how to go on");
        assert!(
            again.contains("/it'\\''s out' ") && again.contains("--resume"),
            "{said}"
        );
        assert!(!again.contains("--force"), "{said}");
        assert!(!out.join("manifest.json").exists());
        fs::remove_dir_all(&out).unwrap();
    }
}

/// What an engine pipes through is not to be taken for whole.
#[cfg(unix)]
#[test]
fn a_filter_that_is_stopped_says_so_by_its_status() {
    let mut child = batch(&["-", "--out", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{{\"id\":\"a\",\"text\":\"Hello.\"}}").unwrap();
    let mut first = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    let kill = Command::new("kill").arg(child.id().to_string()).status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn two_runs_do_not_write_to_one_folder() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let name = out.to_string_lossy().into_owned();
    let mut first = batch(&["-", "--out", &name])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !out.join("journal.jsonl").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let input = corpus(dir.path());
    for how in ["--resume", "--force"] {
        let second = run(&[&input, "--out", &name, how]);
        assert_eq!(second.status.code(), Some(2));
        let said = shown(&second);
        assert!(said.contains("another run is writing there"), "{said}");
    }
    // However the first ends, the folder is free then.
    first.kill().unwrap();
    first.wait().unwrap();
    let second = run(&[&input, "--out", &name, "--force"]);
    assert_eq!(second.status.code(), Some(1), "{}", shown(&second));
}

#[cfg(unix)]
#[test]
fn without_room_what_was_finished_stays_whole() {
    let dir = tempfile::tempdir().unwrap();
    let input = corpus(dir.path());
    let out = dir.path().join("out");
    let (name, program) = (out.to_string_lossy(), env!("CARGO_BIN_EXE_standpoint"));
    // A limit on the size of files is the kind of full disk that any user can make.
    let script = format!(
        "trap '' XFSZ; ulimit -f 64; exec '{program}' batch '{input}' --out '{name}' \
         --stages sentences,words --part-docs 10000"
    );
    let starved = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(starved.status.code(), Some(2), "{}", shown(&starved));
    let said = shown(&starved);
    assert!(
        said.contains("part-00000.work: cannot be written"),
        "{said}"
    );
    assert!(said.contains("File too large"), "{said}");

    let resume = run(&[&input, "--out", &name, "--part-docs", "10000", "--resume"]);
    assert_eq!(resume.status.code(), Some(1), "{}", shown(&resume));
    let whole = dir.path().join("whole");
    run(&[
        &input,
        "--out",
        &whole.to_string_lossy(),
        "--part-docs",
        "10000",
    ]);
    assert_same(&contents(&whole), &out);
}

#[test]
fn an_unwritable_folder_and_a_missing_input_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let input = corpus(dir.path());
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let below = file.join("out");
    let output = run(&[&input, "--out", &below.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        shown(&output).contains(&*below.to_string_lossy()),
        "{}",
        shown(&output)
    );

    let out = dir.path().join("out");
    let output = run(&[
        &input,
        "no-such-file.jsonl",
        "--out",
        &out.to_string_lossy(),
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        shown(&output).contains("no-such-file.jsonl: No such file"),
        "{}",
        shown(&output)
    );
    assert!(!out.exists(), "nothing is begun");
}

#[test]
fn one_line_out_for_each_line_in() {
    let mut input = String::new();
    for n in 0..300 {
        input += &match n % 10 {
            3 => "\n".to_owned(),
            5 => "no json\n".to_owned(),
            7 => format!("{{\"id\":{n},\"text\":\"  \"}}\n"),
            _ => format!(
                "{{\"id\":{n},\"text\":\"It rained. {}\"}}\n",
                "We left. ".repeat(n)
            ),
        };
    }
    let mut child = batch(&["-", "--out", "-", "--threads", "2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feed = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    feed.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "failures are lines here");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 300);
    for (n, line) in lines.iter().enumerate() {
        match n % 10 {
            3 => assert_eq!(line["error"], "empty: a blank line"),
            5 => assert!(
                line["error"]
                    .as_str()
                    .unwrap()
                    .starts_with("not a JSON object")
            ),
            7 => assert_eq!(
                (&line["id"], &line["error"]),
                (
                    &n.to_string().into(),
                    &"empty: nothing but white space".into()
                )
            ),
            _ => {
                assert_eq!(line["id"], n.to_string());
                assert_eq!(line["sentences"].as_array().unwrap().len(), n + 1);
            }
        }
    }
}

#[test]
fn a_line_is_answered_before_the_next_is_sent() {
    let mut child = batch(&["-", "--out", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    for n in 0..3 {
        writeln!(stdin, "{{\"id\":\"{n}\",\"text\":\"Hello.\"}}").unwrap();
        let mut line = Vec::new();
        let mut byte = [0];
        while byte != *b"\n" {
            stdout.read_exact(&mut byte).unwrap();
            line.push(byte[0]);
        }
        let answer: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(answer["id"], n.to_string());
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn progress_for_machines_is_json() {
    let dir = tempfile::tempdir().unwrap();
    let input = corpus(dir.path());
    let out = dir.path().join("out").to_string_lossy().into_owned();
    let output = run(&[&input, "--out", &out, "--progress", "json"]);
    let said = shown(&output);
    let last: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(last["state"], "done");
    assert_eq!(
        last["documents"].as_u64().unwrap() + last["failed"].as_u64().unwrap(),
        DOCUMENTS as u64
    );
    assert_eq!(last["failed"], 3);
    assert_eq!(last["bytes"], last["bytes_total"]);
    // Off a terminal there is a summary and no bar.
    let again = run(&[&input, "--out", &out, "--resume"]);
    assert!(shown(&again).starts_with("complete already: 297 documents, 3 failed (listed in"));
}

#[test]
fn a_report_of_a_batch_is_one_page() {
    let dir = tempfile::tempdir().unwrap();
    let input = corpus(dir.path());
    let out = dir.path().join("out").to_string_lossy().into_owned();
    run(&[&input, "--out", &out]);
    let report = |words: &[&str]| {
        standpoint()
            .arg("report")
            .arg(&out)
            .args(words)
            .output()
            .unwrap()
    };
    let output = report(&["--title", "<b>All</b>"]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    let page = fs::read_to_string(Path::new(&out).join("report.html")).unwrap();
    assert!(page.contains("<h1>&lt;b&gt;All&lt;/b&gt;</h1>") && page.contains("297 documents"));
    let output = report(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(shown(&output).contains("report.html: is there already; --force replaces it"));
    let output = report(&["--out", "-"]);
    assert!(output.stdout.starts_with(b"<!DOCTYPE html>"));
    assert!(
        output
            .stdout
            .ends_with("</section></body></html>".as_bytes())
    );

    let output = standpoint().arg("report").arg(dir.path()).output().unwrap();
    assert!(
        shown(&output).contains("no records there"),
        "{}",
        shown(&output)
    );
}
