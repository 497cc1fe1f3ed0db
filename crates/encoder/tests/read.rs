//! Documents read in windows of whole sentences.

use std::path::{Path, PathBuf};

use standpoint_core::{Sentence, Span, Token, TokenKind};
use standpoint_encoder::{
    Batch, Encoder, Kernel, Layers, Linear, ModelDir, Reading, SECTION, Scratch, Weights, sections,
};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn bert() -> Encoder {
    Encoder::open(data("bert"), Kernel::Auto).expect("bert")
}

/// Sentences end at stops; words are what white space parts, and stops.
fn cut(text: &str) -> (Vec<Sentence>, Vec<Token>) {
    let mut sentences = Vec::new();
    let mut start = 0;
    let ends = text.match_indices(['.', '!']).map(|(at, _)| at + 1);
    for end in ends.chain([text.len()]) {
        let end = end + text[end..].len() - text[end..].trim_start().len();
        if start < end {
            let span = Span::from_range(start..end);
            sentences.push(Sentence {
                span,
                nested: false,
            });
            start = end;
        }
    }
    let mut tokens = Vec::new();
    for word in text.split_whitespace() {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        let (stem, stop) = word
            .strip_suffix('.')
            .map_or((word, false), |stem| (stem, true));
        let mut push = |range, kind| {
            tokens.push(Token {
                span: Span::from_range(range),
                kind,
            })
        };
        if !stem.is_empty() {
            push(at..at + stem.len(), TokenKind::Word);
        }
        if stop {
            push(at + stem.len()..at + word.len(), TokenKind::Punctuation);
        }
    }
    (sentences, tokens)
}

fn read(encoder: &Encoder, text: &str, window: usize) -> (Reading, usize) {
    let (sentences, tokens) = cut(text);
    let reading = encoder.read(text, &sentences, &tokens, window, &mut Scratch::default());
    assert_eq!(reading.first.len(), tokens.len());
    assert_eq!(reading.pieces.len(), tokens.len());
    for (first, pieces) in reading.first.iter().zip(&reading.pieces) {
        assert_eq!(*first, (!pieces.is_empty()).then_some(pieces.start));
        assert!(pieces.end as usize <= reading.states.rows());
    }
    for window_number in 0..reading.states.windows() {
        assert!(reading.states.window(window_number).len() <= window);
    }
    (reading, tokens.len())
}

/// A word's rows are those of its pieces in a window encoded by hand.
#[test]
fn rows_are_where_they_are_said_to_be() {
    let encoder = bert();
    let (reading, words) = read(&encoder, "The minister spoke. They told police.", 48);
    assert_eq!((words, reading.states.windows()), (8, 1));
    let subwords = encoder.subwords();
    let mut ids = vec![subwords.cls()];
    ids.extend(subwords.encode("The minister spoke. They told police.").ids);
    ids.push(subwords.sep());
    let mut batch = Batch::default();
    batch.push(&ids);
    let by_hand = encoder.encode(&batch, &mut Scratch::default());
    assert_eq!(reading.states, by_hand);
    assert_eq!(reading.first[0], Some(1));
    let last = reading.pieces.last().expect("words").clone();
    assert_eq!(last.end as usize, by_hand.rows() - 1);
}

#[test]
fn nothing_and_white_space_have_no_windows() {
    for text in ["", " ", "\n\n\t"] {
        let (reading, words) = read(&bert(), text, 32);
        assert_eq!((words, reading.states.rows()), (0, 0), "{text:?}");
    }
}

#[test]
fn control_characters_have_no_pieces() {
    let (reading, words) = read(&bert(), "police \u{1} said.", 32);
    assert_eq!(words, 4);
    assert_eq!(reading.first[1], None);
    assert!(reading.first[0].is_some() && reading.first[2].is_some());
}

#[test]
fn a_long_sentence_is_read_in_parts_and_said_to_be() {
    let text = format!(
        "They spoke. {}. They told.",
        "police said ".repeat(40).trim()
    );
    let (reading, _) = read(&bert(), &text, 20);
    assert_eq!(reading.split.len(), 1);
    assert!(text[reading.split[0]].starts_with("police"));
    assert!(reading.first.iter().all(Option::is_some));
    assert!(reading.states.windows() > 4);
}

#[test]
fn a_word_longer_than_a_window_keeps_its_first_pieces() {
    // The one vocabulary here without a longest word is of bytes.
    let encoder = Encoder::open(data("roberta"), Kernel::Auto).expect("roberta");
    let text = format!("a {} b.", "x".repeat(1000));
    let (reading, _) = read(&encoder, &text, 16);
    assert_eq!(reading.pieces[1].len(), 14);
    assert_eq!(reading.split.len(), 1);
}

/// Where pieces depend on the space before a word, words are read with theirs.
#[test]
fn words_have_their_spaces() {
    let encoder = Encoder::open(data("roberta"), Kernel::Auto).expect("roberta");
    let text = "in the said.";
    let (reading, _) = read(&encoder, text, 32);
    // <s> in Ġthe Ġsa i d . </s>
    let pieces: Vec<usize> = reading.pieces.iter().map(|p| p.len()).collect();
    assert_eq!(pieces, [1, 1, 3, 1]);
}

/// A window that would end inside a paragraph ends before it, if it is then half full.
#[test]
fn windows_keep_paragraphs_whole() {
    let sentence = "they told police. ";
    let text = format!(
        "{}\n{}",
        sentence.repeat(3).trim(),
        sentence.repeat(3).trim()
    );
    // Room for five sentences of four pieces.
    let (reading, _) = read(&bert(), &text, 22);
    let lens: Vec<usize> = (0..reading.states.windows())
        .map(|w| reading.states.window(w).len())
        .collect();
    assert_eq!(lens, [14, 14]);
    // Without the line break the first window is filled.
    let (reading, _) = read(&bert(), &text.replace('\n', " "), 22);
    assert_eq!(reading.states.window(0).len(), 22);
}

#[test]
fn documents_read_together_are_the_same_to_the_bit() {
    let encoder = bert();
    let texts = [
        "The minister spoke.",
        "",
        "Police said no. They told.",
        "a b c d e f g.",
    ];
    let cuts: Vec<_> = texts.iter().map(|text| cut(text)).collect();
    let sources: Vec<_> = texts
        .iter()
        .zip(&cuts)
        .map(|(text, (s, t))| (*text, &s[..], &t[..]))
        .collect();
    let together = encoder.read_many(&sources, 16, &mut Scratch::default());
    for (together, (text, sentences, tokens)) in together.iter().zip(sources) {
        let alone = encoder.read(text, sentences, tokens, 16, &mut Scratch::default());
        assert_eq!(together.states, alone.states);
        assert_eq!(together.first, alone.first);
        assert_eq!(together.pieces, alone.pieces);
    }
}

/// Layers alone do what the encoder's layers do.
#[test]
fn layers_stand_alone() {
    let dir = data("distilbert");
    let layers = Layers::open(&dir, "transformer.layer.", Kernel::Portable).expect("layers");
    assert_eq!((layers.len(), layers.hidden_size()), (2, 48));
    let encoder = Encoder::open(&dir, Kernel::Portable).expect("distilbert");
    let mut batch = Batch::default();
    batch.push(&[2, 20, 21, 3]);
    batch.push(&[2, 22, 3]);
    let mut scratch = Scratch::default();
    let mut states = encoder.encode(&batch, &mut scratch);
    let before = states.clone();
    layers.apply(&mut states, &mut scratch);
    assert_ne!(states, before);
    assert!(states.as_slice().iter().all(|x| x.is_finite()));
    let mut alone = Batch::default();
    alone.push(&[2, 22, 3]);
    let alone_before = encoder.encode(&alone, &mut scratch);
    let mut alone = alone_before.clone();
    layers.apply(&mut alone, &mut scratch);
    assert_eq!(alone.row(0), states.row(4));
    let nothing = encoder.encode(&Batch::default(), &mut scratch);
    let mut before = [before, nothing.clone(), alone_before];
    layers.apply_many(&mut before, &mut scratch);
    assert_eq!(before, [states, nothing, alone]);
    let missing = Layers::open(&dir, "top.layer.", Kernel::Portable).expect_err("no such layers");
    assert!(
        missing
            .to_string()
            .contains("top.layer.0.attention.q_lin.weight"),
        "{missing}"
    );
}

#[test]
fn linear_is_the_product_with_bias() {
    let weights = Weights::open(data("bert")).expect("weights");
    let name = "encoder.layer.0.intermediate.dense";
    let linear = Linear::open(&weights, name).expect("linear");
    let (shape, weight) = weights.tensor(&format!("{name}.weight")).expect("weight");
    let (_, bias) = weights.tensor(&format!("{name}.bias")).expect("bias");
    assert_eq!(shape, [linear.outputs(), linear.inputs()]);
    let rows: Vec<f32> = (0..3 * linear.inputs())
        .map(|i| (i as f32 * 0.37).sin())
        .collect();
    let got = linear.apply(&rows);
    for (r, row) in rows.chunks(linear.inputs()).enumerate() {
        for o in 0..linear.outputs() {
            let w = &weight[o * linear.inputs()..][..linear.inputs()];
            let want = row.iter().zip(w).map(|(x, w)| x * w).sum::<f32>() + bias[o];
            assert!((got[r * linear.outputs() + o] - want).abs() < 1e-4);
        }
    }
}

#[test]
fn files_may_come_from_the_program() {
    static FILES: &[(&str, &[u8])] = &[
        ("config.json", include_bytes!("data/bert/config.json")),
        ("tokenizer.json", include_bytes!("data/bert/tokenizer.json")),
        (
            "model.safetensors",
            include_bytes!("data/bert/model.safetensors"),
        ),
    ];
    let inside = Encoder::open(ModelDir::embedded("bert", FILES), Kernel::Auto).expect("bert");
    let text = "The minister spoke.";
    assert_eq!(
        read(&inside, text, 16).0.states,
        read(&bert(), text, 16).0.states
    );
    assert_eq!(inside.model_dir().name(), "bert");
}

#[test]
fn what_workers_share_may_be_shared() {
    fn shared<T: Clone + Send + Sync>() {}
    fn sent<T: Default + Send>() {}
    shared::<Encoder>();
    shared::<Layers>();
    shared::<Linear>();
    shared::<Weights>();
    shared::<ModelDir>();
    sent::<Scratch>();
}

/// Sections hold every sentence and token once and in order, and end before a paragraph where they
/// can.
#[test]
fn sections_tile_a_document() {
    let paragraph = |sentences: usize| format!("{}\n", "One two three. ".repeat(sentences));
    let cases = [
        (String::new(), vec![0]),
        (paragraph(1024), vec![4096]),
        // No paragraph begins in the second half of the first section.
        (paragraph(500) + &paragraph(1000), vec![4096, 1904]),
        (paragraph(700) + &paragraph(1000), vec![2800, 4000]),
        (
            paragraph(600) + &paragraph(300) + &paragraph(2000),
            vec![3600, 4096, 3904],
        ),
        // A sentence is never cut.
        (
            format!("One. {}. One.", "two ".repeat(5000)),
            vec![2, 5001, 2],
        ),
    ];
    for (text, want) in cases {
        let (sentences, tokens) = cut(&text);
        let sections = sections((&text, &sentences, &tokens));
        let words: Vec<usize> = sections.iter().map(|(_, _, tokens)| tokens.len()).collect();
        assert_eq!(words, want);
        let (mut all, mut every) = (Vec::new(), Vec::new());
        for (_, sentences, tokens) in &sections {
            assert!(tokens.len() <= SECTION || sentences.len() == 1);
            all.extend_from_slice(sentences);
            every.extend_from_slice(tokens);
            let inside = sentences
                .iter()
                .map(|s| standpoint_core::tokens_in(tokens, s.span).len());
            assert_eq!(inside.sum::<usize>(), tokens.len());
        }
        assert_eq!((all, every), (sentences, tokens));
    }
}
