//! Progress and the summary, on standard error.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use serde_json::json;

use super::store::Counts;

/// How to show progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Show {
    /// A bar at a terminal, else only the summary
    #[default]
    Auto,
    /// A line of JSON each second
    Json,
    /// Only the summary at the end
    None,
}

pub(super) struct Progress {
    show: Show,
    bar: Option<ProgressBar>,
    total_bytes: Option<u64>,
    start: Instant,
    told: Instant,
    /// Found by this run.
    new: Counts,
    /// Found by all runs.
    all: Counts,
    /// Into the input: now, and where this run's first result stood.
    bytes: u64,
    first: Option<u64>,
}

impl Progress {
    /// `all` is what earlier runs found.
    pub(super) fn new(show: Show, total_bytes: Option<u64>, all: Counts) -> Self {
        let bar = (show == Show::Auto && io::stderr().is_terminal()).then(|| {
            let (bar, template) = match total_bytes {
                Some(total) => (ProgressBar::new(total), "{wide_bar} {percent:>3} %  {msg}"),
                None => (ProgressBar::new_spinner(), "{spinner} {msg}"),
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        let now = Instant::now();
        Self {
            show,
            bar,
            total_bytes,
            start: now,
            told: now,
            new: Counts::default(),
            all,
            bytes: 0,
            first: None,
        }
    }

    /// One more document, that stands `bytes` into the input.
    pub(super) fn add(&mut self, counts: Counts, bytes: u64) {
        self.new += counts;
        self.all += counts;
        self.bytes = bytes;
        self.first.get_or_insert(bytes);
        self.tick();
    }

    /// Shows how far it is, if that has not been shown for a while.
    pub(super) fn tick(&mut self) {
        let every = match self.bar {
            Some(_) => Duration::from_millis(250),
            None if self.show == Show::Json => Duration::from_secs(1),
            None => return,
        };
        if self.told.elapsed() < every {
            return;
        }
        self.told = Instant::now();
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.bytes);
                bar.set_message(self.line());
            }
            None => self.json(None),
        }
    }

    fn line(&self) -> String {
        let mut line = format!("{} documents", HumanCount(self.all.documents));
        if self.all.failed > 0 {
            let _ = write!(line, ", {} failed", HumanCount(self.all.failed));
        }
        let _ = write!(line, ", {} words/s", HumanCount(self.rate()));
        if let Some(left) = self.seconds_left() {
            let _ = write!(
                line,
                ", {:#} left",
                HumanDuration(Duration::from_secs_f64(left))
            );
        }
        line
    }

    /// Words in a second, of this run.
    fn rate(&self) -> u64 {
        (self.new.words as f64 / self.start.elapsed().as_secs_f64().max(0.001)) as u64
    }

    fn seconds_left(&self) -> Option<f64> {
        let (total, first) = (self.total_bytes?, self.first?);
        let done = self.bytes.checked_sub(first).filter(|n| *n > 0)?;
        let left = total.saturating_sub(self.bytes);
        Some(self.start.elapsed().as_secs_f64() * left as f64 / done as f64)
    }

    fn json(&self, end: Option<&str>) {
        let all = self.all;
        let line = json!({
            "state": end.unwrap_or("running"),
            "documents": all.documents, "failed": all.failed, "duplicates": all.duplicates,
            "sentences": all.sentences, "words": all.words, "entities": all.entities,
            "quotes": all.quotes, "stances": all.stances,
            "seconds": self.start.elapsed().as_secs_f64(),
            "words_per_second": self.rate(),
            "bytes": self.bytes, "bytes_total": self.total_bytes,
            "seconds_left": self.seconds_left().filter(|_| end.is_none()),
            "peak_memory_bytes": peak_memory(),
        });
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// The summary.
    pub(super) fn say(&self, end: &str, out: &str) {
        self.clear();
        if self.show == Show::Json {
            return self.json(Some(end));
        }
        let all = self.all;
        let mut text = format!("{end}: {} documents", HumanCount(all.documents));
        if all.failed > 0 {
            let failed = HumanCount(all.failed);
            let _ = write!(text, ", {failed} failed (listed in {out}/failed.jsonl)");
        }
        if all.duplicates > 0 {
            let _ = write!(text, ", {} of them copies", HumanCount(all.duplicates));
        }
        let _ = write!(
            text,
            "\n  {} sentences, {} words, {} entities, {} quotes, {} stances",
            HumanCount(all.sentences),
            HumanCount(all.words),
            HumanCount(all.entities),
            HumanCount(all.quotes),
            HumanCount(all.stances),
        );
        if self.new.documents + self.new.failed > 0 {
            let seconds = self.start.elapsed().as_secs_f64();
            let rate = HumanCount(self.rate());
            let _ = write!(text, "\n  {seconds:.1} seconds, {rate} words/s");
            if let Some(bytes) = peak_memory() {
                let _ = write!(text, ", peak memory {}", HumanBytes(bytes));
            }
        }
        self.note(&text);
    }

    /// Tells whoever gave the signal that it has come, and what is waited for.
    pub(super) fn stopping(&self, begun: usize) {
        self.clear();
        if self.show != Show::Json {
            self.note(&format!(
                "stopping when the {begun} documents in hand are done; another signal ends at \
                 once, and only those are done again"
            ));
        }
    }

    /// A line for people.
    pub(super) fn note(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// The most memory that this process has had resident, where the system says.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}
