use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use standpoint_core::{Polarity, Stance, Warning};
use standpoint_encoder::{Batch, Encoder, Kernel, Linear, Pieces, Scratch, Weights};

use crate::answer::{Answer, Logits, Temperatures};
use crate::error::Error;
use crate::passage::{Marked, Markers, Passage};
use crate::questions::{Annotated, Claim, Question, Words, questions};

/// Windows go through the encoder in batches of about so many pieces: enough to fill its matrix
/// products, and memory stays bounded however long a document is.
const BATCH_PIECES: usize = 4096;

/// An opened stance model. Clones share the weights; each worker brings its own [`Scratch`].
#[derive(Clone)]
pub struct Stances {
    inner: Arc<Inner>,
}

struct Inner {
    encoder: Encoder,
    dense: Linear,
    out: Linear,
    markers: Markers,
    settings: Settings,
}

/// What `config.json` says of the head, beside what it says of the encoder.
#[derive(Deserialize)]
struct Config {
    id2label: HashMap<String, String>,
    stance: Settings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Before and after the party that stands first in the text, before and after the second.
    markers: [String; 4],
    /// Pieces in a window, special ones and markers included.
    window: usize,
    temperature: Temperatures,
    /// What is added for each of the five classes, fitted so that rare ones are found.
    #[serde(default)]
    joint_bias: [f32; 5],
    /// Answers less likely than this are [`Polarity::Unknown`].
    threshold: f32,
}

impl Stances {
    /// Opens a model directory: an encoder that [`standpoint_encoder`] runs, with the tensors
    /// `stance.dense` and `stance.out` of the head beside the encoder's, and in `config.json` an
    /// object `stance` (see the crate's README).
    ///
    /// # Errors
    ///
    /// If the encoder cannot be opened, or `config.json` and the weights are not those of a stance
    /// model; the error names the file and what was wanted.
    pub fn open(dir: &Path, kernel: Kernel) -> Result<Self, Error> {
        let encoder = Encoder::open(dir, kernel)?;
        let weights = Weights::open(dir)?;
        let dense = Linear::open(&weights, "stance.dense")?;
        let out = Linear::open(&weights, "stance.out")?;

        let odd = |what: String| Error::config(dir, what);
        let config: Config =
            serde_json::from_slice(&std::fs::read(dir.join("config.json")).unwrap_or_default())
                .map_err(|err| odd(format!("is not that of a stance model: {err}")))?;
        for (id, label) in ["for", "against", "neutral"].into_iter().enumerate() {
            let found = config.id2label.get(&id.to_string());
            if found.is_none_or(|found| found != label) {
                let found = found.map_or("nothing", String::as_str);
                return Err(odd(format!(
                    "`id2label` has {found} for {id}; wanted {label}"
                )));
            }
        }
        let hidden = encoder.hidden_size();
        if (dense.inputs(), dense.outputs(), out.inputs(), out.outputs())
            != (3 * hidden, hidden, hidden, 3)
        {
            return Err(odd(format!(
                "`stance.dense` is {}x{} and `stance.out` {}x{} in the weights; wanted {hidden}x{} and 3x{hidden}",
                dense.outputs(),
                dense.inputs(),
                out.outputs(),
                out.inputs(),
                3 * hidden,
            )));
        }
        let settings = config.stance;
        let most = encoder.max_pieces();
        if !(8..=most).contains(&settings.window) {
            let found = settings.window;
            return Err(odd(format!(
                "`window` is {found}; wanted 8 to {most} pieces"
            )));
        }
        let Temperatures {
            pair,
            joint,
            author,
        } = settings.temperature;
        if ![pair, joint, author]
            .iter()
            .all(|t| t.is_finite() && *t > 0.0)
        {
            return Err(odd("a `temperature` is not above 0".to_owned()));
        }
        if !(0.0..=1.0).contains(&settings.threshold) {
            return Err(odd(format!(
                "`threshold` is {}; wanted 0 to 1",
                settings.threshold
            )));
        }
        let id = |piece: &String| {
            let id = encoder.subwords().id(piece);
            id.ok_or_else(|| {
                odd(format!(
                    "the marker `{piece}` is no piece of tokenizer.json"
                ))
            })
        };
        let [a, b, c, d] = &settings.markers;
        let markers = Markers {
            first: [id(a)?, id(b)?],
            second: [id(c)?, id(d)?],
        };
        Ok(Self {
            inner: Arc::new(Inner {
                encoder,
                dense,
                out,
                markers,
                settings,
            }),
        })
    }

    /// The encoder, for its name, directory and kernel.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.inner.encoder
    }

    /// Answers less likely than this are [`Polarity::Unknown`] in [`judge`](Self::judge).
    #[must_use]
    pub fn threshold(&self) -> f32 {
        self.inner.settings.threshold
    }

    /// Answers each passage, in order. Passages that are alike are read once.
    #[must_use]
    pub fn ask(&self, passages: &[Passage<'_>], scratch: &mut Scratch) -> Vec<Answer> {
        self.ask_all(passages, scratch)
            .into_iter()
            .map(|(answer, _)| answer)
            .collect()
    }

    /// Who stands for or against whom in a document, in order of evidence: a row for each answer
    /// that is for, against, or [`Polarity::Unknown`]; where the model finds no stance there is
    /// none. One pair can have several rows, each with its own evidence.
    ///
    /// Asked about are, sentence by sentence, the pairs of people, organizations, groups and
    /// acting places that it names, those a quotation names with its speaker, and the text's own
    /// stance to those it names outside quotations.
    #[must_use]
    pub fn judge(
        &self,
        read: &Annotated<'_>,
        scratch: &mut Scratch,
    ) -> (Vec<Stance>, Vec<Warning>) {
        let (questions, mut warnings) = questions(read);
        let passages: Vec<Passage<'_>> = questions.iter().map(|q| q.passage(read.text)).collect();
        let answers = self.ask_all(&passages, scratch);
        let mut stances = Vec::new();
        for (question, (answer, cut)) in questions.iter().zip(answers) {
            let directions = [
                (Some(question.forward), answer.forward),
                (question.backward, answer.backward),
            ];
            for (claim, scores) in directions {
                let Some(Claim { holder, target }) = claim else {
                    continue;
                };
                let polarity = scores.decide(self.threshold());
                if polarity != Polarity::Neutral {
                    stances.push(Stance {
                        holder,
                        target,
                        polarity,
                        score: scores.best().1,
                        evidence: question.evidence,
                        quote: question.quote,
                    });
                }
            }
            let split = Warning::SplitSentence(question.sentence);
            if cut && warnings.last() != Some(&split) {
                warnings.push(split);
            }
        }
        stances.sort_by_key(|s| (s.evidence, s.holder, s.target));
        warnings.sort_by_key(|w| w.span());
        (stances, warnings)
    }

    /// The answers, and whether the passage was longer than a window.
    fn ask_all(&self, passages: &[Passage<'_>], scratch: &mut Scratch) -> Vec<(Answer, bool)> {
        let inner = &*self.inner;
        let subwords = inner.encoder.subwords();
        let mut pieces: HashMap<&str, Pieces> = HashMap::new();
        let mut places: HashMap<Passage<'_>, usize> = HashMap::new();
        let mut windows: Vec<(Marked, bool)> = Vec::new();
        let order: Vec<usize> = passages
            .iter()
            .map(|passage| {
                *places.entry(*passage).or_insert_with(|| {
                    let pieces = pieces
                        .entry(passage.text)
                        .or_insert_with(|| subwords.encode(passage.text));
                    let special = [subwords.cls(), subwords.sep()];
                    let window = inner.settings.window;
                    let marked = passage.mark(pieces, &inner.markers, special, window);
                    windows.push((marked, passage.holder.is_none()));
                    windows.len() - 1
                })
            })
            .collect();
        let answers = inner.answers(&windows, scratch);
        order
            .into_iter()
            .map(|i| (answers[i], windows[i].0.cut))
            .collect()
    }
}

impl Inner {
    fn answers(&self, windows: &[(Marked, bool)], scratch: &mut Scratch) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(windows.len());
        let mut batch = Batch::default();
        let mut from = 0;
        for (i, (marked, _)) in windows.iter().enumerate() {
            batch.push(&marked.ids);
            if batch.pieces() >= BATCH_PIECES || i + 1 == windows.len() {
                self.answer_batch(&batch, &windows[from..=i], scratch, &mut answers);
                batch.clear();
                from = i + 1;
            }
        }
        answers
    }

    fn answer_batch(
        &self,
        batch: &Batch,
        windows: &[(Marked, bool)],
        scratch: &mut Scratch,
        answers: &mut Vec<Answer>,
    ) {
        let states = self.encoder.encode(batch, scratch);
        // Holder, target and first piece; then target, holder and first piece.
        let mut rows = Vec::with_capacity(windows.len() * 2 * self.dense.inputs());
        for (k, (marked, _)) in windows.iter().enumerate() {
            let start = states.window(k).start;
            for [one, other] in [
                [marked.holder, marked.target],
                [marked.target, marked.holder],
            ] {
                for at in [one, other, 0] {
                    rows.extend_from_slice(states.row(start + at));
                }
            }
        }
        let mut hidden = self.dense.apply(&rows);
        for value in &mut hidden {
            *value = value.tanh();
        }
        let logits = self.out.apply(&hidden);
        let logits: Vec<Logits> = logits.chunks_exact(3).map(|l| [l[0], l[1], l[2]]).collect();
        for (pair, (_, author)) in logits.chunks_exact(2).zip(windows) {
            let Settings {
                temperature,
                joint_bias,
                ..
            } = &self.settings;
            let both = [pair[0], pair[1]];
            answers.push(Answer::new(both, *author, temperature, joint_bias));
        }
    }
}

impl Question {
    fn passage<'t>(&'t self, text: &'t str) -> Passage<'t> {
        Passage {
            text: match &self.words {
                Words::Text(span) => &text[*span],
                Words::Said(words) => words,
            },
            holder: self.holder,
            target: self.target,
        }
    }
}

impl fmt::Debug for Stances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stances")
            .field("encoder", &self.inner.encoder.model_dir())
            .finish_non_exhaustive()
    }
}
