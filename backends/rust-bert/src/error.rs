/// Why a model could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is missing or damaged, or lacks a tensor.
    #[error(transparent)]
    Model(#[from] standpoint_encoder::Error),
    /// `config.json` is no JSON, or a field that this model type needs is missing or odd.
    #[error("{model}: config.json: {source}; write the model again with `save_pretrained`")]
    Config {
        /// The directory's name.
        model: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A kind of model that rust-bert does not run, or not as PyTorch does.
    #[error("{model}: {found} cannot be run by rust-bert; {supported} can")]
    Unsupported {
        /// The directory's name.
        model: String,
        /// What `config.json` asks for.
        found: String,
        /// What can be run.
        supported: &'static str,
    },
    /// A tensor does not have the shape that `config.json` asks for.
    #[error("{model}: tensor `{name}` has shape {found:?}, but config.json asks for {wanted:?}")]
    Shape {
        /// The directory's name.
        model: String,
        /// The tensor.
        name: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape wanted.
        wanted: Vec<i64>,
    },
    /// There is no such GPU.
    #[error("there is no {wanted:?}: libtorch sees {found} CUDA devices")]
    Device {
        /// The device asked for.
        wanted: tch::Device,
        /// How many there are.
        found: usize,
    },
    /// libtorch could not do it.
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
}
