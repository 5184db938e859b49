//! Interleaved wall-clock rounds, so that a slow machine slows all subjects equally.

use std::time::{Duration, Instant};

/// Comparison of the rounds of two subjects.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// Calls per second, median of the rounds.
    pub ours: f64,
    pub peer: f64,
    /// Median of the ratios of the rounds.
    pub ratio: f64,
    /// Deviation of a second run of the peer from the first in half of the rounds: the measurement
    /// noise of the clock.
    pub noise: f64,
}

/// Runs each subject `times` times in each round, in an order that rotates from round to round.
pub fn compare(
    rounds: usize,
    times: usize,
    mut ours: impl FnMut(usize),
    mut peer: impl FnMut(usize),
) -> Comparison {
    let mut taken: [Vec<f64>; 3] = Default::default();
    for round in 0..rounds {
        for place in 0..3 {
            let subject = (place + round) % 3;
            let time = match subject {
                0 => time(|| ours(times)),
                _ => time(|| peer(times)),
            };
            taken[subject].push(times as f64 / time.as_secs_f64());
        }
    }
    let [ours, peer, twin] = &taken;
    let ratios =
        |one: &[f64]| -> Vec<f64> { one.iter().zip(peer).map(|(one, peer)| one / peer).collect() };
    Comparison {
        ours: median(ours.iter().copied()),
        peer: median(peer.iter().copied()),
        ratio: median(ratios(ours).into_iter()),
        noise: median(ratios(twin).into_iter().map(|ratio| (ratio - 1.0).abs())),
    }
}

fn time(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// The median.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
