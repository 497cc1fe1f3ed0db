//! What stands around a gap, read from a bounded stretch of text on each side.

use crate::lanes::{load, load_before, spaces};
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
        let mark = ENDS[*last as usize];
        let inner = match all {
            [.., inner, _] if mark != End::Nothing => inner,
            _ => last,
        };
        if first.is_ascii_alphanumeric() && inner.is_ascii_alphanumeric() {
            return Chunk {
                all,
                word: Word::new(text, start, end - usize::from(mark != End::Nothing)),
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

/// The closing marks of one byte.
const CLOSERS: [Around; 256] = {
    let mut closers = [Around::Nothing; 256];
    closers[b'"' as usize] = Around::Quote;
    closers[b'\'' as usize] = Around::Quote;
    closers[b')' as usize] = Around::Bracket;
    closers[b']' as usize] = Around::Bracket;
    closers[b'}' as usize] = Around::Bracket;
    closers[b'*' as usize] = Around::Other;
    closers[b'_' as usize] = Around::Other;
    closers
};

fn strip_closers(mut bytes: &[u8]) -> (&[u8], Around) {
    let mut last = Around::Nothing;
    while let [.., b] = bytes {
        let (n, around) = match CLOSERS[*b as usize] {
            Around::Nothing => match bytes {
                [.., 0xe2, 0x80, 0x99 | 0x9d] => (3, Around::Quote),
                [.., 0xc2, 0xbb] => (2, Around::Quote),
                _ => break,
            },
            around => (1, around),
        };
        bytes = &bytes[..bytes.len() - n];
        if last == Around::Nothing {
            last = around;
        }
    }
    (bytes, last)
}

/// The final marks of one byte.
const ENDS: [End; 256] = {
    let mut ends = [End::Nothing; 256];
    ends[b'.' as usize] = End::Stop;
    ends[b'!' as usize] = End::Exclamation;
    ends[b'?' as usize] = End::Question;
    ends[b':' as usize] = End::Colon;
    ends[b';' as usize] = End::Semicolon;
    ends[b',' as usize] = End::Comma;
    ends[b'-' as usize] = End::Dash;
    ends
};

fn strip_end(mut bytes: &[u8]) -> (&[u8], End) {
    let mut end = End::Nothing;
    while let [.., b] = bytes {
        let (n, mark) = match ENDS[*b as usize] {
            End::Nothing => match bytes {
                [.., 0xe2, 0x80, 0x93..=0x95] => (3, End::Dash),
                [.., 0xe2, 0x80, 0xa6] => (3, End::Ellipsis),
                _ => break,
            },
            mark => (1, mark),
        };
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

/// The chunk that ends at `end`, and the end of what is before the white space before it. Looks
/// at no more than [`REACH`] bytes, none before `floor`.
#[inline]
pub(crate) fn last_chunk(text: &[u8], floor: usize, end: usize) -> (Chunk<'_>, usize) {
    let floor = floor.max(end.saturating_sub(REACH));
    let mut start = end;
    while start > floor {
        let n = spaces(load_before(text, start)).leading_zeros() as usize / 8;
        start -= n;
        if n < 8 {
            break;
        }
    }
    start = start.max(floor);
    let mut before = start;
    while before > floor && text[before - 1] <= b' ' {
        before -= 1;
    }
    (Chunk::new(text, start, end), before)
}

/// The chunk that starts at `start`, and the start of what is after the white space after it.
/// Looks at no more than [`REACH`] bytes.
#[inline]
pub(crate) fn first_chunk(text: &[u8], start: usize) -> (Chunk<'_>, usize) {
    let ceiling = text.len().min(start + REACH);
    let mut end = start;
    while end < ceiling {
        let n = spaces(load(text, end)).trailing_zeros() as usize / 8;
        end += n;
        if n < 8 {
            break;
        }
    }
    end = end.min(ceiling);
    let mut after = end;
    while after < ceiling && text[after] <= b' ' {
        after += 1;
    }
    (Chunk::new(text, start, end), after)
}
