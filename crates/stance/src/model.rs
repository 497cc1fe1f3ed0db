use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use standpoint_core::{Polarity, Stance, Warning};
use standpoint_encoder::{Batch, Encoder, Kernel, Linear, ModelDir, Pieces, Scratch, Weights};

use crate::answer::{Answer, Logits};
use crate::error::Error;
use crate::passage::{Marked, Markers, Passage};
use crate::questions::{Annotated, Claim, Question, Words, questions};
use crate::settings::Settings;

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

impl Stances {
    /// Opens a model directory: an encoder that [`standpoint_encoder`] runs, with the tensors
    /// `stance.dense` and `stance.out` of the head beside the encoder's, and in `config.json` an
    /// object `stance` (see the crate's README).
    ///
    /// # Errors
    ///
    /// If the encoder cannot be opened, or `config.json` and the weights are not those of a stance
    /// model; the error names the file and what was wanted.
    pub fn open(dir: impl Into<ModelDir>, kernel: Kernel) -> Result<Self, Error> {
        let dir = dir.into();
        let encoder = Encoder::open(&dir, kernel)?;
        let settings = Settings::open(&dir, &encoder)?;
        let markers = settings.markers(&dir, &encoder)?;

        let weights = Weights::open(&dir)?;
        let dense = Linear::open(&weights, "stance.dense")?;
        let out = Linear::open(&weights, "stance.out")?;
        let hidden = encoder.hidden_size();
        let shape = |linear: &Linear| [linear.outputs(), linear.inputs()];
        if (shape(&dense), shape(&out)) != ([hidden, 3 * hidden], [3, hidden]) {
            let what = format!(
                "the weights have a head of {:?} and {:?}; wanted {:?} and {:?}",
                shape(&dense),
                shape(&out),
                [hidden, 3 * hidden],
                [3, hidden],
            );
            return Err(Error::config(&dir, what));
        }
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
        let judged = self.judge_many(std::slice::from_ref(read), scratch);
        judged.into_iter().next().unwrap_or_default()
    }

    /// The stances in each of several documents, whose passages go through the encoder together,
    /// which is faster for short ones. Each result is, to the bit, what [`judge`](Self::judge)
    /// gives.
    #[must_use]
    pub fn judge_many(
        &self,
        documents: &[Annotated<'_>],
        scratch: &mut Scratch,
    ) -> Vec<(Vec<Stance>, Vec<Warning>)> {
        let asked: Vec<(Vec<Question>, Vec<Warning>)> = documents.iter().map(questions).collect();
        let passages: Vec<Passage<'_>> = asked
            .iter()
            .zip(documents)
            .flat_map(|((questions, _), read)| questions.iter().map(|q| q.passage(read.text)))
            .collect();
        let mut answers = self.ask_all(&passages, scratch).into_iter();
        asked
            .iter()
            .map(|(questions, warnings)| {
                let answers = answers.by_ref().take(questions.len());
                self.decide(questions, answers, warnings.clone())
            })
            .collect()
    }

    /// The stances that the answers to a document's questions show, and its warnings.
    fn decide(
        &self,
        questions: &[Question],
        answers: impl Iterator<Item = (Answer, bool)>,
        mut warnings: Vec<Warning>,
    ) -> (Vec<Stance>, Vec<Warning>) {
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

    /// The answers, and whether words that may matter did not fit a window: see [`Marked::cut`].
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
                    let window = match passage.holder {
                        Some(_) => inner.settings.pair_window(),
                        None => inner.settings.window,
                    };
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
        let start = |window| batch.window(window).start;
        let read = |(window, (marked, _)): (usize, &(Marked, bool))| {
            [0, marked.holder, marked.target].map(|at| start(window) + at)
        };
        let mut places: Vec<usize> = windows.iter().enumerate().flat_map(read).collect();
        places.sort_unstable();
        places.dedup();
        let states = self.encoder.encode_at(batch, &places, scratch);
        let hidden = self.encoder.hidden_size();
        // Holder, target and first piece; then target, holder and first piece.
        let mut rows = Vec::with_capacity(windows.len() * 2 * self.dense.inputs());
        for (window, (marked, _)) in windows.iter().enumerate() {
            for [one, other] in [
                [marked.holder, marked.target],
                [marked.target, marked.holder],
            ] {
                for at in [one, other, 0] {
                    let state = places.partition_point(|&place| place < start(window) + at);
                    rows.extend_from_slice(&states[state * hidden..][..hidden]);
                }
            }
        }
        let mut hidden = self.dense.apply(&rows);
        for value in &mut hidden {
            *value = value.tanh();
        }
        let logits = self.out.apply(&hidden);
        let logits: Vec<Logits> = logits.chunks_exact(3).map(|l| [l[0], l[1], l[2]]).collect();
        let Settings {
            temperature,
            joint_bias: [neutral, one_for, other_for, one_against, other_against],
            ..
        } = self.settings;
        for (pair, (marked, author)) in logits.chunks_exact(2).zip(windows) {
            // The bias goes by who stands first in the text, the answer by who holds.
            let bias = if marked.holder <= marked.target {
                [neutral, one_for, other_for, one_against, other_against]
            } else {
                [neutral, other_for, one_for, other_against, one_against]
            };
            answers.push(Answer::new([pair[0], pair[1]], *author, &temperature, bias));
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
