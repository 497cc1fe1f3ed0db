//! Bytes to gaps: where white space stands between two words, and what stands at its sides.

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
pub(crate) enum Found {
    /// White space, with this many line ends.
    Gap {
        lines: u32,
    },
    Mark(Mark),
}

/// A place where the scan stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) found: Found,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Bytes looked at together, one bit each.
const BLOCK: usize = 64;

/// Reads a text from one stop to the next. The gaps that leave no doubt, one space between a letter,
/// digit or comma and a small letter, can be passed over; most gaps are such.
pub(crate) struct Scan<'t> {
    text: &'t str,
    /// Where the block at hand starts.
    start: usize,
    /// Which of its bytes are gaps without doubt, those that have been read left out.
    plain: u64,
    /// Which may be any other stop.
    other: u64,
}

impl<'t> Scan<'t> {
    /// From byte `at` on.
    pub(crate) fn new(text: &'t str, at: usize) -> Self {
        let mut scan = Self {
            text,
            start: 0,
            plain: 0,
            other: 0,
        };
        scan.load(at);
        scan
    }

    /// Reads on at `at`, which may be before what has been read.
    pub(crate) fn load(&mut self, at: usize) {
        let bytes = self.text.as_bytes();
        let around = at.checked_sub(1).and_then(|before| bytes.get(before..));
        self.start = at;
        (self.plain, self.other) = match around.and_then(|bytes| bytes.first_chunk()) {
            Some(block) => masks(block),
            None => self.masks_at_end(at),
        };
    }

    /// The masks of a block that has no byte before it or less than one after it.
    #[cold]
    fn masks_at_end(&self, at: usize) -> (u64, u64) {
        let bytes = self.text.as_bytes();
        let mut block = [0; BLOCK + 2];
        let (from, to) = (at.saturating_sub(1), bytes.len().min(at + BLOCK + 1));
        let shift = from + 1 - at;
        block[shift..shift + to - from].copy_from_slice(&bytes[from..to]);
        let (plain, other) = masks(&block);
        let unread = bytes.len().saturating_sub(at);
        let there = !(u64::MAX.checked_shl(unread as u32).unwrap_or(0));
        (plain & there, other & there)
    }

    /// Leaves out what is before `at`.
    #[inline]
    fn skip(&mut self, at: usize) {
        let n = at - self.start;
        if n < BLOCK {
            self.plain &= u64::MAX << n;
            self.other &= u64::MAX << n;
        } else {
            self.load(at);
        }
    }

    /// The next gap or mark before `limit`, and how many gaps without doubt were passed over before
    /// it, if they are to be. A gap may end past `limit`, but is not followed far from there.
    #[inline]
    pub(crate) fn next(&mut self, limit: usize, pass: bool) -> (Option<Stop>, u32) {
        let limit = limit.min(self.text.len());
        let mut passed = 0;
        loop {
            let stops = if pass {
                self.other
            } else {
                self.other | self.plain
            };
            // Up to the first stop, or all.
            let before = stops.wrapping_sub(1) & !stops;
            passed += (self.plain & before).count_ones();
            let at = self.start + stops.trailing_zeros() as usize;
            if at >= limit {
                return (None, passed);
            }
            if stops == 0 {
                self.load(at);
                continue;
            }
            match stop(self.text, at, limit) {
                Some(stop) => {
                    self.skip(stop.end);
                    return (Some(stop), passed);
                }
                None => self.skip(at + 1),
            }
        }
    }
}

/// The gap or mark that starts at `start`, if one does; see [`Scan::next`] for `limit`.
#[inline]
fn stop(text: &str, start: usize, limit: usize) -> Option<Stop> {
    let (found, end) = match text.as_bytes()[start..] {
        // Nearly always one space or a blank line.
        [b' ', 0x21..=0xc1 | 0xc3..=0xe0 | 0xe4..=0xff, ..] => (Found::Gap { lines: 0 }, start + 1),
        [b'\n', 0x21..=0xc1 | 0xc3..=0xe0 | 0xe4..=0xff, ..] => {
            (Found::Gap { lines: 1 }, start + 1)
        }
        [b'\n', b'\n', 0x21..0x80, ..] => (Found::Gap { lines: 2 }, start + 2),
        [b'\t'..=b'\r' | b' ', ..] => gap(text, start, limit),
        [b'"', ..] => (Found::Mark(Mark::Straight), start + 1),
        [b'(', ..] => (Found::Mark(Mark::OpenBracket), start + 1),
        [b')', ..] => (Found::Mark(Mark::CloseBracket), start + 1),
        // No other character is white space or such a mark.
        [0..=0xc1 | 0xc3..=0xe0 | 0xe4..=0xff, ..] => return None,
        _ => {
            let c = text[start..].chars().next()?;
            let mark = match c {
                '“' | '«' | '„' => Mark::Open,
                '”' | '»' => Mark::Close,
                '‘' => Mark::OpenSingle,
                '’' => Mark::CloseSingle,
                _ if c.is_whitespace() => {
                    let (found, end) = gap(text, start, limit);
                    return Some(Stop { found, start, end });
                }
                _ => return None,
            };
            (Found::Mark(mark), start + c.len_utf8())
        }
    };
    Some(Stop { found, start, end })
}

/// For the bytes of a block, without the first and last, which of them are gaps without doubt and
/// which are anything else that the scan may stop at. Written so that the compiler makes it vectors.
#[inline]
fn masks(block: &[u8; BLOCK + 2]) -> (u64, u64) {
    let mut plain = [0_u8; BLOCK / 4];
    let mut stops = [0_u8; BLOCK / 4];
    for quarter in 0..4 {
        for i in 0..BLOCK / 4 {
            let at = quarter * BLOCK / 4 + i;
            let (before, b, after) = (block[at], block[at + 1], block[at + 2]);
            let is_lower = |b: u8| b.wrapping_sub(b'a') < 26;
            let inside =
                is_lower(before | 0x20) | (before.wrapping_sub(b'0') < 10) | (before == b',');
            let gap = (b == b' ') & inside & is_lower(after);
            // White space and control characters, the first bytes of others, quotation marks and
            // brackets.
            let stop = (b.wrapping_add(0x40) <= 0x60) | (b == b'"') | (b & 0xfe == b'(');
            plain[i] |= u8::from(gap) << (2 * quarter);
            stops[i] |= u8::from(stop) << (2 * quarter);
        }
    }
    let (plain, stops) = (in_order(plain), in_order(stops));
    (plain, stops & !plain)
}

/// The mask of a block whose `i`th byte has its bit in byte `i % 16` of `bytes`, there the bit
/// `2 * (i / 16)`.
#[inline]
fn in_order(bytes: [u8; BLOCK / 4]) -> u64 {
    let all = u128::from_le_bytes(bytes);
    // Eight by eight bits, transposed: bit `r` of byte `c` is that of byte `8 * r + c` of the block.
    let mut x = all as u64 | ((all >> 64) as u64) << 1;
    for (step, mask) in [
        (7, 0x00aa_00aa_00aa_00aa),
        (14, 0x0000_cccc_0000_cccc),
        (28, 0x0000_0000_f0f0_f0f0),
    ] {
        let swap = (x ^ x >> step) & mask;
        x ^= swap ^ swap << step;
    }
    x
}

/// The gap that starts at `start`, and where it ends or `limit` is passed.
fn gap(text: &str, start: usize, limit: usize) -> (Found, usize) {
    let bytes = text.as_bytes();
    let (mut lines, mut end) = (0, start);
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
        if end > limit {
            break;
        }
    }
    (Found::Gap { lines }, end)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use std::format;

    use super::*;

    /// All stops, and how many gaps were passed over.
    fn stops(text: &str, pass: bool) -> (Vec<Stop>, u32) {
        let mut scan = Scan::new(text, 0);
        let (mut stops, mut gaps) = (Vec::new(), 0);
        loop {
            let (stop, passed) = scan.next(text.len(), pass);
            gaps += passed;
            match stop {
                Some(stop) => stops.push(stop),
                None => return (stops, gaps),
            }
        }
    }

    /// The same, a character at a time.
    fn stops_by_character(text: &str) -> Vec<Stop> {
        let mut stops: Vec<Stop> = Vec::new();
        for (i, _) in text.char_indices() {
            if stops.last().is_none_or(|last| last.end <= i) {
                stops.extend(stop(text, i, text.len()));
            }
        }
        stops
    }

    #[test]
    fn blocks_find_what_characters_find() {
        let text = "It rained, and 3 men (of 9) left \u{201c}at once\u{201d}.\n\nÉtienne said \"no\" to\u{a0}it, \
                    \u{0} then and there and for good, as all who had known him for long had thought he would";
        let is_plain = |text: &str, stop: &Stop| {
            let before = text[..stop.start].bytes().next_back().unwrap_or(b' ');
            let after = text[stop.end..].bytes().next().unwrap_or(b' ');
            &text[stop.start..stop.end] == " "
                && (before.is_ascii_alphanumeric() || before == b',')
                && after.is_ascii_lowercase()
        };
        for from in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
            for more in ["", "a", " ", "\u{a0}", "\u{201c}", " a"] {
                let text = format!("{}{more}", &text[from..]);
                let mut all = stops_by_character(&text);
                assert_eq!(stops(&text, false), (all.clone(), 0), "{text}");
                let count = all.len();
                all.retain(|stop| !is_plain(&text, stop));
                let passed = (count - all.len()) as u32;
                assert_eq!(stops(&text, true), (all, passed), "{text}");
            }
        }
    }
}
