//! Attributions by rules: quotation marks and reporting verbs, without a model.

use std::ops::Range;

use standpoint_core::{Entity, Sentence, Span, Token, TokenKind};

use crate::cues::{is_bare, is_cue};
use crate::found::Attribution;
use crate::marks::Marked;

/// How sure the rules are of their attributions, by sort; set by hand, not measured.
const SURE: f32 = 0.9;
const QUOTED_ALONE: f32 = 0.6;
const REPORTED: f32 = 0.7;

/// Words that a source is looked for in, to either side of a cue.
const REACH: usize = 30;

/// A document as the rules see it.
pub(crate) struct View<'a> {
    pub(crate) text: &'a str,
    pub(crate) tokens: &'a [Token],
    pub(crate) entities: &'a [Entity],
    pub(crate) marked: &'a [Marked],
    /// For each token its sentence.
    sentence: Vec<u32>,
    /// For each token the outermost marked part that it stands in, without the marks.
    quote: Vec<Option<u32>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(
        text: &'a str,
        sentences: &[Sentence],
        tokens: &'a [Token],
        entities: &'a [Entity],
        marked: &'a [Marked],
    ) -> Self {
        let mut sentence = Vec::with_capacity(tokens.len());
        let mut at = 0;
        for token in tokens {
            while at + 1 < sentences.len() && sentences[at].span.end() <= token.span.start() {
                at += 1;
            }
            sentence.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        let mut quote = vec![None; tokens.len()];
        for (i, part) in marked
            .iter()
            .enumerate()
            .filter(|(_, m)| m.parent.is_none())
        {
            let from = tokens.partition_point(|t| t.span.start() < part.inside.start());
            let to = tokens.partition_point(|t| t.span.start() < part.inside.end());
            for slot in &mut quote[from..to.max(from)] {
                *slot = u32::try_from(i).ok();
            }
        }
        Self {
            text,
            tokens,
            entities,
            marked,
            sentence,
            quote,
        }
    }

    pub(crate) fn word(&self, i: usize) -> &'a str {
        &self.text[self.tokens[i].span]
    }

    pub(crate) fn lower(&self, i: usize) -> String {
        self.word(i).to_lowercase()
    }

    /// The first token that starts at or after a byte.
    pub(crate) fn at(&self, byte: u32) -> usize {
        self.tokens.partition_point(|t| t.span.start() < byte)
    }

    pub(crate) fn span(&self, range: &Range<usize>) -> Span {
        self.tokens[range.start]
            .span
            .join(self.tokens[range.end - 1].span)
    }

    fn same_sentence(&self, a: usize, b: usize) -> bool {
        self.sentence[a] == self.sentence[b]
    }

    fn paragraph_between(&self, a: u32, b: u32) -> bool {
        a < b && self.text[Span::new(a, b)].contains('\n')
    }

    fn is_mark(&self, i: usize) -> bool {
        let start = self.tokens[i].span.start();
        let at = self.marked.partition_point(|m| m.open.end() <= start);
        self.marked.get(at).is_some_and(|m| m.open.contains(start)) || self.closes(start)
    }

    fn closes(&self, start: u32) -> bool {
        let at = self.marked.partition_point(|m| m.open.start() <= start);
        self.marked[..at]
            .iter()
            .rev()
            .take(4)
            .any(|m| m.close.is_some_and(|c| c.contains(start)))
    }

    /// Whether the verb of a cue stands here, outside quotations.
    fn cue_at(&self, i: usize) -> bool {
        self.quote[i].is_none()
            && self.tokens[i].kind == TokenKind::Word
            && self.word(i).starts_with(char::is_lowercase)
            && is_cue(self.word(i))
            && !self.is_noun_here(i)
            && !self.gives_name(i)
    }

    /// "an activist named Mao Vibol" says who, not what.
    fn gives_name(&self, i: usize) -> bool {
        matches!(self.word(i), "named" | "called" | "dubbed" | "identified")
            && self
                .tokens
                .get(i + 1)
                .is_some_and(|_| self.word(i + 1).starts_with(char::is_uppercase))
    }

    /// A form that is as often a noun ("the report", "his demand") is one behind a determiner, a
    /// possessive or an adjective-like word; "to say" is no report.
    fn is_noun_here(&self, i: usize) -> bool {
        let Some(before) = i.checked_sub(1) else {
            return false;
        };
        let word = self.word(i);
        let lower = self.lower(before);
        let finite = word.ends_with("ed") || matches!(word, "said" | "told" | "wrote" | "says");
        matches!(
            lower.as_str(),
            "to" | "a"
                | "an"
                | "the"
                | "his"
                | "her"
                | "their"
                | "its"
                | "this"
                | "that"
                | "of"
                | "no"
                | "for"
                | "in"
                | "on"
                | "by"
                | "from"
                | "with"
                | "my"
                | "our"
                | "your"
                | "these"
                | "those"
                | "'s"
                | "’s"
        ) && !(finite && lower == "that")
    }
}

/// Where a clause such as "Hun Sen said" stands.
#[derive(Clone, Debug)]
struct Clause {
    source: Option<Range<usize>>,
    cue: Range<usize>,
    /// The token after it.
    end: usize,
}

/// All that the rules find, in no order. Without `reported` only quotations in marks.
pub(crate) fn find(view: &View<'_>, reported: bool) -> Vec<Attribution> {
    let mut found = Vec::new();
    let mut used = vec![false; view.tokens.len()];
    quoted(view, &mut found, &mut used);
    if reported {
        self::reported(view, &mut found, &mut used);
    }
    found
}

/// Whether what stands in marks is a quotation: not a title, a nickname or words held at arm's
/// length. It has at least four words and ends as a clause ends, or a verb of saying stands beside.
pub(crate) fn is_sentence_like(view: &View<'_>, part: &Marked) -> bool {
    let inside = &view.text[part.inside];
    let words = inside.split_whitespace().count();
    let ends = inside.ends_with(['.', ',', '?', '!', '…', ';', '-', '—', '–', '’', '\'']);
    let capitals = inside
        .split_whitespace()
        .filter(|w| w.starts_with(char::is_uppercase) || w.len() <= 3)
        .count();
    let starts = inside.starts_with(|c: char| c.is_uppercase() || !c.is_alphanumeric());
    let titled = words >= 2 && capitals == words && !inside.ends_with(['.', '?', '!']);
    words >= 4 && (ends || words >= 12) && !titled && (starts || ends)
        || words >= 2 && starts && ends && !titled
}

/// Quotations in marks.
fn quoted(view: &View<'_>, found: &mut Vec<Attribution>, used: &mut [bool]) {
    let roots: Vec<usize> = (0..view.marked.len())
        .filter(|&i| view.marked[i].parent.is_none())
        .collect();
    // For each part the attribution that has it.
    let mut whose: Vec<Option<usize>> = vec![None; view.marked.len()];
    for (n, &i) in roots.iter().enumerate() {
        let part = view.marked[i];
        if let Some(attribution) = part.continues.and_then(|p| whose[p]) {
            found[attribution].content.push(part.inside);
            whose[i] = Some(attribution);
            // The speaker may be named only where the last paragraph ends.
            if found[attribution].cue.is_none()
                && let Some(clause) = after(view, &part)
            {
                take(view, &mut found[attribution], &clause, used);
            }
            continue;
        }
        let previous = n.checked_sub(1).map(|p| roots[p]);
        let sentence_like = is_sentence_like(view, &part);
        let clause = after(view, &part).or_else(|| before(view, &part));
        match clause {
            Some(clause) => {
                // The same clause serves both halves of «“A,” he said, “b.”».
                let split = previous
                    .and_then(|p| whose[p])
                    .filter(|&a| found[a].cue == Some(view.span(&clause.cue)));
                if let Some(attribution) = split {
                    found[attribution].content.push(part.inside);
                    whose[i] = Some(attribution);
                    continue;
                }
                if !sentence_like && !adjacent(view, &part, &clause) {
                    continue;
                }
                let mut attribution = Attribution {
                    source: None,
                    cue: None,
                    content: vec![part.inside],
                    score: SURE,
                };
                take(view, &mut attribution, &clause, used);
                found.push(attribution);
                whose[i] = Some(found.len() - 1);
            }
            None if sentence_like => {
                // «“A,” he said. “B.”»: one quotation, if nothing else stands between.
                let joined = previous
                    .and_then(|p| whose[p].map(|a| (p, a)))
                    .filter(|&(p, a)| {
                        let last = view.marked[p].outside().end();
                        !view.paragraph_between(last, part.open.start())
                            && follows_clause(view, &found[a], last, part.open.start())
                    });
                if let Some((_, attribution)) = joined {
                    found[attribution].content.push(part.inside);
                    whose[i] = Some(attribution);
                } else {
                    found.push(Attribution {
                        source: None,
                        cue: None,
                        content: vec![part.inside],
                        score: QUOTED_ALONE,
                    });
                    whose[i] = Some(found.len() - 1);
                }
            }
            None => {}
        }
    }
}

fn take(view: &View<'_>, attribution: &mut Attribution, clause: &Clause, used: &mut [bool]) {
    attribution.cue = Some(view.span(&clause.cue));
    attribution.source = clause.source.as_ref().map(|s| view.span(s));
    for slot in &mut used[clause.cue.clone()] {
        *slot = true;
    }
}

/// Whether the cue touches the marks, but for a comma, colon or "that".
fn adjacent(view: &View<'_>, part: &Marked, clause: &Clause) -> bool {
    let open = view.at(part.open.start());
    let close = view.at(part.outside().end());
    let from = clause.end.min(open);
    (clause.end <= open
        && open - from <= 2
        && (from..open).all(|i| matches!(view.word(i), "," | ":" | "that")))
        || clause.cue.start >= close && {
            let inside = &view.text[part.inside];
            inside.ends_with([',', '?', '!'])
                || view
                    .tokens
                    .get(close)
                    .is_some_and(|_| view.word(close) == ",")
        }
}

/// Whether between two quotations there is only the clause of the first.
fn follows_clause(view: &View<'_>, first: &Attribution, from: u32, to: u32) -> bool {
    let (Some(cue), Some(source)) = (first.cue, first.source) else {
        return false;
    };
    let clause = cue.join(source);
    clause.start() >= from
        && clause.end() <= to
        && view.text[Span::new(clause.end(), to)]
            .split_whitespace()
            .count()
            <= 8
        && view.text[Span::new(from, clause.start())]
            .split_whitespace()
            .count()
            <= 1
}

/// «“…,” Hun Sen said», «“…,” said Hun Sen», «“…,” according to Hun Sen».
fn after(view: &View<'_>, part: &Marked) -> Option<Clause> {
    part.close?;
    let close = view.at(part.outside().end());
    let inside = &view.text[part.inside];
    let first = view.tokens.get(close)?;
    if view.paragraph_between(part.outside().end(), first.span.start()) {
        return None;
    }
    let mut at = close;
    if matches!(view.word(at), "," | "—" | "–" | "--" | "-") {
        at += 1;
    } else if !inside.ends_with([',', '?', '!', '—', '–', '-', '…', '’', '\''])
        && !inside.ends_with("...")
    {
        return None;
    }
    clause_from(view, at)
}

/// A clause that names a speaker and starts at a token.
fn clause_from(view: &View<'_>, at: usize) -> Option<Clause> {
    view.tokens.get(at)?;
    if view.lower(at) == "according"
        && view
            .tokens
            .get(at + 1)
            .is_some_and(|_| view.lower(at + 1) == "to")
    {
        let source = noun_phrase_from(view, at + 2, false)?;
        return Some(Clause {
            end: source.end,
            cue: at..at + 2,
            source: Some(source),
        });
    }
    if view.cue_at(at) {
        let source = noun_phrase_from(view, at + 1, false);
        return Some(Clause {
            end: source.as_ref().map_or(at + 1, |s| s.end),
            cue: at..at + 1,
            source,
        });
    }
    for i in at..(at + REACH).min(view.tokens.len()) {
        if i > at
            && view.paragraph_between(view.tokens[i - 1].span.end(), view.tokens[i].span.start())
        {
            return None;
        }
        if view.quote[i].is_some()
            || view.is_mark(i)
            || matches!(view.word(i), "." | ";" | ":" | "?" | "!")
        {
            return None;
        }
        if i > at && view.cue_at(i) {
            let source = subject(view, at..i)?;
            return Some(Clause {
                cue: auxiliaries(view, source.end, i)..i + 1,
                end: i + 1,
                source: Some(source),
            });
        }
    }
    None
}

/// «Hun Sen said: “…”», «Hun Sen told RFA that “…”», «According to Hun Sen, “…”».
fn before(view: &View<'_>, part: &Marked) -> Option<Clause> {
    let open = view.at(part.open.start());
    let last = open.checked_sub(1)?;
    let lead = matches!(view.word(last), "," | ":" | "that") || view.cue_at(last);
    if view.paragraph_between(view.tokens[last].span.end(), part.open.start()) {
        return None;
    }
    for i in (0..open).rev().take(12) {
        if i < last
            && view.paragraph_between(view.tokens[i].span.end(), view.tokens[i + 1].span.start())
        {
            return None;
        }
        if view.quote[i].is_some()
            || view.is_mark(i)
            || matches!(view.word(i), "." | ";" | "?" | "!")
        {
            return None;
        }
        if view.lower(i) == "according" && i + 2 < open && view.lower(i + 1) == "to" {
            let source = noun_phrase_from(view, i + 2, true)?;
            return (source.end <= open).then_some(Clause {
                end: source.end,
                cue: i..i + 2,
                source: Some(source),
            });
        }
        if view.cue_at(i) && (lead || open - i <= 2) {
            let source = subject_before(view, i);
            let cue = source.as_ref().map_or(i, |s| auxiliaries(view, s.end, i));
            return Some(Clause {
                source,
                cue: cue..i + 1,
                end: i + 1,
            });
        }
    }
    None
}

/// Reported speech without marks, sentence by sentence.
fn reported(view: &View<'_>, found: &mut Vec<Attribution>, used: &mut [bool]) {
    let mut start = 0;
    while start < view.tokens.len() {
        let mut end = start + 1;
        while end < view.tokens.len() && view.same_sentence(start, end) {
            end += 1;
        }
        sentence(view, start..end, found, used);
        start = end;
    }
}

fn sentence(view: &View<'_>, all: Range<usize>, found: &mut Vec<Attribution>, used: &mut [bool]) {
    // The final stop is no content.
    let mut end = all.end;
    while end > all.start && matches!(view.word(end - 1), "." | "!" | "?") {
        end -= 1;
    }
    let mut last_source: Option<Range<usize>> = None;
    let mut open: Option<usize> = None;
    let mut i = all.start;
    while i < end {
        let here = i;
        i += 1;
        if used[here] || view.quote[here].is_some() {
            continue;
        }
        if view.lower(here) == "according" && here + 2 < end && view.lower(here + 1) == "to" {
            let Some(source) = noun_phrase_from(view, here + 2, here <= all.start + 1) else {
                continue;
            };
            let content = if here <= all.start + 1 {
                let from =
                    source.end + usize::from(source.end < end && view.word(source.end) == ",");
                from..end
            } else {
                all.start..here - usize::from(view.word(here - 1) == ",")
            };
            i = source.end.max(i);
            push(view, found, content, Some(source), here..here + 2);
            continue;
        }
        if !view.cue_at(here) {
            continue;
        }
        let source = subject_before(view, here);
        let participle = view.word(here).ends_with("ing");
        let elided = source.is_none();
        let Some(source) = source.or_else(|| last_source.clone()) else {
            continue;
        };
        let cue = if elided {
            here
        } else {
            auxiliaries(view, source.end, here)
        };
        // «…, Hun Sen said.»
        let rest = end - here - 1;
        if !elided
            && rest <= 4
            && source.start > all.start + 2
            && view.word(source.start - 1) == ","
            && (here + 1..end).all(|k| view.lower(k) != "that")
        {
            let content = all.start..source.start - 1;
            // The quotation in marks at its end has the clause already.
            if view.quote[content.end - 1].is_none() {
                push(view, found, content, Some(source), cue..here + 1);
            }
            continue;
        }
        let Some(from) = content_start(view, here, end) else {
            continue;
        };
        // A second report in the sentence ends the content of the first: «and suggested that».
        if let Some(first) = open
            && (elided || participle)
        {
            let cut = view.tokens[if here > all.start
                && matches!(view.word(here - 1), "and" | "but" | ",")
            {
                here - 1
            } else {
                here
            }]
            .span
            .start();
            let content = &mut found[first].content[0];
            if content.start() < cut && cut < content.end() {
                *content = Span::new(content.start(), cut).trimmed(view.text);
                let kept = view.text[*content].trim_end_matches(',').len();
                *content = Span::from_range(content.range().start..content.range().start + kept);
            }
        }
        last_source = Some(source.clone());
        if push(view, found, from..end, Some(source), cue..here + 1) {
            open = Some(found.len() - 1);
        }
        i = from.max(i);
    }
}

fn push(
    view: &View<'_>,
    found: &mut Vec<Attribution>,
    content: Range<usize>,
    source: Option<Range<usize>>,
    cue: Range<usize>,
) -> bool {
    if content.len() < 2 {
        return false;
    }
    let content = view.span(&content);
    // What stands in marks from end to end is found by its marks.
    if view.marked.iter().any(|m| m.outside() == content) {
        return false;
    }
    found.push(Attribution {
        source: source.map(|s| view.span(&s)),
        cue: Some(view.span(&cue)),
        content: vec![content],
        score: REPORTED,
    });
    true
}

/// Where the content behind a cue starts: at "that", "whether", "if", "how"; behind whom it was
/// told to; or, for verbs that do without, at the next word.
fn content_start(view: &View<'_>, cue: usize, end: usize) -> Option<usize> {
    let opens = |i: usize| {
        matches!(
            view.lower(i).as_str(),
            "that" | "whether" | "if" | "how" | "why" | "what" | "when" | "where" | "who"
        )
    };
    let next = cue + 1;
    if next + 1 >= end {
        return None;
    }
    for i in next..(next + 8).min(end) {
        if view.quote[i].is_some() || matches!(view.word(i), "," | ":" | ";" | "—") {
            break;
        }
        if opens(i) && (i == next || view.lower(i) == "that") {
            return Some(i);
        }
    }
    let told = crate::cues::lemma(&view.lower(cue)) == Some("tell");
    if told {
        // «told RFA the vote was»: the content follows the name.
        let entity = view
            .entities
            .partition_point(|e| e.span.start() < view.tokens[next].span.start());
        let entity = view.entities.get(entity)?;
        return (entity.span.start() == view.tokens[next].span.start())
            .then(|| view.at(entity.span.end()))
            .filter(|&i| i + 1 < end && view.tokens[i].kind == TokenKind::Word);
    }
    let bare = is_bare(&view.lower(cue))
        && view.tokens[next].kind != TokenKind::Punctuation
        && !is_preposition(&view.lower(next))
        && !matches!(
            view.lower(next).as_str(),
            "and" | "but" | "or" | "so" | "earlier" | "later"
        );
    bare.then_some(next)
}

/// The subject in tokens `all`, whose end is a verb: without auxiliaries, adverbs and what opens
/// the clause.
fn subject(view: &View<'_>, all: Range<usize>) -> Option<Range<usize>> {
    let mut end = all.end;
    while end > all.start && is_auxiliary(&view.lower(end - 1)) {
        end -= 1;
    }
    let mut start = all.start;
    while start < end
        && matches!(
            view.lower(start).as_str(),
            "but" | "and" | "," | "as" | "then" | "meanwhile" | "however" | "yet" | "so"
        )
    {
        start += 1;
    }
    while end > start && view.word(end - 1) == "," {
        end -= 1;
    }
    (start < end && opens_noun_phrase(view, start)).then_some(start..end)
}

/// The subject in front of a verb, in its sentence.
fn subject_before(view: &View<'_>, verb: usize) -> Option<Range<usize>> {
    let mut end = verb;
    while end > 0 && view.same_sentence(end - 1, verb) && is_auxiliary(&view.lower(end - 1)) {
        end -= 1;
    }
    // «said that … and suggested that»: no subject of its own.
    if end > 0 && matches!(view.word(end - 1), "and" | "but" | "or") {
        return None;
    }
    let mut start = end;
    // Behind an apposition or a relative clause: the name stands before the comma that opens it.
    let mut commas = u8::from(end > 0 && view.word(end - 1) == ",") * 2;
    let floor = end.saturating_sub(REACH);
    while start > floor && view.same_sentence(start - 1, verb) {
        let i = start - 1;
        let word = view.word(i);
        if view.quote[i].is_some()
            || view.is_mark(i)
            || matches!(word, ";" | ":" | "—" | "–" | "--" | "." | "?" | "!")
        {
            break;
        }
        if word == "," {
            if commas == 0 {
                break;
            }
            commas -= 1;
        } else if commas == 0 {
            let lower = view.lower(i);
            if is_conjunction(&lower) || view.cue_at(i) && word.ends_with("ed") {
                break;
            }
        }
        start = i;
    }
    if commas > 0 {
        return None;
    }
    subject(view, start..end)
}

/// The noun phrase that starts at a token, with an apposition behind a comma; where more of the
/// sentence follows (`leads`), an apposition has a second comma behind it.
fn noun_phrase_from(view: &View<'_>, start: usize, leads: bool) -> Option<Range<usize>> {
    if start >= view.tokens.len() || !opens_noun_phrase(view, start) {
        return None;
    }
    let mut end = start;
    let mut apposition = false;
    for i in start..(start + REACH).min(view.tokens.len()) {
        if !view.same_sentence(start, i) || view.quote[i].is_some() || view.is_mark(i) {
            break;
        }
        let lower = view.lower(i);
        match lower.as_str() {
            "," if apposition => break,
            "," => {
                let next = view
                    .tokens
                    .get(i + 1)
                    .map(|_| view.lower(i + 1))
                    .unwrap_or_default();
                let opens = matches!(
                    next.as_str(),
                    "a" | "an"
                        | "the"
                        | "who"
                        | "whose"
                        | "his"
                        | "her"
                        | "their"
                        | "its"
                        | "former"
                ) && (!leads || closes_again(view, i));
                if !opens {
                    break;
                }
                apposition = true;
            }
            "." | ";" | ":" | "?" | "!" | "—" | "–" | "--" | "(" | "that" | "when" | "while"
            | "as" | "because" | "after" | "before" | "during" | "if" | "but" | "about"
            | "last" | "earlier" | "later" | "yesterday" | "today" | "recently" | "monday"
            | "tuesday" | "wednesday" | "thursday" | "friday" | "saturday" | "sunday" => break,
            "in" | "on" | "at" | "to" | "by" | "via" | "with" | "through" if !apposition => break,
            "who" | "whose" | "which" => apposition = true,
            _ if view.cue_at(i) && i > start && !apposition => break,
            _ => {}
        }
        end = i + 1;
    }
    while end > start
        && view.tokens[end - 1].kind == TokenKind::Punctuation
        && !matches!(view.word(end - 1), ")" | "'s" | "’s")
    {
        end -= 1;
    }
    (end > start).then_some(start..end)
}

/// Where the auxiliaries and adverbs between a subject and a verb start.
fn auxiliaries(view: &View<'_>, from: usize, verb: usize) -> usize {
    (from..verb)
        .find(|&i| view.word(i) != ",")
        .map_or(verb, |i| {
            if is_auxiliary(&view.lower(i)) {
                i
            } else {
                verb
            }
        })
}

/// Whether another comma follows in the sentence, and something behind it.
fn closes_again(view: &View<'_>, comma: usize) -> bool {
    (comma + 1..(comma + REACH).min(view.tokens.len()))
        .take_while(|&i| view.same_sentence(comma, i))
        .any(|i| view.word(i) == ",")
}

fn opens_noun_phrase(view: &View<'_>, i: usize) -> bool {
    let word = view.word(i);
    let lower = view.lower(i);
    if view.tokens[i].kind == TokenKind::Number {
        return true;
    }
    view.tokens[i].kind == TokenKind::Word
        && !is_preposition(&lower)
        && !is_conjunction(&lower)
        && (word.starts_with(char::is_uppercase) || !is_cue(&lower) || lower == "police")
}

fn is_auxiliary(word: &str) -> bool {
    matches!(
        word,
        "has"
            | "have"
            | "had"
            | "is"
            | "was"
            | "are"
            | "were"
            | "be"
            | "been"
            | "being"
            | "did"
            | "does"
            | "do"
            | "will"
            | "would"
            | "could"
            | "can"
            | "may"
            | "might"
            | "should"
            | "must"
            | "also"
            | "not"
            | "n't"
            | "n’t"
            | "never"
            | "later"
            | "then"
            | "once"
            | "often"
            | "even"
            | "again"
            | "still"
            | "already"
            | "just"
            | "now"
            | "soon"
            | "since"
            | "himself"
            | "herself"
            | "themselves"
            | "further"
            | "always"
            | "instead"
            | "both"
    ) || word.len() > 4
        && word.ends_with("ly")
        && !matches!(word, "family" | "italy" | "assembly" | "july" | "ally")
}

fn is_conjunction(word: &str) -> bool {
    matches!(
        word,
        "but"
            | "that"
            | "because"
            | "while"
            | "if"
            | "when"
            | "although"
            | "though"
            | "whether"
            | "since"
            | "so"
            | "yet"
            | "however"
            | "as"
            | "than"
            | "where"
            | "why"
            | "how"
            | "what"
    )
}

fn is_preposition(word: &str) -> bool {
    matches!(
        word,
        "in" | "on"
            | "at"
            | "of"
            | "for"
            | "from"
            | "with"
            | "to"
            | "by"
            | "about"
            | "into"
            | "over"
            | "after"
            | "before"
            | "during"
            | "under"
            | "against"
            | "through"
            | "amid"
            | "among"
            | "between"
            | "upon"
            | "via"
            | "despite"
            | "without"
            | "within"
            | "toward"
            | "towards"
    )
}
