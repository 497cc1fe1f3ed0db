//! Splits English text into sentences that tile it.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
