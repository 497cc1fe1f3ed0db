use alloc::vec::Vec;

use crate::{Actor, Entity, Mention, Quote, Sentence, Stance, Token, Warning};

/// All that the stages found in one document. A layer whose stage did not run is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analysis {
    /// The sentences, which tile the text.
    pub sentences: Vec<Sentence>,
    /// The words, in order.
    pub tokens: Vec<Token>,
    /// The names, in order; they do not overlap.
    pub entities: Vec<Entity>,
    /// The actors, `actors[i].id == i`.
    pub actors: Vec<Actor>,
    /// Every reference to an actor, in order of start.
    pub mentions: Vec<Mention>,
    /// The quotations, in order of their content's start.
    pub quotes: Vec<Quote>,
    /// The stances, in order of evidence.
    pub stances: Vec<Stance>,
    /// What was odd in the text, in order of place.
    pub warnings: Vec<Warning>,
}
