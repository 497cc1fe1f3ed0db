use std::path::Path;

use serde::Deserialize;
use standpoint_core::{Sentence, Span};

use super::{Error, lines, quoted};

/// A rule of sentence splitting: a text and the sentences it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its number or name.
    pub id: String,
    /// The text.
    pub text: String,
    /// The sentences, which tile the text.
    pub sentences: Vec<Sentence>,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// Reads rules as JSON lines: `{"id": 1, "text": "…", "sentences": ["…", "…"]}`.
///
/// # Errors
///
/// [`Error`] for a line that is no such object, and for sentences that are not, one after the
/// other and with white space between, the whole text.
pub fn read_rules(path: &Path, text: &str) -> Result<Vec<Rule>, Error> {
    #[derive(Deserialize)]
    struct Row {
        id: serde_json::Value,
        text: String,
        sentences: Vec<String>,
    }
    let mut rules = Vec::new();
    for (number, line) in lines(text) {
        if line.trim().is_empty() {
            continue;
        }
        let row: Row = serde_json::from_str(line).map_err(|err| {
            Error::at(
                path,
                number,
                err.to_string(),
                "an object with id, text and sentences",
            )
        })?;
        let mut sentences: Vec<Sentence> = Vec::new();
        let mut at = 0;
        for (i, want) in row.sentences.iter().map(|s| s.trim()).enumerate() {
            let rest = row.text[at..].trim_start();
            if want.is_empty() || !rest.starts_with(want) {
                let expected = format!("a sentence that the text goes on with: {}", quoted(rest));
                return Err(Error::at(
                    path,
                    number,
                    format!("sentence {}, {}", i + 1, quoted(want)),
                    expected,
                ));
            }
            let start = if i == 0 {
                0
            } else {
                row.text.len() - rest.len()
            };
            if let Some(last) = sentences.last_mut() {
                last.span = Span::from_range(last.span.start() as usize..start);
            }
            at = row.text.len() - rest.len() + want.len();
            sentences.push(Sentence {
                span: Span::from_range(start..row.text.len()),
                nested: false,
            });
        }
        if !row.text[at..].trim().is_empty() {
            let found = format!("no sentence for {}", quoted(row.text[at..].trim()));
            return Err(Error::at(
                path,
                number,
                found,
                "sentences to the end of the text",
            ));
        }
        let id = match row.id {
            serde_json::Value::String(id) => id,
            other => other.to_string(),
        };
        rules.push(Rule {
            id,
            text: row.text,
            sentences,
            line: number,
        });
    }
    if rules.is_empty() {
        return Err(Error::at(
            path,
            None,
            "no rule",
            "a text and its sentences a line",
        ));
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_tile_the_text() {
        let line =
            r#"{"id": 7, "text": " One.  Two.\nThree. ", "sentences": ["One.", "Two.", "Three."]}"#;
        let rules = read_rules(Path::new("rules.jsonl"), line).unwrap();
        let rule = &rules[0];
        standpoint_testkit::assert_tiles(&rule.text, rule.sentences.iter().map(|s| s.span));
        let seen: Vec<_> = rule
            .sentences
            .iter()
            .map(|s| &rule.text[s.trimmed(&rule.text)])
            .collect();
        assert_eq!(
            (rule.id.as_str(), seen),
            ("7", vec!["One.", "Two.", "Three."])
        );
    }

    #[test]
    fn what_is_wrong_is_placed() {
        for (text, want) in [
            ("", "rules.jsonl: found no rule"),
            ("\n{}", "rules.jsonl:2: found missing field `id`"),
            (
                r#"{"id":1,"text":"A. B.","sentences":["A.","C."]}"#,
                "rules.jsonl:1: found sentence 2, `C.`",
            ),
            (
                r#"{"id":1,"text":"A. B.","sentences":["A."]}"#,
                "rules.jsonl:1: found no sentence for `B.`",
            ),
        ] {
            let err = read_rules(Path::new("rules.jsonl"), text)
                .unwrap_err()
                .to_string();
            assert!(err.starts_with(want), "{err}");
        }
    }
}
