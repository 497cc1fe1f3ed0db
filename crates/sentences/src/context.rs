//! What stands around a gap, read from a bounded stretch of text on each side.

use crate::lanes::{
    Letters, end_of_word, letters_after, letters_before, space_after, space_before, start_of_word,
};
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
    /// What this mark, if any, and `before` before it are together.
    fn after(self, before: Self) -> Self {
        match (self, before) {
            (Self::Nothing, before) => before,
            (Self::Stop | Self::Ellipsis, Self::Stop) => Self::Ellipsis,
            (
                Self::Exclamation | Self::Question | Self::Several,
                Self::Exclamation | Self::Question,
            ) => Self::Several,
            (last, _) => last,
        }
    }

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
    /// Where the word starts.
    word_at: u8,
    /// The word.
    pub(crate) word: Word,
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
        word_at: 0,
        word: Word::NOTHING,
        closed_before: false,
        end: End::Nothing,
        closer: Around::Nothing,
    };

    /// The bytes of its word.
    pub(crate) fn word_bytes(&self) -> &'t [u8] {
        &self.all[usize::from(self.word_at)..][..usize::from(self.word.len)]
    }

    /// A chunk of letters and at most one mark after them.
    #[inline]
    fn of_letters(all: &'t [u8], letters: Letters, end: End) -> Self {
        Chunk {
            all,
            word: Word::of_letters(letters),
            end,
            ..Self::NOTHING
        }
    }

    /// The chunk `start..past` of `text`, whatever it is.
    fn new(text: &'t [u8], start: usize, past: usize) -> Self {
        let all = &text[start..past];
        let Tail {
            n,
            inner,
            end,
            closer,
        } = Tail::new(all);
        let to = past - n;
        let (word, opener) = strip_openers(&text[start..to]);
        // An omission in brackets, `[...]`, ends nothing.
        let end = if word.is_empty() && opener == Around::Bracket {
            End::Nothing
        } else {
            end
        };
        let from = to - word.len();
        Chunk {
            all,
            opener,
            word_at: (from - start) as u8,
            word: Word::new(text, from, to),
            closed_before: inner != Around::Nothing,
            end,
            closer,
        }
    }
}

/// What is past the word of a chunk.
struct Tail {
    /// Its length in bytes.
    n: usize,
    /// What closes before the end mark.
    inner: Around,
    end: End,
    /// The last that closes after that.
    closer: Around,
}

impl Tail {
    #[inline(always)]
    fn new(chunk: &[u8]) -> Self {
        let mut tail = Tail {
            n: 0,
            inner: Around::Nothing,
            end: End::Nothing,
            closer: Around::Nothing,
        };
        loop {
            let (mark, n) = last_mark(&chunk[..chunk.len() - tail.n]);
            if mark.closer != Around::Nothing {
                let around = if tail.end == End::Nothing {
                    &mut tail.closer
                } else {
                    &mut tail.inner
                };
                if *around == Around::Nothing {
                    *around = mark.closer;
                }
            } else if mark.end != End::Nothing && tail.inner == Around::Nothing {
                tail.end = tail.end.after(mark.end);
            } else {
                return tail;
            }
            tail.n += n;
        }
    }
}

/// The chunks of a text. Those that are more than letters take long to read, so the last few are
/// kept: a chunk is right of one gap and left of the next.
pub(crate) struct Chunks<'t> {
    pub(crate) text: &'t [u8],
    /// By the last bits of where they start.
    near: [(usize, Chunk<'t>); NEAR],
}

const NEAR: usize = 16;

impl<'t> Chunks<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            near: [(usize::MAX, Chunk::NOTHING); NEAR],
        }
    }

    /// The chunk that starts at `start`, of which no more than [`REACH`] bytes are looked at.
    #[inline]
    pub(crate) fn from(&mut self, start: usize) -> Chunk<'t> {
        // Nearly always letters alone, or with one mark after them.
        let text = self.text;
        let letters = letters_after(text, start);
        let end = start + letters.n;
        let mark = AFTER[byte(text, end) as usize].end;
        let past = end + usize::from(mark != End::Nothing);
        if end > start && byte(text, past) <= b' ' {
            return Chunk::of_letters(&text[start..past], letters, mark);
        }
        let (at, near) = &self.near[start % NEAR];
        if *at == start && byte(text, start + near.all.len()) <= b' ' {
            return *near;
        }
        let ceiling = text.len().min(start + REACH);
        self.any(start, end_of_word(text, start, ceiling))
    }

    /// The chunk that ends at `past`, of which no more than [`REACH`] bytes are looked at, none before
    /// `floor`.
    #[inline]
    pub(crate) fn up_to(&mut self, floor: usize, past: usize) -> Chunk<'t> {
        let text = self.text;
        let mark = AFTER[byte(text, past.wrapping_sub(1)) as usize].end;
        let end = past - usize::from(mark != End::Nothing);
        let letters = letters_before(text, end);
        let start = end - letters.n;
        if start < end && floor <= start && byte(text, start.wrapping_sub(1)) <= b' ' {
            return Chunk::of_letters(&text[start..past], letters, mark);
        }
        self.any(start_of_chunk(text, floor, past), past)
    }

    /// The chunk `start..past`, whatever it is.
    #[inline(never)]
    fn any(&mut self, start: usize, past: usize) -> Chunk<'t> {
        if start == past {
            return Chunk::NOTHING;
        }
        let (at, chunk) = &mut self.near[start % NEAR];
        if *at != start || chunk.all.len() != past - start {
            (*at, *chunk) = (start, Chunk::new(self.text, start, past));
        }
        *chunk
    }
}

/// Where the chunk that ends at `past` starts, no more than [`REACH`] bytes before, nor before
/// `floor`.
pub(crate) fn start_of_chunk(text: &[u8], floor: usize, past: usize) -> usize {
    start_of_word(text, floor.max(past.saturating_sub(REACH)), past)
}

/// The byte at `at`; a zero outside the text.
#[inline]
fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// A mark after a word: what it closes or how it ends the word, if either.
#[derive(Clone, Copy, PartialEq, Eq)]
struct After {
    closer: Around,
    end: End,
}

impl After {
    const NOTHING: Self = Self {
        closer: Around::Nothing,
        end: End::Nothing,
    };

    const fn closer(closer: Around) -> Self {
        Self {
            closer,
            ..Self::NOTHING
        }
    }

    const fn end(end: End) -> Self {
        Self {
            end,
            ..Self::NOTHING
        }
    }
}

/// The marks of one byte.
const AFTER: [After; 256] = {
    let mut after = [After::NOTHING; 256];
    after[b'"' as usize] = After::closer(Around::Quote);
    after[b'\'' as usize] = After::closer(Around::Quote);
    after[b')' as usize] = After::closer(Around::Bracket);
    after[b']' as usize] = After::closer(Around::Bracket);
    after[b'}' as usize] = After::closer(Around::Bracket);
    after[b'*' as usize] = After::closer(Around::Other);
    after[b'_' as usize] = After::closer(Around::Other);
    after[b'.' as usize] = After::end(End::Stop);
    after[b'!' as usize] = After::end(End::Exclamation);
    after[b'?' as usize] = After::end(End::Question);
    after[b':' as usize] = After::end(End::Colon);
    after[b';' as usize] = After::end(End::Semicolon);
    after[b',' as usize] = After::end(End::Comma);
    after[b'-' as usize] = After::end(End::Dash);
    after
};

/// The last mark and its length.
#[inline]
fn last_mark(bytes: &[u8]) -> (After, usize) {
    match bytes {
        [.., b] if b.is_ascii() => (AFTER[*b as usize], 1),
        [.., 0xe2, 0x80, 0x99 | 0x9d] => (After::closer(Around::Quote), 3),
        [.., 0xc2, 0xbb] => (After::closer(Around::Quote), 2),
        [.., 0xe2, 0x80, 0x93..=0x95] => (After::end(End::Dash), 3),
        [.., 0xe2, 0x80, 0xa6] => (After::end(End::Ellipsis), 3),
        _ => (After::NOTHING, 0),
    }
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

/// Where what is after the white space from `at` on is, before `ceiling`.
pub(crate) fn skip_space(text: &[u8], mut at: usize, ceiling: usize) -> usize {
    let ceiling = ceiling.min(text.len());
    while at < ceiling
        && let n = space_after(&text[at..ceiling])
        && n > 0
    {
        at += n;
    }
    at
}

/// Where what is before the white space up to `end` ends, after `floor`.
pub(crate) fn skip_space_before(text: &[u8], floor: usize, mut end: usize) -> usize {
    while end > floor
        && let n = space_before(&text[floor..end])
        && n > 0
    {
        end -= n;
    }
    end
}

/// Whether the chunk that `text` ends with has a final mark.
#[inline]
pub(crate) fn is_stopped(text: &[u8]) -> bool {
    // Nearly all are told by their last bytes.
    let near = &text[text.len().saturating_sub(REACH)..];
    is_marked(text)
        || Tail::new(near).end.is_final() && {
            let start = start_of_chunk(text, 0, text.len());
            Chunk::new(text, start, text.len()).end.is_final()
        }
}

/// Whether text ends with a final mark after a letter or digit.
#[inline]
pub(crate) fn is_marked(text: &[u8]) -> bool {
    matches!(text, [.., b, b'.' | b'!' | b'?'] if b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn letters_are_read_as_any_chunk_is() {
        for n in 1..20 {
            for word in ["a", "A", "aB", "Ab"] {
                let word = word.repeat(n);
                let capital = word[..1].to_uppercase() + &word[1..].to_lowercase();
                for word in [&word[..n], &capital[..n]] {
                    for mark in ["", ".", ",", "!", "-", "..", "'s", "\u{e9}", "\""] {
                        let text = format!("a {word}{mark} b");
                        let (text, past) = (text.as_bytes(), text.len() - 2);
                        let any = format!("{:?}", Chunk::new(text, 2, past));
                        let mut chunks = Chunks::new(text);
                        assert_eq!(format!("{:?}", chunks.from(2)), any);
                        assert_eq!(format!("{:?}", chunks.up_to(0, past)), any);
                        assert_eq!(format!("{:?}", chunks.up_to(2, past)), any);
                    }
                }
            }
        }
    }
}
