//! Splits a sentence into words with spans, by the conventions of Universal Dependencies English.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
