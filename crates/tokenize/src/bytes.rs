//! Classes of bytes.

pub(crate) const SPACE: u8 = 1;
pub(crate) const LETTER: u8 = 2;
pub(crate) const DIGIT: u8 = 4;
/// `'`.
pub(crate) const APOSTROPHE: u8 = 8;
/// `.`
pub(crate) const DOT: u8 = 16;
/// Part of a character of several bytes.
pub(crate) const WIDE: u8 = 32;
/// Any other mark.
pub(crate) const MARK: u8 = 64;

pub(crate) const CLASS: [u8; 256] = {
    let mut class = [MARK; 256];
    let mut b = 0;
    while b < 256 {
        class[b] = match b as u8 {
            b' ' | 0x09..=0x0d => SPACE,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'\'' => APOSTROPHE,
            b'.' => DOT,
            0x80.. => WIDE,
            _ => MARK,
        };
        b += 1;
    }
    class
};

/// A word of up to eight bytes in small ASCII letters as one number; 0 for a longer one.
pub(crate) const fn packed(word: &[u8]) -> u64 {
    if word.len() > 8 {
        return 0;
    }
    let mut sum = 0;
    let mut i = 0;
    while i < word.len() {
        sum = sum << 8 | word[i].to_ascii_lowercase() as u64;
        i += 1;
    }
    sum
}
