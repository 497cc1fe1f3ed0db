//! For `scripts/train_sentences.py`: reads documents from standard input, one JSON object
//! `{"text", "ends"}` a line, `ends` the bytes where sentences end with their white space, and
//! writes for each gap that no rule decides, as `u32`s, its document and byte, whether a glance may
//! do, the features at a glance and all features.
use std::io::{BufRead, BufWriter, Write};

#[derive(serde::Deserialize)]
struct Doc {
    text: String,
    ends: Vec<usize>,
}

fn main() -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (n, line) in std::io::stdin().lock().lines().enumerate() {
        let doc: Doc = serde_json::from_str(&line?)?;
        let mut rows = Vec::new();
        standpoint_sentences::training(&doc.text, &doc.ends, |at, glance, features| {
            rows.extend([n as u32, at as u32, u32::from(glance.is_some())]);
            rows.extend_from_slice(glance.unwrap_or(&[0; 6]));
            rows.extend_from_slice(features);
        });
        for x in rows {
            out.write_all(&x.to_le_bytes())?;
        }
    }
    out.flush()
}
