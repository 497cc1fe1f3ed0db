//! Every kernel that this machine has, against sums in double precision and against the portable
//! one.

use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};

use super::*;
use crate::attention::Positions;
use crate::weights::Weights;

/// The backends that this machine can run, each with how far it may be off with float and with
/// integer weights, as a share of what the largest input and weight could make.
fn backends() -> Vec<(Box<dyn Backend>, [f64; 2])> {
    let all = Kernel::ALL.into_iter().filter(|&k| k != Kernel::Auto);
    let mut found: Vec<(Box<dyn Backend>, _)> = all
        .filter_map(|kernel| {
            // Half a step of 127 to the largest value is a share of 0.004, of 127 from the lowest
            // to the highest twice that.
            let share = match kernel {
                Kernel::Avx512 => [0.005, 0.005],
                Kernel::Avx2 => [0.0125, 0.0085],
                _ => [1e-5, 1e-5],
            };
            Some((kernel.backend().ok()?, share))
        })
        .collect();
    // On some machines another backend has its name.
    found.push((Box::new(portable::Portable), [1e-5, 1e-5]));
    found
}

/// A small generator, so that a case is its numbers.
struct Random(u64);

impl Random {
    /// Between -1 and 1, in steps that a bfloat16 holds.
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let value = ((self.0 >> 40) as f32 / (1u64 << 23) as f32) - 1.0;
        bf16::from_f32(value).to_f32()
    }

    fn many(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.next()).collect()
    }
}

/// A matrix of random weights as a file holds it: floats, or integers with scales.
fn weights(random: &mut Random, rows: usize, cols: usize, integers: bool) -> (Matrix, Vec<f32>) {
    let shape = vec![rows, cols];
    let mut values = random.many(rows * cols);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let bytes: Vec<u8>;
    let scale_bytes: Vec<u8>;
    let mut tensors = Vec::new();
    if integers {
        let whole: Vec<i8> = values.iter().map(|x| (x * 127.0) as i8).collect();
        let scales: Vec<f32> = (0..rows).map(|_| random.next().abs() + 0.01).collect();
        for (i, value) in values.iter_mut().enumerate() {
            *value = f32::from(whole[i]) * scales[i / cols.max(1)];
        }
        bytes = whole.iter().map(|x| x.cast_unsigned()).collect();
        scale_bytes = scales.iter().flat_map(|x| x.to_le_bytes()).collect();
        tensors.push(("w", TensorView::new(Dtype::I8, shape, &bytes).expect("w")));
        let scale = TensorView::new(Dtype::F32, vec![rows], &scale_bytes).expect("w_scale");
        tensors.push(("w_scale", scale));
    } else {
        bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        tensors.push(("w", TensorView::new(Dtype::F32, shape, &bytes).expect("w")));
    }
    let path = dir.path().join("model.safetensors");
    safetensors::serialize_to_file(tensors, None, &path).expect("a file");
    let opened = Weights::open(dir.path()).expect("weights");
    (opened.matrix("w", rows, cols).expect("a matrix"), values)
}

fn product(
    backend: &dyn Backend,
    packed: &dyn Product,
    x: &[f32],
    depth: usize,
    width: usize,
) -> Vec<f32> {
    let mut operand = Operand::default();
    backend.load(x, depth, &mut operand);
    let mut out = vec![7.0; x.len() / depth * width];
    packed.run(&operand, Out::Store(&mut out));
    out
}

fn check_product(seed: u64, rows: usize, depth: usize, width: usize, integers: bool) {
    let mut random = Random(seed);
    let (matrix, w) = weights(&mut random, width, depth, integers);
    let bias = random.many(width);
    let x = random.many(rows * depth);
    for (backend, share) in backends() {
        let name = backend.name();
        let packed = backend.pack(std::slice::from_ref(&matrix), bias.clone());
        let got = product(&*backend, &*packed, &x, depth, width);
        let share = share[usize::from(integers)];
        for r in 0..rows {
            let x = &x[r * depth..][..depth];
            for c in 0..width {
                let w = &w[c * depth..][..depth];
                let terms = x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w));
                let want = terms.sum::<f64>() + f64::from(bias[c]);
                let size = total(x) * largest(w) + total(w) * largest(x) + 1.0;
                let off = (f64::from(got[r * width + c]) - want).abs();
                assert!(
                    off <= share * size,
                    "{name}, {rows}x{depth}x{width}: at {r},{c} off by {off} of {size}"
                );
            }
        }
        // A row alone has the bits that it has among others.
        if let Some(last) = rows.checked_sub(1) {
            let alone = product(&*backend, &*packed, &x[last * depth..], depth, width);
            assert_eq!(
                bits(&alone),
                bits(&got[last * width..]),
                "{name}, {rows}x{depth}x{width}"
            );
        }
        // Adding and converting agree with storing.
        let mut operand = Operand::default();
        backend.load(&x, depth, &mut operand);
        let mut added = vec![0.0; rows * width];
        packed.run(&operand, Out::Add(&mut added));
        for (a, g) in added.iter().zip(&got) {
            assert!(
                (a - g).abs() <= 1e-5 * (1.0 + g.abs()),
                "{name}: {a} added, {g} stored"
            );
        }
    }
}

fn total(values: &[f32]) -> f64 {
    values.iter().map(|x| f64::from(x.abs())).sum()
}

fn largest(values: &[f32]) -> f64 {
    values
        .iter()
        .map(|x| f64::from(x.abs()))
        .fold(0.0, f64::max)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn products_of_edge_shapes() {
    for rows in [1, 2, 15, 16, 17, 33, 70] {
        for depth in [1, 31, 32, 100] {
            for width in [1, 31, 33, 64, 65] {
                check_product(rows as u64, rows, depth, width, false);
            }
        }
    }
    check_product(1, 0, 8, 8, false);
    check_product(2, 5, 768, 96, true);
    check_product(3, 40, 3072, 40, true);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn products_of_random_shapes(
        seed: u64,
        rows in 0usize..90,
        depth in 1usize..300,
        width in 1usize..150,
        integers: bool,
    ) {
        check_product(seed, rows, depth, width, integers);
    }
}

/// What is no number stays so, in its own row alone.
#[test]
fn not_a_number_stays_in_its_row() {
    let (rows, depth, width) = (20, 64, 40);
    let mut random = Random(5);
    let (matrix, _) = weights(&mut random, width, depth, false);
    let clean = random.many(rows * depth);
    for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = clean.clone();
        x[3 * depth + 7] = odd;
        for (backend, _) in backends() {
            let packed = backend.pack(std::slice::from_ref(&matrix), vec![0.0; width]);
            let want = product(&*backend, &*packed, &clean, depth, width);
            let got = product(&*backend, &*packed, &x, depth, width);
            for r in 0..rows {
                let row = &got[r * width..][..width];
                if r == 3 {
                    assert!(
                        row.iter().all(|x| !x.is_finite()),
                        "{}: {row:?}",
                        backend.name()
                    );
                } else {
                    assert_eq!(
                        bits(row),
                        bits(&want[r * width..][..width]),
                        "{}",
                        backend.name()
                    );
                }
            }
        }
    }
}

/// Weights that change nothing.
fn identity(backend: &dyn Backend, width: usize) -> Box<dyn Product> {
    let ones: Vec<f32> = (0..width * width)
        .map(|i| f32::from(u8::from(i % (width + 1) == 0)))
        .collect();
    let bytes: Vec<u8> = ones.iter().flat_map(|x| x.to_le_bytes()).collect();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let view = TensorView::new(Dtype::F32, vec![width, width], &bytes).expect("w");
    let path = dir.path().join("model.safetensors");
    safetensors::serialize_to_file([("w", view)], None, &path).expect("a file");
    let matrix = Weights::open(dir.path())
        .and_then(|w| w.matrix("w", width, width))
        .expect("w");
    backend.pack(&[matrix], vec![0.0; width])
}

/// Rows through an activation into an operand, read back by a product with the identity.
fn activated(backend: &dyn Backend, activation: Activation, x: &[f32], width: usize) -> Vec<f32> {
    let packed = identity(backend, width);
    let (mut first, mut second) = (Operand::default(), Operand::default());
    backend.load(x, width, &mut first);
    packed.run(&first, Out::Activate(activation, &mut second));
    let mut out = vec![0.0; x.len()];
    packed.run(&second, Out::Store(&mut out));
    out
}

#[test]
fn activations_agree() {
    let width = 70;
    let mut random = Random(9);
    let x: Vec<f32> = random.many(width * 5).iter().map(|x| x * 6.0).collect();
    for activation in [Activation::Gelu, Activation::GeluTanh, Activation::Relu] {
        let want = activated(&portable::Portable, activation, &x, width);
        for (backend, _) in backends() {
            let got = activated(&*backend, activation, &x, width);
            for (g, w) in got.iter().zip(&want) {
                assert!(
                    (g - w).abs() < 0.08,
                    "{} {activation:?}: {g}, not {w}",
                    backend.name()
                );
            }
        }
    }
}

#[test]
fn normalizing_agrees() {
    for width in [8, 48, 100, 768] {
        let mut random = Random(width as u64);
        let norm = Norm {
            weight: random.many(width),
            bias: random.many(width),
            epsilon: 1e-12,
        };
        let x: Vec<f32> = random
            .many(3 * width)
            .iter()
            .map(|x| x * 30.0 + 5.0)
            .collect();
        let mut want = x.clone();
        portable::Portable.normalize(&mut want, &norm, &mut Operand::default());
        for (backend, _) in backends() {
            let mut got = x.clone();
            backend.normalize(&mut got, &norm, &mut Operand::default());
            for (g, w) in got.iter().zip(&want) {
                assert!((g - w).abs() < 1e-5, "{}: {g}, not {w}", backend.name());
            }
        }
    }
}

/// Of every form that an operand may have, the rows that are kept.
#[test]
fn kept_rows_move_to_the_front() {
    for (rows, width, kept) in [
        (40, 70, &[0, 1, 17, 39][..]),
        (33, 128, &[32]),
        (5, 300, &[]),
    ] {
        let line = |r, k| Line([(100 * r + k) as u16; 32]);
        let mut operand = Operand::default();
        operand.shape_lines(rows, width);
        operand.floats = (0..rows * width).map(|i| (i / width) as f32).collect();
        let groups = operand.groups();
        operand.bytes = (0..rows * groups * GROUP)
            .map(|i| (i / (groups * GROUP)) as i8)
            .collect();
        operand.scales = (0..rows * groups).map(|i| i as f32).collect();
        for r in 0..rows {
            for k in 0..width.div_ceil(32) {
                *operand.line_mut(r, k) = line(r, k);
            }
        }
        operand.keep(kept);
        assert_eq!(operand.rows, kept.len());
        assert_eq!(operand.floats.len(), kept.len() * width);
        for (r, &from) in kept.iter().enumerate() {
            let floats = &operand.floats[r * width..][..width];
            assert!(floats.iter().all(|&x| x == from as f32));
            let bytes = &operand.bytes[r * groups * GROUP..][..groups * GROUP];
            assert!(bytes.iter().all(|&x| x == from as i8));
            assert_eq!(operand.scales[r * groups], (from * groups) as f32);
            for k in 0..width.div_ceil(32) {
                assert_eq!(operand.line(r, k).0, line(from, k).0);
            }
        }
    }
}

/// Attention, read back by a product with the identity, against the portable one.
#[test]
fn attention_agrees() {
    for (heads, size) in [(2, 32), (1, 64), (3, 8), (2, 24)] {
        let hidden = heads * size;
        let lens = [1usize, 2, 31, 32, 33, 70, 0, 5];
        let ends: Vec<usize> = lens
            .iter()
            .scan(0, |at, n| {
                *at += n;
                Some(*at)
            })
            .collect();
        let windows: Vec<_> = crate::batch::ranges(&ends).collect();
        let rows: usize = lens.iter().sum();
        let mut random = Random(heads as u64);
        let qkv: Vec<f32> = random
            .many(rows * 3 * hidden)
            .iter()
            .map(|x| x * 2.0)
            .collect();
        let bias =
            crate::attention::RelativeBias::new(heads, 80, |h, at| (h as f32 - at as f32) * 0.01);
        for positions in [Positions::Plain, Positions::Bias(bias)] {
            let shape = Shape {
                heads,
                size,
                windows: &windows,
                positions: &positions,
            };
            let run = |backend: &dyn Backend| {
                let mut operands = [(); 3].map(|()| Operand::default());
                let [given, heads, context] = &mut operands;
                backend.load(&qkv, 3 * hidden, given);
                identity(backend, 3 * hidden).run(given, Out::Heads(heads));
                backend.attend(heads, &shape, &mut Work::default(), context);
                let mut out = vec![0.0; rows * hidden];
                identity(backend, hidden).run(context, Out::Store(&mut out));
                out
            };
            let want = run(&portable::Portable);
            assert_eq!(want.len(), rows * hidden);
            for (backend, _) in backends() {
                let got = run(&*backend);
                assert_eq!(got.len(), want.len());
                let most = if backend.name() == "portable" {
                    1e-5
                } else {
                    0.08
                };
                for (g, w) in got.iter().zip(&want) {
                    assert!(
                        (g - w).abs() < most,
                        "{}, {heads} of {size}: {g}, not {w}",
                        backend.name()
                    );
                }
            }
        }
    }
}
