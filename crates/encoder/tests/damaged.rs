//! Missing, damaged and foreign files: an error that names the file and what to do, never a crash.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use standpoint_encoder::{Encoder, Error, Kernel, Weights};

fn bert() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bert")
}

/// A copy of the BERT fixture, to be damaged.
fn copy() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::copy(bert().join(name), dir.path().join(name)).expect("a copy");
    }
    dir
}

fn open(dir: &Path) -> Result<Encoder, Error> {
    Encoder::open(dir, Kernel::Portable)
}

#[track_caller]
fn check(dir: &Path, file: &str, says: &[&str]) {
    let err = open(dir).expect_err("it is damaged").to_string();
    for part in [file].iter().chain(says) {
        assert!(err.contains(part), "`{part}` is not in: {err}");
    }
}

#[test]
fn missing_files_are_named() {
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let dir = copy();
        fs::remove_file(dir.path().join(name)).expect("removed");
        check(dir.path(), name, &["cannot be read"]);
    }
}

#[test]
fn other_model_types_are_named_with_those_supported() {
    let dir = copy();
    fs::write(dir.path().join("config.json"), r#"{"model_type": "gpt2"}"#).expect("written");
    check(
        dir.path(),
        "config.json",
        &["`gpt2`", "bert, distilbert, mpnet"],
    );
    fs::write(dir.path().join("config.json"), "{").expect("written");
    check(dir.path(), "config.json", &["no JSON"]);
}

#[test]
fn odd_fields_are_named() {
    let config = fs::read_to_string(bert().join("config.json")).expect("config");
    for (from, to, says) in [
        (
            "\"num_attention_heads\": 4",
            "\"num_attention_heads\": 5",
            "5 attention heads",
        ),
        (
            "\"hidden_size\": 32",
            "\"hidden_size\": \"32\"",
            "`hidden_size` is \"32\"",
        ),
        ("\"hidden_size\": 32", "\"hidden_size\": 64", "[64]"),
        (
            "\"hidden_act\": \"gelu\"",
            "\"hidden_act\": \"mish\"",
            "`mish`",
        ),
        (
            "\"num_hidden_layers\": 2",
            "\"num_hidden_layers\": 3",
            "encoder.layer.2",
        ),
    ] {
        assert!(config.contains(from), "{from}");
        let dir = copy();
        fs::write(dir.path().join("config.json"), config.replace(from, to)).expect("written");
        check(dir.path(), "", &[says]);
    }
}

/// A part that is not run is named, rather than left out in silence.
#[test]
fn a_convolution_is_named() {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/deberta-v2");
    let config = fs::read_to_string(from.join("config.json")).expect("config");
    let dir = copy();
    let config = config.replace('{', r#"{"conv_kernel_size": 3,"#);
    fs::write(dir.path().join("config.json"), config).expect("written");
    check(
        dir.path(),
        "config.json",
        &["conv_kernel_size", "deberta-v2"],
    );
}

#[test]
fn a_missing_shard_is_named() {
    let dir = copy();
    fs::remove_file(dir.path().join("model.safetensors")).expect("removed");
    let index = r#"{"weight_map": {"w": "model-00002-of-00002.safetensors"}}"#;
    fs::write(dir.path().join("model.safetensors.index.json"), index).expect("written");
    check(
        dir.path(),
        "model-00002-of-00002.safetensors",
        &["cannot be read"],
    );
}

#[test]
fn cut_off_weights_are_told_apart() {
    let whole = fs::read(bert().join("model.safetensors")).expect("weights");
    for len in [0, 4, 8, 100, whole.len() / 2, whole.len() - 1] {
        let dir = copy();
        fs::write(dir.path().join("model.safetensors"), &whole[..len]).expect("written");
        check(
            dir.path(),
            "model.safetensors",
            &["no whole safetensors file", "sha256"],
        );
    }
}

#[test]
fn a_damaged_tokenizer_is_named() {
    let dir = copy();
    fs::write(dir.path().join("tokenizer.json"), "{}").expect("written");
    check(dir.path(), "tokenizer.json", &["no tokenizer"]);
}

#[test]
fn an_index_may_not_point_elsewhere() {
    let dir = copy();
    fs::remove_file(dir.path().join("model.safetensors")).expect("removed");
    let index = r#"{"weight_map": {"w": "../model.safetensors"}}"#;
    fs::write(dir.path().join("model.safetensors.index.json"), index).expect("written");
    check(
        dir.path(),
        "model.safetensors.index.json",
        &["../model.safetensors"],
    );
}

#[test]
fn kernels_have_names() {
    for kernel in Kernel::ALL {
        assert_eq!(kernel.name().parse(), Ok(kernel));
    }
    let err = "gpu".parse::<Kernel>().expect_err("no kernel").to_string();
    assert!(err.contains("`gpu`") && err.contains("amx"), "{err}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever bytes are changed, added or taken, opening gives weights or an error, and whatever
    /// opens can be read.
    #[test]
    fn changed_bytes_never_crash(
        changes in prop::collection::vec((0usize..4000, any::<u8>()), 0..8),
        cut in prop::option::of(0usize..5000),
    ) {
        let mut bytes = fs::read(bert().join("model.safetensors")).expect("weights");
        for (at, to) in changes {
            bytes[at] = to;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut);
        }
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::write(dir.path().join("model.safetensors"), &bytes).expect("written");
        if let Ok(weights) = Weights::open(dir.path()) {
            let names: Vec<String> = weights.names().map(str::to_owned).collect();
            for name in names {
                if let Ok((shape, values)) = weights.tensor(&name) {
                    prop_assert_eq!(shape.iter().product::<usize>(), values.len());
                }
            }
        }
    }
}
