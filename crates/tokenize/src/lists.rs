//! Words that are not split or joined by rule.

use crate::bytes::{packed, packed_const};

/// Words of up to eight bytes, each with a number, in a table of open addresses: most look-ups are
/// one multiplication and one comparison.
pub(crate) struct Table<const SIZE: usize>([(u64, u8); SIZE]);

impl<const SIZE: usize> Table<SIZE> {
    pub(crate) const fn new<const N: usize>(words: [(&str, u8); N]) -> Self {
        assert!(
            SIZE.is_power_of_two() && SIZE >= 2 * N,
            "the table is too small"
        );
        let mut table = Self([(0, 0); SIZE]);
        let mut i = 0;
        while i < N {
            let key = packed_const(words[i].0);
            let mut at = Self::place(key);
            while table.0[at].0 != 0 {
                at = (at + 1) % SIZE;
            }
            table.0[at] = (key, words[i].1);
            i += 1;
        }
        table
    }

    const fn place(key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SIZE.trailing_zeros())) as usize
    }

    /// The word's number.
    #[inline]
    pub(crate) fn get(&self, word: &[u8]) -> Option<u8> {
        let key = packed(word);
        if key == 0 {
            return None;
        }
        let mut at = Self::place(key);
        loop {
            match self.0[at] {
                (0, _) => return None,
                (k, number) if k == key => return Some(number),
                _ => at = (at + 1) % SIZE,
            }
        }
    }
}

/// A [`Table`] without numbers.
pub(crate) struct List<const SIZE: usize>(Table<SIZE>);

impl<const SIZE: usize> List<SIZE> {
    pub(crate) const fn new<const N: usize>(words: [&str; N]) -> Self {
        let mut pairs = [("", 0); N];
        let mut i = 0;
        while i < N {
            pairs[i].0 = words[i];
            i += 1;
        }
        Self(Table::new(pairs))
    }

    #[inline]
    pub(crate) fn has(&self, word: &[u8]) -> bool {
        self.0.get(word).is_some()
    }
}

/// Words written with a stop, without it.
pub(crate) const ABBREVIATIONS: &List<256> = &List::new([
    "mr", "mrs", "ms", "dr", "drs", "prof", "st", "mt", "gen", "col", "sgt", "capt", "lt", "cmdr",
    "adm", "maj", "rev", "hon", "sen", "rep", "reps", "sens", "gov", "pres", "jr", "sr", "esq",
    "messrs", "inc", "ltd", "co", "corp", "bros", "cos", "assn", "dept", "univ", "vs", "etc", "al",
    "cf", "viz", "approx", "est", "ave", "blvd", "rd", "ft", "jan", "feb", "mar", "apr", "jun",
    "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mon", "tue", "tues", "wed", "thu", "thur",
    "thurs", "fri", "attn", "ext", "fig", "vol", "pp", "nos", "eds", "calif", "fla", "mich",
    "tenn", "ariz", "conn", "colo", "wis", "okla", "minn", "nev", "tex", "ph.d", "eg", "ie", "ph",
    "misc",
]);

/// Words that have a stop when a number follows.
pub(crate) const NUMBERED: &List<16> =
    &List::new(["no", "art", "sec", "p", "ch", "ex", "para", "tel"]);

/// Two words that are written as one, with the first one's length: `cannot`, `gonna`, `dont`. Those
/// that are words of their own as well (`its`, `lets`, `were`) are not among them.
const CONTRACTIONS: [(&str, u8); 40] = [
    ("cannot", 3),
    ("gonna", 3),
    ("wanna", 3),
    ("gotta", 3),
    ("gimme", 3),
    ("lemme", 3),
    ("outta", 3),
    ("lotta", 3),
    ("alot", 1),
    ("im", 1),
    ("ive", 1),
    ("youre", 3),
    ("youve", 3),
    ("youll", 3),
    ("theyre", 4),
    ("theyve", 4),
    ("theyll", 4),
    ("itll", 2),
    ("hes", 2),
    ("thats", 4),
    ("whats", 4),
    ("theres", 5),
    ("heres", 4),
    ("dont", 2),
    ("doesnt", 4),
    ("didnt", 3),
    ("wont", 2),
    ("cant", 2),
    ("couldnt", 5),
    ("wouldnt", 5),
    ("shouldnt", 6),
    ("isnt", 2),
    ("arent", 3),
    ("wasnt", 3),
    ("werent", 4),
    ("hasnt", 3),
    ("havent", 4),
    ("hadnt", 3),
    ("aint", 2),
    ("arnt", 2),
];

/// For each first letter, the last letters that a contraction with it has, one bit each: most words
/// are done with here.
const LAST_LETTERS: [u32; 32] = {
    let mut letters = [0; 32];
    let mut i = 0;
    while i < CONTRACTIONS.len() {
        let word = CONTRACTIONS[i].0.as_bytes();
        letters[(word[0] & 31) as usize] |= 1 << (word[word.len() - 1] & 31);
        i += 1;
    }
    letters
};

/// The length of the first of two words that are written as one.
#[inline]
pub(crate) fn contraction(word: &[u8]) -> Option<usize> {
    const TABLE: &Table<128> = &Table::new(CONTRACTIONS);
    let [first, .., last] = word else { return None };
    if LAST_LETTERS[(first & 31) as usize] >> (last & 31) & 1 == 0 {
        return None;
    }
    TABLE.get(word).map(usize::from)
}

/// What stands before a hyphen without being a word of its own.
pub(crate) const PREFIXES: &List<128> = &List::new([
    "non", "anti", "pre", "post", "pro", "co", "re", "ex", "mid", "multi", "neo", "semi", "sub",
    "counter", "intra", "inter", "un", "e", "ultra", "pseudo", "quasi", "mini", "micro", "macro",
    "bi", "tri", "de", "over", "under", "super", "trans", "socio", "psycho", "extra", "hyper",
    "meta", "mis", "arch",
]);

/// Units and the like that a number is written with.
pub(crate) const UNITS: &List<64> = &List::new([
    "am", "pm", "a.m", "p.m", "m", "km", "cm", "mm", "kg", "mg", "k", "ft", "lb", "lbs", "oz",
    "bn", "b", "tn", "mph", "kph", "gb", "mb", "kb", "tb", "mhz", "ghz", "kw", "mw", "kwh", "ml",
    "min", "x",
]);

/// Emoticons of ASCII marks, with letters or without.
const EMOTICONS: [&str; 37] = [
    ":)", ":-)", ":(", ":-(", ";)", ";-)", ":d", ":-d", ":p", ":-p", "=)", "=(", "(:", ":/", ":-/",
    ":|", "<3", "^_^", ":')", ":'(", ":o", ":-o", "xd", ">:(", ":]", ":[", "=d", "=p", ";p", ";d",
    "=]", ":*", ":-*", "t_t", "-_-", ":))", "</3",
];

/// Which bytes an emoticon starts with (1) and ends with (2).
const EMOTICON_ENDS: [u8; 256] = {
    let mut ends = [0; 256];
    let mut i = 0;
    while i < EMOTICONS.len() {
        let word = EMOTICONS[i].as_bytes();
        let (first, last) = (word[0], word[word.len() - 1]);
        ends[first as usize] |= 1;
        ends[first.to_ascii_uppercase() as usize] |= 1;
        ends[last as usize] |= 2;
        ends[last.to_ascii_uppercase() as usize] |= 2;
        i += 1;
    }
    ends
};

/// Whether a word is an emoticon.
#[inline]
pub(crate) fn is_emoticon(word: &[u8]) -> bool {
    const LIST: &List<128> = &List::new(EMOTICONS);
    let [first, .., last] = word else {
        return false;
    };
    EMOTICON_ENDS[*first as usize] & 1 != 0
        && EMOTICON_ENDS[*last as usize] & 2 != 0
        && LIST.has(word)
}
