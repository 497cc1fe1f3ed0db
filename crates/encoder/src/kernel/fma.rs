//! 32-bit floats with AVX2 and FMA: weights packed once, six rows by sixteen outputs at a time.

#![allow(
    unsafe_code,
    reason = "loads and stores through pointers, each next to its bound, and calls behind a check of the CPU"
)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::avx2::Avx2;
use super::integer::Set as _;
use super::portable::Portable;
use super::{Aligned, Backend, Operand, Out, Product, Work};
use crate::attention::{self, Shape};
use crate::config::Activation;
use crate::layer::Norm;
use crate::weights::Matrix;

/// Rows of a tile.
const ROWS: usize = 6;
/// Outputs of a tile, and of a panel of packed weights.
const PANEL: usize = 16;
/// Inputs in a turn of the innermost loop.
const TURN: usize = 8;
/// Outputs for which the same rows are read again while they are near.
const BLOCK: usize = 4 * PANEL;
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
            &self.0,
        );
    }
}

struct Packed {
    set: Avx2,
    /// By panel of outputs, by input, the panel's outputs; zeros past the last.
    panels: Aligned<f32>,
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
        let mut panels = Aligned::new(0.0, bias.len() * depth);
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
                        let panel = &self.panels[first * self.depth..][..PANEL * self.depth];
                        let tile = Tile {
                            x: (&x[top * self.depth..], self.depth),
                            inputs: from..to,
                            panel: (panel, PANEL),
                            keep: add || from > 0,
                            bias: (from == 0).then_some(&self.bias[first..first + PANEL]),
                            scale: 1.0,
                        };
                        let out = &mut out[top * self.width + first..];
                        let columns = PANEL.min(right - first);
                        tile.run(self.set, bottom - top, columns, out, self.width);
                    }
                    if let (Some(activation), true) = (activation, to == self.depth) {
                        let out = &mut out[top * self.width..bottom * self.width];
                        for row in out.chunks_exact_mut(self.width) {
                            self.set.activate(activation, &mut row[left..right]);
                        }
                    }
                }
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
    /// With the stride from row to row.
    x: (&'a [f32], usize),
    inputs: Range<usize>,
    /// With the stride from input to input.
    panel: (&'a [f32], usize),
    /// Whether to begin with what is there.
    keep: bool,
    /// To begin with.
    bias: Option<&'a [f32]>,
    /// By which the sums are multiplied in the end.
    scale: f32,
}

impl Tile<'_> {
    /// Up to [`ROWS`] rows of up to [`PANEL`] outputs, with their stride.
    fn run(&self, _: Avx2, rows: usize, columns: usize, out: &mut [f32], stride: usize) {
        if columns == PANEL {
            // SAFETY: there is an `Avx2`, so the CPU has the features.
            return unsafe { self.go(rows, out, stride) };
        }
        let mut whole = [0.0; ROWS * PANEL];
        let places = || (0..rows).map(|r| (r * PANEL, r * stride));
        for (to, from) in places() {
            whole[to..to + columns].copy_from_slice(&out[from..from + columns]);
        }
        // SAFETY: as above.
        unsafe { self.go(rows, &mut whole, PANEL) };
        for (from, to) in places() {
            out[to..to + columns].copy_from_slice(&whole[from..from + columns]);
        }
    }

    #[target_feature(enable = "avx2,fma")]
    fn go(&self, rows: usize, out: &mut [f32], stride: usize) {
        match rows {
            0 => {}
            1 => multiply::<1>(self, out, stride),
            2 => multiply::<2>(self, out, stride),
            3 => multiply::<3>(self, out, stride),
            4 => multiply::<4>(self, out, stride),
            5 => multiply::<5>(self, out, stride),
            _ => multiply::<6>(self, out, stride),
        }
    }
}

/// `R` rows by 16 outputs: each is one sum over the inputs in order, whatever `R` is.
#[target_feature(enable = "avx2,fma")]
fn multiply<const R: usize>(tile: &Tile<'_>, out: &mut [f32], stride: usize) {
    let Tile {
        x: (x, x_row),
        ref inputs,
        panel: (panel, panel_row),
        ..
    } = *tile;
    assert!(inputs.is_empty() || x.len() >= (R - 1) * x_row + inputs.end);
    assert!(inputs.is_empty() || panel.len() >= (inputs.end - 1) * panel_row + PANEL);
    assert!(out.len() >= (R - 1) * stride + PANEL);
    assert!(tile.bias.is_none_or(|bias| bias.len() == PANEL));
    let mut acc = [[_mm256_setzero_ps(); 2]; R];
    // SAFETY: every load and store is within a slice by the assertions above: row `r < R` of `out`
    // has 16 values from `r · stride` on, `bias` has 16, and for inputs `k < inputs.end` row `r` of
    // `x` has one value and `panel` 16.
    unsafe {
        // What is there is added in the end, and comes from afar.
        for r in 0..R {
            let at = out.as_ptr().add(r * stride).cast();
            _mm_prefetch::<_MM_HINT_T0>(at);
            _mm_prefetch::<_MM_HINT_T0>(at.add(60));
        }
        let (x, panel) = (x.as_ptr(), panel.as_ptr());
        let mut k = inputs.start;
        // Several inputs a turn: what the loop itself takes would otherwise be felt.
        while k + TURN <= inputs.end {
            for k in k..k + TURN {
                add(&mut acc, x.add(k), x_row, panel.add(k * panel_row));
            }
            k += TURN;
        }
        for k in k..inputs.end {
            add(&mut acc, x.add(k), x_row, panel.add(k * panel_row));
        }
        let scale = _mm256_set1_ps(tile.scale);
        for (r, acc) in acc.iter().enumerate() {
            let out = out.as_mut_ptr().add(r * stride);
            for (c, &acc) in acc.iter().enumerate() {
                let out = out.add(c * 8);
                let mut sum = _mm256_mul_ps(acc, scale);
                if let Some(bias) = tile.bias {
                    sum = _mm256_add_ps(sum, _mm256_loadu_ps(bias.as_ptr().add(c * 8)));
                }
                if tile.keep {
                    sum = _mm256_add_ps(sum, _mm256_loadu_ps(out));
                }
                _mm256_storeu_ps(out, sum);
            }
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

/// [`Arithmetic::product`](crate::attention::Arithmetic::product).
pub(super) fn product(
    set: Avx2,
    [m, n, k]: [usize; 3],
    (a, a_row): (&[f32], usize),
    (b, b_row, b_col): (&[f32], usize, usize),
    (out, out_row): (&mut [f32], usize),
    scale: f32,
    memory: &mut Vec<f32>,
) {
    assert!(k > 0 && (b_row == 1 || b_col == 1));
    // The last panel begins before the one before it ends, rather than be less than whole.
    for left in (0..n).step_by(PANEL) {
        let columns = PANEL.min(n);
        let left = left.min(n - columns);
        let b = &b[left * b_col..];
        let panel = if b_col == 1 && columns == PANEL {
            (b, b_row)
        } else {
            memory.resize(k * PANEL, 0.0);
            if b_col == 1 {
                for (to, from) in memory.chunks_exact_mut(PANEL).zip(b.chunks(b_row)) {
                    to[..columns].copy_from_slice(&from[..columns]);
                }
            } else {
                // SAFETY: there is an `Avx2`, so the CPU has the features.
                unsafe { transpose(b, b_col, columns, memory) };
            }
            (&memory[..], PANEL)
        };
        for top in (0..m).step_by(ROWS) {
            let tile = Tile {
                x: (&a[top * a_row..], a_row),
                inputs: 0..k,
                panel,
                keep: false,
                bias: None,
                scale,
            };
            let out = &mut out[top * out_row + left..];
            tile.run(set, ROWS.min(m - top), columns, out, out_row);
        }
    }
}

/// Columns that lie `stride` apart, to rows of [`PANEL`].
#[target_feature(enable = "avx2")]
fn transpose(b: &[f32], stride: usize, columns: usize, out: &mut [f32]) {
    let depth = out.len() / PANEL;
    assert!(b.len() >= (columns - 1) * stride + depth);
    let whole = depth / 8 * 8;
    for left in (0..columns / 8 * 8).step_by(8) {
        for k in (0..whole).step_by(8) {
            // SAFETY: eight columns from `left` on have eight values from `k` on, and so have eight
            // rows of `out`.
            unsafe {
                let from = b.as_ptr().add(left * stride + k);
                eight_by_eight(from, stride, out.as_mut_ptr().add(k * PANEL + left));
            }
        }
    }
    for column in 0..columns {
        let done = if column < columns / 8 * 8 { whole } else { 0 };
        for k in done..depth {
            out[k * PANEL + column] = b[column * stride + k];
        }
    }
}

/// # Safety
///
/// `from` must have eight rows of eight floats, `stride` apart, and `to` as many, [`PANEL`] apart.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn eight_by_eight(from: *const f32, stride: usize, to: *mut f32) {
    let mut rows = [_mm256_setzero_ps(); 8];
    for (r, row) in rows.iter_mut().enumerate() {
        // SAFETY: by this function's own condition.
        *row = unsafe { _mm256_loadu_ps(from.add(r * stride)) };
    }
    let mut pairs = rows;
    for i in (0..8).step_by(2) {
        pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
    let mut fours = pairs;
    for i in (0..8).step_by(4) {
        for j in 0..2 {
            let (low, high) = (pairs[i + j], pairs[i + j + 2]);
            fours[i + 2 * j] = _mm256_shuffle_ps::<0x44>(low, high);
            fours[i + 2 * j + 1] = _mm256_shuffle_ps::<0xee>(low, high);
        }
    }
    for i in 0..4 {
        let low = _mm256_permute2f128_ps::<0x20>(fours[i], fours[i + 4]);
        let high = _mm256_permute2f128_ps::<0x31>(fours[i], fours[i + 4]);
        // SAFETY: by this function's own condition.
        unsafe {
            _mm256_storeu_ps(to.add(i * PANEL), low);
            _mm256_storeu_ps(to.add((i + 4) * PANEL), high);
        }
    }
}
