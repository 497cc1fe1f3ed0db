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
/// each place), the weights of the glance (`i8`), the feature vectors (bytes, [`ZERO`] for nothing),
/// then, as little-endian `i32`, the hidden layer's biases, the output weights, the output bias and
/// the bias of the glance.
static MODEL: &[u8; GLANCES + TABLE + 4 * (2 * WIDTH + 2)] = include_bytes!("model.bin");
const LEXICON: usize = 2 << LEXICON_BITS;
const GLANCES: usize = LEXICON + (1 << GLANCE_BITS);
const TABLE: usize = WIDTH << BITS;
const ZERO: i32 = 128;

/// What raw text says of a word, by its hash: how often it is written with a stop, how often in
/// small letters; 0 for a word that is not known.
pub(crate) fn lexicon(hash: u32) -> u8 {
    let at = (hash >> (32 - LEXICON_BITS)) as usize * 2;
    if MODEL[at] == hash as u8 {
        MODEL[at + 1]
    } else {
        0
    }
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
fn number(i: usize) -> i32 {
    let (numbers, _) = MODEL[GLANCES + TABLE..].as_chunks::<4>();
    i32::from_le_bytes(numbers[i])
}

/// Whether a sentence ends at a gap with these features, as a score: above 0 for yes.
#[inline]
pub(crate) fn score(features: &[u32; COUNT]) -> i32 {
    let (rows, _) = MODEL[GLANCES..GLANCES + TABLE].as_chunks::<WIDTH>();
    // At most 34 times 255.
    let mut sums = [0_u16; WIDTH];
    for &feature in features {
        let row = &rows[(feature >> (32 - BITS)) as usize];
        for (sum, &w) in sums.iter_mut().zip(row) {
            *sum += u16::from(w);
        }
    }
    let mut score = number(2 * WIDTH);
    for (i, &sum) in sums.iter().enumerate() {
        let hidden = i32::from(sum) - ZERO * COUNT as i32 + number(i);
        score += hidden.max(0) * number(WIDTH + i);
    }
    score
}
