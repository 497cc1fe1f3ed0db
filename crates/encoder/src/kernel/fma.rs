//! 32-bit floats with AVX2 and FMA: weights packed once, six rows by sixteen outputs at a time.

#![allow(
    unsafe_code,
    reason = "loads and stores through pointers, each next to its bound, and calls behind a check of the CPU"
)]

use std::arch::x86_64::*;

use super::avx2::Avx2;
use super::integer::Set as _;
use super::portable::Portable;
use super::{Backend, Operand, Out, Product, Work};
use crate::attention::{self, Shape};
use crate::config::Activation;
use crate::layer::Norm;
use crate::weights::Matrix;

/// Rows of a tile.
const ROWS: usize = 6;
/// Outputs of a tile, and of a panel of packed weights.
const PANEL: usize = 16;
/// Outputs for which the same rows are read again while they are near.
const BLOCK: usize = 4 * PANEL;
/// Inputs in a turn of the innermost loop.
const TURN: usize = 4;
/// Inputs at a time: so many of a block's weights, 196 KB, stay in a second-level cache.
const DEPTH: usize = 768;

/// What `Portable` computes, faster, on a CPU that has AVX2.
pub(super) struct Fma(Avx2);

impl Fma {
    /// None where there is AVX-512 too: the `gemm` crate then has wider instructions.
    pub(super) fn new() -> Option<Self> {
        let wider = is_x86_feature_detected!("avx512f");
        Avx2::new().filter(|_| !wider).map(Self)
    }
}

impl Backend for Fma {
    fn name(&self) -> &'static str {
        Portable.name()
    }

    fn pack(&self, weights: &[Matrix], bias: Vec<f32>) -> Box<dyn Product> {
        Box::new(Packed::new(self.0, weights, bias))
    }

    fn load(&self, rows: &[f32], width: usize, operand: &mut Operand) {
        Portable.load(rows, width, operand);
    }

    fn normalize(&self, rows: &mut [f32], norm: &Norm, operand: &mut Operand) {
        let width = norm.weight.len();
        rows.chunks_exact_mut(width)
            .for_each(|row| self.0.layer_norm(row, norm));
        self.load(rows, width, operand);
    }

    fn attend(&self, qkv: &Operand, shape: &Shape<'_>, work: &mut Work, out: &mut Operand) {
        out.shape_floats(qkv.rows, shape.heads * shape.size);
        attention::attend(
            &qkv.floats,
            shape,
            &mut work.buffers,
            &mut out.floats,
            |row| self.0.softmax(row),
        );
    }
}

struct Packed {
    set: Avx2,
    /// By panel of outputs, by input, the panel's outputs; zeros past the last.
    panels: Vec<f32>,
    /// By output, with zeros past the last.
    bias: Vec<f32>,
    depth: usize,
    width: usize,
}

impl Packed {
    fn new(set: Avx2, weights: &[Matrix], mut bias: Vec<f32>) -> Self {
        let depth = weights.first().map_or(0, |w| w.cols);
        let rows: Vec<(&Matrix, usize)> = weights
            .iter()
            .flat_map(|w| (0..w.rows).map(move |r| (w, r)))
            .collect();
        let width = rows.len();
        bias.resize(width.next_multiple_of(PANEL), 0.0);
        let mut panels = vec![0.0; bias.len() * depth];
        // Rows stand a little apart, or those of usual widths would all be in one set of the cache.
        let stride = depth + PANEL;
        let mut read = vec![0.0; PANEL * stride];
        for (rows, panel) in rows
            .chunks(PANEL)
            .zip(panels.chunks_exact_mut((PANEL * depth).max(1)))
        {
            for ((matrix, r), to) in rows.iter().zip(read.chunks_exact_mut(stride)) {
                matrix.read_row(*r, &mut to[..depth]);
            }
            for (k, to) in panel.as_chunks_mut::<PANEL>().0.iter_mut().enumerate() {
                for (output, to) in to[..rows.len()].iter_mut().enumerate() {
                    *to = read[output * stride + k];
                }
            }
        }
        Self {
            set,
            panels,
            bias,
            depth,
            width,
        }
    }

    /// `x · W + bias`, added to `out` or written over it, and through an activation.
    fn multiply(&self, x: &[f32], out: &mut [f32], add: bool, activation: Option<Activation>) {
        if self.width == 0 {
            return;
        }
        let rows = out.len() / self.width;
        assert_eq!(
            x.len(),
            rows * self.depth,
            "operand and weights have one depth"
        );
        // Once at least, for the bias.
        for from in (0..self.depth.max(1)).step_by(DEPTH) {
            let to = self.depth.min(from + DEPTH);
            for left in (0..self.width).step_by(BLOCK) {
                let right = self.width.min(left + BLOCK);
                for top in (0..rows).step_by(ROWS) {
                    let bottom = rows.min(top + ROWS);
                    for first in (left..right).step_by(PANEL) {
                        let columns = PANEL.min(right - first);
                        let panel = &self.panels[first * self.depth..][..PANEL * self.depth];
                        let tile = Tile {
                            x: &x[top * self.depth..bottom * self.depth],
                            depth: self.depth,
                            inputs: from..to,
                            panel,
                            bias: (from == 0).then_some(&self.bias[first..first + PANEL]),
                            keep: add || from > 0,
                        };
                        let out = &mut out[top * self.width..bottom * self.width];
                        self.tile(&tile, out, first, columns);
                    }
                    if let (Some(activation), true) = (activation, to == self.depth) {
                        for row in
                            out[top * self.width..bottom * self.width].chunks_exact_mut(self.width)
                        {
                            self.set.activate(activation, &mut row[left..right]);
                        }
                    }
                }
            }
        }
    }

    /// A tile's outputs, to the columns from `first` on of rows of `out`.
    fn tile(&self, tile: &Tile<'_>, out: &mut [f32], first: usize, columns: usize) {
        if columns == PANEL {
            return self.go(tile, &mut out[first..], self.width);
        }
        let mut whole = [0.0; ROWS * PANEL];
        for (to, from) in whole
            .chunks_exact_mut(PANEL)
            .zip(out.chunks_exact(self.width))
        {
            to[..columns].copy_from_slice(&from[first..first + columns]);
        }
        let rows = out.len() / self.width;
        self.go(tile, &mut whole[..rows * PANEL], PANEL);
        for (from, to) in whole
            .chunks_exact(PANEL)
            .zip(out.chunks_exact_mut(self.width))
        {
            to[first..first + columns].copy_from_slice(&from[..columns]);
        }
    }

    fn go(&self, tile: &Tile<'_>, out: &mut [f32], stride: usize) {
        // Rows of `out` begin a stride apart, and the last may be cut short.
        let rows = out.len().div_ceil(stride);
        // SAFETY: there is an `Avx2`, so the CPU has the features.
        unsafe {
            match rows {
                0 => {}
                1 => multiply::<1>(tile, out, stride),
                2 => multiply::<2>(tile, out, stride),
                3 => multiply::<3>(tile, out, stride),
                4 => multiply::<4>(tile, out, stride),
                5 => multiply::<5>(tile, out, stride),
                _ => multiply::<6>(tile, out, stride),
            }
        }
    }
}

impl Product for Packed {
    fn run(&self, x: &Operand, out: Out<'_>) {
        match out {
            Out::Store(out) => self.multiply(&x.floats, out, false, None),
            Out::Add(out) => self.multiply(&x.floats, out, true, None),
            Out::Heads(operand) => {
                operand.shape_floats(x.rows, self.width);
                self.multiply(&x.floats, &mut operand.floats, false, None);
            }
            Out::Activate(activation, operand) => {
                operand.shape_floats(x.rows, self.width);
                self.multiply(&x.floats, &mut operand.floats, false, Some(activation));
            }
        }
    }
}

/// Some rows by a panel, over a range of inputs.
struct Tile<'a> {
    x: &'a [f32],
    depth: usize,
    inputs: std::ops::Range<usize>,
    panel: &'a [f32],
    /// To begin with.
    bias: Option<&'a [f32]>,
    /// Whether to begin with what is there.
    keep: bool,
}

/// `R` rows by 16 outputs: each is one sum over the inputs in order, whatever `R` is.
#[target_feature(enable = "avx2,fma")]
fn multiply<const R: usize>(tile: &Tile<'_>, out: &mut [f32], stride: usize) {
    let Tile { depth, inputs, .. } = tile;
    assert!(tile.x.len() == R * depth && inputs.end <= *depth);
    assert!(tile.panel.len() == depth * PANEL);
    assert!(out.len() >= (R - 1) * stride + PANEL);
    assert!(tile.bias.is_none_or(|bias| bias.len() == PANEL));
    let mut acc = [[_mm256_setzero_ps(); 2]; R];
    // SAFETY: every load and store is within a slice by the assertions above: row `r < R` of `out`
    // has 16 values from `r · stride` on; `x` has `R` rows of `depth` values, `panel` `depth`
    // times 16 and `bias` 16, and `k < depth`.
    unsafe {
        for (r, acc) in acc.iter_mut().enumerate() {
            let out = out.as_ptr().add(r * stride);
            for (c, acc) in acc.iter_mut().enumerate() {
                if tile.keep {
                    *acc = _mm256_loadu_ps(out.add(c * 8));
                }
                if let Some(bias) = tile.bias {
                    *acc = _mm256_add_ps(*acc, _mm256_loadu_ps(bias.as_ptr().add(c * 8)));
                }
            }
        }
        let x = tile.x.as_ptr();
        let mut k = inputs.start;
        // Several inputs a turn: what the loop itself takes would otherwise be felt.
        while k + TURN <= inputs.end {
            for k in k..k + TURN {
                add(
                    &mut acc,
                    x.add(k),
                    *depth,
                    tile.panel.as_ptr().add(k * PANEL),
                );
            }
            k += TURN;
        }
        for k in k..inputs.end {
            add(
                &mut acc,
                x.add(k),
                *depth,
                tile.panel.as_ptr().add(k * PANEL),
            );
        }
        for (r, acc) in acc.iter().enumerate() {
            let out = out.as_mut_ptr().add(r * stride);
            _mm256_storeu_ps(out, acc[0]);
            _mm256_storeu_ps(out.add(8), acc[1]);
        }
    }
}

/// One input of `R` rows, `stride` apart, by its 16 weights.
///
/// # Safety
///
/// All of these must be in bounds.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn add<const R: usize>(
    acc: &mut [[__m256; 2]; R],
    x: *const f32,
    stride: usize,
    weights: *const f32,
) {
    // SAFETY: by this function's own condition.
    unsafe {
        let w = [_mm256_loadu_ps(weights), _mm256_loadu_ps(weights.add(8))];
        for (r, acc) in acc.iter_mut().enumerate() {
            let value = _mm256_broadcast_ss(&*x.add(r * stride));
            acc[0] = _mm256_fmadd_ps(value, w[0], acc[0]);
            acc[1] = _mm256_fmadd_ps(value, w[1], acc[1]);
        }
    }
}
