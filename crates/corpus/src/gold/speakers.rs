use std::path::{Path, PathBuf};

use serde::Deserialize;
use standpoint_core::{OffsetIndex, OffsetUnit, Span};

use super::{Error, lines};

/// Who says something in an article: the speaker of one attribution.
#[derive(Clone, Debug)]
pub struct SpeakerLine {
    path: PathBuf,
    line: usize,
    row: Row,
}

/// What sort of speaker it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpeakerKind {
    /// Somebody with a name.
    Named,
    /// Somebody whom the article does not name.
    Unnamed,
    /// Several together.
    Collective,
    /// Anything else that is cited: a document, a poll.
    Other,
}

#[derive(Clone, Debug, Deserialize)]
struct Row {
    file: String,
    content: (u32, u32),
    kind: SpeakerKind,
    #[serde(default)]
    name: Option<String>,
}

/// Reads speakers as JSON lines: `{"file": "article", "source": [0, 9], "content": [15, 40],
/// "kind": "named", "name": "Kem Sokha"}`, offsets in characters of the article; `kind` is named,
/// unnamed, collective or other, and `name` the full name of one that is named. Lines that start
/// with `//` are remarks.
///
/// # Errors
///
/// [`Error`] for a line that is no such object, or is named and has no name.
pub fn read_speakers(path: &Path, text: &str) -> Result<Vec<SpeakerLine>, Error> {
    let mut speakers = Vec::new();
    for (number, line) in lines(text) {
        if line.trim().is_empty() || line.starts_with("//") {
            continue;
        }
        let row: Row = serde_json::from_str(line).map_err(|err| {
            let expected = "an object with file, content, kind and, if that is named, name";
            Error::at(path, number, err.to_string(), expected)
        })?;
        if row.kind == SpeakerKind::Named && row.name.as_deref().unwrap_or("").trim().is_empty() {
            return Err(Error::at(
                path,
                number,
                "a named speaker without a name",
                "the name",
            ));
        }
        speakers.push(SpeakerLine {
            path: path.to_owned(),
            line: number,
            row,
        });
    }
    if speakers.is_empty() {
        return Err(Error::at(path, None, "no speaker", "a JSON object a line"));
    }
    Ok(speakers)
}

impl SpeakerLine {
    /// The article, by its file's name without extension.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.row.file
    }

    /// What sort of speaker.
    #[must_use]
    pub fn kind(&self) -> SpeakerKind {
        self.row.kind
    }

    /// The full name of a named speaker.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let name = self.row.name.as_deref();
        name.filter(|_| self.row.kind == SpeakerKind::Named)
    }

    /// What was said, from first to last, as bytes of the article's `text`.
    ///
    /// # Errors
    ///
    /// [`Error`] for offsets that are not in the text.
    pub fn content(&self, text: &str) -> Result<Span, Error> {
        let (start, end) = self.row.content;
        OffsetIndex::new(text)
            .span(start..end, OffsetUnit::Chars)
            .map_err(|err| self.error(err.to_string(), "offsets in the article's text"))
    }

    /// An error at this line.
    pub fn error(&self, found: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::at(&self.path, self.line, found, expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<SpeakerLine>, Error> {
        read_speakers(Path::new("s.jsonl"), text)
    }

    #[test]
    fn offsets_are_characters() {
        let line = r#"{"file": "a", "source": null, "content": [3, 5], "kind": "named", "name": "Lin Wei"}"#;
        let speakers = read(line).unwrap();
        assert_eq!(
            (speakers[0].file(), speakers[0].name()),
            ("a", Some("Lin Wei"))
        );
        assert_eq!(speakers[0].content("Né no.").unwrap(), Span::new(4, 6));
        assert!(speakers[0].content("No").is_err());
    }

    #[test]
    fn what_is_wrong_is_placed() {
        for (text, want) in [
            ("", "s.jsonl: found no speaker"),
            (
                r#"{"file": "a", "content": [0, 1], "kind": "ghost"}"#,
                "s.jsonl:1: found unknown variant",
            ),
            (
                r#"{"file": "a", "content": [0, 1], "kind": "named"}"#,
                "s.jsonl:1: found a named speaker",
            ),
        ] {
            let err = read(text).unwrap_err().to_string();
            assert!(err.starts_with(want), "{err}");
        }
    }
}
