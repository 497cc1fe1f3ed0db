use standpoint_core::{Span, Token, TokenKind};

/// The words inside `within`, in ascending order, with nothing but white space between them.
///
/// # Panics
///
/// If `within` is out of the text or cuts a character.
#[must_use]
pub fn tokenize(text: &str, within: Span) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(within.len() as usize / 5);
    let part = &text[within];
    let mut at = 0;
    for chunk in part.split(char::is_whitespace) {
        if !chunk.is_empty() {
            read(chunk, within.start() + at as u32, &mut tokens);
        }
        // A space of more than one byte is skipped by looking at the text, not by its length.
        at += chunk.len();
        at += part[at..].chars().next().map_or(0, char::len_utf8);
    }
    tokens
}

fn push(tokens: &mut Vec<Token>, start: u32, len: usize, kind: TokenKind) {
    if len > 0 {
        tokens.push(Token {
            span: Span::new(start, start + len as u32),
            kind,
        });
    }
}

fn is_wordlike(c: char) -> bool {
    c.is_alphanumeric()
}

/// One stretch of text without white space.
fn read(mut chunk: &str, mut at: u32, tokens: &mut Vec<Token>) {
    // Marks before the first word.
    while let Some(c) = chunk.chars().next() {
        if is_wordlike(c) || (matches!(c, '@' | '#') && chunk.len() > 1) {
            break;
        }
        let len = run(chunk, c);
        push(tokens, at, len, kind_of_mark(c));
        chunk = &chunk[len..];
        at += len as u32;
    }
    if chunk.is_empty() {
        return;
    }
    // Marks after the last word, shortest first from the right.
    let mut tail = Vec::new();
    loop {
        let c = chunk.chars().next_back().unwrap_or('a');
        if is_wordlike(c) || chunk.len() == c.len_utf8() {
            break;
        }
        let same = chunk.len() - chunk.trim_end_matches(c).len();
        let len = if matches!(c, '.' | '-' | '!' | '?') {
            same
        } else {
            c.len_utf8()
        };
        if c == '.' && len == 1 && keeps_dot(&chunk[..chunk.len() - 1]) {
            break;
        }
        chunk = &chunk[..chunk.len() - len];
        tail.push((at + chunk.len() as u32, len, kind_of_mark(c)));
        if chunk.is_empty() {
            break;
        }
    }
    core(chunk, at, tokens);
    for (start, len, kind) in tail.into_iter().rev() {
        push(tokens, start, len, kind);
    }
}

fn run(chunk: &str, c: char) -> usize {
    if matches!(c, '.' | '-' | '!' | '?') {
        chunk.len() - chunk.trim_start_matches(c).len()
    } else {
        c.len_utf8()
    }
}

fn kind_of_mark(c: char) -> TokenKind {
    match c {
        '$' | '€' | '£' | '¥' | '%' | '+' | '=' | '<' | '>' | '|' | '~' | '^' | '°' | '©' | '®' => {
            TokenKind::Symbol
        }
        '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' => TokenKind::Emoji,
        _ => TokenKind::Punctuation,
    }
}

const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "mt", "gen", "col", "sgt", "capt", "lt", "cmdr", "adm",
    "maj", "rev", "hon", "sen", "rep", "gov", "jr", "sr", "inc", "ltd", "co", "corp", "vs", "etc",
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "no",
    "ph.d", "approx", "dept", "est", "ave", "blvd",
];

fn keeps_dot(stem: &str) -> bool {
    let mut parts = stem.split('.');
    ABBREVIATIONS.contains(&stem.to_ascii_lowercase().as_str())
        || parts.all(|p| p.chars().count() == 1 && p.chars().all(char::is_alphabetic))
}

fn core(word: &str, at: u32, tokens: &mut Vec<Token>) {
    let lower = word.to_lowercase();
    if lower.contains("://") || lower.starts_with("www.") {
        return push(tokens, at, word.len(), TokenKind::Url);
    }
    if word.len() > 1 && word.starts_with('@') {
        return push(tokens, at, word.len(), TokenKind::Handle);
    }
    if word.len() > 1 && word.starts_with('#') {
        return push(tokens, at, word.len(), TokenKind::Hashtag);
    }
    if word.contains('@') {
        return push(tokens, at, word.len(), TokenKind::Email);
    }
    if word.starts_with(|c: char| c.is_ascii_digit())
        && word
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ':'))
    {
        return push(tokens, at, word.len(), TokenKind::Number);
    }
    // Inner marks that stand for themselves.
    if let Some((i, c)) = word.char_indices().find(|&(i, c)| {
        i > 0
            && matches!(
                c,
                '-' | '–' | '—' | '/' | ',' | '(' | ')' | '%' | '"' | '“' | '”'
            )
    }) {
        let len = run(&word[i..], c);
        core(&word[..i], at, tokens);
        push(tokens, at + i as u32, len, kind_of_mark(c));
        if i + len < word.len() {
            core(&word[i + len..], at + (i + len) as u32, tokens);
        }
        return;
    }
    let stem = clitic(word);
    push(tokens, at, stem, kind_of_word(&word[..stem]));
    push(tokens, at + stem as u32, word.len() - stem, TokenKind::Word);
}

fn kind_of_word(word: &str) -> TokenKind {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        TokenKind::Number
    } else {
        TokenKind::Word
    }
}

/// The length of a word before its clitic.
fn clitic(word: &str) -> usize {
    let ends = |end: &str| {
        let from = word
            .len()
            .checked_sub(end.len())
            .filter(|&i| i > 0 && word.is_char_boundary(i))?;
        word[from..].eq_ignore_ascii_case(end).then_some(from)
    };
    for end in [
        "n't", "n’t", "'s", "’s", "'re", "’re", "'ve", "’ve", "'ll", "’ll", "'d", "’d", "'m", "’m",
    ] {
        if let Some(from) = ends(end) {
            return from;
        }
    }
    if word.eq_ignore_ascii_case("cannot") {
        3
    } else {
        word.len()
    }
}
