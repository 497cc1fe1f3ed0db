use std::path::{Path, PathBuf};

/// A model directory cannot be used to find entities. The message names the file and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory does not open as an encoder, or a tensor of the head is missing.
    #[error(transparent)]
    Encoder(#[from] standpoint_encoder::Error),
    /// `config.json` has no labels, or something in it is not as it should be.
    #[error("{}: {message}", .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What was found and what was wanted.
        message: String,
    },
    /// The labels in `config.json` cannot be read.
    #[error("{}: {error}", .path.display())]
    Labels {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        #[source]
        error: LabelError,
    },
}

impl Error {
    /// The file or directory that is at fault.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Encoder(error) => error.path(),
            Self::Config { path, .. } | Self::Labels { path, .. } => path,
        }
    }
}

/// The `id2label` of a model does not describe entity labels that this crate can read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A key is no number.
    #[error("id2label has the key `{key}`; its keys are the labels' numbers, from 0")]
    Number {
        /// The key.
        key: String,
    },
    /// A number is left out.
    #[error("id2label has no label {id}; labels are numbered from 0 without gaps")]
    Missing {
        /// The first number that is missing.
        id: usize,
    },
    /// There is not exactly one label for words outside all entities.
    #[error(
        "id2label needs exactly one label `O`, for words in no entity; this does not look like a model of entities"
    )]
    Outside,
    /// A label names a kind that is not known.
    #[error(
        "label `{label}` of id2label names no known kind of entity (person, organization, location, norp, facility, \
         product, date, money, misc and their short forms, or a kind of OntoNotes); say what it stands for in \
         config.json, as \"ner\": {{\"kinds\": {{\"{class}\": \"organization\"}}}}, or null if it is not to be reported"
    )]
    Kind {
        /// The label.
        label: String,
        /// The label without its prefix.
        class: String,
    },
}
