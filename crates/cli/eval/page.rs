//! A report as one page that needs nothing else.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::report::{ErrorGroup, Report, Table};

/// Groups of errors on a page.
const MOST: usize = 500;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --mark: #e8a33d66; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 52rem; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .25rem; }
p.note, .place { color: GrayText; font-size: .875rem; margin: 0 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; font-size: .875rem; }
dt { color: GrayText; }
dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr.total td { font-weight: 600; }
details { border-bottom: 1px solid var(--line); padding: .4rem 0; }
summary { cursor: pointer; }
summary .n { display: inline-block; min-width: 3rem; font-weight: 600; font-variant-numeric: tabular-nums; }
summary .fault { color: GrayText; }
blockquote { margin: .5rem 0 .5rem 1rem; padding-left: .8rem; border-left: 3px solid var(--line); overflow-wrap: anywhere; }
mark { background: var(--mark); color: inherit; padding: 0 .1em; border-radius: .2em; }
";

pub(super) fn render(report: &Report) -> String {
    let total: u64 = report.errors.iter().map(|e| e.count).sum();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (report.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (report.title) }
                dl { @for (name, value) in &report.facts { dt { (name) } dd { (value) } } }
                @for table in &report.tables { (drawn(table)) }
                @if !report.errors.is_empty() {
                    h2 { "Errors" }
                    p.note {
                        (total) " in " (report.errors.len()) " groups, the most frequent first"
                        @if report.errors.len() > MOST { "; the first " (MOST) " are here" }
                        "."
                    }
                    @for (i, group) in report.errors.iter().take(MOST).enumerate() {
                        (errors(group, i < 5))
                    }
                }
            }
        }
    }
    .into_string()
}

fn drawn(table: &Table) -> Markup {
    html! {
        h2 { (table.title) }
        @if !table.note.is_empty() { p.note { (table.note) } }
        .wide {
            table {
                thead { tr { @for cell in &table.header { th { (cell) } } } }
                tbody {
                    @for row in &table.rows {
                        tr.total[row.first().is_some_and(|c| c.starts_with("micro"))] {
                            @for cell in row { td { (cell) } }
                        }
                    }
                }
            }
        }
    }
}

fn errors(group: &ErrorGroup, open: bool) -> Markup {
    html! {
        details open[open] {
            summary {
                span.n { (group.count) " ×" } " "
                span.fault { (group.fault) } " " (group.what)
            }
            @for example in &group.examples {
                blockquote {
                    (example.before) mark { (example.words) } (example.after)
                    .place { (example.place) }
                }
            }
        }
    }
}
