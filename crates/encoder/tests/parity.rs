//! Hidden states against PyTorch's, for each model type, on the fixtures that
//! `scripts/make_encoder_fixtures.py` writes.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use standpoint_encoder::{Batch, Encoder, Kernel, Scratch, States};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

const MODELS: &[&str] = &[
    "bert",
    "bert-int8",
    "distilbert",
    "mpnet",
    "roberta",
    "electra",
    "albert",
    "deberta-v2",
    "deberta-v2-apart",
    "modernbert",
];

struct Expected {
    batch: Batch,
    states: Vec<f32>,
}

fn expected(name: &str) -> Expected {
    let bytes = std::fs::read(data(name).join("expected.safetensors")).expect("expected states");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let words = |name: &str| -> Vec<[u8; 4]> {
        let tensor = file.tensor(name).expect(name);
        tensor.data().as_chunks().0.to_vec()
    };
    let ids: Vec<u32> = words("ids").into_iter().map(u32::from_le_bytes).collect();
    let ends = words("ends").into_iter().map(u32::from_le_bytes);
    let types = file.tensor("types").expect("types");
    let mut batch = Batch::default();
    let mut start = 0;
    for end in ends.map(|end| end as usize) {
        batch.push_typed(&ids[start..end], &types.data()[start..end]);
        start = end;
    }
    let states = words("states")
        .into_iter()
        .map(f32::from_le_bytes)
        .collect();
    Expected { batch, states }
}

#[track_caller]
fn check(name: &str) {
    let expected = expected(name);
    let encoder = Encoder::open(data(name), Kernel::Portable).expect(name);
    let got = encoder.encode(&expected.batch, &mut Scratch::default());
    assert_eq!(got.as_slice().len(), expected.states.len());
    let pairs = got.as_slice().iter().zip(&expected.states);
    let worst = pairs.map(|(g, w)| (g - w).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4, "{name}: off by {worst}");
}

/// The kernels beside the portable one that this machine has.
fn fast() -> impl Iterator<Item = Kernel> {
    let all = Kernel::ALL.into_iter();
    all.filter(|&k| k != Kernel::Auto && k != Kernel::Portable && k.is_available())
}

/// Kernels of fewer bits stay near: states are normalized, so a difference of 1 would be another
/// state altogether. These models are of random weights and have few values over which errors
/// would cancel; 7 bits are off by up to 0.1 in them.
#[test]
fn fast_kernels_are_near() {
    for kernel in fast() {
        for name in MODELS {
            let expected = expected(name);
            let encoder = Encoder::open(data(name), kernel).expect(name);
            assert_eq!(encoder.kernel_name(), kernel.name());
            let got = encoder.encode(&expected.batch, &mut Scratch::default());
            let pairs = got.as_slice().iter().zip(&expected.states);
            let squares: f32 = pairs.map(|(g, w)| (g - w) * (g - w)).sum();
            let off = (squares / expected.states.len() as f32).sqrt();
            assert!(off < 0.12, "{name}, {kernel}: off by {off} on average");
        }
    }
}

#[test]
fn bert() {
    check("bert");
}

#[test]
fn bert_int8_in_shards() {
    check("bert-int8");
}

#[test]
fn distilbert() {
    check("distilbert");
}

#[test]
fn mpnet() {
    check("mpnet");
}

#[test]
fn roberta() {
    check("roberta");
}

#[test]
fn electra() {
    check("electra");
}

#[test]
fn albert() {
    check("albert");
}

#[test]
fn deberta_v2() {
    check("deberta-v2");
}

#[test]
fn deberta_v2_with_projections_of_their_own() {
    check("deberta-v2-apart");
}

#[test]
fn modernbert() {
    check("modernbert");
}

/// A window's states do not depend, to the bit, on which windows are beside it.
#[test]
fn windows_do_not_see_each_other() {
    let mut scratch = Scratch::default();
    for kernel in std::iter::once(Kernel::Portable).chain(fast()) {
        for name in MODELS {
            let all = expected(name).batch;
            let encoder = Encoder::open(data(name), kernel).expect(name);
            let together = encoder.encode(&all, &mut scratch);
            for window in 0..together.windows() {
                let rows = together.window(window);
                let (ids, types) = ids_of(name, rows.clone());
                let mut alone = Batch::default();
                alone.push_typed(&ids, &types);
                let alone = encoder.encode(&alone, &mut scratch);
                assert_eq!(
                    bits(&alone),
                    bits_of(&together, rows),
                    "{name}, {kernel}, window {window}"
                );
            }
        }
    }
}

/// Some pieces' states are those that they have among all.
#[test]
fn some_states_are_as_among_all() {
    let mut scratch = Scratch::default();
    for kernel in std::iter::once(Kernel::Portable).chain(fast()) {
        for name in MODELS {
            let batch = expected(name).batch;
            let encoder = Encoder::open(data(name), kernel).expect(name);
            let all = encoder.encode(&batch, &mut scratch);
            let last = batch.pieces() - 1;
            for places in [vec![], vec![0], vec![last], vec![0, 1, last / 2, last]] {
                let some = encoder.encode_at(&batch, &places, &mut scratch);
                let want = places.iter().flat_map(|&place| all.row(place));
                let bits = |x: &f32| x.to_bits();
                assert_eq!(
                    some.iter().map(bits).collect::<Vec<_>>(),
                    want.map(bits).collect::<Vec<_>>(),
                    "{name}, {kernel}, {places:?}"
                );
            }
        }
    }
}

fn ids_of(name: &str, rows: std::ops::Range<usize>) -> (Vec<u32>, Vec<u8>) {
    let bytes = std::fs::read(data(name).join("expected.safetensors")).expect("expected states");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let ids = file.tensor("ids").expect("ids");
    let ids = ids.data().as_chunks::<4>().0[rows.clone()]
        .iter()
        .map(|b| u32::from_le_bytes(*b));
    let types = file.tensor("types").expect("types").data()[rows].to_vec();
    (ids.collect(), types)
}

fn bits(states: &States) -> Vec<u32> {
    states.as_slice().iter().map(|x| x.to_bits()).collect()
}

fn bits_of(states: &States, rows: std::ops::Range<usize>) -> Vec<u32> {
    rows.flat_map(|row| states.row(row))
        .map(|x| x.to_bits())
        .collect()
}
