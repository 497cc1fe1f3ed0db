//! The words beside a gap: their bytes, form and hash.

use core::hint::select_unpredictable;

use crate::lanes::{HIGH, Letters, SMALL, capitals, load, load_before};

/// Bytes of a word that are looked at.
pub(crate) const REACH: usize = 32;

/// Bytes after a gap that are looked at: three words with the white space after them, and a
/// little more.
pub(crate) const AHEAD: usize = 4 * REACH;

/// The form of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Shape {
    Nothing,
    Lower,
    /// One small letter.
    Letter,
    Capital,
    /// One capital letter.
    Initial,
    AllCaps,
    MixedCase,
    Digits,
    DigitsAndLetters,
    /// Letters with stops inside: `U.S`, `a.m`.
    Dotted,
    /// Digits with marks inside: `1,000.5`, `6:30`.
    NumberWithMarks,
    /// Letters with other marks inside: `and/or`, `it's`, `well-known`.
    Compound,
    CapitalCompound,
    /// `@`, `://`, `www.`.
    Address,
    Marks,
}

/// A word beside a gap, without the marks around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    /// Its length in bytes, of which no more than [`REACH`] are looked at.
    pub(crate) len: u8,
    pub(crate) shape: Shape,
    /// Of the word in small letters.
    pub(crate) hash: u32,
    /// Whether it starts with a capital.
    pub(crate) is_capital: bool,
    /// Its first eight bytes, as [`key`] has them.
    pub(crate) key: u64,
}

impl Word {
    pub(crate) const NOTHING: Self = Word {
        len: 0,
        shape: Shape::Nothing,
        hash: 0,
        is_capital: false,
        key: 0,
    };

    /// The word `start..end` of `text`.
    pub(crate) fn new(text: &[u8], start: usize, end: usize) -> Self {
        let n = end - start;
        if n == 0 {
            return Self::NOTHING;
        }
        let all = u64::MAX >> (64 - 8 * n.min(8));
        let last = if n > 8 { load_before(text, end) } else { 0 };
        let key = (load(text, start) | SMALL) & all;
        let bytes = &text[start..end];
        let is_capital = first_is_upper(bytes);
        let shape = shape(bytes, is_capital);
        // Numbers are told apart by their form alone, but for small ones.
        let hash = match shape {
            Shape::Digits if n > 2 => 1,
            Shape::NumberWithMarks => 2,
            _ => hash(key, last, n),
        };
        Word {
            len: n as u8,
            shape,
            hash,
            is_capital,
            key,
        }
    }

    /// A word of ASCII letters and nothing else, at least one. Without branches: words come in all
    /// lengths and forms, in no order.
    #[inline]
    pub(crate) fn of_letters(letters: Letters) -> Self {
        let Letters { n, first, last } = letters;
        let all = HIGH >> (64 - 8 * n.min(8));
        let rest = if n > 8 { HIGH } else { 0 };
        let (leading, trailing) = (capitals(first) & all, capitals(last) & rest);
        let none = leading | trailing == 0;
        let every = (leading, trailing) == (all, rest);
        let only_first = (leading, trailing) == (0x80, 0);
        let form = usize::from(n == 1)
            | usize::from(none) << 1
            | usize::from(every) << 2
            | usize::from(only_first) << 3;
        let key = first | all >> 2;
        Word {
            len: n as u8,
            shape: OF_LETTERS[form],
            hash: hash(key, last, n),
            is_capital: leading & 0x80 != 0,
            key,
        }
    }

    /// Whether it is one of these words.
    pub(crate) fn is_one_of(&self, words: &[u64]) -> bool {
        self.len <= 8 && words.contains(&self.key)
    }
}

/// A word of up to eight bytes, in small ASCII letters, as one number.
pub(crate) const fn key(word: &str) -> u64 {
    let bytes = word.as_bytes();
    assert!(bytes.len() <= 8, "a word of a list is too long");
    let mut sum = 0;
    let mut i = bytes.len();
    while i > 0 {
        i -= 1;
        sum = sum << 8 | (bytes[i] | 0x20) as u64;
    }
    sum
}

/// The keys of several words.
pub(crate) const fn keys<const N: usize>(words: [&str; N]) -> [u64; N] {
    let mut keys = [0; N];
    let mut i = 0;
    while i < N {
        keys[i] = key(words[i]);
        i += 1;
    }
    keys
}

/// The shapes of words of letters, by whether there is one letter (bit 0), none is a capital (1),
/// every one is (2), only the first is (3).
const OF_LETTERS: [Shape; 16] = {
    let mut shapes = [Shape::MixedCase; 16];
    shapes[0b0010] = Shape::Lower;
    shapes[0b0011] = Shape::Letter;
    shapes[0b0100] = Shape::AllCaps;
    shapes[0b1000] = Shape::Capital;
    shapes[0b1101] = Shape::Initial;
    shapes
};

const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 4;
const DOT: u8 = 8;
const INNER: u8 = 16;
const AT: u8 = 32;
const OTHER: u8 = 64;
/// Beside [`INNER`].
const COLON: u8 = 128;

const KIND: [u8; 256] = {
    let mut kind = [OTHER; 256];
    let mut b = 0;
    while b < 256 {
        kind[b] = match b as u8 {
            b'a'..=b'z' | 0x80..=0xff => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'.' => DOT,
            b'@' => AT,
            b':' => INNER | COLON,
            _ => INNER,
        };
        b += 1;
    }
    kind
};

/// The form of a word of any bytes, which starts with a capital if `first`.
fn shape(bytes: &[u8], first: bool) -> Shape {
    let mut seen = 0;
    for &b in bytes {
        seen |= KIND[b as usize];
    }
    match seen {
        _ if seen & AT != 0 => Shape::Address,
        LOWER if first => {
            if char_len(bytes[0]) == bytes.len() {
                Shape::Initial
            } else {
                Shape::Capital
            }
        }
        LOWER => {
            if char_len(bytes[0]) == bytes.len() {
                Shape::Letter
            } else {
                Shape::Lower
            }
        }
        UPPER => {
            if bytes.len() == 1 {
                Shape::Initial
            } else {
                Shape::AllCaps
            }
        }
        DIGIT => Shape::Digits,
        _ if seen & (LOWER | UPPER | DIGIT) == 0 => Shape::Marks,
        _ if seen & !(LOWER | UPPER) == 0 => {
            if first && bytes[1..].iter().all(|&b| KIND[b as usize] == LOWER) {
                Shape::Capital
            } else {
                Shape::MixedCase
            }
        }
        _ if seen & !(LOWER | UPPER | DIGIT) == 0 => Shape::DigitsAndLetters,
        _ if seen & (LOWER | UPPER) == 0 => Shape::NumberWithMarks,
        _ if seen & !(LOWER | UPPER | DOT) == 0 => {
            let dots_alone = bytes.split(|&b| b == b'.').all(|part| part.len() <= 2);
            if dots_alone {
                Shape::Dotted
            } else {
                Shape::Address
            }
        }
        _ if bytes.starts_with(b"www.") => Shape::Address,
        _ if seen & COLON != 0 && bytes.windows(3).any(|w| w == b"://") => Shape::Address,
        _ if first => Shape::CapitalCompound,
        _ => Shape::Compound,
    }
}

fn char_len(first: u8) -> usize {
    match first {
        0x00..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

/// Whether a word starts with a capital.
pub(crate) fn first_is_upper(bytes: &[u8]) -> bool {
    match bytes {
        [b, ..] if b.is_ascii() => b.is_ascii_uppercase(),
        // Latin-1, Latin Extended-A, Greek and Cyrillic: what English news has.
        _ => first_char(bytes).is_some_and(char::is_uppercase),
    }
}

/// The character that `bytes`, a part of a text, start with; nothing if they have only a part of it.
pub(crate) fn first_char(bytes: &[u8]) -> Option<char> {
    let low = |b: u8| u32::from(b & 0x3f);
    match *bytes {
        [a @ 0..0x80, ..] => Some(char::from(a)),
        [a @ 0xc0..0xe0, b, ..] => char::from_u32(u32::from(a & 0x1f) << 6 | low(b)),
        [a @ 0xe0..0xf0, b, c, ..] => {
            char::from_u32(u32::from(a & 0xf) << 12 | low(b) << 6 | low(c))
        }
        [a @ 0xf0..=0xff, b, c, d, ..] => {
            char::from_u32(u32::from(a & 7) << 18 | low(b) << 12 | low(c) << 6 | low(d))
        }
        _ => None,
    }
}

/// A hash of a word in small ASCII letters, of its first and last eight bytes and its length;
/// `key` is the first eight at most, `last` the last eight if there are more.
#[inline]
fn hash(key: u64, last: u64, n: usize) -> u32 {
    let byte = |i: usize| key >> (8 * i) & 0xff;
    let m = n.min(3);
    let short = byte(0) | byte(m / 2) << 8 | byte(m - 1) << 16;
    let m = n.clamp(4, 8);
    let long = key & 0xffff_ffff | key >> (8 * (m - 4)) << 32;
    let a = select_unpredictable(n < 4, short, long);
    let b = select_unpredictable(n == 8, key, last);
    let h = (a | SMALL).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (b | SMALL)
            .wrapping_add(n as u64)
            .wrapping_mul(0xd6e8_feb8_6659_fd93);
    let h = (h ^ h >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (h >> 32) as u32
}
