//! Finds quotations with their sources and cues, and says who is speaking.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
