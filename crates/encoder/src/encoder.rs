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

    /// As [`Encoder::encode_at`].
    ///
    /// # Panics
    ///
    /// As [`encode`](Self::encode), or if a place is none of the batch.
    fn encode_at(&self, batch: &Batch, places: &[usize], scratch: &mut Scratch) -> Vec<f32> {
        let states = self.encode(batch, scratch);
        let rows = places.iter().flat_map(|&place| states.row(place));
        rows.copied().collect()
    }
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

    /// The hidden states of some pieces alone, row after row, each to the bit that of
    /// [`encode`](Self::encode): for a head that reads few of them, such as the first of each
    /// window, the last layer has little to do. `places` are among all pieces of the batch.
    ///
    /// ```
    /// use standpoint_encoder::{Batch, Encoder, Kernel, Scratch};
    ///
    /// # fn main() -> Result<(), standpoint_encoder::Error> {
    /// # let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/distilbert");
    /// let encoder = Encoder::open(dir, Kernel::Auto)?;
    /// let mut batch = Batch::default();
    /// batch.push(&[2, 7, 8, 3]);
    /// batch.push(&[2, 9, 3]);
    /// // The first piece of both windows.
    /// let first = encoder.encode_at(&batch, &[0, 4], &mut Scratch::default());
    /// assert_eq!(first.len(), 2 * encoder.hidden_size());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`encode`](Self::encode), or if the places do not ascend or one is none of the batch.
    #[must_use]
    pub fn encode_at(&self, batch: &Batch, places: &[usize], scratch: &mut Scratch) -> Vec<f32> {
        assert!(places.is_sorted_by(|a, b| a < b), "places ascend");
        assert!(
            places.last().is_none_or(|&last| last < batch.pieces()),
            "a place beyond the batch's {} pieces",
            batch.pieces()
        );
        self.inner.model.encode_at(batch, places, scratch)
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
