//! Tag sequences to entities, by the convention of conlleval and seqeval.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::Serialize;

/// A way to write entities as one tag a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// `I-` inside; `B-` only where an entity follows another of its kind at once (Ramshaw and
    /// Marcus 1995; CoNLL-2003 as published).
    Iob1,
    /// `B-` on every first word.
    Iob2,
    /// `B-` first, `I-` inside, `E-` last, `S-` alone.
    Bioes,
}

impl Scheme {
    /// The scheme's name: `iob1`, `iob2` or `bioes`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iob1 => "iob1",
            Self::Iob2 => "iob2",
            Self::Bioes => "bioes",
        }
    }

    /// The scheme that these sentences are written in: BIOES if any tag is `E-` or `S-`, else
    /// IOB2 if most entities start with `B-`, else IOB1.
    #[must_use]
    pub fn detect<'t, S>(sentences: impl IntoIterator<Item = S>) -> Self
    where
        S: IntoIterator<Item = &'t str>,
    {
        let (mut begin, mut inside) = (0_usize, 0_usize);
        for sentence in sentences {
            let mut before = Tag::OUTSIDE;
            for tag in sentence {
                let tag = Tag::read(tag);
                match tag.prefix {
                    b'E' | b'S' => return Self::Bioes,
                    b'B' => begin += 1,
                    b'I' if starts(before, tag) => inside += 1,
                    _ => {}
                }
                before = tag;
            }
        }
        if inside > begin {
            Self::Iob1
        } else {
            Self::Iob2
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An entity of a tag sequence: words `words`, of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk<'t> {
    /// Its words, by their places in the sentence.
    pub words: Range<usize>,
    /// The tag without its prefix.
    pub kind: &'t str,
}

#[derive(Clone, Copy)]
struct Tag<'t> {
    prefix: u8,
    kind: &'t str,
}

impl<'t> Tag<'t> {
    const OUTSIDE: Self = Self {
        prefix: b'O',
        kind: "",
    };

    /// `PREFIX-KIND`; a prefix alone is of kind `_`, as in seqeval.
    fn read(tag: &'t str) -> Self {
        match tag.split_once('-') {
            Some((prefix, kind)) if prefix.len() == 1 && prefix != "O" => Self {
                prefix: prefix.as_bytes()[0],
                kind,
            },
            _ if tag.is_empty() || tag == "O" => Self::OUTSIDE,
            _ => Self {
                prefix: tag.as_bytes()[0],
                kind: "_",
            },
        }
    }

    fn is_outside(self) -> bool {
        self.prefix == b'O'
    }
}

/// Whether an entity starts at `tag`, which stands after `before`.
fn starts(before: Tag<'_>, tag: Tag<'_>) -> bool {
    !tag.is_outside()
        && (matches!(tag.prefix, b'B' | b'S')
            || before.is_outside()
            || matches!(before.prefix, b'E' | b'S')
            || before.kind != tag.kind)
}

/// The entities of one sentence's tags, read as conlleval and seqeval (without `mode="strict"`)
/// read them, whatever the scheme: `B-` and `S-` start one; so does any other tag after `O`, after
/// `E-` or `S-`, or after another kind. So an `I-` that nothing began is an entity, as IOB1 has it
/// and as careless IOB2 does; [`irregular`] tells how many of those there are.
///
/// ```
/// let tags = ["I-PER", "I-PER", "O", "B-LOC", "B-LOC", "I-LOC"];
/// let chunks = standpoint_eval::chunks(tags);
/// assert_eq!(chunks.len(), 3);
/// assert_eq!((chunks[2].words.clone(), chunks[2].kind), (4..6, "LOC"));
/// ```
#[must_use]
pub fn chunks<'t>(tags: impl IntoIterator<Item = &'t str>) -> Vec<Chunk<'t>> {
    let mut chunks: Vec<Chunk<'t>> = Vec::new();
    let mut before = Tag::OUTSIDE;
    for (i, tag) in tags.into_iter().map(Tag::read).enumerate() {
        if starts(before, tag) {
            chunks.push(Chunk {
                words: i..i + 1,
                kind: tag.kind,
            });
        } else if !tag.is_outside()
            && let Some(open) = chunks.last_mut()
        {
            open.words.end = i + 1;
        }
        before = tag;
    }
    chunks
}

/// The tags of one sentence that the scheme does not allow where they stand, by what is wrong with
/// them, with how often each occurs. [`chunks`] reads them all the same.
#[must_use]
pub fn irregular<'t>(
    scheme: Scheme,
    tags: impl IntoIterator<Item = &'t str>,
) -> BTreeMap<&'static str, u64> {
    let mut found = BTreeMap::new();
    let mut note = |what| *found.entry(what).or_insert(0) += 1;
    let mut before = Tag::OUTSIDE;
    for tag in tags.into_iter().map(Tag::read).chain([Tag::OUTSIDE]) {
        // Whether an entity is open that this tag can go on with.
        let open = matches!(before.prefix, b'B' | b'I') && before.kind == tag.kind;
        match (scheme, tag.prefix) {
            (Scheme::Iob2 | Scheme::Bioes, b'I') if !open => note("I- that nothing began"),
            (Scheme::Bioes, b'E') if !open => note("E- that nothing began"),
            (Scheme::Iob1, b'B') if before.is_outside() || before.kind != tag.kind => {
                note("B- where no entity of its kind ends");
            }
            (Scheme::Iob1 | Scheme::Iob2, b'E' | b'S') => note("E- or S- in an IOB scheme"),
            _ => {}
        }
        if scheme == Scheme::Bioes
            && matches!(before.prefix, b'B' | b'I')
            && !(open && matches!(tag.prefix, b'I' | b'E'))
        {
            note("an entity without its E-");
        }
        before = tag;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn render(tags: &[&str]) -> String {
        chunks(tags.iter().copied())
            .iter()
            .map(|c| format!("{}[{}..{}]", c.kind, c.words.start, c.words.end))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn schemes_are_read_alike() {
        for tags in [
            ["I-A", "I-A", "B-A", "O", "I-B"],
            ["B-A", "I-A", "B-A", "O", "B-B"],
            ["B-A", "E-A", "S-A", "O", "S-B"],
        ] {
            assert_eq!(render(&tags), "A[0..2] A[2..3] B[4..5]");
        }
    }

    #[test]
    fn a_change_of_kind_starts_an_entity() {
        assert_eq!(render(&["B-A", "I-B", "I-B"]), "A[0..1] B[1..3]");
        assert_eq!(render(&["E-A", "E-A"]), "A[0..1] A[1..2]");
        assert_eq!(render(&["B", "I", "O"]), "_[0..2]");
        assert_eq!(render(&["B-A-B", "I-A-B"]), "A-B[0..2]");
    }

    #[test]
    fn schemes_are_told_apart() {
        let detect = |tags: &[&str]| Scheme::detect([tags.iter().copied()]);
        assert_eq!(detect(&["I-A", "O", "I-B", "B-B"]), Scheme::Iob1);
        assert_eq!(detect(&["B-A", "O", "B-B", "O", "I-B"]), Scheme::Iob2);
        assert_eq!(detect(&["B-A", "E-A"]), Scheme::Bioes);
        assert_eq!(detect(&["O"]), Scheme::Iob2);
    }

    #[test]
    fn what_a_scheme_does_not_allow_is_counted() {
        let irregular = |scheme, tags: &[&'static str]| -> Vec<_> {
            irregular(scheme, tags.iter().copied())
                .into_iter()
                .collect()
        };
        assert_eq!(
            irregular(Scheme::Iob2, &["I-A", "O", "B-B", "I-A", "I-A"]),
            [("I- that nothing began", 2)]
        );
        assert_eq!(irregular(Scheme::Iob1, &["I-A", "B-A", "O", "I-B"]), []);
        assert_eq!(
            irregular(Scheme::Iob1, &["B-A", "B-A"]),
            [("B- where no entity of its kind ends", 1)]
        );
        assert_eq!(irregular(Scheme::Bioes, &["B-A", "I-A", "E-A", "S-A"]), []);
        assert_eq!(
            irregular(Scheme::Bioes, &["B-A", "O", "E-B"]),
            [
                ("E- that nothing began", 1),
                ("an entity without its E-", 1)
            ]
        );
    }

    proptest! {
        #[test]
        fn chunks_cover_what_is_not_outside(tags in proptest::collection::vec("O|[BIES]-[AB]|[BI]", 0..20)) {
            let found = chunks(tags.iter().map(String::as_str));
            let mut inside = vec![false; tags.len()];
            let mut at = 0;
            for c in &found {
                prop_assert!(at <= c.words.start && c.words.start < c.words.end);
                at = c.words.end;
                inside[c.words.clone()].fill(true);
            }
            for (tag, inside) in tags.iter().zip(inside) {
                prop_assert_eq!(tag != "O", inside);
            }
        }

        #[test]
        fn any_string_is_a_tag(tags in proptest::collection::vec("\\PC{0,4}", 0..8)) {
            let _ = chunks(tags.iter().map(String::as_str));
            for scheme in [Scheme::Iob1, Scheme::Iob2, Scheme::Bioes] {
                let _ = irregular(scheme, tags.iter().map(String::as_str));
            }
        }
    }
}
