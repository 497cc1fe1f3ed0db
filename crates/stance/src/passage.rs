use standpoint_core::Span;
use standpoint_encoder::Pieces;

/// Two parties in a text: whose stance towards whom is asked.
///
/// The text is a sentence, or a quotation with its source and cue put before it. Any text will
/// do; of one longer than the model's windows, the parts around the parties are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Passage<'t> {
    /// The words.
    pub text: &'t str,
    /// Where in `text` the holder is named; `None` asks for the stance of the text itself.
    pub holder: Option<Span>,
    /// Where in `text` the target is named.
    pub target: Span,
}

/// The pieces that mark the parties: before and after the one that stands first in the text,
/// before and after the second. The author counts as first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Markers {
    pub(crate) first: [u32; 2],
    pub(crate) second: [u32; 2],
}

/// A window ready for the encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    /// Its pieces, special ones included.
    pub(crate) ids: Vec<u32>,
    /// Where the holder's opening marker is; 0, the first piece, for the author.
    pub(crate) holder: usize,
    /// Where the target's opening marker is.
    pub(crate) target: usize,
    /// Whether words between the parties were left out or, where the author is one, any.
    pub(crate) cut: bool,
}

impl Passage<'_> {
    /// The window of at most `window` pieces: `pieces` of the text, which start with `cls` and
    /// end with `sep`, with markers around the parties.
    pub(crate) fn mark(
        &self,
        pieces: &Pieces,
        markers: &Markers,
        [cls, sep]: [u32; 2],
        window: usize,
    ) -> Marked {
        let target = Party::new(self.text, pieces, self.target);
        let holder = self.holder.map(|span| Party::new(self.text, pieces, span));
        let holder_first = holder.is_none_or(|h| (h.from, h.to) <= (target.from, target.to));
        let (first, second) = if holder_first {
            (holder, Some(target))
        } else {
            (Some(target), holder)
        };
        let parties = [(first, markers.first), (second, markers.second)];

        let marks = 2 * parties.iter().filter(|(party, _)| party.is_some()).count();
        let room = window.saturating_sub(2 + marks).max(1);
        let kept = kept(pieces.ids.len(), first, second, room);
        let mut ids = Vec::with_capacity(kept.len() + marks + 2);
        let mut opened = [0; 2];
        ids.push(cls);
        for i in 0..=kept.len() {
            // In a place where both happen, the party that ends is closed first.
            let at = |piece: usize| kept.partition_point(|&k| k < piece) == i;
            let here = |p: &Party| (at(p.from), at(p.to));
            for (party, [_, close]) in parties {
                if party.is_some_and(|p| here(&p) == (false, true)) {
                    ids.push(close);
                }
            }
            for (k, (party, [open, close])) in parties.into_iter().enumerate() {
                let Some((true, empty)) = party.as_ref().map(here) else {
                    continue;
                };
                opened[k] = ids.len();
                ids.push(open);
                if empty {
                    ids.push(close);
                }
            }
            ids.extend(kept.get(i).map(|&piece| pieces.ids[piece]));
        }
        ids.push(sep);
        if !holder_first {
            opened.swap(0, 1);
        }
        Marked {
            ids,
            holder: opened[0],
            target: opened[1],
            cut: match holder {
                Some(_) => kept.windows(2).any(|k| k[1] != k[0] + 1),
                None => kept.len() < pieces.ids.len(),
            },
        }
    }
}

/// The pieces `from..to` that name a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Party {
    from: usize,
    to: usize,
}

impl Party {
    /// The pieces that share a byte with `span`, which may start or end inside a word; the empty
    /// range where there are none.
    fn new(text: &str, pieces: &Pieces, span: Span) -> Self {
        let span = without_edges(text, span);
        let from = pieces.spans.partition_point(|p| p.end() <= span.start());
        let to = pieces.spans.partition_point(|p| p.start() < span.end());
        Self {
            from,
            to: to.max(from),
        }
    }
}

/// A mention without white space at its ends or the apostrophe of a possessive at its end
/// (`Trump’` of `Trump’s`); a mention of nothing else stays as it is.
fn without_edges(text: &str, span: Span) -> Span {
    let Some(words) = text.get(span.range()) else {
        return span;
    };
    let right = words.trim_end_matches(|c: char| c.is_whitespace() || c == '\'' || c == '’');
    let both = right.trim_start();
    if both.is_empty() {
        return span;
    }
    let start = span.range().start + right.len() - both.len();
    Span::from_range(start..start + both.len())
}

/// Which of `n` pieces are read: all if there is room, else one stretch with both parties in the
/// middle, else, when they stand too far apart, a stretch around each.
fn kept(n: usize, first: Option<Party>, second: Option<Party>, room: usize) -> Vec<usize> {
    if n <= room {
        return (0..n).collect();
    }
    let around = |from: usize, to: usize, room: usize| {
        let length = (to - from).min(room);
        let start = from.saturating_sub((room - length) / 2).min(n - room);
        start..start + room
    };
    let parties = first.into_iter().chain(second);
    let from = parties.clone().map(|p| p.from).min().unwrap_or(0);
    let to = parties.clone().map(|p| p.to).max().unwrap_or(0);
    if to - from <= room {
        return around(from, to, room).collect();
    }
    let mut kept: Vec<usize> = parties
        .flat_map(|p| around(p.from, p.to, (room / 2).max(1)))
        .collect();
    kept.sort_unstable();
    kept.dedup();
    kept
}
