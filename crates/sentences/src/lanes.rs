//! Eight bytes at a time, in one number, the first byte lowest. What is asked of each byte is
//! answered in its high bit.

const ONES: u64 = 0x0101_0101_0101_0101;
pub(crate) const HIGH: u64 = 0x80 * ONES;
/// The bit that makes a capital a small letter.
pub(crate) const SMALL: u64 = 0x20 * ONES;

/// The eight bytes from `at` on, with zeros after the end of the text.
#[inline]
pub(crate) fn load(text: &[u8], at: usize) -> u64 {
    let rest = &text[at..];
    match rest.first_chunk() {
        Some(&eight) => u64::from_le_bytes(eight),
        None => rest.iter().rev().fold(0, |sum, &b| sum << 8 | u64::from(b)),
    }
}

/// The eight bytes before `end`, with zeros before the start of the text.
#[inline]
pub(crate) fn load_before(text: &[u8], end: usize) -> u64 {
    match text[..end].last_chunk() {
        Some(&eight) => u64::from_le_bytes(eight),
        None => (0..end).fold(0, |sum, i| sum >> 8 | u64::from(text[i]) << 56),
    }
}

/// Which bytes are ASCII white space or control characters; zeros are.
#[inline]
pub(crate) const fn spaces(x: u64) -> u64 {
    !(((x & !HIGH) + (0x7f - 0x20) * ONES) | x) & HIGH
}

/// Which bytes are ASCII letters.
#[inline]
pub(crate) const fn letters(x: u64) -> u64 {
    let small = (x | SMALL) & !HIGH;
    let from_a = small + (0x80 - b'a' as u64) * ONES;
    let past_z = small + (0x7f - b'z' as u64) * ONES;
    from_a & !past_z & !x & HIGH
}

/// Up to sixteen ASCII letters: how many, the first eight with zeros after them, and if there are
/// more the last eight.
pub(crate) struct Letters {
    pub(crate) n: usize,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// The letters from `at` on.
#[inline]
pub(crate) fn letters_after(text: &[u8], at: usize) -> Letters {
    let run = |x| (!letters(x) & HIGH).trailing_zeros() as usize / 8;
    let first = load(text, at);
    match run(first) {
        8 => {
            let n = 8 + run(load(text, at + 8));
            let last = if n > 8 { load_before(text, at + n) } else { 0 };
            Letters { n, first, last }
        }
        n => Letters {
            n,
            first: first & !(u64::MAX << (8 * n)),
            last: 0,
        },
    }
}

/// The letters before `end`.
#[inline]
pub(crate) fn letters_before(text: &[u8], end: usize) -> Letters {
    let run = |x| (!letters(x) & HIGH).leading_zeros() as usize / 8;
    let last = load_before(text, end);
    match run(last) {
        8 => {
            let n = 8 + run(load_before(text, end - 8));
            Letters {
                n,
                first: load(text, end - n),
                last: if n > 8 { last } else { 0 },
            }
        }
        n => Letters {
            n,
            first: (last >> 8) >> (56 - 8 * n),
            last: 0,
        },
    }
}

/// Of bytes that are letters, which are capitals.
#[inline]
pub(crate) const fn capitals(letters: u64) -> u64 {
    !(letters << 2) & HIGH
}

/// Which bytes are white space, or start a character outside ASCII, which may be.
#[inline]
const fn may_be_space(x: u64) -> u64 {
    spaces(x) | x & x << 1 & HIGH
}

/// The length of the white space outside ASCII that `bytes` start with, 0 for none.
#[inline]
fn wide_space(bytes: &[u8]) -> usize {
    match bytes {
        [0xc2, 0x85 | 0xa0, ..] => 2,
        [0xe1, 0x9a, 0x80, ..]
        | [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..]
        | [0xe2, 0x81, 0x9f, ..]
        | [0xe3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// The length of the one white space that `bytes` start with, 0 for none.
#[inline]
pub(crate) fn space_after(bytes: &[u8]) -> usize {
    match bytes {
        [b, ..] if *b <= b' ' => 1,
        [b, ..] if *b >= 0xc0 => wide_space(bytes),
        _ => 0,
    }
}

/// The length of the one white space that `bytes` end with, 0 for none.
#[inline]
pub(crate) fn space_before(bytes: &[u8]) -> usize {
    match bytes {
        [.., b] if *b <= b' ' => 1,
        [.., 0xc2, _] => wide_space(&bytes[bytes.len() - 2..]),
        [.., 0xe1..=0xe3, _, _] => wide_space(&bytes[bytes.len() - 3..]),
        _ => 0,
    }
}

/// Where the first white space at or after `start` is; `ceiling` if there is none before that.
#[inline]
pub(crate) fn end_of_word(text: &[u8], start: usize, ceiling: usize) -> usize {
    let mut at = start;
    while at < ceiling {
        let mut may_be = may_be_space(load(text, at));
        while may_be != 0 {
            let i = at + may_be.trailing_zeros() as usize / 8;
            if i >= ceiling || space_after(&text[i..]) > 0 {
                return i.min(ceiling);
            }
            may_be &= may_be - 1;
        }
        at += 8;
    }
    ceiling
}

/// Where the last white space before `end` ends; `floor` if there is none after that.
#[inline]
pub(crate) fn start_of_word(text: &[u8], floor: usize, end: usize) -> usize {
    let mut at = end;
    while at > floor {
        let mut may_be = may_be_space(load_before(text, at));
        while may_be != 0 {
            let from_end = 8 - (63 - may_be.leading_zeros() as usize) / 8;
            if floor + from_end > at {
                return floor;
            }
            let i = at - from_end;
            let n = space_after(&text[i..]);
            if n > 0 {
                return (i + n).min(end);
            }
            may_be &= !(0x80 << (8 * (8 - from_end)));
        }
        at = at.saturating_sub(8);
    }
    floor
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn every_byte_is_told_by_itself() {
        for b in 0..=u8::MAX {
            // Neighbours at both ends of the range.
            for beside in [0, 0x20, 0x7f, 0x80, 0xff] {
                let mut bytes = [beside; 8];
                bytes[3] = b;
                let bit = |mask: u64| mask.to_le_bytes()[3] == 0x80;
                let x = load(&bytes, 0);
                assert_eq!(bit(spaces(x)), b <= b' ', "{b:#x}");
                assert_eq!(bit(letters(x)), b.is_ascii_alphabetic(), "{b:#x}");
                if b.is_ascii_alphabetic() {
                    assert_eq!(bit(capitals(x)), b.is_ascii_uppercase(), "{b:#x}");
                }
            }
        }
    }

    #[test]
    fn words_end_at_what_is_white_space() {
        for c in '\u{0}'..=char::MAX {
            let text = format!("a12é3456{c}789b");
            let end = text.len();
            let is_space = c.is_whitespace() || c <= ' ';
            let (before, after) = if is_space { (9, end - 4) } else { (end, 0) };
            assert_eq!(end_of_word(text.as_bytes(), 0, end), before, "{c:?}");
            assert_eq!(start_of_word(text.as_bytes(), 0, end), after, "{c:?}");
            let c = &text.as_bytes()[9..end - 4];
            let n = if is_space { c.len() } else { 0 };
            assert_eq!((space_after(c), space_before(c)), (n, n));
        }
    }

    #[test]
    fn ends_of_the_text_are_filled_with_zeros() {
        let text = b"0123456789";
        assert_eq!(load(text, 7).to_le_bytes(), *b"789\0\0\0\0\0");
        assert_eq!(load(text, 10), 0);
        assert_eq!(load_before(text, 3).to_le_bytes(), *b"\0\0\0\0\x00012");
        assert_eq!(load_before(text, 9).to_le_bytes(), *b"12345678");
        assert_eq!(load_before(text, 0), 0);
    }
}
