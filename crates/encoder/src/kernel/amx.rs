//! bfloat16 products in AMX tiles.
//!
//! A tile is 16 rows of 64 bytes. One instruction multiplies a tile of 16 rows by 32 inputs with
//! a tile of 32 inputs by 16 outputs and adds to a tile of 16 by 16 sums in 32-bit floats. Four
//! tiles of sums, two of rows and two of weights are the eight that there are: each tile loaded
//! is used twice. Weights are packed at opening, activations converted when they are written, so
//! that every load is one contiguous kilobyte.
//!
//! Weights stored as integers with a scale per row stay exact: an integer up to 256 is a bfloat16,
//! and the scale multiplies the sum.

#![allow(
    unsafe_code,
    reason = "tile instructions have no safe or stable intrinsics"
)]

use std::arch::asm;
use std::arch::x86_64::*;

use half::bf16;

use super::vector::{self, load, store};
use super::{Backend, Line, Operand, Out, Product, Work};
use crate::attention::{self, Arithmetic, Positions, Shape};
use crate::layer::Norm;
use crate::weights::{Matrix, Stored};

pub(super) struct Amx {
    _private: (),
}

impl Amx {
    /// The backend, if this machine and system allow it.
    pub(super) fn new() -> Option<Self> {
        let vectors = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512bf16");
        // CPUID leaf 7: EDX bit 22 is AMX-BF16, bit 24 AMX-TILE.
        let tiles = __cpuid_count(7, 0).edx & (1 << 22 | 1 << 24) == (1 << 22 | 1 << 24);
        (vectors && tiles && permitted()).then_some(Self { _private: () })
    }
}

/// Asks Linux for leave to use tiles, which a process needs once; asking again is harmless.
#[cfg(target_os = "linux")]
fn permitted() -> bool {
    const ARCH_PRCTL: usize = 158;
    const ARCH_REQ_XCOMP_PERM: usize = 0x1023;
    const XFEATURE_XTILEDATA: usize = 18;
    let result: isize;
    // SAFETY: this system call reads and writes no memory of ours. It changes what the process
    // may do and how large its signal frames are, and fails if a signal stack is too small.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}

#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}

/// The shape of the tiles, as `ldtilecfg` reads it: palette 1, eight tiles of 16 rows by 64 bytes.
#[repr(C, align(64))]
struct TileConfig {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes_per_row: [u16; 16],
    rows: [u8; 16],
}

static TILES: TileConfig = TileConfig {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    bytes_per_row: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// The thread's tiles, set up; given back when dropped, so that switching threads is cheap again.
struct Tiles {
    _not_send: std::marker::PhantomData<*const ()>,
}

impl Tiles {
    fn set_up(_backend: &Amx) -> Self {
        // SAFETY: there is an `Amx`, so the CPU has tiles and the process may use them; the
        // configuration is 64 readable bytes and valid for palette 1. No code of the compiler
        // uses tiles.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const TILES, options(nostack, readonly));
        }
        Self {
            _not_send: std::marker::PhantomData,
        }
    }

    /// `c = a · b` for two tiles of rows by two of outputs: `a` is `2 · depth` tiles, those of
    /// the first 16 rows before those of the second 16; `b` is `2 · depth` tiles, two for each
    /// 32 inputs. `c` gets 32 rows of 32 sums, `stride` apart. `ahead` is what will be wanted
    /// next, and is brought near, 256 bytes for each 32 inputs.
    #[inline(always)]
    fn multiply(
        &self,
        a: [&[Line]; 2],
        b: &[Line],
        c: &mut [f32],
        stride: usize,
        ahead: *const Line,
    ) {
        let depth = b.len() / 32;
        assert!(depth > 0 && a[0].len() == depth * 16 && a[1].len() == depth * 16);
        assert!(stride >= 32 && c.len() >= 31 * stride + 32);
        // SAFETY: `self` says that this thread's tiles are set up. The loop loads `depth` times
        // 1 KiB from each of `a` and 2 KiB from `b`, the lengths just asserted; the stores write
        // 32 rows of 128 bytes, `stride` floats apart, which `c` holds. Prefetching does not
        // fault, whatever the address.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "tileloadd tmm4, [{a0} + {line}*1]",
                "tileloadd tmm6, [{b} + {line}*1]",
                "tileloadd tmm7, [{b} + {line}*1 + 1024]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "prefetcht1 [{p}]",
                "prefetcht1 [{p} + 64]",
                "tileloadd tmm5, [{a1} + {line}*1]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "prefetcht1 [{p} + 128]",
                "prefetcht1 [{p} + 192]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {a0}, 1024",
                "add {a1}, 1024",
                "add {b}, 2048",
                "add {p}, 256",
                "dec {n}",
                "jnz 2b",
                "tilestored [{c} + {s}*1], tmm0",
                "tilestored [{c} + {s}*1 + 64], tmm1",
                "tilestored [{c2} + {s}*1], tmm2",
                "tilestored [{c2} + {s}*1 + 64], tmm3",
                a0 = inout(reg) a[0].as_ptr() => _,
                a1 = inout(reg) a[1].as_ptr() => _,
                b = inout(reg) b.as_ptr() => _,
                p = inout(reg) ahead => _,
                n = inout(reg) depth => _,
                c = in(reg) c.as_mut_ptr(),
                c2 = in(reg) c.as_mut_ptr().add(16 * stride),
                s = in(reg) stride * 4,
                line = in(reg) 64usize,
                out("tmm0") _,
                out("tmm1") _,
                out("tmm2") _,
                out("tmm3") _,
                out("tmm4") _,
                out("tmm5") _,
                out("tmm6") _,
                out("tmm7") _,
                options(nostack),
            );
        }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: the tiles were set up in `set_up`; releasing them touches nothing else.
        unsafe { asm!("tilerelease", options(nostack, nomem)) }
    }
}

impl Backend for Amx {
    fn name(&self) -> &'static str {
        "amx"
    }

    fn pack(&self, weights: &[Matrix], bias: Vec<f32>) -> Box<dyn Product> {
        Box::new(Packed::new(weights, bias))
    }

    fn load(&self, rows: &[f32], width: usize, operand: &mut Operand) {
        operand.shape_lines(rows.len() / width, width);
        for (r, row) in rows.chunks_exact(width).enumerate() {
            // SAFETY: there is an `Amx`, so the CPU has the features.
            unsafe { convert_row(row, r, operand) };
        }
    }

    fn normalize(&self, rows: &mut [f32], norm: &Norm, operand: &mut Operand) {
        let width = norm.weight.len();
        operand.shape_lines(rows.len() / width, width);
        for (r, row) in rows.chunks_exact_mut(width).enumerate() {
            // SAFETY: there is an `Amx`, so the CPU has the features.
            unsafe {
                vector::layer_norm(row, &norm.weight, &norm.bias, norm.epsilon);
                convert_row(row, r, operand);
            }
        }
    }

    fn attend(&self, qkv: &Operand, shape: &Shape<'_>, work: &mut Work, out: &mut Operand) {
        let hidden = shape.heads * shape.size;
        out.shape_lines(qkv.rows, hidden);
        let plain = matches!(shape.positions, Positions::Plain | Positions::Bias(_));
        if plain && shape.size.is_multiple_of(32) {
            // SAFETY: there is an `Amx`, so the CPU has the features.
            unsafe { attend(&Tiles::set_up(self), qkv, shape, work, out) };
        } else {
            // No tile holds a head of this size whole, or queries and keys are not just multiplied:
            // 32-bit floats.
            qkv.lines_to_floats(&mut work.floats);
            work.context.resize(qkv.rows * hidden, 0.0);
            let Work {
                floats,
                buffers,
                context,
                ..
            } = &mut *work;
            attention::attend(floats, shape, buffers, context, self);
            self.load(&work.context, hidden, out);
        }
    }
}

impl Arithmetic for Amx {
    fn softmax(&self, row: &mut [f32]) {
        // SAFETY: there is an `Amx`, so the CPU has the features.
        unsafe { vector::softmax(row) }
    }
}

/// Writes a row as bfloat16 into its lines.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn convert_row(row: &[f32], r: usize, operand: &mut Operand) {
    for (k, at) in (0..row.len()).step_by(32).enumerate() {
        let line = operand.line_mut(r, k);
        line.set(load(row, at), load(row, at + 16));
    }
}

impl Line {
    /// 32 floats, rounded.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    fn set(&mut self, low: __m512, high: __m512) {
        let both = _mm512_cvtne2ps_pbh(high, low);
        // SAFETY: a line is 64 bytes, aligned to 64.
        unsafe {
            _mm512_store_si512(
                (&raw mut self.0).cast(),
                std::mem::transmute::<__m512bh, __m512i>(both),
            )
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn get(&self) -> __m512i {
        // SAFETY: a line is 64 bytes, aligned to 64.
        unsafe { _mm512_load_si512((&raw const self.0).cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn put(&mut self, bits: __m512i) {
        // SAFETY: a line is 64 bytes, aligned to 64.
        unsafe { _mm512_store_si512((&raw mut self.0).cast(), bits) }
    }
}

/// Weights in panels of 32 outputs: for each 32 inputs two tiles of 16 outputs, whose lines are
/// two inputs for each of the outputs.
struct Packed {
    lines: Vec<Line>,
    /// By output, padded with zeros to whole panels.
    scales: Vec<f32>,
    bias: Vec<f32>,
    depth: usize,
    width: usize,
}

impl Packed {
    fn new(weights: &[Matrix], mut bias: Vec<f32>) -> Self {
        let depth = weights.first().map_or(0, |w| w.cols);
        let width: usize = weights.iter().map(|w| w.rows).sum();
        let (blocks, panels) = (depth.div_ceil(32), width.div_ceil(32));
        let mut lines = vec![Line::default(); panels * blocks * 32];
        let mut scales = Vec::with_capacity(panels * 32);
        let mut floats = vec![0.0; depth];
        let mut row = vec![0u16; blocks * 32];
        let mut output = 0;
        for matrix in weights {
            for r in 0..matrix.rows {
                if matrix.stored == Stored::I8 {
                    for (to, &from) in row.iter_mut().zip(matrix.raw_row(r)) {
                        // Exact: the upper half of the float has eight bits of value.
                        let value = f32::from(from.cast_signed());
                        *to = (value.to_bits() >> 16) as u16;
                    }
                    scales.push(matrix.scales.as_ref().map_or(1.0, |s| s[r]));
                } else {
                    matrix.read_row(r, &mut floats);
                    for (to, &from) in row.iter_mut().zip(&floats) {
                        *to = bf16::from_f32(from).to_bits();
                    }
                    scales.push(1.0);
                }
                let (panel, tile, column) = (output / 32, output % 32 / 16, output % 16);
                let panel = &mut lines[panel * blocks * 32..][..blocks * 32];
                for (tiles, values) in panel
                    .as_chunks_mut::<32>()
                    .0
                    .iter_mut()
                    .zip(row.as_chunks::<32>().0)
                {
                    for (i, pair) in values.as_chunks::<2>().0.iter().enumerate() {
                        let line = &mut tiles[tile * 16 + i].0;
                        line[2 * column] = pair[0];
                        line[2 * column + 1] = pair[1];
                    }
                }
                output += 1;
            }
        }
        scales.resize(panels * 32, 0.0);
        bias.resize(panels * 32, 0.0);
        Self {
            lines,
            scales,
            bias,
            depth,
            width,
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    fn run_with(&self, tiles: &Tiles, x: &Operand, mut out: Out<'_>) {
        let blocks = self.depth.div_ceil(32);
        if let Out::Heads(operand) | Out::Activate(_, operand) = &mut out {
            operand.shape_lines(x.rows, self.width);
        }
        if blocks == 0 || x.rows == 0 {
            return;
        }
        let mut sums = Sums([0.0; 32 * 32]);
        for (p, panel) in self.lines.chunks_exact(blocks * 32).enumerate() {
            let left = p * 32;
            let columns = 32.min(self.width - left);
            let scales = [load(&self.scales, left), load(&self.scales, left + 16)];
            let bias = [load(&self.bias, left), load(&self.bias, left + 16)];
            for top in (0..x.rows).step_by(32) {
                let a = x.tiles(top);
                // A quarter of a block's bytes for each block: eight pairs bring a whole panel.
                let ahead = panel
                    .as_ptr()
                    .wrapping_add(panel.len() + top / 32 * blocks * 4);
                tiles.multiply(a, panel, &mut sums.0, 32, ahead);
                let rows = 32.min(x.rows - top);
                for (r, sums) in sums.0.chunks_exact(32).take(rows).enumerate() {
                    let low = _mm512_fmadd_ps(load(sums, 0), scales[0], bias[0]);
                    let high = _mm512_fmadd_ps(load(sums, 16), scales[1], bias[1]);
                    match &mut out {
                        Out::Store(out) => {
                            let row = &mut out[(top + r) * self.width + left..][..columns];
                            store(row, 0, low);
                            store(row, 16, high);
                        }
                        Out::Add(out) => {
                            let row = &mut out[(top + r) * self.width + left..][..columns];
                            store(row, 0, _mm512_add_ps(load(row, 0), low));
                            store(row, 16, _mm512_add_ps(load(row, 16), high));
                        }
                        Out::Heads(operand) => operand.line_mut(top + r, p).set(low, high),
                        Out::Activate(activation, operand) => {
                            let low = vector::activate(*activation, low);
                            let high = vector::activate(*activation, high);
                            operand.line_mut(top + r, p).set(low, high);
                        }
                    }
                }
            }
        }
    }
}

#[repr(align(64))]
struct Sums([f32; 32 * 32]);

impl Product for Packed {
    fn run(&self, x: &Operand, out: Out<'_>) {
        assert_eq!(x.width, self.depth, "operand and weights have one depth");
        // A `Packed` is only made by an `Amx`.
        let tiles = Tiles::set_up(&Amx { _private: () });
        // SAFETY: there was an `Amx` to pack this, so the CPU has the features.
        unsafe { self.run_with(&tiles, x, out) }
    }
}

/// Attention for heads of whole tiles. Scores, softmax and context are made for 32 queries at a
/// time against all keys of the window.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn attend(tiles: &Tiles, qkv: &Operand, shape: &Shape<'_>, work: &mut Work, out: &mut Operand) {
    // Tiles of 32 inputs per head, and per row of query, key or value.
    let (deep, wide) = (shape.size / 32, shape.heads * shape.size / 32);
    let scale = _mm512_set1_ps(shape.scale());
    let mut context = Sums([0.0; 32 * 32]);
    for window in shape.windows {
        let len = window.len();
        let blocks = len.div_ceil(32);
        let padded = blocks * 32;
        let tile_lines = padded * deep;
        work.lines.resize(3 * tile_lines + padded, Line::default());
        work.scores.resize(32 * padded, 0.0);
        let (queries, rest) = work.lines.split_at_mut(tile_lines);
        let (keys, rest) = rest.split_at_mut(tile_lines);
        let (values, probabilities) = rest.split_at_mut(tile_lines);
        for head in 0..shape.heads {
            pack_queries(qkv, window.start, len, head * deep, deep, queries);
            pack_keys(qkv, window.start, len, wide + head * deep, deep, keys);
            pack_values(qkv, window.start, len, 2 * wide + head * deep, deep, values);
            for (block, q) in queries.chunks_exact(32 * deep).enumerate() {
                let (q0, q1) = q.split_at(16 * deep);
                for (i, k) in keys.chunks_exact(32 * deep).enumerate() {
                    let scores = &mut work.scores[i * 32..];
                    tiles.multiply([q0, q1], k, scores, padded, k.as_ptr());
                }
                let rows = 32.min(len - block * 32);
                let mut weight = [0.0; 32];
                for r in 0..rows {
                    let row = &mut work.scores[r * padded..][..padded];
                    let query = block * 32 + r;
                    let lines = &mut probabilities[r / 16 * blocks * 16..];
                    let bias = match shape.positions {
                        Positions::Bias(bias) => Some(bias.row(head, query, len)),
                        _ => None,
                    };
                    weight[r] = 1.0 / soften(row, len, scale, bias, &mut lines[r % 16..]);
                }
                let (p0, p1) = probabilities.split_at(16 * blocks);
                for (j, v) in values.chunks_exact(32 * blocks).enumerate() {
                    tiles.multiply([p0, p1], v, &mut context.0, 32, v.as_ptr());
                    for (r, sums) in context.0.chunks_exact(32).take(rows).enumerate() {
                        let weight = _mm512_set1_ps(weight[r]);
                        let low = _mm512_mul_ps(load(sums, 0), weight);
                        let high = _mm512_mul_ps(load(sums, 16), weight);
                        let row = window.start + block * 32 + r;
                        out.line_mut(row, head * deep + j).set(low, high);
                    }
                }
            }
        }
    }
}

/// Turns a row of raw scores into unnormalized probabilities, in lines 16 apart, and gives their
/// sum. Scores from `len` on are padding and become zero.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn soften(
    row: &mut [f32],
    len: usize,
    scale: __m512,
    bias: Option<&[f32]>,
    lines: &mut [Line],
) -> f32 {
    let mut top = _mm512_set1_ps(f32::NEG_INFINITY);
    for at in (0..row.len()).step_by(16) {
        let inside = vector::mask(len.saturating_sub(at));
        let mut x = _mm512_mul_ps(load(row, at), scale);
        if let Some(bias) = bias {
            x = _mm512_add_ps(x, load(bias, at));
        }
        let x = _mm512_mask_blend_ps(inside, _mm512_set1_ps(f32::NEG_INFINITY), x);
        store(row, at, x);
        top = _mm512_max_ps(x, top);
    }
    let top = _mm512_set1_ps(_mm512_reduce_max_ps(top));
    let mut sum = _mm512_setzero_ps();
    for (i, at) in (0..row.len()).step_by(32).enumerate() {
        let part = |at: usize| {
            let inside = vector::mask(len.saturating_sub(at));
            _mm512_maskz_mov_ps(inside, vector::exp(_mm512_sub_ps(load(row, at), top)))
        };
        let (low, high) = (part(at), part(at + 16));
        sum = _mm512_add_ps(sum, _mm512_add_ps(low, high));
        lines[i * 16].set(low, high);
    }
    _mm512_reduce_add_ps(sum)
}

/// The queries of a head as rows of tiles. Rows past the window keep what was there: they are
/// multiplied but never read.
#[inline]
#[target_feature(enable = "avx512f")]
fn pack_queries(
    x: &Operand,
    start: usize,
    len: usize,
    from: usize,
    deep: usize,
    tiles: &mut [Line],
) {
    for r in 0..len {
        for k in 0..deep {
            tiles[(r / 16 * deep + k) * 16 + r % 16] = *x.line(start + r, from + k);
        }
    }
}

/// The keys of a head as panels of 32 outputs: each 16 keys by 32 inputs transposed in pairs.
#[inline]
#[target_feature(enable = "avx512f")]
fn pack_keys(x: &Operand, start: usize, len: usize, from: usize, deep: usize, tiles: &mut [Line]) {
    for (t, tile) in tiles.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        // Tiles stand by 32 keys, then by 32 inputs, then by 16 keys.
        let (block, k, half) = (t / (2 * deep), t / 2 % deep, t % 2);
        let first = block * 32 + half * 16;
        if first >= len {
            continue;
        }
        let mut rows = [_mm512_setzero_si512(); 16];
        for (r, row) in rows.iter_mut().enumerate().take(len - first) {
            *row = x.line(start + first + r, from + k).get();
        }
        for (line, row) in tile.iter_mut().zip(transpose(rows)) {
            line.put(row);
        }
    }
}

/// The values of a head as panels of 32 outputs: for each 32 keys, pairs of keys interleaved.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn pack_values(
    x: &Operand,
    start: usize,
    len: usize,
    from: usize,
    deep: usize,
    tiles: &mut [Line],
) {
    let blocks = tiles.len() / (32 * deep);
    let index = |from: u16| {
        let mut index = [0u16; 32];
        for i in 0..16 {
            index[2 * usize::from(i)] = from + i;
            index[2 * usize::from(i) + 1] = from + i + 32;
        }
        // SAFETY: 32 numbers of 16 bits are 512 bits, and any bits are a vector.
        unsafe { std::mem::transmute::<[u16; 32], __m512i>(index) }
    };
    let (low, high) = (index(0), index(16));
    for (t, tiles) in tiles.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (j, block) = (t / blocks, t % blocks);
        let row = |key: usize| {
            if key < len {
                x.line(start + key, from + j).get()
            } else {
                // Not what happens to be there: nothing times not-a-number is not nothing.
                _mm512_setzero_si512()
            }
        };
        for pair in 0..16 {
            let key = block * 32 + 2 * pair;
            let (even, odd) = (row(key), row(key + 1));
            tiles[pair].put(_mm512_permutex2var_epi16(even, low, odd));
            tiles[16 + pair].put(_mm512_permutex2var_epi16(even, high, odd));
        }
    }
}

/// 16 rows of 16 numbers of 32 bits, transposed.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(r: [__m512i; 16]) -> [__m512i; 16] {
    let mut a = r;
    for i in (0..16).step_by(2) {
        a[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        a[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    let mut b = a;
    for i in (0..16).step_by(4) {
        b[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
        b[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
        b[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
        b[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
    }
    // Now b[4g + c] holds, in each quarter q, column 4q + c of rows 4g to 4g + 3.
    let mut out = r;
    for c in 0..4 {
        let (g0, g1, g2, g3) = (b[c], b[4 + c], b[8 + c], b[12 + c]);
        let even01 = _mm512_shuffle_i32x4::<0b10_00_10_00>(g0, g1);
        let odd01 = _mm512_shuffle_i32x4::<0b11_01_11_01>(g0, g1);
        let even23 = _mm512_shuffle_i32x4::<0b10_00_10_00>(g2, g3);
        let odd23 = _mm512_shuffle_i32x4::<0b11_01_11_01>(g2, g3);
        out[c] = _mm512_shuffle_i32x4::<0b10_00_10_00>(even01, even23);
        out[8 + c] = _mm512_shuffle_i32x4::<0b11_01_11_01>(even01, even23);
        out[4 + c] = _mm512_shuffle_i32x4::<0b10_00_10_00>(odd01, odd23);
        out[12 + c] = _mm512_shuffle_i32x4::<0b11_01_11_01>(odd01, odd23);
    }
    out
}
