//! 8-bit weights and 7-bit activations with AVX2.
//!
//! `vpmaddubsw` multiplies 32 unsigned by 32 signed bytes and adds neighbours, but in 16 bits, where
//! sums are cut off. Here they never are: activations are from 0 to 127, with a zero point for each
//! row and group, and of the four weights that are added in 16 bits neither the positive nor the
//! negative ones may come to more than [`MOST`]. What is beyond that, some weights in ten thousand,
//! is taken off when they are packed and multiplied apart. Where a group has more than [`FEW`] of
//! those it stays as it is, and two products at a time are added in 16 bits.

#![allow(
    unsafe_code,
    reason = "loads through pointers, each next to its bound, and calls behind a check of the CPU"
)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::fma;
use super::integer::{Set, step};
use super::vector::TAIL;
use super::{GROUP, Operand};
use crate::attention::Arithmetic;
use crate::config::Activation;
use crate::layer::Norm;
use crate::math;

/// The largest activation.
const TOP: i32 = 127;

/// 127 times this is at most 32,767.
const MOST: i32 = 258;

/// As many inputs whose weights are multiplied apart cost about what shorter sums do.
const FEW: usize = 8;

/// Outputs in a panel.
const PANEL: usize = 16;

/// AVX2 with FMA.
#[derive(Clone, Copy)]
pub(super) struct Avx2 {
    _private: (),
}

impl Avx2 {
    pub(super) fn new() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        found.then_some(Self { _private: () })
    }
}

/// What is kept beside a panel.
pub(super) struct Aside {
    /// By group: the sum of each output's weights, by which the rows' zero point counts.
    sums: Vec<[i32; PANEL]>,
    /// What was taken off weights.
    extras: Vec<Extra>,
    /// By group: whether its sums are of two products.
    short: Vec<bool>,
}

/// What was taken off the weights of one input.
struct Extra {
    input: usize,
    weights: [f32; PANEL],
}

impl Set for Avx2 {
    type Aside = Aside;
    const NAME: &'static str = "avx2";
    const ROWS: usize = 3;
    const PANEL: usize = PANEL;
    const OFFSET: u8 = 0;

    fn aside(self, panel: &mut [u8]) -> Aside {
        let mut aside = Aside {
            sums: Vec::new(),
            extras: Vec::new(),
            short: Vec::new(),
        };
        for (first, group) in panel.chunks_exact_mut(GROUP * PANEL).enumerate() {
            let mut sums = [0; PANEL];
            let start = aside.extras.len();
            let whole = group.to_vec();
            for (eight, weights) in group.chunks_exact_mut(8 * PANEL).enumerate() {
                // SAFETY: there is an `Avx2`, so the CPU has the features.
                if unsafe { sum_up(weights, &mut sums) } {
                    take_off(weights, first * GROUP + 8 * eight, &mut aside);
                }
            }
            let short = aside.extras.len() - start > FEW;
            if short {
                group.copy_from_slice(&whole);
                aside.extras.truncate(start);
            }
            aside.sums.push(sums);
            aside.short.push(short);
        }
        aside
    }

    fn multiply(
        self,
        x: &Operand,
        rows: Range<usize>,
        panel: &[u8],
        aside: &Aside,
        sums: &mut [f32],
    ) {
        // SAFETY: there is an `Avx2`, so the CPU has the features.
        unsafe {
            match rows.len() {
                0 => {}
                1 => multiply::<1>(x, rows.start, panel, aside, sums),
                2 => multiply::<2>(x, rows.start, panel, aside, sums),
                _ => multiply::<3>(x, rows.start, panel, aside, sums),
            }
        }
    }

    fn quantize(self, values: &[f32], group: usize, row: usize, operand: &mut Operand) {
        let at = row * operand.groups() + group;
        let bytes = &mut operand.bytes[at * GROUP..][..GROUP];
        // SAFETY: there is an `Avx2`, so the CPU has the features.
        (operand.scales[at], operand.zeros[at]) = unsafe { quantize(values, bytes) };
    }

    fn shape(self, rows: usize, width: usize, operand: &mut Operand) {
        (operand.rows, operand.width) = (rows, width);
        let groups = rows * operand.groups();
        operand.bytes.resize(groups * GROUP, 0);
        operand.scales.resize(groups, 0.0);
        operand.zeros.resize(groups, 0);
    }

    fn scale(self, sums: &[f32], scales: &[f32], bias: &[f32], out: &mut [f32], add: bool) {
        #[target_feature(enable = "avx2")]
        fn go(sums: &[f32], scales: &[f32], bias: &[f32], out: &mut [f32], add: bool) {
            math::scale(sums, scales, bias, out, add);
        }
        // SAFETY: there is an `Avx2`, so the CPU has the features.
        unsafe { go(sums, scales, bias, out, add) }
    }

    fn layer_norm(self, row: &mut [f32], norm: &Norm) {
        #[target_feature(enable = "avx2")]
        fn go(row: &mut [f32], norm: &Norm) {
            math::layer_norm(row, &norm.weight, &norm.bias, norm.epsilon);
        }
        // SAFETY: there is an `Avx2`, so the CPU has the features.
        unsafe { go(row, norm) }
    }

    fn activate(self, activation: Activation, values: &mut [f32]) {
        #[target_feature(enable = "avx2")]
        fn go(activation: Activation, values: &mut [f32]) {
            math::activate_all(activation, values);
        }
        // SAFETY: there is an `Avx2`, so the CPU has the features.
        unsafe {
            match activation {
                Activation::Gelu => gelu_all(values),
                _ => go(activation, values),
            }
        }
    }
}

impl Arithmetic for Avx2 {
    fn product(
        &self,
        shape: [usize; 3],
        a: (&[f32], usize),
        b: (&[f32], usize, usize),
        out: (&mut [f32], usize),
        scale: f32,
        memory: &mut Vec<f32>,
    ) {
        fma::product(*self, shape, a, b, out, scale, memory);
    }

    fn softmax(&self, row: &mut [f32]) {
        #[target_feature(enable = "avx2")]
        fn go(row: &mut [f32]) {
            math::softmax(row);
        }
        // SAFETY: there is an `Avx2`, so the CPU has the features.
        unsafe { go(row) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn gelu_all(values: &mut [f32]) {
    // Two vectors at a time: a polynomial alone would wait for itself.
    let (sixteens, rest) = values.as_chunks_mut::<16>();
    for sixteen in sixteens {
        gelu(sixteen);
    }
    let mut padded = [0.0; 16];
    padded[..rest.len()].copy_from_slice(rest);
    gelu(&mut padded);
    rest.copy_from_slice(&padded[..rest.len()]);
}

/// As [`vector`](super::vector)'s, in place.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn gelu(values: &mut [f32; 16]) {
    let at = values.as_mut_ptr();
    // SAFETY: the loads and the stores are of the first and the last eight of sixteen floats.
    unsafe {
        let x = [_mm256_loadu_ps(at), _mm256_loadu_ps(at.add(8))];
        let (mut s, mut p) = (x, [_mm256_set1_ps(TAIL[0]); 2]);
        for i in 0..2 {
            let size = _mm256_andnot_ps(_mm256_set1_ps(-0.0), x[i]);
            let a = _mm256_min_ps(_mm256_set1_ps(5.5), size);
            s[i] = _mm256_fmsub_ps(a, _mm256_set1_ps(1.0 / 2.75), _mm256_set1_ps(1.0));
        }
        for &c in &TAIL[1..] {
            for i in 0..2 {
                p[i] = _mm256_fmadd_ps(p[i], s[i], _mm256_set1_ps(c));
            }
        }
        for i in 0..2 {
            // With NaN in the second place the result is NaN.
            let above = _mm256_max_ps(_mm256_setzero_ps(), x[i]);
            _mm256_storeu_ps(at.add(8 * i), _mm256_sub_ps(above, p[i]));
        }
    }
}

/// Adds the weights of eight inputs to each output's sum, and says whether any four that are added in
/// 16 bits are too large.
#[target_feature(enable = "avx2")]
fn sum_up(weights: &[u8], sums: &mut [i32; PANEL]) -> bool {
    assert!(weights.len() == 8 * PANEL);
    let (ones, words) = (_mm256_set1_epi8(1), _mm256_set1_epi16(1));
    let (none, most) = (_mm256_setzero_si256(), _mm256_set1_epi16(MOST as i16));
    let mut over = none;
    for (c, sums) in sums.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let [mut above, mut below] = [none; 2];
        // SAFETY: the loads read 32 bytes of each half of `weights`, and eight integers, which are
        // written.
        unsafe {
            let mut sum = _mm256_loadu_si256(sums.as_ptr().cast());
            for half in 0..2 {
                let w = weights.as_ptr().add(half * 4 * PANEL + c * 32);
                let w = _mm256_loadu_si256(w.cast());
                let pairs = _mm256_maddubs_epi16(ones, w);
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, words));
                let high = _mm256_max_epi8(w, none);
                let low = _mm256_sub_epi8(none, _mm256_min_epi8(w, none));
                above = _mm256_add_epi16(above, _mm256_maddubs_epi16(high, ones));
                below = _mm256_add_epi16(below, _mm256_maddubs_epi16(low, ones));
            }
            _mm256_storeu_si256(sums.as_mut_ptr().cast(), sum);
        }
        let larger = _mm256_cmpgt_epi16(_mm256_max_epi16(above, below), most);
        over = _mm256_or_si256(over, larger);
    }
    _mm256_movemask_epi8(over) != 0
}

/// Takes off the weights of eight inputs, from `first` on, what would not fit.
fn take_off(weights: &mut [u8], first: usize, aside: &mut Aside) {
    let start = aside.extras.len();
    for output in 0..PANEL {
        for pair in [0, 2] {
            // The four that are added in 16 bits: by input among the eight.
            let inputs = [pair, pair + 1, pair + 4, pair + 5];
            let place = |input: usize| input / 4 * 4 * PANEL + output * 4 + input % 4;
            for sign in [1, -1] {
                let value =
                    |weights: &[u8], input| sign * i32::from(weights[place(input)].cast_signed());
                loop {
                    let all = inputs.map(|input| value(weights, input).max(0));
                    let over = all.iter().sum::<i32>() - MOST;
                    if over <= 0 {
                        break;
                    }
                    let (input, largest) = (inputs.into_iter().zip(all))
                        .max_by_key(|&(_, weight)| weight)
                        .expect("there are four");
                    let off = sign * over.min(largest);
                    let weight = &mut weights[place(input)];
                    *weight = weight.wrapping_sub(off as u8);
                    let known = aside.extras[start..].iter();
                    let at = known
                        .take_while(|extra| extra.input != first + input)
                        .count();
                    if start + at == aside.extras.len() {
                        aside.extras.push(Extra {
                            input: first + input,
                            weights: [0.0; PANEL],
                        });
                    }
                    aside.extras[start + at].weights[output] += off as f32;
                }
            }
        }
    }
}

/// `R` rows by 16 outputs.
///
/// In 32 bits the largest sum, 128 products of 127 and 127, and the zero point's part, as large, are
/// nowhere near the end.
#[target_feature(enable = "avx2,fma")]
fn multiply<const R: usize>(
    x: &Operand,
    top: usize,
    panel: &[u8],
    aside: &Aside,
    sums: &mut [f32],
) {
    let groups = x.groups();
    assert!(panel.len() == groups * GROUP * PANEL);
    assert!(x.bytes.len() >= (top + R) * groups * GROUP);
    assert!(sums.len() >= (R - 1) * GROUP + PANEL);
    // Arrays are filled in loops: closures would not be inlined into a function of more features.
    for (group, weights) in panel.chunks_exact(GROUP * PANEL).enumerate() {
        let (mut at, mut rows) = ([0; R], [&[][..]; R]);
        for r in 0..R {
            at[r] = (top + r) * groups + group;
            rows[r] = &x.bytes[at[r] * GROUP..][..GROUP];
        }
        let totals = vectors(&aside.sums[group]);
        let mut acc = [[_mm256_setzero_si256(); 2]; R];
        for r in 0..R {
            let zero = low_half(-x.zeros[at[r]]);
            acc[r][0] = _mm256_madd_epi16(totals[0], zero);
            acc[r][1] = _mm256_madd_epi16(totals[1], zero);
        }
        if aside.short[group] {
            add_products::<R, true>(&mut acc, &rows, weights);
        } else {
            add_products::<R, false>(&mut acc, &rows, weights);
        }
        for r in 0..R {
            let scale = _mm256_set1_ps(x.scales[at[r]]);
            for c in 0..2 {
                let sums = &mut sums[r * GROUP + c * 8..][..8];
                // SAFETY: `sums` is eight floats, which are read and written.
                unsafe {
                    let so_far = _mm256_loadu_ps(sums.as_ptr());
                    let sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[r][c]), scale, so_far);
                    _mm256_storeu_ps(sums.as_mut_ptr(), sum);
                }
            }
        }
    }
    // Apart, for how many a group has is nothing that a processor could foresee.
    for r in 0..R {
        let row = top + r;
        let sums = &mut sums[r * GROUP..][..PANEL];
        // SAFETY: `sums` and each extra's weights are sixteen floats.
        unsafe {
            let at = sums.as_mut_ptr();
            let mut acc = [_mm256_loadu_ps(at), _mm256_loadu_ps(at.add(8))];
            for extra in &aside.extras {
                let steps = x.bytes[row * groups * GROUP + extra.input];
                let scale = x.scales[row * groups + extra.input / GROUP];
                let value = _mm256_set1_ps(f32::from(steps) * scale);
                let weights = extra.weights.as_ptr();
                acc[0] = _mm256_fmadd_ps(_mm256_loadu_ps(weights), value, acc[0]);
                acc[1] = _mm256_fmadd_ps(_mm256_loadu_ps(weights.add(8)), value, acc[1]);
            }
            _mm256_storeu_ps(at, acc[0]);
            _mm256_storeu_ps(at.add(8), acc[1]);
        }
    }
}

/// Adds the products of a group of inputs to sums in 32 bits: in sums of two where these are `SHORT`,
/// else of four.
#[inline]
#[target_feature(enable = "avx2")]
fn add_products<const R: usize, const SHORT: bool>(
    acc: &mut [[__m256i; 2]; R],
    rows: &[&[i8]; R],
    weights: &[u8],
) {
    assert!(weights.len() == GROUP * PANEL && rows.iter().all(|row| row.len() == GROUP));
    let ones = _mm256_set1_epi16(1);
    for step in 0..GROUP / 8 {
        // SAFETY: `weights` has `GROUP / 8` steps of 128 bytes; each of `rows` has `GROUP` bytes,
        // and `step` is within them.
        unsafe {
            let w = weights.as_ptr().add(step * 8 * PANEL).cast::<__m256i>();
            let w = [
                _mm256_loadu_si256(w),
                _mm256_loadu_si256(w.add(1)),
                _mm256_loadu_si256(w.add(2)),
                _mm256_loadu_si256(w.add(3)),
            ];
            for r in 0..R {
                let four = rows[r].as_ptr().add(step * 8).cast::<i32>();
                let first = _mm256_set1_epi32(four.read_unaligned());
                let second = _mm256_set1_epi32(four.add(1).read_unaligned());
                for c in 0..2 {
                    let first = _mm256_maddubs_epi16(first, w[c]);
                    let second = _mm256_maddubs_epi16(second, w[2 + c]);
                    let sum = if SHORT {
                        let first = _mm256_madd_epi16(first, ones);
                        _mm256_add_epi32(first, _mm256_madd_epi16(second, ones))
                    } else {
                        _mm256_madd_epi16(_mm256_add_epi16(first, second), ones)
                    };
                    acc[r][c] = _mm256_add_epi32(acc[r][c], sum);
                }
            }
        }
    }
}

/// What multiplies integers of 32 bits that would fit 16, in an instruction that multiplies and adds
/// the two halves of each.
#[inline]
#[target_feature(enable = "avx2")]
fn low_half(value: i32) -> __m256i {
    _mm256_set1_epi32(value & 0xffff)
}

#[inline]
#[target_feature(enable = "avx2")]
fn vectors(values: &[i32; PANEL]) -> [__m256i; 2] {
    let at = values.as_ptr();
    // SAFETY: the loads read the first and the last eight of sixteen.
    unsafe {
        [
            _mm256_loadu_si256(at.cast()),
            _mm256_loadu_si256(at.add(8).cast()),
        ]
    }
}

/// Values to integers from 0 to [`TOP`], rounded; gives the size of a step, and what stands for 0.
#[target_feature(enable = "avx2")]
fn quantize(values: &[f32], bytes: &mut [i8]) -> (f32, i32) {
    let mut padded = [0.0; GROUP];
    let values: &[f32; GROUP] = match values.try_into() {
        Ok(whole) => whole,
        Err(_) => {
            padded[..values.len()].copy_from_slice(values);
            &padded
        }
    };
    let eights = values.as_chunks::<8>().0;
    // SAFETY: the load reads the eight floats.
    let load = |eight: &[f32; 8]| unsafe { _mm256_loadu_ps(eight.as_ptr()) };
    let [mut low, mut high, mut odd] = [_mm256_setzero_ps(); 3];
    for eight in eights {
        let x = load(eight);
        odd = _mm256_or_ps(odd, _mm256_cmp_ps::<_CMP_UNORD_Q>(x, x));
        low = _mm256_min_ps(low, x);
        high = _mm256_max_ps(high, x);
    }
    let low = ends(low).into_iter().fold(0.0, f32::min);
    let high = ends(high).into_iter().fold(0.0, f32::max);
    let (scale, inverse) = step(high - low, TOP as f32);
    let zero = (-low * inverse).round_ties_even() as i32;
    let (inverse, zeros) = (_mm256_set1_ps(inverse), _mm256_set1_epi32(zero));
    let round = |eight: &[f32; 8]| {
        let steps = _mm256_cvtps_epi32(_mm256_mul_ps(load(eight), inverse));
        _mm256_add_epi32(steps, zeros)
    };
    for (to, from) in (bytes.as_chunks_mut::<32>().0.iter_mut()).zip(eights.as_chunks::<4>().0) {
        let [a, b, c, d] = [
            round(&from[0]),
            round(&from[1]),
            round(&from[2]),
            round(&from[3]),
        ];
        // Packed within halves: fours of bytes come out in another order.
        let packed = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let packed = _mm256_permutevar8x32_epi32(packed, order);
        // Both ends of the values may have been rounded outwards.
        let packed = _mm256_min_epu8(packed, _mm256_set1_epi8(TOP as i8));
        // SAFETY: the store writes the 32 bytes of `to`.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), packed) };
    }
    let scale = if _mm256_movemask_ps(odd) == 0 {
        scale
    } else {
        f32::NAN
    };
    (scale, zero)
}

#[inline]
#[target_feature(enable = "avx2")]
fn ends(values: __m256) -> [f32; 8] {
    let mut out = [0.0; 8];
    // SAFETY: the store writes the eight floats.
    unsafe { _mm256_storeu_ps(out.as_mut_ptr(), values) };
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Backend as _, Out, integer::Integer};
    use super::*;
    use crate::weights::{Matrix, Weights};
    use safetensors::tensor::{Dtype, TensorView};

    fn matrix(rows: usize, cols: usize, values: &[i8]) -> Matrix {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let bytes: Vec<u8> = values.iter().map(|x| x.cast_unsigned()).collect();
        let ones: Vec<u8> = std::iter::repeat_n(1.0f32.to_le_bytes(), rows)
            .flatten()
            .collect();
        let w = TensorView::new(Dtype::I8, vec![rows, cols], &bytes).expect("w");
        let scale = TensorView::new(Dtype::F32, vec![rows], &ones).expect("w_scale");
        let path = dir.path().join("model.safetensors");
        safetensors::serialize_to_file([("w", w), ("w_scale", scale)], None, &path)
            .expect("a file");
        let opened = Weights::open(dir.path()).expect("weights");
        opened.matrix("w", rows, cols).expect("a matrix")
    }

    /// With values that are integers already, sums of the largest weights and activations come out
    /// to the last digit.
    #[test]
    fn sums_are_exact() {
        let Some(avx2) = Avx2::new() else { return };
        let backend = Integer(avx2);
        for (width, depth) in [(1, 1), (16, 128), (20, 300), (33, 257), (130, 512)] {
            let mut state = 1u32;
            let mut next = |n: u32| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) % n
            };
            for mode in 0..5 {
                let weights: Vec<i8> = (0..width * depth)
                    .map(|i| match mode {
                        0 => 127,
                        1 => -127,
                        2 => [127, -127, 100][next(3) as usize],
                        3 => (next(255) as i32 - 127) as i8,
                        // Few enough to be taken off.
                        _ if i % depth % GROUP < 8 => 127,
                        _ => (next(41) as i32 - 20) as i8,
                    })
                    .collect();
                let packed = backend.pack(&[matrix(width, depth, &weights)], vec![0.0; width]);
                for rows in [1, 3, 4, 6] {
                    let lowest = [0, -127, -64][next(3) as usize];
                    let mut x: Vec<i32> = (0..rows * depth)
                        .map(|_| match mode {
                            0 | 1 => lowest + 127,
                            _ => lowest + next(128) as i32,
                        })
                        .collect();
                    // Each group has both ends, so that its steps are of 1.
                    for row in x.chunks_exact_mut(depth) {
                        for group in row.chunks_mut(GROUP) {
                            if let [first, .., last] = group {
                                (*first, *last) = (lowest, lowest + 127);
                            } else {
                                group[0] = 127;
                            }
                        }
                    }
                    let floats: Vec<f32> = x.iter().map(|&x| x as f32).collect();
                    let mut operand = Operand::default();
                    backend.load(&floats, depth, &mut operand);
                    let mut out = vec![0.0; rows * width];
                    packed.run(&operand, Out::Store(&mut out));
                    for (r, x) in x.chunks_exact(depth).enumerate() {
                        for (c, w) in weights.chunks_exact(depth).enumerate() {
                            let terms = x.iter().zip(w).map(|(&x, &w)| x * i32::from(w));
                            let want = terms.sum::<i32>() as f32;
                            assert_eq!(out[r * width + c], want, "{width} {depth} {mode} {r} {c}");
                        }
                    }
                }
            }
        }
    }
}
