//! How far scores could be off by the choice of documents.

use std::array;

use serde::Serialize;

use crate::Counts;

/// How to resample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Resampling {
    /// How many times; 1,000 unless set.
    pub resamples: u32,
    /// Where the random numbers start: the same seed gives the same result, everywhere.
    pub seed: u64,
    /// The share of resamples within an interval; 0.95 unless set.
    pub level: f64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self {
            resamples: 1000,
            seed: 1,
            level: 0.95,
        }
    }
}

/// A range that a score is within.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Percentile bootstrap intervals (Efron 1979) of scores over units, which are documents wherever
/// there are several: as many units are drawn with replacement as there are, their counts summed
/// and scored. Each unit has counts for the same classes; `score` gives any number of scores of
/// the sums.
///
/// ```
/// use standpoint_eval::{Counts, Resampling, Scores, bootstrap};
///
/// let documents = vec![vec![Counts { correct: 9, predicted: 10, gold: 10 }]; 20];
/// let [f1] = bootstrap(&documents, Resampling::default(), |sum| [Scores::micro(sum).f1]);
/// assert_eq!((f1.low, f1.high), (0.9, 0.9), "documents that are all alike leave no doubt");
/// ```
///
/// # Panics
///
/// If units differ in their number of classes.
pub fn bootstrap<const N: usize>(
    units: &[Vec<Counts>],
    settings: Resampling,
    score: impl Fn(&[Counts]) -> [f64; N],
) -> [Interval; N] {
    let mut random = fastrand::Rng::with_seed(settings.seed);
    let mut found: [Vec<f64>; N] = array::from_fn(|_| Vec::new());
    let mut sum = blank(units);
    for _ in 0..settings.resamples {
        sum.fill(Counts::default());
        for _ in units {
            add(&mut sum, &units[random.usize(..units.len())]);
        }
        for (found, value) in found.iter_mut().zip(score(&sum)) {
            found.push(value);
        }
    }
    found.map(|values| interval(values, settings.level))
}

/// Two runs over the same documents, compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Paired {
    /// The first run's score less the second's.
    pub difference: f64,
    /// The bootstrap interval of that difference, the same documents drawn for both.
    pub interval: Interval,
    /// How often chance alone would give a difference at least as large, either way, if the two
    /// were equally good: approximate randomization.
    pub p_value: f64,
}

/// Tests whether two runs over the same units differ: by approximate randomization (Noreen 1989;
/// Yeh 2000), which swaps the two runs' counts of each unit at random, and by the paired bootstrap.
///
/// # Panics
///
/// If the runs differ in their number of units or classes.
pub fn paired<const N: usize>(
    first: &[Vec<Counts>],
    second: &[Vec<Counts>],
    settings: Resampling,
    score: impl Fn(&[Counts]) -> [f64; N],
) -> [Paired; N] {
    assert_eq!(first.len(), second.len(), "two runs over the same units");
    let difference = |a: &[Counts], b: &[Counts]| -> [f64; N] {
        let (a, b) = (score(a), score(b));
        array::from_fn(|i| a[i] - b[i])
    };
    let (mut sum_a, mut sum_b) = (blank(first), blank(second));
    for (a, b) in first.iter().zip(second) {
        add(&mut sum_a, a);
        add(&mut sum_b, b);
    }
    let observed = difference(&sum_a, &sum_b);

    let mut random = fastrand::Rng::with_seed(settings.seed);
    let mut as_large = [0_u32; N];
    let mut drawn: [Vec<f64>; N] = array::from_fn(|_| Vec::new());
    for _ in 0..settings.resamples {
        sum_a.fill(Counts::default());
        sum_b.fill(Counts::default());
        for (a, b) in first.iter().zip(second) {
            let (a, b) = if random.bool() { (b, a) } else { (a, b) };
            add(&mut sum_a, a);
            add(&mut sum_b, b);
        }
        for (i, d) in difference(&sum_a, &sum_b).into_iter().enumerate() {
            // Sums taken in another order may differ in the last bit.
            as_large[i] += u32::from(d.abs() >= observed[i].abs() - 1e-12);
        }

        sum_a.fill(Counts::default());
        sum_b.fill(Counts::default());
        for _ in first {
            let i = random.usize(..first.len());
            add(&mut sum_a, &first[i]);
            add(&mut sum_b, &second[i]);
        }
        for (drawn, d) in drawn.iter_mut().zip(difference(&sum_a, &sum_b)) {
            drawn.push(d);
        }
    }
    let intervals = drawn.map(|values| interval(values, settings.level));
    array::from_fn(|i| Paired {
        difference: observed[i],
        interval: intervals[i],
        p_value: f64::from(as_large[i] + 1) / f64::from(settings.resamples + 1),
    })
}

fn blank(units: &[Vec<Counts>]) -> Vec<Counts> {
    let classes = units.first().map_or(0, Vec::len);
    assert!(
        units.iter().all(|unit| unit.len() == classes),
        "every unit has counts for the same classes"
    );
    vec![Counts::default(); classes]
}

fn add(sum: &mut [Counts], unit: &[Counts]) {
    for (sum, &c) in sum.iter_mut().zip(unit) {
        *sum += c;
    }
}

/// The middle `level` of the values, between neighbours by proportion.
fn interval(mut values: Vec<f64>, level: f64) -> Interval {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| -> f64 {
        let Some(last) = values.len().checked_sub(1) else {
            return 0.0;
        };
        let place = share * last as f64;
        let below = values[place.floor() as usize];
        let above = values[place.ceil() as usize];
        below + (above - below) * place.fract()
    };
    let tail = (1.0 - level) / 2.0;
    Interval {
        low: at(tail),
        high: at(1.0 - tail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scores;

    fn unit(correct: u64, of: u64) -> Vec<Counts> {
        vec![Counts {
            correct,
            predicted: of,
            gold: of,
        }]
    }

    fn f1(sum: &[Counts]) -> [f64; 1] {
        [Scores::micro(sum).f1]
    }

    #[test]
    fn an_interval_is_as_wide_as_theory_says() {
        // 400 units of one answer, 80 % right: the standard error is 0.02.
        let units: Vec<_> = (0..400).map(|i| unit(u64::from(i % 5 != 0), 1)).collect();
        let [i] = bootstrap(&units, Resampling::default(), f1);
        assert!((i.low - (0.8 - 1.96 * 0.02)).abs() < 0.008, "{i:?}");
        assert!((i.high - (0.8 + 1.96 * 0.02)).abs() < 0.008, "{i:?}");
        assert_eq!([i], bootstrap(&units, Resampling::default(), f1));
        let other = Resampling {
            seed: 2,
            ..Resampling::default()
        };
        assert_ne!([i], bootstrap(&units, other, f1));
    }

    #[test]
    fn the_same_run_does_not_differ_from_itself() {
        let run: Vec<_> = (0..30).map(|i| unit(i % 4, 4)).collect();
        let [p] = paired(&run, &run, Resampling::default(), f1);
        assert_eq!((p.difference, p.p_value), (0.0, 1.0));
        assert_eq!(p.interval, Interval::default());
    }

    #[test]
    fn a_run_better_everywhere_differs() {
        let worse: Vec<_> = (0..30).map(|_| unit(5, 10)).collect();
        let better: Vec<_> = (0..30).map(|_| unit(8, 10)).collect();
        let [p] = paired(&better, &worse, Resampling::default(), f1);
        assert!((p.difference - 0.3).abs() < 1e-12);
        assert!(p.p_value < 0.002, "{p:?}");
        let [back] = paired(&worse, &better, Resampling::default(), f1);
        assert!((p.difference + back.difference).abs() < 1e-12);
    }

    #[test]
    fn a_difference_within_chance_is_not_taken_for_one() {
        // Each is better on every second document.
        let first: Vec<_> = (0..40).map(|i| unit(5 + i % 2, 10)).collect();
        let second: Vec<_> = (0..40).map(|i| unit(6 - i % 2, 10)).collect();
        let [p] = paired(&first, &second, Resampling::default(), f1);
        assert!(p.p_value > 0.9, "{p:?}");
        assert!(p.interval.low < 0.0 && p.interval.high > 0.0);
    }

    #[test]
    fn no_units_give_no_score() {
        let none: &[Vec<Counts>] = &[];
        assert_eq!(
            bootstrap(none, Resampling::default(), f1),
            [Interval::default()]
        );
    }
}
