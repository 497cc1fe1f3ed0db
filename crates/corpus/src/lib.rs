//! Reads and writes documents and analyses: text, JSONL, CSV, Parquet, CoNLL, brat.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
