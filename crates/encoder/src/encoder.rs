use std::sync::Arc;

use crate::attention::RelativeBias;
use crate::batch::{Batch, States};
use crate::config::{Config, ModelType};
use crate::dir::ModelDir;
use crate::error::Error;
use crate::kernel::{Kernel, Product};
use crate::layer::{Norm, Scratch, Stack, chunks, config_error};
use crate::subwords::Subwords;
use crate::weights::{Matrix, Weights};

/// A model of the BERT family: pieces of text to hidden states.
///
/// Cloning is cheap, and clones share the weights; give each worker its own [`Scratch`].
#[derive(Clone)]
pub struct Encoder {
    inner: Arc<Inner>,
}

struct Inner {
    dir: ModelDir,
    config: Config,
    subwords: Subwords,
    words: Matrix,
    positions: Matrix,
    types: Option<Matrix>,
    norm: Norm,
    projection: Option<Box<dyn Product>>,
    stack: Stack,
}

impl Encoder {
    /// Opens a Hugging Face model directory: `config.json`, `tokenizer.json`, and
    /// `model.safetensors` or the shards its index lists. Tensors of a task's head may stand
    /// beside the encoder's; they are left alone.
    ///
    /// # Errors
    ///
    /// If a file is missing or damaged, the model type is not supported, the weights do not fit
    /// `config.json`, or the machine cannot run `kernel`; the error says which, and what to do.
    pub fn open(dir: impl Into<ModelDir>, kernel: Kernel) -> Result<Self, Error> {
        let dir = dir.into();
        let config = Config::open(&dir)?;
        let backend = kernel.backend_for(&dir)?;
        let subwords = Subwords::open(&dir)?;
        let weights = Weights::open(&dir)?;
        if subwords.vocabulary_size() > config.vocabulary {
            let what = format!(
                "`vocab_size` is {}, but tokenizer.json has {} pieces",
                config.vocabulary,
                subwords.vocabulary_size()
            );
            return Err(config_error(&dir, what));
        }
        // A model saved with a task's head has its encoder under the type's name.
        let name = match config.model_type {
            ModelType::Bert => "bert.",
            ModelType::DistilBert => "distilbert.",
            ModelType::MpNet => "mpnet.",
            ModelType::Roberta => "roberta.",
            ModelType::Electra => "electra.",
            ModelType::Albert => "albert.",
        };
        let headed = weights.names().any(|n| n.starts_with(name));
        let prefix = if headed { name } else { "" };
        let table = |part: &str, rows: usize| {
            weights.matrix(
                &format!("{prefix}embeddings.{part}.weight"),
                rows,
                config.embedding,
            )
        };
        let norm_name = format!("{prefix}embeddings.LayerNorm");
        let norm = Norm::open(&weights, &norm_name, config.embedding, &config)?;
        let bias = match config.model_type {
            ModelType::MpNet => {
                let name = format!("{prefix}encoder.relative_attention_bias.weight");
                let table = weights.exact(&name, &[MPNET_BUCKETS, config.heads])?;
                let bias = RelativeBias::new(config.heads, config.max_pieces(), |head, at| {
                    table[mpnet_bucket(at) * config.heads + head]
                });
                Some(bias)
            }
            _ => None,
        };
        let layers: Vec<String> = match (config.model_type, config.groups) {
            (_, Some((groups, inner))) => (0..groups * inner)
                .map(|i| {
                    let (group, layer) = (i / inner, i % inner);
                    format!("{prefix}encoder.albert_layer_groups.{group}.albert_layers.{layer}.")
                })
                .collect(),
            (ModelType::DistilBert, _) => (0..config.layers)
                .map(|i| format!("{prefix}transformer.layer.{i}."))
                .collect(),
            _ => (0..config.layers)
                .map(|i| format!("{prefix}encoder.layer.{i}."))
                .collect(),
        };
        let stack = Stack::open(&weights, layers, &config, bias, backend)?;
        let projection = match config.model_type {
            ModelType::Albert => Some("encoder.embedding_hidden_mapping_in"),
            _ if config.embedding != config.hidden => Some("embeddings_project"),
            _ => None,
        };
        let projection = projection
            .map(|name| stack.projection(&weights, &format!("{prefix}{name}"), config.embedding))
            .transpose()?;
        let types = if config.types > 0 {
            Some(table("token_type_embeddings", config.types)?)
        } else {
            None
        };
        Ok(Self {
            inner: Arc::new(Inner {
                dir,
                subwords,
                words: table("word_embeddings", config.vocabulary)?,
                positions: table("position_embeddings", config.positions)?,
                types,
                norm,
                projection,
                stack,
                config,
            }),
        })
    }

    /// Where its files come from.
    #[must_use]
    pub fn model_dir(&self) -> &ModelDir {
        &self.inner.dir
    }

    /// Values per state.
    #[must_use]
    pub fn hidden_size(&self) -> usize {
        self.inner.config.hidden
    }

    /// The longest window, in pieces, special ones included.
    #[must_use]
    pub fn max_pieces(&self) -> usize {
        self.inner.config.max_pieces()
    }

    /// Its subword vocabulary.
    #[must_use]
    pub fn subwords(&self) -> &Subwords {
        &self.inner.subwords
    }

    /// The kernel that runs it.
    #[must_use]
    pub fn kernel_name(&self) -> &'static str {
        self.inner.stack.kernel_name()
    }

    /// The hidden states of the last layer for every piece of every window.
    ///
    /// # Panics
    ///
    /// If a window is longer than [`max_pieces`](Self::max_pieces) or a piece is none of the
    /// vocabulary.
    #[must_use]
    pub fn encode(&self, batch: &Batch, scratch: &mut Scratch) -> States {
        let hidden = self.hidden_size();
        let width = self.inner.config.embedding;
        let mut data = vec![0.0; batch.pieces() * hidden];
        let mut value = vec![0.0; width];
        let mut narrow = Vec::new();
        for chunk in chunks(&batch.ends) {
            let rows = &mut data[chunk.rows.start * hidden..chunk.rows.end * hidden];
            let embeddings = match self.inner.projection {
                Some(_) => {
                    narrow.resize(chunk.rows.len() * width, 0.0);
                    &mut narrow[..]
                }
                None => &mut *rows,
            };
            for window in &chunk.windows {
                assert!(
                    window.len() <= self.max_pieces(),
                    "a window of {} pieces is longer than the model's {}",
                    window.len(),
                    self.max_pieces()
                );
                for (place, at) in window.clone().enumerate() {
                    let row = &mut embeddings[at * width..][..width];
                    self.embed(batch, chunk.rows.start + at, place, row, &mut value);
                }
            }
            self.inner.norm.apply(embeddings);
            if let Some(projection) = &self.inner.projection {
                let stack = &self.inner.stack;
                stack.project(&**projection, &narrow, width, rows, scratch);
            }
            self.inner.stack.apply(rows, &chunk.windows, scratch);
        }
        States {
            data,
            hidden,
            ends: batch.ends.clone(),
        }
    }

    /// The sum of a piece's embeddings, for the piece at `at` in the batch and `place` in its
    /// window.
    fn embed(&self, batch: &Batch, at: usize, place: usize, row: &mut [f32], value: &mut [f32]) {
        let inner = &*self.inner;
        let id = batch.ids[at] as usize;
        assert!(
            id < inner.words.rows,
            "there is no piece {id} among {}",
            inner.words.rows
        );
        inner.words.read_row(id, row);
        let mut add = |table: &Matrix, from: usize| {
            table.read_row(from, value);
            row.iter_mut().zip(&*value).for_each(|(x, y)| *x += y);
        };
        if let Some(types) = &inner.types {
            let kind = usize::from(batch.types[at]);
            assert!(
                kind < types.rows,
                "there is no token type {kind} among {}",
                types.rows
            );
            add(types, kind);
        }
        add(&inner.positions, inner.config.first_position + place);
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("dir", &self.inner.dir)
            .field("kernel", &self.kernel_name())
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}

const MPNET_BUCKETS: usize = 32;

/// MPNet's bucket for a distance from query to key (as T5's, for both directions): half for each
/// direction, the first 8 of which are for one distance each, the others logarithmic up to 128.
fn mpnet_bucket(distance: isize) -> usize {
    const HALF: usize = MPNET_BUCKETS / 2;
    const EXACT: usize = HALF / 2;
    let side = if distance > 0 { HALF } else { 0 };
    let n = distance.unsigned_abs();
    if n < EXACT {
        return side + n;
    }
    let log = (n as f32 / EXACT as f32).ln() / (128.0f64 / EXACT as f64).ln() as f32;
    side + (EXACT + (log * (HALF - EXACT) as f32) as usize).min(HALF - 1)
}
