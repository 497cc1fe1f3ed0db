//! `standpoint report`: what a corpus says, on one page.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use standpoint_corpus::read_records;

use crate::Status;

mod gather;
mod page;
mod picture;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A folder that `batch` has written, with the format `jsonl`
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The page to write; `-` is standard output [default: report.html in DIR]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a page that is there
    #[arg(long)]
    force: bool,
    /// The page's heading [default: the folder's name]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

pub(crate) fn run(args: Args) -> Result<Status> {
    let parts = parts(&args.dir)?;
    let mut corpus = gather::Corpus::default();
    for record in read_records(parts) {
        corpus.add(&record?);
    }
    let title = args.title.unwrap_or_else(|| {
        let dir = fs::canonicalize(&args.dir).unwrap_or_else(|_| args.dir.clone());
        dir.file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned())
    });
    let page = page::page(&title, &corpus.sum_up());

    let out = args.out.unwrap_or_else(|| args.dir.join("report.html"));
    if out == Path::new("-") {
        io::stdout().write_all(page.as_bytes())?;
        return Ok(Status::Done);
    }
    let file = match args.force {
        true => File::create(&out),
        false => File::create_new(&out),
    };
    let context = || match out.exists() && !args.force {
        true => format!("{}: is there already; --force replaces it", out.display()),
        false => out.display().to_string(),
    };
    file.and_then(|mut f| f.write_all(page.as_bytes()))
        .with_context(context)?;
    writeln!(io::stderr(), "{}", out.display())?;
    Ok(Status::Done)
}

/// The files of records, in order.
fn parts(dir: &Path) -> Result<Vec<PathBuf>> {
    let folder = dir.join("records");
    let wanted = || {
        format!(
            "{}: no records there; report reads a folder written by `standpoint batch --format \
             jsonl` (alone or with other formats)",
            dir.display()
        )
    };
    let mut parts: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(wanted)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    parts.retain(|path| path.to_string_lossy().ends_with(".jsonl.zst"));
    parts.sort();
    ensure!(!parts.is_empty(), wanted());
    Ok(parts)
}
