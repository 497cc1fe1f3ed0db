//! Any bytes as a weights file: opening gives weights or an error, and what opens can be read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standpoint_encoder::{ModelDir, Weights};

fuzz_target!(|bytes: &[u8]| {
    // The files of a program live as long as it does: each input leaks a little.
    let bytes: &'static [u8] = Vec::leak(bytes.to_vec());
    let files = Vec::leak(vec![("model.safetensors", bytes)]);
    if let Ok(weights) = Weights::open(ModelDir::embedded("fuzzed", files)) {
        for name in weights.names() {
            if let Ok((shape, values)) = weights.tensor(name) {
                assert_eq!(shape.iter().product::<usize>(), values.len());
            }
        }
    }
});
