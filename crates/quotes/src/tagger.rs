use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use standpoint_core::{Sentence, Span, Token};
use standpoint_encoder::{
    Kernel, Layers, Linear, ModelDir, Reading, Scratch, Source, States, Weights,
};

use crate::decode::{Decoding, Heads, RELATIONS, SEQUENCES, Window};
use crate::found::Attribution;

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
    heads: Heads,
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
    #[serde(flatten)]
    decoding: Decoding,
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
        let temperature = |name: &str| {
            let given = config.temperature.get(name).copied();
            given.filter(|t| *t > 0.0).unwrap_or(1.0)
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
            heads: Heads {
                tagger: linear("tagger", hidden, 3 * SEQUENCES.len())?,
                transitions,
                content: linear("content_projection", 2 * hidden, RELATIONS.len() * dim)?,
                other: [
                    linear("cue_projection", 2 * hidden, dim)?,
                    linear("source_projection", 2 * hidden, dim)?,
                ],
                no_link: linear("no_link", 2 * hidden, RELATIONS.len())?,
                distance: table("distance", &[RELATIONS.len(), buckets])?,
                dim,
                gaps: config.quotes.gaps.clone(),
                tag_temperature: SEQUENCES.map(temperature),
                link_temperature: ["link_cue", "link_source"].map(temperature),
                decoding: config.quotes.decoding.clone(),
            },
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
            let mut words = Window::default();
            while next < tokens.len() && reading.first[next].is_none_or(|row| (row as usize) < end)
            {
                if let Some(row) = reading.first[next] {
                    words.tokens.push(next);
                    words.rows.push(states.row(row as usize));
                }
                next += 1;
            }
            found.extend(self.heads.attributions(tokens, &words));
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
}

#[cfg(test)]
mod tests {
    use standpoint_core::TokenKind;
    use standpoint_encoder::Encoder;

    use super::*;
    use crate::decode::Found;

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
        let row = |row: &Option<u32>| states.row(row.expect("every word has pieces") as usize);
        let window = Window {
            tokens: (0..tokens.len()).collect(),
            rows: reading.first.iter().map(row).collect(),
        };
        let logits = inner.heads.logits(&window);
        for (word, (got, want)) in logits.iter().zip(&want.emissions).enumerate() {
            for (got, want) in got.iter().zip(want.iter().flatten()) {
                assert!(
                    close(f64::from(*got), *want),
                    "word {word}: {got}, not {want}"
                );
            }
        }
        for (sequence, want) in want.spans.iter().enumerate() {
            let got = inner.heads.decode(sequence, &logits);
            assert_eq!(got.len(), want.len(), "{}", SEQUENCES[sequence]);
            for (got, want) in got.iter().zip(want) {
                assert_eq!(got.words, want.0, "{}", SEQUENCES[sequence]);
                assert!(close(got.probability, want.1), "{got:?}, not {want:?}");
            }
        }
        let spans = |name: &str| -> Vec<Found> {
            want.link_spans[name]
                .iter()
                .map(|&words| Found {
                    words,
                    probability: 1.0,
                })
                .collect()
        };
        for (relation, name) in RELATIONS.into_iter().enumerate() {
            let got = inner
                .heads
                .link_scores(&window, &spans("content"), &spans(name), relation);
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
}
