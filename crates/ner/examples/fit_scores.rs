//! Fits the scores of a model's entities on development data and says how good they are.
//!
//! ```text
//! cargo run --release -p standpoint-ner --example fit_scores -- MODEL news FILE.tsv…
//! cargo run --release -p standpoint-ner --example fit_scores -- MODEL conll eng.testa
//! ```
//!
//! Files have a word a line, its IOB tag in the second column (`news`) or in the last (`conll`),
//! and a blank line between sentences; each file is a document, and so is each `-DOCSTART-`. The
//! entities that the model finds are right if span and kind are the gold's. From their log-odds
//! `slope` and `offset` are fitted (Platt 1999) and printed as they belong into `config.json`,
//! with the strict micro-F1 and the expected calibration error over ten bins: as the model is, and
//! with a fit on each half of the documents measured on the other.

use std::collections::BTreeSet;
use std::path::Path;

use standpoint_core::{EntityKind, Sentence, Span, Token, TokenKind};
use standpoint_encoder::{Kernel, Scratch};
use standpoint_ner::{Ner, Options, View};

/// Words as a text, its sentences and tokens, and the gold entities.
#[derive(Default)]
struct Document {
    text: String,
    sentences: Vec<Sentence>,
    tokens: Vec<Token>,
    gold: BTreeSet<(Span, String)>,
}

/// An entity found: its log-odds, and whether it is right.
type Answer = (f64, bool);

#[allow(clippy::print_stdout, reason = "a program's output")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, view, files @ ..] = args.as_slice() else {
        return Err("usage: fit_scores MODEL news|conll FILE…".into());
    };
    let view = match view.as_str() {
        "news" => View::News,
        "conll" => View::Conll,
        other => return Err(format!("`{other}` is no view; they are news and conll").into()),
    };
    let ner = Ner::open(model.as_str(), Kernel::Auto)?.with(Options {
        view,
        ..Options::default()
    });
    let mut documents = Vec::new();
    for file in files {
        documents.extend(read(&std::fs::read_to_string(file)?, view));
    }

    let mut scratch = Scratch::default();
    let mut halves: [Vec<Answer>; 2] = Default::default();
    let (mut gold, mut found, mut right) = (0, 0, 0);
    for (at, document) in documents.iter().enumerate() {
        let Document {
            text,
            sentences,
            tokens,
            ..
        } = document;
        let (entities, _) = ner.recognize(text, sentences, tokens, &mut scratch);
        gold += document.gold.len();
        found += entities.len();
        for entity in entities {
            let correct = document
                .gold
                .contains(&(entity.span, label(entity.kind, view)));
            right += usize::from(correct);
            let p = f64::from(entity.score).clamp(1e-7, 1.0 - 1e-7);
            halves[at % 2].push(((p / (1.0 - p)).ln(), correct));
        }
    }

    let all = halves.concat();
    let f1 = 2.0 * right as f64 / (gold + found).max(1) as f64;
    println!(
        "{} documents, {gold} gold, {found} found, {right} right, F1 {f1:.4}",
        documents.len()
    );
    println!(
        "calibration error as it is: {:.4}",
        calibration_error(&all, 1.0, 0.0)
    );
    for (fitted, measured) in [(0, 1), (1, 0)] {
        let (slope, offset) = platt(&halves[fitted]);
        let error = calibration_error(&halves[measured], slope, offset);
        println!("fitted on one half, measured on the other: {error:.4}");
    }
    let (slope, offset) = platt(&all);
    let (before_slope, before_offset) = scores(model, view)?;
    println!(
        "fitted on all: \"slope\": {:.3}, \"offset\": {:.3}; error {:.4}",
        slope * before_slope,
        slope * before_offset + offset,
        calibration_error(&all, slope, offset)
    );
    Ok(())
}

/// Slope and offset that `config.json` has now, which the new ones take in.
fn scores(model: &str, view: View) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let text = std::fs::read(Path::new(model).join("config.json"))?;
    let config: serde_json::Value = serde_json::from_slice(&text)?;
    let scores = match view {
        View::News => &config["ner"]["scores"],
        View::Conll => &config["ner"]["conll"]["scores"],
    };
    let number = |name: &str, default| scores[name].as_f64().unwrap_or(default);
    Ok((number("slope", 1.0), number("offset", 0.0)))
}

fn label(kind: EntityKind, view: View) -> String {
    match view {
        View::News => kind.name().to_owned(),
        View::Conll => kind.conll().unwrap_or("none").to_owned(),
    }
}

fn read(file: &str, view: View) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut document = Document::default();
    // The tag before and the entity that is open: its first byte and its label.
    let mut open: Option<(u32, String)> = None;
    let mut begin = 0;
    for line in file.lines().map(str::trim_end).chain(["", "-DOCSTART-"]) {
        let mut columns = line.split_whitespace();
        let word = columns.next();
        let end = document.text.len() as u32;
        if word.is_none() || word == Some("-DOCSTART-") {
            if let Some((start, label)) = open.take() {
                document.gold.insert((Span::new(start, end), label));
            }
            if begin < end {
                document.text.push('\n');
                let span = Span::new(begin, end + 1);
                document.sentences.push(Sentence {
                    span,
                    nested: false,
                });
                begin = end + 1;
            }
            if word.is_some() && !document.tokens.is_empty() {
                documents.push(std::mem::take(&mut document));
                begin = 0;
            }
            continue;
        }
        let tag = match view {
            View::News => columns.next(),
            View::Conll => columns.last(),
        };
        let (prefix, kind) = tag.unwrap_or("O").split_once('-').unwrap_or(("O", ""));
        let kind = kind
            .parse()
            .map_or_else(|_| kind.to_owned(), |kind| label(kind, view));
        let goes_on = prefix == "I" && open.as_ref().is_some_and(|(_, label)| *label == kind);
        if !goes_on && let Some((start, label)) = open.take() {
            document.gold.insert((Span::new(start, end), label));
        }
        if begin < end {
            document.text.push(' ');
        }
        let start = document.text.len();
        document.text.push_str(word.unwrap_or_default());
        let span = Span::from_range(start..document.text.len());
        document.tokens.push(Token {
            span,
            kind: TokenKind::Word,
        });
        if prefix != "O" && !goes_on {
            open = Some((span.start(), kind));
        }
    }
    documents
}

/// Slope and offset of the log-odds by which the answers are most probable, by Newton's method.
fn platt(answers: &[Answer]) -> (f64, f64) {
    let (mut slope, mut offset) = (1.0, 0.0);
    for _ in 0..50 {
        // Gradient and Hessian, with a little pull to where the search starts.
        let (mut g, mut h) = ([1e-3 * (slope - 1.0), 1e-3 * offset], [1e-3, 0.0, 1e-3]);
        for &(odds, right) in answers {
            let p = 1.0 / (1.0 + (-(slope * odds + offset)).exp());
            let (error, weight) = (p - f64::from(u8::from(right)), p * (1.0 - p));
            g[0] += error * odds;
            g[1] += error;
            h[0] += weight * odds * odds;
            h[1] += weight * odds;
            h[2] += weight;
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        slope -= (h[2] * g[0] - h[1] * g[1]) / determinant;
        offset -= (h[0] * g[1] - h[1] * g[0]) / determinant;
    }
    (slope, offset)
}

/// The mean distance, over ten bins of equal width, between score and share of right answers.
fn calibration_error(answers: &[Answer], slope: f64, offset: f64) -> f64 {
    let mut bins = [(0.0, 0.0); 10];
    for &(odds, right) in answers {
        let p = 1.0 / (1.0 + (-(slope * odds + offset)).exp());
        let bin = &mut bins[((p * 10.0) as usize).min(9)];
        bin.0 += p;
        bin.1 += f64::from(u8::from(right));
    }
    let distance: f64 = bins
        .iter()
        .map(|(scores, right): &(f64, f64)| (scores - right).abs())
        .sum();
    distance / answers.len().max(1) as f64
}
