//! `standpoint eval`: accuracy against gold data.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rayon::prelude::*;
use standpoint_corpus::gold::{self, GoldRecord};
use standpoint_eval::{Counts, Resampling};

use crate::Status;

mod models;
mod ner;
mod page;
mod quotes;
mod report;
mod segments;
mod stance;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Subcommand)]
enum Task {
    /// Names: strict, boundary, partial and kind-only F1, errors, calibration.
    Ner(ner::Args),
    /// Sentence boundaries.
    Sentences(segments::SentenceArgs),
    /// Words, as the CoNLL shared task compares them.
    Words(segments::WordArgs),
    /// Quotations: source, cue and content, and which belong together.
    Quotes(quotes::Args),
    /// Stances: who is for or against whom.
    Stance(stance::Args),
}

pub(crate) fn run(args: Args) -> anyhow::Result<Status> {
    match args.task {
        Task::Ner(args) => ner::run(&args),
        Task::Sentences(args) => segments::run_sentences(&args),
        Task::Words(args) => segments::run_words(&args),
        Task::Quotes(args) => quotes::run(&args),
        Task::Stance(args) => stance::run(&args),
    }
}

/// What every measurement takes.
#[derive(clap::Args)]
struct Shared {
    /// Gold files, or folders of them.
    #[arg(long, value_name = "PATH", num_args = 1.., required = true)]
    gold: Vec<PathBuf>,
    /// Score this file of predictions, made by anything, instead of running the program.
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
    /// Compare with another run's predictions, by a paired test.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Write what was predicted, as JSON lines that --predictions and --against read.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    json: bool,
    /// Write the report as one web page.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write over files that are there.
    #[arg(long)]
    force: bool,
    /// How many groups of errors to print.
    #[arg(long, value_name = "N", default_value_t = 20)]
    errors: usize,
    /// Resamples for intervals and tests.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    resamples: u32,
    /// Where their random numbers start.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads [default: one for each core]; results are the same for any number.
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
}

impl Shared {
    fn resampling(&self) -> Resampling {
        Resampling {
            resamples: self.resamples,
            seed: self.seed,
            ..Resampling::default()
        }
    }

    /// Fails early if a file to write is there already.
    fn check_outputs(&self) -> anyhow::Result<()> {
        for path in [&self.html, &self.save].into_iter().flatten() {
            if !self.force && path.exists() {
                bail!(
                    "{} is there already; --force writes over it",
                    path.display()
                );
            }
        }
        Ok(())
    }

    /// The settings that every measurement reports.
    fn settings(&self) -> serde_json::Map<String, serde_json::Value> {
        let paths = |paths: &[PathBuf]| -> Vec<String> {
            paths.iter().map(|p| p.display().to_string()).collect()
        };
        let serde_json::Value::Object(settings) = serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "gold": paths(&self.gold),
            "predictions": self.predictions.as_ref().map(|p| p.display().to_string()),
            "resamples": self.resamples,
            "seed": self.seed,
            "level": Resampling::default().level,
        }) else {
            unreachable!("an object is written above");
        };
        settings
    }

    /// Does `work` for each item, in parallel, results in the items' order; a bar on standard
    /// error if that is a terminal.
    fn each<T: Sync, S, R: Send>(
        &self,
        items: &[T],
        scratch: impl Fn() -> S + Sync + Send,
        work: impl Fn(&mut S, &T) -> R + Sync + Send,
    ) -> anyhow::Result<Vec<R>> {
        let pool = crate::open::threads(self.threads)?;
        let bar = indicatif::ProgressBar::new(items.len() as u64);
        if !io::stderr().is_terminal() {
            bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        let results = pool.install(|| {
            items
                .par_iter()
                .map_init(scratch, |scratch, item| {
                    let result = work(scratch, item);
                    bar.inc(1);
                    result
                })
                .collect()
        });
        bar.finish_and_clear();
        Ok(results)
    }
}

/// A file to write, which must not be there unless `force`.
fn create(path: &Path, force: bool) -> anyhow::Result<File> {
    let file = if force {
        File::create(path)
    } else {
        File::create_new(path)
    };
    file.map_err(|err| match err.kind() {
        io::ErrorKind::AlreadyExists => {
            anyhow::anyhow!(
                "{} is there already; --force writes over it",
                path.display()
            )
        }
        _ => anyhow::Error::new(err).context(path.display().to_string()),
    })
}

/// Says something on standard error.
fn note(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Predictions of a file of records for documents with these ids: one each, in the documents'
/// order.
fn records_for(path: &Path, ids: &[&str]) -> anyhow::Result<Vec<GoldRecord>> {
    let mut by_id: BTreeMap<String, GoldRecord> = gold::read_records(path, &gold::open(path)?)?
        .into_iter()
        .map(|record| (record.id(), record))
        .collect();
    let mut records = Vec::with_capacity(ids.len());
    for id in ids {
        records.push(by_id.remove(*id).with_context(|| {
            format!(
                "{}: no prediction for document `{id}`; one line for each is expected",
                path.display()
            )
        })?);
    }
    if let Some((id, record)) = by_id.first_key_value() {
        let found = format!("the document `{id}` ({} such in the file)", by_id.len());
        return Err(record.error(found, "documents that the gold has").into());
    }
    Ok(records)
}

/// Gives documents from several files with the same name different ids: their paths.
fn make_unique<'a>(ids: impl Iterator<Item = (&'a str, &'a Path)>) -> Vec<String> {
    let ids: Vec<_> = ids.collect();
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for (id, _) in &ids {
        *seen.entry(id).or_default() += 1;
    }
    ids.iter()
        .enumerate()
        .map(|(i, (id, path))| {
            if seen[id] == 1 {
                return (*id).to_owned();
            }
            let earlier = ids[..i].iter().filter(|other| *other == &ids[i]).count();
            let number = if earlier == 0 {
                String::new()
            } else {
                format!("#{}", earlier + 1)
            };
            format!("{}:{id}{number}", path.display())
        })
        .collect()
}

/// Counts by class, as a column of units needs them: `classes` counts each.
type Units = Vec<Vec<Counts>>;
