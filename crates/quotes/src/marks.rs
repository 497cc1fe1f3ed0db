//! Which quotation marks belong together.
//!
//! One pass over the text with a stack of open marks. A straight mark opens or closes by what
//! stands around it and by whether one is open; an apostrophe is told from a single mark by the
//! letters beside it. A quotation ends with its paragraph, unless the next one opens with the same
//! mark again: then it goes on there, as English prints quotations of several paragraphs.

use standpoint_core::{Span, Warning};

/// A part of the text between two marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    /// The opening mark.
    pub(crate) open: Span,
    /// What stands between the marks, without white space at its edges; never empty.
    pub(crate) inside: Span,
    /// The closing mark; `None` where the paragraph ends first.
    pub(crate) close: Option<Span>,
    /// The part that this one goes on from, in the paragraph before.
    pub(crate) continues: Option<usize>,
    /// The part that this one stands in.
    pub(crate) parent: Option<usize>,
}

impl Marked {
    /// With its marks.
    pub(crate) fn outside(&self) -> Span {
        self.open.join(self.close.unwrap_or(self.inside))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// “ ”, and „ “.
    Curly,
    Low,
    /// " "
    Straight,
    /// « », and » «.
    Guillemet,
    Inward,
    /// `` ''
    Ticks,
    /// ‘ ’
    Single,
    /// ' '
    Apostrophe,
}

impl Style {
    fn is_single(self) -> bool {
        matches!(self, Self::Single | Self::Apostrophe)
    }
}

struct Open {
    style: Style,
    mark: Span,
    continues: Option<usize>,
    starts_paragraph: bool,
}

/// How far a single mark looks for its closing one, in bytes.
const SINGLE_REACH: usize = 2000;
/// Marks open at once.
const MAX_DEPTH: usize = 6;

/// The parts between marks, in order of their opening mark, and a warning for each double mark that
/// is never closed.
pub(crate) fn pair(text: &str) -> (Vec<Marked>, Vec<Warning>) {
    let mut scan = Scan {
        text,
        wrapped: is_wrapped(text),
        stack: Vec::new(),
        found: Vec::new(),
        warnings: Vec::new(),
        carried: None,
    };
    let mut chars = text.char_indices();
    let mut before: Option<char> = None;
    let mut starts_paragraph = true;
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        if c == '\n' {
            scan.line_end(at, end);
            starts_paragraph = true;
            before = Some(c);
            continue;
        }
        let doubled = matches!(c, '`' | '\'') && text[end..].starts_with(c);
        let mark_end = if doubled { end + 1 } else { end };
        if scan.mark(c, doubled, at, mark_end, before, starts_paragraph) && doubled {
            chars.next();
        }
        if !c.is_whitespace() {
            starts_paragraph = false;
        }
        before = Some(c);
    }
    scan.paragraph_end(text.len());
    let mut found = scan.found;
    order(&mut found);
    scan.warnings.sort_by_key(|w| w.span().start());
    (found, scan.warnings)
}

struct Scan<'t> {
    text: &'t str,
    wrapped: bool,
    stack: Vec<Open>,
    found: Vec<Marked>,
    warnings: Vec<Warning>,
    /// The part that the next paragraph goes on with, if it opens with this style.
    carried: Option<(Style, usize)>,
}

impl Scan<'_> {
    /// Whether the character was taken for a mark.
    fn mark(
        &mut self,
        c: char,
        doubled: bool,
        at: usize,
        end: usize,
        before: Option<char>,
        starts_paragraph: bool,
    ) -> bool {
        let after = self.text[end..].chars().next();
        let opens_here = before.is_none_or(|b| b.is_whitespace() || is_opener(b))
            && after.is_some_and(|a| !a.is_whitespace());
        let open = |style| Open {
            style,
            mark: Span::from_range(at..end),
            continues: None,
            starts_paragraph,
        };
        match c {
            '“' | '‟' => {
                if self.is_open(Style::Low) {
                    self.close(Style::Low, at, end);
                } else {
                    self.drop_open(Style::Curly);
                    self.push(open(Style::Curly));
                }
            }
            '„' => self.push(open(Style::Low)),
            '”' => {
                if self.is_open(Style::Curly) {
                    self.close(Style::Curly, at, end);
                } else if self.is_open(Style::Low) {
                    self.close(Style::Low, at, end);
                } else if opens_here {
                    self.push(open(Style::Curly));
                }
            }
            '"' => {
                if self.is_open(Style::Straight) {
                    // White space before and a letter after: the one before was never closed.
                    let reopens = before.is_some_and(char::is_whitespace)
                        && after.is_some_and(char::is_alphanumeric);
                    if reopens {
                        self.drop_open(Style::Straight);
                        self.push(open(Style::Straight));
                    } else {
                        self.close(Style::Straight, at, end);
                    }
                } else if opens_here
                    || before.is_none_or(|b| !b.is_alphanumeric())
                        && after.is_some_and(|a| !a.is_whitespace())
                {
                    self.push(open(Style::Straight));
                }
            }
            '«' | '»' => {
                let (own, other) = if c == '«' {
                    (Style::Guillemet, Style::Inward)
                } else {
                    (Style::Inward, Style::Guillemet)
                };
                if self.is_open(other) {
                    self.close(other, at, end);
                } else if c == '«' || opens_here {
                    self.push(open(own));
                }
            }
            '`' if doubled => self.push(open(Style::Ticks)),
            '\'' if doubled => {
                if !self.is_open(Style::Ticks) {
                    return false;
                }
                self.close(Style::Ticks, at, end);
            }
            '‘' | '’' | '\'' => return self.single(c, at, end, before, after, open),
            _ => return false,
        }
        true
    }

    /// A single mark, or an apostrophe.
    fn single(
        &mut self,
        c: char,
        at: usize,
        end: usize,
        before: Option<char>,
        after: Option<char>,
        open: impl Fn(Style) -> Open,
    ) -> bool {
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let style = if c == '\'' {
            Style::Apostrophe
        } else {
            Style::Single
        };
        if c != '‘' && self.stack.last().is_some_and(|o| o.style == style) {
            if letter(after) {
                return false; // don't, ’90s
            }
            let from = self.stack.last().map_or(0, |o| o.mark.range().end);
            if from == at {
                return false;
            }
            // "the activists' rights": where a surer end follows, this is a possessive.
            if before.is_some_and(|b| b == 's' || b == 'z') && self.surer_end_follows(c, end) {
                return false;
            }
            self.close(style, at, end);
            return true;
        }
        if c == '’' || letter(before) || !letter(after) && !after.is_some_and(is_opener) {
            return false;
        }
        if before.is_some_and(|b| !b.is_whitespace() && !is_opener(b)) {
            return false;
        }
        if is_clipped(&self.text[end..]) {
            return false;
        }
        let closer = if c == '‘' { '’' } else { '\'' };
        if !self.can_close(closer, end) {
            return false;
        }
        self.push(open(style));
        true
    }

    /// Whether a single mark that is no apostrophe between letters follows in the line.
    fn can_close(&self, closer: char, from: usize) -> bool {
        self.ends(closer, from).next().is_some()
    }

    fn surer_end_follows(&self, closer: char, from: usize) -> bool {
        self.ends(closer, from)
            .any(|before| matches!(before, '.' | ',' | '?' | '!' | '…'))
    }

    /// The characters in front of possible closing marks in the rest of the line, up to the next
    /// mark that could open.
    fn ends(&self, closer: char, from: usize) -> impl Iterator<Item = char> {
        let rest = &self.text[from..];
        let mut chars = rest.char_indices().peekable();
        let mut before = ' ';
        std::iter::from_fn(move || {
            while let Some((at, c)) = chars.next() {
                if at > SINGLE_REACH || c == '\n' {
                    return None;
                }
                let previous = std::mem::replace(&mut before, c);
                if c == closer {
                    let next = chars.peek().map(|&(_, n)| n);
                    if !previous.is_whitespace()
                        && !next.is_some_and(char::is_alphanumeric)
                        && at > 0
                    {
                        return Some(previous);
                    }
                    if previous.is_whitespace() {
                        return None;
                    }
                }
            }
            None
        })
    }

    fn is_open(&self, style: Style) -> bool {
        self.stack.iter().any(|o| o.style == style)
    }

    fn push(&mut self, mut open: Open) {
        if self.stack.len() >= MAX_DEPTH {
            return;
        }
        if let Some((style, part)) = self.carried.take()
            && open.starts_paragraph
            && open.style == style
        {
            open.continues = Some(part);
        }
        self.stack.push(open);
    }

    /// Closes the innermost open mark of a style; marks opened inside it and still open are none.
    fn close(&mut self, style: Style, at: usize, end: usize) {
        while let Some(open) = self.stack.pop() {
            if open.style == style {
                self.keep(&open, at, Some(Span::from_range(at..end)));
                return;
            }
            self.warn(&open);
        }
    }

    /// Takes an open mark of a style for one that is never closed.
    fn drop_open(&mut self, style: Style) {
        if let Some(at) = self.stack.iter().rposition(|o| o.style == style) {
            for open in self.stack.split_off(at) {
                self.warn(&open);
            }
        }
    }

    fn warn(&mut self, open: &Open) {
        if !open.style.is_single() {
            self.warnings.push(Warning::UnclosedQuote(open.mark));
        }
    }

    fn keep(&mut self, open: &Open, end: usize, close: Option<Span>) -> Option<usize> {
        let inside = Span::from_range(open.mark.range().end..end).trimmed(self.text);
        if inside.is_empty() {
            return None;
        }
        self.found.push(Marked {
            open: open.mark,
            inside,
            close,
            continues: open.continues,
            parent: None,
        });
        Some(self.found.len() - 1)
    }

    fn line_end(&mut self, at: usize, end: usize) {
        if self.stack.is_empty() {
            return;
        }
        let rest = &self.text[end..];
        let line = rest.split('\n').next().unwrap_or("");
        let blank = line.trim().is_empty();
        let reopens = self
            .stack
            .first()
            .is_some_and(|o| opening(o.style).is_some_and(|m| line.trim_start().starts_with(m)));
        if blank || reopens || !self.wrapped {
            self.paragraph_end(at);
        }
    }

    /// Ends what is open. The outermost quotation goes on if the next paragraph opens with its mark;
    /// otherwise it was never closed, and is kept only where it opened its paragraph.
    fn paragraph_end(&mut self, at: usize) {
        self.carried = None;
        let stack = std::mem::take(&mut self.stack);
        for (depth, open) in stack.iter().enumerate() {
            let next = self.text[at..].trim_start();
            let goes_on = depth == 0
                && opening(open.style).is_some_and(|mark| next.starts_with(mark))
                && !open.style.is_single();
            if goes_on {
                if let Some(part) = self.keep(open, at, None) {
                    self.carried = Some((open.style, part));
                }
            } else {
                self.warn(open);
                if depth == 0 && open.starts_paragraph && !open.style.is_single() {
                    self.keep(open, at, None);
                }
            }
        }
    }
}

/// The mark that opens a style.
fn opening(style: Style) -> Option<&'static str> {
    Some(match style {
        Style::Curly => "“",
        Style::Low => "„",
        Style::Straight => "\"",
        Style::Guillemet => "«",
        Style::Inward => "»",
        Style::Ticks => "``",
        Style::Single | Style::Apostrophe => return None,
    })
}

/// Characters that an opening mark may stand behind.
fn is_opener(c: char) -> bool {
    matches!(
        c,
        '(' | '[' | '{' | '“' | '"' | '‘' | '„' | '«' | '—' | '–' | '-' | '/' | '\''
    )
}

/// Whether the word that follows is one that opens with an apostrophe of its own.
fn is_clipped(rest: &str) -> bool {
    let word: String = rest
        .chars()
        .take(8)
        .take_while(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    matches!(
        word.as_str(),
        "em" | "til" | "till" | "tis" | "twas" | "cause" | "n" | "bout" | "round" | "cuz" | "s"
    ) || word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with('s')
}

/// Whether lines are broken inside sentences: at least three in ten line ends stand before a small
/// letter.
fn is_wrapped(text: &str) -> bool {
    let (mut ends, mut small) = (0_u32, 0_u32);
    let mut lines = text.lines().filter(|l| !l.trim().is_empty()).peekable();
    while let Some(_line) = lines.next() {
        if let Some(next) = lines.peek() {
            ends += 1;
            small += u32::from(next.trim_start().starts_with(char::is_lowercase));
        }
    }
    small >= 2 && small * 10 >= ends * 3
}

/// Orders parts by their opening mark and finds which stands in which.
fn order(found: &mut [Marked]) {
    let mut places: Vec<usize> = (0..found.len()).collect();
    places.sort_by_key(|&i| {
        (
            found[i].open.start(),
            std::cmp::Reverse(found[i].inside.end()),
        )
    });
    let mut new_place = vec![0; found.len()];
    for (new, &old) in places.iter().enumerate() {
        new_place[old] = new;
    }
    let mut sorted: Vec<Marked> = places.iter().map(|&old| found[old]).collect();
    let mut open: Vec<usize> = Vec::new();
    for i in 0..sorted.len() {
        while open
            .last()
            .is_some_and(|&o| sorted[o].inside.end() <= sorted[i].open.start())
        {
            open.pop();
        }
        sorted[i].continues = sorted[i].continues.map(|old| new_place[old]);
        sorted[i].parent = open.last().copied();
        open.push(i);
    }
    found.copy_from_slice(&sorted);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, inside: &[&str], unclosed: usize) {
        let (found, warnings) = pair(text);
        let got: Vec<&str> = found.iter().map(|m| &text[m.inside]).collect();
        assert_eq!(got, inside, "{text}");
        assert_eq!(warnings.len(), unclosed, "{text}");
    }

    #[test]
    fn styles() {
        check(
            "“A,” he said. \"B.\" «C» »D« „E“ ``F'' ‘G’ 'H'",
            &["A,", "B.", "C", "D", "E", "F", "G", "H"],
            0,
        );
    }

    #[test]
    fn apostrophes_are_no_marks() {
        check(
            "The activists' rights, they don't fear, the '90s and rock 'n' roll",
            &[],
            0,
        );
        check("the people’s will, ’tis so", &[], 0);
        check(
            "'We lost the voters' trust,' he said",
            &["We lost the voters' trust,"],
            0,
        );
        check("He's 6'2\" tall and a 3\" pipe", &[], 0);
    }

    #[test]
    fn nesting() {
        let text = "“They called it ‘theft’ and left,” he said";
        let (found, _) = pair(text);
        assert_eq!(&text[found[1].inside], "theft");
        assert_eq!((found[0].parent, found[1].parent), (None, Some(0)));
    }

    #[test]
    fn paragraphs() {
        let text = "“One.\n\n“Two,” he said.";
        let (found, warnings) = pair(text);
        assert_eq!(found[1].continues, Some(0));
        assert!(warnings.is_empty());
        check("“One.\n\nTwo “three” four.", &["One.", "three"], 1);
        check("He said “one.\n\nTwo “three” four.", &["three"], 1);
        check("\"One.\n\n\"Two,\" he said.", &["One.", "Two,"], 0);
    }

    #[test]
    fn wrapped_lines() {
        check(
            "He said “we will\nnot go\nhome. Not\nnow” and left.",
            &["we will\nnot go\nhome. Not\nnow"],
            0,
        );
    }
}
