//! How long answers to a node's own requests took, as its service sees it: counts in bins a sixteenth of an octave wide.
//!
//! A service keeps state, not measurements; so they stand beside it, once in a process.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bins of an octave.
const PARTS: u32 = 16;
const BINS: usize = 512;

static TIMES: [AtomicU64; BINS] = [const { AtomicU64::new(0) }; BINS];

/// Forgets what was counted.
pub fn reset() {
    for bin in &TIMES {
        bin.store(0, Ordering::Relaxed);
    }
}

/// Counts one.
pub fn note(micros: u64) {
    TIMES[bin_of(micros)].fetch_add(1, Ordering::Relaxed);
}

/// The time within which this share of them came, in microseconds: the upper end of its bin.
#[must_use]
pub fn quantile(share: f64) -> u64 {
    let counts = TIMES.each_ref().map(|bin| bin.load(Ordering::Relaxed));
    let all: u64 = counts.iter().sum();
    let wanted = (all as f64 * share).ceil() as u64;
    let mut seen = 0;
    for (bin, count) in counts.iter().enumerate() {
        seen += count;
        if seen >= wanted.max(1) {
            return top_of(bin);
        }
    }
    0
}

fn bin_of(micros: u64) -> usize {
    let octave = micros.max(1).ilog2();
    let part = match octave {
        0..4 => return micros as usize,
        octave => (micros >> (octave - 4)) as u32 - PARTS,
    };
    (((octave - 3) * PARTS + part) as usize).min(BINS - 1)
}

fn top_of(bin: usize) -> u64 {
    let (octave, part) = (bin as u32 / PARTS, bin as u32 % PARTS);
    match octave {
        0 => u64::from(part),
        octave => (u64::from(PARTS + part + 1) << (octave - 1)) - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_lies_below_the_top_of_its_bin_and_not_far() {
        for micros in (0..5_000).chain([100_000, 12_345_678]) {
            let top = top_of(bin_of(micros));
            assert!(
                top >= micros && top <= micros + micros / 16,
                "{micros}: {top}"
            );
        }
        reset();
        for micros in 1..=1_000 {
            note(micros);
        }
        assert!((500..=531).contains(&quantile(0.5)), "{}", quantile(0.5));
        assert!((990..=1_055).contains(&quantile(0.99)));
    }
}
