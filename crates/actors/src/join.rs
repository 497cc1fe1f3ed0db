//! Which names are one actor's.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use standpoint_core::{
    Actor, ActorId, Actors, Entity, EntityKind, Mention, MentionKind, Sentence, Span, Token,
};

use crate::name::{Name, abbreviates, fold, is_acronym, is_small, without_possessive};
use crate::words::{Sex, title};

/// Joins the names of a document that are one actor's.
///
/// Dates and sums of money are nobody's name, nor is one without a letter or digit.
///
/// The rules, in the order in which they join:
///
/// 1. names alike but for title, possessive, article, case, stops, middle initials and spacing
///    ("Sok Eysan's", "SokEy San"); where their kinds differ, the kind with the higher sum of
///    scores holds for all;
/// 2. an acronym and the name it stands in brackets after, or the one name whose initials it is;
/// 3. a person's surname, given name (either may come first) or initial and surname, and the one
///    longer name that it fits; of several, the one that the text used it for before, else, of
///    those named before, the one named most, then first;
/// 4. an organization's name and the same with a legal or generic ending ("Facebook Inc.").
///
/// A demonym ("Cambodian") is never joined to its country.
///
/// ```
/// use standpoint_actors::resolve;
/// use standpoint_core::{Entity, EntityKind, Span};
///
/// let text = "Prime Minister Hun Sen spoke. Mr. Hun Sen left.";
/// let entity = |start, end| Entity {
///     span: Span::new(start, end),
///     kind: EntityKind::Person,
///     score: 0.9,
///     actor: None,
/// };
/// let actors = resolve(text, &[], &[], &[entity(15, 22), entity(34, 41)]);
/// assert_eq!(actors.actors.len(), 1);
/// assert_eq!(actors.actors[0].name, "Hun Sen");
/// assert_eq!(actors.mentions.len(), 2);
/// ```
#[must_use]
pub fn resolve(
    text: &str,
    sentences: &[Sentence],
    tokens: &[Token],
    entities: &[Entity],
) -> Actors {
    let mut groups = Groups::collect(text, tokens, entities);
    groups.reconcile_kinds();
    groups.join_acronyms(text, entities);
    groups.join_generic_endings();
    let whose = groups.join_people(entities, sentences);
    groups.into_actors(text, entities, &whose)
}

/// Which kinds are compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Class {
    Person,
    Norp,
    Other,
}

impl Class {
    fn of(kind: EntityKind) -> Option<Self> {
        match kind {
            EntityKind::Date | EntityKind::Money => None,
            EntityKind::Person => Some(Self::Person),
            EntityKind::Norp => Some(Self::Norp),
            EntityKind::Organization
            | EntityKind::Location
            | EntityKind::Facility
            | EntityKind::Product
            | EntityKind::Misc => Some(Self::Other),
        }
    }
}

/// The mentions with one name.
struct Group<'t> {
    class: Class,
    key: String,
    name: Name<'t>,
    /// Scores by kind, in the order of `EntityKind::ALL`.
    kinds: [f32; 9],
    /// Places in the list of entities, ascending.
    mentions: Vec<usize>,
    sex: Option<Sex>,
    /// The group it is part of; itself when it stands alone.
    root: usize,
}

impl Group<'_> {
    fn weight(&self) -> f32 {
        self.kinds.iter().sum()
    }

    /// A person's surname, without "Jr.".
    fn surname(&self) -> &str {
        let mut words = self.name.words.iter().rev();
        let last = words.next().map_or("", String::as_str);
        if is_generation(last) {
            words.next().map_or(last, String::as_str)
        } else {
            last
        }
    }
}

fn is_generation(word: &str) -> bool {
    matches!(word, "jr" | "sr" | "ii" | "iii" | "iv")
}

struct Groups<'t> {
    all: Vec<Group<'t>>,
}

impl<'t> Groups<'t> {
    /// One group for each class and key, in order of first mention.
    fn collect(text: &'t str, tokens: &[Token], entities: &[Entity]) -> Self {
        let mut all: Vec<Group<'t>> = Vec::new();
        let mut by_key: HashMap<(Class, String), usize> = HashMap::new();
        for (at, entity) in entities.iter().enumerate() {
            let Some(class) = Class::of(entity.kind) else {
                continue;
            };
            let person = class == Class::Person;
            let name = Name::new(&text[entity.span], person);
            let mut key = name.key(person);
            if key.is_empty() || name.shown.is_empty() {
                continue;
            }
            if class == Class::Norp && key.len() > 3 && key.ends_with('s') && !key.ends_with("ss") {
                key.pop();
            }
            let sex = if person {
                name.sex.or_else(|| title_before(text, tokens, entity.span))
            } else {
                None
            };
            // "Mr. Smith" and "Mrs. Smith" are two names.
            let slot = match sex {
                Some(sex) if name.words.len() == 1 => (class, format!("{key}/{sex:?}")),
                _ => (class, key.clone()),
            };
            let group = *by_key.entry(slot).or_insert_with(|| {
                all.push(Group {
                    class,
                    key,
                    name: name.clone(),
                    kinds: [0.0; 9],
                    mentions: Vec::new(),
                    sex: None,
                    root: all.len(),
                });
                all.len() - 1
            });
            let group = &mut all[group];
            group.kinds[entity.kind as usize] += entity.score.max(f32::MIN_POSITIVE);
            group.mentions.push(at);
            group.sex = group.sex.or(sex);
            if group.name.acronym.is_none() {
                group.name.acronym = name.acronym;
            }
            // Of two spellings the one with more words tells more.
            if name.words.len() > group.name.words.len() {
                group.name.words = name.words;
                group.name.shown = name.shown;
            }
        }
        Self { all }
    }

    fn root(&self, mut at: usize) -> usize {
        while self.all[at].root != at {
            at = self.all[at].root;
        }
        at
    }

    /// Makes `part` a name of `whole`.
    fn join(&mut self, part: usize, whole: usize) {
        let (part, whole) = (self.root(part), self.root(whole));
        if part != whole {
            self.all[part].root = whole;
            let sex = self.all[part].sex;
            self.all[whole].sex = self.all[whole].sex.or(sex);
        }
    }

    /// The same words under two kinds are one actor, of the kind with more behind it. A one-word
    /// name counts as a person's where it is part of a longer one with more behind it.
    fn reconcile_kinds(&mut self) {
        let mut same: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (i, group) in self.all.iter().enumerate() {
            same.entry(&group.key).or_default().push(i);
        }
        let mut people: HashMap<&str, f32> = HashMap::new();
        for group in self.all.iter().filter(|g| g.class == Class::Person) {
            *people.entry(group.surname()).or_default() += group.weight();
        }
        let mut pairs = Vec::new();
        for ids in same.values() {
            let weight = |i: usize| {
                let group = &self.all[i];
                if group.class == Class::Person && group.name.words.len() == 1 {
                    people.get(group.key.as_str()).copied().unwrap_or(0.0)
                } else {
                    group.weight()
                }
            };
            // Titled namesakes ("Mr. Smith", "Mrs. Smith") share a key and stay apart.
            let heaviest = ids
                .iter()
                .copied()
                .max_by(|&a, &b| weight(a).total_cmp(&weight(b)).then(b.cmp(&a)));
            let Some(heaviest) = heaviest else { continue };
            for &id in ids {
                let (part, whole) = (&self.all[id], &self.all[heaviest]);
                if part.class == whole.class
                    || (part.class == Class::Person
                        && whole.class == Class::Other
                        && people
                            .get(part.key.as_str())
                            .is_some_and(|w| *w > part.weight()))
                {
                    continue;
                }
                pairs.push((id, heaviest));
            }
        }
        for (part, whole) in pairs {
            self.join(part, whole);
        }
    }

    /// Acronyms in brackets, then acronyms that are the initials of one name.
    fn join_acronyms(&mut self, text: &str, entities: &[Entity]) {
        let mut group_of = vec![usize::MAX; entities.len()];
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, group) in self.all.iter().enumerate() {
            for &at in &group.mentions {
                group_of[at] = i;
            }
            if group.class != Class::Person {
                by_key.entry(group.key.clone()).or_default().push(i);
            }
        }
        let mut pairs = Vec::new();
        for (i, group) in self.all.iter().enumerate() {
            if let Some(acronym) = group.name.acronym {
                for &short in by_key.get(&fold(acronym).concat()).into_iter().flatten() {
                    pairs.push((short, i));
                }
            }
        }
        for (at, pair) in entities.windows(2).enumerate() {
            let (full, short) = (group_of[at], group_of[at + 1]);
            if full == usize::MAX || short == usize::MAX || full == short {
                continue;
            }
            let between = &text[Span::new(
                pair[0].span.end(),
                pair[1].span.start().max(pair[0].span.end()),
            )];
            let opened = between.trim() == "(" || between.trim() == "(the";
            let closed = text[pair[1].span.end() as usize..]
                .trim_start()
                .starts_with([')', ',', ';']);
            let (full_group, short_group) = (&self.all[full], &self.all[short]);
            if opened
                && closed
                && full_group.class != Class::Person
                && short_group.name.words.len() == 1
                && is_acronym(short_group.name.shown)
                && shares_initials(&short_group.key, &full_group.name.words)
            {
                pairs.push((short, full));
            }
        }
        for (part, whole) in pairs {
            self.join(part, whole);
        }

        // By initials alone, where only one name has them.
        let mut by_initials: HashMap<char, Vec<usize>> = HashMap::new();
        for (i, group) in self.all.iter().enumerate() {
            if group.class != Class::Person
                && group.name.words.len() > 1
                && let Some(first) = group.key.chars().next()
            {
                by_initials.entry(first).or_default().push(i);
            }
        }
        for short in 0..self.all.len() {
            let group = &self.all[short];
            if self.root(short) != short
                || group.class == Class::Person
                || group.name.words.len() != 1
                || !is_acronym(group.name.shown)
            {
                continue;
            }
            let mut roots: Vec<usize> = group
                .key
                .chars()
                .next()
                .and_then(|first| by_initials.get(&first))
                .into_iter()
                .flatten()
                .take(MAX_CANDIDATES)
                .filter(|&&i| abbreviates(&group.key, &self.all[i].name.words))
                .map(|&i| self.root(i))
                .collect();
            roots.sort_unstable();
            roots.dedup();
            if let [whole] = roots[..] {
                self.join(short, whole);
            }
        }
    }

    /// "Facebook" and "Facebook Inc.".
    fn join_generic_endings(&mut self) {
        let mut bare: HashMap<String, usize> = HashMap::new();
        for (i, group) in self.all.iter().enumerate() {
            if group.class == Class::Other {
                bare.entry(group.key.clone()).or_insert(i);
            }
        }
        let mut pairs = Vec::new();
        for (i, group) in self.all.iter().enumerate() {
            let words = &group.name.words;
            let kept = words.len() - words.iter().rev().take_while(|w| is_generic(w)).count();
            if group.class != Class::Other || kept == 0 || kept == words.len() {
                continue;
            }
            if let Some(&short) = bare.get(&words[..kept].concat()) {
                let organization = EntityKind::Organization as usize;
                if short != i && self.all[short].kinds[organization] > 0.0 {
                    pairs.push((short, i));
                }
            }
        }
        for (part, whole) in pairs {
            self.join(part, whole);
        }
    }

    /// Short names of people. Gives the group of each of their mentions, which is not always the
    /// same: two people may share a surname.
    fn join_people(
        &mut self,
        entities: &[Entity],
        sentences: &[Sentence],
    ) -> HashMap<usize, Option<usize>> {
        let sentence = |at: usize| {
            let start = entities[at].span.start();
            sentences.partition_point(|s| s.span.end() <= start)
        };
        let people: Vec<usize> = (0..self.all.len())
            .filter(|&i| self.all[i].class == Class::Person && self.root(i) == i)
            .collect();
        let mut by_word: HashMap<String, Vec<usize>> = HashMap::new();
        for &i in &people {
            let words = &self.all[i].name.words;
            let ends = [
                words.first().map(String::as_str),
                Some(self.all[i].surname()),
            ];
            for word in ends.into_iter().flatten() {
                let list = by_word.entry(word.to_owned()).or_default();
                if list.last() != Some(&i) && list.len() < MAX_CANDIDATES {
                    list.push(i);
                }
            }
        }
        // Longer names first, so that a short name meets finished groups.
        let mut order = people.clone();
        order.sort_by_key(|&i| Reverse(self.all[i].name.words.len()));
        let mut whose = HashMap::new();
        for i in order {
            let hosts = self.hosts(i, &by_word);
            match hosts[..] {
                [] => {}
                [host] => self.join(i, host),
                _ => self.by_use(i, &hosts, &sentence, &mut whose),
            }
        }
        whose
    }

    /// The longer names that a short one fits best.
    fn hosts(&self, short: usize, by_word: &HashMap<String, Vec<usize>>) -> Vec<usize> {
        let group = &self.all[short];
        let words = &group.name.words;
        let mut best = (0, Vec::new());
        let mut looked_at: Vec<usize> = [words.first().map(String::as_str), Some(group.surname())]
            .into_iter()
            .flatten()
            .filter_map(|word| by_word.get(word))
            .flatten()
            .copied()
            .collect();
        looked_at.sort_unstable();
        looked_at.dedup();
        for candidate in looked_at {
            let other = &self.all[candidate];
            if candidate == short || self.root(candidate) == short {
                continue;
            }
            if let (Some(a), Some(b)) = (group.sex, other.sex)
                && a != b
            {
                continue;
            }
            let fit = fit(words, &other.name.words);
            if fit == 0 || fit < best.0 {
                continue;
            }
            if fit > best.0 {
                best = (fit, Vec::new());
            }
            let root = self.root(candidate);
            if !best.1.contains(&root) {
                best.1.push(root);
            }
        }
        best.1
    }

    /// A short name that fits several: whoever of them the text had introduced when it was first
    /// used; of several, the one named most, then the one whom an earlier sentence introduced. It
    /// keeps to that one. Where none was introduced, or two alike, it is nobody's.
    fn by_use(
        &self,
        short: usize,
        hosts: &[usize],
        sentence: &dyn Fn(usize) -> usize,
        whose: &mut HashMap<usize, Option<usize>>,
    ) {
        let mut owner = None;
        for &mention in &self.all[short].mentions {
            owner = owner.or_else(|| {
                let mut before: Vec<_> = hosts
                    .iter()
                    .filter_map(|&host| {
                        let named = &self.all[host].mentions;
                        let first = *named.first().filter(|&&first| first < mention)?;
                        Some(((Reverse(named.len()), sentence(first)), host))
                    })
                    .collect();
                before.sort_unstable();
                match before[..] {
                    [(_, only)] => Some(only),
                    [(best, host), (next, _), ..] if best < next => Some(host),
                    _ => None,
                }
            });
            whose.insert(mention, owner);
        }
    }

    fn into_actors(
        self,
        text: &str,
        entities: &[Entity],
        whose: &HashMap<usize, Option<usize>>,
    ) -> Actors {
        let mut group_of: Vec<Option<usize>> = vec![None; entities.len()];
        for (i, group) in self.all.iter().enumerate() {
            let root = self.root(i);
            for &at in &group.mentions {
                group_of[at] = match whose.get(&at) {
                    Some(&chosen) => chosen.map(|g| self.root(g)),
                    None => Some(root),
                };
            }
        }
        let mut id_of: HashMap<usize, ActorId> = HashMap::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut mentions = Vec::new();
        for (at, entity) in entities.iter().enumerate() {
            let Some(root) = group_of[at] else { continue };
            let id = *id_of.entry(root).or_insert_with(|| {
                members.push(Vec::new());
                ActorId::try_from(members.len() - 1).expect("fewer mentions than bytes")
            });
            members[id as usize].push(at);
            mentions.push(Mention {
                span: entity.span,
                actor: id,
                kind: MentionKind::Name,
            });
        }
        let actors = (0..)
            .zip(&members)
            .map(|(id, members)| describe(id, text, entities, members))
            .collect();
        Actors { actors, mentions }
    }
}

/// Names that are looked at for one short name: keeps odd texts linear.
const MAX_CANDIDATES: usize = 64;

/// How well a shorter name fits a longer one: 4 by initial and surname or by first and last word,
/// 3 as its end, 2 as its beginning, 0 not at all.
fn fit(short: &[String], long: &[String]) -> u8 {
    let bare = |words: &[String]| -> usize {
        words.len() - usize::from(words.last().is_some_and(|w| is_generation(w)))
    };
    let generation = |words: &[String]| words[bare(words)..].first().cloned();
    if let (Some(a), b) = (generation(short), generation(long))
        && b.as_ref() != Some(&a)
    {
        return 0;
    }
    let (short, long) = (&short[..bare(short)], &long[..bare(long)]);
    let ([first, .., last], [long_first, .., long_last]) = (short, long) else {
        let [word] = short else { return 0 };
        return match long {
            [_, .., end] if end == word => 3,
            [start, _, ..] if start == word => 2,
            _ => 0,
        };
    };
    if last == long_last && short.len() <= long.len() {
        if first == long_first && short.len() < long.len() {
            return 4;
        }
        let initial = first.chars().count() == 1 && long_first.chars().count() > 1;
        if initial && long_first.starts_with(first.as_str()) {
            return 4;
        }
    }
    if short.len() < long.len() {
        if long.ends_with(short) {
            return 3;
        }
        if long.starts_with(short) {
            return 2;
        }
    }
    0
}

/// Whether the letters of an acronym are, in order, first letters of the words, at least two and
/// at most two of the acronym's left over ("UNHCR": United Nations High Commissioner for Refugees;
/// "Adidas" has none).
fn shares_initials(acronym: &str, words: &[String]) -> bool {
    let mut initials = words.iter().filter_map(|w| w.chars().next());
    let found = acronym
        .chars()
        .filter(|c| initials.by_ref().any(|i| i == *c))
        .count();
    let all = acronym.chars().count();
    found >= 2 && found + 2 >= all || abbreviates(acronym, words)
}

/// Endings that a short form of an organization's name leaves out.
fn is_generic(word: &str) -> bool {
    is_small(word)
        || matches!(
            word,
            "inc"
                | "incorporated"
                | "corp"
                | "corporation"
                | "co"
                | "company"
                | "companies"
                | "ltd"
                | "limited"
                | "plc"
                | "llc"
                | "llp"
                | "ag"
                | "sa"
                | "nv"
                | "gmbh"
                | "group"
                | "holding"
                | "holdings"
                | "international"
                | "party"
                | "foundation"
                | "magazine"
                | "newspaper"
                | "network"
                | "movement"
                | "organization"
                | "organisation"
        )
}

/// The sex that a title directly before the name tells, where the entity leaves the title out.
fn title_before(text: &str, tokens: &[Token], span: Span) -> Option<Sex> {
    let before = &tokens[..tokens.partition_point(|t| t.span.end() <= span.start())];
    let mut last = before.iter().rev().map(|t| &text[t.span]);
    let mut word = last.next()?;
    if word == "." {
        word = last.next()?;
    }
    title(&word.trim_end_matches('.').to_lowercase()).flatten()
}

/// The actor with these mentions: the fullest name is the one with the most words, then the most
/// frequent, then the first; forms in capitals only are last.
fn describe(id: ActorId, text: &str, entities: &[Entity], members: &[usize]) -> Actor {
    let mut kinds = [0.0; 9];
    for &at in members {
        kinds[entities[at].kind as usize] += entities[at].score.max(f32::MIN_POSITIVE);
    }
    let kind = EntityKind::ALL
        .into_iter()
        .rev()
        .max_by(|&a, &b| kinds[a as usize].total_cmp(&kinds[b as usize]))
        .unwrap_or(EntityKind::Misc);
    let person = kind == EntityKind::Person;
    let mut forms: Vec<(&str, &str, usize)> = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for &at in members {
        let whole = text[entities[at].span].trim();
        let surface = match without_possessive(whole) {
            "" => whole,
            stem => stem,
        };
        let form = *seen.entry(surface).or_insert_with(|| {
            let shown = match Name::new(whole, person).shown {
                "" => surface,
                shown => shown,
            };
            forms.push((surface, shown, 0));
            forms.len() - 1
        });
        forms[form].2 += 1;
    }
    let rank = |&(_, shown, count): &(&str, &str, usize)| {
        let words = fold(shown);
        let shouted = words.len() > 1 && !shown.chars().any(char::is_lowercase);
        let length = words.iter().map(String::len).sum::<usize>();
        (
            !shouted,
            words.len(),
            if person { 0 } else { length },
            count,
        )
    };
    let best = forms
        .iter()
        .rev()
        .max_by_key(|form| rank(form))
        .map_or("", |form| form.1);
    Actor {
        id,
        name: best.to_owned(),
        kind,
        aliases: forms
            .iter()
            .map(|&(surface, shown, _)| shown_alias(surface, shown))
            .filter(|&alias| alias != best)
            .fold(Vec::new(), |mut all: Vec<String>, alias| {
                if !all.iter().any(|a| a == alias) {
                    all.push(alias.to_owned());
                }
                all
            }),
    }
}

/// An alias keeps a title ("Mr. Sokha") and loses an article.
fn shown_alias<'t>(surface: &'t str, shown: &'t str) -> &'t str {
    match surface.split_once(char::is_whitespace) {
        Some((article, rest)) if article.eq_ignore_ascii_case("the") => rest.trim_start(),
        _ if surface.len() > shown.len() && surface.contains('(') => shown,
        _ => surface,
    }
}
