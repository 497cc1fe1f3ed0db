//! Attention within windows.

use std::ops::Range;

use crate::kernel::product;

/// The shape of one attention block over some windows.
pub(crate) struct Shape<'a> {
    pub(crate) heads: usize,
    /// Values per head.
    pub(crate) size: usize,
    /// The rows of each window.
    pub(crate) windows: &'a [Range<usize>],
    pub(crate) bias: Option<&'a RelativeBias>,
}

impl Shape<'_> {
    /// By what scores are multiplied.
    pub(crate) fn scale(&self) -> f32 {
        1.0 / (self.size as f32).sqrt()
    }
}

/// What is added to the score of a query and a key by their distance.
pub(crate) struct RelativeBias {
    /// For each head, the bias at distances `-reach..=reach` from query to key.
    table: Vec<f32>,
    reach: usize,
}

impl RelativeBias {
    pub(crate) fn new(heads: usize, reach: usize, bias: impl Fn(usize, isize) -> f32) -> Self {
        let reach_signed = reach.cast_signed();
        let table = (0..heads)
            .flat_map(|head| (-reach_signed..=reach_signed).map(move |at| (head, at)))
            .map(|(head, at)| bias(head, at))
            .collect();
        Self { table, reach }
    }

    /// The biases of one query against the keys from 0 to `keys`.
    pub(crate) fn row(&self, head: usize, query: usize, keys: usize) -> &[f32] {
        let start = head * (2 * self.reach + 1) + self.reach - query;
        &self.table[start..start + keys]
    }
}

/// From rows of query, key and value side by side to rows of context, in 32-bit floats.
pub(crate) fn attend(
    qkv: &[f32],
    shape: &Shape<'_>,
    scores: &mut Vec<f32>,
    out: &mut [f32],
    softmax: impl Fn(&mut [f32]),
) {
    let hidden = shape.heads * shape.size;
    let stride = 3 * hidden;
    let scale = shape.scale();
    for window in shape.windows {
        let len = window.len();
        let rows = &qkv[window.start * stride..window.end * stride];
        let out = &mut out[window.start * hidden..window.end * hidden];
        out.fill(0.0);
        for head in 0..shape.heads {
            if len == 0 {
                continue;
            }
            let at = head * shape.size;
            scores.clear();
            scores.resize(len * len, 0.0);
            product(
                len,
                len,
                shape.size,
                (&rows[at..], stride, 1),
                (&rows[hidden + at..], 1, stride),
                (scores, len),
                scale,
            );
            for (query, row) in scores.chunks_exact_mut(len).enumerate() {
                if let Some(bias) = shape.bias {
                    let bias = bias.row(head, query, len);
                    row.iter_mut().zip(bias).for_each(|(x, b)| *x += b);
                }
                softmax(row);
            }
            product(
                len,
                shape.size,
                len,
                (scores, len, 1),
                (&rows[2 * hidden + at..], stride, 1),
                (&mut out[at..], hidden),
                1.0,
            );
        }
    }
}
