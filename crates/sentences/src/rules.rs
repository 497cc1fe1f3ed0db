//! What is decided without the model.

use crate::context::{Around, Chunk, End};
use crate::features::Glance;
use crate::model::lexicon;
use crate::words::{Shape, Word, first_is_upper, keys};

/// Whether a sentence ends at the gap; nothing where the model is to say.
pub(crate) fn decide(gap: &Glance) -> Option<bool> {
    let (left, right) = (gap.left, gap.right);
    // What can stand before a mark that belongs to it; `...` may start a sentence.
    match right.all {
        [b'.', b'.', ..] => {}
        [
            b',' | b';' | b':' | b'.' | b')' | b']' | b'}' | b'!' | b'?' | b'%',
            ..,
        ] => {
            return Some(is_spaced_omission(gap));
        }
        _ => {}
    }
    // Between two marks that stand alone, as in a line drawn with them.
    let is_mark = |chunk: &Chunk| chunk.all.len() == 1 && chunk.word.len == 0;
    if !left.end.is_final() && is_mark(left) && is_mark(right) {
        return Some(false);
    }
    let capital = right.word.is_capital;
    match left.end {
        // "We lost!" he said.
        end if end.is_final()
            && left.closer == Around::Quote
            && right.all.first().is_some_and(u8::is_ascii_lowercase) =>
        {
            Some(false)
        }
        // A source in brackets after the words quoted from it.
        End::Nothing if left.closer == Around::Quote && right.all.starts_with(b"(") => Some(false),
        End::Nothing => note(gap, capital),
        End::Stop if left.all == b"." => spaced_dots(gap, capital),
        End::Stop if left.closer == Around::Nothing => {
            let digit = right.word_bytes().first().is_some_and(u8::is_ascii_digit);
            let small = right
                .word_bytes()
                .first()
                .is_some_and(u8::is_ascii_lowercase);
            let half_day = left.word.is_one_of(&const { keys(["a.m", "p.m"]) });
            if is_note(right.all) {
                Some(false)
            } else if half_day && right.end == End::Stop && right.word.is_one_of(TITLES) {
                // "At 5 a.m. Mr. Reyes left." but "He left at 5 a.m. Mr. Reyes stayed."
                Some(gap.sofar.words > 4)
            } else if left.word.is_one_of(TITLES) && capital
                || digit && left.word.is_one_of(NUMBERED)
                || small && lexicon(left.word.hash) >> 5 >= 4
                || capital
                    && !half_day
                    && is_before_names(gap)
                    && !may_start(&left.word, &right.word)
            {
                Some(false)
            } else {
                None
            }
        }
        End::Exclamation if !capital && left.word.is_one_of(EXCLAIMED) => Some(false),
        end if end.is_final() && is_note(right.all) => Some(false),
        _ => None,
    }
}

/// Words whose stop never ends a sentence when a capital follows.
const TITLES: &[u64] = &keys([
    "mr", "mrs", "ms", "dr", "drs", "prof", "gen", "lt", "sgt", "capt", "col", "cmdr", "adm",
    "maj", "rev", "sen", "rep", "gov", "messrs", "mme", "mlle", "hon", "vs", "mt",
]);

/// Whether `left` is a word of grammar, after which no sentence ends without a mark: of 6952 such
/// gaps before no small letter in the training part of English EWT one ends a sentence.
pub(crate) fn goes_on(left: &Chunk) -> bool {
    const WORDS: [u64; 28] = keys([
        "the", "an", "of", "in", "to", "and", "from", "at", "by", "for", "with", "about", "its",
        "than", "was", "as", "between", "their", "our", "my", "your", "this", "that", "but",
        "into", "his", "her", "vs",
    ]);
    // Each in a place of its own, by its remainder.
    static PLACES: [u64; 127] = {
        let mut places = [0; 127];
        let mut i = 0;
        while i < WORDS.len() {
            let place = &mut places[(WORDS[i] % 127) as usize];
            assert!(*place == 0, "two words have the same place");
            *place = WORDS[i];
            i += 1;
        }
        places
    };
    let key = left.word.key;
    left.all.len() == usize::from(left.word.len) && PLACES[(key % 127) as usize] == key
}

/// Initials, `U.S.`, `St.`: words whose stop seldom ends a sentence when a name follows.
fn is_before_names(gap: &Glance) -> bool {
    let word = &gap.left.word;
    match word.shape {
        // "You and I." but "Albert I. Reyes".
        Shape::Initial => gap.left.word_bytes() != b"I" || first_is_upper(gap.chunk_before()),
        Shape::Dotted => true,
        _ => word.is_one_of(&const { keys(["st", "eng", "ft"]) }),
    }
}

/// Whether sentences start with `next` in raw text, after `U.S.` and its like often.
fn may_start(word: &Word, next: &Word) -> bool {
    let often = lexicon(next.hash) >> 3 & 3;
    often > u8::from(word.shape == Shape::Dotted)
}

/// Words whose stop never ends a sentence when a number follows.
const NUMBERED: &[u64] = &keys([
    "no", "nos", "n°", "p", "pp", "vol", "fig", "figs", "art", "sec", "ch", "ext", "c", "ca", "op",
    "para", "jan", "feb", "mar", "apr", "aug", "sept", "sep", "oct", "nov", "dec",
]);

/// Names that end in an exclamation mark.
const EXCLAIMED: &[u64] = &keys(["yahoo", "jeopardy"]);

/// The number of a note, or an omission: `[12]`, `[...]`.
fn is_note(chunk: &[u8]) -> bool {
    let [b'[', inner @ .., b']'] = chunk else {
        return false;
    };
    !inner.is_empty()
        && (inner.iter().all(u8::is_ascii_digit) || matches!(inner, b"..." | b"\xe2\x80\xa6"))
}

/// A note belongs to the sentence whose stop it follows, which ends after it.
fn note(gap: &Glance, capital: bool) -> Option<bool> {
    let stopped = || matches!(gap.before(), [.., b'.' | b'!' | b'?'] | [.., b'.', b'"']);
    (is_note(gap.left.all) && capital && stopped()).then_some(true)
}

/// A stop with an omission after it, in spaced dots, that starts the next sentence: `so. . . . He`.
fn is_spaced_omission(gap: &Glance) -> bool {
    gap.right.all == b"."
        && gap.left.end == End::Stop
        && gap.left.all != b"."
        && gap
            .after()
            .strip_prefix(b". . ")
            .is_some_and(first_is_upper)
}

/// After spaced dots: three are an omission, four an omission and a stop.
fn spaced_dots(gap: &Glance, capital: bool) -> Option<bool> {
    match gap.before() {
        [.., b'.', b' ', b'.', b' ', b'.'] => Some(capital),
        [.., b'.', b' ', b'.'] => Some(false),
        _ => None,
    }
}
