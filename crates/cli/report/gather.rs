//! From records, one after the other, to the counts that a page shows.

use std::collections::{BTreeMap, HashMap};

use standpoint_core::{EntityKind, Polarity};
use standpoint_corpus::{HolderId, Record, StanceRow};

/// Sentences kept for each pair and side, the surest.
const EVIDENCE: usize = 8;

/// What has been read so far. Actors are joined across documents by their names.
#[derive(Default)]
pub(super) struct Corpus {
    documents: u64,
    copies: u64,
    undated: u64,
    quotes: u64,
    numbers: HashMap<String, usize>,
    names: Vec<Name>,
    /// How often a name was another one's alias in a document.
    aliases: BTreeMap<String, BTreeMap<usize, u64>>,
    pairs: BTreeMap<(Holder, usize), Pair>,
}

/// A name, and how often it was met.
struct Name {
    name: String,
    kinds: BTreeMap<EntityKind, u64>,
    documents: u64,
    mentions: u64,
    quotes: u64,
}

/// Who takes a stance, over all documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    /// The texts themselves.
    Author,
    /// All sources without a name.
    Unnamed,
    /// A named actor, by number.
    Actor(usize),
}

/// What one holder says of one target.
#[derive(Clone, Default)]
pub(super) struct Pair {
    pub(super) in_favour: u64,
    pub(super) against: u64,
    pub(super) evidence: Vec<Evidence>,
    /// In favour and against, by month.
    months: BTreeMap<String, (u64, u64)>,
}

/// Words that show a stance, with their source.
#[derive(Clone)]
pub(super) struct Evidence {
    pub(super) in_favour: bool,
    pub(super) score: f32,
    pub(super) text: String,
    /// The words for a holder without a name.
    pub(super) holder: Option<String>,
    pub(super) document: String,
    pub(super) title: Option<String>,
    pub(super) outlet: Option<String>,
    pub(super) date: Option<String>,
    pub(super) url: Option<String>,
}

/// The counts of a whole corpus, the most first.
pub(super) struct Summary {
    pub(super) documents: u64,
    pub(super) copies: u64,
    pub(super) undated: u64,
    pub(super) quotes: u64,
    pub(super) stances: u64,
    pub(super) actors: Vec<Actor>,
    /// By holder and target, both places in `actors`.
    pub(super) pairs: BTreeMap<(Holder, usize), Pair>,
}

pub(super) struct Actor {
    pub(super) name: String,
    pub(super) kind: EntityKind,
    pub(super) documents: u64,
    pub(super) mentions: u64,
    pub(super) quotes: u64,
    /// In favour of it and against it.
    pub(super) received: (u64, u64),
}

impl Corpus {
    pub(super) fn add(&mut self, record: &Record) {
        if record.duplicate.is_some() {
            self.copies += 1;
            return;
        }
        self.documents += 1;
        self.quotes += record.quotes.len() as u64;
        let month = record.meta("date").and_then(month);
        if month.is_none() {
            self.undated += 1;
        }
        let numbers: Vec<usize> = record
            .actors
            .iter()
            .map(|actor| {
                let number = self.number(&actor.name);
                let name = &mut self.names[number];
                *name.kinds.entry(actor.kind).or_default() += 1;
                name.documents += 1;
                for alias in actor
                    .aliases
                    .iter()
                    .filter(|a| is_acronym(a) || a.contains(' '))
                {
                    let votes = self.aliases.entry(alias.clone()).or_default();
                    *votes.entry(number).or_default() += 1;
                }
                number
            })
            .collect();
        for actor in record.entities.iter().filter_map(|e| e.actor) {
            if let Some(number) = numbers.get(actor as usize) {
                self.names[*number].mentions += 1;
            }
        }
        for speaker in record.quotes.iter().filter_map(|q| q.speaker) {
            if let Some(number) = numbers.get(speaker as usize) {
                self.names[*number].quotes += 1;
            }
        }
        for stance in &record.stances {
            self.stance(record, stance, &numbers, month.as_deref());
        }
    }

    fn stance(
        &mut self,
        record: &Record,
        stance: &StanceRow,
        numbers: &[usize],
        month: Option<&str>,
    ) {
        let in_favour = match stance.polarity {
            Polarity::For => true,
            Polarity::Against => false,
            Polarity::Neutral | Polarity::Unknown => return,
        };
        let number = |id: u32| numbers.get(id as usize).copied();
        let holder = match stance.holder {
            Some(HolderId::Author(_)) => Some(Holder::Author),
            Some(HolderId::Actor(id)) => number(id).map(Holder::Actor),
            None => Some(Holder::Unnamed),
        };
        let (Some(holder), Some(target)) = (holder, number(stance.target)) else {
            return;
        };
        let field = |name| record.meta(name).map(str::to_owned);
        let pair = self.pairs.entry((holder, target)).or_default();
        pair.count(in_favour, 1);
        if let Some(month) = month {
            let sides = pair.months.entry(month.to_owned()).or_default();
            *if in_favour {
                &mut sides.0
            } else {
                &mut sides.1
            } += 1;
        }
        let evidence = Evidence {
            in_favour,
            score: stance.score,
            text: stance.text.split_whitespace().collect::<Vec<_>>().join(" "),
            holder: stance.holder_text.clone(),
            document: record.id.clone(),
            title: field("title"),
            outlet: field("outlet"),
            date: field("date"),
            url: field("url"),
        };
        pair.keep(evidence);
    }

    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len();
        self.numbers.insert(name.to_owned(), number);
        self.names.push(Name {
            name: name.to_owned(),
            kinds: BTreeMap::new(),
            documents: 0,
            mentions: 0,
            quotes: 0,
        });
        number
    }

    /// Joins names that are aliases of others, and sorts.
    pub(super) fn sum_up(self) -> Summary {
        let root = self.roots();
        let mut actors: BTreeMap<usize, (Actor, BTreeMap<EntityKind, u64>)> = BTreeMap::new();
        for (number, name) in self.names.into_iter().enumerate() {
            let of = root[number];
            let (actor, kinds) = actors.entry(of).or_insert_with(|| {
                let actor = Actor {
                    name: String::new(),
                    kind: EntityKind::Misc,
                    documents: 0,
                    mentions: 0,
                    quotes: 0,
                    received: (0, 0),
                };
                (actor, BTreeMap::new())
            });
            if of == number {
                actor.name = name.name;
            }
            actor.documents += name.documents;
            actor.mentions += name.mentions;
            actor.quotes += name.quotes;
            for (kind, n) in name.kinds {
                *kinds.entry(kind).or_default() += n;
            }
        }
        let mut sorted: Vec<(usize, Actor)> = actors
            .into_iter()
            .map(|(number, (mut actor, kinds))| {
                let most = kinds
                    .into_iter()
                    .max_by_key(|(kind, n)| (*n, std::cmp::Reverse(*kind)));
                actor.kind = most.map_or(EntityKind::Misc, |(kind, _)| kind);
                (number, actor)
            })
            .collect();
        sorted.sort_by(|(_, a), (_, b)| {
            let size = |a: &Actor| (a.documents, a.mentions);
            size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name))
        });
        let mut place = vec![0; root.len()];
        for (at, (number, _)) in sorted.iter().enumerate() {
            place[*number] = at;
        }
        let mut actors: Vec<Actor> = sorted.into_iter().map(|(_, actor)| actor).collect();
        let mut pairs: BTreeMap<(Holder, usize), Pair> = BTreeMap::new();
        let mut stances = 0;
        for ((holder, target), pair) in self.pairs {
            let at = |number: usize| place[root[number]];
            let holder = match holder {
                Holder::Actor(number) => Holder::Actor(at(number)),
                other => other,
            };
            let target = at(target);
            actors[target].received.0 += pair.in_favour;
            actors[target].received.1 += pair.against;
            stances += pair.in_favour + pair.against;
            pairs.entry((holder, target)).or_default().join(pair);
        }
        Summary {
            documents: self.documents,
            copies: self.copies,
            undated: self.undated,
            quotes: self.quotes,
            stances,
            actors,
            pairs,
        }
    }

    /// For each name, the one it is counted under: itself, or the name that documents mostly
    /// give it as an alias of.
    fn roots(&self) -> Vec<usize> {
        let weight = |n: usize| (self.names[n].documents, std::cmp::Reverse(n));
        let above: Vec<Option<usize>> = self
            .names
            .iter()
            .enumerate()
            .map(|(number, name)| {
                let votes = self.aliases.get(&name.name)?;
                let sum: u64 = votes.values().sum();
                let (of, most) = votes.iter().max_by_key(|(of, n)| (**n, weight(**of)))?;
                (most * 2 > sum && *of != number).then_some(*of)
            })
            .collect();
        (0..self.names.len())
            .map(|number| {
                // Two names may be called each other's alias: the way up ends where it began, and
                // the weightiest name on it is the root.
                let mut way = vec![number];
                while let Some(next) = above[way[way.len() - 1]] {
                    if let Some(at) = way.iter().position(|n| *n == next) {
                        let ring = way[at..].iter().copied();
                        return ring.max_by_key(|n| weight(*n)).unwrap_or(number);
                    }
                    way.push(next);
                }
                way[way.len() - 1]
            })
            .collect()
    }
}

impl Pair {
    pub(super) fn total(&self) -> u64 {
        self.in_favour + self.against
    }

    fn count(&mut self, in_favour: bool, n: u64) {
        *if in_favour {
            &mut self.in_favour
        } else {
            &mut self.against
        } += n;
    }

    /// Keeps the surest words of each side; of equals, those that came first.
    fn keep(&mut self, evidence: Evidence) {
        let at = self.evidence.partition_point(|e| e.score >= evidence.score);
        let side = evidence.in_favour;
        self.evidence.insert(at, evidence);
        let of_side = self.evidence.iter().filter(|e| e.in_favour == side).count();
        if of_side > EVIDENCE
            && let Some(last) = self.evidence.iter().rposition(|e| e.in_favour == side)
        {
            self.evidence.remove(last);
        }
    }

    fn join(&mut self, other: Self) {
        self.in_favour += other.in_favour;
        self.against += other.against;
        for (month, (in_favour, against)) in other.months {
            let sides = self.months.entry(month).or_default();
            sides.0 += in_favour;
            sides.1 += against;
        }
        other.evidence.into_iter().for_each(|e| self.keep(e));
    }
}

impl Summary {
    /// In favour and against by month, of the pairs that `wanted` chooses.
    pub(super) fn months(
        &self,
        wanted: impl Fn(Holder, usize) -> bool,
    ) -> BTreeMap<String, (u64, u64)> {
        let mut all: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for ((holder, target), pair) in &self.pairs {
            if wanted(*holder, *target) {
                for (month, (in_favour, against)) in &pair.months {
                    let sides = all.entry(month.clone()).or_default();
                    sides.0 += in_favour;
                    sides.1 += against;
                }
            }
        }
        all
    }
}

/// `CNRP`, `U.N.`: short, and capitals for the most part.
fn is_acronym(name: &str) -> bool {
    let capitals = name.chars().filter(|c| c.is_uppercase()).count();
    capitals >= 2 && name.chars().count() <= capitals * 2
}

/// The month of an ISO 8601 date.
fn month(date: &str) -> Option<String> {
    let month = date.trim().get(..7)?;
    let shape = month.bytes().enumerate().all(|(at, b)| match at {
        4 => b == b'-',
        _ => b.is_ascii_digit(),
    });
    let in_year = matches!(month.get(5..)?.parse(), Ok(1..=12));
    (shape && in_year).then(|| month.to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use standpoint_core::{
        Actor as DocActor, Analysis, Document, Holder as DocHolder, OffsetUnit, Stance,
    };
    use standpoint_corpus::{Duplicate, Provenance};

    use super::*;

    /// A record whose text is a sentence, with these actors (and an alias each) and stances.
    pub(in crate::report) fn record(
        id: &str,
        date: &str,
        actors: &[(&str, &str)],
        stances: &[(DocHolder, u32, Polarity, f32)],
    ) -> Record {
        let doc = Document::new(id, format!("Words of {id}."))
            .unwrap()
            .with_meta("date", date)
            .with_meta("url", format!("https://example.org/{id}"));
        let analysis = Analysis {
            actors: (0..)
                .zip(actors)
                .map(|(n, (name, alias))| DocActor {
                    id: n,
                    name: (*name).to_owned(),
                    kind: EntityKind::Person,
                    aliases: (!alias.is_empty())
                        .then(|| (*alias).to_owned())
                        .into_iter()
                        .collect(),
                })
                .collect(),
            stances: stances
                .iter()
                .map(|(holder, target, polarity, score)| Stance {
                    holder: *holder,
                    target: *target,
                    polarity: *polarity,
                    score: *score,
                    evidence: doc.span(),
                    quote: None,
                })
                .collect(),
            ..Analysis::default()
        };
        Record::new(&doc, &analysis, OffsetUnit::Chars, &Provenance::default())
    }

    #[test]
    fn counts_leave_copies_out_and_join_names() {
        use DocHolder::{Actor as By, Author};
        let rescue = ("National Rescue Party", "NRP");
        let mut corpus = Corpus::default();
        let first = record(
            "a",
            "2024-05-01",
            &[("Ana", ""), rescue],
            &[
                (By(0), 1, Polarity::For, 0.9),
                (Author, 1, Polarity::Neutral, 0.9),
            ],
        );
        corpus.add(&first);
        corpus.add(&record(
            "b",
            "?",
            &[("NRP", ""), ("Ana", "")],
            &[(By(1), 0, Polarity::Against, 0.7)],
        ));
        let mut copy = first;
        copy.duplicate = Some(Duplicate {
            of: "a".to_owned(),
            exact: true,
        });
        corpus.add(&copy);
        let sum = corpus.sum_up();
        assert_eq!(
            (sum.documents, sum.copies, sum.undated, sum.stances),
            (2, 1, 1, 2)
        );
        let actors: Vec<_> = sum
            .actors
            .iter()
            .map(|a| (&*a.name, a.documents, a.received))
            .collect();
        assert_eq!(
            actors,
            [("Ana", 2, (0, 0)), ("National Rescue Party", 2, (1, 1))]
        );
        let pair = &sum.pairs[&(Holder::Actor(0), 1)];
        assert_eq!((pair.in_favour, pair.against), (1, 1));
        assert_eq!(pair.evidence[0].text, "Words of a.");
        let months = sum.months(|_, _| true);
        assert_eq!(months, BTreeMap::from([("2024-05".to_owned(), (1, 0))]));
    }

    #[test]
    fn the_surest_words_are_kept() {
        let mut corpus = Corpus::default();
        for n in 0..40 {
            let score = (n * 7 % 40) as f32 / 40.0;
            let side = if n % 2 == 0 {
                Polarity::For
            } else {
                Polarity::Against
            };
            corpus.add(&record(
                "d",
                "",
                &[("A", "")],
                &[(DocHolder::Author, 0, side, score)],
            ));
        }
        let sum = corpus.sum_up();
        let pair = &sum.pairs[&(Holder::Author, 0)];
        assert_eq!((pair.in_favour, pair.against), (20, 20));
        assert_eq!(pair.evidence.len(), 2 * EVIDENCE);
        assert!(pair.evidence.iter().all(|e| e.score >= 0.6));
    }

    #[test]
    fn names_that_are_each_others_alias_have_one_root() {
        let mut corpus = Corpus::default();
        corpus.add(&record("a", "", &[("Ana Reyes", "Ana R. Reyes")], &[]));
        corpus.add(&record("b", "", &[("Ana R. Reyes", "Ana Reyes")], &[]));
        corpus.add(&record("c", "", &[("Ana Reyes", "")], &[]));
        let sum = corpus.sum_up();
        assert_eq!(sum.actors.len(), 1);
        assert_eq!(
            (&*sum.actors[0].name, sum.actors[0].documents),
            ("Ana Reyes", 3)
        );
    }

    #[test]
    fn months_are_read_from_iso_dates_only() {
        assert_eq!(month("2024-05-01T10:00:00Z").as_deref(), Some("2024-05"));
        for wrong in ["2024", "May 2024", "2024-13-01", "2024/05", "é024-05"] {
            assert_eq!(month(wrong), None, "{wrong}");
        }
    }
}
