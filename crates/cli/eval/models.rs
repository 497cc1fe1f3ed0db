//! Opens single models for measuring.

use std::path::{Path, PathBuf};

use standpoint_ner::Ner;
use standpoint_stance::Stances;

use crate::open::{Installed, ModelArgs, find_models};

/// An opened model with what it is called.
pub(super) struct Named<T> {
    pub(super) model: T,
    pub(super) name: String,
    /// Keeps an installed model's files in place.
    _installed: Option<Installed>,
}

/// The model that finds names: the one in `dir`, or else the installed one.
pub(super) fn ner(dir: Option<&Path>, args: &ModelArgs) -> anyhow::Result<Named<Ner>> {
    let dir = dir.or(args.ner_model.as_deref());
    named("ner", dir, args, |dir| Ok(Ner::open(dir, args.kernel)?))
}

/// The model that judges stances: the one in `dir`, or else the installed one.
pub(super) fn stance(dir: Option<&Path>, args: &ModelArgs) -> anyhow::Result<Named<Stances>> {
    let dir = dir.or(args.stance_model.as_deref());
    named("stance", dir, args, |dir| {
        Ok(Stances::open(dir, args.kernel)?)
    })
}

fn named<T>(
    task: &str,
    asked: Option<&Path>,
    args: &ModelArgs,
    open: impl FnOnce(&Path) -> anyhow::Result<T>,
) -> anyhow::Result<Named<T>> {
    let (dir, installed): (PathBuf, _) = match asked {
        Some(dir) => (dir.to_owned(), None),
        None => {
            let installed = find_models(args.models.as_deref())?;
            (installed.newest(task)?.dir.clone(), Some(installed))
        }
    };
    let model = open(&dir)?;
    let whole = dir.canonicalize().unwrap_or_else(|_| dir.clone());
    let name = whole.file_name().unwrap_or(dir.as_os_str());
    Ok(Named {
        model,
        name: name.to_string_lossy().into_owned(),
        _installed: installed,
    })
}
