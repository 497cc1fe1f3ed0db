//! A bounded pipeline: one reader, workers, one writer that gets results in the order of the
//! jobs. What is in flight is bounded by number and by bytes, so memory does not grow with the
//! corpus, and nothing about the results depends on the number of workers.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, anyhow};

/// Jobs in flight, at most, for each worker.
const JOBS: usize = 128;
/// Bytes of jobs in flight, at most, for each worker; a single larger one goes alone.
const BYTES: usize = 4 << 20;
/// Bytes that a worker takes at once: short documents go through the encoder together. A subword
/// has a byte at least, so this bounds those too, at some three times what the encoder takes
/// through its layers in one go.
const TOGETHER: usize = 4 << 10;
/// Documents that a worker takes at once.
const AT_ONCE: usize = 8;

/// Where results go.
pub(super) trait Sink<D> {
    /// Takes the next result, in order.
    fn accept(&mut self, done: D) -> Result<()>;

    /// Nothing more is there at the moment.
    fn idle(&mut self) -> Result<()>;

    /// The run is to stop, and this many jobs that were begun are finished first.
    fn stopping(&mut self, _begun: usize) {}
}

/// The way into the pipeline, for the reader.
pub(super) struct Entrance<'q, J>(&'q Queue<J>);

impl<J> Entrance<'_, J> {
    /// Gives a job of about `bytes` to the workers, waiting for room; breaks when no more are
    /// wanted.
    pub(super) fn put(&self, job: J, bytes: usize) -> ControlFlow<()> {
        self.0.put(job, bytes)
    }
}

/// Runs jobs through `work` on every thread of `pool` and gives the results to `sink` in order.
///
/// `read` puts the jobs; when it fails, what it put before is finished first, then its error is
/// returned. When `stop` becomes true, jobs that no worker has begun are dropped, the others
/// finished: the results given to `sink` are those of the first jobs, without a gap.
pub(super) fn run<J: Send, D: Send, S: Default>(
    pool: &rayon::ThreadPool,
    stop: &AtomicBool,
    read: impl FnOnce(Entrance<'_, J>) -> Result<()> + Send,
    work: impl Fn(&mut S, Vec<J>) -> Vec<D> + Sync,
    sink: &mut impl Sink<D>,
) -> Result<()> {
    let threads = pool.current_num_threads();
    let queue = Queue::new(threads);
    let (results, done) = mpsc::channel();
    let work = &work;
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let _close = Close(&queue);
            read(Entrance(&queue))
        });
        let workers = scope.spawn(|| {
            pool.broadcast(|_| {
                let results = results.clone();
                let mut scratch = S::default();
                while let Some((first, jobs)) = queue.take() {
                    for (number, result) in (first..).zip(work(&mut scratch, jobs)) {
                        // The writer hangs up only after an error, which it returns.
                        let _ = results.send((number, result));
                    }
                }
            });
            drop(results);
        });

        let written = write(&queue, stop, &done, sink);
        // After an error, or a worker's panic, nobody may wait for room that will not come.
        queue.stop();
        drop(done);
        let worked = workers
            .join()
            .map_err(|_| anyhow!("a worker thread panicked"));
        let read = reader
            .join()
            .unwrap_or_else(|_| Err(anyhow!("the reader panicked")));
        written.and(worked).and(read)
    })
}

fn write<J, D>(
    queue: &Queue<J>,
    stop: &AtomicBool,
    done: &mpsc::Receiver<(u64, D)>,
    sink: &mut impl Sink<D>,
) -> Result<()> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    let mut stopping = false;
    loop {
        let received = match done.try_recv() {
            Err(mpsc::TryRecvError::Empty) => {
                sink.idle()?;
                done.recv_timeout(Duration::from_millis(100))
            }
            Err(mpsc::TryRecvError::Disconnected) => Err(mpsc::RecvTimeoutError::Disconnected),
            Ok(result) => Ok(result),
        };
        if stop.load(Ordering::Relaxed) && !std::mem::replace(&mut stopping, true) {
            let begun = queue.stop();
            if begun > 0 {
                sink.stopping(begun);
            }
        }
        match received {
            Ok((number, result)) => {
                early.insert(number, result);
                while let Some(result) = early.remove(&next) {
                    sink.accept(result)?;
                    queue.finished();
                    next += 1;
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return sink.idle(),
        }
    }
}

struct Queue<J> {
    state: Mutex<State<J>>,
    room: Condvar,
    jobs: Condvar,
    threads: usize,
    most_jobs: usize,
    most_bytes: usize,
}

struct State<J> {
    waiting: VecDeque<(J, usize)>,
    waiting_bytes: usize,
    /// The number of the first job that waits.
    first: u64,
    /// The sizes of the jobs that are not written yet, in order.
    in_flight: VecDeque<usize>,
    bytes: usize,
    closed: bool,
    stopped: bool,
}

impl<J> Queue<J> {
    fn new(threads: usize) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                waiting_bytes: 0,
                first: 0,
                in_flight: VecDeque::new(),
                bytes: 0,
                closed: false,
                stopped: false,
            }),
            room: Condvar::new(),
            jobs: Condvar::new(),
            threads,
            most_jobs: JOBS * threads,
            most_bytes: BYTES * threads,
        }
    }

    /// A panic while the lock was held is that of the thread, which is reported when it is joined.
    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, job: J, bytes: usize) -> ControlFlow<()> {
        let mut state = self
            .room
            .wait_while(self.state(), |s| {
                !s.stopped
                    && !s.in_flight.is_empty()
                    && (s.in_flight.len() >= self.most_jobs || s.bytes + bytes > self.most_bytes)
            })
            .unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return ControlFlow::Break(());
        }
        state.waiting.push_back((job, bytes));
        state.waiting_bytes += bytes;
        state.in_flight.push_back(bytes);
        state.bytes += bytes;
        self.jobs.notify_one();
        ControlFlow::Continue(())
    }

    /// The next jobs, with the number of the first: one, or several short ones that are there
    /// already. When few are left they are shared out among the workers, so that none ends long
    /// after the others. None when there will be no more.
    fn take(&self) -> Option<(u64, Vec<J>)> {
        let mut state = self
            .jobs
            .wait_while(self.state(), |s| {
                s.waiting.is_empty() && !s.closed && !s.stopped
            })
            .unwrap_or_else(PoisonError::into_inner);
        let share = state.waiting_bytes / (2 * self.threads);
        let most = share.min(TOGETHER);
        let (job, mut bytes) = state.waiting.pop_front()?;
        let first = state.first;
        let mut jobs = vec![job];
        while jobs.len() < AT_ONCE
            && let Some((_, more)) = state.waiting.front()
            && bytes + more <= most
            && let Some((job, more)) = state.waiting.pop_front()
        {
            bytes += more;
            jobs.push(job);
        }
        state.first += jobs.len() as u64;
        state.waiting_bytes -= bytes;
        Some((first, jobs))
    }

    /// The first job in flight has been written.
    fn finished(&self) {
        let mut state = self.state();
        let bytes = state.in_flight.pop_front().unwrap_or(0);
        state.bytes -= bytes;
        self.room.notify_one();
    }

    /// Drops what waits; says how many jobs were begun and not written yet.
    fn stop(&self) -> usize {
        let mut state = self.state();
        let begun = state.in_flight.len() - state.waiting.len();
        state.stopped = true;
        state.in_flight.truncate(begun);
        state.waiting.clear();
        state.waiting_bytes = 0;
        self.room.notify_all();
        self.jobs.notify_all();
        begun
    }

    fn close(&self) {
        self.state().closed = true;
        self.jobs.notify_all();
    }
}

/// Closes the queue however the reader ends.
struct Close<'q, J>(&'q Queue<J>);

impl<J> Drop for Close<'_, J> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Collect {
        got: Vec<u64>,
        fail_at: Option<u64>,
    }

    impl Sink<u64> for Collect {
        fn accept(&mut self, done: u64) -> Result<()> {
            anyhow::ensure!(self.fail_at != Some(done), "no space left");
            self.got.push(done);
            Ok(())
        }

        fn idle(&mut self) -> Result<()> {
            Ok(())
        }
    }

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    }

    /// Takes longer for some, so that results come out of order.
    fn slow(_: &mut (), jobs: Vec<u64>) -> Vec<u64> {
        if jobs[0].is_multiple_of(7) {
            std::thread::sleep(Duration::from_millis(1));
        }
        jobs
    }

    #[test]
    fn results_come_in_order_and_memory_is_bounded() {
        for threads in [1, 2, 5] {
            let (put, written) = (AtomicUsize::new(0), &AtomicUsize::new(0));
            let most = AtomicUsize::new(0);
            struct Watch<'w>(Collect, &'w AtomicUsize);
            impl Sink<u64> for Watch<'_> {
                fn accept(&mut self, done: u64) -> Result<()> {
                    self.1.fetch_add(1, Ordering::SeqCst);
                    self.0.accept(done)
                }
                fn idle(&mut self) -> Result<()> {
                    Ok(())
                }
            }
            let mut sink = Watch(Collect::default(), written);
            let read = |entrance: Entrance<'_, u64>| {
                for n in 0..3000 {
                    assert!(entrance.put(n, 1000).is_continue());
                    let flying =
                        put.fetch_add(1, Ordering::SeqCst) + 1 - written.load(Ordering::SeqCst);
                    most.fetch_max(flying, Ordering::SeqCst);
                }
                Ok(())
            };
            run(
                &pool(threads),
                &AtomicBool::new(false),
                read,
                slow,
                &mut sink,
            )
            .unwrap();
            assert_eq!(sink.0.got, (0..3000).collect::<Vec<_>>());
            let most = most.into_inner();
            assert!(
                most <= JOBS * threads + 1,
                "{most} in flight with {threads} threads"
            );
        }
    }

    /// With two workers, each take is at most a quarter of what waits: near the end fewer jobs.
    #[test]
    fn what_is_left_is_shared_out() {
        let queue = Queue::new(2);
        for n in 0..24_u64 {
            assert!(queue.put(n, 500).is_continue());
        }
        queue.close();
        let takes: Vec<usize> = std::iter::from_fn(|| Some(queue.take()?.1.len())).collect();
        assert_eq!(takes, [6, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1]);
    }

    #[test]
    fn a_stop_leaves_no_gap() {
        let stop = AtomicBool::new(false);
        let mut sink = Collect::default();
        let read = |entrance: Entrance<'_, u64>| {
            for n in 0.. {
                if n == 500 {
                    stop.store(true, Ordering::Relaxed);
                }
                if entrance.put(n, 10).is_break() {
                    break;
                }
            }
            Ok(())
        };
        run(&pool(3), &stop, read, slow, &mut sink).unwrap();
        assert!(!sink.got.is_empty());
        assert_eq!(sink.got, (0..sink.got.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn errors_end_the_run() {
        let endless = |entrance: Entrance<'_, u64>| {
            for n in 0.. {
                if entrance.put(n, 10).is_break() {
                    break;
                }
            }
            Ok(())
        };
        let mut sink = Collect {
            fail_at: Some(300),
            ..Collect::default()
        };
        let err = run(&pool(2), &AtomicBool::new(false), endless, slow, &mut sink).unwrap_err();
        assert_eq!(err.to_string(), "no space left");
        assert_eq!(sink.got.len(), 300);

        // What was put before the reader failed is finished.
        let failing = |entrance: Entrance<'_, u64>| {
            for n in 0..50 {
                assert!(entrance.put(n, 10).is_continue());
            }
            anyhow::bail!("the disk went away")
        };
        let mut sink = Collect::default();
        let err = run(&pool(2), &AtomicBool::new(false), failing, slow, &mut sink).unwrap_err();
        assert_eq!(err.to_string(), "the disk went away");
        assert_eq!(sink.got.len(), 50);
    }
}
