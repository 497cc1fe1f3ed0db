//! 32-bit floats with the `gemm-f32` crate, which picks its instructions by itself.

use gemm_common::Parallelism;
use gemm_f32::gemm::f32::get_gemm_fn;

use super::{Backend, Operand, Out, Product, Work};
use crate::attention::{self, Arithmetic, Shape};
use crate::layer::Norm;
use crate::math;
use crate::weights::Matrix;

pub(super) struct Portable;

impl Backend for Portable {
    fn name(&self) -> &'static str {
        "portable"
    }

    fn pack(&self, weights: &[Matrix], bias: Vec<f32>) -> Box<dyn Product> {
        let depth = weights.first().map_or(0, |w| w.cols);
        let width = weights.iter().map(|w| w.rows).sum();
        // Transposed, `gemm` reads the weights as they lie and need not pack them at each call.
        let mut values = vec![0.0; depth * width];
        let mut row = vec![0.0; depth];
        let rows = weights
            .iter()
            .flat_map(|w| (0..w.rows).map(move |r| (w, r)));
        for (output, (matrix, r)) in rows.enumerate() {
            matrix.read_row(r, &mut row);
            for (i, &value) in row.iter().enumerate() {
                values[i * width + output] = value;
            }
        }
        Box::new(Packed {
            values,
            bias,
            depth,
            width,
        })
    }

    fn load(&self, rows: &[f32], width: usize, operand: &mut Operand) {
        operand.shape_floats(rows.len() / width, width);
        operand.floats.copy_from_slice(rows);
    }

    fn normalize(&self, rows: &mut [f32], norm: &Norm, operand: &mut Operand) {
        math::layer_norm(rows, &norm.weight, &norm.bias, norm.epsilon);
        self.load(rows, norm.weight.len(), operand);
    }

    fn attend(&self, qkv: &Operand, shape: &Shape<'_>, work: &mut Work, out: &mut Operand) {
        out.shape_floats(qkv.rows, shape.heads * shape.size);
        attention::attend(&qkv.floats, shape, &mut work.buffers, &mut out.floats, self);
    }
}

impl Arithmetic for Portable {
    fn softmax(&self, row: &mut [f32]) {
        math::softmax(row);
    }
}

/// Weights `[depth, width]`.
struct Packed {
    values: Vec<f32>,
    bias: Vec<f32>,
    depth: usize,
    width: usize,
}

impl Packed {
    /// `out += x · W + bias`.
    fn add(&self, x: &[f32], out: &mut [f32]) {
        for row in out.chunks_exact_mut(self.width) {
            row.iter_mut().zip(&self.bias).for_each(|(x, b)| *x += b);
        }
        if x.is_empty() {
            return;
        }
        let rows = x.len() / self.depth;
        // `gemm` has other ways, with other sums, for a single row and for small products. With
        // this many rows every row takes the same way, so that its bits depend on nothing else.
        let least = if self.width <= 64 { 65 } else { 2 };
        if rows >= least {
            product(
                [rows, self.width, self.depth],
                (x, self.depth),
                (&self.values, self.width, 1),
                (out, self.width),
                1.0,
                true,
            );
        } else {
            let mut padded = x.to_vec();
            padded.resize(least * self.depth, 0.0);
            let mut result = out.to_vec();
            result.resize(least * self.width, 0.0);
            product(
                [least, self.width, self.depth],
                (&padded, self.depth),
                (&self.values, self.width, 1),
                (&mut result, self.width),
                1.0,
                true,
            );
            out.copy_from_slice(&result[..out.len()]);
        }
    }
}

impl Product for Packed {
    fn run(&self, x: &Operand, out: Out<'_>) {
        match out {
            Out::Store(out) => {
                out.fill(0.0);
                self.add(&x.floats, out);
            }
            Out::Add(out) => self.add(&x.floats, out),
            Out::Heads(operand) => {
                operand.shape_floats(x.rows, self.width);
                operand.floats.fill(0.0);
                self.add(&x.floats, &mut operand.floats);
            }
            Out::Activate(activation, operand) => {
                self.run(x, Out::Heads(operand));
                math::activate_all(activation, &mut operand.floats);
            }
        }
    }
}

/// `rows · Wᵀ + bias`, in 32-bit floats whatever the model's kernel.
pub(crate) fn project(rows: &[f32], weight: &Matrix, bias: Vec<f32>) -> Vec<f32> {
    let mut operand = Operand::default();
    Portable.load(rows, weight.cols, &mut operand);
    let mut out = vec![0.0; operand.rows * weight.rows];
    let packed = Portable.pack(std::slice::from_ref(weight), bias);
    packed.run(&operand, Out::Store(&mut out));
    out
}

/// As [`Arithmetic::product`]; or added to what is there.
pub(crate) fn product(
    [m, n, k]: [usize; 3],
    (a, a_row): (&[f32], usize),
    (b, b_row, b_col): (&[f32], usize, usize),
    (out, out_row): (&mut [f32], usize),
    scale: f32,
    add: bool,
) {
    if m == 0 || n == 0 {
        return;
    }
    assert!(k > 0 && (m - 1) * a_row + k <= a.len());
    assert!((k - 1) * b_row + (n - 1) * b_col < b.len());
    assert!(n <= out_row && (m - 1) * out_row + n <= out.len());
    #[allow(unsafe_code, reason = "the crate's one entry takes pointers")]
    // SAFETY: the assertions above hold every element that is read or written to its slice;
    // `out` is borrowed for writing, so it overlaps neither `a` nor `b`, and its rows do not
    // overlap each other.
    unsafe {
        // Seen as its transpose, `outᵀ += bᵀ · aᵀ`: the function writes by columns.
        get_gemm_fn()(
            n,
            m,
            k,
            out.as_mut_ptr(),
            out_row as isize,
            1,
            add,
            b.as_ptr(),
            b_row as isize,
            b_col as isize,
            a.as_ptr(),
            a_row as isize,
            1,
            1.0,
            scale,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
