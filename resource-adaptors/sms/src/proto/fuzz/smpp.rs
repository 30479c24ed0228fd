//! SMPP: PDUs, streams of them, and sessions.

use bytes::Bytes;

use crate::proto::session::{Config, Event, InKey, Mode, Output, Role, Session, State};
use crate::proto::time::Ms;
use crate::proto::wire::{
    BadLength, Bind, Framer, HEADER_LEN, Header, MessageIdResp, Pdu, PduBuf, Policy, Status,
    Submit, command,
};

/// A PDU, as it is and with a command_length that fits it.
pub fn smpp_pdu(data: &[u8]) {
    frame(data);
    if data.len() >= HEADER_LEN {
        let mut fitted = data.to_vec();
        fitted[..4].copy_from_slice(&(data.len() as u32).to_be_bytes());
        frame(&fitted);
    }
}

/// A PDU as it is: what is accepted is written back to the same, what is refused has its answer.
fn frame(data: &[u8]) {
    let strict = Pdu::parse(data, Policy::Strict);
    match Pdu::parse(data, Policy::Lenient) {
        Ok((header, pdu)) => {
            accepted(data, &header, &pdu);
            if let Ok((_, same)) = strict {
                assert_eq!(same, pdu, "read in two ways");
                let written = pdu.encode(header.status, header.sequence);
                assert_eq!(written.as_deref(), Ok(data), "written otherwise");
            }
        }
        Err(fault) => {
            assert!(strict.is_err(), "strict takes what lenient does not");
            assert!(!fault.status.is_ok() && fault.offset as usize <= data.len());
            let Some(answer) = fault.answer() else {
                assert!(fault.header.is_response());
                return;
            };
            let answer = Pdu::parse(&answer, Policy::Strict);
            let (header, _) =
                answer.unwrap_or_else(|fault| panic!("an answer is malformed: {fault}"));
            assert_eq!(header.status, fault.status);
            assert_eq!(header.sequence, fault.header.sequence);
            assert_eq!(header.command, command::answer_of(fault.header.command));
        }
    }
}

fn accepted(data: &[u8], header: &Header, pdu: &Pdu<'_>) {
    let kept = PduBuf::parse(Bytes::copy_from_slice(data), Policy::Lenient);
    let kept = kept.unwrap_or_else(|fault| panic!("refused the second time: {fault}"));
    assert_eq!(kept.view(), *pdu);
    assert_eq!(pdu.command(), header.command);
    let again = pdu.encode(header.status, header.sequence);
    let again = again.unwrap_or_else(|error| panic!("what was read cannot be written: {error}"));
    let (_, read) = Pdu::parse(&again, Policy::Lenient)
        .unwrap_or_else(|fault| panic!("what was written cannot be read: {fault}"));
    assert_eq!(read, *pdu, "another PDU when written and read");
    let tlvs: usize = pdu.tlvs().iter().map(|(_, value)| 4 + value.len()).sum();
    assert_eq!(tlvs, pdu.tlvs().as_bytes().len());
    if let Pdu::SubmitMulti(multi) = pdu {
        assert_eq!(multi.dests.count(), usize::from(multi.dests.size()));
    }
    let _ = format!("{pdu:?}");
}

/// A stream: the first byte says how the rest is cut; the cuts must not change what comes out, and no more is held than a
/// PDU.
pub fn smpp_stream(data: &[u8]) {
    let Some((&step, octets)) = data.split_first() else {
        return;
    };
    let whole = frames(octets, octets.len().max(1));
    let pieces = frames(octets, usize::from(step).max(1));
    assert_eq!(whole, pieces, "the stream's cuts changed its PDUs");
}

fn frames(stream: &[u8], step: usize) -> Vec<Result<Bytes, BadLength>> {
    const MAX: u32 = 4096;
    let (mut framer, mut seen) = (Framer::new(MAX), Vec::new());
    for piece in stream.chunks(step) {
        let mut input = piece;
        loop {
            match framer.next_frame(&mut input) {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    let header = Header::read(&frame).map(|header| header.length as usize);
                    assert_eq!(header, Some(frame.len()));
                    seen.push(Ok(frame));
                }
                Err(bad) => {
                    let answer = bad.answer();
                    assert!(Pdu::parse(&answer, Policy::Strict).is_ok());
                    seen.push(Err(bad));
                    return seen;
                }
            }
        }
        assert!(input.is_empty() && framer.buffered() < MAX as usize);
    }
    seen
}

/// A session: the first byte says which side it is and how the rest is cut, and whatever comes, each request is answered
/// once, with a frame that is sound, and no more are held than the window allows.
pub fn smpp_session(data: &[u8]) {
    let Some((&first, stream)) = data.split_first() else {
        return;
    };
    let role = if first & 1 == 0 { Role::Mc } else { Role::Esme };
    let config = Config {
        inbound: 2,
        window: 3,
        max_pdu: 4096,
        ..Config::default()
    };
    let mut driven = Driven {
        session: Session::new(role, config, Ms(0)),
        owed: Vec::new(),
        over: false,
    };
    if role == Role::Esme {
        let bound = driven
            .session
            .bind(Ms(0), Mode::Transceiver, &Bind::default());
        assert!(bound.is_ok());
    }
    let mut now = Ms(0);
    for (n, piece) in stream.chunks(usize::from(first >> 1).max(1)).enumerate() {
        now = now + u64::from(piece[0]) * 20;
        driven.session.received(now, piece);
        driven.drain(now);
        driven.session.expire(now);
        driven.drain(now);
        if n % 3 == 0 {
            let message = Submit::default();
            let _ = driven.session.request(now, &Pdu::SubmitSm(message));
            let _ = driven.session.request(now, &Pdu::DeliverSm(message));
            driven.answer(now, piece[0]);
        }
        driven.drain(now);
        assert!(driven.session.unanswered() <= 4 && driven.session.in_flight() <= 3);
    }
    driven.session.closed();
    driven.drain(now);
    assert!(driven.over && driven.session.deadline().is_none());
}

struct Driven {
    session: Session,
    owed: Vec<InKey>,
    over: bool,
}

impl Driven {
    fn answer(&mut self, now: Ms, with: u8) {
        let Some(key) = self.owed.pop() else { return };
        let response = Pdu::SubmitSmResp(MessageIdResp::default());
        if with & 1 == 0
            || self
                .session
                .respond(now, key, Status::ROK, &response)
                .is_err()
        {
            let _ = self.session.refuse(now, key, Status(u32::from(with)));
        }
    }

    fn drain(&mut self, now: Ms) {
        while let Some(output) = self.session.poll() {
            assert!(!self.over, "{output:?} after the end");
            match output {
                Output::Send(bytes) => {
                    let (mut framer, mut input) = (Framer::new(u32::MAX), &bytes[..]);
                    while let Ok(Some(pdu)) = framer.next_frame(&mut input) {
                        let sound = Pdu::parse(&pdu, Policy::Strict);
                        assert!(sound.is_ok(), "{}: {sound:?}", pdu.escape_ascii());
                    }
                    assert!(input.is_empty() && framer.buffered() == 0);
                }
                Output::Event(Event::BindRequest { .. }) => {
                    let accepted = self.session.accept_bind(now, b"mc").is_ok();
                    let ended = self.session.state() == State::Closed;
                    assert!(
                        accepted || ended,
                        "what came behind the bind may have ended it"
                    );
                }
                Output::Event(Event::Request { key, .. }) => self.owed.push(key),
                Output::Event(Event::Unbound(_)) => self.over = true,
                Output::Event(_) | Output::PauseReading(_) | Output::Close | Output::Count(_) => {}
            }
        }
    }
}
