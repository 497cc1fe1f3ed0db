//! A tar archive of files of the other formats.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::Component;

use super::{InputFormat, Sink, Source, cut_short, decompress, kind, read_from};
use crate::failure::Failure;

pub(super) fn read(stream: impl Read, from: &Source<'_>, sink: Sink<'_>) -> ControlFlow<()> {
    let mut archive = tar::Archive::new(stream);
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(err) => return sink(Err(Failure::at(from.name, cut_short(err)))),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(err) => return sink(Err(Failure::at(from.name, cut_short(err)))),
        };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = match entry.path() {
            Ok(path) => path.into_owned(),
            Err(err) => {
                sink(Err(Failure::at(from.name, err)))?;
                continue;
            }
        };
        // As in folders; the archives of some systems have such a companion beside every file.
        let hidden = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
        if path
            .components()
            .any(|part| matches!(part, Component::Normal(name) if hidden(name)))
        {
            continue;
        }
        let (format, compression) = kind(&path);
        let Some(format) = format.filter(|f| *f != InputFormat::Tar) else {
            continue;
        };
        let inside = path.to_string_lossy();
        let inside = inside.strip_prefix("./").unwrap_or(&inside);
        let name = format!("{}:{inside}", from.name);
        match decompress(Box::new(entry), compression) {
            Ok(stream) => read_from(stream, format, &name, from.options, sink)?,
            Err(err) => sink(Err(Failure::at(name, err)))?,
        }
    }
    ControlFlow::Continue(())
}
