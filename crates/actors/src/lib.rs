//! From the names in a document to its actors, and from words that mean one of them to that one.
//!
//! [`resolve`] joins the names that are one actor's: full names, surnames, acronyms, names with
//! titles, different spacing or order. [`Resolver`] then answers whom the words of a source mean:
//! a name, a description ("the ruling party's spokesman") or a pronoun. Both stand on the text
//! alone: there is no list of known people. What the text does not tell stays unknown, and so does a
//! surname that it gives two people alike.
//!
//! ```
//! use standpoint_actors::resolve;
//! use standpoint_core::{Entity, EntityKind, Span};
//!
//! let text = "The Cambodia National Rescue Party (CNRP) was dissolved. CNRP activists fled.";
//! let entity = |start, end| Entity {
//!     span: Span::new(start, end),
//!     kind: EntityKind::Organization,
//!     score: 0.9,
//!     actor: None,
//! };
//! let actors = resolve(text, &[], &[], &[entity(4, 34), entity(36, 40), entity(57, 61)]);
//! assert_eq!(actors.actors.len(), 1);
//! assert_eq!(actors.actors[0].name, "Cambodia National Rescue Party");
//! assert_eq!(actors.actors[0].aliases, ["CNRP"]);
//! ```
//!
//! Time grows with the length of the text: every search back from a word stops after a fixed
//! number of names.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub use crate::{
    join::resolve,
    refer::{Reference, Resolver, Scene},
};

mod join;
mod name;
mod refer;
mod words;
