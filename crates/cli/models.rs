//! `standpoint models`: what is installed, and whether it is whole.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use comfy_table::{CellAlignment, Table, presets};
use sha2::{Digest as _, Sha256};
use standpoint_encoder::ModelDir;

use crate::Status;
use crate::open::{self, Installed, Model};

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
const SUMS: &str = "SHA256SUMS";

const WEIGHTS: &str = "model.safetensors";

pub(crate) fn run(args: Args) -> anyhow::Result<Status> {
    match args.command {
        Command::List(folder) => list(&open::find_models(folder.models.as_deref())?),
        Command::Verify(folder) => verify(&open::find_models(folder.models.as_deref())?),
    }
}

fn list(found: &Installed) -> anyhow::Result<Status> {
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
        // A model may be in shards; the first says which model it is.
        let bytes: u64 = sizes(&model.dir)?;
        table.add_row([
            if found.is_used(model) { "*" } else { "" }.to_owned(),
            model.name.clone(),
            model.task().to_owned(),
            format!("{:.1} MB", bytes as f64 / 1e6),
            license(model).unwrap_or_else(|| "see its card".to_owned()),
            sha256_of(&model.dir)?,
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

/// Bytes of all files in a folder.
fn sizes(dir: &Path) -> anyhow::Result<u64> {
    let sum = || -> io::Result<u64> {
        fs::read_dir(dir)?
            .map(|entry| entry?.metadata().map(|meta| meta.len()))
            .sum()
    };
    sum().with_context(|| dir.display().to_string())
}

/// What the model card's front matter says.
fn license(model: &Model) -> Option<String> {
    let card = fs::read_to_string(model.dir.join("MODEL_CARD.md")).ok()?;
    let front = card.strip_prefix("---\n")?.split("\n---").next()?;
    let line = front
        .lines()
        .find_map(|line| line.strip_prefix("license:"))?;
    Some(line.trim().to_owned())
}

fn verify(found: &Installed) -> anyhow::Result<Status> {
    let mut out = anstream::stdout().lock();
    let (mut files, mut faults) = (0, 0);
    for model in &found.models {
        let path = model.dir.join(SUMS);
        let sums = fs::read_to_string(&path).with_context(|| {
            format!(
                "{}: cannot be read, so nothing says what is whole; get the model again",
                path.display()
            )
        })?;
        for (i, line) in sums
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.is_empty())
        {
            let Some((want, name)) = line.split_once("  ").filter(|(sum, _)| sum.len() == 64)
            else {
                bail!(
                    "{}:{}: found `{line}`, wanted a SHA-256, two spaces and a file name",
                    path.display(),
                    i + 1
                );
            };
            files += 1;
            let file = model.dir.join(name);
            match sha256(&model.dir, name) {
                Ok(got) if got == want => writeln!(out, "ok       {}", file.display())?,
                Ok(got) => {
                    faults += 1;
                    writeln!(
                        out,
                        "DAMAGED  {}: SHA-256 is {got}, wanted {want}",
                        file.display()
                    )?;
                }
                Err(err) => {
                    faults += 1;
                    writeln!(out, "MISSING  {err}")?;
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

/// The SHA-256 of a model's weights, in hexadecimal; of the index that lists them where they are
/// in shards.
pub(crate) fn sha256_of(dir: &Path) -> Result<String, standpoint_encoder::Error> {
    let index = format!("{WEIGHTS}.index.json");
    let whole = dir.join(WEIGHTS).exists() || !dir.join(&index).exists();
    sha256(dir, if whole { WEIGHTS } else { &index })
}

fn sha256(dir: &Path, name: &str) -> Result<String, standpoint_encoder::Error> {
    let sum = Sha256::digest(&*ModelDir::new(dir).file(name)?);
    Ok(sum.iter().map(|byte| format!("{byte:02x}")).collect())
}
