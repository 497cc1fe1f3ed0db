use crate::config::{Activation, Config};
use crate::dir::ModelDir;
use crate::error::Error;
use crate::layer::Norm;
use crate::math;
use crate::weights::Weights;

/// A task's own product, `x · Wᵀ + bias`, over the rows that the task chooses, in 32-bit floats
/// whatever the encoder's kernel.
///
/// ```no_run
/// use standpoint_encoder::{Linear, Weights};
///
/// # fn main() -> Result<(), standpoint_encoder::Error> {
/// # let states = standpoint_encoder::States::default();
/// let weights = Weights::open("model")?;
/// let classifier = Linear::open(&weights, "classifier")?;
/// let logits = classifier.apply(states.row(0));
/// assert_eq!(logits.len(), classifier.outputs());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Linear {
    weight: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
}

impl Linear {
    /// Takes `{name}.weight`, of shape `[outputs, inputs]`, and `{name}.bias`; without one the
    /// bias is zero.
    ///
    /// # Errors
    ///
    /// If the weight is missing, or a shape is not as said.
    pub fn open(weights: &Weights, name: &str) -> Result<Self, Error> {
        let full = format!("{name}.weight");
        let shape = weights.shape(&full)?;
        // A vector is a matrix of one row.
        let inputs = shape.last().copied().unwrap_or(1);
        let outputs = shape
            .first()
            .copied()
            .filter(|_| shape.len() > 1)
            .unwrap_or(1);
        let bias = format!("{name}.bias");
        Ok(Self {
            weight: weights.exact(&full, &[outputs, inputs])?,
            bias: if weights.contains(&bias) {
                weights.exact(&bias, &[outputs])?
            } else {
                vec![0.0; outputs]
            },
            inputs,
        })
    }

    /// Values in.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Values out.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// The outputs for one input row or several, one after the other.
    ///
    /// # Panics
    ///
    /// If `rows` is not a whole number of rows of [`inputs`](Self::inputs) values.
    #[must_use]
    pub fn apply(&self, rows: &[f32]) -> Vec<f32> {
        if self.inputs == 0 || self.outputs() == 0 {
            return Vec::new();
        }
        assert_eq!(
            rows.len() % self.inputs,
            0,
            "whole rows of {} values",
            self.inputs
        );
        // Weights outside, rows inside: the rows stay in the cache, and each weight is read once.
        let outputs = self.outputs();
        let mut out = vec![0.0; rows.len() / self.inputs * outputs];
        let weights = self.weight.chunks_exact(self.inputs).zip(&self.bias);
        for (output, (weight, bias)) in weights.enumerate() {
            let results = out[output..].iter_mut().step_by(outputs);
            for (result, row) in results.zip(rows.chunks_exact(self.inputs)) {
                *result = math::dot(row, weight) + bias;
            }
        }
        out
    }
}

impl std::fmt::Debug for Linear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Linear")
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs())
            .finish_non_exhaustive()
    }
}

/// What ModernBERT has between its states and a task's own product: a product, a function, a layer
/// normalization.
#[derive(Clone)]
pub struct Transform {
    dense: Linear,
    activation: Activation,
    norm: Norm,
}

impl Transform {
    /// Takes `head.dense` and `head.norm` of a model of a type that has them; of another type there
    /// is none.
    ///
    /// # Errors
    ///
    /// If `config.json` cannot be read, a tensor is missing or a shape is not as `config.json` asks.
    pub fn open(dir: &ModelDir, weights: &Weights) -> Result<Option<Self>, Error> {
        let config = Config::open(dir)?;
        let Some(activation) = config.transform else {
            return Ok(None);
        };
        weights.matrix("head.dense.weight", config.hidden, config.hidden)?;
        Ok(Some(Self {
            dense: Linear::open(weights, "head.dense")?,
            activation,
            norm: Norm::open(weights, "head.norm", config.hidden, &config)?,
        }))
    }

    /// The rows, transformed: as many as given, one after the other.
    ///
    /// # Panics
    ///
    /// If `rows` is not a whole number of rows.
    #[must_use]
    pub fn apply(&self, rows: &[f32]) -> Vec<f32> {
        let mut out = self.dense.apply(rows);
        math::activate_all(self.activation, &mut out);
        self.norm.apply(&mut out);
        out
    }
}

impl std::fmt::Debug for Transform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transform").finish_non_exhaustive()
    }
}
