//! Pictures as SVG inside the page.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use maud::{Markup, html};

use super::gather::{Holder, Summary};

/// Actors in the graph, at most.
const NODES: usize = 14;
/// Curves in the graph, at most: those of most stances.
const EDGES: usize = 40;
/// Months or years in a chart, at most.
const BARS: usize = 60;

/// Who stands for and against whom, around a circle: a curve from holder to target, as thick as
/// there are stances, in the colour of what most of them are.
pub(super) fn graph(sum: &Summary) -> Option<Markup> {
    // The curves of most stances, as long as there is room for those at their ends.
    let mut edges: Vec<(usize, usize, u64, u64)> = sum
        .pairs
        .iter()
        .filter_map(|((holder, target), pair)| match holder {
            Holder::Actor(holder) if holder != target => {
                Some((*holder, *target, pair.in_favour, pair.against))
            }
            _ => None,
        })
        .collect();
    edges.sort_by_key(|edge| std::cmp::Reverse(edge.2 + edge.3));
    let mut nodes: Vec<usize> = Vec::new();
    let mut drawn = 0;
    edges.retain(|(holder, target, ..)| {
        let new: Vec<usize> = [*holder, *target]
            .into_iter()
            .filter(|actor| !nodes.contains(actor))
            .collect();
        let room = drawn < EDGES && nodes.len() + new.len() <= NODES;
        if room {
            nodes.extend(new);
            drawn += 1;
        }
        room
    });
    if edges.is_empty() {
        return None;
    }
    let place = |actor: usize| nodes.iter().position(|n| *n == actor);
    let angle = |at: usize| TAU * at as f64 / nodes.len() as f64 - TAU / 4.0;
    let point = |at: usize, radius: f64| {
        let a = angle(at);
        (radius * a.cos(), radius * a.sin())
    };
    let drawn: Vec<_> = edges
        .into_iter()
        .filter_map(|(h, t, f, a)| Some((place(h)?, place(t)?, h, t, f, a)))
        .collect();
    Some(html! {
        svg.graph viewBox="-210 -130 420 260" role="img" aria-label="Who stands for and against whom" {
            defs {
                @for side in ["for", "against", "both"] {
                    marker id=(format!("tip-{side}")) class=(side) viewBox="0 0 6 6" refX="5" refY="3"
                        markerWidth="6" markerHeight="6" markerUnits="userSpaceOnUse" orient="auto" {
                        path d="M0 0L6 3L0 6z" {}
                    }
                }
            }
            @for (from, to, h, t, in_favour, against) in &drawn {
                @let side = side(*in_favour, *against);
                @let (x1, y1) = point(*from, 94.0);
                @let (x2, y2) = point(*to, 94.0);
                // Bent towards the middle and to one side, so that the two ways are apart.
                @let (mx, my) = ((x1 + x2) * 0.3 + (y2 - y1) * 0.1, (y1 + y2) * 0.3 - (x2 - x1) * 0.1);
                @let width = 1.0 + ((in_favour + against) as f64).ln();
                path class={ "edge " (side) }
                    d=(format!("M{x1:.1} {y1:.1}Q{mx:.1} {my:.1} {x2:.1} {y2:.1}"))
                    stroke-width=(format!("{width:.1}")) marker-end=(format!("url(#tip-{side})")) {
                    title {
                        (sum.actors[*h].name) " → " (sum.actors[*t].name) ": "
                        (in_favour) " for, " (against) " against"
                    }
                }
            }
            @for (at, actor) in nodes.iter().enumerate() {
                @let (x, y) = point(at, 100.0);
                @let (lx, ly) = point(at, 107.0);
                @let anchor = if lx > 20.0 { "start" } else if lx < -20.0 { "end" } else { "middle" };
                circle.node cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="4" {}
                text x=(format!("{lx:.1}")) y=(format!("{:.1}", ly + 3.5 + ly.signum() * 3.0))
                    text-anchor=(anchor) {
                    title { (sum.actors[*actor].name) }
                    (shortened(&sum.actors[*actor].name, 15))
                }
            }
        }
    })
}

/// The class of what most stances are.
pub(super) fn side(in_favour: u64, against: u64) -> &'static str {
    match in_favour.cmp(&against) {
        std::cmp::Ordering::Greater => "for",
        std::cmp::Ordering::Less => "against",
        std::cmp::Ordering::Equal => "both",
    }
}

pub(super) fn shortened(name: &str, most: usize) -> String {
    match name.chars().count() > most {
        true => name.chars().take(most - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}

/// In favour above a line, against below it, over time.
pub(super) fn chart(months: &BTreeMap<String, (u64, u64)>) -> Option<Markup> {
    let bars = bars(months)?;
    let most = bars
        .iter()
        .map(|(_, f, a)| *f.max(a))
        .max()
        .unwrap_or(0)
        .max(1) as f64;
    let step = 300.0 / bars.len() as f64;
    let height = |n: u64| 40.0 * n as f64 / most;
    let (first, last) = (&bars[0].0, &bars[bars.len() - 1].0);
    Some(html! {
        svg.chart viewBox="0 0 300 100" role="img"
            aria-label=(format!("For and against from {first} to {last}")) {
            @for (at, (when, in_favour, against)) in bars.iter().enumerate() {
                g {
                    title { (when) ": " (in_favour) " for, " (against) " against" }
                    // Something to point at where there is no bar.
                    rect.ground x=(format!("{:.1}", at as f64 * step)) y="0"
                        width=(format!("{step:.1}")) height="86" {}
                    @for (class, y, n) in [("for", 43.0 - height(*in_favour), in_favour), ("against", 43.0, against)] {
                        rect class=(class) x=(format!("{:.1}", at as f64 * step + step * 0.1))
                            y=(format!("{y:.1}")) width=(format!("{:.1}", step * 0.8))
                            height=(format!("{:.1}", height(*n))) {}
                    }
                }
            }
            line x1="0" x2="300" y1="43" y2="43" {}
            text x="0" y="97" { (first) }
            @if bars.len() > 1 {
                text x="300" y="97" text-anchor="end" { (last) }
            }
        }
    })
}

/// A bar for each month from the first to the last, or for each year when those are too many.
fn bars(months: &BTreeMap<String, (u64, u64)>) -> Option<Vec<(String, u64, u64)>> {
    let number = |month: &str| -> Option<u64> {
        let (year, month) = month.split_once('-')?;
        Some(year.parse::<u64>().ok()? * 12 + month.parse::<u64>().ok()? - 1)
    };
    let first = number(months.first_key_value()?.0)?;
    let last = number(months.last_key_value()?.0)?;
    let by_year = last - first >= BARS as u64;
    let length = if by_year { 12 } else { 1 };
    let name = |at: u64| match by_year {
        true => format!("{:04}", at),
        false => format!("{:04}-{:02}", at / 12, at % 12 + 1),
    };
    let (from, to) = (first / length, last / length);
    // Dates that cannot all be true (the year 1) would make a chart of nothing but gaps.
    let from = from.max((to + 1).saturating_sub(4 * BARS as u64));
    let mut bars: Vec<(String, u64, u64)> = (from..=to).map(|at| (name(at), 0, 0)).collect();
    for (month, (in_favour, against)) in months {
        if let Some(at) = (number(month)? / length).checked_sub(from) {
            let bar = &mut bars[at as usize];
            bar.1 += in_favour;
            bar.2 += against;
        }
    }
    Some(bars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_month_has_a_bar() {
        let months = BTreeMap::from([
            ("2023-11".to_owned(), (2, 0)),
            ("2024-02".to_owned(), (0, 3)),
        ]);
        let names: Vec<_> = bars(&months).unwrap().into_iter().map(|b| b.0).collect();
        assert_eq!(names, ["2023-11", "2023-12", "2024-01", "2024-02"]);
        let months = BTreeMap::from([
            ("1987-02".to_owned(), (1, 0)),
            ("1987-03".to_owned(), (1, 1)),
            ("1999-01".to_owned(), (0, 1)),
        ]);
        let bars_ = bars(&months).unwrap();
        assert_eq!(bars_.len(), 13);
        assert_eq!(bars_[0], ("1987".to_owned(), 2, 1));
        let months = BTreeMap::from([
            ("0001-01".to_owned(), (1, 0)),
            ("2024-02".to_owned(), (0, 1)),
        ]);
        assert!(bars(&months).unwrap().len() <= 4 * BARS);
        assert!(bars(&BTreeMap::new()).is_none());
    }
}
