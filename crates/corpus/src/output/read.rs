use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::failure::{Error, ErrorKind};
use crate::record::Record;

/// The records of files of JSON lines compressed with zstd, one file after the other.
///
/// # Errors
///
/// Each record may be an [`Error`], with file and line: one that is no record, or a file that
/// cannot be read, which ends the records.
pub fn read_records(files: Vec<PathBuf>) -> impl Iterator<Item = Result<Record, Error>> {
    files.into_iter().flat_map(|path| {
        let lines: Box<dyn Iterator<Item = io::Result<String>>> = match open(&path) {
            Ok(file) => Box::new(file.lines()),
            Err(err) => Box::new(std::iter::once(Err(err))),
        };
        let mut broken = false;
        lines
            .enumerate()
            .map(move |(at, line)| {
                let line = line.map_err(|err| Error::new(&path, err))?;
                serde_json::from_str(&line).map_err(|err| {
                    Error::new(
                        &path,
                        ErrorKind::Line {
                            line: at + 1,
                            reason: err.to_string(),
                        },
                    )
                })
            })
            .take_while(move |record| !std::mem::replace(&mut broken, record.is_err()))
    })
}

fn open(path: &Path) -> io::Result<BufReader<zstd::Decoder<'static, BufReader<File>>>> {
    let file = fs::File::open(path)?;
    Ok(BufReader::with_capacity(1 << 16, zstd::Decoder::new(file)?))
}
