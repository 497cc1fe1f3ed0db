//! The words beside a gap: their bytes, form and hash.

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
pub(crate) struct Word<'t> {
    pub(crate) bytes: &'t [u8],
    pub(crate) shape: Shape,
    /// Of the word in small letters.
    pub(crate) hash: u32,
}

impl<'t> Word<'t> {
    pub(crate) const NOTHING: Self = Word {
        bytes: &[],
        shape: Shape::Nothing,
        hash: 0,
    };

    pub(crate) fn new(bytes: &'t [u8]) -> Self {
        if bytes.is_empty() {
            return Self::NOTHING;
        }
        let shape = shape(bytes);
        // Numbers are told apart by their form alone, but for small ones.
        let hash = match shape {
            Shape::Digits if bytes.len() > 2 => 1,
            Shape::NumberWithMarks => 2,
            _ => hash(bytes),
        };
        Word { bytes, shape, hash }
    }

    /// Whether it is one of these words, given in small ASCII letters.
    pub(crate) fn is_one_of(&self, words: &[&str]) -> bool {
        words
            .iter()
            .any(|w| self.bytes.eq_ignore_ascii_case(w.as_bytes()))
    }
}

const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 4;
const DOT: u8 = 8;
const INNER: u8 = 16;
const AT: u8 = 32;
const OTHER: u8 = 64;

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
            _ => INNER,
        };
        b += 1;
    }
    kind
};

fn shape(bytes: &[u8]) -> Shape {
    let mut seen = 0;
    for &b in bytes {
        seen |= KIND[b as usize];
    }
    let first = first_is_upper(bytes);
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
        _ if bytes.windows(3).any(|w| w == b"://") || bytes.starts_with(b"www.") => Shape::Address,
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

pub(crate) fn first_char(bytes: &[u8]) -> Option<char> {
    let len = char_len(*bytes.first()?).min(bytes.len());
    core::str::from_utf8(&bytes[..len]).ok()?.chars().next()
}

/// A hash of the word in small ASCII letters: of its first and last eight bytes and its length.
pub(crate) fn hash(bytes: &[u8]) -> u32 {
    let n = bytes.len();
    let (a, b) = match n {
        0 => (0, 0),
        1..=3 => {
            let (x, y, z) = (bytes[0], bytes[n / 2], bytes[n - 1]);
            (u64::from(x) | u64::from(y) << 8 | u64::from(z) << 16, 0)
        }
        4..=7 => (
            u64::from(four(bytes)) | u64::from(four(&bytes[n - 4..])) << 32,
            0,
        ),
        _ => (eight(bytes), eight(&bytes[n - 8..])),
    };
    const SMALL: u64 = 0x2020_2020_2020_2020;
    let h = (a | SMALL).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (b | SMALL)
            .wrapping_add(n as u64)
            .wrapping_mul(0xd6e8_feb8_6659_fd93);
    let h = (h ^ h >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (h >> 32) as u32
}

fn four(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn eight(bytes: &[u8]) -> u64 {
    u64::from(four(bytes)) | u64::from(four(&bytes[4..])) << 32
}
