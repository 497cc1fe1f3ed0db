//! What holds for any text.

use std::io::{BufRead, BufReader, Read};

use proptest::prelude::*;
use standpoint_core::Sentence;
use standpoint_sentences::{Splitter, split};
use standpoint_testkit::assert_tiles;

/// Text of what sentences end and start with.
fn text_of_marks() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z]{1,9}",
        "[.!?…,:;()\\[\\]\"'“”‘’«»•-]",
        " ",
        "[ \n\r\t\u{a0}\u{2028}]",
        "Mr\\. |U\\.S\\. |No\\. 5 |a\\. |1\\) |\\. \\. \\. |\n\n| [A-Z][a-z]{1,5}\\. ",
    ];
    prop::collection::vec(piece, 0..400).prop_map(|pieces| pieces.concat())
}

fn streamed(reader: impl BufRead, splitter: Splitter) -> (String, Vec<(u64, usize, bool)>) {
    let mut text = String::new();
    let mut sentences = Vec::new();
    for sentence in splitter.read(reader) {
        let sentence = sentence.expect("a str is UTF-8");
        text += &sentence.text;
        sentences.push((sentence.start, sentence.text.len(), sentence.nested));
    }
    (text, sentences)
}

fn placed(sentences: &[Sentence]) -> Vec<(u64, usize, bool)> {
    sentences
        .iter()
        .map(|s| (u64::from(s.span.start()), s.span.len() as usize, s.nested))
        .collect()
}

proptest! {
    #[test]
    fn sentences_tile_any_text(text in any::<String>()) {
        assert_tiles(&text, split(&text).iter().map(|s| s.span));
    }

    #[test]
    fn sentences_tile_text_of_marks(text in text_of_marks(), wrapped: bool) {
        let sentences = Splitter::new().wrapped(wrapped).split(&text);
        assert_tiles(&text, sentences.iter().map(|s| s.span));
    }

    #[test]
    fn a_stream_has_the_same_sentences(text in text_of_marks(), buffer in 1_usize..300, wrapped: bool) {
        let splitter = Splitter::new().wrapped(wrapped);
        let reader = BufReader::with_capacity(buffer, text.as_bytes());
        let (read, sentences) = streamed(reader, splitter);
        prop_assert_eq!(&read, &text);
        prop_assert_eq!(sentences, placed(&splitter.split(&text)));
    }
}

/// Texts that are longer than any sentence or quotation may be.
fn long_texts() -> Vec<String> {
    let quoted = format!("“{} He slept.” She left. ", "They ate. ".repeat(600));
    let kept = format!("“{}” She left. ", "They ate. ".repeat(300));
    vec![
        "a".repeat(200_000),
        "é".repeat(100_000),
        "a word and ".repeat(20_000),
        ".".repeat(150_000),
        "\"".repeat(150_000),
        "\n".repeat(150_000),
        " ".repeat(150_000) + "Then. " + &"\t".repeat(70_000),
        quoted.repeat(3),
        kept.repeat(60),
        format!("He said “{}", "no ".repeat(50_000)),
        format!(
            "{}{}",
            "@! n? ".repeat(5000),
            "They ate. We slept at 5 a.m. Mr. Reyes left. ".repeat(500)
        ),
    ]
}

#[test]
fn long_texts_are_cut_and_streamed_alike() {
    for text in long_texts() {
        let sentences = split(&text);
        assert_tiles(&text, sentences.iter().map(|s| s.span));
        assert!(sentences.iter().all(|s| s.span.len() <= 1 << 16));
        for buffer in [1 << 10, 1 << 13, 70_000] {
            let (read, streamed) = streamed(
                BufReader::with_capacity(buffer, text.as_bytes()),
                Splitter::new(),
            );
            assert!(read == text);
            assert!(
                streamed == placed(&sentences),
                "{:.20} with a buffer of {buffer}",
                text
            );
        }
    }
}

#[test]
fn inner_boundaries_of_a_long_quotation_are_not_marked() {
    let count = |ate: usize| {
        let text = format!("“{}He slept.” She left. ", "They ate. ".repeat(ate));
        split(&text).iter().filter(|s| s.nested).count()
    };
    assert_eq!(count(300), 300);
    assert_eq!(count(600), 0);
}

/// Sentences in small letters, most of them.
fn prose() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[A-Z]?[a-z]{1,9}(,? [a-z0-9]{1,9}){0,9}[.!?:;,]? ",
        1 => "[.!?…,:;()\"'“”‘’-]|\n|\n\n|  |[a-z]\\) |Mr\\. |[A-Z]{1,3} ",
    ];
    prop::collection::vec(piece, 1..40).prop_map(|pieces| pieces.concat())
}

/// Whether all white space within a sentence is single spaces between a letter, digit or comma and
/// a small letter.
fn is_certain(sentence: &str) -> bool {
    let bytes = sentence.trim_end().as_bytes();
    let white: Vec<usize> = sentence
        .trim_end()
        .char_indices()
        .filter_map(|(at, c)| c.is_whitespace().then_some(at))
        .collect();
    white.iter().all(|&at| {
        at > 0
            && bytes[at] == b' '
            && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b',')
            && bytes[at + 1].is_ascii_lowercase()
    })
}

proptest! {
    /// No such white space is ever a boundary. Other sentences may be split differently by
    /// themselves, where the words after their end and how those before them ended are not seen.
    #[test]
    fn sentences_without_doubt_are_sentences_by_themselves(text in prose(), wrapped: bool) {
        let splitter = Splitter::new().wrapped(wrapped);
        for sentence in splitter.split(&text) {
            let own = &text[sentence.span];
            if is_certain(own) {
                prop_assert_eq!(splitter.split(own).len(), 1, "{:?}", own);
            }
        }
    }
}

#[test]
fn sentences_of_an_article_are_sentences_by_themselves() {
    let text = article();
    let sentences = split(&text);
    assert!(sentences.len() > 20);
    for sentence in sentences {
        let own = &text[sentence.span];
        assert_eq!(split(own).len(), 1, "{own}");
    }
}

fn article() -> String {
    standpoint_testkit::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/rfa_cambodia_article.txt"
    ))
}

#[test]
fn an_article_after_a_text_of_nothing_but_doubt_is_split_as_by_itself() {
    let article = article();
    let doubt = "@! n? ".repeat(5000);
    // What it takes to be sure of prose again.
    let between = format!("\n\n{}\n\n", "They ate, and we did. ".repeat(300));
    let text = format!("{doubt}{between}{article}");
    let from = text.len() - article.len();
    let ends = |text: &str, from: usize| -> Vec<usize> {
        let ends = split(text).into_iter().map(|s| s.span.range().end);
        ends.filter(|&end| end > from)
            .map(|end| end - from)
            .collect()
    };
    assert_eq!(ends(&text, from), ends(&article, 0));
    // And that text by its marks alone.
    let marked = split(&text[..20_000]);
    assert_eq!(&text[marked[marked.len() - 2].span], "@! n? ");
}

#[test]
fn a_stream_is_read_little_ahead_of_its_sentences() {
    use std::cell::Cell;

    struct Counted<'t>(&'t [u8], &'t Cell<usize>);
    impl Read for Counted<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let n = self.0.read(out)?;
            self.1.set(self.1.get() + n);
            Ok(n)
        }
    }
    const MEGABYTES: usize = 3 << 20;
    for piece in [
        article().as_str(),
        "no boundary, ",
        "word",
        "“They ate. ",
        "\n",
        "@! n? ",
    ] {
        let text = piece.repeat(MEGABYTES / piece.len());
        let read = Cell::new(0);
        let (mut given, mut most) = (0, 0);
        for sentence in Splitter::new().read(BufReader::new(Counted(text.as_bytes(), &read))) {
            most = most.max(read.get() - given);
            given += sentence.expect("a str is UTF-8").text.len();
        }
        assert_eq!(given, text.len());
        assert!(most <= 200 << 10, "{piece:.20?}: {most} bytes ahead");
    }
}

#[test]
fn bytes_that_are_no_text_end_a_stream() {
    let bytes = b"It rained. We left. They \xff stayed.".as_slice();
    let mut sentences = Splitter::new().read(bytes);
    let err = sentences
        .next()
        .expect("one result")
        .expect_err("bad bytes");
    assert_eq!(err.kind(), std::io::ErrorKind::InvalidData);
    assert!(err.to_string().contains("byte 25"), "{err}");
    assert!(sentences.next().is_none());
}

#[test]
fn a_stream_of_one_byte_at_a_time() {
    struct OneByte<'t>(&'t [u8]);
    impl Read for OneByte<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            self.0.take(1).read(out).inspect(|&n| self.0 = &self.0[n..])
        }
    }
    let text = "“Señor Peña left. He did,” she said.\n\nNobody believed it… But so it was.";
    let (read, sentences) = streamed(
        BufReader::with_capacity(1, OneByte(text.as_bytes())),
        Splitter::new(),
    );
    assert_eq!(read, text);
    assert_eq!(sentences, placed(&split(text)));
}

#[test]
fn stored_fuzzing_inputs() {
    for path in standpoint_testkit::files(corpus(), "txt") {
        let text = standpoint_testkit::read(&path);
        for wrapped in [false, true] {
            let splitter = Splitter::new().wrapped(wrapped);
            let sentences = splitter.split(&text);
            assert_tiles(&text, sentences.iter().map(|s| s.span));
            let (read, streamed) = streamed(BufReader::with_capacity(7, text.as_bytes()), splitter);
            assert_eq!(read, text);
            assert_eq!(streamed, placed(&sentences), "{}", path.display());
        }
    }
}

fn corpus() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/sentences")
}
