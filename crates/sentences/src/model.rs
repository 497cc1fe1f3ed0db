//! The learned part: a table of feature vectors, summed, through one hidden layer.

use crate::features::{COUNT, GLANCE};

/// Feature vectors, two to the power of this.
const BITS: u32 = 13;
/// Numbers in a feature vector.
const WIDTH: usize = 16;
/// Weights of the glance, two to the power of this.
const GLANCE_BITS: u32 = 12;
/// Words in the lexicon, two to the power of this.
const LEXICON_BITS: u32 = 15;

/// Written by `scripts/train_sentences.py`: the lexicon (a byte of check and one of value for
/// each place), the weights of the glance and the feature vectors (both `i8`), then, as
/// little-endian `i32`, the hidden layer's biases, the output weights, the output bias and the bias
/// of the glance.
static MODEL: &[u8; GLANCES + TABLE + 4 * (2 * WIDTH + 2)] = include_bytes!("model.bin");
const LEXICON: usize = 2 << LEXICON_BITS;
const GLANCES: usize = LEXICON + (1 << GLANCE_BITS);
const TABLE: usize = WIDTH << BITS;

/// What raw text says of a word, by its hash: how often it is written with a stop, how often in
/// small letters; 0 for a word that is not known.
#[inline]
pub(crate) fn lexicon(hash: u32) -> u8 {
    let at = (hash >> (32 - LEXICON_BITS)) as usize * 2;
    let is_known = MODEL[at] == hash as u8;
    MODEL[at + 1] * u8::from(is_known)
}

/// Whether a gap without a stop may be a boundary, by a linear model that errs to yes.
#[inline]
pub(crate) fn is_worth_it(features: &[u32; GLANCE]) -> bool {
    let weights = &MODEL[LEXICON..GLANCES];
    let sum: i32 = features
        .iter()
        .map(|f| i32::from(weights[(f >> (32 - GLANCE_BITS)) as usize] as i8))
        .sum();
    sum + number(2 * WIDTH + 1) > 0
}

/// A number of the model's end.
const fn number(i: usize) -> i32 {
    let (numbers, _) = MODEL.as_chunks::<4>();
    i32::from_le_bytes(numbers[(GLANCES + TABLE) / 4 + i])
}

/// The numbers from the `from`th on. They fit in 16 bits, in which more are done at a time.
const fn numbers(from: usize) -> [i16; WIDTH] {
    let mut numbers = [0; WIDTH];
    let mut i = 0;
    while i < WIDTH {
        let n = number(from + i);
        assert!(n as i16 as i32 == n, "a number of the model is too large");
        numbers[i] = n as i16;
        i += 1;
    }
    numbers
}

/// A feature vector, in the registers' own form.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Row([i16; WIDTH]);

static ROWS: [Row; 1 << BITS] = {
    let mut rows = [Row([0; WIDTH]); 1 << BITS];
    let mut i = 0;
    while i < WIDTH << BITS {
        rows[i / WIDTH].0[i % WIDTH] = MODEL[GLANCES + i] as i8 as i16;
        i += 1;
    }
    rows
};

/// Whether a sentence ends at a gap with these features, as a score: above 0 for yes.
#[inline]
pub(crate) fn score(features: &[u32; COUNT]) -> i32 {
    const OUTPUT: [i16; WIDTH] = numbers(WIDTH);
    let mut score = number(2 * WIDTH);
    for (&hidden, weight) in hidden(features).0.iter().zip(OUTPUT) {
        score += i32::from(hidden.max(0)) * i32::from(weight);
    }
    score
}

/// The hidden layer before its activation: the sum of the feature vectors, each of 34 numbers of at
/// most 128. A function of its own, or the compiler takes the vectors apart.
#[inline(never)]
fn hidden(features: &[u32; COUNT]) -> Row {
    const BIAS: Row = Row(numbers(0));
    let mut sums = BIAS;
    for &feature in features {
        let row = &ROWS[(feature >> (32 - BITS)) as usize];
        for (sum, &w) in sums.0.iter_mut().zip(&row.0) {
            *sum += w;
        }
    }
    sums
}
