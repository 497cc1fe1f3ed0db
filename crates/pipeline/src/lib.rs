//! Takes one document through all stages.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
