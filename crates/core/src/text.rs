use crate::Span;

/// A sentence. The sentences of a document tile its text: the first starts at 0, each starts
/// where the one before ends, the last ends with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sentence {
    /// Its bytes, with the white space that follows it.
    pub span: Span,
    /// Whether the boundary at its end stands inside a quotation that goes on, so that a caller
    /// who wants `"We lost. We try again," he said.` as one sentence can join the two.
    pub nested: bool,
}

impl Sentence {
    /// The visible part, without white space at either end.
    #[must_use]
    pub fn trimmed(&self, text: &str) -> Span {
        self.span.trimmed(text)
    }
}

/// A word, number or mark, as Universal Dependencies English counts words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Token {
    /// Its bytes; between two tokens there is nothing but white space.
    pub span: Span,
    /// What it is.
    pub kind: TokenKind,
}

/// What a [`Token`] is, judged by its form alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum TokenKind {
    /// Letters, with what belongs inside a word.
    Word,
    /// Digits, with their separators, signs and ordinal endings.
    Number,
    /// A mark of punctuation.
    Punctuation,
    /// A sign that is not punctuation: currency, arithmetic, bullets.
    Symbol,
    /// A web address.
    Url,
    /// A mail address.
    Email,
    /// `#word`.
    Hashtag,
    /// `@name`.
    Handle,
    /// A picture character or an emoticon.
    Emoji,
}

/// The tokens that start inside `span`, of tokens in ascending order.
///
/// ```
/// use standpoint_core::{Span, Token, TokenKind, tokens_in};
///
/// let token = |start, end| Token { span: Span::new(start, end), kind: TokenKind::Word };
/// let tokens = [token(0, 2), token(3, 6), token(8, 9)];
/// assert_eq!(tokens_in(&tokens, Span::new(2, 8)), &tokens[1..2]);
/// ```
#[must_use]
pub fn tokens_in(tokens: &[Token], span: Span) -> &[Token] {
    let from = tokens.partition_point(|t| t.span.start() < span.start());
    let to = tokens.partition_point(|t| t.span.start() < span.end());
    &tokens[from..to.max(from)]
}
