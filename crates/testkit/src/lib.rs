//! Development only: what the workspace's tests share.
//!
//! - [`assert_tiles`] holds a segmenter to the contract that its spans tile the text.
//! - [`jsonl`] reads cases from a data file, one JSON object a line.
//! - [`expect_file`] compares a rendering with a file beside the input; `UPDATE=1` rewrites it.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use standpoint_core::Span;

/// Fails unless each span starts where the one before ends, the first at 0, the last at the end
/// of `text`, all on character boundaries.
#[track_caller]
pub fn assert_tiles(text: &str, spans: impl IntoIterator<Item = Span>) {
    let mut at = 0;
    for span in spans {
        assert_eq!(span.start() as usize, at, "gap or overlap at byte {at}");
        assert!(!span.is_empty(), "empty span at byte {at}");
        at = span.end() as usize;
        assert!(text.is_char_boundary(at), "byte {at} is inside a character");
    }
    assert_eq!(at, text.len(), "text after the last span");
}

/// The cases of a data file, one JSON object a line; blank lines and lines that start with `//`
/// are left out.
///
/// # Panics
///
/// If the file cannot be read, has no case, or a line is no case; the message names file and line.
#[track_caller]
#[must_use]
pub fn jsonl<T: DeserializeOwned>(path: impl AsRef<Path>) -> Vec<T> {
    let path = path.as_ref();
    let text = read(path);
    let cases: Vec<T> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with("//"))
        .map(|(i, line)| {
            serde_json::from_str(line)
                .unwrap_or_else(|err| panic!("{}:{}: {err}: {line}", path.display(), i + 1))
        })
        .collect();
    assert!(!cases.is_empty(), "{}: no cases", path.display());
    cases
}

/// The stories of Reuters-21578 in a folder with its `.sgm` files, as one text: a paragraph a line,
/// a blank line between two.
///
/// # Panics
///
/// If the folder has no story.
#[must_use]
pub fn reuters(folder: impl AsRef<Path>) -> String {
    let mut text = String::new();
    for path in files(folder, "sgm") {
        let bytes = std::fs::read(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        // Latin-1.
        let file: String = bytes.into_iter().map(char::from).collect();
        for story in file.split("<BODY>").skip(1) {
            let body = story.split("</BODY>").next().unwrap_or(story);
            let body = body
                .replace("&lt;", "<")
                .replace("&amp;", "&")
                .replace('\u{3}', "");
            // A paragraph starts with an indent.
            for paragraph in body.split("\n    ") {
                let words: Vec<&str> = paragraph.split_whitespace().collect();
                if !words.is_empty() {
                    text += &words.join(" ");
                    text += "\n\n";
                }
            }
        }
    }
    assert!(!text.is_empty(), "no story found");
    text
}

/// News for benches, at least a megabyte: the stories of Reuters-21578 in the folder that the
/// environment variable `STANDPOINT_REUTERS` names; without it `article` again and again.
#[must_use]
pub fn news(article: &str) -> String {
    #[allow(clippy::disallowed_methods, reason = "criterion takes the arguments")]
    match std::env::var_os("STANDPOINT_REUTERS") {
        Some(folder) => reuters(folder),
        None => article.repeat((1 << 20) / article.len() + 1),
    }
}

/// What words and sentences are told by.
const PIECES: &[&str] = &[
    "a", "n", "Z", "I", "1", ".", "!", "?", ",", ":", "-", "'", "\"", "“", "”", "’", "(", ")",
    "\n", " ", "@", "/", "é", "É", "😀", "•", "*", "\u{a0}",
];

/// Looks for the texts that are slowest by the byte and prints the slowest twenty: of all periods of
/// up to three of `PIECES` (or as many as an argument of the program says) and of random texts of
/// a few of them. Each is timed again and again, and the shortest time counts.
#[allow(clippy::print_stdout, reason = "the whole of a bench")]
pub fn print_slowest(run: impl FnMut(&str)) {
    #[allow(clippy::disallowed_methods, reason = "a program's arguments")]
    let longest = std::env::args().find_map(|arg| arg.parse().ok());
    for (speed, text) in slowest(longest.unwrap_or(3), run).iter().take(20) {
        let start: String = text.chars().take(30).collect();
        println!("{speed:6.1} MB/s {start:?}");
    }
}

/// The slowest texts, with the megabytes a second of each, slowest first.
fn slowest(longest: u32, mut run: impl FnMut(&str)) -> Vec<(f64, String)> {
    const BYTES: usize = 6000;
    let mut speed = |text: &str, times: u32| {
        let seconds = (0..times)
            .map(|_| {
                let start = std::time::Instant::now();
                run(std::hint::black_box(text));
                start.elapsed().as_secs_f64()
            })
            .fold(f64::MAX, f64::min);
        text.len() as f64 / 1e6 / seconds
    };
    let mut found: Vec<(f64, String)> = Vec::new();
    let mut add = |text: String| {
        found.push((speed(&text, 2), text));
        if found.len() > 4000 {
            found.sort_by(|a, b| a.0.total_cmp(&b.0));
            found.truncate(200);
        }
    };
    for length in 1..=longest {
        for mut n in 0..PIECES.len().pow(length) {
            let mut period = String::new();
            for _ in 0..length {
                period += PIECES[n % PIECES.len()];
                n /= PIECES.len();
            }
            add(period.repeat(BYTES / period.len() + 1));
        }
    }
    // A small generator of its own: the same texts on every machine.
    let mut state = 0x1234_5678_u64;
    let mut below = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % n
    };
    for _ in 0..20_000 {
        let few: Vec<String> = (0..2 + below(5))
            .map(|_| {
                (0..1 + below(3))
                    .map(|_| PIECES[below(PIECES.len())])
                    .collect()
            })
            .collect();
        let mut text = String::new();
        while text.len() < BYTES {
            text += &few[below(few.len())];
            if below(3) == 0 {
                text.push(' ');
            }
        }
        add(text);
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.truncate(200);
    for (mbs, text) in &mut found {
        *mbs = speed(text, 60);
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found
}

/// The text of a file.
///
/// # Panics
///
/// If it cannot be read as UTF-8; the message names the file.
#[track_caller]
#[must_use]
pub fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

/// The files of a folder with this extension, in order of name.
///
/// # Panics
///
/// If the folder cannot be read or has none: a test over no file would pass whatever the code does.
#[track_caller]
#[must_use]
pub fn files(folder: impl AsRef<Path>, extension: &str) -> Vec<PathBuf> {
    let folder = folder.as_ref();
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|err| panic!("{}: {err}", folder.display()))
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == extension))
        .collect();
    files.sort();
    assert!(
        !files.is_empty(),
        "{}: no .{extension} files",
        folder.display()
    );
    files
}

/// Fails unless `got` is what the file at `path` holds, showing the first line that differs. With
/// the environment variable `UPDATE=1` writes the file instead.
///
/// # Panics
///
/// If they differ, or the file cannot be read or written.
#[track_caller]
pub fn expect_file(path: impl AsRef<Path>, got: &str) {
    let path = path.as_ref();
    #[allow(
        clippy::disallowed_methods,
        reason = "a switch of the test runner, not of the program"
    )]
    if std::env::var_os("UPDATE").is_some_and(|v| v == "1") {
        std::fs::write(path, got).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        return;
    }
    let want = read(path);
    if want == got {
        return;
    }
    let line = want
        .lines()
        .zip(got.lines())
        .take_while(|(w, g)| w == g)
        .count();
    panic!(
        "{}:{}: differs (UPDATE=1 rewrites it)\n  want: {}\n   got: {}",
        path.display(),
        line + 1,
        want.lines().nth(line).unwrap_or("<end>"),
        got.lines().nth(line).unwrap_or("<end>"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "gap or overlap at byte 2")]
    fn a_gap_is_found() {
        assert_tiles("abcd", [Span::new(0, 2), Span::new(3, 4)]);
    }

    #[test]
    #[should_panic(expected = "text after the last span")]
    fn a_missing_end_is_found() {
        assert_tiles("abcd", [Span::new(0, 2)]);
    }
}
