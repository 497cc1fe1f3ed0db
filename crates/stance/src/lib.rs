//! Says who stands for or against whom, with the words as evidence.
//!
//! [`Stances`] is an opened model. [`Stances::ask`] answers about [`Passage`]s: a text in which a
//! holder and a target are marked. One pass gives both directions.
//!
//! ```
//! use standpoint_core::{Polarity, Span};
//! use standpoint_encoder::{Kernel, Scratch};
//! use standpoint_stance::{Passage, Stances};
//!
//! # fn main() -> Result<(), standpoint_stance::Error> {
//! // A tiny model with random weights, for tests; its answers mean nothing.
//! let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/model");
//! let model = Stances::open(dir, Kernel::Auto)?;
//!
//! let text = "Ana blames Borin.";
//! let (ana, borin) = (Span::new(0, 3), Span::new(11, 16));
//! let passages = [
//!     Passage { text, holder: Some(ana), target: borin },
//!     Passage { text, holder: None, target: borin }, // the stance of the text itself
//! ];
//! let answers = model.ask(&passages, &mut Scratch::default());
//!
//! let (polarity, score) = answers[0].forward.best(); // Ana to Borin
//! assert!(polarity != Polarity::Unknown && score > 1.0 / 3.0);
//! let back = answers[0].backward; // Borin to Ana
//! assert!((back.favor + back.against + back.neutral - 1.0).abs() < 1e-5);
//! # Ok(())
//! # }
//! ```
//!
//! [`Stances::judge`] reads a document that the stages before this one have [`Annotated`]: it chooses
//! whom to ask about, puts all passages through the encoder together, and gives a
//! [`Stance`](standpoint_core::Stance) for each answer that is for, against or not sure, with the
//! sentence or the quotation that shows it. Which pairs those are, and what a model directory
//! holds, the crate's README says.
//!
//! Directed stance in news sentences and its five classes follow Park, Pan and Joo, "Who Blames or
//! Endorses Whom? Entity-to-Entity Directed Sentiment Extraction in News Text" (Findings of ACL
//! 2021); the text's own stance to a target follows Hamborg and Donnay, "NewsMTSC" (EACL 2021);
//! marking both parties and reading the states at the markers follows Baldini Soares et al.,
//! "Matching the Blanks" (ACL 2019).
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub use crate::{
    answer::{Answer, Probabilities},
    error::Error,
    model::Stances,
    passage::Passage,
    questions::Annotated,
};

mod answer;
mod error;
mod model;
mod passage;
mod questions;
mod settings;
