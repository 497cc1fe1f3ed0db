//! Boundary scores: reads documents from standard input, one JSON object `{"text", "ends"}` a
//! line, `ends` the bytes where sentences end with their white space. The end of a document is no
//! boundary. With an argument prints what was missed and what was found wrongly.
#![allow(clippy::print_stdout, reason = "a program")]
use std::collections::BTreeSet;
use std::io::BufRead;

#[derive(serde::Deserialize)]
struct Doc {
    text: String,
    ends: Vec<usize>,
}

fn main() -> std::io::Result<()> {
    let show = std::env::args().len() > 1;
    let (mut found, mut wanted, mut both) = (0, 0, 0);
    for line in std::io::stdin().lock().lines() {
        let doc: Doc = serde_json::from_str(&line?)?;
        let ends = |at: &usize| *at < doc.text.len();
        let want: BTreeSet<usize> = doc.ends.iter().copied().filter(ends).collect();
        let got: BTreeSet<usize> = standpoint_sentences::split(&doc.text)
            .iter()
            .map(|s| s.span.range().end)
            .filter(ends)
            .collect();
        found += got.len();
        wanted += want.len();
        both += got.intersection(&want).count();
        if show {
            for (sign, set) in [
                ("missed", want.difference(&got)),
                ("wrong ", got.difference(&want)),
            ] {
                for &at in set {
                    let from = char_start(&doc.text, at.saturating_sub(50));
                    let to = char_start(&doc.text, (at + 50).min(doc.text.len()));
                    println!("{sign} {:?} | {:?}", &doc.text[from..at], &doc.text[at..to]);
                }
            }
        }
    }
    let (p, r) = (
        f64::from(both as u32) / f64::from(found as u32),
        f64::from(both as u32) / f64::from(wanted as u32),
    );
    println!(
        "precision {p:.4} recall {r:.4} F1 {:.4} ({wanted} boundaries)",
        2.0 * p * r / (p + r)
    );
    Ok(())
}

fn char_start(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
