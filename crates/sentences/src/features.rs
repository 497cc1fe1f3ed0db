//! A gap as numbers: what the model looks at.

use crate::context::{Chunk, Chunks, End, skip_space, skip_space_before, start_of_chunk};
use crate::model::lexicon;
use crate::words::{REACH, Word};

/// How many features a gap has.
pub(crate) const COUNT: usize = 34;

/// The words around a gap, and what is known of the sentence and document so far.
#[derive(Debug)]
pub(crate) struct Context<'g, 't> {
    glance: &'g Glance<'g, 't>,
    /// The chunk before the one before the gap; nothing from before the sentence.
    left: Chunk<'t>,
    /// The two chunks after the one after the gap.
    right: [Chunk<'t>; 2],
    /// The first chunk of the sentence.
    first: Chunk<'t>,
}

/// What is known before the gap.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SoFar {
    /// Words of the sentence before the gap.
    pub(crate) words: u32,
    /// Gaps of the sentence after which a capital or mark follows.
    pub(crate) capitals: u32,
    /// Whether a quotation is open.
    pub(crate) quoted: bool,
    /// Brackets open in the sentence.
    pub(crate) brackets: u8,
    /// How the last sentences ended, two bits each, the last one lowest.
    pub(crate) history: u8,
}

impl SoFar {
    /// The length of the sentence before the gap, in steps that grow.
    fn length(&self) -> u32 {
        const STEPS: [u32; 10] = [1, 2, 3, 4, 5, 7, 10, 15, 25, 40];
        STEPS
            .iter()
            .map(|&step| u32::from(self.words >= step))
            .sum()
    }

    /// The share of capitals in the sentence, in quarters, apart for a short one and a long one.
    fn capital_share(&self) -> u32 {
        match (self.capitals * 4).checked_div(self.words) {
            None => 0,
            Some(quarters) => 1 + quarters.min(4) + 5 * u32::from(self.words > 6),
        }
    }
}

/// Of a word before a gap, how often it has a stop.
fn stopped(word: &Word) -> u32 {
    let value = lexicon(word.hash);
    u32::from(value >> 5) << 2 | u32::from(value & 7) >> 1
}

/// Of a word after a gap, how often it is small and how often it starts a sentence.
fn starting(word: &Word) -> u32 {
    u32::from(lexicon(word.hash) & 31)
}

/// How many features a glance has.
pub(crate) const GLANCE: usize = 6;

/// The two words beside a gap.
#[derive(Debug)]
pub(crate) struct Glance<'g, 't> {
    // Not copied: their bytes are still on their way to memory when they are read here.
    pub(crate) left: &'g Chunk<'t>,
    pub(crate) right: &'g Chunk<'t>,
    pub(crate) text: &'t [u8],
    /// Where the sentence starts.
    pub(crate) start: usize,
    /// Where the gap starts and ends.
    pub(crate) gap: (usize, usize),
    pub(crate) sofar: &'g SoFar,
}

impl<'t> Glance<'_, 't> {
    /// The sentence before `left`, without the white space between.
    pub(crate) fn before(&self) -> &'t [u8] {
        let end = self.gap.0;
        let floor = self.start.max(end.saturating_sub(REACH));
        let end = skip_space_before(self.text, floor, end - self.left.all.len());
        &self.text[self.start..end]
    }

    /// The last chunk of that.
    pub(crate) fn chunk_before(&self) -> &'t [u8] {
        let end = self.start + self.before().len();
        &self.text[start_of_chunk(self.text, self.start, end)..end]
    }

    /// Where what is after `right` starts, without the white space between.
    fn next(&self) -> usize {
        let right = self.gap.1;
        skip_space(self.text, right + self.right.all.len(), right + REACH)
    }

    /// The text from there on.
    pub(crate) fn after(&self) -> &'t [u8] {
        &self.text[self.next()..]
    }

    /// Features as [`Context::features`] has them, fewer.
    #[inline]
    pub(crate) fn features(&self) -> [u32; GLANCE] {
        let (l, r, s) = (&self.left.word, &self.right.word, self.sofar);
        let comma = u32::from(self.left.end == End::Comma);
        let ls = l.shape as u32;
        let rs = r.shape as u32 | (self.right.opener as u32) << 4;
        let history = u32::from(s.history & 15);
        [
            mix(0, ls << 8 | rs, comma),
            mix(1, rs, l.hash),
            mix(2, rs, r.hash),
            mix(3, stopped(l), starting(r)),
            mix(4, s.length() << 8 | history, rs),
            mix(5, s.capital_share() << 8 | rs, ls),
        ]
    }
}

impl<'g, 't> Context<'g, 't> {
    /// Reads on from a glance at the same gap.
    pub(crate) fn new(glance: &'g Glance<'g, 't>, chunks: &mut Chunks<'t>) -> Self {
        let before = glance.start + glance.before().len();
        let next = glance.next();
        let right = chunks.from(next);
        let after = skip_space(chunks.text, next + right.all.len(), next + REACH);
        Context {
            glance,
            left: chunks.up_to(glance.start, before),
            right: [right, chunks.from(after)],
            first: chunks.from(glance.start),
        }
    }

    /// The features, as hashes; a feature's template is its place.
    #[inline]
    pub(crate) fn features(&self) -> [u32; COUNT] {
        let (l, l2) = (self.glance.left, &self.left);
        let (r, [r2, r3]) = (self.glance.right, &self.right);
        let s = self.glance.sofar;
        let end = l.end as u32 | (l.closer as u32) << 4 | u32::from(l.closed_before) << 6;
        let ls = l.word.shape as u32;
        let rs = r.word.shape as u32 | (r.opener as u32) << 4 | u32::from(r.word.is_capital) << 6;
        let r2s = r2.word.shape as u32 | (r.end as u32) << 4;
        let (lw, rw) = (l.word.hash, r.word.hash);
        let (length, capitals) = (s.length(), s.capital_share());
        let history = u32::from(s.history);
        let (ll, rl) = (u32::from(lexicon(lw)), u32::from(lexicon(rw)));
        let (l2l, r2l) = (
            u32::from(lexicon(l2.word.hash)),
            u32::from(lexicon(r2.word.hash)),
        );
        let left_len = u32::from(l.word.len.min(8));
        let quoted = u32::from(s.quoted) | u32::from(s.brackets.min(2)) << 1;
        let mut hashes: [u32; COUNT] = [
            pair(end, 0),
            pair(end, ls),
            pair(end, rs),
            pair(end, ls << 8 | rs),
            pair(end, lw),
            pair(end, rw),
            pair(rs, rw),
            pair(rs, lw),
            pair(l2.word.hash, lw ^ end),
            pair(r2.word.hash, rw ^ end),
            pair(lw, rw),
            pair(end, r2.word.hash),
            pair(end, rs << 8 | r2s),
            pair(end, length),
            pair(end, length << 8 | rs),
            pair(end, length << 8 | ls),
            pair(end, capitals << 8 | rs),
            pair(end, history),
            pair(end, (history & 3) << 16 | length << 8 | rs),
            pair(r2.word.hash, r3.word.hash ^ end),
            pair(end, quoted << 8 | rs),
            pair(end, quoted << 8 | history),
            pair(end, ll << 8 | rs),
            pair(end, rl),
            pair(end, ll << 8 | rl),
            pair(end, rl << 8 | r2l),
            pair(end, suffix(l.word_bytes()) << 8 | rs),
            pair(end, r3.word.hash),
            pair(
                end,
                (r3.word.shape as u32) << 8 | r2.word.shape as u32 | rs << 16,
            ),
            pair(end, self.first.word.hash),
            pair(end, l2.word.hash),
            pair(end, left_len << 8 | ls),
            pair(end, l2l << 16 | ll << 8 | l2.word.shape as u32),
            pair(
                end,
                (l2.end as u32) << 16 | (self.first.word.shape as u32) << 8 | capitals,
            ),
        ];
        // In a loop of its own, which the compiler makes vectors.
        for (t, hash) in hashes.iter_mut().enumerate() {
            *hash = finish(t as u32, *hash);
        }
        hashes
    }
}

fn suffix(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .take(2)
        .fold(0, |sum, &b| sum << 8 | u32::from(b | 0x20))
}

/// The hash of a feature of template `t`.
#[inline]
fn mix(t: u32, a: u32, b: u32) -> u32 {
    finish(t, pair(a, b))
}

#[inline]
fn pair(a: u32, b: u32) -> u32 {
    a.wrapping_mul(0x9e37_79b1) ^ b.wrapping_mul(0x85eb_ca77)
}

#[inline]
fn finish(t: u32, h: u32) -> u32 {
    let h = h ^ t.wrapping_mul(0xc2b2_ae3d);
    (h ^ h >> 15).wrapping_mul(0x2c1b_3c6d)
}
