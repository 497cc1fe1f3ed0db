//! Who said what: quotations with their sources, cues and speakers.
//!
//! [`extract`] finds direct, reported and mixed quotations and says, for each, which actor of the
//! document is speaking, where the text tells. It works by rules (quotation marks, a table of
//! reporting verbs), or with the attributions of a [`Tagger`], whose word counts for reported speech.
//!
//! ```
//! use standpoint_core::{Entity, EntityKind, QuoteKind, Span};
//!
//! let text = "“We will win,” Ana Ruiz said.";
//! let sentences = standpoint_sentences::split(text);
//! let tokens: Vec<_> =
//!     sentences.iter().flat_map(|s| standpoint_tokenize::tokenize(text, s.span)).collect();
//! // The names would come from a recognizer.
//! let name = text.find("Ana").unwrap();
//! let span = Span::from_range(name..name + "Ana Ruiz".len());
//! let entities = [Entity { span, kind: EntityKind::Person, score: 0.9, actor: None }];
//! let actors = standpoint_actors::resolve(text, &sentences, &tokens, &entities);
//!
//! let found = standpoint_quotes::extract(text, &sentences, &tokens, &entities, &actors, None);
//! let quote = &found.quotes[0];
//! assert_eq!(quote.kind, QuoteKind::Direct);
//! assert_eq!(&text[quote.content[0]], "We will win,");
//! let speaker = quote.speaker.unwrap() as usize;
//! assert_eq!(found.actors.actors[speaker].name, "Ana Ruiz");
//! ```
//!
//! Text never fails: a mark that is never closed, or a quotation whose speaker is not known, is a
//! warning beside the result.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub use crate::{
    extract::{Quotations, extract},
    found::Attribution,
    tagger::{Error, Tagger},
};

mod chain;
mod cues;
mod decode;
mod extract;
mod found;
mod marks;
mod merge;
mod rules;
mod tagger;
