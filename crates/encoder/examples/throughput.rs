//! Measures how many pieces per second a model reads.
//!
//!     cargo run --release -p standpoint-encoder --example throughput -- MODEL WINDOWS [KERNEL [RUNS [THREADS]]]
//!
//! With `-` for RUNS it makes a run for each line on the standard input. WINDOWS has a window a line: the numbers of its pieces, special ones included, with spaces
//! between. Prints, for each run, tab-separated, seconds, pieces per second and
//! seconds of processor time (0 off Linux), which is steadier on a busy machine; before them the
//! kernel, the seconds to open the model, and after them the peak memory in megabytes.

#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use standpoint_encoder::{Batch, Encoder, Kernel, Scratch};

/// Windows that go through the encoder together, as a few documents do.
const TOGETHER: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, windows, rest @ ..] = args.as_slice() else {
        return Err("usage: throughput MODEL WINDOWS [KERNEL [RUNS [THREADS]]]".into());
    };
    let kernel: Kernel = rest.first().map_or(Ok(Kernel::Auto), |name| name.parse())?;
    // A run for each line on the standard input, for a program that takes turns with others.
    let on_request = rest.get(1).is_some_and(|runs| runs == "-");
    let runs: usize = match rest.get(1) {
        Some(_) if on_request => usize::MAX,
        Some(runs) => runs.parse::<usize>()? + 1,
        None => 8,
    };
    let threads: usize = rest.get(2).map_or(Ok(1), |n| n.parse())?;

    let mut batches = vec![Batch::default()];
    for line in std::fs::read_to_string(windows)?.lines() {
        let ids = line
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<Vec<u32>, _>>()?;
        if batches
            .last()
            .is_some_and(|batch| batch.windows() == TOGETHER)
        {
            batches.push(Batch::default());
        }
        batches.last_mut().expect("one at least").push(&ids);
    }
    let pieces: usize = batches.iter().map(Batch::pieces).sum();

    let start = Instant::now();
    let encoder = Encoder::open(model.as_str(), kernel)?;
    println!(
        "{}\topened\t{:.4}",
        encoder.kernel_name(),
        start.elapsed().as_secs_f64()
    );
    let mut scratches: Vec<Scratch> = (0..threads).map(|_| Scratch::default()).collect();
    for run in 0..runs {
        if on_request && std::io::stdin().read_line(&mut String::new())? == 0 {
            break;
        }
        let start = Instant::now();
        let next = AtomicUsize::new(0);
        let cpu: f64 = std::thread::scope(|scope| {
            let mut workers = Vec::new();
            for scratch in &mut scratches {
                let (encoder, batches, next) = (&encoder, &batches, &next);
                let worker = scope.spawn(move || {
                    let before = cpu_seconds();
                    while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                        std::hint::black_box(encoder.encode(batch, scratch));
                    }
                    cpu_seconds() - before
                });
                workers.push(worker);
            }
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap_or(f64::NAN))
                .sum()
        });
        let seconds = start.elapsed().as_secs_f64();
        if on_request {
            println!("{seconds}\t{cpu}");
        } else if run > 0 {
            // The first warms up.
            println!(
                "run\t{seconds:.4}\t{:.0}\t{cpu:.4}",
                pieces as f64 / seconds
            );
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("peak\t{}", peak.map_or("unknown", str::trim));
    Ok(())
}

/// How long this thread has run on a processor.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) / 1e9
}
