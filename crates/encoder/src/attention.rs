//! Attention within windows.

use std::ops::Range;
use std::sync::Arc;

use crate::kernel::product;

/// What attention is made of, in 32-bit floats.
pub(crate) trait Arithmetic {
    /// `out = scale · a · b` for `a` of `[m, k]` with its stride from row to row, `b` of `[k, n]`
    /// with its strides from row to row and from column to column, of which one is 1, and `out` of
    /// `[m, n]` with its stride from row to row. The memory is kept from call to call. By the `gemm`
    /// crate, unless a kernel has its own way.
    ///
    /// # Panics
    ///
    /// If a slice is too short for its shape, or `k` is 0.
    fn product(
        &self,
        shape: [usize; 3],
        a: (&[f32], usize),
        b: (&[f32], usize, usize),
        out: (&mut [f32], usize),
        scale: f32,
        _memory: &mut Vec<f32>,
    ) {
        product(shape, a, b, out, scale, false);
    }

    /// Softmax of a row, in place.
    fn softmax(&self, row: &mut [f32]);
}

/// The shape of one attention block over some windows.
pub(crate) struct Shape<'a> {
    pub(crate) heads: usize,
    /// Values per head.
    pub(crate) size: usize,
    /// The rows of each window.
    pub(crate) windows: &'a [Range<usize>],
    pub(crate) positions: &'a Positions,
}

impl Shape<'_> {
    /// By what scores are multiplied.
    pub(crate) fn scale(&self) -> f32 {
        let terms = match self.positions {
            Positions::Disentangled(d) => 1 + d.keys.iter().len() + d.queries.iter().len(),
            _ => 1,
        };
        1.0 / ((self.size * terms) as f32).sqrt()
    }
}

/// What attention knows of where queries and keys stand.
pub(crate) enum Positions {
    /// Nothing: the embeddings hold it.
    Plain,
    Bias(RelativeBias),
    Rotary(Rotary),
    Disentangled(Disentangled),
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

/// Queries and keys turned by angles that grow with their position (Su et al. 2021).
pub(crate) struct Rotary {
    /// By position and pair of values.
    angles: Vec<(f32, f32)>,
    pairs: usize,
    /// How far a query sees, where not over the whole window.
    reach: Option<usize>,
}

impl Rotary {
    /// For windows of up to `longest` pieces and heads of `size` values.
    pub(crate) fn new(longest: usize, size: usize, theta: f32, reach: Option<usize>) -> Self {
        let pairs = size / 2;
        let angles = (0..longest)
            .flat_map(|position| (0..pairs).map(move |pair| (position, pair)))
            .map(|(position, pair)| {
                let frequency = 1.0 / theta.powf((2 * pair) as f32 / size as f32);
                let (sin, cos) = f64::from(position as f32 * frequency).sin_cos();
                (cos as f32, sin as f32)
            })
            .collect();
        Self {
            angles,
            pairs,
            reach,
        }
    }

    /// Turns the rows of one head, `stride` apart, each by the angles of its place.
    fn turn(&self, rows: &[f32], stride: usize, out: &mut Vec<f32>) {
        out.clear();
        let places = self.angles.chunks_exact(self.pairs);
        for (row, angles) in rows.chunks(stride).zip(places) {
            let (first, second) = row[..2 * self.pairs].split_at(self.pairs);
            let pairs = || first.iter().zip(second).zip(angles);
            out.extend(pairs().map(|((x, y), (cos, sin))| x * cos - y * sin));
            out.extend(pairs().map(|((x, y), (cos, sin))| y * cos + x * sin));
        }
    }
}

/// DeBERTa's attention: beside a query and a key, the query and the distance, and the distance and
/// the key are multiplied (He et al. 2021).
pub(crate) struct Disentangled {
    /// `[2 · span, hidden]`, where queries look at distances.
    pub(crate) keys: Option<Vec<f32>>,
    /// `[2 · span, hidden]`, where keys look at distances.
    pub(crate) queries: Option<Vec<f32>>,
    pub(crate) rows: Arc<DistanceRows>,
}

/// Which of DeBERTa's vectors stands for which distance.
pub(crate) struct DistanceRows {
    /// The vectors for distances `-reach..=reach` from key to query, as rows of the table.
    table: Vec<usize>,
    reach: usize,
}

impl DistanceRows {
    /// For windows of up to `longest` pieces. `farthest` is the distance at which logarithmic
    /// buckets end; without one each vector is for one distance.
    pub(crate) fn new(longest: usize, span: usize, farthest: Option<usize>) -> Self {
        let signed = longest.cast_signed();
        let row = |distance: isize| {
            let bucket = farthest.map_or(distance, |farthest| log_bucket(distance, span, farthest));
            let last = (2 * span).cast_signed() - 1;
            (span.cast_signed() + bucket).clamp(0, last).cast_unsigned()
        };
        Self {
            table: (-signed..=signed).map(row).collect(),
            reach: longest,
        }
    }

    /// The rows for the distances of the keys `0..keys` from one query, last key first.
    fn backwards(&self, query: usize, keys: usize) -> &[usize] {
        let start = self.reach + query + 1 - keys;
        &self.table[start..start + keys]
    }

    /// The rows in use in a window.
    fn range(&self, len: usize) -> Range<usize> {
        self.table[self.reach + 1 - len]..self.table[self.reach + len - 1] + 1
    }
}

/// DeBERTa's bucket for a distance: half of the buckets are for one distance each, the others
/// logarithmic up to the farthest.
fn log_bucket(distance: isize, buckets: usize, farthest: usize) -> isize {
    let middle = buckets / 2;
    if distance.unsigned_abs() <= middle {
        return distance;
    }
    let (middle, size) = (middle as f32, distance.unsigned_abs() as f32);
    let share = (size / middle).ln() / ((farthest - 1) as f32 / middle).ln();
    let bucket = (share * (middle - 1.0)).ceil() + middle;
    bucket as isize * distance.signum()
}

/// Memory that attention keeps between a window and the next.
#[derive(Default)]
pub(crate) struct Buffers {
    scores: Vec<f32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
    by_query: Vec<f32>,
    by_key: Vec<f32>,
    packed: Vec<f32>,
}

/// Queries that are scored together: long windows then need no square of memory.
const BLOCK: usize = 64;

/// From rows of query, key and value side by side to rows of context, in 32-bit floats.
pub(crate) fn attend(
    qkv: &[f32],
    shape: &Shape<'_>,
    buffers: &mut Buffers,
    out: &mut [f32],
    arithmetic: &impl Arithmetic,
) {
    let hidden = shape.heads * shape.size;
    let stride = 3 * hidden;
    for window in shape.windows {
        let rows = &qkv[window.start * stride..window.end * stride];
        let out = &mut out[window.start * hidden..window.end * hidden];
        if window.is_empty() {
            continue;
        }
        for head in 0..shape.heads {
            let at = head * shape.size;
            attend_head(rows, head, shape, buffers, &mut out[at..], arithmetic);
        }
    }
}

/// One head in one window.
fn attend_head(
    rows: &[f32],
    head: usize,
    shape: &Shape<'_>,
    buffers: &mut Buffers,
    out: &mut [f32],
    arithmetic: &impl Arithmetic,
) {
    let (size, hidden) = (shape.size, shape.heads * shape.size);
    let (stride, at) = (3 * hidden, head * size);
    let len = rows.len() / stride;
    let scale = shape.scale();
    let Buffers {
        scores,
        queries: turned_queries,
        keys: turned_keys,
        by_query,
        by_key,
        packed,
    } = buffers;
    // Queries and keys of this head, each with its stride from row to row.
    let (mut queries, mut keys) = ((&rows[at..], stride), (&rows[hidden + at..], stride));
    let mut reach = len;
    match shape.positions {
        Positions::Rotary(rotary) => {
            rotary.turn(queries.0, stride, turned_queries);
            rotary.turn(keys.0, stride, turned_keys);
            (queries, keys) = ((&turned_queries[..], size), (&turned_keys[..], size));
            reach = rotary.reach.unwrap_or(len);
        }
        Positions::Disentangled(Disentangled {
            queries: Some(distances),
            rows,
            ..
        }) => {
            let used = rows.range(len);
            by_key.resize(len * used.len(), 0.0);
            arithmetic.product(
                [len, used.len(), size],
                keys,
                (&distances[used.start * hidden + at..], 1, hidden),
                (by_key, used.len()),
                scale,
                packed,
            );
        }
        _ => {}
    }
    for first in (0..len).step_by(BLOCK) {
        let block = first..len.min(first + BLOCK);
        let seen = first.saturating_sub(reach)..len.min(block.end + reach);
        let (queries, keys) = (
            (&queries.0[first * queries.1..], queries.1),
            (&keys.0[seen.start * keys.1..], keys.1),
        );
        scores.resize(block.len() * seen.len(), 0.0);
        arithmetic.product(
            [block.len(), seen.len(), size],
            queries,
            (keys.0, 1, keys.1),
            (scores, seen.len()),
            scale,
            packed,
        );
        if let Positions::Disentangled(Disentangled {
            keys: Some(distances),
            rows,
            ..
        }) = shape.positions
        {
            let used = rows.range(len);
            by_query.resize(block.len() * used.len(), 0.0);
            arithmetic.product(
                [block.len(), used.len(), size],
                queries,
                (&distances[used.start * hidden + at..], 1, hidden),
                (by_query, used.len()),
                scale,
                packed,
            );
        }
        for (query, row) in block.clone().zip(scores.chunks_exact_mut(seen.len())) {
            match shape.positions {
                Positions::Bias(bias) => {
                    let bias = bias.row(head, query, len);
                    row.iter_mut().zip(bias).for_each(|(x, b)| *x += b);
                }
                Positions::Disentangled(distances) => {
                    let used = distances.rows.range(len);
                    let places = distances.rows.backwards(query, len).iter().rev();
                    let places = places.map(|place| place - used.start);
                    if distances.keys.is_some() {
                        let of_query = &by_query[(query - first) * used.len()..][..used.len()];
                        let scores = row.iter_mut().zip(places.clone());
                        scores.for_each(|(x, place)| *x += of_query[place]);
                    }
                    if distances.queries.is_some() {
                        let of_keys = by_key.chunks_exact(used.len());
                        let scores = row.iter_mut().zip(places).zip(of_keys);
                        scores.for_each(|((x, place), of_key)| *x += of_key[place]);
                    }
                }
                Positions::Plain | Positions::Rotary(_) => {}
            }
            if reach < len {
                for (key, x) in seen.clone().zip(row.iter_mut()) {
                    if key.abs_diff(query) > reach {
                        *x = f32::NEG_INFINITY;
                    }
                }
            }
            arithmetic.softmax(row);
        }
        arithmetic.product(
            [block.len(), size, seen.len()],
            (scores, seen.len()),
            (&rows[seen.start * stride + 2 * hidden + at..], stride, 1),
            (&mut out[first * hidden..], hidden),
            1.0,
            packed,
        );
    }
}
