//! Who is speaking: an actor, by name.

use standpoint_core::Span;

use crate::{Attribution, Counts, match_contents};

/// A quotation of the gold and its speaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// What was said, from its first character to its last.
    pub content: Span,
    /// The speaker's full name; `None` for somebody without one (unnamed, several together), whom
    /// no actor is.
    pub name: Option<String>,
}

/// A quotation found, with the actor that is taken for its speaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// What was said, from its first character to its last.
    pub content: Span,
    /// The speaker's place among the document's actors, if one is given.
    pub speaker: Option<usize>,
}

/// The counts of one document's speakers: accuracy, then coverage, each as a precision.
///
/// Quotations found stand for those of the gold as in [`match_contents`]. *Accuracy* is the share
/// of the speakers given that are right; a speaker given for somebody without a name is wrong.
/// *Coverage* is the share of the gold's named speakers, of quotations found, for whom any speaker
/// is given; its `gold` counts those of quotations not found too.
///
/// An actor, given by all its names, is the gold's person if one of them is the gold's name, but
/// for case and marks; or if its first name ends the gold's ("Clinton" for "Hillary Clinton") and
/// no other actor has a name that ends so.
///
/// ```
/// use standpoint_core::Span;
/// use standpoint_eval::{Speaker, Spoken, count_speakers};
///
/// let gold = [Speaker { content: Span::new(0, 20), name: Some("Kem Sokha".to_owned()) }];
/// let found = [Spoken { content: Span::new(1, 19), speaker: Some(0) }];
/// let actors = [vec!["Kem Sokha".to_owned(), "Mr. Sokha".to_owned()]];
/// let [accuracy, coverage] = count_speakers(&gold, &found, &actors);
/// assert_eq!((accuracy.scores().precision, coverage.scores().precision), (1.0, 1.0));
/// ```
#[must_use]
pub fn count_speakers(gold: &[Speaker], found: &[Spoken], actors: &[Vec<String>]) -> [Counts; 2] {
    let contents = |spans: &mut dyn Iterator<Item = Span>| -> Vec<Attribution> {
        spans
            .map(|span| Attribution {
                content: vec![span],
                ..Attribution::default()
            })
            .collect()
    };
    let matched = match_contents(
        &contents(&mut gold.iter().map(|s| s.content)),
        &contents(&mut found.iter().map(|s| s.content)),
    );
    let (mut accuracy, mut coverage) = (Counts::default(), Counts::default());
    for (want, place) in gold.iter().zip(matched) {
        let named = u64::from(want.name.is_some());
        accuracy.gold += named;
        coverage.gold += named;
        let Some(place) = place else { continue };
        coverage.predicted += named;
        let Some(speaker) = found[place].speaker else {
            continue;
        };
        coverage.correct += named;
        accuracy.predicted += 1;
        let right = want
            .name
            .as_deref()
            .is_some_and(|name| is_named(name, speaker, actors));
        accuracy.correct += u64::from(right);
    }
    [accuracy, coverage]
}

fn is_named(name: &str, actor: usize, actors: &[Vec<String>]) -> bool {
    let want = words(name);
    let Some(names) = actors.get(actor) else {
        return false;
    };
    if names.iter().any(|n| words(n) == want) {
        return true;
    }
    let Some(short) = names.first().map(|n| words(n)).filter(|w| !w.is_empty()) else {
        return false;
    };
    want.ends_with(&short)
        && actors
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != actor)
            .all(|(_, names)| names.iter().all(|n| !words(n).ends_with(&short)))
}

/// A name's words, letters and digits alone, in lower case.
fn words(name: &str) -> Vec<String> {
    name.split_whitespace()
        .map(|word| {
            let plain = word.chars().filter(|c| c.is_alphanumeric());
            plain.flat_map(char::to_lowercase).collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: Option<&str>, speaker: Option<usize>, actors: &[&[&str]]) -> [[u64; 3]; 2] {
        let actors: Vec<Vec<String>> = actors
            .iter()
            .map(|names| names.iter().map(|&n| n.to_owned()).collect())
            .collect();
        let content = Span::new(5, 9);
        let gold = [Speaker {
            content,
            name: name.map(str::to_owned),
        }];
        count_speakers(&gold, &[Spoken { content, speaker }], &actors)
            .map(|c| [c.correct, c.predicted, c.gold])
    }

    #[test]
    fn names_are_compared_by_letters() {
        let right = [[1, 1, 1], [1, 1, 1]];
        assert_eq!(check(Some("Sok Eysan"), Some(0), &[&["SOK EYSAN"]]), right);
        assert_eq!(
            check(
                Some("J. D. Wei"),
                Some(0),
                &[&["Wei", "J.D. Wei", "J D Wei"]]
            ),
            right
        );
        let wrong = [[0, 1, 1], [1, 1, 1]];
        assert_eq!(
            check(Some("Sok Eysan"), Some(1), &[&["Sok Eysan"], &["Hun Sen"]]),
            wrong
        );
    }

    #[test]
    fn a_last_name_will_do_if_it_is_one_persons() {
        assert_eq!(
            check(
                Some("Hillary Clinton"),
                Some(0),
                &[&["Clinton"], &["Trump"]]
            )[0],
            [1, 1, 1]
        );
        let two: &[&[&str]] = &[&["Clinton"], &["Bill Clinton"]];
        assert_eq!(check(Some("Hillary Clinton"), Some(0), two)[0], [0, 1, 1]);
        assert_eq!(
            check(Some("Hillary Clinton"), Some(0), &[&["Hillary"]])[0],
            [0, 1, 1]
        );
    }

    #[test]
    fn somebody_without_a_name_is_no_actor() {
        assert_eq!(
            check(None, Some(0), &[&["Hun Sen"]]),
            [[0, 1, 0], [0, 0, 0]]
        );
        assert_eq!(check(None, None, &[]), [[0, 0, 0], [0, 0, 0]]);
    }

    #[test]
    fn no_answer_lowers_coverage_alone() {
        assert_eq!(check(Some("Hun Sen"), None, &[]), [[0, 0, 1], [0, 1, 1]]);
        let gold = [Speaker {
            content: Span::new(0, 4),
            name: Some("Hun Sen".to_owned()),
        }];
        let [accuracy, coverage] = count_speakers(&gold, &[], &[]);
        assert_eq!(
            (accuracy.predicted, coverage.predicted, coverage.gold),
            (0, 0, 1)
        );
    }
}
