//! A linear chain over the tags O, B and I: the best sequence that IOB2 allows, and how likely a
//! span is under all that it allows.

/// Outside.
pub(crate) const O: usize = 0;
/// The first word of a span.
pub(crate) const B: usize = 1;
/// A further word of a span.
pub(crate) const I: usize = 2;

/// Scores of the three tags at each word, and of one tag after another.
pub(crate) struct Chain<'a> {
    pub(crate) emissions: &'a [[f64; 3]],
    /// `transitions[previous][next]`.
    pub(crate) transitions: &'a [[f64; 3]; 3],
}

/// Whether a tag may follow another, or (`None`) come first.
const fn allowed(previous: Option<usize>, next: usize) -> bool {
    next != I || matches!(previous, Some(B | I))
}

impl Chain<'_> {
    /// The spans of the best allowed sequence (Viterbi), as words `(start, end)`, end excluded.
    pub(crate) fn best(&self) -> Vec<(usize, usize)> {
        let Some(first) = self.emissions.first() else {
            return Vec::new();
        };
        let mut score = [first[O], first[B], f64::NEG_INFINITY];
        let mut back: Vec<[u8; 3]> = Vec::with_capacity(self.emissions.len());
        for emission in &self.emissions[1..] {
            let mut next = [f64::NEG_INFINITY; 3];
            let mut from = [0_u8; 3];
            for to in [O, B, I] {
                for previous in [O, B, I] {
                    let total = score[previous] + self.transitions[previous][to];
                    if allowed(Some(previous), to) && total > next[to] {
                        next[to] = total;
                        from[to] = previous as u8;
                    }
                }
                next[to] += emission[to];
            }
            back.push(from);
            score = next;
        }
        let mut tag =
            [O, B, I].into_iter().fold(
                O,
                |best, tag| if score[tag] > score[best] { tag } else { best },
            );
        let mut path = vec![tag];
        for from in back.iter().rev() {
            tag = usize::from(from[tag]);
            path.push(tag);
        }
        path.reverse();
        spans(&path)
    }

    /// For each span the probability that it stands exactly so, all scores divided by
    /// `temperature`.
    pub(crate) fn probabilities(&self, spans: &[(usize, usize)], temperature: f64) -> Vec<f64> {
        let words = self.emissions.len();
        if words == 0 || spans.is_empty() {
            return vec![0.0; spans.len()];
        }
        let emission = |at: usize, tag: usize| self.emissions[at][tag] / temperature;
        let step = |previous: usize, next: usize| {
            if allowed(Some(previous), next) {
                self.transitions[previous][next] / temperature
            } else {
                f64::NEG_INFINITY
            }
        };
        let mut forward = vec![[f64::NEG_INFINITY; 3]; words];
        forward[0] = [emission(0, O), emission(0, B), f64::NEG_INFINITY];
        for at in 1..words {
            for tag in [O, B, I] {
                let before = [O, B, I].map(|p| forward[at - 1][p] + step(p, tag));
                forward[at][tag] = log_sum(before) + emission(at, tag);
            }
        }
        let mut backward = vec![[0.0; 3]; words];
        for at in (0..words - 1).rev() {
            for tag in [O, B, I] {
                backward[at][tag] = log_sum(
                    [O, B, I].map(|n| step(tag, n) + emission(at + 1, n) + backward[at + 1][n]),
                );
            }
        }
        let total = log_sum(forward[words - 1]);
        spans
            .iter()
            .map(|&(start, end)| {
                let mut score = forward[start][B];
                let mut tag = B;
                for at in start + 1..end {
                    score += step(tag, I) + emission(at, I);
                    tag = I;
                }
                if end < words {
                    let rest = [O, B].map(|n| step(tag, n) + emission(end, n) + backward[end][n]);
                    score += log_sum([rest[0], rest[1], f64::NEG_INFINITY]);
                }
                (score - total).exp().clamp(0.0, 1.0)
            })
            .collect()
    }
}

fn log_sum(values: [f64; 3]) -> f64 {
    let top = values.into_iter().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + values
        .into_iter()
        .map(|v| (v - top).exp())
        .sum::<f64>()
        .ln()
}

/// The spans of an allowed sequence of tags.
fn spans(path: &[usize]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, &tag) in path.iter().enumerate() {
        match tag {
            B => found.push((at, at + 1)),
            I => {
                if let Some(last) = found.last_mut() {
                    last.1 = at + 1;
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All allowed sequences with their scores, the slow way.
    fn all(emissions: &[[f64; 3]], transitions: &[[f64; 3]; 3]) -> Vec<(Vec<usize>, f64)> {
        let mut found = vec![(Vec::new(), 0.0)];
        for emission in emissions {
            found = found
                .into_iter()
                .flat_map(|(path, score): (Vec<usize>, f64)| {
                    [O, B, I]
                        .into_iter()
                        .filter(|&tag| allowed(path.last().copied(), tag))
                        .map(|tag| {
                            let step = path.last().map_or(0.0, |&p| transitions[p][tag]);
                            (
                                [path.clone(), vec![tag]].concat(),
                                score + step + emission[tag],
                            )
                        })
                        .collect::<Vec<_>>()
                })
                .collect();
        }
        found
    }

    #[test]
    fn agrees_with_trying_all_sequences() {
        let emissions = [
            [0.1, 0.3, 2.0],
            [0.5, -0.2, 0.4],
            [1.0, 0.9, 1.1],
            [0.0, 0.2, 0.1],
            [0.3, 0.1, -1.0],
        ];
        let transitions = [[0.2, -0.1, 5.0], [0.0, -0.5, 0.3], [-0.2, 0.1, 0.4]];
        let chain = Chain {
            emissions: &emissions,
            transitions: &transitions,
        };
        let every = all(&emissions, &transitions);
        let (best, _) = every
            .iter()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .expect("sequences");
        assert_eq!(chain.best(), spans(best));
        let total: f64 = every.iter().map(|(_, s)| s.exp()).sum();
        for span in [(0, 1), (0, 3), (1, 2), (2, 5), (4, 5)] {
            let with: f64 = every
                .iter()
                .filter(|(p, _)| spans(p).contains(&span))
                .map(|(_, s)| s.exp())
                .sum();
            let got = chain.probabilities(&[span], 1.0)[0];
            assert!(
                (got - with / total).abs() < 1e-12,
                "{span:?}: {got} for {}",
                with / total
            );
        }
    }

    #[test]
    fn no_words_no_spans() {
        let chain = Chain {
            emissions: &[],
            transitions: &[[0.0; 3]; 3],
        };
        assert!(chain.best().is_empty());
    }
}
