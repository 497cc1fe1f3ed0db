//! What a worker does with a document: analyse it and render what is written.

use std::panic::{AssertUnwindSafe, catch_unwind};

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

/// Analyses documents together, giving for each what it would get alone.
pub(super) type Analyze<'a, S> = &'a (dyn Fn(&[&Document], &mut S) -> Vec<Analysis> + Sync + 'a);

/// What all workers share. `S` is the memory that each has for itself.
pub(super) struct Worker<'a, S> {
    args: &'a Args,
    provenance: &'a Provenance,
    analyze: Analyze<'a, S>,
}

impl<'a, S: Default> Worker<'a, S> {
    pub(super) fn new(args: &'a Args, provenance: &'a Provenance, analyze: Analyze<'a, S>) -> Self {
        Self {
            args,
            provenance,
            analyze,
        }
    }

    /// The results of some jobs, in order.
    pub(super) fn work(&self, scratch: &mut S, jobs: Vec<Job>) -> Vec<Finished> {
        let documents: Vec<&Document> = jobs
            .iter()
            .filter_map(|job| Some(&job.item.as_ref().ok()?.document))
            .collect();
        // When one of several makes the analysis panic, each is taken alone to find which.
        let mut together = match documents.len() {
            0 | 1 => Vec::new(),
            _ => self.analyze(scratch, &documents).unwrap_or_default(),
        }
        .into_iter();
        jobs.into_iter()
            .map(|job| {
                let mut counts = Counts::default();
                let outcome = job.item.and_then(|entry| {
                    let analysis = match together.next() {
                        Some(analysis) => Ok(analysis),
                        None => self.alone(scratch, &entry.document),
                    };
                    let rendered = analysis
                        .and_then(|found| caught(|| self.render(&entry, job.duplicate, &found)));
                    let (written, found) = match rendered {
                        Ok(Ok(rendered)) => rendered,
                        Ok(Err(err)) => return Err(failure(entry, err.to_string())),
                        Err(defect) => return Err(failure(entry, defect)),
                    };
                    counts = found;
                    Ok(written)
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
            })
            .collect()
    }

    fn alone(&self, scratch: &mut S, document: &Document) -> Result<Analysis, String> {
        let analyses = self.analyze(scratch, &[document])?;
        Ok(analyses.into_iter().next().unwrap_or_default())
    }

    fn analyze(&self, scratch: &mut S, documents: &[&Document]) -> Result<Vec<Analysis>, String> {
        let result = caught(|| (self.analyze)(documents, scratch));
        if result.is_err() {
            // What the panic left behind is not to be used again.
            *scratch = S::default();
        }
        result
    }

    fn render(
        &self,
        entry: &Entry,
        duplicate: Option<Duplicate>,
        analysis: &Analysis,
    ) -> serde_json::Result<(Written, Counts)> {
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

/// What `work` gives, or a panic of it in words.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|panic| format!("a defect of the program: {}", message(&*panic)))
}

fn failure(entry: Entry, reason: String) -> Failure {
    Failure::at(entry.place, reason).of(entry.document.id())
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it panicked")
}
