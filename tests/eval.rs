//! `standpoint eval` on small gold files whose figures were counted by hand; no model is needed.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/eval")
        .join(name)
}

fn eval(task: &str, gold: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standpoint"));
    command.args(["eval", task, "--gold"]);
    command.args(gold.iter().map(|g| data(g)));
    command
}

/// The JSON object that the command prints.
#[track_caller]
fn json(command: &mut Command) -> Value {
    let output = command
        .arg("--json")
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    serde_json::from_slice(&output).expect("one JSON object")
}

#[track_caller]
fn text(command: &mut Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).expect("UTF-8")
}

/// What standard error says of a command that does nothing.
#[track_caller]
fn failure(command: &mut Command) -> String {
    let output = command.assert().code(2).get_output().clone();
    assert!(output.stdout.is_empty(), "data on standard output");
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[track_caller]
fn close(value: &Value, want: f64) {
    let got = value
        .as_f64()
        .unwrap_or_else(|| panic!("a number, not {value}"));
    assert!((got - want).abs() < 1e-9, "{got} is not {want}");
}

#[track_caller]
fn scores(value: &Value, [precision, recall, f1]: [f64; 3]) {
    close(&value["precision"], precision);
    close(&value["recall"], recall);
    close(&value["f1"], f1);
}

#[test]
fn names_in_columns() {
    let mut command = eval("ner", &["iob1.conll"]);
    let report = json(command.arg("--predictions").arg(data("predicted.conll")));
    scores(&report["micro"], [0.5, 0.5, 0.5]);
    close(&report["macro"]["f1"], 0.25);
    scores(&report["per_kind"]["PER"], [1.0, 1.0, 1.0]);
    assert_eq!(report["per_kind"]["ORG"]["predicted"], 2);
    assert_eq!(report["support"], 6);
    assert_eq!(report["settings"]["scheme"], "iob1");
    assert_eq!(report["settings"]["view"], "conll");
    assert_eq!(report["scored"]["documents"], 2);
    assert_eq!(report["scored"]["sentences"], 3);
    assert_eq!(report["scored"]["words"], 15);
    let exact = &report["nervaluate"]["exact"];
    let counts = ["correct", "incorrect", "partial", "missed", "spurious"].map(|n| &exact[n]);
    assert_eq!(counts.map(|n| n.as_u64().unwrap()), [4, 1, 0, 1, 1]);
    close(&report["nervaluate"]["partial"]["f1"], 4.5 / 6.0);
    let interval = &report["interval"];
    assert!(interval["low"].as_f64() <= Some(0.5) && interval["high"].as_f64() >= Some(0.5));
    assert_eq!(report["errors"]["total"], 4);
    let missed = report["errors"]["shown"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["fault"] == "missed")
        .expect("the missed one");
    assert_eq!(missed["gold"]["text"], "Senegalese");
    assert_eq!(
        missed["examples"][0]["sentence"],
        "The [Senegalese] met Lin Wei ."
    );
    assert!(report["calibration"].is_null(), "tags have no scores");
}

#[test]
fn names_in_records_are_mapped_to_the_golds_kinds() {
    let mut command = eval("ner", &["iob1.conll"]);
    let report = json(command.arg("--predictions").arg(data("predicted.jsonl")));
    scores(&report["micro"], [1.0, 1.0, 1.0]);
    assert_eq!(
        report["scored"]["predictions_left_out"], 1,
        "a date is none of the four"
    );
    assert_eq!(report["calibration"]["answers"], 6);
}

#[test]
fn a_folder_is_its_files_and_kinds_can_be_chosen() {
    let run = |more: &[&str]| {
        let mut command = eval("ner", &["worldwide"]);
        command
            .arg("--predictions")
            .arg(data("worldwide_predicted.jsonl"))
            .args(more);
        json(&mut command)
    };
    let report = run(&[]);
    scores(&report["micro"], [0.75, 0.75, 0.75]);
    assert_eq!(report["settings"]["format"], "worldwide");
    assert_eq!(report["scored"]["files"], 2);
    assert_eq!(
        report["scored"]["irregular_tags"]["I- that nothing began"],
        1
    );
    let faults: Vec<_> = report["errors"]["shown"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0]["fault"], "wrong kind");

    let report = run(&["--kinds", "date,Organization"]);
    scores(&report["micro"], [1.0, 1.0, 1.0]);
    assert_eq!(report["support"], 2);
    assert_eq!(report["scored"]["gold_left_out"], 2);
}

#[test]
fn a_paired_test_compares_two_runs() {
    let run = |first: &str, second: &str| {
        let mut command = eval("ner", &["iob1.conll"]);
        command
            .arg("--predictions")
            .arg(data(first))
            .arg("--against")
            .arg(data(second));
        json(&mut command)
    };
    let report = run("predicted.jsonl", "predicted.conll");
    close(&report["against"]["micro_F1"]["difference"], 0.5);
    let p = report["against"]["micro_F1"]["p_value"].as_f64().unwrap();
    assert!(p > 0.2, "two documents prove nothing: {p}");
    let same = run("predicted.jsonl", "predicted.jsonl");
    close(&same["against"]["micro_F1"]["p_value"], 1.0);
    close(&same["against"]["same"]["share"], 1.0);
    let words = same["against"]["same"]["of"].as_u64().unwrap();
    assert_eq!(report["against"]["same"]["of"], words);
    let agreed = report["against"]["same"]["count"].as_u64().unwrap();
    assert!(agreed > 0 && agreed < words, "{agreed} of {words}");
}

#[test]
fn predictions_are_saved_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let saved = dir.path().join("saved.jsonl");
    let mut command = eval("ner", &["iob1.conll"]);
    command
        .arg("--predictions")
        .arg(data("predicted.conll"))
        .arg("--save")
        .arg(&saved);
    let first = json(&mut command);
    let again = json(
        eval("ner", &["iob1.conll"])
            .arg("--predictions")
            .arg(&saved),
    );
    assert_eq!(first["micro"], again["micro"]);
    assert_eq!(first["confusion"], again["confusion"]);
    assert!(
        failure(&mut command).contains("--force"),
        "what is there is kept"
    );
}

#[test]
fn the_page_is_whole_and_safe() {
    let dir = tempfile::tempdir().unwrap();
    let gold = dir.path().join("gold.tsv");
    std::fs::write(&gold, "<b>Lin\tB-Person\n&\tO\nWei\tB-Person\n").unwrap();
    let predicted = dir.path().join("p.jsonl");
    std::fs::write(&predicted, "{\"id\": \"gold.tsv\", \"entities\": []}\n").unwrap();
    let page = dir.path().join("report.html");
    let mut command = Command::new(env!("CARGO_BIN_EXE_standpoint"));
    command.args(["eval", "ner", "--gold"]).arg(&gold);
    command
        .arg("--predictions")
        .arg(&predicted)
        .arg("--html")
        .arg(&page);
    command.assert().success();
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("<mark>&lt;b&gt;Lin</mark>"), "{html}");
    assert!(!html.contains("<b>") && !html.contains("http") && !html.contains("<script"));
    assert!(html.contains("width=device-width"));
    assert!(failure(&mut command).contains("--force"));
    command.arg("--force").assert().success();
}

#[test]
fn sentences_by_this_program_and_by_others() {
    let report = json(&mut eval("sentences", &["small.conllu"]));
    scores(&report["boundary"], [1.0, 1.0, 1.0]);
    assert_eq!(
        report["boundary"]["support"], 2,
        "a document's last end does not count"
    );
    assert_eq!(report["boundary_with_paragraphs"]["support"], 2);
    let mut command = eval("sentences", &["small.conllu"]);
    let report = json(
        command
            .arg("--predictions")
            .arg(data("sentences_predicted.jsonl")),
    );
    scores(&report["boundary"], [0.5, 0.5, 0.5]);
    scores(&report["spans"], [0.5, 0.5, 0.5]);
    assert_eq!(report["exact"]["right"], 1);
    let errors: Vec<_> = report["errors"]["shown"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert!(
        errors
            .iter()
            .any(|e| e["fault"] == "spurious" && e["before"] == "Dr.")
    );
    assert!(
        errors
            .iter()
            .any(|e| e["fault"] == "missed" && e["before"] == "stayed.")
    );
}

#[test]
fn golden_rules() {
    let report = json(&mut eval("sentences", &["rules.jsonl"]));
    assert_eq!(
        (&report["exact"]["right"], &report["exact"]["of"]),
        (&2.into(), &2.into())
    );
}

#[test]
fn words_by_this_program_and_by_others() {
    let report = json(&mut eval("words", &["small.conllu"]));
    scores(&report["boundary"], [1.0, 1.0, 1.0]);
    let mut command = eval("words", &["small.conllu"]);
    let report = json(
        command
            .arg("--predictions")
            .arg(data("words_predicted.jsonl")),
    );
    let share = 11.0 / 14.0;
    scores(&report["boundary"], [share, share, share]);
    let errors: Vec<_> = report["errors"]["shown"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert!(
        errors
            .iter()
            .any(|e| e["gold"] == "ca | n't" && e["predicted"] == "can't")
    );
    assert!(
        errors
            .iter()
            .any(|e| e["gold"] == "Dr." && e["predicted"] == "Dr | .")
    );
}

#[test]
fn quotations() {
    let mut command = eval("quotes", &["brat"]);
    let report = json(
        command
            .arg("--predictions")
            .arg(data("quotes_predicted.jsonl")),
    );
    let f1 = |correct: f64, predicted: f64, gold: f64| {
        [
            correct / predicted,
            correct / gold,
            2.0 * correct / (predicted + gold),
        ]
    };
    scores(&report["exact"]["source"], f1(2.0, 2.0, 3.0));
    scores(&report["exact"]["cue"], f1(3.0, 3.0, 3.0));
    scores(&report["exact"]["content"], f1(3.0, 5.0, 4.0));
    scores(&report["overlap"]["content"], f1(4.0, 5.0, 4.0));
    scores(&report["exact"]["attribution"], f1(2.0, 4.0, 3.0));
    scores(&report["overlap"]["attribution"], f1(2.0, 4.0, 3.0));
    close(&report["attribution_accuracy"]["accuracy"], 2.0 / 3.0);
    assert_eq!(report["attribution_accuracy"]["contents_found"], 3);
    assert_eq!(report["scored"]["not_scored"]["`#` line"], 1);
    let faults: Vec<_> = report["errors"]["shown"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["fault"].as_str().unwrap())
        .collect();
    for fault in ["spurious", "wrong boundary of content", "wrong source"] {
        assert!(faults.contains(&fault), "{faults:?}");
    }
}

#[test]
fn stances_of_five_and_of_three_classes() {
    let mut command = eval("stance", &["dse.txt"]);
    command
        .args(["--format", "dse", "--predictions"])
        .arg(data("dse_predicted.jsonl"));
    let report = json(&mut command);
    close(&report["micro"]["f1"], 0.75);
    close(&report["macro"]["f1"], 2.0 / 3.0);
    scores(&report["per_class"]["p_against_q"], [0.5, 1.0, 2.0 / 3.0]);
    assert_eq!(report["confusion"]["gold_by_predicted"][4][3], 1);

    let mut command = eval("stance", &["newsmtsc.jsonl"]);
    command
        .args(["--format", "newsmtsc", "--predictions"])
        .arg(data("newsmtsc_predicted.jsonl"));
    let report = json(&mut command);
    close(&report["micro"]["f1"], 2.0 / 3.0);
    close(&report["macro"]["f1"], 5.0 / 9.0);
    assert_eq!(
        report["errors"]["shown"][0]["examples"][0]["sentence"],
        "[Wei] lied to Diallo."
    );
}

#[test]
fn results_are_the_same_for_any_number_of_threads() {
    let run = |threads: &str| text(eval("words", &["small.conllu"]).args(["--threads", threads]));
    assert_eq!(run("1"), run("4"));
}

#[test]
fn people_get_tables() {
    let mut command = eval("ner", &["iob1.conll"]);
    let report = text(command.arg("--predictions").arg(data("predicted.conll")));
    assert!(report.starts_with("Names: micro F1 0.5000\n"), "{report}");
    for part in [
        "6 names in 2 documents, 3 sentences, 15 words",
        "Confusion",
        "missed",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    assert!(!report.contains('\u{1b}'), "no colour off a terminal");
}

#[test]
fn gold_that_cannot_be_read_is_placed() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    for (task, more, path, want) in [
        (
            "ner",
            &[][..],
            file("a.tsv", b"Lin\tB-Person\nWei\n"),
            "a.tsv:2: found `Wei` with 1 column(s), expected",
        ),
        (
            "ner",
            &[],
            file("b.tsv", b"Lin\tX\n"),
            "b.tsv:1: found `X`, expected a tag",
        ),
        (
            "ner",
            &[],
            file("c.tsv", b"Lin\tO\n\xff\tO\n"),
            "c.tsv:2: found byte 0xff, expected UTF-8",
        ),
        (
            "ner",
            &[],
            file("d.tsv", b"Lin\tB-Planet\n"),
            "kinds that the program does not find: Planet",
        ),
        (
            "sentences",
            &[],
            file("e.conllu", b"1\tLin\n"),
            "e.conllu:1: found",
        ),
        (
            "sentences",
            &[],
            file("f.jsonl", b"{}\n"),
            "f.jsonl:1: found missing field",
        ),
        (
            "words",
            &[],
            file("g.conllu", b""),
            "g.conllu: found no sentence",
        ),
        ("quotes", &[], file("h.ann", b"T1\tCue 0 1\ta\n"), "h.txt"),
        (
            "stance",
            &["--format", "dse"],
            file("i.txt", b"a\tb\n"),
            "i.txt:1: found",
        ),
        (
            "stance",
            &["--format", "newsmtsc"],
            dir.path().join("none.jsonl"),
            "none.jsonl: found",
        ),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standpoint"));
        command.args(["eval", task, "--gold"]).arg(&path).args(more);
        let said = failure(&mut command);
        assert!(said.contains(want), "{task}: {said}");
    }
}

#[test]
fn predictions_must_be_of_the_gold() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    for (path, want) in [
        (
            file("a.conll", "Amara B-PER\nWei O\n"),
            "a.conll:2: found the word `Wei`, expected `Diallo`",
        ),
        (
            file("b.conll", "Amara B-PER\n"),
            "b.conll: found 1 words, expected 15",
        ),
        (
            file("c.jsonl", "{\"id\": \"x\"}\n"),
            "no prediction for document `iob1.conll#1`",
        ),
        (
            file(
                "d.jsonl",
                "{\"id\": \"iob1.conll#1\"}\n{\"id\": \"iob1.conll#2\"}\n{\"id\": \"x\"}\n",
            ),
            "d.jsonl:3: found the document `x`",
        ),
        (
            file(
                "e.jsonl",
                "{\"id\": \"iob1.conll#1\", \"entities\": [{\"start\": 0, \"end\": 900, \"kind\": \"PER\"}]}\n{\"id\": \"iob1.conll#2\"}\n",
            ),
            "e.jsonl:1: found offset 900 in chars is past the end",
        ),
    ] {
        let said = failure(eval("ner", &["iob1.conll"]).arg("--predictions").arg(&path));
        assert!(said.contains(want), "{said}");
    }
}
