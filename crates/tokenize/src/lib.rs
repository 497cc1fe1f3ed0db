//! Splits a sentence into words with spans, by the conventions of Universal Dependencies English.
//!
//! ```
//! use standpoint_core::Span;
//! use standpoint_tokenize::tokenize;
//!
//! let text = "They didn't leave (yet).";
//! let words: Vec<&str> =
//!     tokenize(text, Span::from_range(0..text.len())).iter().map(|t| &text[t.span]).collect();
//! assert_eq!(words, ["They", "did", "n't", "leave", "(", "yet", ")", "."]);
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub use crate::tokens::tokenize;

mod address;
mod bytes;
mod lists;
mod tokens;
