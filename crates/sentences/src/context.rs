//! What stands around a gap, read from a bounded stretch of text on each side.

use crate::lanes::{end_of_word, space_after, space_before, start_of_word};
use crate::words::{REACH, Word};

/// The mark that a word ends with, closing quotation marks and brackets aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum End {
    Nothing,
    Stop,
    Exclamation,
    Question,
    /// Two dots or more, or `…`.
    Ellipsis,
    /// Several of `!` and `?`.
    Several,
    Colon,
    Semicolon,
    Comma,
    Dash,
}

impl End {
    /// Whether a sentence usually ends so.
    pub(crate) fn is_final(self) -> bool {
        matches!(
            self,
            Self::Stop | Self::Exclamation | Self::Question | Self::Ellipsis | Self::Several
        )
    }
}

/// A mark around a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Around {
    Nothing,
    Quote,
    Bracket,
    /// `*`, `_`, `-`, dashes.
    Other,
}

/// A stretch without white space: a word and the marks around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk<'t> {
    /// All of it.
    pub(crate) all: &'t [u8],
    /// The first mark before the word.
    pub(crate) opener: Around,
    /// The word.
    pub(crate) word: Word<'t>,
    /// Whether a quotation mark or bracket closes between word and end mark.
    pub(crate) closed_before: bool,
    /// The mark that ends it.
    pub(crate) end: End,
    /// The last mark after that.
    pub(crate) closer: Around,
}

impl<'t> Chunk<'t> {
    pub(crate) const NOTHING: Self = Chunk {
        all: &[],
        opener: Around::Nothing,
        word: Word::NOTHING,
        closed_before: false,
        end: End::Nothing,
        closer: Around::Nothing,
    };

    /// The chunk `start..end` of `text`.
    #[inline]
    fn new(text: &'t [u8], start: usize, end: usize) -> Self {
        let all = &text[start..end];
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return Self::NOTHING;
        };
        // Nearly always letters alone, or with one mark after them.
        let (mark, n) = match AFTER[*last as usize] {
            After::End(mark) => (mark, 1),
            _ => (End::Nothing, 0),
        };
        let inner = all[(all.len() - 1).saturating_sub(n)];
        if first.is_ascii_alphanumeric() && inner.is_ascii_alphanumeric() {
            return Chunk {
                all,
                word: Word::new(text, start, end - n),
                end: mark,
                ..Self::NOTHING
            };
        }
        Self::with_marks(text, start, all)
    }

    fn with_marks(text: &'t [u8], start: usize, all: &'t [u8]) -> Self {
        let (rest, closer) = strip_closers(all);
        let (rest, end) = strip_end(rest);
        let (rest, inner) = if end == End::Nothing {
            (rest, Around::Nothing)
        } else {
            strip_closers(rest)
        };
        let (word, opener) = strip_openers(rest);
        // An omission in brackets, `[...]`, ends nothing.
        let end = if word.is_empty() && opener == Around::Bracket {
            End::Nothing
        } else {
            end
        };
        let to = start + rest.len();
        Chunk {
            all,
            opener,
            word: Word::new(text, to - word.len(), to),
            closed_before: inner != Around::Nothing,
            end,
            closer,
        }
    }
}

/// A mark after a word.
#[derive(Clone, Copy)]
enum After {
    Nothing,
    /// Closes a quotation or bracket.
    Closer(Around),
    End(End),
}

/// The marks of one byte.
const AFTER: [After; 256] = {
    let mut after = [After::Nothing; 256];
    after[b'"' as usize] = After::Closer(Around::Quote);
    after[b'\'' as usize] = After::Closer(Around::Quote);
    after[b')' as usize] = After::Closer(Around::Bracket);
    after[b']' as usize] = After::Closer(Around::Bracket);
    after[b'}' as usize] = After::Closer(Around::Bracket);
    after[b'*' as usize] = After::Closer(Around::Other);
    after[b'_' as usize] = After::Closer(Around::Other);
    after[b'.' as usize] = After::End(End::Stop);
    after[b'!' as usize] = After::End(End::Exclamation);
    after[b'?' as usize] = After::End(End::Question);
    after[b':' as usize] = After::End(End::Colon);
    after[b';' as usize] = After::End(End::Semicolon);
    after[b',' as usize] = After::End(End::Comma);
    after[b'-' as usize] = After::End(End::Dash);
    after
};

/// The last mark and its length.
#[inline]
fn last_mark(bytes: &[u8]) -> (After, usize) {
    match bytes {
        [.., b] if b.is_ascii() => (AFTER[*b as usize], 1),
        [.., 0xe2, 0x80, 0x99 | 0x9d] => (After::Closer(Around::Quote), 3),
        [.., 0xc2, 0xbb] => (After::Closer(Around::Quote), 2),
        [.., 0xe2, 0x80, 0x93..=0x95] => (After::End(End::Dash), 3),
        [.., 0xe2, 0x80, 0xa6] => (After::End(End::Ellipsis), 3),
        _ => (After::Nothing, 0),
    }
}

fn strip_closers(mut bytes: &[u8]) -> (&[u8], Around) {
    let mut last = Around::Nothing;
    while let (After::Closer(around), n) = last_mark(bytes) {
        bytes = &bytes[..bytes.len() - n];
        if last == Around::Nothing {
            last = around;
        }
    }
    (bytes, last)
}

fn strip_end(mut bytes: &[u8]) -> (&[u8], End) {
    let mut end = End::Nothing;
    while let (After::End(mark), n) = last_mark(bytes) {
        bytes = &bytes[..bytes.len() - n];
        end = match (end, mark) {
            (End::Nothing, mark) => mark,
            (End::Stop | End::Ellipsis, End::Stop) => End::Ellipsis,
            (End::Exclamation | End::Question | End::Several, End::Exclamation | End::Question) => {
                End::Several
            }
            (last, _) => last,
        };
    }
    (bytes, end)
}

fn strip_openers(mut bytes: &[u8]) -> (&[u8], Around) {
    let mut first = Around::Nothing;
    if bytes.first().is_some_and(u8::is_ascii_alphanumeric) {
        return (bytes, first);
    }
    loop {
        let (n, around) = match bytes {
            [b'"' | b'\'' | b'`', ..] => (1, Around::Quote),
            [b'(' | b'[' | b'{', ..] => (1, Around::Bracket),
            [
                b'*' | b'_' | b'-' | b'>' | b'<' | b'=' | b'~' | b'+' | b'|',
                ..,
            ] => (1, Around::Other),
            [0xe2, 0x80, 0x98 | 0x9c, ..] => (3, Around::Quote),
            [0xc2, 0xab, ..] => (2, Around::Quote),
            [0xe2, 0x80, 0x90..=0x95, ..] => (3, Around::Other),
            _ => return (bytes, first),
        };
        bytes = &bytes[n..];
        if first == Around::Nothing {
            first = around;
        }
    }
}

/// The chunks of a text, each read once while it is near: a chunk is right of one gap and left of
/// the next.
#[derive(Debug)]
pub(crate) struct Chunks<'t> {
    pub(crate) text: &'t [u8],
    /// By the last bits of where they start.
    near: [Place<'t>; NEAR],
    /// That of the sentence's first chunk.
    opening: Place<'t>,
}

const NEAR: usize = 16;

/// A chunk and where it starts.
#[derive(Clone, Copy, Debug)]
struct Place<'t> {
    start: usize,
    chunk: Chunk<'t>,
}

impl<'t> Chunks<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        let nowhere = Place {
            start: usize::MAX,
            chunk: Chunk::NOTHING,
        };
        Self {
            text,
            near: [nowhere; NEAR],
            opening: nowhere,
        }
    }

    /// The chunk that starts at `start`, of which no more than [`REACH`] bytes are looked at.
    #[inline]
    pub(crate) fn first(&mut self, start: usize) -> Chunk<'t> {
        let near = &mut self.near[start % NEAR];
        if near.start != start {
            let ceiling = self.text.len().min(start + REACH);
            let end = end_of_word(self.text, start, ceiling);
            *near = Place {
                start,
                chunk: Chunk::new(self.text, start, end),
            };
        }
        near.chunk
    }

    /// Where what is after the white space after the chunk from `start` on is, no more than
    /// [`REACH`] bytes from there.
    #[inline]
    pub(crate) fn after(&self, start: usize, chunk: &Chunk) -> usize {
        let ceiling = self.text.len().min(start + REACH);
        let mut after = start + chunk.all.len();
        while after < ceiling
            && let n = space_after(&self.text[after..ceiling])
            && n > 0
        {
            after += n;
        }
        after
    }

    /// The chunk that ends at `end`, of which no more than [`REACH`] bytes are looked at, none before
    /// `floor`.
    #[inline]
    pub(crate) fn last(&self, floor: usize, end: usize) -> Chunk<'t> {
        let start = start_of_word(self.text, floor.max(end.saturating_sub(REACH)), end);
        let near = &self.near[start % NEAR];
        if near.start == start && near.chunk.all.len() == end - start {
            near.chunk
        } else {
            Chunk::new(self.text, start, end)
        }
    }

    /// Whether the chunk that ends at `end` has a final mark.
    #[inline]
    pub(crate) fn is_stopped(&self, floor: usize, end: usize) -> bool {
        // Nearly all that have none are known by the last byte.
        !matches!(last_mark(&self.text[floor..end]), (After::Nothing, _))
            && self.last(floor, end).end.is_final()
    }

    /// Where what is before the white space before the chunk up to `end` ends, no more than
    /// [`REACH`] bytes before there, nor before `floor`.
    #[inline]
    pub(crate) fn before(&self, floor: usize, end: usize, chunk: &Chunk) -> usize {
        let floor = floor.max(end.saturating_sub(REACH));
        let mut before = end - chunk.all.len();
        while before > floor
            && let n = space_before(&self.text[floor..before])
            && n > 0
        {
            before -= n;
        }
        before
    }

    /// The first chunk of the sentence that starts at `start`.
    #[inline]
    pub(crate) fn opening(&mut self, start: usize) -> Chunk<'t> {
        if self.opening.start != start {
            let chunk = self.first(start);
            self.opening = Place { start, chunk };
        }
        self.opening.chunk
    }
}
