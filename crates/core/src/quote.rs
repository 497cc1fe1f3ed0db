use alloc::vec::Vec;

use crate::{ActorId, Span};

/// Something said, thought or written by somebody, as the text reports it: the source, cue and
/// content of an attribution (Newell et al., "An Attribution Relations Corpus for Political News",
/// LREC 2018), and the actor behind the source.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Quote {
    /// Whether the words are quoted or reported.
    pub kind: QuoteKind,
    /// What was said: one span or, for a quotation in pieces, several in ascending order; never
    /// none. Of a direct quotation exactly what stands between the marks.
    pub content: Vec<Span>,
    /// The words that say that it was said: "said", "according to".
    pub cue: Option<Span>,
    /// The words that say who said it.
    pub source: Option<Span>,
    /// What sort of source that is.
    pub source_kind: SourceKind,
    /// The speaker, if known.
    pub speaker: Option<ActorId>,
    /// What the speaker did in saying it.
    pub act: SpeechAct,
    /// Whether the cue is negated ("did not say"): then nothing was asserted.
    pub negated: bool,
    /// Whether the cue is hedged ("allegedly", "reportedly").
    pub hedged: bool,
    /// The quotation that this one stands in, by its place in [`Analysis::quotes`](crate::Analysis).
    pub parent: Option<u32>,
    /// The calibrated probability, 0 to 1, that this is a quotation with this source.
    pub score: f32,
}

impl Quote {
    /// From the first byte of the content to the last.
    #[must_use]
    pub fn extent(&self) -> Span {
        match (self.content.first(), self.content.last()) {
            (Some(first), Some(last)) => first.join(*last),
            _ => Span::default(),
        }
    }
}

/// Whether a quotation's words are the speaker's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum QuoteKind {
    /// All between quotation marks.
    Direct,
    /// Reported without marks.
    Indirect,
    /// Reported, with some of the words between marks.
    Mixed,
}

/// What sort of source a quotation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum SourceKind {
    /// One with a name in the source's words: "spokesman Sok Eysan".
    Named,
    /// A pronoun: "she".
    Pronoun,
    /// A description of somebody: "the spokesman".
    Description,
    /// Somebody who is not to be named: "an official who declined to be named".
    Unnamed,
    /// Several together: "the two activists", "critics".
    Collective,
    /// No source in the words; a speaker may be known from what went before.
    Absent,
}

/// What a speaker does, by the class of the cue's verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum SpeechAct {
    /// Says, tells, adds, writes.
    Say,
    /// Asks, wonders.
    Ask,
    /// Answers.
    Answer,
    /// Denies, rejects.
    Deny,
    /// Promises, vows, pledges.
    Promise,
    /// Accuses, blames, alleges.
    Accuse,
    /// Criticizes, condemns.
    Criticize,
    /// Praises, welcomes.
    Praise,
    /// Admits, concedes, confirms, agrees.
    Admit,
    /// Urges, calls for, orders, demands.
    Urge,
    /// Warns, threatens.
    Warn,
    /// Claims, argues, insists.
    Claim,
    /// Suggests, proposes.
    Suggest,
    /// Announces, declares, reveals.
    Announce,
    /// Predicts, expects.
    Predict,
    /// Believes, thinks, hopes, fears, wants: held, not said.
    Think,
}
