//! Runs BERT-family models from a Hugging Face directory on a CPU, in pure Rust.
//!
//! An [`Encoder`] is a directory with `config.json`, `tokenizer.json` and `model.safetensors`,
//! opened. A [`Batch`] holds windows of subword pieces, and [`Encoder::encode`] gives a hidden
//! state for each piece:
//!
//! ```
//! use standpoint_encoder::{Batch, Encoder, Kernel, Scratch};
//!
//! # fn main() -> Result<(), standpoint_encoder::Error> {
//! let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/bert");
//! let encoder = Encoder::open(dir, Kernel::Auto)?;
//! let subwords = encoder.subwords();
//!
//! let mut window = vec![subwords.cls()];
//! window.extend(subwords.encode("The minister spoke.").ids);
//! window.push(subwords.sep());
//! let mut batch = Batch::default();
//! batch.push(&window);
//!
//! let states = encoder.encode(&batch, &mut Scratch::default());
//! assert_eq!(states.rows(), window.len());
//! assert_eq!(states.row(0).len(), encoder.hidden_size());
//! # Ok(())
//! # }
//! ```
//!
//! [`Encoder::read`] does the same for a document with its sentences and words, and says which
//! rows are whose. A task adds its own head: [`Layers`] and [`Linear`] from its [`Weights`].
//!
//! There is no padding: windows of any length stand one after the other, the matrix products run
//! over all their pieces, and attention stays within each window. A window's states are the same
//! to the bit whatever else is in the batch. Weights are shared between clones and threads;
//! each worker has its own [`Scratch`].
//!
//! Model types: `bert`, `distilbert`, `mpnet`, `roberta`, `xlm-roberta`, `electra`, `albert`,
//! `deberta-v2` (DeBERTa v3 too), `modernbert`. Hidden states are within 1e-4 of PyTorch's in 32-bit
//! floats, which tests hold for each type. [`Encode`] is what another way to run a model provides.
#![deny(unsafe_code)]
#![deny(missing_docs)]

pub use crate::{
    batch::{Batch, States},
    dir::{ModelDir, ModelFile},
    encoder::{Encode, Encoder},
    error::{Error, ErrorKind},
    kernel::{Kernel, MeasuredProduct, ParseKernelError},
    layer::{Layers, Scratch},
    linear::{Linear, Transform},
    read::{Reading, SECTION, Source, sections},
    subwords::{Pieces, Subwords},
    weights::Weights,
};

mod attention;
mod batch;
mod config;
mod dir;
mod encoder;
mod error;
mod kernel;
mod layer;
mod linear;
mod math;
mod model;
mod read;
mod subwords;
mod weights;
