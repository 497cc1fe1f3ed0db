//! From the states of a window's words to attributions: spans, then links.

use std::collections::BTreeMap;

use serde::Deserialize;
use standpoint_core::{Span, Token};
use standpoint_encoder::Linear;

use crate::chain::Chain;
use crate::found::Attribution;

/// The tag sequences, in the order of the model's outputs.
pub(crate) const SEQUENCES: [&str; 4] = ["source", "cue", "content", "inner_content"];
/// What a content is linked to, in the order of the model's outputs.
pub(crate) const RELATIONS: [&str; 2] = ["cue", "source"];

/// What `config.json` says of decoding: all fitted on development data.
#[derive(Clone, Deserialize)]
pub(crate) struct Decoding {
    /// Added to the score of B for a sequence: more or fewer spans to choose from. Sources and cues
    /// that no content is linked to are dropped.
    #[serde(default)]
    bias: BTreeMap<String, f64>,
    /// What a further content costs that joins a cue, in log probability.
    #[serde(default)]
    join: f64,
    /// What a source costs that stands away from the cue, in log probability, by the logarithm of
    /// the words between plus one.
    #[serde(default)]
    apart: f64,
    /// Attributions less probable than this are left out.
    #[serde(default)]
    threshold: f32,
    /// Scale and offset of an attribution's log odds.
    #[serde(default = "plain")]
    score: (f64, f64),
}

fn plain() -> (f64, f64) {
    (1.0, 0.0)
}

/// The heads on the top's states.
pub(crate) struct Heads {
    pub(crate) tagger: Linear,
    pub(crate) transitions: [[[f64; 3]; 3]; 4],
    pub(crate) content: Linear,
    /// By relation.
    pub(crate) other: [Linear; 2],
    pub(crate) no_link: Linear,
    pub(crate) distance: Vec<f32>,
    pub(crate) dim: usize,
    pub(crate) gaps: Vec<usize>,
    /// By sequence.
    pub(crate) tag_temperature: [f64; 4],
    /// By relation.
    pub(crate) link_temperature: [f64; 2],
    pub(crate) decoding: Decoding,
}

/// The words of a window: which tokens they are, and the states of their first pieces.
#[derive(Default)]
pub(crate) struct Window<'a> {
    pub(crate) tokens: Vec<usize>,
    pub(crate) rows: Vec<&'a [f32]>,
}

/// A span in words of the window, with the probability that it stands exactly so.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) words: (usize, usize),
    pub(crate) probability: f64,
}

struct Link {
    source: Option<usize>,
    cue: Option<usize>,
    pieces: Vec<usize>,
    probability: f64,
}

impl Heads {
    /// The attributions of a window.
    pub(crate) fn attributions(&self, tokens: &[Token], window: &Window<'_>) -> Vec<Attribution> {
        if window.rows.is_empty() {
            return Vec::new();
        }
        let logits = self.logits(window);
        let spans: Vec<Vec<Found>> = (0..SEQUENCES.len())
            .map(|s| self.decode(s, &logits))
            .collect();
        let [sources, cues, contents, inner] = &spans[..] else {
            return Vec::new();
        };
        let mut contents = contents.clone();
        for span in inner {
            if !contents.iter().any(|c| c.words == span.words) {
                contents.push(span.clone());
            }
        }
        contents.sort_by_key(|c| c.words);
        let span = |words: (usize, usize)| {
            let (first, last) = (window.tokens[words.0], window.tokens[words.1 - 1]);
            tokens[first].span.join(tokens[last].span)
        };
        self.link(window, &contents, [cues, sources])
            .into_iter()
            .map(|link| {
                let pieces: Vec<Span> = link
                    .pieces
                    .iter()
                    .map(|&p| span(contents[p].words))
                    .collect();
                Attribution {
                    source: link.source.map(|s| span(sources[s].words)),
                    cue: link.cue.map(|c| span(cues[c].words)),
                    content: pieces,
                    score: self.calibrated(link.probability),
                }
            })
            .filter(|a| a.score >= self.decoding.threshold)
            .collect()
    }

    /// The tags' scores for each word.
    pub(crate) fn logits(&self, window: &Window<'_>) -> Vec<Vec<f32>> {
        let rows = window.rows.iter();
        rows.map(|row| self.tagger.apply(row)).collect()
    }

    fn calibrated(&self, probability: f64) -> f32 {
        let (scale, offset) = self.decoding.score;
        let p = probability.clamp(1e-6, 1.0 - 1e-6);
        let log_odds = scale * (p / (1.0 - p)).ln() + offset;
        (1.0 / (1.0 + (-log_odds).exp())) as f32
    }

    pub(crate) fn decode(&self, sequence: usize, logits: &[Vec<f32>]) -> Vec<Found> {
        let bias = self.decoding.bias.get(SEQUENCES[sequence]);
        let bias = bias.copied().unwrap_or(0.0);
        let emissions: Vec<[f64; 3]> = logits
            .iter()
            .map(|row| {
                let of = |tag: usize| f64::from(row[3 * sequence + tag]);
                [of(0), of(1) + bias, of(2)]
            })
            .collect();
        let chain = Chain {
            emissions: &emissions,
            transitions: &self.transitions[sequence],
        };
        let best = chain.best();
        let probabilities = chain.probabilities(&best, self.tag_temperature[sequence]);
        best.into_iter()
            .zip(probabilities)
            .map(|(words, probability)| Found { words, probability })
            .collect()
    }

    /// Chooses for each content its cue and source.
    fn link(&self, window: &Window<'_>, contents: &[Found], others: [&[Found]; 2]) -> Vec<Link> {
        let scores: Vec<Vec<Vec<f64>>> = (0..RELATIONS.len())
            .map(|relation| self.link_scores(window, contents, others[relation], relation))
            .collect();
        let best = |scores: &[f64]| -> usize {
            (0..scores.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best })
        };
        // Contents choose a cue, the surest first; to join the one that has it already costs.
        let top = |piece: usize| scores[0][piece][best(&scores[0][piece])];
        let mut order: Vec<usize> = (0..contents.len()).collect();
        order.sort_by(|&a, &b| top(b).total_cmp(&top(a)));
        let mut groups: Vec<(Option<usize>, Vec<usize>)> = Vec::new();
        for piece in order {
            let mut cues = scores[0][piece].clone();
            for cue in groups.iter().filter_map(|g| g.0) {
                cues[cue + 1] -= self.decoding.join;
            }
            let cue = best(&cues).checked_sub(1);
            match groups.iter_mut().find(|g| cue.is_some() && g.0 == cue) {
                Some(group) => group.1.push(piece),
                None => groups.push((cue, vec![piece])),
            }
        }
        groups
            .into_iter()
            .map(|(cue, mut pieces)| {
                let count = others[1].len() + 1;
                let mut sum = vec![0.0; count];
                for &piece in &pieces {
                    for (sum, score) in sum.iter_mut().zip(&scores[1][piece]) {
                        *sum += score;
                    }
                }
                if let Some(cue) = cue {
                    for (sum, source) in sum[1..].iter_mut().zip(others[1]) {
                        let gap = gap(others[0][cue].words, source.words) as f64;
                        *sum -= self.decoding.apart * gap.ln_1p();
                    }
                }
                let chosen = best(&sum);
                let first = pieces[0];
                let mut probability = scores[1][first][chosen].exp()
                    * scores[0][first][cue.map_or(0, |c| c + 1)].exp();
                for &piece in &pieces {
                    probability *= contents[piece].probability;
                }
                pieces.sort_unstable();
                Link {
                    source: chosen.checked_sub(1),
                    cue,
                    pieces,
                    probability,
                }
            })
            .collect()
    }

    /// Log-probabilities for each content: of no link, then of each other span.
    pub(crate) fn link_scores(
        &self,
        window: &Window<'_>,
        contents: &[Found],
        others: &[Found],
        relation: usize,
    ) -> Vec<Vec<f64>> {
        let ends =
            |found: &Found| [window.rows[found.words.0], window.rows[found.words.1 - 1]].concat();
        let dim = self.dim;
        let temperature = self.link_temperature[relation];
        let right: Vec<Vec<f32>> = others
            .iter()
            .map(|other| {
                let mut values = self.other[relation].apply(&ends(other));
                values.iter_mut().for_each(|x| *x = gelu(*x));
                values
            })
            .collect();
        contents
            .iter()
            .map(|content| {
                let ends = ends(content);
                let none = self.no_link.apply(&ends)[relation];
                let left = self.content.apply(&ends);
                let left: Vec<f32> = left[relation * dim..][..dim]
                    .iter()
                    .map(|&x| gelu(x))
                    .collect();
                let mut scores = vec![f64::from(none) / temperature];
                for (other, right) in others.iter().zip(&right) {
                    let product: f32 = left.iter().zip(right).map(|(a, b)| a * b).sum();
                    let place = self.bucket(content.words, other.words);
                    let buckets = self.distance.len() / RELATIONS.len();
                    let score =
                        product / (dim as f32).sqrt() + self.distance[relation * buckets + place];
                    scores.push(f64::from(score) / temperature);
                }
                let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total = top + scores.iter().map(|s| (s - top).exp()).sum::<f64>().ln();
                scores.iter_mut().for_each(|s| *s -= total);
                scores
            })
            .collect()
    }

    /// 0 where spans overlap; then the distance classes of spans after the content; then of those
    /// before it.
    fn bucket(&self, content: (usize, usize), other: (usize, usize)) -> usize {
        let gaps = &self.gaps;
        if other.0 < content.1 && content.0 < other.1 {
            return 0;
        }
        let gap = gap(content, other);
        let place = gaps.iter().filter(|&&end| gap > end).count();
        1 + place
            + if other.0 >= content.1 {
                0
            } else {
                gaps.len() + 1
            }
    }
}

/// How many words stand between two spans.
fn gap(one: (usize, usize), other: (usize, usize)) -> usize {
    if other.0 >= one.1 {
        other.0 - one.1
    } else {
        one.0.saturating_sub(other.1)
    }
}

/// x·Φ(x), by the error function's approximation of Abramowitz and Stegun 7.1.26 (off by at most
/// 1.5e-7).
fn gelu(x: f32) -> f32 {
    let z = f64::from(x) / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z.abs());
    let series = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let erf = (1.0 - series * (-z * z).exp()).copysign(z);
    (f64::from(x) * 0.5 * (1.0 + erf)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gelu_is_the_exact_one() {
        for (x, want) in [
            (0.0, 0.0),
            (1.0, 0.841_345),
            (-1.0, -0.158_655),
            (3.0, 2.995_95),
        ] {
            assert!((gelu(x) - want).abs() < 1e-5, "{x}");
        }
    }
}
