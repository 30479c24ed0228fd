//! PDUs that come: which are answered here, and which are events.
//!
//! The order of the checks is the order of what can be known: the command, whether it may come here, whether there is room,
//! and last the body.

use bytes::Bytes;

use super::matrix::exists;
use super::{End, Event, Failure, Mode, Phase, Seq, Session, V5_0, may_send};
use crate::proto::time::Ms;
use crate::proto::wire::{Fault, Header, Pdu, PduBuf, Status, command, tlv};

use super::window::Found;

/// A peer whose congestion_state is this or more is congested (SMPP 5.0 4.8.4.18: 90 to 99 nearing congestion, 100
/// congested).
const CONGESTED: u8 = 90;

impl Session {
    pub(super) fn frame(&mut self, now: Ms, frame: Bytes) {
        // A frame has a header.
        let Some(header) = Header::read(&frame) else {
            return;
        };
        self.heard = now;
        let enquiry = self.enquiry.take().map(|(sequence, _)| sequence);
        match header.command {
            command::ENQUIRE_LINK => {
                self.session_request(&header, &frame);
                return;
            }
            command::ENQUIRE_LINK_RESP => return,
            command::GENERIC_NACK if enquiry == Some(header.sequence) => return,
            _ => self.active = now,
        }
        if header.is_response() {
            self.response(now, &header, frame);
        } else {
            self.request_received(now, &header, frame);
        }
    }

    fn request_received(&mut self, now: Ms, header: &Header, frame: Bytes) {
        if let Some(mode) = Mode::of(header.command) {
            self.bind_received(now, mode, header, frame);
            return;
        }
        match header.command {
            command::OUTBIND => self.outbind_received(header, frame),
            command::UNBIND => self.unbind_received(now, header, &frame),
            command if !exists(self.version, command) => {
                self.count("smpp.unknown_commands");
                self.send(&Fault::nack(Status::RINVCMDID, header.sequence));
            }
            _ => self.about_messages(now, header, frame),
        }
    }

    fn about_messages(&mut self, now: Ms, header: &Header, frame: Bytes) {
        let (mode, leaving) = match self.phase {
            Phase::Bound(mode) => (mode, false),
            Phase::Draining { mode, .. } | Phase::UnbindSent { mode, .. } => (mode, true),
            Phase::Open
            | Phase::Outbound
            | Phase::BindSent { .. }
            | Phase::BindReceived { .. }
            | Phase::PeerUnbinding { .. }
            | Phase::Closed => return self.refuse_here(header),
        };
        if !may_send(self.role.peer(), mode, self.version, header.command) {
            return self.refuse_here(header);
        }
        if leaving || self.inbound.len() >= self.config.inbound() * 2 {
            self.count("smpp.inbound_full");
            return self.reply(header, Status::RMSGQFUL);
        }
        match PduBuf::parse(frame, self.config.policy) {
            Ok(pdu) if header.command == command::ALERT_NOTIFICATION => {
                self.event(Event::Notification(pdu));
            }
            Ok(pdu) => {
                let key = self.inbound.push(header.sequence, header.command, now);
                self.event(Event::Request { key, pdu });
                self.pause_if_full(now);
            }
            Err(fault) => self.malformed(&fault),
        }
    }

    fn response(&mut self, now: Ms, header: &Header, frame: Bytes) {
        let answers = |request: u32| {
            [command::answer_of(request), command::GENERIC_NACK].contains(&header.command)
        };
        if let Phase::BindSent { mode, sequence, .. } = self.phase
            && sequence == header.sequence
            && answers(mode.command())
        {
            return self.bind_answered(now, mode, header, frame);
        }
        if let Phase::UnbindSent { sequence, why, .. } = self.phase
            && sequence == header.sequence
            && answers(command::UNBIND)
        {
            return self.end(why);
        }
        match self.window.take(header.sequence, answers) {
            Found::Sent => self.answered(now, header, frame),
            Found::Other => self.count("smpp.responses_mismatched"),
            Found::Nothing => self.count("smpp.responses_unmatched"),
        }
    }

    fn answered(&mut self, now: Ms, header: &Header, frame: Bytes) {
        let seq = Seq::from_raw(header.sequence);
        match Pdu::parse(&frame, self.config.policy) {
            Ok((header, pdu)) => {
                let load = (self.version >= V5_0).then(|| pdu.tlvs().u8(tlv::CONGESTION_STATE));
                let pdu = PduBuf::read(frame, header);
                self.event(Event::Response { seq, pdu });
                if let Some(load) = load.flatten() {
                    self.peer_load(load);
                }
            }
            Err(fault) => {
                self.count("smpp.malformed");
                let reason = Failure::Malformed(fault);
                self.event(Event::Failed { seq, reason });
            }
        }
        self.proceed(now);
    }

    fn peer_load(&mut self, load: u8) {
        let was = self.congestion.is_some_and(|load| load >= CONGESTED);
        let is = load >= CONGESTED;
        self.congestion = Some(load);
        if was != is {
            self.event(Event::Congested(is));
        }
    }

    /// enquire_link: answered in every state, as it asks for no more than a sign of life.
    fn session_request(&mut self, header: &Header, frame: &[u8]) {
        match Pdu::parse(frame, self.config.policy) {
            Ok(_) => self.reply(header, Status::ROK),
            Err(fault) => self.malformed(&fault),
        }
    }

    fn unbind_received(&mut self, now: Ms, header: &Header, frame: &[u8]) {
        let crossed = match self.phase {
            Phase::Bound(_) | Phase::Draining { .. } => false,
            Phase::UnbindSent { .. } => true,
            Phase::Open
            | Phase::Outbound
            | Phase::BindSent { .. }
            | Phase::BindReceived { .. }
            | Phase::PeerUnbinding { .. }
            | Phase::Closed => return self.refuse_here(header),
        };
        if let Err(fault) = Pdu::parse(frame, self.config.policy) {
            return self.malformed(&fault);
        }
        if crossed {
            self.reply(header, Status::ROK);
            return self.end(End::PeerUnbound);
        }
        self.phase = Phase::PeerUnbinding {
            sequence: header.sequence,
            at: now,
        };
        self.proceed(now);
    }

    /// A request that may not come from this side or in this state.
    pub(super) fn refuse_here(&mut self, header: &Header) {
        self.count("smpp.out_of_place");
        self.reply(header, Status::RINVBNDSTS);
    }

    /// Answers a request with no more than a status.
    pub(super) fn reply(&mut self, header: &Header, status: Status) {
        let pdu = Pdu::reply(header.command, status);
        if self.write(&pdu, status, header.sequence).is_err() {
            self.send(&Fault::nack(status, header.sequence));
        }
    }
}
