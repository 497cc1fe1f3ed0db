use alloc::vec::Vec;
#[cfg(feature = "std")]
use std::io::BufRead;

use standpoint_core::Sentence;

use crate::machine::Machine;
#[cfg(feature = "std")]
use crate::stream::Sentences;

/// Splits `text` into sentences that tile it: the first starts at 0, each starts where the one
/// before ends, the last ends with the text. White space belongs to the sentence it follows.
///
/// A blank line always ends a sentence, and so does the end of a line unless the next one goes on
/// in small letters; [`Splitter::wrapped`] is for text whose lines are broken at a fixed width. No
/// sentence is longer than 64 KiB: a longer one is cut at white space, or within a word if it has
/// none.
///
/// # Panics
///
/// If `text` is 4 GiB or longer, which spans cannot address.
#[must_use]
pub fn split(text: &str) -> Vec<Sentence> {
    Splitter::new().split(text)
}

/// How to split, where [`split`] is not enough.
///
/// ```
/// use standpoint_sentences::Splitter;
///
/// let text = "They left Quito and\nSan Miguel at dawn.\nNobody saw them.";
/// let sentences = Splitter::new().wrapped(true).split(text);
/// assert_eq!(sentences.len(), 2);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Splitter {
    wrapped: bool,
}

impl Splitter {
    /// As [`split`] does.
    #[must_use]
    pub const fn new() -> Self {
        Self { wrapped: false }
    }

    /// Whether lines are broken at a fixed width: a line's end is then white space like any other,
    /// unless the next line is blank, indented or a list item.
    #[must_use]
    pub const fn wrapped(mut self, yes: bool) -> Self {
        self.wrapped = yes;
        self
    }

    /// Splits a text; see [`split`].
    ///
    /// # Panics
    ///
    /// If `text` is 4 GiB or longer, which spans cannot address.
    #[must_use]
    pub fn split(self, text: &str) -> Vec<Sentence> {
        let mut sentences = Vec::with_capacity(text.len() / 128 + 1);
        self.machine()
            .advance(text, true, |gap| gap.decide(), &mut sentences);
        sentences
    }

    /// Reads a text of any length and gives its sentences one at a time, the same that
    /// [`split`](Self::split) finds in the whole of it. Holds no more than a few sentences at a
    /// time: at most some 200 KiB beside the reader's own buffer.
    ///
    /// ```
    /// use standpoint_sentences::Splitter;
    ///
    /// let reader = "It rained. We left.".as_bytes();
    /// let sentences: Result<Vec<_>, _> = Splitter::new().read(reader).collect();
    /// assert_eq!(sentences?[1].text, "We left.");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn read<R: BufRead>(self, reader: R) -> Sentences<R> {
        Sentences::new(reader, self.machine())
    }

    fn machine(self) -> Machine {
        Machine::new(self.wrapped)
    }
}
