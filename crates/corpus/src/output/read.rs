use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Table;
use crate::failure::{Error, ErrorKind};
use crate::input::guarded;
use crate::record::{Duplicate, Record};

/// The records of files of JSON lines compressed with zstd, one file after the other.
///
/// # Errors
///
/// Each record may be an [`Error`], with file and line: one that is no record, or a file that
/// cannot be read, which ends the records.
pub fn read_records(files: Vec<PathBuf>) -> impl Iterator<Item = Result<Record, Error>> {
    files.into_iter().flat_map(|path| {
        let lines: Box<dyn Iterator<Item = io::Result<String>>> = match open(&path) {
            Ok(file) => Box::new(file.lines()),
            Err(err) => Box::new(std::iter::once(Err(err))),
        };
        let mut broken = false;
        lines
            .enumerate()
            .map(move |(at, line)| {
                let line = line.map_err(|err| Error::new(&path, err))?;
                serde_json::from_str(&line).map_err(|err| not_ours(&path, at, err))
            })
            .take_while(move |record| !std::mem::replace(&mut broken, record.is_err()))
    })
}

fn open(path: &Path) -> io::Result<BufReader<zstd::Decoder<'static, BufReader<File>>>> {
    let file = fs::File::open(path)?;
    Ok(BufReader::with_capacity(1 << 16, zstd::Decoder::new(file)?))
}

/// The records that [`Tables`](super::Tables) in Parquet hold, one part in memory at a time.
/// `documents` are the files of the table of documents; those of the other tables have the same
/// names in the folders beside it. What the tables do not hold is empty: sentences, words,
/// warnings, provenance, and where a cue and a source stand.
///
/// # Errors
///
/// Each record may be an [`Error`], with the file: one that cannot be read, or is none of such
/// tables. It ends the records.
pub fn read_tables(documents: Vec<PathBuf>) -> impl Iterator<Item = Result<Record, Error>> {
    let mut broken = false;
    documents
        .into_iter()
        .flat_map(|path| match read_part(&path) {
            Ok(records) => records.into_iter().map(Ok).collect(),
            Err(err) => vec![Err(err)],
        })
        .take_while(move |record| !std::mem::replace(&mut broken, record.is_err()))
}

fn read_part(documents: &Path) -> Result<Vec<Record>, Error> {
    let name = documents.file_name().unwrap_or_default();
    let run = documents.parent().and_then(Path::parent);
    let layer = |table: Table| {
        let path = run.unwrap_or(Path::new("")).join(table.name()).join(name);
        rows(&path).map(|rows| (path, rows.into_iter().enumerate()))
    };
    let mut entities = layer(Table::Entities)?;
    let mut actors = layer(Table::Actors)?;
    let mut quotes = layer(Table::Quotes)?;
    let mut stances = layer(Table::Stances)?;
    rows(documents)?
        .into_iter()
        .enumerate()
        .map(|(at, row)| {
            // How many rows of each table are this document's; ids need not be unique.
            let count = |column: &str| {
                let count = row.get(column).and_then(Value::as_u64);
                count.and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
            };
            let mut record: Record = parse(
                documents,
                at,
                json!({
                    "id": row.get("document_id"), "offsets": row.get("offsets"),
                    "length": row.get("length"), "text": row.get("text"),
                    "sentences": [], "entities": [], "actors": [], "quotes": [], "stances": [],
                    "warnings": [],
                    "provenance": { "version": "", "models": [], "options": {} },
                }),
            )?;
            if let Some(meta) = row.get("meta").and_then(Value::as_str) {
                let meta: Map<String, Value> =
                    serde_json::from_str(meta).map_err(|err| not_ours(documents, at, err))?;
                let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
                record.meta = meta.into_iter().map(|(k, v)| (k, text(v))).collect();
            }
            if let Some(of) = row.get("duplicate_of").and_then(Value::as_str) {
                record.duplicate = Some(Duplicate {
                    of: of.to_owned(),
                    exact: row.get("duplicate_exact") == Some(&Value::Bool(true)),
                });
            }
            record.entities = take(&mut entities, count("entities"), |row| row)?;
            record.actors = take(&mut actors, count("actors"), |mut row| {
                row["id"] = row["actor"].take();
                row
            })?;
            record.quotes = take(&mut quotes, count("quotes"), |mut row| {
                row["content"] = json!([[row["start"], row["end"]]]);
                row["text"] = json!([row["text"]]);
                row["cue_text"] = row["cue"].take();
                row["source_text"] = row["source"].take();
                row
            })?;
            record.stances = take(&mut stances, count("stances"), |mut row| {
                match row["holder_kind"].as_str() {
                    Some("author") => row["holder"] = json!("author"),
                    Some("unnamed") => row["holder_text"] = row["holder_name"].take(),
                    _ => {}
                }
                row["evidence"] = json!([row["start"], row["end"]]);
                row
            })?;
            Ok(record)
        })
        .collect()
}

/// The rows of a table that are left, with their numbers, and the table's file.
type Layer = (PathBuf, std::iter::Enumerate<std::vec::IntoIter<Value>>);

/// The next rows of a layer, with columns renamed to a record's fields.
fn take<T: DeserializeOwned>(
    (path, rows): &mut Layer,
    count: usize,
    rename: impl Fn(Value) -> Value,
) -> Result<Vec<T>, Error> {
    rows.take(count)
        .map(|(at, row)| parse(path, at, rename(row)))
        .collect()
}

fn parse<T: DeserializeOwned>(path: &Path, at: usize, row: Value) -> Result<T, Error> {
    serde_json::from_value(row).map_err(|err| not_ours(path, at, err))
}

fn not_ours(path: &Path, at: usize, reason: impl ToString) -> Error {
    let kind = ErrorKind::Line {
        line: at + 1,
        reason: reason.to_string(),
    };
    Error::new(path, kind)
}

/// Every row of a Parquet file, as an object.
fn rows(path: &Path) -> Result<Vec<Value>, Error> {
    let file = File::open(path).map_err(|err| Error::new(path, err))?;
    let read = || {
        SerializedFileReader::new(file)?
            .get_row_iter(None)?
            .map(|row| {
                let columns = row?.into_columns();
                Ok(columns.into_iter().map(|(k, v)| (k, value(v))).collect())
            })
            .collect()
    };
    guarded(read).map_err(|reason| Error::new(path, io::Error::other(reason)))
}

fn value(field: Field) -> Value {
    match field {
        Field::Bool(flag) => flag.into(),
        Field::UInt(number) => number.into(),
        Field::Float(number) => number.into(),
        Field::Str(text) => text.into(),
        Field::ListInternal(list) => list.elements().iter().cloned().map(value).collect(),
        _ => Value::Null,
    }
}
