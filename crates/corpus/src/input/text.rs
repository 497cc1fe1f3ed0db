//! A file that is one document.

use std::io::Read;
use std::ops::ControlFlow;

use super::{Sink, Source};
use crate::decode::decode;
use crate::failure::Failure;

pub(super) fn read(stream: impl Read, from: &Source<'_>, sink: Sink<'_>) -> ControlFlow<()> {
    let text = from
        .all(stream)
        .and_then(|bytes| decode(bytes).map_err(|err| err.to_string()));
    sink(match text {
        Ok(text) => from.entry(from.name.to_owned(), None, text, Vec::new(), false),
        Err(reason) => Err(Failure::at(from.name, reason).of(from.name)),
    })
}
