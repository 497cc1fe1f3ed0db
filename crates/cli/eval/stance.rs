//! `standpoint eval stance`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};
use standpoint_core::{Polarity, Span};
use standpoint_corpus::gold::{self, DirectedLabel};
use standpoint_eval::{Calibration, Counts, Judged, Scores, bootstrap, count_class, paired, total};
use standpoint_stance::Passage;

use super::report::{self, ErrorGroup, Example, Report, Table, cells, count, figure};
use super::{Shared, Units, make_unique, records_for};
use crate::Status;
use crate::open::ModelArgs;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    shared: Shared,
    /// The gold's format.
    #[arg(long, value_enum)]
    format: Format,
    /// The model to run [default: the installed one].
    #[arg(long, value_name = "DIR", conflicts_with = "predictions")]
    model: Option<PathBuf>,
    #[command(flatten)]
    models: ModelArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Two entities of a sentence in brackets; five classes.
    Dse,
    /// The author's stance to a target; three classes.
    Newsmtsc,
    /// Records with text, target, holder and polarity, one JSON object a line; three classes.
    Jsonl,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Dse => "dse",
            Self::Newsmtsc => "newsmtsc",
            Self::Jsonl => "jsonl",
        }
    }

    fn classes(self) -> Vec<&'static str> {
        match self {
            Self::Dse => DirectedLabel::ALL.map(DirectedLabel::name).to_vec(),
            Self::Newsmtsc | Self::Jsonl => POLARITIES.map(Polarity::name).to_vec(),
        }
    }
}

const POLARITIES: [Polarity; 3] = [Polarity::For, Polarity::Against, Polarity::Neutral];

/// Examples kept of a confusion of two classes.
const EXAMPLES: usize = 10;

/// A question of the gold with its answer.
struct Item {
    id: String,
    path: PathBuf,
    text: String,
    holder: Option<Span>,
    target: Span,
    class: usize,
}

/// A class with its probability, if that is known.
type Answer = (usize, Option<f32>);

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let shared = &args.shared;
    shared.check_outputs()?;
    let format = args.format;
    let classes = format.classes();
    let (files, items) = read_gold(&shared.gold, format)?;
    let ids = make_unique(items.iter().map(|i| (i.id.as_str(), i.path.as_path())));

    let (answers, model) = match &shared.predictions {
        Some(path) => (answers_of(path, &ids, &classes)?, None),
        None => {
            let (answers, name) = ask(args, &items)?;
            (answers, Some(name))
        }
    };
    if let Some(path) = &shared.save {
        let mut out = std::io::BufWriter::new(super::create(path, shared.force)?);
        for (id, (class, score)) in ids.iter().zip(&answers) {
            let row = json!({"id": id, "label": classes[*class], "score": score});
            serde_json::to_writer(&mut out, &row)?;
            writeln!(out)?;
        }
        out.flush().with_context(|| path.display().to_string())?;
    }
    let units_of = |answers: &[Answer]| -> Units {
        items
            .iter()
            .zip(answers)
            .map(|(item, (class, _))| count_class(classes.len(), item.class, Some(*class)))
            .collect()
    };
    let units = units_of(&answers);
    let sum = total(&units);
    let both = |sum: &[Counts]| [Scores::micro(sum).f1, Scores::macro_mean(sum).f1];
    let [micro_f1, macro_f1] = bootstrap(&units, shared.resampling(), both);
    let (micro, mean) = (Scores::micro(&sum), Scores::macro_mean(&sum));

    let judged: Vec<Judged> = items
        .iter()
        .zip(&answers)
        .filter_map(|(item, &(class, score))| {
            Some(Judged {
                score: score?,
                correct: class == item.class,
            })
        })
        .collect();
    let calibration =
        (!judged.is_empty()).then(|| Calibration::measure(&judged, items.len() as u64));

    let mut confusion = vec![vec![0_u64; classes.len()]; classes.len()];
    let mut groups: BTreeMap<(usize, usize), ErrorGroup> = BTreeMap::new();
    for ((item, id), &(class, _)) in items.iter().zip(&ids).zip(&answers) {
        confusion[item.class][class] += 1;
        if class == item.class {
            continue;
        }
        let group = groups
            .entry((item.class, class))
            .or_insert_with(|| ErrorGroup {
                fault: "wrong class",
                what: format!("{} taken for {}", classes[item.class], classes[class]),
                count: 0,
                examples: Vec::new(),
                json: Map::from_iter([
                    ("gold".to_owned(), json!(classes[item.class])),
                    ("predicted".to_owned(), json!(classes[class])),
                ]),
            });
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            let whole = Span::from_range(0..item.text.len());
            let holder = item.holder.map_or("author", |h| &item.text[h]);
            let place = format!("{id}: {holder} on {}", &item.text[item.target]);
            group
                .examples
                .push(Example::new(&place, &item.text, whole, item.target));
        }
    }
    let mut errors: Vec<ErrorGroup> = groups.into_values().collect();
    errors.sort_by_key(|g| std::cmp::Reverse(g.count));

    let mut tables = vec![
        class_table(&classes, &sum, micro, mean),
        report::interval_table(
            "sentence",
            &[
                ("micro F1", micro.f1, micro_f1),
                ("macro F1", mean.f1, macro_f1),
            ],
            shared,
        ),
        confusion_table(&classes, &confusion),
    ];
    let mut settings = shared.settings();
    settings.insert("format".to_owned(), json!(format.name()));
    settings.insert("model".to_owned(), json!(model));
    let per_class: Map<String, Value> = classes
        .iter()
        .zip(&sum)
        .map(|(class, &counts)| ((*class).to_owned(), report::scored(counts)))
        .collect();
    let mut json = Map::new();
    for (name, value) in [
        ("task", json!("stance")),
        ("micro", json!(micro)),
        ("macro", json!(mean)),
        ("per_class", Value::Object(per_class)),
        ("support", json!(items.len())),
        (
            "interval",
            json!({
                "of": "micro f1", "low": micro_f1.low, "high": micro_f1.high,
                "level": shared.resampling().level, "unit": "sentence", "units": units.len(),
                "f1": micro_f1, "macro_f1": macro_f1,
            }),
        ),
        (
            "confusion",
            json!({"classes": classes, "gold_by_predicted": confusion}),
        ),
        ("calibration", json!(calibration)),
        ("scored", json!({"files": files, "pairs": items.len()})),
        ("settings", Value::Object(settings)),
    ] {
        json.insert(name.to_owned(), value);
    }
    if let Some(path) = &shared.against {
        let other = answers_of(path, &ids, &classes)?;
        let pairs = answers.iter().zip(&other);
        let same = report::Same {
            unit: "pair",
            count: pairs.filter(|(a, b)| a.0 == b.0).count(),
            all: answers.len(),
        };
        let other = units_of(&other);
        let [micro, mean] = paired(&units, &other, shared.resampling(), both);
        let scores = [("micro F1", micro), ("macro F1", mean)];
        let (table, value) = report::against(path, "sentence", shared, &scores, Some(same));
        tables.insert(1, table);
        json.insert("against".to_owned(), value);
    }
    if let Some(c) = &calibration {
        tables.extend(report::calibration(c));
    }
    let by = match (&model, &shared.predictions) {
        (Some(name), _) => format!("model {name}"),
        (None, path) => path
            .as_ref()
            .map_or_else(String::new, |p| p.display().to_string()),
    };
    let report = Report {
        title: format!(
            "Stances: micro F1 {}, macro F1 {}",
            figure(micro.f1),
            figure(mean.f1)
        ),
        facts: vec![
            ("predictions".to_owned(), by),
            (
                "gold".to_owned(),
                format!(
                    "{} in {}",
                    count(items.len() as u64, "pair"),
                    count(files as u64, "file")
                ),
            ),
        ],
        tables,
        errors,
        json,
    };
    report.write(shared)?;
    Ok(Status::Done)
}

fn read_gold(paths: &[PathBuf], format: Format) -> anyhow::Result<(usize, Vec<Item>)> {
    let extensions: &[&str] = match format {
        Format::Dse => &["txt"],
        Format::Newsmtsc | Format::Jsonl => &["jsonl"],
    };
    let files = gold::files(paths, extensions)?;
    let mut items = Vec::new();
    let place = |polarity: Polarity| POLARITIES.iter().position(|p| *p == polarity);
    for path in &files {
        let text = gold::open(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match format {
            Format::Dse => items.extend(gold::read_dse(path, &text)?.into_iter().map(|d| Item {
                id: format!("{name}:{}", d.line),
                path: path.clone(),
                text: d.text,
                holder: Some(d.p),
                target: d.q,
                class: d.label as usize,
            })),
            Format::Newsmtsc => {
                for t in gold::read_newsmtsc(path, &text)? {
                    items.push(Item {
                        class: place(t.polarity).context("a polarity")?,
                        id: t.id,
                        path: path.clone(),
                        text: t.text,
                        holder: None,
                        target: t.target,
                    });
                }
            }
            Format::Jsonl => {
                for record in gold::read_records(path, &text)? {
                    let text = record.text()?.to_owned();
                    let stance = record.stance(&text)?;
                    items.push(Item {
                        id: record.id(),
                        path: path.clone(),
                        text,
                        holder: stance.holder,
                        target: stance.target,
                        class: place(stance.polarity).context("a polarity")?,
                    });
                }
            }
        }
    }
    Ok((files.len(), items))
}

/// Answers from a file of records, in the items' order.
fn answers_of(path: &Path, ids: &[String], classes: &[&str]) -> anyhow::Result<Vec<Answer>> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let records = records_for(path, &ids)?;
    records
        .iter()
        .map(|record| {
            let (label, score) = record.label()?;
            match classes.iter().position(|class| *class == label) {
                Some(class) => Ok((class, score)),
                None => {
                    let expected = format!("one of {}", classes.join(", "));
                    Err(record
                        .error(format!("the label `{label}`"), expected)
                        .into())
                }
            }
        })
        .collect()
}

/// Runs the model.
fn ask(args: &Args, items: &[Item]) -> anyhow::Result<(Vec<Answer>, String)> {
    let opened = super::models::stance(args.model.as_deref(), &args.models)?;
    let (stances, name) = (&opened.model, opened.name.clone());
    let answers = args.shared.each(
        items,
        standpoint_encoder::Scratch::default,
        |scratch, item| {
            let passage = Passage {
                text: &item.text,
                holder: item.holder,
                target: item.target,
            };
            let answer = stances.ask(&[passage], scratch).into_iter().next()?;
            if args.format == Format::Dse {
                let mut best = 0;
                for (class, p) in answer.joint.iter().enumerate() {
                    if *p > answer.joint[best] {
                        best = class;
                    }
                }
                return Some((best, Some(answer.joint[best])));
            }
            let (polarity, score) = answer.forward.best();
            let class = POLARITIES.iter().position(|p| *p == polarity)?;
            Some((class, Some(score)))
        },
    )?;
    match answers.into_iter().collect() {
        Some(answers) => Ok((answers, name)),
        None => bail!("{name}: gave no answer for a pair"),
    }
}

fn class_table(classes: &[&str], sum: &[Counts], micro: Scores, mean: Scores) -> Table {
    let all: Counts = sum.iter().sum();
    let row = |name: &str, scores: Scores, counts: Counts| {
        let mut row = vec![name.to_owned()];
        row.extend(cells(scores));
        row.extend([counts.gold.to_string(), counts.predicted.to_string()]);
        row
    };
    let mut rows: Vec<_> = classes
        .iter()
        .zip(sum)
        .map(|(class, &counts)| row(class, counts.scores(), counts))
        .collect();
    rows.push(row("micro", micro, all));
    rows.push(row("macro", mean, all));
    Table {
        title: "Classes".to_owned(),
        note: "Each pair has one class in the gold and one answer, so micro-F1 is accuracy."
            .to_owned(),
        header: ["", "precision", "recall", "F1", "gold", "predicted"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    }
}

fn confusion_table(classes: &[&str], confusion: &[Vec<u64>]) -> Table {
    let mut header = vec!["gold \\ predicted".to_owned()];
    header.extend(classes.iter().map(|c| (*c).to_owned()));
    let cell = |n: &u64| {
        if *n == 0 {
            "·".to_owned()
        } else {
            n.to_string()
        }
    };
    Table {
        title: "Confusion".to_owned(),
        note: String::new(),
        header,
        rows: classes
            .iter()
            .zip(confusion)
            .map(|(class, row)| {
                let mut cells = vec![(*class).to_owned()];
                cells.extend(row.iter().map(cell));
                cells
            })
            .collect(),
    }
}
