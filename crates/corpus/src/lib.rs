//! Reads documents and writes what was found in them.
//!
//! Going in, [`Inputs`] lists the files that a command's arguments name and reads them one
//! document at a time: plain text, JSON lines, CSV, TSV, Parquet, tar archives, web pages and the
//! markup of Reuters-21578, compressed or not. A document that cannot be read is a [`Failure`]
//! with its place and the reason, and reading goes on.
//!
//! Coming out, a [`Record`] is what was found in one document: plain data, in the offsets its
//! reader counts in, with the words beside every span.
//!
//! ```
//! use standpoint_core::{Analysis, Document, OffsetUnit};
//! use standpoint_corpus::{Provenance, Record};
//!
//! let doc = Document::new("d1", "It rained.")?;
//! let record = Record::new(&doc, &Analysis::default(), OffsetUnit::Chars, &Provenance::default());
//! println!("{}", serde_json::to_string(&record)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This is the one library of the workspace that opens files other than models; it still prints
//! nothing and keeps no state.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub use crate::{
    decode::{DecodeError, decode},
    dedupe::Dedupe,
    failure::{Error, ErrorKind, Failure},
    input::{Entry, InputFormat, Inputs, ParseInputFormatError, ReadOptions, read_from},
    output::{Table, Tables, brat, conll, page, read_records, read_tables},
    record::{
        Author, Duplicate, EntityRow, HolderId, Model, Provenance, QuoteRow, Range, Record,
        StanceRow, WarningRow,
    },
};

mod decode;
mod dedupe;
mod failure;
pub mod gold;
mod input;
mod output;
mod record;
