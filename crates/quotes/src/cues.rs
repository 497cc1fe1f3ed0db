//! The table of words that report speech, read once from `data/cues.txt`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use standpoint_core::SpeechAct;

struct Table {
    verbs: HashMap<String, SpeechAct>,
    nouns: HashMap<&'static str, SpeechAct>,
    forms: HashMap<&'static str, &'static str>,
    bare: HashSet<&'static str>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table {
        verbs: HashMap::new(),
        nouns: HashMap::new(),
        forms: HashMap::new(),
        bare: HashSet::new(),
    };
    for line in include_str!("../data/cues.txt").lines() {
        let Some((class, words)) = line.split_once(": ") else {
            continue;
        };
        let words = words.split_whitespace();
        match class {
            "forms" => table.forms.extend(words.filter_map(|w| w.split_once('='))),
            "bare" => table.bare.extend(words),
            "noun" => {
                let mut words = words;
                if let Some(act) = words.next().and_then(act) {
                    table.nouns.extend(words.map(|w| (w, act)));
                }
            }
            class => {
                if let Some(act) = act(class) {
                    for word in words {
                        // The first class that lists a verb has it.
                        table.verbs.entry(word.replace('+', " ")).or_insert(act);
                    }
                }
            }
        }
    }
    table
});

fn act(class: &str) -> Option<SpeechAct> {
    Some(match class {
        "say" => SpeechAct::Say,
        "ask" => SpeechAct::Ask,
        "answer" => SpeechAct::Answer,
        "deny" => SpeechAct::Deny,
        "promise" => SpeechAct::Promise,
        "accuse" => SpeechAct::Accuse,
        "criticize" => SpeechAct::Criticize,
        "praise" => SpeechAct::Praise,
        "admit" => SpeechAct::Admit,
        "urge" => SpeechAct::Urge,
        "warn" => SpeechAct::Warn,
        "claim" => SpeechAct::Claim,
        "suggest" => SpeechAct::Suggest,
        "announce" => SpeechAct::Announce,
        "predict" => SpeechAct::Predict,
        "think" => SpeechAct::Think,
        _ => return None,
    })
}

/// The base form of a lower-case verb form in the table.
pub(crate) fn lemma(word: &str) -> Option<&str> {
    let table = &*TABLE;
    if let Some(&base) = table.forms.get(word) {
        return Some(base);
    }
    let known = |base: &str| table.verbs.get_key_value(base).map(|(k, _)| k.as_str());
    if let Some(base) = known(word) {
        return Some(base);
    }
    let with_e = |stem: &str| known(&format!("{stem}e"));
    let stem = word
        .strip_suffix("ies")
        .or_else(|| word.strip_suffix("ied"));
    if let Some(base) = stem.and_then(|stem| known(&format!("{stem}y"))) {
        return Some(base);
    }
    for ending in ["ing", "ed"] {
        if let Some(stem) = word.strip_suffix(ending) {
            if stem.len() < 2 {
                continue;
            }
            if let Some(base) = known(stem).or_else(|| with_e(stem)) {
                return Some(base);
            }
        }
    }
    if let Some(stem) = word.strip_suffix('s') {
        if let Some(base) = known(stem) {
            return Some(base);
        }
        if let Some(base) = stem.strip_suffix('e').and_then(known) {
            return Some(base);
        }
    }
    None
}

/// What a speaker does, from the words of a cue; `Say` where no word tells.
pub(crate) fn speech_act(words: &[&str]) -> SpeechAct {
    let lower: Vec<String> = words.iter().map(|w| w.to_lowercase()).collect();
    for (i, word) in lower.iter().enumerate() {
        let base = lemma(word).unwrap_or(word);
        if let Some(next) = lower.get(i + 1)
            && let Some(&act) = TABLE.verbs.get(&format!("{base} {next}"))
        {
            return act;
        }
        if let Some(&act) = TABLE.verbs.get(base) {
            return act;
        }
        let singular = word.strip_suffix('s').unwrap_or(word);
        if let Some(&act) = TABLE
            .nouns
            .get(word.as_str())
            .or_else(|| TABLE.nouns.get(singular))
        {
            return act;
        }
    }
    SpeechAct::Say
}

/// Whether a lower-case word is a form of a reporting verb.
pub(crate) fn is_cue(word: &str) -> bool {
    lemma(word).is_some()
}

/// Whether a verb reports a clause without "that".
pub(crate) fn is_bare(word: &str) -> bool {
    lemma(word).is_some_and(|base| TABLE.bare.contains(base))
}

/// Words that negate a cue.
pub(crate) fn negates(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "not"
            | "n't"
            | "n’t"
            | "never"
            | "neither"
            | "nor"
            | "no"
            | "without"
            | "nobody"
            | "none"
            | "cannot"
            | "hardly"
            | "declined"
            | "declines"
            | "declining"
            | "refused"
            | "refuses"
            | "refusing"
            | "failed"
            | "fails"
            | "stopped"
    )
}

/// Words that say that the report itself is not sure.
pub(crate) fn hedges(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "allegedly"
            | "apparently"
            | "presumably"
            | "purportedly"
            | "reportedly"
            | "seemingly"
            | "supposedly"
            | "ostensibly"
            | "seems"
            | "seemed"
            | "seem"
            | "appears"
            | "appeared"
            | "appear"
            | "rumored"
            | "rumoured"
            | "possibly"
            | "perhaps"
            | "might"
            | "may"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_have_their_base() {
        for (form, base) in [
            ("said", "say"),
            ("saying", "say"),
            ("denies", "deny"),
            ("accusing", "accuse"),
            ("criticized", "criticize"),
            ("wrote", "write"),
            ("pushes", "push"),
            ("stressed", "stress"),
            ("voiced", "voice"),
            ("slammed", "slam"),
            ("vowed", "vow"),
            ("predicts", "predict"),
        ] {
            assert_eq!(lemma(form), Some(base), "{form}");
        }
        assert_eq!(lemma("table"), None);
        assert_eq!(lemma("red"), None);
    }

    #[test]
    fn acts_by_the_first_telling_word() {
        assert_eq!(speech_act(&["has", "called", "for"]), SpeechAct::Urge);
        assert_eq!(speech_act(&["called"]), SpeechAct::Say);
        assert_eq!(speech_act(&["issued", "a", "warning"]), SpeechAct::Announce);
        assert_eq!(speech_act(&["the", "allegations", "of"]), SpeechAct::Accuse);
        assert_eq!(speech_act(&[":"]), SpeechAct::Say);
    }
}
