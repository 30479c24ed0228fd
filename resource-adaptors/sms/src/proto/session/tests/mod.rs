//! Sessions with a peer that is written by hand, octet by octet where it matters.

mod both;
mod opening;
mod operations;
mod probes;
mod timing;
mod windows;

use bytes::Bytes;

use super::*;
use crate::proto::wire::{
    Addr, Bind, Header, MessageIdResp, Pdu, Policy, Status, Submit, Tlvs, command,
};

/// A session and what has come out of it.
pub(super) struct Side {
    pub(super) session: Session,
    pub(super) now: Ms,
    /// PDUs that were sent and not looked at yet.
    pub(super) sent: Vec<Bytes>,
    pub(super) events: Vec<Event>,
    pub(super) counts: Vec<&'static str>,
    pub(super) reading: bool,
    pub(super) closed: bool,
}

/// Command, status and sequence_number of a PDU that was sent.
pub(super) type Head = (u32, Status, u32);

impl Side {
    pub(super) fn new(role: Role, config: Config) -> Self {
        Self {
            session: Session::new(role, config, Ms(0)),
            now: Ms(0),
            sent: Vec::new(),
            events: Vec::new(),
            counts: Vec::new(),
            reading: true,
            closed: false,
        }
    }

    /// A message centre to which an ESME has bound with this version.
    pub(super) fn mc_with(mode: Mode, version: u8, config: Config) -> Self {
        let mut side = Self::new(Role::Mc, config);
        side.feed(&bind_pdu(mode, version, 1));
        side.accept();
        assert_eq!(side.session.state(), State::Bound(mode));
        side.heads();
        side.events.clear();
        side
    }

    /// A message centre to which an ESME of 3.4 has bound.
    pub(super) fn mc(mode: Mode) -> Self {
        Self::mc_with(mode, 0x34, Config::default())
    }

    /// An ESME that has bound to a message centre of this version.
    pub(super) fn esme_with(mode: Mode, version: u8, config: Config) -> Self {
        let mut side = Self::new(Role::Esme, config);
        let bind = Bind {
            system_id: b"esme",
            ..Bind::default()
        };
        assert_eq!(side.session.bind(side.now, mode, &bind), Ok(()));
        side.drain();
        let sequence = side.heads()[0].2;
        side.feed(&bind_response(mode, version, sequence));
        assert_eq!(side.session.state(), State::Bound(mode));
        side.events.clear();
        side
    }

    /// An ESME that has bound to a message centre of 3.4.
    pub(super) fn esme(mode: Mode) -> Self {
        Self::esme_with(mode, 0x34, Config::default())
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.session.received(self.now, bytes);
        self.drain();
    }

    pub(super) fn accept(&mut self) {
        assert_eq!(self.session.accept_bind(self.now, b"mc"), Ok(()));
        self.drain();
    }

    /// Lets time pass, with every deadline on the way.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        let mut turns = 0;
        while let Some(at) = self.session.deadline().filter(|at| *at <= end) {
            turns += 1;
            assert!(turns < 10_000, "a deadline that nothing is done at");
            self.now = self.now.max(at);
            self.session.expire(self.now);
            self.drain();
        }
        self.now = end;
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.session.poll() {
            assert!(!self.closed || matches!(output, Output::Event(_) | Output::Count(_)));
            match output {
                Output::Send(bytes) => self.sent.extend(pdus(&bytes)),
                Output::PauseReading(on) => {
                    assert_eq!(self.reading, on, "said twice");
                    self.reading = !on;
                }
                Output::Close => self.closed = true,
                Output::Count(name) => self.counts.push(name),
                Output::Event(event) => {
                    assert!(!matches!(self.events.last(), Some(Event::Unbound(_))));
                    self.events.push(event);
                }
            }
        }
    }

    /// What was sent since it was asked for last.
    pub(super) fn heads(&mut self) -> Vec<Head> {
        self.sent.drain(..).map(|bytes| head(&bytes)).collect()
    }

    /// Keys of the requests that have come since it was asked for last.
    pub(super) fn requests(&mut self) -> Vec<InKey> {
        let mut keys = Vec::new();
        for event in self.events.drain(..) {
            if let Event::Request { key, .. } = event {
                keys.push(key);
            }
        }
        keys
    }

    /// Why the session is over.
    pub(super) fn end(&self) -> Option<End> {
        let Some(Event::Unbound(end)) = self.events.last() else {
            return None;
        };
        Some(*end)
    }

    pub(super) fn request(&mut self, pdu: &Pdu<'_>) -> Result<Seq, RequestError> {
        let sent = self.session.request(self.now, pdu);
        self.drain();
        sent
    }

    pub(super) fn refuse(&mut self, key: InKey, status: Status) {
        assert_eq!(self.session.refuse(self.now, key, status), Ok(()));
        self.drain();
    }
}

/// The PDUs that these octets are; all are sound.
pub(super) fn pdus(bytes: &[u8]) -> Vec<Bytes> {
    let (mut framer, mut input, mut pdus) = (Framer::new(u32::MAX), bytes, Vec::new());
    while let Ok(Some(pdu)) = framer.next_frame(&mut input) {
        let sound = Pdu::parse(&pdu, Policy::Strict);
        assert!(sound.is_ok(), "sent {}: {sound:?}", pdu.escape_ascii());
        pdus.push(pdu);
    }
    assert!(input.is_empty() && framer.buffered() == 0);
    pdus
}

pub(super) fn head(bytes: &[u8]) -> Head {
    let header = Header::read(bytes).expect("a header");
    (header.command, header.status, header.sequence)
}

pub(super) fn bytes(pdu: &Pdu<'_>, status: Status, sequence: u32) -> Bytes {
    pdu.encode(status, sequence).expect("it fits")
}

pub(super) fn request(pdu: &Pdu<'_>, sequence: u32) -> Bytes {
    bytes(pdu, Status::ROK, sequence)
}

pub(super) fn submit() -> Submit<'static> {
    Submit {
        source: Addr::new(1, 1, b"4915112345678"),
        dest: Addr::new(1, 1, b"4917087654321"),
        short_message: b"good morning",
        ..Submit::default()
    }
}

pub(super) fn submit_pdu(sequence: u32) -> Bytes {
    request(&Pdu::SubmitSm(submit()), sequence)
}

/// An octet string in place of a PDU: header and body as given, with a command_length that fits.
pub(super) fn raw(command: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut pdu = ((16 + body.len()) as u32).to_be_bytes().to_vec();
    pdu.extend_from_slice(&command.to_be_bytes());
    pdu.extend_from_slice(&[0; 4]);
    pdu.extend_from_slice(&sequence.to_be_bytes());
    pdu.extend_from_slice(body);
    pdu
}

pub(super) fn bind_pdu(mode: Mode, version: u8, sequence: u32) -> Bytes {
    let bind = Bind {
        system_id: b"esme",
        password: b"secret",
        interface_version: version,
        ..Bind::default()
    };
    let pdu = match mode {
        Mode::Transmitter => Pdu::BindTransmitter(bind),
        Mode::Receiver => Pdu::BindReceiver(bind),
        Mode::Transceiver => Pdu::BindTransceiver(bind),
    };
    request(&pdu, sequence)
}

/// The response of a message centre that names this version; 0 names none.
pub(super) fn bind_response(mode: Mode, version: u8, sequence: u32) -> Vec<u8> {
    let mut body = b"mc\0".to_vec();
    if version != 0 {
        body.extend_from_slice(&[0x02, 0x10, 0, 1, version]);
    }
    raw(mode.command() | command::RESP, sequence, &body)
}

pub(super) fn submit_response(sequence: u32) -> Bytes {
    let id = MessageIdResp {
        message_id: b"1a2b",
        tlvs: Tlvs::EMPTY,
    };
    bytes(&Pdu::SubmitSmResp(id), Status::ROK, sequence)
}
