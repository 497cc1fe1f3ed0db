//! A name taken apart: its words without title, possessive and article.

use crate::words::{Sex, title};

/// A name's form for comparing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name<'t> {
    /// What to show: without title, possessive and a leading article.
    pub(crate) shown: &'t str,
    /// Lower-case words; stops dropped ("u.s." is `us`), split at hyphens.
    pub(crate) words: Vec<String>,
    /// An acronym that follows in brackets inside the same name.
    pub(crate) acronym: Option<&'t str>,
    /// What a title in front tells.
    pub(crate) sex: Option<Sex>,
}

/// Words longer than this are no part of a name; keeps odd text cheap.
const MAX_WORDS: usize = 24;

impl<'t> Name<'t> {
    /// Takes the words of an entity apart; `person` allows a title in front.
    pub(crate) fn new(surface: &'t str, person: bool) -> Self {
        let mut shown = surface.trim();
        let mut acronym = None;
        if let Some((full, rest)) = shown.split_once('(') {
            let inner = rest.trim_end_matches(')').trim();
            if is_acronym(inner) && !full.trim().is_empty() {
                acronym = Some(inner);
                shown = full.trim();
            }
        }
        shown = without_possessive(shown);
        if let Some(rest) = strip_word(shown, "the") {
            shown = rest;
        }
        let mut sex = None;
        if person {
            while let Some((told, rest)) = leading_title(shown) {
                sex = sex.or(told);
                shown = rest;
            }
        }
        let words = fold(shown);
        Self {
            shown,
            words,
            acronym,
            sex,
        }
    }

    /// The words run together, so that "SokEy San" and "Sok Eysan" are one; a person's middle
    /// initials are left out.
    pub(crate) fn key(&self, person: bool) -> String {
        if !person || self.words.len() < 3 {
            return self.words.concat();
        }
        let last = self.words.len() - 1;
        self.words
            .iter()
            .enumerate()
            .filter(|(i, w)| *i == 0 || *i == last || w.chars().nth(1).is_some())
            .map(|(_, w)| w.as_str())
            .collect()
    }
}

/// Lower-case words of a name.
pub(crate) fn fold(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '\u{2010}' | '\u{2011}' | '/'))
        .map(|word| {
            word.chars()
                .filter(|c| c.is_alphanumeric() || *c == '&')
                .flat_map(char::to_lowercase)
                .collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .collect()
}

/// Whether a word is an acronym: two to ten letters, all capitals but for stops, digits, `&` and
/// one small letter ("NEDs" is none, "SoS" and "UNHCR" are).
pub(crate) fn is_acronym(word: &str) -> bool {
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    (2..=10).contains(&capitals)
        && word.chars().filter(|c| c.is_lowercase()).count() <= usize::from(capitals > 2)
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '&' | '-'))
}

/// Whether `acronym` (folded to one lower-case word) is made of the first letters of `words`,
/// with or without the small ones.
pub(crate) fn abbreviates(acronym: &str, words: &[String]) -> bool {
    if words.len() < 2 {
        return false;
    }
    let initials = |keep: &dyn Fn(&str) -> bool| -> String {
        words
            .iter()
            .filter(|w| keep(w))
            .filter_map(|w| w.chars().next())
            .collect()
    };
    initials(&|w| !is_small(w)) == acronym || initials(&|_| true) == acronym
}

/// Words that initials leave out.
pub(crate) fn is_small(word: &str) -> bool {
    matches!(
        word,
        "of" | "the" | "and" | "for" | "in" | "on" | "to" | "de" | "la" | "du" | "a" | "&"
    )
}

/// Without a final `'s`, `’s` or bare apostrophe.
pub(crate) fn without_possessive(text: &str) -> &str {
    for ending in ["'s", "’s", "'S", "’S", "'", "’"] {
        if let Some(stem) = text.strip_suffix(ending) {
            return stem.trim_end();
        }
    }
    text
}

fn strip_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let head = text.get(..word.len())?;
    let rest = text.get(word.len()..)?;
    (head.eq_ignore_ascii_case(word) && rest.starts_with(char::is_whitespace))
        .then(|| rest.trim_start())
}

/// A title of one to three words in front of more words.
fn leading_title(text: &str) -> Option<(Option<Sex>, &str)> {
    let mut at = 0;
    let mut longest = None;
    for _ in 0..3 {
        let Some(length) = text[at..].find(char::is_whitespace) else {
            break;
        };
        let end = at + length;
        let rest = text[end..].trim_start();
        let form: String = text[..end]
            .chars()
            .filter(|c| *c != '.')
            .flat_map(char::to_lowercase)
            .collect();
        if let Some(sex) = title(&form) {
            longest = Some((sex, rest));
        }
        at = text.len() - rest.len();
    }
    longest.filter(|(_, rest)| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_possessives_go() {
        let name = Name::new("Prime Minister Hun Sen’s", true);
        assert_eq!((name.shown, name.key(true).as_str()), ("Hun Sen", "hunsen"));
        let name = Name::new("Mrs. Clinton", true);
        assert_eq!((name.shown, name.sex), ("Clinton", Some(Sex::Woman)));
        assert_eq!(
            Name::new("King", true).shown,
            "King",
            "a title alone is the name"
        );
    }

    #[test]
    fn spacing_and_initials_do_not_count() {
        assert_eq!(
            Name::new("SokEy San", true).key(true),
            Name::new("Sok Eysan", true).key(true)
        );
        assert_eq!(Name::new("Donald J. Trump", true).key(true), "donaldtrump");
    }

    #[test]
    fn acronyms() {
        let name = Name::new("the Cambodia National Rescue Party (CNRP)", false);
        assert_eq!(name.acronym, Some("CNRP"));
        assert!(abbreviates("cnrp", &name.words));
        assert!(is_acronym("U.S."));
        assert!(!is_acronym("Adhoc") && !is_acronym("I"));
        assert!(abbreviates("doj", &fold("Department of Justice")));
    }
}
