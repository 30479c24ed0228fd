//! How a session comes to its end in order (SMPP 3.4 2.2.2, 4.2).

use super::{End, Phase, Session};
use crate::proto::time::Ms;
use crate::proto::wire::{Pdu, Status, Tlvs};

impl Session {
    /// Ends the session in order: what is under way is waited for, then unbind is sent, and after its response the
    /// connection ends. A session that is not bound ends at once.
    pub fn unbind(&mut self, now: Ms) {
        match self.phase {
            Phase::Bound(_) => self.leave(now, End::Unbound),
            Phase::Open | Phase::Outbound | Phase::BindSent { .. } | Phase::BindReceived { .. } => {
                self.end(End::Closed);
            }
            Phase::Draining { .. }
            | Phase::UnbindSent { .. }
            | Phase::PeerUnbinding { .. }
            | Phase::Closed => {}
        }
    }

    pub(super) fn leave(&mut self, now: Ms, why: End) {
        if let Phase::Bound(mode) = self.phase {
            self.phase = Phase::Draining { mode, at: now, why };
            self.proceed(now);
        }
    }

    /// Takes the next step of an unbinding that waited for what was under way.
    pub(super) fn proceed(&mut self, now: Ms) {
        if !self.inbound.is_empty() {
            return;
        }
        if self.window.len() == 0 {
            self.send_unbind(now);
        }
        self.answer_unbind();
    }

    /// Goes on with an unbinding that has waited for long enough.
    pub(super) fn expire_unbinding(&mut self, now: Ms) {
        let drain = self.config.timers.drain;
        if self.unbinding_since().is_none_or(|at| now < at + drain) {
            return;
        }
        if let Phase::UnbindSent { why, .. } = self.phase {
            self.count("smpp.unbinds_unanswered");
            self.end(why);
        }
        self.send_unbind(now);
        self.answer_unbind();
    }

    /// Since when the session waits on its way out.
    pub(super) const fn unbinding_since(&self) -> Option<Ms> {
        match self.phase {
            Phase::Draining { at, .. }
            | Phase::UnbindSent { at, .. }
            | Phase::PeerUnbinding { at, .. } => Some(at),
            Phase::Open
            | Phase::Outbound
            | Phase::BindSent { .. }
            | Phase::BindReceived { .. }
            | Phase::Bound(_)
            | Phase::Closed => None,
        }
    }

    /// Sends the unbind that was put off.
    fn send_unbind(&mut self, now: Ms) {
        let Phase::Draining { mode, why, .. } = self.phase else {
            return;
        };
        let sequence = self.next_sequence();
        // Nothing in it could be too long.
        let _ = self.write(&Pdu::Unbind(Tlvs::EMPTY), Status::ROK, sequence);
        self.phase = Phase::UnbindSent {
            mode,
            sequence,
            at: now,
            why,
        };
    }

    /// Sends the response to the peer's unbind that was put off, and ends.
    fn answer_unbind(&mut self) {
        let Phase::PeerUnbinding { sequence, .. } = self.phase else {
            return;
        };
        // Nothing in it could be too long.
        let _ = self.write(&Pdu::UnbindResp(Tlvs::EMPTY), Status::ROK, sequence);
        self.end(End::PeerUnbound);
    }
}
