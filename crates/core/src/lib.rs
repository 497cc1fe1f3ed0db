//! The types that every standpoint crate shares.
//!
//! A [`Document`] is a text with an identifier. Stages read it and return values: sentences,
//! tokens, entities, actors, quotations, stances. Nothing is written into the document, and every
//! [`Span`] is a half-open range of bytes of its text:
//!
//! ```
//! use standpoint_core::{Document, OffsetIndex, OffsetUnit, Span};
//!
//! let doc = Document::new("d1", "Señor Peña left.")?;
//! let span = Span::new(7, 12);
//! assert_eq!(doc.slice(span), "Peña");
//!
//! // Other programs count characters or UTF-16 units: converted at one door.
//! let index = OffsetIndex::new(doc.text());
//! assert_eq!(index.range(span, OffsetUnit::Chars), 6..10);
//! assert_eq!(index.span(6..10, OffsetUnit::Chars)?, span);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Text never makes a stage fail: what is odd in it becomes a [`Warning`] beside the result.
//! The optional feature `serde` serializes the plain types; offsets are then bytes. The record
//! that the program prints, with the offsets its reader asked for, is written by
//! `standpoint-corpus`.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub use crate::{
    actor::{Actor, ActorId, Actors, Mention, MentionKind},
    analysis::Analysis,
    document::{Document, TooLong},
    entity::{Entity, EntityKind, ParseEntityKindError},
    offsets::{OffsetError, OffsetIndex, OffsetUnit},
    quote::{Quote, QuoteKind, SourceKind, SpeechAct},
    span::Span,
    stance::{Holder, Polarity, Stance},
    text::{Sentence, Token, TokenKind, tokens_in},
    warning::Warning,
};

mod actor;
mod analysis;
mod document;
mod entity;
mod offsets;
mod quote;
mod span;
mod stance;
mod text;
mod warning;
