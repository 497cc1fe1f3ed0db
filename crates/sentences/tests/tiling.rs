//! Whatever the text, the sentences tile it.

use proptest::prelude::*;
use standpoint_sentences::split;
use standpoint_testkit::assert_tiles;

proptest! {
    #[test]
    fn any_text(text in any::<String>()) {
        assert_tiles(&text, split(&text).iter().map(|s| s.span));
    }

    #[test]
    fn text_of_marks(text in "([a-zA-Z]{0,3}|[.!?…]|[\"“”'’()]| |\n|\t|\u{a0}|Mr\\.|U\\.S\\.){0,60}") {
        assert_tiles(&text, split(&text).iter().map(|s| s.span));
    }
}
