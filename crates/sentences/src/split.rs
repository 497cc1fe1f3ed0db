use standpoint_core::{Sentence, Span};

/// Splits `text` into sentences that tile it: the first starts at 0, each starts where the one
/// before ends, the last ends with the text. White space belongs to the sentence it follows.
///
/// # Panics
///
/// If `text` is 4 GiB or longer, which spans cannot address.
#[must_use]
pub fn split(text: &str) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut quotes = Quotes::default();
    let mut first_in_quote = 0;
    let mut at = 0;
    while let Some(gap) = text[at..].find(char::is_whitespace).map(|i| at + i) {
        let rest = text[gap..].trim_start();
        let next = text.len() - rest.len();
        quotes.read(&text[at..gap]);
        if quotes.closed {
            // The quotation that goes on past these boundaries has ended: they were inside it.
            let inside: &mut [Sentence] = &mut sentences[first_in_quote..];
            for sentence in inside {
                sentence.nested = true;
            }
        }
        let hard = text[gap..next].matches('\n').count();
        let left = text[start..gap].trim_start();
        if rest.is_empty() || !left.is_empty() && is_boundary(left, hard, rest) {
            sentences.push(Sentence {
                span: Span::from_range(start..next),
                nested: false,
            });
            start = next;
        }
        if hard > 1 {
            quotes = Quotes::default();
        }
        if !quotes.open {
            first_in_quote = sentences.len();
        }
        quotes.closed = false;
        at = next;
    }
    if start < text.len() {
        sentences.push(Sentence {
            span: Span::from_range(start..text.len()),
            nested: false,
        });
    }
    sentences
}

/// Whether a double quotation is open.
#[derive(Default)]
struct Quotes {
    open: bool,
    closed: bool,
}

impl Quotes {
    fn read(&mut self, word: &str) {
        for c in word.chars() {
            match c {
                '“' | '«' => self.open = true,
                '”' | '»' => self.close(),
                '"' if self.open => self.close(),
                '"' => self.open = true,
                _ => {}
            }
        }
    }

    fn close(&mut self) {
        self.closed |= self.open;
        self.open = false;
    }
}

const CLOSERS: &[char] = &['"', '\'', '”', '’', '»', ')', ']', '}', '*', '_'];
const OPENERS: &[char] = &[
    '"', '\'', '“', '‘', '«', '(', '[', '{', '*', '_', '-', '–', '—',
];

fn is_boundary(left: &str, newlines: usize, right: &str) -> bool {
    let next = right.trim_start_matches(OPENERS).chars().next();
    if newlines > 1 {
        return true;
    }
    if newlines == 1 {
        return !next.is_some_and(char::is_lowercase);
    }
    let word = left.rsplit(char::is_whitespace).next().unwrap_or(left);
    let bare = word.trim_end_matches(CLOSERS);
    let closed = bare.len() < word.len();
    match bare.chars().next_back() {
        Some('!' | '?') => !next.is_some_and(char::is_lowercase),
        Some('…') => next.is_some_and(char::is_uppercase),
        Some('.') => {
            if next.is_some_and(char::is_lowercase) || next.is_some_and(|c| ",;:.".contains(c)) {
                return false;
            }
            let bare = bare.trim_start_matches(OPENERS);
            let stem = bare.trim_end_matches('.');
            closed || !is_abbreviation(stem, right)
        }
        _ => false,
    }
}

/// Words that a name or number follows.
const BEFORE_NAMES: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "mt", "gen", "col", "sgt", "capt", "lt", "cmdr", "adm",
    "maj", "rev", "hon", "sen", "rep", "gov", "pres", "messrs", "mme", "mlle", "fr", "vs", "v",
    "cf", "e.g", "i.e", "viz", "al", "op", "no", "nos", "pp", "p", "vol", "fig", "art", "sec",
];
/// Words that may end a sentence as well.
const ANYWHERE: &[&str] = &[
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "jr",
    "sr", "inc", "ltd", "co", "corp", "bros", "ave", "blvd", "rd", "dept", "est", "approx", "etc",
];

fn is_abbreviation(stem: &str, right: &str) -> bool {
    let lower = stem.to_ascii_lowercase();
    if BEFORE_NAMES.contains(&lower.as_str()) {
        return true;
    }
    let starts = [
        "The ", "He ", "She ", "It ", "They ", "We ", "In ", "But ", "A ", "How ", "Mr", "No ",
    ];
    let starter = starts.iter().any(|s| right.starts_with(s));
    let initial = stem.len() == 1 && stem.chars().all(char::is_uppercase) && stem != "I";
    let dotted = stem.contains('.')
        && stem
            .split('.')
            .all(|part| part.chars().count() == 1 && part.chars().all(char::is_alphabetic));
    let right_is_number = right.starts_with(|c: char| c.is_ascii_digit());
    initial
        || dotted && !starter
        || ANYWHERE.contains(&lower.as_str()) && (!starter || right_is_number)
}
