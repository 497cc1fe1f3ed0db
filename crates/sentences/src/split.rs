use standpoint_core::{Sentence, Span};

use crate::context::{End, first_chunk};
use crate::features::{Context, Glance, SoFar};
use crate::scan::{self, Mark, Stop};
use crate::words::REACH;
use crate::{model, rules};

/// Splits `text` into sentences that tile it: the first starts at 0, each starts where the one
/// before ends, the last ends with the text. White space belongs to the sentence it follows.
///
/// # Panics
///
/// If `text` is 4 GiB or longer, which spans cannot address.
#[must_use]
pub fn split(text: &str) -> Vec<Sentence> {
    let mut out = Vec::with_capacity(text.len() / 128 + 1);
    Machine::default().advance(text, true, |gap| gap.decide(), &mut out);
    out
}

/// The longest sentence, in bytes; a longer one is cut at its last white space before that, or
/// within a word if it has none.
pub(crate) const LONGEST: usize = 1 << 16;

/// The longest quotation, in bytes, whose inner boundaries are marked.
pub(crate) const LONGEST_QUOTE: usize = 1 << 12;

/// A gap that no rule decides.
pub(crate) struct Gap<'t> {
    glance: Glance<'t>,
    sentence: &'t [u8],
    width: usize,
    lines: u32,
}

impl<'t> Gap<'t> {
    /// Whether a look at the two words beside it is enough to say no. Nearly all gaps are before
    /// names.
    fn is_plain(&self) -> bool {
        self.lines == 0 && matches!(self.glance.left.end, End::Nothing | End::Comma)
    }

    fn context(&self) -> Context<'t> {
        let (first, _) = first_chunk(self.sentence);
        Context::new(&self.glance, first, self.width, self.lines)
    }

    fn decide(&self) -> bool {
        if self.is_plain() && !model::is_worth_it(&self.glance.features()) {
            return false;
        }
        model::score(&self.context().features()) > 0
    }
}

/// Where the splitting of a text has got to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    /// Where the current sentence starts.
    start: usize,
    /// What has been read.
    at: usize,
    /// The end of the last gap of the sentence.
    last_gap: usize,
    /// Where the quotation that is open starts.
    quote: Option<usize>,
    /// As `quote`, in single marks.
    single: Option<usize>,
    item: Option<Item>,
    sofar: SoFar,
    begun: bool,
    pub(crate) wrapped: bool,
}

impl Machine {
    /// Reads on through `text`, which begins where it did at the last call, and adds the
    /// sentences that end. Unless the text is `complete`, stops where it would have to look
    /// past its end.
    pub(crate) fn advance(
        &mut self,
        text: &str,
        complete: bool,
        mut decide: impl FnMut(&Gap) -> bool,
        out: &mut Vec<Sentence>,
    ) {
        let bytes = text.as_bytes();
        if !self.begun {
            if !complete && bytes.len() < REACH {
                return;
            }
            self.begun = true;
            self.item = Item::read(bytes);
        }
        loop {
            let cap = self.start + LONGEST;
            // Between the items of a list any gap may be a boundary.
            let pass = self.item.is_none_or(|item| !item.letter);
            let (stop, passed) = scan::next(text, self.at, cap, pass);
            if passed.gaps > 0 {
                self.sofar.words += passed.gaps;
                self.last_gap = passed.last;
            }
            match stop {
                Stop::Mark { mark, start, end } => {
                    if !complete && end == bytes.len() {
                        self.at = start;
                        return;
                    }
                    self.mark(bytes, mark, start, end, out);
                    self.at = end;
                }
                Stop::Gap { start, end, lines } => {
                    if end > cap {
                        self.cut(text, char_start(text, cap), out);
                        continue;
                    }
                    if !complete && end + REACH > bytes.len() {
                        self.at = start;
                        return;
                    }
                    if end == bytes.len() {
                        break;
                    }
                    self.at = end;
                    self.last_gap = end;
                    if start == self.start {
                        self.item = Item::read(&bytes[end..]);
                        continue;
                    }
                    self.sofar.words += 1;
                    let after = bytes[end];
                    if let Some(kind) = self.boundary(bytes, start, end, lines, &mut decide) {
                        self.end_sentence(end, kind, bytes, out);
                    } else if !after.is_ascii_lowercase() {
                        self.sofar.capitals += 1;
                    }
                }
                Stop::End if cap <= bytes.len() => {
                    let at = if self.last_gap > self.start {
                        self.last_gap
                    } else {
                        char_start(text, cap)
                    };
                    self.cut(text, at, out);
                }
                Stop::End if complete => break,
                Stop::End => {
                    self.at = bytes.len();
                    return;
                }
            }
        }
        if self.start < bytes.len() {
            out.push(Sentence {
                span: Span::from_range(self.start..bytes.len()),
                nested: false,
            });
            self.start = bytes.len();
        }
        self.at = bytes.len();
    }

    fn boundary(
        &mut self,
        bytes: &[u8],
        start: usize,
        end: usize,
        lines: u32,
        decide: &mut impl FnMut(&Gap) -> bool,
    ) -> Option<Kind> {
        if lines > 1 {
            return Some(Kind::Hard);
        }
        let after = &bytes[end..];
        if lines == 1 && !self.wrapped && !after[0].is_ascii_lowercase() {
            return Some(Kind::Hard);
        }
        if let Some(item) = self.item {
            if start <= self.start + item.len {
                return None;
            }
            if item.is_before(Item::read(after)) {
                return Some(Kind::Item);
            }
        }
        if starts_with_bullet(after) {
            return Some(Kind::Item);
        }
        let before = &bytes[self.start..start];
        if before.len() <= 4 && starts_with_bullet(before) {
            return None;
        }
        self.sofar.quoted = self.quote.is_some();
        let glance = Glance::new(before, after, self.sofar);
        let yes = rules::decide(&glance).unwrap_or_else(|| {
            decide(&Gap {
                glance,
                sentence: before,
                width: end - start,
                lines,
            })
        });
        yes.then_some(if glance.left.end.is_final() {
            Kind::Stop
        } else {
            Kind::Open
        })
    }

    fn end_sentence(&mut self, end: usize, kind: Kind, bytes: &[u8], out: &mut Vec<Sentence>) {
        out.push(Sentence {
            span: Span::from_range(self.start..end),
            nested: false,
        });
        self.start = end;
        self.sofar = SoFar {
            history: self.sofar.history << 2 | kind as u8,
            ..SoFar::default()
        };
        self.item = Item::read(&bytes[end..]);
        if kind == Kind::Hard {
            self.quote = None;
            self.single = None;
        }
    }

    /// Ends a sentence that is too long.
    fn cut(&mut self, text: &str, at: usize, out: &mut Vec<Sentence>) {
        self.end_sentence(at, Kind::Hard, &text.as_bytes()[..at], out);
        self.at = at;
    }

    fn mark(&mut self, bytes: &[u8], mark: Mark, start: usize, end: usize, out: &mut [Sentence]) {
        let before = if start > self.start {
            bytes[start - 1]
        } else {
            b' '
        };
        let after = bytes.get(end).copied().unwrap_or(b' ');
        match mark {
            Mark::OpenBracket => self.sofar.brackets = self.sofar.brackets.saturating_add(1),
            Mark::CloseBracket => self.sofar.brackets = self.sofar.brackets.saturating_sub(1),
            Mark::Open => {
                self.quote.get_or_insert(start);
            }
            Mark::Close => Self::close(&mut self.quote, end, out),
            Mark::OpenSingle => {
                self.single.get_or_insert(start);
            }
            Mark::CloseSingle if matches!(before, b'.' | b',' | b'!' | b'?') => {
                Self::close(&mut self.single, end, out);
            }
            Mark::CloseSingle => {}
            Mark::Straight if self.quote.is_some() => Self::close(&mut self.quote, end, out),
            // Inches and seconds open nothing, nor does a mark before white space.
            Mark::Straight if before.is_ascii_digit() || after.is_ascii_whitespace() => {}
            Mark::Straight => self.quote = Some(start),
        }
    }

    /// A quotation ends: the boundaries since its start were inside it.
    fn close(quote: &mut Option<usize>, end: usize, out: &mut [Sentence]) {
        let Some(start) = quote.take() else { return };
        if end - start > LONGEST_QUOTE {
            return;
        }
        for sentence in out
            .iter_mut()
            .rev()
            .take_while(|s| s.span.end() as usize > start)
        {
            sentence.nested = true;
        }
    }
}

/// The start of the character at `at`.
fn char_start(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// How a sentence ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    /// With a final mark.
    Stop = 1,
    /// Without one.
    Open = 2,
    /// At a line's end or before a list item.
    Hard = 3,
    Item = 0,
}

const BULLETS: &[&str] = &["•", "⁃", "●", "▪", "‣", "◦", "∙", "■", "□", "➢", "➤"];

fn starts_with_bullet(bytes: &[u8]) -> bool {
    bytes[0] >= 0xe2 && BULLETS.iter().any(|b| bytes.starts_with(b.as_bytes()))
}

/// The marker of a list item: `1.`, `2)`, `3.)`, `a.`, `• 4.`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Item {
    /// Bytes of the marker.
    len: usize,
    value: u32,
    letter: bool,
    /// `.`, `)`, or both.
    dot: bool,
    bracket: bool,
}

impl Item {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut at = 0;
        if *bytes.first()? >= 0xe2 {
            let bullet = BULLETS.iter().find(|b| bytes.starts_with(b.as_bytes()))?;
            at += bullet.len();
            at += bytes[at..]
                .iter()
                .take(4)
                .take_while(|&&b| b == b' ')
                .count();
        }
        let rest = &bytes[at..];
        let digits = rest
            .iter()
            .take(3)
            .take_while(|b| b.is_ascii_digit())
            .count();
        let (value, letter) = match rest {
            _ if digits > 0 => (
                rest[..digits]
                    .iter()
                    .fold(0, |n, b| n * 10 + u32::from(b - b'0')),
                false,
            ),
            [b, ..] if b.is_ascii_lowercase() => (u32::from(*b), true),
            _ => return None,
        };
        at += digits.max(1);
        let dot = bytes.get(at) == Some(&b'.');
        at += usize::from(dot);
        let bracket = bytes.get(at) == Some(&b')');
        at += usize::from(bracket);
        let ends = bytes.get(at).is_some_and(|&b| b == b' ' || b == b'\t');
        ((dot || bracket) && ends).then_some(Self {
            len: at,
            value,
            letter,
            dot,
            bracket,
        })
    }

    /// Whether `next` is the marker of the item after this one.
    fn is_before(self, next: Option<Self>) -> bool {
        next.is_some_and(|n| {
            n.value == self.value + 1
                && (n.letter, n.dot, n.bracket) == (self.letter, self.dot, self.bracket)
        })
    }
}

/// For training: the gaps that no rule decides in a text whose sentences end at `ends` (with their
/// white space), each with the byte where a next sentence would start, the features at a glance
/// where a glance may be enough, and all features.
#[doc(hidden)]
pub fn training(text: &str, ends: &[usize], mut each: impl FnMut(usize, Option<&[u32]>, &[u32])) {
    let base = text.as_ptr() as usize;
    let decide = |gap: &Gap| {
        let at = gap.glance.right.all.as_ptr() as usize - base;
        let glance = gap.is_plain().then(|| gap.glance.features());
        each(
            at,
            glance.as_ref().map(|g| &g[..]),
            &gap.context().features(),
        );
        ends.binary_search(&at).is_ok()
    };
    Machine::default().advance(text, true, decide, &mut Vec::new());
}
