//! One name, one meaning in one article: the places where a document has the same words as a name
//! lend each other their evidence ("one sense per discourse", Gale, Church & Yarowsky 1992).
//!
//! The words' label probabilities are mixed with what the name's other places say, and decoded
//! again; where the model was sure and alone, or the places differ, little changes.

use std::collections::HashMap;
use std::ops::Range;

use standpoint_core::EntityKind;

use crate::labels::{Labels, Segment};
use crate::lattice::{Marginals, best_labels};

/// Counts as so many other places that know nothing, so that one place alone decides less than
/// many that agree.
const DOUBT: f64 = 0.5;
/// What a person's full name tells of its first or last word standing alone, against a place of
/// that word alone.
const PART_OF_NAME: f64 = 0.5;
/// Where the other places are no names, half of that goes to this one being none either.
const NO_NAME: f64 = 0.5;
/// Probabilities stay above it.
const FLOOR: f64 = 1e-12;

/// Words found as a name at least once.
struct Name {
    words: usize,
    places: Vec<Place>,
    /// Probability mass by class that longer names lend.
    lent: Vec<f64>,
}

/// Where a document has the words of a name.
struct Place {
    start: usize,
    /// By class, the probability that exactly these words are one.
    classes: Vec<f64>,
    /// In a headline of capitals, which hide what the model goes by.
    headline: bool,
}

/// Mixes `log_probs`, one row of labels a word, with what the other places of each name say:
/// `weight`, 0 to 1, of the result is theirs.
pub(crate) fn agree(
    labels: &Labels,
    sentences: &[Range<usize>],
    words: &[&str],
    weight: f64,
    log_probs: &mut [f32],
) {
    let names = names(labels, sentences, words, log_probs);
    let mut order: Vec<&Name> = names
        .iter()
        .filter(|name| !name.places.is_empty())
        .collect();
    // The longest first, as the shorter may be a part of it; then as they come in the text.
    order.sort_by_key(|name| (std::cmp::Reverse(name.words), name.places[0].start));
    let mut done = vec![false; words.len()];
    for name in order {
        let sum = |class: usize| name.places.iter().map(|p| p.classes[class]).sum::<f64>();
        let sums: Vec<f64> = (0..labels.classes()).map(sum).collect();
        let lent: f64 = name.lent.iter().sum();
        let others = (name.places.len() - 1) as f64 + lent;
        if others <= 0.0 {
            continue;
        }
        for place in &name.places {
            let range = place.start..place.start + name.words;
            if done[range.clone()].contains(&true) {
                continue;
            }
            done[range].fill(true);
            let belief: Vec<f64> = (0..labels.classes())
                .map(|c| (sums[c] - place.classes[c] + name.lent[c]).max(0.0) / (others + DOUBT))
                .collect();
            let weight = if place.headline { 1.0 } else { weight };
            mix(labels, place.start, name.words, &belief, weight, log_probs);
        }
    }
}

/// Mixes a belief about which class the words from `start` on are into their probabilities.
fn mix(
    labels: &Labels,
    start: usize,
    words: usize,
    belief: &[f64],
    weight: f64,
    log_probs: &mut [f32],
) {
    let n = labels.len();
    let rest = (1.0 - belief.iter().sum::<f64>()).max(0.0);
    for (at, row) in log_probs[start * n..(start + words) * n]
        .chunks_exact_mut(n)
        .enumerate()
    {
        let mut target: Vec<f64> = row
            .iter()
            .map(|&p| (1.0 - NO_NAME) * rest * f64::from(p).exp())
            .collect();
        target[labels.outside()] += NO_NAME * rest;
        for (class, share) in belief.iter().enumerate() {
            if let Some(label) = labels.spelled(class, at, words) {
                target[label] += share;
            }
        }
        for (p, target) in row.iter_mut().zip(target) {
            let mixed = (1.0 - weight) * f64::from(*p).exp() + weight * target;
            *p = mixed.max(FLOOR).ln() as f32;
        }
    }
}

/// The names that the words' probabilities give by themselves, with all places that have their
/// words.
fn names(
    labels: &Labels,
    sentences: &[Range<usize>],
    words: &[&str],
    log_probs: &[f32],
) -> Vec<Name> {
    let n = labels.len();
    let (exact, folded) = (
        numbers(words.iter().copied()),
        numbers(words.iter().map(|w| fold(w))),
    );
    let headlines: Vec<bool> = sentences
        .iter()
        .map(|s| is_headline(&words[s.clone()]))
        .collect();
    let rows = |words: &Range<usize>| &log_probs[words.start * n..words.end * n];

    let mut names: Vec<Name> = Vec::new();
    let (mut by_words, mut by_folded) = (HashMap::new(), HashMap::new());
    // By a first word's number the lengths that names beginning with it have.
    let (mut lengths, mut folded_lengths) = (HashMap::new(), HashMap::new());
    let mut found: Vec<Vec<Segment>> = Vec::with_capacity(sentences.len());
    for (sentence, &headline) in sentences.iter().zip(&headlines) {
        let segments = labels.segments(best_labels(labels, rows(sentence)));
        for segment in segments
            .iter()
            .filter(|s| !headline && is_name(labels, s.class))
        {
            let range = sentence.start + segment.start..sentence.start + segment.end;
            if !words[range.clone()]
                .iter()
                .any(|w| w.contains(char::is_uppercase))
            {
                continue;
            }
            by_words.entry(&exact[range.clone()]).or_insert_with(|| {
                names.push(Name {
                    words: range.len(),
                    places: Vec::new(),
                    lent: vec![0.0; labels.classes()],
                });
                by_folded
                    .entry(&folded[range.clone()])
                    .or_insert(names.len() - 1);
                add_length(&mut lengths, exact[range.start], range.len());
                add_length(&mut folded_lengths, folded[range.start], range.len());
                names.len() - 1
            });
        }
        found.push(segments);
    }
    if names.is_empty() {
        return names;
    }

    for ((sentence, &headline), segments) in sentences.iter().zip(&headlines).zip(&found) {
        let mut marginals = None;
        for start in sentence.clone() {
            let (ids, lengths, by) = match headline {
                true => (&folded, &folded_lengths, &by_folded),
                false => (&exact, &lengths, &by_words),
            };
            for &length in lengths.get(&ids[start]).into_iter().flatten() {
                let range = start..start + length;
                if range.end > sentence.end {
                    continue;
                }
                let Some(&name) = by.get(&ids[range.clone()]) else {
                    continue;
                };
                let own = start - sentence.start..range.end - sentence.start;
                if !headline && is_inside(&own, segments) {
                    continue;
                }
                let marginals =
                    marginals.get_or_insert_with(|| Marginals::new(labels, rows(sentence)));
                let probability = |class| {
                    marginals.segment(Segment {
                        start: own.start,
                        end: own.end,
                        class,
                    })
                };
                names[name].places.push(Place {
                    start,
                    classes: (0..labels.classes()).map(probability).collect(),
                    headline,
                });
            }
        }
    }
    lend(labels, words, &exact, &by_words, &mut names);
    names
}

/// Lets the full names of persons tell what their first and last words are when alone.
fn lend(
    labels: &Labels,
    words: &[&str],
    ids: &[u32],
    by_words: &HashMap<&[u32], usize>,
    names: &mut [Name],
) {
    for at in 0..names.len() {
        let Some(start) = names[at]
            .places
            .iter()
            .find(|p| !p.headline)
            .map(|p| p.start)
        else {
            continue;
        };
        let length = names[at].words;
        if length < 2 {
            continue;
        }
        for part in [start, start + length - 1] {
            let word = words[part];
            let Some(&alone) = by_words.get(&ids[part..=part]) else {
                continue;
            };
            if word.chars().count() < 3 || !word.starts_with(char::is_uppercase) {
                continue;
            }
            for class in 0..labels.classes() {
                if labels.kind(class) == Some(EntityKind::Person) {
                    let mass: f64 = names[at].places.iter().map(|p| p.classes[class]).sum();
                    names[alone].lent[class] += PART_OF_NAME * mass;
                }
            }
        }
    }
}

/// Whether a class is one of names; a date or a sum of money means itself alone.
fn is_name(labels: &Labels, class: usize) -> bool {
    labels
        .kind(class)
        .is_some_and(|k| !matches!(k, EntityKind::Date | EntityKind::Money))
}

/// Whether words are a part of a longer entity: then they are no place of the name.
fn is_inside(own: &Range<usize>, segments: &[Segment]) -> bool {
    let at = segments.partition_point(|s| s.end <= own.start);
    segments
        .get(at)
        .is_some_and(|s| s.start <= own.start && own.end <= s.end && own.len() < s.end - s.start)
}

/// Whether a sentence is all in capitals, as headlines are: at least two words with letters, one
/// of them longer than an acronym.
fn is_headline(words: &[&str]) -> bool {
    let mut lettered = words
        .iter()
        .filter(|w| w.contains(char::is_alphabetic))
        .peekable();
    lettered.peek().is_some()
        && lettered
            .clone()
            .all(|w| !w.contains(char::is_lowercase) && w.contains(char::is_uppercase))
        && lettered.clone().any(|w| w.chars().count() > 3)
        && lettered.count() > 1
}

fn fold(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).collect()
}

fn add_length(lengths: &mut HashMap<u32, Vec<usize>>, first: u32, length: usize) {
    let lengths = lengths.entry(first).or_default();
    if !lengths.contains(&length) {
        lengths.push(length);
    }
}

/// A number for each word, the same for the same word.
fn numbers<W: std::hash::Hash + Eq>(words: impl Iterator<Item = W>) -> Vec<u32> {
    let mut known = HashMap::new();
    words
        .map(|word| {
            let next = known.len() as u32;
            *known.entry(word).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::tests::labels;

    const LABELS: [&str; 7] = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"];

    /// Words with, after a slash, a label and how sure the model is of it; half of the rest is
    /// the outside's. A sentence a line. Returns what is found after agreement.
    fn found(document: &str) -> Vec<String> {
        let labels = labels(&LABELS, None);
        let (mut words, mut sentences, mut log_probs) = (Vec::new(), Vec::new(), Vec::new());
        for line in document.lines() {
            let start = words.len();
            for item in line.split_whitespace() {
                let mut parts = item.split('/');
                words.push(parts.next().unwrap());
                let label = parts.next().unwrap_or("O");
                let sure: f32 = parts.next().map_or(0.98, |sure| sure.parse().unwrap());
                let at = LABELS.iter().position(|l| *l == label).unwrap();
                let mut row = [(1.0 - sure) / 2.0 / 6.0; 7];
                row[0] += (1.0 - sure) / 2.0;
                row[at] += sure;
                log_probs.extend(row.map(f32::ln));
            }
            sentences.push(start..words.len());
        }
        agree(&labels, &sentences, &words, 0.7, &mut log_probs);
        let mut found = Vec::new();
        for sentence in sentences {
            let rows = &log_probs[sentence.start * 7..sentence.end * 7];
            for segment in labels.segments(best_labels(&labels, rows)) {
                let span = sentence.start + segment.start..sentence.start + segment.end;
                let kind = labels.kind(segment.class).unwrap();
                found.push(format!("{kind} {}", words[span].join(" ")));
            }
        }
        found
    }

    #[track_caller]
    fn check(document: &str, expected: &[&str]) {
        assert_eq!(found(document), expected);
    }

    #[test]
    fn the_places_of_a_name_agree() {
        let places = "Lagos/B-LOC grew\nIn Lagos/B-LOC it rained\n";
        check(
            &format!("{places}Lagos/B-ORG/0.6 won"),
            &["location Lagos"; 3],
        );
        check(&format!("{places}Lagos/O/0.7 won"), &["location Lagos"; 3]);
        // One place against one: the surer wins.
        check(
            "Lagos/B-LOC grew\nLagos/B-ORG/0.5 won",
            &["location Lagos"; 2],
        );
        // Nothing else in the document, nothing changes.
        check("Lagos/B-ORG/0.6 won", &["organization Lagos"]);
    }

    #[test]
    fn a_boundary_agrees() {
        check(
            "Hun/B-PER Sen/I-PER spoke\nHun/B-PER Sen/I-PER left\nHun/B-PER/0.9 Sen/O/0.6 too",
            &["person Hun Sen"; 3],
        );
    }

    #[test]
    fn a_part_of_a_longer_name_is_another_name() {
        check(
            "Cambodia/B-LOC grew\nCambodia/B-LOC shrank\nthe Cambodia/B-ORG Party/I-ORG lost",
            &[
                "location Cambodia",
                "location Cambodia",
                "organization Cambodia Party",
            ],
        );
    }

    #[test]
    fn headlines_in_capitals_follow_the_text() {
        check(
            "RESCUE/O PARTY/O BANNED\nThe Rescue/B-ORG Party/I-ORG lost\nThe Rescue/B-ORG Party/I-ORG left",
            &[
                "organization RESCUE PARTY",
                "organization Rescue Party",
                "organization Rescue Party",
            ],
        );
        // An acronym makes no headline, and lower case is no name.
        check("UN/B-ORG 24\nun/O jour", &["organization UN"]);
    }

    #[test]
    fn a_surname_follows_the_full_name() {
        check(
            "Kem/B-PER Sokha/I-PER spoke\nKem/B-PER Sokha/I-PER left\nSokha/B-ORG/0.5 waited",
            &["person Kem Sokha", "person Kem Sokha", "person Sokha"],
        );
    }

    #[test]
    fn dates_stand_for_themselves() {
        let labels = labels(&["O", "B-DATE", "I-DATE"], None);
        let before: Vec<f32> = [[0.1, 0.9, 0.0001], [0.6, 0.4, 0.0001]].concat();
        let before: Vec<f32> = before.into_iter().map(f32::ln).collect();
        let mut after = before.clone();
        agree(
            &labels,
            &[0..1, 1..2],
            &["Monday", "Monday"],
            0.7,
            &mut after,
        );
        assert_eq!(after, before);
    }
}
