//! The folder that a run writes: parts, each whole or not there, and a journal of those that are.
//!
//! ```text
//! journal.jsonl       what the run is, then a line for each part that is whole
//! records/part-00000.jsonl.zst, documents/part-00000.parquet, …
//! failed.jsonl        the documents that failed, of the parts in the journal
//! part-00001.work     the results so far of the part that is not whole
//! manifest.json       written last: there if and only if the run is complete
//! .lock               empty; locked by the process that writes here, as long as it lives
//! ```
//!
//! A part is made from its work file alone, when all its results are there: files are written
//! beside their place, synced and renamed, then the journal's line is written and synced. So a run
//! that is killed anywhere goes on from the last whole result of the work file, and ends with the
//! bytes that it would have ended with.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use standpoint_corpus::{Failure, Record, Table, Tables};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};
use zstd::zstd_safe::{CCtx, CParameter, get_error_name};

use super::engine::Sink;
use super::progress::Progress;
use super::worker::Finished;

/// A form of output.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// A record a line, compressed with zstd
    Jsonl,
    /// Tables: documents, entities, actors, quotes, stances
    Parquet,
    /// Words with IOB2 tags of the names
    Conll,
    /// A text and a standoff file for each document
    Brat,
    /// A page for each document
    Html,
}

/// How much was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) documents: u64,
    pub(super) failed: u64,
    pub(super) duplicates: u64,
    pub(super) sentences: u64,
    pub(super) words: u64,
    pub(super) entities: u64,
    pub(super) quotes: u64,
    pub(super) stances: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.documents += more.documents;
        self.failed += more.failed;
        self.duplicates += more.duplicates;
        self.sentences += more.sentences;
        self.words += more.words;
        self.entities += more.entities;
        self.quotes += more.quotes;
        self.stances += more.stances;
    }
}

/// The result of one document, ready to be written.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Done {
    /// A hash of what was read, by which a resumed run knows that it reads the same.
    pub(super) input: u64,
    pub(super) counts: Counts,
    pub(super) outcome: Result<Written, Failure>,
}

/// What is written of one document.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) id: String,
    /// The record, as JSON, where `jsonl` or `parquet` is wanted.
    pub(super) record: String,
    pub(super) conll: String,
    pub(super) brat: Option<(String, String)>,
    pub(super) html: String,
}

/// How a folder that is there already is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    Refuse,
    Resume,
    Replace,
}

/// What has been done, for the reader to pass over.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// The number of items of each whole part, and the hash of their hashes.
    pub(super) parts: Vec<(u64, u64)>,
    /// The hashes of the items in the work file.
    pub(super) open: Vec<u64>,
}

/// A line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    part: usize,
    items: u64,
    /// The hash of the items' hashes.
    input: u64,
    counts: Counts,
    /// The length of `failed.jsonl` with this part's failures.
    failed_bytes: u64,
    files: Vec<PartFile>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct PartFile {
    name: String,
    bytes: u64,
    sha256: String,
}

/// The folder, open for writing.
pub(super) struct Store {
    dir: PathBuf,
    formats: Vec<Format>,
    /// Items in a part.
    part_size: u64,
    header: Value,
    parts: Vec<Part>,
    totals: Counts,
    work: BufWriter<File>,
    work_bytes: u64,
    /// The hashes of the items in the work file.
    open: Vec<u64>,
    /// One for all parts: some megabytes that, made anew for each, leave holes in the heap.
    compressor: CCtx<'static>,
    /// Held, so that no other run writes here; the system lets go of it when the process ends.
    _lock: File,
}

const JOURNAL: &str = "journal.jsonl";
const MANIFEST: &str = "manifest.json";
const FAILED: &str = "failed.jsonl";
const LOCK: &str = ".lock";
/// A part is closed early when its results are as large as this.
const PART_BYTES: u64 = 256 << 20;

/// What is in a folder already.
#[expect(clippy::large_enum_variant, reason = "made once a run")]
pub(super) enum Opened {
    /// Go on, or begin.
    Open(Store, Before),
    /// The run is complete.
    Complete(Counts),
}

impl Store {
    /// Opens the folder of a run. `header` says all that decides the output; a run goes on only
    /// with the same.
    pub(super) fn open(
        dir: &Path,
        header: Value,
        formats: &[Format],
        part_size: u64,
        existing: Existing,
    ) -> Result<Opened> {
        let ours = |there: &[String]| there.iter().any(|n| n == JOURNAL);
        // A run that was killed before it had written its header leaves nothing else.
        let fresh = |there: &[String]| {
            let first = ["journal.jsonl.tmp", LOCK];
            there.iter().all(|n| first.contains(&n.as_str()))
        };
        let there = names(dir)?;
        ensure!(
            fresh(&there) || ours(&there),
            "{}: is not empty and not the output of a run; name another folder",
            dir.display()
        );
        let lock = lock(dir)?;
        // What was there before may have been the work of a run that has just ended.
        let there = names(dir)?;
        if fresh(&there) {
            return Self::begin(dir, header, formats, part_size, lock);
        }
        match existing {
            Existing::Resume => Self::resume(dir, header, formats, part_size, lock),
            Existing::Replace => {
                for name in there.iter().filter(|n| is_ours(n)) {
                    let path = dir.join(name);
                    remove(&path).with_context(|| path.display().to_string())?;
                }
                Self::begin(dir, header, formats, part_size, lock)
            }
            Existing::Refuse => bail!(
                "{}: holds the output of a run; --resume goes on with it, --force replaces it",
                dir.display()
            ),
        }
    }

    fn begin(
        dir: &Path,
        header: Value,
        formats: &[Format],
        part_size: u64,
        lock: File,
    ) -> Result<Opened> {
        let context = || format!("{}: cannot be written", dir.display());
        let mut line = serde_json::to_vec(&header)?;
        line.push(b'\n');
        // First of all, so that whatever else is found later is known to be ours.
        replace(dir, JOURNAL, &line).with_context(context)?;
        let store = Self::at(dir, header, formats, part_size, Vec::new(), lock)?;
        Ok(Opened::Open(store, Before::default()))
    }

    fn resume(
        dir: &Path,
        header: Value,
        formats: &[Format],
        part_size: u64,
        lock: File,
    ) -> Result<Opened> {
        let path = dir.join(JOURNAL);
        let journal = fs::read(&path).with_context(|| path.display().to_string())?;
        // A last line that was not written to its end is no line.
        let whole = journal
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let mut lines = journal[..whole]
            .split(|b| *b == b'\n')
            .filter(|l| !l.is_empty());
        let damaged = || format!("{}: damaged; --force starts anew", path.display());
        let was: Value =
            serde_json::from_slice(lines.next().with_context(damaged)?).with_context(damaged)?;
        same_run(&was, &header)
            .with_context(|| format!("{}: belongs to another run", dir.display()))?;
        let parts = lines
            .map(|line| serde_json::from_slice(line).with_context(damaged))
            .collect::<Result<Vec<Part>>>()?;
        for file in parts.iter().flat_map(|p| &p.files) {
            let path = dir.join(&file.name);
            ensure!(
                path.is_dir() || fs::metadata(&path).is_ok_and(|m| m.len() == file.bytes),
                "{}: is not what the journal says was written; --force starts anew",
                path.display()
            );
        }
        if dir.join(MANIFEST).exists() {
            let mut totals = Counts::default();
            parts.iter().for_each(|p| totals += p.counts);
            return Ok(Opened::Complete(totals));
        }

        let journal = OpenOptions::new().write(true).open(&path);
        journal
            .and_then(|file| file.set_len(whole as u64))
            .with_context(|| path.display().to_string())?;
        let store = Self::at(dir, header, formats, part_size, parts, lock)?;
        // After it is open: that may have made a part of a work file that was full.
        let before = Before {
            parts: store.parts.iter().map(|p| (p.items, p.input)).collect(),
            open: store.open.clone(),
        };
        Ok(Opened::Open(store, before))
    }

    fn at(
        dir: &Path,
        header: Value,
        formats: &[Format],
        part_size: u64,
        parts: Vec<Part>,
        lock: File,
    ) -> Result<Self> {
        let mut totals = Counts::default();
        parts.iter().for_each(|p| totals += p.counts);
        let context = || format!("{}: cannot be written", dir.display());
        for folder in formats.iter().flat_map(|f| folders(*f)) {
            fs::create_dir_all(dir.join(folder)).with_context(context)?;
        }
        // Failures of a part that did not come into the journal are found again.
        let failed = OpenOptions::new()
            .append(true)
            .create(true)
            .open(dir.join(FAILED));
        let failed_bytes = parts.last().map_or(0, |p| p.failed_bytes);
        failed
            .and_then(|file| file.set_len(failed_bytes))
            .with_context(context)?;
        let name = work_name(parts.len());
        let path = dir.join(&name);
        for other in names(dir)? {
            if other.ends_with(".tmp") || (other.ends_with(".work") && other != name) {
                remove(&dir.join(other))?;
            }
        }
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .with_context(|| path.display().to_string())?;
        let mut compressor = CCtx::create();
        for parameter in [
            CParameter::CompressionLevel(3),
            CParameter::ChecksumFlag(true),
        ] {
            let set = compressor.set_parameter(parameter);
            set.map_err(|code| anyhow!("zstd: {}", get_error_name(code)))?;
        }
        let mut open = Vec::new();
        let mut whole = 0;
        for frame in Frames::new(&file) {
            let (done, bytes) = frame?;
            totals += done.counts;
            open.push(done.input);
            whole += bytes;
        }
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        let mut store = Self {
            dir: dir.to_owned(),
            formats: formats.to_vec(),
            part_size,
            header,
            parts,
            totals,
            work: BufWriter::new(file),
            work_bytes: whole,
            open,
            compressor,
            _lock: lock,
        };
        // Killed when the part was full, before it was made.
        store.close_if_full()?;
        Ok(store)
    }

    /// How much has been found, in the parts and the work file.
    pub(super) fn totals(&self) -> Counts {
        self.totals
    }

    /// Takes the next result.
    pub(super) fn accept(&mut self, done: &Done) -> Result<()> {
        let frame = frame(done)?;
        self.work
            .write_all(&frame)
            .with_context(|| self.lost(&work_name(self.parts.len())))?;
        self.work_bytes += frame.len() as u64;
        self.totals += done.counts;
        self.open.push(done.input);
        self.close_if_full()
    }

    /// Gives what is written so far to the operating system.
    pub(super) fn flush(&mut self) -> Result<()> {
        let name = work_name(self.parts.len());
        self.work.flush().with_context(|| self.lost(&name))
    }

    /// Puts what is written so far on the disk; a later run goes on from it.
    pub(super) fn pause(&mut self) -> Result<()> {
        self.flush()?;
        self.work.get_ref().sync_all()?;
        Ok(())
    }

    /// Closes the last part and writes the manifest.
    pub(super) fn finish(mut self) -> Result<Counts> {
        if !self.open.is_empty() {
            self.close_part()?;
        }
        let mut manifest = self.header.clone();
        manifest["counts"] = serde_json::to_value(self.totals)?;
        manifest["parts"] = serde_json::to_value(&self.parts)?;
        let mut text = serde_json::to_vec_pretty(&manifest)?;
        text.push(b'\n');
        let lost = self.lost(MANIFEST);
        remove(&self.dir.join(work_name(self.parts.len()))).context(lost.clone())?;
        replace(&self.dir, MANIFEST, &text).context(lost)?;
        Ok(self.totals)
    }

    fn lost(&self, name: &str) -> String {
        format!(
            "{}: cannot be written (what was finished is whole, and --resume goes on from there \
             when the cause is gone)",
            self.dir.join(name).display(),
        )
    }

    fn close_if_full(&mut self) -> Result<()> {
        if self.open.len() as u64 >= self.part_size || self.work_bytes >= PART_BYTES {
            self.close_part()?;
        }
        Ok(())
    }

    /// Makes the part from the work file.
    fn close_part(&mut self) -> Result<()> {
        let number = self.parts.len();
        self.pause()?;
        let part = self
            .make_part(number)
            .with_context(|| self.lost(&format!("part-{number:05}")))?;
        self.parts.push(part);
        self.open.clear();
        self.work_bytes = 0;
        let path = self.dir.join(work_name(number + 1));
        let work = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .with_context(|| self.lost(&work_name(number + 1)))?;
        self.work = BufWriter::new(work);
        remove(&self.dir.join(work_name(number)))?;
        Ok(())
    }

    fn make_part(&mut self, number: usize) -> Result<Part> {
        let work = File::open(self.dir.join(work_name(number)))?;
        let mut counts = Counts::default();
        let mut failures = Vec::new();
        let mut compressor = Some(&mut self.compressor);
        let mut writers = Vec::new();
        for format in &self.formats {
            let writer = PartWriter::new(&self.dir, *format, number, &mut compressor)?;
            writers.push(writer);
        }
        for (at, frame) in Frames::new(&work).enumerate() {
            let (done, _) = frame?;
            counts += done.counts;
            match done.outcome {
                Ok(written) => {
                    for writer in &mut writers {
                        writer.write(at, &written)?;
                    }
                }
                Err(failure) => {
                    serde_json::to_writer(&mut failures, &failure)?;
                    failures.push(b'\n');
                }
            }
        }
        let mut files = Vec::new();
        for writer in writers {
            files.extend(writer.finish()?);
        }

        let mut failed = OpenOptions::new()
            .append(true)
            .open(self.dir.join(FAILED))?;
        failed.write_all(&failures)?;
        failed.sync_all()?;
        let part = Part {
            part: number,
            items: self.open.len() as u64,
            input: hash_of(&self.open),
            counts,
            failed_bytes: failed.metadata()?.len(),
            files,
        };
        let mut line = serde_json::to_vec(&part)?;
        line.push(b'\n');
        let mut journal = OpenOptions::new()
            .append(true)
            .open(self.dir.join(JOURNAL))?;
        journal.write_all(&line)?;
        journal.sync_all()?;
        Ok(part)
    }
}

/// A folder that results go into, with progress shown.
pub(super) struct Filling {
    pub(super) store: Store,
    pub(super) progress: Progress,
}

impl Sink<Finished> for Filling {
    fn accept(&mut self, finished: Finished) -> Result<()> {
        self.store.accept(&finished.done)?;
        self.progress.add(finished.done.counts, finished.bytes);
        Ok(())
    }

    fn idle(&mut self) -> Result<()> {
        self.store.flush()?;
        self.progress.tick();
        Ok(())
    }

    fn stopping(&mut self, begun: usize) {
        self.progress.stopping(begun);
    }
}

/// The hash of hashes, in order.
pub(super) fn hash_of(hashes: &[u64]) -> u64 {
    let mut all = Xxh3::new();
    for hash in hashes {
        all.update(&hash.to_le_bytes());
    }
    all.digest()
}

fn work_name(part: usize) -> String {
    format!("part-{part:05}.work")
}

fn folders(format: Format) -> Vec<&'static str> {
    match format {
        Format::Jsonl => vec!["records"],
        Format::Parquet => Table::ALL.map(Table::name).to_vec(),
        Format::Conll => vec!["conll"],
        Format::Brat => vec!["brat"],
        Format::Html => vec!["html"],
    }
}

/// Keeps other runs out of a folder, which is made if it is not there.
fn lock(dir: &Path) -> Result<File> {
    let context = || format!("{}: cannot be written", dir.display());
    fs::create_dir_all(dir).with_context(context)?;
    let file = File::create(dir.join(LOCK)).with_context(context)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "{}: another run is writing there; wait for its end, or name another folder",
            dir.display()
        ),
        // Some file systems of a network have no locks; a run is not to fail for that.
        Err(TryLockError::Error(err)) if err.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(err)) => Err(err).with_context(context),
    }
}

/// Whether a name in the folder is one that a run makes.
fn is_ours(name: &str) -> bool {
    use clap::ValueEnum;
    [JOURNAL, MANIFEST, FAILED].contains(&name)
        || Format::value_variants()
            .iter()
            .any(|f| folders(*f).contains(&name))
        || (name.starts_with("part-") && name.ends_with(".work"))
        || name.ends_with(".tmp")
}

fn names(dir: &Path) -> Result<Vec<String>> {
    let context = || dir.display().to_string();
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(err).with_context(context),
    };
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()
        .with_context(context)?;
    names.sort();
    Ok(names)
}

fn remove(path: &Path) -> io::Result<()> {
    let result = match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    match result {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Writes a file whole: beside its place, synced, then renamed.
fn replace(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = dir.join(format!("{name}.tmp"));
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, dir.join(name))?;
    sync_folder(dir)
}

/// So that a rename survives a loss of power.
fn sync_folder(dir: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(dir)?.sync_all(),
        false => Ok(()),
    }
}

/// Says what differs between the header of a run and that of the one which should go on with it.
fn same_run(was: &Value, is: &Value) -> Result<()> {
    ensure!(was.is_object(), "its journal begins with {was}");
    let mut differ = Vec::new();
    differences("", was, is, &mut differ);
    ensure!(
        differ.is_empty(),
        "{}; --force starts anew",
        differ.join("; ")
    );
    Ok(())
}

/// What differs between two values, each with its place in them.
fn differences(place: &str, was: &Value, is: &Value, differ: &mut Vec<String>) {
    let (Some(old), Some(new)) = (was.as_object(), is.as_object()) else {
        if was != is {
            differ.push(format!("{place} was {was} and is {is}"));
        }
        return;
    };
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        let place = match place {
            "" => key.clone(),
            _ => format!("{place}.{key}"),
        };
        let at = |object: &serde_json::Map<String, Value>| object.get(key).cloned();
        let (was, is) = (at(old).unwrap_or_default(), at(new).unwrap_or_default());
        differences(&place, &was, &is, differ);
    }
}

/// A result as bytes: their number, their hash, and JSON.
fn frame(done: &Done) -> Result<Vec<u8>> {
    let mut bytes = vec![0; 12];
    serde_json::to_writer(&mut bytes, done)?;
    let length = u32::try_from(bytes.len() - 12).context("a result of 4 GiB or more")?;
    let hash = xxh3_64(&bytes[12..]);
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes[4..12].copy_from_slice(&hash.to_le_bytes());
    Ok(bytes)
}

/// The whole results of a work file, with how many bytes each takes; ends where one is not whole.
struct Frames<'f> {
    file: BufReader<&'f File>,
}

impl<'f> Frames<'f> {
    fn new(file: &'f File) -> Self {
        Self {
            file: BufReader::new(file),
        }
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<(Done, u64)>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut head = [0; 12];
        let mut bytes = Vec::new();
        let read = self.file.read_exact(&mut head).and_then(|()| {
            let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
            (&mut self.file)
                .take(u64::from(length))
                .read_to_end(&mut bytes)?;
            Ok(length as usize)
        });
        match read {
            Ok(length) if bytes.len() == length && head[4..] == xxh3_64(&bytes).to_le_bytes() => {
                let done = serde_json::from_slice(&bytes).context("a result in the work file");
                Some(done.map(|done| (done, 12 + bytes.len() as u64)))
            }
            Ok(_) => None,
            Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(err) => Some(Err(err.into())),
        }
    }
}

/// One format of one part, being written beside its place.
enum PartWriter<'c> {
    Records(zstd::Encoder<'c, Summed>),
    Tables(Tables, PathBuf, usize),
    Conll(Summed),
    Files(Folder),
}

impl<'c> PartWriter<'c> {
    fn new(
        dir: &Path,
        format: Format,
        number: usize,
        compressor: &mut Option<&'c mut CCtx<'static>>,
    ) -> Result<Self> {
        let file = |folder: &str, ending: &str| {
            Summed::create(dir, &format!("{folder}/part-{number:05}.{ending}"))
        };
        Ok(match format {
            Format::Jsonl => {
                let compressor = compressor.take().context("two writers of records")?;
                let file = file("records", "jsonl.zst")?;
                Self::Records(zstd::Encoder::with_context(file, compressor))
            }
            Format::Parquet => Self::Tables(Tables::default(), dir.to_owned(), number),
            Format::Conll => Self::Conll(file("conll", "conll")?),
            Format::Brat => Self::Files(Folder::create(dir, "brat", number)?),
            Format::Html => Self::Files(Folder::create(dir, "html", number)?),
        })
    }

    fn write(&mut self, at: usize, written: &Written) -> Result<()> {
        match self {
            Self::Records(encoder) => {
                encoder.write_all(written.record.as_bytes())?;
                encoder.write_all(b"\n")?;
            }
            Self::Tables(tables, ..) => {
                let record: Record = serde_json::from_str(&written.record)?;
                tables.push(record);
            }
            Self::Conll(file) => file.write_all(written.conll.as_bytes())?,
            Self::Files(folder) => {
                let name = file_name(at, &written.id);
                match &written.brat {
                    Some((text, standoff)) if folder.kind == "brat" => {
                        folder.add(&format!("{name}.txt"), text.as_bytes())?;
                        folder.add(&format!("{name}.ann"), standoff.as_bytes())?;
                    }
                    _ => folder.add(&format!("{name}.html"), written.html.as_bytes())?,
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<PartFile>> {
        Ok(match self {
            Self::Records(encoder) => vec![encoder.finish()?.close()?],
            Self::Conll(file) => vec![file.close()?],
            Self::Files(folder) => vec![folder.close()?],
            Self::Tables(tables, dir, number) => {
                let mut files = Vec::new();
                for table in Table::ALL {
                    let name = format!("{}/part-{number:05}.parquet", table.name());
                    let mut file = Summed::create(&dir, &name)?;
                    tables.write(table, &mut file)?;
                    files.push(file.close()?);
                }
                files
            }
        })
    }
}

/// A document's file name: its place in the part, then its id as far as every system allows it.
fn file_name(at: usize, id: &str) -> String {
    let safe: String = id
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    // The end of a path says more than its start; all of it is ASCII by now.
    let tail = &safe[safe.len().saturating_sub(80)..];
    format!("{at:05}-{tail}")
}

/// A file written beside its place, and its sum.
struct Summed {
    dir: PathBuf,
    name: String,
    file: BufWriter<File>,
    sum: Sha256,
    bytes: u64,
}

impl Summed {
    fn create(dir: &Path, name: &str) -> Result<Self> {
        let path = dir.join(format!("{name}.tmp"));
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        Ok(Self {
            dir: dir.to_owned(),
            name: name.to_owned(),
            file: BufWriter::new(file),
            sum: Sha256::new(),
            bytes: 0,
        })
    }

    fn close(mut self) -> Result<PartFile> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        let path = self.dir.join(&self.name);
        fs::rename(self.dir.join(format!("{}.tmp", self.name)), &path)?;
        sync_folder(path.parent().unwrap_or(&self.dir))?;
        Ok(PartFile {
            name: self.name,
            bytes: self.bytes,
            sha256: hex(self.sum),
        })
    }
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.sum.update(&bytes[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A folder of files, written beside its place. Its sum is of names and contents, in order.
struct Folder {
    dir: PathBuf,
    kind: &'static str,
    name: String,
    sum: Sha256,
    bytes: u64,
}

impl Folder {
    fn create(dir: &Path, kind: &'static str, number: usize) -> Result<Self> {
        let name = format!("{kind}/part-{number:05}");
        let beside = dir.join(format!("{name}.tmp"));
        remove(&beside)?;
        fs::create_dir(&beside).with_context(|| beside.display().to_string())?;
        Ok(Self {
            dir: dir.to_owned(),
            kind,
            name,
            sum: Sha256::new(),
            bytes: 0,
        })
    }

    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.dir.join(format!("{}.tmp", self.name)).join(name);
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        self.sum.update(name.as_bytes());
        self.sum.update((bytes.len() as u64).to_le_bytes());
        self.sum.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn close(self) -> Result<PartFile> {
        let place = self.dir.join(&self.name);
        // Renamed before a run was killed, and not yet in the journal.
        remove(&place)?;
        let beside = self.dir.join(format!("{}.tmp", self.name));
        sync_folder(&beside)?;
        fs::rename(beside, &place)?;
        sync_folder(&self.dir.join(self.kind))?;
        Ok(PartFile {
            name: self.name,
            bytes: self.bytes,
            sha256: hex(self.sum),
        })
    }
}

fn hex(sum: Sha256) -> String {
    sum.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
