//! `standpoint models`: what is installed, and whether it is whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use comfy_table::{CellAlignment, Table, presets};
use sha2::{Digest as _, Sha256};

use crate::Status;
use crate::open::{self, ModelSource};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the models that the program finds, the ones it uses marked with `*`.
    List(Folder),
    /// Check every file of every model against its SHA-256.
    Verify(Folder),
}

#[derive(clap::Args)]
struct Folder {
    /// The folder with the models [default: `models` beside the program or in the workspace].
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
}

/// The file in a model's folder that names its files and their sums, as `sha256sum` writes them.
pub(crate) const SUMS: &str = "SHA256SUMS";

pub(crate) fn run(args: Args) -> anyhow::Result<Status> {
    match args.command {
        Command::List(folder) => list(&open::find_models(folder.models.as_deref())?),
        Command::Verify(folder) => verify(&open::find_models(folder.models.as_deref())?),
    }
}

fn list(found: &open::Installed) -> anyhow::Result<Status> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "",
        "model",
        "task",
        "size",
        "license",
        "sha256 of the weights",
    ]);
    for model in &found.models {
        let weights = model.source.file("model.safetensors")?;
        table.add_row([
            if found.is_used(model) { "*" } else { "" }.to_owned(),
            model.name.clone(),
            model.task().to_owned(),
            format!("{:.1} MB", weights.len() as f64 / 1e6),
            license(model).unwrap_or_else(|| "see its card".to_owned()),
            sha256(&weights),
        ]);
    }
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", found.place)?;
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(Status::Done)
}

/// What the model card's front matter says.
fn license(model: &open::Model) -> Option<String> {
    let card = model.source.file("MODEL_CARD.md").ok()?;
    let card = std::str::from_utf8(&card).ok()?;
    let front = card.strip_prefix("---\n")?.split("\n---").next()?;
    let line = front
        .lines()
        .find_map(|line| line.strip_prefix("license:"))?;
    Some(line.trim().to_owned())
}

fn verify(found: &open::Installed) -> anyhow::Result<Status> {
    let mut out = anstream::stdout().lock();
    let (mut files, mut faults) = (0, 0);
    for model in &found.models {
        let sums = model.source.file(SUMS).with_context(|| {
            format!(
                "{}: no {SUMS} to check against; get the model again",
                model.name
            )
        })?;
        let sums = String::from_utf8_lossy(&sums).into_owned();
        for (i, line) in sums
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.is_empty())
        {
            let Some((want, name)) = line.split_once("  ").filter(|(sum, _)| sum.len() == 64)
            else {
                bail!(
                    "{}/{SUMS}:{}: found `{line}`, wanted a SHA-256, two spaces and a file name",
                    model.name,
                    i + 1
                );
            };
            files += 1;
            match model.source.file(name).map(|bytes| sha256(&bytes)) {
                Ok(got) if got == want => writeln!(out, "ok       {}/{name}", model.name)?,
                Ok(got) => {
                    faults += 1;
                    writeln!(
                        out,
                        "DAMAGED  {}/{name}: SHA-256 is {got}, wanted {want}",
                        model.name
                    )?;
                }
                Err(err) => {
                    faults += 1;
                    writeln!(out, "MISSING  {}/{name}: {err:#}", model.name)?;
                }
            }
        }
    }
    drop(out);
    if faults > 0 {
        bail!(
            "{faults} of {files} files are damaged or missing; get them again, for instance with \
             `git checkout -- models`"
        );
    }
    Ok(Status::Done)
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl ModelSource {
    /// All bytes of one of the model's files.
    pub(crate) fn file(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Folder(dir) => read(&dir.join(name)),
            Self::Embedded(files) => files
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, bytes)| bytes.to_vec())
                .with_context(|| format!("no file `{name}` in the program")),
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let read = || -> io::Result<Vec<u8>> {
        // A folder opens as a file on some systems and then fails to read with a puzzling reason.
        if fs::metadata(path)?.is_dir() {
            return Err(io::Error::other("is a folder"));
        }
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut File::open(path)?, &mut bytes)?;
        Ok(bytes)
    };
    read().with_context(|| path.display().to_string())
}
