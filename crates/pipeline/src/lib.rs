//! One document through all stages.
//!
//! [`Stages`] holds what was opened, once, shared by all threads; [`Stages::analyze`] is a function
//! from a document to an [`Analysis`](standpoint_core::Analysis): no files, no threads, no flags. A stage that was not opened
//! leaves its layer empty.
//!
//! ```
//! use standpoint_core::Document;
//! use standpoint_pipeline::{Scratch, Stages};
//!
//! // Without models: sentences and words.
//! let stages = Stages::default();
//! let doc = Document::new("d1", "It rained. We left.")?;
//! let analysis = stages.analyze(&doc, &mut Scratch::default());
//! assert_eq!(analysis.sentences.len(), 2);
//! assert_eq!(analysis.tokens.len(), 6);
//! # Ok::<(), standpoint_core::TooLong>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub use crate::{
    analyze::{Quotations, Scratch, Stages},
    stage::Stage,
};

mod analyze;
mod stage;
