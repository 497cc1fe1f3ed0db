use std::path::PathBuf;

use standpoint_encoder::ModelDir;

/// Why a stance model could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The encoder, or one of the files it reads.
    #[error(transparent)]
    Encoder(#[from] standpoint_encoder::Error),
    /// `config.json` does not describe a stance model.
    #[error("{}: {what}; use a directory made for the task `stance`", path.display())]
    #[non_exhaustive]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl Error {
    pub(crate) fn config(dir: &ModelDir, what: String) -> Self {
        let folder = dir.path().map_or_else(|| dir.name().into(), PathBuf::from);
        Self::Config {
            path: folder.join("config.json"),
            what,
        }
    }
}
