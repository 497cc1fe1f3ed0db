//! `standpoint batch`: a corpus into a folder of files.
//!
//! A reader puts documents into a bounded pipeline ([`engine`]), workers analyse them and render
//! what is written ([`worker`]), a writer puts it into parts with a journal ([`store`]). With
//! `--out -` the same pipeline writes a line for each document to standard output instead.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use standpoint_core::{Document, OffsetUnit};
use standpoint_corpus::{Dedupe, Entry, Failure, InputFormat, Inputs, Provenance, ReadOptions};
use xxhash_rust::xxh3::xxh3_64;

use crate::Status;
use crate::extract::Unit;
use crate::open::{self, ModelArgs};
use crate::stages::StageSet;

use engine::Entrance;
use progress::{Progress, Show};
use stdin::Stdin;
use store::{Before, Counts, Existing, Format, Opened, Store, hash_of};
use worker::{Analyze, Job, Worker};

mod engine;
mod lines;
mod progress;
mod stdin;
mod store;
#[cfg(test)]
mod tests;
mod worker;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Files, folders (read through all their folders, in order of name), globs, or `-` for
    /// standard input; .txt, .jsonl, .csv, .tsv, .parquet, .tar, .html and Reuters' .sgm, each
    /// also with .gz or .zst
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
    /// The folder to write; `-` writes one line of JSON for each document to standard output, in
    /// order, failures included
    #[arg(short, long, value_name = "DIR")]
    out: String,
    /// What to write, one or several
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        value_delimiter = ',',
        default_value = "jsonl"
    )]
    format: Vec<Format>,
    /// Worker threads [default: one for each core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Go on with a run that was stopped or killed; without one, begin
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Replace the output of an earlier run
    #[arg(long)]
    force: bool,
    /// Only the I-th of N shares of the documents, so that N machines do the whole; the share is
    /// chosen by a hash of a document's id
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Only the first N documents of the input
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Mark exact and near copies of earlier documents
    #[arg(long)]
    dedupe: bool,
    /// Documents in each part of the output
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    part_docs: u64,
    /// Which stages to run; a stage brings those it needs. The words themselves are written
    /// where `words` is named
    #[arg(long, value_name = "LIST", default_value_t)]
    stages: StageSet,
    /// What offsets count
    #[arg(long, value_name = "UNIT", value_enum, default_value_t = Unit::Chars)]
    offsets: Unit,
    /// Write the text of each document too (always done where it comes out of markup)
    #[arg(long)]
    keep_text: bool,
    /// How to show progress on standard error
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    progress: Show,
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    models: ModelArgs,
}

/// How inputs are read.
#[derive(clap::Args)]
#[command(next_help_heading = "Reading")]
struct ReadArgs {
    /// What the files named and standard input hold, whatever their names say: text, jsonl, csv,
    /// tsv, parquet, tar, html, reuters [default: by name; standard input is jsonl]
    #[arg(long, value_name = "FORMAT")]
    input_format: Option<InputFormat>,
    /// The field or column of a document's id
    #[arg(long, value_name = "NAME", default_value = "id")]
    id_field: String,
    /// The field or column of its text
    #[arg(long, value_name = "NAME", default_value = "text")]
    text_field: String,
    /// A field or column to keep in the record, such as date, outlet or url; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    meta_field: Vec<String>,
    /// Larger documents are listed as failed; a thread may need 225 times as much memory
    #[arg(long, value_name = "N", default_value_t = 16 << 20)]
    max_bytes: u64,
}

/// One of several shares of a corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shard {
    /// Counted from 1.
    number: u64,
    of: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once('/').and_then(|(number, of)| {
            Some(Self {
                number: number.parse().ok()?,
                of: of.parse().ok()?,
            })
        });
        match parsed {
            Some(shard) if (1..=shard.of).contains(&shard.number) => Ok(shard),
            _ => Err("a share is I/N, from 1/N to N/N".to_owned()),
        }
    }
}

impl Shard {
    fn has(self, key: &str) -> bool {
        xxh3_64(key.as_bytes()) % self.of == self.number - 1
    }
}

pub(crate) fn run(mut args: Args) -> Result<Status> {
    args.format.sort_unstable();
    args.format.dedup();
    let options = ReadOptions {
        format: args.read.input_format,
        stdin: InputFormat::Jsonl,
        id_field: args.read.id_field.clone(),
        text_field: args.read.text_field.clone(),
        meta_fields: args.read.meta_field.clone(),
        max_bytes: args.read.max_bytes,
        every_line: args.out == "-",
    };
    let inputs = Inputs::list(&args.inputs, &options)?;
    if let Some(missing) = inputs.failures().find(|f| named(&args.inputs, &f.place)) {
        bail!("{missing}");
    }
    let opened = open::open(&args.models, &args.stages)?;
    let provenance = opened.provenance(&args.stages);
    let analyze =
        |documents: &[&Document], scratch: &mut _| opened.stages.analyze_many(documents, scratch);
    let stop = stop_on_signals()?;
    worker::keep_panics_quiet();
    run_with(&args, &inputs, &options, &provenance, &analyze, &stop)
}

/// Runs with any analysis.
fn run_with<S: Default>(
    args: &Args,
    inputs: &Inputs,
    options: &ReadOptions,
    provenance: &Provenance,
    analyze: Analyze<'_, S>,
    stop: &AtomicBool,
) -> Result<Status> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads.map_or(0, NonZeroUsize::get))
        .thread_name(|n| format!("{} {n}", worker::NAME))
        .build()
        .context("the worker threads cannot be started")?;
    let worker = Worker::new(args, provenance, analyze);
    let feed = Feed {
        args,
        inputs,
        options,
        stop,
    };
    if args.out == "-" {
        ensure!(
            args.format == [Format::Jsonl],
            "--out - writes lines of JSON and no other format; name a folder for those"
        );
        return lines::run(&pool, &feed, &worker);
    }

    apart(args)?;
    let header = header(args, options, inputs, provenance);
    let existing = match (args.resume, args.force) {
        (true, _) => Existing::Resume,
        (_, true) => Existing::Replace,
        _ => Existing::Refuse,
    };
    let out = Path::new(&args.out);
    let (store, before) = match Store::open(out, header, &args.format, args.part_docs, existing)? {
        Opened::Open(store, before) => (store, before),
        Opened::Complete(counts) => {
            Progress::new(Show::None, None, counts).say("complete already", &args.out);
            return Ok(status(counts));
        }
    };
    let progress = Progress::new(args.progress, inputs.bytes(), store.totals());
    write(&pool, &feed, &worker, store, before, progress)
}

/// Runs the pipeline into a folder.
fn write<S: Default>(
    pool: &rayon::ThreadPool,
    feed: &Feed<'_>,
    worker: &Worker<'_, S>,
    store: Store,
    before: Before,
    progress: Progress,
) -> Result<Status> {
    let mut sink = store::Filling { store, progress };
    let out = &feed.args.out;
    let result = engine::run(
        pool,
        feed.stop,
        |entrance| feed.run(before, entrance),
        |scratch, jobs| worker.work(scratch, jobs),
        &mut sink,
    );
    let store::Filling {
        mut store,
        progress,
    } = sink;
    if result.is_err() {
        // What is done is kept as far as the disk allows; the error that ended the run is told.
        let _ = store.pause();
        progress.clear();
        result?;
    }
    if feed.stop.load(Ordering::Relaxed) {
        store.pause()?;
        progress.say("stopped", out);
        progress.note(&format!("go on with: {}", again()));
        return Ok(Status::SomeFailed);
    }
    let counts = store.finish()?;
    progress.say("done", out);
    Ok(status(counts))
}

fn status(counts: Counts) -> Status {
    match (counts.documents, counts.failed) {
        (_, 0) => Status::Done,
        (0, _) => Status::NothingDone,
        _ => Status::SomeFailed,
    }
}

/// Whether a place is an input by itself, and not something found in one.
fn named(inputs: &[String], place: &str) -> bool {
    inputs
        .iter()
        .any(|i| i.strip_prefix("./").unwrap_or(i) == place)
}

/// Refuses an output folder inside an input folder: its files would become input.
fn apart(args: &Args) -> Result<()> {
    let out = std::path::absolute(&args.out)?;
    for input in args.inputs.iter().filter(|i| Path::new(i).is_dir()) {
        ensure!(
            !out.starts_with(std::path::absolute(input)?),
            "{}: the output folder lies inside the input folder {input}",
            args.out
        );
    }
    Ok(())
}

/// All that decides what is written, so that a run which goes on writes what it would have.
fn header(args: &Args, options: &ReadOptions, inputs: &Inputs, provenance: &Provenance) -> Value {
    json!({
        "program": "standpoint",
        "provenance": provenance,
        "inputs": args.inputs,
        "input_files": inputs.files(),
        "input_bytes": inputs.bytes(),
        "reading": options,
        "limit": args.limit,
        "shard": args.shard.map(|s| format!("{}/{}", s.number, s.of)),
        "dedupe": args.dedupe,
        "formats": args.format,
        "part_docs": args.part_docs,
        "offsets": OffsetUnit::from(args.offsets),
        "keep_text": args.keep_text,
    })
}

/// Becomes true at SIGINT or SIGTERM; a second one ends the program at once.
fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_default(signal, Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// The command that goes on with this run.
fn again() -> String {
    let mut words: Vec<String> = std::env::args()
        .filter(|word| word != "--force")
        .map(|word| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+@%".contains(c);
            match !word.is_empty() && word.chars().all(plain) {
                true => word,
                false => format!("'{}'", word.replace('\'', r"'\''")),
            }
        })
        .collect();
    if !words.iter().any(|word| word == "--resume") {
        words.push("--resume".to_owned());
    }
    words.join(" ")
}

/// The reader's side of the pipeline.
struct Feed<'a> {
    args: &'a Args,
    inputs: &'a Inputs,
    options: &'a ReadOptions,
    stop: &'a AtomicBool,
}

impl Feed<'_> {
    /// Reads the input, passes over what was done `before`, and puts the rest in.
    fn run(&self, before: Before, entrance: Entrance<'_, Job>) -> Result<()> {
        let bytes = AtomicU64::new(0);
        let mut skip = Skip::new(before);
        let mut dedupe = self.args.dedupe.then(Dedupe::default);
        let mut read = 0;
        let mut differs = None;
        let mut stopped = false;
        let mut take = |item: Result<Entry, Failure>| {
            if self.stop.load(Ordering::Relaxed) {
                return ControlFlow::Break(());
            }
            // Copies are looked for before the shares are split, so that N shares find what the
            // whole does.
            let duplicate = match (&item, &mut dedupe) {
                (Ok(entry), Some(dedupe)) => {
                    dedupe.check(entry.document.id(), entry.document.text())
                }
                _ => None,
            };
            let (key, place, size) = match &item {
                Ok(entry) => {
                    let document = &entry.document;
                    (document.id(), &entry.place, document.text().len())
                }
                Err(failure) => {
                    let id = failure.id.as_deref();
                    (id.unwrap_or(&failure.place), &failure.place, 0)
                }
            };
            if self.args.shard.is_some_and(|shard| !shard.has(key)) {
                return ControlFlow::Continue(());
            }
            let input = digest(&item);
            match skip.pass(input) {
                Skipped::New => {}
                Skipped::Passed => return ControlFlow::Continue(()),
                Skipped::Differs => {
                    differs = Some(place.clone());
                    return ControlFlow::Break(());
                }
            }
            let job = Job {
                item,
                duplicate,
                input,
                bytes: bytes.load(Ordering::Relaxed),
            };
            entrance.put(job, size)
        };
        let limit = self.args.limit.unwrap_or(u64::MAX);
        if limit > 0 {
            let mut stdin = Stdin::new(self.stop);
            (self.inputs).read(self.options, &mut stdin, &bytes, &mut |item| {
                read += 1;
                let flow = take(item);
                stopped = flow.is_break();
                match read >= limit {
                    true => ControlFlow::Break(()),
                    false => flow,
                }
            })?;
        }
        if let Some(place) = differs {
            bail!(
                "{place}: the input is not what it was when the run began (it differs here or \
                 shortly before); --force starts anew"
            );
        }
        ensure!(
            stopped || skip.is_done(),
            "the input is not what it was when the run began: it ends before the place where the \
             run was stopped; --force starts anew"
        );
        Ok(())
    }
}

/// A hash of an item, by which a resumed run knows that it reads the same.
fn digest(item: &Result<Entry, Failure>) -> u64 {
    let hash = |text: &str| xxh3_64(text.as_bytes());
    match item {
        Ok(entry) => {
            let document = &entry.document;
            let mut hashes = vec![
                hash(document.id()),
                hash(document.text()),
                hash(&entry.place),
            ];
            for (name, value) in document.meta() {
                hashes.extend([hash(name), hash(value)]);
            }
            hash_of(&hashes)
        }
        Err(failure) => hash_of(&[
            hash(failure.id.as_deref().unwrap_or_default()),
            hash(&failure.place),
            hash(&failure.reason),
        ]),
    }
}

/// Passes over what an earlier run did, checking that it is what is read now.
struct Skip {
    parts: std::vec::IntoIter<(u64, u64)>,
    /// The part that is being passed over: its items, the hash of their hashes.
    part: Option<(u64, u64)>,
    seen: Vec<u64>,
    open: std::vec::IntoIter<u64>,
}

#[derive(Debug, PartialEq, Eq)]
enum Skipped {
    New,
    Passed,
    Differs,
}

impl Skip {
    fn new(before: Before) -> Self {
        let mut parts = before.parts.into_iter();
        Self {
            part: parts.next(),
            parts,
            seen: Vec::new(),
            open: before.open.into_iter(),
        }
    }

    fn pass(&mut self, input: u64) -> Skipped {
        if let Some((items, hash)) = self.part {
            self.seen.push(input);
            if self.seen.len() as u64 == items {
                if hash_of(&self.seen) != hash {
                    return Skipped::Differs;
                }
                self.seen.clear();
                self.part = self.parts.next();
            }
            return Skipped::Passed;
        }
        match self.open.next() {
            Some(was) if was != input => Skipped::Differs,
            Some(_) => Skipped::Passed,
            None => Skipped::New,
        }
    }

    fn is_done(&self) -> bool {
        self.part.is_none() && self.open.len() == 0
    }
}
