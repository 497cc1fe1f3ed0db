//! Splits English text into sentences that tile it.
//!
//! ```
//! let text = "Dr. Reyes spoke at 5 p.m. No one replied.";
//! let sentences = standpoint_sentences::split(text);
//! assert_eq!(sentences.len(), 2);
//! assert_eq!(&text[sentences[0].trimmed(text)], "Dr. Reyes spoke at 5 p.m.");
//! ```
//!
//! Every byte of the text is in exactly one sentence; the white space after a sentence belongs to
//! it, and [`trimmed`](standpoint_core::Sentence::trimmed) gives the visible part. A sentence that
//! ends inside a quotation that goes on is marked
//! [`nested`](standpoint_core::Sentence::nested), so that both views can be had:
//!
//! ```
//! let text = "\"We lost. We try again,\" he said. She left.";
//! let nested: Vec<bool> = standpoint_sentences::split(text).iter().map(|s| s.nested).collect();
//! assert_eq!(nested, [true, false, false]);
//! ```
//!
//! A table scan finds the white space where a sentence could end; rules decide what leaves no
//! doubt (blank lines, list items, titles before names); a small network over features of the
//! words around decides the rest, but for texts that would ask it all the time. Its weights are a
//! table in the crate, learned by `scripts/train_sentences.py` from web text with known sentences
//! and from raw news. Time grows with the length of the text and nothing else. [`Splitter`] reads
//! streams and text wrapped at a fixed width.
//!
//! Without the default feature `std` the crate needs `alloc` alone and has no streams.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[doc(hidden)]
pub use crate::machine::training;
pub use crate::split::{Splitter, split};
#[cfg(feature = "std")]
pub use crate::stream::{Sentences, StreamedSentence};

mod context;
mod features;
mod item;
mod lanes;
mod machine;
mod model;
mod rules;
mod scan;
mod split;
#[cfg(feature = "std")]
mod stream;
mod words;
