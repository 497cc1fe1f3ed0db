//! Says who stands for or against whom, with the words as evidence.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
