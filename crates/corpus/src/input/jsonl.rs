//! A JSON object a line.

use std::io::BufRead;
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::{Entry, Line, Sink, Source, cut_short, next_line, too_large};
use crate::failure::Failure;

pub(super) fn read(mut stream: impl BufRead, from: &Source<'_>, sink: Sink<'_>) -> ControlFlow<()> {
    let mut line = Vec::new();
    let max = from.options.max_bytes;
    for n in 1.. {
        let place = from.place(n);
        let item = match next_line(&mut stream, &mut line, max) {
            Ok(None) => break,
            Ok(Some(Line::Whole)) => {
                let line = match n {
                    1 => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line),
                    _ => &line,
                };
                if line.trim_ascii().is_empty() {
                    if !from.options.every_line {
                        continue;
                    }
                    Err(Failure::at(place, "empty: a blank line"))
                } else {
                    object(line, place, from)
                }
            }
            Ok(Some(Line::TooLong)) => Err(Failure::at(place, too_large(max))),
            Err(err) => return sink(Err(Failure::at(place, cut_short(err)))),
        };
        sink(item)?;
    }
    ControlFlow::Continue(())
}

fn object(line: &[u8], place: String, from: &Source<'_>) -> Result<Entry, Failure> {
    let line = match std::str::from_utf8(line) {
        Ok(line) => line,
        Err(err) => {
            let at = err.valid_up_to();
            let reason = format!(
                "not UTF-8: byte 0x{:02x} at offset {at} of the line",
                line[at]
            );
            return Err(Failure::at(place, reason));
        }
    };
    let mut object: Map<String, Value> = match serde_json::from_str(line) {
        Ok(object) => object,
        Err(err) => {
            // serde_json counts lines within what it was given, which is one.
            let reason = err.to_string().replace(" at line 1 column ", " at column ");
            return Err(Failure::at(place, format!("not a JSON object: {reason}")));
        }
    };
    let options = from.options;
    let id = object.get(&options.id_field).and_then(plain);
    let failure = |reason: String| Failure {
        id: id.clone(),
        place: place.clone(),
        reason,
    };
    let text = match object.remove(&options.text_field) {
        Some(Value::String(text)) => text,
        Some(other) => {
            let field = &options.text_field;
            return Err(failure(format!(
                "field `{field}` is no string but {}",
                sort(&other)
            )));
        }
        None => {
            return Err(failure(no_field(
                &options.text_field,
                "object",
                object.keys(),
            )));
        }
    };
    let meta = options
        .meta_fields
        .iter()
        .filter_map(|name| Some((name.clone(), object.get(name).and_then(plain)?)))
        .collect();
    from.entry(place, id, text, meta, false)
}

/// A value as a word: strings as they are, null as nothing.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(s) => Some(s.clone()),
        other => Some(other.to_string()),
    }
}

fn sort(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Says what is missing and what there is instead.
pub(super) fn no_field<S: AsRef<str>>(
    field: &str,
    holder: &str,
    has: impl IntoIterator<Item = S>,
) -> String {
    let mut names = String::new();
    for name in has {
        let name = name.as_ref();
        if names.len() + name.len() > 200 {
            names.push_str(", …");
            break;
        }
        if !names.is_empty() {
            names.push_str(", ");
        }
        names.push_str(name);
    }
    if names.is_empty() {
        names.push_str("nothing");
    }
    format!("no field `{field}`; the {holder} has: {names}")
}
