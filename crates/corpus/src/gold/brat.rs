use std::collections::BTreeMap;
use std::path::Path;

use standpoint_core::{Document, OffsetIndex, OffsetUnit, Span};

use super::{Error, document, lines, name_of, quoted};

/// A text with brat standoff annotations (<https://brat.nlplab.org/standoff.html>).
#[derive(Clone, Debug, PartialEq)]
pub struct Brat {
    /// The text, named as its file without `.txt`.
    pub document: Document,
    /// The annotated spans (`T` lines), in the file's order.
    pub spans: Vec<BratSpan>,
    /// Events and relations (`E` and `R` lines), in the file's order.
    pub events: Vec<BratEvent>,
    /// Lines of other sorts, which are not read, by their first character: notes `#`, attributes
    /// `A`, equivalences `*` and so on.
    pub not_read: BTreeMap<char, u64>,
}

/// An annotated span: one or more fragments with a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BratSpan {
    /// Its number in the file: `T3`.
    pub id: String,
    /// Its label.
    pub label: String,
    /// Its fragments in bytes of the text, ascending; none is empty.
    pub fragments: Vec<Span>,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// Spans that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BratEvent {
    /// Its label: of an event with a trigger its type.
    pub label: String,
    /// The role and the place in [`Brat::spans`] of each span, the trigger left out, in the file's
    /// order. A role's number (`Content2`) is taken off.
    pub roles: Vec<(String, usize)>,
    /// Its line in the file, from 1.
    pub line: usize,
}

impl Brat {
    /// The fragments of all spans that an event gives a role, in ascending order.
    #[must_use]
    pub fn part(&self, event: &BratEvent, role: &str) -> Vec<Span> {
        let mut fragments: Vec<Span> = event
            .roles
            .iter()
            .filter(|(name, _)| name == role)
            .flat_map(|(_, span)| self.spans[*span].fragments.iter().copied())
            .collect();
        fragments.sort_unstable();
        fragments.dedup();
        fragments
    }
}

/// Reads the annotations `ann` (at `path`) of `text`. Offsets count characters; the words that a
/// span repeats must be the text's, but for white space.
///
/// # Errors
///
/// [`Error`] for a line that is no annotation, offsets out of the text, words that are not the
/// text's, and an event that names a span that is not there.
pub fn read_brat(path: &Path, ann: &str, text: &str) -> Result<Brat, Error> {
    let index = OffsetIndex::new(text);
    let mut spans: Vec<BratSpan> = Vec::new();
    let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
    let mut not_read: BTreeMap<char, u64> = BTreeMap::new();
    let mut pending = Vec::new();
    for (number, line) in lines(ann) {
        let Some(sort) = line.chars().next().filter(|_| !line.trim().is_empty()) else {
            continue;
        };
        match sort {
            'T' => {
                let span = span_line(path, number, line, text, &index)?;
                let id = line.split('\t').next().unwrap_or_default();
                if by_id.insert(id, spans.len()).is_some() {
                    let found = format!("a second {}", quoted(id));
                    return Err(Error::at(path, number, found, "each id once"));
                }
                spans.push(span);
            }
            'E' | 'R' => pending.push((number, line, sort == 'E')),
            '#' | 'A' | 'M' | 'N' | '*' => *not_read.entry(sort).or_default() += 1,
            _ => {
                let expected = "an annotation: a line that starts with T, E, R, A, M, N, * or #";
                return Err(Error::at(path, number, quoted(line), expected));
            }
        }
    }
    // Events may name spans that stand below them.
    let events = pending
        .into_iter()
        .map(|(number, line, event)| event_line(path, number, line, event, &by_id, &spans))
        .collect::<Result<_, _>>()?;
    let name = name_of(path);
    let id = name.strip_suffix(".ann").unwrap_or(&name).to_owned();
    Ok(Brat {
        document: document(path, id, text.to_owned())?,
        spans,
        events,
        not_read,
    })
}

fn span_line(
    path: &Path,
    number: usize,
    line: &str,
    text: &str,
    index: &OffsetIndex<'_>,
) -> Result<BratSpan, Error> {
    let shape = "an id, a label with offsets, and the words, between tabs: T1\\tSource 0 4\\tShe";
    let wrong = || Error::at(path, number, quoted(line), shape);
    let mut columns = line.splitn(3, '\t');
    let id = columns.next().ok_or_else(wrong)?;
    let (label, offsets) = columns
        .next()
        .and_then(|c| c.split_once(' '))
        .ok_or_else(wrong)?;
    let words = columns.next().ok_or_else(wrong)?;
    let mut fragments = Vec::new();
    for range in offsets.split(';') {
        let mut ends = range.split_whitespace().map(str::parse::<u32>);
        let (Some(Ok(start)), Some(Ok(end)), None) = (ends.next(), ends.next(), ends.next()) else {
            return Err(wrong());
        };
        let span = index.span(start..end, OffsetUnit::Chars).map_err(|err| {
            let expected = format!(
                "offsets within the text's {} characters",
                text.chars().count()
            );
            Error::at(path, number, err.to_string(), expected)
        })?;
        if !span.is_empty() {
            fragments.push(span);
        }
    }
    if fragments.is_empty() {
        return Err(Error::at(
            path,
            number,
            "a span without characters",
            "words of the text",
        ));
    }
    let in_text: Vec<&str> = fragments
        .iter()
        .flat_map(|&f| text[f].split_whitespace())
        .collect();
    // Pieces may touch ("can" and "not" of "cannot"), so the gaps are not compared.
    if !letters(words).eq(in_text.iter().flat_map(|w| w.chars())) {
        let expected = format!("the text's own words there, {}", quoted(&in_text.join(" ")));
        return Err(Error::at(path, number, quoted(words), expected));
    }
    fragments.sort_unstable();
    Ok(BratSpan {
        id: id.to_owned(),
        label: label.to_owned(),
        fragments,
        line: number,
    })
}

fn letters(words: &str) -> impl Iterator<Item = char> {
    words.chars().filter(|c| !c.is_whitespace())
}

fn event_line(
    path: &Path,
    number: usize,
    line: &str,
    event: bool,
    by_id: &BTreeMap<&str, usize>,
    spans: &[BratSpan],
) -> Result<BratEvent, Error> {
    let shape = "an id and roles: E1\\tAttribution:T4 Source:T1, or R1\\tCause Arg1:T1 Arg2:T2";
    let wrong = || Error::at(path, number, quoted(line), shape);
    let (_, rest) = line.split_once('\t').ok_or_else(wrong)?;
    let mut parts = rest.split_whitespace();
    let head = parts.next().ok_or_else(wrong)?;
    let label = if event {
        let (label, trigger) = head.split_once(':').ok_or_else(wrong)?;
        place(path, number, trigger, by_id)?;
        label
    } else {
        head
    };
    let mut roles = Vec::new();
    for part in parts {
        let (role, id) = part.split_once(':').ok_or_else(wrong)?;
        // A role may name another event, which has no words of its own.
        if !id.starts_with('E') {
            let role = role.trim_end_matches(|c: char| c.is_ascii_digit());
            roles.push((role.to_owned(), place(path, number, id, by_id)?));
        }
    }
    debug_assert!(roles.iter().all(|(_, span)| *span < spans.len()));
    Ok(BratEvent {
        label: label.to_owned(),
        roles,
        line: number,
    })
}

fn place(
    path: &Path,
    number: usize,
    id: &str,
    by_id: &BTreeMap<&str, usize>,
) -> Result<usize, Error> {
    by_id.get(id).copied().ok_or_else(|| {
        Error::at(
            path,
            number,
            quoted(id),
            "the id of a span that the file has",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "“Né,” he said, “we lost.”\n";

    fn read(ann: &str) -> Result<Brat, Error> {
        read_brat(Path::new("a/b.ann"), ann, TEXT)
    }

    #[test]
    fn fragments_roles_and_characters() {
        let ann = "E1\tAttribution:T4 Source:T1 Cue:T2 Content:T3 Content2:T5\nT1\tSource 6 8\the\nT2\tCue 9 13\tsaid\nT3\tContent 0 5\t“Né,”\nT4\tAttribution 9 13\tsaid\nT5\tContent 15 18;19 25\t“we lost.”\n#1\tAnnotatorNotes T1\twho?\n";
        let brat = read(ann).unwrap();
        assert_eq!(brat.document.id(), "b");
        let words: Vec<&str> = brat
            .part(&brat.events[0], "Content")
            .iter()
            .map(|&s| &TEXT[s])
            .collect();
        assert_eq!(words, ["“Né,”", "“we", "lost.”"]);
        assert_eq!(brat.part(&brat.events[0], "Source"), [Span::new(11, 13)]);
        assert_eq!(brat.not_read.get(&'#'), Some(&1));
    }

    #[test]
    fn what_is_wrong_is_placed() {
        for (ann, want) in [
            ("x\n", "a/b.ann:1: found `x`, expected an annotation"),
            (
                "T1\tSource\n",
                "a/b.ann:1: found `T1\tSource`, expected an id",
            ),
            ("T1\tSource 6 a\the\n", "a/b.ann:1: found `T1"),
            (
                "T1\tSource 6 99\the\n",
                "a/b.ann:1: found offset 99 in chars is past the end",
            ),
            (
                "T1\tSource 8 6\the\n",
                "a/b.ann:1: found offset 8 in chars starts a range",
            ),
            (
                "T1\tSource 6 6\t\n",
                "a/b.ann:1: found a span without characters",
            ),
            (
                "T1\tSource 6 8\tshe\n",
                "a/b.ann:1: found `she`, expected the text's own words there, `he`",
            ),
            (
                "\nE1\tA:T1\n",
                "a/b.ann:2: found `T1`, expected the id of a span",
            ),
            (
                "T1\tA 6 8\the\nT1\tA 6 8\the\n",
                "a/b.ann:2: found a second `T1`",
            ),
        ] {
            let err = read(ann).unwrap_err().to_string();
            assert!(err.starts_with(want), "{err}");
        }
    }
}
