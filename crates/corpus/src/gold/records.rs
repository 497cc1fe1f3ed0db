use std::path::{Path, PathBuf};

use serde::Deserialize;
use standpoint_core::{OffsetIndex, OffsetUnit, Polarity, Sentence, Span, Token};

use super::{Error, kind_of, lines, quoted};

/// One line of a file of records: gold, or predictions made by anything.
///
/// The fields are those of [`Record`](crate::Record); only `id` is needed, and `text` where the
/// record is the gold. Offsets count what `offsets` says, characters unless it says otherwise.
/// Kinds are free; `kind` may be called `label`. A line for a stance has `target` (and `holder`, if
/// that is not the author) and its `polarity`, which may be called `label`.
#[derive(Clone, Debug)]
pub struct GoldRecord {
    path: PathBuf,
    line: usize,
    row: Row,
}

/// An entity of a [`GoldRecord`].
#[derive(Clone, Debug, PartialEq)]
pub struct GoldEntity {
    /// Its bytes.
    pub span: Span,
    /// Its kind, as written.
    pub kind: String,
    /// How sure a prediction is.
    pub score: Option<f32>,
}

/// A quotation of a [`GoldRecord`]: fragments in bytes, none where there are no words for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GoldQuote {
    /// Who said it.
    pub source: Vec<Span>,
    /// That it was said.
    pub cue: Vec<Span>,
    /// What was said.
    pub content: Vec<Span>,
    /// The number of the speaker among the record's [actors](GoldRecord::actors).
    pub speaker: Option<u32>,
    /// How sure a prediction is.
    pub score: Option<f32>,
}

/// A stance of a [`GoldRecord`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoldStance {
    /// Who takes it; `None` for the author.
    pub holder: Option<Span>,
    /// Towards whom.
    pub target: Span,
    /// Which way.
    pub polarity: Polarity,
}

/// Sentences that tile a text and the words in them.
pub type Layout = (Vec<Sentence>, Vec<Token>);

#[derive(Clone, Debug, Deserialize)]
struct Row {
    id: serde_json::Value,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    offsets: OffsetUnit,
    #[serde(default)]
    sentences: Option<Vec<(u32, u32)>>,
    #[serde(default)]
    words: Option<Vec<(u32, u32)>>,
    #[serde(default)]
    entities: Vec<EntityIn>,
    #[serde(default)]
    quotes: Vec<QuoteIn>,
    #[serde(default)]
    actors: Vec<ActorIn>,
    #[serde(default)]
    holder: Option<HolderIn>,
    #[serde(default)]
    target: Option<(u32, u32)>,
    #[serde(default, alias = "polarity")]
    label: Option<String>,
    #[serde(default)]
    score: Option<f32>,
}

#[derive(Clone, Debug, Deserialize)]
struct EntityIn {
    start: u32,
    end: u32,
    #[serde(alias = "label")]
    kind: String,
    #[serde(default)]
    score: Option<f32>,
}

#[derive(Clone, Debug, Deserialize)]
struct QuoteIn {
    #[serde(default)]
    source: Option<Fragments>,
    #[serde(default)]
    cue: Option<Fragments>,
    content: Fragments,
    #[serde(default)]
    speaker: Option<u32>,
    #[serde(default)]
    score: Option<f32>,
}

#[derive(Clone, Debug, Deserialize)]
struct ActorIn {
    id: u32,
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
}

/// `[start, end]`, or a list of those.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Fragments {
    One((u32, u32)),
    Many(Vec<(u32, u32)>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum HolderIn {
    Span((u32, u32)),
    Word(String),
}

/// Reads records as JSON lines.
///
/// # Errors
///
/// [`Error`] for a line that is no record, an id given twice, a file without a record. Offsets are
/// looked at when they are asked for, since predictions need not repeat the text.
pub fn read_records(path: &Path, text: &str) -> Result<Vec<GoldRecord>, Error> {
    let mut records: Vec<GoldRecord> = Vec::new();
    let mut seen = std::collections::BTreeMap::new();
    for (number, line) in lines(text) {
        if line.trim().is_empty() {
            continue;
        }
        let row: Row = serde_json::from_str(line).map_err(|err| {
            Error::at(
                path,
                number,
                err.to_string(),
                "an object with an id and, of gold, a text",
            )
        })?;
        let record = GoldRecord {
            path: path.to_owned(),
            line: number,
            row,
        };
        if let Some(earlier) = seen.insert(record.id(), number) {
            let found = format!("the id {} of line {earlier} again", quoted(&record.id()));
            return Err(Error::at(path, number, found, "each id once"));
        }
        records.push(record);
    }
    if records.is_empty() {
        return Err(Error::at(path, None, "no record", "a JSON object a line"));
    }
    Ok(records)
}

impl GoldRecord {
    /// Its id; a number as its digits.
    #[must_use]
    pub fn id(&self) -> String {
        match &self.row.id {
            serde_json::Value::String(id) => id.clone(),
            other => other.to_string(),
        }
    }

    /// Its line in the file, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The text, where the record has it.
    ///
    /// # Errors
    ///
    /// [`Error`] if it has none.
    pub fn text(&self) -> Result<&str, Error> {
        self.row
            .text
            .as_deref()
            .ok_or_else(|| self.error("a record without text", "the text that is annotated"))
    }

    /// An error at this record's place.
    pub fn error(&self, found: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::at(&self.path, self.line, found, expected)
    }

    /// The sentences that the record gives, as spans of `text`; they need not tile it.
    ///
    /// # Errors
    ///
    /// [`Error`] for offsets that are not in the text.
    pub fn sentences(&self, text: &str) -> Result<Option<Vec<Span>>, Error> {
        self.spans(self.row.sentences.as_deref(), text)
    }

    /// The words that the record gives, as spans of `text`, in order.
    ///
    /// # Errors
    ///
    /// [`Error`] for offsets that are not in the text, and for words that overlap or are out of
    /// order.
    pub fn words(&self, text: &str) -> Result<Option<Vec<Span>>, Error> {
        let words = self.spans(self.row.words.as_deref(), text)?;
        let ordered = |spans: &Vec<Span>| spans.windows(2).all(|w| w[0].end() <= w[1].start());
        if words.as_ref().is_some_and(|spans| !ordered(spans)) {
            return Err(self.error("words that overlap or are out of order", "words in order"));
        }
        Ok(words)
    }

    /// The gold's own sentences and words, if the record gives both.
    ///
    /// # Errors
    ///
    /// [`Error`] as for both, and for sentences that do not tile the text.
    pub fn layout(&self, text: &str) -> Result<Option<Layout>, Error> {
        let (Some(sentences), Some(words)) = (self.sentences(text)?, self.words(text)?) else {
            return Ok(None);
        };
        let mut at = 0;
        for s in &sentences {
            if s.start() != at {
                let found = format!("a sentence that starts at byte {}", s.start());
                let expected = format!("one at byte {at}, where the one before ends");
                return Err(self.error(found, expected));
            }
            at = s.end();
        }
        if at as usize != text.len() {
            let found = format!("a last sentence that ends at byte {at}");
            return Err(self.error(found, format!("the end of the text, byte {}", text.len())));
        }
        let sentence = |span| Sentence {
            span,
            nested: false,
        };
        let token = |span| Token {
            span,
            kind: kind_of(&text[span]),
        };
        Ok(Some((
            sentences.into_iter().map(sentence).collect(),
            words.into_iter().map(token).collect(),
        )))
    }

    fn spans(&self, ranges: Option<&[(u32, u32)]>, text: &str) -> Result<Option<Vec<Span>>, Error> {
        let index = OffsetIndex::new(text);
        let spans = |ranges: &[(u32, u32)]| ranges.iter().map(|&r| self.span(&index, r)).collect();
        ranges.map(spans).transpose()
    }

    /// The entities, as spans of `text`.
    ///
    /// # Errors
    ///
    /// [`Error`] for offsets that are not in the text.
    pub fn entities(&self, text: &str) -> Result<Vec<GoldEntity>, Error> {
        let index = OffsetIndex::new(text);
        let entities = self.row.entities.iter();
        entities
            .map(|e| {
                Ok(GoldEntity {
                    span: self.span(&index, (e.start, e.end))?,
                    kind: e.kind.clone(),
                    score: e.score,
                })
            })
            .collect()
    }

    /// The quotations, as spans of `text`.
    ///
    /// # Errors
    ///
    /// [`Error`] for offsets that are not in the text, and a quotation without content.
    pub fn quotes(&self, text: &str) -> Result<Vec<GoldQuote>, Error> {
        let index = OffsetIndex::new(text);
        let part = |fragments: &Option<Fragments>| -> Result<Vec<Span>, Error> {
            match fragments {
                None => Ok(Vec::new()),
                Some(Fragments::One(range)) => Ok(vec![self.span(&index, *range)?]),
                Some(Fragments::Many(ranges)) => ranges
                    .iter()
                    .map(|&range| self.span(&index, range))
                    .collect(),
            }
        };
        let quotes = self.row.quotes.iter();
        quotes
            .map(|q| {
                let content = part(&Some(q.content.clone()))?;
                if content.is_empty() {
                    return Err(self.error("a quotation without content", "what was said"));
                }
                Ok(GoldQuote {
                    source: part(&q.source)?,
                    cue: part(&q.cue)?,
                    content,
                    speaker: q.speaker,
                    score: q.score,
                })
            })
            .collect()
    }

    /// The actors: number and names, the fullest first.
    #[must_use]
    pub fn actors(&self) -> Vec<(u32, Vec<String>)> {
        let actors = self.row.actors.iter();
        actors
            .map(|a| {
                (
                    a.id,
                    [std::slice::from_ref(&a.name), &a.aliases[..]].concat(),
                )
            })
            .collect()
    }

    /// The stance, as spans of `text`.
    ///
    /// # Errors
    ///
    /// [`Error`] where the target or the polarity is lacking or is none.
    pub fn stance(&self, text: &str) -> Result<GoldStance, Error> {
        let index = OffsetIndex::new(text);
        let target = self.row.target.ok_or_else(|| {
            self.error(
                "no target",
                "target: [start, end], and holder, unless it is the author",
            )
        })?;
        let holder = match &self.row.holder {
            None => None,
            Some(HolderIn::Span(range)) => Some(self.span(&index, *range)?),
            Some(HolderIn::Word(word)) if word == "author" => None,
            Some(HolderIn::Word(word)) => {
                return Err(self.error(
                    format!("the holder {}", quoted(word)),
                    "[start, end] or \"author\"",
                ));
            }
        };
        let polarity = match self.label()?.0 {
            "for" => Polarity::For,
            "against" => Polarity::Against,
            "neutral" => Polarity::Neutral,
            other => {
                let found = format!("the polarity {}", quoted(other));
                return Err(self.error(found, "for, against or neutral"));
            }
        };
        Ok(GoldStance {
            holder,
            target: self.span(&index, target)?,
            polarity,
        })
    }

    /// The class that the record gives, with its score.
    ///
    /// # Errors
    ///
    /// [`Error`] where it gives none.
    pub fn label(&self) -> Result<(&str, Option<f32>), Error> {
        match &self.row.label {
            Some(label) => Ok((label, self.row.score)),
            None => Err(self.error("a record without a label", "label, or polarity")),
        }
    }

    fn span(&self, index: &OffsetIndex<'_>, (start, end): (u32, u32)) -> Result<Span, Error> {
        index
            .span(start..end, self.row.offsets)
            .map_err(|err| self.error(err.to_string(), "offsets in the document's text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<GoldRecord>, Error> {
        read_records(Path::new("p.jsonl"), text)
    }

    #[test]
    fn offsets_and_names_are_free() {
        let records = read(concat!(
            r#"{"id": 3, "text": "Né Li ran.", "entities": [{"start": 0, "end": 5, "label": "PER", "score": 0.5}]}"#,
            "\n",
            r#"{"id": "b", "offsets": "bytes", "quotes": [{"source": [0, 3], "cue": null, "content": [[4, 6], [7, 11]]}]}"#,
            "\n",
            r#"{"id": "c", "text": "Né Li ran.", "holder": "author", "target": [3, 5], "polarity": "for"}"#,
        ))
        .unwrap();
        let text = records[0].text().unwrap();
        let entity = &records[0].entities(text).unwrap()[0];
        assert_eq!((&text[entity.span], entity.kind.as_str()), ("Né Li", "PER"));
        let quote = &records[1].quotes(text).unwrap()[0];
        assert_eq!(
            (quote.source.len(), quote.cue.len(), quote.content.len()),
            (1, 0, 2)
        );
        let stance = records[2].stance(text).unwrap();
        assert_eq!((stance.holder, &text[stance.target]), (None, "Li"));
        assert_eq!(stance.polarity, Polarity::For);
    }

    #[test]
    fn our_own_records_are_read() {
        use standpoint_core::{Analysis, Document};
        let document = Document::new("d", "It rained.").unwrap();
        let record = crate::Record::new(
            &document,
            &Analysis::default(),
            OffsetUnit::Utf16,
            &crate::Provenance::default(),
        );
        let records = read(&serde_json::to_string(&record).unwrap()).unwrap();
        assert_eq!(records[0].id(), "d");
        assert!(records[0].entities("It rained.").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_placed() {
        let text = "Né ran.";
        for (line, want) in [
            ("", "p.jsonl: found no record"),
            ("{", "p.jsonl:1: found EOF"),
            (
                "{\"id\":1}\n\n{\"id\":\"1\"}",
                "p.jsonl:3: found the id `1` of line 1 again",
            ),
        ] {
            let err = read(line).unwrap_err().to_string();
            assert!(err.starts_with(want), "{err}");
        }
        let one = |line: &str| read(line).unwrap().remove(0);
        let far = one(r#"{"id":1,"entities":[{"start":0,"end":99,"kind":"x"}]}"#);
        let err = far.entities(text).unwrap_err().to_string();
        assert!(
            err.starts_with("p.jsonl:1: found offset 99 in chars is past the end"),
            "{err}"
        );
        let cut = one(r#"{"id":1,"offsets":"bytes","entities":[{"start":0,"end":2,"kind":"x"}]}"#);
        assert!(cut.entities(text).is_err(), "byte 2 is inside a character");
        let gap = one(r#"{"id":1,"sentences":[[0,2],[3,7]],"words":[[0,2]]}"#);
        let err = gap.layout(text).unwrap_err().to_string();
        assert!(err.contains("a sentence that starts at byte 4"), "{err}");
        assert!(one(r#"{"id":1}"#).layout(text).unwrap().is_none());
        let back = one(r#"{"id":1,"words":[[3,7],[0,2]]}"#);
        assert!(
            back.words(text)
                .unwrap_err()
                .to_string()
                .contains("out of order")
        );
        let none = one(r#"{"id":1,"target":[0,2],"label":"pro"}"#);
        let err = none.stance(text).unwrap_err().to_string();
        assert!(err.contains("the polarity `pro`"), "{err}");
    }
}
