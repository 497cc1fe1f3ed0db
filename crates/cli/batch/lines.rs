//! A line of JSON for each document, in order, to standard output: what Spark's `pipe` and other
//! engines drive. With JSON lines as input there is exactly one line out for each line in; a
//! document that fails is a line with `error`. Failures are data here, so they do not change the
//! exit status, by which an engine would take the whole task for failed. A run that is stopped
//! before the end of its input says so by the status.

use std::io::{self, BufWriter, StdoutLock, Write as _};
use std::sync::atomic::Ordering;

use anyhow::Result;
use serde_json::json;

use super::engine::{self, Sink};
use super::store::{Before, Counts};
use super::worker::{Finished, Worker};
use super::{Feed, Progress, Show};
use crate::Status;

pub(super) fn run<S: Default>(
    pool: &rayon::ThreadPool,
    feed: &Feed<'_>,
    worker: &Worker<'_, S>,
) -> Result<Status> {
    let show = match feed.args.progress {
        // The terminal shows the lines.
        Show::Auto => Show::None,
        asked => asked,
    };
    let mut lines = Lines {
        out: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
        progress: Progress::new(show, feed.inputs.bytes(), Counts::default()),
    };
    engine::run(
        pool,
        feed.stop,
        |entrance| feed.run(Before::default(), entrance),
        |scratch, jobs| worker.work(scratch, jobs),
        &mut lines,
    )?;
    lines.out.flush()?;
    let stopped = feed.stop.load(Ordering::Relaxed);
    if show != Show::None {
        let end = if stopped { "stopped" } else { "done" };
        lines.progress.say(end, "standard output");
    }
    // Some lines in have no line out.
    Ok(match stopped {
        true => Status::SomeFailed,
        false => Status::Done,
    })
}

struct Lines {
    out: BufWriter<StdoutLock<'static>>,
    progress: Progress,
}

impl Sink<Finished> for Lines {
    fn accept(&mut self, finished: Finished) -> Result<()> {
        let done = finished.done;
        match done.outcome {
            Ok(written) => self.out.write_all(written.record.as_bytes())?,
            Err(failure) => serde_json::to_writer(
                &mut self.out,
                &json!({ "id": failure.id, "place": failure.place, "error": failure.reason }),
            )?,
        }
        self.out.write_all(b"\n")?;
        self.progress.add(done.counts, finished.bytes);
        Ok(())
    }

    fn idle(&mut self) -> Result<()> {
        self.out.flush()?;
        self.progress.tick();
        Ok(())
    }
}
