//! Whatever the text, the words ascend and leave out white space only.

use proptest::prelude::*;
use standpoint_core::Span;
use standpoint_tokenize::tokenize;

fn check(text: &str) {
    let mut at = 0;
    for token in tokenize(text, Span::from_range(0..text.len())) {
        assert!(!token.span.is_empty(), "an empty word at {at} of {text:?}");
        let between = &text[at..token.span.range().start];
        assert!(
            between.chars().all(char::is_whitespace),
            "{between:?} left out of {text:?}"
        );
        assert!(
            !text[token.span].contains(char::is_whitespace),
            "{:?}",
            &text[token.span]
        );
        at = token.span.range().end;
    }
    assert!(
        text[at..].chars().all(char::is_whitespace),
        "end of {text:?} left out"
    );
}

proptest! {
    #[test]
    fn any_text(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn text_of_marks(text in "([a-zA-Z0-9]{0,3}|[-.!?…,:/@#$%]|[\"“”'’()]| |\n|n't|'s|é|😀){0,60}") {
        check(&text);
    }
}

#[test]
fn stored_fuzzing_inputs() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/tokenize");
    for path in standpoint_testkit::files(corpus, "txt") {
        check(&standpoint_testkit::read(path));
    }
}

#[test]
fn long_words_take_time_by_their_length() {
    // Each is split in a moment, or in hours where the work grows with the square of the length.
    for piece in [
        "a-", "a.", "'", "a'", ".a", "-a", "a/", "a,", "(", "a@", "_", "é-", "n't",
    ] {
        check(&piece.repeat(200_000));
    }
}
