//! Word scores: reads documents from standard input, one JSON object `{"text", "ends", "words"}` a
//! line: the bytes where sentences end with their white space, and each word's first and last
//! byte. With an argument prints the stretches that differ.
#![allow(clippy::print_stdout, reason = "a program")]
use std::collections::BTreeSet;
use std::io::BufRead;

use standpoint_core::Span;

#[derive(serde::Deserialize)]
struct Doc {
    text: String,
    ends: Vec<usize>,
    words: Vec<(u32, u32)>,
}

fn main() -> std::io::Result<()> {
    let show = std::env::args().len() > 1;
    let (mut found, mut wanted, mut both) = (0, 0, 0);
    for line in std::io::stdin().lock().lines() {
        let doc: Doc = serde_json::from_str(&line?)?;
        let mut got = BTreeSet::new();
        let mut start = 0;
        for &end in &doc.ends {
            let words = standpoint_tokenize::tokenize(&doc.text, Span::from_range(start..end));
            got.extend(words.iter().map(|t| (t.span.start(), t.span.end())));
            start = end;
        }
        let want: BTreeSet<(u32, u32)> = doc.words.iter().copied().collect();
        found += got.len();
        wanted += want.len();
        both += got.intersection(&want).count();
        if show {
            let words = |set: &BTreeSet<(u32, u32)>, from, to| -> String {
                let inside = set.iter().filter(|w| w.0 >= from && w.1 <= to);
                inside
                    .map(|&(s, e)| format!("{} ", &doc.text[s as usize..e as usize]))
                    .collect()
            };
            // Between two ends that both have.
            let mut ends: Vec<u32> = got.iter().map(|w| w.1).collect();
            ends.retain(|&e| want.iter().any(|w| w.1 == e));
            let mut from = 0;
            for to in ends {
                let (w, g) = (words(&want, from, to), words(&got, from, to));
                if w != g {
                    println!("want {w:40} got {g}");
                }
                from = to;
            }
        }
    }
    let (p, r) = (
        f64::from(both as u32) / f64::from(found as u32),
        f64::from(both as u32) / f64::from(wanted as u32),
    );
    println!(
        "precision {p:.4} recall {r:.4} F1 {:.4} ({wanted} words)",
        2.0 * p * r / (p + r)
    );
    Ok(())
}
