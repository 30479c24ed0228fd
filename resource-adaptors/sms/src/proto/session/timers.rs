//! What happens because time passes (SMPP 3.4 7.2, 5.0 2.7).

use super::{End, Phase, Session};
use crate::proto::time::Ms;
use crate::proto::wire::{Pdu, Status, Tlvs};

impl Session {
    /// Does what is due.
    pub fn expire(&mut self, now: Ms) {
        if self.is_closed() {
            return;
        }
        let timers = self.config.timers;
        if self.paused.is_none() && is_due(now, self.partial, timers.pdu) {
            self.end(End::PduTimeout);
        }
        self.expire_binding(now);
        self.expire_requests(now);
        self.expire_unbinding(now);
        self.watch(now);
    }

    /// When [`expire`](Self::expire) has to be called next.
    #[must_use]
    pub fn deadline(&self) -> Option<Ms> {
        let timers = &self.config.timers;
        let state = match self.phase {
            Phase::Closed => return None,
            Phase::Open | Phase::Outbound => due(Some(self.opened), timers.init),
            Phase::BindSent { at, .. } => due(Some(at), timers.response),
            Phase::BindReceived { at, .. } => due(Some(at), timers.answer),
            Phase::Bound(_) => due(self.idle_since(), timers.inactivity),
            Phase::Draining { at, .. }
            | Phase::UnbindSent { at, .. }
            | Phase::PeerUnbinding { at, .. } => Some(at + timers.drain),
        };
        let unanswered = due(self.inbound.oldest().map(|it| it.at), timers.answer);
        let read = [
            due(self.partial, timers.pdu),
            due(self.window.oldest(), timers.response),
            self.enquiry_deadline(),
        ];
        // While nothing is read, nothing of the peer can be late.
        let read = read.into_iter().filter(|_| self.paused.is_none());
        read.chain([state, unanswered]).flatten().min()
    }

    fn enquiry_deadline(&self) -> Option<Ms> {
        let timers = &self.config.timers;
        let Phase::Bound(_) = self.phase else {
            return None;
        };
        match self.enquiry {
            Some((_, at)) => due(Some(at), timers.response),
            None => due(Some(self.heard), timers.enquire),
        }
    }

    fn expire_binding(&mut self, now: Ms) {
        let timers = self.config.timers;
        match self.phase {
            Phase::Open | Phase::Outbound => {
                if is_due(now, Some(self.opened), timers.init) {
                    self.end(End::InitTimeout);
                }
            }
            Phase::BindSent { at, .. } => {
                if is_due(now, Some(at), timers.response) {
                    self.end(End::ResponseTimeout);
                }
            }
            Phase::BindReceived { at, .. } => {
                if is_due(now, Some(at), timers.answer) {
                    self.count("smpp.unanswered");
                    // The phase says that a bind waits.
                    let _ = self.refuse_bind(Status::RSYSERR);
                }
            }
            Phase::Bound(_)
            | Phase::Draining { .. }
            | Phase::UnbindSent { .. }
            | Phase::PeerUnbinding { .. }
            | Phase::Closed => {}
        }
    }

    /// Since when nothing has come or gone but signs of life, if nothing is under way.
    fn idle_since(&self) -> Option<Ms> {
        let idle = self.window.len() == 0 && self.inbound.is_empty();
        idle.then_some(self.active)
    }

    /// Asks a silent peer for a sign of life, ends the session with one that gives none, and unbinds where nothing has
    /// happened for too long. Anything that the peer sends is a sign of life.
    fn watch(&mut self, now: Ms) {
        let timers = self.config.timers;
        let Phase::Bound(_) = self.phase else { return };
        if self.paused.is_none() {
            match self.enquiry {
                Some((_, at)) if is_due(now, Some(at), timers.response) => {
                    self.count("smpp.enquiries_unanswered");
                    return self.end(End::EnquireTimeout);
                }
                None if is_due(now, Some(self.heard), timers.enquire) => self.enquire(now),
                _ => {}
            }
        }
        if is_due(now, self.idle_since(), timers.inactivity) {
            self.count("smpp.inactive");
            self.leave(now, End::Inactive);
        }
    }

    fn enquire(&mut self, now: Ms) {
        let sequence = self.next_sequence();
        // Nothing in it could be too long.
        let _ = self.write(&Pdu::EnquireLink(Tlvs::EMPTY), Status::ROK, sequence);
        self.enquiry = Some((sequence, now));
    }
}

/// When what has begun `since` then takes too long; 0 is never.
fn due(since: Option<Ms>, ms: u64) -> Option<Ms> {
    since.filter(|_| ms > 0).map(|since| since + ms)
}

fn is_due(now: Ms, since: Option<Ms>, ms: u64) -> bool {
    due(since, ms).is_some_and(|at| now >= at)
}
