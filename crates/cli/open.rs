//! Finds and opens the models: arguments become [`Stages`].

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use standpoint_corpus::Provenance;
use standpoint_encoder::Kernel;
use standpoint_ner::Ner;
use standpoint_pipeline::{Quotations, Stage, Stages};
use standpoint_quotes::Tagger;
use standpoint_stance::Stances;

use crate::models::sha256_of;
use crate::stages::StageSet;

/// Which models, and on which kernel they run.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Models")]
pub(crate) struct ModelArgs {
    /// The folder with the models [default: `models` beside the program or in the workspace].
    #[arg(long, value_name = "DIR")]
    pub(crate) models: Option<PathBuf>,
    /// A token-classification model to find names with, a Hugging Face directory, in place of
    /// ours. Quotations are then found by rules: the quotation model stands on our encoder.
    #[arg(long, value_name = "DIR")]
    pub(crate) ner_model: Option<PathBuf>,
    /// A stance model in place of ours.
    #[arg(long, value_name = "DIR")]
    pub(crate) stance_model: Option<PathBuf>,
    /// What does the matrix products: auto, portable, avx2, avx512 or amx. `auto` is the fastest
    /// that the machine has; a record names it.
    #[arg(long, value_name = "NAME", default_value_t)]
    pub(crate) kernel: Kernel,
}

/// The models carried inside the program: none unless it was built with `embed-models`.
type EmbeddedModel = (&'static str, &'static [(&'static str, &'static [u8])]);
static EMBEDDED: &[EmbeddedModel] = &include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// An installed model, a folder named `<task>-<language>-<date>`.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
}

impl Model {
    /// What it is for, by its name.
    pub(crate) fn task(&self) -> &str {
        self.name.split('-').next().unwrap_or_default()
    }
}

/// The models at one place.
#[derive(Debug)]
pub(crate) struct Installed {
    /// Where, in words.
    pub(crate) place: String,
    /// In order of name, so the newest of a task is its last.
    pub(crate) models: Vec<Model>,
    /// The folder that models from inside the program were unpacked to, which goes with this.
    _unpacked: Option<tempfile::TempDir>,
}

impl Installed {
    /// The newest model for a task.
    pub(crate) fn newest(&self, task: &str) -> anyhow::Result<&Model> {
        self.models
            .iter()
            .rev()
            .find(|model| model.task() == task)
            .with_context(|| {
                format!(
                    "{}: no model for `{task}` (a folder `{task}-en-<date>`); name another folder \
                 with --models",
                    self.place
                )
            })
    }

    /// Whether the program uses this one unless told otherwise.
    pub(crate) fn is_used(&self, model: &Model) -> bool {
        self.newest(model.task())
            .is_ok_and(|newest| newest.name == model.name)
    }
}

/// The models in `asked`, or else inside the program, or else in the first folder `models` that
/// has any: beside the program or above it (a workspace's build folder), in the current folder.
pub(crate) fn find_models(asked: Option<&Path>) -> anyhow::Result<Installed> {
    if let Some(dir) = asked {
        let models = models_in(dir).with_context(|| dir.display().to_string())?;
        if models.is_empty() {
            bail!(
                "{}: no models there (folders with a config.json)",
                dir.display()
            );
        }
        return Ok(Installed {
            place: dir.display().to_string(),
            models,
            _unpacked: None,
        });
    }
    if !EMBEDDED.is_empty() {
        return unpack();
    }
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let mut tried = Vec::new();
    for dir in program.ancestors().skip(1).take(4).chain([Path::new("")]) {
        let dir = dir.join("models");
        match models_in(&dir) {
            Ok(models) if !models.is_empty() => {
                return Ok(Installed {
                    place: dir.display().to_string(),
                    models,
                    _unpacked: None,
                });
            }
            _ => tried.push(dir.display().to_string()),
        }
    }
    bail!(
        "no models found; looked in {}; name their folder with --models",
        tried.join(", ")
    )
}

/// Writes the models inside the program to a folder of this run's own, from which they are
/// memory-mapped like any others.
fn unpack() -> anyhow::Result<Installed> {
    let folder = tempfile::Builder::new()
        .prefix("standpoint-models-")
        .tempdir()
        .context("cannot make a folder to unpack the models to")?;
    let unpack = || -> std::io::Result<()> {
        for (model, files) in EMBEDDED {
            let dir = folder.path().join(model);
            fs::create_dir(&dir)?;
            for (name, bytes) in *files {
                fs::write(dir.join(name), bytes)?;
            }
        }
        Ok(())
    };
    unpack().with_context(|| format!("{}: cannot unpack the models", folder.path().display()))?;
    Ok(Installed {
        place: "inside the program".to_owned(),
        models: models_in(folder.path())?,
        _unpacked: Some(folder),
    })
}

/// The folders with a `config.json`, in order of name.
fn models_in(dir: &Path) -> std::io::Result<Vec<Model>> {
    let mut models = Vec::new();
    for entry in fs::read_dir(dir)? {
        let dir = entry?.path();
        if dir.join("config.json").is_file()
            && let Some(name) = dir.file_name()
        {
            models.push(Model {
                name: name.to_string_lossy().into_owned(),
                dir,
            });
        }
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

/// The stages a user asked for, opened, with what a record says of them.
pub(crate) struct Opened {
    pub(crate) stages: Stages,
    models: Vec<standpoint_corpus::Model>,
    kernel: Option<String>,
    /// Keeps unpacked models in place while they are mapped.
    _installed: Option<Installed>,
}

impl Opened {
    /// What a record of these stages says made it.
    pub(crate) fn provenance(&self, set: &StageSet) -> Provenance {
        Provenance {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            models: self.models.clone(),
            kernel: self.kernel.clone(),
            options: [("stages".to_owned(), set.to_string().into())].into(),
        }
    }
}

/// Opens the models that the stages need, and no others.
pub(crate) fn open(args: &ModelArgs, set: &StageSet) -> anyhow::Result<Opened> {
    let mut opened = Opened {
        stages: Stages::default(),
        models: Vec::new(),
        kernel: None,
        _installed: None,
    };
    if !set.runs(Stage::Entities) {
        return Ok(opened);
    }
    let installed = find_models(args.models.as_deref())?;
    let dir_of = |own: &Option<PathBuf>, task: &str| -> anyhow::Result<PathBuf> {
        Ok(match own {
            Some(dir) => dir.clone(),
            None => installed.newest(task)?.dir.clone(),
        })
    };

    let ner = dir_of(&args.ner_model, "ner")?;
    let tagger = (set.runs(Stage::Quotes) && args.ner_model.is_none())
        .then(|| dir_of(&None, "quotes"))
        .transpose()?;
    let stances = (set.runs(Stage::Stances))
        .then(|| dir_of(&args.stance_model, "stance"))
        .transpose()?;

    std::thread::scope(|scope| {
        // Sums take a quarter of the time for which the first document waits.
        let dirs = [Some(&ner), tagger.as_ref(), stances.as_ref()];
        let identities = scope.spawn(move || {
            dirs.into_iter()
                .flatten()
                .map(|dir| identity(dir))
                .collect()
        });
        let ner = Ner::open(&ner, args.kernel)?;
        opened.kernel = Some(ner.encoder().kernel_name().to_owned());
        opened.stages.ner = Some(ner);
        if let Some(dir) = &tagger {
            opened.stages.quotes = Quotations::Tagger(Tagger::open(dir, args.kernel)?);
        } else if set.runs(Stage::Quotes) {
            opened.stages.quotes = Quotations::Rules;
        }
        if let Some(dir) = &stances {
            opened.stages.stances = Some(Stances::open(dir, args.kernel)?);
        }
        let identities: anyhow::Result<_> = identities
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        opened.models = identities?;
        anyhow::Ok(())
    })?;

    opened._installed = Some(installed);
    Ok(opened)
}

/// A model by its folder's name and what is in its weights.
fn identity(dir: &Path) -> anyhow::Result<standpoint_corpus::Model> {
    let name = dir
        .file_name()
        .unwrap_or(dir.as_os_str())
        .to_string_lossy()
        .into_owned();
    Ok(standpoint_corpus::Model {
        name,
        sha256: sha256_of(dir)?,
    })
}

/// A pool of as many threads as asked for, or as there are cores.
pub(crate) fn threads(asked: Option<NonZeroUsize>) -> anyhow::Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(asked.map_or(0, NonZeroUsize::get))
        .build()
        .context("cannot start threads")
}

/// Columns to write in: the terminal's, within reason; 100 where there is none.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size().map_or(100, |(terminal_size::Width(columns), _)| {
        usize::from(columns).clamp(40, 160)
    })
}
