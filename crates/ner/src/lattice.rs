use crate::labels::{Labels, Segment};

/// The most probable labels of consecutive words among the sequences that are valid, as a chain
/// without transition scores (Viterbi 1967). `log_probs` has `labels.len()` values a word.
pub(crate) fn best_labels(labels: &Labels, log_probs: &[f32]) -> Vec<usize> {
    let n = labels.len();
    let words = log_probs.len() / n;
    if words == 0 {
        return Vec::new();
    }
    let mut scores: Vec<f64> = (0..n)
        .map(|l| match labels.may_start(l) {
            true => f64::from(log_probs[l]),
            false => f64::NEG_INFINITY,
        })
        .collect();
    let mut next = vec![0.0; n];
    let mut from = vec![0_u16; words * n];
    for word in 1..words {
        for l in 0..n {
            let (mut best, mut best_score) = (labels.outside(), f64::NEG_INFINITY);
            for &b in labels.before(l) {
                if scores[b] > best_score {
                    (best, best_score) = (b, scores[b]);
                }
            }
            from[word * n + l] = best as u16;
            next[l] = best_score + f64::from(log_probs[word * n + l]);
        }
        std::mem::swap(&mut scores, &mut next);
    }
    let (mut label, mut best_score) = (labels.outside(), f64::NEG_INFINITY);
    for l in (0..n).filter(|&l| labels.may_end(l)) {
        if scores[l] > best_score {
            (label, best_score) = (l, scores[l]);
        }
    }
    let mut path = vec![label; words];
    for word in (1..words).rev() {
        label = usize::from(from[word * n + label]);
        path[word - 1] = label;
    }
    path
}

/// Sums over all valid label sequences of consecutive words, by which the probability of any
/// span is read off (the forward and backward pass of Rabiner 1989, each word's sum scaled to 1).
pub(crate) struct Marginals<'l> {
    labels: &'l Labels,
    probs: Vec<f64>,
    /// At word `w`, label `l`: probability of the words up to `w` with `l` at `w`.
    forward: Vec<f64>,
    /// Of the words after `w`, given `l` at `w`; scaled like the forward pass.
    backward: Vec<f64>,
    /// What each word's forward sum was scaled by.
    scale: Vec<f64>,
}

impl<'l> Marginals<'l> {
    pub(crate) fn new(labels: &'l Labels, log_probs: &[f32]) -> Self {
        let n = labels.len();
        let words = log_probs.len() / n;
        let probs: Vec<f64> = log_probs.iter().map(|&p| f64::from(p).exp()).collect();
        let mut forward = vec![0.0; words * n];
        let mut scale = vec![1.0; words];
        for word in 0..words {
            let (done, rest) = forward.split_at_mut(word * n);
            for l in 0..n {
                let before = match word {
                    0 => f64::from(u8::from(labels.may_start(l))),
                    _ => labels
                        .before(l)
                        .iter()
                        .map(|&b| done[(word - 1) * n + b])
                        .sum(),
                };
                rest[l] = before * probs[word * n + l];
            }
            // Some label always remains, if only by the outside one's floor.
            let sum: f64 = rest[..n].iter().sum();
            scale[word] = sum;
            rest[..n].iter_mut().for_each(|f| *f /= sum);
        }
        let mut backward = vec![0.0; words * n];
        for word in (0..words).rev() {
            if word + 1 == words {
                for l in 0..n {
                    backward[word * n + l] = f64::from(u8::from(labels.may_end(l)));
                }
                continue;
            }
            let (now, after) = backward.split_at_mut((word + 1) * n);
            for l in 0..n {
                let p = after[l] * probs[(word + 1) * n + l] / scale[word + 1];
                for &b in labels.before(l) {
                    now[word * n + b] += p;
                }
            }
        }
        Self {
            labels,
            probs,
            forward,
            backward,
            scale,
        }
    }

    /// The probability that exactly these words are an entity of this class.
    pub(crate) fn segment(&self, segment: Segment) -> f64 {
        let Segment { start, end, class } = segment;
        let n = self.labels.len();
        let words = self.scale.len();
        let of_class = self.labels.of_class(class);
        let mut open: Vec<f64> = of_class
            .iter()
            .map(|&l| {
                let before: f64 = match start {
                    0 => f64::from(u8::from(self.labels.may_start(l))),
                    _ => self
                        .labels
                        .before(l)
                        .iter()
                        .filter(|&&b| !self.labels.continues(b, l))
                        .map(|&b| self.forward[(start - 1) * n + b])
                        .sum(),
                };
                before * self.probs[start * n + l] / self.scale[start]
            })
            .collect();
        for word in start + 1..end {
            open = of_class
                .iter()
                .map(|&l| {
                    let before: f64 = (of_class.iter().zip(&open))
                        .filter(|&(&b, _)| {
                            self.labels.continues(b, l) && self.labels.before(l).contains(&b)
                        })
                        .map(|(_, p)| p)
                        .sum();
                    before * self.probs[word * n + l] / self.scale[word]
                })
                .collect();
        }
        let mut total = 0.0;
        for (&l, p) in of_class.iter().zip(&open) {
            let after: f64 = if end == words {
                f64::from(u8::from(self.labels.may_end(l)))
            } else {
                (0..n)
                    .filter(|&a| !self.labels.continues(l, a) && self.labels.before(a).contains(&l))
                    .map(|a| self.probs[end * n + a] * self.backward[end * n + a] / self.scale[end])
                    .sum()
            };
            total += p * after;
        }
        // The last word's sum over labels that may end is what all paths share.
        let all: f64 = (0..n)
            .map(|l| {
                self.forward[(words - 1) * n + l] * f64::from(u8::from(self.labels.may_end(l)))
            })
            .sum();
        (total / all).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::labels::tests::labels;

    const SCHEMES: [&[&str]; 4] = [
        &["O", "B-PER", "I-PER", "B-LOC", "I-LOC"],
        &["O", "I-PER", "B-LOC", "I-LOC"],
        &[
            "O", "B-PER", "I-PER", "E-PER", "S-PER", "B-LOC", "E-LOC", "S-LOC",
        ],
        &["PER", "LOC", "O"],
    ];

    /// Every valid sequence with its probability: what the lattice must agree with.
    fn sequences(labels: &Labels, log_probs: &[f32]) -> Vec<(Vec<usize>, f64)> {
        let n = labels.len();
        let mut open = vec![(vec![], 1.0)];
        for word in log_probs.chunks_exact(n) {
            let mut longer = Vec::new();
            for (sequence, p) in &open {
                for (l, log_prob) in word.iter().enumerate() {
                    let allowed = match sequence.last() {
                        None => labels.may_start(l),
                        Some(before) => labels.before(l).contains(before),
                    };
                    if allowed {
                        let mut sequence: Vec<usize> = sequence.clone();
                        sequence.push(l);
                        longer.push((sequence, p * f64::from(*log_prob).exp()));
                    }
                }
            }
            open = longer;
        }
        open.retain(|(sequence, _)| sequence.last().is_none_or(|&l| labels.may_end(l)));
        open
    }

    proptest! {
        #[test]
        fn the_lattice_agrees_with_all_sequences(
            scheme in 0..SCHEMES.len(),
            values in prop::collection::vec(-9.0_f32..0.0, 1..33),
        ) {
            let labels = labels(SCHEMES[scheme], None);
            let words = (values.len() / labels.len()).min(4);
            let log_probs = &values[..words * labels.len()];
            let all = sequences(&labels, log_probs);
            let best = best_labels(&labels, log_probs);
            prop_assert_eq!(best.len(), words);
            if words == 0 {
                return Ok(());
            }
            let found = all.iter().find(|(sequence, _)| *sequence == best);
            let top = all.iter().map(|(_, p)| *p).fold(0.0, f64::max);
            prop_assert!(found.is_some_and(|(_, p)| (p / top - 1.0).abs() < 1e-6), "{:?}", best);

            let total: f64 = all.iter().map(|(_, p)| p).sum();
            let marginals = Marginals::new(&labels, log_probs);
            for class in 0..labels.classes() {
                for start in 0..words {
                    for end in start + 1..=words {
                        let segment = Segment { start, end, class };
                        let expected: f64 = all
                            .iter()
                            .filter(|(s, _)| labels.segments(s.iter().copied()).contains(&segment))
                            .map(|(_, p)| p / total)
                            .sum();
                        let got = marginals.segment(segment);
                        prop_assert!((got - expected).abs() < 1e-9, "{segment:?} {got} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn certain_words_do_not_overflow() {
        let labels = labels(SCHEMES[0], None);
        let word = [f32::MIN, -1e-30, f32::MIN, f32::MIN, f32::MIN];
        let log_probs = word.repeat(1000);
        assert_eq!(best_labels(&labels, &log_probs), vec![1; 1000]);
        let marginals = Marginals::new(&labels, &log_probs);
        let segment = Segment {
            start: 500,
            end: 501,
            class: 0,
        };
        assert!((marginals.segment(segment) - 1.0).abs() < 1e-9);
    }
}
