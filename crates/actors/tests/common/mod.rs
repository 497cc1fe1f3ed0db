//! Marked text to what the crate takes.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "shared by tests that each use a part"
)]

use standpoint_core::{Entity, EntityKind, Sentence, Span, Token, TokenKind};

/// A text with its marks taken out.
pub struct Marked {
    pub text: String,
    pub entities: Vec<Entity>,
    /// The part between double braces.
    pub source: Option<Span>,
}

/// Reads `<K words>` and `{{words}}`.
pub fn unmark(marked: &str) -> Marked {
    let mut text = String::new();
    let mut entities = Vec::new();
    let mut open: Option<(usize, EntityKind)> = None;
    let (mut source, mut source_start) = (None, 0);
    let mut rest = marked;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("{{") {
            source_start = text.len();
            rest = &rest[2..];
        } else if rest.starts_with("}}") {
            source = Some(Span::from_range(source_start..text.len()));
            rest = &rest[2..];
        } else if c == '<' {
            open = Some((text.len(), kind(&rest[1..2])));
            rest = &rest[3..];
        } else if c == '>' {
            let (start, kind) = open.take().expect("a name opens before it closes");
            entities.push(Entity {
                span: Span::from_range(start..text.len()),
                kind,
                score: 0.9,
                actor: None,
            });
            rest = &rest[1..];
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    Marked {
        text,
        entities,
        source,
    }
}

fn kind(letter: &str) -> EntityKind {
    match letter {
        "P" => EntityKind::Person,
        "O" => EntityKind::Organization,
        "L" => EntityKind::Location,
        "N" => EntityKind::Norp,
        "D" => EntityKind::Date,
        "M" => EntityKind::Misc,
        other => panic!("no kind {other}"),
    }
}

/// Words and marks: enough for texts written for tests.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut start = None;
    let mut push = |range: std::ops::Range<usize>, kind| {
        tokens.push(Token {
            span: Span::from_range(range),
            kind,
        });
    };
    for (at, c) in text.char_indices() {
        let inside = c.is_alphanumeric()
            || c == '-' && start.is_some()
            || c == '.' && start.is_some_and(|s: usize| is_abbreviation(&text[s..at]));
        if inside {
            start.get_or_insert(at);
            continue;
        }
        if let Some(s) = start.take() {
            push(s..at, TokenKind::Word);
        }
        let rest = &text[at..];
        if matches!(c, '\'' | '’') && rest[c.len_utf8()..].starts_with('s') {
            start = Some(at);
        } else if !c.is_whitespace() {
            push(at..at + c.len_utf8(), TokenKind::Punctuation);
        }
    }
    if let Some(s) = start {
        push(s..text.len(), TokenKind::Word);
    }
    tokens
}

fn is_abbreviation(word: &str) -> bool {
    matches!(word, "Mr" | "Mrs" | "Ms" | "Dr" | "Jr") || word.len() == 1 || word.contains('.')
}

/// Sentences that end with a stop and a space.
pub fn sentences(text: &str, tokens: &[Token]) -> Vec<Sentence> {
    let mut starts = vec![0];
    for pair in tokens.windows(2) {
        if &text[pair[0].span] == "." {
            starts.push(pair[1].span.start());
        }
    }
    starts.push(text.len() as u32);
    starts
        .windows(2)
        .filter(|pair| pair[0] < pair[1])
        .map(|pair| Sentence {
            span: Span::new(pair[0], pair[1]),
            nested: false,
        })
        .collect()
}
