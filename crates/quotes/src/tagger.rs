use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use standpoint_core::{Sentence, Span, Token};
use standpoint_encoder::{
    Kernel, Layers, Linear, ModelDir, Reading, Scratch, Source, States, Weights,
};

use crate::chain::Chain;
use crate::found::Attribution;

/// The tag sequences, in the order of the model's outputs.
const SEQUENCES: [&str; 4] = ["source", "cue", "content", "inner_content"];
/// What a content is linked to, in the order of the model's outputs.
const RELATIONS: [&str; 2] = ["cue", "source"];

/// Finds attributions with a model that stands on the states of the entity recognizer's encoder.
///
/// The top adds to each state what quotation marks and boundaries stand there, runs it through
/// layers of its own, and tags each word as part of a source, a cue, a content, or a content
/// within another; each is a linear chain of its own. A linker then chooses for each content the
/// cue and the source; contents with one cue are pieces of one (a biaffine score with a table of
/// distances).
#[derive(Clone)]
pub struct Tagger {
    inner: Arc<Inner>,
}

struct Inner {
    layers: Layers,
    marks: Vec<f32>,
    boundaries: Vec<f32>,
    tagger: Linear,
    transitions: [[[f64; 3]; 3]; 4],
    content: Linear,
    /// By relation.
    other: [Linear; 2],
    no_link: Linear,
    distance: Vec<f32>,
    config: Config,
}

/// What `config.json` says of the top.
#[derive(Deserialize)]
struct Config {
    quotes: Top,
    #[serde(default)]
    temperature: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Top {
    window: usize,
    sequences: Vec<String>,
    relations: Vec<String>,
    marks: Marks,
    link_dim: usize,
    gaps: Vec<usize>,
    /// Added to the score of B for a sequence: more or fewer spans, as fitted on dev.
    #[serde(default)]
    bias: BTreeMap<String, f64>,
    /// Scale and offset of an attribution's log odds, as fitted on dev.
    #[serde(default = "plain")]
    score: (f64, f64),
}

fn plain() -> (f64, f64) {
    (1.0, 0.0)
}

#[derive(Deserialize)]
struct Marks {
    opening: Vec<String>,
    closing: Vec<String>,
    straight: Vec<String>,
}

/// Why a tagger could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read, or the weights or layers are not usable.
    #[error(transparent)]
    Weights(#[from] standpoint_encoder::Error),
    /// `config.json` is not that of a quotation top.
    #[error("{}: {what}", .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

impl Tagger {
    /// Opens a model directory: `config.json` with the object `quotes`, and `model.safetensors`.
    ///
    /// # Errors
    ///
    /// If a file is missing or damaged, or is of another model.
    pub fn open(dir: impl Into<ModelDir>, kernel: Kernel) -> Result<Self, Error> {
        let dir = &dir.into();
        let path = dir.path().map_or_else(
            || PathBuf::from(dir.name()).join("config.json"),
            |folder| folder.join("config.json"),
        );
        let file = dir.file("config.json")?;
        let bad = |what: String| Error::Config {
            path: path.clone(),
            what,
        };
        let config: Config = serde_json::from_slice(&file)
            .map_err(|err| bad(format!("is not that of a quotation model: {err}")))?;
        if config.quotes.sequences != SEQUENCES || config.quotes.relations != RELATIONS {
            return Err(bad(format!(
                "has the sequences {:?} and relations {:?}, where {SEQUENCES:?} and {RELATIONS:?} are wanted",
                config.quotes.sequences, config.quotes.relations
            )));
        }
        let weights = Weights::open(dir)?;
        let layers = Layers::open(dir, "transformer.layer.", kernel)?;
        let hidden = layers.hidden_size();
        let table = |name: &str, wanted: &[usize]| -> Result<Vec<f32>, Error> {
            let (shape, values) = weights.tensor(name)?;
            if shape != wanted {
                return Err(bad(format!(
                    "`{name}` in model.safetensors has shape {shape:?}, where {wanted:?} is wanted"
                )));
            }
            Ok(values)
        };
        let linear = |name: &str, inputs: usize, outputs: usize| -> Result<Linear, Error> {
            let linear = Linear::open(&weights, name)?;
            if (linear.inputs(), linear.outputs()) != (inputs, outputs) {
                return Err(bad(format!(
                    "`{name}` in model.safetensors takes {} values to {}, where {inputs} to {outputs} is wanted",
                    linear.inputs(),
                    linear.outputs()
                )));
            }
            Ok(linear)
        };
        let dim = config.quotes.link_dim;
        let buckets = 1 + 2 * (config.quotes.gaps.len() + 1);
        let flat = table("transitions", &[SEQUENCES.len(), 3, 3])?;
        let mut transitions = [[[0.0; 3]; 3]; SEQUENCES.len()];
        for (value, slot) in flat.iter().zip(transitions.iter_mut().flatten().flatten()) {
            *slot = f64::from(*value);
        }
        let inner = Inner {
            marks: table("mark_embeddings.weight", &[4, hidden])?,
            boundaries: table("boundary_embeddings.weight", &[3, hidden])?,
            tagger: linear("tagger", hidden, 3 * SEQUENCES.len())?,
            transitions,
            content: linear("content_projection", 2 * hidden, RELATIONS.len() * dim)?,
            other: [
                linear("cue_projection", 2 * hidden, dim)?,
                linear("source_projection", 2 * hidden, dim)?,
            ],
            no_link: linear("no_link", 2 * hidden, RELATIONS.len())?,
            distance: table("distance", &[RELATIONS.len(), buckets])?,
            layers,
            config,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Pieces in a window that the model was trained with; the reading it is given should have the
    /// same.
    #[must_use]
    pub fn window(&self) -> usize {
        self.inner.config.quotes.window
    }

    /// The attributions in a document that the encoder has read.
    ///
    /// # Panics
    ///
    /// If the reading is of other tokens, or its encoder's hidden size is another than the
    /// model's.
    #[must_use]
    pub fn tag(
        &self,
        text: &str,
        sentences: &[Sentence],
        tokens: &[Token],
        reading: &Reading,
        scratch: &mut Scratch,
    ) -> Vec<Attribution> {
        let found = self.tag_many(&[((text, sentences, tokens), reading)], scratch);
        found.into_iter().flatten().collect()
    }

    /// The attributions in each of several documents, whose states go through the layers as one
    /// batch, which is faster for short ones. Each result is, to the bit, what [`tag`](Self::tag)
    /// gives.
    ///
    /// # Panics
    ///
    /// As [`tag`](Self::tag).
    #[must_use]
    pub fn tag_many(
        &self,
        documents: &[(Source<'_>, &Reading)],
        scratch: &mut Scratch,
    ) -> Vec<Vec<Attribution>> {
        let mut states: Vec<States> = documents
            .iter()
            .map(|&((text, sentences, tokens), reading)| {
                assert_eq!(
                    tokens.len(),
                    reading.first.len(),
                    "a reading of these tokens"
                );
                let mut states = reading.states.clone();
                self.inner
                    .add_features(text, sentences, tokens, reading, &mut states);
                states
            })
            .collect();
        self.inner.layers.apply_many(&mut states, scratch);
        let decode = |(states, &((_, _, tokens), reading)): (&States, &(Source<'_>, &Reading))| {
            self.inner.document(tokens, reading, states)
        };
        states.iter().zip(documents).map(decode).collect()
    }
}

impl std::fmt::Debug for Tagger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tagger")
            .field("layers", &self.inner.layers)
            .field("window", &self.window())
            .finish_non_exhaustive()
    }
}

/// What a word is to the quotation marks: outside, inside, or a mark itself.
const OUTSIDE: usize = 0;
const INSIDE: usize = 1;
const OPENS: usize = 2;
const CLOSES: usize = 3;

impl Inner {
    /// Decodes a document's states, window by window.
    fn document(&self, tokens: &[Token], reading: &Reading, states: &States) -> Vec<Attribution> {
        let mut found = Vec::new();
        let mut next = 0;
        for window in 0..states.windows() {
            let end = states.window(window).end;
            let mut words = Vec::new();
            while next < tokens.len() && reading.first[next].is_none_or(|row| (row as usize) < end)
            {
                if let Some(row) = reading.first[next] {
                    words.push((next, row as usize));
                }
                next += 1;
            }
            self.window(tokens, states, &words, &mut found);
        }
        found
    }

    /// Adds the embeddings of marks and boundaries to every row.
    fn add_features(
        &self,
        text: &str,
        sentences: &[Sentence],
        tokens: &[Token],
        reading: &Reading,
        states: &mut States,
    ) {
        let mut features = vec![(OUTSIDE, 0); states.rows()];
        let is = |list: &[String], word: &str| list.iter().any(|m| m == word);
        let known = &self.config.quotes.marks;
        let mut inside = false;
        let mut sentence = 0;
        let mut last_end = 0;
        for (i, token) in tokens.iter().enumerate() {
            let start = token.span.start();
            let mut boundary = 0;
            while sentences
                .get(sentence)
                .is_some_and(|s| s.span.start() <= start)
            {
                boundary = 1;
                sentence += 1;
            }
            if boundary == 1 && (i == 0 || text[Span::new(last_end, start)].contains('\n')) {
                boundary = 2;
                inside = false;
            }
            last_end = token.span.end();
            let word = &text[token.span];
            let mark = if is(&known.opening, word) || is(&known.straight, word) && !inside {
                inside = true;
                OPENS
            } else if is(&known.closing, word) || is(&known.straight, word) {
                inside = false;
                CLOSES
            } else if inside {
                INSIDE
            } else {
                OUTSIDE
            };
            for row in reading.pieces[i].clone() {
                let first = reading.first[i] == Some(row);
                features[row as usize] = (mark, if first { boundary } else { 0 });
            }
        }
        let hidden = self.layers.hidden_size();
        for (row, (mark, boundary)) in features.into_iter().enumerate() {
            let marks = &self.marks[mark * hidden..][..hidden];
            let boundaries = &self.boundaries[boundary * hidden..][..hidden];
            for ((x, m), b) in states.row_mut(row).iter_mut().zip(marks).zip(boundaries) {
                *x += m + b;
            }
        }
    }

    /// Decodes one window; `words` are its tokens with the rows of their first pieces.
    fn window(
        &self,
        tokens: &[Token],
        states: &States,
        words: &[(usize, usize)],
        found: &mut Vec<Attribution>,
    ) {
        if words.is_empty() {
            return;
        }
        let logits: Vec<Vec<f32>> = words
            .iter()
            .map(|&(_, row)| self.tagger.apply(states.row(row)))
            .collect();
        let spans: Vec<Spans> = (0..SEQUENCES.len())
            .map(|s| self.decode(s, &logits))
            .collect();
        let [sources, cues, contents, inner] = &spans[..] else {
            return;
        };
        let mut contents: Spans = contents.clone();
        for span in inner {
            if !contents.iter().any(|c| c.words == span.words) {
                contents.push(span.clone());
            }
        }
        contents.sort_by_key(|c| c.words);
        let linked = self.link(states, words, &contents, [cues, sources]);
        let span = |words_of: (usize, usize)| {
            let (first, last) = (words[words_of.0].0, words[words_of.1 - 1].0);
            tokens[first].span.join(tokens[last].span)
        };
        for link in linked {
            let pieces: Vec<Span> = link
                .pieces
                .iter()
                .map(|&p| span(contents[p].words))
                .collect();
            found.push(Attribution {
                source: link.source.map(|s| span(sources[s].words)),
                cue: link.cue.map(|c| span(cues[c].words)),
                content: pieces,
                score: self.calibrated(link.probability),
            });
        }
    }

    fn temperature(&self, name: &str) -> f64 {
        self.config
            .temperature
            .get(name)
            .copied()
            .filter(|t| *t > 0.0)
            .unwrap_or(1.0)
    }

    fn calibrated(&self, probability: f64) -> f32 {
        let (scale, offset) = self.config.quotes.score;
        let p = probability.clamp(1e-6, 1.0 - 1e-6);
        let log_odds = scale * (p / (1.0 - p)).ln() + offset;
        (1.0 / (1.0 + (-log_odds).exp())) as f32
    }

    fn decode(&self, sequence: usize, logits: &[Vec<f32>]) -> Spans {
        let bias = self
            .config
            .quotes
            .bias
            .get(SEQUENCES[sequence])
            .copied()
            .unwrap_or(0.0);
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
        let probabilities = chain.probabilities(&best, self.temperature(SEQUENCES[sequence]));
        best.into_iter()
            .zip(probabilities)
            .map(|(words, probability)| Found { words, probability })
            .collect()
    }

    /// Chooses for each content its cue and source.
    fn link(
        &self,
        states: &States,
        words: &[(usize, usize)],
        contents: &[Found],
        others: [&Spans; 2],
    ) -> Vec<Link> {
        let scores: Vec<Vec<Vec<f64>>> = (0..RELATIONS.len())
            .map(|relation| self.link_scores(states, words, contents, others[relation], relation))
            .collect();
        let best = |scores: &[f64]| -> usize {
            (0..scores.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best })
        };
        // Contents by the cue they choose; those without one each alone.
        let mut groups: Vec<(Option<usize>, Vec<usize>)> = Vec::new();
        for (piece, cues) in scores[0].iter().enumerate() {
            let cue = best(cues).checked_sub(1);
            match groups.iter_mut().find(|g| cue.is_some() && g.0 == cue) {
                Some(group) => group.1.push(piece),
                None => groups.push((cue, vec![piece])),
            }
        }
        groups
            .into_iter()
            .map(|(cue, pieces)| {
                let count = others[1].len() + 1;
                let mut sum = vec![0.0; count];
                for &piece in &pieces {
                    for (sum, score) in sum.iter_mut().zip(&scores[1][piece]) {
                        *sum += score;
                    }
                }
                let chosen = best(&sum);
                let first = pieces[0];
                let mut probability = scores[1][first][chosen].exp()
                    * scores[0][first][cue.map_or(0, |c| c + 1)].exp();
                for &piece in &pieces {
                    probability *= contents[piece].probability;
                }
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
    fn link_scores(
        &self,
        states: &States,
        words: &[(usize, usize)],
        contents: &[Found],
        others: &[Found],
        relation: usize,
    ) -> Vec<Vec<f64>> {
        let ends = |found: &Found| {
            let (first, last) = (words[found.words.0].1, words[found.words.1 - 1].1);
            [states.row(first), states.row(last)].concat()
        };
        let dim = self.config.quotes.link_dim;
        let name = ["link_cue", "link_source"][relation];
        let temperature = self.temperature(name);
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
        let gaps = &self.config.quotes.gaps;
        if other.0 < content.1 && content.0 < other.1 {
            return 0;
        }
        let after = other.0 >= content.1;
        let gap = if after {
            other.0 - content.1
        } else {
            content.0 - other.1
        };
        let place = gaps.iter().filter(|&&end| gap > end).count();
        1 + place + if after { 0 } else { gaps.len() + 1 }
    }
}

/// A span in words of the window, with the probability that it stands exactly so.
#[derive(Clone, Debug)]
struct Found {
    words: (usize, usize),
    probability: f64,
}

type Spans = Vec<Found>;

struct Link {
    source: Option<usize>,
    cue: Option<usize>,
    pieces: Vec<usize>,
    probability: f64,
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
    use standpoint_core::TokenKind;
    use standpoint_encoder::Encoder;

    use super::*;

    /// What PyTorch computes, by `scripts/make_quotes_fixture.py`.
    #[derive(Deserialize)]
    struct Expected {
        text: String,
        /// In characters.
        words: Vec<(usize, usize)>,
        sentences: Vec<(usize, usize)>,
        /// By word, sequence and tag.
        emissions: Vec<[[f64; 3]; 4]>,
        spans: Vec<Vec<((usize, usize), f64)>>,
        link_spans: BTreeMap<String, Vec<(usize, usize)>>,
        /// By content: no link, then each other span.
        links: BTreeMap<String, Vec<Vec<f64>>>,
        attributions: Vec<Linked>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Linked {
        source: Option<(usize, usize)>,
        cue: Option<(usize, usize)>,
        content: Vec<(usize, usize)>,
    }

    fn close(got: f64, want: f64) -> bool {
        (got - want).abs() < 1e-3
    }

    #[test]
    fn agrees_with_pytorch() {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/top");
        let encoder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../encoder/tests/data/distilbert"
        );
        let want: Expected =
            serde_json::from_str(&standpoint_testkit::read(format!("{here}/expected.json")))
                .expect("the fixture");
        let encoder = Encoder::open(encoder, Kernel::Portable).expect("the encoder");
        let tagger = Tagger::open(here, Kernel::Portable).expect("the top");

        let text = want.text.as_str();
        let byte = |at: usize| {
            text.char_indices()
                .nth(at)
                .map_or(text.len(), |(byte, _)| byte)
        };
        let tokens: Vec<Token> = want
            .words
            .iter()
            .map(|&(start, end)| Token {
                span: Span::from_range(byte(start)..byte(end)),
                kind: TokenKind::Word,
            })
            .collect();
        let starts = want.sentences.iter().map(|s| tokens[s.0].span.start());
        let ends = starts
            .clone()
            .skip(1)
            .chain([tokens[tokens.len() - 1].span.end()]);
        let sentences: Vec<Sentence> = starts
            .zip(ends)
            .map(|(start, end)| Sentence {
                span: Span::new(start, end),
                nested: false,
            })
            .collect();
        let mut scratch = Scratch::default();
        let reading = encoder.read(text, &sentences, &tokens, 48, &mut scratch);
        assert_eq!(reading.states.windows(), 1);

        let inner = &tagger.inner;
        let mut states = reading.states.clone();
        inner.add_features(text, &sentences, &tokens, &reading, &mut states);
        inner.layers.apply(&mut states, &mut scratch);
        let words: Vec<(usize, usize)> = reading
            .first
            .iter()
            .enumerate()
            .map(|(i, row)| (i, row.expect("every word has pieces") as usize))
            .collect();
        let logits: Vec<Vec<f32>> = words
            .iter()
            .map(|&(_, row)| inner.tagger.apply(states.row(row)))
            .collect();
        for (word, (got, want)) in logits.iter().zip(&want.emissions).enumerate() {
            for (got, want) in got.iter().zip(want.iter().flatten()) {
                assert!(
                    close(f64::from(*got), *want),
                    "word {word}: {got}, not {want}"
                );
            }
        }
        for (sequence, want) in want.spans.iter().enumerate() {
            let got = inner.decode(sequence, &logits);
            assert_eq!(got.len(), want.len(), "{}", SEQUENCES[sequence]);
            for (got, want) in got.iter().zip(want) {
                assert_eq!(got.words, want.0, "{}", SEQUENCES[sequence]);
                assert!(close(got.probability, want.1), "{got:?}, not {want:?}");
            }
        }
        let spans = |name: &str| -> Spans {
            want.link_spans[name]
                .iter()
                .map(|&words| Found {
                    words,
                    probability: 1.0,
                })
                .collect()
        };
        for (relation, name) in RELATIONS.into_iter().enumerate() {
            let got = inner.link_scores(&states, &words, &spans("content"), &spans(name), relation);
            for (got, want) in got.iter().flatten().zip(want.links[name].iter().flatten()) {
                assert!(close(*got, *want), "{name}: {got}, not {want}");
            }
        }

        let place = |span: Span| {
            let first = tokens.partition_point(|t| t.span.start() < span.start());
            (
                first,
                tokens.partition_point(|t| t.span.start() < span.end()),
            )
        };
        let alone = tagger.tag(text, &sentences, &tokens, &reading, &mut scratch);
        let this: (Source<'_>, &Reading) = ((text, &sentences, &tokens), &reading);
        let nothing = encoder.read("", &[], &[], 48, &mut scratch);
        let together = tagger.tag_many(&[this, (("", &[], &[]), &nothing), this], &mut scratch);
        assert_eq!(together, [alone.clone(), Vec::new(), alone.clone()]);
        let mut got: Vec<Linked> = alone
            .into_iter()
            .map(|a| Linked {
                source: a.source.map(place),
                cue: a.cue.map(place),
                content: a.content.into_iter().map(place).collect(),
            })
            .collect();
        got.sort_by_key(|a| a.content.clone());
        let mut all = want.attributions;
        all.sort_by_key(|a| a.content.clone());
        assert_eq!(got, all);
    }

    #[test]
    fn another_models_directory_is_named() {
        let encoder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../encoder/tests/data/distilbert"
        );
        let error = Tagger::open(encoder, Kernel::Portable).expect_err("no quotation model");
        let message = error.to_string();
        assert!(
            message.contains("config.json") && message.contains("quotes"),
            "{message}"
        );
    }

    #[test]
    fn models_are_shared_between_threads() {
        fn check<T: Send + Sync>() {}
        check::<Tagger>();
    }

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
