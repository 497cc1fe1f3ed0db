use std::collections::HashMap;
use std::sync::Arc;

use standpoint_core::Span;
use tokenizers::Tokenizer;

use crate::dir::ModelDir;
use crate::error::{Error, ErrorKind};

/// The subword vocabulary of a model: text to pieces, from `tokenizer.json`.
///
/// Special pieces in the text itself (`[SEP]` typed by an author) are read as plain text.
#[derive(Clone)]
pub struct Subwords {
    inner: Arc<Inner>,
}

struct Inner {
    tokenizer: Tokenizer,
    cls: u32,
    sep: u32,
    /// Whether a word's pieces depend on the space before it (byte-level BPE).
    spaced: bool,
}

/// The pieces of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    /// Their numbers in the vocabulary.
    pub ids: Vec<u32>,
    /// Where in the text each comes from, in bytes.
    pub spans: Vec<Span>,
}

impl Subwords {
    pub(crate) fn open(dir: &ModelDir) -> Result<Self, Error> {
        let name = "tokenizer.json";
        let odd = |what: String| Error::new(dir.place(name), ErrorKind::Tokenizer(what));
        let bytes = dir.file(name)?;
        let mut tokenizer = Tokenizer::from_bytes(&*bytes).map_err(|err| odd(err.to_string()))?;
        tokenizer
            .with_truncation(None)
            .map_err(|err| odd(err.to_string()))?;
        tokenizer.with_padding(None);
        tokenizer.set_encode_special_tokens(true);
        let special = |names: [&str; 2]| {
            let id = names.iter().find_map(|name| tokenizer.token_to_id(name));
            id.ok_or_else(|| odd(format!("it has neither `{}` nor `{}`", names[0], names[1])))
        };
        let (cls, sep) = (special(["[CLS]", "<s>"])?, special(["[SEP]", "</s>"])?);
        let ids = |text: &str| {
            let encoded = tokenizer.encode_fast(text, false);
            encoded
                .map(|e| e.get_ids().to_vec())
                .map_err(|err| odd(err.to_string()))
        };
        let spaced = ids("a")? != ids(" a")?;
        Ok(Self {
            inner: Arc::new(Inner {
                tokenizer,
                cls,
                sep,
                spaced,
            }),
        })
    }

    /// The pieces of a text, without special pieces.
    #[must_use]
    pub fn encode(&self, text: &str) -> Pieces {
        // Encoding fails only where the vocabulary cannot spell a piece and has none for the
        // unknown; such text has no pieces.
        let Ok(encoding) = self.inner.tokenizer.encode(text, false) else {
            return Pieces::default();
        };
        Pieces {
            ids: encoding.get_ids().to_vec(),
            spans: encoding
                .get_offsets()
                .iter()
                .map(|&(start, end)| Span::from_range(start..end.max(start)))
                .collect(),
        }
    }

    /// The piece that starts every window (`[CLS]`, `<s>`).
    #[must_use]
    pub fn cls(&self) -> u32 {
        self.inner.cls
    }

    /// The piece that ends every window (`[SEP]`, `</s>`).
    #[must_use]
    pub fn sep(&self) -> u32 {
        self.inner.sep
    }

    /// The number of a piece, such as `[unused1]`.
    #[must_use]
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.inner.tokenizer.token_to_id(piece)
    }

    /// How many pieces there are.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        self.inner.tokenizer.get_vocab_size(true)
    }

    /// Appends the pieces of one word to `ids`.
    pub(crate) fn encode_word(
        &self,
        word: &str,
        after_space: bool,
        cache: &mut WordCache,
        ids: &mut Vec<u32>,
    ) {
        let known = cache.of(self);
        let spaced = self.inner.spaced && after_space;
        let known = &mut known[usize::from(spaced)];
        if let Some(pieces) = known.get(word) {
            ids.extend_from_slice(pieces);
            return;
        }
        let encoding = if spaced {
            self.inner.tokenizer.encode_fast(format!(" {word}"), false)
        } else {
            self.inner.tokenizer.encode_fast(word, false)
        };
        let pieces = encoding.map(|e| e.get_ids().to_vec()).unwrap_or_default();
        ids.extend_from_slice(&pieces);
        if word.len() <= WordCache::LONGEST && known.len() < WordCache::MOST {
            known.insert(word.into(), pieces.into());
        }
    }
}

impl std::fmt::Debug for Subwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subwords")
            .field("vocabulary_size", &self.vocabulary_size())
            .finish_non_exhaustive()
    }
}

/// The pieces of words seen before, for the vocabulary used last. News repeats its words, and
/// looking one up is some twenty times faster than taking it apart.
#[derive(Default)]
pub(crate) struct WordCache {
    owner: Option<Subwords>,
    /// Without and with a space before the word.
    words: [HashMap<Box<str>, Box<[u32]>>; 2],
}

impl WordCache {
    const LONGEST: usize = 32;
    const MOST: usize = 1 << 16;

    fn of(&mut self, subwords: &Subwords) -> &mut [HashMap<Box<str>, Box<[u32]>>; 2] {
        let same = |owner: &Subwords| Arc::ptr_eq(&owner.inner, &subwords.inner);
        if !self.owner.as_ref().is_some_and(same) {
            self.words = Default::default();
            self.owner = Some(subwords.clone());
        }
        &mut self.words
    }
}
