use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use standpoint_encoder::ModelDir;

use crate::error::Error;
use crate::labels::Scheme;

/// What this crate reads of `config.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Config {
    #[serde(skip)]
    path: PathBuf,
    #[serde(default)]
    pub(crate) id2label: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) ner: NerConfig,
}

/// The object `ner` in `config.json`: all that a plain token-classification directory does not
/// say. A directory without it is complete.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NerConfig {
    /// Pieces a window, special ones counted.
    pub(crate) window: Option<usize>,
    /// How the labels mark an entity's first word, where it cannot be seen from them.
    pub(crate) scheme: Option<Scheme>,
    /// What label names stand for that no entity kind has; null: not reported.
    pub(crate) kinds: BTreeMap<String, Option<String>>,
    /// How much a name's other places in the document count against its own, 0 to 1.
    pub(crate) agreement: f64,
    /// What the main head's label sequences lose, as a log-probability, for each entity opened.
    pub(crate) opening: f64,
    /// How the main head's probabilities become scores.
    pub(crate) scores: Scores,
    /// A second head, for CoNLL-2003's kinds and guidelines.
    pub(crate) conll: Option<ConllConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConllConfig {
    /// The name of its tensors: `NAME.weight`, `NAME.bias`.
    pub(crate) classifier: String,
    pub(crate) id2label: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) agreement: f64,
    #[serde(default)]
    pub(crate) opening: f64,
    #[serde(default)]
    pub(crate) scores: Scores,
}

/// From a head's logits to the probability that an entity is right (Platt 1999; Guo et al. 2017).
/// Fitted on development data.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Scores {
    /// Logits are divided by it before the softmax.
    pub(crate) temperature: f32,
    /// An entity's log-odds are multiplied by it.
    pub(crate) slope: f64,
    /// Then this is added.
    pub(crate) offset: f64,
}

impl Default for Scores {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            slope: 1.0,
            offset: 0.0,
        }
    }
}

impl Scores {
    /// The score of an entity with this probability among all label sequences.
    pub(crate) fn score(&self, probability: f64) -> f32 {
        let p = probability.clamp(1e-9, 1.0 - 1e-9);
        let log_odds = self.slope * (p / (1.0 - p)).ln() + self.offset;
        (1.0 / (1.0 + (-log_odds).exp())) as f32
    }

    fn check(&self) -> Result<(), &'static str> {
        if !(self.temperature > 0.0 && self.temperature.is_finite()) {
            return Err("a `temperature` that is not above 0");
        }
        if !(self.slope > 0.0 && self.slope.is_finite() && self.offset.is_finite()) {
            return Err("a `slope` that is not above 0, or an `offset` that is no number");
        }
        Ok(())
    }
}

impl Config {
    pub(crate) fn open(dir: &ModelDir) -> Result<Self, Error> {
        let bytes = dir.file("config.json")?;
        let path = dir
            .path()
            .map_or_else(|| PathBuf::from(dir.name()), Path::to_owned);
        let path = path.join("config.json");
        let mut config: Self = serde_json::from_slice(&bytes).map_err(|err| Error::Config {
            path: path.clone(),
            message: format!("cannot be read: {err}"),
        })?;
        config.path = path;
        if config.id2label.is_empty() {
            return Err(config.error(
                "has no `id2label`; only a model saved with a token-classification head finds \
                 entities"
                    .to_owned(),
            ));
        }
        let news = (config.ner.agreement, config.ner.opening, config.ner.scores);
        let conll = (config.ner.conll.as_ref()).map(|c| (c.agreement, c.opening, c.scores));
        for (agreement, opening, scores) in [news].into_iter().chain(conll) {
            let odd = if !(0.0..=1.0).contains(&agreement) {
                Some("an `agreement` that is not from 0 to 1")
            } else if !opening.is_finite() {
                Some("an `opening` that is no number")
            } else {
                scores.check().err()
            };
            if let Some(odd) = odd {
                return Err(config.error(format!("has, in `ner`, {odd}")));
            }
        }
        Ok(config)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn error(&self, message: String) -> Error {
        Error::Config {
            path: self.path.clone(),
            message,
        }
    }
}
