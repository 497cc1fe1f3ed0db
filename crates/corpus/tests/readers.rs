//! What the readers promise, format by format.

use std::fs;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use standpoint_corpus::{Entry, Failure, InputFormat, Inputs, ReadOptions, read_from};

type Item = Result<Entry, Failure>;

fn read_bytes(bytes: &[u8], format: InputFormat, options: &ReadOptions) -> Vec<Item> {
    let mut items = Vec::new();
    let _ = read_from(Box::new(bytes), format, "f", options, &mut |item| {
        items.push(item);
        ControlFlow::Continue(())
    });
    items
}

fn read_path(path: &Path, options: &ReadOptions) -> Vec<Item> {
    let inputs = Inputs::list(&[path.to_str().unwrap()], options).unwrap();
    let progress = AtomicU64::new(0);
    let mut items = Vec::new();
    inputs
        .read(options, &mut io::empty(), &progress, &mut |item| {
            items.push(item);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(Some(progress.into_inner()), inputs.bytes());
    items
}

fn texts(items: &[Item]) -> Vec<(&str, &str)> {
    items
        .iter()
        .map(|item| match item {
            Ok(entry) => (entry.document.id(), entry.document.text()),
            Err(failure) => ("!", failure.reason.as_str()),
        })
        .collect()
}

#[test]
fn a_folder_is_read_in_order_whatever_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("sub")).unwrap();
    fs::write(at("sub/one.txt"), "One.").unwrap();
    fs::write(at("B.txt"), "Capitals come first.").unwrap();
    fs::write(at("a.txt"), "\u{feff}Marked.").unwrap();
    fs::write(at("bad.txt"), b"caf\xe9").unwrap();
    fs::write(at("blank.txt"), " \n\t").unwrap();
    fs::write(at("nothing.txt"), "").unwrap();
    fs::write(at("picture.txt"), b"\x89PNG\0").unwrap();
    fs::write(at("notes.md"), "not read").unwrap();
    fs::write(at(".hidden.txt"), "not read").unwrap();
    let items = read_path(dir.path(), &ReadOptions::default());
    let got: Vec<_> = texts(&items).iter().map(|(_, text)| *text).collect();
    assert_eq!(
        got,
        [
            "Capitals come first.",
            "Marked.",
            "not UTF-8: byte 0xe9 at offset 3",
            "empty: nothing but white space",
            "empty: no text",
            "binary: a zero byte at offset 4",
            "One.",
        ]
    );
    let id = items[6].as_ref().unwrap().document.id();
    assert!(id.ends_with("/sub/one.txt"), "{id}");
    let failure = items[2].as_ref().unwrap_err();
    assert!(failure.place.ends_with("bad.txt"), "{failure}");
    assert_eq!(failure.id.as_deref(), Some(failure.place.as_str()));
}

#[test]
fn globs_and_missing_files() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a1.txt", "a2.txt", "b1.txt", "a3.md"] {
        fs::write(dir.path().join(name), name).unwrap();
    }
    let got = |pattern: &str| {
        let items = read_path(&dir.path().join(pattern), &ReadOptions::default());
        texts(&items)
            .iter()
            .map(|(_, t)| t.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(got("a*.txt"), ["a1.txt", "a2.txt"]);
    assert_eq!(got("{b,a}1.txt"), ["a1.txt", "b1.txt"]);
    assert_eq!(got("c*.txt"), ["no file has such a name"]);
    assert_eq!(got("a3.md"), ["a3.md"], "a file named on its own is text");
    assert!(got("gone.txt")[0].starts_with("No such file"));

    let options = ReadOptions::default();
    let missing = dir.path().join("gone.txt");
    let inputs = Inputs::list(&[missing.to_str().unwrap()], &options).unwrap();
    assert_eq!(inputs.failures().count(), 1);
    let empty = tempfile::tempdir().unwrap();
    let inputs = Inputs::list(&[empty.path().to_str().unwrap()], &options).unwrap();
    assert!(
        inputs
            .failures()
            .next()
            .unwrap()
            .reason
            .contains("looked for names ending in .txt")
    );
}

#[test]
fn a_file_that_goes_or_changes_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.txt", "b.txt"] {
        fs::write(dir.path().join(name), "Words.").unwrap();
    }
    let options = ReadOptions::default();
    let list = || Inputs::list(&[dir.path().to_str().unwrap()], &options).unwrap();
    let read = |inputs: &Inputs, meddle: &dyn Fn()| {
        inputs
            .read(&options, &mut io::empty(), &AtomicU64::new(0), &mut |_| {
                meddle();
                ControlFlow::Continue(())
            })
            .unwrap_err()
            .to_string()
    };
    let b = dir.path().join("b.txt");
    let changed = read(&list(), &|| {
        fs::OpenOptions::new()
            .append(true)
            .open(&b)
            .unwrap()
            .write_all(b" More.")
            .unwrap();
    });
    assert!(
        changed.contains("b.txt: changed while it was read (6 bytes"),
        "{changed}"
    );
    let gone = read(&list(), &|| {
        let _ = fs::remove_file(&b);
    });
    assert!(
        gone.contains("b.txt: was there when the run began"),
        "{gone}"
    );
}

#[test]
fn fields_are_those_asked_for() {
    let options = ReadOptions {
        id_field: "nr".to_owned(),
        text_field: "body".to_owned(),
        meta_fields: vec!["date".to_owned(), "outlet".to_owned()],
        ..ReadOptions::default()
    };
    let jsonl = "\u{feff}{\"nr\":7,\"body\":\"Said \\\"no\\\".\",\"outlet\":\"O\",\"date\":\"2024\"}\r\n\
                 \n{\"body\":\"No id.\"}\n{\"nr\":8,\"title\":\"t\"}\n{\"nr\":9,\"body\":[1]}\n[1]\n{\"nr\":";
    let csv = "\u{feff}nr,outlet,date,body\r\n7,O,2024,\"Said \"\"no\"\".\"\r\n,,,No id.\r\n8,x\n";
    for (bytes, format) in [(jsonl, InputFormat::Jsonl), (csv, InputFormat::Csv)] {
        let items = read_bytes(bytes.as_bytes(), format, &options);
        let first = items[0].as_ref().unwrap();
        assert_eq!(
            (first.document.id(), first.document.text()),
            ("7", "Said \"no\".")
        );
        let meta: Vec<_> = first
            .document
            .meta()
            .iter()
            .map(|(n, v)| (&**n, &**v))
            .collect();
        assert_eq!(meta, [("date", "2024"), ("outlet", "O")]);
        let second = items[1].as_ref().unwrap();
        assert_eq!(second.document.id(), "f:3", "{format:?}");
        let third = items[2].as_ref().unwrap_err();
        assert_eq!(third.id.as_deref(), Some("8"), "{format:?}");
    }
    let items = read_bytes(jsonl.as_bytes(), InputFormat::Jsonl, &options);
    let reasons: Vec<_> = items[2..]
        .iter()
        .map(|i| i.as_ref().unwrap_err().to_string())
        .collect();
    assert_eq!(
        reasons[0],
        "f:4: no field `body`; the object has: nr, title"
    );
    assert_eq!(reasons[1], "f:5: field `body` is no string but a list");
    assert!(
        reasons[2].starts_with("f:6: not a JSON object: invalid type"),
        "{reasons:?}"
    );
    assert!(
        reasons[3].starts_with("f:7: not a JSON object: EOF"),
        "{reasons:?}"
    );

    let tsv = "nr\tbody\n7\tSaid \"no\".\n";
    let items = read_bytes(tsv.as_bytes(), InputFormat::Tsv, &options);
    assert_eq!(texts(&items), [("7", "Said \"no\".")]);
    let items = read_bytes(b"a,b\n1,2\n", InputFormat::Csv, &options);
    assert_eq!(
        texts(&items),
        [("!", "no field `body`; the first row has: a, b")]
    );
}

/// A quotation mark that is never closed is told, and so is a row that a missing mark broke up.
#[test]
fn broken_rows_are_told() {
    let read = |csv: &str| read_bytes(csv.as_bytes(), InputFormat::Csv, &ReadOptions::default());
    let failed = |item: &Result<Entry, Failure>| item.as_ref().unwrap_err().to_string();

    let items = read("id,text\na,One.\nb,\"Two.\nc,Three.\n");
    assert_eq!(texts(&items[..1]), [("a", "One.")]);
    let unclosed = "a quotation mark opened in this row is never closed, so that all rows after it \
                    were taken for its text";
    assert_eq!(items.len(), 2);
    assert_eq!(failed(&items[1]), format!("f:3: {unclosed}"));
    assert_eq!(
        failed(&read("id,\"text\na,One.")[0]),
        format!("f:1: {unclosed}")
    );

    let items = read("id,text\na,One, two.\nb,Three.,,\nc,\"Four\"");
    assert_eq!(
        failed(&items[0]),
        "f:2: a row of 3 fields where 2 columns have names; is a mark around a field missing?"
    );
    assert_eq!(texts(&items[1..]), [("b", "Three."), ("c", "Four")]);
    let reason = "f: empty: no row of column names";
    assert_eq!(failed(&read("")[0]), reason);
    assert_eq!(read("id,text\n").len(), 0);
}

#[test]
fn every_line_gives_an_item_where_that_is_asked() {
    let options = ReadOptions {
        every_line: true,
        ..ReadOptions::default()
    };
    let items = read_bytes(b"\n{\"text\":\"A.\"}\n \n", InputFormat::Jsonl, &options);
    let got = texts(&items);
    assert_eq!(
        got,
        [
            ("!", "empty: a blank line"),
            ("f:2", "A."),
            ("!", "empty: a blank line")
        ]
    );
}

#[test]
fn what_is_too_large_is_passed_over() {
    let options = ReadOptions {
        max_bytes: 40,
        ..ReadOptions::default()
    };
    let long = "x".repeat(100);
    let jsonl = format!("{{\"text\":\"A.\"}}\n{{\"text\":\"{long}\"}}\n{{\"text\":\"B.\"}}\n");
    let items = read_bytes(jsonl.as_bytes(), InputFormat::Jsonl, &options);
    let limit = "larger than the limit of 40 bytes";
    assert_eq!(texts(&items), [("f:1", "A."), ("!", limit), ("f:3", "B.")]);
    let items = read_bytes(
        format!("text\n{long}\nB.\n").as_bytes(),
        InputFormat::Csv,
        &options,
    );
    assert_eq!(texts(&items), [("!", limit), ("f:3", "B.")]);
    let items = read_bytes(long.as_bytes(), InputFormat::Text, &options);
    assert_eq!(texts(&items), [("!", limit)]);

    // A quotation mark that is never closed makes one row of the rest of a file: it must not all
    // be taken into memory.
    let endless = std::io::Read::chain(&b"text\n\"open"[..], std::io::repeat(b'x'));
    let mut items = Vec::new();
    let _ = read_from(
        Box::new(endless),
        InputFormat::Csv,
        "f",
        &options,
        &mut |item| {
            items.push(item);
            ControlFlow::Continue(())
        },
    );
    assert!(
        texts(&items)[0]
            .1
            .contains("a row is larger than the limit"),
        "{items:?}"
    );
}

#[test]
fn every_format_gives_the_same_documents() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let jsonl = "{\"id\":\"a\",\"text\":\"Señor, \\\"hi\\\".\"}\n{\"id\":\"b\",\"text\":\"Two\\nlines.\"}\n";
    let csv = "id,text\na,\"Señor, \"\"hi\"\".\"\nb,\"Two\nlines.\"\n";
    fs::write(at("x.jsonl"), jsonl).unwrap();
    fs::write(at("x.csv"), csv).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(jsonl.as_bytes()).unwrap();
    fs::write(at("x.ndjson.gz"), gz.finish().unwrap()).unwrap();
    fs::write(
        at("x.jsonl.zst"),
        zstd::encode_all(jsonl.as_bytes(), 1).unwrap(),
    )
    .unwrap();

    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use std::sync::Arc;
    let columns: [(&str, ArrayRef); 3] = [
        ("n", Arc::new(Int64Array::from(vec![1, 2]))),
        (
            "text",
            Arc::new(StringArray::from(vec!["Señor, \"hi\".", "Two\nlines."])),
        ),
        ("id", Arc::new(StringArray::from(vec!["a", "b"]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut table = Vec::new();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut table, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    fs::write(at("x.parquet"), &table).unwrap();
    fs::write(
        at("y.parquet.zst"),
        zstd::encode_all(&table[..], 1).unwrap(),
    )
    .unwrap();

    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in [
        ("in/x.jsonl", jsonl.as_bytes()),
        ("in/readme.md", b"not read"),
        ("in/._x.jsonl", b"not read"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes).unwrap();
    }
    let tar = tar.into_inner().unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&tar).unwrap();
    fs::write(at("x.tgz"), gz.finish().unwrap()).unwrap();

    let want = [("a", "Señor, \"hi\"."), ("b", "Two\nlines.")];
    for name in [
        "x.jsonl",
        "x.csv",
        "x.ndjson.gz",
        "x.jsonl.zst",
        "x.parquet",
        "y.parquet.zst",
        "x.tgz",
    ] {
        assert_eq!(
            texts(&read_path(&at(name), &ReadOptions::default())),
            want,
            "{name}"
        );
    }

    // A file that was cut short gives what is whole, and then says so.
    let whole = fs::read(at("x.tgz")).unwrap();
    fs::write(at("cut.tgz"), &whole[..whole.len() - 20]).unwrap();
    let items = read_path(&at("cut.tgz"), &ReadOptions::default());
    assert!(
        texts(&items)
            .last()
            .unwrap()
            .1
            .contains("the rest of the file is left out")
    );
    fs::write(at("cut.parquet"), &table[..table.len() - 3]).unwrap();
    assert_eq!(
        texts(&read_path(&at("cut.parquet"), &ReadOptions::default()))[0].0,
        "!"
    );
}

#[test]
fn reading_stops_when_told() {
    let lines = "{\"text\":\"A.\"}\n".repeat(10);
    let seen = AtomicU64::new(0);
    let flow = read_from(
        Box::new(lines.as_bytes()),
        InputFormat::Jsonl,
        "f",
        &ReadOptions::default(),
        &mut |_| match seen.fetch_add(1, Ordering::Relaxed) {
            2 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        },
    );
    assert!(flow.is_break());
    assert_eq!(seen.into_inner(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        for format in InputFormat::ALL {
            for item in read_bytes(&bytes, format, &ReadOptions::default()) {
                match item {
                    Ok(entry) => prop_assert!(!entry.document.text().trim().is_empty()),
                    Err(failure) => prop_assert!(!failure.reason.is_empty()),
                }
            }
        }
    }

    #[test]
    fn no_markup_makes_a_reader_panic(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("<REUTERS NEWID=\"1\">\n"), Just("<BODY>"), Just("</BODY>"), Just("&#3;"),
                Just("&#99999999;"), Just("&lt"), Just("</REUTERS>\n"), Just("<DATE>1-FEB-1987"),
                Just("</DATE>"), Just("<TEXT>"), Just("</TEXT>"), Just("<p>"), Just("</p>"),
                Just("<article>"), Just("<script>"), Just("</nav>"), Just("<br>"), Just("é"),
                Just("\n"), Just("words and words"), Just("{\"text\":\""), Just("\"}"), Just(","),
                Just("text,"), Just("\""),
            ],
            0..60,
        ),
    ) {
        for format in InputFormat::ALL {
            read_bytes(pieces.concat().as_bytes(), format, &ReadOptions::default());
        }
    }

    #[test]
    fn text_comes_through_as_it_is(text in "\\PC{1,80}", id in "[a-z]{1,5}") {
        prop_assume!(!text.trim().is_empty() && !text.starts_with('\u{feff}'));
        let line = serde_json::json!({ "id": id, "text": text }).to_string();
        let items = read_bytes(line.as_bytes(), InputFormat::Jsonl, &ReadOptions::default());
        prop_assert_eq!(texts(&items), [(id.as_str(), text.as_str())]);
        let items = read_bytes(text.as_bytes(), InputFormat::Text, &ReadOptions::default());
        prop_assert_eq!(texts(&items), [("f", text.as_str())]);
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(["id", "text"]).unwrap();
        csv.write_record([&id, &text]).unwrap();
        let csv = csv.into_inner().unwrap();
        let items = read_bytes(&csv, InputFormat::Csv, &ReadOptions::default());
        prop_assert_eq!(texts(&items), [(id.as_str(), text.as_str())]);
    }
}

/// Standard input has no name that could say how it is compressed.
#[test]
fn standard_input_may_be_compressed() {
    let options = ReadOptions::default();
    let read = |mut stream: &[u8]| {
        let inputs = Inputs::list(&["-"], &options).unwrap();
        let mut items = Vec::new();
        let mut sink = |item| {
            items.push(item);
            ControlFlow::Continue(())
        };
        (inputs.read(&options, &mut stream, &AtomicU64::new(0), &mut sink)).unwrap();
        texts(&items)[0].1.to_owned()
    };
    let text = "(It rained.)";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    assert_eq!(read(&gzip.finish().unwrap()), text);
    assert_eq!(read(&zstd::encode_all(text.as_bytes(), 0).unwrap()), text);
    // The beginning of a mark, and none.
    for text in [text, "(", "{}", "(\u{b5}"] {
        assert_eq!(read(text.as_bytes()), text);
    }
    assert_eq!(read(b""), "empty: no text");
    assert_eq!(read(b"\x1f\x8b"), "unexpected end of file");
}

/// The first byte chooses the format, as in the fuzz target.
#[test]
fn stored_fuzzing_inputs() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/read");
    let mut formats = std::collections::BTreeSet::new();
    for file in fs::read_dir(corpus).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let format = InputFormat::ALL[usize::from(bytes[0]) % InputFormat::ALL.len()];
        let items = read_bytes(&bytes[1..], format, &ReadOptions::default());
        assert!(!items.is_empty(), "{}", path.display());
        for item in items {
            match item {
                Ok(entry) => assert!(!entry.document.text().trim().is_empty()),
                Err(failure) => assert!(!failure.reason.is_empty()),
            }
        }
        formats.insert(format.name());
    }
    assert_eq!(formats.len(), InputFormat::ALL.len());
}
