//! `standpoint eval sentences` and `standpoint eval words`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Map, Value, json};
use standpoint_core::{OffsetIndex, OffsetUnit, Sentence, Span};
use standpoint_corpus::gold::{self, Joined, Joining, Treebank};
use standpoint_eval::{
    Counts, Paired, Scores, Word, align_words, bootstrap, count_boundaries, ink, inner_ends,
    paired, total,
};

use super::report::{self, ErrorGroup, Example, Report, Table, count, figure};
use super::{Shared, Units, make_unique, records_for};
use crate::Status;

#[derive(clap::Args)]
pub(super) struct SentenceArgs {
    #[command(flatten)]
    shared: Shared,
    /// The gold's format [default: by the files' names].
    #[arg(long, value_enum)]
    format: Option<Format>,
}

#[derive(clap::Args)]
pub(super) struct WordArgs {
    #[command(flatten)]
    shared: Shared,
    /// The gold's format.
    #[arg(long, value_enum, default_value_t = WordFormat::Conllu)]
    format: WordFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Universal Dependencies; a document's sentences are joined by one space.
    Conllu,
    /// A text and its sentences, one JSON object a line.
    Rules,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum WordFormat {
    /// Universal Dependencies.
    Conllu,
}

/// A text with its sentences.
struct Text {
    id: String,
    path: PathBuf,
    text: String,
    sentences: Vec<Sentence>,
}

// Sentences.

pub(super) fn run_sentences(args: &SentenceArgs) -> anyhow::Result<Status> {
    let shared = &args.shared;
    shared.check_outputs()?;
    let format = args.format.unwrap_or_else(|| {
        let rules = shared.gold[0].extension().is_some_and(|ext| ext == "jsonl");
        if rules { Format::Rules } else { Format::Conllu }
    });
    let (files, texts, in_paragraphs) = match format {
        Format::Conllu => {
            let (files, treebanks) = read_treebanks(&shared.gold)?;
            let joined = |joining| -> Vec<Text> {
                treebanks
                    .iter()
                    .map(|(path, doc)| {
                        let joined = doc.join(joining);
                        Text {
                            id: doc.id.clone(),
                            path: path.clone(),
                            text: joined.text,
                            sentences: joined.sentences,
                        }
                    })
                    .collect()
            };
            (files, joined(Joining::Space), joined(Joining::Paragraphs))
        }
        Format::Rules => {
            let files = gold::files(&shared.gold, &["jsonl"])?;
            let mut texts = Vec::new();
            for path in &files {
                for rule in gold::read_rules(path, &gold::open(path)?)? {
                    texts.push(Text {
                        id: rule.id,
                        path: path.clone(),
                        text: rule.text,
                        sentences: rule.sentences,
                    });
                }
            }
            (files.len(), texts, Vec::new())
        }
    };
    let ids = make_unique(texts.iter().map(|t| (t.id.as_str(), t.path.as_path())));

    let split = |texts: &[Text]| -> anyhow::Result<Vec<Vec<Span>>> {
        shared.each(
            texts,
            || (),
            |(), t| {
                standpoint_sentences::split(&t.text)
                    .iter()
                    .map(|s| s.span)
                    .collect()
            },
        )
    };
    let predicted = match &shared.predictions {
        Some(path) => sentences_of(path, &texts, &ids)?,
        None => split(&texts)?,
    };
    if let Some(path) = &shared.save {
        let rows = texts
            .iter()
            .map(|t| t.text.as_str())
            .zip(&ids)
            .zip(&predicted);
        save(path, shared.force, "sentences", rows)?;
    }

    let units = boundary_units(&texts, &predicted);
    let (sum, right) = (total(&units)[0], exactly_right(&texts, &predicted));
    let [precision, recall, f1] = intervals(&units, shared);
    let spans = texts
        .iter()
        .zip(&predicted)
        .map(|(t, p)| span_counts(t, p))
        .collect::<Vec<_>>();
    let spans: Counts = spans.iter().sum();

    let mut rows = vec![("boundaries", sum), ("whole sentences", spans)];
    let mut json = common(
        "sentences",
        sum,
        [precision, recall, f1],
        units.len(),
        shared,
    );
    json.insert("spans".to_owned(), report::scored(spans));
    let exact = json!({
        "right": right, "of": texts.len(), "accuracy": right as f64 / texts.len() as f64,
    });
    json.insert("exact".to_owned(), exact);
    if shared.predictions.is_none() && !in_paragraphs.is_empty() {
        let as_published = total(&boundary_units(&in_paragraphs, &split(&in_paragraphs)?))[0];
        json.insert(
            "boundary_with_paragraphs".to_owned(),
            report::scored(as_published),
        );
        rows.push(("boundaries, paragraphs kept", as_published));
    }
    let gold_sentences: usize = texts.iter().map(|t| t.sentences.len()).sum();
    json.insert(
        "scored".to_owned(),
        json!({"files": files, "documents": texts.len(), "sentences": gold_sentences}),
    );
    let mut tables = vec![
        report::counts_table(
            "Sentences",
            "Boundaries: ends of sentences within a document; its last end is no decision and does \
             not count. Whole sentences: both ends right. Sentences of a document are joined by a \
             space.",
            &rows,
        ),
        intervals_table(sum.scores(), [precision, recall, f1], shared),
    ];
    if let Some(path) = &shared.against {
        let other = boundary_units(&texts, &sentences_of(path, &texts, &ids)?);
        compare(path, &units, &other, shared, &mut tables, &mut json);
    }
    let mut errors = Grouped::default();
    for ((text, id), predicted) in texts.iter().zip(&ids).zip(&predicted) {
        boundary_errors(text, id, predicted, &mut errors);
    }
    let report = Report {
        title: format!("Sentences: boundary F1 {}", figure(sum.scores().f1)),
        facts: vec![
            facts_source(shared),
            (
                "gold".to_owned(),
                format!(
                    "{} in {}",
                    count(gold_sentences as u64, "sentence"),
                    count(texts.len() as u64, "document")
                ),
            ),
            (
                "documents exactly right".to_owned(),
                format!("{right} of {}", texts.len()),
            ),
        ],
        tables,
        errors: errors.groups(),
        json,
    };
    report.write(shared)?;
    Ok(Status::Done)
}

fn read_treebanks(paths: &[PathBuf]) -> anyhow::Result<(usize, Vec<(PathBuf, Treebank)>)> {
    let files = gold::files(paths, &["conllu"])?;
    let mut treebanks = Vec::new();
    for path in &files {
        let documents = gold::read_conllu(path, &gold::open(path)?)?;
        treebanks.extend(documents.into_iter().map(|d| (path.clone(), d)));
    }
    Ok((files.len(), treebanks))
}

/// Sentences from a file of records, in the texts' order.
fn sentences_of(path: &Path, texts: &[Text], ids: &[String]) -> anyhow::Result<Vec<Vec<Span>>> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let records = records_for(path, &ids)?;
    texts
        .iter()
        .zip(&records)
        .map(|(t, record)| match record.sentences(&t.text)? {
            Some(sentences) => Ok(sentences),
            None => Err(record
                .error("no sentences", "sentences: [[start, end], …]")
                .into()),
        })
        .collect()
}

/// Where predicted sentences end within a text.
fn ends(text: &str, spans: &[Span]) -> Vec<u32> {
    let sentences: Vec<Sentence> = spans
        .iter()
        .map(|&span| Sentence {
            span,
            nested: false,
        })
        .collect();
    inner_ends(text, &sentences)
}

fn boundary_units(texts: &[Text], predicted: &[Vec<Span>]) -> Units {
    texts
        .iter()
        .zip(predicted)
        .map(|(t, p)| {
            vec![count_boundaries(
                &inner_ends(&t.text, &t.sentences),
                &ends(&t.text, p),
            )]
        })
        .collect()
}

fn exactly_right(texts: &[Text], predicted: &[Vec<Span>]) -> usize {
    let pairs = texts.iter().zip(predicted);
    pairs
        .filter(|(t, p)| inner_ends(&t.text, &t.sentences) == ends(&t.text, p))
        .count()
}

/// Sentences with both ends right, as the CoNLL shared task counts them.
fn span_counts(text: &Text, predicted: &[Span]) -> Counts {
    let visible = |spans: &mut dyn Iterator<Item = Span>| -> std::collections::BTreeSet<Span> {
        spans
            .map(|s| s.trimmed(&text.text))
            .filter(|s| !s.is_empty())
            .collect()
    };
    let gold = visible(&mut text.sentences.iter().map(|s| s.span));
    let predicted = visible(&mut predicted.iter().copied());
    Counts {
        correct: gold.intersection(&predicted).count() as u64,
        predicted: predicted.len() as u64,
        gold: gold.len() as u64,
    }
}

fn boundary_errors(text: &Text, id: &str, predicted: &[Span], errors: &mut Grouped) {
    let gold = inner_ends(&text.text, &text.sentences);
    let ours = ends(&text.text, predicted);
    let faults = [("missed", &gold, &ours), ("spurious", &ours, &gold)];
    for (fault, here, there) in faults {
        for &at in here.iter().filter(|&at| there.binary_search(at).is_err()) {
            let before = &text.text[..at as usize];
            let word = before.rsplit(char::is_whitespace).next().unwrap_or(before);
            let next = text.text[at as usize..]
                .split_whitespace()
                .next()
                .unwrap_or_default();
            let span = Span::from_range(before.len() - word.len()..before.len());
            let around = around(&text.text, span);
            errors.add(
                fault,
                format!("after ‘{word}’ before ‘{next}’"),
                [("before", word), ("after", next)],
                || Example::new(id, &text.text, around, span),
            );
        }
    }
}

/// A span with about sixty characters on either side.
fn around(text: &str, span: Span) -> Span {
    const SIDE: usize = 60;
    let before = &text[..span.start() as usize];
    let start = before
        .char_indices()
        .rev()
        .take(SIDE)
        .last()
        .map_or(before.len(), |(i, _)| i);
    let after = &text[span.end() as usize..];
    let length = after
        .char_indices()
        .nth(SIDE)
        .map_or(after.len(), |(i, _)| i);
    Span::from_range(start..span.end() as usize + length)
}

// Words.

pub(super) fn run_words(args: &WordArgs) -> anyhow::Result<Status> {
    let WordFormat::Conllu = args.format;
    let shared = &args.shared;
    shared.check_outputs()?;
    let (files, treebanks) = read_treebanks(&shared.gold)?;
    let ids = make_unique(
        treebanks
            .iter()
            .map(|(path, d)| (d.id.as_str(), path.as_path())),
    );
    let joined: Vec<_> = treebanks
        .iter()
        .map(|(_, d)| d.join(Joining::Space))
        .collect();

    let predicted = match &shared.predictions {
        Some(path) => words_of(path, joined.iter().map(|j| j.text.as_str()), &ids)?,
        None => shared.each(
            &joined,
            || (),
            |(), j| {
                let sentences = standpoint_sentences::split(&j.text);
                tokens(&j.text, &sentences)
            },
        )?,
    };
    if let Some(path) = &shared.save {
        let rows = joined
            .iter()
            .map(|j| j.text.as_str())
            .zip(&ids)
            .zip(&predicted);
        save(path, shared.force, "words", rows)?;
    }
    let units_of = |predicted: &[Vec<Span>]| -> Units {
        joined
            .iter()
            .zip(predicted)
            .map(|(j, p)| {
                let words = Aligned::new(j, p);
                vec![Counts {
                    correct: words.pairs.len() as u64,
                    predicted: words.ours.len() as u64,
                    gold: words.gold.len() as u64,
                }]
            })
            .collect()
    };
    let units = units_of(&predicted);
    let sum = total(&units)[0];
    let [precision, recall, f1] = intervals(&units, shared);
    let mut rows = vec![("words", sum)];
    let mut json = common("words", sum, [precision, recall, f1], units.len(), shared);
    if shared.predictions.is_none() {
        let given = shared.each(&joined, || (), |(), j| tokens(&j.text, &j.sentences))?;
        let given = total(&units_of(&given))[0];
        json.insert(
            "boundary_with_gold_sentences".to_owned(),
            report::scored(given),
        );
        rows.push(("words, gold sentences given", given));
    }
    json.insert(
        "scored".to_owned(),
        json!({"files": files, "documents": joined.len(), "words": sum.gold}),
    );
    let mut tables = vec![
        report::counts_table(
            "Words",
            "As the CoNLL 2018 shared task aligns words: by their place, and by their form within \
             tokens of several words.",
            &rows,
        ),
        intervals_table(sum.scores(), [precision, recall, f1], shared),
    ];
    if let Some(path) = &shared.against {
        let other = words_of(path, joined.iter().map(|j| j.text.as_str()), &ids)?;
        compare(
            path,
            &units,
            &units_of(&other),
            shared,
            &mut tables,
            &mut json,
        );
    }
    let mut errors = Grouped::default();
    for ((j, id), predicted) in joined.iter().zip(&ids).zip(&predicted) {
        word_errors(id, &j.text, &Aligned::new(j, predicted), &mut errors);
    }
    let report = Report {
        title: format!("Words: F1 {}", figure(sum.scores().f1)),
        facts: vec![
            facts_source(shared),
            (
                "gold".to_owned(),
                format!(
                    "{} in {}",
                    count(sum.gold, "word"),
                    count(joined.len() as u64, "document")
                ),
            ),
        ],
        tables,
        errors: errors.groups(),
        json,
    };
    report.write(shared)?;
    Ok(Status::Done)
}

fn tokens(text: &str, sentences: &[Sentence]) -> Vec<Span> {
    let tokens = sentences
        .iter()
        .flat_map(|s| standpoint_tokenize::tokenize(text, s.span));
    tokens.map(|t| t.span).collect()
}

fn words_of<'t>(
    path: &Path,
    texts: impl Iterator<Item = &'t str>,
    ids: &[String],
) -> anyhow::Result<Vec<Vec<Span>>> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let records = records_for(path, &ids)?;
    texts
        .zip(&records)
        .map(|(text, record)| match record.words(text)? {
            Some(words) => Ok(words),
            None => Err(record.error("no words", "words: [[start, end], …]").into()),
        })
        .collect()
}

/// The words of the gold and ours, aligned.
struct Aligned<'t> {
    gold: Vec<Word<'t>>,
    /// Where the gold's words are in the text.
    gold_spans: Vec<Span>,
    ours: Vec<Word<'t>>,
    spans: Vec<Span>,
    pairs: Vec<(usize, usize)>,
}

impl<'t> Aligned<'t> {
    fn new(joined: &'t Joined<'t>, ours: &[Span]) -> Self {
        let (text, gold) = (joined.text.as_str(), &joined.words);
        let ink = ink(text);
        let place = |span: Span| Span::new(ink[span.start() as usize], ink[span.end() as usize]);
        let gold_spans = gold.iter().map(|w| w.span).collect();
        let gold: Vec<Word<'t>> = gold
            .iter()
            .map(|w| Word {
                span: place(w.span),
                form: w.form,
                multiword: w.multiword,
            })
            .collect();
        let words: Vec<Word<'t>> = ours
            .iter()
            .map(|&s| Word {
                span: place(s),
                form: &text[s],
                multiword: false,
            })
            .collect();
        let pairs = align_words(&gold, &words);
        Self {
            gold,
            gold_spans,
            ours: words,
            spans: ours.to_vec(),
            pairs,
        }
    }
}

fn word_errors(id: &str, text: &str, words: &Aligned<'_>, errors: &mut Grouped) {
    // Between two aligned pairs stands what is wrong: some words of the gold, some of ours.
    let end = (words.gold.len(), words.ours.len());
    let (mut g, mut p) = (0, 0);
    for &(to_g, to_p) in words.pairs.iter().chain([&end]) {
        if (g, p) != (to_g, to_p) {
            let forms =
                |words: &[Word<'_>]| words.iter().map(|w| w.form).collect::<Vec<_>>().join(" | ");
            let (gold, ours) = (forms(&words.gold[g..to_g]), forms(&words.ours[p..to_p]));
            let fault = match (to_g - g).cmp(&(to_p - p)) {
                std::cmp::Ordering::Less => "cut too often",
                std::cmp::Ordering::Greater => "not cut",
                std::cmp::Ordering::Equal => "cut elsewhere",
            };
            let spans = words.gold_spans[g..to_g]
                .iter()
                .chain(&words.spans[p..to_p]);
            let span = spans.copied().reduce(Span::join).unwrap_or_default();
            errors.add(
                fault,
                format!("‘{gold}’ as ‘{ours}’"),
                [("gold", gold.as_str()), ("predicted", ours.as_str())],
                || Example::new(id, text, around(text, span), span),
            );
        }
        (g, p) = (to_g + 1, to_p + 1);
    }
}

// Both.

fn facts_source(shared: &Shared) -> (String, String) {
    let words = match &shared.predictions {
        Some(path) => path.display().to_string(),
        None => "this program's".to_owned(),
    };
    ("predictions".to_owned(), words)
}

fn intervals(units: &Units, shared: &Shared) -> [standpoint_eval::Interval; 3] {
    bootstrap(units, shared.resampling(), |sum| {
        let s = Scores::micro(sum);
        [s.precision, s.recall, s.f1]
    })
}

fn common(
    task: &str,
    sum: Counts,
    [precision, recall, f1]: [standpoint_eval::Interval; 3],
    units: usize,
    shared: &Shared,
) -> Map<String, Value> {
    let mut json = Map::new();
    json.insert("task".to_owned(), json!(task));
    json.insert("boundary".to_owned(), report::scored(sum));
    json.insert("support".to_owned(), json!(sum.gold));
    json.insert(
        "interval".to_owned(),
        json!({
            "of": "boundary f1", "low": f1.low, "high": f1.high,
            "level": shared.resampling().level, "unit": "document", "units": units,
            "precision": precision, "recall": recall, "f1": f1,
        }),
    );
    json.insert("settings".to_owned(), Value::Object(shared.settings()));
    json
}

fn intervals_table(
    scores: Scores,
    [precision, recall, f1]: [standpoint_eval::Interval; 3],
    shared: &Shared,
) -> Table {
    let rows = [
        ("precision", scores.precision, precision),
        ("recall", scores.recall, recall),
        ("F1", scores.f1, f1),
    ];
    report::interval_table("document", &rows, shared)
}

fn compare(
    path: &Path,
    units: &Units,
    other: &Units,
    shared: &Shared,
    tables: &mut Vec<Table>,
    json: &mut Map<String, Value>,
) {
    let [f, p, r]: [Paired; 3] = paired(units, other, shared.resampling(), |sum| {
        let s = Scores::micro(sum);
        [s.f1, s.precision, s.recall]
    });
    let scores = [("F1", f), ("precision", p), ("recall", r)];
    let (table, value) = report::against(path, "document", shared, &scores, None);
    tables.push(table);
    json.insert("against".to_owned(), value);
}

fn save<'a>(
    path: &Path,
    force: bool,
    field: &str,
    rows: impl Iterator<Item = ((&'a str, &'a String), &'a Vec<Span>)>,
) -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::new(super::create(path, force)?);
    for ((text, id), spans) in rows {
        let index = OffsetIndex::new(text);
        let ranges: Vec<_> = spans
            .iter()
            .map(|&s| index.range(s, OffsetUnit::Chars))
            .map(|r| [r.start, r.end])
            .collect();
        let mut row = json!({"id": id, "offsets": "chars"});
        row[field] = json!(ranges);
        serde_json::to_writer(&mut out, &row)?;
        writeln!(out)?;
    }
    out.flush().with_context(|| path.display().to_string())
}

/// Errors by what they have in common.
#[derive(Default)]
struct Grouped {
    groups: BTreeMap<(&'static str, String), ErrorGroup>,
}

impl Grouped {
    fn add(
        &mut self,
        fault: &'static str,
        what: String,
        fields: [(&str, &str); 2],
        example: impl FnOnce() -> Example,
    ) {
        let group = self
            .groups
            .entry((fault, what.clone()))
            .or_insert_with(|| ErrorGroup {
                fault,
                what,
                count: 0,
                examples: Vec::new(),
                json: fields
                    .iter()
                    .map(|&(k, v)| (k.to_owned(), json!(v)))
                    .collect(),
            });
        group.count += 1;
        if group.examples.len() < report::EXAMPLES {
            group.examples.push(example());
        }
    }

    fn groups(self) -> Vec<ErrorGroup> {
        let mut groups: Vec<ErrorGroup> = self.groups.into_values().collect();
        groups.sort_by_key(|g| std::cmp::Reverse(g.count));
        groups
    }
}
