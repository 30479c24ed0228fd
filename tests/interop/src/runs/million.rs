//! Very many calls through the B2BUA in one run: none fails, nothing is left, and memory is flat.
//!
//! Memory is sampled while calls go on. The slope of a straight line through the samples of the last four fifths, by least
//! squares, says whether it grows.

use super::load::{self, Load};
use super::{TAKES_ALL, Transport, expect_empty, spec};
use crate::error::{Result, ensure};
use crate::node::{Node, pause};
use std::path::Path;
use std::time::{Duration, Instant};

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Million {
    /// Calls.
    pub calls: u32,
    /// New ones a second.
    pub rate: u32,
    /// Most KiB that the node may grow by with 100,000 calls, by the slope.
    pub slope: f64,
    /// Octet of the loopback address.
    pub host: u8,
}

/// How often memory is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Transactions linger for 32 s.
const LINGER: Duration = Duration::from_secs(60);
/// Of so many calls the slope is told.
const PER: f64 = 100_000.0;

/// See the module.
///
/// # Errors
/// What did not hold.
pub fn million(run: Million, dir: &Path) -> Result<String> {
    let mut spec = spec(run.host, dir, "million");
    TAKES_ALL.clone_into(&mut spec.more);
    let node = Node::start(&spec)?;
    let load = Load {
        rate: run.rate,
        seconds: run.calls / run.rate.max(1),
        hold_ms: 0,
        host: run.host,
    };
    let calls = u64::from(load.rate) * u64::from(load.seconds);
    let begun = Instant::now();
    let span = Duration::from_secs(u64::from(load.seconds));
    let (mut caller, _callee) = load::begin(load, Transport::Udp, &spec, "2000", Some(5070))?;
    let mut samples = Vec::new();
    let deadline = begun + span * 2 + LINGER;
    while !caller.has_ended()? && Instant::now() < deadline {
        if begun.elapsed() >= LOOK * samples.len() as u32 {
            samples.push((begun.elapsed().as_secs_f64(), node.resident_kib()? as f64));
        }
        pause();
    }
    let took = begun.elapsed().as_secs_f64();
    let totals = caller.finish(LINGER)?;
    totals.expect_clean(calls)?;
    expect_empty(&node, LINGER)?;
    let last: Vec<(f64, f64)> = samples
        .iter()
        .copied()
        .filter(|(at, _)| *at >= took / 5.0)
        .map(|(at, kib)| (at * calls as f64 / took / PER, kib))
        .collect();
    let slope = slope(&last);
    let kib = |at: usize| samples.get(at).map_or(0.0, |(_, kib)| *kib);
    let told = format!(
        "{calls} calls through the B2BUA in class strict in {took:.0} s, {:.0}/s, none failed, {} retransmissions, nothing left; \
         resident {} KiB after a fifth of the run and {} KiB at its end, a slope of {slope:.0} KiB per 100,000 calls over {} samples",
        calls as f64 / took,
        totals.get("Retransmissions"),
        last.first().map_or(0.0, |(_, kib)| *kib),
        kib(samples.len().saturating_sub(1)),
        last.len(),
    );
    ensure(slope <= run.slope, || {
        format!("{told}; {} KiB is the bound", run.slope)
    })?;
    Ok(told)
}

/// Of a straight line through these points, by least squares; 0 where there are too few.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let across: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let along: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
    if along > 0.0 { across / along } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::slope;

    #[test]
    fn the_slope_is_that_of_the_line() {
        let line: Vec<(f64, f64)> = (0..10)
            .map(|x| (f64::from(x), 7.0 + 3.0 * f64::from(x)))
            .collect();
        assert!((slope(&line) - 3.0).abs() < 1e-9);
        assert!(slope(&[(1.0, 5.0)]).abs() < 1e-9);
        assert!(slope(&[]).abs() < 1e-9);
    }
}
