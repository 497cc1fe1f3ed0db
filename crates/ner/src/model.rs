use std::ops::Range;
use std::sync::Arc;

use standpoint_core::{Entity, Sentence, Token, Warning};
use standpoint_encoder::{
    Encoder, Kernel, Linear, ModelDir, Reading, Scratch, Source, Transform, Weights, sections,
};

use crate::agreement::agree;
use crate::config::{Config, ConllConfig, Scores};
use crate::error::Error;
use crate::labels::{Labels, Segment};
use crate::lattice::{Marginals, best_labels};
use crate::options::{Decoding, Options, View};

/// A model that finds entities: an encoder with one or two heads on it.
///
/// Weights are shared: clones are cheap, and one model serves any number of threads, each with a
/// [`Scratch`] of its own.
#[derive(Clone)]
pub struct Ner {
    model: Arc<Model>,
    options: Options,
}

/// What a model says of words, one after the other: the log-probability of each label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Emissions(Vec<f32>);

impl Emissions {
    /// Adds those of the words that follow.
    pub fn append(&mut self, Emissions(mut next): Emissions) {
        match self.0.is_empty() {
            true => self.0 = next,
            false => self.0.append(&mut next),
        }
    }
}

struct Model {
    encoder: Encoder,
    window: usize,
    /// Before the heads, where the model's type has it.
    transform: Option<Transform>,
    main: Head,
    conll: Option<Head>,
}

struct Head {
    labels: Labels,
    linear: Linear,
    agreement: f64,
    opening: f64,
    scores: Scores,
}

/// Pieces a window where `config.json` does not say.
const WINDOW: usize = 192;

impl Ner {
    /// Opens a token-classification directory as `transformers` saves it: `config.json` with
    /// `id2label`, `tokenizer.json`, `model.safetensors`. The crate's page says what more
    /// `config.json` may hold.
    ///
    /// # Errors
    ///
    /// If a file is missing or damaged, the model type is not supported, or its labels are not
    /// those of entities; the error names the file and what to do.
    pub fn open(dir: impl Into<ModelDir>, kernel: Kernel) -> Result<Self, Error> {
        let dir = dir.into();
        let config = Config::open(&dir)?;
        let encoder = Encoder::open(&dir, kernel)?;
        let weights = Weights::open(&dir)?;
        let head = |conll: Option<&ConllConfig>| {
            let ner = &config.ner;
            let (id2label, classifier, agreement, opening, scores) = match conll {
                None => (
                    &config.id2label,
                    "classifier",
                    ner.agreement,
                    ner.opening,
                    ner.scores,
                ),
                Some(c) => (
                    &c.id2label,
                    c.classifier.as_str(),
                    c.agreement,
                    c.opening,
                    c.scores,
                ),
            };
            let labels = Labels::new(id2label, &ner.kinds, ner.scheme).map_err(|error| {
                let path = config.path().to_owned();
                Error::Labels { path, error }
            })?;
            let linear = Linear::open(&weights, classifier)?;
            if (linear.inputs(), linear.outputs()) != (encoder.hidden_size(), labels.len()) {
                return Err(config.error(format!(
                    "asks for {} labels on {} values a piece, but tensor `{classifier}.weight` has \
                     shape [{}, {}]; the two files belong to different models",
                    labels.len(),
                    encoder.hidden_size(),
                    linear.outputs(),
                    linear.inputs(),
                )));
            }
            Ok(Head {
                labels,
                linear,
                agreement,
                opening,
                scores,
            })
        };
        let main = head(None)?;
        let conll = match &config.ner.conll {
            Some(conll) => Some(head(Some(conll))?),
            None => None,
        };
        let window = config.ner.window.unwrap_or(WINDOW);
        Ok(Self {
            model: Arc::new(Model {
                window: window.clamp(3, encoder.max_pieces()),
                transform: Transform::open(&dir, &weights)?,
                encoder,
                main,
                conll,
            }),
            options: Options::default(),
        })
    }

    /// The same model read another way.
    #[must_use]
    pub fn with(&self, options: Options) -> Self {
        Self {
            model: Arc::clone(&self.model),
            options,
        }
    }

    /// How it reads.
    #[must_use]
    pub fn options(&self) -> Options {
        self.options
    }

    /// The encoder that it stands on, for other heads on the same states.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.model.encoder
    }

    /// Pieces a window, special ones counted.
    #[must_use]
    pub fn window(&self) -> usize {
        self.model.window
    }

    /// Runs a document through the encoder. The states serve any head; entities are
    /// [read off](Self::entities) them.
    #[must_use]
    pub fn read(
        &self,
        text: &str,
        sentences: &[Sentence],
        tokens: &[Token],
        scratch: &mut Scratch,
    ) -> Reading {
        let model = &*self.model;
        (model.encoder).read(text, sentences, tokens, model.window, scratch)
    }

    /// Runs several documents through the encoder as one batch, which is faster for short ones.
    /// Each result is, to the bit, what [`read`](Self::read) gives.
    #[must_use]
    pub fn read_many(&self, documents: &[Source<'_>], scratch: &mut Scratch) -> Vec<Reading> {
        let model = &*self.model;
        model.encoder.read_many(documents, model.window, scratch)
    }

    /// What the model says of each word that was [read](Self::read): all that
    /// [`entities_of`](Self::entities_of) needs, in a small part of the memory, so that a
    /// long document can be read in [sections].
    ///
    /// # Panics
    ///
    /// If the reading is of other tokens, or of another model.
    #[must_use]
    pub fn emissions(&self, tokens: &[Token], reading: &Reading) -> Emissions {
        Emissions(self.log_probs(tokens, reading))
    }

    /// The entities of a document that was [read](Self::read), in order, none overlapping. Each
    /// begins and ends with a token and lies in one sentence.
    ///
    /// # Panics
    ///
    /// If the reading is of another text, or of another model.
    #[must_use]
    pub fn entities(
        &self,
        text: &str,
        sentences: &[Sentence],
        tokens: &[Token],
        reading: &Reading,
    ) -> Vec<Entity> {
        self.entities_of(text, sentences, tokens, self.emissions(tokens, reading))
    }

    /// The same, of a document of which the emissions were kept.
    ///
    /// # Panics
    ///
    /// If there are not emissions for each token.
    #[must_use]
    pub fn entities_of(
        &self,
        text: &str,
        sentences: &[Sentence],
        tokens: &[Token],
        emissions: Emissions,
    ) -> Vec<Entity> {
        let head = self.head();
        let sentences = ranges(sentences, tokens);
        let Emissions(mut log_probs) = emissions;
        assert_eq!(
            log_probs.len(),
            tokens.len() * head.labels.len(),
            "emissions of these tokens"
        );
        if self.options.decoding == Decoding::Best {
            if head.agreement > 0.0 {
                let words: Vec<&str> = tokens.iter().map(|token| &text[token.span]).collect();
                let labels = &head.labels;
                agree(labels, &sentences, &words, head.agreement, &mut log_probs);
            }
            head.charge_openings(&mut log_probs);
        }
        let n = head.labels.len();
        let decode = |words: Range<usize>| {
            let tokens = &tokens[words.clone()];
            let log_probs = &log_probs[words.start * n..words.end * n];
            let found = match self.options.decoding {
                Decoding::Best => head.best(log_probs),
                Decoding::Greedy => head.greedy(log_probs),
            };
            // Some classes of other models' labels are not reported.
            found.into_iter().filter_map(move |(segment, score)| {
                head.labels.kind(segment.class).map(|kind| Entity {
                    span: tokens[segment.start]
                        .span
                        .join(tokens[segment.end - 1].span),
                    kind,
                    score,
                    actor: None,
                })
            })
        };
        sentences.iter().cloned().flat_map(decode).collect()
    }

    /// The entities of a document, read in [sections], with a warning for each sentence that was
    /// longer than the model's window and was read in parts.
    #[must_use]
    pub fn recognize(
        &self,
        text: &str,
        sentences: &[Sentence],
        tokens: &[Token],
        scratch: &mut Scratch,
    ) -> (Vec<Entity>, Vec<Warning>) {
        let mut emissions = Emissions::default();
        let mut warnings = Vec::new();
        for (text, sentences, tokens) in sections((text, sentences, tokens)) {
            let reading = self.read(text, sentences, tokens, scratch);
            emissions.append(self.emissions(tokens, &reading));
            warnings.extend(reading.split.into_iter().map(Warning::SplitSentence));
        }
        let entities = self.entities_of(text, sentences, tokens, emissions);
        (entities, warnings)
    }

    fn head(&self) -> &Head {
        match self.options.view {
            View::News => &self.model.main,
            View::Conll => self.model.conll.as_ref().unwrap_or(&self.model.main),
        }
    }

    /// The labels' log-probabilities, one row a token.
    fn log_probs(&self, tokens: &[Token], reading: &Reading) -> Vec<f32> {
        let head = self.head();
        let n = head.labels.len();
        let aggregation = self.options.aggregation;
        let temperature = match self.options.decoding {
            Decoding::Best => head.scores.temperature,
            Decoding::Greedy => 1.0,
        };
        let hidden = reading.states.hidden_size();
        let mut out = vec![0.0; tokens.len() * n];
        for (out, pieces) in out.chunks_exact_mut(n).zip(&reading.pieces) {
            let rows = aggregation.rows(pieces.start as usize..pieces.end as usize);
            if rows.is_empty() {
                // Nothing of the word is known to the model, as of a control character.
                out.fill(f32::MIN);
                out[head.labels.outside()] = 0.0;
                continue;
            }
            let states = &reading.states.as_slice()[rows.start * hidden..rows.end * hidden];
            let logits = match &self.model.transform {
                Some(transform) => head.linear.apply(&transform.apply(states)),
                None => head.linear.apply(states),
            };
            aggregation.word(&logits, n, temperature, out);
        }
        out
    }
}

impl Head {
    /// Makes every entity opened cost the same, which settles how many doubtful ones are found.
    fn charge_openings(&self, log_probs: &mut [f32]) {
        let n = self.labels.len();
        for label in (0..n).filter(|&l| self.labels.opens(l)) {
            let column = log_probs.iter_mut().skip(label).step_by(n);
            column.for_each(|p| *p -= self.opening as f32);
        }
    }

    /// The entities of the most probable valid sequence of labels, with calibrated scores.
    fn best(&self, log_probs: &[f32]) -> Vec<(Segment, f32)> {
        let segments = self.labels.segments(best_labels(&self.labels, log_probs));
        if segments.is_empty() {
            return Vec::new();
        }
        let marginals = Marginals::new(&self.labels, log_probs);
        let score = |segment| (segment, self.scores.score(marginals.segment(segment)));
        segments.into_iter().map(score).collect()
    }

    /// The entities of each word's most probable label, with the mean of those labels'
    /// probabilities.
    fn greedy(&self, log_probs: &[f32]) -> Vec<(Segment, f32)> {
        let n = self.labels.len();
        let top = |probs: &[f32]| {
            // The first of several.
            (1..n).fold(0, |best, l| if probs[l] > probs[best] { l } else { best })
        };
        let labels: Vec<usize> = log_probs.chunks_exact(n).map(top).collect();
        let segments = self.labels.segments(labels.iter().copied());
        let score = |segment: Segment| {
            let words = segment.start..segment.end;
            let count = words.len() as f32;
            let sum: f32 = words.map(|w| log_probs[w * n + labels[w]].exp()).sum();
            (segment, sum / count)
        };
        segments.into_iter().map(score).collect()
    }
}

/// The tokens of each sentence. Tokens after the last one, if the caller has any, are one more.
fn ranges(sentences: &[Sentence], tokens: &[Token]) -> Vec<Range<usize>> {
    let end = |s: &Sentence| tokens.partition_point(|t| t.span.start() < s.span.end());
    let mut start = 0;
    sentences
        .iter()
        .map(end)
        .chain([tokens.len()])
        .filter_map(|end| {
            let range = start..end.max(start);
            start = range.end;
            (!range.is_empty()).then_some(range)
        })
        .collect()
}

impl std::fmt::Debug for Ner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ner")
            .field("encoder", &self.model.encoder)
            .field("window", &self.model.window)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
