//! The tagger's attributions and the quotation marks put together.

use standpoint_core::Span;

use crate::found::Attribution;
use crate::marks::Marked;
use crate::rules::View;

/// What the tagger found, with direct speech cut at its marks, and what only the marks show.
///
/// - A piece of content that covers most of what stands between two marks, and little else, is
///   exactly that.
/// - Content that ends inside marks goes on to the closing one, or stops before the opening one.
/// - A quotation in marks that the tagger has no content for is taken from the rules.
/// - Pieces that the rules joined are joined.
pub(crate) fn merge(
    view: &View<'_>,
    tagged: &[Attribution],
    by_rules: Vec<Attribution>,
) -> Vec<Attribution> {
    let mut pieces: Vec<Span> = tagged
        .iter()
        .flat_map(|a| a.content.iter().copied())
        .collect();
    pieces.sort_unstable_by_key(|p| (p.start(), std::cmp::Reverse(p.end())));
    let mut merged: Vec<Attribution> = tagged
        .iter()
        .map(|attribution| Attribution {
            content: attribution
                .content
                .iter()
                .map(|&piece| {
                    // What lies in another content is part of what stands between the marks.
                    if lies_in_another(&pieces, piece) {
                        piece
                    } else {
                        at_marks(view, piece)
                    }
                })
                .collect(),
            ..attribution.clone()
        })
        .collect();
    merged.retain(|a| !a.content.is_empty());
    merged.sort_by_key(|a| (a.content[0].start(), std::cmp::Reverse(a.content[0].end())));
    let mut extra = Vec::new();
    for rule in by_rules {
        let owners: Vec<Option<usize>> = rule
            .content
            .iter()
            .map(|&piece| owner(&merged, piece))
            .collect();
        let Some(first) = owners.iter().flatten().next().copied() else {
            extra.push(rule);
            continue;
        };
        for (&piece, owner) in rule.content.iter().zip(owners) {
            match owner {
                // A piece that the tagger left out joins the one that it has.
                None => merged[first].content.push(piece),
                // One that it has alone, without a source of its own, goes with the first.
                Some(other) if other != first => {
                    let alone = merged[other].source.is_none()
                        && (merged[other].cue.is_none() || merged[other].cue == merged[first].cue);
                    if alone && merged[other].content.len() == 1 {
                        let content = std::mem::take(&mut merged[other].content);
                        merged[first].content.extend(content);
                    }
                }
                Some(_) => {}
            }
        }
        if merged[first].cue.is_none() && merged[first].source.is_none() {
            merged[first].cue = rule.cue;
            merged[first].source = rule.source;
        }
    }
    merged.extend(extra);
    merged.retain(|a| !a.content.is_empty());
    merged
}

/// How many pieces are looked at on either side: odd texts stay linear.
const NEAR: usize = 32;

/// Whether one of the sorted pieces holds this one and more.
fn lies_in_another(pieces: &[Span], piece: Span) -> bool {
    let end = pieces.partition_point(|p| p.start() <= piece.start());
    pieces[end.saturating_sub(NEAR)..end]
        .iter()
        .any(|p| *p != piece && p.covers(piece))
}

/// The attribution, of those sorted by their content's start, that has content in a span.
fn owner(merged: &[Attribution], span: Span) -> Option<usize> {
    let end = merged.partition_point(|a| a.content.first().is_none_or(|c| c.start() < span.end()));
    (end.saturating_sub(NEAR)..end).find(|&i| merged[i].content.iter().any(|c| c.overlaps(span)))
}

/// A piece of content, cut or stretched to the marks at its ends.
fn at_marks(view: &View<'_>, piece: Span) -> Span {
    let mut span = piece;
    for part in near(view.marked, piece) {
        let outside = part.outside();
        if !outside.overlaps(span) || part.parent.is_some() {
            continue;
        }
        let common = Span::new(
            part.inside.start().max(span.start()),
            part.inside
                .end()
                .min(span.end())
                .max(part.inside.start().max(span.start())),
        );
        let beyond = span.len() - common.len().min(span.len());
        if common.len() * 2 > part.inside.len() && beyond <= 4 + part.open.len() * 2 {
            return part.inside;
        }
        // An end inside the marks goes to the mark on the side where more of it is.
        if span.start() > part.open.start()
            && span.start() < part.inside.end()
            && span.end() > outside.end()
        {
            span = Span::new(part.open.start(), span.end());
        }
        if span.end() > part.inside.start()
            && span.end() < outside.end()
            && span.start() < part.open.start()
        {
            span = Span::new(span.start(), outside.end());
        }
    }
    span
}

/// Marked parts that may overlap a span.
fn near(marked: &[Marked], span: Span) -> impl Iterator<Item = &Marked> {
    let end = marked.partition_point(|m| m.open.start() < span.end());
    marked[..end]
        .iter()
        .rev()
        .take(64)
        .filter(move |m| m.outside().end() > span.start())
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
}
