//! `standpoint eval ner`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};
use standpoint_core::{Document, EntityKind, OffsetIndex, OffsetUnit, Sentence, Span, Token};
use standpoint_corpus::gold::{self, Tagged};
use standpoint_eval::{
    Calibration, Confusion, Counts, Fault, Judged, Labeled, Outcome, Pair, Schema, Scheme, Scores,
    add_confusion, bootstrap, chunks, compare, count_entities, irregular, pair, paired, total,
};

use super::report::{self, ErrorGroup, Example, Report, Table, cells, count, figure};
use super::{Shared, Units, make_unique, note, records_for};
use crate::Status;
use crate::open::ModelArgs;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    shared: Shared,
    /// The gold's format [default: by the files' names].
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// How tags are written in it; they are read alike, but what a scheme does not allow is
    /// counted.
    #[arg(long, value_enum, default_value_t = SchemeArg::Auto)]
    scheme: SchemeArg,
    /// The kinds to score: the nine of the news, or the four of CoNLL-2003, which the nine are
    /// mapped to [default: those that the gold is in].
    #[arg(long, value_enum)]
    view: Option<ViewArg>,
    /// Score these kinds alone, with commas [default: all; of CoNLL's four those that the gold has].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    kinds: Vec<String>,
    /// The model to run: a token-classification directory [default: the installed one].
    #[arg(long, value_name = "DIR", conflicts_with = "predictions")]
    model: Option<PathBuf>,
    /// Give the program the text alone, not the gold's sentences and words.
    #[arg(long, conflicts_with = "predictions")]
    raw: bool,
    #[command(flatten)]
    models: ModelArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A word a line, its tag in the last column; `-DOCSTART-` or `# newdoc` between documents.
    Conll,
    /// A word a line, its tag in the second column, a file a document.
    Worldwide,
    /// Standoff: `.ann` beside `.txt`.
    Brat,
    /// Records, one JSON object a line.
    Jsonl,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Conll => "conll",
            Self::Worldwide => "worldwide",
            Self::Brat => "brat",
            Self::Jsonl => "jsonl",
        }
    }

    fn of(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let by_extension = |ext: &str| match ext {
            "tsv" => Some(Self::Worldwide),
            "ann" => Some(Self::Brat),
            "jsonl" => Some(Self::Jsonl),
            _ => None,
        };
        let extension = |path: &Path| -> Option<Self> {
            by_extension(&path.extension()?.to_str()?.to_ascii_lowercase())
        };
        let path = paths.first().context("no gold named")?;
        if !path.is_dir() {
            return Ok(extension(path).unwrap_or(Self::Conll));
        }
        let inside = std::fs::read_dir(path).with_context(|| path.display().to_string())?;
        let mut formats = Vec::new();
        for entry in inside {
            formats.extend(extension(&entry?.path()));
        }
        formats.sort_by_key(|f| f.name());
        formats.dedup();
        match formats[..] {
            [one] => Ok(one),
            _ => bail!(
                "{}: cannot tell the format of this folder's files; say it with --format",
                path.display()
            ),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum SchemeArg {
    /// Found from the tags.
    Auto,
    Iob1,
    Iob2,
    Bioes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ViewArg {
    /// Person, Organization, Location, Norp, Facility, Product, Date, Money, Misc.
    News,
    /// PER, ORG, LOC, MISC; dates and sums of money are not named.
    Conll,
}

/// How labels become the kinds that are scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    News,
    Conll,
    /// As they are written: labels of neither set, which only predictions made elsewhere have.
    Own,
}

const CONLL: [&str; 4] = ["PER", "ORG", "LOC", "MISC"];

impl View {
    fn name(self) -> &'static str {
        match self {
            Self::News => "news",
            Self::Conll => "conll",
            Self::Own => "own",
        }
    }

    /// The kind that a label is scored as; `None`: none of this view's. `Err`: no label of it.
    fn kind(self, label: &str) -> Result<Option<&str>, ()> {
        match self {
            Self::Own => Ok(Some(label)),
            Self::Conll if CONLL.contains(&label) => Ok(Some(label)),
            Self::Conll => Ok(label.parse::<EntityKind>().map_err(|_| ())?.conll()),
            Self::News => Ok(Some(label.parse::<EntityKind>().map_err(|_| ())?.name())),
        }
    }
}

/// A document of the gold.
struct Gold {
    document: Document,
    /// The gold's own sentences and words, where it has them.
    layout: Option<(Vec<Sentence>, Vec<Token>)>,
    entities: Vec<Labeled>,
    path: PathBuf,
}

impl Gold {
    /// The gold's own sentences, or ours where it has none.
    fn sentences(&self) -> Cow<'_, [Sentence]> {
        match &self.layout {
            Some((sentences, _)) => Cow::Borrowed(sentences),
            None => Cow::Owned(standpoint_sentences::split(self.document.text())),
        }
    }
}

/// All of it.
struct Read {
    documents: Vec<Gold>,
    files: usize,
    scheme: Option<Scheme>,
    /// Tags that the scheme does not allow.
    irregular: BTreeMap<&'static str, u64>,
    /// The tags in order of file, for predictions in columns.
    words: Vec<(String, usize)>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let shared = &args.shared;
    shared.check_outputs()?;
    let format = match args.format {
        Some(format) => format,
        None => Format::of(&shared.gold)?,
    };
    let mut read = read_gold(args, format)?;
    let ids = make_unique(
        read.documents
            .iter()
            .map(|d| (d.document.id(), d.path.as_path())),
    );

    let view = match args.view {
        Some(ViewArg::News) => View::News,
        Some(ViewArg::Conll) => View::Conll,
        None => natural_view(&read, shared.predictions.is_some())?,
    };
    let gold_labels = map_gold(&mut read, view)?;
    let kinds = kinds_scored(args, view, &read)?;

    let start = Instant::now();
    let (mut predicted, source) = match &shared.predictions {
        Some(path) => (predictions_of(path, &read, &ids)?, Source::File(path)),
        None => {
            let (predicted, model) = recognize(args, &read, view)?;
            note(format_args!(
                "{} read in {:.1} s",
                count(predicted.len() as u64, "document"),
                start.elapsed().as_secs_f64()
            ));
            (predicted, Source::Model(model))
        }
    };
    let labels_left_out = map_predictions(&mut predicted, view, source.place())?;
    if let Some(path) = &shared.save {
        save(path, shared.force, &read, &ids, &predicted)?;
    }
    let against = match &shared.against {
        None => None,
        Some(path) => {
            let mut other = predictions_of(path, &read, &ids)?;
            map_predictions(&mut other, view, &path.display().to_string())?;
            Some((path, other))
        }
    };

    let kept = |entities: &[Labeled]| -> Vec<Labeled> {
        let kept = entities.iter().filter(|e| kinds.contains(&e.kind));
        kept.cloned().collect()
    };
    let keep_all = |all: &[Vec<Labeled>]| -> Vec<Vec<Labeled>> {
        all.iter().map(|entities| kept(entities)).collect()
    };
    let left_out = predicted.iter().map(Vec::len).sum::<usize>() as u64;
    let predicted = keep_all(&predicted);
    let left_out =
        labels_left_out + left_out - predicted.iter().map(Vec::len).sum::<usize>() as u64;
    let gold: Vec<Vec<Labeled>> = read.documents.iter().map(|d| kept(&d.entities)).collect();
    let gold_left_out = gold_labels.left_out
        + (read
            .documents
            .iter()
            .map(|d| d.entities.len())
            .sum::<usize>()
            - gold.iter().map(Vec::len).sum::<usize>()) as u64;

    let (units, unit) = units(&read, &kinds, &gold, &predicted);
    let sum = total(&units);
    let [precision, recall, f1, macro_f1] = bootstrap(&units, shared.resampling(), |sum| {
        let micro = Scores::micro(sum);
        [
            micro.precision,
            micro.recall,
            micro.f1,
            Scores::macro_mean(sum).f1,
        ]
    });

    let mut confusion = Confusion::new();
    let mut judged = Vec::new();
    let mut errors = Errors::default();
    let mut outcomes = [Outcome::default(); 4];
    for ((doc, id), (gold, predicted)) in read
        .documents
        .iter()
        .zip(&ids)
        .zip(gold.iter().zip(&predicted))
    {
        for (outcome, schema) in outcomes.iter_mut().zip(Schema::ALL) {
            *outcome += compare(schema, gold, predicted);
        }
        let pairs = pair(gold, predicted);
        add_confusion(&mut confusion, &pairs);
        for pair in &pairs {
            if let Some(score) = pair.predicted.and_then(|p| p.score) {
                judged.push(Judged {
                    score,
                    correct: pair.fault().is_none(),
                });
            }
        }
        errors.add(doc, id, &pairs);
    }
    let support: u64 = sum.iter().map(|c| c.gold).sum();
    let calibration = (!judged.is_empty()).then(|| Calibration::measure(&judged, support));

    let mut settings = shared.settings();
    for (name, value) in [
        ("format", json!(format.name())),
        ("scheme", json!(read.scheme.map(Scheme::name))),
        ("view", json!(view.name())),
        ("kinds", json!(kinds)),
        ("raw", json!(args.raw)),
        ("model", source.model()),
    ] {
        settings.insert(name.to_owned(), value);
    }
    let sentences: usize = layouts(&read).map(|(s, _)| s.len()).sum();
    let words: usize = layouts(&read).map(|(_, w)| w.len()).sum();
    let irregular: u64 = read.irregular.values().sum();
    let micro = Scores::micro(&sum);
    let mean = Scores::macro_mean(&sum);

    let per_kind: Map<String, Value> = kinds
        .iter()
        .zip(&sum)
        .map(|(kind, &counts)| (kind.clone(), report::scored(counts)))
        .collect();
    let nervaluate: Map<String, Value> = Schema::ALL
        .iter()
        .zip(outcomes)
        .map(|(schema, o)| {
            let mut value = json!(o);
            if let (Value::Object(value), Value::Object(scores)) = (&mut value, json!(o.scores())) {
                value.extend(scores);
            }
            (schema.name().to_owned(), value)
        })
        .collect();
    let mut tables = vec![
        scores_table(&kinds, &sum, micro, mean),
        report::interval_table(
            unit,
            &[
                ("micro precision", micro.precision, precision),
                ("micro recall", micro.recall, recall),
                ("micro F1", micro.f1, f1),
                ("macro F1", mean.f1, macro_f1),
            ],
            shared,
        ),
        schema_table(outcomes),
        confusion_table(&confusion, &kinds),
    ];
    let mut json = Map::new();
    for (name, value) in [
        ("task", json!("ner")),
        ("micro", json!(micro)),
        ("macro", json!(mean)),
        ("per_kind", Value::Object(per_kind)),
        ("support", json!(support)),
        (
            "interval",
            json!({
                "of": "micro f1", "low": f1.low, "high": f1.high,
                "level": shared.resampling().level, "unit": unit, "units": units.len(),
                "precision": precision, "recall": recall, "f1": f1, "macro_f1": macro_f1,
            }),
        ),
        ("nervaluate", Value::Object(nervaluate)),
        ("confusion", confusion_json(&confusion)),
        ("calibration", json!(calibration)),
        (
            "scored",
            json!({
                "files": read.files, "documents": read.documents.len(),
                "sentences": sentences, "words": words,
                "gold_left_out": gold_left_out, "predictions_left_out": left_out,
                "irregular_tags": read.irregular,
            }),
        ),
        ("settings", Value::Object(settings)),
    ] {
        json.insert(name.to_owned(), value);
    }
    if let Some((path, other)) = &against {
        let other = keep_all(other);
        let same = same_tags(&read, &predicted, &other);
        let (other_units, _) = self::units(&read, &kinds, &gold, &other);
        let [p, r, f, m] = paired(&units, &other_units, shared.resampling(), |sum| {
            let micro = Scores::micro(sum);
            [
                micro.precision,
                micro.recall,
                micro.f1,
                Scores::macro_mean(sum).f1,
            ]
        });
        let scores = [
            ("micro F1", f),
            ("micro precision", p),
            ("micro recall", r),
            ("macro F1", m),
        ];
        let (table, value) = report::against(path, unit, shared, &scores, same);
        tables.insert(1, table);
        json.insert("against".to_owned(), value);
    }
    if let Some(c) = &calibration {
        tables.extend(report::calibration(c));
    }

    let mut facts = vec![
        ("predictions".to_owned(), source.words()),
        (
            "gold".to_owned(),
            format!(
                "{} in {}{}",
                count(support, "name"),
                count(read.documents.len() as u64, "document"),
                if words > 0 {
                    format!(
                        ", {}, {}",
                        count(sentences as u64, "sentence"),
                        count(words as u64, "word")
                    )
                } else {
                    String::new()
                }
            ),
        ),
        ("kinds".to_owned(), kinds.join(", ")),
    ];
    if let Some(scheme) = read.scheme {
        let mut value = scheme.name().to_owned();
        if irregular > 0 {
            let what: Vec<String> = read
                .irregular
                .iter()
                .map(|(what, n)| format!("{n} × {what}"))
                .collect();
            value += &format!(
                ", with tags it does not allow, read as conlleval does: {}",
                what.join("; ")
            );
        }
        facts.push(("tags".to_owned(), value));
    }
    if args.raw {
        facts.push((
            "input".to_owned(),
            "the text alone; spans compared by characters".to_owned(),
        ));
    }
    if gold_left_out + left_out > 0 {
        facts.push((
            "left out, of other kinds".to_owned(),
            format!("{gold_left_out} of the gold, {left_out} predicted"),
        ));
    }
    let report = Report {
        title: format!("Names: micro F1 {}", figure(micro.f1)),
        facts,
        tables,
        errors: errors.groups(),
        json,
    };
    report.write(shared)?;
    Ok(Status::Done)
}

/// To how many of the gold's words two runs give the same tag: the same kind, begun at the same place.
fn same_tags(read: &Read, one: &[Vec<Labeled>], other: &[Vec<Labeled>]) -> Option<report::Same> {
    let (mut count, mut all) = (0, 0);
    for (doc, (one, other)) in read.documents.iter().zip(one.iter().zip(other)) {
        let words = doc.layout.iter().flat_map(|(_, words)| words);
        for word in words.map(|word| word.span) {
            let tag = |entities: &[Labeled]| {
                let over = entities.iter().find(|e| e.span.overlaps(word))?;
                Some((over.kind.clone(), over.span.start() >= word.start()))
            };
            all += 1;
            count += usize::from(tag(one) == tag(other));
        }
    }
    (all > 0).then_some(report::Same {
        unit: "word",
        count,
        all,
    })
}

/// What made the predictions.
enum Source<'a> {
    File(&'a Path),
    Model(String),
}

impl Source<'_> {
    fn words(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Model(name) => format!("model {name}"),
        }
    }

    fn place(&self) -> &str {
        match self {
            Self::File(path) => path.to_str().unwrap_or("the predictions"),
            Self::Model(name) => name,
        }
    }

    fn model(&self) -> Value {
        match self {
            Self::File(_) => Value::Null,
            Self::Model(name) => json!(name),
        }
    }
}

fn layouts(read: &Read) -> impl Iterator<Item = &(Vec<Sentence>, Vec<Token>)> {
    read.documents.iter().filter_map(|d| d.layout.as_ref())
}

// The gold.

fn read_gold(args: &Args, format: Format) -> anyhow::Result<Read> {
    let extensions: &[&str] = match format {
        Format::Conll => &[
            "conll", "iob", "iob2", "bio", "bioes", "txt", "tsv", "testa", "train",
        ],
        Format::Worldwide => &["tsv"],
        Format::Brat => &["ann"],
        Format::Jsonl => &["jsonl"],
    };
    let files = gold::files(&args.shared.gold, extensions)?;
    let mut read = Read {
        documents: Vec::new(),
        files: files.len(),
        scheme: None,
        irregular: BTreeMap::new(),
        words: Vec::new(),
    };
    let mut tagged: Vec<(PathBuf, Tagged)> = Vec::new();
    for path in files {
        let text = gold::open(&path)?;
        match format {
            Format::Conll | Format::Worldwide => {
                let documents = gold::read_columns(&path, &text)?;
                tagged.extend(documents.into_iter().map(|d| (path.clone(), d)));
            }
            Format::Brat => {
                let beside = path.with_extension("txt");
                let brat = gold::read_brat(&path, &text, &gold::open(&beside)?)?;
                // A span in fragments is scored from its first character to its last.
                let entities = brat.spans.iter().filter_map(|s| {
                    let whole = s.fragments.first()?.join(*s.fragments.last()?);
                    Some(Labeled::new(whole, &s.label))
                });
                read.documents.push(Gold {
                    entities: entities.collect(),
                    document: brat.document,
                    layout: None,
                    path,
                });
            }
            Format::Jsonl => {
                for record in gold::read_records(&path, &text)? {
                    let text = record.text()?;
                    let entities = record.entities(text)?.into_iter();
                    read.documents.push(Gold {
                        entities: entities.map(|e| Labeled::new(e.span, e.kind)).collect(),
                        layout: record.layout(text)?,
                        document: Document::new(record.id(), text)?,
                        path: path.clone(),
                    });
                }
            }
        }
    }
    if !tagged.is_empty() {
        let scheme = match args.scheme {
            SchemeArg::Iob1 => Scheme::Iob1,
            SchemeArg::Iob2 => Scheme::Iob2,
            SchemeArg::Bioes => Scheme::Bioes,
            SchemeArg::Auto => Scheme::detect(tagged.iter().flat_map(|(_, d)| {
                d.words_by_sentence()
                    .map(|words| d.tags[words].iter().map(String::as_str))
            })),
        };
        read.scheme = Some(scheme);
        for (path, document) in tagged {
            for words in document.words_by_sentence() {
                let tags = document.tags[words].iter().map(String::as_str);
                for (what, n) in irregular(scheme, tags) {
                    *read.irregular.entry(what).or_default() += n;
                }
            }
            for (token, line) in document.tokens.iter().zip(&document.lines) {
                read.words
                    .push((document.document.slice(token.span).to_owned(), *line));
            }
            read.documents.push(Gold {
                entities: entities_of(&document),
                layout: Some((document.sentences, document.tokens)),
                document: document.document,
                path,
            });
        }
    }
    Ok(read)
}

/// The entities of tagged words, as spans of the text.
fn entities_of(document: &Tagged) -> Vec<Labeled> {
    let mut entities = Vec::new();
    for words in document.words_by_sentence() {
        let tags = document.tags[words.clone()].iter().map(String::as_str);
        for chunk in chunks(tags) {
            let first = document.tokens[words.start + chunk.words.start].span;
            let last = document.tokens[words.start + chunk.words.end - 1].span;
            entities.push(Labeled::new(first.join(last), chunk.kind));
        }
    }
    entities
}

/// The view whose labels the gold has.
fn natural_view(read: &Read, predicted_elsewhere: bool) -> anyhow::Result<View> {
    let labels: BTreeSet<&str> = read
        .documents
        .iter()
        .flat_map(|d| &d.entities)
        .map(|e| e.kind.as_str())
        .collect();
    if !labels.is_empty() && labels.iter().all(|label| CONLL.contains(label)) {
        return Ok(View::Conll);
    }
    let other: Vec<&str> = labels
        .into_iter()
        .filter(|label| label.parse::<EntityKind>().is_err())
        .collect();
    if other.is_empty() {
        Ok(View::News)
    } else if predicted_elsewhere {
        Ok(View::Own)
    } else {
        bail!(
            "the gold has kinds that the program does not find: {}; it finds {}",
            other.join(", "),
            EntityKind::ALL.map(EntityKind::name).join(", ")
        )
    }
}

struct Mapped {
    left_out: u64,
}

/// Names the gold's kinds as the view does.
fn map_gold(read: &mut Read, view: View) -> anyhow::Result<Mapped> {
    let mut left_out = 0;
    for doc in &mut read.documents {
        left_out += map(&mut doc.entities, view).map_err(|label| {
            anyhow::anyhow!(
                "{}: found the kind `{label}`, expected one of the view `{}`",
                doc.path.display(),
                view.name()
            )
        })?;
    }
    Ok(Mapped { left_out })
}

fn map_predictions(predicted: &mut [Vec<Labeled>], view: View, place: &str) -> anyhow::Result<u64> {
    let mut left_out = 0;
    for entities in predicted {
        left_out += map(entities, view).map_err(|label| {
            anyhow::anyhow!(
                "{place}: found the kind `{label}`, expected one of the view `{}`",
                view.name()
            )
        })?;
    }
    Ok(left_out)
}

/// Renames kinds; how many entities are of none. `Err` with a label that is none.
fn map(entities: &mut Vec<Labeled>, view: View) -> Result<u64, String> {
    let before = entities.len();
    let mut mapped = Vec::with_capacity(before);
    for entity in entities.drain(..) {
        match view.kind(&entity.kind) {
            Err(()) => return Err(entity.kind),
            Ok(None) => {}
            Ok(Some(kind)) => mapped.push(Labeled {
                kind: kind.to_owned(),
                ..entity
            }),
        }
    }
    *entities = mapped;
    Ok((before - entities.len()) as u64)
}

/// The kinds to score, in the order of tables.
fn kinds_scored(args: &Args, view: View, read: &Read) -> anyhow::Result<Vec<String>> {
    let in_gold: BTreeSet<&str> = read
        .documents
        .iter()
        .flat_map(|d| &d.entities)
        .map(|e| e.kind.as_str())
        .collect();
    let all: Vec<&str> = match view {
        View::News => EntityKind::ALL.map(EntityKind::name).to_vec(),
        View::Conll => CONLL.to_vec(),
        View::Own => in_gold.iter().copied().collect(),
    };
    if args.kinds.is_empty() {
        // A treebank without a MISC says nothing of it.
        let whole = view != View::Conll || in_gold.is_empty();
        let kinds = all.into_iter().filter(|k| whole || in_gold.contains(k));
        return Ok(kinds.map(str::to_owned).collect());
    }
    let mut kinds = Vec::new();
    for asked in &args.kinds {
        match view.kind(asked.trim()) {
            Ok(Some(kind)) if all.contains(&kind) => kinds.push(kind.to_owned()),
            _ => bail!("--kinds: `{asked}` is none of {}", all.join(", ")),
        }
    }
    kinds.sort_by_key(|k| all.iter().position(|a| a == k));
    kinds.dedup();
    Ok(kinds)
}

// The predictions.

/// Runs the model over the documents.
fn recognize(args: &Args, read: &Read, view: View) -> anyhow::Result<(Vec<Vec<Labeled>>, String)> {
    let opened = super::models::ner(args.model.as_deref(), &args.models)?;
    let view = match view {
        View::Conll => standpoint_ner::View::Conll,
        View::News | View::Own => standpoint_ner::View::News,
    };
    let ner = opened.model.with(standpoint_ner::Options {
        view,
        ..opened.model.options()
    });
    let predicted = args.shared.each(
        &read.documents,
        standpoint_encoder::Scratch::default,
        |scratch, doc| {
            let text = doc.document.text();
            let own;
            let (sentences, tokens) = match &doc.layout {
                Some(layout) if !args.raw => layout,
                _ => {
                    own = segment(text);
                    &own
                }
            };
            let (entities, _) = ner.recognize(text, sentences, tokens, scratch);
            entities
                .into_iter()
                .map(|e| Labeled {
                    span: e.span,
                    kind: e.kind.name().to_owned(),
                    score: Some(e.score),
                })
                .collect()
        },
    )?;
    Ok((predicted, opened.name))
}

/// Our own sentences and words.
fn segment(text: &str) -> (Vec<Sentence>, Vec<Token>) {
    let sentences = standpoint_sentences::split(text);
    let tokens = sentences
        .iter()
        .flat_map(|s| standpoint_tokenize::tokenize(text, s.span))
        .collect();
    (sentences, tokens)
}

/// Reads predictions: records if the file is JSON lines, else a word and its tag a line, the same
/// words as the gold's.
fn predictions_of(path: &Path, read: &Read, ids: &[String]) -> anyhow::Result<Vec<Vec<Labeled>>> {
    if path
        .extension()
        .is_some_and(|ext| ext.eq_ignore_ascii_case("jsonl"))
    {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let records = records_for(path, &ids)?;
        return read
            .documents
            .iter()
            .zip(&records)
            .map(|(doc, record)| {
                let entities = record.entities(doc.document.text())?.into_iter();
                Ok(entities
                    .map(|e| Labeled {
                        span: e.span,
                        kind: e.kind,
                        score: e.score,
                    })
                    .collect())
            })
            .collect();
    }
    if read.words.is_empty() {
        bail!(
            "{}: found a file of tags, expected JSON lines (.jsonl): the gold has no words of its own",
            path.display()
        );
    }
    let files = gold::files(&[path.to_owned()], &["tsv", "conll", "iob2", "txt"])?;
    let mut tags = Vec::new();
    for file in &files {
        for doc in gold::read_columns(file, &gold::open(file)?)? {
            for ((token, tag), line) in doc.tokens.iter().zip(&doc.tags).zip(&doc.lines) {
                let word = doc.document.slice(token.span);
                match read.words.get(tags.len()) {
                    Some((want, _)) if want == word => tags.push(tag.clone()),
                    want => {
                        let expected = want.map_or_else(
                            || "the end, as in the gold".to_owned(),
                            |(want, line)| format!("`{want}`, the gold's word (line {line})"),
                        );
                        let found = format!("the word `{word}`");
                        return Err(gold::Error::at(file, *line, found, expected).into());
                    }
                }
            }
        }
    }
    if let Some((want, line)) = read.words.get(tags.len()) {
        bail!(
            "{}: found {} words, expected {}: the next of the gold is `{want}` (line {line})",
            path.display(),
            tags.len(),
            read.words.len()
        );
    }
    let mut rest = tags.into_iter();
    Ok(read
        .documents
        .iter()
        .filter_map(|doc| {
            let (sentences, tokens) = doc.layout.as_ref()?;
            Some(entities_of(&Tagged {
                document: doc.document.clone(),
                sentences: sentences.clone(),
                tokens: tokens.clone(),
                tags: rest.by_ref().take(tokens.len()).collect(),
                lines: Vec::new(),
            }))
        })
        .collect())
}

fn save(
    path: &Path,
    force: bool,
    read: &Read,
    ids: &[String],
    predicted: &[Vec<Labeled>],
) -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::new(super::create(path, force)?);
    for ((doc, id), entities) in read.documents.iter().zip(ids).zip(predicted) {
        let index = OffsetIndex::new(doc.document.text());
        let rows: Vec<Value> = entities
            .iter()
            .map(|e| {
                let range = index.range(e.span, OffsetUnit::Chars);
                json!({
                    "start": range.start, "end": range.end, "text": doc.document.slice(e.span),
                    "kind": e.kind, "score": e.score,
                })
            })
            .collect();
        serde_json::to_writer(
            &mut out,
            &json!({"id": id, "offsets": "chars", "entities": rows}),
        )?;
        writeln!(out)?;
    }
    out.flush().with_context(|| path.display().to_string())
}

// The figures.

/// Counts of each unit to resample: documents, or of a single one its sentences.
fn units(
    read: &Read,
    kinds: &[String],
    gold: &[Vec<Labeled>],
    predicted: &[Vec<Labeled>],
) -> (Units, &'static str) {
    if let ([doc], [gold], [predicted]) = (&read.documents[..], gold, predicted) {
        let sentences = doc.sentences();
        let within = |entities: &[Labeled], span: Span| -> Vec<Labeled> {
            let inside = entities.iter().filter(|e| span.contains(e.span.start()));
            inside.cloned().collect()
        };
        let units = sentences
            .iter()
            .map(|s| count_entities(kinds, &within(gold, s.span), &within(predicted, s.span)))
            .collect();
        return (units, "sentence");
    }
    let units = gold
        .iter()
        .zip(predicted)
        .map(|(gold, predicted)| count_entities(kinds, gold, predicted))
        .collect();
    (units, "document")
}

fn scores_table(kinds: &[String], sum: &[Counts], micro: Scores, mean: Scores) -> Table {
    let mut rows: Vec<Vec<String>> = kinds
        .iter()
        .zip(sum)
        .map(|(kind, counts)| {
            let mut row = vec![kind.clone()];
            row.extend(cells(counts.scores()));
            row.extend([counts.gold.to_string(), counts.predicted.to_string()]);
            row
        })
        .collect();
    let all: Counts = sum.iter().sum();
    for (name, scores) in [("micro", micro), ("macro", mean)] {
        let mut row = vec![name.to_owned()];
        row.extend(cells(scores));
        row.extend([all.gold.to_string(), all.predicted.to_string()]);
        rows.push(row);
    }
    Table {
        title: "Strict".to_owned(),
        note: "Right means the same span with the same kind, as seqeval and conlleval count."
            .to_owned(),
        header: ["", "precision", "recall", "F1", "gold", "predicted"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    }
}

fn schema_table(outcomes: [Outcome; 4]) -> Table {
    let names = [
        "strict",
        "boundary alone (exact)",
        "partial",
        "kind alone (ent_type)",
    ];
    Table {
        title: "Less strict".to_owned(),
        note: "As nervaluate counts: an overlapping span is half right under partial, right under \
               kind alone."
            .to_owned(),
        header: [
            "",
            "precision",
            "recall",
            "F1",
            "correct",
            "incorrect",
            "partial",
            "missed",
            "spurious",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: names
            .iter()
            .zip(outcomes)
            .map(|(name, o)| {
                let mut row = vec![(*name).to_owned()];
                row.extend(cells(o.scores()));
                row.extend(
                    [o.correct, o.incorrect, o.partial, o.missed, o.spurious]
                        .map(|n| n.to_string()),
                );
                row
            })
            .collect(),
    }
}

fn confusion_table(confusion: &Confusion, kinds: &[String]) -> Table {
    let classes: Vec<Option<String>> = kinds.iter().cloned().map(Some).chain([None]).collect();
    let mut header = vec!["gold \\ predicted".to_owned()];
    header.extend(
        classes
            .iter()
            .map(|c| c.clone().unwrap_or_else(|| "nothing".to_owned())),
    );
    Table {
        title: "Confusion".to_owned(),
        note: "Names of the gold by the kind of the prediction that overlaps them most.".to_owned(),
        header,
        rows: classes
            .iter()
            .map(|gold| {
                let mut row = vec![gold.clone().unwrap_or_else(|| "nothing".to_owned())];
                row.extend(classes.iter().map(|predicted| {
                    let n = confusion
                        .get(gold)
                        .and_then(|r| r.get(predicted))
                        .unwrap_or(&0);
                    if *n == 0 {
                        "·".to_owned()
                    } else {
                        n.to_string()
                    }
                }));
                row
            })
            .collect(),
    }
}

fn confusion_json(confusion: &Confusion) -> Value {
    let cells = confusion.iter().flat_map(|(gold, row)| {
        row.iter()
            .map(move |(predicted, n)| json!({"gold": gold, "predicted": predicted, "count": n}))
    });
    Value::Array(cells.collect())
}

/// Errors by what they have in common.
#[derive(Default)]
struct Errors {
    groups: BTreeMap<ErrorKey, (u64, Vec<Example>)>,
}

/// What is wrong, and with which words: the gold's and the prediction's, with their kinds.
type ErrorKey = (Fault, Option<(String, String)>, Option<(String, String)>);

impl Errors {
    fn add(&mut self, doc: &Gold, id: &str, pairs: &[Pair<'_>]) {
        if pairs.iter().all(|p| p.fault().is_none()) {
            return;
        }
        let text = doc.document.text();
        let sentences = doc.sentences();
        for pair in pairs {
            let Some(fault) = pair.fault() else { continue };
            let words = |e: Option<&Labeled>| {
                e.map(|e| (e.kind.clone(), doc.document.slice(e.span).to_owned()))
            };
            let (count, examples) = self
                .groups
                .entry((fault, words(pair.gold), words(pair.predicted)))
                .or_default();
            *count += 1;
            if examples.len() < report::EXAMPLES {
                let span = pair.span();
                let at = sentences.partition_point(|s| s.span.end() <= span.start());
                let sentence = sentences.get(at).map_or(span, |s| s.span);
                examples.push(Example::new(id, text, sentence, span));
            }
        }
    }

    fn groups(self) -> Vec<ErrorGroup> {
        let mut groups: Vec<ErrorGroup> = self
            .groups
            .into_iter()
            .map(|((fault, gold, predicted), (count, examples))| {
                let one = |e: &Option<(String, String)>| {
                    e.as_ref().map(|(kind, words)| format!("{kind} ‘{words}’"))
                };
                let what = match (one(&gold), one(&predicted)) {
                    (Some(gold), Some(predicted)) => format!("{gold} taken for {predicted}"),
                    (gold, predicted) => gold.or(predicted).unwrap_or_default(),
                };
                let mut json = Map::new();
                for (name, entity) in [("gold", gold), ("predicted", predicted)] {
                    let value = entity.map(|(kind, text)| json!({"kind": kind, "text": text}));
                    json.insert(name.to_owned(), json!(value));
                }
                ErrorGroup {
                    fault: fault.name(),
                    what,
                    count,
                    examples,
                    json,
                }
            })
            .collect();
        groups.sort_by_key(|g| std::cmp::Reverse(g.count));
        groups
    }
}
