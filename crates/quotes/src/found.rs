//! What the rules and the tagger give to be put together.

use standpoint_core::Span;

/// An attribution as found in the text, before its speaker is known: who (source) says (cue) what
/// (content).
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// The words that say who.
    pub source: Option<Span>,
    /// The words that say that it was said.
    pub cue: Option<Span>,
    /// What was said: ascending, apart, never empty.
    pub content: Vec<Span>,
    /// The probability, 0 to 1, that this is an attribution.
    pub score: f32,
}
