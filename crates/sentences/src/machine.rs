//! One pass over a text, which can stop where the text given so far ends and go on when there is
//! more.

use alloc::vec::Vec;

use standpoint_core::{Sentence, Span};

use crate::context::{Chunks, End, is_marked, is_stopped};
use crate::features::{Context, Glance, SoFar};
use crate::item::{Item, starts_with_bullet};
use crate::scan::{Found, Mark, Scan, Stop};
use crate::words::{AHEAD, first_char};
use crate::{model, rules};

/// The longest sentence, in bytes; a longer one is cut at its last white space before that, or
/// within a word if it has none.
pub(crate) const LONGEST: usize = 1 << 16;

/// The longest quotation, in bytes, whose inner boundaries are marked.
pub(crate) const LONGEST_QUOTE: usize = 1 << 12;

/// Words after which a sentence ends only where there is a mark or a line's end: what is longer is a
/// table or a list.
const LONGEST_PLAIN: u32 = 100;

/// What a text has left to spend on doubtful gaps, so that none is slow throughout: each byte is
/// saved, up to a limit, a look at the words beside a gap costs some and a question to the network
/// more. Prose has a doubtful gap in thirty bytes and asks once in a hundred. A text that has spent
/// all is none, or a table of several kilobytes without line ends; until all is saved again, a final
/// mark after a letter or digit alone ends its sentences.
#[derive(Clone, Copy, Debug)]
struct Purse {
    /// The bytes before here are spent; below 0 when that is before the text at hand.
    spent: isize,
    empty: bool,
}

impl Purse {
    /// The bytes that a look costs.
    const LOOK: isize = 8;
    /// The bytes that a question costs.
    const QUESTION: isize = 16;
    /// The bytes that can be saved.
    const LIMIT: isize = 4096;

    /// That of a text at its start.
    const START: Self = Self {
        spent: -Self::LIMIT / 2,
        empty: false,
    };

    /// Pays at byte `at`, if there is enough; if not, not again until all is saved.
    #[inline]
    fn pay(&mut self, cost: isize, at: usize) -> bool {
        let at = at as isize;
        self.empty &= at - self.spent < Self::LIMIT;
        if !self.empty {
            let spent = self.spent.max(at - Self::LIMIT) + cost;
            self.empty = spent > at;
            if !self.empty {
                self.spent = spent;
            }
        }
        !self.empty
    }

    /// Goes on as if the text had begun `bytes` later; all before `at` has been read.
    #[cfg(feature = "std")]
    fn forget(&mut self, bytes: usize, at: usize) {
        self.spent = self.spent.max(at as isize - Self::LIMIT) - bytes as isize;
    }
}

/// A gap that no rule decides.
pub(crate) struct Gap<'p, 't> {
    glance: &'p Glance<'p, 't>,
    chunks: &'p mut Chunks<'t>,
    purse: &'p mut Purse,
}

impl Gap<'_, '_> {
    /// Whether a look at the two words beside it is enough to say no. Nearly all gaps are before
    /// names.
    fn is_plain(&self) -> bool {
        matches!(self.glance.left.end, End::Nothing | End::Comma)
    }

    pub(crate) fn decide(&mut self) -> bool {
        if self.is_plain()
            && (self.glance.sofar.words > LONGEST_PLAIN
                || !model::is_worth_it(&self.glance.features()))
        {
            return false;
        }
        self.ask()
    }

    /// Asks the network.
    #[inline(never)]
    fn ask(&mut self) -> bool {
        if !self.purse.pay(Purse::QUESTION, self.glance.gap.1) {
            return is_marked(self.glance.left.all);
        }
        model::score(&Context::new(self.glance, self.chunks).features()) > 0
    }
}

/// Where the splitting of a text has got to.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// Where the current sentence starts.
    start: usize,
    /// What has been read.
    at: usize,
    /// Where the quotation that is open starts; below 0 when that is before the text at hand.
    quote: Option<isize>,
    /// As `quote`, in single marks.
    single: Option<isize>,
    item: Option<Item>,
    purse: Purse,
    sofar: SoFar,
    begun: bool,
    wrapped: bool,
}

impl Machine {
    pub(crate) fn new(wrapped: bool) -> Self {
        Self {
            start: 0,
            at: 0,
            quote: None,
            single: None,
            item: None,
            purse: Purse::START,
            sofar: SoFar::default(),
            begun: false,
            wrapped,
        }
    }

    /// Reads on through `text`, which begins where it did at the last call, and adds the
    /// sentences that end. Unless the text is `complete`, stops where it would have to look
    /// past its end.
    pub(crate) fn advance(
        &mut self,
        text: &str,
        complete: bool,
        mut decide: impl FnMut(&mut Gap) -> bool,
        out: &mut Vec<Sentence>,
    ) {
        let bytes = text.as_bytes();
        if !self.begun {
            if !complete && bytes.len() < AHEAD {
                return;
            }
            self.begun = true;
            self.item = Item::read(bytes);
        }
        let mut scan = Scan::new(text, self.at);
        let mut chunks = Chunks::new(bytes);
        loop {
            let cap = self.start + LONGEST;
            // Between the items of a list any gap may be a boundary.
            let pass = self.item.is_none_or(|item| !item.letter);
            let (stop, passed) = scan.next(cap, pass);
            self.sofar.words += passed;
            let Some(Stop { found, start, end }) = stop else {
                if cap <= bytes.len() {
                    self.cut(
                        end_of_gaps(text, self.start, char_start(text, cap)),
                        text,
                        out,
                    );
                    scan.load(self.start);
                    continue;
                }
                break;
            };
            let lines = match found {
                Found::Mark(mark) => {
                    if !complete && end == bytes.len() {
                        self.at = start;
                        return;
                    }
                    self.mark(bytes, mark, start, end, out);
                    self.sofar.quoted = self.quote.is_some();
                    continue;
                }
                Found::Gap { lines } => lines,
            };
            if end > cap {
                self.cut(char_start(text, cap), text, out);
                scan.load(self.start);
                continue;
            }
            if !complete && end + AHEAD > bytes.len() {
                self.at = start;
                return;
            }
            if end == bytes.len() {
                break;
            }
            if start == self.start {
                self.item = Item::read(&bytes[end..]);
                continue;
            }
            self.sofar.words += 1;
            if let Some(kind) = self.boundary(&mut chunks, start, end, lines, &mut decide) {
                self.end_sentence(end, kind, bytes, out);
            } else if !bytes[end].is_ascii_lowercase() {
                self.sofar.capitals += 1;
            }
        }
        self.at = bytes.len();
        if !complete {
            return;
        }
        if self.start < bytes.len() {
            out.push(Sentence {
                span: Span::from_range(self.start..bytes.len()),
                nested: false,
            });
            self.start = bytes.len();
        }
    }

    fn boundary(
        &mut self,
        chunks: &mut Chunks,
        start: usize,
        end: usize,
        lines: u32,
        decide: &mut impl FnMut(&mut Gap) -> bool,
    ) -> Option<Kind> {
        let bytes = chunks.text;
        let after = &bytes[end..];
        if lines > 1 || lines == 1 && self.is_hard(&bytes[start..end], after) {
            let stopped = is_stopped(&bytes[self.start..start]);
            return Some(if stopped { Kind::HardStop } else { Kind::Hard });
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
        if start - self.start <= 4 && starts_with_bullet(&bytes[self.start..start]) {
            return None;
        }
        // No rule ends a sentence after a letter or digit.
        if self.sofar.words > LONGEST_PLAIN && bytes[start - 1].is_ascii_alphanumeric() {
            return None;
        }
        if !self.purse.pay(Purse::LOOK, end) {
            return is_marked(&bytes[self.start..start]).then_some(Kind::Stop);
        }
        let left = chunks.up_to(self.start, start);
        if rules::goes_on(&left) {
            return None;
        }
        let glance = Glance {
            left: &left,
            right: &chunks.from(end),
            text: bytes,
            start: self.start,
            gap: (start, end),
            sofar: &self.sofar,
        };
        let yes = rules::decide(&glance).unwrap_or_else(|| {
            decide(&mut Gap {
                glance: &glance,
                chunks,
                purse: &mut self.purse,
            })
        });
        yes.then_some(if glance.left.end.is_final() {
            Kind::Stop
        } else {
            Kind::Open
        })
    }

    /// Whether one line end ends a sentence by itself.
    fn is_hard(&self, gap: &[u8], after: &[u8]) -> bool {
        let item = || Item::read(after).is_some_and(|item| !item.letter || item.bracket);
        if !self.wrapped {
            // A line that goes on with a small letter was broken for its width.
            return !first_char(after).is_some_and(char::is_lowercase) || item();
        }
        let indent = gap.iter().rev().take_while(|&&b| b != b'\n').count();
        indent > 1 || matches!(after, [b'-' | b'*', b' ', ..]) || item()
    }

    fn end_sentence(&mut self, end: usize, kind: Kind, bytes: &[u8], out: &mut Vec<Sentence>) {
        out.push(Sentence {
            span: Span::from_range(self.start..end),
            nested: false,
        });
        self.start = end;
        self.item = Item::read(&bytes[end..]);
        if matches!(kind, Kind::Hard | Kind::HardStop) {
            self.quote = None;
            self.single = None;
        }
        self.sofar = SoFar {
            quoted: self.quote.is_some(),
            history: self.sofar.history << 2 | kind.history(),
            ..SoFar::default()
        };
    }

    /// Ends a sentence that is too long.
    fn cut(&mut self, at: usize, text: &str, out: &mut Vec<Sentence>) {
        self.end_sentence(at, Kind::Hard, &text.as_bytes()[..at], out);
    }

    #[cfg(feature = "std")]
    /// How many of the sentences found so far no quotation can mark any more.
    pub(crate) fn settled(&self, sentences: &[Sentence]) -> usize {
        let open = [self.quote, self.single];
        let from = open
            .iter()
            .flatten()
            .filter(|&&start| !is_too_long(start, self.at))
            .min();
        from.map_or(sentences.len(), |&start| {
            sentences.partition_point(|s| s.span.end() as isize <= start)
        })
    }

    #[cfg(feature = "std")]
    /// Goes on as if the text had begun `bytes` later.
    pub(crate) fn forget(&mut self, bytes: usize) {
        self.purse.forget(bytes, self.at);
        self.start -= bytes;
        self.at -= bytes;
        for quote in [&mut self.quote, &mut self.single] {
            *quote = quote.map(|start| start - bytes as isize);
        }
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
                self.quote.get_or_insert(start as isize);
            }
            Mark::Close => Self::close(&mut self.quote, end, out),
            Mark::OpenSingle => {
                self.single.get_or_insert(start as isize);
            }
            Mark::CloseSingle if matches!(before, b'.' | b',' | b'!' | b'?') => {
                Self::close(&mut self.single, end, out);
            }
            Mark::CloseSingle => {}
            Mark::Straight if self.quote.is_some() => Self::close(&mut self.quote, end, out),
            // Inches and seconds open nothing, nor does a mark before white space.
            Mark::Straight if before.is_ascii_digit() || after.is_ascii_whitespace() => {}
            Mark::Straight => self.quote = Some(start as isize),
        }
    }

    /// A quotation ends: the boundaries since its start were inside it.
    fn close(quote: &mut Option<isize>, end: usize, out: &mut [Sentence]) {
        let Some(start) = quote.take() else { return };
        if is_too_long(start, end) {
            return;
        }
        for sentence in out
            .iter_mut()
            .rev()
            .take_while(|s| s.span.end() as isize > start)
        {
            sentence.nested = true;
        }
    }
}

fn is_too_long(quote: isize, end: usize) -> bool {
    end as isize - quote > LONGEST_QUOTE as isize
}

/// The start of the character at `at`.
fn char_start(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where the last white space between `start` and `end` ends; `end` if there is none.
fn end_of_gaps(text: &str, start: usize, end: usize) -> usize {
    let word = |c: char| !c.is_whitespace();
    match text[start..end].trim_end_matches(word).len() {
        0 => end,
        n => start + n,
    }
}

/// How a sentence ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// With a final mark.
    Stop,
    /// Without one.
    Open,
    /// At a line's end, with a final mark.
    HardStop,
    /// At a line's end without one.
    Hard,
    /// Before a list item.
    Item,
}

impl Kind {
    /// As the model knows it: whether a text has stops.
    fn history(self) -> u8 {
        match self {
            Self::Item => 0,
            Self::Stop | Self::HardStop => 1,
            Self::Open | Self::Hard => 2,
        }
    }
}

/// For training: the gaps that no rule decides in a text whose sentences end at `ends` (with their
/// white space), each with the byte where a next sentence would start, the features at a glance
/// where a glance may be enough, and all features.
pub fn training(text: &str, ends: &[usize], mut each: impl FnMut(usize, Option<&[u32]>, &[u32])) {
    let base = text.as_ptr() as usize;
    let decide = |gap: &mut Gap| {
        let at = gap.glance.right.all.as_ptr() as usize - base;
        let glance = gap.is_plain().then(|| gap.glance.features());
        each(
            at,
            glance.as_ref().map(|g| &g[..]),
            &Context::new(gap.glance, gap.chunks).features(),
        );
        ends.binary_search(&at).is_ok()
    };
    Machine::new(false).advance(text, true, decide, &mut Vec::new());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often the model is asked and how many sentences there are, for the text `n` times.
    fn steps(text: &str, n: usize) -> usize {
        let mut asked = 0;
        let mut out = Vec::new();
        let count = |gap: &mut Gap| {
            asked += 1;
            gap.decide()
        };
        Machine::new(false).advance(&text.repeat(n), true, count, &mut out);
        asked + out.len()
    }

    #[test]
    fn steps_grow_with_the_length_alone() {
        for text in [
            ".", "\"", "a", "\n", " ", ". ", "A ", "“ ", "1) ", ".\n", "Mr. ", "a. b. ",
        ] {
            let (one, four) = (steps(text, 10_000), steps(text, 40_000));
            // What can be saved up may be spent in one and not in the other.
            let saved = (Purse::LIMIT / Purse::LOOK) as usize;
            assert!(
                four <= 4 * one + saved,
                "{text:?}: {one} steps, then {four}"
            );
            assert!(four <= 40_000 * text.len(), "{text:?}: {four} steps");
        }
    }

    /// How often the network is asked in a text, and whether all is spent at its end.
    fn questions(text: &str) -> (usize, bool) {
        let mut asked = 0;
        let mut machine = Machine::new(false);
        let count = |gap: &mut Gap| {
            let spent = gap.purse.spent;
            let yes = gap.decide();
            asked += usize::from(gap.purse.spent > spent);
            yes
        };
        machine.advance(text, true, count, &mut Vec::new());
        (asked, machine.purse.empty)
    }

    #[test]
    fn questions_are_few_in_any_text() {
        for text in ["@! ", "! n", "/. ", "a? ", "X\n\u{a0}y", "Ab?\" "] {
            let text = text.repeat(100_000);
            let (asked, _) = questions(&text);
            assert!(asked > 0);
            let most = (text.len() as isize + Purse::LIMIT) / Purse::QUESTION;
            assert!(asked as isize <= most, "{text:.9?}: {asked} of {most}");
        }
    }

    #[test]
    fn prose_has_all_its_questions_answered() {
        for (text, bytes) in [
            (
                "\"Did he go?\" \"No, never!\" she said. \"Why not?\" He did not know, and left. ",
                100_000,
            ),
            (
                "Mr. B. A. Reyes of the U.S. Army went to St. Louis. ",
                100_000,
            ),
            // A table without line ends, as long as they are in news.
            ("Lead Ore Cents 1.05 -- n.a. Tin Ore 3.30 -- ", 1700),
        ] {
            let (asked, empty) = questions(&text.repeat(bytes / text.len()));
            assert!(asked > 0 && !empty, "{text:?}: {asked}");
        }
    }
}
