//! For `scripts/compare_text.py`: reads texts from standard input, one JSON object `{"text"}` a
//! line, splits each as often as the argument says (once without one) and writes for each its
//! words' first and last bytes, as a JSON array a line.
use std::io::{BufRead, BufWriter, Write};

use standpoint_core::Span;

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
        let all = Span::from_range(0..doc.text.len());
        let mut words: Vec<(u32, u32)> = Vec::new();
        for _ in 0..times {
            let tokens = standpoint_tokenize::tokenize(std::hint::black_box(&doc.text), all);
            words = tokens
                .iter()
                .map(|t| (t.span.start(), t.span.end()))
                .collect();
        }
        serde_json::to_writer(&mut out, &words)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
