//! For `scripts/compare_text.py`: reads texts from standard input, one JSON object `{"text"}` a
//! line, splits each as often as the argument says (once without one) and writes for each the
//! bytes where its sentences end, as a JSON array a line.
use std::io::{BufRead, BufWriter, Write};

#[derive(serde::Deserialize)]
struct Doc {
    text: String,
}

fn main() -> std::io::Result<()> {
    let times = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(1);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let doc: Doc = serde_json::from_str(&line?)?;
        let mut ends: Vec<u32> = Vec::new();
        for _ in 0..times {
            let sentences = standpoint_sentences::split(std::hint::black_box(&doc.text));
            ends = sentences.iter().map(|s| s.span.end()).collect();
        }
        serde_json::to_writer(&mut out, &ends)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
