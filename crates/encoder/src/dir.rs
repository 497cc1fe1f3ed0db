use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::error::{Error, ErrorKind};

/// Where a model's files come from: a folder, or a program that carries them inside.
///
/// ```
/// use standpoint_encoder::ModelDir;
///
/// static FILES: &[(&str, &[u8])] = &[("config.json", b"{}")];
/// let dir = ModelDir::embedded("tiny", FILES);
/// assert_eq!(&*dir.file("config.json")?, b"{}");
/// assert!(dir.file("model.safetensors").is_err());
/// # Ok::<(), standpoint_encoder::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelDir {
    from: Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Folder(PathBuf),
    Program(&'static str, &'static [(&'static str, &'static [u8])]),
}

impl ModelDir {
    /// The files of a folder. They are mapped into memory when they are asked for.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            from: Source::Folder(path.into()),
        }
    }

    /// Files that the program carries, by name.
    #[must_use]
    pub fn embedded(name: &'static str, files: &'static [(&'static str, &'static [u8])]) -> Self {
        Self {
            from: Source::Program(name, files),
        }
    }

    /// The model's name: the folder's last part.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.from {
            Source::Folder(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                name.to_string_lossy().into_owned()
            }
            Source::Program(name, _) => (*name).to_owned(),
        }
    }

    /// The folder, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.from {
            Source::Folder(path) => Some(path),
            Source::Program(..) => None,
        }
    }

    /// Whether there is a file of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match &self.from {
            Source::Folder(path) => path.join(name).is_file(),
            Source::Program(_, files) => files.iter().any(|(n, _)| *n == name),
        }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    ///
    /// If there is no such file or it cannot be read.
    pub fn file(&self, name: &str) -> Result<ModelFile, Error> {
        let bytes = match &self.from {
            Source::Folder(path) => map(&path.join(name))?,
            Source::Program(_, files) => {
                let found = files.iter().find(|(n, _)| *n == name);
                let (_, bytes) = found.ok_or_else(|| {
                    let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
                    Error::new(self.place(name), ErrorKind::Io(missing))
                })?;
                Bytes::Static(bytes)
            }
        };
        Ok(ModelFile { bytes })
    }

    /// What errors call a file of it.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        match &self.from {
            Source::Folder(path) => path.join(name),
            Source::Program(dir, _) => Path::new(dir).join(name),
        }
    }
}

impl From<&Path> for ModelDir {
    fn from(path: &Path) -> Self {
        Self::new(path)
    }
}

impl From<PathBuf> for ModelDir {
    fn from(path: PathBuf) -> Self {
        Self::new(path)
    }
}

impl From<&PathBuf> for ModelDir {
    fn from(path: &PathBuf) -> Self {
        Self::new(path)
    }
}

impl From<&str> for ModelDir {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

impl From<&Self> for ModelDir {
    fn from(dir: &Self) -> Self {
        dir.clone()
    }
}

/// The bytes of a model's file.
pub struct ModelFile {
    bytes: Bytes,
}

enum Bytes {
    Mapped(Mmap),
    Read(Vec<u8>),
    Static(&'static [u8]),
}

impl Deref for ModelFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map) => map,
            Bytes::Read(bytes) => bytes,
            Bytes::Static(bytes) => bytes,
        }
    }
}

impl std::fmt::Debug for ModelFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ModelFile({} bytes)", self.len())
    }
}

#[allow(unsafe_code, reason = "mapping a file is unsafe by its nature")]
fn map(path: &Path) -> Result<Bytes, Error> {
    let odd = |err| Error::new(path, ErrorKind::Io(err));
    let file = File::open(path).map_err(odd)?;
    let len = file.metadata().map_err(odd)?.len();
    // Small files are read: a map takes a page, and may be changed under us.
    if len < 1 << 16 {
        return std::fs::read(path).map(Bytes::Read).map_err(odd);
    }
    // SAFETY: the map is read-only and only ever read as plain bytes, every value of which is
    // valid. What cannot be ruled out from here is another process that changes the file while it
    // is mapped (then values change) or cuts it short (then the system ends the program with
    // SIGBUS). Model files are not rewritten in place; README.md tells users to replace, not edit.
    let map = unsafe { Mmap::map(&file) };
    map.map(Bytes::Mapped).map_err(odd)
}
