//! What happens within calls and before they are up: ringing for as long as it takes, offers that are made anew, hold.

use super::{Call, Message, Peer, Pending, Phase, SDP};
use std::net::SocketAddr;

/// How far an offer within a call has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Offer {
    /// There was none.
    None,
    /// Made, and not answered.
    Open,
    /// Answered with this status; 408 when nothing came within 32 s.
    Answered(u16),
}

/// What an offer within a call wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Media {
    /// Both sides send: as at first.
    Both,
    /// The other side is put on hold.
    Hold,
}

impl Media {
    fn offer(self) -> String {
        match self {
            Self::Both => SDP.to_owned(),
            Self::Hold => SDP.replace("sendrecv", "sendonly"),
        }
    }
}

impl Peer {
    /// Answers a call that rings.
    pub fn answer(&mut self, id: &str) {
        let contact = self.contact();
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        let Some((invite, from)) = call.unanswered.take() else {
            return;
        };
        if self.link.is_udp() {
            // A proxy stands between us and the caller's Contact.
            call.node = from;
        }
        call.answer = invite.answer("200 OK", &call.tag, &contact, SDP);
        call.phase = Phase::Answered;
        self.link.send(call.node, &call.answer);
        call.pending = Some(Pending::new(call.answer.clone()));
    }

    /// Answers all calls that ring and did so when this was called last: `known`, which becomes those that ring now.
    pub fn answer_known(&mut self, known: &mut Vec<String>) {
        for id in known.drain(..) {
            self.answer(&id);
        }
        let ringing = self.calls.iter().filter(|(_, c)| c.phase == Phase::Ringing);
        known.extend(ringing.map(|(id, _)| id.clone()));
    }

    /// Answers those that have rung for long enough.
    pub(super) fn answer_rung(&mut self) {
        let rung =
            |call: &Call| call.phase == Phase::Ringing && call.begun.elapsed() >= self.rings_for;
        let calls = self.calls.iter().filter(|(_, call)| rung(call));
        let due: Vec<String> = calls.map(|(id, _)| id.clone()).collect();
        for id in due {
            self.answer(&id);
        }
    }

    /// The caller gives up. A call that was answered meanwhile stays.
    pub(super) fn cancelled(
        &mut self,
        cancel: &Message,
        from: SocketAddr,
        id: &str,
        contact: &str,
    ) {
        let call = self.calls.get_mut(id);
        let tag = call.as_ref().map_or("o", |call| call.tag.as_str());
        let taken = cancel.answer("200 OK", tag, contact, "");
        self.link.send(from, &taken);
        if let Some(call) = call
            && let Some((invite, _)) = call.unanswered.take()
        {
            call.answer = invite.answer("487 Request Terminated", &call.tag, contact, "");
            call.phase = Phase::Cancelled;
            self.link.send(from, &call.answer);
            call.node = from;
            call.pending = Some(Pending::new(call.answer.clone()));
        }
    }

    /// Makes an offer within a call.
    pub fn offer(&mut self, id: &str, media: Media) {
        if let Some(call) = self.calls.get_mut(id) {
            call.offer = Offer::Open;
            call.on_hold = media == Media::Hold;
            call.cseq += 1;
            let cseq = call.cseq;
            self.request(id, "INVITE", cseq, &media.offer());
        }
    }

    /// How many calls have their offer there.
    #[must_use]
    pub fn offers(&self, offer: Offer) -> usize {
        self.calls.values().filter(|c| c.offer == offer).count()
    }

    /// How many calls have had an offer of the other side within the call.
    #[must_use]
    pub fn offered(&self) -> usize {
        self.calls.values().filter(|c| c.offered).count()
    }

    /// How many calls of ours ring at the other side.
    #[must_use]
    pub fn rung(&self) -> usize {
        let rings = |call: &&Call| call.phase == Phase::Calling && call.rings;
        self.calls.values().filter(rings).count()
    }

    pub(super) fn incoming_offer(
        &mut self,
        message: &Message,
        from: SocketAddr,
        id: &str,
        contact: &str,
    ) {
        let silent = self.silent;
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        call.offered = true;
        if silent || call.phase != Phase::Up {
            return;
        }
        call.heard = message.cseq();
        let body = match message.body.contains("a=sendonly") {
            true => SDP.replace("sendrecv", "recvonly"),
            false => SDP.to_owned(),
        };
        call.answer = message.answer("200 OK", "", contact, &body);
        self.link.send(from, &call.answer);
        call.pending = Some(Pending::new(call.answer.clone()));
    }
}

impl Call {
    /// Whether our last offer put the other side on hold.
    #[must_use]
    pub fn is_on_hold(&self) -> bool {
        self.on_hold
    }

    /// A final response to an INVITE has come; the last one of ours may be meant.
    pub(super) fn offer_answered(&mut self, cseq: u32, status: u16) {
        if self.offer == Offer::Open && cseq == self.cseq {
            self.offer = Offer::Answered(status);
            self.pending = None;
        }
    }
}
