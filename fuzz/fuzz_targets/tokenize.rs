//! Words ascend, are not empty, and leave out white space only.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standpoint_core::Span;
use standpoint_tokenize::tokenize;

fuzz_target!(|text: &str| {
    let mut at = 0;
    for token in tokenize(text, Span::from_range(0..text.len())) {
        let span = token.span.range();
        assert!(!span.is_empty());
        assert!(text[at..span.start].chars().all(char::is_whitespace));
        assert!(!text[token.span].contains(char::is_whitespace));
        at = span.end;
    }
    assert!(text[at..].chars().all(char::is_whitespace));
});
