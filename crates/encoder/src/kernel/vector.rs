//! Vector arithmetic with AVX-512: what stands between the products of the AVX-512 kernels.

#![allow(
    unsafe_code,
    reason = "loads and stores through pointers, each next to its bound"
)]

use std::arch::x86_64::*;

use crate::config::Activation;

/// `e^x` for `x <= 0`, within 3e-7 of itself; e^-100 stands for all that is smaller. NaN stays.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn exp(x: __m512) -> __m512 {
    // With NaN in the second place the result is NaN.
    let x = _mm512_max_ps(_mm512_set1_ps(-100.0), x);
    let t = _mm512_mul_ps(x, _mm512_set1_ps(std::f32::consts::LOG2_E));
    let n = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(t);
    // r = x - n·ln 2, in two steps so that nothing is lost.
    let r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693_359_4), x);
    let r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.121_944_4e-4), r);
    let mut p = _mm512_set1_ps(1.0 / 720.0);
    for c in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
    }
    _mm512_scalef_ps(p, n)
}

/// `a·(1 - Φ(a))` on 0 to 5.5 as a polynomial in `a / 2.75 - 1`, highest power first: a least
/// squares fit at Chebyshev points, off by at most 7e-7.
pub(super) const TAIL: [f32; 15] = [
    0.036135755,
    -0.039418016,
    -0.1548732,
    0.23533839,
    0.18587562,
    -0.5475193,
    0.1918549,
    0.46061486,
    -0.6386248,
    0.2602256,
    0.18023534,
    -0.30866307,
    0.19120204,
    -0.060578458,
    0.008194849,
];

/// GELU with the error function, `x·Φ(x) = max(x, 0) - a·(1 - Φ(a))` with `a = |x|`: off by at
/// most 7e-7. NaN stays.
#[inline]
#[target_feature(enable = "avx512f")]
fn gelu(x: __m512) -> __m512 {
    let a = _mm512_min_ps(_mm512_set1_ps(5.5), _mm512_abs_ps(x));
    let s = _mm512_fmsub_ps(a, _mm512_set1_ps(1.0 / 2.75), _mm512_set1_ps(1.0));
    let mut p = _mm512_set1_ps(TAIL[0]);
    for &c in &TAIL[1..] {
        p = _mm512_fmadd_ps(p, s, _mm512_set1_ps(c));
    }
    _mm512_sub_ps(_mm512_max_ps(_mm512_setzero_ps(), x), p)
}

/// GELU by tanh, `x · sigmoid(2u)` with `u = √(2/π)·(x + 0.044715 x³)`. NaN stays.
#[inline]
#[target_feature(enable = "avx512f")]
fn gelu_tanh(x: __m512) -> __m512 {
    let one = _mm512_set1_ps(1.0);
    let cubic = _mm512_fmadd_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(0.044_715), one);
    let u2 = _mm512_mul_ps(_mm512_mul_ps(x, cubic), _mm512_set1_ps(1.5957692));
    // e^-|2u| is at most 1; sigmoid(-t) = e^-t / (1 + e^-t).
    let e = exp(_mm512_sub_ps(_mm512_setzero_ps(), _mm512_abs_ps(u2)));
    let upper = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(u2, _mm512_setzero_ps());
    let top = _mm512_mask_blend_ps(upper, one, e);
    let sigmoid = _mm512_div_ps(top, _mm512_add_ps(one, e));
    // Far below zero the factor is nothing, and minus infinity times nothing would be no number.
    let x = _mm512_max_ps(_mm512_set1_ps(-1e4), x);
    _mm512_mul_ps(x, sigmoid)
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn activate(activation: Activation, x: __m512) -> __m512 {
    match activation {
        Activation::Gelu => gelu(x),
        Activation::GeluTanh => gelu_tanh(x),
        Activation::Relu => _mm512_max_ps(_mm512_setzero_ps(), x),
    }
}

#[target_feature(enable = "avx512f")]
pub(super) fn activate_all(activation: Activation, values: &mut [f32]) {
    for at in (0..values.len()).step_by(16) {
        let x = activate(activation, load(values, at));
        store(values, at, x);
    }
}

/// The lanes of the first `n` values.
pub(super) fn mask(n: usize) -> __mmask16 {
    if n >= 16 { 0xffff } else { (1 << n) - 1 }
}

/// 16 values of `row` from `at` on, zeros past its end.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(row: &[f32], at: usize) -> __m512 {
    let rest = row.get(at..).unwrap_or(&[]);
    // SAFETY: the mask leaves out what lies past the slice, and masked lanes are not read.
    unsafe { _mm512_maskz_loadu_ps(mask(rest.len()), rest.as_ptr()) }
}

/// Writes 16 values to `row` from `at` on, leaving out those past its end.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store(row: &mut [f32], at: usize, x: __m512) {
    let rest = row.get_mut(at..).unwrap_or(&mut []);
    // SAFETY: the mask leaves out what lies past the slice, and masked lanes are not written.
    unsafe { _mm512_mask_storeu_ps(rest.as_mut_ptr(), mask(rest.len()), x) }
}

/// Layer normalization of one row, in place.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn layer_norm(row: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    let width = row.len() as f32;
    let mut sum = _mm512_setzero_ps();
    for at in (0..row.len()).step_by(16) {
        sum = _mm512_add_ps(sum, load(row, at));
    }
    let mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / width);
    let mut squares = _mm512_setzero_ps();
    for at in (0..row.len()).step_by(16) {
        let d = _mm512_sub_ps(load(row, at), mean);
        let d = _mm512_maskz_mov_ps(mask(row.len() - at), d);
        squares = _mm512_fmadd_ps(d, d, squares);
    }
    let variance = _mm512_reduce_add_ps(squares) / width;
    let scale = _mm512_set1_ps(1.0 / (variance + epsilon).sqrt());
    for at in (0..row.len()).step_by(16) {
        let d = _mm512_mul_ps(_mm512_sub_ps(load(row, at), mean), scale);
        store(
            row,
            at,
            _mm512_fmadd_ps(d, load(weight, at), load(bias, at)),
        );
    }
}

/// Softmax of a row, in place; a row of nothing but minus infinity becomes zeros.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn softmax(row: &mut [f32]) {
    let low = _mm512_set1_ps(f32::NEG_INFINITY);
    let mut top = low;
    for at in (0..row.len()).step_by(16) {
        let x = _mm512_mask_blend_ps(mask(row.len() - at), low, load(row, at));
        top = _mm512_max_ps(x, top);
    }
    let top = _mm512_reduce_max_ps(top);
    if top == f32::NEG_INFINITY && row.iter().all(|x| *x == top) {
        row.fill(0.0);
        return;
    }
    let mut sum = _mm512_setzero_ps();
    for at in (0..row.len()).step_by(16) {
        let x = exp(_mm512_sub_ps(load(row, at), _mm512_set1_ps(top)));
        store(row, at, x);
        sum = _mm512_add_ps(sum, _mm512_maskz_mov_ps(mask(row.len() - at), x));
    }
    let weight = _mm512_set1_ps(1.0 / _mm512_reduce_add_ps(sum));
    for at in (0..row.len()).step_by(16) {
        store(row, at, _mm512_mul_ps(load(row, at), weight));
    }
}
