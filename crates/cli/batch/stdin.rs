//! Standard input that can be left while nothing comes.

use std::io::{self, Cursor, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Standard input, which ends when `stop` becomes true.
///
/// A read of it cannot be called off, so it is done by a thread that nobody waits for: whoever
/// gives the signal at a silent pipe or a terminal gets the program back at once.
pub(super) struct Stdin<'s> {
    stop: &'s AtomicBool,
    /// None until the first read: a run that reads only files leaves standard input alone.
    chunks: Option<Receiver<io::Result<Vec<u8>>>>,
    chunk: Cursor<Vec<u8>>,
}

impl<'s> Stdin<'s> {
    pub(super) fn new(stop: &'s AtomicBool) -> Self {
        Self {
            stop,
            chunks: None,
            chunk: Cursor::default(),
        }
    }
}

impl Read for Stdin<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.chunk.read(buf)?;
            if n > 0 || buf.is_empty() || self.stop.load(Ordering::Relaxed) {
                return Ok(n);
            }
            let chunks = self.chunks.get_or_insert_with(|| chunks_of(io::stdin()));
            match chunks.recv_timeout(Duration::from_millis(100)) {
                Ok(chunk) => self.chunk = Cursor::new(chunk?),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
    }
}

/// Reads ahead by one chunk.
fn chunks_of(mut stream: impl Read + Send + 'static) -> Receiver<io::Result<Vec<u8>>> {
    let (chunks, receiver) = sync_channel(1);
    std::thread::spawn(move || {
        loop {
            let mut chunk = vec![0; 1 << 16];
            let chunk = match stream.read(&mut chunk) {
                Ok(0) => return,
                Ok(n) => {
                    chunk.truncate(n);
                    Ok(chunk)
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                Err(err) => Err(err),
            };
            if chunks.send(chunk).is_err() {
                return;
            }
        }
    });
    receiver
}
