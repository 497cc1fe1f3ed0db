//! Runs standpoint's encoders on libtorch, through [rust-bert](rust_bert): on NVIDIA GPUs, and as a
//! second opinion on what [`standpoint_encoder`] computes.
//!
//! A [`RustBert`] opens the same Hugging Face directories, and an
//! [`Encoder`](standpoint_encoder::Encoder) stands on it as on the encoder's own kernels:
//!
//! ```
//! use standpoint_encoder::{Batch, Encoder, Scratch};
//! use standpoint_rust_bert::{Device, RustBert};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/encoder/tests/data/bert");
//! let encoder = Encoder::on(dir, RustBert::open(dir, Device::cuda_if_available())?)?;
//! let subwords = encoder.subwords();
//! let mut batch = Batch::default();
//! let pieces = subwords.encode("The minister spoke.").ids;
//! batch.push(&[&[subwords.cls()], &pieces[..], &[subwords.sep()]].concat());
//! let states = encoder.encode(&batch, &mut Scratch::default());
//! assert_eq!(states.rows(), pieces.len() + 2);
//! # Ok(())
//! # }
//! ```
//!
//! Model types: `bert`, `distilbert`, `roberta`, `xlm-roberta`, `electra`, and `albert` of one group
//! of layers. Of the others that the encoder runs, rust-bert has no `mpnet` and no `modernbert`;
//! its `deberta-v2` does not look up relative positions as PyTorch does, and its `albert` builds one
//! group however many there are. These are refused.
//!
//! States are within 1e-4 of PyTorch's in 32-bit floats, which tests hold for each type on a CPU.
//! One thread at a time computes; libtorch has threads of its own, as many as
//! `tch::set_num_threads` says.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub use tch::Device;

pub use crate::{backend::RustBert, error::Error};

mod backend;
mod config;
mod error;
mod model;
