//! What can be set of a session.

use crate::proto::wire::{PDU_MAX_DEFAULT, Policy};

/// What can be set of a session. All counts are at least one, whatever is written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The version that this side speaks: 0x33, 0x34 or 0x50.
    pub version: u8,
    /// How much of the standard the peer has to keep.
    pub policy: Policy,
    /// Requests that may wait for the peer's response.
    pub window: usize,
    /// Requests of the peer that may wait for our response before reading is paused and what was read is held back. Of what
    /// comes all the same beyond 128 KiB twice as many may wait; the others are answered ESME_RMSGQFUL.
    pub inbound: usize,
    /// Octets of the longest PDU that is taken.
    pub max_pdu: u32,
    /// sequence_number of the first request, 1 to 0x7fffffff.
    pub first_sequence: u32,
    /// How long is waited for what.
    pub timers: Timers,
}

/// How long is waited for what, in milliseconds; 0 is for ever, and for `drain` not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// From the connection to the bind (session_init_timer).
    pub init: u64,
    /// Silence of the peer after which enquire_link is sent (enquire_link_timer).
    pub enquire: u64,
    /// Time without a PDU but enquire_link after which the session is unbound (inactivity_timer).
    pub inactivity: u64,
    /// For a response of the peer (response_timer).
    pub response: u64,
    /// For what is under way when the session is unbound, and for unbind_resp.
    pub drain: u64,
    /// For our own response to a request; then it is ESME_RSYSERR.
    pub answer: u64,
    /// For the rest of a PDU whose first octets have come.
    pub pdu: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: super::V5_0,
            policy: Policy::Lenient,
            window: 10,
            inbound: 100,
            max_pdu: PDU_MAX_DEFAULT,
            first_sequence: 1,
            timers: Timers::default(),
        }
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            init: 5_000,
            enquire: 30_000,
            inactivity: 0,
            response: 30_000,
            drain: 5_000,
            answer: 20_000,
            pdu: 10_000,
        }
    }
}

impl Config {
    pub(super) fn window(&self) -> usize {
        self.window.max(1)
    }

    pub(super) fn inbound(&self) -> usize {
        self.inbound.max(1)
    }
}
