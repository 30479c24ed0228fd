//! One SMPP session as a sans-IO machine, for the ESME and for the message centre (MC): states, windows, timers, sequence
//! numbers (SMPP 3.4 2.2 to 2.8, 5.0 2.3 to 2.10).
//!
//! A [`Session`] is one connection. Bytes and time go in; bytes, events and a deadline come out. It knows no accounts and no
//! messages: who may bind is its owner's, and requests for it come out as [`Event::Request`]. What is malformed, unknown or
//! out of place it answers itself, as docs/sms-conformance.md lists.
//!
//! Invariants: every request that was sent ends in exactly one [`Event::Response`] or [`Event::Failed`]; every request that
//! came is answered exactly once, at the latest when `answer` has run out; both windows are bounded; [`Event::Unbound`]
//! comes once, last.

mod binding;
mod config;
mod incoming;
mod matrix;
mod output;
mod reading;
mod requests;
#[cfg(test)]
mod tests;
mod timers;
mod unbinding;
mod window;

use std::collections::VecDeque;

use bytes::BytesMut;

use super::time::Ms;
use super::wire::{EncodeError, Framer, Pdu, PduBuf, Status, Tlvs};
pub use config::{Config, Timers};
pub use matrix::{Mode, Role, may_send};
pub use output::{
    BindError, End, Event, Failure, InKey, Output, RequestError, RespondError, Seq, State,
};
use window::{Inbound, Window};

/// The version of SMPP that has TLVs first.
const V3_4: u8 = 0x34;
/// The version of SMPP that has congestion_state and cell broadcast first.
const V5_0: u8 = 0x50;
/// The oldest version that is spoken; what says less is taken for it.
const V3_3: u8 = 0x33;

/// One SMPP session, from the connection's first octet to its last.
///
/// **Contract:** after each input the caller takes all [outputs](Self::poll), and calls [`expire`](Self::expire) as soon as
/// the time that [`deadline`](Self::deadline) names has come. `now` never goes back.
#[derive(Debug)]
pub struct Session {
    role: Role,
    config: Config,
    phase: Phase,
    /// What both sides speak; until the session is bound, what this one does.
    version: u8,
    framer: Framer,
    /// Of the next request.
    sequence: u32,
    window: Window,
    inbound: Inbound,
    outputs: VecDeque<Output>,
    /// What was written since the last [`Output::Send`].
    written: Vec<u8>,
    /// What was read and has to wait until requests are answered.
    backlog: BytesMut,
    opened: Ms,
    /// When the last PDU came.
    heard: Ms,
    /// When the last PDU but enquire_link came or went.
    active: Ms,
    /// Since when a PDU is not complete.
    partial: Option<Ms>,
    /// The enquire_link that is not answered yet: its number, and when it was sent.
    enquiry: Option<(u32, Ms)>,
    /// Since when nothing is read.
    paused: Option<Ms>,
    /// What the peer has said last of its load, in percent.
    congestion: Option<u8>,
}

/// Where the session is.
#[derive(Debug)]
enum Phase {
    /// Connected.
    Open,
    /// outbind was sent or came.
    Outbound,
    /// Our bind waits for its response.
    BindSent {
        mode: Mode,
        sequence: u32,
        at: Ms,
    },
    /// Their bind waits for our owner.
    BindReceived {
        mode: Mode,
        pdu: PduBuf,
        at: Ms,
    },
    Bound(Mode),
    /// What is under way is waited for, then unbind is sent.
    Draining {
        mode: Mode,
        at: Ms,
        why: End,
    },
    /// Our unbind waits for its response.
    UnbindSent {
        mode: Mode,
        sequence: u32,
        at: Ms,
        why: End,
    },
    /// Their unbind waits until what they have asked for is answered.
    PeerUnbinding {
        sequence: u32,
        at: Ms,
    },
    Closed,
}

impl Session {
    /// A session on a connection that stands since `now`.
    #[must_use]
    pub fn new(role: Role, config: Config, now: Ms) -> Self {
        Self {
            role,
            phase: Phase::Open,
            version: config.version,
            framer: Framer::new(config.max_pdu),
            sequence: config.first_sequence.clamp(1, window::SEQUENCE_MAX),
            window: Window::default(),
            inbound: Inbound::default(),
            outputs: VecDeque::new(),
            written: Vec::new(),
            backlog: BytesMut::new(),
            opened: now,
            heard: now,
            active: now,
            partial: None,
            enquiry: None,
            paused: None,
            congestion: None,
            config,
        }
    }

    /// Takes over a configuration that has changed; what is under way keeps its place.
    pub fn configure(&mut self, now: Ms, config: Config) {
        self.framer.set_max(config.max_pdu);
        self.config = config;
        self.pause_if_full(now);
        self.resume_reading(now);
    }

    /// The connection has ended.
    pub fn closed(&mut self) {
        self.end(End::Disconnected);
    }

    /// Ends the connection at once.
    pub fn close(&mut self) {
        self.end(End::Closed);
    }

    /// What is to be done next. All that was written since comes as one [`Output::Send`].
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front().or_else(|| self.flush())
    }

    /// Where the session is.
    #[must_use]
    pub const fn state(&self) -> State {
        match self.phase {
            Phase::Open => State::Open,
            Phase::Outbound => State::Outbound,
            Phase::BindSent { .. } | Phase::BindReceived { .. } => State::Binding,
            Phase::Bound(mode) => State::Bound(mode),
            Phase::Draining { .. } | Phase::UnbindSent { .. } | Phase::PeerUnbinding { .. } => {
                State::Unbinding
            }
            Phase::Closed => State::Closed,
        }
    }

    /// The version of SMPP that both sides speak.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// How many requests may be sent at once; none unless the session is bound.
    #[must_use]
    pub fn room(&self) -> usize {
        let Phase::Bound(_) = self.phase else {
            return 0;
        };
        self.config.window().saturating_sub(self.window.len())
    }

    /// How many requests wait for the peer's response.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.window.len()
    }

    /// How many requests of the peer wait for our response.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.inbound.len()
    }

    /// Whether reading is paused, because too many requests wait for our responses.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// How loaded the peer is by its last congestion_state, in percent.
    #[must_use]
    pub const fn peer_congestion(&self) -> Option<u8> {
        self.congestion
    }

    const fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    const fn knows_tlvs(&self) -> bool {
        self.version >= V3_4
    }

    /// The session is over: everything under way ends, then the connection.
    fn end(&mut self, why: End) {
        if self.is_closed() {
            return;
        }
        self.phase = Phase::Closed;
        self.partial = None;
        self.enquiry = None;
        self.paused = None;
        self.inbound.clear();
        self.backlog.clear();
        while let Some(sequence) = self.window.pop() {
            self.event(Event::Failed {
                seq: Seq::from_raw(sequence),
                reason: Failure::Disconnected,
            });
        }
        if why == End::Disconnected {
            self.written.clear();
        } else {
            let last = self.flush();
            self.outputs.extend(last);
            self.outputs.push_back(Output::Close);
        }
        self.event(Event::Unbound(why));
    }

    fn next_sequence(&mut self) -> u32 {
        let sequence = self.sequence;
        self.sequence = window::after(sequence);
        sequence
    }

    fn flush(&mut self) -> Option<Output> {
        let written = std::mem::take(&mut self.written);
        (!written.is_empty()).then(|| Output::Send(written.into()))
    }

    fn send(&mut self, octets: &[u8]) {
        self.written.extend_from_slice(octets);
    }

    /// Writes a PDU, of which a peer before 3.4 gets no TLVs.
    fn write(&mut self, pdu: &Pdu<'_>, status: Status, sequence: u32) -> Result<(), EncodeError> {
        let knows_tlvs = self.knows_tlvs();
        pdu.append(&mut self.written, status, sequence, knows_tlvs, Tlvs::EMPTY)
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn count(&mut self, name: &'static str) {
        self.outputs.push_back(Output::Count(name));
    }
}
