use alloc::string::String;
use alloc::vec::Vec;

use crate::{EntityKind, Span};

/// An actor's number in its document: its place in [`Actors::actors`].
pub type ActorId = u32;

/// Someone or something that the document names, with all its names joined.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Actor {
    /// Its number, from 0.
    pub id: ActorId,
    /// The fullest name in the text.
    pub name: String,
    /// What it is.
    pub kind: EntityKind,
    /// The other forms of its name in the text, in order of first use.
    pub aliases: Vec<String>,
}

/// Words that refer to an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mention {
    /// The words.
    pub span: Span,
    /// Whom they mean.
    pub actor: ActorId,
    /// What sort of words they are.
    pub kind: MentionKind,
}

/// How a [`Mention`] refers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum MentionKind {
    /// By name.
    Name,
    /// By description: "the spokesman".
    Description,
    /// By pronoun: "she".
    Pronoun,
}

/// The actors of one document and where it refers to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actors {
    /// The actors, `actors[i].id == i`, in order of first mention.
    pub actors: Vec<Actor>,
    /// Every reference to one, in order of start.
    pub mentions: Vec<Mention>,
}

impl Actors {
    /// Whom the words at exactly this span refer to, if known.
    #[must_use]
    pub fn at(&self, span: Span) -> Option<ActorId> {
        let from = self
            .mentions
            .partition_point(|m| m.span.start() < span.start());
        self.mentions[from..]
            .iter()
            .take_while(|m| m.span.start() == span.start())
            .find(|m| m.span == span)
            .map(|m| m.actor)
    }
}
