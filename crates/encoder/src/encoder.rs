use std::sync::Arc;

use crate::batch::{Batch, States};
use crate::config::Config;
use crate::dir::ModelDir;
use crate::error::Error;
use crate::kernel::Kernel;
use crate::layer::{Scratch, config_error};
use crate::model::Model;
use crate::subwords::Subwords;

/// Windows of pieces to hidden states: what runs a model. An [`Encoder`] stands on this crate's own
/// kernels, or [on another](Encoder::on), such as one for GPUs.
pub trait Encode: Send + Sync {
    /// Values per state.
    fn hidden_size(&self) -> usize;

    /// The longest window, in pieces, special ones included.
    fn max_pieces(&self) -> usize;

    /// Its name in records.
    fn kernel_name(&self) -> &'static str;

    /// The hidden states of the last layer for every piece of every window. A window's states may
    /// not depend on which others are in the batch.
    ///
    /// # Panics
    ///
    /// If a window is longer than [`max_pieces`](Self::max_pieces) or a piece is none of the
    /// vocabulary.
    fn encode(&self, batch: &Batch, scratch: &mut Scratch) -> States;
}

/// A model of the BERT family: pieces of text to hidden states.
///
/// Cloning is cheap, and clones share the weights; give each worker its own [`Scratch`].
#[derive(Clone)]
pub struct Encoder {
    inner: Arc<Inner>,
}

struct Inner {
    dir: ModelDir,
    subwords: Subwords,
    model: Box<dyn Encode>,
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
        let subwords = Subwords::open(&dir)?;
        if subwords.vocabulary_size() > config.vocabulary {
            let what = format!(
                "`vocab_size` is {}, but tokenizer.json has {} pieces",
                config.vocabulary,
                subwords.vocabulary_size()
            );
            return Err(config_error(&dir, what));
        }
        let model = Model::open(&dir, config, kernel)?;
        Ok(Self {
            inner: Arc::new(Inner {
                dir,
                subwords,
                model: Box::new(model),
            }),
        })
    }

    /// The same directory's subwords, with another program's way to run its model.
    ///
    /// # Errors
    ///
    /// If `tokenizer.json` is missing or cannot be used.
    pub fn on(dir: impl Into<ModelDir>, model: impl Encode + 'static) -> Result<Self, Error> {
        let dir = dir.into();
        Ok(Self {
            inner: Arc::new(Inner {
                subwords: Subwords::open(&dir)?,
                dir,
                model: Box::new(model),
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
        self.inner.model.hidden_size()
    }

    /// The longest window, in pieces, special ones included.
    #[must_use]
    pub fn max_pieces(&self) -> usize {
        self.inner.model.max_pieces()
    }

    /// Its subword vocabulary.
    #[must_use]
    pub fn subwords(&self) -> &Subwords {
        &self.inner.subwords
    }

    /// The kernel that runs it.
    #[must_use]
    pub fn kernel_name(&self) -> &'static str {
        self.inner.model.kernel_name()
    }

    /// The hidden states of the last layer for every piece of every window.
    ///
    /// # Panics
    ///
    /// If a window is longer than [`max_pieces`](Self::max_pieces) or a piece is none of the
    /// vocabulary.
    #[must_use]
    pub fn encode(&self, batch: &Batch, scratch: &mut Scratch) -> States {
        self.inner.model.encode(batch, scratch)
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("dir", &self.inner.dir)
            .field("kernel", &self.kernel_name())
            .field("hidden_size", &self.hidden_size())
            .finish_non_exhaustive()
    }
}
