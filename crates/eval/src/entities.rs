//! Entities: strict counts by kind, nervaluate's four schemas, and what went wrong with each.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use standpoint_core::Span;

use crate::Counts;

/// A span with a kind: an entity of the gold or of a prediction. Spans may count bytes, words or
/// anything else, as long as gold and predictions count the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Labeled {
    /// Where it is.
    pub span: Span,
    /// What it is.
    pub kind: String,
    /// How sure the prediction is, 0 to 1, if it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
}

impl Labeled {
    /// A span with a kind and no score.
    pub fn new(span: Span, kind: impl Into<String>) -> Self {
        Self {
            span,
            kind: kind.into(),
            score: None,
        }
    }
}

/// Every kind that occurs, in order of name: the classes of [`count_entities`].
#[must_use]
pub fn kinds<'a>(entities: impl IntoIterator<Item = &'a Labeled>) -> Vec<String> {
    let kinds: BTreeSet<&str> = entities.into_iter().map(|e| e.kind.as_str()).collect();
    kinds.into_iter().map(str::to_owned).collect()
}

/// The strict counts of one document, one for each of `kinds`: a prediction is right if the gold
/// has the same span with the same kind. The same entity given twice counts once, as in seqeval.
///
/// ```
/// use standpoint_core::Span;
/// use standpoint_eval::{Labeled, Scores, count_entities};
///
/// let gold = [Labeled::new(Span::new(0, 7), "person"), Labeled::new(Span::new(11, 14), "norp")];
/// let predicted = [Labeled::new(Span::new(0, 7), "person"), Labeled::new(Span::new(11, 18), "norp")];
/// let counts = count_entities(&["norp", "person"], &gold, &predicted);
/// assert_eq!(Scores::micro(&counts).f1, 0.5);
/// ```
#[must_use]
pub fn count_entities<K: AsRef<str>>(
    kinds: &[K],
    gold: &[Labeled],
    predicted: &[Labeled],
) -> Vec<Counts> {
    let of = |entities: &[Labeled], kind: &str| -> BTreeSet<Span> {
        entities
            .iter()
            .filter(|e| e.kind == kind)
            .map(|e| e.span)
            .collect()
    };
    kinds
        .iter()
        .map(|kind| {
            let gold = of(gold, kind.as_ref());
            let predicted = of(predicted, kind.as_ref());
            Counts {
                correct: gold.intersection(&predicted).count() as u64,
                predicted: predicted.len() as u64,
                gold: gold.len() as u64,
            }
        })
        .collect()
}

/// What counts as right in the schemas of SemEval-2013 task 9, as the nervaluate package (1.2)
/// counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Schema {
    /// Same span, same kind.
    Strict,
    /// Same span, any kind: the boundaries alone.
    Exact,
    /// Same span is right, an overlapping one half right; any kind.
    Partial,
    /// Same kind, overlapping span: the kind alone.
    EntType,
}

impl Schema {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Strict, Self::Exact, Self::Partial, Self::EntType];

    /// The schema's name in nervaluate.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Exact => "exact",
            Self::Partial => "partial",
            Self::EntType => "ent_type",
        }
    }
}

/// How the predictions came out under a [`Schema`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Predictions that are right.
    pub correct: u64,
    /// Predictions that meet an entity of the gold but are wrong.
    pub incorrect: u64,
    /// Predictions that are half right.
    pub partial: u64,
    /// Entities of the gold that no prediction met.
    pub missed: u64,
    /// Predictions that meet no entity of the gold.
    pub spurious: u64,
}

impl Outcome {
    /// Precision, recall and F1; a partial one counts half.
    #[must_use]
    pub fn scores(self) -> crate::Scores {
        let met = self.correct + self.incorrect + self.partial;
        let right = self.correct as f64 + 0.5 * self.partial as f64;
        let ratio = |of: u64| if of == 0 { 0.0 } else { right / of as f64 };
        crate::Scores::new(ratio(met + self.spurious), ratio(met + self.missed))
    }
}

impl std::ops::AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.correct += other.correct;
        self.incorrect += other.incorrect;
        self.partial += other.partial;
        self.missed += other.missed;
        self.spurious += other.spurious;
    }
}

/// Compares one document's entities under a schema. As nervaluate does, each prediction in turn
/// takes an entity of the gold that none before it took: the first that makes it right (for
/// [`Schema::EntType`] the one with the nearest ends), else the first it meets, where meeting is
/// to overlap by at least a hundredth of the gold entity.
#[must_use]
pub fn compare(schema: Schema, gold: &[Labeled], predicted: &[Labeled]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut free: Vec<&Labeled> = gold.iter().collect();
    free.sort_by_key(|g| g.span);
    let mut predicted: Vec<&Labeled> = predicted.iter().collect();
    predicted.sort_by_key(|p| p.span);
    for p in predicted {
        // `free` stays in order of start, so all that can meet `p` start before its end.
        let near = &free[..free.partition_point(|g| g.span.start() < p.span.end())];
        let right = |g: &&Labeled| match schema {
            Schema::Strict => g.span == p.span && g.kind == p.kind,
            Schema::Exact | Schema::Partial => g.span == p.span,
            Schema::EntType => g.kind == p.kind && meets(p.span, g.span),
        };
        let correct = if schema == Schema::EntType {
            (0..near.len())
                .filter(|&i| right(&near[i]))
                .min_by_key(|&i| distance(near[i].span, p.span))
        } else {
            near.iter().position(right)
        };
        let taken = correct.or_else(|| near.iter().position(|g| meets(p.span, g.span)));
        match (correct, taken) {
            (Some(_), _) => outcome.correct += 1,
            (None, Some(_)) if schema == Schema::Partial => outcome.partial += 1,
            (None, Some(_)) => outcome.incorrect += 1,
            (None, None) => outcome.spurious += 1,
        }
        if let Some(i) = taken {
            free.remove(i);
        }
    }
    outcome.missed = free.len() as u64;
    outcome
}

fn meets(predicted: Span, gold: Span) -> bool {
    let start = predicted.start().max(gold.start());
    let end = predicted.end().min(gold.end());
    start < end && u64::from(end - start) * 100 >= u64::from(gold.len())
}

fn distance(a: Span, b: Span) -> u32 {
    a.start().abs_diff(b.start()) + a.end().abs_diff(b.end())
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The kind is right, the span is not.
    WrongBoundary,
    /// The span is right, the kind is not.
    WrongKind,
    /// They overlap; neither span nor kind is right.
    WrongBoundaryAndKind,
    /// In the gold, and nothing was predicted there.
    Missed,
    /// Predicted where the gold has nothing.
    Spurious,
}

impl Fault {
    /// The fault in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WrongBoundary => "wrong boundary",
            Self::WrongKind => "wrong kind",
            Self::WrongBoundaryAndKind => "wrong boundary and kind",
            Self::Missed => "missed",
            Self::Spurious => "spurious",
        }
    }
}

/// An entity of the gold and the prediction that stands for it; one of them may be lacking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair<'a> {
    /// The gold's, if the prediction meets one.
    pub gold: Option<&'a Labeled>,
    /// The predicted one, if there is one.
    pub predicted: Option<&'a Labeled>,
}

impl Pair<'_> {
    /// What is wrong with it; `None` if nothing is.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match (self.gold, self.predicted) {
            (Some(g), Some(p)) => match (g.span == p.span, g.kind == p.kind) {
                (true, true) => None,
                (true, false) => Some(Fault::WrongKind),
                (false, true) => Some(Fault::WrongBoundary),
                (false, false) => Some(Fault::WrongBoundaryAndKind),
            },
            (Some(_), None) => Some(Fault::Missed),
            (None, _) => Some(Fault::Spurious),
        }
    }

    /// Where it is: the gold's span, or the prediction's where the gold has none.
    #[must_use]
    pub fn span(&self) -> Span {
        self.gold
            .or(self.predicted)
            .map_or_else(Span::default, |e| e.span)
    }
}

/// Pairs each prediction of a document with at most one entity of the gold, to say what went
/// wrong: first those that are right, then those with the same span, then by the longest overlap,
/// the same kind before another. In order of place.
#[must_use]
pub fn pair<'a>(gold: &'a [Labeled], predicted: &'a [Labeled]) -> Vec<Pair<'a>> {
    // Every two that overlap, best first.
    let mut by_start: Vec<usize> = (0..gold.len()).collect();
    by_start.sort_by_key(|&g| gold[g].span);
    let longest = gold.iter().map(|g| g.span.len()).max().unwrap_or(0);
    let mut candidates = Vec::new();
    for (p, prediction) in predicted.iter().enumerate() {
        let span = prediction.span;
        let from = by_start.partition_point(|&g| {
            u64::from(gold[g].span.start()) + u64::from(longest) < u64::from(span.start())
        });
        for &g in by_start[from..]
            .iter()
            .take_while(|&&g| gold[g].span.start() <= span.end())
        {
            let other = &gold[g];
            let shared = span
                .end()
                .min(other.span.end())
                .saturating_sub(span.start().max(other.span.start()));
            let same = span == other.span;
            if same || shared > 0 {
                let kind = prediction.kind == other.kind;
                candidates.push(((!(same && kind), !same, u32::MAX - shared, !kind), g, p));
            }
        }
    }
    candidates.sort_unstable();
    let mut of_gold = vec![None; gold.len()];
    let mut taken = vec![false; predicted.len()];
    for (_, g, p) in candidates {
        if of_gold[g].is_none() && !taken[p] {
            of_gold[g] = Some(p);
            taken[p] = true;
        }
    }
    let mut pairs: Vec<Pair<'a>> = gold
        .iter()
        .zip(of_gold)
        .map(|(g, p)| Pair {
            gold: Some(g),
            predicted: p.map(|p| &predicted[p]),
        })
        .collect();
    pairs.extend(
        predicted
            .iter()
            .zip(taken)
            .filter(|(_, taken)| !taken)
            .map(|(p, _)| Pair {
                gold: None,
                predicted: Some(p),
            }),
    );
    pairs.sort_by_key(|pair| (pair.span(), pair.gold.is_none()));
    pairs
}

/// Which kinds are taken for which: `gold kind -> predicted kind -> times`, with `None` for
/// nothing.
pub type Confusion = BTreeMap<Option<String>, BTreeMap<Option<String>, u64>>;

/// Adds one document's pairs to a confusion table.
pub fn add_confusion(table: &mut Confusion, pairs: &[Pair<'_>]) {
    for pair in pairs {
        let kind = |e: Option<&Labeled>| e.map(|e| e.kind.clone());
        *table
            .entry(kind(pair.gold))
            .or_default()
            .entry(kind(pair.predicted))
            .or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entity(start: u32, end: u32, kind: &str) -> Labeled {
        Labeled::new(Span::new(start, end), kind)
    }

    fn entities() -> impl Strategy<Value = Vec<Labeled>> {
        proptest::collection::vec((0_u32..40, 1_u32..6, "[AB]"), 0..12).prop_map(|v| {
            v.into_iter()
                .map(|(s, n, k)| entity(s, s + n, &k))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn every_answer_is_counted_once(gold in entities(), predicted in entities()) {
            for schema in Schema::ALL {
                let o = compare(schema, &gold, &predicted);
                let met = o.correct + o.incorrect + o.partial;
                prop_assert_eq!(met + o.missed, gold.len() as u64);
                prop_assert_eq!(met + o.spurious, predicted.len() as u64);
            }
            let pairs = pair(&gold, &predicted);
            prop_assert_eq!(pairs.iter().filter(|p| p.gold.is_some()).count(), gold.len());
            prop_assert_eq!(pairs.iter().filter(|p| p.predicted.is_some()).count(), predicted.len());
            let mut table = Confusion::new();
            add_confusion(&mut table, &pairs);
            prop_assert_eq!(table.values().flat_map(|r| r.values()).sum::<u64>(), pairs.len() as u64);
        }

        #[test]
        fn strict_f1_is_symmetric(gold in entities(), predicted in entities()) {
            let names = ["A", "B"];
            let one: Counts = count_entities(&names, &gold, &predicted).iter().sum();
            let other: Counts = count_entities(&names, &predicted, &gold).iter().sum();
            prop_assert_eq!(one.correct, other.correct);
            prop_assert_eq!((one.predicted, one.gold), (other.gold, other.predicted));
        }

        #[test]
        fn the_gold_itself_is_perfect(gold in entities()) {
            let counts = count_entities(&["A", "B"], &gold, &gold);
            prop_assert!(counts.iter().all(|c| c.correct == c.gold && c.gold == c.predicted));
            for schema in Schema::ALL {
                let o = compare(schema, &gold, &gold);
                prop_assert_eq!((o.missed, o.spurious), (0, 0));
            }
            prop_assert!(pair(&gold, &gold).iter().all(|p| p.fault().is_none()));
        }
    }

    #[test]
    fn faults_are_named() {
        let gold = [
            entity(0, 2, "A"),
            entity(3, 5, "A"),
            entity(6, 9, "A"),
            entity(10, 12, "A"),
            entity(20, 21, "A"),
        ];
        let predicted = [
            entity(0, 2, "A"),
            entity(3, 5, "B"),
            entity(6, 8, "A"),
            entity(11, 13, "B"),
            entity(30, 31, "B"),
        ];
        let faults: Vec<_> = pair(&gold, &predicted).iter().map(Pair::fault).collect();
        assert_eq!(
            faults,
            [
                None,
                Some(Fault::WrongKind),
                Some(Fault::WrongBoundary),
                Some(Fault::WrongBoundaryAndKind),
                Some(Fault::Missed),
                Some(Fault::Spurious),
            ]
        );
    }

    #[test]
    fn the_same_span_is_paired_before_a_longer_overlap() {
        let gold = [entity(0, 3, "A"), entity(0, 9, "B")];
        let predicted = [entity(0, 8, "B"), entity(0, 3, "B")];
        let pairs = pair(&gold, &predicted);
        assert_eq!(pairs[0].fault(), Some(Fault::WrongKind));
        assert_eq!(pairs[1].fault(), Some(Fault::WrongBoundary));
    }
}
