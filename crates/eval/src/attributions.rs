//! Quotations: who said what, by source, cue and content.

use std::collections::BTreeSet;
use std::slice::from_ref;

use serde::{Deserialize, Serialize};
use standpoint_core::Span;

use crate::Counts;
use crate::matching::maximum_matching;

/// Something said, with who said it: an attribution of the gold or of a prediction. Each part is
/// its fragments in ascending order, none where the text has no such words.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attribution {
    /// The words for who said it.
    #[serde(default)]
    pub source: Vec<Span>,
    /// The words that say that it was said.
    #[serde(default)]
    pub cue: Vec<Span>,
    /// What was said.
    pub content: Vec<Span>,
}

impl Attribution {
    /// The fragments of a part.
    #[must_use]
    pub fn part(&self, part: Part) -> &[Span] {
        match part {
            Part::Source => &self.source,
            Part::Cue => &self.cue,
            Part::Content => &self.content,
        }
    }

    /// The same with every part [`bare`].
    #[must_use]
    pub fn bare(&self, text: &str) -> Self {
        Self {
            source: bare(text, &self.source),
            cue: bare(text, &self.cue),
            content: bare(text, &self.content),
        }
    }
}

/// A part of an [`Attribution`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Who said it.
    Source,
    /// That it was said.
    Cue,
    /// What was said.
    Content,
}

impl Part {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Source, Self::Cue, Self::Content];

    /// The part's name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Cue => "cue",
            Self::Content => "content",
        }
    }
}

/// When two spans, which may be in fragments, agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Agreement {
    /// The same fragments.
    Exact,
    /// At least one byte in both.
    Overlap,
}

impl Agreement {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Exact, Self::Overlap];

    /// Whether two spans agree. Two that are not there agree with each other and with nothing
    /// else.
    #[must_use]
    pub fn holds(self, one: &[Span], other: &[Span]) -> bool {
        match self {
            Self::Exact => one == other,
            Self::Overlap => (one.is_empty() && other.is_empty()) || shared(one, other) > 0,
        }
    }
}

fn shared(one: &[Span], other: &[Span]) -> u64 {
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
    pairs
        .map(|(a, b)| {
            let start = a.start().max(b.start());
            u64::from(a.end().min(b.end()).saturating_sub(start))
        })
        .sum()
}

/// Fragments without the white space and quotation marks at their ends, and joined where nothing
/// but those stands between two: so that content taken with its marks, as PolNeAR takes it, and
/// content taken from between them are the same.
///
/// ```
/// use standpoint_core::Span;
///
/// let text = "“We lost. ” “We try again,” he said.";
/// let with_marks = [Span::new(0, text.find(" he").unwrap() as u32)];
/// let between = [Span::new(3, 12), Span::new(19, 32)];
/// assert_eq!(standpoint_eval::bare(text, &with_marks), standpoint_eval::bare(text, &between));
/// ```
#[must_use]
pub fn bare(text: &str, fragments: &[Span]) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::with_capacity(fragments.len());
    for &fragment in fragments {
        let visible = text[fragment].trim_start_matches(is_edge);
        let start = fragment.end() - visible.len() as u32;
        let visible = visible.trim_end_matches(is_edge);
        if visible.is_empty() {
            continue;
        }
        let span = Span::new(start, start + visible.len() as u32);
        match found.last_mut() {
            Some(last)
                if last.end() <= span.start()
                    && text[Span::new(last.end(), span.start())]
                        .chars()
                        .all(is_edge) =>
            {
                *last = last.join(span);
            }
            _ => found.push(span),
        }
    }
    found
}

fn is_edge(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\'' | '`' | '´' | '‘'..='‟' | '«' | '»' | '‹' | '›'
        )
}

/// The counts of one part of one document's attributions, span by span: each fragment of a
/// discontinuous part is a span, as tag sequences and the figures published for taggers have it.
/// Spans that several attributions share count once. A prediction is right if it stands for a
/// span of the gold it agrees with and no other prediction stands for; by overlap, as many as
/// possible do: a maximum one-to-one matching.
#[must_use]
pub fn count_parts(
    part: Part,
    agreement: Agreement,
    gold: &[Attribution],
    predicted: &[Attribution],
) -> Counts {
    let spans = |attributions: &[Attribution]| -> Vec<Span> {
        let spans: BTreeSet<Span> = attributions
            .iter()
            .flat_map(|a| a.part(part))
            .copied()
            .collect();
        spans.into_iter().collect()
    };
    let (gold, predicted) = (spans(gold), spans(predicted));
    let right = match_by(&predicted, &gold, |p, g| {
        let (p, g) = (from_ref(p), from_ref(g));
        agreement.holds(p, g).then(|| shared(p, g))
    });
    Counts {
        correct: right.iter().flatten().count() as u64,
        predicted: predicted.len() as u64,
        gold: gold.len() as u64,
    }
}

/// The counts of one document's whole attributions: a prediction is right if source, cue and
/// content all agree with the same attribution of the gold, matched one to one, as many as
/// possible.
///
/// ```
/// use standpoint_core::Span;
/// use standpoint_eval::{Agreement, Attribution, count_attributions};
///
/// let said = |source: Span, content: Span| Attribution {
///     source: vec![source],
///     cue: vec![Span::new(10, 14)],
///     content: vec![content],
/// };
/// let gold = [said(Span::new(0, 9), Span::new(15, 40))];
/// let predicted = [said(Span::new(4, 9), Span::new(15, 40))];
/// assert_eq!(count_attributions(Agreement::Overlap, &gold, &predicted).correct, 1);
/// assert_eq!(count_attributions(Agreement::Exact, &gold, &predicted).correct, 0);
/// ```
#[must_use]
pub fn count_attributions(
    agreement: Agreement,
    gold: &[Attribution],
    predicted: &[Attribution],
) -> Counts {
    let right = match_by(predicted, gold, |p, g| {
        Part::ALL
            .iter()
            .all(|&part| agreement.holds(p.part(part), g.part(part)))
            .then(|| shared(&p.content, &g.content))
    });
    Counts {
        correct: right.iter().flatten().count() as u64,
        predicted: predicted.len() as u64,
        gold: gold.len() as u64,
    }
}

/// For each attribution of the gold the prediction, by place, whose content overlaps its content:
/// one to one, as many as possible, the longest overlap first. What a prediction says of the source
/// of such a content can then be judged.
#[must_use]
pub fn match_contents(gold: &[Attribution], predicted: &[Attribution]) -> Vec<Option<usize>> {
    match_by(gold, predicted, |g, p| {
        let shared = shared(&g.content, &p.content);
        (shared > 0).then_some(shared)
    })
}

/// The counts for attribution accuracy: of the gold contents that a prediction found by
/// [`match_contents`] (`predicted`), those whose source agrees by overlap, or is lacking in both
/// (`correct`). `gold` is all of them, so that accuracy is precision and the share found is
/// `predicted / gold`.
#[must_use]
pub fn count_sources(gold: &[Attribution], predicted: &[Attribution]) -> Counts {
    let mut counts = Counts {
        gold: gold.len() as u64,
        ..Counts::default()
    };
    for (g, found) in gold.iter().zip(match_contents(gold, predicted)) {
        if let Some(p) = found {
            counts.predicted += 1;
            let agree = Agreement::Overlap.holds(&g.source, &predicted[p].source);
            counts.correct += u64::from(agree);
        }
    }
    counts
}

/// A maximum matching of `left` to `right` where `weight` gives some; the heavier choice is tried
/// first.
fn match_by<T>(
    left: &[T],
    right: &[T],
    weight: impl Fn(&T, &T) -> Option<u64>,
) -> Vec<Option<usize>> {
    let allowed: Vec<Vec<usize>> = left
        .iter()
        .map(|l| {
            let mut choices: Vec<(u64, usize)> = right
                .iter()
                .enumerate()
                .filter_map(|(i, r)| Some((weight(l, r)?, i)))
                .collect();
            choices.sort_by_key(|&(weight, i)| (std::cmp::Reverse(weight), i));
            choices.into_iter().map(|(_, i)| i).collect()
        })
        .collect();
    maximum_matching(&allowed, right.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(start: u32, end: u32) -> Vec<Span> {
        vec![Span::new(start, end)]
    }

    fn attribution() -> impl Strategy<Value = Attribution> {
        let part = || {
            (0_u32..30, 0_u32..8).prop_map(|(s, n)| if n == 0 { vec![] } else { span(s, s + n) })
        };
        (part(), part(), (0_u32..30, 1_u32..8)).prop_map(|(source, cue, (s, n))| Attribution {
            source,
            cue,
            content: span(s, s + n),
        })
    }

    proptest! {
        #[test]
        fn exact_is_no_more_than_overlap_and_all_is_symmetric(
            gold in proptest::collection::vec(attribution(), 0..7),
            predicted in proptest::collection::vec(attribution(), 0..7),
        ) {
            for part in Part::ALL {
                let count = |agreement| count_parts(part, agreement, &gold, &predicted);
                let (exact, overlap) = (count(Agreement::Exact), count(Agreement::Overlap));
                prop_assert!(exact.correct <= overlap.correct);
                prop_assert!(overlap.correct <= overlap.gold.min(overlap.predicted));
                let back = count_parts(part, Agreement::Overlap, &predicted, &gold);
                prop_assert_eq!(back.correct, overlap.correct);
            }
            let exact = count_attributions(Agreement::Exact, &gold, &predicted);
            let overlap = count_attributions(Agreement::Overlap, &gold, &predicted);
            prop_assert!(exact.correct <= overlap.correct);
            let sources = count_sources(&gold, &predicted);
            prop_assert!(sources.correct <= sources.predicted && sources.predicted <= sources.gold);
        }

        #[test]
        fn the_gold_itself_is_perfect(gold in proptest::collection::vec(attribution(), 0..7)) {
            for agreement in Agreement::ALL {
                let c = count_attributions(agreement, &gold, &gold);
                prop_assert_eq!((c.correct, c.predicted), (c.gold, c.gold));
                for part in Part::ALL {
                    let c = count_parts(part, agreement, &gold, &gold);
                    prop_assert_eq!((c.correct, c.predicted), (c.gold, c.gold));
                }
            }
        }

        #[test]
        fn bare_spans_are_inside_and_stay_bare(text in "[a“” ]{0,20}", cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..5)) {
            let places: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|i| places[i.index(places.len())]).collect();
            cuts.sort_unstable();
            let fragments: Vec<Span> = cuts.chunks_exact(2).map(|c| Span::from_range(c[0]..c[1])).collect();
            let once = bare(&text, &fragments);
            prop_assert_eq!(&bare(&text, &once), &once);
            for s in once {
                prop_assert!(!s.is_empty() && !text[s].starts_with(is_edge) && !text[s].ends_with(is_edge));
            }
        }
    }

    #[test]
    fn one_prediction_does_not_stand_for_two() {
        let said = |s, e| Attribution {
            content: span(s, e),
            ..Attribution::default()
        };
        let gold = [said(0, 10), said(12, 20)];
        let predicted = [said(0, 20)];
        let c = count_parts(Part::Content, Agreement::Overlap, &gold, &predicted);
        assert_eq!((c.correct, c.predicted, c.gold), (1, 1, 2));
    }

    #[test]
    fn each_fragment_is_a_span_and_an_attribution_is_whole() {
        let said = |content: &[Span]| Attribution {
            content: content.to_vec(),
            ..Attribution::default()
        };
        let gold = [said(&[Span::new(0, 10), Span::new(20, 30)])];
        let predicted = [said(&[Span::new(0, 10)])];
        let c = count_parts(Part::Content, Agreement::Exact, &gold, &predicted);
        assert_eq!((c.correct, c.predicted, c.gold), (1, 1, 2));
        let c = count_attributions(Agreement::Exact, &gold, &predicted);
        assert_eq!((c.correct, c.predicted, c.gold), (0, 1, 1));
    }

    #[test]
    fn a_shared_source_counts_once() {
        let said = |s, e| Attribution {
            source: span(0, 5),
            content: span(s, e),
            ..Attribution::default()
        };
        let gold = [said(10, 12), said(14, 16)];
        let c = count_parts(Part::Source, Agreement::Exact, &gold, &gold);
        assert_eq!((c.correct, c.predicted, c.gold), (1, 1, 1));
        let c = count_attributions(Agreement::Exact, &gold, &gold);
        assert_eq!(c.correct, 2);
    }

    #[test]
    fn a_lacking_source_agrees_with_a_lacking_one_alone() {
        let with = Attribution {
            source: span(0, 5),
            content: span(8, 9),
            ..Attribution::default()
        };
        let without = Attribution {
            source: vec![],
            ..with.clone()
        };
        for agreement in Agreement::ALL {
            assert_eq!(
                count_attributions(agreement, from_ref(&with), from_ref(&without)).correct,
                0
            );
            assert_eq!(
                count_attributions(agreement, from_ref(&without), from_ref(&without)).correct,
                1
            );
        }
        assert_eq!(
            count_sources(from_ref(&with), from_ref(&without)).correct,
            0
        );
        assert_eq!(
            count_sources(from_ref(&without), from_ref(&without)).correct,
            1
        );
    }
}
