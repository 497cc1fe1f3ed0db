//! What stands between the matrix products, written so that the compiler turns it into vector
//! instructions: no branches, sums in sixteen lanes whose order never depends on the machine.

use crate::config::Activation;

const LANES: usize = 16;

/// `e^x`, within 2 units in the last place; 0 below -87.3, and at most `e^88`.
///
/// `x = n·ln 2 + r` with `|r| <= ln 2 / 2`, then a polynomial of degree 6 in `r` (Taylor's, its
/// error below 2e-8 there), then the exponent put in by its bits.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, the first of which is exact in few bits.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding this rounds to a whole number, which is left in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let low = if x < -87.3 { -87.3 } else { x };
    let x1 = if low > 88.0 { 88.0 } else { low };
    let shifted = x1 * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x1 - n * LN2_HIGH) - n * LN2_LOW;
    let p = 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r + 1.0;
    let p = p * r + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    let value = p * power;
    if x < -87.3 { 0.0 } else { value }
}

/// The error function, within 2e-7 (Abramowitz and Stegun, formula 7.1.26).
#[inline(always)]
fn erf(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let p = 1.061_405_4;
    let p = p * t - 1.453_152_1;
    let p = p * t + 1.421_413_8;
    let p = p * t - 0.284_496_72;
    let p = p * t + 0.254_829_6;
    (1.0 - p * t * exp(-x * x)).copysign(x)
}

#[inline(always)]
pub(crate) fn activate(activation: Activation, x: f32) -> f32 {
    match activation {
        Activation::Gelu => 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)),
        Activation::GeluTanh => {
            // tanh(u) = 1 - 2 / (1 + e^2u)
            let u = 0.797_884_6 * (x + 0.044_715 * x * x * x);
            x * (1.0 - 1.0 / (1.0 + exp(2.0 * u)))
        }
        Activation::Relu => {
            if x < 0.0 {
                0.0
            } else {
                x
            }
        }
    }
}

#[inline(always)]
pub(crate) fn activate_all(activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::Gelu => values
            .iter_mut()
            .for_each(|x| *x = activate(Activation::Gelu, *x)),
        Activation::GeluTanh => {
            values
                .iter_mut()
                .for_each(|x| *x = activate(Activation::GeluTanh, *x));
        }
        Activation::Relu => values
            .iter_mut()
            .for_each(|x| *x = activate(Activation::Relu, *x)),
    }
}

/// Each value by its scale, with its bias, written to `out` or added to it.
#[inline(always)]
pub(crate) fn scale(values: &[f32], scales: &[f32], bias: &[f32], out: &mut [f32], add: bool) {
    let values = values.iter().zip(scales).zip(bias);
    let values = values.map(|((x, s), b)| x * s + b);
    if add {
        out.iter_mut().zip(values).for_each(|(out, x)| *out += x);
    } else {
        out.iter_mut().zip(values).for_each(|(out, x)| *out = x);
    }
}

/// Rows of two halves of `width` values become rows of one, at the front: the activation of the
/// first, times the second.
pub(crate) fn gate(activation: Activation, values: &mut [f32], width: usize) {
    for row in 0..values.len() / (2 * width) {
        let from = 2 * row * width;
        activate_all(activation, &mut values[from..from + width]);
        for i in 0..width {
            values[row * width + i] = values[from + i] * values[from + width + i];
        }
    }
}

/// The sum of `f` of every value, in sixteen lanes.
#[inline(always)]
fn sum(values: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (whole, rest) = values.as_chunks::<LANES>();
    for chunk in whole {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += f(x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane += f(x);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// The dot product of two rows.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            lanes[i] += a[i] * b[i];
        }
    }
    for (i, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        lanes[i] += a * b;
    }
    sum(&lanes, |x| x)
}

/// Layer normalization of each row, in place: to mean 0 and variance 1, then `· weight + bias`.
#[inline(always)]
pub(crate) fn layer_norm(rows: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    let width = weight.len();
    for row in rows.chunks_exact_mut(width) {
        let mean = sum(row, |x| x) / width as f32;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / width as f32;
        let scale = 1.0 / (variance + epsilon).sqrt();
        for ((x, w), b) in row.iter_mut().zip(weight).zip(bias) {
            *x = (*x - mean) * scale * w + b;
        }
    }
}

/// Softmax of a row, in place. A row of which nothing may be attended to (all minus infinity)
/// becomes zeros.
#[inline(always)]
pub(crate) fn softmax(row: &mut [f32]) {
    let (whole, rest) = row.as_chunks_mut::<LANES>();
    // The rest as a chunk too, or it would be taken value by value; what is added to it counts 0.
    let mut last = [f32::NEG_INFINITY; LANES];
    last[..rest.len()].copy_from_slice(rest);
    let mut lanes = last;
    for chunk in &*whole {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = if x > *lane { x } else { *lane };
        }
    }
    let max = lanes.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let max = if max == f32::NEG_INFINITY { 0.0 } else { max };
    let mut totals = [0.0; LANES];
    for chunk in whole.iter_mut().chain([&mut last]) {
        for (x, total) in chunk.iter_mut().zip(&mut totals) {
            *x = exp(*x - max);
            *total += *x;
        }
    }
    let total = sum(&totals, |x| x);
    let scale = if total == 0.0 { 0.0 } else { 1.0 / total };
    for chunk in whole.iter_mut().chain([&mut last]) {
        chunk.iter_mut().for_each(|x| *x *= scale);
    }
    rest.copy_from_slice(&last[..rest.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_is_close_over_its_range() {
        let mut x = -87.0f32;
        while x < 88.0 {
            let want = f64::from(x).exp();
            let error = ((f64::from(exp(x)) - want) / want).abs();
            assert!(error < 3e-7, "exp({x}) off by {error}");
            x += 0.013;
        }
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(1e9).is_finite());
    }

    #[test]
    fn gelu_is_close_to_the_exact_one() {
        // Values of x·Φ(x), from the definition in double precision.
        for (x, want) in [
            (-6.0, -5.919_525e-9),
            (-3.0, -0.004_049_694),
            (-1.0, -0.158_655_25),
            (-0.1, -0.046_017_216),
            (0.0, 0.0),
            (0.5, 0.345_731_23),
            (2.0, 1.954_499_7),
            (10.0, 10.0),
        ] {
            let got = activate(Activation::Gelu, x);
            assert!((got - want).abs() < 5e-7, "gelu({x}) = {got}, not {want}");
        }
        assert!(activate(Activation::Gelu, f32::NAN).is_nan());
        assert_eq!(activate(Activation::Gelu, f32::INFINITY), f32::INFINITY);
    }

    #[test]
    fn softmax_of_nothing_and_of_much() {
        let mut row = [f32::NEG_INFINITY; 3];
        softmax(&mut row);
        assert_eq!(row, [0.0; 3]);
        let mut row = [1000.0, 1000.0];
        softmax(&mut row);
        assert_eq!(row, [0.5, 0.5]);
        softmax(&mut []);
    }
}
