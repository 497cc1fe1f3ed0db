//! Splits English text into sentences that tile it.
//!
//! ```
//! let text = "Dr. Reyes spoke at 5 p.m. No one replied.";
//! let sentences = standpoint_sentences::split(text);
//! assert_eq!(sentences.len(), 2);
//! assert_eq!(&text[sentences[0].trimmed(text)], "Dr. Reyes spoke at 5 p.m.");
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub use crate::split::split;

mod split;

mod context;
mod features;
mod model;
mod rules;
mod scan;
mod words;
#[doc(hidden)]
pub use crate::split::training;
