use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::Span;

/// What an offset counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum OffsetUnit {
    /// Unicode scalar values, as Python and R count.
    #[default]
    Chars,
    /// Bytes of UTF-8, as Rust and Go count.
    Bytes,
    /// UTF-16 code units, as JavaScript, Java and C# count.
    Utf16,
}

impl OffsetUnit {
    /// The unit's name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chars => "chars",
            Self::Bytes => "bytes",
            Self::Utf16 => "utf16",
        }
    }
}

/// Converts between bytes of one text and the offsets of other programs.
///
/// Built once a document; a conversion counts at most 128 bytes, and none in a text that is
/// all ASCII.
#[derive(Clone, Debug)]
pub struct OffsetIndex<'t> {
    text: &'t str,
    /// Characters and UTF-16 units before each block; empty for ASCII.
    blocks: Vec<(u32, u32)>,
}

/// Bytes between two counts of an [`OffsetIndex`].
const BLOCK: usize = 128;

impl<'t> OffsetIndex<'t> {
    /// Counts the text once.
    ///
    /// # Panics
    ///
    /// If the text is 4 GiB or more; a [`Document`](crate::Document)'s is not.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        assert!(
            u32::try_from(text.len()).is_ok(),
            "a document is shorter than 4 GiB"
        );
        if text.is_ascii() {
            return Self {
                text,
                blocks: Vec::new(),
            };
        }
        let mut blocks = Vec::with_capacity(text.len() / BLOCK + 1);
        let mut sum = (0, 0);
        for block in text.as_bytes().chunks(BLOCK) {
            blocks.push(sum);
            let (chars, utf16) = count(block);
            sum = (sum.0 + chars, sum.1 + utf16);
        }
        Self { text, blocks }
    }

    /// The offset of byte `at` in `unit`s.
    ///
    /// # Panics
    ///
    /// If `at` is past the end of the text.
    #[must_use]
    pub fn offset(&self, at: u32, unit: OffsetUnit) -> u32 {
        let byte = at as usize;
        assert!(
            byte <= self.text.len(),
            "byte {byte} of a text of {}",
            self.text.len()
        );
        if self.blocks.is_empty() || unit == OffsetUnit::Bytes {
            return at;
        }
        let block = (byte / BLOCK).min(self.blocks.len() - 1);
        let before = self.blocks[block];
        let rest = count(&self.text.as_bytes()[block * BLOCK..byte]);
        match unit {
            OffsetUnit::Chars => before.0 + rest.0,
            OffsetUnit::Utf16 => before.1 + rest.1,
            OffsetUnit::Bytes => at,
        }
    }

    /// A span in `unit`s.
    #[must_use]
    pub fn range(&self, span: Span, unit: OffsetUnit) -> Range<u32> {
        self.offset(span.start(), unit)..self.offset(span.end(), unit)
    }

    /// The bytes of a range given in `unit`s.
    ///
    /// # Errors
    ///
    /// [`OffsetError`] if the range runs backwards, past the end, or into the middle of a
    /// character.
    pub fn span(&self, range: Range<u32>, unit: OffsetUnit) -> Result<Span, OffsetError> {
        if range.start > range.end {
            return Err(OffsetError {
                at: range.start,
                unit,
                problem: Problem::Backwards,
            });
        }
        Ok(Span::new(
            self.byte(range.start, unit)?,
            self.byte(range.end, unit)?,
        ))
    }

    /// The byte at an offset given in `unit`s.
    ///
    /// # Errors
    ///
    /// [`OffsetError`] if the offset is past the end or inside a character.
    pub fn byte(&self, at: u32, unit: OffsetUnit) -> Result<u32, OffsetError> {
        let error = |problem| OffsetError { at, unit, problem };
        if self.blocks.is_empty() || unit == OffsetUnit::Bytes {
            return match at as usize {
                byte if byte > self.text.len() => Err(error(Problem::PastEnd)),
                byte if !self.text.is_char_boundary(byte) => Err(error(Problem::InsideChar)),
                _ => Ok(at),
            };
        }
        let of = |(chars, utf16)| {
            if unit == OffsetUnit::Chars {
                chars
            } else {
                utf16
            }
        };
        let block = self
            .blocks
            .partition_point(|&sum| of(sum) <= at)
            .saturating_sub(1);
        let mut seen = of(self.blocks[block]);
        // A block may start inside a character, which then counts in the block before.
        let mut byte = block * BLOCK;
        while !self.text.is_char_boundary(byte) {
            byte += 1;
        }
        for c in self.text[byte..].chars() {
            if seen >= at {
                break;
            }
            seen += if unit == OffsetUnit::Chars {
                1
            } else {
                c.len_utf16() as u32
            };
            byte += c.len_utf8();
        }
        match seen {
            seen if seen < at => Err(error(Problem::PastEnd)),
            seen if seen > at => Err(error(Problem::InsideChar)),
            _ => Ok(byte as u32),
        }
    }
}

/// Characters and UTF-16 units that start in these bytes.
fn count(bytes: &[u8]) -> (u32, u32) {
    bytes.iter().fold((0, 0), |(chars, utf16), &b| {
        let starts = u32::from(b & 0xC0 != 0x80);
        (chars + starts, utf16 + starts + u32::from(b >= 0xF0))
    })
}

/// An offset that no byte of the text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetError {
    at: u32,
    unit: OffsetUnit,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    PastEnd,
    InsideChar,
    Backwards,
}

impl fmt::Display for OffsetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            Problem::PastEnd => "is past the end of the text",
            Problem::InsideChar => "is inside a character",
            Problem::Backwards => "starts a range that ends before it",
        };
        write!(f, "offset {} in {} {problem}", self.at, self.unit.name())
    }
}

impl core::error::Error for OffsetError {}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    const UNITS: [OffsetUnit; 3] = [OffsetUnit::Bytes, OffsetUnit::Chars, OffsetUnit::Utf16];

    proptest! {
        #[test]
        fn every_boundary_comes_back(text in "(\\PC|[a-z ]{30}|😀){0,40}") {
            let index = OffsetIndex::new(&text);
            let (mut chars, mut utf16) = (0, 0);
            for (byte, c) in text.char_indices().chain([(text.len(), '\0')]) {
                let byte = byte as u32;
                prop_assert_eq!(index.offset(byte, OffsetUnit::Chars), chars);
                prop_assert_eq!(index.offset(byte, OffsetUnit::Utf16), utf16);
                for unit in UNITS {
                    prop_assert_eq!(index.byte(index.offset(byte, unit), unit), Ok(byte));
                }
                chars += 1;
                utf16 += c.len_utf16() as u32;
            }
            for unit in UNITS {
                prop_assert!(index.byte(index.offset(text.len() as u32, unit) + 1, unit).is_err());
            }
        }
    }

    #[test]
    fn the_middle_of_a_character_is_an_error() {
        let index = OffsetIndex::new("a😀");
        for (at, unit) in [(2, OffsetUnit::Bytes), (2, OffsetUnit::Utf16)] {
            let err = index.byte(at, unit).unwrap_err().to_string();
            assert!(err.contains("inside a character"), "{err}");
        }
        let (start, end) = (2, 1);
        let err = index
            .span(start..end, OffsetUnit::Chars)
            .unwrap_err()
            .to_string();
        assert!(err.contains("ends before"), "{err}");
    }
}
