//! From the arguments of a command to documents, one after the other.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use globset::GlobBuilder;
use serde::{Deserialize, Serialize};
use standpoint_core::Document;
use walkdir::WalkDir;

use crate::failure::{Error, ErrorKind, Failure};

pub(crate) use rows::guarded;

mod archive;
mod html;
mod jsonl;
mod reuters;
mod rows;
mod table;
mod text;

/// A document with where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The document.
    pub document: Document,
    /// The file, and in a file of several the line, row or entry.
    pub place: String,
    /// Whether the text was taken out of markup, so that the input itself does not hold it as it
    /// is: spans point into the extracted text.
    pub extracted: bool,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum InputFormat {
    /// One document of plain text: `.txt`, and any file named on its own whose ending says nothing.
    Text,
    /// A JSON object a line: `.jsonl`, `.ndjson`.
    Jsonl,
    /// Comma separated values with a line of names: `.csv`.
    Csv,
    /// Tab separated values with a line of names: `.tsv`.
    Tsv,
    /// An Apache Parquet table: `.parquet`.
    Parquet,
    /// An archive of any of the others: `.tar`, `.tgz`.
    Tar,
    /// A web page: `.html`, `.htm`.
    Html,
    /// Stories in the markup of Reuters-21578: `.sgm`, `.sgml`.
    Reuters,
}

impl InputFormat {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Text,
        Self::Jsonl,
        Self::Csv,
        Self::Tsv,
        Self::Parquet,
        Self::Tar,
        Self::Html,
        Self::Reuters,
    ];

    /// The format's name on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Parquet => "parquet",
            Self::Tar => "tar",
            Self::Html => "html",
            Self::Reuters => "reuters",
        }
    }
}

/// A word that is no [`InputFormat`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the formats are {}", InputFormat::ALL.map(InputFormat::name).join(", "))]
pub struct ParseInputFormatError(());

impl std::str::FromStr for InputFormat {
    type Err = ParseInputFormatError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or(ParseInputFormatError(()))
    }
}

/// How inputs are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadOptions {
    /// What files named on their own hold, whatever their ending says.
    pub format: Option<InputFormat>,
    /// What standard input holds when `format` does not say.
    pub stdin: InputFormat,
    /// The field or column of a document's id. A document without one is called by its place.
    pub id_field: String,
    /// The field or column of its text.
    pub text_field: String,
    /// The fields or columns kept beside the text.
    pub meta_fields: Vec<String>,
    /// Longer documents (files, lines, rows, stories, in bytes) are failures.
    pub max_bytes: u64,
    /// Whether a blank line of JSONL is a failure, so that every line gives an item, instead of
    /// nothing.
    pub every_line: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            format: None,
            stdin: InputFormat::Text,
            id_field: "id".to_owned(),
            text_field: "text".to_owned(),
            meta_fields: Vec::new(),
            max_bytes: 16 << 20,
            every_line: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Zstd,
}

/// Where documents go as they are read; says whether to go on.
pub(crate) type Sink<'s> = &'s mut dyn FnMut(Result<Entry, Failure>) -> ControlFlow<()>;

/// The files that the arguments of a command name, in the order in which they are read.
///
/// An argument is `-` (standard input, compressed or not), a file, a folder, or a glob. A folder is read through all
/// its folders, names in order of their bytes; of its files those are read whose ending says
/// what they hold (see [`InputFormat`]; each may be compressed, `.gz` or `.zst`), hidden ones are
/// not. A glob's files come in the same order.
///
/// ```
/// use std::ops::ControlFlow;
/// use standpoint_corpus::{Inputs, ReadOptions};
///
/// let dir = tempfile::tempdir()?;
/// std::fs::write(dir.path().join("b.jsonl"), "{\"id\":1,\"text\":\"Two.\"}\n{\"title\":\"?\"}\n")?;
/// std::fs::write(dir.path().join("a.txt"), "One.")?;
///
/// let options = ReadOptions::default();
/// let inputs = Inputs::list(&[dir.path().to_str().unwrap()], &options)?;
/// let mut seen = Vec::new();
/// inputs.read(&options, &mut std::io::stdin(), &Default::default(), &mut |item| {
///     seen.push(match item {
///         Ok(entry) => entry.document.text().to_owned(),
///         Err(failure) => failure.reason,
///     });
///     ControlFlow::Continue(())
/// })?;
/// assert_eq!(seen, ["One.", "Two.", "no field `text`; the object has: title"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Inputs {
    listed: Vec<Listed>,
}

#[derive(Debug)]
enum Listed {
    Stdin,
    File(InputFile),
    Failed(Failure),
}

#[derive(Debug)]
struct InputFile {
    path: PathBuf,
    format: InputFormat,
    compression: Compression,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Inputs {
    /// Lists what the arguments name. What cannot be listed (no such file, a folder that may not
    /// be read) becomes a failure in its place; see [`failures`](Self::failures).
    ///
    /// # Errors
    ///
    /// [`Error`] for a glob that is none.
    pub fn list<S: AsRef<str>>(arguments: &[S], options: &ReadOptions) -> Result<Self, Error> {
        let mut listed = Vec::new();
        for argument in arguments {
            let argument = argument.as_ref();
            let path = Path::new(argument);
            if argument == "-" {
                listed.push(Listed::Stdin);
            } else if path.is_dir() {
                let before = listed.len();
                walk(path, |_| true, &mut listed);
                if listed.len() == before {
                    listed.push(Listed::Failed(Failure::at(argument, NO_FILES)));
                }
            } else if path.exists() || !argument.contains(['*', '?', '[', '{']) {
                let (by_name, compression) = kind(path);
                let format = options.format.or(by_name).unwrap_or(InputFormat::Text);
                listed.push(list_file(path.to_owned(), format, compression));
            } else {
                let before = listed.len();
                glob(argument, &mut listed)?;
                if listed.len() == before {
                    listed.push(Listed::Failed(Failure::at(
                        argument,
                        "no file has such a name",
                    )));
                }
            }
        }
        Ok(Self { listed })
    }

    /// What could not be listed.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.listed.iter().filter_map(|l| match l {
            Listed::Failed(failure) => Some(failure),
            _ => None,
        })
    }

    /// How many files there are.
    #[must_use]
    pub fn files(&self) -> usize {
        self.listed
            .iter()
            .filter(|l| matches!(l, Listed::File(_)))
            .count()
    }

    /// The sum of the files' sizes; none if standard input is among the inputs.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.listed.iter().try_fold(0, |sum, l| match l {
            Listed::Stdin => None,
            Listed::File(file) => Some(sum + file.bytes),
            Listed::Failed(_) => Some(sum),
        })
    }

    /// Reads everything in order, giving each document, or why it is none, to `sink`, until that
    /// breaks. `stdin` is what `-` stands for; `progress` grows by the bytes of the files as they
    /// are read.
    ///
    /// # Errors
    ///
    /// [`Error`] when a file that was listed is gone or changes while it is read. All else that
    /// can be wrong with a file is a [`Failure`] given to `sink`, and the next file is read.
    pub fn read(
        &self,
        options: &ReadOptions,
        stdin: &mut dyn Read,
        progress: &AtomicU64,
        sink: Sink<'_>,
    ) -> Result<(), Error> {
        for listed in &self.listed {
            let flow = match listed {
                Listed::Failed(failure) => sink(Err(failure.clone())),
                Listed::Stdin => {
                    let format = options.format.unwrap_or(options.stdin);
                    match sniffed(&mut *stdin) {
                        Ok(stream) => read_from(stream, format, "-", options, sink),
                        Err(err) => sink(Err(Failure::at("-", err))),
                    }
                }
                Listed::File(file) => file.read(options, progress, sink)?,
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Reads the documents of one stream, as [`Inputs::read`] does of a file; `name` stands for the
/// file in places and ids.
pub fn read_from(
    stream: Box<dyn Read + '_>,
    format: InputFormat,
    name: &str,
    options: &ReadOptions,
    sink: Sink<'_>,
) -> ControlFlow<()> {
    let from = Source { name, options };
    match format {
        InputFormat::Text => text::read(stream, &from, sink),
        InputFormat::Html => html::read(stream, &from, sink),
        InputFormat::Jsonl => jsonl::read(BufReader::with_capacity(1 << 16, stream), &from, sink),
        InputFormat::Csv => table::read(stream, b',', &from, sink),
        InputFormat::Tsv => table::read(stream, b'\t', &from, sink),
        InputFormat::Reuters => {
            reuters::read(BufReader::with_capacity(1 << 16, stream), &from, sink)
        }
        InputFormat::Tar => archive::read(stream, &from, sink),
        InputFormat::Parquet => match rows::to_file(stream) {
            Ok(file) => rows::read(file, &from, sink),
            Err(err) => sink(Err(Failure::at(name, err))),
        },
    }
}

/// What a reader knows of where it reads.
pub(crate) struct Source<'o> {
    name: &'o str,
    options: &'o ReadOptions,
}

impl Source<'_> {
    /// The place of line, row or story `n` of this file.
    fn place(&self, n: u64) -> String {
        format!("{}:{n}", self.name)
    }

    /// A document, unless there is nothing in it or too much.
    fn entry(
        &self,
        place: String,
        id: Option<String>,
        text: String,
        meta: Vec<(String, String)>,
        extracted: bool,
    ) -> Result<Entry, Failure> {
        let id = id.filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| place.clone());
        let fail = |reason: String| Err(Failure::at(place.clone(), reason).of(id.clone()));
        if text.len() as u64 > self.options.max_bytes {
            return fail(too_large(self.options.max_bytes));
        }
        if text.trim().is_empty() {
            return fail(match text.len() {
                0 => "empty: no text".to_owned(),
                _ => "empty: nothing but white space".to_owned(),
            });
        }
        let mut document = match Document::new(id.clone(), text) {
            Ok(document) => document,
            Err(err) => return fail(err.to_string()),
        };
        for (name, value) in meta {
            document = document.with_meta(name, value);
        }
        Ok(Entry {
            document,
            place,
            extracted,
        })
    }

    /// All of a stream that should be one document.
    fn all(&self, stream: impl Read) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let max = self.options.max_bytes;
        stream
            .take(max.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|err| err.to_string())?;
        match bytes.len() as u64 > max {
            true => Err(too_large(max)),
            false => Ok(bytes),
        }
    }
}

const NO_FILES: &str = "no files that can be read in this folder: looked for names ending in .txt, \
                        .jsonl, .ndjson, .csv, .tsv, .parquet, .tar, .tgz, .html, .htm, .sgm or \
                        .sgml, each also with .gz or .zst after it";

fn too_large(max: u64) -> String {
    format!("larger than the limit of {max} bytes")
}

fn cut_short(err: impl std::fmt::Display) -> String {
    format!("cannot be read from here on: {err}; the rest of the file is left out")
}

/// What a file holds by its name, and how it is compressed.
fn kind(path: &Path) -> (Option<InputFormat>, Compression) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    let (name, compression) = match name.rsplit_once('.') {
        Some((rest, "gz")) => (rest, Compression::Gzip),
        Some((rest, "zst" | "zstd")) => (rest, Compression::Zstd),
        Some((_, "tgz")) => return (Some(InputFormat::Tar), Compression::Gzip),
        _ => (name.as_str(), Compression::None),
    };
    let format = name.rsplit_once('.').and_then(|(_, ending)| {
        Some(match ending {
            "txt" => InputFormat::Text,
            "jsonl" | "ndjson" => InputFormat::Jsonl,
            "csv" => InputFormat::Csv,
            "tsv" => InputFormat::Tsv,
            "parquet" => InputFormat::Parquet,
            "tar" => InputFormat::Tar,
            "html" | "htm" => InputFormat::Html,
            "sgm" | "sgml" => InputFormat::Reuters,
            _ => return None,
        })
    });
    (format, compression)
}

/// The path as it was given, without a leading `./`: what places and ids are made of.
fn shown(path: &Path) -> String {
    let path = path.to_string_lossy();
    let path = match cfg!(windows) {
        true => path.replace('\\', "/"),
        false => path.into_owned(),
    };
    path.strip_prefix("./").unwrap_or(&path).to_owned()
}

fn list_file(path: PathBuf, format: InputFormat, compression: Compression) -> Listed {
    match fs::metadata(&path) {
        Ok(about) => Listed::File(InputFile {
            bytes: about.len(),
            modified: about.modified().ok(),
            path,
            format,
            compression,
        }),
        Err(err) => Listed::Failed(Failure::at(shown(&path), err)),
    }
}

fn walk(root: &Path, wanted: impl Fn(&Path) -> bool, listed: &mut Vec<Listed>) {
    let hidden = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
    let entries = WalkDir::new(root)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|e| e.depth() == 0 || !hidden(e.file_name()));
    for entry in entries {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => {
                if let (Some(format), compression) = kind(entry.path())
                    && wanted(entry.path())
                {
                    listed.push(list_file(entry.into_path(), format, compression));
                }
            }
            Err(err) => {
                let place = shown(err.path().unwrap_or(root));
                let reason = match err.io_error() {
                    Some(io) => io.to_string(),
                    None => err.to_string(),
                };
                listed.push(Listed::Failed(Failure::at(place, reason)));
            }
        }
    }
}

/// Walks the folder that stands before the first wildcard.
fn glob(pattern: &str, listed: &mut Vec<Listed>) -> Result<(), Error> {
    let matcher = GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map_err(|err| Error::new(pattern, err))?
        .compile_matcher();
    let wild = pattern.find(['*', '?', '[', '{']).unwrap_or(0);
    let (root, strip) = match pattern[..wild].rfind('/') {
        Some(0) => ("/", false),
        Some(end) => (&pattern[..end], false),
        None => (".", true),
    };
    walk(
        Path::new(root),
        |path| {
            let path = if strip {
                path.strip_prefix(".").unwrap_or(path)
            } else {
                path
            };
            matcher.is_match(path)
        },
        listed,
    );
    Ok(())
}

impl InputFile {
    fn read(
        &self,
        options: &ReadOptions,
        progress: &AtomicU64,
        sink: Sink<'_>,
    ) -> Result<ControlFlow<()>, Error> {
        let name = shown(&self.path);
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                return Err(Error::new(&self.path, ErrorKind::Vanished));
            }
            Err(err) => {
                progress.fetch_add(self.bytes, Ordering::Relaxed);
                return Ok(sink(Err(Failure::at(name, err))));
            }
        };
        let done = progress.load(Ordering::Relaxed);
        let flow = match (self.compression, self.format) {
            (Compression::None, InputFormat::Parquet) => {
                let from = Source {
                    name: &name,
                    options,
                };
                rows::read(file, &from, sink)
            }
            (compression, format) => {
                let counted = Counting {
                    inner: file,
                    sum: progress,
                };
                match decompress(Box::new(counted), compression) {
                    Ok(stream) => read_from(stream, format, &name, options, sink),
                    Err(err) => sink(Err(Failure::at(name, err))),
                }
            }
        };
        if flow.is_continue() {
            progress.store(done + self.bytes, Ordering::Relaxed);
        }
        self.unchanged()?;
        Ok(flow)
    }

    fn unchanged(&self) -> Result<(), Error> {
        let about = match fs::metadata(&self.path) {
            Ok(about) => about,
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                return Err(Error::new(&self.path, ErrorKind::Vanished));
            }
            Err(err) => return Err(Error::new(&self.path, err)),
        };
        if about.len() != self.bytes || about.modified().ok() != self.modified {
            let (was, is) = (self.bytes, about.len());
            return Err(Error::new(&self.path, ErrorKind::Changed { was, is }));
        }
        Ok(())
    }
}

fn decompress<'r>(
    stream: Box<dyn Read + 'r>,
    compression: Compression,
) -> io::Result<Box<dyn Read + 'r>> {
    Ok(match compression {
        Compression::None => stream,
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(stream)),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(stream)?),
    })
}

/// A stream without a name, decompressed if it begins as compressed ones do. No more of it is read
/// than tells, so that whoever sends a line and waits for its answer gets it.
fn sniffed<'r>(mut stream: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    const MARKS: [(&[u8], Compression); 2] = [
        (&[0x1f, 0x8b], Compression::Gzip),
        (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
    ];
    let mut head = Vec::new();
    let mut found = Compression::None;
    while found == Compression::None && MARKS.iter().any(|(mark, _)| mark.starts_with(&head)) {
        if (&mut stream).take(1).read_to_end(&mut head)? == 0 {
            break;
        }
        let whole = MARKS.iter().find(|(mark, _)| *mark == head);
        found = whole.map_or(found, |(_, compression)| *compression);
    }
    decompress(Box::new(io::Cursor::new(head).chain(stream)), found)
}

/// Adds the bytes that pass through.
struct Counting<'c, R> {
    inner: R,
    sum: &'c AtomicU64,
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.sum.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Refuses to give more than an allowance of bytes, so that a reader which wants a whole row in
/// memory cannot be made to take a whole file.
struct Allowance<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Allowance<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.left.get()).unwrap_or(usize::MAX);
        if left == 0 && !buf.is_empty() {
            return Err(io::Error::other("a row is larger than the limit"));
        }
        let room = buf.len().min(left);
        let n = self.inner.read(&mut buf[..room])?;
        self.left.set(self.left.get() - n as u64);
        Ok(n)
    }
}

/// A line, as [`next_line`] met it.
enum Line {
    /// It is in the buffer, without its end.
    Whole,
    /// It is longer than the limit and was passed over.
    TooLong,
}

/// The next line's bytes in `line`; none at the end.
fn next_line(stream: &mut impl BufRead, line: &mut Vec<u8>, max: u64) -> io::Result<Option<Line>> {
    line.clear();
    let mut any = false;
    let mut whole = true;
    loop {
        let chunk = match stream.fill_buf() {
            Ok(chunk) => chunk,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
            Err(err) => return Err(err),
        };
        if chunk.is_empty() {
            break;
        }
        any = true;
        let end = chunk.iter().position(|b| *b == b'\n');
        let take = end.unwrap_or(chunk.len());
        if whole && line.len() as u64 + take as u64 <= max {
            line.extend_from_slice(&chunk[..take]);
        } else {
            whole = false;
            line.clear();
        }
        stream.consume(take + usize::from(end.is_some()));
        if end.is_some() {
            break;
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(match (any, whole) {
        (false, _) => None,
        (true, true) => Some(Line::Whole),
        (true, false) => Some(Line::TooLong),
    })
}
