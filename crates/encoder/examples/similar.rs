//! Sentence embeddings in ten lines: prints how alike each sentence is to the first.
//!
//!     cargo run --release -p standpoint-encoder --example similar -- MODEL SENTENCE [SENTENCE ...]
//!
//! MODEL is a directory of a model trained for sentence embeddings with mean pooling, such as
//! all-MiniLM-L6-v2.

#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;

use standpoint_encoder::{Batch, Encoder, Kernel, Scratch};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (model, sentences) = args
        .split_first()
        .ok_or("usage: similar MODEL SENTENCE ...")?;
    let encoder = Encoder::open(model.as_str(), Kernel::Auto)?;
    let subwords = encoder.subwords();
    let mut batch = Batch::default();
    for sentence in sentences {
        let pieces = subwords.encode(sentence).ids;
        let room = pieces.len().min(encoder.max_pieces() - 2);
        batch.push(&[&[subwords.cls()], &pieces[..room], &[subwords.sep()]].concat());
    }
    let states = encoder.encode(&batch, &mut Scratch::default());
    let unit = |mut v: Vec<f32>| {
        let length = v.iter().map(|x| x * x).sum::<f32>().sqrt();
        v.iter_mut().for_each(|x| *x /= length);
        v
    };
    let embeddings: Vec<Vec<f32>> = (0..states.windows())
        .map(|w| unit(states.mean(w)))
        .collect();
    for (sentence, embedding) in sentences.iter().zip(&embeddings) {
        let cosine: f32 = embedding
            .iter()
            .zip(&embeddings[0])
            .map(|(a, b)| a * b)
            .sum();
        println!("{cosine:.4}\t{sentence}");
    }
    Ok(())
}
