use maud::{DOCTYPE, Markup, PreEscaped, html};
use standpoint_core::{Analysis, Document, Holder, Polarity};

/// A document and what was found in it as one HTML page for people: the text with its names and
/// quotations marked, the actors, and who stands where. All that comes from the document is
/// escaped, and the page asks for nothing from elsewhere.
///
/// ```
/// use standpoint_core::{Analysis, Document};
///
/// let doc = Document::new("<d1>", "Tea & <b>toast</b>.")?;
/// let page = standpoint_corpus::page(&doc, &Analysis::default());
/// assert!(page.contains("Tea &amp; &lt;b&gt;toast&lt;/b&gt;."));
/// # Ok::<(), standpoint_core::TooLong>(())
/// ```
#[must_use]
pub fn page(document: &Document, analysis: &Analysis) -> String {
    let name = |id: u32| {
        analysis
            .actors
            .get(id as usize)
            .map_or("?", |a| a.name.as_str())
    };
    let sides = analysis
        .stances
        .iter()
        .filter(|s| matches!(s.polarity, Polarity::For | Polarity::Against));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'";
                title { (document.id()) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (document.id()) }
                @if !document.meta().is_empty() {
                    dl {
                        @for (field, value) in document.meta() { dt { (field) } dd { (value) } }
                    }
                }
                @if sides.clone().next().is_some() {
                    h2 { "Who stands where" }
                    div.wide { table {
                        tr { th { "Holder" } th {} th { "Target" } th { "Score" } th { "Words" } }
                        @for stance in sides {
                            tr {
                                td { @match stance.holder {
                                    Holder::Author => i { "the text" },
                                    Holder::Actor(id) => (name(id)),
                                    Holder::Unnamed(span) => i { (document.slice(span)) },
                                } }
                                td class=(stance.polarity.name()) { (stance.polarity.name()) }
                                td { (name(stance.target)) }
                                td { (format!("{:.2}", stance.score)) }
                                td { (document.slice(stance.evidence)) }
                            }
                        }
                    } }
                }
                @if !analysis.actors.is_empty() {
                    h2 { "Actors" }
                    ul {
                        @for actor in &analysis.actors {
                            li {
                                mark class=(actor.kind.name()) { (actor.name) }
                                @if !actor.aliases.is_empty() {
                                    " also " (actor.aliases.join(", "))
                                }
                            }
                        }
                    }
                }
                h2 { "Text" }
                article { (marked(document, analysis)) }
            }
        }
    }
    .into_string()
}

/// The text, cut wherever a name or quotation starts or ends, each piece with what it is part of.
fn marked(document: &Document, analysis: &Analysis) -> Markup {
    let name = |id: u32| {
        analysis
            .actors
            .get(id as usize)
            .map_or("?", |a| a.name.as_str())
    };
    let mut cuts = vec![0, document.span().end()];
    let contents = || {
        analysis
            .quotes
            .iter()
            .flat_map(|q| q.content.iter().map(move |span| (*span, q)))
    };
    for span in analysis
        .entities
        .iter()
        .map(|e| e.span)
        .chain(contents().map(|(s, _)| s))
    {
        cuts.extend([span.start(), span.end()]);
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut quotes: Vec<_> = contents().collect();
    quotes.sort_by_key(|(span, _)| span.start());

    let (mut entities, mut next) = (analysis.entities.iter().peekable(), 0);
    // The quotations that are open, the innermost last.
    let mut open: Vec<(u32, &standpoint_core::Quote)> = Vec::new();
    html! {
        @for pair in cuts.windows(2) {
            @let (at, end) = (pair[0], pair[1]);
            @let words = &document.text()[at as usize..end as usize];
            @let () = {
                while entities.next_if(|e| e.span.end() <= at).is_some() {}
                open.retain(|(end, _)| *end > at);
                while let Some((span, quote)) = quotes.get(next).filter(|(s, _)| s.start() <= at) {
                    open.push((span.end(), quote));
                    next += 1;
                }
            };
            @let entity = entities.peek().filter(|e| e.span.contains(at));
            @let piece = html! {
                @match entity {
                    Some(e) => mark class=(e.kind.name()) title=(e.actor.map_or(e.kind.name(), name)) {
                        (words)
                    },
                    None => (words),
                }
            };
            @match open.last() {
                Some((_, quote)) => q title=(quote.speaker.map_or("speaker not known", name)) {
                    (piece)
                },
                None => (piece),
            }
        }
    }
}

const STYLE: &str = "
:root { color-scheme: light dark }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.3rem; overflow-wrap: anywhere } h2 { font-size: 1.05rem; margin-top: 2rem }
article { white-space: pre-wrap; overflow-wrap: anywhere }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-top: 1px solid #8884 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; font-size: .9rem }
dd { margin: 0; overflow-wrap: anywhere }
q { quotes: none; background: #8882; border-radius: .2em }
mark { color: inherit; border-radius: .2em; padding: 0 .15em; background: #9996 }
mark.person { background: #f4a2617a } mark.organization { background: #5b9bd57a }
mark.location { background: #6abf697a } mark.norp { background: #b57edc7a }
.for { color: #2a8a3e } .against { color: #c6403a }
";

#[cfg(test)]
mod tests {
    use standpoint_core::{
        Actor, Entity, EntityKind, Quote, QuoteKind, SourceKind, Span, SpeechAct, Stance,
    };

    use super::*;

    #[test]
    fn everything_is_escaped_and_every_word_is_there() {
        let text = "“<script>alert(1)</script> & co” said <Ana>.";
        let doc = Document::new("<id>", text)
            .unwrap()
            .with_meta("<m>", "\"<v>\"");
        let at = |words: &str| {
            let start = text.find(words).unwrap();
            Span::from_range(start..start + words.len())
        };
        let content = at("<script>alert(1)</script> & co");
        let analysis = Analysis {
            entities: vec![
                Entity {
                    span: at("alert(1)"),
                    kind: EntityKind::Misc,
                    score: 1.0,
                    actor: Some(7),
                },
                Entity {
                    span: at("<Ana>"),
                    kind: EntityKind::Person,
                    score: 1.0,
                    actor: Some(0),
                },
            ],
            actors: vec![Actor {
                id: 0,
                name: "<Ana>".to_owned(),
                kind: EntityKind::Person,
                aliases: vec!["<A>".to_owned()],
            }],
            quotes: vec![Quote {
                kind: QuoteKind::Direct,
                content: vec![content],
                cue: None,
                source: None,
                source_kind: SourceKind::Absent,
                speaker: Some(0),
                act: SpeechAct::Say,
                negated: false,
                hedged: false,
                parent: None,
                score: 1.0,
            }],
            stances: vec![Stance {
                holder: Holder::Unnamed(at("<Ana>")),
                target: 0,
                polarity: Polarity::Against,
                score: 0.5,
                evidence: content,
                quote: Some(0),
            }],
            ..Analysis::default()
        };
        let page = page(&doc, &analysis);
        for raw in ["<script", "<Ana>", "<A>", "<id>", "<m>", "\"<v>"] {
            assert!(!page.contains(raw), "{raw} in {page}");
        }
        let (_, article) = page.split_once("<article>").unwrap();
        assert_eq!(
            article.split_once("</article>").unwrap().0,
            "“<q title=\"&lt;Ana&gt;\">&lt;script&gt;</q>\
             <q title=\"&lt;Ana&gt;\"><mark class=\"misc\" title=\"?\">alert(1)</mark></q>\
             <q title=\"&lt;Ana&gt;\">&lt;/script&gt; &amp; co</q>” said \
             <mark class=\"person\" title=\"&lt;Ana&gt;\">&lt;Ana&gt;</mark>."
        );
    }
}
