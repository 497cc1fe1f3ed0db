//! Classes of bytes.

pub(crate) const SPACE: u8 = 1;
pub(crate) const LETTER: u8 = 2;
pub(crate) const DIGIT: u8 = 4;
/// `'`.
pub(crate) const APOSTROPHE: u8 = 8;
/// Part of a character of several bytes.
pub(crate) const WIDE: u8 = 32;
/// Any other mark.
pub(crate) const MARK: u8 = 64;
/// What an address has: `.`, and beside [`MARK`] `@` and `:`.
pub(crate) const ADDRESS: u8 = 16;
/// `@` and `:`.
pub(crate) const AT_OR_COLON: u8 = 128;

pub(crate) const CLASS: [u8; 256] = {
    let mut class = [MARK; 256];
    let mut b = 0;
    while b < 256 {
        class[b] = match b as u8 {
            b' ' | 0x09..=0x0d => SPACE,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'\'' => APOSTROPHE,
            b'.' => ADDRESS,
            b'@' | b':' => MARK | ADDRESS | AT_OR_COLON,
            0x80.. => WIDE,
            _ => MARK,
        };
        b += 1;
    }
    class
};

/// How many ASCII letters text starts with. Eight bytes are looked at together, in one number, the
/// first byte lowest; the answer for each is in its high bit.
#[inline]
pub(crate) fn letters(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let mut at = 0;
    while let Some(&eight) = text[at..].first_chunk() {
        let x = u64::from_le_bytes(eight);
        let small = (x | (0x20 * ONES)) & !HIGH;
        let from_a = small + (0x80 - b'a' as u64) * ONES;
        let past_z = small + (0x7f - b'z' as u64) * ONES;
        let others = !(from_a & !past_z & !x) & HIGH;
        if others != 0 {
            return at + others.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = &text[at..];
    at + rest.iter().take_while(|b| b.is_ascii_alphabetic()).count()
}

/// A word of up to eight bytes in small ASCII letters as one number, the first byte lowest; 0 for a
/// longer one.
#[inline]
pub(crate) fn packed(word: &[u8]) -> u64 {
    const SMALL: u64 = 0x2020_2020_2020_2020;
    let n = word.len();
    let four = |at: usize| {
        u64::from(u32::from_le_bytes([
            word[at],
            word[at + 1],
            word[at + 2],
            word[at + 3],
        ]))
    };
    let bytes = match n {
        0 | 9.. => return 0,
        1..=3 => {
            let byte = |at: usize| u64::from(word[at]) << (8 * at);
            byte(0) | byte(n / 2) | byte(n - 1)
        }
        // The two overlap in the same bytes.
        _ => four(0) | four(n - 4) << (8 * (n - 4)),
    };
    bytes | SMALL >> (64 - 8 * n)
}

/// As [`packed`], in the compiler.
pub(crate) const fn packed_const(word: &str) -> u64 {
    let word = word.as_bytes();
    assert!(
        !word.is_empty() && word.len() <= 8,
        "a word of a list has one to eight bytes"
    );
    let mut sum = 0;
    let mut i = word.len();
    while i > 0 {
        i -= 1;
        sum = sum << 8 | (word[i] | 0x20) as u64;
    }
    sum
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn letters_are_counted() {
        for length in 0..40 {
            let text = "abcXYZz".repeat(6);
            for other in ["", " ", "@", "[", "`", "{", "1", "\u{e1}", "\u{7f}"] {
                let text = format!("{}{other}abc", &text[..length]);
                let all = length + if other.is_empty() { 3 } else { 0 };
                assert_eq!(letters(text.as_bytes()), all, "{text}");
            }
        }
    }

    #[test]
    fn words_are_packed_alike() {
        for word in [
            "a", "Ab", "abc", "aBcd", "abcde", "abcdefG", "abcdefgh", ":-)", "a.m", "ph.d",
        ] {
            assert_eq!(packed(word.as_bytes()), packed_const(word), "{word}");
        }
        assert_eq!(packed(b"abcdefghi"), 0);
    }
}
