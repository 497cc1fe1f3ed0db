//! rust-bert's states against PyTorch's and the encoder's own, on the encoder's fixtures.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::Value;
use standpoint_encoder::{Batch, Encode, Encoder, Kernel, Scratch, States};
use standpoint_rust_bert::{Device, Error, RustBert};

const MODELS: &[&str] = &[
    "bert",
    "bert-int8",
    "distilbert",
    "roberta",
    "electra",
    "albert-one-group",
];

fn data(name: &str) -> PathBuf {
    let folder = match name {
        "albert-one-group" => "tests/data",
        _ => "../../crates/encoder/tests/data",
    };
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(name)
}

fn open(dir: impl AsRef<Path>) -> Result<RustBert, Error> {
    RustBert::open(dir.as_ref(), Device::Cpu)
}

/// The windows of a fixture, and PyTorch's states for them.
fn expected(name: &str) -> (Batch, Vec<f32>) {
    let bytes = std::fs::read(data(name).join("expected.safetensors")).expect("expected states");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let words = |name: &str| -> Vec<[u8; 4]> {
        let tensor = file.tensor(name).expect(name);
        tensor.data().as_chunks().0.to_vec()
    };
    let ids: Vec<u32> = words("ids").into_iter().map(u32::from_le_bytes).collect();
    let types = file.tensor("types").expect("types");
    let mut batch = Batch::default();
    let mut start = 0;
    for end in words("ends").into_iter().map(u32::from_le_bytes) {
        let rows = start..end as usize;
        batch.push_typed(&ids[rows.clone()], &types.data()[rows]);
        start = end as usize;
    }
    let states = words("states").into_iter().map(f32::from_le_bytes);
    (batch, states.collect())
}

/// The largest difference.
#[track_caller]
fn off(got: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(got.len(), wanted.len());
    let pairs = got.iter().zip(wanted);
    // `f32::max` would pass over NaN.
    pairs.map(|(g, w)| (g - w).abs()).fold(0.0, |worst, next| {
        if next > worst || next.is_nan() {
            next
        } else {
            worst
        }
    })
}

fn native(dir: impl AsRef<Path>, batch: &Batch) -> States {
    let encoder = Encoder::open(dir.as_ref(), Kernel::Portable).expect("the encoder opens it");
    encoder.encode(batch, &mut Scratch::default())
}

#[track_caller]
fn check(name: &str) {
    let (batch, wanted) = expected(name);
    let model = open(data(name)).expect(name);
    let states = model.encode(&batch, &mut Scratch::default());
    let worst = off(states.as_slice(), &wanted);
    assert!(worst < 1e-4, "off by {worst} from PyTorch");
    let worst = off(states.as_slice(), native(data(name), &batch).as_slice());
    assert!(worst < 1e-4, "off by {worst} from the encoder");
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
fn roberta() {
    check("roberta");
}

#[test]
fn electra() {
    check("electra");
}

#[test]
fn albert() {
    check("albert-one-group");
}

/// Many more windows than go through the model together: each gets the states that it has alone.
#[test]
fn each_window_gets_its_own_states() {
    for name in MODELS {
        let (fixture, _) = expected(name);
        let (ids, types) = fixture
            .iter()
            .max_by_key(|(ids, _)| ids.len())
            .expect("some");
        let mut batch = Batch::default();
        let mut alone = Vec::new();
        let model = open(data(name)).expect(name);
        let mut scratch = Scratch::default();
        // Lengths in no order, and no two windows of one length alike.
        for number in 0..60 {
            let length = 2 + number * 7 % (ids.len() - 2);
            let mut ids = ids[..length].to_vec();
            ids.rotate_left(number % length);
            let mut window = Batch::default();
            window.push_typed(&ids, &types[..length]);
            batch.push_typed(&ids, &types[..length]);
            alone.push(model.encode(&window, &mut scratch));
        }
        let one = model.encode(&batch, &mut scratch);
        let some = model.together(8).encode(&batch, &mut scratch);
        for (number, alone) in alone.iter().enumerate() {
            let rows = one.window(number);
            let rows = rows.start * one.hidden_size()..rows.end * one.hidden_size();
            let bits = |states: &[f32]| states.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            let (one, alone) = (&one.as_slice()[rows.clone()], alone.as_slice());
            assert_eq!(bits(one), bits(alone), "{name}, window {number}");
            let worst = off(&some.as_slice()[rows], alone);
            assert!(worst < 1e-5, "{name}, window {number}: off by {worst}");
        }
    }
}

/// rust-bert has one epsilon for all; a model's own is kept all the same.
#[test]
fn layer_norms_keep_their_epsilon() {
    for name in ["bert", "roberta", "electra", "albert-one-group"] {
        let folder = edited(name, |config| config["layer_norm_eps"] = Value::from(0.01));
        let (batch, usual) = expected(name);
        let wanted = native(folder.path(), &batch);
        let worst = off(wanted.as_slice(), &usual);
        assert!(worst > 1e-3, "{name}: this epsilon does not show ({worst})");
        let states = open(folder.path()).expect(name);
        let states = states.encode(&batch, &mut Scratch::default());
        let worst = off(states.as_slice(), wanted.as_slice());
        assert!(worst < 1e-4, "{name}: off by {worst}");
    }
}

#[test]
fn what_cannot_be_run_is_named() {
    for (name, found) in [
        ("mpnet", "mpnet"),
        ("modernbert", "modernbert"),
        ("deberta-v2", "deberta-v2"),
        ("albert", "albert of 2 groups of 1 layers"),
    ] {
        let error = open(data(name)).expect_err(name).to_string();
        assert!(error.contains(&format!("{found} cannot be run")), "{error}");
    }
}

#[test]
fn what_does_not_fit_is_named() {
    for (field, value, part) in [
        ("num_hidden_layers", Value::from(3), "encoder.layer.2."),
        ("vocab_size", Value::from(7), "word_embeddings.weight"),
        ("hidden_size", Value::Null, "hidden_size"),
    ] {
        let folder = edited("bert", |config| match value {
            Value::Null => drop(config.as_object_mut().expect("fields").remove(field)),
            _ => config[field] = value,
        });
        let error = open(folder.path()).expect_err(field).to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_device_that_is_not_there_is_named() {
    let error = RustBert::open(data("bert"), Device::Cuda(999)).expect_err("no such device");
    assert!(error.to_string().contains("Cuda(999)"), "{error}");
}

#[test]
#[should_panic(expected = "there is no piece")]
fn a_piece_of_no_vocabulary_is_named() {
    let model = open(data("bert")).expect("bert");
    let mut batch = Batch::default();
    batch.push(&[2, 1_000_000, 3]);
    let _ = model.encode(&batch, &mut Scratch::default());
}

/// A fixture with another `config.json`.
fn edited(name: &str, edit: impl FnOnce(&mut Value)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        std::fs::copy(data(name).join(file), folder.path().join(file)).expect(file);
    }
    let path = folder.path().join("config.json");
    let mut config = serde_json::from_slice(&std::fs::read(&path).expect("config")).expect("JSON");
    edit(&mut config);
    std::fs::write(path, config.to_string()).expect("config");
    folder
}
