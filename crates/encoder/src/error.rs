use std::path::{Path, PathBuf};

/// Why a model directory could not be opened: the file, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", .path.display())]
pub struct Error {
    path: PathBuf,
    kind: ErrorKind,
}

impl Error {
    pub(crate) fn new(path: impl Into<PathBuf>, kind: ErrorKind) -> Self {
        Self {
            path: path.into(),
            kind,
        }
    }

    /// The file or folder at fault.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong with it.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

/// What is wrong with a file of a model directory, or with the machine asked to run it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file could not be opened or read.
    #[error(
        "cannot be read: {0}; the directory must hold config.json, tokenizer.json and model.safetensors"
    )]
    Io(#[source] std::io::Error),
    /// `config.json` is no JSON, or a field that this model type needs is missing or odd.
    #[error("{0}; write the model again with `save_pretrained`")]
    Config(String),
    /// A model type that this crate does not run.
    #[error("model_type `{found}` is not supported; supported are {supported}")]
    ModelType {
        /// What `config.json` says.
        found: String,
        /// The types that this crate runs.
        supported: String,
    },
    /// `tokenizer.json` could not be used.
    #[error(
        "is no tokenizer that can be used: {0}; write it again with `save_pretrained` of a fast tokenizer"
    )]
    Tokenizer(String),
    /// The file is no safetensors file: cut off, damaged, or something else.
    #[error("is no whole safetensors file: {0}; copy it again and compare its sha256")]
    Safetensors(String),
    /// A tensor that the model needs is not there.
    #[error(
        "has no tensor `{name}`; the nearest names are {near}; the file belongs to another model, or was saved without this part"
    )]
    MissingTensor {
        /// The tensor.
        name: String,
        /// Names in the file that look like it.
        near: String,
    },
    /// A tensor does not have the shape that `config.json` asks for.
    #[error(
        "tensor `{name}` has shape {found:?}, but config.json asks for {wanted:?}; the two files belong to different models"
    )]
    Shape {
        /// The tensor.
        name: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape wanted.
        wanted: Vec<usize>,
    },
    /// A tensor is stored in a type that cannot be read.
    #[error(
        "tensor `{name}` is stored as {found}; F32, F16, BF16, and I8 with a scale per row can be read"
    )]
    Dtype {
        /// The tensor.
        name: String,
        /// The type in the file.
        found: String,
    },
    /// This machine lacks what the kernel asked for needs.
    #[error(
        "the kernel `{kernel}` needs {needs}, which this machine does not have; use `auto` or `portable`"
    )]
    Kernel {
        /// The kernel.
        kernel: &'static str,
        /// What it needs.
        needs: &'static str,
    },
}
