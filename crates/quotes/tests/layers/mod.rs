//! Sentences and tokens of a text.

use standpoint_core::{Sentence, Token};

/// Splits a text as the program does.
#[allow(unreachable_pub, reason = "shared by several tests")]
pub fn of(text: &str) -> (Vec<Sentence>, Vec<Token>) {
    let sentences = standpoint_sentences::split(text);
    let tokens = sentences
        .iter()
        .flat_map(|s| standpoint_tokenize::tokenize(text, s.span))
        .collect();
    (sentences, tokens)
}
