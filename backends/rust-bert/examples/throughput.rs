//! Measures how many pieces per second rust-bert reads, as the encoder's example of this name does.
//!
//!     cargo run --release --example throughput -- MODEL WINDOWS [cpu|cuda [RUNS [THREADS]]]
//!
//! WINDOWS has a window a line: the numbers of its pieces, special ones included, with spaces
//! between. 32 windows of like length go through the model together. Prints, for each run,
//! tab-separated, seconds, microseconds per piece, pieces per second and seconds of processor time
//! (0 off Linux). With `-` for RUNS it makes a run for each line on the standard input, and prints
//! seconds and processor time.

#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;
use std::time::Instant;

use standpoint_encoder::{Batch, Encode, Scratch};
use standpoint_rust_bert::{Device, RustBert};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, windows, rest @ ..] = args.as_slice() else {
        return Err("usage: throughput MODEL WINDOWS [cpu|cuda [RUNS [THREADS]]]".into());
    };
    let device = match rest.first().map_or("cpu", String::as_str) {
        "cpu" => Device::Cpu,
        "cuda" => Device::Cuda(0),
        other => return Err(format!("`{other}` is neither cpu nor cuda").into()),
    };
    // A run for each line on the standard input, for a program that takes turns with others.
    let on_request = rest.get(1).is_some_and(|runs| runs == "-");
    let runs: usize = match rest.get(1) {
        Some(_) if on_request => usize::MAX,
        Some(runs) => runs.parse::<usize>()? + 1,
        None => 8,
    };
    tch::set_num_threads(rest.get(2).map_or(Ok(1), |n| n.parse())?);

    let mut batch = Batch::default();
    for line in std::fs::read_to_string(windows)?.lines() {
        let ids = line.split_whitespace().map(str::parse);
        batch.push(&ids.collect::<Result<Vec<u32>, _>>()?);
    }
    let pieces = batch.pieces() as f64;
    let start = Instant::now();
    let model = RustBert::open(model.as_str(), device)?.together(32);
    let seconds = start.elapsed().as_secs_f64();
    println!("{}\topened\t{seconds:.4}", model.kernel_name());
    let mut scratch = Scratch::default();
    for run in 0..runs {
        if on_request && std::io::stdin().read_line(&mut String::new())? == 0 {
            break;
        }
        let (start, before) = (Instant::now(), cpu_seconds());
        std::hint::black_box(model.encode(&batch, &mut scratch));
        let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - before);
        if on_request {
            println!("{seconds}\t{cpu}");
        } else if run > 0 {
            // The first warms up.
            let (each, rate) = (seconds * 1e6 / pieces, pieces / seconds);
            println!("run\t{seconds:.4}\t{each:.1}\t{rate:.0}\t{cpu:.4}");
        }
    }
    Ok(())
}

/// How long all threads, libtorch's among them, have run on a processor.
fn cpu_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let times = threads.flatten().filter_map(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<f64>().ok()
    });
    times.sum::<f64>() / 1e9
}
