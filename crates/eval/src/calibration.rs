//! Whether scores mean what they say.

use serde::Serialize;

/// An answer with the probability it claims to be right, and whether it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The probability claimed, 0 to 1.
    pub score: f32,
    /// Whether the answer is right.
    pub correct: bool,
}

/// How well scores keep their word.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Calibration {
    /// How many answers had a score.
    pub answers: u64,
    /// Expected calibration error (Naeini et al. 2015): the mean distance between score and
    /// accuracy over the bins, weighted by their answers.
    pub ece: f64,
    /// The mean squared distance between score and truth (Brier 1950).
    pub brier: f64,
    /// The reliability table: ten bins of equal width; those without answers are left out.
    pub bins: Vec<Bin>,
    /// What is kept, and how right it is, if answers below a threshold are withheld.
    pub coverage: Vec<Coverage>,
}

/// The answers whose scores are in one range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// Scores from here, this one included.
    pub low: f64,
    /// Scores to here; 1 belongs to the last bin.
    pub high: f64,
    /// How many.
    pub answers: u64,
    /// Their mean score.
    pub score: f64,
    /// The share of them that is right.
    pub accuracy: f64,
}

/// What a threshold keeps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// Answers with a lower score are withheld.
    pub threshold: f64,
    /// The share of answers kept.
    pub coverage: f64,
    /// The share of those kept that is right; 1 where none is.
    pub precision: f64,
    /// Right answers kept as a share of `wanted`.
    pub recall: f64,
}

const BINS: usize = 10;
const THRESHOLDS: [f64; 9] = [0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99];

impl Calibration {
    /// Measures the scores of `answers`, where `wanted` answers would have been right to give
    /// (missing ones included).
    ///
    /// ```
    /// use standpoint_eval::{Calibration, Judged};
    ///
    /// let answers = [(0.75, true), (0.75, true), (0.75, true), (0.75, false)]
    ///     .map(|(score, correct)| Judged { score, correct });
    /// assert_eq!(Calibration::measure(&answers, 4).ece, 0.0);
    /// ```
    #[must_use]
    pub fn measure(answers: &[Judged], wanted: u64) -> Self {
        if answers.is_empty() {
            return Self::default();
        }
        let total = answers.len() as f64;
        // Per bin: answers, right ones, scores summed.
        let mut bins = [(0_u64, 0_u64, 0.0_f64); BINS];
        let mut brier = 0.0;
        for a in answers {
            let score = f64::from(a.score).clamp(0.0, 1.0);
            let bin = &mut bins[((score * BINS as f64) as usize).min(BINS - 1)];
            bin.0 += 1;
            bin.1 += u64::from(a.correct);
            bin.2 += score;
            brier += (score - f64::from(u8::from(a.correct))).powi(2);
        }
        let bins: Vec<Bin> = bins
            .iter()
            .enumerate()
            .filter(|(_, (answers, ..))| *answers > 0)
            .map(|(i, &(answers, right, sum))| Bin {
                low: i as f64 / BINS as f64,
                high: (i + 1) as f64 / BINS as f64,
                answers,
                score: sum / answers as f64,
                accuracy: right as f64 / answers as f64,
            })
            .collect();
        let ece = bins
            .iter()
            .map(|b| b.answers as f64 * (b.score - b.accuracy).abs())
            .sum::<f64>()
            / total;
        let coverage = THRESHOLDS
            .map(|threshold| {
                let kept = answers.iter().filter(|a| f64::from(a.score) >= threshold);
                let (kept, right) = kept.fold((0_u64, 0_u64), |(kept, right), a| {
                    (kept + 1, right + u64::from(a.correct))
                });
                Coverage {
                    threshold,
                    coverage: kept as f64 / total,
                    precision: if kept == 0 {
                        1.0
                    } else {
                        right as f64 / kept as f64
                    },
                    recall: if wanted == 0 {
                        0.0
                    } else {
                        right as f64 / wanted as f64
                    },
                }
            })
            .to_vec();
        Self {
            answers: answers.len() as u64,
            ece,
            brier: brier / total,
            bins,
            coverage,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(score: f32, correct: bool) -> Judged {
        Judged { score, correct }
    }

    #[test]
    fn known_figures() {
        // Ten answers at 0.9, eight of them right; ten at 0.2, two right.
        let mut answers: Vec<_> = (0..10).map(|i| judged(0.9, i < 8)).collect();
        answers.extend((0..10).map(|i| judged(0.25, i < 2)));
        let c = Calibration::measure(&answers, 20);
        assert!((c.ece - (0.5 * 0.1 + 0.5 * 0.05)).abs() < 1e-6, "{}", c.ece);
        assert_eq!(c.bins.len(), 2);
        assert_eq!(c.bins[1].answers, 10);
        let half = c.coverage[1];
        assert_eq!(
            (half.coverage, half.precision, half.recall),
            (0.5, 0.8, 0.4)
        );
    }

    #[test]
    fn a_certain_answer_is_in_the_last_bin() {
        let c = Calibration::measure(&[judged(1.0, true)], 1);
        assert_eq!((c.bins[0].high, c.ece), (1.0, 0.0));
    }

    proptest! {
        #[test]
        fn bounds(answers in proptest::collection::vec((0.0_f32..=1.0, any::<bool>()), 0..60)) {
            let answers: Vec<_> = answers.into_iter().map(|(s, c)| judged(s, c)).collect();
            let c = Calibration::measure(&answers, 60);
            prop_assert!((0.0..=1.0).contains(&c.ece));
            prop_assert_eq!(c.bins.iter().map(|b| b.answers).sum::<u64>(), answers.len() as u64);
            for pair in c.coverage.windows(2) {
                prop_assert!(pair[0].coverage >= pair[1].coverage);
                prop_assert!(pair[0].recall >= pair[1].recall);
            }
        }
    }
}
