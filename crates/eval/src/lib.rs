//! Scores extractions from plain data: boundaries, spans, labels, attributions, with confidence intervals.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
