//! Scores extractions from plain data.
//!
//! Spans, labels and counts in, scores out: this crate knows no model, no file and no format, and
//! takes predictions made by anything. What it computes is what the field computes:
//!
//! | for | functions | as in |
//! |---|---|---|
//! | entities from tags | [`chunks`], [`Scheme`] | conlleval, seqeval |
//! | entities, strict | [`count_entities`] | seqeval, to the last bit |
//! | entities, boundary, partial, kind | [`compare`] | nervaluate (SemEval-2013 task 9) |
//! | what went wrong | [`pair`], [`add_confusion`] | |
//! | sentences | [`inner_ends`], [`count_boundaries`] | |
//! | words | [`align_words`] | the CoNLL 2018 shared task |
//! | quotations | [`count_parts`], [`count_attributions`], [`count_sources`] | exact and overlapping, matched one to one |
//! | speakers | [`count_speakers`] | accuracy and coverage |
//! | classes | [`count_class`] | scikit-learn |
//! | how sure that is | [`bootstrap`], [`paired`] | percentile bootstrap, approximate randomization |
//! | whether scores keep their word | [`Calibration`] | expected calibration error |
//!
//! Everything that is counted is a [`Counts`]: right, predicted, wanted. A document has one for
//! each class; documents add up; [`Scores`] come from the sums.
//!
//! ```
//! use standpoint_core::Span;
//! use standpoint_eval::{Labeled, Resampling, Scores, bootstrap, chunks, count_entities};
//!
//! // Two sentences as tags: the gold's, in IOB1, and a tagger's, in IOB2.
//! let gold = [vec!["I-PER", "I-PER", "O", "I-LOC"], vec!["O", "I-ORG"]];
//! let predicted = [vec!["B-PER", "I-PER", "O", "O"], vec!["O", "B-ORG"]];
//!
//! let entities = |tags: &[&'static str]| -> Vec<Labeled> {
//!     chunks(tags.iter().copied())
//!         .into_iter()
//!         .map(|c| Labeled::new(Span::from_range(c.words), c.kind))
//!         .collect()
//! };
//! let kinds = ["LOC", "ORG", "PER"];
//! let counts: Vec<_> = gold
//!     .iter()
//!     .zip(&predicted)
//!     .map(|(g, p)| count_entities(&kinds, &entities(g), &entities(p)))
//!     .collect();
//!
//! let [f1] = bootstrap(&counts, Resampling::default(), |sum| [Scores::micro(sum).f1]);
//! let scores = Scores::micro(&standpoint_eval::total(&counts));
//! assert_eq!((scores.precision, scores.recall, scores.f1), (1.0, 2.0 / 3.0, 0.8));
//! assert!(f1.low <= 0.8 && 0.8 <= f1.high);
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub use crate::{
    attributions::{
        Agreement, Attribution, Part, bare, count_attributions, count_parts, count_sources,
        match_contents,
    },
    boundaries::{Word, align_words, count_boundaries, ink, inner_ends},
    calibration::{Bin, Calibration, Coverage, Judged},
    classes::count_class,
    counts::{Counts, Scores, total},
    entities::{
        Confusion, Fault, Labeled, Outcome, Pair, Schema, add_confusion, compare, count_entities,
        kinds, pair,
    },
    resample::{Interval, Paired, Resampling, bootstrap, paired},
    speakers::{Speaker, Spoken, count_speakers},
    tags::{Chunk, Scheme, chunks, irregular},
};

mod attributions;
mod boundaries;
mod calibration;
mod classes;
mod counts;
mod entities;
mod matching;
mod resample;
mod speakers;
mod tags;

/// The README's example, which runs as a test.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
