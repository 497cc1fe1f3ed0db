//! What a worker does with a document: analyse it and render what is written.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Result;
use standpoint_core::{Analysis, Document};
use standpoint_corpus::{Duplicate, Entry, Failure, Provenance, Record, brat, conll, page};

use super::Args;
use super::store::{Counts, Done, Format, Written};

/// A document to analyse, or one that could not be read.
pub(super) struct Job {
    pub(super) item: Result<Entry, Failure>,
    pub(super) duplicate: Option<Duplicate>,
    /// A hash of what was read.
    pub(super) input: u64,
    /// How far into the input it stands.
    pub(super) bytes: u64,
}

/// A result, with how far into the input its document stands.
pub(super) struct Finished {
    pub(super) done: Done,
    pub(super) bytes: u64,
}

/// What all workers share. `S` is the memory that each has for itself.
pub(super) struct Worker<'a, S> {
    args: &'a Args,
    provenance: &'a Provenance,
    analyze: &'a (dyn Fn(&Document, &mut S) -> Analysis + Sync),
}

impl<'a, S: Default> Worker<'a, S> {
    pub(super) fn new(
        args: &'a Args,
        provenance: &'a Provenance,
        analyze: &'a (dyn Fn(&Document, &mut S) -> Analysis + Sync),
    ) -> Self {
        Self {
            args,
            provenance,
            analyze,
        }
    }

    /// The results of some jobs, in order.
    pub(super) fn work(&self, scratch: &mut S, jobs: Vec<Job>) -> Vec<Finished> {
        jobs.into_iter().map(|job| self.one(scratch, job)).collect()
    }

    fn one(&self, scratch: &mut S, job: Job) -> Finished {
        let mut counts = Counts::default();
        let outcome = job.item.and_then(|entry| {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let analysis = (self.analyze)(&entry.document, scratch);
                self.render(&entry, job.duplicate, &analysis)
            }));
            let reason = match result {
                Ok(Ok((written, found))) => {
                    counts = found;
                    return Ok(written);
                }
                Ok(Err(err)) => err.to_string(),
                Err(panic) => {
                    // What the panic left behind is not to be used again.
                    *scratch = S::default();
                    format!("a defect of the program: {}", message(&*panic))
                }
            };
            Err(Failure::at(entry.place, reason).of(entry.document.id()))
        });
        counts.failed = u64::from(outcome.is_err());
        Finished {
            done: Done {
                input: job.input,
                counts,
                outcome,
            },
            bytes: job.bytes,
        }
    }

    fn render(
        &self,
        entry: &Entry,
        duplicate: Option<Duplicate>,
        analysis: &Analysis,
    ) -> Result<(Written, Counts)> {
        let document = &entry.document;
        let counts = Counts {
            documents: 1,
            failed: 0,
            duplicates: u64::from(duplicate.is_some()),
            sentences: analysis.sentences.len() as u64,
            words: analysis.tokens.len() as u64,
            entities: analysis.entities.len() as u64,
            quotes: analysis.quotes.len() as u64,
            stances: analysis.stances.len() as u64,
        };
        let mut written = Written {
            id: document.id().to_owned(),
            ..Written::default()
        };
        let wants = |format| self.args.format.contains(&format);
        if wants(Format::Jsonl) || wants(Format::Parquet) {
            written.record = serde_json::to_string(&self.record(entry, duplicate, analysis))?;
        }
        if wants(Format::Conll) {
            written.conll = conll(document, analysis);
        }
        if wants(Format::Brat) {
            written.brat = Some((document.text().to_owned(), brat(document, analysis)));
        }
        if wants(Format::Html) {
            written.html = page(document, analysis);
        }
        Ok((written, counts))
    }

    fn record(&self, entry: &Entry, duplicate: Option<Duplicate>, analysis: &Analysis) -> Record {
        let document = &entry.document;
        let mut record = Record::new(
            document,
            analysis,
            self.args.offsets.into(),
            self.provenance,
        );
        record.duplicate = duplicate;
        if self.args.stages.names_words() {
            record = record.with_words(document, analysis);
        }
        if self.args.keep_text || entry.extracted {
            record = record.with_text(document);
        }
        record
    }
}

/// The name that worker threads begin with.
pub(super) const NAME: &str = "worker";

/// A panic of a worker becomes a failure with its message; it is not printed as well.
pub(super) fn keep_panics_quiet() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        if !thread.name().is_some_and(|name| name.starts_with(NAME)) {
            usual(panic);
        }
    }));
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it panicked")
}
