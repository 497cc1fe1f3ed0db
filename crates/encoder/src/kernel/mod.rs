//! The matrix products, behind one small interface.
//!
//! A [`Backend`] turns weights, once, into a [`Product`] in the layout that its instructions
//! want, and activations into an [`Operand`]. What a row becomes never depends on the rows beside
//! it: each output is one sum, in one order, wherever the row stands.

use crate::attention::Shape;
use crate::config::Activation;
use crate::error::{Error, ErrorKind};
use crate::weights::Matrix;

mod portable;

pub(crate) use portable::product;

/// Which instructions do the matrix products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// The fastest that this machine has, chosen when the model is opened.
    #[default]
    Auto,
    /// 32-bit floats, on any machine.
    Portable,
    /// 8-bit integers with AVX2 (x86-64, Haswell or Zen and later).
    Avx2,
    /// 8-bit integers with AVX-512 VNNI (x86-64, Ice Lake or Zen 4 and later).
    Avx512,
    /// bfloat16 with AMX tiles (x86-64, Sapphire Rapids and later; Linux).
    Amx,
}

impl Kernel {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Auto,
        Self::Portable,
        Self::Avx2,
        Self::Avx512,
        Self::Amx,
    ];

    /// The name by which it is asked for.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Amx => "amx",
        }
    }

    /// Whether this machine can run it.
    #[must_use]
    pub fn is_available(self) -> bool {
        self.backend().is_ok()
    }

    /// The backend for this machine.
    pub(crate) fn backend(self) -> Result<Box<dyn Backend>, ErrorKind> {
        match self {
            Self::Auto | Self::Portable => Ok(Box::new(portable::Portable)),
            other => Err(ErrorKind::Kernel {
                kernel: other.name(),
                needs: "an instruction set",
            }),
        }
    }

    /// The same, with an error that says which directory was being opened.
    pub(crate) fn backend_for(self, dir: &std::path::Path) -> Result<Box<dyn Backend>, Error> {
        self.backend().map_err(|kind| Error::new(dir, kind))
    }
}

impl std::fmt::Display for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// A word that is no [`Kernel`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kernel; the kernels are auto, portable, avx2, avx512, amx")]
pub struct ParseKernelError(String);

impl std::str::FromStr for Kernel {
    type Err = ParseKernelError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|kernel| kernel.name() == name);
        found.ok_or_else(|| ParseKernelError(name.to_owned()))
    }
}

/// One way to compute.
pub(crate) trait Backend: Send + Sync {
    /// Its name in records.
    fn name(&self) -> &'static str;

    /// Packs weights whose rows, one matrix after the other, are the outputs.
    fn pack(&self, weights: &[Matrix], bias: Vec<f32>) -> Box<dyn Product>;

    /// Turns rows of `width` values into what [`Product::run`] takes.
    fn load(&self, rows: &[f32], width: usize, operand: &mut Operand);

    /// Attention within each window: from rows of query, key and value side by side to what the
    /// output product takes.
    fn attend(&self, qkv: &[f32], shape: &Shape<'_>, work: &mut Vec<f32>, out: &mut Operand);
}

/// A matrix product with packed weights.
pub(crate) trait Product: Send + Sync {
    /// `x · Wᵀ + bias`, to where `out` says.
    fn run(&self, x: &Operand, out: Out<'_>);
}

/// Where a product's result goes.
pub(crate) enum Out<'a> {
    /// Written over these rows.
    Store(&'a mut [f32]),
    /// Added to these rows.
    Add(&'a mut [f32]),
    /// Through the activation into the next product's operand.
    Activate(Activation, &'a mut Operand),
}

/// Rows of activations in the form that a backend multiplies. Only the backend that filled it
/// knows what is in it.
#[derive(Default)]
pub(crate) struct Operand {
    pub(crate) rows: usize,
    pub(crate) width: usize,
    pub(crate) floats: Vec<f32>,
}
