use core::fmt;

use crate::Span;

/// Something odd in a text that a stage met and went on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Warning {
    /// A quotation mark opens here and none closes it.
    UnclosedQuote(Span),
    /// A quotation whose speaker is not known.
    NoSpeaker(Span),
    /// A sentence longer than a model's window, read in parts.
    SplitSentence(Span),
    /// More pairs of actors in a sentence than are asked about; how many were left out.
    PairsLeftOut {
        /// The sentence.
        sentence: Span,
        /// Pairs not asked about.
        count: u32,
    },
}

impl Warning {
    /// Where in the text.
    #[must_use]
    pub const fn span(&self) -> Span {
        match *self {
            Self::UnclosedQuote(span) | Self::NoSpeaker(span) | Self::SplitSentence(span) => span,
            Self::PairsLeftOut { sentence, .. } => sentence,
        }
    }

    /// A fixed name for programs to match on.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnclosedQuote(_) => "unclosed_quote",
            Self::NoSpeaker(_) => "no_speaker",
            Self::SplitSentence(_) => "split_sentence",
            Self::PairsLeftOut { .. } => "pairs_left_out",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnclosedQuote(_) => f.write_str("a quotation mark opens and is never closed"),
            Self::NoSpeaker(_) => f.write_str("a quotation whose speaker is not known"),
            Self::SplitSentence(_) => {
                f.write_str("a sentence longer than the model's window was read in parts")
            }
            Self::PairsLeftOut { count, .. } => {
                write!(
                    f,
                    "{count} pairs of actors in one sentence were not asked about"
                )
            }
        }
    }
}
