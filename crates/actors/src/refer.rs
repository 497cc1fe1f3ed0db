//! Whom the words of a source mean.

use std::collections::HashMap;

use standpoint_core::{
    ActorId, Actors, Entity, EntityKind, MentionKind, Sentence, SourceKind, Span, Token, TokenKind,
    tokens_in,
};

use crate::name::{Name, fold, without_possessive};
use crate::words::{Noun, Sex, is_plural_form, noun, pronoun_sex, singular, title, title_noun};

/// What is known around a source when it is resolved.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scene {
    /// The speaker before this one, and the byte at which the words naming it ended.
    pub last: Option<(ActorId, u32)>,
    /// The speaker of the quotation that this one stands in.
    pub outer: Option<ActorId>,
    /// The content of the quotation whose source is asked about: names inside it are seldom the
    /// speaker's own.
    pub content: Option<Span>,
}

/// What the words of a source refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The actor, if the text tells.
    pub actor: Option<ActorId>,
    /// What sort of source it is.
    pub kind: SourceKind,
    /// How the words refer to the actor, if there is one.
    pub mention: MentionKind,
}

/// Resolves the words of sources (names, descriptions, pronouns) to the actors of one document.
///
/// It stands on what the text tells and on nothing else: the sex of a person on titles ("Mrs."),
/// nouns ("the actress Ana Ruiz") and on pronouns near a name where nobody else is near; what a
/// person is on titles in front of the name, appositions behind or before it, and "X is a …".
///
/// ```
/// use standpoint_actors::{Resolver, Scene, resolve};
/// use standpoint_core::{Entity, EntityKind, SourceKind, Span, Token, TokenKind};
///
/// let text = "Party spokesman Sok Eysan spoke. The spokesman laughed.";
/// let tokens: Vec<Token> = [(0, 5), (6, 15), (16, 19), (20, 25), (26, 31), (31, 32), (33, 36), (37, 46), (47, 54), (54, 55)]
///     .map(|(start, end)| Token { span: Span::new(start, end), kind: TokenKind::Word })
///     .to_vec();
/// let entities = [Entity { span: Span::new(16, 25), kind: EntityKind::Person, score: 0.9, actor: None }];
/// let actors = resolve(text, &[], &tokens, &entities);
/// let resolver = Resolver::new(text, &[], &tokens, &entities, &actors, &[]);
///
/// let reference = resolver.refer(Span::new(33, 46), &Scene::default());
/// assert_eq!(reference.actor, Some(0));
/// assert_eq!(reference.kind, SourceKind::Description);
/// ```
pub struct Resolver<'a> {
    text: &'a str,
    sentences: &'a [Sentence],
    tokens: &'a [Token],
    actors: &'a Actors,
    /// Kinds of the entities, by start.
    entities: &'a [Entity],
    quoted: &'a [Span],
    traits: Vec<Traits>,
    /// Actors by the key of each of their names; `None` where two have it.
    by_name: HashMap<String, Option<ActorId>>,
}

/// What the text tells of an actor.
#[derive(Clone, Debug, Default)]
struct Traits {
    man: f32,
    woman: f32,
    roles: Vec<Role>,
}

impl Traits {
    /// The sex, where four fifths of what the text tells agree.
    fn sex(&self) -> Option<Sex> {
        let all = self.man + self.woman;
        if all < 0.5 {
            None
        } else if self.man >= 0.8 * all {
            Some(Sex::Man)
        } else if self.woman >= 0.8 * all {
            Some(Sex::Woman)
        } else {
            None
        }
    }

    fn told(&mut self, sex: Option<Sex>, weight: f32) {
        match sex {
            Some(Sex::Man) => self.man += weight,
            Some(Sex::Woman) => self.woman += weight,
            None => {}
        }
    }
}

/// A description that the text gives of an actor: "former", "party", "spokesman".
#[derive(Clone, Debug, PartialEq, Eq)]
struct Role {
    head: String,
    modifiers: Vec<String>,
}

/// Mentions that a pronoun or description looks back over.
const LOOK_BACK: usize = 60;
/// Mentions that a description looks back over.
const FAR_BACK: usize = 400;
/// Roles kept for one actor.
const MAX_ROLES: usize = 16;
/// A description that fits nobody's roles is the person's whom a pronoun would mean, where that
/// one scores so much.
const CLOSE: f32 = 0.5;
/// Words looked at around a name for what it is.
const NEAR: usize = 12;

impl<'a> Resolver<'a> {
    /// Reads what the document tells of its actors. `quoted` are the parts between quotation
    /// marks, in order: what stands there is said from another point of view.
    #[must_use]
    pub fn new(
        text: &'a str,
        sentences: &'a [Sentence],
        tokens: &'a [Token],
        entities: &'a [Entity],
        actors: &'a Actors,
        quoted: &'a [Span],
    ) -> Self {
        let mut resolver = Self {
            text,
            sentences,
            tokens,
            actors,
            entities,
            quoted,
            traits: vec![Traits::default(); actors.actors.len()],
            by_name: HashMap::new(),
        };
        for actor in &actors.actors {
            let person = actor.kind == EntityKind::Person;
            for name in std::iter::once(&actor.name).chain(&actor.aliases) {
                let key = Name::new(name, person).key(person);
                if key.is_empty() {
                    continue;
                }
                resolver
                    .by_name
                    .entry(key)
                    .and_modify(|known| {
                        if *known != Some(actor.id) {
                            *known = None;
                        }
                    })
                    .or_insert(Some(actor.id));
            }
        }
        resolver.read_roles();
        resolver.read_pronouns();
        resolver
    }

    /// Whom the words at `source` mean.
    #[must_use]
    pub fn refer(&self, source: Span, scene: &Scene) -> Reference {
        let tokens = tokens_in(self.tokens, source);
        let words: Vec<&str> = tokens.iter().map(|t| &self.text[t.span]).collect();
        let none = |kind| Reference {
            actor: None,
            kind,
            mention: MentionKind::Description,
        };
        if words.is_empty() {
            return none(SourceKind::Absent);
        }
        if is_unnamed(&words) {
            return none(SourceKind::Unnamed);
        }
        if let Some(reference) = self.pronoun(tokens, scene) {
            return reference;
        }
        self.phrase(source, tokens, &words, scene)
    }

    fn word(&self, token: &Token) -> &'a str {
        &self.text[token.span]
    }

    /// A source of one pronoun.
    fn pronoun(&self, tokens: &[Token], scene: &Scene) -> Option<Reference> {
        let (first, rest) = tokens.split_first()?;
        let word = self.word(first).to_lowercase();
        let found = |actor| Reference {
            actor,
            kind: SourceKind::Pronoun,
            mention: MentionKind::Pronoun,
        };
        if let Some(sex) = pronoun_sex(&word) {
            // "his campaign" is a description, "he himself" is he.
            if rest.iter().any(|t| {
                noun(&self.word(t).to_lowercase()).is_some() || t.kind == TokenKind::Punctuation
            }) && matches!(word.as_str(), "his" | "her")
            {
                return None;
            }
            if rest.len() > 1 && matches!(word.as_str(), "his" | "her") {
                return None;
            }
            let person = self.person_before(first.span.start(), Some(sex), scene);
            return Some(found(person.map(|(_, actor)| actor)));
        }
        if rest.iter().any(|t| t.kind == TokenKind::Word)
            && !matches!(word.as_str(), "i" | "they" | "we")
        {
            return None;
        }
        let several = Reference {
            actor: None,
            kind: SourceKind::Collective,
            mention: MentionKind::Pronoun,
        };
        Some(match word.as_str() {
            "i" | "me" | "my" | "mine" | "myself" => found(scene.outer),
            "it" | "its" | "itself" => found(self.body_before(first.span.start(), scene)),
            "who" | "which" | "that" | "whose" | "whom" => {
                found(self.antecedent(first.span.start()))
            }
            "you" | "one" | "anyone" | "someone" | "somebody" | "nobody" | "no" => found(None),
            "they" | "them" | "their" | "themselves" | "we" | "us" | "our" | "both" | "some"
            | "many" | "others" | "most" | "those" | "all" | "few" | "several" | "everyone"
            | "everybody" => several,
            _ => return None,
        })
    }

    /// A source of several words, or one that is no pronoun.
    fn phrase(&self, source: Span, tokens: &[Token], words: &[&str], scene: &Scene) -> Reference {
        let named = |actor: Option<ActorId>| Reference {
            actor,
            kind: SourceKind::Named,
            mention: MentionKind::Name,
        };
        let collective = Reference {
            actor: None,
            kind: SourceKind::Collective,
            mention: MentionKind::Description,
        };
        let phrase = self.core(tokens);
        // "a CNRP activist from Svay Rieng named Mao Vibol"
        if let Some(at) = words
            .iter()
            .position(|w| matches!(*w, "named" | "called" | "dubbed"))
            && let Some(name) = self.name_at(
                tokens.get(at + 1).map_or(source.end(), |t| t.span.start()),
                source,
            )
        {
            return named(Some(name));
        }
        let head = &tokens[..phrase.end];
        let Some(last) = head.last() else {
            return Reference {
                actor: None,
                kind: SourceKind::Description,
                mention: MentionKind::Description,
            };
        };
        // Two names, or a name and others, are no single speaker.
        if phrase.joined {
            return collective;
        }
        if let Some(actor) = self.name_ending(last.span.end(), source) {
            return named(Some(actor));
        }
        if let Some(name) = self.apposed(&tokens[phrase.end..], source) {
            return named(Some(name));
        }
        let noun_of = |word: &str| noun(&without_possessive(word).to_lowercase());
        let last_word = self.word(last);
        // A name that the recognizer missed here and found elsewhere.
        if noun_of(last_word).is_none() && last_word.starts_with(char::is_uppercase) {
            return named(self.known_name(head));
        }
        let lower = last_word.to_lowercase();
        let plural = is_plural(&lower)
            || head
                .first()
                .is_some_and(|t| is_plural_determiner(self.word(t)));
        if plural {
            return collective;
        }
        let first = head.first().map_or("", |t| self.word(t)).to_lowercase();
        let definite = !matches!(
            first.as_str(),
            "a" | "an" | "another" | "one" | "no" | "any" | "every" | "each"
        );
        Reference {
            actor: if definite {
                self.described(head, scene)
            } else {
                None
            },
            kind: SourceKind::Description,
            mention: MentionKind::Description,
        }
    }

    /// The noun phrase in front, up to what follows its head: a preposition, a relative, a comma.
    fn core(&self, tokens: &[Token]) -> Core {
        let mut core = Core {
            end: tokens.len(),
            joined: false,
        };
        let mut skip_to = 0;
        for (i, token) in tokens.iter().enumerate() {
            if token.span.start() < skip_to {
                continue;
            }
            // An entity is one unit, whatever words are in it.
            if let Some(entity) = self.entity_from(token.span.start()) {
                skip_to = entity.span.end();
                continue;
            }
            let word = self.word(token);
            match word {
                "," | "(" | "[" | "—" | "–" | "--" | "-" | ";" | ":" => {
                    core.end = i;
                    break;
                }
                _ => {}
            }
            let lower = word.to_lowercase();
            if i > 0 && ends_phrase(&lower) {
                core.end = i;
                break;
            }
            if i > 0 && matches!(lower.as_str(), "and" | "or" | "&" | "as") {
                // "spokesman and lawmaker Sok Eysan" is one; "Ted Cruz and Marco Rubio" are two.
                let before = self.name_ending(
                    tokens[i - 1].span.end(),
                    Span::new(tokens[0].span.start(), token.span.start()),
                );
                let next = tokens.get(i + 1);
                if before.is_some()
                    || next.is_some_and(|t| {
                        matches!(
                            self.word(t),
                            "others" | "his" | "her" | "their" | "the" | "other"
                        )
                    })
                {
                    core.joined = true;
                    core.end = i;
                    break;
                }
            }
        }
        // Possessives at the end belong to the phrase, marks do not.
        while core.end > 0 && tokens[core.end - 1].kind == TokenKind::Punctuation {
            core.end -= 1;
        }
        while core.end > 1
            && matches!(
                self.word(&tokens[core.end - 1]),
                "'s" | "’s" | "himself" | "herself" | "itself" | "themselves" | "also" | "alike"
            )
        {
            core.end -= 1;
        }
        core
    }

    /// The entity that starts at a byte.
    fn entity_from(&self, at: u32) -> Option<&Entity> {
        let i = self.entities.partition_point(|e| e.span.start() < at);
        self.entities.get(i).filter(|e| e.span.start() == at)
    }

    /// The actor whose name ends at a byte, inside the source.
    fn name_ending(&self, end: u32, source: Span) -> Option<ActorId> {
        let i = self
            .actors
            .mentions
            .partition_point(|m| m.span.start() < end);
        let mention = self.actors.mentions[..i].last()?;
        let rest = self.text.get(end as usize..mention.span.end() as usize);
        let reaches = mention.span.end() == end
            || rest.is_some_and(|r| matches!(r, "'s" | "’s" | "'" | "’"))
            || without_possessive(&self.text[mention.span]).len() + mention.span.start() as usize
                == end as usize;
        (reaches && source.start() <= mention.span.start()).then_some(mention.actor)
    }

    /// The actor whose name starts at a byte or after a title there.
    fn name_at(&self, start: u32, source: Span) -> Option<ActorId> {
        let i = self
            .actors
            .mentions
            .partition_point(|m| m.span.start() < start);
        let mention = self.actors.mentions.get(i)?;
        if mention.span.end() > source.end() {
            return None;
        }
        let between = self
            .text
            .get(start as usize..mention.span.start() as usize)?
            .trim();
        let plain: String = between
            .chars()
            .filter(|c| *c != '.')
            .flat_map(char::to_lowercase)
            .collect();
        (plain.is_empty() || title(&plain).is_some()).then_some(mention.actor)
    }

    /// The person named behind a comma: "the group's leader, Naly Pilorge"; "a lawyer for the
    /// news outlets, David Schulz"; "his running mate, Indiana Gov. Mike Pence".
    fn apposed(&self, rest: &[Token], source: Span) -> Option<ActorId> {
        let comma = rest.iter().position(|t| self.word(t) == ",")?;
        let apposition = rest[comma + 1..].split(|t| self.word(t) == ",").next()?;
        if apposition.iter().any(|t| self.word(t) == "and") {
            return None;
        }
        let last = apposition
            .iter()
            .rfind(|t| t.kind != TokenKind::Punctuation)?;
        let (first, last) = (apposition.first()?.span, last.span);
        let opens = |t: &Token| {
            let word = self.word(t);
            t.kind == TokenKind::Punctuation
                || word.starts_with(char::is_uppercase)
                || noun(&word.to_lowercase()).is_some()
                || matches!(word, "former" | "acting" | "the" | "a" | "an")
        };
        let person =
            |actor: &ActorId| self.actors.actors[*actor as usize].kind == EntityKind::Person;
        let begins = self.name_at(first.start(), source).filter(person);
        begins.or_else(|| {
            let inside = Span::new(first.start(), source.end());
            let ends = self.name_ending(last.end(), inside).filter(person);
            ends.filter(|_| apposition.iter().all(opens))
        })
    }

    /// The actor with a name that these words end in.
    fn known_name(&self, head: &[Token]) -> Option<ActorId> {
        let capitals = head
            .iter()
            .rev()
            .take(6)
            .take_while(|t| self.word(t).starts_with(char::is_uppercase) || self.word(t) == ".")
            .count();
        let tail = &head[head.len() - capitals..];
        (0..tail.len()).find_map(|from| {
            let (first, last) = (tail.get(from)?, tail.last()?);
            let words = &self.text[first.span.join(last.span)];
            self.by_name
                .get(&Name::new(words, true).key(true))
                .copied()
                .flatten()
        })
    }

    fn is_quoted(&self, at: u32) -> bool {
        let i = self.quoted.partition_point(|q| q.end() <= at);
        self.quoted.get(i).is_some_and(|q| q.contains(at))
    }

    fn sentence(&self, at: u32) -> usize {
        self.sentences
            .partition_point(|s| s.span.end() <= at)
            .min(self.sentences.len().saturating_sub(1))
    }

    /// The person that a pronoun or a description at a byte means, with a score: some 2 for the
    /// subject of the same sentence or for whoever spoke just before, about one less a sentence
    /// further back.
    ///
    /// Each person named before it is scored by nearness, by whether the name begins its sentence,
    /// whether it stands in a quotation (then the speaker is rather somebody else), and whether
    /// that person spoke last; the best one is taken.
    fn person_before(&self, at: u32, sex: Option<Sex>, scene: &Scene) -> Option<(f32, ActorId)> {
        let here = self.sentence(at);
        let end = self
            .actors
            .mentions
            .partition_point(|m| m.span.start() < at);
        let mut best: Option<(f32, ActorId)> = None;
        let mut consider = |actor: ActorId, score: f32| {
            if best.is_none_or(|(top, _)| score > top) {
                best = Some((score, actor));
            }
        };
        let agrees = |actor: ActorId| self.can_be(actor, Noun::Person(sex));
        let known = |actor: ActorId| {
            if self.traits[actor as usize].sex().is_some() {
                0.8
            } else {
                0.0
            }
        };
        for mention in self.actors.mentions[..end].iter().rev().take(LOOK_BACK) {
            if !agrees(mention.actor) {
                continue;
            }
            let sentence = self.sentence(mention.span.start());
            let mut score = -(here.saturating_sub(sentence) as f32) + known(mention.actor);
            if self.subject(mention.span) {
                score += 1.0;
            }
            if self.is_quoted(mention.span.start()) {
                score -= 2.5;
            }
            if scene.content.is_some_and(|c| c.covers(mention.span)) {
                score -= 1.5;
            }
            if self.possessive(mention.span) {
                score -= 0.5;
            }
            consider(mention.actor, score);
        }
        if let Some((speaker, spoke)) = scene.last
            && spoke <= at
            && agrees(speaker)
        {
            let distance = here.saturating_sub(self.sentence(spoke)) as f32;
            consider(speaker, 1.6 - 0.8 * distance + known(speaker));
        }
        best
    }

    /// The organization, place or group that "it" means: the last one to speak or to begin a
    /// sentence nearby.
    fn body_before(&self, at: u32, scene: &Scene) -> Option<ActorId> {
        let here = self.sentence(at);
        let end = self
            .actors
            .mentions
            .partition_point(|m| m.span.start() < at);
        let is_body = |actor: ActorId| {
            matches!(
                self.actors.actors[actor as usize].kind,
                EntityKind::Organization | EntityKind::Location
            )
        };
        let by_subject = self.actors.mentions[..end]
            .iter()
            .rev()
            .take(LOOK_BACK)
            .take_while(|m| here.saturating_sub(self.sentence(m.span.start())) <= 1)
            .find(|m| is_body(m.actor) && self.subject(m.span) && !self.is_quoted(m.span.start()))
            .map(|m| m.actor);
        by_subject.or_else(|| {
            scene
                .last
                .filter(|&(speaker, spoke)| {
                    is_body(speaker) && here.saturating_sub(self.sentence(spoke)) <= 2
                })
                .map(|(speaker, _)| speaker)
        })
    }

    /// The name that a relative pronoun follows: "Ted Cruz, who"; a description's name further
    /// left in the same sentence counts too.
    fn antecedent(&self, at: u32) -> Option<ActorId> {
        let end = self
            .actors
            .mentions
            .partition_point(|m| m.span.start() < at);
        let mention = self.actors.mentions[..end].last()?;
        let between = &self.text[Span::new(mention.span.end().min(at), at)];
        let close = between.chars().filter(|c| c.is_alphanumeric()).count() <= 1;
        (close && self.sentence(mention.span.start()) == self.sentence(at)).then_some(mention.actor)
    }

    /// Whether a name begins its sentence or clause, but for its title and words such as "But".
    fn subject(&self, span: Span) -> bool {
        let i = self
            .tokens
            .partition_point(|t| t.span.start() < span.start());
        let sentence = self
            .sentences
            .get(self.sentence(span.start()))
            .map_or(0, |s| s.span.start());
        self.tokens[..i]
            .iter()
            .rev()
            .take_while(|t| t.span.start() >= sentence)
            .take(8)
            .all(|t| {
                let word = self.word(t);
                let lower = word.to_lowercase();
                t.kind == TokenKind::Punctuation && word != ","
                    || word.starts_with(char::is_uppercase)
                    || noun(&lower).is_some()
                    || matches!(lower.as_str(), "the" | "former" | "and" | "," | "of")
            })
    }

    fn possessive(&self, span: Span) -> bool {
        let rest = &self.text[span.end() as usize..];
        let own = &self.text[span];
        ["'s", "’s"]
            .iter()
            .any(|s| rest.starts_with(s) || own.ends_with(s))
    }

    /// The actor that a definite description means: one of those the text has described with the
    /// same noun, by the most words in common, then the last to speak, then the last mentioned; of a
    /// person whom nothing described, the one close by whom "he" or "she" would mean.
    fn described(&self, head: &[Token], scene: &Scene) -> Option<ActorId> {
        let at = head.first()?.span.start();
        let last = without_possessive(self.word(head.last()?)).to_lowercase();
        let (class, _) = noun(&last)?;
        if class == Noun::Report {
            return None;
        }
        let modifiers: Vec<String> = head[..head.len() - 1]
            .iter()
            .flat_map(|t| fold(without_possessive(self.word(t))))
            .filter(|w| !is_determiner(w))
            .collect();
        // "his spokesman", "the Clinton campaign": somebody else's.
        let owned = head.len() > 1
            && head[..head.len() - 1].iter().any(|t| {
                matches!(
                    self.word(t).to_lowercase().as_str(),
                    "his" | "her" | "their" | "its" | "our" | "my" | "'s" | "’s"
                )
            });
        let mentions = &self.actors.mentions;
        let end = match self.sentence(at) {
            // A headline speaks of those whom the text names later: "Judge rejects …".
            0 => mentions.len(),
            _ => mentions.partition_point(|m| m.span.start() < at),
        };
        let mut best: Option<(usize, ActorId)> = None;
        let mut tried = Vec::new();
        let spoke = scene.last.map(|(speaker, _)| speaker);
        let recent = mentions[..end].iter().rev().take(FAR_BACK);
        let recent = recent.map(|m| m.actor);
        for actor in spoke.into_iter().chain(recent) {
            if tried.contains(&actor) {
                continue;
            }
            if tried.len() > 40 {
                break;
            }
            tried.push(actor);
            let Some(shared) = self.matches(actor, class, &last, &modifiers) else {
                continue;
            };
            if owned && shared == 0 {
                continue;
            }
            if best.is_none_or(|(top, _)| shared > top) {
                best = Some((shared, actor));
            }
        }
        let described = best.map(|(_, actor)| actor);
        described.or_else(|| {
            let Noun::Person(sex) = class else {
                return None;
            };
            let (score, actor) = self.person_before(at, sex, scene).filter(|_| !owned)?;
            (score >= CLOSE).then_some(actor)
        })
    }

    /// Whether a noun of a class can be said of an actor at all.
    fn can_be(&self, actor: ActorId, class: Noun) -> bool {
        let person = self.actors.actors[actor as usize].kind == EntityKind::Person;
        match class {
            Noun::Person(Some(sex)) => {
                person && self.traits[actor as usize].sex().is_none_or(|s| s == sex)
            }
            Noun::Person(None) => person,
            Noun::Body => !person,
            Noun::Report => false,
        }
    }

    /// How many words of a description fit an actor, if its noun does.
    fn matches(
        &self,
        actor: ActorId,
        class: Noun,
        last: &str,
        modifiers: &[String],
    ) -> Option<usize> {
        if !self.can_be(actor, class) {
            return None;
        }
        let known = &self.actors.actors[actor as usize];
        let person = known.kind == EntityKind::Person;
        let by_role = self.traits[actor as usize]
            .roles
            .iter()
            .filter(|role| role.head == last)
            .map(|role| {
                2 * modifiers
                    .iter()
                    .filter(|m| role.modifiers.contains(m))
                    .count()
            })
            .max();
        let by_name = (!person)
            .then(|| fold(&known.name))
            .filter(|words| words.last().is_some_and(|w| w == last))
            .map(|words| 1 + 2 * modifiers.iter().filter(|m| words.contains(m)).count());
        by_role.max(by_name)
    }

    /// Collects what the text says its actors are.
    fn read_roles(&mut self) {
        for i in 0..self.actors.mentions.len() {
            let mention = self.actors.mentions[i];
            let actor = &self.actors.actors[mention.actor as usize];
            if matches!(
                actor.kind,
                EntityKind::Date | EntityKind::Money | EntityKind::Norp
            ) {
                continue;
            }
            let person = actor.kind == EntityKind::Person;
            let mut roles = Vec::new();
            self.roles_in_front(mention.span, person, &mut roles);
            self.roles_behind(mention.span, person, &mut roles);
            let traits = &mut self.traits[mention.actor as usize];
            if person {
                traits.told(Name::new(&self.text[mention.span], true).sex, 5.0);
            }
            for role in roles {
                if person {
                    if let Some((Noun::Person(sex), _)) = noun(&role.head) {
                        traits.told(sex, 5.0);
                    }
                    traits.told(title(&role.head).flatten(), 5.0);
                }
                if traits.roles.len() < MAX_ROLES && !traits.roles.contains(&role) {
                    traits.roles.push(role);
                }
            }
        }
    }

    /// "Ruling party spokesman and CPP lawmaker Sok Eysan", "local rights group Adhoc", "the
    /// group's leader, Naly Pilorge".
    fn roles_in_front(&self, span: Span, person: bool, roles: &mut Vec<Role>) {
        // A title inside the entity.
        if person {
            let shown = Name::new(&self.text[span], true).shown;
            let title = &self.text[span][..self.text[span].find(shown).unwrap_or(0)];
            push_title(&fold(title), roles);
        }
        let i = self
            .tokens
            .partition_point(|t| t.span.start() < span.start());
        let mut words = self.tokens[..i].iter().rev().take(NEAR).peekable();
        let mut apposition = false;
        if words.peek().is_some_and(|t| self.word(t) == ",") {
            words.next();
            apposition = true;
        }
        let mut phrase: Vec<String> = Vec::new();
        let mut end = span.start();
        for token in words {
            let word = self.word(token);
            // Titles may keep their stop; a line break ends the phrase.
            if self.text[Span::new(token.span.end().min(end), end)].contains('\n') {
                break;
            }
            end = token.span.start();
            let lower = word.trim_end_matches('.').to_lowercase();
            if lower.is_empty() && phrase.is_empty() {
                continue;
            }
            if token.kind == TokenKind::Punctuation && !matches!(word, "'s" | "’s" | "-")
                || is_determiner(&lower)
            {
                break;
            }
            if phrase.is_empty() {
                let is_role = noun(&lower).is_some_and(|(n, plural)| fits(n, person) && !plural)
                    || person && title(&lower).is_some();
                // Behind a comma the noun may stand further left: "a spokesman for Adhoc, Ny Sokha".
                if !is_role {
                    if apposition && phrase.is_empty() {
                        continue;
                    }
                    break;
                }
            } else if ends_phrase(&lower) {
                break;
            }
            phrase.push(lower);
        }
        phrase.reverse();
        for part in phrase.split(|w| w == "and") {
            push_title(part, roles);
        }
    }

    /// "Sok Eysan, a spokesman for …", "Ana Ruiz (the mayor)", "Kem Sokha is a lawyer".
    fn roles_behind(&self, span: Span, person: bool, roles: &mut Vec<Role>) {
        let i = self.tokens.partition_point(|t| t.span.start() < span.end());
        let mut words = self.tokens[i..].iter().take(NEAR + 2).peekable();
        let Some(first) = words.next() else { return };
        match self.word(first) {
            "," | "(" => {}
            "is" | "was" => {
                if !words
                    .peek()
                    .is_some_and(|t| matches!(self.word(t), "a" | "an" | "the"))
                {
                    return;
                }
            }
            _ => return,
        }
        let mut modifiers = Vec::new();
        let mut found = false;
        for (at, token) in words.enumerate() {
            let word = self.word(token);
            let lower = without_possessive(word).to_lowercase();
            if token.kind == TokenKind::Punctuation
                && !matches!(word, "'s" | "’s" | "'" | "’" | "-")
            {
                break;
            }
            if at == 0 {
                // An apposition opens with an article, a possessive, a number, or a noun phrase
                // without one; a clause opens otherwise.
                let opens = is_determiner(&lower)
                    || matches!(
                        lower.as_str(),
                        "former" | "then" | "one" | "currently" | "also" | "co-founder"
                    )
                    || noun(&lower).is_some()
                    || word.starts_with(char::is_uppercase)
                    || person && !is_function(&lower);
                if !opens {
                    return;
                }
            } else if is_clause_word(&lower) {
                break;
            }
            if lower == "and" {
                modifiers.clear();
                found = false;
                continue;
            }
            if ends_phrase(&lower) {
                break;
            }
            match noun(&lower) {
                Some((class, plural)) if fits(class, person) && !found => {
                    // The last noun of a run is the head: "party spokesman".
                    let next = self
                        .tokens
                        .get(i + at + 2)
                        .map(|t| self.word(t).to_lowercase());
                    let more = next.is_some_and(|n| noun(&n).is_some_and(|(c, _)| fits(c, person)));
                    if more || plural {
                        modifiers.push(lower);
                    } else {
                        roles.push(Role {
                            head: lower,
                            modifiers: std::mem::take(&mut modifiers),
                        });
                        found = true;
                    }
                }
                _ => modifiers.push(lower),
            }
        }
    }

    /// Lets pronouns near a name tell the person's sex where nobody else is near.
    fn read_pronouns(&mut self) {
        let mentions = &self.actors.mentions;
        let mut next = 0;
        for token in self.tokens {
            while next < mentions.len() && mentions[next].span.start() < token.span.start() {
                next += 1;
            }
            if token.span.len() > 8 {
                continue;
            }
            let Some(sex) = pronoun_sex(self.word(token)) else {
                continue;
            };
            if self.is_quoted(token.span.start()) {
                continue;
            }
            let here = self.sentence(token.span.start());
            let mut only = None;
            let mut several = false;
            let mut distance = 0;
            for mention in mentions[..next].iter().rev().take(12) {
                let away = here.saturating_sub(self.sentence(mention.span.start()));
                if away > 1 {
                    break;
                }
                if self.actors.actors[mention.actor as usize].kind != EntityKind::Person {
                    continue;
                }
                match only {
                    None => {
                        only = Some(mention.actor);
                        distance = away;
                    }
                    Some(actor) if actor != mention.actor => {
                        several = true;
                        break;
                    }
                    Some(_) => {}
                }
            }
            if let Some(actor) = only {
                let weight = match (several, distance) {
                    (false, 0) => 1.0,
                    (false, _) => 0.7,
                    (true, 0) => 0.1,
                    (true, _) => 0.0,
                };
                // A pronoun of the other sex than the text has shown so far rather means somebody else.
                let traits = &mut self.traits[actor as usize];
                let doubt = if traits.sex().is_some_and(|s| s != sex) {
                    0.3
                } else {
                    1.0
                };
                traits.told(Some(sex), weight * doubt);
            }
        }
    }
}

/// A noun phrase's extent in tokens.
struct Core {
    end: usize,
    joined: bool,
}

fn fits(noun: Noun, person: bool) -> bool {
    match noun {
        Noun::Person(_) => person,
        Noun::Body => !person,
        Noun::Report => false,
    }
}

/// Adds the role that words in front of a name give: the last one is the noun.
fn push_title(words: &[String], roles: &mut Vec<Role>) {
    let Some((last, modifiers)) = words.split_last() else {
        return;
    };
    let head = title_noun(last);
    if noun(head).is_some() || title(head).is_some() {
        roles.push(Role {
            head: head.to_owned(),
            modifiers: modifiers.to_vec(),
        });
    }
}

fn is_determiner(word: &str) -> bool {
    matches!(
        word,
        "a" | "an"
            | "the"
            | "this"
            | "that"
            | "these"
            | "those"
            | "his"
            | "her"
            | "their"
            | "its"
            | "our"
            | "my"
            | "your"
            | "another"
            | "one"
            | "some"
            | "any"
            | "each"
            | "every"
            | "no"
    )
}

fn is_plural_determiner(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "two"
            | "three"
            | "four"
            | "five"
            | "six"
            | "seven"
            | "eight"
            | "nine"
            | "ten"
            | "both"
            | "several"
            | "many"
            | "some"
            | "few"
            | "most"
            | "these"
            | "those"
            | "dozens"
            | "hundreds"
            | "thousands"
            | "millions"
            | "all"
            | "other"
    )
}

fn is_plural(word: &str) -> bool {
    is_plural_form(word)
        || noun(word).is_some_and(|(_, plural)| plural)
        || (word.len() > 3
            && word.ends_with('s')
            && !word.ends_with("ss")
            && !word.ends_with("us")
            && !word.ends_with("is")
            && noun(word).is_none()
            && singular(word).is_some())
}

/// Words that stand after the head of a noun phrase.
fn ends_phrase(word: &str) -> bool {
    matches!(
        word,
        "of" | "for"
            | "from"
            | "in"
            | "at"
            | "with"
            | "to"
            | "on"
            | "by"
            | "about"
            | "against"
            | "under"
            | "over"
            | "near"
            | "inside"
            | "outside"
            | "during"
            | "after"
            | "before"
            | "within"
            | "without"
            | "among"
            | "behind"
            | "between"
            | "who"
            | "which"
            | "that"
            | "whose"
            | "where"
            | "when"
            | "while"
            | "named"
            | "called"
            | "familiar"
            | "involved"
            | "close"
            | "interviewed"
            | "led"
            | "based"
            | "speaking"
            | "including"
            | "because"
            | "representing"
            | "working"
            | "attending"
            | "living"
            | "supporting"
            | "backing"
    )
}

/// Words that open a clause, not an apposition.
fn is_clause_word(word: &str) -> bool {
    matches!(
        word,
        "said"
            | "says"
            | "told"
            | "is"
            | "was"
            | "are"
            | "were"
            | "has"
            | "had"
            | "have"
            | "will"
            | "would"
            | "could"
            | "can"
            | "did"
            | "does"
            | "who"
            | "which"
            | "but"
            | "because"
            | "he"
            | "she"
            | "they"
            | "it"
            | "i"
            | "we"
            | "added"
            | "asked"
            | "wrote"
            | "when"
    )
}

fn is_function(word: &str) -> bool {
    is_clause_word(word)
        || ends_phrase(word)
        || matches!(word, "and" | "or" | "as" | "if" | "so" | "not" | "then")
}

/// Sources that are not to be named, or speak of nobody in particular.
fn is_unnamed(words: &[&str]) -> bool {
    let lower: Vec<String> = words.iter().map(|w| w.to_lowercase()).collect();
    let has = |phrase: &[&str]| lower.windows(phrase.len()).any(|w| w == phrase);
    has(&["anonymous"])
        || has(&["anonymously"])
        || has(&["anonymity"])
        || has(&["unnamed"])
        || has(&["unidentified"])
        || has(&["familiar", "with"])
        || has(&["declined", "to", "be"])
        || has(&["not", "be", "named"])
        || has(&["not", "to", "be", "named"])
        || has(&["not", "be", "identified"])
        || has(&["not", "to", "be", "identified"])
        || has(&["not", "authorized", "to"])
        || has(&["not", "authorised", "to"])
        || lower
            .iter()
            .position(|w| w == "source" || w == "sources")
            .is_some_and(|at| {
                lower[..at].iter().all(|w| !ends_phrase(w))
                    && lower.get(at + 1).is_none_or(|w| w != "'s")
            })
}
