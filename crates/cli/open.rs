//! Finds and opens the models: arguments become [`Stages`].

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use standpoint_corpus::Provenance;
use standpoint_pipeline::Stages;

use crate::stages::StageSet;

/// Which models, and on which kernel they run.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Models")]
pub(crate) struct ModelArgs {
    /// The folder with the models [default: `models` beside the program or in the workspace].
    #[arg(long, value_name = "DIR")]
    pub(crate) models: Option<PathBuf>,
}

/// Where a model's files are.
#[derive(Clone, Debug)]
pub(crate) enum ModelSource {
    Folder(PathBuf),
    /// Carried inside the program: name and bytes of each file.
    #[allow(dead_code, reason = "only built with the feature `embed-models`")]
    Embedded(&'static [(&'static str, &'static [u8])]),
}

/// An installed model, named `<task>-<language>-<date>`.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) source: ModelSource,
}

impl Model {
    /// What it is for, by its name.
    pub(crate) fn task(&self) -> &str {
        self.name.split('-').next().unwrap_or_default()
    }
}

/// The models at one place.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    /// Where, in words.
    pub(crate) place: String,
    /// In order of name, so the newest of a task is its last.
    pub(crate) models: Vec<Model>,
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

/// The models in `asked`, or else in the first place that has any: inside the program, beside it
/// or above it (a workspace's build folder), in the current folder.
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
        });
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

/// The folders with a `config.json`, in order of name.
fn models_in(dir: &Path) -> std::io::Result<Vec<Model>> {
    let mut models = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.join("config.json").is_file()
            && let Some(name) = path.file_name()
        {
            let name = name.to_string_lossy().into_owned();
            models.push(Model {
                name,
                source: ModelSource::Folder(path),
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
pub(crate) fn open(_args: &ModelArgs, _set: &StageSet) -> anyhow::Result<Opened> {
    Ok(Opened {
        stages: Stages::default(),
        models: Vec::new(),
        kernel: None,
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
    terminal_size::terminal_size().map_or(100, |(terminal_size::Width(w), _)| {
        usize::from(w).clamp(40, 160)
    })
}
