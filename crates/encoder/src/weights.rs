use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use half::{bf16, f16};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

use crate::dir::{ModelDir, ModelFile};
use crate::error::{Error, ErrorKind};

/// The tensors of a model directory: `model.safetensors`, or the shards that
/// `model.safetensors.index.json` lists.
///
/// The files are mapped into memory, not read, so opening is quick and processes share one copy.
/// Types F32, F16 and BF16 are read, and I8 in the layout of `compressed-tensors`: `X.weight`
/// beside `X.weight_scale`, one scale per output row, of shape `[rows, 1]` or `[rows]`.
///
/// ```no_run
/// # fn main() -> Result<(), standpoint_encoder::Error> {
/// let weights = standpoint_encoder::Weights::open("model")?;
/// let (shape, values) = weights.tensor("classifier.weight")?;
/// assert_eq!(shape.iter().product::<usize>(), values.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Weights {
    inner: Arc<Inner>,
}

struct Inner {
    /// The file to name when a tensor is missing.
    main: PathBuf,
    shards: Vec<Shard>,
    tensors: BTreeMap<String, Entry>,
}

struct Shard {
    path: PathBuf,
    map: ModelFile,
}

/// Where a tensor lies: checked against the file's length when it was opened.
struct Entry {
    shard: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    start: usize,
    end: usize,
}

impl Weights {
    /// Opens the weights of a model directory.
    ///
    /// # Errors
    ///
    /// If a file is missing, cut off or damaged; the error names it.
    pub fn open(dir: impl Into<ModelDir>) -> Result<Self, Error> {
        let dir = dir.into();
        let (single, index) = ("model.safetensors", "model.safetensors.index.json");
        let (main, names) = if !dir.has(single) && dir.has(index) {
            (index, shard_names(&dir, index)?)
        } else {
            (single, BTreeSet::from([single.to_owned()]))
        };
        let main = dir.place(main);
        let mut shards = Vec::new();
        let mut tensors = BTreeMap::new();
        for name in names {
            let (path, map) = (dir.place(&name), dir.file(&name)?);
            let damaged = |what: String| Error::new(&path, ErrorKind::Safetensors(what));
            let (header, metadata) =
                SafeTensors::read_metadata(&map).map_err(|err| damaged(err.to_string()))?;
            for (name, info) in metadata.tensors().into_iter().collect::<BTreeMap<_, _>>() {
                // `read_metadata` holds offsets and shapes to the file's length; one more look
                // here costs nothing and is what the slices below rely on.
                let at = |n: usize| n.checked_add(8)?.checked_add(header);
                let range = at(info.data_offsets.0).zip(at(info.data_offsets.1));
                let Some((start, end)) = range.filter(|r| r.0 <= r.1 && r.1 <= map.len()) else {
                    return Err(damaged(format!("tensor `{name}` lies past its end")));
                };
                let entry = Entry {
                    shard: shards.len(),
                    dtype: info.dtype,
                    shape: info.shape.clone(),
                    start,
                    end,
                };
                tensors.insert(name, entry);
            }
            shards.push(Shard { path, map });
        }
        Ok(Self {
            inner: Arc::new(Inner {
                main,
                shards,
                tensors,
            }),
        })
    }

    /// The names of all tensors, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.inner.tensors.keys().map(String::as_str)
    }

    /// Whether there is a tensor of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.inner.tensors.contains_key(name)
    }

    /// A tensor's shape and values, row after row, as f32.
    ///
    /// # Errors
    ///
    /// If it is missing or stored in a type that cannot be read.
    pub fn tensor(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), Error> {
        let matrix = self.view(name)?;
        let mut values = vec![0.0; matrix.rows * matrix.cols];
        if matrix.cols > 0 {
            for (row, out) in values.chunks_exact_mut(matrix.cols).enumerate() {
                matrix.read_row(row, out);
            }
        }
        Ok((matrix.shape, values))
    }

    /// A tensor of exactly this shape, as f32.
    pub(crate) fn exact(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        self.check(name, shape)?;
        Ok(self.tensor(name)?.1)
    }

    /// A matrix of exactly this shape, left where it is.
    pub(crate) fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, Error> {
        self.check(name, &[rows, cols])?;
        self.view(name)
    }

    /// The shape of a tensor.
    pub(crate) fn shape(&self, name: &str) -> Result<&[usize], Error> {
        Ok(&self.entry(name)?.shape)
    }

    /// An error about a tensor, with the file it lies in.
    fn error(&self, entry: &Entry, kind: ErrorKind) -> Error {
        Error::new(&self.inner.shards[entry.shard].path, kind)
    }

    fn check(&self, name: &str, wanted: &[usize]) -> Result<(), Error> {
        let entry = self.entry(name)?;
        if entry.shape == wanted {
            return Ok(());
        }
        let kind = ErrorKind::Shape {
            name: name.to_owned(),
            found: entry.shape.clone(),
            wanted: wanted.to_vec(),
        };
        Err(self.error(entry, kind))
    }

    fn entry(&self, name: &str) -> Result<&Entry, Error> {
        self.inner.tensors.get(name).ok_or_else(|| {
            let kind = ErrorKind::MissingTensor {
                name: name.to_owned(),
                near: self.nearest(name),
            };
            Error::new(&self.inner.main, kind)
        })
    }

    /// The names with the longest common ending or beginning, to show what the file has instead.
    fn nearest(&self, name: &str) -> String {
        let common = |other: &str| {
            let ahead = name.bytes().zip(other.bytes());
            let behind = name.bytes().rev().zip(other.bytes().rev());
            let same = |(a, b): &(u8, u8)| a == b;
            ahead
                .take_while(same)
                .count()
                .max(behind.take_while(same).count())
        };
        let mut names: Vec<&str> = self.names().collect();
        names.sort_by_key(|other| std::cmp::Reverse(common(other)));
        names.truncate(3);
        if names.is_empty() {
            return "none: it is empty".to_owned();
        }
        names
            .iter()
            .map(|n| format!("`{n}`"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// A tensor seen as rows of its last dimension.
    fn view(&self, name: &str) -> Result<Matrix, Error> {
        let entry = self.entry(name)?;
        let stored = match entry.dtype {
            Dtype::F32 => Stored::F32,
            Dtype::F16 => Stored::F16,
            Dtype::BF16 => Stored::Bf16,
            Dtype::I8 => Stored::I8,
            other => {
                let kind = ErrorKind::Dtype {
                    name: name.to_owned(),
                    found: format!("{other:?}"),
                };
                return Err(self.error(entry, kind));
            }
        };
        let cols = entry.shape.last().copied().unwrap_or(1);
        // The product cannot overflow: `read_metadata` computed it.
        let rows = entry
            .shape
            .iter()
            .product::<usize>()
            .checked_div(cols)
            .unwrap_or(0);
        let scales = if stored == Stored::I8 {
            let scale = format!("{name}_scale");
            let (found, values) = self.tensor(&scale)?;
            if values.len() != rows || found.first() != Some(&rows) {
                let kind = ErrorKind::Shape {
                    name: scale.clone(),
                    found,
                    wanted: vec![rows, 1],
                };
                return Err(self.error(self.entry(&scale)?, kind));
            }
            Some(values)
        } else {
            None
        };
        Ok(Matrix {
            weights: Arc::clone(&self.inner),
            shape: entry.shape.clone(),
            rows,
            cols,
            stored,
            scales,
            shard: entry.shard,
            start: entry.start,
            end: entry.end,
        })
    }
}

/// A matrix in a mapped file, `[rows, cols]`, in its stored type.
#[derive(Clone)]
pub(crate) struct Matrix {
    weights: Arc<Inner>,
    shape: Vec<usize>,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) stored: Stored,
    /// One per row where the values are integers.
    pub(crate) scales: Option<Vec<f32>>,
    shard: usize,
    start: usize,
    end: usize,
}

/// How a tensor's values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    F32,
    F16,
    Bf16,
    I8,
}

impl Stored {
    fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::I8 => 1,
        }
    }
}

impl Matrix {
    /// The bytes of one row as they are stored.
    pub(crate) fn raw_row(&self, row: usize) -> &[u8] {
        let bytes = &self.weights.shards[self.shard].map[self.start..self.end];
        let len = self.cols * self.stored.bytes();
        &bytes[row * len..][..len]
    }

    /// The values of one row.
    pub(crate) fn read_row(&self, row: usize, out: &mut [f32]) {
        let bytes = self.raw_row(row);
        match self.stored {
            Stored::F32 => {
                for (out, b) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                    *out = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                }
            }
            Stored::F16 => {
                for (out, b) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                    *out = f16::from_le_bytes([b[0], b[1]]).to_f32();
                }
            }
            Stored::Bf16 => {
                for (out, b) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                    *out = bf16::from_le_bytes([b[0], b[1]]).to_f32();
                }
            }
            Stored::I8 => {
                let scale = self.scales.as_ref().map_or(1.0, |s| s[row]);
                for (out, b) in out.iter_mut().zip(bytes) {
                    *out = f32::from(i8::from_le_bytes([*b])) * scale;
                }
            }
        }
    }
}

/// The shards that an index names.
fn shard_names(dir: &ModelDir, index: &str) -> Result<BTreeSet<String>, Error> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let damaged = |what: String| Error::new(dir.place(index), ErrorKind::Safetensors(what));
    let parsed: Index =
        serde_json::from_slice(&dir.file(index)?).map_err(|err| damaged(err.to_string()))?;
    let names: BTreeSet<String> = parsed.weight_map.into_values().collect();
    // A name with a folder in it would let the index point anywhere.
    match names.iter().find(|n| n.contains(['/', '\\']) || *n == "..") {
        Some(odd) => Err(damaged(format!(
            "it names `{odd}`, which is not a file beside it"
        ))),
        None => Ok(names),
    }
}
