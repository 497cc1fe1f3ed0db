//! Markers of list items.

use crate::words::first_char;

/// Whether text starts with a bullet, which has three bytes.
#[inline]
pub(crate) fn starts_with_bullet(bytes: &[u8]) -> bool {
    bytes[0] >= 0xe2
        && matches!(
            first_char(bytes),
            Some('•' | '⁃' | '●' | '▪' | '‣' | '◦' | '∙' | '■' | '□' | '➢' | '➤')
        )
}

/// The marker of a list item: `1.`, `2)`, `3.)`, `a.`, `• 4.`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Bytes of the marker.
    pub(crate) len: usize,
    value: u32,
    pub(crate) letter: bool,
    /// `.`, `)`, or both.
    dot: bool,
    pub(crate) bracket: bool,
}

impl Item {
    /// The marker that text starts with.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut at = 0;
        if *bytes.first()? >= 0xe2 {
            if !starts_with_bullet(bytes) {
                return None;
            }
            at += 3;
            at += bytes[at..]
                .iter()
                .take(4)
                .take_while(|&&b| b == b' ')
                .count();
        }
        let rest = &bytes[at..];
        let digits = rest
            .iter()
            .take(3)
            .take_while(|b| b.is_ascii_digit())
            .count();
        let (value, letter) = match rest {
            _ if digits > 0 => (
                rest[..digits]
                    .iter()
                    .fold(0, |n, b| n * 10 + u32::from(b - b'0')),
                false,
            ),
            [b, ..] if b.is_ascii_lowercase() => (u32::from(*b), true),
            _ => return None,
        };
        at += digits.max(1);
        let dot = bytes.get(at) == Some(&b'.');
        at += usize::from(dot);
        let bracket = bytes.get(at) == Some(&b')');
        at += usize::from(bracket);
        let ends = bytes.get(at).is_some_and(|&b| b == b' ' || b == b'\t');
        ((dot || bracket) && ends).then_some(Self {
            len: at,
            value,
            letter,
            dot,
            bracket,
        })
    }

    /// Whether `next` is the marker of the item after this one.
    pub(crate) fn is_before(self, next: Option<Self>) -> bool {
        next.is_some_and(|n| {
            n.value == self.value + 1
                && (n.letter, n.dot, n.bracket) == (self.letter, self.dot, self.bracket)
        })
    }
}
