//! What the node was doing over the last minutes, for the console's charts and `strowger top`: a bounded list of small
//! samples, and how figures are written for people ([`words`]).
//!
//! Samples are made of two looks at the node: of what is counted, how much more there is; of times, what fell into each
//! bucket meanwhile. Looks come once a second while somebody watches, else far apart, so a sample knows how long it is.

pub mod words;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use strowger_node::status::{Status, Times};

/// How long samples are kept.
pub const KEPT: Duration = Duration::from_secs(300);
/// Samples at most.
const SAMPLES: usize = 600;
/// How far back rates of single services and adaptors look.
const RECENT: Duration = Duration::from_secs(10);
/// Looks that are kept for these.
const LOOKS: usize = 16;

/// What the node was doing lately.
#[derive(Debug, Default)]
pub struct History {
    samples: VecDeque<Sample>,
    looks: VecDeque<(Instant, Arc<Status>)>,
}

/// Between two looks at the node.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    at: Option<Instant>,
    /// Seconds.
    pub span: f64,
    /// Activities begun, a second.
    pub begun: f64,
    /// Events accepted, a second.
    pub events: f64,
    /// Handlers called, a second.
    pub deliveries: f64,
    /// Datagrams received and sent, a second.
    pub datagrams: f64,
    /// Bytes received and sent, a second.
    pub bytes: f64,
    /// Cores that the process used.
    pub cores: f64,
    /// The share of one core that the busiest shard used.
    pub shard: f64,
    /// Activities there were.
    pub activities: f64,
    /// Bytes of memory resident.
    pub resident: f64,
    /// How long deliveries took.
    times: Buckets,
    /// How long syncs of the store took.
    syncs: Buckets,
}

/// Times that fell into each bucket.
#[derive(Clone, Debug, Default)]
struct Buckets {
    le_ns: Vec<u64>,
    counts: Vec<u64>,
}

/// What is read out of a history at one time.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    /// Oldest first.
    pub samples: Vec<Sample>,
    /// The first and the last of the looks of the last seconds, and the seconds between them.
    ends: Option<(Arc<Status>, Arc<Status>, f64)>,
}

impl History {
    /// How the node is now.
    pub fn add(&mut self, now: Instant, status: &Arc<Status>) {
        if let Some((before, older)) = self.looks.back() {
            // A node that counts from the beginning again is another one.
            let again = older.pid != status.pid || older.started_ms != status.started_ms;
            let span = now.duration_since(*before).as_secs_f64();
            if again {
                *self = Self::default();
            } else if span > 0.0 {
                self.samples
                    .push_back(Sample::between(older, status, now, span));
            }
        }
        let old = |sample: &Sample| sample.at.is_some_and(|at| now.duration_since(at) > KEPT);
        while self.samples.len() > SAMPLES || self.samples.front().is_some_and(old) {
            self.samples.pop_front();
        }
        // One look from before the time that counts is its beginning.
        let over = |looks: &VecDeque<(Instant, Arc<Status>)>| {
            looks.len() > LOOKS
                || looks
                    .get(1)
                    .is_some_and(|(at, _)| now.duration_since(*at) > RECENT)
        };
        self.looks.push_back((now, Arc::clone(status)));
        while over(&self.looks) {
            self.looks.pop_front();
        }
    }

    /// What is read out of it now.
    pub fn recent(&self) -> Recent {
        let (first, last) = (self.looks.front(), self.looks.back());
        let ends = first.zip(last).and_then(|((from, older), (to, newer))| {
            let span = to.duration_since(*from).as_secs_f64();
            (span > 0.0).then(|| (Arc::clone(older), Arc::clone(newer), span))
        });
        Recent {
            samples: self.samples.iter().cloned().collect(),
            ends,
        }
    }
}

impl Sample {
    fn between(older: &Status, newer: &Status, at: Instant, span: f64) -> Self {
        let rate = |of: fn(&Status) -> u64| more(of(older), of(newer)) / span;
        let shards = newer.shards.iter().zip(&older.shards);
        let busiest = shards
            .map(|(new, old)| new.cpu_us.saturating_sub(old.cpu_us))
            .max();
        let mut times = Buckets::default();
        for (new, old) in newer.services.iter().zip(&older.services) {
            times.add(&Buckets::between(&old.times, &new.times));
        }
        Self {
            at: Some(at),
            span,
            begun: rate(|s| s.kernel.activities_started),
            events: rate(|s| s.kernel.events),
            deliveries: rate(|s| s.kernel.deliveries),
            datagrams: rate(|s| s.network.datagrams_in + s.network.datagrams_out),
            bytes: rate(|s| s.network.bytes_in + s.network.bytes_out),
            cores: rate(|s| s.process.cpu_us) / 1e6,
            shard: real(busiest.unwrap_or(0)) / span / 1e6,
            activities: real(newer.counts.activities),
            resident: real(newer.process.resident_bytes),
            times,
            syncs: Buckets::between(&older.store.sync_times, &newer.store.sync_times),
        }
    }
}

impl Recent {
    /// Seconds below which a share of the deliveries of the last samples stayed.
    pub fn delivery(&self, share: f64) -> Option<f64> {
        self.quantile(self.samples.len(), share, |sample| &sample.times)
    }

    /// The same of the store's syncs.
    pub fn sync(&self, share: f64) -> Option<f64> {
        self.quantile(self.samples.len(), share, |sample| &sample.syncs)
    }

    /// The same of deliveries, as it was after each sample.
    pub fn deliveries(&self, share: f64) -> Vec<Option<f64>> {
        let ends = 1..=self.samples.len();
        ends.map(|end| self.quantile(end, share, |sample| &sample.times))
            .collect()
    }

    /// The mean of the last few seconds.
    pub fn mean(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        let (mut sum, mut span) = (0.0, 0.0);
        for sample in self.samples.iter().rev() {
            sum += of(sample) * sample.span;
            span += sample.span;
            if span >= 4.5 {
                break;
            }
        }
        if span > 0.0 { sum / span } else { 0.0 }
    }

    /// How much something grows a second; `None` before there are two looks.
    pub fn rate(&self, of: impl Fn(&Status) -> Option<u64>) -> Option<f64> {
        let (older, newer, span) = self.ends.as_ref()?;
        Some(more(of(older)?, of(newer)?) / span)
    }

    /// What fell into each bucket lately, and the buckets' bounds in nanoseconds.
    pub fn times(&self, of: impl Fn(&Status) -> Option<&Times>) -> Option<(Vec<u64>, Vec<u64>)> {
        let (older, newer, _) = self.ends.as_ref()?;
        let buckets = Buckets::between(of(older)?, of(newer)?);
        Some((buckets.le_ns, buckets.counts))
    }

    /// Of the ten seconds up to the end of a sample, or of that sample where it is longer.
    fn quantile(&self, end: usize, share: f64, of: fn(&Sample) -> &Buckets) -> Option<f64> {
        let (mut all, mut span) = (Buckets::default(), 0.0);
        for sample in self.samples.get(..end)?.iter().rev() {
            all.add(of(sample));
            span += sample.span;
            if span >= RECENT.as_secs_f64() {
                break;
            }
        }
        quantile(&all.le_ns, &all.counts, share)
    }
}

impl Buckets {
    fn between(older: &Times, newer: &Times) -> Self {
        let counts = newer.counts.iter().zip(&older.counts);
        Self {
            le_ns: newer.le_ns.clone(),
            counts: counts.map(|(new, old)| new.saturating_sub(*old)).collect(),
        }
    }

    fn add(&mut self, other: &Self) {
        if self.counts.is_empty() {
            *self = other.clone();
            return;
        }
        for (sum, n) in self.counts.iter_mut().zip(&other.counts) {
            *sum += n;
        }
    }
}

/// Seconds below which a share of what fell into the buckets stayed, as if it were spread evenly within each.
pub fn quantile(le_ns: &[u64], counts: &[u64], share: f64) -> Option<f64> {
    let total: u64 = counts.iter().sum();
    if total == 0 {
        return None;
    }
    let rank = real(total) * share;
    let (mut below, mut from) = (0.0, 0.0);
    for (le, n) in le_ns.iter().zip(counts) {
        let (to, n) = (real(*le), real(*n));
        if n > 0.0 && below + n >= rank {
            return Some((from + (to - from) * (rank - below) / n) / 1e9);
        }
        (below, from) = (below + n, to);
    }
    // Above all bounds: nothing more is known.
    Some(from / 1e9)
}

fn more(older: u64, newer: u64) -> f64 {
    real(newer.saturating_sub(older))
}

/// Counts of this size are exact, and charts would not show the difference.
#[expect(clippy::cast_precision_loss, reason = "for people")]
pub fn real(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_node::status::ShardStatus;

    fn look(events: u64, cpu_us: u64) -> Arc<Status> {
        let mut status = Status::default();
        status.kernel.events = events;
        let mut shard = ShardStatus::default();
        shard.cpu_us = cpu_us;
        status.shards = vec![shard];
        Arc::new(status)
    }

    #[test]
    fn rates_are_of_the_time_that_has_passed() {
        let (mut history, start) = (History::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        history.add(start, &look(100, 0));
        assert!(history.recent().rate(|s| Some(s.kernel.events)).is_none());
        history.add(after(10), &look(150, 5_000_000));
        history.add(after(11), &look(250, 5_250_000));
        let recent = history.recent();
        assert_eq!(recent.samples.len(), 2);
        assert!((recent.samples[0].events - 5.0).abs() < 1e-9);
        assert!((recent.samples[0].shard - 0.5).abs() < 1e-9);
        assert!((recent.samples[1].events - 100.0).abs() < 1e-9);
        let rate = recent.rate(|s| Some(s.kernel.events)).unwrap();
        assert!((rate - 150.0 / 11.0).abs() < 1e-9, "{rate}");
        // A node that has begun anew has no past.
        let mut other = Status::clone(&look(1, 0));
        other.pid = 7;
        history.add(after(12), &Arc::new(other));
        assert!(history.recent().samples.is_empty());
    }

    #[test]
    fn a_history_is_bounded_in_time_and_number() {
        let (mut history, start) = (History::default(), Instant::now());
        for n in 0..5_000_u64 {
            history.add(start + Duration::from_millis(100 * n), &look(n, n));
        }
        assert!(history.samples.len() <= SAMPLES && history.looks.len() <= LOOKS);
        history.add(start + Duration::from_secs(10_000), &look(9_000, 9_000));
        assert_eq!((history.samples.len(), history.looks.len()), (1, 2));
    }

    #[test]
    fn quantiles_lie_within_their_buckets() {
        let (bounds, none) = ([1_000, 2_000, 4_000], [0, 0, 0, 0]);
        assert_eq!(quantile(&bounds, &none, 0.5), None);
        let at = |counts: &[u64], share| quantile(&bounds, counts, share).unwrap() * 1e9;
        assert!((at(&[0, 10, 0, 0], 0.5) - 1_500.0).abs() < 1e-6);
        assert!((at(&[99, 0, 1, 0], 0.99) - 1_000.0).abs() < 1e-6);
        assert!((at(&[0, 0, 0, 5], 0.99) - 4_000.0).abs() < 1e-6);
    }
}
