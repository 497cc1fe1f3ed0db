//! `standpoint eval quotes`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Map, Value, json};
use standpoint_core::{Analysis, Document, OffsetIndex, OffsetUnit, Sentence, Span};
use standpoint_corpus::gold::{self, SpeakerLine};
use standpoint_eval::{
    Agreement, Attribution, Calibration, Counts, Interval, Judged, Paired, Part, Speaker, Spoken,
    bootstrap, count_attributions, count_parts, count_sources, count_speakers, match_contents,
    paired, total,
};

use super::report::{self, ErrorGroup, Example, Report, Table, count, figure};
use super::{Shared, Units, make_unique, note, records_for};
use crate::Status;
use crate::open::{self, ModelArgs};
use crate::stages::StageSet;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    shared: Shared,
    /// The gold's format [default: by the files' names].
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Who the speakers are, by name: one JSON object a line; scores those articles' speakers.
    #[arg(long, value_name = "FILE")]
    speakers: Option<PathBuf>,
    #[command(flatten)]
    models: ModelArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Standoff as in PolNeAR: `.ann` beside `.txt`, events with Source, Cue and Content.
    Brat,
    /// Records, one JSON object a line.
    Jsonl,
}

/// A document of the gold.
struct Gold {
    document: Document,
    path: PathBuf,
    said: Vec<Attribution>,
}

/// What was found in one.
#[derive(Default)]
struct Found {
    said: Vec<Attribution>,
    scores: Vec<Option<f32>>,
    /// The speaker of each, by place in `actors`.
    speakers: Vec<Option<usize>>,
    /// The names of each actor, the fullest first.
    actors: Vec<Vec<String>>,
}

/// The classes that are counted, in this order: exact source, cue, content, attribution; the same
/// by overlap; sources of contents found.
const CLASSES: usize = 9;
const NAMES: [&str; CLASSES] = [
    "exact source",
    "exact cue",
    "exact content",
    "exact attribution",
    "overlap source",
    "overlap cue",
    "overlap content",
    "overlap attribution",
    "attribution accuracy",
];

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let shared = &args.shared;
    shared.check_outputs()?;
    let format = args.format.unwrap_or_else(|| {
        let records = shared.gold[0].extension().is_some_and(|ext| ext == "jsonl");
        if records { Format::Jsonl } else { Format::Brat }
    });
    let (files, documents, not_scored) = read_gold(&shared.gold, format)?;
    let ids = make_unique(
        documents
            .iter()
            .map(|d| (d.document.id(), d.path.as_path())),
    );

    let (found, source) = match &shared.predictions {
        Some(path) => (
            found_in(path, &documents, &ids)?,
            path.display().to_string(),
        ),
        None => {
            let set: StageSet = "quotes".parse().map_err(anyhow::Error::msg)?;
            let opened = open::open(&args.models, &set)?;
            let found = shared.each(
                &documents,
                standpoint_pipeline::Scratch::default,
                |scratch, d| Found::from_analysis(opened.stages.analyze(&d.document, scratch)),
            )?;
            let names = opened.provenance(&set).models.into_iter().map(|m| m.name);
            let names: Vec<String> = names.collect();
            let by = if names.is_empty() {
                "rules alone".to_owned()
            } else {
                names.join(", ")
            };
            (found, by)
        }
    };
    if let Some(path) = &shared.save {
        save(path, shared.force, &documents, &ids, &found)?;
    }
    let units = units(&documents, &found);
    let sum: [Counts; CLASSES] = as_array(&total(&units));
    let intervals = bootstrap(&units, shared.resampling(), figures);

    let mut judged = Vec::new();
    let mut errors = Errors::default();
    for ((doc, id), found) in documents.iter().zip(&ids).zip(&found) {
        errors.add(doc, id, found, &mut judged);
    }
    let support = sum[3].gold;
    let calibration = (!judged.is_empty()).then(|| Calibration::measure(&judged, support));

    let group = |from: usize| {
        let names = ["source", "cue", "content", "attribution"];
        let rows = names.iter().zip(&sum[from..from + 4]);
        let rows = rows.map(|(name, &counts)| ((*name).to_owned(), report::scored(counts)));
        Value::Object(rows.collect())
    };
    let accuracy = sum[8].scores().precision;
    let mut settings = shared.settings();
    settings.insert(
        "format".to_owned(),
        json!(if format == Format::Brat {
            "brat"
        } else {
            "jsonl"
        }),
    );
    settings.insert("model".to_owned(), json!(source));
    let named: Map<String, Value> = NAMES
        .iter()
        .zip(intervals)
        .map(|(name, i)| (name.replace(' ', "_"), json!(i)))
        .collect();
    let mut json = Map::new();
    for (name, value) in [
        ("task", json!("quotes")),
        ("exact", group(0)),
        ("overlap", group(4)),
        (
            "attribution_accuracy",
            json!({"accuracy": accuracy, "right": sum[8].correct, "contents_found": sum[8].predicted, "contents": sum[8].gold}),
        ),
        ("support", json!(support)),
        (
            "interval",
            json!({
                "of": "overlap attribution f1", "low": intervals[7].low, "high": intervals[7].high,
                "level": shared.resampling().level, "unit": "document", "units": units.len(),
                "each": named,
            }),
        ),
        ("calibration", json!(calibration)),
        (
            "scored",
            json!({
                "files": files, "documents": documents.len(), "attributions": support,
                "not_scored": not_scored,
            }),
        ),
        ("settings", Value::Object(settings)),
    ] {
        json.insert(name.to_owned(), value);
    }
    let mut tables = vec![
        role_table(
            "Exact",
            "The same first and last character, white space and quotation marks at their ends aside; each \
             fragment of a discontinuous content is a span. An attribution has all its fragments right.",
            &sum[..4],
        ),
        role_table(
            "Overlapping",
            "At least one byte shared, matched one to one. An attribution is right if its source, \
             cue and content all agree with those of one attribution of the gold.",
            &sum[4..8],
        ),
        intervals_table(&sum, &intervals, shared),
    ];
    let mut facts = vec![
        ("predictions".to_owned(), source),
        (
            "gold".to_owned(),
            format!(
                "{} in {}",
                count(support, "attribution"),
                count(documents.len() as u64, "document")
            ),
        ),
        (
            "attribution accuracy".to_owned(),
            format!(
                "{} (of {} contents found, {} with the right source)",
                figure(accuracy),
                sum[8].predicted,
                sum[8].correct
            ),
        ),
    ];
    if let Some(path) = &args.speakers {
        let speakers = Speakers::measure(path, &documents, &found)?;
        facts.push(("speakers".to_owned(), speakers.words()));
        let intervals = bootstrap(&speakers.units, shared.resampling(), |sum| {
            [0, 1].map(|i| sum.get(i).map_or(0.0, |c| c.scores().precision))
        });
        json.insert("speakers".to_owned(), speakers.json(path, intervals));
    }
    if let Some(path) = &shared.against {
        let other = self::units(&documents, &found_in(path, &documents, &ids)?);
        let compared: [Paired; CLASSES] = paired(&units, &other, shared.resampling(), figures);
        let scores: Vec<(&str, Paired)> = NAMES.into_iter().zip(compared).collect();
        let (table, value) = report::against(path, "document", shared, &scores, None);
        tables.push(table);
        json.insert("against".to_owned(), value);
    }
    if let Some(c) = &calibration {
        tables.extend(report::calibration(c));
    }
    if !not_scored.is_empty() {
        let list: Vec<String> = not_scored
            .iter()
            .map(|(what, n)| format!("{n} × {what}"))
            .collect();
        note(format_args!(
            "in the gold and not scored: {}",
            list.join(", ")
        ));
    }
    let report = Report {
        title: format!(
            "Quotations: attribution F1 {} overlapping, {} exact",
            figure(sum[7].scores().f1),
            figure(sum[3].scores().f1)
        ),
        facts,
        tables,
        errors: errors.groups(),
        json,
    };
    report.write(shared)?;
    Ok(Status::Done)
}

/// F1 of the first eight classes, accuracy of the last.
fn figures(sum: &[Counts]) -> [f64; CLASSES] {
    let mut figures = as_array(sum).map(|c: Counts| c.scores().f1);
    figures[8] = sum.get(8).map_or(0.0, |c| c.scores().precision);
    figures
}

fn as_array(counts: &[Counts]) -> [Counts; CLASSES] {
    std::array::from_fn(|i| counts.get(i).copied().unwrap_or_default())
}

type NotScored = BTreeMap<String, u64>;

fn read_gold(paths: &[PathBuf], format: Format) -> anyhow::Result<(usize, Vec<Gold>, NotScored)> {
    let extension = if format == Format::Brat {
        "ann"
    } else {
        "jsonl"
    };
    let files = gold::files(paths, &[extension])?;
    let mut documents = Vec::new();
    let mut not_scored = NotScored::new();
    for path in &files {
        let text = gold::open(path)?;
        match format {
            Format::Brat => {
                let brat = gold::read_brat(path, &text, &gold::open(&path.with_extension("txt"))?)?;
                let mut used = vec![false; brat.spans.len()];
                let mut said = Vec::new();
                for event in &brat.events {
                    for (_, span) in &event.roles {
                        used[*span] = true;
                    }
                    let attribution = Attribution {
                        source: brat.part(event, "Source"),
                        cue: brat.part(event, "Cue"),
                        content: brat.part(event, "Content"),
                    };
                    if attribution.content.is_empty() {
                        *not_scored
                            .entry(format!("{} without content", event.label))
                            .or_default() += 1;
                    } else {
                        said.push(attribution);
                    }
                }
                for (span, used) in brat.spans.iter().zip(used) {
                    // The trigger of an event repeats its cue or content.
                    if !used && !span.label.starts_with("Attribution") {
                        let what = format!("{} outside attributions", span.label);
                        *not_scored.entry(what).or_default() += 1;
                    }
                }
                for (sort, n) in &brat.not_read {
                    *not_scored.entry(format!("`{sort}` line")).or_default() += n;
                }
                documents.push(Gold {
                    said,
                    document: brat.document,
                    path: path.clone(),
                });
            }
            Format::Jsonl => {
                for record in gold::read_records(path, &text)? {
                    let text = record.text()?;
                    let said = record.quotes(text)?.into_iter().map(|q| Attribution {
                        source: q.source,
                        cue: q.cue,
                        content: q.content,
                    });
                    documents.push(Gold {
                        said: said.collect(),
                        document: Document::new(record.id(), text)?,
                        path: path.clone(),
                    });
                }
            }
        }
    }
    Ok((files.len(), documents, not_scored))
}

impl Found {
    fn from_analysis(analysis: Analysis) -> Self {
        let quotes = &analysis.quotes;
        Self {
            said: quotes
                .iter()
                .map(|q| Attribution {
                    source: q.source.into_iter().collect(),
                    cue: q.cue.into_iter().collect(),
                    content: q.content.clone(),
                })
                .collect(),
            scores: quotes.iter().map(|q| Some(q.score)).collect(),
            speakers: quotes
                .iter()
                .map(|q| q.speaker.map(|id| id as usize))
                .collect(),
            actors: analysis
                .actors
                .into_iter()
                .map(|a| [vec![a.name], a.aliases].concat())
                .collect(),
        }
    }
}

fn found_in(path: &Path, documents: &[Gold], ids: &[String]) -> anyhow::Result<Vec<Found>> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let records = records_for(path, &ids)?;
    documents
        .iter()
        .zip(&records)
        .map(|(doc, record)| {
            let quotes = record.quotes(doc.document.text())?;
            let actors = record.actors();
            let place = |id: u32| actors.iter().position(|(a, _)| *a == id);
            Ok(Found {
                scores: quotes.iter().map(|q| q.score).collect(),
                speakers: quotes.iter().map(|q| q.speaker.and_then(place)).collect(),
                said: quotes
                    .into_iter()
                    .map(|q| Attribution {
                        source: q.source,
                        cue: q.cue,
                        content: q.content,
                    })
                    .collect(),
                actors: actors.into_iter().map(|(_, names)| names).collect(),
            })
        })
        .collect()
}

fn save(
    path: &Path,
    force: bool,
    documents: &[Gold],
    ids: &[String],
    found: &[Found],
) -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::new(super::create(path, force)?);
    for ((doc, id), found) in documents.iter().zip(ids).zip(found) {
        let index = OffsetIndex::new(doc.document.text());
        let ranges = |spans: &[Span]| -> Vec<[u32; 2]> {
            let ranges = spans.iter().map(|&s| index.range(s, OffsetUnit::Chars));
            ranges.map(|r| [r.start, r.end]).collect()
        };
        let rows: Vec<Value> = found
            .said
            .iter()
            .zip(&found.scores)
            .zip(&found.speakers)
            .map(|((a, score), speaker)| {
                json!({
                    "source": ranges(&a.source), "cue": ranges(&a.cue),
                    "content": ranges(&a.content), "speaker": speaker, "score": score,
                })
            })
            .collect();
        let actors = found.actors.iter().enumerate();
        let actors: Vec<Value> = actors
            .filter_map(|(id, names)| {
                let (name, aliases) = names.split_first()?;
                Some(json!({"id": id, "name": name, "aliases": aliases}))
            })
            .collect();
        serde_json::to_writer(
            &mut out,
            &json!({"id": id, "offsets": "chars", "quotes": rows, "actors": actors}),
        )?;
        writeln!(out)?;
    }
    out.flush().with_context(|| path.display().to_string())
}

/// The speakers of some articles, by name.
struct Speakers {
    /// Accuracy and coverage of each article.
    units: Units,
}

impl Speakers {
    fn measure(path: &Path, documents: &[Gold], found: &[Found]) -> anyhow::Result<Self> {
        let lines = gold::read_speakers(path, &gold::open(path)?)?;
        let mut by_file: BTreeMap<&str, Vec<&SpeakerLine>> = BTreeMap::new();
        for line in &lines {
            by_file.entry(line.file()).or_default().push(line);
        }
        let mut units = Units::new();
        for (doc, found) in documents.iter().zip(found) {
            let Some(lines) = by_file.remove(doc.document.id()) else {
                continue;
            };
            let gold = lines
                .into_iter()
                .map(|line| {
                    Ok(Speaker {
                        content: line.content(doc.document.text())?,
                        name: line.name().map(str::to_owned),
                    })
                })
                .collect::<Result<Vec<_>, gold::Error>>()?;
            let spoken: Vec<Spoken> = found
                .said
                .iter()
                .zip(&found.speakers)
                .filter_map(|(a, &speaker)| {
                    let content = a.content.first()?.join(*a.content.last()?);
                    Some(Spoken { content, speaker })
                })
                .collect();
            units.push(count_speakers(&gold, &spoken, &found.actors).to_vec());
        }
        if let Some((file, lines)) = by_file.first_key_value() {
            let found = format!("the article `{file}`");
            return Err(lines[0].error(found, "articles that the gold has").into());
        }
        Ok(Self { units })
    }

    fn sums(&self) -> [Counts; 2] {
        let sum = total(&self.units);
        [0, 1].map(|i| sum.get(i).copied().unwrap_or_default())
    }

    fn words(&self) -> String {
        let [accuracy, coverage] = self.sums();
        format!(
            "accuracy {} ({} of {} given), coverage {} ({} of {} named ones found), in {}",
            figure(accuracy.scores().precision),
            accuracy.correct,
            accuracy.predicted,
            figure(coverage.scores().precision),
            coverage.correct,
            coverage.predicted,
            count(self.units.len() as u64, "document")
        )
    }

    fn json(&self, path: &Path, [accuracy_in, coverage_in]: [Interval; 2]) -> Value {
        let [accuracy, coverage] = self.sums();
        json!({
            "accuracy": accuracy.scores().precision, "coverage": coverage.scores().precision,
            "right": accuracy.correct, "given": accuracy.predicted,
            "named": coverage.gold, "named_found": coverage.predicted,
            "named_answered": coverage.correct, "documents": self.units.len(),
            "interval": {"accuracy": accuracy_in, "coverage": coverage_in},
            "gold": path.display().to_string(),
        })
    }
}

/// Both sides of a document as they are compared.
fn bare(doc: &Gold, found: &Found) -> (Vec<Attribution>, Vec<Attribution>) {
    let text = doc.document.text();
    let all = |said: &[Attribution]| said.iter().map(|a| a.bare(text)).collect();
    (all(&doc.said), all(&found.said))
}

fn units(documents: &[Gold], found: &[Found]) -> Units {
    documents
        .iter()
        .zip(found)
        .map(|(doc, found)| {
            let (gold, ours) = bare(doc, found);
            let mut counts = Vec::with_capacity(CLASSES);
            for agreement in Agreement::ALL {
                counts.extend(Part::ALL.map(|part| count_parts(part, agreement, &gold, &ours)));
                counts.push(count_attributions(agreement, &gold, &ours));
            }
            counts.push(count_sources(&gold, &ours));
            counts
        })
        .collect()
}

/// The four roles' counts, in their order.
fn role_table(title: &str, note: &str, counts: &[Counts]) -> Table {
    let roles = ["source", "cue", "content", "attribution"];
    let rows: Vec<_> = roles.into_iter().zip(counts.iter().copied()).collect();
    report::counts_table(title, note, &rows)
}

fn intervals_table(
    sum: &[Counts; CLASSES],
    intervals: &[Interval; CLASSES],
    shared: &Shared,
) -> Table {
    let names = NAMES.map(|name| match name.contains("accuracy") {
        true => name.to_owned(),
        false => format!("{name} F1"),
    });
    let rows: Vec<_> = (names.iter().zip(figures(sum)).zip(intervals))
        .map(|((name, score), &interval)| (name.as_str(), score, interval))
        .collect();
    report::interval_table("document", &rows, shared)
}

/// Errors by what is wrong and the cue.
#[derive(Default)]
struct Errors {
    groups: BTreeMap<(&'static str, String), ErrorGroup>,
}

impl Errors {
    /// Adds a document's errors, and for each prediction whether the gold has its source and
    /// content.
    fn add(&mut self, doc: &Gold, id: &str, found: &Found, judged: &mut Vec<Judged>) {
        let text = doc.document.text();
        let sentences = standpoint_sentences::split(text);
        let (gold, ours) = bare(doc, found);
        let matched = match_contents(&gold, &ours);
        let mut right = vec![false; ours.len()];
        let mut met = vec![false; ours.len()];
        for (g, p) in gold.iter().zip(&matched) {
            let Some(p) = *p else {
                self.one("missed", text, &sentences, id, g, &g.content);
                continue;
            };
            met[p] = true;
            let ours = &ours[p];
            let source = Agreement::Overlap.holds(&g.source, &ours.source);
            right[p] = source;
            if !source {
                let fault = match (g.source.is_empty(), ours.source.is_empty()) {
                    (false, true) => "source not found",
                    (true, false) => "source where there is none",
                    _ => "wrong source",
                };
                let at = if g.source.is_empty() {
                    &ours.source
                } else {
                    &g.source
                };
                self.one(fault, text, &sentences, id, g, at);
            }
            if g.content != ours.content {
                self.one(
                    "wrong boundary of content",
                    text,
                    &sentences,
                    id,
                    g,
                    &g.content,
                );
            }
            if !Agreement::Overlap.holds(&g.cue, &ours.cue) {
                self.one("wrong cue", text, &sentences, id, g, &g.cue);
            }
        }
        for (i, p) in ours.iter().enumerate() {
            if !met[i] {
                self.one("spurious", text, &sentences, id, p, &p.content);
            }
            if let Some(score) = found.scores[i] {
                judged.push(Judged {
                    score,
                    correct: right[i],
                });
            }
        }
    }

    fn one(
        &mut self,
        fault: &'static str,
        text: &str,
        sentences: &[Sentence],
        id: &str,
        said: &Attribution,
        at: &[Span],
    ) {
        let cue: Vec<&str> = said.cue.iter().map(|&s| &text[s]).collect();
        let cue = cue.join(" … ").to_lowercase();
        let what = if cue.is_empty() {
            "without a cue".to_owned()
        } else {
            format!("cue ‘{cue}’")
        };
        let group = self
            .groups
            .entry((fault, what.clone()))
            .or_insert_with(|| ErrorGroup {
                fault,
                what,
                count: 0,
                examples: Vec::new(),
                json: Map::from_iter([("cue".to_owned(), json!(cue))]),
            });
        group.count += 1;
        if group.examples.len() < report::EXAMPLES
            && let (Some(first), Some(last)) = (at.first(), at.last())
        {
            let span = first.join(*last);
            let inside = |at: u32| {
                sentences
                    .iter()
                    .find(|s| s.span.contains(at))
                    .map(|s| s.span)
            };
            let whole = [inside(span.start()), inside(span.end().saturating_sub(1))];
            let sentence = whole.into_iter().flatten().fold(span, Span::join);
            group.examples.push(Example::new(id, text, sentence, span));
        }
    }

    fn groups(self) -> Vec<ErrorGroup> {
        let mut groups: Vec<ErrorGroup> = self.groups.into_values().collect();
        groups.sort_by_key(|g| std::cmp::Reverse(g.count));
        groups
    }
}
