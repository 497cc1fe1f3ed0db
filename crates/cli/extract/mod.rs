//! `standpoint extract`: a few documents, analysed and shown.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use rayon::prelude::*;
use standpoint_core::{Analysis, OffsetUnit};
use standpoint_corpus::{Entry, Failure, InputFormat, Inputs, Provenance, ReadOptions, Record};
use standpoint_pipeline::{Scratch, Stage};

use crate::Status;
use crate::open::{self, ModelArgs, Opened};
use crate::stages::StageSet;

mod people;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Files, folders (their .txt, .jsonl, … files, all levels) or `-` for standard input.
    #[arg(value_name = "INPUT", default_value = "-")]
    inputs: Vec<String>,
    /// What to print: `text` for people, `json` one indented record a document, `jsonl` one line
    /// a document.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// What the inputs hold, whatever their names end in.
    #[arg(long, value_enum)]
    input_format: Option<Input>,
    /// Which stages: any of sentences, words, entities, quotes, stances, with commas; each brings
    /// those it needs.
    #[arg(long, value_name = "LIST", default_value_t)]
    stages: StageSet,
    /// What offsets in records count.
    #[arg(long, value_enum, default_value_t = Unit::Chars)]
    offsets: Unit,
    /// Documents analysed at a time [default: the number of cores].
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Say on standard error how long opening and each stage took.
    #[arg(long)]
    timings: bool,
    #[command(flatten)]
    models: ModelArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Jsonl,
}

#[derive(Clone, Copy, ValueEnum)]
enum Input {
    Text,
    Jsonl,
    Csv,
    Tsv,
    Html,
}

impl From<Input> for InputFormat {
    fn from(input: Input) -> Self {
        match input {
            Input::Text => Self::Text,
            Input::Jsonl => Self::Jsonl,
            Input::Csv => Self::Csv,
            Input::Tsv => Self::Tsv,
            Input::Html => Self::Html,
        }
    }
}

/// [`OffsetUnit`] as an argument.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Unit {
    Chars,
    Bytes,
    Utf16,
}

impl From<Unit> for OffsetUnit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Chars => Self::Chars,
            Unit::Bytes => Self::Bytes,
            Unit::Utf16 => Self::Utf16,
        }
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<Status> {
    if args.inputs == ["-"] && io::stdin().is_terminal() {
        bail!("no input: name a file, or give a text on standard input");
    }
    let read = ReadOptions {
        format: args.input_format.map(InputFormat::from),
        ..ReadOptions::default()
    };
    let inputs = Inputs::list(&args.inputs, &read)?;
    let started = Instant::now();
    let opened = open::open(&args.models, &args.stages)?;
    let opening = started.elapsed();
    let pool = open::threads(args.threads)?;
    let mut run = Run {
        provenance: opened.provenance(&args.stages),
        opened,
        at_once: pool.current_num_threads() * 4,
        args,
        waiting: Vec::new(),
        shown: 0,
        failed: 0,
        times: BTreeMap::new(),
    };
    let mut result = Ok(());
    inputs.read(&read, &mut io::stdin(), &Default::default(), &mut |item| {
        result = run.take(item, &pool);
        if result.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    result?;
    run.flush(&pool)?;
    if run.args.timings {
        run.report_times(opening)?;
    }
    Ok(match (run.shown, run.failed) {
        (_, 0) => Status::Done,
        (0, _) => Status::NothingDone,
        _ => Status::SomeFailed,
    })
}

/// Documents come in, wait until there are enough for all threads, and are shown in order.
struct Run {
    args: Args,
    opened: Opened,
    provenance: Provenance,
    at_once: usize,
    waiting: Vec<Result<Entry, Failure>>,
    shown: usize,
    failed: usize,
    times: BTreeMap<Stage, Duration>,
}

impl Run {
    fn take(
        &mut self,
        item: Result<Entry, Failure>,
        pool: &rayon::ThreadPool,
    ) -> anyhow::Result<()> {
        self.waiting.push(item);
        if self.waiting.len() >= self.at_once {
            self.flush(pool)
        } else {
            Ok(())
        }
    }

    /// Analyses and shows what waits.
    fn flush(&mut self, pool: &rayon::ThreadPool) -> anyhow::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let stages = &self.opened.stages;
        let done: Vec<_> = pool.install(|| {
            waiting
                .into_par_iter()
                .map_init(Scratch::default, |scratch, item| {
                    let entry = item?;
                    let mut times = Vec::new();
                    let mut last = Instant::now();
                    let analysis = stages.analyze_watched(&entry.document, scratch, &mut |stage| {
                        let now = Instant::now();
                        times.push((stage, now - last));
                        last = now;
                    });
                    Ok((entry, analysis, times))
                })
                .collect()
        });
        let mut out = anstream::stdout().lock();
        for item in done {
            match item {
                Ok((entry, analysis, times)) => {
                    self.show(&mut out, &entry, &analysis)?;
                    self.shown += 1;
                    for (stage, time) in times {
                        *self.times.entry(stage).or_default() += time;
                    }
                }
                Err(failure) => {
                    let failure: Failure = failure;
                    self.failed += 1;
                    writeln!(anstream::stderr(), "error: {failure}")?;
                }
            }
        }
        out.flush().context("standard output")
    }

    fn show(&self, out: &mut impl Write, entry: &Entry, analysis: &Analysis) -> anyhow::Result<()> {
        let doc = &entry.document;
        if matches!(self.args.format, Format::Text) {
            if self.shown > 0 {
                writeln!(out)?;
            }
            people::write(out, doc, analysis, &self.args.stages, open::width())?;
            return Ok(());
        }
        let mut record = Record::new(doc, analysis, self.args.offsets.into(), &self.provenance);
        if self.args.stages.names_words() {
            record = record.with_words(doc, analysis);
        }
        if entry.extracted {
            record = record.with_text(doc);
        }
        match self.args.format {
            Format::Json => serde_json::to_writer_pretty(&mut *out, &record)?,
            _ => serde_json::to_writer(&mut *out, &record)?,
        }
        writeln!(out)?;
        Ok(())
    }

    fn report_times(&self, opening: Duration) -> io::Result<()> {
        let mut err = anstream::stderr().lock();
        let documents = self.shown;
        writeln!(err, "{:<10} {:>8.3} s", "open", opening.as_secs_f64())?;
        for (stage, time) in &self.times {
            writeln!(err, "{:<10} {:>8.3} s", stage.name(), time.as_secs_f64())?;
        }
        let total: Duration = self.times.values().sum();
        writeln!(
            err,
            "{:<10} {:>8.3} s, {documents} documents",
            "stages",
            total.as_secs_f64()
        )
    }
}
