//! The stages a user can ask for, and those each brings along.

use std::fmt;
use std::str::FromStr;

use standpoint_pipeline::Stage;

/// A set of stages, closed: with each the stages it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StageSet {
    /// What the user named, in order of work.
    asked: Vec<Stage>,
}

impl StageSet {
    /// Whether the user named the words, so that a record lists them: with all stages it does not.
    pub(crate) fn names_words(&self) -> bool {
        self.asked.contains(&Stage::Words) && self.asked != Stage::ALL
    }

    /// Whether this stage must run.
    pub(crate) fn runs(&self, stage: Stage) -> bool {
        self.asked.iter().any(|asked| asked.needs(stage))
    }
}

impl Default for StageSet {
    fn default() -> Self {
        Self {
            asked: Stage::ALL.to_vec(),
        }
    }
}

impl FromStr for StageSet {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let mut asked = list
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| {
                Stage::ALL
                    .into_iter()
                    .find(|stage| stage.name() == name)
                    .ok_or_else(|| {
                        let known: Vec<_> = Stage::ALL.iter().map(|stage| stage.name()).collect();
                        format!("`{name}` is no stage; the stages are {}", known.join(", "))
                    })
            })
            .collect::<Result<Vec<_>, _>>()?;
        asked.sort_unstable();
        asked.dedup();
        if asked.is_empty() {
            return Err("no stage is named".to_owned());
        }
        Ok(Self { asked })
    }
}

impl fmt::Display for StageSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.asked.iter().map(|stage| stage.name()).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_brings_those_it_needs() {
        let set: StageSet = "quotes".parse().unwrap();
        assert!(set.runs(Stage::Sentences) && set.runs(Stage::Words) && set.runs(Stage::Entities));
        assert!(!set.runs(Stage::Stances));
        assert!(!set.names_words() && !StageSet::default().names_words());
        assert_eq!(
            "words, sentences".parse::<StageSet>().unwrap().to_string(),
            "sentences,words"
        );
    }

    #[test]
    fn an_unknown_stage_is_named() {
        let err = "sentences,verbs".parse::<StageSet>().unwrap_err();
        assert!(err.contains("`verbs`") && err.contains("stances"), "{err}");
        assert!(",".parse::<StageSet>().is_err());
    }
}
