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
    /// Sentences longer than a window, which were read in parts.
    pub split: Vec<Span>,
}

/// A document to read: its text, its sentences, its tokens.
pub type Source<'a> = (&'a str, &'a [Sentence], &'a [Token]);

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
    /// window is [`max_pieces`](Self::max_pieces). A longer sentence is cut between words into
    /// parts; a word longer than a window keeps its first pieces.
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
        let mut packer = Packer {
            cls: self.subwords().cls(),
            sep: self.subwords().sep(),
            ids: Vec::new(),
            plan: Plan::default(),
        };
        packer.plan.pieces.reserve(tokens.len());
        let (mut ids, mut ends) = (Vec::new(), Vec::new());
        for sentence in sentences {
            ids.clear();
            ends.clear();
            for token in tokens_in(tokens, sentence.span) {
                let (start, word) = (token.span.range().start, &text[token.span]);
                let spaced = start > 0 && text.as_bytes()[start - 1].is_ascii_whitespace();
                let from = ids.len();
                self.subwords()
                    .encode_word(word, spaced, &mut scratch.words, &mut ids);
                ids.truncate(from + room);
                ends.push(ids.len());
            }
            if ids.len() > room - packer.held().min(room) {
                packer.close();
            }
            if ids.len() > room {
                packer.plan.split.push(sentence.span);
            }
            let mut start = 0;
            for &end in &ends {
                if packer.held() + end - start > room {
                    packer.close();
                }
                packer.word(&ids[start..end]);
                start = end;
            }
        }
        packer.close();
        let mut plan = packer.plan;
        // Tokens outside every sentence, if the caller has any, have no pieces.
        let rows = u32::try_from(plan.batch.pieces()).expect("a document is shorter than 4 GiB");
        plan.pieces.resize(tokens.len(), rows..rows);
        plan
    }
}

/// Packs words into windows.
struct Packer {
    cls: u32,
    sep: u32,
    /// The open window, from its first special piece on; empty when none is open.
    ids: Vec<u32>,
    plan: Plan,
}

impl Packer {
    /// Pieces of words in the open window.
    fn held(&self) -> usize {
        self.ids.len().saturating_sub(1)
    }

    fn word(&mut self, pieces: &[u32]) {
        if self.ids.is_empty() && !pieces.is_empty() {
            self.ids.push(self.cls);
        }
        let row = |n: usize| u32::try_from(n).expect("a document is shorter than 4 GiB");
        let start = row(self.plan.batch.pieces() + self.ids.len());
        self.ids.extend_from_slice(pieces);
        self.plan.pieces.push(start..start + row(pieces.len()));
    }

    fn close(&mut self) {
        if !self.ids.is_empty() {
            self.ids.push(self.sep);
            self.plan.batch.push(&self.ids);
            self.ids.clear();
        }
    }
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
