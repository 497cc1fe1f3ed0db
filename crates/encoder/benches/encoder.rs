//! Products, one layer, and a whole model, on each kernel that this machine has, beside what the
//! processor can do at most. For the peaks and the products an element is an operation, two a
//! multiplication and addition, so that "Gelem/s" are GFLOP/s or GOP/s; for layers and models an
//! element is a piece.
//!
//!     cargo bench -p standpoint-encoder
//!
//! The models are of usual sizes, with random weights.

use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use safetensors::tensor::{Dtype, TensorView};
use standpoint_encoder::{Batch, Encoder, Kernel, Layers, MeasuredProduct, Scratch};

/// Rows that go through the layers together.
const ROWS: usize = 384;
/// Pieces a window, as a sentence or two have.
const WINDOW: usize = 48;

fn kernels() -> impl Iterator<Item = Kernel> {
    let all = Kernel::ALL.into_iter();
    all.filter(|&kernel| kernel != Kernel::Auto && kernel.is_available())
}

/// What one core can multiply and add, from registers alone.
#[cfg(target_arch = "x86_64")]
fn peak(c: &mut Criterion) {
    use std::arch::x86_64::*;
    use std::hint::black_box;

    const TIMES: u64 = 10_000;
    /// 12 sums of 8 floats.
    #[target_feature(enable = "avx2,fma")]
    fn floats() -> [f32; 8] {
        let mut sums = [_mm256_set1_ps(black_box(1.0)); 12];
        let (x, y) = (black_box(1.000_001), black_box(1e-9));
        let (x, y) = (_mm256_set1_ps(x), _mm256_set1_ps(y));
        for _ in 0..TIMES {
            sums.iter_mut().for_each(|s| *s = _mm256_fmadd_ps(*s, x, y));
        }
        let total = sums.into_iter().reduce(|a, b| _mm256_add_ps(a, b));
        let mut out = [0.0; 8];
        // SAFETY: `out` has room for the eight floats.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), total.expect("twelve")) };
        out
    }
    /// 12 sums of 8 integers, each of eight products of bytes, as the kernel `avx2` has them.
    #[target_feature(enable = "avx2")]
    fn integers() -> [i32; 8] {
        let mut sums = [_mm256_set1_epi32(black_box(1)); 12];
        let (x, y) = (
            _mm256_set1_epi8(black_box(3)),
            _mm256_set1_epi8(black_box(5)),
        );
        let ones = _mm256_set1_epi16(black_box(1));
        for _ in 0..TIMES {
            for sum in &mut sums {
                // The factor differs from sum to sum, or one product would serve all.
                let first = _mm256_maddubs_epi16(x, *sum);
                let four = _mm256_add_epi16(first, _mm256_maddubs_epi16(y, *sum));
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(four, ones));
            }
        }
        let total = sums.into_iter().reduce(|a, b| _mm256_add_epi32(a, b));
        let mut out = [0; 8];
        // SAFETY: `out` has room for the eight integers.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), total.expect("twelve")) };
        out
    }

    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        let mut group = c.benchmark_group("peak");
        group.throughput(Throughput::Elements(TIMES * 12 * 16));
        // SAFETY: the CPU has the features.
        group.bench_function("avx2 f32", |b| b.iter(|| unsafe { floats() }));
        group.throughput(Throughput::Elements(TIMES * 12 * 128));
        // SAFETY: the CPU has the features.
        group.bench_function("avx2 int8", |b| b.iter(|| unsafe { integers() }));
        group.finish();
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn peak(_: &mut Criterion) {}

/// The four products of a layer of DistilBERT, and those of MiniLM.
fn products(c: &mut Criterion) {
    let mut group = c.benchmark_group("product");
    for (depth, width) in [
        (768, 2304),
        (768, 3072),
        (3072, 768),
        (384, 1152),
        (1536, 384),
    ] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        save(dir.path(), &[("w".to_owned(), vec![width, depth])]);
        group.throughput(Throughput::Elements((2 * ROWS * depth * width) as u64));
        for kernel in kernels() {
            let mut product = MeasuredProduct::open(dir.path(), "w", ROWS, kernel).expect("w");
            let name = format!("{ROWS}x{depth}x{width}");
            group.bench_function(BenchmarkId::new(kernel.name(), name), |b| {
                b.iter(|| product.run());
            });
        }
    }
    group.finish();
}

fn layers_and_models(c: &mut Criterion) {
    for (name, hidden, heads) in [("DistilBERT", 768, 12), ("MiniLM-L6", 384, 12)] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        model(dir.path(), hidden, heads);
        let mut batch = Batch::default();
        let pieces: Vec<u32> = (0..WINDOW as u32).map(|i| 5 + i * 7 % 150).collect();
        (0..ROWS / WINDOW).for_each(|_| batch.push(&pieces));
        let mut scratch = Scratch::default();
        for kernel in kernels() {
            let encoder = Encoder::open(dir.path(), kernel).expect("the model");
            let layer = Layers::open(dir.path(), "one.", kernel).expect("the layer");
            let mut states = encoder.encode(&batch, &mut scratch);
            let mut group = c.benchmark_group("layer");
            group.throughput(Throughput::Elements(ROWS as u64));
            group.bench_function(BenchmarkId::new(kernel.name(), name), |b| {
                b.iter(|| layer.apply(&mut states, &mut scratch));
            });
            group.finish();
            let mut group = c.benchmark_group("model");
            group.throughput(Throughput::Elements(ROWS as u64));
            group.bench_function(BenchmarkId::new(kernel.name(), name), |b| {
                b.iter(|| encoder.encode(&batch, &mut scratch));
            });
            group.finish();
        }
    }
}

/// A DistilBERT of six layers, and a layer that stands alone, with random weights.
fn model(dir: &Path, hidden: usize, heads: usize) {
    const PIECES: usize = 164;
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bert/tokenizer.json");
    std::fs::copy(fixture, dir.join("tokenizer.json")).expect("a copy");
    let inner = 4 * hidden;
    let config = format!(
        r#"{{"model_type": "distilbert", "dim": {hidden}, "n_layers": 6, "n_heads": {heads},
            "hidden_dim": {inner}, "vocab_size": {PIECES}, "max_position_embeddings": 512,
            "activation": "gelu"}}"#
    );
    std::fs::write(dir.join("config.json"), config).expect("written");
    let mut tensors = vec![
        (
            "embeddings.word_embeddings.weight".to_owned(),
            vec![PIECES, hidden],
        ),
        (
            "embeddings.position_embeddings.weight".to_owned(),
            vec![512, hidden],
        ),
    ];
    let mut add = |name: String, weight: Vec<usize>| {
        tensors.push((format!("{name}.bias"), vec![weight[0]]));
        tensors.push((format!("{name}.weight"), weight));
    };
    let layers = (0..6).map(|i| format!("transformer.layer.{i}."));
    for layer in layers.chain(["one.0.".to_owned()]) {
        for part in ["q_lin", "k_lin", "v_lin", "out_lin"] {
            add(format!("{layer}attention.{part}"), vec![hidden, hidden]);
        }
        add(format!("{layer}ffn.lin1"), vec![inner, hidden]);
        add(format!("{layer}ffn.lin2"), vec![hidden, inner]);
        for norm in ["sa_layer_norm", "output_layer_norm"] {
            add(format!("{layer}{norm}"), vec![hidden]);
        }
    }
    add("embeddings.LayerNorm".to_owned(), vec![hidden]);
    save(dir, &tensors);
}

/// Writes tensors of these shapes, their values small and scattered.
fn save(dir: &Path, tensors: &[(String, Vec<usize>)]) {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 * 0.1 - 0.1
    };
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, shape)| {
            let count = shape.iter().product();
            (0..count).flat_map(|_| next().to_le_bytes()).collect()
        })
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape), bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a tensor");
        (name.clone(), view)
    });
    safetensors::serialize_to_file(views, None, &dir.join("model.safetensors")).expect("a file");
}

criterion_group!(benches, peak, products, layers_and_models);
criterion_main!(benches);
