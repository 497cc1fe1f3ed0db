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
pub(crate) enum Kind {
    /// White space, with this many line ends.
    Gap {
        lines: u32,
    },
    Mark(Mark),
}

/// A place where the scan stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) kind: Kind,
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
    /// it, if they are to be. A gap is followed to its end, past `limit` if need be.
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
            match stop(self.text, at) {
                Some(stop) => {
                    self.skip(stop.end);
                    return (Some(stop), passed);
                }
                None => self.skip(at + 1),
            }
        }
    }
}

/// The gap or mark that starts at `start`, if one does.
#[inline]
fn stop(text: &str, start: usize) -> Option<Stop> {
    // Nearly always one space.
    if let [b' ', 0x21..0x80, ..] = text.as_bytes()[start..] {
        return Some(Stop {
            kind: Kind::Gap { lines: 0 },
            start,
            end: start + 1,
        });
    }
    let c = text[start..].chars().next()?;
    let mark = match c {
        '"' => Mark::Straight,
        '(' => Mark::OpenBracket,
        ')' => Mark::CloseBracket,
        '“' | '«' | '„' => Mark::Open,
        '”' | '»' => Mark::Close,
        '‘' => Mark::OpenSingle,
        '’' => Mark::CloseSingle,
        _ if c.is_whitespace() => return Some(gap(text, start)),
        _ => return None,
    };
    Some(Stop {
        kind: Kind::Mark(mark),
        start,
        end: start + c.len_utf8(),
    })
}

/// For the bytes of a block, without the first and last, which of them are gaps without doubt and
/// which are anything else that the scan stops at. Written so that the compiler makes it vectors.
#[inline]
fn masks(block: &[u8; BLOCK + 2]) -> (u64, u64) {
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
fn bits(bytes: &[u8; BLOCK]) -> u64 {
    let (eights, _) = bytes.as_chunks::<8>();
    let mut sum = 0;
    for (i, &eight) in eights.iter().enumerate() {
        let bits = u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        sum |= bits << (8 * i);
    }
    sum
}

/// The gap that starts at `start`.
fn gap(text: &str, start: usize) -> Stop {
    let bytes = text.as_bytes();
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
    Stop {
        kind: Kind::Gap { lines },
        start,
        end,
    }
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
                stops.extend(stop(text, i));
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
