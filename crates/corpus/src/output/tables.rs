use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, Float32Array, RecordBatch, StringArray, UInt32Array};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::record::{HolderId, Record};

/// The tables that records are laid out in, keyed by `document_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// A row a document: its fields, its length, how much was found, what it is a copy of.
    Documents,
    /// A row a name.
    Entities,
    /// A row an actor of a document.
    Actors,
    /// A row a quotation.
    Quotes,
    /// A row a stance.
    Stances,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Documents,
        Self::Entities,
        Self::Actors,
        Self::Quotes,
        Self::Stances,
    ];

    /// The table's name, as files and folders have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Entities => "entities",
            Self::Actors => "actors",
            Self::Quotes => "quotes",
            Self::Stances => "stances",
        }
    }
}

/// Records as rows of tables, in memory until written as Parquet.
///
/// Names of actors are repeated beside their numbers, so that most questions need one table.
/// Offsets are in the unit that the column `offsets` of `documents` names.
///
/// ```
/// use standpoint_core::{Analysis, Document, OffsetUnit};
/// use standpoint_corpus::{Provenance, Record, Table, Tables};
///
/// let doc = Document::new("d1", "It rained.")?;
/// let mut tables = Tables::default();
/// tables.push(Record::new(&doc, &Analysis::default(), OffsetUnit::Chars, &Provenance::default()));
/// let mut file = Vec::new();
/// tables.write(Table::Documents, &mut file)?;
/// assert!(file.starts_with(b"PAR1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Tables {
    records: Vec<Record>,
}

impl Tables {
    /// Adds the rows of a record.
    pub fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Writes one table as a Parquet file; the same rows give the same bytes.
    ///
    /// # Errors
    ///
    /// If `file` cannot be written to.
    pub fn write(&self, table: Table, file: impl Write + Send) -> Result<(), ParquetError> {
        let columns = match table {
            Table::Documents => self.documents(),
            Table::Entities => self.entities(),
            Table::Actors => self.actors(),
            Table::Quotes => self.quotes(),
            Table::Stances => self.stances(),
        };
        // Every column may be null as far as its type goes, so that files of parts that happen to
        // have no null in a column have the same schema as the others.
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, array)| (name, array, true)),
        )?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_created_by(concat!("standpoint ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties))?;
        writer.write(&batch)?;
        writer.close()?;
        Ok(())
    }

    fn documents(&self) -> Columns {
        let all = || self.records.iter();
        let meta = |name: &'static str| text(all().map(move |r| r.meta(name)));
        let count = |of: fn(&Record) -> usize| number(all().map(|r| Some(of(r) as u32)));
        let duplicate = || all().map(|r| r.duplicate.as_ref());
        vec![
            ("document_id", text(all().map(|r| Some(r.id.as_str())))),
            ("date", meta("date")),
            ("outlet", meta("outlet")),
            ("url", meta("url")),
            ("title", meta("title")),
            (
                "meta",
                text(all().map(|r| {
                    (!r.meta.is_empty()).then(|| {
                        let pairs = r.meta.iter();
                        let object = pairs
                            .map(|(name, value)| (name.clone(), value.clone().into()))
                            .collect::<serde_json::Map<_, _>>();
                        serde_json::Value::Object(object).to_string()
                    })
                })),
            ),
            (
                "duplicate_of",
                text(duplicate().map(|d| d.map(|d| d.of.as_str()))),
            ),
            (
                "duplicate_exact",
                Arc::new(
                    duplicate()
                        .map(|d| d.map(|d| d.exact))
                        .collect::<BooleanArray>(),
                ),
            ),
            ("offsets", text(all().map(|r| Some(r.offsets.name())))),
            ("length", number(all().map(|r| Some(r.length)))),
            ("sentences", count(|r| r.sentences.len())),
            ("entities", count(|r| r.entities.len())),
            ("actors", count(|r| r.actors.len())),
            ("quotes", count(|r| r.quotes.len())),
            ("stances", count(|r| r.stances.len())),
            ("warnings", count(|r| r.warnings.len())),
            ("text", text(all().map(|r| r.text.as_deref()))),
        ]
    }

    fn entities(&self) -> Columns {
        let all = || self.rows(|r| &r.entities);
        vec![
            (
                "document_id",
                text(all().map(|(r, _, _)| Some(r.id.as_str()))),
            ),
            ("entity", number(all().map(|(_, n, _)| Some(n)))),
            ("start", number(all().map(|(_, _, e)| Some(e.start)))),
            ("end", number(all().map(|(_, _, e)| Some(e.end)))),
            ("text", text(all().map(|(_, _, e)| Some(e.text.as_str())))),
            ("kind", text(all().map(|(_, _, e)| Some(e.kind.name())))),
            ("score", score(all().map(|(_, _, e)| e.score))),
            ("actor", number(all().map(|(_, _, e)| e.actor))),
            ("actor_name", text(all().map(|(r, _, e)| name(r, e.actor)))),
        ]
    }

    fn actors(&self) -> Columns {
        let all = || self.rows(|r| &r.actors);
        let mut aliases = ListBuilder::new(StringBuilder::new());
        for (_, _, actor) in all() {
            for alias in &actor.aliases {
                aliases.values().append_value(alias);
            }
            aliases.append(true);
        }
        let mentions = |r: &Record, id| {
            let named = r.entities.iter().filter(|e| e.actor == Some(id));
            named.count() as u32
        };
        vec![
            (
                "document_id",
                text(all().map(|(r, _, _)| Some(r.id.as_str()))),
            ),
            ("actor", number(all().map(|(_, _, a)| Some(a.id)))),
            ("name", text(all().map(|(_, _, a)| Some(a.name.as_str())))),
            ("kind", text(all().map(|(_, _, a)| Some(a.kind.name())))),
            ("aliases", Arc::new(aliases.finish())),
            (
                "names",
                number(all().map(|(r, _, a)| Some(mentions(r, a.id)))),
            ),
        ]
    }

    fn quotes(&self) -> Columns {
        let all = || self.rows(|r| &r.quotes);
        let flag = |of: fn(&crate::record::QuoteRow) -> bool| -> ArrayRef {
            Arc::new(all().map(|(_, _, q)| Some(of(q))).collect::<BooleanArray>())
        };
        vec![
            (
                "document_id",
                text(all().map(|(r, _, _)| Some(r.id.as_str()))),
            ),
            ("quote", number(all().map(|(_, n, _)| Some(n)))),
            ("kind", text(all().map(|(_, _, q)| word(q.kind)))),
            (
                "start",
                number(all().map(|(_, _, q)| q.content.first().map(|s| s.0))),
            ),
            (
                "end",
                number(all().map(|(_, _, q)| q.content.last().map(|s| s.1))),
            ),
            (
                "text",
                text(all().map(|(_, _, q)| Some(q.text.join(" … ")))),
            ),
            ("cue", text(all().map(|(_, _, q)| q.cue_text.as_deref()))),
            (
                "source",
                text(all().map(|(_, _, q)| q.source_text.as_deref())),
            ),
            (
                "source_kind",
                text(all().map(|(_, _, q)| word(q.source_kind))),
            ),
            ("speaker", number(all().map(|(_, _, q)| q.speaker))),
            (
                "speaker_name",
                text(all().map(|(r, _, q)| name(r, q.speaker))),
            ),
            ("act", text(all().map(|(_, _, q)| word(q.act)))),
            ("negated", flag(|q| q.negated)),
            ("hedged", flag(|q| q.hedged)),
            ("parent", number(all().map(|(_, _, q)| q.parent))),
            ("score", score(all().map(|(_, _, q)| q.score))),
        ]
    }

    fn stances(&self) -> Columns {
        let all = || self.rows(|r| &r.stances);
        let holder = |h: &Option<HolderId>| match h {
            Some(HolderId::Actor(id)) => (Some(*id), "actor"),
            Some(HolderId::Author(_)) => (None, "author"),
            None => (None, "unnamed"),
        };
        vec![
            (
                "document_id",
                text(all().map(|(r, _, _)| Some(r.id.as_str()))),
            ),
            ("stance", number(all().map(|(_, n, _)| Some(n)))),
            ("holder", number(all().map(|(_, _, s)| holder(&s.holder).0))),
            (
                "holder_name",
                text(all().map(|(r, _, s)| match s.holder {
                    Some(HolderId::Actor(id)) => name(r, Some(id)),
                    Some(HolderId::Author(_)) => None,
                    None => s.holder_text.as_deref(),
                })),
            ),
            (
                "holder_kind",
                text(all().map(|(_, _, s)| Some(holder(&s.holder).1))),
            ),
            ("target", number(all().map(|(_, _, s)| Some(s.target)))),
            (
                "target_name",
                text(all().map(|(r, _, s)| name(r, Some(s.target)))),
            ),
            (
                "polarity",
                text(all().map(|(_, _, s)| Some(s.polarity.name()))),
            ),
            ("score", score(all().map(|(_, _, s)| s.score))),
            ("start", number(all().map(|(_, _, s)| Some(s.evidence.0)))),
            ("end", number(all().map(|(_, _, s)| Some(s.evidence.1)))),
            ("text", text(all().map(|(_, _, s)| Some(s.text.as_str())))),
            ("quote", number(all().map(|(_, _, s)| s.quote))),
        ]
    }

    /// Every row of a layer, with its record and its place in the layer.
    fn rows<T: 'static>(
        &self,
        layer: fn(&Record) -> &Vec<T>,
    ) -> impl Iterator<Item = (&Record, u32, &T)> {
        self.records
            .iter()
            .flat_map(move |r| (0..).zip(layer(r)).map(move |(n, row)| (r, n, row)))
    }
}

type Columns = Vec<(&'static str, ArrayRef)>;

fn text<S: AsRef<str>>(values: impl Iterator<Item = Option<S>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn number(values: impl Iterator<Item = Option<u32>>) -> ArrayRef {
    Arc::new(values.collect::<UInt32Array>())
}

fn score(values: impl Iterator<Item = f32>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<Float32Array>())
}

fn name(record: &Record, actor: Option<u32>) -> Option<&str> {
    let actor = record.actors.get(actor? as usize)?;
    Some(actor.name.as_str())
}

/// The name that serde gives a label.
fn word(label: impl serde::Serialize) -> Option<String> {
    match serde_json::to_value(label) {
        Ok(serde_json::Value::String(word)) => Some(word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use standpoint_core::{
        Actor, Analysis, Document, Entity, EntityKind, Holder, OffsetUnit, Polarity, Span, Stance,
    };

    use super::*;
    use crate::record::{Duplicate, Provenance};

    #[test]
    fn rows_are_keyed_by_their_document() {
        let doc = Document::new("d\"1", "Ana fights Bo.")
            .unwrap()
            .with_meta("date", "2024-05-01")
            .with_meta("desk", "\"x\"");
        let actor = |id, name: &str| Actor {
            id,
            name: name.to_owned(),
            kind: EntityKind::Person,
            aliases: vec!["A.".to_owned(), "B.".to_owned()],
        };
        let entity = |start, end, actor| Entity {
            span: Span::new(start, end),
            kind: EntityKind::Person,
            score: 0.5,
            actor: Some(actor),
        };
        let analysis = Analysis {
            entities: vec![entity(0, 3, 0), entity(11, 13, 1)],
            actors: vec![actor(0, "Ana"), actor(1, "Bo")],
            stances: [
                Holder::Actor(0),
                Holder::Author,
                Holder::Unnamed(Span::new(0, 3)),
            ]
            .map(|holder| Stance {
                holder,
                target: 1,
                polarity: Polarity::Against,
                score: 0.75,
                evidence: doc.span(),
                quote: None,
            })
            .to_vec(),
            ..Analysis::default()
        };
        let mut record = Record::new(&doc, &analysis, OffsetUnit::Chars, &Provenance::default());
        record.duplicate = Some(Duplicate {
            of: "d0".to_owned(),
            exact: false,
        });
        let mut tables = Tables::default();
        tables.push(record);

        assert_eq!(
            rows(&tables, Table::Documents),
            [
                r#"{document_id: "d"1", date: "2024-05-01", outlet: null, url: null, title: null, meta: "{"date":"2024-05-01","desk":"\"x\""}", duplicate_of: "d0", duplicate_exact: false, offsets: "chars", length: 14, sentences: 0, entities: 2, actors: 2, quotes: 0, stances: 3, warnings: 0, text: null}"#
            ]
        );
        assert_eq!(
            rows(&tables, Table::Actors)[1],
            r#"{document_id: "d"1", actor: 1, name: "Bo", kind: "person", aliases: ["A.", "B."], names: 1}"#
        );
        assert_eq!(
            rows(&tables, Table::Entities)[1],
            r#"{document_id: "d"1", entity: 1, start: 11, end: 13, text: "Bo", kind: "person", score: 0.5, actor: 1, actor_name: "Bo"}"#
        );
        let holders: Vec<String> = rows(&tables, Table::Stances)
            .iter()
            .map(|row| {
                row.split(", ")
                    .skip(2)
                    .take(3)
                    .collect::<Vec<_>>()
                    .join(", ")
            })
            .collect();
        assert_eq!(
            holders,
            [
                r#"holder: 0, holder_name: "Ana", holder_kind: "actor""#,
                r#"holder: null, holder_name: null, holder_kind: "author""#,
                r#"holder: null, holder_name: "Ana", holder_kind: "unnamed""#,
            ]
        );
        assert!(rows(&tables, Table::Quotes).is_empty());
    }

    fn rows(tables: &Tables, table: Table) -> Vec<String> {
        let mut file = tempfile::tempfile().unwrap();
        tables.write(table, &mut file).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().to_string())
            .collect()
    }
}
