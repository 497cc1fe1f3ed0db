//! Whom to ask about: the pairs of parties in a document whose stances are worth a pass of the
//! model.

use std::collections::BTreeMap;

use standpoint_core::{
    ActorId, Actors, EntityKind, Holder, Mention, MentionKind, Quote, Sentence, Span, Token,
    Warning,
};

/// At most so many pairs are asked about in one sentence; those nearest to each other come first.
const PAIRS_PER_SENTENCE: usize = 24;

/// At most so many parties of one sentence are paired, the first ones; a list of hundreds of
/// names makes tens of thousands of pairs and says nothing of most.
const PARTIES_PER_SENTENCE: usize = 32;

/// A document as the stages before this one read it.
#[derive(Clone, Copy, Debug)]
pub struct Annotated<'a> {
    /// The text that all spans are of.
    pub text: &'a str,
    /// Its sentences, which tile it.
    pub sentences: &'a [Sentence],
    /// Its words, in order.
    pub tokens: &'a [Token],
    /// Who is named, and where.
    pub actors: &'a Actors,
    /// What is quoted.
    pub quotes: &'a [Quote],
}

/// One passage to put to the model, and what its answer will mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    pub(crate) words: Words,
    /// Where the holder is named in the words; `None`: the author.
    pub(crate) holder: Option<Span>,
    /// Where the target is named in the words.
    pub(crate) target: Span,
    /// Whose stance to whom the forward answer is.
    pub(crate) forward: Claim,
    /// The same of the backward answer, where it is asked for.
    pub(crate) backward: Option<Claim>,
    pub(crate) evidence: Span,
    pub(crate) quote: Option<u32>,
    /// The sentence in which it came up.
    pub(crate) sentence: Span,
}

/// What is read to the model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Words {
    /// A part of the document.
    Text(Span),
    /// Words of a quotation with its source and cue put before them.
    Said(String),
}

/// That `holder` stands somehow to `target`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) holder: Holder,
    pub(crate) target: ActorId,
}

/// Someone in a sentence who can hold a stance.
#[derive(Clone, Copy, Debug)]
struct Party {
    who: Holder,
    span: Span,
    kind: MentionKind,
    /// The innermost quotation it is named in.
    quote: Option<u32>,
}

impl Party {
    fn actor(&self) -> Option<ActorId> {
        match self.who {
            Holder::Actor(id) => Some(id),
            Holder::Author | Holder::Unnamed(_) => None,
        }
    }
}

/// The questions of a document, in order of their sentences, and a warning for each sentence with
/// more pairs than are asked about.
pub(crate) fn questions(read: &Annotated<'_>) -> (Vec<Question>, Vec<Warning>) {
    let mentions = placed(read, read.actors.mentions.iter().copied(), |m| m.span);
    let sources = (0u32..).zip(read.quotes);
    let sources = placed(
        read,
        sources.filter_map(|(n, quote)| Some((quote.source?, n))),
        |&(span, _)| span,
    );
    let mut questions = Vec::new();
    let mut warnings = Vec::new();
    for sentence in read.sentences {
        let here = InSentence {
            read,
            sentence: sentence.trimmed(read.text),
            mentions: starting_in(&mentions, sentence.span, |m| m.span),
            sources: starting_in(&sources, sentence.span, |(span, _)| *span),
        };
        here.ask(&mut questions, &mut warnings);
    }
    (questions, warnings)
}

/// Words of the document with the innermost quotation around them.
#[derive(Clone, Copy, Debug)]
struct Placed<T> {
    what: T,
    quote: Option<u32>,
}

/// Each of `items` with the shortest piece of quoted content around it; in order of start.
fn placed<T: Copy>(
    read: &Annotated<'_>,
    items: impl Iterator<Item = T>,
    span: impl Fn(&T) -> Span,
) -> Vec<Placed<T>> {
    let mut items: Vec<T> = items.collect();
    items.sort_by_key(|item| span(item).start());
    let mut pieces: Vec<(Span, u32)> = (0u32..)
        .zip(read.quotes)
        .flat_map(|(n, quote)| quote.content.iter().map(move |&piece| (piece, n)))
        .collect();
    pieces.sort_by_key(|(piece, _)| piece.start());
    let mut pieces = pieces.into_iter().peekable();
    let mut open: Vec<(Span, u32)> = Vec::new();
    items
        .into_iter()
        .map(|what| {
            let at = span(&what);
            open.retain(|(piece, _)| piece.end() > at.start());
            while let Some(next) = pieces.next_if(|(piece, _)| piece.start() <= at.start()) {
                open.push(next);
            }
            let around = open.iter().filter(|(piece, _)| piece.covers(at));
            let quote = around.min_by_key(|(piece, _)| piece.len()).map(|&(_, n)| n);
            Placed { what, quote }
        })
        .collect()
}

/// The part of `items`, in order of start, that starts in a sentence.
fn starting_in<T>(items: &[Placed<T>], sentence: Span, span: impl Fn(&T) -> Span) -> &[Placed<T>] {
    let from = items.partition_point(|i| span(&i.what).start() < sentence.start());
    let to = items.partition_point(|i| span(&i.what).start() < sentence.end());
    &items[from..to.max(from)]
}

/// One sentence of a document.
struct InSentence<'a> {
    read: &'a Annotated<'a>,
    sentence: Span,
    mentions: &'a [Placed<Mention>],
    /// The sources of quotations, with the quotation's number.
    sources: &'a [Placed<(Span, u32)>],
}

impl InSentence<'_> {
    fn ask(&self, questions: &mut Vec<Question>, warnings: &mut Vec<Warning>) {
        let parties = self.parties();
        let paired = &parties[..parties.len().min(PARTIES_PER_SENTENCE)];
        // Everyone who is not paired would have met each one before.
        let mut left_out: usize = (paired.len()..parties.len()).sum();
        let mut pairs = Vec::new();
        for (i, a) in paired.iter().enumerate() {
            if let Some(question) = self.author_to(a) {
                pairs.push((0, question));
            }
            if let Some(question) = self.absent_speaker_to(a) {
                pairs.push((0, question));
            }
            for b in &paired[i + 1..] {
                if let Some(question) = self.between(a, b) {
                    let apart = a.span.end().max(b.span.start()) - a.span.end();
                    pairs.push((apart, question));
                }
            }
        }
        if pairs.len() > PAIRS_PER_SENTENCE {
            left_out += pairs.len() - PAIRS_PER_SENTENCE;
            pairs.sort_by_key(|(apart, _)| *apart); // stable: then in order of the text
            pairs.truncate(PAIRS_PER_SENTENCE);
        }
        if left_out > 0 {
            warnings.push(Warning::PairsLeftOut {
                sentence: self.sentence,
                count: u32::try_from(left_out).unwrap_or(u32::MAX),
            });
        }
        questions.extend(pairs.into_iter().map(|(_, question)| question));
    }

    /// Each actor once for each quotation it is named in (and once outside of all): by name if it
    /// can be, at its first mention. Sources without a name are parties too.
    fn parties(&self) -> Vec<Party> {
        let mut best: BTreeMap<(ActorId, Option<u32>), Party> = BTreeMap::new();
        for Placed {
            what: mention,
            quote,
        } in self.mentions
        {
            if !self.sentence.covers(mention.span) || !self.may_act(mention) {
                continue;
            }
            let party = Party {
                who: Holder::Actor(mention.actor),
                span: mention.span,
                kind: mention.kind,
                quote: *quote,
            };
            best.entry((mention.actor, party.quote))
                .and_modify(|p| {
                    if party.kind < p.kind {
                        *p = party;
                    }
                })
                .or_insert(party);
        }
        let unnamed = self.sources.iter().filter_map(|source| {
            let (span, of) = source.what;
            (self.quote(of).speaker.is_none() && self.sentence.covers(span)).then_some(Party {
                who: Holder::Unnamed(span),
                span,
                kind: MentionKind::Description,
                quote: source.quote,
            })
        });
        let mut parties: Vec<Party> = best.into_values().chain(unnamed).collect();
        parties.sort_by_key(|p| (p.span, p.actor()));
        parties.dedup_by_key(|p| (p.span, p.who));
        parties
    }

    /// The text's own stance is asked for those it names itself, outside quotations, unless it
    /// only says that they said something.
    fn author_to(&self, party: &Party) -> Option<Question> {
        let target = party.actor()?;
        let mut sources = self.sources.iter().map(|source| source.what.0);
        if party.quote.is_some()
            || party.kind != MentionKind::Name
            || sources.any(|source| source.covers(party.span))
        {
            return None;
        }
        Some(Question {
            words: Words::Text(self.sentence),
            holder: None,
            target: self.relative(party.span),
            forward: Claim {
                holder: Holder::Author,
                target,
            },
            backward: None,
            evidence: self.sentence,
            quote: None,
            sentence: self.sentence,
        })
    }

    /// What two parties of the sentence have to do with each other, each way: both in the same
    /// quotation (or outside of all), or one the speaker of the quotation that names the other.
    fn between(&self, a: &Party, b: &Party) -> Option<Question> {
        if a.who == b.who || a.span.overlaps(b.span) {
            return None;
        }
        let speaks = |speaker: &Party, other: &Party| {
            other.quote.is_some_and(|q| {
                self.quote(q).parent == speaker.quote && self.holder(q) == Some(speaker.who)
            })
        };
        let quote = if a.quote == b.quote {
            a.quote
        } else if speaks(a, b) {
            b.quote
        } else if speaks(b, a) {
            a.quote
        } else {
            return None;
        };
        if quote.is_some_and(|q| self.quote(q).negated) {
            return None;
        }
        let claim = |from: &Party, to: &Party| {
            to.actor().map(|target| Claim {
                holder: from.who,
                target,
            })
        };
        // An unnamed source is no target, so the answer that is asked for has it as holder.
        let ((from, to), forward) = match (claim(a, b), claim(b, a)) {
            (Some(forward), _) => ((a, b), forward),
            (None, Some(forward)) => ((b, a), forward),
            (None, None) => return None,
        };
        Some(Question {
            words: Words::Text(self.sentence),
            holder: Some(self.relative(from.span)),
            target: self.relative(to.span),
            forward,
            backward: claim(to, from),
            evidence: quote
                .and_then(|q| self.said(q, to.span).or_else(|| self.said(q, from.span)))
                .unwrap_or(self.sentence),
            quote,
            sentence: self.sentence,
        })
    }

    /// The stance of a quotation's speaker to someone whom the quotation names, when the speaker
    /// is not named beside it in the sentence.
    fn absent_speaker_to(&self, party: &Party) -> Option<Question> {
        let target = party.actor()?;
        let number = party.quote?;
        let quote = self.quote(number);
        let holder = self.holder(number)?;
        let beside = |span: Span, within| self.sentence.covers(span) && within == quote.parent;
        let present = match holder {
            Holder::Actor(id) => self
                .mentions
                .iter()
                .any(|m| m.what.actor == id && beside(m.what.span, m.quote)),
            Holder::Unnamed(_) => self
                .sources
                .iter()
                .any(|s| s.what.1 == number && beside(s.what.0, s.quote)),
            Holder::Author => true,
        };
        if quote.negated || present || holder == Holder::Actor(target) {
            return None;
        }
        let name = match holder {
            Holder::Actor(id) => self.read.actors.actors.get(id as usize)?.name.as_str(),
            Holder::Unnamed(span) => &self.read.text[span],
            Holder::Author => return None,
        };
        let shown = self.said(number, party.span)?;
        // Only a plain cue can stand between the name and the words.
        let cue = quote
            .cue
            .map(|cue| &self.read.text[cue])
            .filter(|cue| cue.len() <= 24 && !cue.to_lowercase().starts_with("accord"))
            .unwrap_or("said");
        let head = format!("{name} {cue}: “");
        let text = format!("{head}{}”", &self.read.text[shown]);
        let start = u32::try_from(head.len()).ok()?;
        let at = start + party.span.start() - shown.start();
        Some(Question {
            words: Words::Said(text),
            holder: Some(Span::from_range(0..name.len())),
            target: Span::new(at, at + party.span.len()),
            forward: Claim { holder, target },
            backward: None,
            evidence: shown,
            quote: Some(number),
            sentence: self.sentence,
        })
    }

    /// Whose words a quotation is.
    fn holder(&self, quote: u32) -> Option<Holder> {
        let quote = self.quote(quote);
        quote
            .speaker
            .map(Holder::Actor)
            .or(quote.source.map(Holder::Unnamed))
    }

    fn quote(&self, number: u32) -> &Quote {
        &self.read.quotes[number as usize]
    }

    /// The part of a quotation's content that names `party`, as far as it stands in the sentence.
    fn said(&self, quote: u32, party: Span) -> Option<Span> {
        let mut pieces = self.quote(quote).content.iter();
        let piece = pieces.find(|piece| piece.covers(party))?;
        let start = piece.start().max(self.sentence.start());
        let end = piece.end().min(self.sentence.end());
        Some(Span::new(start, end.max(start)).trimmed(self.read.text))
    }

    fn relative(&self, span: Span) -> Span {
        let start = self.sentence.start();
        Span::new(span.start() - start, span.end() - start)
    }

    /// Whether what is mentioned can take a stance or be taken one to: people, organizations and
    /// groups can; a place can where it stands for those who live there or govern it.
    fn may_act(&self, mention: &Mention) -> bool {
        match self.kind(mention.actor) {
            Some(EntityKind::Person | EntityKind::Organization | EntityKind::Norp) => true,
            Some(EntityKind::Location | EntityKind::Facility) => !self.is_mere_place(mention.span),
            _ => false,
        }
    }

    fn kind(&self, actor: ActorId) -> Option<EntityKind> {
        let actors = &self.read.actors.actors;
        actors.get(actor as usize).map(|actor| actor.kind)
    }

    /// Whether a place is only where something is: after "in" or "to" or a verb of motion, at the
    /// end of a list of places, or as a dateline.
    fn is_mere_place(&self, place: Span) -> bool {
        let tokens = self.read.tokens;
        let at = tokens.partition_point(|t| t.span.start() < place.start());
        let after = tokens.partition_point(|t| t.span.start() < place.end());
        let word = |i: usize| tokens.get(i).map(|t| &self.read.text[t.span]);
        let starts = at == 0 || tokens[at - 1].span.start() < self.sentence.start();
        if starts {
            return matches!(word(after), Some("(" | "-" | "–" | "—" | "--" | ":"));
        }
        let before = word(at - 1).unwrap_or_default().to_lowercase();
        let before = if before == "the" && at > 1 {
            word(at - 2).unwrap_or_default().to_lowercase()
        } else {
            before
        };
        if before == "," || before == "(" {
            let end = tokens[at - 1].span.start();
            return self.mentions.iter().any(|m| {
                let kind = self.kind(m.what.actor);
                m.what.span.end() == end
                    && matches!(kind, Some(EntityKind::Location | EntityKind::Facility))
            });
        }
        WHERE.contains(&before.as_str())
    }
}

/// Words after which a place is only a place.
#[rustfmt::skip]
const WHERE: [&str; 41] = [
    "in", "at", "to", "from", "of", "near", "into", "onto", "across", "through", "throughout",
    "around", "outside", "inside", "within", "toward", "towards", "via", "off", "along", "beyond",
    "above", "below", "beneath", "leave", "leaves", "leaving", "left", "flee", "flees", "fleeing",
    "fled", "enter", "enters", "entering", "entered", "visit", "visiting", "visited", "reached",
    "toured",
];

#[cfg(test)]
mod tests {
    use standpoint_core::{Actor, QuoteKind, SourceKind, SpeechAct, TokenKind};

    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        text: String,
        why: String,
        kinds: Vec<String>,
        mentions: Vec<(String, ActorId)>,
        #[serde(default)]
        pronouns: Vec<String>,
        #[serde(default)]
        quotes: Vec<Quoted>,
        asked: Vec<String>,
    }

    #[derive(serde::Deserialize)]
    struct Quoted {
        content: Vec<String>,
        cue: String,
        source: String,
        speaker: Option<ActorId>,
        parent: Option<u32>,
        #[serde(default)]
        negated: bool,
    }

    /// Where `words` stand in `text` at or after `from`.
    fn find(text: &str, words: &str, from: usize) -> Span {
        let at = text[from..].find(words).map(|at| from + at);
        let start = at.unwrap_or_else(|| panic!("`{words}` is not in `{text}`"));
        Span::from_range(start..start + words.len())
    }

    fn sentences(text: &str) -> Vec<Sentence> {
        let mut at = 0;
        text.split_inclusive('\n')
            .map(|part| {
                let span = Span::from_range(at..at + part.len());
                at += part.len();
                Sentence {
                    span,
                    nested: false,
                }
            })
            .collect()
    }

    /// Runs of letters, and every other visible character.
    fn tokens(text: &str) -> Vec<Token> {
        let mut tokens: Vec<Token> = Vec::new();
        let mut in_word = false;
        for (at, c) in text.char_indices() {
            let here = Span::from_range(at..at + c.len_utf8());
            let joins = in_word && c.is_alphanumeric();
            match tokens.last_mut() {
                Some(last) if joins => last.span = last.span.join(here),
                _ if c.is_whitespace() => {}
                _ => tokens.push(Token {
                    span: here,
                    kind: TokenKind::Word,
                }),
            }
            in_word = c.is_alphanumeric();
        }
        tokens
    }

    impl Case {
        fn actors(&self) -> Actors {
            let mut at = 0;
            let mentions: Vec<Mention> = self
                .mentions
                .iter()
                .map(|(words, actor)| {
                    let span = find(&self.text, words, at);
                    at = span.range().start;
                    // A name inside the one before may start where it starts.
                    if !self.text[span].contains(' ') {
                        at += 1;
                    }
                    let kind = if self.pronouns.contains(words) {
                        MentionKind::Pronoun
                    } else {
                        MentionKind::Name
                    };
                    Mention {
                        span,
                        actor: *actor,
                        kind,
                    }
                })
                .collect();
            let name = |id| self.mentions.iter().find(|(_, actor)| *actor == id);
            let actors = (0..).zip(&self.kinds).map(|(id, kind)| Actor {
                id,
                name: name(id).map(|(words, _)| words.clone()).unwrap_or_default(),
                kind: kind.parse().expect("a kind"),
                aliases: Vec::new(),
            });
            Actors {
                actors: actors.collect(),
                mentions,
            }
        }

        fn quotes(&self) -> Vec<Quote> {
            let quote = |quoted: &Quoted| Quote {
                kind: QuoteKind::Direct,
                content: quoted
                    .content
                    .iter()
                    .map(|c| find(&self.text, c, 0))
                    .collect(),
                cue: Some(find(&self.text, &quoted.cue, 0)),
                source: Some(find(&self.text, &quoted.source, 0)),
                source_kind: SourceKind::Named,
                speaker: quoted.speaker,
                act: SpeechAct::Say,
                negated: quoted.negated,
                hedged: false,
                parent: quoted.parent,
                score: 1.0,
            };
            self.quotes.iter().map(quote).collect()
        }

        fn rendered(&self, question: &Question) -> String {
            let words = match &question.words {
                Words::Text(span) => &self.text[*span],
                Words::Said(words) => words,
            };
            let holder = question.holder.map_or("author", |span| &words[span]);
            let target = &words[question.target];
            let arrow = if question.backward.is_some() {
                "<>"
            } else {
                ">"
            };
            let evidence = &self.text[question.evidence];
            let mut line = format!("{holder} {arrow} {target} | {evidence}");
            if let Words::Said(words) = &question.words {
                line += &format!(" | {words}");
            }
            line
        }
    }

    #[test]
    fn what_is_asked() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/questions.jsonl");
        for case in standpoint_testkit::jsonl::<Case>(path) {
            let (actors, quotes) = (case.actors(), case.quotes());
            let read = Annotated {
                text: &case.text,
                sentences: &sentences(&case.text),
                tokens: &tokens(&case.text),
                actors: &actors,
                quotes: &quotes,
            };
            let (questions, warnings) = questions(&read);
            let asked: Vec<String> = questions.iter().map(|q| case.rendered(q)).collect();
            assert_eq!(asked, case.asked, "{}", case.why);
            assert_eq!(warnings, [], "{}", case.why);
        }
    }

    #[test]
    fn a_sentence_of_many_names_is_cut_with_a_warning() {
        let text = "Ana, ".repeat(40);
        let mentions = (0u32..40).map(|i| Mention {
            span: Span::new(5 * i, 5 * i + 3),
            actor: i,
            kind: MentionKind::Name,
        });
        let actor = |id| Actor {
            id,
            name: format!("Ana {id}"),
            kind: EntityKind::Person,
            aliases: Vec::new(),
        };
        let actors = Actors {
            actors: (0..40).map(actor).collect(),
            mentions: mentions.collect(),
        };
        let read = Annotated {
            text: &text,
            sentences: &sentences(&text),
            tokens: &tokens(&text),
            actors: &actors,
            quotes: &[],
        };
        let (questions, warnings) = questions(&read);
        assert_eq!(questions.len(), PAIRS_PER_SENTENCE);
        let asked = |q: &Question| q.target.start() - q.holder.map_or(q.target, |h| h).start();
        assert!(questions.iter().all(|q| asked(q) <= 5), "the nearest first");
        // 32 authors' and 32 * 31 / 2 pairs, of which 24 are asked; each of 8 more with all before.
        let count = 32 + 32 * 31 / 2 - 24 + (32..40).sum::<u32>();
        let sentence = Span::from_range(0..text.trim().len());
        assert_eq!(warnings, [Warning::PairsLeftOut { sentence, count }]);
    }
}
