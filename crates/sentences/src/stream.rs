use alloc::borrow::ToOwned;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::io::{self, BufRead};

use standpoint_core::{Sentence, Span};

use crate::machine::Machine;

/// A sentence read from a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamedSentence {
    /// Its text, with the white space that follows it.
    pub text: String,
    /// The byte of the stream where it starts.
    pub start: u64,
    /// As [`Sentence::nested`].
    pub nested: bool,
}

/// The sentences of a stream, in order; made by [`Splitter::read`](crate::Splitter::read).
///
/// A failure to read, or bytes that are not UTF-8 ([`io::ErrorKind::InvalidData`]), end it.
#[derive(Debug)]
pub struct Sentences<R> {
    reader: R,
    machine: Machine,
    /// What has been read and not been given out, in whole characters.
    text: String,
    /// The first bytes of a character whose rest is not read yet.
    rest: Vec<u8>,
    /// Sentences found in `text`.
    found: Vec<Sentence>,
    ready: VecDeque<StreamedSentence>,
    /// The byte of the stream where `text` starts.
    start: u64,
    ended: bool,
}

impl<R: BufRead> Sentences<R> {
    pub(crate) fn new(reader: R, machine: Machine) -> Self {
        Self {
            reader,
            machine,
            text: String::new(),
            rest: Vec::new(),
            found: Vec::new(),
            ready: VecDeque::new(),
            start: 0,
            ended: false,
        }
    }

    /// Reads on and splits what can be split.
    fn fill(&mut self) -> io::Result<()> {
        let bytes = match self.reader.fill_buf() {
            Ok(bytes) => bytes,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(err) => return Err(err),
        };
        let length = bytes.len();
        self.rest.extend_from_slice(bytes);
        self.reader.consume(length);
        let good = match str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            // A character that is cut off by the end of the buffer may go on.
            Err(err) if err.error_len().is_none() && length > 0 => err.valid_up_to(),
            Err(err) => {
                let at = self.start + (self.text.len() + err.valid_up_to()) as u64;
                let message = format!("byte {at} of the stream is not UTF-8");
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        };
        self.text
            .push_str(str::from_utf8(&self.rest[..good]).expect("checked above"));
        self.rest.drain(..good);
        self.ended = length == 0;
        self.machine
            .advance(&self.text, self.ended, |gap| gap.decide(), &mut self.found);

        let settled = if self.ended {
            self.found.len()
        } else {
            self.machine.settled(&self.found)
        };
        let Some(last) = settled.checked_sub(1) else {
            return Ok(());
        };
        let end = self.found[last].span.range().end;
        for sentence in self.found.drain(..settled) {
            self.ready.push_back(StreamedSentence {
                text: self.text[sentence.span].to_owned(),
                start: self.start + u64::from(sentence.span.start()),
                nested: sentence.nested,
            });
        }
        self.text.drain(..end);
        self.start += end as u64;
        self.machine.forget(end);
        for sentence in &mut self.found {
            let span = sentence.span.range();
            sentence.span = Span::from_range(span.start - end..span.end - end);
        }
        Ok(())
    }
}

impl<R: BufRead> Iterator for Sentences<R> {
    type Item = io::Result<StreamedSentence>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(sentence) = self.ready.pop_front() {
                return Some(Ok(sentence));
            }
            if self.ended {
                return None;
            }
            if let Err(err) = self.fill() {
                self.ended = true;
                return Some(Err(err));
            }
        }
    }
}
