//! How a session comes to be bound (SMPP 3.4 2.2.1, 4.1).

use bytes::Bytes;

use super::{BindError, End, Event, Mode, Phase, Role, Session, V3_3, V3_4};
use crate::proto::time::Ms;
use crate::proto::wire::{
    Bind, BindResp, Fault, Header, Outbind, Pdu, PduBuf, Policy, Status, Tlvs, tlv,
};

impl Session {
    /// Binds, as an ESME; interface_version is the configured one.
    ///
    /// # Errors
    ///
    /// This side is the message centre, or has bound already; a value does not fit its field.
    pub fn bind(&mut self, now: Ms, mode: Mode, bind: &Bind<'_>) -> Result<(), BindError> {
        if self.role != Role::Esme || !matches!(self.phase, Phase::Open | Phase::Outbound) {
            return Err(BindError::State);
        }
        let bind = Bind {
            interface_version: self.config.version,
            ..*bind
        };
        let pdu = match mode {
            Mode::Transmitter => Pdu::BindTransmitter(bind),
            Mode::Receiver => Pdu::BindReceiver(bind),
            Mode::Transceiver => Pdu::BindTransceiver(bind),
        };
        self.write(&pdu, Status::ROK, self.sequence)?;
        let sequence = self.next_sequence();
        self.phase = Phase::BindSent {
            mode,
            sequence,
            at: now,
        };
        Ok(())
    }

    /// Asks the ESME to bind, as a message centre that has connected to it.
    ///
    /// # Errors
    ///
    /// This side is the ESME, or the session is not new; a value does not fit its field.
    pub fn outbind(&mut self, outbind: &Outbind<'_>) -> Result<(), BindError> {
        if self.role != Role::Mc || !matches!(self.phase, Phase::Open) {
            return Err(BindError::State);
        }
        self.write(&Pdu::Outbind(*outbind), Status::ROK, self.sequence)?;
        self.next_sequence();
        self.phase = Phase::Outbound;
        Ok(())
    }

    /// Lets the ESME in whose bind has come. `system_id` is the message centre's own.
    ///
    /// # Errors
    ///
    /// No bind waits; the system_id does not fit its field.
    pub fn accept_bind(&mut self, now: Ms, system_id: &[u8]) -> Result<(), BindError> {
        let Phase::BindReceived { mode, pdu, .. } = &self.phase else {
            return Err(BindError::State);
        };
        let (mode, pdu) = (*mode, pdu.clone());
        let version = negotiated(self.config.version, interface_version(&pdu));
        let [high, low] = tlv::SC_INTERFACE_VERSION.to_be_bytes();
        let tlv = [high, low, 0, 1, version];
        let known = version >= V3_4;
        let response = BindResp {
            system_id,
            tlvs: Tlvs::written(if known { &tlv } else { &[] }),
        };
        let response = bind_response(mode, response);
        self.write(&response, Status::ROK, pdu.header().sequence)?;
        self.bound(now, mode, version, pdu);
        Ok(())
    }

    /// Turns the ESME away whose bind has come, and ends the session.
    ///
    /// # Errors
    ///
    /// No bind waits.
    pub fn refuse_bind(&mut self, status: Status) -> Result<(), BindError> {
        let Phase::BindReceived { pdu, .. } = &self.phase else {
            return Err(BindError::State);
        };
        let header = *pdu.header();
        self.reply(&header, status);
        self.count("smpp.binds_refused");
        self.end(End::BindRefused(status));
        Ok(())
    }

    /// A bind came. An ESME is not bound to, a session is bound once, and a malformed bind ends it.
    pub(super) fn bind_received(&mut self, now: Ms, mode: Mode, header: &Header, frame: Bytes) {
        if self.role == Role::Esme {
            self.refuse_here(header);
            return;
        }
        if !matches!(self.phase, Phase::Open | Phase::Outbound) {
            self.count("smpp.out_of_place");
            self.reply(header, Status::RALYBND);
            return;
        }
        match PduBuf::parse(frame, self.config.policy) {
            Ok(pdu) => {
                self.phase = Phase::BindReceived {
                    mode,
                    pdu: pdu.clone(),
                    at: now,
                };
                self.event(Event::BindRequest { mode, pdu });
            }
            Err(fault) => {
                self.count("smpp.binds_refused");
                self.malformed(&fault);
                self.end(End::BindRefused(fault.status));
            }
        }
    }

    /// outbind came: to an ESME that has not bound.
    pub(super) fn outbind_received(&mut self, header: &Header, frame: Bytes) {
        if self.role == Role::Mc || !matches!(self.phase, Phase::Open) {
            self.refuse_here(header);
            return;
        }
        match PduBuf::parse(frame, self.config.policy) {
            Ok(pdu) => {
                self.phase = Phase::Outbound;
                self.event(Event::Outbind(pdu));
            }
            Err(fault) => self.malformed(&fault),
        }
    }

    /// The response to our bind came.
    pub(super) fn bind_answered(&mut self, now: Ms, mode: Mode, header: &Header, frame: Bytes) {
        if !header.status.is_ok() {
            self.end(End::BindRefused(header.status));
            return;
        }
        match PduBuf::parse(frame, self.config.policy) {
            Ok(pdu) => {
                let theirs = self.version_in(&pdu);
                self.bound(now, mode, negotiated(self.config.version, theirs), pdu);
            }
            Err(fault) => {
                self.malformed(&fault);
                self.end(End::BindRefused(fault.status));
            }
        }
    }

    /// The version that the message centre names in its response. One that names none knows no TLVs by the standard (3.4
    /// 2.9); in the field most such do, and the lenient policy takes it for 3.4.
    fn version_in(&self, response: &PduBuf) -> u8 {
        let named = response.view().tlvs().u8(tlv::SC_INTERFACE_VERSION);
        named.unwrap_or(match self.config.policy {
            Policy::Strict => V3_3,
            Policy::Lenient => V3_4,
        })
    }

    fn bound(&mut self, now: Ms, mode: Mode, version: u8, peer: PduBuf) {
        self.phase = Phase::Bound(mode);
        self.version = version;
        self.active = now;
        self.event(Event::Bound {
            mode,
            version,
            peer,
        });
    }

    /// A PDU that cannot be read: answered if it is a request.
    pub(super) fn malformed(&mut self, fault: &Fault) {
        self.count("smpp.malformed");
        if let Some(answer) = fault.answer() {
            self.send(&answer);
        }
    }
}

/// The version that both sides speak.
fn negotiated(ours: u8, theirs: u8) -> u8 {
    ours.min(theirs).max(V3_3)
}

fn interface_version(bind: &PduBuf) -> u8 {
    let view = bind.view();
    let (Pdu::BindReceiver(it) | Pdu::BindTransmitter(it) | Pdu::BindTransceiver(it)) = view else {
        return V3_3;
    };
    it.interface_version
}

const fn bind_response(mode: Mode, response: BindResp<'_>) -> Pdu<'_> {
    match mode {
        Mode::Transmitter => Pdu::BindTransmitterResp(response),
        Mode::Receiver => Pdu::BindReceiverResp(response),
        Mode::Transceiver => Pdu::BindTransceiverResp(response),
    }
}
