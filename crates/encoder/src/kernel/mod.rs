//! The matrix products, behind one small interface.
//!
//! A [`Backend`] turns weights, once, into a [`Product`] in the layout that its instructions
//! want, and activations into an [`Operand`]. What a row becomes never depends on the rows beside
//! it: each output is one sum, in one order, wherever the row stands.

use half::bf16;

use crate::attention::{Buffers, Shape};
use crate::config::Activation;
use crate::dir::ModelDir;
use crate::error::{Error, ErrorKind};
use crate::layer::Norm;
use crate::weights::{Matrix, Weights};

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod fma;
#[cfg(target_arch = "x86_64")]
mod integer;
mod portable;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod vector;

pub(crate) use portable::{product, project};

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
        let found: Option<Box<dyn Backend>> = match self {
            Self::Auto => {
                let best = [Self::Amx, Self::Avx512, Self::Avx2, Self::Portable];
                best.into_iter().find_map(|kernel| kernel.backend().ok())
            }
            #[cfg(target_arch = "x86_64")]
            Self::Portable => match fma::Fma::new() {
                Some(backend) => Some(Box::new(backend)),
                None => Some(Box::new(portable::Portable)),
            },
            #[cfg(not(target_arch = "x86_64"))]
            Self::Portable => Some(Box::new(portable::Portable)),
            #[cfg(target_arch = "x86_64")]
            Self::Amx => amx::Amx::new().map(|backend| Box::new(backend) as _),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => integer::Avx512::new().map(|set| Box::new(integer::Integer(set)) as _),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::Avx2::new().map(|set| Box::new(integer::Integer(set)) as _),
            #[cfg(not(target_arch = "x86_64"))]
            _ => None,
        };
        found.ok_or(ErrorKind::Kernel {
            kernel: self.name(),
            needs: self.needs(),
        })
    }

    const fn needs(self) -> &'static str {
        match self {
            Self::Auto | Self::Portable => "nothing",
            Self::Avx2 => "AVX2 and FMA",
            Self::Avx512 => "AVX-512 F, BW and VNNI",
            Self::Amx => "AMX-TILE, AMX-BF16 and AVX512-BF16 on Linux",
        }
    }

    /// The same, with an error that says which directory was being opened.
    pub(crate) fn backend_for(self, dir: &ModelDir) -> Result<Box<dyn Backend>, Error> {
        self.backend()
            .map_err(|kind| Error::new(dir.place(""), kind))
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

    /// Normalizes rows, in place, and turns them into what [`Product::run`] takes.
    fn normalize(&self, rows: &mut [f32], norm: &Norm, operand: &mut Operand);

    /// Attention within each window: from rows of query, key and value side by side to what the
    /// output product takes.
    fn attend(&self, qkv: &Operand, shape: &Shape<'_>, work: &mut Work, out: &mut Operand);
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
    /// Into what [`Backend::attend`] takes.
    Heads(&'a mut Operand),
    /// Through an activation into another product's operand.
    Activate(Activation, &'a mut Operand),
}

/// Rows of activations in the form that a backend multiplies. Only the backend that filled it
/// knows which of its parts are in use.
#[derive(Default)]
pub(crate) struct Operand {
    rows: usize,
    width: usize,
    /// 32-bit floats, row after row.
    floats: Vec<f32>,
    /// bfloat16: for each 16 rows, for each 32 columns, a line for each row. Rows are padded to a
    /// multiple of 32 and hold anything; columns are padded to a multiple of 32 with what gives
    /// nothing when multiplied by padded weights.
    lines: Vec<Line>,
    /// Integers, row after row, each row padded to whole groups of [`GROUP`] columns: a value is its
    /// integer, less its group's zero point where there is one, times its group's scale.
    bytes: Vec<i8>,
    /// By row and group.
    scales: Vec<f32>,
    /// By row and group.
    zeros: Vec<i32>,
}

/// Columns that share a scale where activations are integers.
const GROUP: usize = 128;

impl Operand {
    fn shape_floats(&mut self, rows: usize, width: usize) {
        (self.rows, self.width) = (rows, width);
        self.floats.resize(rows * width, 0.0);
    }

    fn shape_lines(&mut self, rows: usize, width: usize) {
        (self.rows, self.width) = (rows, width);
        let lines = rows.next_multiple_of(32) * width.div_ceil(32);
        self.lines.resize(lines, Line::default());
    }

    /// Groups of columns in a row.
    fn groups(&self) -> usize {
        self.width.div_ceil(GROUP)
    }

    /// Keeps some rows, in ascending order, and drops the others.
    pub(crate) fn keep(&mut self, rows: &[usize]) {
        /// Of values that are not in use there may be any number.
        fn keep<T: Copy>(values: &mut Vec<T>, width: usize, all: usize, rows: &[usize]) {
            if values.len() == all * width {
                move_up(values, width, rows);
                values.truncate(rows.len() * width);
            }
        }
        let (all, groups) = (self.rows, self.groups());
        keep(&mut self.floats, self.width, all, rows);
        keep(&mut self.bytes, groups * GROUP, all, rows);
        keep(&mut self.scales, groups, all, rows);
        keep(&mut self.zeros, groups, all, rows);
        let blocks = self.width.div_ceil(32);
        if self.lines.len() == all.next_multiple_of(32) * blocks {
            for (to, &from) in rows.iter().enumerate() {
                for k in 0..blocks {
                    *self.line_mut(to, k) = *self.line(from, k);
                }
            }
        }
        self.rows = rows.len();
    }

    /// Where in `lines` are the columns from `32 · k` of a row.
    #[inline]
    fn at(&self, row: usize, k: usize) -> usize {
        (row / 16 * self.width.div_ceil(32) + k) * 16 + row % 16
    }

    #[inline]
    fn line(&self, row: usize, k: usize) -> &Line {
        &self.lines[self.at(row, k)]
    }

    #[inline]
    fn line_mut(&mut self, row: usize, k: usize) -> &mut Line {
        let at = self.at(row, k);
        &mut self.lines[at]
    }

    /// The tiles of 16 rows from `top` on, and of the 16 after them.
    fn tiles(&self, top: usize) -> [&[Line]; 2] {
        let len = self.width.div_ceil(32) * 16;
        let (first, rest) = self.lines[top / 16 * len..].split_at(len);
        [first, &rest[..len]]
    }

    /// What the lines hold, as rows of 32-bit floats.
    fn lines_to_floats(&self, out: &mut Vec<f32>) {
        out.clear();
        for row in 0..self.rows {
            for k in 0..self.width.div_ceil(32) {
                let columns = 32.min(self.width - k * 32);
                let values = self.line(row, k).0[..columns].iter();
                out.extend(values.map(|&bits| bf16::from_bits(bits).to_f32()));
            }
        }
    }
}

/// Moves rows of `width` values, in ascending order, to the front.
pub(crate) fn move_up<T: Copy>(values: &mut [T], width: usize, rows: &[usize]) {
    for (to, &from) in rows.iter().enumerate() {
        values.copy_within(from * width..(from + 1) * width, to * width);
    }
}

/// 32 numbers in bfloat16: a cache line.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
pub(crate) struct Line([u16; 32]);

/// Values that begin with a cache line, so that no vector of them is in two.
struct Aligned<T> {
    values: Vec<T>,
    start: usize,
}

impl<T: Copy> Aligned<T> {
    fn new(value: T, len: usize) -> Self {
        const LINE: usize = 64;
        let more = LINE / size_of::<T>();
        let mut values = vec![value; len + more];
        let start = values.as_ptr().align_offset(LINE).min(more);
        values.truncate(start + len);
        Self { values, start }
    }
}

impl<T> std::ops::Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.start..]
    }
}

impl<T> std::ops::DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..]
    }
}

/// What attention keeps between a window and the next.
#[derive(Default)]
pub(crate) struct Work {
    buffers: Buffers,
    floats: Vec<f32>,
    scores: Vec<f32>,
    context: Vec<f32>,
    lines: Vec<Line>,
}

/// One product, for the benches.
#[doc(hidden)]
pub struct MeasuredProduct {
    product: Box<dyn Product>,
    operand: Operand,
    out: Vec<f32>,
}

impl MeasuredProduct {
    /// The matrix of this name, to be multiplied with so many rows.
    pub fn open(
        dir: impl Into<ModelDir>,
        name: &str,
        rows: usize,
        kernel: Kernel,
    ) -> Result<Self, Error> {
        let dir = dir.into();
        let weights = Weights::open(dir.clone())?;
        let &[width, depth] = weights.shape(name)? else {
            return Err(Error::new(
                dir.place(name),
                ErrorKind::Config("is no matrix".into()),
            ));
        };
        let backend = kernel.backend_for(&dir)?;
        let mut operand = Operand::default();
        let x: Vec<f32> = (0..rows * depth).map(|i| (i % 13) as f32 - 6.0).collect();
        backend.load(&x, depth, &mut operand);
        Ok(Self {
            product: backend.pack(&[weights.matrix(name, width, depth)?], vec![0.0; width]),
            operand,
            out: vec![0.0; rows * width],
        })
    }

    /// Multiplies.
    pub fn run(&mut self) {
        self.product.run(&self.operand, Out::Store(&mut self.out));
    }
}
