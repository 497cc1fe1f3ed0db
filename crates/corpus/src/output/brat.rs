use std::fmt::Write;

use standpoint_core::{Analysis, Document, Holder, OffsetIndex, OffsetUnit, Polarity, Span};

use super::conll::label;

/// A document's analysis as the standoff of the brat annotation tool, to lie beside a file of
/// the text (UTF-8) as `.ann`.
///
/// Names are text-bound annotations of their kind; a quotation is a `Content` with relations to
/// its `Cue` and `Source`; a stance is a `For` or `Against` on its evidence. Whom the words mean
/// stands in notes, since actors are no words of the text. Offsets count characters, and a span
/// over several lines is written in parts, as brat wants it.
///
/// ```
/// use standpoint_core::{Analysis, Document, Entity, EntityKind, Span};
///
/// let doc = Document::new("d1", "Señor Peña left.")?;
/// let analysis = Analysis {
///     entities: vec![Entity {
///         span: Span::new(7, 12), kind: EntityKind::Person, score: 1.0, actor: None,
///     }],
///     ..Analysis::default()
/// };
/// assert_eq!(standpoint_corpus::brat(&doc, &analysis), "T1\tPerson 6 10\tPeña\n");
/// # Ok::<(), standpoint_core::TooLong>(())
/// ```
#[must_use]
pub fn brat(document: &Document, analysis: &Analysis) -> String {
    let mut out = Standoff {
        document,
        index: OffsetIndex::new(document.text()),
        text: String::new(),
        bound: 0,
        relations: 0,
        notes: 0,
    };
    let name = |id: u32| {
        analysis
            .actors
            .get(id as usize)
            .map_or("?", |a| a.name.as_str())
    };
    for entity in &analysis.entities {
        let t = out.bound(label(entity.kind), &[entity.span]);
        if let (Some(t), Some(actor)) = (t, entity.actor) {
            out.note(t, name(actor));
        }
    }
    for quote in &analysis.quotes {
        let Some(content) = out.bound("Content", &quote.content) else {
            continue;
        };
        if let Some(speaker) = quote.speaker {
            out.note(content, &format!("said by {}", name(speaker)));
        }
        for (kind, span) in [("Cue", quote.cue), ("Source", quote.source)] {
            if let Some(part) = span.and_then(|s| out.bound(kind, &[s])) {
                out.relation(kind, content, part);
            }
        }
    }
    for stance in &analysis.stances {
        let kind = match stance.polarity {
            Polarity::For => "For",
            Polarity::Against => "Against",
            Polarity::Neutral | Polarity::Unknown => continue,
        };
        if let Some(t) = out.bound(kind, &[stance.evidence]) {
            let holder = match stance.holder {
                Holder::Author => "author",
                Holder::Actor(id) => name(id),
                Holder::Unnamed(span) => document.slice(span),
            };
            let target = name(stance.target);
            out.note(t, &format!("{holder} -> {target}, {:.2}", stance.score));
        }
    }
    out.text
}

struct Standoff<'d> {
    document: &'d Document,
    index: OffsetIndex<'d>,
    text: String,
    bound: usize,
    relations: usize,
    notes: usize,
}

impl Standoff<'_> {
    /// The number of a new text-bound annotation; none if there is nothing visible in the spans.
    fn bound(&mut self, kind: &str, spans: &[Span]) -> Option<usize> {
        let mut parts = Vec::new();
        for span in spans {
            let mut at = span.range().start;
            for line in self.document.slice(*span).split(['\n', '\r']) {
                let part = Span::from_range(at..at + line.len()).trimmed(self.document.text());
                if !part.is_empty() {
                    parts.push(part);
                }
                at += line.len() + 1;
            }
        }
        if parts.is_empty() {
            return None;
        }
        self.bound += 1;
        let offsets: Vec<String> = parts
            .iter()
            .map(|part| {
                let range = self.index.range(*part, OffsetUnit::Chars);
                format!("{} {}", range.start, range.end)
            })
            .collect();
        let words: Vec<&str> = parts
            .iter()
            .map(|part| self.document.slice(*part))
            .collect();
        let _ = writeln!(
            self.text,
            "T{}\t{kind} {}\t{}",
            self.bound,
            offsets.join(";"),
            words.join(" ")
        );
        Some(self.bound)
    }

    fn relation(&mut self, kind: &str, from: usize, to: usize) {
        self.relations += 1;
        let n = self.relations;
        let _ = writeln!(self.text, "R{n}\t{kind}Of Arg1:T{to} Arg2:T{from}");
    }

    fn note(&mut self, of: usize, note: &str) {
        self.notes += 1;
        let n = self.notes;
        let note = note.replace(['\n', '\r', '\t'], " ");
        let _ = writeln!(self.text, "#{n}\tAnnotatorNotes T{of}\t{note}");
    }
}

#[cfg(test)]
mod tests {
    use standpoint_core::{Quote, QuoteKind, SourceKind, SpeechAct};

    use super::*;

    #[test]
    fn spans_over_lines_are_written_in_parts() {
        let doc = Document::new("d", "“We won,\nand\n\nleft” é said Ana.").unwrap();
        let start = '“'.len_utf8();
        let end = doc.text().find('”').unwrap();
        let cue = doc.text().find("said").unwrap();
        let analysis = Analysis {
            quotes: vec![Quote {
                kind: QuoteKind::Direct,
                content: vec![Span::from_range(start..end)],
                cue: Some(Span::from_range(cue..cue + 4)),
                source: None,
                source_kind: SourceKind::Absent,
                speaker: None,
                act: SpeechAct::Say,
                negated: false,
                hedged: false,
                parent: None,
                score: 1.0,
            }],
            ..Analysis::default()
        };
        assert_eq!(
            brat(&doc, &analysis),
            "T1\tContent 1 8;9 12;14 18\tWe won, and left\n\
             T2\tCue 22 26\tsaid\n\
             R1\tCueOf Arg1:T2 Arg2:T1\n"
        );
    }
}
