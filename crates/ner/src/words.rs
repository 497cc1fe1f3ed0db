use std::ops::Range;

/// How a word's label follows from those of its pieces, as `transformers` names the ways. A word
/// is never cut: all its pieces share one label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Aggregation {
    /// The first piece speaks for the word: what nearly all models are trained for.
    #[default]
    First,
    /// The piece that is surest of its label.
    Max,
    /// The mean of the pieces' probabilities.
    Average,
}

impl Aggregation {
    /// The rows to classify, of those that a word's pieces have.
    pub(crate) fn rows(self, pieces: Range<usize>) -> Range<usize> {
        match self {
            Self::First => pieces.start..pieces.end.min(pieces.start + 1),
            Self::Max | Self::Average => pieces,
        }
    }

    /// A word's log-probabilities, of one or more pieces' logits, `n` each. Written over `out`.
    pub(crate) fn word(self, logits: &[f32], n: usize, temperature: f32, out: &mut [f32]) {
        let mut pieces = logits.chunks_exact(n);
        let first = pieces.next().expect("a word has a piece");
        log_softmax(first, temperature, out);
        match self {
            Self::First => {}
            Self::Max => {
                let mut piece = vec![0.0; n];
                for logits in pieces {
                    log_softmax(logits, temperature, &mut piece);
                    if max(&piece) > max(out) {
                        out.copy_from_slice(&piece);
                    }
                }
            }
            Self::Average => {
                let count = (logits.len() / n) as f32;
                let mut piece = vec![0.0; n];
                out.iter_mut().for_each(|p| *p = p.exp());
                for logits in pieces {
                    log_softmax(logits, temperature, &mut piece);
                    out.iter_mut().zip(&piece).for_each(|(p, q)| *p += q.exp());
                }
                out.iter_mut()
                    .for_each(|p| *p = (*p / count).max(FLOOR).ln());
            }
        }
    }
}

/// Log-probabilities stay above this one's logarithm, so that no sum of theirs is -inf.
const FLOOR: f32 = 1e-30;

/// The log-probabilities of logits divided by a temperature (Guo et al. 2017).
fn log_softmax(logits: &[f32], temperature: f32, out: &mut [f32]) {
    let top = max(logits);
    let sum: f32 = logits.iter().map(|x| ((x - top) / temperature).exp()).sum();
    let floor = FLOOR.ln();
    for (p, x) in out.iter_mut().zip(logits) {
        *p = ((x - top) / temperature - sum.ln()).max(floor);
    }
}

fn max(values: &[f32]) -> f32 {
    values.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}
