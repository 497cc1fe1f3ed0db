//! The tables of nouns and titles, read once from `data/`.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Man or woman, as far as words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sex {
    Man,
    Woman,
}

/// What a noun refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noun {
    Person(Option<Sex>),
    Body,
    Report,
}

static NOUNS: LazyLock<HashMap<&'static str, Noun>> = LazyLock::new(|| {
    table(include_str!("../data/roles.txt"))
        .filter_map(|(class, word)| {
            Some((
                word,
                match class {
                    "person" => Noun::Person(None),
                    "man" => Noun::Person(Some(Sex::Man)),
                    "woman" => Noun::Person(Some(Sex::Woman)),
                    "body" => Noun::Body,
                    "report" => Noun::Report,
                    _ => return None,
                },
            ))
        })
        .collect()
});

static PLURALS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut words: Vec<_> = table(include_str!("../data/roles.txt"))
        .filter_map(|(class, word)| (class == "plural").then_some(word))
        .collect();
    words.sort_unstable();
    words
});

static TITLES: LazyLock<HashMap<&'static str, Option<Sex>>> = LazyLock::new(|| {
    include_str!("../data/titles.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| match line.rsplit_once(' ') {
            Some((title, "m")) => (title, Some(Sex::Man)),
            Some((title, "f")) => (title, Some(Sex::Woman)),
            _ => (line, None),
        })
        .collect()
});

/// Lines `class: word word`, as pairs.
fn table(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(class, words)| words.split_whitespace().map(move |word| (class, word)))
}

/// What a lower-case noun refers to and whether it is plural.
pub(crate) fn noun(word: &str) -> Option<(Noun, bool)> {
    if let Some(&noun) = NOUNS.get(word) {
        return Some((noun, is_plural_form(word)));
    }
    let singular = singular(word)?;
    NOUNS.get(singular.as_str()).map(|&noun| (noun, true))
}

/// The singular of a regular or common irregular plural.
pub(crate) fn singular(word: &str) -> Option<String> {
    if let Some(stem) = word.strip_suffix("women") {
        return Some(format!("{stem}woman"));
    }
    if let Some(stem) = word.strip_suffix("men") {
        return Some(format!("{stem}man"));
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return Some(format!("{stem}y"));
    }
    if word == "wives" {
        return Some("wife".into());
    }
    for ending in ["sses", "ches", "shes", "xes"] {
        if word.ends_with(ending) {
            return Some(word[..word.len() - 2].into());
        }
    }
    let stem = word.strip_suffix('s')?;
    (stem.len() > 2 && !stem.ends_with(['s', 'u', 'i'])).then(|| stem.into())
}

/// Whether a lower-case word means several people although no rule shows it.
pub(crate) fn is_plural_form(word: &str) -> bool {
    PLURALS.binary_search(&word).is_ok()
}

/// What a title, in lower case and without its stop, tells of the person; `None` if it is none.
pub(crate) fn title(words: &str) -> Option<Option<Sex>> {
    TITLES.get(words).copied()
}

/// The noun that a short title stands for.
pub(crate) fn title_noun(title: &str) -> &str {
    match title {
        "sen" => "senator",
        "rep" | "rep-elect" => "representative",
        "gov" => "governor",
        "gen" => "general",
        "lt" => "lieutenant",
        "col" => "colonel",
        "maj" => "major",
        "capt" => "captain",
        "cmdr" => "commander",
        "adm" => "admiral",
        "sgt" => "sergeant",
        "dr" => "doctor",
        "prof" => "professor",
        "rev" | "reverend" => "pastor",
        "president-elect" => "president",
        other => other,
    }
}

/// What a third-person singular pronoun tells of the person.
pub(crate) fn pronoun_sex(word: &str) -> Option<Sex> {
    let any = |forms: &[&str]| forms.iter().any(|form| word.eq_ignore_ascii_case(form));
    if any(&["he", "him", "his", "himself"]) {
        Some(Sex::Man)
    } else if any(&["she", "her", "hers", "herself"]) {
        Some(Sex::Woman)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_have_sex_and_number() {
        assert_eq!(noun("activists"), Some((Noun::Person(None), true)));
        assert_eq!(
            noun("spokeswoman"),
            Some((Noun::Person(Some(Sex::Woman)), false))
        );
        assert_eq!(
            noun("congressmen").map(|n| n.0),
            Some(Noun::Person(Some(Sex::Man)))
        );
        assert_eq!(noun("ministries"), Some((Noun::Body, true)));
        assert_eq!(noun("table"), None);
        assert_eq!(noun("boss"), Some((Noun::Person(None), false)));
    }

    #[test]
    fn titles_tell_the_sex() {
        assert_eq!(title("mrs"), Some(Some(Sex::Woman)));
        assert_eq!(title("prime minister"), Some(None));
        assert_eq!(title("hun"), None);
    }
}
