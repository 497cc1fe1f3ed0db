//! `standpoint report`: what a corpus says, on one page.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use standpoint_corpus::{Error, Record, read_records, read_tables};

use crate::Status;

mod gather;
mod page;
mod picture;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A folder that `batch` has written, with the format `jsonl` or `parquet`
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
    let mut corpus = gather::Corpus::default();
    for record in records(&args.dir)? {
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

/// The records of a run, from whichever of its formats has them.
fn records(dir: &Path) -> Result<Box<dyn Iterator<Item = Result<Record, Error>>>> {
    let lines = parts(&dir.join("records"), ".jsonl.zst")?;
    if !lines.is_empty() {
        return Ok(Box::new(read_records(lines)));
    }
    let tables = parts(&dir.join("documents"), ".parquet")?;
    if !tables.is_empty() {
        return Ok(Box::new(read_tables(tables)));
    }
    bail!(
        "{}: no records there; report reads a folder written by `standpoint batch` with the \
         format jsonl or parquet (alone or with others)",
        dir.display()
    )
}

/// The files of a folder with this ending, in order; none if there is no folder.
fn parts(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| folder.display().to_string())?,
    };
    let mut parts: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    parts.retain(|path| path.to_string_lossy().ends_with(ending));
    parts.sort();
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use standpoint_core::{Holder, Polarity, Span};
    use standpoint_corpus::{Duplicate, Table, Tables};

    use super::*;

    #[test]
    fn tables_give_the_page_that_lines_give() {
        let dir = tempfile::tempdir().unwrap();
        let mut tables = Tables::default();
        let mut lines = zstd::Encoder::new(Vec::new(), 1).unwrap();
        // An id twice: what belongs to a document goes by its place.
        for (n, id) in ["a", "b", "b", "c"].into_iter().enumerate() {
            let mut record = gather::tests::record(
                id,
                &format!("2024-0{}-01", n + 1),
                &[("Ana Reyes", "Reyes"), ("Bo", "")],
                &[
                    (Holder::Actor(0), 1, Polarity::Against, 0.9),
                    (Holder::Author, n as u32 % 2, Polarity::For, 0.7),
                    (Holder::Unnamed(Span::new(0, 5)), 0, Polarity::For, 0.6),
                ],
            );
            if id == "c" {
                record.duplicate = Some(Duplicate {
                    of: "a".to_owned(),
                    exact: true,
                });
            }
            serde_json::to_writer(&mut lines, &record).unwrap();
            lines.write_all(b"\n").unwrap();
            tables.push(record);
        }
        let folder = |name: &str| {
            let folder = dir.path().join(name);
            fs::create_dir(&folder).unwrap();
            folder
        };
        for table in Table::ALL {
            let path = folder(table.name()).join("part-00000.parquet");
            tables.write(table, File::create(path).unwrap()).unwrap();
        }
        let page = || {
            let mut corpus = gather::Corpus::default();
            for record in records(dir.path()).unwrap() {
                corpus.add(&record.unwrap());
            }
            page::page("Four", &corpus.sum_up())
        };
        let from_tables = page();
        assert!(from_tables.contains("3 documents") && from_tables.contains("Words of b."));
        let path = folder("records").join("part-00000.jsonl.zst");
        fs::write(path, lines.finish().unwrap()).unwrap();
        assert_eq!(from_tables, page());
    }
}
