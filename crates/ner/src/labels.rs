use std::collections::BTreeMap;

use serde::Deserialize;
use standpoint_core::EntityKind;

use crate::error::LabelError;

/// How labels mark where an entity begins (Ramshaw & Marcus 1995; Tjong Kim Sang & Veenstra 1999).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scheme {
    /// `B-` only where an entity follows another of its kind at once, `I-` everywhere else; labels
    /// without a prefix (`PER`) are read the same way. Any sequence is valid.
    Iob1,
    /// `B-` on each entity's first word, `I-` on its others. Also called BIO.
    Iob2,
    /// `B-`, `I-`, `E-` on the first, inner and last word, `S-` on an entity of one word. Also
    /// called IOBES, and BILOU with `L-` and `U-`.
    Bioes,
}

/// Where in an entity a label's word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Begin,
    Inside,
    End,
    Single,
}

/// One label of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Outside,
    /// A place in an entity of a class, by the class's number.
    In(Place, u16),
}

/// Consecutive words with a class: `words.start..words.end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// A class of [`Labels`].
    pub(crate) class: usize,
}

/// The labels of one head, what they mean, and which may follow which.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    tags: Vec<Tag>,
    scheme: Scheme,
    outside: usize,
    classes: Vec<Class>,
    /// For each label those that may stand before it.
    before: Vec<Vec<usize>>,
}

/// What follows the prefix of a label: `PER`.
#[derive(Clone, Debug)]
struct Class {
    /// None: found by the model but no name, as a percentage.
    kind: Option<EntityKind>,
    labels: Vec<usize>,
}

impl Labels {
    /// Reads the labels of `id2label`. `kinds` says what names stand for that [`EntityKind`] does
    /// not know; `scheme`, if not given, is found from the prefixes.
    pub(crate) fn new(
        id2label: &BTreeMap<String, String>,
        kinds: &BTreeMap<String, Option<String>>,
        scheme: Option<Scheme>,
    ) -> Result<Self, LabelError> {
        let names = in_order(id2label)?;
        let mut class_names: Vec<&str> = Vec::new();
        let mut classes: Vec<Class> = Vec::new();
        let mut tags = Vec::with_capacity(names.len());
        for (label, name) in names.iter().copied().enumerate() {
            if name == "O" {
                tags.push(Tag::Outside);
                continue;
            }
            let (place, class) = parse(name);
            let number = match class_names.iter().position(|&c| c == class) {
                Some(number) => number,
                None => {
                    classes.push(Class {
                        kind: kind_of(class, kinds).ok_or_else(|| LabelError::Kind {
                            label: name.to_owned(),
                            class: class.to_owned(),
                        })?,
                        labels: Vec::new(),
                    });
                    class_names.push(class);
                    classes.len() - 1
                }
            };
            classes[number].labels.push(label);
            tags.push(Tag::In(place, number as u16));
        }
        let mut outsides = (0..tags.len()).filter(|&l| tags[l] == Tag::Outside);
        let (Some(outside), None) = (outsides.next(), outsides.next()) else {
            return Err(LabelError::Outside);
        };
        let scheme = scheme.unwrap_or_else(|| Self::scheme(&tags, classes.len()));
        let before = (0..tags.len())
            .map(|to| {
                (0..tags.len())
                    .filter(|&from| may_follow(scheme, tags[from], tags[to]))
                    .collect()
            })
            .collect();
        Ok(Self {
            tags,
            scheme,
            outside,
            classes,
            before,
        })
    }

    /// The scheme that the prefixes show. IOB1 shows by a kind with `I-` and no `B-`, which no
    /// other scheme could ever use; where every kind has both, IOB2, by far the more common.
    fn scheme(tags: &[Tag], classes: usize) -> Scheme {
        let has = |place, class| tags.contains(&Tag::In(place, class));
        let mut classes = 0..classes as u16;
        let bioes = |c| has(Place::End, c) || has(Place::Single, c);
        if classes.clone().any(bioes) {
            Scheme::Bioes
        } else if classes.any(|c| has(Place::Inside, c) && !has(Place::Begin, c)) {
            Scheme::Iob1
        } else {
            Scheme::Iob2
        }
    }

    /// How many labels.
    pub(crate) fn len(&self) -> usize {
        self.tags.len()
    }

    /// The label of a word in no entity.
    pub(crate) fn outside(&self) -> usize {
        self.outside
    }

    /// How many classes; they are numbered from 0.
    pub(crate) fn classes(&self) -> usize {
        self.classes.len()
    }

    /// What a class is called here; none for one that is no name.
    pub(crate) fn kind(&self, class: usize) -> Option<EntityKind> {
        self.classes[class].kind
    }

    /// The labels that words of a class may have.
    pub(crate) fn of_class(&self, class: usize) -> &[usize] {
        &self.classes[class].labels
    }

    /// The class of a label, none for the one outside.
    pub(crate) fn class(&self, label: usize) -> Option<usize> {
        match self.tags[label] {
            Tag::Outside => None,
            Tag::In(_, class) => Some(class as usize),
        }
    }

    /// Whether this label is that of an entity's first word and no other.
    pub(crate) fn opens(&self, label: usize) -> bool {
        matches!(self.tags[label], Tag::In(Place::Begin | Place::Single, _))
    }

    /// The labels that may stand before this one.
    pub(crate) fn before(&self, label: usize) -> &[usize] {
        &self.before[label]
    }

    /// Whether a sentence may begin with this label. It may where the label may follow the one
    /// outside, as every sentence stands between two such words.
    pub(crate) fn may_start(&self, label: usize) -> bool {
        self.before[label].contains(&self.outside)
    }

    /// Whether a sentence may end with this label.
    pub(crate) fn may_end(&self, label: usize) -> bool {
        self.before[self.outside].contains(&label)
    }

    /// Whether a word with label `to` goes on with the entity of the word before it, which has
    /// label `from`. Also tells where `transformers` breaks a sequence that is not valid.
    pub(crate) fn continues(&self, from: usize, to: usize) -> bool {
        match (self.tags[from], self.tags[to]) {
            (Tag::In(before, a), Tag::In(place, b)) => {
                a == b
                    && matches!(before, Place::Begin | Place::Inside)
                    && matches!(place, Place::Inside | Place::End)
            }
            _ => false,
        }
    }

    /// The label of word `at` of an entity of so many words, standing alone; none if the class has
    /// no such label.
    pub(crate) fn spelled(&self, class: usize, at: usize, words: usize) -> Option<usize> {
        let places: &[Place] = match self.scheme {
            Scheme::Iob1 => &[Place::Inside, Place::Begin],
            Scheme::Iob2 if at == 0 => &[Place::Begin],
            Scheme::Iob2 => &[Place::Inside],
            Scheme::Bioes if words == 1 => &[Place::Single],
            Scheme::Bioes if at == 0 => &[Place::Begin],
            Scheme::Bioes if at + 1 == words => &[Place::End],
            Scheme::Bioes => &[Place::Inside],
        };
        let label = |place: &Place| {
            let tag = Tag::In(*place, class as u16);
            self.tags.iter().position(|&t| t == tag)
        };
        places.iter().find_map(label)
    }

    /// The entities of a sequence of labels. Any sequence is read: a word that does not continue
    /// the entity before it opens its own.
    pub(crate) fn segments(&self, labels: impl IntoIterator<Item = usize>) -> Vec<Segment> {
        let mut segments: Vec<Segment> = Vec::new();
        let mut before = self.outside;
        for (at, label) in labels.into_iter().enumerate() {
            if let Some(class) = self.class(label) {
                if self.continues(before, label) {
                    let open = segments
                        .last_mut()
                        .expect("the word before is in a segment");
                    open.end = at + 1;
                } else {
                    segments.push(Segment {
                        start: at,
                        end: at + 1,
                        class,
                    });
                }
            }
            before = label;
        }
        segments
    }
}

/// The names of labels 0, 1, 2, …
fn in_order(id2label: &BTreeMap<String, String>) -> Result<Vec<&str>, LabelError> {
    if let Some(key) = id2label.keys().find(|key| key.parse::<usize>().is_err()) {
        return Err(LabelError::Number { key: key.clone() });
    }
    (0..id2label.len())
        .map(|id| {
            id2label
                .get(&id.to_string())
                .map(String::as_str)
                .ok_or(LabelError::Missing { id })
        })
        .collect()
}

/// The place and the class that a label names.
fn parse(label: &str) -> (Place, &str) {
    let mut chars = label.chars();
    let place = match chars.next() {
        Some('B') => Place::Begin,
        Some('I' | 'M') => Place::Inside,
        Some('E' | 'L') => Place::End,
        Some('S' | 'U') => Place::Single,
        _ => return (Place::Inside, label),
    };
    match chars.next() {
        Some('-' | '_') if !chars.as_str().is_empty() => (place, chars.as_str()),
        _ => (Place::Inside, label),
    }
}

/// What a class is called here: by the model's own map, as [`EntityKind`] reads it, or, for the
/// kinds of OntoNotes that have no counterpart, by their nature. None: not known.
#[allow(clippy::option_option, reason = "known to be no name is an answer too")]
fn kind_of(class: &str, kinds: &BTreeMap<String, Option<String>>) -> Option<Option<EntityKind>> {
    if let Some(kind) = kinds.get(class) {
        return match kind {
            None => Some(None),
            Some(kind) => kind.parse().ok().map(Some),
        };
    }
    if let Ok(kind) = class.parse() {
        return Some(Some(kind));
    }
    match class.to_ascii_uppercase().as_str() {
        "EVENT" | "LANGUAGE" | "LAW" | "WORK_OF_ART" => Some(Some(EntityKind::Misc)),
        "CARDINAL" | "ORDINAL" | "PERCENT" | "QUANTITY" | "TIME" => Some(None),
        _ => None,
    }
}

/// Whether a scheme allows one label right after another.
fn may_follow(scheme: Scheme, from: Tag, to: Tag) -> bool {
    let open = match scheme {
        Scheme::Iob1 => return true,
        // In IOB2 an entity may go on or be over after any of its words.
        Scheme::Iob2 => None,
        Scheme::Bioes => Some(matches!(from, Tag::In(Place::Begin | Place::Inside, _))),
    };
    match to {
        Tag::In(Place::Inside | Place::End, class) => {
            open != Some(false) && matches!(from, Tag::In(_, before) if before == class)
        }
        Tag::Outside | Tag::In(Place::Begin | Place::Single, _) => open != Some(true),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn labels(names: &[&str], scheme: Option<Scheme>) -> Labels {
        Labels::new(&id2label(names), &BTreeMap::new(), scheme).unwrap()
    }

    fn id2label(names: &[&str]) -> BTreeMap<String, String> {
        let number = |(id, name): (usize, &&str)| (id.to_string(), (*name).to_owned());
        names.iter().enumerate().map(number).collect()
    }

    #[track_caller]
    fn check(names: &[&str], sequence: &str, expected: &[(usize, usize, EntityKind)]) {
        let labels = labels(names, None);
        let ids = sequence
            .split(' ')
            .map(|l| names.iter().position(|n| *n == l).unwrap());
        let found: Vec<_> = labels
            .segments(ids)
            .into_iter()
            .map(|s| (s.start, s.end, labels.kind(s.class).unwrap()))
            .collect();
        assert_eq!(found, expected, "{sequence}");
    }

    #[test]
    fn each_scheme_is_read() {
        use EntityKind::{Location, Person};
        let iob2 = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"];
        check(
            &iob2,
            "B-PER I-PER B-PER O",
            &[(0, 2, Person), (2, 3, Person)],
        );
        check(&iob2, "O I-PER I-LOC", &[(1, 2, Person), (2, 3, Location)]);
        let iob1 = ["I-PER", "I-LOC", "B-LOC", "O"];
        check(
            &iob1,
            "I-LOC I-LOC B-LOC I-PER",
            &[(0, 2, Location), (2, 3, Location), (3, 4, Person)],
        );
        let bioes = ["O", "B-PER", "I-PER", "E-PER", "S-PER", "S-LOC"];
        check(
            &bioes,
            "B-PER I-PER E-PER S-PER S-LOC",
            &[(0, 3, Person), (3, 4, Person), (4, 5, Location)],
        );
        let bilou = ["O", "B-PER", "I-PER", "L-PER", "U-PER"];
        check(
            &bilou,
            "B-PER L-PER U-PER",
            &[(0, 2, Person), (2, 3, Person)],
        );
        let plain = ["person", "location", "O"];
        check(
            &plain,
            "person person location O",
            &[(0, 2, Person), (2, 3, Location)],
        );
    }

    #[test]
    fn the_scheme_is_found() {
        let scheme = |names: &[&str], allows: bool, from: usize, to: usize| {
            assert_eq!(
                labels(names, None).before(to).contains(&from),
                allows,
                "{names:?}"
            );
        };
        // IOB2: nothing but B- or I- of the kind stands before I-.
        scheme(&["O", "B-PER", "I-PER", "B-LOC", "I-LOC"], false, 0, 2);
        scheme(&["O", "B-PER", "I-PER", "B-LOC", "I-LOC"], false, 3, 2);
        scheme(&["O", "B-PER", "I-PER", "B-LOC", "I-LOC"], true, 1, 2);
        // IOB1, as in CoNLL-2003, where no person follows another at once.
        scheme(&["O", "I-PER", "B-LOC", "I-LOC"], true, 0, 1);
        scheme(&["O", "PER"], true, 0, 1);
        // BIOES: an entity that is open must be ended.
        let bioes = ["O", "B-PER", "I-PER", "E-PER", "S-PER"];
        scheme(&bioes, false, 1, 0);
        scheme(&bioes, false, 2, 4);
        scheme(&bioes, true, 3, 4);
        let labels = labels(&bioes, None);
        assert!(!labels.may_end(1) && labels.may_end(3));
        assert!(!labels.may_start(2) && labels.may_start(1));
    }

    #[test]
    fn kinds_of_other_label_sets() {
        let ontonotes = [
            "O",
            "B-GPE",
            "B-FAC",
            "B-LAW",
            "B-WORK_OF_ART",
            "B-PERCENT",
            "B-NORP",
        ];
        let labels = labels(&ontonotes, None);
        let kinds: Vec<_> = (0..labels.classes()).map(|c| labels.kind(c)).collect();
        use EntityKind::{Facility, Location, Misc, Norp};
        let expected = [
            Some(Location),
            Some(Facility),
            Some(Misc),
            Some(Misc),
            None,
            Some(Norp),
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        #[track_caller]
        fn check(names: &[&str], kinds: &[(&str, Option<&str>)], words: &str) {
            let kinds = kinds
                .iter()
                .map(|(k, v)| ((*k).to_owned(), v.map(str::to_owned)))
                .collect();
            let found = Labels::new(&id2label(names), &kinds, None).map(|l| l.len());
            match found {
                Ok(_) => assert_eq!(words, ""),
                Err(err) => assert!(
                    !words.is_empty() && err.to_string().contains(words),
                    "{err}"
                ),
            }
        }
        check(&["O", "B-CORP"], &[], "`B-CORP`");
        check(&["O", "B-CORP"], &[], "{\"CORP\": \"organization\"}");
        check(&["O", "B-CORP"], &[("CORP", Some("organization"))], "");
        check(&["O", "B-CORP"], &[("CORP", None)], "");
        check(&["O", "B-CORP"], &[("CORP", Some("firm"))], "`B-CORP`");
        check(&["NEGATIVE", "POSITIVE"], &[], "`NEGATIVE`");
        check(&["B-PER", "I-PER"], &[], "exactly one label `O`");
        let gap = BTreeMap::from([
            ("0".to_owned(), "O".to_owned()),
            ("2".to_owned(), "PER".to_owned()),
        ]);
        let err = Labels::new(&gap, &BTreeMap::new(), None).unwrap_err();
        assert_eq!(err, LabelError::Missing { id: 1 });
        let odd = BTreeMap::from([("first".to_owned(), "O".to_owned())]);
        assert!(matches!(
            Labels::new(&odd, &BTreeMap::new(), None),
            Err(LabelError::Number { .. })
        ));
    }
}
