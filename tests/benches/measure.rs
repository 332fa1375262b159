//! Two things measured in turn, in one run.

// Each bench that takes this in uses a part of it.
#![allow(dead_code)]

use std::time::{Duration, Instant};

pub const RUNS: usize = 7;

/// Prints the ratio of the medians. The two run in turn, so that a machine whose speed drifts is fair to both.
pub fn compare(what: &str, ours: impl Fn(), floor: impl Fn()) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        a.push(timed(&ours));
        b.push(timed(&floor));
    }
    let (a, b) = (median(a), median(b));
    println!("{what}: {:.2}   ({a:.1?} / {b:.1?})", a.as_secs_f64() / b.as_secs_f64().max(1e-9));
}

pub fn timed(step: &impl Fn()) -> Duration {
    let begun = Instant::now();
    step();
    begun.elapsed()
}

pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
