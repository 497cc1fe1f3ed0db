use std::path::Path;

use serde::Deserialize;
use standpoint_core::{OffsetIndex, OffsetUnit, Polarity, Span};

use super::{Error, lines, quoted};

/// A sentence with two entities and the sentiment between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directed {
    /// The sentence, without the brackets that marked the entities.
    pub text: String,
    /// The first entity.
    pub p: Span,
    /// The second entity, which may stand before the first.
    pub q: Span,
    /// Who stands how towards whom.
    pub label: DirectedLabel,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// The five classes of directed sentiment (Park, Pan, Joo: "Who Blames or Endorses Whom?
/// Entity-to-Entity Directed Sentiment Extraction in News Text", ACL 2021), in their numbers'
/// order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DirectedLabel {
    /// 0: neither for nor against.
    Neutral,
    /// 1: `p` is for `q`.
    PForQ,
    /// 2: `q` is for `p`.
    QForP,
    /// 3: `p` is against `q`.
    PAgainstQ,
    /// 4: `q` is against `p`.
    QAgainstP,
}

impl DirectedLabel {
    /// All five, in order of number.
    pub const ALL: [Self; 5] = [
        Self::Neutral,
        Self::PForQ,
        Self::QForP,
        Self::PAgainstQ,
        Self::QAgainstP,
    ];

    /// The class's name in scores.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::PForQ => "p_for_q",
            Self::QForP => "q_for_p",
            Self::PAgainstQ => "p_against_q",
            Self::QAgainstP => "q_against_p",
        }
    }
}

/// Reads a file of the DSE data: text with `[p]` and `[q]` in brackets, `p`, `q` and the label's
/// number, between tabs. A bracket can cut a word (`[Los Angele]s`); the span then does too.
///
/// # Errors
///
/// [`Error`] for a line that has not four columns, two bracketed spans that `p` and `q` name, or
/// one of the five numbers.
pub fn read_dse(path: &Path, text: &str) -> Result<Vec<Directed>, Error> {
    let mut items = Vec::new();
    for (number, line) in lines(text) {
        if line.trim().is_empty() {
            continue;
        }
        let columns: Vec<&str> = line.split('\t').collect();
        let [marked, p, q, label] = columns[..] else {
            let found = format!("{} with {} column(s)", quoted(line), columns.len());
            return Err(Error::at(
                path,
                number,
                found,
                "text, p, q and label between tabs",
            ));
        };
        let label = label
            .trim()
            .parse::<usize>()
            .ok()
            .and_then(|n| DirectedLabel::ALL.get(n).copied())
            .ok_or_else(|| Error::at(path, number, quoted(label), "a label from 0 to 4"))?;
        let (text, spans) = brackets(marked);
        let [one, other] = spans[..] else {
            let found = format!("{} with {} bracketed span(s)", quoted(marked), spans.len());
            return Err(Error::at(path, number, found, "two: [p] and [q]"));
        };
        // Columns with quotation marks inside went through CSV, which doubles and adds some; those
        // of the text stand where they stood, so they are left out of the comparison.
        let plain = |s: &str| s.chars().filter(|&c| c != '"').collect::<String>();
        let names = (plain(p), plain(q));
        let (one_name, other_name) = (plain(&text[one]), plain(&text[other]));
        let (p, q) = if names == (one_name.clone(), other_name.clone()) {
            (one, other)
        } else if names == (other_name, one_name) {
            (other, one)
        } else {
            let found = format!(
                "{} and {} in brackets",
                quoted(&text[one]),
                quoted(&text[other])
            );
            return Err(Error::at(
                path,
                number,
                found,
                format!("{} and {}", quoted(p), quoted(q)),
            ));
        };
        items.push(Directed {
            text,
            p,
            q,
            label,
            line: number,
        });
    }
    if items.is_empty() {
        return Err(Error::at(
            path,
            None,
            "no sentence",
            "text, p, q and label a line",
        ));
    }
    Ok(items)
}

/// The text without brackets and the spans that stood in them.
fn brackets(marked: &str) -> (String, Vec<Span>) {
    let mut text = String::with_capacity(marked.len());
    let mut spans = Vec::new();
    let mut open = None;
    for c in marked.chars() {
        match c {
            '[' if open.is_none() => open = Some(text.len()),
            ']' if open.is_some() => {
                spans.extend(open.take().map(|start| Span::from_range(start..text.len())));
            }
            _ => text.push(c),
        }
    }
    (text, spans)
}

/// A sentence and how its author stands towards somebody in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targeted {
    /// What the data calls it.
    pub id: String,
    /// The sentence.
    pub text: String,
    /// Towards whom.
    pub target: Span,
    /// Which way: for, against or neutral.
    pub polarity: Polarity,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// Reads a file of NewsMTSC (Hamborg and Donnay, EACL 2021): JSON lines with
/// `sentence_normalized` and `targets`, each with `from` and `to` in characters, `mention` and
/// `polarity`: 2 against, 4 neutral, 6 for.
///
/// # Errors
///
/// [`Error`] for a line that is no such object, offsets whose words are not the mention, another
/// polarity.
pub fn read_newsmtsc(path: &Path, text: &str) -> Result<Vec<Targeted>, Error> {
    #[derive(Deserialize)]
    struct Row {
        sentence_normalized: String,
        targets: Vec<Target>,
    }
    #[derive(Deserialize)]
    struct Target {
        #[serde(rename = "Input.gid")]
        id: String,
        from: u32,
        to: u32,
        mention: String,
        polarity: f64,
    }
    let mut items = Vec::new();
    for (number, line) in lines(text) {
        if line.trim().is_empty() {
            continue;
        }
        let row: Row = serde_json::from_str(line).map_err(|err| {
            let expected = "an object with sentence_normalized and targets";
            Error::at(path, number, err.to_string(), expected)
        })?;
        let index = OffsetIndex::new(&row.sentence_normalized);
        for target in &row.targets {
            let span = index
                .span(target.from..target.to, OffsetUnit::Chars)
                .map_err(|err| {
                    Error::at(path, number, err.to_string(), "offsets in the sentence")
                })?;
            let words = &row.sentence_normalized[span];
            if words != target.mention {
                let found = format!("the mention {}", quoted(&target.mention));
                let expected = format!("the sentence's own words there, {}", quoted(words));
                return Err(Error::at(path, number, found, expected));
            }
            let polarity = match target.polarity {
                2.0 => Polarity::Against,
                4.0 => Polarity::Neutral,
                6.0 => Polarity::For,
                other => {
                    let found = format!("polarity {other}");
                    return Err(Error::at(path, number, found, "2, 4 or 6"));
                }
            };
            items.push(Targeted {
                id: target.id.clone(),
                text: row.sentence_normalized.clone(),
                target: span,
                polarity,
                line: number,
            });
        }
    }
    if items.is_empty() {
        return Err(Error::at(
            path,
            None,
            "no target",
            "a sentence with targets a line",
        ));
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_taken_off_and_matched() {
        let file = "[Los Angele]s beat [Ñu].\tÑu\tLos Angele\t4\n\"A [\"\"x\"\"] b [y].\"\t\"\"\"x\"\"\"\ty\t0\n";
        let items = read_dse(Path::new("dse.txt"), file).unwrap();
        let first = &items[0];
        assert_eq!(first.text, "Los Angeles beat Ñu.");
        assert_eq!(
            (&first.text[first.p], &first.text[first.q]),
            ("Ñu", "Los Angele")
        );
        assert_eq!(first.label, DirectedLabel::QAgainstP);
        assert_eq!(&items[1].text[items[1].p], "\"\"x\"\"");
    }

    #[test]
    fn targets_are_characters() {
        let line = r#"{"sentence_normalized": "Él hit Peña.", "targets": [{"Input.gid": "g1", "from": 7, "to": 11, "mention": "Peña", "polarity": 2.0}]}"#;
        let items = read_newsmtsc(Path::new("mtsc.jsonl"), line).unwrap();
        assert_eq!(&items[0].text[items[0].target], "Peña");
        assert_eq!(items[0].polarity, Polarity::Against);
    }

    #[test]
    fn what_is_wrong_is_placed() {
        for (text, want) in [
            ("", "f: found no sentence"),
            ("a\tb\n", "f:1: found `a\tb` with 2 column(s)"),
            (
                "[a] [b]\ta\tb\t5\n",
                "f:1: found `5`, expected a label from 0 to 4",
            ),
            (
                "[a] b\ta\tb\t0\n",
                "f:1: found `[a] b` with 1 bracketed span(s)",
            ),
            (
                "[a] [b]\ta\tc\t0\n",
                "f:1: found `a` and `b` in brackets, expected `a` and `c`",
            ),
        ] {
            let err = read_dse(Path::new("f"), text).unwrap_err().to_string();
            assert!(err.starts_with(want), "{err}");
        }
        let target = |from: u32, polarity: u32| {
            format!(
                r#"{{"sentence_normalized": "A b.", "targets": [{{"Input.gid": "g", "from": {from}, "to": {}, "mention": "b", "polarity": {polarity}}}]}}"#,
                from + 1
            )
        };
        for (text, want) in [
            ("{}".to_owned(), "f:1: found missing field"),
            (
                target(0, 2),
                "f:1: found the mention `b`, expected the sentence's own words there, `A`",
            ),
            (target(9, 2), "f:1: found offset 9 in chars is past the end"),
            (target(2, 3), "f:1: found polarity 3, expected 2, 4 or 6"),
        ] {
            let err = read_newsmtsc(Path::new("f"), &text)
                .unwrap_err()
                .to_string();
            assert!(err.starts_with(want), "{err}");
        }
    }
}
