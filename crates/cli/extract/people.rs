//! An analysis as a person likes to read it: names, then who said what, then who stands where.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use standpoint_core::{
    Actor, Analysis, Document, EntityKind, Holder, MentionKind, Polarity, Quote, QuoteKind, Span,
    Stance,
};
use standpoint_pipeline::Stage;

use crate::stages::StageSet;
use crate::style::{AGAINST, FAINT, FOR, HEADING};

/// Headings for the kinds of actor, in the order they are shown.
const KINDS: [(EntityKind, &str); 7] = [
    (EntityKind::Person, "People"),
    (EntityKind::Organization, "Organizations"),
    (EntityKind::Location, "Places"),
    (EntityKind::Norp, "Groups"),
    (EntityKind::Facility, "Facilities"),
    (EntityKind::Product, "Products"),
    (EntityKind::Misc, "Other names"),
];

/// Writes the layers whose stages were asked for, `width` columns wide.
pub(super) fn write(
    out: &mut impl Write,
    doc: &Document,
    analysis: &Analysis,
    set: &StageSet,
    width: usize,
) -> io::Result<()> {
    let view = View {
        doc,
        analysis,
        width,
    };
    writeln!(
        out,
        "{HEADING}{}{HEADING:#}  {FAINT}{}{FAINT:#}",
        doc.id(),
        [
            (analysis.sentences.len(), "sentence"),
            (analysis.tokens.len(), "word"),
        ]
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|&(n, what)| count(n, what))
        .collect::<Vec<_>>()
        .join(", ")
    )?;
    if set.runs(Stage::Entities) {
        view.names(out)?;
    } else if set.runs(Stage::Words) {
        view.words(out)?;
    } else {
        view.sentences(out)?;
    }
    if set.runs(Stage::Quotes) {
        view.quotes(out)?;
    }
    if set.runs(Stage::Stances) {
        view.stances(out)?;
    }
    for warning in &analysis.warnings {
        let at = &doc.text()[warning.span()];
        writeln!(
            out,
            "\n{FAINT}note: {warning}: {}{FAINT:#}",
            shorten(at, 60)
        )?;
    }
    Ok(())
}

struct View<'a> {
    doc: &'a Document,
    analysis: &'a Analysis,
    width: usize,
}

impl View<'_> {
    fn sentences(&self, out: &mut impl Write) -> io::Result<()> {
        for sentence in &self.analysis.sentences {
            writeln!(
                out,
                "  {}",
                one_line(self.doc.slice(sentence.trimmed(self.doc.text())))
            )?;
        }
        Ok(())
    }

    fn words(&self, out: &mut impl Write) -> io::Result<()> {
        for sentence in &self.analysis.sentences {
            let tokens = standpoint_core::tokens_in(&self.analysis.tokens, sentence.span);
            let words: Vec<_> = tokens
                .iter()
                .map(|token| self.doc.slice(token.span))
                .collect();
            writeln!(out, "  {}", words.join(" "))?;
        }
        Ok(())
    }

    /// Actors by kind, the most often named first, with their other names; then dates and sums.
    fn names(&self, out: &mut impl Write) -> io::Result<()> {
        for (kind, heading) in KINDS {
            let mut actors: Vec<(usize, &Actor)> = self
                .analysis
                .actors
                .iter()
                .filter(|actor| actor.kind == kind)
                .map(|actor| (self.named(actor), actor))
                .collect();
            actors.sort_by_key(|&(n, actor)| (std::cmp::Reverse(n), actor.id));
            if actors.is_empty() {
                continue;
            }
            writeln!(out, "\n{HEADING}{heading}{HEADING:#}")?;
            for (n, actor) in actors {
                let times = if n > 1 {
                    format!(" ×{n}")
                } else {
                    String::new()
                };
                let aliases = if actor.aliases.is_empty() {
                    String::new()
                } else {
                    let aliases: Vec<_> = actor.aliases.iter().map(|a| one_line(a)).collect();
                    format!("  (also {})", aliases.join(", "))
                };
                writeln!(
                    out,
                    "  {}{FAINT}{times}{aliases}{FAINT:#}",
                    one_line(&actor.name)
                )?;
            }
        }
        for (kind, heading) in [
            (EntityKind::Date, "Dates"),
            (EntityKind::Money, "Sums of money"),
        ] {
            let mut seen: Vec<String> = Vec::new();
            for entity in self
                .analysis
                .entities
                .iter()
                .filter(|entity| entity.kind == kind)
            {
                let words = one_line(self.doc.slice(entity.span));
                if !seen.contains(&words) {
                    seen.push(words);
                }
            }
            if !seen.is_empty() {
                writeln!(out, "\n{HEADING}{heading}{HEADING:#}")?;
                self.wrapped(out, "  ", &seen.join(", "))?;
            }
        }
        Ok(())
    }

    fn named(&self, actor: &Actor) -> usize {
        self.analysis
            .mentions
            .iter()
            .filter(|mention| mention.actor == actor.id && mention.kind == MentionKind::Name)
            .count()
    }

    fn quotes(&self, out: &mut impl Write) -> io::Result<()> {
        if self.analysis.quotes.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{HEADING}Who said what{HEADING:#}")?;
        let mut last = None;
        for quote in &self.analysis.quotes {
            let speaker = self.speaker(quote);
            let indent = if quote.parent.is_some() { "    " } else { "  " };
            if last.as_ref() != Some(&(speaker.clone(), quote.parent)) {
                writeln!(out, "{indent}{HEADING}{speaker}{HEADING:#}")?;
            }
            let words: Vec<_> = quote
                .content
                .iter()
                .map(|span| one_line(self.doc.slice(*span)))
                .collect();
            let words = words.join(" … ");
            let shown = match quote.kind {
                QuoteKind::Direct => format!("“{words}”"),
                QuoteKind::Indirect | QuoteKind::Mixed => words,
            };
            self.wrapped(out, &format!("{indent}  "), &shown)?;
            writeln!(out, "{indent}  {FAINT}{}{FAINT:#}", self.how(quote))?;
            last = Some((speaker, quote.parent));
        }
        Ok(())
    }

    /// Who is speaking: the actor's name, or the source's own words where it is not known.
    fn speaker(&self, quote: &Quote) -> String {
        match (quote.speaker, quote.source) {
            (Some(id), _) => one_line(&self.analysis.actors[id as usize].name),
            (None, Some(source)) => format!("{} (not named)", one_line(self.doc.slice(source))),
            (None, None) => "unknown".to_owned(),
        }
    }

    /// The words that report the quotation, and what is to be known of it.
    fn how(&self, quote: &Quote) -> String {
        let mut spans: Vec<Span> = quote.source.into_iter().chain(quote.cue).collect();
        spans.sort_unstable();
        let words: Vec<_> = spans
            .iter()
            .map(|span| one_line(self.doc.slice(*span)))
            .collect();
        let mut parts = Vec::new();
        if !words.is_empty() {
            parts.push(format!("[{}]", words.join(" … ")));
        }
        parts.push(
            match quote.kind {
                QuoteKind::Direct => "direct",
                QuoteKind::Indirect => "reported",
                QuoteKind::Mixed => "reported, partly quoted",
            }
            .to_owned(),
        );
        if quote.negated {
            parts.push("negated".to_owned());
        }
        if quote.hedged {
            parts.push("hedged".to_owned());
        }
        parts.push(percent(quote.score));
        parts.join(", ")
    }

    fn stances(&self, out: &mut impl Write) -> io::Result<()> {
        let mut shown: Vec<&Stance> = self
            .analysis
            .stances
            .iter()
            .filter(|stance| matches!(stance.polarity, Polarity::For | Polarity::Against))
            .collect();
        if shown.is_empty() {
            return Ok(());
        }
        // A holder's rows together, holders in order of their first row; the text's own last.
        let first = |holder: Holder| shown.iter().position(|stance| stance.holder == holder);
        let keys: Vec<_> = shown
            .iter()
            .map(|stance| (stance.holder == Holder::Author, first(stance.holder)))
            .collect();
        let mut order: Vec<usize> = (0..shown.len()).collect();
        order.sort_by_key(|&i| (keys[i], i));
        shown = order.into_iter().map(|i| shown[i]).collect();

        writeln!(out, "\n{HEADING}Who stands for or against whom{HEADING:#}")?;
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(self.width).unwrap_or(u16::MAX));
        table.set_header(["holder", "", "target", "", "evidence"]);
        for stance in shown {
            let polarity = match stance.polarity {
                Polarity::For => format!("{FOR}for{FOR:#}"),
                _ => format!("{AGAINST}against{AGAINST:#}"),
            };
            let holder = match stance.holder {
                Holder::Author => "(the text)".to_owned(),
                Holder::Actor(id) => one_line(&self.analysis.actors[id as usize].name),
                Holder::Unnamed(span) => format!("“{}”", one_line(self.doc.slice(span))),
            };
            table.add_row([
                holder,
                polarity,
                one_line(&self.analysis.actors[stance.target as usize].name),
                percent(stance.score),
                one_line(self.doc.slice(stance.evidence)),
            ]);
        }
        let names = Width::Percentage(20);
        table.set_constraints([
            ColumnConstraint::UpperBoundary(names),
            ColumnConstraint::ContentWidth,
            ColumnConstraint::UpperBoundary(names),
            ColumnConstraint::ContentWidth,
            ColumnConstraint::LowerBoundary(Width::Percentage(40)),
        ]);
        for line in table.lines() {
            writeln!(out, " {}", line.trim_end())?;
        }
        Ok(())
    }

    /// Words broken into lines of the view's width, each after `indent`.
    fn wrapped(&self, out: &mut impl Write, indent: &str, words: &str) -> io::Result<()> {
        let options = textwrap::Options::new(self.width)
            .initial_indent(indent)
            .subsequent_indent(indent);
        for line in textwrap::wrap(words, options) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}

/// "1 word", "2 words".
fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn percent(score: f32) -> String {
    format!("{:.0} %", score * 100.0)
}

/// The words with every run of white space as one space, and with control characters, which
/// could drive a terminal, as the replacement character.
fn one_line(words: &str) -> String {
    let words: Vec<_> = words.split_whitespace().collect();
    words.join(" ").replace(char::is_control, "\u{fffd}")
}

/// At most `max` characters of the words, with an ellipsis where some are left out.
fn shorten(words: &str, max: usize) -> String {
    let words = one_line(words);
    match words.char_indices().nth(max) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words,
    }
}
