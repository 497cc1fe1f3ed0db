//! Comma or tab separated values, the first row naming the columns.

use std::cell::Cell;
use std::io::Read;
use std::ops::ControlFlow;
use std::rc::Rc;

use csv::ByteRecord;

use super::jsonl::no_field;
use super::{Allowance, Entry, Sink, Source, cut_short};
use crate::decode::decode;
use crate::failure::Failure;

/// Put after a table, to be a row of its own: where it is not, a quotation mark was never closed, and
/// all that follows it was taken for text.
const END: &[u8] = b"\0end of the table";

/// What the reader below may take beyond a row, for its buffer.
const AHEAD: u64 = 1 << 20;

pub(super) fn read(
    stream: impl Read,
    delimiter: u8,
    from: &Source<'_>,
    sink: Sink<'_>,
) -> ControlFlow<()> {
    let allowed = from.options.max_bytes.saturating_add(AHEAD);
    let left = Rc::new(Cell::new(allowed));
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        // Tab separated values have no quotes: a mark in a text stands for itself.
        .quoting(delimiter == b',')
        .flexible(true)
        .has_headers(false)
        .from_reader(Allowance {
            inner: stream.chain(&b"\n"[..]).chain(END),
            left: Rc::clone(&left),
        });

    let mut names = ByteRecord::new();
    match rows.read_byte_record(&mut names) {
        Ok(true) if is_end(&names) => {
            return sink(Err(Failure::at(from.name, "empty: no row of column names")));
        }
        Ok(_) if names.iter().any(|name| name.ends_with(END)) => {
            return sink(Err(Failure::at(from.place(1), UNCLOSED)));
        }
        Ok(_) => {}
        Err(err) => return sink(Err(Failure::at(from.name, cut_short(err)))),
    }
    let names: Vec<String> = names
        .iter()
        .map(|name| {
            String::from_utf8_lossy(name)
                .trim_start_matches('\u{feff}')
                .trim()
                .to_owned()
        })
        .collect();
    let column = |name: &str| names.iter().position(|n| n == name);
    let options = from.options;
    let Some(text) = column(&options.text_field) else {
        return sink(Err(Failure::at(
            from.place(1),
            no_field(&options.text_field, "first row", &names),
        )));
    };
    let columns = Columns {
        count: names.len(),
        id: column(&options.id_field),
        text,
        meta: options
            .meta_fields
            .iter()
            .filter_map(|name| Some((name.clone(), column(name)?)))
            .collect(),
    };

    let mut row = ByteRecord::new();
    // Rows are counted as a spreadsheet does, the names being the first: a row may be many lines.
    for n in 2.. {
        left.set(allowed);
        match rows.read_byte_record(&mut row) {
            Ok(true) if is_end(&row) => break,
            Ok(true) => sink(columns.entry(&row, n, from))?,
            Ok(false) => break,
            Err(err) => return sink(Err(Failure::at(from.place(n), cut_short(err)))),
        }
    }
    ControlFlow::Continue(())
}

const UNCLOSED: &str = "a quotation mark opened in this row is never closed, so that all rows after it \
                        were taken for its text";

fn is_end(row: &ByteRecord) -> bool {
    row.len() == 1 && row.get(0) == Some(END)
}

struct Columns {
    /// How many columns have names.
    count: usize,
    id: Option<usize>,
    text: usize,
    meta: Vec<(String, usize)>,
}

impl Columns {
    fn entry(&self, row: &ByteRecord, n: u64, from: &Source<'_>) -> Result<Entry, Failure> {
        let place = from.place(n);
        let field = |at: usize| row.get(at).map(|b| String::from_utf8_lossy(b).into_owned());
        let id = self.id.and_then(field).filter(|id| !id.is_empty());
        let failure = |reason: String| Failure {
            id: id.clone(),
            place: place.clone(),
            reason,
        };
        if row.iter().any(|field| field.ends_with(END)) {
            return Err(failure(UNCLOSED.to_owned()));
        }
        if row.iter().skip(self.count).any(|field| !field.is_empty()) {
            return Err(failure(format!(
                "a row of {} fields where {} columns have names; is a mark around a field missing?",
                row.len(),
                self.count
            )));
        }
        let Some(bytes) = row.get(self.text) else {
            return Err(failure(format!(
                "a row of {} fields; the text should be in field {}",
                row.len(),
                self.text + 1
            )));
        };
        let text = decode(bytes.to_vec())
            .map_err(|err| failure(format!("column `{}`: {err}", from.options.text_field)))?;
        let meta = self
            .meta
            .iter()
            .filter_map(|(name, at)| Some((name.clone(), field(*at)?)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        from.entry(place, id, text, meta, false)
    }
}
