//! Sentences tile any text, and a stream has the same ones. The first byte says whether lines are
//! wrapped and how much the reader gives at a time.
#![no_main]

use std::io::BufReader;

use libfuzzer_sys::fuzz_target;
use standpoint_sentences::Splitter;

fuzz_target!(|input: (u8, &str)| {
    let (settings, text) = input;
    let splitter = Splitter::new().wrapped(settings & 1 == 1);
    let sentences = splitter.split(text);
    let end = sentences.iter().fold(0, |at, sentence| {
        assert_eq!(sentence.span.start(), at);
        assert!(!sentence.span.is_empty());
        sentence.span.end()
    });
    assert_eq!(end as usize, text.len());
    let reader = BufReader::with_capacity(1 + usize::from(settings), text.as_bytes());
    let mut streamed = splitter.read(reader);
    for sentence in sentences {
        let read = streamed.next().expect("as many").expect("a str is UTF-8");
        assert_eq!((read.text.as_str(), read.nested), (&text[sentence.span], sentence.nested));
    }
    assert!(streamed.next().is_none());
});
