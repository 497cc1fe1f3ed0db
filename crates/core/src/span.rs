use alloc::format;
use alloc::string::String;
use core::fmt;
use core::ops::{Index, Range};

/// Bytes of one document's text, `start..end`, end excluded; `start <= end`.
///
/// Spans are stored in bulk, so they are small (two `u32`) and `Copy`. Both ends stand on
/// character boundaries of the text they belong to; slicing with one that does not panics, as
/// slicing a `str` does.
///
/// ```
/// use standpoint_core::Span;
///
/// let text = "Hun Sen spoke.";
/// let name = Span::new(0, 7);
/// assert_eq!(&text[name], "Hun Sen");
/// assert!(name.overlaps(Span::new(4, 9)));
/// assert!(!name.overlaps(Span::new(7, 9)), "touching spans do not overlap");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "(u32, u32)", try_from = "(u32, u32)")
)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The bytes `start..end`.
    ///
    /// # Panics
    ///
    /// If `start > end`.
    #[inline]
    #[must_use]
    pub const fn new(start: u32, end: u32) -> Self {
        assert!(start <= end, "a span starts before it ends");
        Self { start, end }
    }

    /// The bytes of `range`, as indices into a text are usually written.
    ///
    /// # Panics
    ///
    /// If the range runs backwards or past `u32::MAX`; a [`Document`](crate::Document) is never
    /// longer than that.
    #[inline]
    #[must_use]
    pub fn from_range(range: Range<usize>) -> Self {
        let at = |n: usize| u32::try_from(n).expect("a document is shorter than 4 GiB");
        Self::new(at(range.start), at(range.end))
    }

    /// The first byte.
    #[inline]
    #[must_use]
    pub const fn start(self) -> u32 {
        self.start
    }

    /// The byte after the last one.
    #[inline]
    #[must_use]
    pub const fn end(self) -> u32 {
        self.end
    }

    /// How many bytes.
    #[inline]
    #[must_use]
    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether there are no bytes in it.
    #[inline]
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The same bytes as a range of `usize`.
    #[inline]
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether the byte at `at` is inside.
    #[must_use]
    pub const fn contains(self, at: u32) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether every byte of `other` is inside; an empty one is where its position is within or
    /// at either end.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether at least one byte is in both. Touching spans do not overlap; an empty span
    /// overlaps nothing.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.start.max(other.start) < self.end.min(other.end)
    }

    /// The smallest span with both inside.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// The part that is visible: without white space at either end. Empty, at the start, if there
    /// is nothing else in it.
    #[must_use]
    pub fn trimmed(self, text: &str) -> Self {
        let all = &text[self];
        let left = all.trim_start();
        if left.is_empty() {
            return Self::new(self.start, self.start);
        }
        let start = self.range().end - left.len();
        Self::from_range(start..start + left.trim_end().len())
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

impl Index<Span> for str {
    type Output = str;

    #[inline]
    fn index(&self, span: Span) -> &str {
        &self[span.range()]
    }
}

impl Index<Span> for String {
    type Output = str;

    fn index(&self, span: Span) -> &str {
        &self.as_str()[span]
    }
}

impl From<Span> for Range<usize> {
    fn from(span: Span) -> Self {
        span.range()
    }
}

impl From<Span> for (u32, u32) {
    fn from(span: Span) -> Self {
        (span.start, span.end)
    }
}

impl TryFrom<(u32, u32)> for Span {
    type Error = String;

    fn try_from((start, end): (u32, u32)) -> Result<Self, Self::Error> {
        if start <= end {
            Ok(Self { start, end })
        } else {
            Err(format!(
                "a span that starts at {start} ends before that, at {end}"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        let empty = Span::new(3, 3);
        assert!(empty.is_empty());
        assert!(!empty.overlaps(Span::new(0, 9)));
        assert!(!empty.contains(3));
        assert!(Span::new(0, 3).covers(empty));
        assert!(!Span::new(0, 3).contains(3));
        assert_eq!(Span::new(0, 2).join(Span::new(5, 6)), Span::new(0, 6));
        assert!(Span::try_from((2, 1)).is_err());
    }

    #[test]
    fn trimming_keeps_the_visible_part() {
        let text = "a  bé \n";
        assert_eq!(Span::new(1, 8).trimmed(text), Span::new(3, 6));
        assert_eq!(Span::new(1, 3).trimmed(text), Span::new(1, 1));
    }
}
