//! The SGML of the Reuters-21578 collection: stories, one after the other, between `<REUTERS …>`
//! and `</REUTERS>`, with their title, dateline and body.

use std::io::BufRead;
use std::ops::ControlFlow;

use super::{Entry, Line, Sink, Source, cut_short, next_line, too_large};
use crate::failure::Failure;

pub(super) fn read(mut stream: impl BufRead, from: &Source<'_>, sink: Sink<'_>) -> ControlFlow<()> {
    let max = from.options.max_bytes;
    let mut line = Vec::new();
    // The open story: the line it starts on and what has been read of it.
    let mut open: Option<(u64, Vec<u8>)> = None;
    for n in 1.. {
        match next_line(&mut stream, &mut line, max) {
            Ok(None) => break,
            Ok(Some(Line::Whole)) => {}
            Ok(Some(Line::TooLong)) => {
                open = None;
                sink(Err(Failure::at(from.place(n), too_large(max))))?;
                continue;
            }
            Err(err) => return sink(Err(Failure::at(from.place(n), cut_short(err)))),
        }
        if line.starts_with(b"<REUTERS")
            && let Some((start, _)) = open.replace((n, Vec::new()))
        {
            sink(Err(Failure::at(from.place(start), UNCLOSED)))?;
        }
        let Some((start, story)) = &mut open else {
            continue;
        };
        if story.len() as u64 + line.len() as u64 > max {
            let start = *start;
            open = None;
            sink(Err(Failure::at(from.place(start), too_large(max))))?;
            continue;
        }
        story.extend_from_slice(&line);
        story.push(b'\n');
        if find(&line, b"</REUTERS>").is_some() {
            let (start, story) = open.take().unwrap_or_default();
            sink(entry(&story, start, from))?;
        }
    }
    match open {
        Some((start, _)) => sink(Err(Failure::at(from.place(start), UNCLOSED))),
        None => ControlFlow::Continue(()),
    }
}

const UNCLOSED: &str = "a story begins here and does not end";

fn entry(story: &[u8], line: u64, from: &Source<'_>) -> Result<Entry, Failure> {
    // The collection is ASCII but for a few bytes, which are of Windows-1252.
    let story = match std::str::from_utf8(story) {
        Ok(story) => story.into(),
        Err(_) => {
            encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(story)
                .0
        }
    };
    let id = attribute(&story, "NEWID").map(str::to_owned);
    let mut text = String::new();
    if let Some(title) = element(&story, "TITLE") {
        text.push_str(&unwrapped(&plain(title)));
    }
    let body = match element(&story, "BODY") {
        Some(body) => {
            let dateline = element(&story, "DATELINE").map(plain).unwrap_or_default();
            unwrapped(&format!(
                "{}{}",
                dateline.trim_end_matches('\n'),
                plain(body)
            ))
        }
        // A story that was not taken apart: lines of a table, as they stand.
        None if element(&story, "TITLE").is_none() => element(&story, "TEXT")
            .map(plain)
            .unwrap_or_default()
            .trim()
            .to_owned(),
        None => String::new(),
    };
    if !text.is_empty() && !body.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(&body);

    let mut meta = Vec::new();
    if let Some(date) = element(&story, "DATE").and_then(iso_date) {
        meta.push(("date".to_owned(), date));
    }
    for (name, tag) in [("topics", "TOPICS"), ("places", "PLACES")] {
        let list = element(&story, tag).unwrap_or_default();
        let items: Vec<&str> = list
            .split("<D>")
            .filter_map(|d| d.split_once("</D>").map(|(item, _)| item))
            .collect();
        if !items.is_empty() {
            meta.push((name.to_owned(), items.join(" ")));
        }
    }
    from.entry(from.place(line), id, text, meta, true)
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|w| w == needle)
}

/// What stands in the first element of this name.
fn element<'s>(story: &'s str, tag: &str) -> Option<&'s str> {
    let open = story
        .match_indices(&format!("<{tag}"))
        .find_map(|(at, head)| {
            let rest = &story[at + head.len()..];
            rest.starts_with(['>', ' ']).then_some(rest)
        })?;
    let (_, inside) = open.split_once('>')?;
    let (inside, _) = inside.split_once(&format!("</{tag}>"))?;
    Some(inside)
}

fn attribute<'s>(story: &'s str, name: &str) -> Option<&'s str> {
    let (head, _) = story.split_once('>')?;
    let (_, rest) = head.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    (!value.is_empty()).then_some(value)
}

/// Characters for their names and numbers; control characters, which marked the start and end of
/// transmission, are left out.
fn plain(marked: &str) -> String {
    let mut text = String::with_capacity(marked.len());
    let mut rest = marked;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = rest[1..].split_once(';').and_then(|(name, after)| {
            let c = match name {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "quot" => '"',
                _ => char::from_u32(name.strip_prefix('#')?.parse().ok()?)?,
            };
            Some((c, after))
        });
        match known {
            Some((c, after)) => {
                text.push(c);
                rest = after;
            }
            None => {
                text.push('&');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    text.retain(|c| c == '\n' || !c.is_control());
    text
}

/// Paragraphs, an empty line between two, each on one line: the collection breaks lines at a
/// width and starts a paragraph with four spaces.
fn unwrapped(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    for line in body.lines() {
        let words = line.trim();
        let is_end_mark = words.eq_ignore_ascii_case("reuter");
        if words.is_empty() || is_end_mark {
            continue;
        }
        if !text.is_empty() {
            text.push_str(if line.starts_with("    ") {
                "\n\n"
            } else {
                " "
            });
        }
        text.push_str(words);
    }
    text
}

/// `26-FEB-1987 15:01:01.01` as `1987-02-26`.
fn iso_date(date: &str) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ];
    let mut parts = date.split_whitespace().next()?.split('-');
    let day: u8 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = 1 + MONTHS.iter().position(|m| m.eq_ignore_ascii_case(name))?;
    let year: u16 = parts.next()?.parse().ok()?;
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use crate::input::{InputFormat, ReadOptions, read_from};
    use std::ops::ControlFlow;

    const TWO: &str = "<!DOCTYPE lewis SYSTEM \"lewis.dtd\">
<REUTERS TOPICS=\"YES\" OLDID=\"5\" NEWID=\"1\">
<DATE>26-FEB-1987 15:01:01.01</DATE>
<TOPICS><D>grain</D><D>wheat</D></TOPICS>
<PLACES></PLACES>
<TEXT>&#2;
<TITLE>MILL &amp; SONS BUYS
  WHEAT</TITLE>
<DATELINE>    LIMA, Feb 26 - </DATELINE><BODY>The mill said it bought
wheat &lt;grade 2>.
    \"More will come,\" it said.
 Reuter
&#3;</BODY></TEXT>
</REUTERS>
<REUTERS NEWID=\"2\">
<TEXT TYPE=\"UNPROC\">&#2;
a  1
b  2
&#3;</TEXT>
</REUTERS>
<REUTERS NEWID=\"3\">
<TEXT TYPE=\"BRIEF\">&#2;
</TEXT>
</REUTERS>
<REUTERS NEWID=\"4\">
<TEXT>";

    #[test]
    fn stories_are_taken_apart() {
        let mut got = Vec::new();
        let options = ReadOptions::default();
        let flow = read_from(
            Box::new(TWO.as_bytes()),
            InputFormat::Reuters,
            "r.sgm",
            &options,
            &mut |item| {
                got.push(item);
                ControlFlow::Continue(())
            },
        );
        assert!(flow.is_continue());
        let first = got[0].as_ref().unwrap();
        assert_eq!(first.document.id(), "1");
        assert_eq!(first.place, "r.sgm:2");
        assert_eq!(
            first.document.text(),
            "MILL & SONS BUYS WHEAT\n\nLIMA, Feb 26 - The mill said it bought wheat <grade 2>.\
             \n\n\"More will come,\" it said."
        );
        assert_eq!(
            first.document.meta(),
            [("date", "1987-02-26"), ("topics", "grain wheat")]
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
        );
        assert_eq!(got[1].as_ref().unwrap().document.text(), "a  1\nb  2");
        let empty = got[2].as_ref().unwrap_err();
        assert_eq!(
            (empty.id.as_deref(), &*empty.reason),
            (Some("3"), "empty: no text")
        );
        assert_eq!(got[3].as_ref().unwrap_err().reason, super::UNCLOSED);
        assert_eq!(got.len(), 4);
    }
}
