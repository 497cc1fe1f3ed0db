use alloc::vec::Vec;

use standpoint_core::{Span, Token, TokenKind};

use crate::address;
use crate::bytes::{CLASS, DIGIT, LETTER, MARK, SPACE, WIDE, letters};
use crate::lists;

/// The words inside `within`, usually a sentence, in ascending order, with nothing but white
/// space between them.
///
/// # Panics
///
/// If `within` is out of the text or cuts a character.
#[must_use]
pub fn tokenize(text: &str, within: Span) -> Vec<Token> {
    let part = &text[within];
    let bytes = part.as_bytes();
    let mut out = Words {
        text: part,
        base: within.start(),
        tokens: Vec::with_capacity(bytes.len() / 5 + 1),
        joined: 0,
        asked: (0, 0),
        kept: false,
    };
    let mut at = 0;
    while at < bytes.len() {
        if CLASS[bytes[at] as usize] == SPACE {
            at += 1;
            continue;
        }
        let start = at;
        at += letters(&bytes[at..]);
        if bytes.get(at).is_none_or(|&b| CLASS[b as usize] == SPACE) {
            out.letters(start, at);
            continue;
        }
        let mut seen = if at > start { LETTER } else { 0 };
        while at < bytes.len() {
            let class = CLASS[bytes[at] as usize];
            if class == SPACE {
                break;
            }
            seen |= class;
            at += 1;
        }
        if seen & WIDE == 0 {
            out.chunk(start, at, seen);
            continue;
        }
        // White space of several bytes ends a chunk as well.
        let mut from = start;
        for (i, c) in part[start..at].char_indices() {
            if c.is_whitespace() {
                out.chunk(from, start + i, seen);
                from = start + i + c.len_utf8();
            }
        }
        out.chunk(from, at, seen);
    }
    out.tokens
}

/// The longest chunk with marks, in bytes, that is looked at as a whole.
const LONGEST: usize = 128;

/// After how many words joined by marks no address is looked for any more: each look takes time by
/// the length of the rest.
const JOINED: u32 = 4;

struct Words<'t> {
    text: &'t str,
    base: u32,
    tokens: Vec<Token>,
    /// Words of the chunk so far that a mark joins to the next.
    joined: u32,
    /// Of which long word it was last asked whether it keeps its stop, and the answer.
    asked: (usize, usize),
    kept: bool,
}

impl<'t> Words<'t> {
    fn push(&mut self, start: usize, end: usize, kind: TokenKind) {
        if start < end {
            let span = Span::new(self.base + start as u32, self.base + end as u32);
            self.tokens.push(Token { span, kind });
        }
    }

    /// Splits a stretch without white space, whose bytes are of the classes `seen`.
    fn chunk(&mut self, mut start: usize, end: usize, seen: u8) {
        self.joined = 0;
        match seen {
            _ if start == end => return,
            LETTER => return self.letters(start, end),
            DIGIT => return self.push(start, end, TokenKind::Number),
            _ if end - start <= LONGEST => return self.marked(start, end, seen),
            _ => {}
        }
        // No word but an address: cut, since the work for a chunk grows faster than its length.
        if let Some((length, kind)) = address::find(&self.text.as_bytes()[start..end], seen) {
            self.push(start, start + length, kind);
            return self.marks(start + length, end);
        }
        while start < end {
            let mut cut = end.min(start + LONGEST);
            while !self.text.is_char_boundary(cut) {
                cut -= 1;
            }
            self.marked(start, cut, seen);
            start = cut;
        }
    }

    /// A word of ASCII letters alone.
    fn letters(&mut self, start: usize, end: usize) {
        let word = &self.text.as_bytes()[start..end];
        match lists::contraction(word) {
            None => self.push(start, end, TokenKind::Word),
            Some(first) => {
                self.push(start, start + first, TokenKind::Word);
                self.push(start + first, end, TokenKind::Word);
            }
        }
    }

    /// A chunk with marks: takes those before and after the word off. The classes `seen` may be more
    /// than its own.
    fn marked(&mut self, mut start: usize, mut end: usize, seen: u8) {
        let bytes = self.text.as_bytes();
        // The common case first: letters and one mark after them.
        if CLASS[bytes[end - 1] as usize] & MARK != 0
            && end - start > 1
            && letters(&bytes[start..end]) == end - start - 1
        {
            self.letters(start, end - 1);
            return self.push(end - 1, end, kind_of_mark(bytes[end - 1] as char));
        }
        let lengths: &[usize] = if bytes[start].is_ascii() {
            &[end - start, 3, 2]
        } else {
            &[]
        };
        for &length in lengths {
            // Before nothing but marks: `:-).`
            if length <= end - start
                && lists::is_emoticon(&bytes[start..start + length])
                && bytes[start + length..end]
                    .iter()
                    .all(u8::is_ascii_punctuation)
            {
                self.push(start, start + length, TokenKind::Emoji);
                return self.marks(start + length, end);
            }
        }
        while start < end {
            let n = self.opener(start, end);
            if n == 0 {
                break;
            }
            let c = first(&self.text[start..end]);
            self.push(start, start + n, kind_of_mark(c));
            start += n;
        }
        if start == end {
            return;
        }
        if self.joined < JOINED
            && let Some((length, kind)) = address::find(&bytes[start..end], seen)
        {
            self.push(start, start + length, kind);
            return self.marks(start + length, end);
        }
        // The marks after the word, last first, to be put in order at the end.
        let mut tail = [(0, 0); 16];
        let mut n = 0;
        while n < tail.len() {
            let from = self.closer(start, end);
            if from == end || from == start {
                break;
            }
            tail[n] = (from, end);
            n += 1;
            end = from;
        }
        self.word(start, end, seen);
        for &(from, to) in tail[..n].iter().rev() {
            let kind = match first(&self.text[from..to]) {
                _ if lists::is_emoticon(&bytes[from..to]) => TokenKind::Emoji,
                c => kind_of_mark(c),
            };
            self.push(from, to, kind);
        }
    }

    /// Marks alone.
    fn marks(&mut self, mut start: usize, end: usize) {
        while start < end {
            let c = first(&self.text[start..end]);
            let n = run(&self.text[start..end], c);
            self.push(start, start + n, kind_of_mark(c));
            start += n;
        }
    }

    /// The length of the mark that stands before a word, 0 if there is none.
    fn opener(&self, start: usize, end: usize) -> usize {
        let rest = &self.text[start..end];
        let bytes = rest.as_bytes();
        let next = bytes.get(1).copied().unwrap_or(b' ');
        match bytes[0] {
            b if CLASS[b as usize] & (LETTER | DIGIT) != 0 => 0,
            b'\'' if next == b'\'' => 2,
            b'\'' if is_elision(&bytes[1..]) => 0,
            b'.' if next.is_ascii_alphanumeric() => 0,
            b'@' if next.is_ascii_alphanumeric() => 0,
            b'#' if next.is_ascii_alphabetic() || next == b'\'' => 0,
            b'+' if next.is_ascii_digit() => 0,
            _ => {
                let c = first(rest);
                if is_alphanumeric(c) || c == '’' && is_elision(&bytes[3..]) {
                    return 0;
                }
                run(rest, c)
            }
        }
    }

    /// Where the mark after a word starts; `end` if there is none.
    fn closer(&mut self, start: usize, end: usize) -> usize {
        let text = self.text;
        let rest = &text[start..end];
        let bytes = rest.as_bytes();
        let n = bytes.len();
        for len in [3, 2] {
            if n > len
                && !bytes[n - len].is_ascii_alphanumeric()
                && lists::is_emoticon(&bytes[n - len..])
            {
                return end - len;
            }
        }
        match bytes[n - 1] {
            b if CLASS[b as usize] & (LETTER | DIGIT) != 0 => end,
            b'.' => {
                let dots = n - bytes.iter().rev().take_while(|&&b| b == b'.').count();
                match n - dots {
                    1 if self.keeps_stop(start, start + dots, end) => end,
                    // `Inc..`: the abbreviation's stop and the sentence's.
                    2 if self.keeps_stop(start, start + dots, end) => end - 1,
                    _ => start + dots,
                }
            }
            b'!' if bytes.eq_ignore_ascii_case(b"yahoo!") => end,
            b'!' | b'?' => {
                let from = n - bytes
                    .iter()
                    .rev()
                    .take_while(|b| matches!(b, b'!' | b'?'))
                    .count();
                match &bytes[..from] {
                    [.., b'.', b'.'] => start + from,
                    // `.?` is one mark.
                    [word @ .., b'.']
                        if !word.is_empty() && !self.keeps_stop(start, start + word.len(), end) =>
                    {
                        start + from - 1
                    }
                    _ => start + from,
                }
            }
            b'\'' if n > 2 && bytes[n - 2] == b'\'' => end - 2,
            b'-' | b'*' | b'=' | b'_' | b'~' | b'>' | b'<' | b'+' => {
                let same = bytes
                    .iter()
                    .rev()
                    .take_while(|&&b| b == bytes[n - 1])
                    .count();
                if same == n { start } else { end - same }
            }
            b if b.is_ascii() => end - 1,
            _ if n > 6 && rest.ends_with("’’") => end - 2 * '’'.len_utf8(),
            _ => {
                let c = rest.chars().next_back().unwrap_or('a');
                if is_alphanumeric(c) || is_joined(c) {
                    end
                } else {
                    end - c.len_utf8()
                }
            }
        }
    }

    /// Whether the word `start..stop` keeps the stop that follows it, in a chunk up to `end`.
    fn keeps_stop(&mut self, start: usize, stop: usize, end: usize) -> bool {
        // No abbreviation is longer; of the words of a chunk that are joined each asks.
        const LONGEST: usize = 24;
        if stop - start <= LONGEST {
            return self.is_abbreviated(start, stop, end);
        }
        if self.asked != (stop, end) {
            self.asked = (stop, end);
            self.kept = self.is_abbreviated(stop - LONGEST, stop, end);
        }
        self.kept
    }

    fn is_abbreviated(&self, start: usize, stop: usize, end: usize) -> bool {
        let word = &self.text.as_bytes()[start..stop];
        // All abbreviations end with a letter.
        if !word.last().is_some_and(u8::is_ascii_alphabetic) {
            return false;
        }
        let word = match word
            .iter()
            .rposition(|&b| matches!(b, b'(' | b'"' | b'-' | b'/' | b'\''))
        {
            Some(i) => &word[i + 1..],
            None => word,
        };
        let after = self.text.as_bytes()[end..]
            .iter()
            .find(|&&b| CLASS[b as usize] != SPACE);
        if word.eq_ignore_ascii_case(b"etc") {
            // At the end of a sentence the stop is the sentence's.
            return after.is_some();
        }
        if lists::ABBREVIATIONS.has(word) {
            return true;
        }
        if lists::NUMBERED.has(word) {
            return after.is_some_and(u8::is_ascii_digit);
        }
        match word {
            // An initial, where there is a name after it.
            [b] => {
                b.is_ascii_uppercase()
                    && (*b != b'I' || after.is_some_and(u8::is_ascii_uppercase))
                    && after.is_some()
                    || matches!(b, b'v' | b'c') && after.is_some()
            }
            // `U.S`, `a.m`.
            [.., b'.', b] => {
                b.is_ascii_alphabetic()
                    && word.split(|&b| b == b'.').all(|part| {
                        part.len()
                            <= 1 + usize::from(part.len() == 2 && part[1].is_ascii_lowercase())
                    })
            }
            _ => false,
        }
    }

    /// What is left between the marks.
    fn word(&mut self, start: usize, end: usize, seen: u8) {
        let bytes = &self.text.as_bytes()[start..end];
        if letters(bytes) == bytes.len() {
            return self.letters(start, end);
        }
        let kind = match bytes[0] {
            b'@' => Some(TokenKind::Handle),
            b'#' => Some(TokenKind::Hashtag),
            _ => None,
        };
        if let Some(kind) = kind
            && bytes.len() > 1
            && bytes[1..]
                .iter()
                .all(|&b| b.is_ascii_alphanumeric() || b == b'_')
        {
            return self.push(start, end, kind);
        }
        if bytes[0].is_ascii_digit() || matches!(bytes, [b'.' | b'+', b'0'..=b'9', ..]) {
            let number = number(bytes);
            if number == bytes.len() {
                return self.push(start, end, TokenKind::Number);
            }
            let rest = &bytes[number..];
            let word = rest.len() > 3 && number > 1 && rest.iter().all(u8::is_ascii_lowercase);
            if lists::UNITS.has(rest) || word {
                self.push(start, start + number, TokenKind::Number);
                return self.push(start + number, end, TokenKind::Word);
            }
        }
        if let Some((from, to)) = self.inner(start, end) {
            // Either side may have marks of its own.
            if from > start {
                self.word(start, from, seen);
            }
            let c = first(&self.text[from..to]);
            self.push(from, to, kind_of_mark(c));
            self.joined += 1;
            return match letters(&self.text.as_bytes()[to..end]) {
                0 if to == end => {}
                n if n == end - to => self.letters(to, end),
                _ => self.marked(to, end, seen),
            };
        }
        self.clitics(start, end);
    }

    /// The first mark inside a word that stands for itself.
    fn inner(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let word = &self.text[start..end];
        let bytes = word.as_bytes();
        let letter = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphabetic);
        let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
        let mut i = 0;
        while i < bytes.len() {
            let b = bytes[i];
            let (before, after) = (
                i.checked_sub(1).and_then(|i| bytes.get(i)),
                bytes.get(i + 1),
            );
            let split = match b {
                _ if CLASS[b as usize] & (LETTER | DIGIT) != 0 => false,
                b'-' => after == Some(&b'-') || !is_hyphen_inside(bytes, i),
                b'/' => !(digit(before) && digit(after) || is_short_slash(bytes)),
                b',' => !(digit(before) && digit(after)),
                b':' => !(digit(before) && digit(after)),
                b'.' => after == Some(&b'.') || is_missing_space(bytes, i),
                b'!' | b'?' | b';' | b'"' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'='
                | b'<' | b'>' | b'|' | b'~' | b'\\' => true,
                b'%' | b'$' => i > 0 && !letter(after),
                b'*' => !letter(after),
                b'+' => letter(before) && letter(after) || digit(before) && digit(after),
                b if b.is_ascii() => false,
                _ => {
                    let c = first(&word[i..]);
                    if !(is_alphanumeric(c)
                        || is_joined(c)
                        || matches!(c, '’' | '‘' | 'º' | 'ª' | '·'))
                    {
                        return Some((start + i, start + i + run(&word[i..], c)));
                    }
                    i += c.len_utf8();
                    continue;
                }
            };
            if split {
                return Some((start + i, start + i + run(&word[i..], b as char)));
            }
            i += 1;
        }
        None
    }

    /// A word without inner marks but apostrophes: takes the clitics off.
    fn clitics(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        let bytes = word.as_bytes();
        let kind = |w: &str| {
            if w.starts_with(|c: char| c.is_ascii_digit()) {
                TokenKind::Number
            } else if is_alphanumeric(first(w)) || w.len() > 1 {
                TokenKind::Word
            } else {
                kind_of_mark(first(w))
            }
        };
        // The last apostrophe and what follows it.
        let mark = bytes
            .iter()
            .rposition(|&b| b == b'\'' || b == b'`')
            .map(|i| (i, 1));
        let curly = || bytes.windows(3).rposition(|w| w == "’".as_bytes());
        let mark = mark.or_else(|| curly().map(|i| (i, 3)));
        let Some((i, len)) = mark.filter(|&(i, _)| i > 0) else {
            return self.push(start, end, kind(word));
        };
        let ending = &bytes[i + len..];
        let is = |e: &[u8]| ending.eq_ignore_ascii_case(e);
        let cut = if is(b"t") && i > 1 && bytes[i - 1].eq_ignore_ascii_case(&b'n') {
            i - 1
        } else if is(b"s")
            && bytes[i - 1].is_ascii_digit()
            && bytes[..i].iter().all(u8::is_ascii_digit)
        {
            // `1980's`.
            bytes.len()
        } else if [&b"s"[..], b"m", b"d", b"re", b"ve", b"ll"]
            .into_iter()
            .any(is)
        {
            i
        } else {
            bytes.len()
        };
        if cut == bytes.len() {
            return self.push(start, end, kind(word));
        }
        // `I'd've`, `shouldn't've`.
        self.clitics(start, start + cut);
        self.push(start + cut, end, TokenKind::Word);
    }
}

fn first(text: &str) -> char {
    text.chars().next().unwrap_or('\0')
}

/// As [`char::is_alphanumeric`], sooner for the marks of typography.
fn is_alphanumeric(c: char) -> bool {
    match c {
        '\u{c0}'..='\u{24f}' => !matches!(c, '×' | '÷'),
        '\u{2000}'..='\u{206f}' => false,
        _ => c.is_alphanumeric(),
    }
}

/// How much of the text is this mark again and again, for marks that are used so.
fn run(text: &str, c: char) -> usize {
    match c {
        '.' => {
            let dots = same(text);
            // `.?` is one mark, `...?` two.
            if dots > 1 {
                dots
            } else {
                1 + marks(&text[1..])
            }
        }
        '!' | '?' => marks(text),
        '’' | '‘' => {
            let rest = text[c.len_utf8()..].strip_prefix('’');
            if rest.is_some() {
                2 * c.len_utf8()
            } else {
                c.len_utf8()
            }
        }
        '…' => text.len() - text[c.len_utf8()..].trim_start_matches('.').len(),
        '-' | '*' | '=' | '_' | '~' | '+' | '<' | '>' | '#' | '$' | '/' | '\\' => same(text),
        // A sign with what modifies it.
        _ if is_emoji(c) => {
            let rest = text[c.len_utf8()..].trim_start_matches(is_joined);
            text.len() - rest.len()
        }
        _ => c.len_utf8(),
    }
}

/// The length of a run of the first byte.
fn same(text: &str) -> usize {
    let bytes = text.as_bytes();
    bytes.iter().take_while(|&&b| b == bytes[0]).count()
}

/// The length of a run of `!` and `?`.
fn marks(text: &str) -> usize {
    let bytes = text.as_bytes();
    bytes
        .iter()
        .take_while(|b| matches!(b, b'!' | b'?'))
        .count()
}

/// Joiners and selectors that go with the character before them.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{300}'..='\u{36f}' | '\u{ad}')
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}')
}

fn kind_of_mark(c: char) -> TokenKind {
    /// Of ASCII characters.
    const KINDS: [TokenKind; 128] = {
        let mut kinds = [TokenKind::Punctuation; 128];
        let symbols = b"$%+=<>|~^#&";
        let mut i = 0;
        while i < symbols.len() {
            kinds[symbols[i] as usize] = TokenKind::Symbol;
            i += 1;
        }
        let mut b = 0;
        while b < 128 {
            if (b as u8).is_ascii_alphanumeric() {
                kinds[b] = TokenKind::Word;
            }
            b += 1;
        }
        kinds
    };
    if let Some(&kind) = KINDS.get(c as usize) {
        return kind;
    }
    match c {
        '€' | '£' | '¥' | '¢' | '°' | '©' | '®' | '™' | '×' | '÷' | '±' | '•' | '§' => {
            TokenKind::Symbol
        }
        _ if is_emoji(c) => TokenKind::Emoji,
        _ if is_alphanumeric(c) => TokenKind::Word,
        _ => TokenKind::Punctuation,
    }
}

/// Whether an apostrophe before this is part of the word: `'em`, `'72`, `'s`.
fn is_elision(rest: &[u8]) -> bool {
    const ELIDED: &lists::List<32> = &lists::List::new([
        "s", "m", "d", "re", "ve", "ll", "em", "til", "cause", "n", "bout", "tis", "twas", "cuz",
    ]);
    let n = rest
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    let word = &rest[..n];
    ELIDED.has(word)
        || (n == 2 || n == 3 && word[2] == b's') && word[..2].iter().all(u8::is_ascii_digit)
}

/// The length of the number at the start of a word: digits with separators, ordinals, decades.
fn number(bytes: &[u8]) -> usize {
    let mut i = usize::from(!bytes[0].is_ascii_digit());
    while i < bytes.len() {
        match bytes[i] {
            b'0'..=b'9' => i += 1,
            b'.' | b',' | b':' | b'/' if bytes.get(i + 1).is_some_and(u8::is_ascii_digit) => i += 1,
            _ => break,
        }
    }
    let rest = &bytes[i..];
    if [&b"st"[..], b"nd", b"rd", b"th", b"s"]
        .iter()
        .any(|e| rest.eq_ignore_ascii_case(e))
    {
        return bytes.len();
    }
    i
}

/// Whether the hyphen at `i` is part of a word: after a prefix, in a telephone number, a name of
/// a file.
fn is_hyphen_inside(bytes: &[u8], i: usize) -> bool {
    if i == 0 || i + 1 == bytes.len() {
        return false;
    }
    let (before, after) = (&bytes[..i], &bytes[i + 1..]);
    let digits = |b: &[u8]| b.iter().all(u8::is_ascii_digit);
    let next = after.split(|&b| b == b'-').next().unwrap_or(after);
    if digits(next) {
        // No such number is longer.
        if bytes.len() > 48 {
            return false;
        }
        // 713-853-3989, 345-9945, 77415-0027; a range is two numbers.
        let last = before
            .rsplit(|&b| b == b'-' || b == b'/')
            .next()
            .unwrap_or(before);
        let (mut groups, mut all) = (0, true);
        for &b in bytes {
            groups += usize::from(b == b'-');
            all &= b.is_ascii_digit() | matches!(b, b'-' | b'/' | b'.');
        }
        return all
            && (groups > 1
                || last.len() == 3 && next.len() == 4
                || last.len() == 5 && next.len() == 4);
    }
    let fits = if before.len() == 1 {
        before == b"e" && after[0].is_ascii_lowercase()
    } else {
        true
    };
    fits && lists::PREFIXES.has(before) && after[0].is_ascii_alphanumeric()
}

/// `w/o`, `c/o`, `L/C`.
fn is_short_slash(bytes: &[u8]) -> bool {
    matches!(bytes, [a, b'/', b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic())
        || bytes.eq_ignore_ascii_case(b"w/out")
}

/// Whether a sentence ends at the stop at `i`, the space after it left out: `back.Then`.
fn is_missing_space(bytes: &[u8], i: usize) -> bool {
    let before = bytes[..i]
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_lowercase())
        .count();
    let after = &bytes[i + 1..];
    before >= 2
        && after.first().is_some_and(u8::is_ascii_uppercase)
        && after.get(1).is_none_or(u8::is_ascii_lowercase)
}
