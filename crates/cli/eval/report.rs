//! What a measurement found: shown to people as tables, to programs as JSON, and as a page.

use std::io::{self, Write};

use anyhow::Context as _;
use comfy_table::{CellAlignment, ContentArrangement, presets};
use serde_json::{Map, Value, json};
use standpoint_eval::{Calibration, Counts, Interval, Paired, Scores};

use super::Shared;
use crate::style::{FAINT, HEADING};

/// What is printed, and written as a page.
pub(super) struct Report {
    /// What was measured.
    pub(super) title: String,
    /// What was scored and how, for people: name and value.
    pub(super) facts: Vec<(String, String)>,
    /// The figures.
    pub(super) tables: Vec<Table>,
    /// What went wrong, most frequent first.
    pub(super) errors: Vec<ErrorGroup>,
    /// The same for programs, errors left out.
    pub(super) json: Map<String, Value>,
}

/// A table with a heading; the first column is left aligned, the others right.
pub(super) struct Table {
    pub(super) title: String,
    /// A sentence on how to read it.
    pub(super) note: String,
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Errors that are alike.
pub(super) struct ErrorGroup {
    /// What is wrong: "missed".
    pub(super) fault: &'static str,
    /// With what: "organization `CNRP`".
    pub(super) what: String,
    /// How often.
    pub(super) count: u64,
    /// The first few of them.
    pub(super) examples: Vec<Example>,
    /// The fields of the group for programs.
    pub(super) json: Map<String, Value>,
}

/// Where an error stands: the sentence, with the words in question.
pub(super) struct Example {
    /// The document.
    pub(super) place: String,
    pub(super) before: String,
    pub(super) words: String,
    pub(super) after: String,
}

/// Examples kept of a group.
pub(super) const EXAMPLES: usize = 3;

impl Example {
    /// The words at `span` within `sentence`, on one line.
    pub(super) fn new(
        place: &str,
        text: &str,
        sentence: standpoint_core::Span,
        span: standpoint_core::Span,
    ) -> Self {
        use standpoint_core::Span;
        let line = |s: Span| text[s].split_whitespace().collect::<Vec<_>>().join(" ");
        let gap = |at: Option<char>| {
            if at.is_some_and(char::is_whitespace) {
                " "
            } else {
                ""
            }
        };
        let sentence = sentence.join(span);
        let before = Span::new(sentence.start(), span.start());
        let after = Span::new(span.end(), sentence.end());
        Self {
            place: place.to_owned(),
            before: line(before) + gap(text[before].chars().next_back()),
            words: line(span),
            after: gap(text[after].chars().next()).to_owned() + &line(after),
        }
    }

    /// The sentence with the words between brackets.
    fn marked(&self) -> String {
        format!("{}[{}]{}", self.before, self.words, self.after)
    }
}

impl Report {
    /// Writes what was asked for: to standard output, and the page.
    pub(super) fn write(&self, shared: &Shared) -> anyhow::Result<()> {
        let errors = &self.errors[..self.errors.len().min(shared.errors)];
        let mut out = io::BufWriter::new(anstream::AutoStream::auto(io::stdout().lock()));
        if shared.json {
            let mut object = self.json.clone();
            object.insert("errors".to_owned(), self.errors_json(errors));
            serde_json::to_writer_pretty(&mut out, &Value::Object(object))?;
            writeln!(out)?;
        } else {
            self.people(&mut out, errors)?;
        }
        out.flush()?;
        if let Some(path) = &shared.html {
            let page = super::page::render(self);
            super::create(path, shared.force)?
                .write_all(page.as_bytes())
                .with_context(|| path.display().to_string())?;
        }
        Ok(())
    }

    fn errors_json(&self, shown: &[ErrorGroup]) -> Value {
        let total: u64 = self.errors.iter().map(|e| e.count).sum();
        let groups: Vec<Value> = shown
            .iter()
            .map(|group| {
                let mut object = group.json.clone();
                object.insert("fault".to_owned(), json!(group.fault));
                object.insert("count".to_owned(), json!(group.count));
                let examples: Vec<Value> = group
                    .examples
                    .iter()
                    .map(|e| json!({"document": e.place, "sentence": e.marked()}))
                    .collect();
                object.insert("examples".to_owned(), json!(examples));
                Value::Object(object)
            })
            .collect();
        json!({"total": total, "kinds_of_error": self.errors.len(), "shown": groups})
    }

    fn people(&self, out: &mut impl Write, errors: &[ErrorGroup]) -> io::Result<()> {
        writeln!(out, "{HEADING}{}{HEADING:#}", self.title)?;
        for (name, value) in &self.facts {
            writeln!(out, "{FAINT}{name}:{FAINT:#} {value}")?;
        }
        for table in &self.tables {
            writeln!(out, "\n{HEADING}{}{HEADING:#}", table.title)?;
            if !table.note.is_empty() {
                writeln!(out, "{FAINT}{}{FAINT:#}", table.note)?;
            }
            writeln!(out, "{}", drawn(table))?;
        }
        if errors.is_empty() {
            return Ok(());
        }
        let total: u64 = self.errors.iter().map(|e| e.count).sum();
        writeln!(
            out,
            "\n{HEADING}Errors{HEADING:#} {FAINT}{total} in {} groups, the most frequent first; the words in question in brackets{FAINT:#}",
            self.errors.len()
        )?;
        for group in errors {
            writeln!(
                out,
                "{:>4} × {HEADING}{}{HEADING:#}: {}",
                group.count, group.fault, group.what
            )?;
            if let Some(example) = group.examples.first() {
                writeln!(
                    out,
                    "       {} {FAINT}{}{FAINT:#}",
                    example.marked(),
                    example.place
                )?;
            }
        }
        Ok(())
    }
}

fn drawn(table: &Table) -> String {
    let mut drawn = comfy_table::Table::new();
    drawn
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(&table.header);
    for row in &table.rows {
        drawn.add_row(row);
    }
    for column in drawn.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    drawn.trim_fmt()
}

/// A figure for people.
pub(super) fn figure(value: f64) -> String {
    format!("{value:.4}")
}

/// Precision, recall, F1 as cells.
pub(super) fn cells(scores: Scores) -> [String; 3] {
    [scores.precision, scores.recall, scores.f1].map(figure)
}

/// An interval for people.
pub(super) fn range(interval: Interval) -> String {
    format!("{} to {}", figure(interval.low), figure(interval.high))
}

/// Counts with their scores, for programs.
pub(super) fn scored(counts: Counts) -> Value {
    let s = counts.scores();
    json!({
        "precision": s.precision, "recall": s.recall, "f1": s.f1,
        "support": counts.gold, "predicted": counts.predicted, "correct": counts.correct,
    })
}

/// A number with its noun.
pub(super) fn count(n: u64, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}

/// Counts with their scores, for people: a row each.
pub(super) fn counts_table(title: &str, note: &str, rows: &[(&str, Counts)]) -> Table {
    Table {
        title: title.to_owned(),
        note: note.to_owned(),
        header: ["", "precision", "recall", "F1", "gold", "predicted"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows
            .iter()
            .map(|(name, counts)| {
                let mut row = vec![(*name).to_owned()];
                row.extend(cells(counts.scores()));
                row.extend([counts.gold.to_string(), counts.predicted.to_string()]);
                row
            })
            .collect(),
    }
}

/// How sure the scores are: each with its interval over resamples of the units.
pub(super) fn interval_table(unit: &str, rows: &[(&str, f64, Interval)], shared: &Shared) -> Table {
    Table {
        title: "How sure".to_owned(),
        note: format!(
            "95 % of {} resamples of the {unit}s are within (bootstrap, seed {}).",
            shared.resamples, shared.seed
        ),
        header: ["", "score", "95 % interval"].map(str::to_owned).to_vec(),
        rows: rows
            .iter()
            .map(|&(name, score, interval)| vec![name.to_owned(), figure(score), range(interval)])
            .collect(),
    }
}

/// The comparison with another run, as a table and for programs: one score each.
pub(super) fn against(
    other: &std::path::Path,
    unit: &str,
    shared: &Shared,
    scores: &[(&str, Paired)],
    same: Option<Same>,
) -> (Table, Value) {
    let agreement = same.map_or_else(String::new, |same| {
        format!(
            " The runs give the same answer to {} of {} ({:.3} %).",
            same.count,
            count(same.all as u64, same.unit),
            100.0 * same.share()
        )
    });
    let table = Table {
        title: format!("Against {}", other.display()),
        note: format!(
            "This run less the other. p: how often chance alone gives as large a difference \
             (approximate randomization over {unit}s, {} rounds).{agreement}",
            shared.resamples
        ),
        header: ["", "difference", "95 % interval", "p"]
            .map(str::to_owned)
            .to_vec(),
        rows: scores
            .iter()
            .map(|(name, p)| {
                vec![
                    (*name).to_owned(),
                    format!("{:+.4}", p.difference),
                    format!("{:+.4} to {:+.4}", p.interval.low, p.interval.high),
                    format!("{:.4}", p.p_value),
                ]
            })
            .collect(),
    };
    let mut object = Map::new();
    object.insert("predictions".to_owned(), json!(other.display().to_string()));
    object.insert("unit".to_owned(), json!(unit));
    for (name, paired) in scores {
        object.insert(name.replace([' ', '-'], "_"), json!(paired));
    }
    if let Some(same) = same {
        let value = json!({
            "unit": same.unit, "count": same.count, "of": same.all, "share": same.share(),
        });
        object.insert("same".to_owned(), value);
    }
    (table, Value::Object(object))
}

/// On how many words or pairs two runs agree, right or wrong.
#[derive(Clone, Copy)]
pub(super) struct Same {
    pub(super) unit: &'static str,
    pub(super) count: usize,
    pub(super) all: usize,
}

impl Same {
    fn share(self) -> f64 {
        self.count as f64 / self.all.max(1) as f64
    }
}

/// How well scores keep their word, as two tables.
pub(super) fn calibration(c: &Calibration) -> [Table; 2] {
    let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
    [
        Table {
            title: format!("Calibration: expected error {}", figure(c.ece)),
            note: "Answers by their score: if scores keep their word, accuracy is the mean score."
                .to_owned(),
            header: owned(&["score", "answers", "mean score", "accuracy"]),
            rows: c
                .bins
                .iter()
                .map(|b| {
                    vec![
                        format!("{:.1} to {:.1}", b.low, b.high),
                        b.answers.to_string(),
                        figure(b.score),
                        figure(b.accuracy),
                    ]
                })
                .collect(),
        },
        Table {
            title: "Coverage".to_owned(),
            note: "What is kept, and how right it is, if answers below a score are withheld."
                .to_owned(),
            header: owned(&["score at least", "kept", "precision", "recall"]),
            rows: c
                .coverage
                .iter()
                .map(|at| {
                    vec![
                        format!("{:.2}", at.threshold),
                        figure(at.coverage),
                        figure(at.precision),
                        figure(at.recall),
                    ]
                })
                .collect(),
        },
    ]
}
