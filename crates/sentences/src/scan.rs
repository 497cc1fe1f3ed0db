//! Bytes to gaps: where white space stands between two words, and what stands at its sides.

/// What a byte is to the scan.
const PLAIN: u8 = 0;
const SPACE: u8 = 1;
const QUOTE: u8 = 2;
const BRACKET: u8 = 4;
/// The first byte of a character that may be white space or a quotation mark.
const WIDE: u8 = 3;

const CLASS: [u8; 256] = {
    let mut class = [PLAIN; 256];
    let mut b = 0x09;
    while b <= 0x0d {
        class[b] = SPACE;
        b += 1;
    }
    class[b' ' as usize] = SPACE;
    class[b'"' as usize] = QUOTE;
    class[b'(' as usize] = BRACKET;
    class[b')' as usize] = BRACKET;
    // U+0085, U+00A0, guillemets; U+1680; U+2000 to U+206F; U+3000.
    class[0xc2] = WIDE;
    class[0xe1] = WIDE;
    class[0xe2] = WIDE;
    class[0xe3] = WIDE;
    class
};

/// A mark of quotation, as the scan meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Opens: `“ « „`.
    Open,
    /// Closes: `” »`.
    Close,
    /// Either: `"`.
    Straight,
    /// Opens in single marks: `‘`.
    OpenSingle,
    /// Closes, or is an apostrophe: `’`.
    CloseSingle,
    OpenBracket,
    CloseBracket,
}

/// What the scan stops at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// White space from here to the byte before `.1`, with this many line ends.
    Gap {
        start: usize,
        end: usize,
        lines: u32,
    },
    /// A mark of quotation and the byte after it.
    Mark {
        mark: Mark,
        start: usize,
        end: usize,
    },
    /// The end of the text, or of what may be looked at.
    End,
}

/// The gaps that leave no doubt: one space between a letter, digit or comma and a small letter.
/// Most gaps are such, and are passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// How many.
    pub(crate) gaps: u32,
    /// Where the last one ends; 0 for none.
    pub(crate) last: usize,
}

const fn is_plain_gap(before: u8, after: u8) -> bool {
    (before.is_ascii_alphanumeric() || before == b',') && after.is_ascii_lowercase()
}

/// Bytes looked at together, one bit each.
const BLOCK: usize = 32;

/// What the bytes from `start` on are: gaps without doubt, and others that the scan stops at. Kept
/// from one stop to the next, which is often in the same block.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Block {
    start: usize,
    plain: u32,
    other: u32,
    known: bool,
}

impl Block {
    /// The block that `at` is in, if there are as many bytes before `limit`.
    #[inline]
    fn at(&mut self, bytes: &[u8], at: usize, limit: usize) -> Option<Self> {
        if !(self.known && (self.start..self.start + BLOCK).contains(&at)) {
            // With the byte before and the byte after.
            if at == 0 || at + BLOCK >= limit {
                return None;
            }
            let (plain, other) = masks(bytes[at - 1..].first_chunk()?);
            *self = Block {
                start: at,
                plain,
                other,
                known: true,
            };
        }
        let before = at - self.start;
        Some(Block {
            plain: self.plain >> before << before,
            other: self.other >> before << before,
            ..*self
        })
    }
}

/// The next gap or mark at or after `at`, before `limit`, and the gaps without doubt before it,
/// if those are to be passed over. A gap is followed to its end, past `limit` if need be.
#[inline]
pub(crate) fn next(
    text: &str,
    mut at: usize,
    limit: usize,
    pass: bool,
    block: &mut Block,
) -> (Stop, Passed) {
    let bytes = text.as_bytes();
    let limit = limit.min(bytes.len());
    let mut passed = Passed::default();
    // Where a block says to stop is no gap without doubt.
    let mut stop = usize::MAX;
    while pass && let Some(ahead) = block.at(bytes, at, limit) {
        // Those before the first place to stop at.
        let before = ahead.plain & ahead.other.wrapping_sub(1) & !ahead.other;
        if before != 0 {
            passed.gaps += before.count_ones();
            passed.last = ahead.start + (32 - before.leading_zeros()) as usize;
        }
        if ahead.other != 0 {
            at = ahead.start + ahead.other.trailing_zeros() as usize;
            stop = at;
            break;
        }
        at = ahead.start + BLOCK;
    }
    while at < limit {
        match CLASS[bytes[at] as usize] {
            PLAIN => at += 1,
            SPACE => {
                if pass
                    && at != stop
                    && at > 0
                    && bytes[at] == b' '
                    && bytes
                        .get(at + 1)
                        .is_some_and(|&after| is_plain_gap(bytes[at - 1], after))
                {
                    at += 1;
                    passed = Passed {
                        gaps: passed.gaps + 1,
                        last: at,
                    };
                    continue;
                }
                return (gap(text, at), passed);
            }
            QUOTE => {
                return (
                    Stop::Mark {
                        mark: Mark::Straight,
                        start: at,
                        end: at + 1,
                    },
                    passed,
                );
            }
            BRACKET => {
                let mark = if bytes[at] == b'(' {
                    Mark::OpenBracket
                } else {
                    Mark::CloseBracket
                };
                return (
                    Stop::Mark {
                        mark,
                        start: at,
                        end: at + 1,
                    },
                    passed,
                );
            }
            _ => {
                let Some(c) = text[at..].chars().next() else {
                    break;
                };
                let end = at + c.len_utf8();
                let mark = match c {
                    '“' | '«' | '„' => Mark::Open,
                    '”' | '»' => Mark::Close,
                    '‘' => Mark::OpenSingle,
                    '’' => Mark::CloseSingle,
                    _ if c.is_whitespace() => return (gap(text, at), passed),
                    _ => {
                        at = end;
                        continue;
                    }
                };
                return (
                    Stop::Mark {
                        mark,
                        start: at,
                        end,
                    },
                    passed,
                );
            }
        }
    }
    (Stop::End, passed)
}

/// For the bytes of a block, without the first and last, which of them are gaps without doubt and
/// which are anything else that the scan stops at. Written so that the compiler makes it vectors.
#[inline]
fn masks(block: &[u8; BLOCK + 2]) -> (u32, u32) {
    let mut plain = [0_u8; BLOCK];
    let mut other = [0_u8; BLOCK];
    for i in 0..BLOCK {
        let (before, b, after) = (block[i], block[i + 1], block[i + 2]);
        let is_lower = |b: u8| b.wrapping_sub(b'a') < 26;
        let inside = is_lower(before | 0x20) | (before.wrapping_sub(b'0') < 10) | (before == b',');
        let gap = (b == b' ') & inside & is_lower(after);
        let stop = (b <= b' ') | (b == b'"') | (b == b'(') | (b == b')') | (b >= 0xc0);
        plain[i] = u8::from(gap);
        other[i] = u8::from(stop & !gap);
    }
    (bits(&plain), bits(&other))
}

/// One bit of each byte that is 0 or 1.
#[inline]
fn bits(bytes: &[u8; BLOCK]) -> u32 {
    let (eights, _) = bytes.as_chunks::<8>();
    let mut sum = 0;
    for (i, &eight) in eights.iter().enumerate() {
        let bits = u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        sum |= (bits as u32) << (8 * i);
    }
    sum
}

#[inline]
fn gap(text: &str, start: usize) -> Stop {
    let bytes = text.as_bytes();
    // Nearly always one space or line end.
    let first = bytes[start];
    if (first == b' ' || first == b'\n')
        && bytes
            .get(start + 1)
            .is_some_and(|b| (0x21..0x80).contains(b))
    {
        return Stop::Gap {
            start,
            end: start + 1,
            lines: u32::from(first == b'\n'),
        };
    }
    let mut lines = 0;
    let mut end = start;
    for c in text[start..].chars() {
        match c {
            '\n' | '\u{b}' | '\u{85}' | '\u{2028}' => lines += 1,
            // A page or paragraph ends as a blank line does. A carriage return alone ends a line.
            '\u{c}' | '\u{2029}' => lines += 2,
            '\r' if bytes.get(end + 1) != Some(&b'\n') => lines += 1,
            _ if c.is_whitespace() => {}
            _ => break,
        }
        end += c.len_utf8();
    }
    Stop::Gap { start, end, lines }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// All stops, and what was passed over before each.
    fn stops(text: &str, pass: bool) -> (Vec<Stop>, u32) {
        let (mut stops, mut gaps, mut at) = (Vec::new(), 0, 0);
        let mut block = Block::default();
        loop {
            let (stop, passed) = next(text, at, text.len(), pass, &mut block);
            gaps += passed.gaps;
            at = match stop {
                Stop::Gap { end, .. } | Stop::Mark { end, .. } => end,
                Stop::End => return (stops, gaps),
            };
            stops.push(stop);
        }
    }

    #[test]
    fn blocks_find_what_bytes_find() {
        let text = "It rained, and 3 men (of 9) left \u{201c}at once\u{201d}.\n\nÉtienne said \"no\" to\u{a0}it, \
                    then and there and for good, as all who had known him for long had thought he would";
        for from in 0..text.len() {
            let Some(text) = text.get(from..) else {
                continue;
            };
            let (all, none) = stops(text, false);
            let (some, passed) = stops(text, true);
            assert_eq!(none, 0);
            assert_eq!(all.len(), some.len() + passed as usize);
            let is_plain = |stop: &Stop| {
                let Stop::Gap { start, end, .. } = *stop else {
                    return false;
                };
                start > 0
                    && &text[start..end] == " "
                    && is_plain_gap(text.as_bytes()[start - 1], text.as_bytes()[end])
            };
            let doubtful: Vec<Stop> = all.into_iter().filter(|s| !is_plain(s)).collect();
            assert_eq!(doubtful, some);
        }
    }
}
