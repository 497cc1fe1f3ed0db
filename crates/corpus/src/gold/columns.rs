use std::path::Path;

use standpoint_core::{Document, Sentence, Span, Token};

use super::{Builder, Error, document, kind_of, lines, name_of, quoted};

/// A document whose words carry tags: `B-PER`, `I-PER`, `O`, in whatever scheme the file is in.
#[derive(Clone, Debug, PartialEq)]
pub struct Tagged {
    /// The text: the file's own where it has one (`# text =`), else the words with a space
    /// between; a space between sentences.
    pub document: Document,
    /// The gold's sentences, which tile the text.
    pub sentences: Vec<Sentence>,
    /// The gold's words.
    pub tokens: Vec<Token>,
    /// Their tags.
    pub tags: Vec<String>,
    /// The lines they stand on, from 1.
    pub lines: Vec<usize>,
}

impl Tagged {
    /// The places in [`tokens`](Self::tokens) of each sentence's words.
    pub fn words_by_sentence(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let mut from = 0;
        self.sentences.iter().map(move |s| {
            let to = self
                .tokens
                .partition_point(|t| t.span.start() < s.span.end());
            let words = from..to;
            from = to;
            words
        })
    }
}

/// How a file's columns are laid out.
#[derive(Clone, Copy)]
struct Layout {
    /// Between columns: a tab, or any white space where the file has no tab.
    tabs: bool,
    word: usize,
    /// `None`: the last column.
    tag: Option<usize>,
    /// The fewest columns.
    least: usize,
    /// Lines that start with `#` before a sentence's first word are comments.
    comments: bool,
}

/// Reads files with one word a line and blank lines between sentences.
///
/// - CoNLL-2003: word, any columns, tag last, between spaces; `-DOCSTART-` starts a document.
/// - Two or more columns between tabs: word, tag; further columns are tags of nested names, which
///   are not read.
/// - Universal NER: number, word, tag, two more, between tabs, with CoNLL-U's comments; `# newdoc`
///   starts a document.
///
/// Which of these a file is, its first line with a word tells. A file without documents is one,
/// named as the file; where it has several, each is the file's name and its number: `eng.testa#3`.
///
/// # Errors
///
/// [`Error`] for a line without its tag, a tag that is none, a file without a word.
pub fn read_columns(path: &Path, text: &str) -> Result<Vec<Tagged>, Error> {
    let layout = layout(path, text)?;
    let mut reader = Reader {
        path,
        layout,
        documents: Vec::new(),
        document: Draft::default(),
        sentence: Vec::new(),
        sentence_text: None,
    };
    for (number, line) in lines(text) {
        reader.line(number, line)?;
    }
    reader.end_document()?;
    let many = reader.documents.len() > 1;
    let name = name_of(path);
    reader
        .documents
        .into_iter()
        .enumerate()
        .map(|(i, draft)| {
            let id = if many {
                format!("{name}#{}", i + 1)
            } else {
                name.clone()
            };
            Ok(Tagged {
                document: document(path, id, draft.text.text)?,
                sentences: draft.sentences,
                tokens: draft.tokens,
                tags: draft.tags,
                lines: draft.lines,
            })
        })
        .collect()
}

fn layout(path: &Path, text: &str) -> Result<Layout, Error> {
    let first = lines(text)
        .find(|(_, line)| !line.trim().is_empty())
        .ok_or_else(|| Error::at(path, None, "no words", "a word and its tag a line"))?;
    let comments = first.1.starts_with("# ") && !first.1.contains('\t');
    let (_, line) = lines(text)
        .find(|(_, line)| {
            let skipped = line.trim().is_empty()
                || line.starts_with("-DOCSTART-")
                || (comments && line.starts_with('#'));
            !skipped
        })
        .ok_or_else(|| Error::at(path, None, "no words", "a word and its tag a line"))?;
    let tabs = line.contains('\t');
    let numbered = comments && tabs && line.split('\t').next().is_some_and(is_number);
    Ok(if numbered {
        Layout {
            tabs,
            word: 1,
            tag: Some(2),
            least: 3,
            comments,
        }
    } else {
        Layout {
            tabs,
            word: 0,
            tag: tabs.then_some(1),
            least: 2,
            comments,
        }
    })
}

fn is_number(column: &str) -> bool {
    !column.is_empty() && column.bytes().all(|b| b.is_ascii_digit())
}

#[derive(Default)]
struct Draft {
    text: Builder,
    sentences: Vec<Sentence>,
    tokens: Vec<Token>,
    tags: Vec<String>,
    lines: Vec<usize>,
}

struct Reader<'t> {
    path: &'t Path,
    layout: Layout,
    documents: Vec<Draft>,
    document: Draft,
    /// Word, tag and line of each word of the sentence so far.
    sentence: Vec<(&'t str, &'t str, usize)>,
    sentence_text: Option<&'t str>,
}

impl<'t> Reader<'t> {
    fn line(&mut self, number: usize, line: &'t str) -> Result<(), Error> {
        if line.trim().is_empty() {
            return self.end_sentence();
        }
        if line.starts_with("-DOCSTART-") {
            return self.end_document();
        }
        if self.layout.comments && self.sentence.is_empty() && line.starts_with('#') {
            let comment = line[1..].trim_start();
            if comment.starts_with("newdoc") {
                self.end_document()?;
            } else if let Some(text) = comment.strip_prefix("text = ") {
                self.sentence_text = Some(text);
            }
            return Ok(());
        }
        let columns: Vec<&str> = if self.layout.tabs {
            line.split('\t').collect()
        } else {
            line.split_whitespace().collect()
        };
        if columns.len() < self.layout.least {
            return Err(Error::at(
                self.path,
                number,
                format!("{} with {} column(s)", quoted(line), columns.len()),
                format!("at least {} columns: a word and its tag", self.layout.least),
            ));
        }
        let word = columns[self.layout.word].trim();
        if word.is_empty() {
            return Err(Error::at(
                self.path,
                number,
                "no word in its column",
                "a word",
            ));
        }
        let tag = columns[self.layout.tag.unwrap_or(columns.len() - 1)].trim();
        if !is_tag(tag) {
            return Err(Error::at(
                self.path,
                number,
                quoted(tag),
                "a tag: O, or B-, I-, E- or S- and a kind",
            ));
        }
        self.sentence.push((word, tag, number));
        Ok(())
    }

    fn end_sentence(&mut self) -> Result<(), Error> {
        let words = std::mem::take(&mut self.sentence);
        let text = self.sentence_text.take();
        let Some(&(_, _, line)) = words.first() else {
            return Ok(());
        };
        let draft = &mut self.document;
        if let Some(last) = draft.sentences.last_mut() {
            draft.text.push(" ");
            last.span = Span::new(last.span.start(), draft.text.len() as u32);
        }
        let start = draft.text.len();
        match text {
            None => {
                for (i, (word, ..)) in words.iter().enumerate() {
                    if i > 0 {
                        draft.text.push(" ");
                    }
                    let span = draft.text.push(word);
                    draft.tokens.push(Token {
                        span,
                        kind: kind_of(word),
                    });
                }
            }
            Some(text) => {
                let text = text.trim();
                draft.text.push(text);
                let mut at = 0;
                for (word, ..) in &words {
                    at += text[at..].len() - text[at..].trim_start().len();
                    if !text[at..].starts_with(word) {
                        let found = format!("the word {}", quoted(word));
                        let expected =
                            format!("the sentence's text to go on, with {}", quoted(&text[at..]));
                        return Err(Error::at(self.path, line, found, expected));
                    }
                    let span = Span::from_range(start + at..start + at + word.len());
                    draft.tokens.push(Token {
                        span,
                        kind: kind_of(word),
                    });
                    at += word.len();
                }
                if !text[at..].trim().is_empty() {
                    let found = format!("no words for {}", quoted(text[at..].trim()));
                    return Err(Error::at(
                        self.path,
                        line,
                        found,
                        "words to the end of the text",
                    ));
                }
            }
        }
        draft.sentences.push(Sentence {
            span: Span::from_range(start..draft.text.len()),
            nested: false,
        });
        for (_, tag, line) in words {
            draft.tags.push(tag.to_owned());
            draft.lines.push(line);
        }
        Ok(())
    }

    fn end_document(&mut self) -> Result<(), Error> {
        self.end_sentence()?;
        if !self.document.tokens.is_empty() {
            self.documents.push(std::mem::take(&mut self.document));
        }
        Ok(())
    }
}

fn is_tag(tag: &str) -> bool {
    tag == "O"
        || tag.split_once('-').is_some_and(|(prefix, kind)| {
            matches!(prefix, "B" | "I" | "E" | "S") && !kind.is_empty()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Tagged>, Error> {
        read_columns(Path::new("gold.conll"), text)
    }

    /// Documents as `text | word/tag ...`.
    fn render(text: &str) -> Vec<String> {
        let docs = read(text).unwrap();
        docs.iter()
            .map(|doc| {
                standpoint_testkit::assert_tiles(
                    doc.document.text(),
                    doc.sentences.iter().map(|s| s.span),
                );
                let words: Vec<String> = doc
                    .words_by_sentence()
                    .map(|words| {
                        words
                            .map(|i| {
                                format!(
                                    "{}/{}",
                                    doc.document.slice(doc.tokens[i].span),
                                    doc.tags[i]
                                )
                            })
                            .collect::<Vec<_>>()
                            .join(" ")
                    })
                    .collect();
                format!("{}: {}", doc.document.id(), words.join(" | "))
            })
            .collect()
    }

    #[test]
    fn conll_2003() {
        let text = "-DOCSTART- -X- O O\n\nPARIS NNP I-NP I-LOC\n# # O O\n\nRain NN I-NP O\n\n-DOCSTART- -X- O O\n\nIt PRP I-NP O\n";
        assert_eq!(
            render(text),
            [
                "gold.conll#1: PARIS/I-LOC #/O | Rain/O",
                "gold.conll#2: It/O"
            ]
        );
    }

    #[test]
    fn tabs_with_nested_tags_and_words_with_spaces() {
        let text = "\r\n\r\nBank\tB-Organization\r\nof\tI-Organization\tO\r\nKenya\tI-Organization\tB-Location\r\n4 hours\tO\r\n";
        assert_eq!(
            render(text),
            ["gold.conll: Bank/B-Organization of/I-Organization Kenya/I-Organization 4 hours/O"]
        );
    }

    #[test]
    fn universal_ner_keeps_its_text() {
        let text = "# newdoc id = a\n# text = In Rome, now\n1\tIn\tO\t-\t-\n2\tRome\tB-LOC\t-\tme\n3\t,\tO\t-\t-\n4\tnow\tO\t-\t-\n\n# newdoc id = b\n# text = # 1\n1\t#\tO\t-\t-\n2\t1\tO\t-\t-\n";
        assert_eq!(
            render(text),
            [
                "gold.conll#1: In/O Rome/B-LOC ,/O now/O",
                "gold.conll#2: #/O 1/O"
            ]
        );
        assert_eq!(read(text).unwrap()[0].document.text(), "In Rome, now");
    }

    #[test]
    fn what_is_wrong_is_placed() {
        for (text, want) in [
            ("", "gold.conll: found no words"),
            ("\n\n", "gold.conll: found no words"),
            ("a O\nb\n", "gold.conll:2: found `b` with 1 column(s)"),
            (
                "a O\nb X-PER\n",
                "gold.conll:2: found `X-PER`, expected a tag",
            ),
            ("a\tO\n\tO\n", "gold.conll:2: found no word"),
            (
                "# text = a b\n1\ta\tO\n2\tc\tO\n",
                "gold.conll:2: found the word `c`",
            ),
            (
                "# text = a b\n1\ta\tO\n",
                "gold.conll:2: found no words for `b`",
            ),
        ] {
            let err = read(text).unwrap_err().to_string();
            assert!(err.starts_with(want), "{err}");
        }
    }
}
