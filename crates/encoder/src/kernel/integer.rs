//! 8-bit weights and integer activations, with AVX-512 VNNI or with AVX2.
//!
//! Weights have one scale per output, and rest as the file holds them where it holds integers.
//! Activations have one scale per row and group of [`GROUP`] columns, and 8 bits with AVX-512 or 7
//! with AVX2. Sums within a group are exact integers; groups are added in 32-bit floats, in order, and
//! after them what AVX2 multiplies apart.

#![allow(
    unsafe_code,
    reason = "loads through pointers, each next to its bound, and calls behind a check of the CPU"
)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::vector;
use super::{Aligned, Backend, GROUP, Operand, Out, Product, Work};
use crate::attention::{self, Arithmetic, Shape};
use crate::config::Activation;
use crate::layer::Norm;
use crate::math;
use crate::weights::{Matrix, Stored};

/// What differs between the two instruction sets. A value of the type is proof that the CPU has
/// the instructions.
pub(super) trait Set: Arithmetic + Copy + Send + Sync + 'static {
    /// What is kept beside a panel.
    type Aside: Send + Sync;
    const NAME: &'static str;
    /// Rows that are multiplied together.
    const ROWS: usize;
    /// Outputs in a panel of packed weights.
    const PANEL: usize;
    /// What is added to a weight when it is packed.
    const OFFSET: u8;

    /// Looks at a panel once it is packed, and may change it.
    fn aside(self, panel: &mut [u8]) -> Self::Aside;
    /// Adds the products of some rows with a panel to `sums`, `GROUP` floats apart.
    fn multiply(
        self,
        x: &Operand,
        rows: Range<usize>,
        panel: &[u8],
        aside: &Self::Aside,
        sums: &mut [f32],
    );
    /// Turns up to [`GROUP`] values into integers, with their scale.
    fn quantize(self, values: &[f32], group: usize, row: usize, operand: &mut Operand);
    /// Shapes an operand for rows of integers.
    fn shape(self, rows: usize, width: usize, operand: &mut Operand);
    /// Turns sums into outputs, by each one's scale and with its bias: written over `out` or added.
    fn scale(self, sums: &[f32], scales: &[f32], bias: &[f32], out: &mut [f32], add: bool);
    fn layer_norm(self, row: &mut [f32], norm: &Norm);
    fn activate(self, activation: Activation, values: &mut [f32]);
}

/// A backend over an instruction set.
pub(super) struct Integer<S>(pub(super) S);

impl<S: Set> Integer<S> {
    fn quantize_row(&self, row: &[f32], r: usize, operand: &mut Operand) {
        for (group, values) in row.chunks(GROUP).enumerate() {
            self.0.quantize(values, group, r, operand);
        }
    }
}

impl<S: Set> Backend for Integer<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn pack(&self, weights: &[Matrix], bias: Vec<f32>) -> Box<dyn Product> {
        Box::new(Packed::new(self.0, weights, bias))
    }

    fn load(&self, rows: &[f32], width: usize, operand: &mut Operand) {
        self.0.shape(rows.len() / width, width, operand);
        for (r, row) in rows.chunks_exact(width).enumerate() {
            self.quantize_row(row, r, operand);
        }
    }

    fn normalize(&self, rows: &mut [f32], norm: &Norm, operand: &mut Operand) {
        let width = norm.weight.len();
        self.0.shape(rows.len() / width, width, operand);
        for (r, row) in rows.chunks_exact_mut(width).enumerate() {
            self.0.layer_norm(row, norm);
            self.quantize_row(row, r, operand);
        }
    }

    fn attend(&self, qkv: &Operand, shape: &Shape<'_>, work: &mut Work, out: &mut Operand) {
        let hidden = shape.heads * shape.size;
        work.context.resize(qkv.rows * hidden, 0.0);
        let Work {
            buffers, context, ..
        } = work;
        attention::attend(&qkv.floats, shape, buffers, context, &self.0);
        self.load(&work.context, hidden, out);
    }
}

/// Weights in panels of [`Set::PANEL`] outputs: for each four inputs, those of each output.
struct Packed<S: Set> {
    set: S,
    panels: Aligned<u8>,
    asides: Vec<S::Aside>,
    /// By output.
    scales: Vec<f32>,
    bias: Vec<f32>,
    depth: usize,
    width: usize,
}

impl<S: Set> Packed<S> {
    /// Inputs, padded to whole groups as operands are.
    fn padded(depth: usize) -> usize {
        depth.next_multiple_of(GROUP)
    }

    fn new(set: S, weights: &[Matrix], bias: Vec<f32>) -> Self {
        let depth = weights.first().map_or(0, |w| w.cols);
        let width: usize = weights.iter().map(|w| w.rows).sum();
        let padded = Self::padded(depth);
        let mut panels = Aligned::new(S::OFFSET, width.next_multiple_of(S::PANEL) * padded);
        let mut scales = Vec::with_capacity(width);
        let mut floats = vec![0.0; depth];
        let mut whole = vec![0i8; padded];
        let mut output = 0;
        for matrix in weights {
            for r in 0..matrix.rows {
                if matrix.stored == Stored::I8 {
                    // -128 would break the bounds that keep sums exact; no quantizer in use
                    // writes it, for it has no opposite.
                    let row = matrix.raw_row(r).iter().map(|b| b.cast_signed().max(-127));
                    whole.iter_mut().zip(row).for_each(|(to, from)| *to = from);
                    scales.push(matrix.scales.as_ref().map_or(1.0, |s| s[r]));
                } else {
                    matrix.read_row(r, &mut floats);
                    let top = floats.iter().fold(0.0f32, |top, x| top.max(x.abs()));
                    let scale = if top > 0.0 { top / 127.0 } else { 1.0 };
                    let row = floats.iter().map(|x| (x / scale).round_ties_even() as i8);
                    whole.iter_mut().zip(row).for_each(|(to, from)| *to = from);
                    scales.push(scale);
                }
                let panel = &mut panels[output / S::PANEL * S::PANEL * padded..];
                let places = panel.as_chunks_mut::<4>().0[output % S::PANEL..].iter_mut();
                for (to, four) in places.step_by(S::PANEL).zip(whole.as_chunks::<4>().0) {
                    *to = four.map(|w| w.cast_unsigned().wrapping_add(S::OFFSET));
                }
                output += 1;
            }
        }
        let asides = match padded {
            0 => Vec::new(),
            _ => (panels.chunks_exact_mut(S::PANEL * padded))
                .map(|panel| set.aside(panel))
                .collect(),
        };
        Self {
            set,
            panels,
            asides,
            scales,
            bias,
            depth,
            width,
        }
    }
}

/// Asks for values that will be written once they are computed.
fn prefetch(values: &[f32]) {
    for line in values.chunks(16) {
        // SAFETY: the address is of a value; nothing is read.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}

#[repr(align(64))]
struct Sums([f32; 8 * GROUP]);

impl<S: Set> Product for Packed<S> {
    fn run(&self, x: &Operand, mut out: Out<'_>) {
        assert_eq!(x.width, self.depth, "operand and weights have one depth");
        match &mut out {
            Out::Heads(operand) => operand.shape_floats(x.rows, self.width),
            Out::Activate(_, operand) => self.set.shape(x.rows, self.width, operand),
            Out::Store(_) | Out::Add(_) => {}
        }
        let padded = Self::padded(self.depth);
        let mut sums = Sums([0.0; 8 * GROUP]);
        // As many outputs at a time as share a scale when they become inputs.
        for left in (0..self.width).step_by(GROUP) {
            let columns = GROUP.min(self.width - left);
            let panels = (self.panels[left * padded..].chunks_exact(S::PANEL * padded))
                .zip(&self.asides[left / S::PANEL..])
                .take(columns.div_ceil(S::PANEL));
            for top in (0..x.rows).step_by(S::ROWS) {
                let rows = top..x.rows.min(top + S::ROWS);
                let written = match &out {
                    Out::Store(out) | Out::Add(out) => &**out,
                    Out::Heads(operand) => &operand.floats,
                    Out::Activate(..) => &[],
                };
                for row in rows.clone() {
                    let place = row * self.width + left..row * self.width + left + columns;
                    prefetch(written.get(place).unwrap_or_default());
                }
                let sums = &mut sums.0[..rows.len() * GROUP];
                sums.fill(0.0);
                for (p, (panel, aside)) in panels.clone().enumerate() {
                    let sums = &mut sums[p * S::PANEL..];
                    self.set.multiply(x, rows.clone(), panel, aside, sums);
                }
                for (row, sums) in rows.zip(sums.chunks_exact(GROUP)) {
                    let sums = &sums[..columns];
                    let scales = &self.scales[left..left + columns];
                    let bias = &self.bias[left..left + columns];
                    let place = row * self.width + left..row * self.width + left + columns;
                    match &mut out {
                        Out::Store(out) => {
                            self.set.scale(sums, scales, bias, &mut out[place], false);
                        }
                        Out::Heads(out) => {
                            let out = &mut out.floats[place];
                            self.set.scale(sums, scales, bias, out, false);
                        }
                        Out::Add(out) => {
                            self.set.scale(sums, scales, bias, &mut out[place], true);
                        }
                        Out::Activate(activation, operand) => {
                            let outputs = &mut [0.0; GROUP][..columns];
                            self.set.scale(sums, scales, bias, outputs, false);
                            self.set.activate(*activation, outputs);
                            self.set.quantize(outputs, left / GROUP, row, operand);
                        }
                    }
                }
            }
        }
    }
}

/// AVX-512 with VNNI.
#[derive(Clone, Copy)]
pub(super) struct Avx512 {
    _private: (),
}

impl Avx512 {
    pub(super) fn new() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni");
        found.then_some(Self { _private: () })
    }
}

impl Set for Avx512 {
    type Aside = ();
    const NAME: &'static str = "avx512";
    const ROWS: usize = 6;
    const PANEL: usize = 64;
    // The instruction takes one side without sign: the weights, so that activations, which are
    // repeated over the lanes, are read as they lie.
    const OFFSET: u8 = 128;

    fn aside(self, _: &mut [u8]) {}

    fn multiply(self, x: &Operand, rows: Range<usize>, panel: &[u8], (): &(), sums: &mut [f32]) {
        // SAFETY: there is an `Avx512`, so the CPU has the features.
        unsafe {
            match rows.len() {
                0 => {}
                1 => multiply_512::<1>(x, rows.start, panel, sums),
                2 => multiply_512::<2>(x, rows.start, panel, sums),
                3 => multiply_512::<3>(x, rows.start, panel, sums),
                4 => multiply_512::<4>(x, rows.start, panel, sums),
                5 => multiply_512::<5>(x, rows.start, panel, sums),
                _ => multiply_512::<6>(x, rows.start, panel, sums),
            }
        }
    }

    fn quantize(self, values: &[f32], group: usize, row: usize, operand: &mut Operand) {
        let at = row * operand.groups() + group;
        let bytes = &mut operand.bytes[at * GROUP..][..GROUP];
        // SAFETY: there is an `Avx512`, so the CPU has the features.
        operand.scales[at] = unsafe { quantize_512(values, bytes) };
    }

    fn shape(self, rows: usize, width: usize, operand: &mut Operand) {
        (operand.rows, operand.width) = (rows, width);
        let groups = rows * operand.groups();
        operand.bytes.resize(groups * GROUP, 0);
        operand.scales.resize(groups, 0.0);
    }

    fn scale(self, sums: &[f32], scales: &[f32], bias: &[f32], out: &mut [f32], add: bool) {
        #[target_feature(enable = "avx512f")]
        fn go(sums: &[f32], scales: &[f32], bias: &[f32], out: &mut [f32], add: bool) {
            math::scale(sums, scales, bias, out, add);
        }
        // SAFETY: there is an `Avx512`, so the CPU has the features.
        unsafe { go(sums, scales, bias, out, add) }
    }

    fn layer_norm(self, row: &mut [f32], norm: &Norm) {
        // SAFETY: there is an `Avx512`, so the CPU has the features.
        unsafe { vector::layer_norm(row, &norm.weight, &norm.bias, norm.epsilon) }
    }

    fn activate(self, activation: Activation, values: &mut [f32]) {
        // SAFETY: there is an `Avx512`, so the CPU has the features.
        unsafe { vector::activate_all(activation, values) }
    }
}

/// `R` rows by 64 outputs.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn multiply_512<const R: usize>(x: &Operand, top: usize, panel: &[u8], sums: &mut [f32]) {
    let groups = x.groups();
    assert!(panel.len() == groups * GROUP * 64);
    assert!(x.bytes.len() >= (top + R) * groups * GROUP && x.scales.len() >= (top + R) * groups);
    assert!(sums.len() >= (R - 1) * GROUP + 64);
    let rows: [&[i8]; R] = std::array::from_fn(|r| &x.bytes[(top + r) * groups * GROUP..]);
    for (group, weights) in panel.chunks_exact(GROUP * 64).enumerate() {
        let mut acc = [[_mm512_setzero_si512(); 4]; R];
        for (r, acc) in acc.iter_mut().enumerate() {
            // Each weight was made 128 larger: take 128 times the sum of the inputs off again.
            let bytes = &rows[r][group * GROUP..][..GROUP];
            let sum = bytes.iter().map(|&x| i32::from(x)).sum::<i32>();
            *acc = [_mm512_set1_epi32(-128 * sum); 4];
        }
        for step in 0..GROUP / 4 {
            // SAFETY: `weights` has `GROUP / 4` steps of 256 bytes; each of `rows` has `GROUP`
            // bytes for each group, and `step` is within one.
            unsafe {
                let w = weights.as_ptr().add(step * 256);
                let w: [__m512i; 4] =
                    std::array::from_fn(|c| _mm512_loadu_si512(w.add(c * 64).cast()));
                for r in 0..R {
                    let four = rows[r].as_ptr().add(group * GROUP + step * 4).cast::<i32>();
                    let four = _mm512_set1_epi32(four.read_unaligned());
                    for c in 0..4 {
                        acc[r][c] = _mm512_dpbusd_epi32(acc[r][c], w[c], four);
                    }
                }
            }
        }
        for (r, acc) in acc.iter().enumerate() {
            let scale = _mm512_set1_ps(x.scales[(top + r) * groups + group]);
            let sums = &mut sums[r * GROUP..][..64];
            for (c, &acc) in acc.iter().enumerate() {
                let so_far = vector::load(sums, c * 16);
                let sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc), scale, so_far);
                vector::store(sums, c * 16, sum);
            }
        }
    }
}

impl Arithmetic for Avx512 {
    fn softmax(&self, row: &mut [f32]) {
        // SAFETY: there is an `Avx512`, so the CPU has the features.
        unsafe { vector::softmax(row) }
    }
}

/// Values to integers of up to 127, rounded; gives the size of a step.
#[target_feature(enable = "avx512f,avx512bw")]
fn quantize_512(values: &[f32], bytes: &mut [i8]) -> f32 {
    let mut top = _mm512_setzero_ps();
    let mut odd = 0;
    for at in (0..values.len()).step_by(16) {
        let x = vector::load(values, at);
        odd |= _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x);
        top = _mm512_max_ps(top, _mm512_abs_ps(x));
    }
    let top = _mm512_reduce_max_ps(top);
    let (scale, inverse) = step(top, 127.0);
    let inverse = _mm512_set1_ps(inverse);
    for (i, out) in bytes.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let x = _mm512_cvtps_epi32(_mm512_mul_ps(vector::load(values, i * 16), inverse));
        // SAFETY: the store writes the 16 bytes of `out`.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), _mm512_cvtsepi32_epi8(x)) };
    }
    if odd == 0 { scale } else { f32::NAN }
}

/// The size of a step where `most` of them make `top`, and its inverse.
pub(super) fn step(top: f32, most: f32) -> (f32, f32) {
    // Below this the inverse would be infinite; such values are nothing beside any bias.
    if top > 1e-30 {
        (top / most, most / top)
    } else {
        (0.0, 0.0)
    }
}
