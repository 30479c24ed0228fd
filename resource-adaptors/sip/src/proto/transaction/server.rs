//! Server transactions: RFC 3261 17.2, figures 7 and 8, with RFC 6026's Accepted state and timer L.

use bytes::Bytes;

use super::super::flow::Flow;
use super::super::keyed::Digest;
use super::super::time::Ms;
use super::super::wire::Message;
use super::client::{Deadlines, forget};
use super::clock::{Clock, Due, Timings};

/// Where a server transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerState {
    /// No final response yet (Trying and Proceeding).
    Proceeding,
    /// INVITE only: a 2xx went out; copies of the INVITE are absorbed (RFC 6026 7.1).
    Accepted,
    /// A final response went out.
    Completed,
    /// INVITE only: the ACK for a final response that is not 2xx came.
    Confirmed,
}

/// One server transaction.
#[derive(Debug)]
pub(super) struct Server<U> {
    pub(super) state: ServerState,
    pub(super) invite: bool,
    pub(super) flow: Flow,
    /// Needed to build responses; dropped with the final one.
    pub(super) request: Option<Box<Message>>,
    /// The last response, for copies of the request.
    pub(super) cached: Bytes,
    pub(super) key: Digest,
    pub(super) merge: Option<Digest>,
    pub(super) clock: Clock,
    pub(super) interval: u32,
    pub(super) user: U,
}

/// What a server transaction wants done after an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerStep {
    Absorb,
    Resend,
    /// Send 100: the user has said nothing yet.
    Trying,
    /// Tell the user that it has not answered, and start waiting again.
    Unanswered,
    /// Tell the user that no ACK came, and end.
    NoAck,
    Remove,
}

impl<U> Server<U> {
    fn reliable(&self) -> bool {
        self.flow.transport.is_reliable()
    }

    /// Entry: 100 by itself for an INVITE, and how long the user may take in all.
    pub(super) fn begin(&self, t: &Timings, now: Ms) -> Deadlines {
        (
            t.trying.filter(|_| self.invite).map(|after| now + after),
            Some(self.patience(t, now)),
        )
    }

    /// How long the user may stay silent: before a client's timer F for what is not INVITE.
    fn patience(&self, t: &Timings, now: Ms) -> Ms {
        let after = if self.invite {
            t.ringing
        } else {
            t.give_up() - 2 * t.t1.min(t.t2)
        };
        now + after
    }

    /// A copy of the request came.
    pub(super) fn again(&self) -> ServerStep {
        match self.state {
            ServerState::Proceeding | ServerState::Completed if !self.cached.is_empty() => {
                ServerStep::Resend
            }
            ServerState::Proceeding if self.invite => ServerStep::Trying,
            ServerState::Proceeding
            | ServerState::Completed
            | ServerState::Accepted
            | ServerState::Confirmed => ServerStep::Absorb,
        }
    }

    /// The user answers. `None` if the state does not allow it.
    pub(super) fn respond(
        &mut self,
        t: &Timings,
        now: Ms,
        status: u16,
        bytes: Bytes,
    ) -> Option<Deadlines> {
        if self.state != ServerState::Proceeding {
            return None;
        }
        // Nothing has gone out yet: the client repeats its request until something does.
        let first = self.cached.is_empty();
        self.cached = bytes;
        if status < 200 {
            return Some((None, Some(self.patience(t, now))));
        }
        self.request = None;
        let reliable = self.reliable();
        Some(match (self.invite, status) {
            (true, 200..=299) => {
                // The 2xx is the user's to repeat; the transaction only absorbs.
                self.state = ServerState::Accepted;
                self.cached = Bytes::new();
                (None, Some(forget(t, now, t.give_up())))
            }
            (true, _) => {
                self.state = ServerState::Completed;
                self.interval = t.t1;
                // A challenge goes once for each copy of the request: who has proved nothing is not to have more sent to an
                // address that may be another's than it sends itself (RFC 3261 26.3.2.4).
                let once = reliable || (first && matches!(status, 401 | 407));
                ((!once).then(|| now + t.t1), Some(now + t.give_up()))
            }
            (false, _) => {
                self.state = ServerState::Completed;
                (None, Some(forget(t, now, t.j(reliable))))
            }
        })
    }

    /// The ACK for a final response that is not 2xx came. `None` if there is nothing to acknowledge.
    pub(super) fn ack(&mut self, t: &Timings, now: Ms) -> Option<Deadlines> {
        if self.state != ServerState::Completed {
            return None;
        }
        self.state = ServerState::Confirmed;
        self.cached = Bytes::new();
        Some((None, Some(forget(t, now, t.i(self.reliable())))))
    }

    /// Its timer expired. The second value is the new first deadline where that changes.
    pub(super) fn timer(&mut self, t: &Timings, now: Ms) -> (ServerStep, Option<Ms>) {
        match (self.state, self.clock.due(now)) {
            (ServerState::Proceeding, Due::Late) => (ServerStep::Unanswered, None),
            (ServerState::Completed, Due::Late) if self.invite => (ServerStep::NoAck, None),
            (_, Due::Late) => (ServerStep::Remove, None),
            (ServerState::Proceeding, Due::Soon) => (ServerStep::Trying, None),
            (ServerState::Completed, Due::Soon) => {
                self.interval = self.interval.saturating_mul(2).min(t.t2);
                (ServerStep::Resend, Some(now + self.interval))
            }
            (_, Due::Soon | Due::Neither) => (ServerStep::Absorb, None),
        }
    }
}
