use crate::words::Aggregation;

/// How a [`Ner`](crate::Ner) reads. The default is best for news; the others are there to measure
/// and to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Options {
    /// Whose kinds and guidelines.
    pub view: View,
    /// How a word's label follows from those of its pieces.
    pub aggregation: Aggregation,
    /// How entities follow from the words' labels.
    pub decoding: Decoding,
}

/// Whose kinds and guidelines entities follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum View {
    /// The model's main head: for ours all nine kinds.
    #[default]
    News,
    /// CoNLL-2003's, for comparison with what is published on that set: `Person`, `Organization`,
    /// `Location` and `Misc`, in which nationalities are `Misc`. A model without a head for them
    /// uses its main one; [`EntityKind::conll`](standpoint_core::EntityKind::conll) names the
    /// kind of either.
    Conll,
}

/// How entities follow from the words' label probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Decoding {
    /// The most probable valid sequence of labels, after the places of one name in the document
    /// have been made to agree; the score is the calibrated probability that span and kind are
    /// right.
    #[default]
    Best,
    /// Each word's most probable label by itself, grouped as `transformers`' pipeline groups them;
    /// the score is the mean of the words' probabilities, as there. Never corrected, calibrated or
    /// compared with the rest of the document.
    Greedy,
}
