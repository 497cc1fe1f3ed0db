//! Gold annotations: the formats that the field publishes its hand-made answers in.
//!
//! A reader takes the text of one file and its path (for messages) and gives documents whose
//! spans are bytes of their text, or an [`Error`] with file, line, what was found and what was
//! expected. Nothing is left out silently: what a reader does not use, it counts.
//!
//! | format | reader | used by |
//! |---|---|---|
//! | one word a line, tag in a column | [`read_columns`] | CoNLL-2003, Universal NER, the Worldwide newswire, most taggers |
//! | CoNLL-U | [`read_conllu`] | Universal Dependencies |
//! | brat standoff | [`read_brat`] | PolNeAR |
//! | text and its sentences, JSON lines | [`read_rules`] | the golden rules of sentence splitting |
//! | directed sentiment, tab separated | [`read_dse`] | Park et al. 2021 |
//! | targets with polarity, JSON lines | [`read_newsmtsc`] | NewsMTSC |
//! | speakers of quotations, JSON lines | [`read_speakers`] | `tests/data/speakers` |
//! | this program's records, JSON lines | [`read_records`] | anything that writes JSON |
//!
//! ```
//! use std::path::Path;
//! use standpoint_corpus::gold;
//!
//! let file = "Hun B-PER\nSen I-PER\nspoke O\n";
//! let docs = gold::read_columns(Path::new("dev.conll"), file)?;
//! assert_eq!(docs[0].document.text(), "Hun Sen spoke");
//! assert_eq!(docs[0].tags, ["B-PER", "I-PER", "O"]);
//!
//! let err = gold::read_columns(Path::new("dev.conll"), "Hun B-PER\nSen\n").unwrap_err();
//! assert!(err.to_string().starts_with("dev.conll:2: found "));
//! # Ok::<(), gold::Error>(())
//! ```

use std::path::{Path, PathBuf};

use standpoint_core::{Span, TokenKind};

pub use self::{
    brat::{Brat, BratEvent, BratSpan, read_brat},
    columns::{Tagged, read_columns},
    conllu::{Joined, Joining, Treebank, UdSentence, UdToken, read_conllu},
    records::{GoldEntity, GoldQuote, GoldRecord, GoldStance, Layout, read_records},
    rules::{Rule, read_rules},
    speakers::{SpeakerKind, SpeakerLine, read_speakers},
    stance::{Directed, DirectedLabel, Targeted, read_dse, read_newsmtsc},
};

mod brat;
mod columns;
mod conllu;
mod records;
mod rules;
mod speakers;
mod stance;

/// Why gold cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{place}: found {found}, expected {expected}")]
pub struct Error {
    place: String,
    found: String,
    expected: String,
}

impl Error {
    /// An error at a line (counted from 1) of a file, or of the file as a whole.
    pub fn at(
        path: &Path,
        line: impl Into<Option<usize>>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        let place = match line.into() {
            Some(line) => format!("{}:{line}", path.display()),
            None => path.display().to_string(),
        };
        Self {
            place,
            found: found.into(),
            expected: expected.into(),
        }
    }
}

/// The files that paths name: a file itself, a folder its files with one of these extensions, in
/// order of name.
///
/// # Errors
///
/// [`Error`] for a path that is not there or a folder without such a file.
pub fn files(paths: &[PathBuf], extensions: &[&str]) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let unreadable = |err: std::io::Error| Error::at(path, None, err.to_string(), "a folder");
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            let wanted = file
                .extension()
                .is_some_and(|ext| extensions.iter().any(|want| ext.eq_ignore_ascii_case(want)));
            if wanted && file.is_file() {
                inside.push(file);
            }
        }
        if inside.is_empty() {
            let expected = format!("at least one file that ends in .{}", extensions.join(", ."));
            return Err(Error::at(
                path,
                None,
                "a folder without gold files",
                expected,
            ));
        }
        inside.sort();
        found.append(&mut inside);
    }
    Ok(found)
}

/// The text of a gold file, without a byte order mark.
///
/// # Errors
///
/// [`Error`] if it cannot be read or is not UTF-8, with the line of the first byte that is not.
pub fn open(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path)
        .map_err(|err| Error::at(path, None, err.to_string(), "a file that can be read"))?;
    let mut text = String::from_utf8(bytes).map_err(|err| {
        let valid = err.utf8_error().valid_up_to();
        let before = &err.as_bytes()[..valid];
        let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
        let found = format!("byte 0x{:02x}", err.as_bytes()[valid]);
        Error::at(path, line, found, "UTF-8")
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// The lines of a text with their numbers, from 1, without line ends.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n')
        .enumerate()
        .map(|(i, line)| (i + 1, line.strip_suffix('\r').unwrap_or(line)))
}

/// What a file is called in ids: its name without folders.
fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    )
}

/// Words for a message: quoted, and cut if long.
fn quoted(found: &str) -> String {
    const MOST: usize = 60;
    match found.char_indices().nth(MOST) {
        Some((cut, _)) => format!("`{}…`", &found[..cut]),
        None => format!("`{found}`"),
    }
}

/// A kind for a word that the gold gives without one, by its form.
fn kind_of(word: &str) -> TokenKind {
    if word.chars().any(char::is_alphabetic) {
        TokenKind::Word
    } else if word.chars().any(char::is_numeric) {
        TokenKind::Number
    } else {
        TokenKind::Punctuation
    }
}

/// Puts pieces after each other and keeps count of bytes.
#[derive(Default)]
struct Builder {
    text: String,
}

impl Builder {
    fn push(&mut self, piece: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(piece);
        Span::from_range(start..self.text.len())
    }

    fn len(&self) -> usize {
        self.text.len()
    }
}

/// A document, or the error that it is too long to be one.
fn document(path: &Path, id: String, text: String) -> Result<standpoint_core::Document, Error> {
    standpoint_core::Document::new(id, text)
        .map_err(|err| Error::at(path, None, err.to_string(), "a shorter text"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reader's result, only to see that it comes back.
    fn run_all(text: &str) {
        let path = Path::new("gold");
        let _ = read_columns(path, text);
        let _ = read_conllu(path, text).map(|docs| {
            for doc in docs {
                for joining in [Joining::Space, Joining::Paragraphs] {
                    let joined = doc.join(joining);
                    for word in joined.words {
                        let _ = &joined.text[word.span];
                    }
                }
            }
        });
        let _ = read_brat(path, text, "some text, “with marks”\nand lines\n");
        let _ = read_brat(path, "T1\tSource 0 4\tsome\n", text);
        let _ = read_rules(path, text);
        let _ = read_dse(path, text);
        let _ = read_newsmtsc(path, text);
        let _ = read_records(path, text);
        let _ = read_speakers(path, text);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_reader_panic(text in "\\PC{0,80}") {
            run_all(&text);
        }

        #[test]
        fn nor_does_text_that_looks_like_gold(
            text in "([a-z#É.]{0,4}|[0-9]{1,2}(-[0-9])?|[BI]-PER|O|-DOCSTART-|# (newdoc|newpar|text = a)|[TERA#*][0-9]|Source|Cue 0 3;4 6|\\[|\\]|\\{\"id\": ?1|\"text\":\"a\"|\\}|,|\t|\n| ){0,50}"
        ) {
            run_all(&text);
        }

        #[test]
        fn no_bytes_make_opening_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("gold");
            std::fs::write(&path, &bytes).unwrap();
            match open(&path) {
                Ok(text) => run_all(&text),
                Err(err) => prop_assert!(err.to_string().contains("expected UTF-8")),
            }
        }
    }

    #[test]
    fn a_folder_means_its_gold_files() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.tsv", "a.tsv", "notes.md"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let found = files(&[dir.path().to_owned()], &["tsv"]).unwrap();
        let names: Vec<_> = found.iter().map(|p| name_of(p)).collect();
        assert_eq!(names, ["a.tsv", "b.tsv"]);
        let err = files(&[dir.path().to_owned()], &["ann"])
            .unwrap_err()
            .to_string();
        assert!(err.contains("ends in .ann"), "{err}");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_placed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gold.tsv");
        std::fs::write(&path, b"a\tO\nb\xff\tO\n").unwrap();
        let err = open(&path).unwrap_err().to_string();
        assert!(
            err.ends_with("gold.tsv:2: found byte 0xff, expected UTF-8"),
            "{err}"
        );
    }
}
