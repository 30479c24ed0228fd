//! Client transactions: RFC 3261 17.1, figures 5 and 6, with RFC 6026's Accepted state and timer M.

use bytes::Bytes;

use super::super::flow::Flow;
use super::super::slab::Key;
use super::super::time::Ms;
use super::clock::{Clock, Due, Timings};

/// Where a client transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientState {
    /// Made, its request not handed over yet.
    Idle,
    /// Calling (INVITE) or Trying: nothing came back.
    Calling,
    /// A provisional response came.
    Proceeding,
    /// INVITE only: a 2xx came; further ones are passed on (RFC 6026 7.2).
    Accepted,
    /// A final response came that ends it; copies are absorbed.
    Completed,
}

/// One client transaction. It owns no wheel and sends nothing: it says what to do.
#[derive(Debug)]
pub(super) struct Client<U> {
    pub(super) state: ClientState,
    pub(super) kind: ClientKind,
    pub(super) flow: Flow,
    /// What is sent again: the request until a final response, then the ACK (INVITE) or nothing.
    pub(super) cached: Bytes,
    pub(super) clock: Clock,
    pub(super) interval: u32,
    pub(super) user: U,
    /// Of an INVITE, its CANCEL's transaction; of a CANCEL, its INVITE's.
    pub(super) other: Option<Key>,
    /// Its request was sent again over a new connection.
    pub(super) resent: bool,
    /// It is a proxied one: timer C runs in place of the user's patience.
    pub(super) relayed: bool,
    /// A CANCEL with these lines waits for the first provisional response (RFC 3261 9.1).
    pub(super) cancel_wanted: Option<Bytes>,
    /// How many places it was sent to before this one.
    pub(super) attempt: u8,
    /// Another place is left to send it to, should this one not answer.
    pub(super) more: bool,
}

/// What request a client transaction carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// INVITE.
    Invite,
    /// CANCEL, on the branch of its INVITE.
    Cancel,
    /// Any other but ACK, which has no transaction.
    Other,
}

/// What a client transaction wants done after an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientStep {
    Absorb,
    /// Give the response to the user; `again` for a 2xx that is not the first.
    Deliver {
        again: bool,
    },
    /// As `Deliver`, and acknowledge a final response that is not 2xx.
    DeliverAndAck,
    /// Send the cached bytes once more.
    Resend,
    /// It rang for too long.
    Cancel,
    /// Tell the user that nothing came in time, and end.
    TimedOut,
    /// End without a word.
    Remove,
}

impl<U> Client<U> {
    pub(super) fn new(kind: ClientKind, flow: Flow, user: U) -> Self {
        Self {
            state: ClientState::Idle,
            kind,
            flow,
            cached: Bytes::new(),
            clock: Clock::STOPPED,
            interval: 0,
            user,
            other: None,
            resent: false,
            relayed: false,
            cancel_wanted: None,
            attempt: 0,
            more: false,
        }
    }

    fn reliable(&self) -> bool {
        self.flow.transport.is_reliable()
    }

    /// Whether its final response is still to come.
    pub(super) fn waits(&self) -> bool {
        matches!(self.state, ClientState::Calling | ClientState::Proceeding)
    }

    /// Entry into Calling or Trying: deadlines for timers A and B, or E and F.
    pub(super) fn begin(
        &mut self,
        t: &Timings,
        now: Ms,
        request: Bytes,
    ) -> (Option<Ms>, Option<Ms>) {
        self.state = ClientState::Calling;
        self.cached = request;
        self.interval = t.t1;
        (
            (!self.reliable()).then(|| now + t.t1),
            Some(now + t.give_up()),
        )
    }

    /// A response with `status` came. The second value is the new deadlines, if they change.
    pub(super) fn response(
        &mut self,
        t: &Timings,
        now: Ms,
        status: u16,
    ) -> (ClientStep, Option<Deadlines>) {
        match (self.kind, self.state, status) {
            (_, ClientState::Idle, _) => (ClientStep::Absorb, None),
            (ClientKind::Invite, ClientState::Calling | ClientState::Proceeding, ..=199) => {
                self.state = ClientState::Proceeding;
                // Timers A and B stop. The end of waiting that a CANCEL set stays.
                let patience = if self.relayed { t.c } else { t.ringing };
                let deadlines = self.other.is_none().then(|| (None, Some(now + patience)));
                (ClientStep::Deliver { again: false }, deadlines)
            }
            (ClientKind::Invite, ClientState::Calling | ClientState::Proceeding, 200..=299) => {
                self.state = ClientState::Accepted;
                self.cached = Bytes::new();
                (
                    ClientStep::Deliver { again: false },
                    Some((None, Some(forget(t, now, t.give_up())))),
                )
            }
            (ClientKind::Invite, ClientState::Calling | ClientState::Proceeding, _) => {
                self.state = ClientState::Completed;
                (
                    ClientStep::DeliverAndAck,
                    Some((None, Some(forget(t, now, t.d(self.reliable()))))),
                )
            }
            (ClientKind::Invite, ClientState::Accepted, 200..=299) => {
                (ClientStep::Deliver { again: true }, None)
            }
            (ClientKind::Invite, ClientState::Completed, 300..) => (ClientStep::Resend, None),
            (ClientKind::Invite, ClientState::Accepted | ClientState::Completed, _) => {
                (ClientStep::Absorb, None)
            }
            (_, ClientState::Calling, ..=199) => {
                self.state = ClientState::Proceeding;
                self.interval = t.t2;
                (ClientStep::Deliver { again: false }, None)
            }
            (_, ClientState::Proceeding, ..=199) => (ClientStep::Deliver { again: false }, None),
            (_, ClientState::Calling | ClientState::Proceeding, _) => {
                self.state = ClientState::Completed;
                self.cached = Bytes::new();
                let end = forget(t, now, t.i(self.reliable()));
                (
                    ClientStep::Deliver { again: false },
                    Some((None, Some(end))),
                )
            }
            (_, ClientState::Accepted | ClientState::Completed, _) => (ClientStep::Absorb, None),
        }
    }

    /// Its timer expired. The second value is when to send again next, where that changes.
    pub(super) fn timer(&mut self, t: &Timings, now: Ms) -> (ClientStep, Option<Ms>) {
        match (self.state, self.clock.due(now)) {
            (ClientState::Proceeding, Due::Late)
                if self.kind == ClientKind::Invite && self.other.is_none() =>
            {
                (ClientStep::Cancel, None)
            }
            (ClientState::Calling | ClientState::Proceeding, Due::Late) => {
                (ClientStep::TimedOut, None)
            }
            (_, Due::Late) => (ClientStep::Remove, None),
            // Turned to a stream since the timer began.
            (ClientState::Calling, Due::Soon) if self.reliable() => (ClientStep::Absorb, None),
            (ClientState::Calling, Due::Soon) if self.kind == ClientKind::Invite => {
                self.interval = self.interval.saturating_mul(2);
                (ClientStep::Resend, Some(now + self.interval))
            }
            (ClientState::Calling | ClientState::Proceeding, Due::Soon)
                if self.kind != ClientKind::Invite =>
            {
                self.interval = self.interval.saturating_mul(2).min(t.t2);
                (ClientStep::Resend, Some(now + self.interval))
            }
            (_, Due::Soon | Due::Neither) => (ClientStep::Absorb, None),
        }
    }
}

/// New values for the two deadlines.
pub(super) type Deadlines = (Option<Ms>, Option<Ms>);

/// A deadline whose only effect is to forget.
pub(super) fn forget(t: &Timings, now: Ms, after: u32) -> Ms {
    (now + after).coarse(u64::from(t.tick))
}
