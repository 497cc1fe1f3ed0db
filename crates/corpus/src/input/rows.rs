//! The rows of a Parquet table.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use std::sync::Arc;

use super::jsonl::no_field;
use super::{Entry, Sink, Source, cut_short};
use crate::decode::decode;
use crate::failure::Failure;

/// A Parquet file is read from its end: one that comes as a stream is first put on the disk, in
/// a file without a name.
pub(super) fn to_file(mut stream: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut stream, &mut file)?;
    Ok(file)
}

pub(super) fn read(file: File, from: &Source<'_>, sink: Sink<'_>) -> ControlFlow<()> {
    let table = match guarded(|| SerializedFileReader::new(file)) {
        Ok(table) => table,
        Err(reason) => return sink(Err(Failure::at(from.name, reason))),
    };
    let schema = table.metadata().file_metadata().schema();
    let options = from.options;
    let wanted = |name: &str| {
        name == options.id_field
            || name == options.text_field
            || options.meta_fields.iter().any(|m| m == name)
    };
    let names = || schema.get_fields().iter().map(|f| f.name());
    if !names().any(|n| n == options.text_field) {
        let reason = no_field(&options.text_field, "table", names());
        return sink(Err(Failure::at(from.name, reason)));
    }
    let fields = schema
        .get_fields()
        .iter()
        .filter(|f| wanted(f.name()))
        .map(Arc::clone)
        .collect();
    let rows = guarded(|| {
        let some = Type::group_type_builder(schema.name())
            .with_fields(fields)
            .build()?;
        table.get_row_iter(Some(some))
    });
    let mut rows = match rows {
        Ok(rows) => rows,
        Err(reason) => return sink(Err(Failure::at(from.name, reason))),
    };
    for n in 1.. {
        match guarded(|| rows.next().transpose()) {
            Ok(Some(row)) => sink(entry(row, n, from))?,
            Ok(None) => break,
            Err(reason) => return sink(Err(Failure::at(from.place(n), cut_short(reason)))),
        }
    }
    ControlFlow::Continue(())
}

/// The parquet crate still panics on some damaged files; that is a failure like another.
pub(crate) fn guarded<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(err)) => Err(err.to_string()),
        Err(_) => Err("damaged: not a Parquet table as it should be".to_owned()),
    }
}

fn entry(row: Row, n: u64, from: &Source<'_>) -> Result<Entry, Failure> {
    let options = from.options;
    let place = from.place(n);
    let (mut id, mut text, mut meta) = (None, None, Vec::new());
    for (name, field) in row.into_columns() {
        if name == options.text_field {
            text = Some(field);
        } else if name == options.id_field {
            id = plain(field);
        } else if let Some(value) = plain(field) {
            meta.push((name, value));
        }
    }
    let failure = |reason: String| Failure {
        id: id.clone(),
        place: place.clone(),
        reason,
    };
    let field = &options.text_field;
    let text = match text {
        Some(Field::Str(text)) => text,
        Some(Field::Bytes(bytes)) => decode(bytes.data().to_vec())
            .map_err(|err| failure(format!("column `{field}`: {err}")))?,
        Some(Field::Null) | None => return Err(failure(format!("column `{field}` is null"))),
        Some(_) => return Err(failure(format!("column `{field}` holds no strings"))),
    };
    // Fields beside the text in the order they were asked for, as every other format gives them.
    meta.sort_by_key(|(name, _)| options.meta_fields.iter().position(|m| m == name));
    from.entry(place, id, text, meta, false)
}

fn plain(field: Field) -> Option<String> {
    match field {
        Field::Null => None,
        Field::Str(s) => Some(s),
        Field::Bytes(bytes) => Some(String::from_utf8_lossy(bytes.data()).into_owned()),
        other => Some(other.to_string()),
    }
}
