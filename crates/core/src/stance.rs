use crate::{ActorId, Span};

/// That a holder stands for or against a target, with the words that show it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stance {
    /// Who takes the stance.
    pub holder: Holder,
    /// Towards whom.
    pub target: ActorId,
    /// Which way.
    pub polarity: Polarity,
    /// The calibrated probability, 0 to 1, of the polarity; of the likeliest one where that is
    /// [`Polarity::Unknown`].
    pub score: f32,
    /// The sentence, or the part of it or of a quotation, that was judged.
    pub evidence: Span,
    /// The quotation that the evidence is, by its place in [`Analysis::quotes`](crate::Analysis).
    pub quote: Option<u32>,
}

/// Who takes a stance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Holder {
    /// The text itself.
    Author,
    /// An actor of the document.
    Actor(ActorId),
    /// A source without a name, by its words.
    Unnamed(Span),
}

/// Which way a [`Stance`] goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Polarity {
    /// The holder supports, praises, helps or agrees with the target.
    For,
    /// The holder opposes, criticizes, harms or rejects the target.
    Against,
    /// Neither shows.
    Neutral,
    /// The model is not sure enough to say.
    Unknown,
}

impl Polarity {
    /// The polarity's name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::For => "for",
            Self::Against => "against",
            Self::Neutral => "neutral",
            Self::Unknown => "unknown",
        }
    }
}
