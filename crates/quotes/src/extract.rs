//! From attributions to quotations with speakers.

use standpoint_actors::{Reference, Resolver, Scene};
use standpoint_core::{
    ActorId, Actors, Entity, Mention, Quote, QuoteKind, Sentence, SourceKind, Span, Token, Warning,
    tokens_in,
};

use crate::cues::{hedges, negates, speech_act};
use crate::found::Attribution;
use crate::marks::{Marked, pair};
use crate::merge::merge;
use crate::rules::{View, find};

/// What [`extract`] gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quotations {
    /// The quotations, in order of their content's start; an outer one before those in it.
    pub quotes: Vec<Quote>,
    /// The actors, with the mentions that sources add.
    pub actors: Actors,
    /// Marks that are never closed, and quotations in marks whose speaker is not known.
    pub warnings: Vec<Warning>,
}

/// Finds the quotations of a document and who speaks in them.
///
/// With the attributions of a [`Tagger`](crate::Tagger) in `tagged` those count for reported
/// speech and for who said it, and the quotation marks for where direct speech starts and ends;
/// without (`None`) all is found by rules.
///
/// `sentences`, `tokens`, `entities` and `actors` are those of `text`; any text gives a result.
#[must_use]
pub fn extract(
    text: &str,
    sentences: &[Sentence],
    tokens: &[Token],
    entities: &[Entity],
    actors: &Actors,
    tagged: Option<&[Attribution]>,
) -> Quotations {
    let (marked, mut warnings) = pair(text);
    let view = View::new(text, sentences, tokens, entities, &marked);
    let by_rules = find(&view, tagged.is_none());
    let mut found = match tagged {
        Some(tagged) => merge(&view, tagged, by_rules),
        None => by_rules,
    };
    found.retain_mut(|a| tidy(text, a));
    found.sort_by_key(|a| (a.content[0].start(), std::cmp::Reverse(extent(a).end())));
    found.dedup_by(|a, b| a.content == b.content && (a.cue == b.cue || a.cue.is_none()));

    let roots: Vec<Span> = marked
        .iter()
        .filter(|m| m.parent.is_none())
        .map(|m| m.inside)
        .collect();
    let resolver = Resolver::new(text, sentences, tokens, entities, actors, &roots);
    let parents = parents(&found);
    let mut speaker = Speakers {
        text,
        tokens,
        resolver: &resolver,
        mentions: Vec::new(),
        last: None,
        sentences,
    };
    let mut quotes: Vec<Quote> = Vec::with_capacity(found.len());
    for (i, attribution) in found.iter().enumerate() {
        let parent = parents[i];
        let outer = parent.and_then(|p| quotes[p].speaker);
        let kind = kind(attribution, &marked);
        let reference = speaker.of(attribution, kind, parent.is_some(), outer);
        let cue = attribution.cue.map_or(&[][..], |c| tokens_in(tokens, c));
        let words: Vec<&str> = cue.iter().map(|t| &text[t.span]).collect();
        let before = cue
            .first()
            .map_or(&[][..], |first| words_before(tokens, first.span.start()));
        let near = || {
            before
                .iter()
                .map(|t| &text[t.span])
                .chain(words.iter().copied())
        };
        quotes.push(Quote {
            kind,
            content: attribution.content.clone(),
            cue: attribution.cue,
            source: attribution.source,
            source_kind: reference.kind,
            speaker: reference.actor,
            act: speech_act(&words),
            negated: near().any(negates),
            hedged: near().any(hedges),
            parent: parent.and_then(|p| u32::try_from(p).ok()),
            score: attribution.score,
        });
    }
    for quote in &quotes {
        if quote.kind == QuoteKind::Direct && quote.source.is_none() && quote.speaker.is_none() {
            warnings.push(Warning::NoSpeaker(quote.extent()));
        }
    }
    warnings.sort_by_key(|w| w.span().start());
    let mut actors = actors.clone();
    for mention in speaker.mentions {
        if actors.at(mention.span).is_none() {
            let at = actors
                .mentions
                .partition_point(|m| m.span.start() <= mention.span.start());
            actors.mentions.insert(at, mention);
        }
    }
    Quotations {
        quotes,
        actors,
        warnings,
    }
}

/// Up to two words before a cue that may negate or hedge it: "did not | say".
fn words_before(tokens: &[Token], at: u32) -> &[Token] {
    let end = tokens.partition_point(|t| t.span.start() < at);
    &tokens[end.saturating_sub(2)..end]
}

/// Makes spans visible, ascending and apart; `false` if no content is left.
fn tidy(text: &str, attribution: &mut Attribution) -> bool {
    let visible = |span: &mut Span| {
        *span = span.trimmed(text);
        !span.is_empty()
    };
    attribution.content.retain_mut(visible);
    attribution.content.sort_unstable();
    attribution.content.dedup_by(|b, a| {
        let overlaps = a.overlaps(*b);
        if overlaps {
            *a = a.join(*b);
        }
        overlaps
    });
    attribution.source = attribution.source.filter(|s| !s.trimmed(text).is_empty());
    attribution.cue = attribution.cue.filter(|s| !s.trimmed(text).is_empty());
    !attribution.content.is_empty()
}

fn extent(attribution: &Attribution) -> Span {
    let content = &attribution.content;
    content[0].join(content[content.len() - 1])
}

/// For each attribution the smallest one before it in whose content its content and cue stand.
fn parents(found: &[Attribution]) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut parents = Vec::with_capacity(found.len());
    for (i, attribution) in found.iter().enumerate() {
        let start = attribution.content[0].start();
        open.retain(|&o| extent(&found[o]).end() > start);
        let inside = |outer: &Attribution| {
            let holds = |span: Span| outer.content.iter().any(|c| c.covers(span));
            attribution.content.iter().all(|&c| holds(c))
                && attribution.cue.is_none_or(holds)
                && attribution.content != outer.content
        };
        parents.push(open.iter().rev().copied().find(|&o| inside(&found[o])));
        open.push(i);
        // Many open at once would be odd text; the nearest ones are kept.
        if open.len() > 32 {
            open.remove(0);
        }
    }
    parents
}

/// Direct where all content stands between marks, mixed where some does.
fn kind(attribution: &Attribution, marked: &[Marked]) -> QuoteKind {
    let mut direct = true;
    let mut any = false;
    for content in &attribution.content {
        let at = marked.partition_point(|m| m.open.start() < content.end());
        let near = &marked[at.saturating_sub(64)..at];
        direct &= near.iter().any(|m| m.inside == *content);
        any |= near.iter().any(|m| m.outside().overlaps(*content));
    }
    match (direct, any) {
        (true, _) => QuoteKind::Direct,
        (false, true) => QuoteKind::Mixed,
        (false, false) => QuoteKind::Indirect,
    }
}

/// Who spoke, as the document goes on.
struct Speakers<'a> {
    text: &'a str,
    tokens: &'a [Token],
    resolver: &'a Resolver<'a>,
    sentences: &'a [Sentence],
    mentions: Vec<Mention>,
    last: Option<Last>,
}

#[derive(Clone, Copy)]
struct Last {
    speaker: Option<ActorId>,
    /// Where the quotation and the words about it end.
    end: u32,
    /// Where its source stands.
    source: u32,
    direct: bool,
}

impl Speakers<'_> {
    fn of(
        &mut self,
        attribution: &Attribution,
        kind: QuoteKind,
        nested: bool,
        outer: Option<ActorId>,
    ) -> Reference {
        let extent = extent(attribution);
        let reference = match attribution.source {
            Some(source) => {
                let scene = Scene {
                    last: self.last.and_then(|l| Some((l.speaker?, l.source))),
                    outer,
                    content: Some(extent),
                };
                self.resolver.refer(source, &scene)
            }
            None => Reference {
                actor: if nested {
                    None
                } else {
                    self.goes_on(attribution, kind)
                },
                kind: SourceKind::Absent,
                mention: standpoint_core::MentionKind::Description,
            },
        };
        if let (Some(actor), Some(source)) = (reference.actor, attribution.source) {
            self.mentions.push(Mention {
                span: source,
                actor,
                kind: reference.mention,
            });
        }
        if !nested {
            let end = [attribution.source, attribution.cue]
                .into_iter()
                .flatten()
                .map(Span::end)
                .fold(extent.end(), u32::max);
            self.last = Some(Last {
                speaker: reference.actor,
                end,
                source: attribution
                    .source
                    .or(attribution.cue)
                    .map_or(extent.start(), Span::start),
                direct: kind == QuoteKind::Direct,
            });
        }
        reference
    }

    /// A quotation without a source goes on with the last speaker if it follows directly: nothing
    /// but the end of that sentence stands between.
    fn goes_on(&self, attribution: &Attribution, kind: QuoteKind) -> Option<ActorId> {
        let last = self.last?;
        let start = attribution.content[0].start();
        if attribution.cue.is_some() {
            // "…, adding that": the same sentence, or the next.
            let from = self.sentence(last.end);
            let to = self.sentence(start);
            return (to <= from + 1).then_some(last.speaker).flatten();
        }
        if kind != QuoteKind::Direct
            || !last.direct && self.sentence(start) > self.sentence(last.end) + 1
        {
            return None;
        }
        if start < last.end {
            return last.speaker;
        }
        let words = tokens_in(self.tokens, Span::new(last.end, start))
            .iter()
            .filter(|t| self.text[t.span].contains(char::is_alphanumeric))
            .count();
        (words <= 8).then_some(last.speaker).flatten()
    }

    fn sentence(&self, at: u32) -> usize {
        self.sentences.partition_point(|s| s.span.end() <= at)
    }
}
