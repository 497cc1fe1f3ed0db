use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A document that could not be read or analysed, and why: a line of the list of failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// Where it stands: a file, and in a file of several the line, row or entry.
    pub place: String,
    /// What was wrong.
    pub reason: String,
}

impl Failure {
    /// A document without an id that failed at `place`.
    pub fn at(place: impl Into<String>, reason: impl ToString) -> Self {
        Self {
            id: None,
            place: place.into(),
            reason: reason.to_string(),
        }
    }

    /// The same failure, of the document with this id.
    #[must_use]
    pub fn of(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// Why reading or writing a corpus cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", .path.display())]
pub struct Error {
    path: PathBuf,
    kind: ErrorKind,
}

/// What was wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system refused.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A glob that is none.
    #[error("{0}")]
    Glob(#[from] globset::Error),
    /// A file that was there when the input was listed is gone.
    #[error("was there when the run began and is gone now; put it back and go on with --resume")]
    Vanished,
    /// A file changed between listing and reading.
    #[error(
        "changed while it was read ({was} bytes when the run began, {is} now); what was read of \
         it may be half old and half new: start anew with --force"
    )]
    Changed {
        /// Bytes when listed.
        was: u64,
        /// Bytes afterwards.
        is: u64,
    },
    /// A table could not be written or read.
    #[error("{0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A line of a file of records is none.
    #[error("line {line}: {reason}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What was wrong.
        reason: String,
    },
}

impl Error {
    /// An error with the file it is about.
    pub(crate) fn new(path: impl AsRef<Path>, kind: impl Into<ErrorKind>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            kind: kind.into(),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was wrong with it.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}
