use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::Span;

/// A text with an identifier, and what else is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    id: String,
    text: String,
    meta: Vec<(String, String)>,
}

impl Document {
    /// A document with this text.
    ///
    /// # Errors
    ///
    /// [`TooLong`] for a text of 4 GiB or more, which spans cannot address.
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Result<Self, TooLong> {
        let text = text.into();
        if u32::try_from(text.len()).is_err() {
            return Err(TooLong { bytes: text.len() });
        }
        Ok(Self {
            id: id.into(),
            text,
            meta: Vec::new(),
        })
    }

    /// The same document with a field of its source kept beside the text: a date, an outlet, an
    /// address.
    #[must_use]
    pub fn with_meta(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.meta.push((name.into(), value.into()));
        self
    }

    /// What the source calls it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The fields kept beside the text, in the order they were added.
    #[must_use]
    pub fn meta(&self) -> &[(String, String)] {
        &self.meta
    }

    /// The whole text as a span.
    #[must_use]
    pub fn span(&self) -> Span {
        Span::from_range(0..self.text.len())
    }

    /// The words at a span.
    ///
    /// # Panics
    ///
    /// If the span is out of the text or cuts a character.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        &self.text[span]
    }
}

/// A text is too long to be a [`Document`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    bytes: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the text has {} bytes; a document has at most {}",
            self.bytes,
            u32::MAX
        )
    }
}

impl core::error::Error for TooLong {}
