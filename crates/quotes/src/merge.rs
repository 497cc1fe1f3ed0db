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
    let mut merged: Vec<Attribution> = tagged
        .iter()
        .map(|attribution| Attribution {
            content: attribution
                .content
                .iter()
                .map(|&piece| at_marks(view, piece))
                .collect(),
            ..attribution.clone()
        })
        .collect();
    merged.sort_by_key(|a| a.content.first().map(|c| c.start()));
    for rule in by_rules {
        let claimed = |span: Span| {
            merged
                .iter()
                .position(|a| a.content.iter().any(|c| c.overlaps(span)))
        };
        let owners: Vec<Option<usize>> = rule.content.iter().map(|&c| claimed(c)).collect();
        match owners.iter().flatten().next() {
            None => merged.push(rule),
            Some(&owner) => {
                // Pieces that the tagger left out join the one that it has.
                let missing = rule
                    .content
                    .iter()
                    .zip(&owners)
                    .filter(|(_, o)| o.is_none());
                let missing: Vec<Span> = missing.map(|(&c, _)| c).collect();
                merged[owner].content.extend(missing);
                if merged[owner].cue.is_none() && merged[owner].source.is_none() {
                    merged[owner].cue = rule.cue;
                    merged[owner].source = rule.source;
                }
            }
        }
    }
    merged
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
