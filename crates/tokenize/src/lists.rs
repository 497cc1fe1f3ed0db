//! Words that are not split or joined by rule.

use crate::bytes::packed;

/// Words of up to eight bytes, sorted as numbers, so that one is found in a few steps.
pub(crate) struct List<const N: usize>([u64; N]);

impl<const N: usize> List<N> {
    pub(crate) const fn new(words: [&str; N]) -> Self {
        let mut list = [0; N];
        let mut i = 0;
        while i < N {
            assert!(words[i].len() <= 8, "a word of a list is too long");
            list[i] = packed(words[i].as_bytes());
            // Insertion sort: lists are short and this runs in the compiler.
            let mut j = i;
            while j > 0 && list[j - 1] > list[j] {
                let smaller = list[j];
                list[j] = list[j - 1];
                list[j - 1] = smaller;
                j -= 1;
            }
            i += 1;
        }
        Self(list)
    }

    pub(crate) fn has(&self, word: &[u8]) -> bool {
        word.len() <= 8 && self.0.binary_search(&packed(word)).is_ok()
    }
}

/// Words written with a stop, without it.
pub(crate) const ABBREVIATIONS: &List<92> = &List::new([
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
pub(crate) const NUMBERED: &List<8> =
    &List::new(["no", "art", "sec", "p", "ch", "ex", "para", "tel"]);

/// Two words that are written as one, with the first one's length: `cannot`, `gonna`, `dont`. Those
/// that are words of their own as well (`its`, `lets`, `were`) are not among them.
const CONTRACTIONS: &[(u64, usize)] = &{
    const fn of(word: &str, first: usize) -> (u64, usize) {
        (packed(word.as_bytes()), first)
    }
    [
        of("cannot", 3),
        of("gonna", 3),
        of("wanna", 3),
        of("gotta", 3),
        of("gimme", 3),
        of("lemme", 3),
        of("outta", 3),
        of("lotta", 3),
        of("alot", 1),
        of("im", 1),
        of("ive", 1),
        of("youre", 3),
        of("youve", 3),
        of("youll", 3),
        of("theyre", 4),
        of("theyve", 4),
        of("theyll", 4),
        of("itll", 2),
        of("hes", 2),
        of("thats", 4),
        of("whats", 4),
        of("theres", 5),
        of("heres", 4),
        of("dont", 2),
        of("doesnt", 4),
        of("didnt", 3),
        of("wont", 2),
        of("cant", 2),
        of("couldnt", 5),
        of("wouldnt", 5),
        of("shouldnt", 6),
        of("isnt", 2),
        of("arent", 3),
        of("wasnt", 3),
        of("werent", 4),
        of("hasnt", 3),
        of("havent", 4),
        of("hadnt", 3),
        of("aint", 2),
        of("arnt", 2),
    ]
};

/// For each first letter, the last letters that a contraction with it has, one bit each: most words
/// are done with here.
const LAST_LETTERS: [u32; 32] = {
    let mut letters = [0; 32];
    let mut i = 0;
    while i < CONTRACTIONS.len() {
        let word = CONTRACTIONS[i].0;
        let length = (71 - word.leading_zeros()) / 8;
        letters[(word >> (8 * (length - 1)) & 31) as usize] |= 1 << (word & 31);
        i += 1;
    }
    letters
};

/// The length of the first of two words that are written as one.
pub(crate) fn contraction(word: &[u8]) -> Option<usize> {
    let [first, .., last] = word else { return None };
    if LAST_LETTERS[(first & 31) as usize] >> (last & 31) & 1 == 0 || word.len() > 8 {
        return None;
    }
    let word = packed(word);
    CONTRACTIONS.iter().find(|c| c.0 == word).map(|c| c.1)
}

/// What stands before a hyphen without being a word of its own.
pub(crate) const PREFIXES: &List<38> = &List::new([
    "non", "anti", "pre", "post", "pro", "co", "re", "ex", "mid", "multi", "neo", "semi", "sub",
    "counter", "intra", "inter", "un", "e", "ultra", "pseudo", "quasi", "mini", "micro", "macro",
    "bi", "tri", "de", "over", "under", "super", "trans", "socio", "psycho", "extra", "hyper",
    "meta", "mis", "arch",
]);

/// Units and the like that a number is written with.
pub(crate) const UNITS: &List<32> = &List::new([
    "am", "pm", "a.m", "p.m", "m", "km", "cm", "mm", "kg", "mg", "k", "ft", "lb", "lbs", "oz",
    "bn", "b", "tn", "mph", "kph", "gb", "mb", "kb", "tb", "mhz", "ghz", "kw", "mw", "kwh", "ml",
    "min", "x",
]);

/// Emoticons of ASCII marks, with letters or without.
pub(crate) const EMOTICONS: &List<37> = &List::new([
    ":)", ":-)", ":(", ":-(", ";)", ";-)", ":d", ":-d", ":p", ":-p", "=)", "=(", "(:", ":/", ":-/",
    ":|", "<3", "^_^", ":')", ":'(", ":o", ":-o", "xd", ">:(", ":]", ":[", "=d", "=p", ";p", ";d",
    "=]", ":*", ":-*", "t_t", "-_-", ":))", "</3",
]);
