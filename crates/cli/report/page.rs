//! The page: plain HTML and SVG, no script, nothing from elsewhere.

use std::collections::BTreeSet;

use indicatif::HumanCount;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use standpoint_core::EntityKind;

use super::gather::{Evidence, Holder, Pair, Summary};
use super::picture::{chart, graph, shortened, side};

/// Actors in the table.
const ACTORS: usize = 40;
/// Rows and columns of the matrix.
const MATRIX: usize = 15;
/// Targets with a chart of their own.
const CHARTS: usize = 6;

pub(super) fn page(title: &str, sum: &Summary) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p {
                        (HumanCount(sum.documents)) " documents, " (HumanCount(sum.quotes))
                        " quotations, " (HumanCount(sum.stances)) " stances for or against somebody."
                        @if sum.copies > 0 {
                            " " (HumanCount(sum.copies)) " copies of other documents are left out."
                        }
                    }
                    p.faint {
                        "Found by a program; every count opens to the words it stands on. Names are \
                         joined across documents by their spelling."
                    }
                }
                (matrix(sum))
                @if let Some(graph) = graph(sum) {
                    section {
                        h2 { "The picture" }
                        p.faint {
                            "From holder to target; thicker: more stances. "
                            span.for { "For" } ", " span.against { "against" } ", "
                            span.both { "as many of both" } "."
                        }
                        div.wide { (graph) }
                    }
                }
                (over_time(sum))
                (actors(sum))
                (evidence(sum))
            }
        }
    }
    .into_string()
}

/// The targets of most stances, first those that named actors take a stance to, and the holders
/// of most stances to them, so that no row is empty.
fn most(sum: &Summary) -> (Vec<Holder>, Vec<usize>) {
    fn ranked<T: Copy + Ord>(counted: impl Iterator<Item = (T, (u64, u64))>) -> Vec<T> {
        let mut sums = std::collections::BTreeMap::new();
        for (of, n) in counted {
            let sum: &mut (u64, u64) = sums.entry(of).or_default();
            *sum = (sum.0 + n.0, sum.1 + n.1);
        }
        let mut sorted: Vec<(T, (u64, u64))> = sums.into_iter().collect();
        sorted.sort_by_key(|(of, n)| (std::cmp::Reverse(*n), *of));
        sorted.into_iter().map(|(of, _)| of).take(MATRIX).collect()
    }
    let weight = |holder: Holder, pair: &Pair| match holder {
        Holder::Actor(_) => (pair.total(), pair.total()),
        Holder::Author | Holder::Unnamed => (0, pair.total()),
    };
    let pairs = || sum.pairs.iter();
    let targets = ranked(pairs().map(|((holder, target), pair)| (*target, weight(*holder, pair))));
    let holders = pairs()
        .filter(|((_, target), _)| targets.contains(target))
        .map(|((holder, _), pair)| (*holder, (pair.total(), 0)));
    (ranked(holders), targets)
}

fn holder_name(sum: &Summary, holder: Holder) -> &str {
    match holder {
        Holder::Author => "the texts themselves",
        Holder::Unnamed => "sources without a name",
        Holder::Actor(at) => &sum.actors[at].name,
    }
}

fn anchor(holder: Holder, target: usize) -> String {
    match holder {
        Holder::Author => format!("text-{target}"),
        Holder::Unnamed => format!("unnamed-{target}"),
        Holder::Actor(at) => format!("s-{at}-{target}"),
    }
}

fn matrix(sum: &Summary) -> Markup {
    let (holders, targets) = most(sum);
    html! {
        section {
            h2 { "Who is for and against whom" }
            @if holders.is_empty() {
                p { "No stances were found." }
            } @else {
                p.faint {
                    "Rows: who takes the stance. Columns: towards whom. "
                    span.for { "For" } " / " span.against { "against" }
                    "; a cell opens to its sentences."
                }
                div.wide { table.matrix {
                    thead { tr {
                        td {}
                        @for target in &targets {
                            th scope="col" title=(sum.actors[*target].name) {
                                span { (shortened(&sum.actors[*target].name, 22)) }
                            }
                        }
                    } }
                    tbody { @for holder in &holders {
                        tr {
                            th scope="row" title=(holder_name(sum, *holder)) {
                                (shortened(holder_name(sum, *holder), 26))
                            }
                            @for target in &targets {
                                td { @if let Some(pair) = sum.pairs.get(&(*holder, *target)) {
                                    a class=(side(pair.in_favour, pair.against))
                                        href=(format!("#{}", anchor(*holder, *target))) {
                                        (pair.in_favour) "/" (pair.against)
                                    }
                                } }
                            }
                        }
                    } }
                } }
            }
        }
    }
}

fn over_time(sum: &Summary) -> Markup {
    let Some(all) = chart(&sum.months(|_, _| true)) else {
        return html! {};
    };
    let (_, targets) = most(sum);
    html! {
        section {
            h2 { "Over time" }
            p.faint {
                "Stances by month of the document: " span.for { "for" } " above the line, "
                span.against { "against" } " below."
                @if sum.undated > 0 { " " (HumanCount(sum.undated)) " documents have no date." }
            }
            div.charts {
                figure { figcaption { "All" } (all) }
                @for target in targets.into_iter().take(CHARTS) {
                    @if let Some(one) = chart(&sum.months(|_, t| t == target)) {
                        figure { figcaption { "Towards " (sum.actors[target].name) } (one) }
                    }
                }
            }
        }
    }
}

fn actors(sum: &Summary) -> Markup {
    html! {
        section {
            h2 { "Most frequent actors" }
            div.wide { table {
                thead { tr {
                    th scope="col" { "Actor" } th scope="col" { "Kind" }
                    th scope="col" { "Documents" } th scope="col" { "Named" }
                    th scope="col" { "Quoted" } th scope="col" { "For it" }
                    th scope="col" { "Against it" }
                } }
                tbody { @for actor in sum.actors.iter().take(ACTORS) {
                    tr {
                        th scope="row" { (actor.name) }
                        td { (kind(actor.kind)) }
                        @for n in [actor.documents, actor.mentions, actor.quotes] {
                            td.number { (HumanCount(n)) }
                        }
                        td.number.for { (HumanCount(actor.received.0)) }
                        td.number.against { (HumanCount(actor.received.1)) }
                    }
                } }
            } }
        }
    }
}

/// What people call it.
fn kind(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Norp => "group",
        other => other.name(),
    }
}

fn evidence(sum: &Summary) -> Markup {
    let (holders, targets) = most(sum);
    let targets: BTreeSet<usize> = targets.into_iter().collect();
    html! {
        section {
            h2 { "The words" }
            @for holder in holders {
                @for (target, pair) in targets.iter().filter_map(|t| Some((*t, sum.pairs.get(&(holder, *t))?))) {
                    (words(sum, holder, target, pair))
                }
            }
        }
    }
}

fn words(sum: &Summary, holder: Holder, target: usize, pair: &Pair) -> Markup {
    let sides = [
        (true, "for", pair.in_favour),
        (false, "against", pair.against),
    ];
    html! {
        details {
            summary {
                (holder_name(sum, holder)) " → " (sum.actors[target].name) ": "
                span.for { (pair.in_favour) " for" } ", "
                span.against { (pair.against) " against" }
            }
            // The anchor is inside: a browser opens what it has to show.
            div id=(anchor(holder, target)) {
                @for (in_favour, name, count) in sides {
                    @let shown: Vec<&Evidence> =
                        pair.evidence.iter().filter(|e| e.in_favour == in_favour).collect();
                    @if !shown.is_empty() {
                        h3 class=(name) {
                            (name)
                            @if (shown.len() as u64) < count {
                                span.faint { ", the surest " (shown.len()) " of " (HumanCount(count)) }
                            }
                        }
                        @for e in shown { (one(e)) }
                    }
                }
            }
        }
    }
}

fn one(e: &Evidence) -> Markup {
    let name = e.title.as_ref().unwrap_or(&e.document);
    // Only what is an address of the web becomes a link.
    let url = e
        .url
        .as_ref()
        .filter(|u| u.starts_with("https://") || u.starts_with("http://"));
    html! {
        blockquote {
            p { (e.text) }
            footer {
                @if let Some(holder) = &e.holder { "said by " (holder) "; " }
                @match url {
                    Some(url) => a href=(url) rel="noopener noreferrer" { (name) },
                    None => (name),
                }
                @for field in [&e.outlet, &e.date].into_iter().flatten() { ", " (field) }
                span.faint { " (" (format!("{:.2}", e.score)) ")" }
            }
        }
    }
}

const STYLE: &str = "
:root { color-scheme: light dark; --for: #1f7a34; --against: #b8322a; --both: #70757d; --line: #8885 }
@media (prefers-color-scheme: dark) { :root { --for: #6cc784; --against: #ef857d; --both: #a3a8b0 } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 64rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; margin-bottom: .3rem }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .3rem } h3 { font-size: .95rem; margin: 1rem 0 .2rem }
p { margin: .3rem 0 } .faint { opacity: .75; font-size: .9rem; font-weight: normal }
.for { color: var(--for) } .against { color: var(--against) } .both { color: var(--both) }
.wide { overflow-x: auto; margin: .6rem -1rem; padding: 0 1rem }
table { border-collapse: collapse; font-size: .9rem }
th, td { text-align: left; font-weight: normal; padding: .25rem .5rem; border-bottom: 1px solid var(--line) }
thead th { vertical-align: bottom; font-weight: 600 }
.number { text-align: right; font-variant-numeric: tabular-nums }
.matrix thead th { padding: .25rem .1rem }
.matrix thead span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap }
.matrix td { text-align: center; padding: 0; min-width: 2.6rem; font-variant-numeric: tabular-nums }
.matrix td a { display: block; padding: .35rem .3rem; text-decoration: none }
.matrix td a:hover, .matrix td a:focus { text-decoration: underline }
.matrix tbody th { position: sticky; left: -1rem; background: Canvas; white-space: nowrap; box-shadow: inset 0 -1px var(--line) }
@media (max-width: 40rem) { .matrix tbody th { white-space: normal; min-width: 6.5rem; max-width: 8rem } }
svg { width: 100%; height: auto } svg text { font-size: 11px; fill: currentColor }
.graph { min-width: 30rem; max-width: 46rem; display: block; margin: 0 auto }
.edge { fill: none; stroke: currentColor; stroke-opacity: .65 } marker path { fill: currentColor }
.node { fill: currentColor }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: 1rem 1.5rem }
figure { margin: 0 } figcaption { font-size: .9rem }
.chart rect { fill: currentColor } .chart .ground { fill: transparent }
.chart line { stroke: currentColor; stroke-opacity: .5 }
details { border-bottom: 1px solid var(--line) } summary { padding: .45rem 0; cursor: pointer }
:target { scroll-margin-top: 4rem }
blockquote { margin: .5rem 0 .9rem; padding-left: .8rem; border-left: 3px solid var(--line) }
blockquote, summary { overflow-wrap: anywhere } blockquote footer { font-size: .85rem }
";

#[cfg(test)]
mod tests {
    use standpoint_core::{Holder as DocHolder, Polarity, Span};

    use super::super::gather::Corpus;
    use super::super::gather::tests::record;
    use super::*;

    #[test]
    fn nothing_of_a_document_becomes_markup() {
        let evil = "<script>alert(1)</script>";
        let quote = "\" onmouseover=\"alert(1)";
        let mut corpus = Corpus::default();
        for holder in [
            DocHolder::Author,
            DocHolder::Actor(1),
            DocHolder::Unnamed(Span::new(0, 5)),
        ] {
            let mut record = record(
                evil,
                "2024-05-01",
                &[(evil, evil), (quote, "")],
                &[
                    (holder, 0, Polarity::Against, 0.9),
                    (holder, 1, Polarity::For, 0.9),
                ],
            );
            for (name, value) in [
                ("url", "javascript:alert(1)"),
                ("outlet", evil),
                ("title", quote),
            ] {
                record.meta.retain(|(n, _)| n != name);
                record.meta.push((name.to_owned(), value.to_owned()));
            }
            record.stances[0].text = evil.to_owned();
            record.stances[1].text = quote.to_owned();
            record.stances[0].holder_text = record.stances[0]
                .holder_text
                .take()
                .map(|_| evil.to_owned());
            corpus.add(&record);
        }
        let page = page(evil, &corpus.sum_up());
        assert!(
            !page.contains("<script") && !page.contains("\" on"),
            "{page}"
        );
        assert!(
            !page.contains("javascript:"),
            "a link that is none of the web"
        );
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(page.contains("said by &lt;script&gt;"));
    }

    #[test]
    fn every_cell_opens_to_its_words_and_nothing_is_asked_of_elsewhere() {
        let mut corpus = Corpus::default();
        for n in 0..3 {
            corpus.add(&record(
                &format!("d{n}"),
                &format!("2024-0{}-01", n + 1),
                &[("Ana", ""), ("Bo", ""), ("Cy", "")],
                &[
                    (DocHolder::Actor(0), 1, Polarity::Against, 0.9),
                    (DocHolder::Actor(1), 2, Polarity::For, 0.8),
                    (DocHolder::Author, 0, Polarity::For, 0.7),
                ],
            ));
        }
        let page = page("Three", &corpus.sum_up());
        let mut cells = 0;
        for link in page.split("href=\"#").skip(1) {
            let id = link.split('"').next().unwrap();
            assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
            cells += 1;
        }
        assert_eq!(cells, 3);
        assert!(page.contains("Words of d2."));
        assert!(page.contains("2024-03: 2 for, 1 against"));
        assert!(page.contains("Ana → Bo: 0 for, 3 against"));
        for way_out in ["src=", "@import", "url(http", "<link", "<script", "<img"] {
            assert!(!page.contains(way_out), "{way_out}");
        }
    }

    #[test]
    fn a_corpus_without_stances_has_a_page() {
        let page = page("Nothing", &Corpus::default().sum_up());
        assert!(page.contains("No stances were found."));
    }
}
