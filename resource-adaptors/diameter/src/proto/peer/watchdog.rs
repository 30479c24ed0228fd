//! The application-layer watchdog of RFC 3539 3.4.1: when a silent connection is probed, suspected, given up, and trusted
//! again.
//!
//! Invariant: while a connection stands and is not being closed, a deadline is set.

use crate::proto::time::Ms;

/// A state of RFC 3539 3.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WatchdogState {
    /// There was no connection yet, or the last one ended in good order.
    #[default]
    Initial,
    /// In use.
    Okay,
    /// Silent for an interval after a DWR: nothing new is sent, what waits is moved.
    Suspect,
    /// The connection failed.
    Down,
    /// Connected again after a failure, in use after three DWAs.
    Reopen,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Watched {
    /// Nothing.
    Nothing,
    /// Send a DWR.
    SendDwr,
    /// Move the pending requests to other peers (Failover), and send nothing new.
    Failover,
    /// Requests may be sent again (Failback).
    Failback,
    /// Close the connection.
    Close,
}

/// The watchdog of one peer; it outlives the peer's connections.
#[derive(Debug, Clone, Default)]
pub struct Watchdog {
    state: WatchdogState,
    /// A DWR has no DWA yet.
    pending: bool,
    /// DWAs since the connection came back; -1 after a missed one.
    answers: i8,
    deadline: Option<Ms>,
}

/// Shortest Twinit (RFC 3539 3.4.1).
const SHORTEST: u64 = 6_000;
/// Tw is moved by a random time between -2 s and 2 s (RFC 3539 3.4.1).
const JITTER: u64 = 2_000;

impl Watchdog {
    /// Its state.
    #[must_use]
    pub const fn state(&self) -> WatchdogState {
        self.state
    }

    /// When [`expire`](Self::expire) is due.
    #[must_use]
    pub const fn deadline(&self) -> Option<Ms> {
        self.deadline
    }

    /// Whether requests may be sent.
    #[must_use]
    pub const fn is_okay(&self) -> bool {
        matches!(self.state, WatchdogState::Okay)
    }

    /// The connection is open.
    pub fn up(&mut self, now: Ms, twinit: u64, random: u64) -> Watched {
        self.set(now, twinit, random);
        if self.state == WatchdogState::Initial {
            self.state = WatchdogState::Okay;
            self.pending = false;
            return Watched::Failback;
        }
        self.state = WatchdogState::Reopen;
        self.answers = 0;
        self.pending = true;
        Watched::SendDwr
    }

    /// The connection ended; `orderly` after a DPR, which says nothing against the peer.
    pub fn down(&mut self, orderly: bool) {
        self.state = if orderly || self.state == WatchdogState::Initial {
            WatchdogState::Initial
        } else {
            WatchdogState::Down
        };
        self.pending = false;
        self.deadline = None;
    }

    /// Something came on the connection, a DWA or anything else.
    pub fn received(&mut self, now: Ms, dwa: bool, twinit: u64, random: u64) -> Watched {
        if dwa {
            self.pending = false;
        }
        match self.state {
            WatchdogState::Okay => {
                self.set(now, twinit, random);
                Watched::Nothing
            }
            WatchdogState::Suspect => {
                self.state = WatchdogState::Okay;
                self.set(now, twinit, random);
                Watched::Failback
            }
            WatchdogState::Reopen if dwa => {
                self.answers += 1;
                if self.answers < 3 {
                    return Watched::Nothing;
                }
                self.state = WatchdogState::Okay;
                Watched::Failback
            }
            WatchdogState::Reopen | WatchdogState::Initial | WatchdogState::Down => {
                Watched::Nothing
            }
        }
    }

    /// There is reason to doubt the connection: it is probed at once, with the shortest wait for an answer.
    pub fn probe(&mut self, now: Ms) -> Watched {
        if self.state != WatchdogState::Okay || self.pending {
            return Watched::Nothing;
        }
        self.pending = true;
        self.deadline = Some(now + SHORTEST);
        Watched::SendDwr
    }

    /// Tw has run out.
    pub fn expire(&mut self, now: Ms, twinit: u64, random: u64) -> Watched {
        self.set(now, twinit, random);
        match self.state {
            WatchdogState::Okay | WatchdogState::Reopen if !self.pending => {
                self.pending = true;
                Watched::SendDwr
            }
            WatchdogState::Okay => {
                self.state = WatchdogState::Suspect;
                Watched::Failover
            }
            WatchdogState::Reopen if self.answers >= 0 => {
                self.answers = -1;
                Watched::Nothing
            }
            WatchdogState::Suspect | WatchdogState::Reopen => {
                self.state = WatchdogState::Down;
                self.deadline = None;
                Watched::Close
            }
            WatchdogState::Initial | WatchdogState::Down => {
                self.deadline = None;
                Watched::Nothing
            }
        }
    }

    fn set(&mut self, now: Ms, twinit: u64, random: u64) {
        let jitter = random % (2 * JITTER + 1);
        self.deadline = Some(now + (twinit.max(SHORTEST) + jitter - JITTER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TW: u64 = 30_000;
    /// In the middle of the jitter: none.
    const MIDDLE: u64 = JITTER;

    struct Clock {
        now: Ms,
        watchdog: Watchdog,
    }

    impl Clock {
        fn up() -> Self {
            let mut watchdog = Watchdog::default();
            assert_eq!(watchdog.up(Ms(0), TW, MIDDLE), Watched::Failback);
            Self {
                now: Ms(0),
                watchdog,
            }
        }

        fn expire(&mut self) -> (Watched, WatchdogState) {
            self.now = self.watchdog.deadline().expect("a deadline is set");
            (
                self.watchdog.expire(self.now, TW, MIDDLE),
                self.watchdog.state(),
            )
        }

        fn hear(&mut self, dwa: bool) -> (Watched, WatchdogState) {
            self.now = self.now + 1;
            (
                self.watchdog.received(self.now, dwa, TW, MIDDLE),
                self.watchdog.state(),
            )
        }
    }

    #[test]
    fn silence_is_probed_then_suspected_then_ends_the_connection() {
        let mut clock = Clock::up();
        assert_eq!(clock.expire(), (Watched::SendDwr, WatchdogState::Okay));
        assert_eq!(clock.now, Ms(TW));
        assert_eq!(clock.expire(), (Watched::Failover, WatchdogState::Suspect));
        assert_eq!(clock.expire(), (Watched::Close, WatchdogState::Down));
        assert_eq!(clock.now, Ms(3 * TW));
        assert_eq!(clock.watchdog.deadline(), None);
    }

    #[test]
    fn whatever_is_heard_puts_off_the_probe_and_lifts_a_suspicion() {
        for dwa in [false, true] {
            let mut clock = Clock::up();
            clock.now = Ms(20_000);
            assert_eq!(clock.hear(dwa), (Watched::Nothing, WatchdogState::Okay));
            assert_eq!(clock.watchdog.deadline(), Some(Ms(20_001 + TW)));
            assert_eq!(clock.expire().0, Watched::SendDwr);
            assert_eq!(clock.expire().0, Watched::Failover);
            assert_eq!(clock.hear(dwa), (Watched::Failback, WatchdogState::Okay));
        }
    }

    /// Only a DWA answers a DWR: other traffic resets Tw, but the next silence is counted from the same DWR.
    #[test]
    fn traffic_without_a_dwa_leaves_the_dwr_pending() {
        let mut clock = Clock::up();
        assert_eq!(clock.expire().0, Watched::SendDwr);
        assert_eq!(clock.hear(false).0, Watched::Nothing);
        assert_eq!(clock.expire(), (Watched::Failover, WatchdogState::Suspect));
    }

    #[test]
    fn a_connection_that_came_back_is_trusted_after_three_answers() {
        let mut clock = Clock::up();
        clock.watchdog.down(false);
        assert_eq!(clock.watchdog.state(), WatchdogState::Down);
        assert_eq!(clock.watchdog.up(clock.now, TW, MIDDLE), Watched::SendDwr);
        assert_eq!(clock.hear(false), (Watched::Nothing, WatchdogState::Reopen));
        assert_eq!(clock.hear(true), (Watched::Nothing, WatchdogState::Reopen));
        assert_eq!(clock.expire(), (Watched::SendDwr, WatchdogState::Reopen));
        assert_eq!(clock.hear(true), (Watched::Nothing, WatchdogState::Reopen));
        assert_eq!(clock.expire(), (Watched::SendDwr, WatchdogState::Reopen));
        assert_eq!(clock.hear(true), (Watched::Failback, WatchdogState::Okay));
    }

    #[test]
    fn on_probation_a_missing_answer_costs_one_interval_and_a_second_the_connection() {
        let mut clock = Clock::up();
        clock.watchdog.down(false);
        clock.watchdog.up(clock.now, TW, MIDDLE);
        assert_eq!(clock.expire(), (Watched::Nothing, WatchdogState::Reopen));
        assert_eq!(clock.hear(true), (Watched::Nothing, WatchdogState::Reopen));
        assert_eq!(clock.expire().0, Watched::SendDwr);
        assert_eq!(clock.expire(), (Watched::Nothing, WatchdogState::Reopen));
        assert_eq!(clock.expire(), (Watched::Close, WatchdogState::Down));
    }

    #[test]
    fn an_end_in_good_order_says_nothing_against_the_peer() {
        let mut clock = Clock::up();
        clock.watchdog.down(true);
        assert_eq!(clock.watchdog.up(clock.now, TW, MIDDLE), Watched::Failback);
        assert_eq!(clock.watchdog.state(), WatchdogState::Okay);
    }

    #[test]
    fn a_probe_is_answered_soon_or_is_a_suspicion() {
        let mut clock = Clock::up();
        assert_eq!(clock.watchdog.probe(Ms(10)), Watched::SendDwr);
        assert_eq!(clock.watchdog.probe(Ms(11)), Watched::Nothing);
        assert_eq!(clock.expire(), (Watched::Failover, WatchdogState::Suspect));
        assert_eq!(clock.now, Ms(6_010));
    }

    #[test]
    fn tw_is_never_under_six_seconds_but_for_its_jitter() {
        let mut watchdog = Watchdog::default();
        for random in [0, 1, JITTER, 2 * JITTER, 2 * JITTER + 1, u64::MAX] {
            watchdog.up(Ms(0), 1, random);
            let at = watchdog.deadline().expect("set").0;
            assert!((4_000..=8_000).contains(&at), "{at}");
        }
    }
}
