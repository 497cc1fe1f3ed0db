use std::path::Path;

use standpoint_core::{Sentence, Span};

use super::{Builder, Error, lines, name_of, quoted};

/// A document of a Universal Dependencies treebank: its sentences and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Treebank {
    /// Its `# newdoc id`, or the file's name.
    pub id: String,
    /// Its sentences, none empty.
    pub sentences: Vec<UdSentence>,
}

/// A sentence of a [`Treebank`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UdSentence {
    /// Whether a paragraph starts with it (`# newpar`).
    pub new_paragraph: bool,
    /// Its surface tokens.
    pub tokens: Vec<UdToken>,
    /// The line of its first token.
    pub line: usize,
}

/// A surface token: one word or, as a multiword token, several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UdToken {
    /// Its form in the text.
    pub form: String,
    /// Whether a space follows (no `SpaceAfter=No`).
    pub space_after: bool,
    /// The forms of its words where it has several, else none.
    pub words: Vec<String>,
}

/// What stands between sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Joining {
    /// A space, everywhere: nothing but the words tells where a sentence ends.
    Space,
    /// A blank line where a paragraph starts (`# newpar`), else a space: closest to how the text
    /// was published.
    Paragraphs,
}

/// A document's text with where its sentences and words are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined<'t> {
    /// The text.
    pub text: String,
    /// The gold sentences, which tile it.
    pub sentences: Vec<Sentence>,
    /// The gold words.
    pub words: Vec<UdWord<'t>>,
}

/// A word of a [`Joined`] text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UdWord<'t> {
    /// Its surface token's bytes.
    pub span: Span,
    /// Its form.
    pub form: &'t str,
    /// Whether its token has several words.
    pub multiword: bool,
}

impl Treebank {
    /// The text, made from the tokens, its sentences and its words.
    #[must_use]
    pub fn join(&self, joining: Joining) -> Joined<'_> {
        let mut text = Builder::default();
        let mut sentences: Vec<Sentence> = Vec::with_capacity(self.sentences.len());
        let mut words = Vec::new();
        for sentence in &self.sentences {
            if let Some(last) = sentences.last_mut() {
                let paragraph = joining == Joining::Paragraphs && sentence.new_paragraph;
                text.push(if paragraph { "\n\n" } else { " " });
                last.span = Span::from_range(last.span.start() as usize..text.len());
            }
            let start = text.len();
            for (i, token) in sentence.tokens.iter().enumerate() {
                let span = text.push(&token.form);
                if token.space_after && i + 1 < sentence.tokens.len() {
                    text.push(" ");
                }
                if token.words.is_empty() {
                    let form = token.form.as_str();
                    words.push(UdWord {
                        span,
                        form,
                        multiword: false,
                    });
                }
                words.extend(token.words.iter().map(|form| UdWord {
                    span,
                    form,
                    multiword: true,
                }));
            }
            sentences.push(Sentence {
                span: Span::from_range(start..text.len()),
                nested: false,
            });
        }
        Joined {
            text: text.text,
            sentences,
            words,
        }
    }
}

/// Reads a CoNLL-U file (<https://universaldependencies.org/format.html>). Empty nodes (`9.1`),
/// which are not in the text, and all columns but the number, the form and `SpaceAfter` are not
/// read.
///
/// # Errors
///
/// [`Error`] for a line that has not ten columns, a number out of order, a sentence that is not
/// what its `# text` says, a file without a sentence.
pub fn read_conllu(path: &Path, text: &str) -> Result<Vec<Treebank>, Error> {
    let mut documents: Vec<Treebank> = Vec::new();
    let mut id = name_of(path);
    let mut new_document = true;
    let mut sentence = UdSentence::default();
    let mut stated: Option<&str> = None;
    // Words read of the sentence, and the last word of the multiword token that is open.
    let (mut word, mut open_to) = (0_usize, 0_usize);
    // A blank line ends a sentence; so does the end of the file.
    for (number, line) in lines(text).chain([(0, "")]) {
        if line.trim().is_empty() {
            let done = std::mem::take(&mut sentence);
            let stated = stated.take();
            if word < open_to {
                return Err(Error::at(
                    path,
                    done.line,
                    format!("a multiword token that ends at word {open_to}"),
                    format!("its words; the sentence ends at word {word}"),
                ));
            }
            (word, open_to) = (0, 0);
            if done.tokens.is_empty() {
                continue;
            }
            if let Some(stated) = stated {
                check_text(path, &done, stated)?;
            }
            if std::mem::take(&mut new_document) {
                documents.push(Treebank {
                    id: id.clone(),
                    sentences: Vec::new(),
                });
            }
            if let Some(document) = documents.last_mut() {
                document.sentences.push(done);
            }
        } else if let Some(comment) = line.strip_prefix('#') {
            let comment = comment.trim();
            if let Some(rest) = comment.strip_prefix("newdoc") {
                new_document = true;
                id = match rest.split_once('=') {
                    Some((_, id)) => id.trim().to_owned(),
                    None => format!("{}:{number}", name_of(path)),
                };
                sentence.new_paragraph = true;
            } else if comment.starts_with("newpar") {
                sentence.new_paragraph = true;
            } else if let Some(text) = comment.strip_prefix("text =") {
                stated = Some(text.trim());
            }
        } else {
            let columns: Vec<&str> = line.split('\t').collect();
            let [number_column, form, .., misc] = columns[..] else {
                return Err(wrong_columns(path, number, line, columns.len()));
            };
            if columns.len() != 10 {
                return Err(wrong_columns(path, number, line, columns.len()));
            }
            if number_column.contains('.') {
                continue;
            }
            if form.trim().is_empty() {
                return Err(Error::at(
                    path,
                    number,
                    "an empty form",
                    "the form of a word",
                ));
            }
            if sentence.tokens.is_empty() {
                sentence.line = number;
            }
            let token = UdToken {
                form: form.to_owned(),
                space_after: !misc.split('|').any(|m| m == "SpaceAfter=No"),
                words: Vec::new(),
            };
            let range = number_column.split_once('-');
            let (first, last) = range.unwrap_or((number_column, number_column));
            let (Ok(first), Ok(last)) = (first.parse::<usize>(), last.parse::<usize>()) else {
                let expected = "a word's number: 7, 7-8 or 7.1";
                return Err(Error::at(path, number, quoted(number_column), expected));
            };
            if first != word + 1 || last < first || (range.is_some() && word < open_to) {
                let found = format!("word number {}", quoted(number_column));
                return Err(Error::at(path, number, found, format!("word {}", word + 1)));
            }
            if range.is_some() {
                open_to = last;
                sentence.tokens.push(token);
            } else {
                word += 1;
                match sentence.tokens.last_mut() {
                    Some(multiword) if word <= open_to => multiword.words.push(token.form),
                    _ => sentence.tokens.push(token),
                }
            }
        }
    }
    if documents.is_empty() {
        return Err(Error::at(path, None, "no sentence", "sentences in CoNLL-U"));
    }
    Ok(documents)
}

fn wrong_columns(path: &Path, number: usize, line: &str, columns: usize) -> Error {
    let found = format!("{} with {columns} column(s)", quoted(line));
    Error::at(path, number, found, "ten columns between tabs")
}

/// The tokens must give the sentence's stated text, but for how wide the gaps are.
fn check_text(path: &Path, sentence: &UdSentence, stated: &str) -> Result<(), Error> {
    let mut built = String::new();
    for token in &sentence.tokens {
        built.push_str(&token.form);
        if token.space_after {
            built.push(' ');
        }
    }
    if built.split_whitespace().eq(stated.split_whitespace()) {
        return Ok(());
    }
    let at = built
        .chars()
        .zip(stated.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let rest = |text: &str| quoted(&text.chars().skip(at).collect::<String>());
    Err(Error::at(
        path,
        sentence.line,
        format!("tokens that go on with {}", rest(&built)),
        format!(
            "the text of the sentence, which goes on with {}",
            rest(stated)
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: &str, form: &str, misc: &str) -> String {
        format!("{number}\t{form}\t_\t_\t_\t_\t_\t_\t_\t{misc}\n")
    }

    fn read(text: &str) -> Result<Vec<Treebank>, Error> {
        read_conllu(Path::new("dev.conllu"), text)
    }

    #[test]
    fn text_sentences_and_words() {
        let text = [
            "# newdoc id = d1\n# newpar\n# text = I can't.\n".to_owned(),
            line("1", "I", "_"),
            line("2-3", "can't", "SpaceAfter=No"),
            line("2", "ca", "_"),
            line("3", "n't", "_"),
            line("3.1", "go", "CopyOf=1"),
            line("4", ".", "_"),
            "\n# text = Yes\n".to_owned(),
            line("1", "Yes", "_"),
            "\n# newpar\n".to_owned(),
            line("1", "No", "SpaceAfter=No"),
        ]
        .concat();
        let docs = read(&text).unwrap();
        assert_eq!((docs.len(), docs[0].id.as_str()), (1, "d1"));
        assert_eq!(docs[0].join(Joining::Space).text, "I can't. Yes No");
        let joined = docs[0].join(Joining::Paragraphs);
        assert_eq!(joined.text, "I can't. Yes\n\nNo");
        standpoint_testkit::assert_tiles(&joined.text, joined.sentences.iter().map(|s| s.span));
        let words: Vec<_> = joined
            .words
            .iter()
            .map(|w| format!("{}={}", &joined.text[w.span], w.form))
            .collect();
        assert_eq!(words.join(" "), "I=I can't=ca can't=n't .=. Yes=Yes No=No");
    }

    #[test]
    fn what_is_wrong_is_placed() {
        for (text, want) in [
            (String::new(), "dev.conllu: found no sentence"),
            (
                "1\ta\n".to_owned(),
                "dev.conllu:1: found `1\ta` with 2 column(s)",
            ),
            (
                line("2", "a", "_"),
                "dev.conllu:1: found word number `2`, expected word 1",
            ),
            (line("x", "a", "_"), "dev.conllu:1: found `x`"),
            (line("1", "", "_"), "dev.conllu:1: found an empty form"),
            (
                line("1", "a", "_") + &line("2-3", "bc", "_") + &line("2", "b", "_"),
                "dev.conllu:1: found a multiword token that ends at word 3",
            ),
            (
                "# text = a c\n".to_owned() + &line("1", "a", "_") + &line("2", "b", "_"),
                "dev.conllu:2: found tokens that go on with `b",
            ),
        ] {
            let err = read(&text).unwrap_err().to_string();
            assert!(err.starts_with(want), "{err}");
        }
    }
}
