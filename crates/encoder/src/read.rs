use std::ops::Range;

use standpoint_core::{Sentence, Span, Token, tokens_in};

use crate::batch::{Batch, States};
use crate::encoder::Encoder;
use crate::layer::Scratch;

/// The words of one document, read by an [`Encoder`].
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// A row for every piece, special ones included; a window is whole sentences.
    pub states: States,
    /// For each token the row of its first piece; none for a token without pieces (a control
    /// character).
    pub first: Vec<Option<u32>>,
    /// For each token the rows of its pieces.
    pub pieces: Vec<Range<u32>>,
    /// Sentences that were not read whole: longer than a window, and read in parts, or with a word
    /// longer than a window, of which the first pieces were read.
    pub split: Vec<Span>,
}

/// A document to read: its text, its sentences, its tokens.
pub type Source<'a> = (&'a str, &'a [Sentence], &'a [Token]);

/// Words in a [section](sections), at most: some 5,000 pieces, so that what is held of them takes a
/// few dozen megabytes. Few articles are longer.
pub const SECTION: usize = 4096;

/// Cuts a document into sections to be read one after the other, so that a long one does not need
/// more memory than an article: what an encoder makes of a section can be dropped before the next.
///
/// A section is whole sentences with up to [`SECTION`] tokens (or one longer sentence).
/// It ends before a paragraph where one begins in its second half. A document that is no longer is
/// one section, given back as it is.
///
/// ```
/// use standpoint_core::{Sentence, Span, Token, TokenKind};
/// use standpoint_encoder::sections;
///
/// // 3,000 sentences of three words.
/// let text = "It rained. ".repeat(3000);
/// let sentence = |n: u32| Sentence { span: Span::new(11 * n, 11 * (n + 1)), nested: false };
/// let sentences: Vec<Sentence> = (0..3000).map(sentence).collect();
/// let words = |n: u32| [(0, 2), (3, 9), (9, 10)].map(|(start, end)| Token {
///     span: Span::new(11 * n + start, 11 * n + end),
///     kind: TokenKind::Word,
/// });
/// let tokens: Vec<Token> = (0..3000).flat_map(words).collect();
///
/// let sections = sections((&text, &sentences, &tokens));
/// let words: Vec<usize> = sections.iter().map(|(_, _, tokens)| tokens.len()).collect();
/// assert_eq!(words, [4095, 4095, 810]);
/// ```
#[must_use]
pub fn sections<'a>((text, sentences, tokens): Source<'a>) -> Vec<Source<'a>> {
    let mut sections = Vec::new();
    // The open section's first sentence and token, and the last paragraph at which it may end.
    let (mut first, mut from) = (0, 0);
    let mut paragraph = None;
    let mut at = 0;
    for (n, sentence) in sentences.iter().enumerate() {
        let end = at + tokens_in(&tokens[at..], sentence.span).len();
        if at - from >= SECTION / 2 && starts_paragraph(text, sentence.span) {
            paragraph = Some((n, at));
        }
        while end - from > SECTION && n > first {
            let (cut, word) = paragraph.take().unwrap_or((n, at));
            sections.push((text, &sentences[first..cut], &tokens[from..word]));
            (first, from) = (cut, word);
        }
        at = end;
    }
    sections.push((text, &sentences[first..], &tokens[from..]));
    sections
}

/// Where a document's words stand among the rows.
#[derive(Default)]
struct Plan {
    batch: Batch,
    pieces: Vec<Range<u32>>,
    split: Vec<Span>,
}

impl Encoder {
    /// Reads a document. Its sentences are packed, whole and in order, into windows of up to
    /// `window` pieces with the special ones, so that each word sees its neighbours; the longest
    /// window is [`max_pieces`](Self::max_pieces). A window that is full in the middle of a
    /// paragraph ends before that paragraph, if this leaves it at least half full. A longer
    /// sentence is cut between words into parts; a word longer than a window keeps its first
    /// pieces.
    ///
    /// # Panics
    ///
    /// If `window` is under 3, or sentences and tokens are not of this text.
    #[must_use]
    pub fn read(
        &self,
        text: &str,
        sentences: &[Sentence],
        tokens: &[Token],
        window: usize,
        scratch: &mut Scratch,
    ) -> Reading {
        let plan = self.plan((text, sentences, tokens), window, scratch);
        let states = self.encode(&plan.batch, scratch);
        plan.reading(states)
    }

    /// Reads several documents as one batch, which is faster for short ones. Each result is, to
    /// the bit, what [`read`](Self::read) gives.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    #[must_use]
    pub fn read_many(
        &self,
        documents: &[Source<'_>],
        window: usize,
        scratch: &mut Scratch,
    ) -> Vec<Reading> {
        if let [(text, sentences, tokens)] = *documents {
            return vec![self.read(text, sentences, tokens, window, scratch)];
        }
        let plans: Vec<Plan> = documents
            .iter()
            .map(|&document| self.plan(document, window, scratch))
            .collect();
        let mut batch = Batch::default();
        for plan in &plans {
            for rows in plan.batch.ranges() {
                batch.push(&plan.batch.ids[rows]);
            }
        }
        let states = self.encode(&batch, scratch);
        let mut at = 0;
        let share = |plan: Plan| {
            let rows = at..at + plan.batch.pieces();
            at = rows.end;
            let part = States {
                data: states.data[rows.start * states.hidden..rows.end * states.hidden].to_vec(),
                hidden: states.hidden,
                ends: plan.batch.ends.clone(),
            };
            plan.reading(part)
        };
        plans.into_iter().map(share).collect()
    }

    fn plan(
        &self,
        (text, sentences, tokens): Source<'_>,
        window: usize,
        scratch: &mut Scratch,
    ) -> Plan {
        assert!(
            window >= 3,
            "a window has room for one piece beside the special ones"
        );
        // Room for pieces beside the two special ones.
        let room = window.min(self.max_pieces()) - 2;
        let mut plan = Plan::default();
        let mut ids = Vec::new();
        // For each word the end of its pieces in `ids`.
        let mut ends = Vec::with_capacity(tokens.len());
        let mut units: Vec<Unit> = Vec::new();
        for sentence in sentences {
            let mut unit = Unit {
                words: ends.len()..ends.len(),
                pieces: 0,
                paragraph: starts_paragraph(text, sentence.span),
            };
            let mut whole = true;
            for token in tokens_in(tokens, sentence.span) {
                let (start, word) = (token.span.range().start, &text[token.span]);
                let spaced = start > 0 && text.as_bytes()[start - 1].is_ascii_whitespace();
                let from = ids.len();
                self.subwords()
                    .encode_word(word, spaced, &mut scratch.words, &mut ids);
                whole &= ids.len() - from <= room;
                ids.truncate(from + room);
                let pieces = ids.len() - from;
                if unit.pieces + pieces > room {
                    whole = false;
                    let next = Unit {
                        words: ends.len()..ends.len(),
                        pieces: 0,
                        paragraph: false,
                    };
                    units.push(std::mem::replace(&mut unit, next));
                }
                ends.push(ids.len());
                unit.words.end = ends.len();
                unit.pieces += pieces;
            }
            if !whole {
                plan.split.push(sentence.span);
            }
            if !unit.words.is_empty() {
                units.push(unit);
            }
        }
        let (cls, sep) = (self.subwords().cls(), self.subwords().sep());
        let mut window = Vec::new();
        for taken in pack(&units, room) {
            let words = taken[0].words.start..taken[taken.len() - 1].words.end;
            window.clear();
            window.push(cls);
            for word in words {
                let start = word.checked_sub(1).map_or(0, |before| ends[before]);
                let pieces = &ids[start..ends[word]];
                let row = |n: usize| u32::try_from(n).expect("a document is shorter than 4 GiB");
                let first = row(plan.batch.pieces() + window.len());
                plan.pieces.push(first..first + row(pieces.len()));
                window.extend_from_slice(pieces);
            }
            window.push(sep);
            plan.batch.push(&window);
        }
        plan
    }
}

/// A sentence, or a part of one that is longer than a window.
struct Unit {
    words: Range<usize>,
    pieces: usize,
    /// Whether it begins a paragraph.
    paragraph: bool,
}

/// Whether there is a line break in the white space before a sentence's words.
fn starts_paragraph(text: &str, sentence: Span) -> bool {
    let before = &text[..sentence.range().start];
    let words = sentence.trimmed(text).range().start;
    let blank = &text[before.trim_end().len()..words.max(before.len())];
    before.trim_end().is_empty() || blank.contains('\n')
}

/// Packs units, in order, into windows with room for so many pieces. A window that is full in the
/// middle of a paragraph ends before that paragraph, if this leaves it at least half full, so that
/// a quotation and its speaker stay together.
fn pack(units: &[Unit], room: usize) -> Vec<&[Unit]> {
    let mut windows = Vec::new();
    let mut first = 0;
    while first < units.len() {
        let (mut last, mut pieces) = (first, 0);
        while last < units.len() && pieces + units[last].pieces <= room {
            pieces += units[last].pieces;
            last += 1;
        }
        if last < units.len() {
            let (mut back, mut left) = (last, pieces);
            while back > first && !units[back].paragraph {
                back -= 1;
                left -= units[back].pieces;
            }
            if back > first && left >= room / 2 {
                last = back;
            }
        }
        windows.push(&units[first..last]);
        first = last;
    }
    windows
}

impl Plan {
    fn reading(self, states: States) -> Reading {
        let first = |rows: &Range<u32>| (!rows.is_empty()).then_some(rows.start);
        Reading {
            states,
            first: self.pieces.iter().map(first).collect(),
            pieces: self.pieces,
            split: self.split,
        }
    }
}
