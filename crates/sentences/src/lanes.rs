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

/// Of bytes that are letters, which are capitals.
#[inline]
pub(crate) const fn capitals(letters: u64) -> u64 {
    !(letters << 2) & HIGH
}

#[cfg(test)]
mod tests {
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
    fn ends_of_the_text_are_filled_with_zeros() {
        let text = b"0123456789";
        assert_eq!(load(text, 7).to_le_bytes(), *b"789\0\0\0\0\0");
        assert_eq!(load(text, 10), 0);
        assert_eq!(load_before(text, 3).to_le_bytes(), *b"\0\0\0\0\x00012");
        assert_eq!(load_before(text, 9).to_le_bytes(), *b"12345678");
        assert_eq!(load_before(text, 0), 0);
    }
}
