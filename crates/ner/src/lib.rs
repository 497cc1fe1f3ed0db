//! Finds named entities with a transformer: people, organizations, places, groups and more.
//!
//! A [`Ner`] is a token-classification directory of Hugging Face's `transformers`, opened: ours or
//! any other of a model type that `standpoint-encoder` runs, as it is. Words come in, entities
//! come out, each with a calibrated probability:
//!
//! ```
//! use standpoint_core::{Sentence, Span, Token, TokenKind};
//! use standpoint_encoder::{Kernel, Scratch};
//! use standpoint_ner::Ner;
//!
//! # fn main() -> Result<(), standpoint_ner::Error> {
//! let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/bert-cased-iob2");
//! let ner = Ner::open(dir, Kernel::Auto)?;
//!
//! // Sentences and words usually come from standpoint-sentences and standpoint-tokenize.
//! let text = "Kem Sokha left Phnom Penh.";
//! let sentences = [Sentence { span: Span::new(0, 26), nested: false }];
//! let word = |start, end| Token { span: Span::new(start, end), kind: TokenKind::Word };
//! let tokens = [word(0, 3), word(4, 9), word(10, 14), word(15, 20), word(21, 25), word(25, 26)];
//!
//! let mut scratch = Scratch::default(); // one a worker, used again for every document
//! let (entities, warnings) = ner.recognize(text, &sentences, &tokens, &mut scratch);
//! for entity in &entities {
//!     println!("{} is a {} ({:.2})", &text[entity.span], entity.kind, entity.score);
//! }
//! assert!(warnings.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # From words to entities
//!
//! Whole sentences are packed into windows, so that each word is seen with its neighbours; a text
//! of any length is read whole. A word is never cut: its pieces share one label, by default that
//! of the first ([`Aggregation`]). The labels of a sentence are decoded together (Viterbi 1967)
//! among the sequences that their scheme allows, so that no entity begins in its middle. An
//! entity's score comes from the sum over all those sequences: the share of them in which just
//! this span has just this kind, with a temperature and a slope fitted on development data.
//!
//! A name mostly means one thing in one article. Where the model is asked for it by its
//! `config.json`, the places of a name lend each other their evidence before decoding: see
//! `agreement` below. Nothing outside the document has any influence on its result, and the same
//! document always gives the same result, to the bit.
//!
//! # Labels
//!
//! `id2label` may be in IOB1, IOB2, BIOES (BILOU) or without prefixes. Label names are those of
//! [`EntityKind`](standpoint_core::EntityKind), long or short, and those of OntoNotes, of which
//! `EVENT`, `LANGUAGE`, `LAW` and `WORK_OF_ART` are `Misc`, and numbers and times (`CARDINAL`,
//! `ORDINAL`, `PERCENT`, `QUANTITY`, `TIME`) are found but not reported. A label of any other name
//! is an error that names it, unless `config.json` says what it stands for.
//!
//! # `config.json`
//!
//! A plain directory is complete. What it may hold beside, in an object `ner` that `transformers`
//! leaves alone:
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `window` | pieces a window, special ones counted | 192, or what the model has |
//! | `scheme` | `iob1`, `iob2` or `bioes`; needed only for IOB1 labels of which every kind has both prefixes | found from the labels |
//! | `kinds` | what a label name stands for: `{"CORP": "organization", "SHIP": null}`; null is not reported | `{}` |
//! | `agreement` | 0 to 1: how much a name's other places in the document count against its own | 0 |
//! | `opening` | what a sequence's log-probability loses for each entity that a label opens: higher finds fewer | 0 |
//! | `scores` | `temperature` of the logits, `slope` and `offset` of an entity's log-odds | 1, 1, 0 |
//! | `conll` | a second head: its tensors' name `classifier`, its `id2label`, its `agreement`, `opening` and `scores` | none |
//!
//! # Against `transformers`
//!
//! [`Decoding::Greedy`] is what `pipeline("ner", aggregation_strategy=…)` does, `first`, `max` or
//! `average`; tests hold it to that pipeline's output, entity by entity. `simple`, which labels
//! pieces and may cut a word in two, is left out: where every word is one piece it is `first`.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub use crate::{
    error::{Error, LabelError},
    model::{Emissions, Ner},
    options::{Decoding, Options, View},
    words::Aggregation,
};

mod agreement;
mod config;
mod error;
mod labels;
mod lattice;
mod model;
mod options;
mod words;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
