//! The program `standpoint`: reads English news and answers who is named, who said what, and who
//! stands for or against whom, with the exact words as evidence.
//!
//! Each command is a module with its arguments and a `run` that returns a [`Status`]; this file
//! turns that into an exit status and is the only place that does.
#![forbid(unsafe_code)]

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod batch;
mod eval;
mod extract;
mod models;
mod open;
mod report;
mod stages;
mod style;

/// Reads English news: who is named, who said what, who stands for or against whom.
///
/// Data go to standard output, everything else to standard error. Exit status: 0 all done, 1 some
/// documents failed (the rest are written), 2 nothing could be done.
#[derive(Parser)]
#[command(name = "standpoint", version, max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Analyse a few documents and show the result.
    Extract(extract::Args),
    /// Analyse a whole corpus into a folder of files; can be stopped and resumed.
    Batch(batch::Args),
    /// Make a web page that sums up a folder written by `batch`.
    Report(report::Args),
    /// Measure accuracy against gold data.
    Eval(eval::Args),
    /// List or check the models that are installed.
    Models(models::Args),
}

/// How a command ended, when it did not end with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Everything was done.
    Done,
    /// Some documents failed; the rest were written.
    SomeFailed,
    /// Nothing could be done, and why has been said.
    NothingDone,
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        // Help and version are no errors; clap knows which stream and status each wants.
        Err(err) => err.exit(),
    };
    let result = match args.command {
        Command::Extract(args) => extract::run(args),
        Command::Batch(args) => batch::run(args),
        Command::Report(args) => report::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Models(args) => models::run(args),
    };
    match result {
        Ok(Status::Done) => ExitCode::SUCCESS,
        Ok(Status::SomeFailed) => ExitCode::from(1),
        Ok(Status::NothingDone) => ExitCode::from(2),
        // `standpoint … | head` is no failure.
        Err(err) if is_broken_pipe(&err) => ExitCode::SUCCESS,
        Err(err) => {
            let _ = writeln!(io::stderr(), "error: {err:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(err: &anyhow::Error) -> bool {
    err.chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|err| err.kind() == io::ErrorKind::BrokenPipe)
}
