//! Web and mail addresses, file names.

use standpoint_core::TokenKind;

use crate::bytes::{ADDRESS, AT_OR_COLON};

/// Endings that make a word with stops inside an address of the web, of two to four letters.
const DOMAINS: &[&[u8]] = &[
    b"com", b"org", b"net", b"edu", b"gov", b"mil", b"int", b"info", b"biz", b"io", b"co", b"uk",
    b"us", b"ca", b"au", b"de", b"fr", b"tv", b"me", b"eu", b"in", b"za", b"ru", b"cn", b"jp",
    b"ke", b"ng", b"na",
];

/// The length and kind of the address that a chunk starts with, the marks after it left out. The
/// chunk has no bytes but of the classes `seen`.
pub(crate) fn find(chunk: &[u8], seen: u8) -> Option<(usize, TokenKind)> {
    if seen & ADDRESS == 0 {
        return None;
    }
    let is_after = |b: u8| {
        matches!(
            b,
            b'.' | b','
                | b';'
                | b':'
                | b'!'
                | b'?'
                | b')'
                | b'>'
                | b']'
                | b'}'
                | b'"'
                | b'\''
                | b'*'
        )
    };
    let after = chunk.iter().rev().take_while(|&&b| is_after(b)).count();
    let length = chunk.len() - after;
    kind(&chunk[..length], seen).map(|kind| (length, kind))
}

/// What an address without white space is, or nothing if `word` is none.
fn kind(word: &[u8], seen: u8) -> Option<TokenKind> {
    let may_have = seen & AT_OR_COLON != 0;
    if may_have && let Some(i) = word.windows(3).position(|w| w == b"://") {
        return (i > 0 && word[..i].iter().all(u8::is_ascii_alphanumeric))
            .then_some(TokenKind::Url);
    }
    if word.len() > 4 && word[..4].eq_ignore_ascii_case(b"www.") {
        return Some(TokenKind::Url);
    }
    if may_have && let Some(at) = word.iter().position(|&b| b == b'@') {
        let (name, host) = (&word[..at], &word[at + 1..]);
        let good = !name.is_empty()
            && name
                .iter()
                .all(|&b| b.is_ascii_alphanumeric() || b"._%+-&=:".contains(&b))
            && !host.is_empty()
            && host
                .iter()
                .all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        return good.then_some(TokenKind::Email);
    }
    let host = word.split(|&b| b == b'/' || b == b'?').next()?;
    let mut parts = host.rsplit(|&b| b == b'.');
    let last = parts.next()?;
    let rest = parts.next()?;
    if rest.len() < 2
        || !(2..=4).contains(&last.len())
        || !DOMAINS.iter().any(|d| last.eq_ignore_ascii_case(d))
    {
        return None;
    }
    host.split(|&b| b == b'.')
        .all(|part| {
            !part.is_empty()
                && part
                    .iter()
                    .all(|&b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
        .then_some(TokenKind::Url)
}
