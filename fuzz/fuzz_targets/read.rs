//! No bytes make a reader panic, and what it gives is a document with text or a reason.
#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use standpoint_corpus::{InputFormat, ReadOptions, read_from};

// The first byte chooses the format.
fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let format = InputFormat::ALL[usize::from(*choice) % InputFormat::ALL.len()];
    let options = ReadOptions {
        max_bytes: 1 << 16,
        ..ReadOptions::default()
    };
    let _ = read_from(Box::new(bytes), format, "f", &options, &mut |item| {
        match item {
            Ok(entry) => assert!(!entry.document.text().trim().is_empty()),
            Err(failure) => assert!(!failure.reason.is_empty()),
        }
        ControlFlow::Continue(())
    });
});
