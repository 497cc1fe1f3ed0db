/// A step of the analysis, in order of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Text to sentences.
    Sentences,
    /// Sentences to words.
    Words,
    /// Words to names, and names to actors.
    Entities,
    /// Who said what.
    Quotes,
    /// Who stands for or against whom.
    Stances,
}

impl Stage {
    /// All stages, in order of work.
    pub const ALL: [Self; 5] = [
        Self::Sentences,
        Self::Words,
        Self::Entities,
        Self::Quotes,
        Self::Stances,
    ];

    /// The stage's name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sentences => "sentences",
            Self::Words => "words",
            Self::Entities => "entities",
            Self::Quotes => "quotes",
            Self::Stances => "stances",
        }
    }

    /// Whether this stage is `other` or stands on its result. Each stage stands on all before it:
    /// the holder of a stance in a quotation is its speaker.
    #[must_use]
    pub fn needs(self, other: Self) -> bool {
        other <= self
    }
}
