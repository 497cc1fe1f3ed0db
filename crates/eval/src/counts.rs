use std::ops::AddAssign;

use serde::Serialize;

/// How many answers were right, how many were given, how many were wanted.
///
/// Counts add up: those of a corpus are the sum of its documents'.
///
/// ```
/// use standpoint_eval::Counts;
///
/// let counts = Counts { correct: 2, predicted: 4, gold: 3 };
/// assert_eq!(counts.scores().precision, 0.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Answers that are right: true positives.
    pub correct: u64,
    /// Answers given: true and false positives.
    pub predicted: u64,
    /// Answers wanted: true positives and false negatives. The support.
    pub gold: u64,
}

impl Counts {
    /// Precision, recall and F1. Where nothing was predicted, or nothing wanted, the ratio is 0,
    /// as in seqeval and scikit-learn.
    #[must_use]
    pub fn scores(self) -> Scores {
        let ratio = |of: u64| {
            if of == 0 {
                0.0
            } else {
                self.correct as f64 / of as f64
            }
        };
        Scores::new(ratio(self.predicted), ratio(self.gold))
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.correct += other.correct;
        self.predicted += other.predicted;
        self.gold += other.gold;
    }
}

impl<'a> std::iter::Sum<&'a Self> for Counts {
    fn sum<I: Iterator<Item = &'a Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |mut sum, &c| {
            sum += c;
            sum
        })
    }
}

/// The sums of all units' counts, class by class: of documents those of the corpus.
///
/// # Panics
///
/// If units differ in their number of classes.
#[must_use]
pub fn total(units: &[Vec<Counts>]) -> Vec<Counts> {
    let mut sum = vec![Counts::default(); units.first().map_or(0, Vec::len)];
    for unit in units {
        assert_eq!(
            unit.len(),
            sum.len(),
            "every unit has counts for the same classes"
        );
        sum.iter_mut().zip(unit).for_each(|(sum, &c)| *sum += c);
    }
    sum
}

/// Precision, recall and their harmonic mean, each from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// The share of answers given that are right.
    pub precision: f64,
    /// The share of answers wanted that were given.
    pub recall: f64,
    /// The harmonic mean of the two; 0 if both are.
    pub f1: f64,
}

impl Scores {
    /// The two with their F1.
    #[must_use]
    pub fn new(precision: f64, recall: f64) -> Self {
        let sum = precision + recall;
        Self {
            precision,
            recall,
            // In the order of seqeval's operations, so that the last bit agrees.
            f1: 2.0 * precision * recall / if sum == 0.0 { 1.0 } else { sum },
        }
    }

    /// The scores of all classes taken together: one pool of answers.
    #[must_use]
    pub fn micro(classes: &[Counts]) -> Self {
        classes.iter().sum::<Counts>().scores()
    }

    /// The plain mean of the classes' precisions, recalls and F1s, over the classes that occur in
    /// the gold or in the predictions; so macro-F1 is the mean of F1s, not the F1 of means.
    #[must_use]
    pub fn macro_mean(classes: &[Counts]) -> Self {
        let scores: Vec<Self> = classes
            .iter()
            .filter(|c| c.predicted + c.gold > 0)
            .map(|c| c.scores())
            .collect();
        Self {
            precision: mean(&scores.iter().map(|s| s.precision).collect::<Vec<_>>()),
            recall: mean(&scores.iter().map(|s| s.recall).collect::<Vec<_>>()),
            f1: mean(&scores.iter().map(|s| s.f1).collect::<Vec<_>>()),
        }
    }
}

/// The mean, 0 of nothing; summed in NumPy's order (eight running sums from eight values up), so
/// that macro scores agree with seqeval's to the last bit.
fn mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let blocks = values.chunks_exact(8);
    let rest = blocks.remainder();
    let mut sums: Option<[f64; 8]> = None;
    for block in blocks {
        match &mut sums {
            None => sums = block.try_into().ok(),
            Some(sums) => sums.iter_mut().zip(block).for_each(|(sum, v)| *sum += v),
        }
    }
    let start = sums.map_or(0.0, |s| {
        ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))
    });
    rest.iter().fold(start, |sum, v| sum + v) / values.len() as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts() -> impl Strategy<Value = Counts> {
        (0_u64..50, 0_u64..50, 0_u64..50).prop_map(|(correct, wrong, missed)| Counts {
            correct,
            predicted: correct + wrong,
            gold: correct + missed,
        })
    }

    proptest! {
        #[test]
        fn scores_are_bounded_and_f1_is_symmetric(c in counts()) {
            let s = c.scores();
            for v in [s.precision, s.recall, s.f1] {
                prop_assert!((0.0..=1.0).contains(&v), "{v}");
            }
            let lower = s.precision.min(s.recall);
            let upper = s.precision.max(s.recall);
            prop_assert!(lower - 1e-12 <= s.f1 && s.f1 <= upper + 1e-12);
            let swapped = Counts { predicted: c.gold, gold: c.predicted, ..c }.scores();
            prop_assert!((s.f1 - swapped.f1).abs() < 1e-15);
            prop_assert_eq!((s.precision, s.recall), (swapped.recall, swapped.precision));
            // 2PR / (P + R) is Dice's coefficient.
            if c.predicted + c.gold > 0 {
                let dice = 2.0 * c.correct as f64 / (c.predicted + c.gold) as f64;
                prop_assert!((s.f1 - dice).abs() < 1e-12);
            }
        }

        #[test]
        fn micro_of_one_class_is_its_own_score(c in counts()) {
            prop_assert_eq!(Scores::micro(&[c]), c.scores());
            if c.predicted + c.gold > 0 {
                prop_assert_eq!(Scores::macro_mean(&[c, Counts::default()]), c.scores());
            }
        }

        #[test]
        fn the_mean_is_a_mean(values in proptest::collection::vec(0.0..1.0_f64, 1..40)) {
            let plain = values.iter().sum::<f64>() / values.len() as f64;
            prop_assert!((mean(&values) - plain).abs() < 1e-12);
        }
    }

    #[test]
    fn nothing_is_zero() {
        assert_eq!(Counts::default().scores(), Scores::default());
        assert_eq!(Scores::macro_mean(&[]), Scores::default());
    }
}
