use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use standpoint_core::{
    Actor, ActorId, Analysis, Document, EntityKind, Holder, OffsetIndex, OffsetUnit, Polarity,
    QuoteKind, SourceKind, Span, SpeechAct,
};

/// A span as records write it: `[start, end]`, end excluded, in the record's unit.
pub type Range = (u32, u32);

/// What was found in one document, as one JSON object.
///
/// Offsets are in the unit that [`offsets`](Self::offsets) names, and every span stands beside
/// the words it covers, so that a reader without the text still has the evidence. Scores are
/// calibrated probabilities, rounded to four decimals. A field that does not apply is left out,
/// but for the ones that answer a question (`speaker`, `holder`), which are then null.
///
/// ```
/// use standpoint_core::{Analysis, Document, OffsetUnit};
/// use standpoint_corpus::{Provenance, Record};
///
/// let doc = Document::new("d1", "Señor Peña left.")?.with_meta("date", "2024-05-01");
/// let record = Record::new(&doc, &Analysis::default(), OffsetUnit::Chars, &Provenance::default());
/// assert_eq!(record.length, 16);
/// let json = serde_json::to_string(&record)?;
/// assert!(json.starts_with(r#"{"id":"d1","meta":{"date":"2024-05-01"},"offsets":"chars","#));
/// assert_eq!(serde_json::from_str::<Record>(&json)?, record);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What the source calls the document.
    pub id: String,
    /// The fields kept beside the text: a date, an outlet, an address.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "fields")]
    pub meta: Vec<(String, String)>,
    /// What offsets count.
    pub offsets: OffsetUnit,
    /// How much text was read, in the same unit: all of it.
    pub length: u32,
    /// The text itself, where asked for, or where the input holds it only inside markup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The earlier document that this one is a copy of, where copies were looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<Duplicate>,
    /// The sentences, which tile the text.
    pub sentences: Vec<Range>,
    /// The words, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Vec<Range>>,
    /// The names, in order.
    pub entities: Vec<EntityRow>,
    /// The actors, `actors[i].id == i`.
    pub actors: Vec<Actor>,
    /// The quotations, in order of their content.
    pub quotes: Vec<QuoteRow>,
    /// The stances, in order of evidence.
    pub stances: Vec<StanceRow>,
    /// What was odd in the text.
    pub warnings: Vec<WarningRow>,
    /// What made this record.
    pub provenance: Provenance,
}

/// A name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntityRow {
    /// Where it starts.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// Its words.
    pub text: String,
    /// What is named.
    pub kind: EntityKind,
    /// How sure that is.
    pub score: f32,
    /// Whom it names.
    pub actor: Option<ActorId>,
}

/// A quotation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuoteRow {
    /// Whether the words are quoted or reported.
    pub kind: QuoteKind,
    /// Where the content is; several spans for a quotation in pieces.
    pub content: Vec<Range>,
    /// The words of each span of the content.
    pub text: Vec<String>,
    /// Where it says that it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cue: Option<Range>,
    /// The words that say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cue_text: Option<String>,
    /// Where it says who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Range>,
    /// The words that say who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_text: Option<String>,
    /// What sort of source that is.
    pub source_kind: SourceKind,
    /// The speaker; null if not known.
    pub speaker: Option<ActorId>,
    /// What the speaker did in saying it.
    pub act: SpeechAct,
    /// Whether the cue is negated.
    pub negated: bool,
    /// Whether the cue is hedged.
    pub hedged: bool,
    /// The quotation that this one stands in, by its place in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u32>,
    /// How sure this is.
    pub score: f32,
}

/// A stance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StanceRow {
    /// Who takes it: an actor's id, `"author"`, or null for a source without a name.
    pub holder: Option<HolderId>,
    /// Where the words for a source without a name are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder_span: Option<Range>,
    /// Those words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder_text: Option<String>,
    /// Towards whom.
    pub target: ActorId,
    /// Which way.
    pub polarity: Polarity,
    /// How sure that is.
    pub score: f32,
    /// The words that show it.
    pub evidence: Range,
    /// Those words.
    pub text: String,
    /// The quotation they are, by its place in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<u32>,
}

/// Who takes a stance, if that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HolderId {
    /// An actor of the document.
    Actor(ActorId),
    /// The text itself, written `"author"`.
    Author(Author),
}

/// The word `"author"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// The text itself.
    Author,
}

/// Something odd in the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningRow {
    /// A fixed name for programs.
    pub code: String,
    /// Where.
    pub span: Range,
    /// A sentence for people.
    pub message: String,
}

/// The earlier document that one is a copy of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicate {
    /// Its id.
    pub of: String,
    /// Whether the words are the same, case, marks and white space aside; else most of them are.
    pub exact: bool,
}

/// What made a record: with the same program, models, options and kernel the same text gives the
/// same record, bit for bit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The program's version.
    pub version: String,
    /// The models that ran.
    pub models: Vec<Model>,
    /// The encoder's kernel, if one ran: sums differ in the last bits between kernels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// The options that can change the result.
    pub options: BTreeMap<String, Value>,
}

/// A model, by name and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The name of its directory.
    pub name: String,
    /// The SHA-256 of its weights, in hexadecimal.
    pub sha256: String,
}

impl Record {
    /// Writes down what was found in a document. `analysis` is of this document; its spans are
    /// turned into `offsets` here and nowhere else.
    #[must_use]
    pub fn new(
        document: &Document,
        analysis: &Analysis,
        offsets: OffsetUnit,
        provenance: &Provenance,
    ) -> Self {
        let at = Converter::new(document, offsets);
        Self {
            id: document.id().to_owned(),
            meta: document.meta().to_vec(),
            offsets,
            length: at.range(document.span()).1,
            text: None,
            duplicate: None,
            sentences: analysis
                .sentences
                .iter()
                .map(|s| at.range(s.span))
                .collect(),
            words: None,
            entities: analysis.entities.iter().map(|e| at.entity(e)).collect(),
            actors: analysis.actors.clone(),
            quotes: analysis.quotes.iter().map(|q| at.quote(q)).collect(),
            stances: analysis.stances.iter().map(|s| at.stance(s)).collect(),
            warnings: analysis
                .warnings
                .iter()
                .map(|w| WarningRow {
                    code: w.code().to_owned(),
                    span: at.range(w.span()),
                    message: w.to_string(),
                })
                .collect(),
            provenance: provenance.clone(),
        }
    }

    /// The same record with the words of the analysis it was made from.
    #[must_use]
    pub fn with_words(mut self, document: &Document, analysis: &Analysis) -> Self {
        let at = Converter::new(document, self.offsets);
        self.words = Some(analysis.tokens.iter().map(|t| at.range(t.span)).collect());
        self
    }

    /// The same record with the document's text.
    #[must_use]
    pub fn with_text(mut self, document: &Document) -> Self {
        self.text = Some(document.text().to_owned());
        self
    }

    /// A field kept beside the text.
    #[must_use]
    pub fn meta(&self, name: &str) -> Option<&str> {
        self.meta
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Spans of one document in the unit asked for, with their words.
struct Converter<'d> {
    document: &'d Document,
    index: OffsetIndex<'d>,
    unit: OffsetUnit,
}

impl<'d> Converter<'d> {
    fn new(document: &'d Document, unit: OffsetUnit) -> Self {
        Self {
            document,
            index: OffsetIndex::new(document.text()),
            unit,
        }
    }

    fn range(&self, span: Span) -> Range {
        let range = self.index.range(span, self.unit);
        (range.start, range.end)
    }

    fn words(&self, span: Span) -> String {
        self.document.slice(span).to_owned()
    }

    fn entity(&self, entity: &standpoint_core::Entity) -> EntityRow {
        let (start, end) = self.range(entity.span);
        EntityRow {
            start,
            end,
            text: self.words(entity.span),
            kind: entity.kind,
            score: rounded(entity.score),
            actor: entity.actor,
        }
    }

    fn quote(&self, quote: &standpoint_core::Quote) -> QuoteRow {
        QuoteRow {
            kind: quote.kind,
            content: quote.content.iter().map(|s| self.range(*s)).collect(),
            text: quote.content.iter().map(|s| self.words(*s)).collect(),
            cue: quote.cue.map(|s| self.range(s)),
            cue_text: quote.cue.map(|s| self.words(s)),
            source: quote.source.map(|s| self.range(s)),
            source_text: quote.source.map(|s| self.words(s)),
            source_kind: quote.source_kind,
            speaker: quote.speaker,
            act: quote.act,
            negated: quote.negated,
            hedged: quote.hedged,
            parent: quote.parent,
            score: rounded(quote.score),
        }
    }

    fn stance(&self, stance: &standpoint_core::Stance) -> StanceRow {
        let (holder, unnamed) = match stance.holder {
            Holder::Author => (Some(HolderId::Author(Author::Author)), None),
            Holder::Actor(id) => (Some(HolderId::Actor(id)), None),
            Holder::Unnamed(span) => (None, Some(span)),
        };
        StanceRow {
            holder,
            holder_span: unnamed.map(|s| self.range(s)),
            holder_text: unnamed.map(|s| self.words(s)),
            target: stance.target,
            polarity: stance.polarity,
            score: rounded(stance.score),
            evidence: self.range(stance.evidence),
            text: self.words(stance.evidence),
            quote: stance.quote,
        }
    }
}

/// Four decimals, which is more than a calibrated score means.
fn rounded(score: f32) -> f32 {
    (score * 1e4).round() / 1e4
}

/// Pairs written as one JSON object, in their order.
mod fields {
    use std::fmt;

    use serde::de::{MapAccess, Visitor};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        pairs: &[(String, String)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(String, String)>, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Vec<(String, String)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use standpoint_core::{Entity, Quote, Stance, Warning};

    use super::*;

    /// "Señor" shifts every later offset by one between characters and bytes.
    const TEXT: &str = "Señor Peña 😀 said: \u{201c}Ana lies.\u{201d} A villager agreed.";

    fn find(words: &str) -> Span {
        let start = TEXT.find(words).expect("the words are in the text");
        Span::from_range(start..start + words.len())
    }

    fn analysis() -> Analysis {
        Analysis {
            entities: vec![Entity {
                span: find("Peña"),
                kind: EntityKind::Person,
                score: 0.987_654,
                actor: Some(0),
            }],
            quotes: vec![Quote {
                kind: QuoteKind::Direct,
                content: vec![find("Ana lies.")],
                cue: Some(find("said")),
                source: Some(find("Señor Peña")),
                source_kind: SourceKind::Named,
                speaker: Some(0),
                act: SpeechAct::Say,
                negated: false,
                hedged: false,
                parent: None,
                score: 0.5,
            }],
            stances: [
                Holder::Author,
                Holder::Actor(0),
                Holder::Unnamed(find("A villager")),
            ]
            .map(|holder| Stance {
                holder,
                target: 1,
                polarity: Polarity::Against,
                score: 0.9,
                evidence: find("Ana lies."),
                quote: None,
            })
            .to_vec(),
            warnings: vec![Warning::UnclosedQuote(find("\u{201c}"))],
            ..Analysis::default()
        }
    }

    #[test]
    fn spans_give_their_words_in_every_unit() {
        let doc = Document::new("d", TEXT).unwrap();
        for unit in [OffsetUnit::Chars, OffsetUnit::Bytes, OffsetUnit::Utf16] {
            let record = Record::new(&doc, &analysis(), unit, &Provenance::default());
            let index = OffsetIndex::new(TEXT);
            let slice = |(start, end): Range| &TEXT[index.span(start..end, unit).unwrap()];
            assert_eq!(slice((0, record.length)), TEXT);
            let e = &record.entities[0];
            assert_eq!((slice((e.start, e.end)), e.text.as_str()), ("Peña", "Peña"));
            let q = &record.quotes[0];
            assert_eq!(slice(q.content[0]), q.text[0]);
            assert_eq!(slice(q.source.unwrap()), "Señor Peña");
            assert_eq!(q.source_text.as_deref(), Some("Señor Peña"));
            let s = &record.stances[2];
            assert_eq!(slice(s.evidence), s.text);
            assert_eq!(slice(s.holder_span.unwrap()), "A villager");
        }
    }

    #[test]
    fn the_json_is_the_documented_one() {
        let doc = Document::new("d", TEXT).unwrap();
        let record = Record::new(&doc, &analysis(), OffsetUnit::Chars, &Provenance::default());
        let json = serde_json::to_value(&record).unwrap();
        assert_eq!(json["offsets"], "chars");
        assert_eq!(json["entities"][0]["start"], 6);
        assert_eq!(json["entities"][0]["end"], 10);
        assert!(
            serde_json::to_string(&record)
                .unwrap()
                .contains(r#""score":0.9877,"#)
        );
        assert_eq!(json["quotes"][0]["speaker"], 0);
        assert_eq!(json["stances"][0]["holder"], "author");
        assert_eq!(json["stances"][1]["holder"], 0);
        assert!(json["stances"][2]["holder"].is_null());
        assert_eq!(json["stances"][2]["holder_text"], "A villager");
        assert_eq!(json["warnings"][0]["code"], "unclosed_quote");
        assert!(json.get("words").is_none() && json.get("text").is_none());

        let line = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
    }
}
