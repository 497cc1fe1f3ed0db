use std::collections::{HashMap, VecDeque};

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::record::Duplicate;

/// Words in a shingle.
const SHINGLE: usize = 4;
/// Values in a signature.
const BINS: usize = 128;
/// Signatures that agree on all rows of one of these bands are compared.
const BANDS: usize = 32;
const ROWS: usize = BINS / BANDS;
/// Documents with fewer shingles are only compared whole: one changed word changes too many.
const LEAST: usize = 16;
/// Shared shingles, as a part of all, from which two documents are copies: one with a few words
/// changed, or a paragraph cut.
const COPY: f32 = 0.7;
/// Earlier documents that are remembered.
const WINDOW: usize = 1 << 18;

/// Finds copies of earlier documents: the same words, or nearly, as when many outlets print one
/// wire story.
///
/// Two documents are exact copies when their words are the same, case, marks and white space
/// aside. They are near copies when they share at least 0.7 of their shingles (runs of four
/// words), estimated by MinHash (Broder, "On the resemblance and containment of documents", 1997)
/// with one permutation in 128 bins (Li, Owen and Zhang, "One Permutation Hashing", NIPS 2012) and
/// looked up by bands. The standard error of the estimate at 0.7 is 0.04.
///
/// What is found depends on the documents and their order alone. The last 262,144 documents are
/// remembered, in at most about 300 MB; a copy of an older one is not found.
///
/// ```
/// use standpoint_corpus::Dedupe;
///
/// let mut dedupe = Dedupe::default();
/// assert_eq!(dedupe.check("a", "The mill bought wheat."), None);
/// let found = dedupe.check("b", "THE MILL bought  wheat").unwrap();
/// assert!(found.of == "a" && found.exact);
/// ```
#[derive(Debug, Default)]
pub struct Dedupe {
    exact: HashMap<u64, u32>,
    bands: HashMap<(u8, u32), u32>,
    /// The remembered documents that were no copies; the front one has number `first`.
    seen: VecDeque<Seen>,
    first: u32,
}

#[derive(Debug)]
struct Seen {
    id: Box<str>,
    whole: u64,
    signature: Option<Box<Signature>>,
}

/// The least hash of each bin, cut to 16 bits.
type Signature = [u16; BINS];

impl Dedupe {
    /// What earlier document this one is a copy of, if any; otherwise remembers it.
    pub fn check(&mut self, id: &str, text: &str) -> Option<Duplicate> {
        let words = words(text);
        let whole = fold(&words);
        if let Some(&number) = self.exact.get(&whole) {
            return self.found(number, true);
        }
        let signature = signature(&words);
        if let Some(signature) = &signature {
            let alike = bands(signature)
                .filter_map(|band| self.bands.get(&band).copied())
                .map(|number| (agreement(signature, self.seen(number)), number))
                // The most alike; of equals, the earliest.
                .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
            if let Some((share, number)) = alike
                && share >= COPY
            {
                return self.found(number, false);
            }
        }
        self.remember(id, whole, signature.map(Box::new));
        None
    }

    fn seen(&self, number: u32) -> &Seen {
        &self.seen[(number - self.first) as usize]
    }

    fn found(&self, number: u32, exact: bool) -> Option<Duplicate> {
        Some(Duplicate {
            of: self.seen(number).id.to_string(),
            exact,
        })
    }

    fn remember(&mut self, id: &str, whole: u64, signature: Option<Box<Signature>>) {
        if self.seen.len() == WINDOW {
            self.forget();
        }
        let number = self.first + self.seen.len() as u32;
        self.exact.insert(whole, number);
        if let Some(signature) = &signature {
            for band in bands(signature) {
                // The earliest stays: a chain of copies then points at one document.
                self.bands.entry(band).or_insert(number);
            }
        }
        self.seen.push_back(Seen {
            id: id.into(),
            whole,
            signature,
        });
    }

    fn forget(&mut self) {
        let Some(old) = self.seen.pop_front() else {
            return;
        };
        if self.exact.get(&old.whole) == Some(&self.first) {
            self.exact.remove(&old.whole);
        }
        if let Some(signature) = &old.signature {
            for band in bands(signature) {
                if self.bands.get(&band) == Some(&self.first) {
                    self.bands.remove(&band);
                }
            }
        }
        self.first += 1;
    }
}

/// The hash of each word, in lower case.
fn words(text: &str) -> Vec<u64> {
    let mut lower = String::new();
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            lower.clear();
            lower.extend(word.chars().flat_map(char::to_lowercase));
            xxh3_64(lower.as_bytes())
        })
        .collect()
}

/// One hash of several, in order.
fn fold(hashes: &[u64]) -> u64 {
    let bytes: Vec<u8> = hashes.iter().flat_map(|h| h.to_le_bytes()).collect();
    xxh3_64(&bytes)
}

fn signature(words: &[u64]) -> Option<Signature> {
    if words.len() < LEAST + SHINGLE - 1 {
        return None;
    }
    let mut least = [u64::MAX; BINS];
    for shingle in words.windows(SHINGLE) {
        let mut bytes = [0; SHINGLE * 8];
        for (into, word) in bytes.chunks_exact_mut(8).zip(shingle) {
            into.copy_from_slice(&word.to_le_bytes());
        }
        let hash = xxh3_64(&bytes);
        let bin = &mut least[(hash % BINS as u64) as usize];
        *bin = (*bin).min(hash / BINS as u64);
    }
    // An empty bin borrows from the next full one, at a distance that enters the value, so that
    // two documents agree there only if they borrow the same (Shrivastava and Li, 2014).
    let mut signature = [0; BINS];
    for (at, value) in signature.iter_mut().enumerate() {
        let (far, full) = (0..BINS)
            .map(|far| (far as u64, least[(at + far) % BINS]))
            .find(|(_, least)| *least != u64::MAX)
            .unwrap_or((0, 0));
        *value = xxh3_64_with_seed(&full.to_le_bytes(), far) as u16;
    }
    Some(signature)
}

fn bands(signature: &Signature) -> impl Iterator<Item = (u8, u32)> {
    signature
        .chunks_exact(ROWS)
        .enumerate()
        .map(|(band, rows)| {
            let mut bytes = [0; ROWS * 2];
            for (into, row) in bytes.chunks_exact_mut(2).zip(rows) {
                into.copy_from_slice(&row.to_le_bytes());
            }
            (band as u8, xxh3_64(&bytes) as u32)
        })
}

fn agreement(signature: &Signature, seen: &Seen) -> f32 {
    let Some(other) = &seen.signature else {
        return 0.0;
    };
    let same = signature.iter().zip(other.iter()).filter(|(a, b)| a == b);
    same.count() as f32 / BINS as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A story of `n` words that no other seed shares.
    fn story(seed: usize, n: usize) -> Vec<String> {
        (0..n)
            .map(|i| {
                format!(
                    "w{}",
                    xxh3_64(&[seed, i].map(|x| x.to_le_bytes()).concat()) % 5000
                )
            })
            .collect()
    }

    #[test]
    fn near_copies_are_found_and_others_are_not() {
        let mut dedupe = Dedupe::default();
        for seed in 0..300 {
            assert_eq!(
                dedupe.check(&seed.to_string(), &story(seed, 200).join(" ")),
                None
            );
        }
        let (mut found, mut wrong) = (0, 0);
        for seed in 0..300 {
            // Five words changed of 200: 180 of 217 shingles shared, 0.83.
            let mut copy = story(seed, 200);
            for at in [20, 60, 100, 140, 180] {
                copy[at] = "changed".to_owned();
            }
            match dedupe.check("copy", &copy.join(" ")) {
                Some(d) if d.of == seed.to_string() && !d.exact => found += 1,
                Some(_) => wrong += 1,
                None => {}
            }
        }
        assert!(
            found >= 295 && wrong == 0,
            "{found} of 300 found, {wrong} wrong"
        );

        // Half of the words: 0.33 of the shingles.
        let mut wrong = 0;
        let mut dedupe = Dedupe::default();
        for seed in 0..100 {
            assert_eq!(dedupe.check("a", &story(seed, 200).join(" ")), None);
            let mut half = story(seed, 100);
            half.extend(story(seed + 1000, 100));
            wrong += usize::from(dedupe.check("b", &half.join(" ")).is_some());
        }
        assert_eq!(wrong, 0);
    }

    #[test]
    fn short_texts_are_compared_whole() {
        let mut dedupe = Dedupe::default();
        assert_eq!(dedupe.check("a", "Rates rise to 5 pct"), None);
        assert_eq!(dedupe.check("b", "Rates rise to 6 pct"), None);
        let found = dedupe.check("c", "RATES RISE: to 6 pct.").unwrap();
        assert_eq!((found.of.as_str(), found.exact), ("b", true));
    }

    #[test]
    fn what_is_forgotten_leaves_nothing_behind() {
        let mut dedupe = Dedupe::default();
        for seed in 0..50 {
            dedupe.check(&seed.to_string(), &story(seed, 60).join(" "));
        }
        for _ in 0..50 {
            dedupe.forget();
        }
        assert!(dedupe.exact.is_empty() && dedupe.bands.is_empty() && dedupe.seen.is_empty());
        assert_eq!(dedupe.check("again", &story(1, 60).join(" ")), None);
        assert!(dedupe.check("copy", &story(1, 60).join(" ")).is_some());
    }
}
