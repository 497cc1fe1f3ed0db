//! Web and mail addresses, file names.

use standpoint_core::TokenKind;

/// Endings that make a word with stops inside an address of the web.
const DOMAINS: &[&[u8]] = &[
    b"com", b"org", b"net", b"edu", b"gov", b"mil", b"int", b"info", b"biz", b"io", b"co", b"uk",
    b"us", b"ca", b"au", b"de", b"fr", b"tv", b"me", b"eu", b"in", b"za", b"ru", b"cn", b"jp",
    b"ke", b"ng", b"na",
];

/// The length and kind of the address that a chunk starts with, the marks after it left out.
pub(crate) fn find(chunk: &[u8]) -> Option<(usize, TokenKind)> {
    if !chunk.iter().any(|b| matches!(b, b'.' | b'@' | b':')) {
        return None;
    }
    let after = chunk
        .iter()
        .rev()
        .take_while(|b| b".,;:!?)>]}\"'*".contains(b))
        .count();
    let length = chunk.len() - after;
    kind(&chunk[..length]).map(|kind| (length, kind))
}

/// What an address without white space is, or nothing if `word` is none.
fn kind(word: &[u8]) -> Option<TokenKind> {
    let at = word.iter().position(|&b| b == b'@');
    if let Some(i) = word.windows(3).position(|w| w == b"://") {
        return (i > 0 && word[..i].iter().all(u8::is_ascii_alphanumeric))
            .then_some(TokenKind::Url);
    }
    if word.len() > 4 && word[..4].eq_ignore_ascii_case(b"www.") {
        return Some(TokenKind::Url);
    }
    if let Some(at) = at {
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
    let labels = host.split(|&b| b == b'.').all(|part| {
        !part.is_empty()
            && part
                .iter()
                .all(|&b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    });
    (labels && rest.len() > 1 && DOMAINS.iter().any(|d| last.eq_ignore_ascii_case(d)))
        .then_some(TokenKind::Url)
}
