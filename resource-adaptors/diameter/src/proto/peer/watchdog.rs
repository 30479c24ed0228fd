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
