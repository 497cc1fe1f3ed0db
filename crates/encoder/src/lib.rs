//! Runs BERT-family models from a Hugging Face directory on a CPU, in pure Rust.
#![deny(unsafe_code)]
#![deny(missing_docs)]
