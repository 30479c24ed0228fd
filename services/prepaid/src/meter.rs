//! How long a call has lasted, what of it has been reported, and when to do something about it. Reads no clock.
//!
//! Charged is the time from the ACK of the 200 to the BYE, rounded up once per call: reports on the way count whole seconds that
//! are over, and the last one the rest. All instants are wall-clock time, so that a call is charged the same whether or not the
//! node was down in the middle.

use strowger::prelude::*;
use strowger::time::Wall;

/// A call with its last units ends so long before they are over. A second that has begun is paid, and a timer that is late by
/// less takes no second more.
const EARLY: Duration = Duration::from_millis(100);

/// The time of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq, State)]
pub(crate) struct Meter {
    /// When the ACK came.
    since: Option<Wall>,
    /// When it ended.
    until: Option<Wall>,
    /// Seconds that have been reported.
    reported: u32,
    /// Seconds, from the beginning, that the grants reach to; not counted if there is none.
    limit: Option<u32>,
    /// Seconds before the limit at which to ask for more.
    threshold: u32,
    /// These are the last units.
    is_last: bool,
    /// More has been asked for.
    asked: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    /// Report, and ask for more.
    Ask,
    /// The last units are used up.
    End,
}

impl Meter {
    pub(crate) fn start(&mut self, now: Wall) {
        self.since.get_or_insert(now);
    }

    pub(crate) const fn has_started(&self) -> bool {
        self.since.is_some()
    }

    /// The call has ended; the first time counts.
    pub(crate) fn stop(&mut self, now: Wall) {
        self.until.get_or_insert(now);
    }

    /// New units, counted from the last report.
    pub(crate) fn grant(&mut self, seconds: u32, threshold: u32, is_last: bool) {
        self.limit = Some(self.reported.saturating_add(seconds));
        self.threshold = threshold.min(seconds / 2);
        self.is_last = is_last;
        self.asked = false;
    }

    /// Nobody counts any more.
    pub(crate) fn free(&mut self) {
        self.limit = None;
        self.is_last = false;
    }

    /// Takes what has to be reported on the way: whole seconds.
    pub(crate) fn report(&mut self, now: Wall) -> u32 {
        let whole = self.lasted(now).as_secs();
        self.asked = true;
        self.take(u32::try_from(whole).unwrap_or(u32::MAX))
    }

    /// Takes what remains to be reported at the end.
    pub(crate) fn settle(&mut self, now: Wall) -> u32 {
        let whole = self.lasted(now).as_millis().div_ceil(1000);
        self.take(u32::try_from(whole).unwrap_or(u32::MAX))
    }

    /// When to look again.
    pub(crate) fn next(&self) -> Option<Wall> {
        let (since, limit) = (self.since?, self.limit?);
        let at = |seconds: u32| since + secs(seconds.into());
        match (self.is_last, self.asked) {
            (true, _) => Some(Wall(
                at(limit).0.saturating_sub(millis_of(EARLY)).max(since.0),
            )),
            (false, false) => Some(at(limit.saturating_sub(self.threshold))),
            // The answer, or Tx, says how it goes on.
            (false, true) => None,
        }
    }

    pub(crate) fn due(&self, now: Wall) -> Due {
        match self.next() {
            Some(at) if at <= now && self.is_last => Due::End,
            Some(at) if at <= now => Due::Ask,
            _ => Due::Nothing,
        }
    }

    fn lasted(&self, now: Wall) -> Duration {
        let since = self.since.unwrap_or(now);
        self.until.unwrap_or(now) - since
    }

    fn take(&mut self, total: u32) -> u32 {
        let new = total.saturating_sub(self.reported);
        self.reported = self.reported.max(total);
        new
    }
}

fn millis_of(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> Meter {
        let mut meter = Meter::default();
        meter.start(Wall(1_000));
        meter.grant(60, 10, false);
        meter
    }

    #[test]
    fn reports_add_up_to_the_time_rounded_up_once() {
        let mut meter = running();
        assert_eq!(meter.report(Wall(51_700)), 50);
        meter.grant(60, 10, false);
        assert_eq!(meter.report(Wall(101_999)), 50);
        meter.stop(Wall(102_100));
        assert_eq!(meter.settle(Wall(200_000)), 2);
        assert_eq!(meter.settle(Wall(300_000)), 0);
    }

    #[test]
    fn a_call_that_was_never_acknowledged_costs_nothing() {
        let mut meter = Meter::default();
        meter.grant(60, 10, true);
        assert_eq!(meter.next(), None);
        meter.stop(Wall(5_000));
        assert_eq!(meter.settle(Wall(9_000)), 0);
    }

    #[test]
    fn more_is_asked_for_at_the_threshold_and_once() {
        let mut meter = running();
        assert_eq!(meter.next(), Some(Wall(51_000)));
        assert_eq!(meter.due(Wall(50_999)), Due::Nothing);
        assert_eq!(meter.due(Wall(51_000)), Due::Ask);
        assert_eq!(meter.report(Wall(51_000)), 50);
        assert_eq!(
            (meter.next(), meter.due(Wall(90_000))),
            (None, Due::Nothing)
        );
        meter.grant(60, 10, false);
        assert_eq!(
            meter.next(),
            Some(Wall(101_000)),
            "110 s from the beginning, less 10"
        );
    }

    #[test]
    fn the_last_units_end_within_their_last_second() {
        let mut meter = running();
        meter.report(Wall(51_000));
        meter.grant(5, 10, true);
        assert_eq!(meter.next(), Some(Wall(55_900)));
        assert_eq!(meter.due(Wall(55_900)), Due::End);
        meter.stop(Wall(55_930));
        assert_eq!(meter.settle(Wall(55_930)), 5);
    }

    #[test]
    fn a_grant_smaller_than_the_threshold_is_used_to_its_half() {
        let mut meter = Meter::default();
        meter.start(Wall(0));
        meter.grant(4, 10, false);
        assert_eq!(meter.next(), Some(Wall(2_000)));
        meter.report(Wall(2_000));
        meter.grant(1, 10, false);
        assert_eq!(meter.next(), Some(Wall(3_000)));
    }

    #[test]
    fn what_is_free_has_no_limit() {
        let mut meter = running();
        meter.free();
        assert_eq!(meter.next(), None);
    }
}
