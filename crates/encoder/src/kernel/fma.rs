//! 32-bit floats with AVX2 and FMA: weights packed once, six rows by sixteen outputs at a time.

#![allow(
    unsafe_code,
    reason = "loads and stores through pointers, each next to its bound, and calls behind a check of the CPU"
)]

use std::arch::x86_64::*;

use super::avx2::Avx2;
use super::integer::Set as _;
use super::portable::Portable;
use super::{Aligned, Backend, Operand, Out, Product, Work};
use crate::attention::{self, Shape};
use crate::config::Activation;
use crate::layer::Norm;
use crate::weights::{Matrix, Stored};

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
    panels: Panels,
    /// By output, with zeros past the last; so are the biases.
    scales: Vec<f32>,
    bias: Vec<f32>,
    depth: usize,
    width: usize,
}

/// By panel of outputs, by input, the panel's outputs; zeros past the last.
enum Panels {
    Floats(Aligned<f32>),
    /// As the file holds them: a quarter of the memory, which is made floats block by block.
    Integers(Aligned<i8>),
}

/// A block's weights as floats.
#[repr(align(64))]
struct Block([f32; BLOCK * DEPTH]);

impl Packed {
    fn new(set: Avx2, weights: &[Matrix], mut bias: Vec<f32>) -> Self {
        let depth = weights.first().map_or(0, |w| w.cols);
        let width: usize = weights.iter().map(|w| w.rows).sum();
        bias.resize(width.next_multiple_of(PANEL), 0.0);
        let mut scales = vec![1.0; bias.len()];
        let panels = if weights.iter().all(|w| w.stored == Stored::I8) {
            let own = weights.iter().map(|w| w.scales.as_deref().unwrap_or(&[]));
            for (to, from) in scales.iter_mut().zip(own.flatten()) {
                *to = *from;
            }
            Panels::Integers(pack(weights, depth, bias.len(), |matrix, r, to| {
                let row = matrix.raw_row(r).iter().map(|b| b.cast_signed());
                to.iter_mut().zip(row).for_each(|(to, from)| *to = from);
            }))
        } else {
            Panels::Floats(pack(weights, depth, bias.len(), Matrix::read_row))
        };
        Self {
            set,
            panels,
            scales,
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
        let mut block = Block([0.0; BLOCK * DEPTH]);
        // Once at least, for the bias.
        for from in (0..self.depth.max(1)).step_by(DEPTH) {
            let to = self.depth.min(from + DEPTH);
            for left in (0..self.width).step_by(BLOCK) {
                let right = self.width.min(left + BLOCK);
                let part = (to - from) * PANEL;
                let place = |first: usize| {
                    let start = first * self.depth + from * PANEL;
                    start..start + part
                };
                if let Panels::Integers(panels) = &self.panels {
                    for (first, to) in (left..right)
                        .step_by(PANEL)
                        .zip(block.0.chunks_exact_mut(part.max(1)))
                    {
                        // SAFETY: there is an `Avx2`, so the CPU has the features.
                        unsafe { floats(&panels[place(first)], to) };
                    }
                }
                for top in (0..rows).step_by(ROWS) {
                    let bottom = rows.min(top + ROWS);
                    for first in (left..right).step_by(PANEL) {
                        let panel = match &self.panels {
                            Panels::Floats(panels) => &panels[place(first)],
                            Panels::Integers(_) => {
                                &block.0[(first - left) / PANEL * part..][..part]
                            }
                        };
                        let tile = Tile {
                            x: (&x[top * self.depth + from..], self.depth),
                            depth: to - from,
                            panel: (panel, PANEL),
                            scales: vector(&self.scales[first..]),
                            bias: (from == 0).then(|| vector(&self.bias[first..])),
                            keep: add || from > 0,
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

/// The first of these values: one for each output of a panel.
fn vector(values: &[f32]) -> &[f32; PANEL] {
    values.first_chunk().expect("panels are whole")
}

/// Rows of weights, read by `read`, in panels.
fn pack<T: Copy + Default>(
    weights: &[Matrix],
    depth: usize,
    width: usize,
    read: impl Fn(&Matrix, usize, &mut [T]),
) -> Aligned<T> {
    let rows: Vec<(&Matrix, usize)> = weights
        .iter()
        .flat_map(|w| (0..w.rows).map(move |r| (w, r)))
        .collect();
    let mut panels = Aligned::new(T::default(), width * depth);
    // Rows stand a little apart, or those of usual widths would all be in one set of the cache.
    let stride = depth + PANEL;
    let mut lines = vec![T::default(); PANEL * stride];
    for (rows, panel) in rows
        .chunks(PANEL)
        .zip(panels.chunks_exact_mut((PANEL * depth).max(1)))
    {
        for ((matrix, r), to) in rows.iter().zip(lines.chunks_exact_mut(stride)) {
            read(matrix, *r, &mut to[..depth]);
        }
        for (k, to) in panel.as_chunks_mut::<PANEL>().0.iter_mut().enumerate() {
            for (output, to) in to[..rows.len()].iter_mut().enumerate() {
                *to = lines[output * stride + k];
            }
        }
    }
    panels
}

/// Integers as floats.
#[target_feature(enable = "avx2")]
fn floats(integers: &[i8], out: &mut [f32]) {
    let eights = integers.as_chunks::<8>().0.iter();
    for (from, to) in eights.zip(out.as_chunks_mut::<8>().0) {
        // SAFETY: the load reads the eight bytes, the store writes the eight floats.
        unsafe {
            let eight = _mm256_cvtepi8_epi32(_mm_loadl_epi64(from.as_ptr().cast()));
            _mm256_storeu_ps(to.as_mut_ptr(), _mm256_cvtepi32_ps(eight));
        }
    }
}

/// Some rows by a panel.
struct Tile<'a> {
    /// With the stride from row to row.
    x: (&'a [f32], usize),
    /// How many inputs.
    depth: usize,
    /// With the stride from input to input.
    panel: (&'a [f32], usize),
    /// By which sums are multiplied.
    scales: &'a [f32; PANEL],
    /// Added to sums.
    bias: Option<&'a [f32; PANEL]>,
    /// Whether they are added to what is there.
    keep: bool,
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
        depth,
        panel: (panel, panel_row),
        ..
    } = *tile;
    assert!(depth == 0 || x.len() >= (R - 1) * x_row + depth);
    assert!(depth == 0 || panel.len() >= (depth - 1) * panel_row + PANEL);
    assert!(out.len() >= (R - 1) * stride + PANEL);
    let mut acc = [[_mm256_setzero_ps(); 2]; R];
    // SAFETY: every load and store is within a slice by the assertions above: row `r < R` of `out`
    // has 16 values from `r · stride` on, and for inputs `k < depth` row `r` of `x` has one value and
    // `panel` 16.
    unsafe {
        // What is there is added in the end, and comes from afar.
        for r in 0..R {
            let at = out.as_ptr().add(r * stride).cast();
            _mm_prefetch::<_MM_HINT_T0>(at);
            _mm_prefetch::<_MM_HINT_T0>(at.add(60));
        }
        let (x, panel) = (x.as_ptr(), panel.as_ptr());
        let mut k = 0;
        // Several inputs a turn: what the loop itself takes would otherwise be felt.
        while k + TURN <= depth {
            for k in k..k + TURN {
                add(&mut acc, x.add(k), x_row, panel.add(k * panel_row));
            }
            k += TURN;
        }
        for k in k..depth {
            add(&mut acc, x.add(k), x_row, panel.add(k * panel_row));
        }
        for (r, acc) in acc.iter().enumerate() {
            let out = out.as_mut_ptr().add(r * stride);
            for (c, &acc) in acc.iter().enumerate() {
                let out = out.add(c * 8);
                let scale = _mm256_loadu_ps(tile.scales.as_ptr().add(c * 8));
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
                depth: k,
                panel,
                scales: &[scale; PANEL],
                bias: None,
                keep: false,
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
