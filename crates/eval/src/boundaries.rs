//! Sentences and words.

use std::collections::BTreeSet;

use standpoint_core::{Sentence, Span};

use crate::Counts;

/// Where the sentences of a text end inside it: after the last visible character of each but the
/// last, since the end of a text is nobody's decision. In ascending order, none twice.
#[must_use]
pub fn inner_ends(text: &str, sentences: &[Sentence]) -> Vec<u32> {
    let end_of_text = Span::from_range(0..text.len()).trimmed(text).end();
    let ends: BTreeSet<u32> = sentences
        .iter()
        .map(|s| s.trimmed(text))
        .filter(|s| !s.is_empty() && s.end() < end_of_text)
        .map(Span::end)
        .collect();
    ends.into_iter().collect()
}

/// The counts of one document's boundaries, both lists ascending: a boundary is right if the gold
/// has it at the same place.
#[must_use]
pub fn count_boundaries(gold: &[u32], predicted: &[u32]) -> Counts {
    let gold: BTreeSet<u32> = gold.iter().copied().collect();
    let predicted: BTreeSet<u32> = predicted.iter().copied().collect();
    Counts {
        correct: gold.intersection(&predicted).count() as u64,
        predicted: predicted.len() as u64,
        gold: gold.len() as u64,
    }
}

/// A word as the CoNLL 2018 shared task compares them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'t> {
    /// Where its surface token is, in bytes that are no white space: see [`ink`].
    pub span: Span,
    /// Its form.
    pub form: &'t str,
    /// Whether it is one of several words of that token ("cannot" is "can" and "not"); its span is
    /// then the whole token's.
    pub multiword: bool,
}

/// For each byte position of a text, its end included, how many bytes before it are not white
/// space. Positions so counted are the same however the words of two runs are spaced.
#[must_use]
pub fn ink(text: &str) -> Vec<u32> {
    let mut before = Vec::with_capacity(text.len() + 1);
    let mut count = 0;
    for c in text.chars() {
        let step = u32::from(!c.is_whitespace());
        for _ in 0..c.len_utf8() {
            before.push(count);
            count += step;
        }
    }
    before.push(count);
    before
}

/// Aligns the words of a gold and a predicted analysis of one text, as the evaluation of the CoNLL
/// 2018 shared task defines it (Zeman et al. 2018): words that are tokens agree if their spans do;
/// where either side has a token of several words, all words within its reach are aligned by the
/// longest common subsequence of their forms, without regard to case. Both lists in order of text;
/// the pairs found are places in them.
///
/// ```
/// use standpoint_core::Span;
/// use standpoint_eval::{Word, align_words};
///
/// let word = |start, end, form, multiword| Word { span: Span::new(start, end), form, multiword };
/// let gold = [word(0, 5, "do", true), word(0, 5, "n't", true), word(5, 7, "go", false)];
/// let ours = [word(0, 2, "do", false), word(2, 5, "n't", false), word(5, 7, "go", false)];
/// assert_eq!(align_words(&gold, &ours), [(0, 0), (1, 1), (2, 2)]);
/// ```
#[must_use]
pub fn align_words(gold: &[Word<'_>], predicted: &[Word<'_>]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let (mut g, mut p) = (0, 0);
    while let (Some(one), Some(other)) = (gold.get(g), predicted.get(p)) {
        if one.multiword || other.multiword {
            let (from_g, from_p, to_g, to_p) = reach(gold, predicted, g, p);
            let found = common(&gold[from_g..to_g], &predicted[from_p..to_p]);
            pairs.extend(found.into_iter().map(|(g, p)| (from_g + g, from_p + p)));
            (g, p) = (to_g, to_p);
        } else if one.span == other.span {
            pairs.push((g, p));
            g += 1;
            p += 1;
        } else if one.span.start() <= other.span.start() {
            g += 1;
        } else {
            p += 1;
        }
    }
    pairs
}

/// The words, from `g` and `p` on, within the smallest span that holds the token of several words
/// met there and every such token that reaches into it: starts and ends in both lists.
fn reach(
    gold: &[Word<'_>],
    predicted: &[Word<'_>],
    mut g: usize,
    mut p: usize,
) -> (usize, usize, usize, usize) {
    let mut end = if gold[g].multiword {
        if !predicted[p].multiword && predicted[p].span.start() < gold[g].span.start() {
            p += 1;
        }
        gold[g].span.end()
    } else {
        if gold[g].span.start() < predicted[p].span.start() {
            g += 1;
        }
        predicted[p].span.end()
    };
    let (from_g, from_p) = (g, p);
    let beyond = |words: &[Word<'_>], i: usize, end: u32| match words.get(i) {
        None => true,
        Some(word) if word.multiword => word.span.start() >= end,
        Some(word) => word.span.end() > end,
    };
    while !beyond(gold, g, end) || !beyond(predicted, p, end) {
        let take_gold = g < gold.len()
            && predicted
                .get(p)
                .is_none_or(|other| gold[g].span.start() <= other.span.start());
        let word = if take_gold {
            g += 1;
            &gold[g - 1]
        } else {
            p += 1;
            &predicted[p - 1]
        };
        if word.multiword {
            end = end.max(word.span.end());
        }
    }
    (from_g, from_p, g, p)
}

/// The longest common subsequence of two runs of words by form.
fn common(gold: &[Word<'_>], predicted: &[Word<'_>]) -> Vec<(usize, usize)> {
    let same = |g: usize, p: usize| gold[g].form.to_lowercase() == predicted[p].form.to_lowercase();
    let width = predicted.len() + 1;
    let mut longest = vec![0_u32; (gold.len() + 1) * width];
    for g in (0..gold.len()).rev() {
        for p in (0..predicted.len()).rev() {
            let at = g * width + p;
            let skip = longest[at + width].max(longest[at + 1]);
            longest[at] = if same(g, p) {
                skip.max(1 + longest[at + width + 1])
            } else {
                skip
            };
        }
    }
    let mut pairs = Vec::new();
    let (mut g, mut p) = (0, 0);
    while g < gold.len() && p < predicted.len() {
        if same(g, p) {
            pairs.push((g, p));
            g += 1;
            p += 1;
        } else if longest[g * width + p] == longest[(g + 1) * width + p] {
            g += 1;
        } else {
            p += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Words from `surface` or `surface part part`, as the shared task's own cases write them.
    fn words<'t>(tokens: &[&'t str]) -> Vec<Word<'t>> {
        let mut at = 0;
        let mut words = Vec::new();
        for token in tokens {
            let mut forms = token.split(' ');
            let surface = forms.next().unwrap();
            let span = Span::new(at, at + surface.len() as u32);
            at = span.end();
            let parts: Vec<&str> = forms.collect();
            if parts.is_empty() {
                words.push(Word {
                    span,
                    form: surface,
                    multiword: false,
                });
            }
            words.extend(parts.into_iter().map(|form| Word {
                span,
                form,
                multiword: true,
            }));
        }
        words
    }

    #[track_caller]
    fn check(gold: &[&str], predicted: &[&str], correct: usize) {
        assert_eq!(align_words(&words(gold), &words(predicted)).len(), correct);
    }

    #[test]
    fn tokens_align_by_span() {
        check(&["we", "left", "."], &["we", "left", "."], 3);
        check(&["we", "left."], &["we", "left", "."], 1);
        check(&["weleft"], &["we", "le", "ft"], 0);
    }

    #[test]
    fn words_of_one_token_align_by_form() {
        check(&["cannot can not", "go"], &["can", "not", "go"], 3);
        check(&["I", "cannot can not", "go"], &["I", "cannot", "go"], 2);
        check(&["gimme give me", "it"], &["gim", "me", "it"], 2);
        check(&["can", "not"], &["cannot CAN NOT"], 2);
        check(&["abc a b c", "de d e"], &["a", "bcd b c d", "e"], 5);
        check(
            &["abc a x c", "def d y f"],
            &["ab a b", "cd c d", "ef e f"],
            4,
        );
    }

    #[test]
    fn the_end_of_the_text_is_not_counted() {
        let text = "One. Two.\n\nThree. \n";
        let sentence = |start, end| Sentence {
            span: Span::new(start, end),
            nested: false,
        };
        let gold = inner_ends(text, &[sentence(0, 5), sentence(5, 11), sentence(11, 19)]);
        assert_eq!(gold, [4, 9]);
        // A sentence of white space alone has no end of its own.
        let ours = inner_ends(text, &[sentence(0, 10), sentence(10, 11), sentence(11, 19)]);
        assert_eq!(ours, [9]);
        let counts = count_boundaries(&gold, &ours);
        assert_eq!((counts.correct, counts.predicted, counts.gold), (1, 1, 2));
    }

    #[test]
    fn white_space_has_no_ink() {
        assert_eq!(ink("a é\u{a0}b"), [0, 1, 1, 2, 3, 3, 3, 4]);
    }

    proptest! {
        #[test]
        fn alignment_is_one_to_one_and_perfect_on_itself(
            gold in "[ab]{1,3}( [ab]{1,3}| [ab]{2}/[ab]){0,6}",
        ) {
            let tokens: Vec<String> = gold.split(' ').map(|t| t.replace('/', " ")).collect();
            let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
            let gold = words(&tokens);
            prop_assert_eq!(align_words(&gold, &gold).len(), gold.len());
            let text: String = tokens.iter().map(|t| t.split(' ').next().unwrap()).collect();
            let letters: Vec<&str> = (0..text.len()).map(|i| &text[i..=i]).collect();
            let letters = words(&letters);
            let pairs = align_words(&gold, &letters);
            for two in pairs.windows(2) {
                prop_assert!(two[0].0 < two[1].0 && two[0].1 < two[1].1);
            }
            prop_assert!(pairs.iter().all(|&(g, p)| g < gold.len() && p < letters.len()));
        }
    }
}
