//! Sentence embeddings in ten lines: for each line on the standard input, its embedding's values.
//!
//!     cargo run --release -p standpoint-encoder --example embed -- MODEL [KERNEL] < sentences.txt
//!
//! MODEL is a directory of a model trained for sentence embeddings with mean pooling, such as
//! all-MiniLM-L6-v2. `scripts/check_embeddings.py` compares the values with sentence-transformers'.

#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;

use standpoint_encoder::{Batch, Encoder, Kernel, Scratch};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let model = args.next().ok_or("usage: embed MODEL [KERNEL]")?;
    let kernel = args.next().map_or(Ok(Kernel::Auto), |name| name.parse())?;

    let encoder = Encoder::open(model.as_str(), kernel)?;
    let subwords = encoder.subwords();
    let mut batch = Batch::default();
    for sentence in std::io::stdin().lines() {
        let pieces = subwords.encode(&sentence?).ids;
        let room = pieces.len().min(encoder.max_pieces() - 2);
        batch.push(&[&[subwords.cls()], &pieces[..room], &[subwords.sep()]].concat());
    }
    let states = encoder.encode(&batch, &mut Scratch::default());
    for window in 0..states.windows() {
        let mean = states.mean(window);
        let length = mean.iter().map(|x| x * x).sum::<f32>().sqrt();
        let unit: Vec<String> = mean.iter().map(|x| (x / length).to_string()).collect();
        println!("{}", unit.join(" "));
    }
    Ok(())
}
