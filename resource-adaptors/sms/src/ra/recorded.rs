//! What the node's recorder is told of PDUs: to which request they belong, what they are, without what people write.
//!
//! Looked at only while something is recorded. The key is the request's: its peer, its session and its sequence_number, `<` for
//! one of the peer's and `>` for one of ours. What sessions say of themselves (binds, which have passwords, and enquire_link)
//! belongs to no message and is not told of.

use std::borrow::Cow;
use std::net::SocketAddr;

use strowger::id::ActivityId;
use strowger::ra::{Direction, ListenerIx, Parties, RaCx, Recorded, Redaction, Transport};

use super::Core;
use super::lanes::Whose;
use super::requests::UDHI;
use super::sessions::SessionKey;
use crate::api::MessageId;
use crate::proto::text::udh;
use crate::proto::wire::{HEADER_LEN, Header, Pdu, PduBuf, Policy, Status, command, text, tlv};

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Peer,
    Us,
}

/// Between which ends a PDU goes.
#[derive(Debug, Clone, Copy)]
struct Way {
    listener: ListenerIx,
    remote: SocketAddr,
    transport: Transport,
}

impl Core {
    /// Tells of a request that came.
    pub(super) fn request_came(&self, cx: &mut RaCx<'_>, session: SessionKey, pdu: &PduBuf) {
        if cx.is_recording() {
            let message = about(&pdu.view()).and_then(MessageId::read);
            let message = message.map(|id| self.view.mint.activity(id));
            self.request_about(cx, session, pdu, message);
        }
    }

    /// Tells of a request that came about a message of ours: it belongs to whatever that is a part of.
    pub(super) fn request_about(
        &self,
        cx: &mut RaCx<'_>,
        session: SessionKey,
        pdu: &PduBuf,
        message: Option<ActivityId>,
    ) {
        if !cx.is_recording() {
            return;
        }
        let request = (session, By::Peer, pdu.header().sequence);
        if let Some(message) = message {
            self.activity_is(cx, request, message);
        }
        self.tell_recorder(cx, request, Direction::In, pdu.bytes());
    }

    /// Tells to which request of the peer's an activity belongs.
    pub(super) fn activity_of_request(
        &self,
        cx: &mut RaCx<'_>,
        (session, sequence): (SessionKey, u32),
        activity: ActivityId,
    ) {
        if cx.is_recording() {
            self.activity_is(cx, (session, By::Peer, sequence), activity);
        }
    }

    /// Tells to what a request belongs that has been given to a session, before it leaves.
    pub(super) fn request_goes(
        &self,
        cx: &mut RaCx<'_>,
        (session, sequence): (SessionKey, u32),
        whose: Whose,
    ) {
        if cx.is_recording()
            && let Whose::Message(activity) | Whose::Transaction(activity) = whose
        {
            self.activity_is(cx, (session, By::Us, sequence), activity);
        }
    }

    /// Tells of the response to a request of ours.
    pub(super) fn response_came(&self, cx: &mut RaCx<'_>, session: SessionKey, pdu: &PduBuf) {
        if cx.is_recording() {
            let key = (session, By::Us, pdu.header().sequence);
            self.tell_recorder(cx, key, Direction::In, pdu.bytes());
        }
    }

    /// Tells of the PDUs that leave.
    pub(super) fn leave(&self, cx: &mut RaCx<'_>, session: SessionKey, bytes: &[u8]) {
        if !cx.is_recording() {
            return;
        }
        let mut rest = bytes;
        while let Some(header) = Header::read(rest) {
            let Some((pdu, later)) = rest.split_at_checked(header.length as usize) else {
                return;
            };
            // A length below the header's own would be read again and again.
            if pdu.is_empty() {
                return;
            }
            let by = match header.is_response() {
                true => By::Peer,
                false => By::Us,
            };
            self.tell_recorder(cx, (session, by, header.sequence), Direction::Out, pdu);
            rest = later;
        }
    }

    fn activity_is(
        &self,
        cx: &mut RaCx<'_>,
        (session, by, sequence): (SessionKey, By, u32),
        activity: ActivityId,
    ) {
        if let Some(key) = self.key_of(session, by, sequence) {
            cx.record_as(activity, key.as_bytes());
        }
    }

    fn tell_recorder(
        &self,
        cx: &mut RaCx<'_>,
        (session, by, sequence): (SessionKey, By, u32),
        direction: Direction,
        bytes: &[u8],
    ) {
        if !Header::read(bytes).is_some_and(|header| is_told(header.command)) {
            return;
        }
        let (Some(sess), Some(key)) = (
            self.view.sessions.get(session),
            self.key_of(session, by, sequence),
        ) else {
            return;
        };
        let way = Way {
            listener: sess.listener,
            remote: sess.from,
            transport: sess.transport,
        };
        cx.record(key.as_bytes(), direction, |wanted| {
            let message = recorded(way, bytes, wanted.redaction);
            (wanted.known || message.parties.is_some()).then_some(message)
        });
    }

    /// What names a request; `None` where nobody is bound.
    fn key_of(&self, session: SessionKey, by: By, sequence: u32) -> Option<String> {
        let lane = self.view.sessions.get(session)?.lane?;
        let peer = self.view.lanes.get(lane)?.peer();
        let mark = match by {
            By::Peer => '<',
            By::Us => '>',
        };
        Some(format!("{} {}{mark}{sequence}", peer.name(), session.raw()))
    }
}

/// The message of ours that a request asks about.
fn about<'a>(pdu: &Pdu<'a>) -> Option<&'a [u8]> {
    if let Pdu::QuerySm(it) = pdu {
        Some(it.message_id)
    } else if let Pdu::CancelSm(it) = pdu {
        Some(it.message_id)
    } else if let Pdu::ReplaceSm(it) = pdu {
        Some(it.message_id)
    } else {
        None
    }
}

/// Whether a command is about messages.
const fn is_told(command: u32) -> bool {
    // A generic_nack answers a request, whichever that was.
    !matches!(
        command & !command::RESP,
        command::BIND_RECEIVER
            | command::BIND_TRANSMITTER
            | command::BIND_TRANSCEIVER
            | command::OUTBIND
            | command::UNBIND
            | command::ENQUIRE_LINK
    )
}

fn recorded(way: Way, bytes: &[u8], redaction: Redaction) -> Recorded<'_> {
    let read = Pdu::parse(bytes, Policy::Lenient).ok();
    let header = Header::read(bytes);
    let hidden = redaction
        .bodies
        .then(|| without_content(bytes, read.as_ref().map(|(_, pdu)| pdu)));
    Recorded {
        transport: way.transport,
        listener: way.listener,
        remote: way.remote,
        protocol: "smpp",
        title: header.map_or_else(String::new, |header| title(&header)),
        parties: read.and_then(|(_, pdu)| parties(&pdu)),
        bytes: hidden.map_or(Cow::Borrowed(bytes), Cow::Owned),
    }
}

/// The command, and of a response how it went.
fn title(header: &Header) -> String {
    let name = command::name(header.command);
    let name = match name {
        "unknown" => format!("{:#010x}", header.command),
        name => name.to_owned(),
    };
    let Status(number) = header.status;
    match (header.is_response(), header.status.name()) {
        (false, _) => name,
        (true, Some(status)) => format!("{name} {status}"),
        (true, None) => format!("{name} {number:#x}"),
    }
}

/// Who writes to whom, of a message. A receipt belongs to what it is about and begins nothing.
fn parties(pdu: &Pdu<'_>) -> Option<Parties> {
    let of = |source: &[u8], dest: &[u8]| Parties {
        calling: text(source).into_owned(),
        called: text(dest).into_owned(),
    };
    if let Pdu::SubmitSm(it) | Pdu::DeliverSm(it) = pdu {
        let is_receipt = matches!(pdu, Pdu::DeliverSm(it) if it.is_receipt());
        return (!is_receipt).then(|| of(it.source.digits, it.dest.digits));
    }
    if let Pdu::DataSm(it) = pdu {
        return Some(of(it.source.digits, it.dest.digits));
    }
    if let Pdu::SubmitMulti(it) = pdu {
        return Some(of(it.message.source.digits, b""));
    }
    if let Pdu::BroadcastSm(it) = pdu {
        return Some(of(it.source.digits, b""));
    }
    None
}

/// Writes over what people write to each other, but for the header in front of it that joins parts. What cannot be read is
/// hidden as a whole: nobody knows what is in it.
fn without_content(bytes: &[u8], pdu: Option<&Pdu<'_>>) -> Vec<u8> {
    let mut hidden = bytes.to_vec();
    let known = pdu.filter(|pdu| !matches!(pdu, Pdu::Unknown { .. }));
    let Some(pdu) = known else {
        let body = hidden.get_mut(HEADER_LEN..).unwrap_or_default();
        body.fill(b'x');
        return hidden;
    };
    let (short, has_udh) = if let Pdu::SubmitSm(it) | Pdu::DeliverSm(it) = pdu {
        (it.short_message, it.has_udh())
    } else if let Pdu::SubmitMulti(it) = pdu {
        (it.message.short_message, it.message.has_udh())
    } else if let Pdu::ReplaceSm(it) = pdu {
        (it.short_message, false)
    } else if let Pdu::DataSm(it) = pdu {
        (&[][..], it.esm_class & UDHI != 0)
    } else {
        (&[][..], false)
    };
    let payloads = pdu
        .tlvs()
        .iter()
        .filter(|(tag, _)| *tag == tlv::MESSAGE_PAYLOAD)
        .map(|(_, payload)| payload);
    for content in std::iter::once(short).chain(payloads) {
        let header = match has_udh {
            true => header_of(content),
            false => 0,
        };
        // A part of the PDU is where it is in memory.
        let start = content.as_ptr().addr().wrapping_sub(bytes.as_ptr().addr());
        let range = start.saturating_add(header)..start.saturating_add(content.len());
        if let Some(content) = hidden.get_mut(range) {
            content.fill(b'x');
        }
    }
    hidden
}

/// How many octets in front of content say nothing of what is written: all of a header whose elements are of the kinds that join
/// and lead messages. Anything else may be text of a peer that says there is a header where there is none.
fn header_of(content: &[u8]) -> usize {
    let Ok((udh, text)) = udh::parse(content) else {
        return 0;
    };
    let is_plain = |element: udh::Element<'_>| {
        use udh::id;
        let ids = [
            id::CONCAT_8,
            id::CONCAT_16,
            id::PORTS_8,
            id::PORTS_16,
            id::SINGLE_SHIFT,
            id::LOCKING_SHIFT,
        ];
        ids.contains(&element.id) && element.data.len() <= 4
    };
    match udh.iter().next().is_some() && udh.iter().all(is_plain) {
        true => content.len() - text.len(),
        false => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::wire::{Addr, MessageIdResp, Submit, TlvBuf};

    fn submit(esm_class: u8, content: &[u8], tlvs: &TlvBuf) -> Vec<u8> {
        let pdu = Pdu::SubmitSm(Submit {
            source: Addr::new(5, 0, b"shop"),
            dest: Addr::new(1, 1, b"46701234567"),
            esm_class,
            short_message: content,
            tlvs: tlvs.as_tlvs(),
            ..Submit::default()
        });
        pdu.encode(Status::ROK, 7).unwrap().to_vec()
    }

    fn told(bytes: &[u8], bodies: bool) -> Recorded<'_> {
        let way = Way {
            listener: ListenerIx(0),
            remote: SocketAddr::from(([192, 0, 2, 1], 2775)),
            transport: Transport::Tcp,
        };
        let redaction = Redaction {
            secrets: true,
            bodies,
        };
        recorded(way, bytes, redaction)
    }

    fn has(bytes: &[u8], text: &[u8]) -> bool {
        bytes.windows(text.len()).any(|part| part == text)
    }

    #[test]
    fn a_message_is_told_without_what_is_written_in_it() {
        let none = TlvBuf::new();
        let bytes = submit(0, b"the secret word", &none);
        let message = told(&bytes, true);
        assert_eq!(
            (message.protocol, &message.title[..]),
            ("smpp", "submit_sm")
        );
        let parties = message.parties.unwrap();
        assert_eq!(
            (&parties.calling[..], &parties.called[..]),
            ("shop", "46701234567")
        );
        assert_eq!(message.bytes.len(), bytes.len());
        assert!(!has(&message.bytes, b"secret") && has(&message.bytes, &[b'x'; 15]));
        assert!(has(&message.bytes, b"46701234567"));
        assert_eq!(&*told(&bytes, false).bytes, &bytes[..]);
    }

    #[test]
    fn long_content_is_hidden_and_the_header_that_joins_parts_is_not() {
        let mut tlvs = TlvBuf::new();
        tlvs.put(
            tlv::MESSAGE_PAYLOAD,
            b"\x05\x00\x03\x2a\x02\x01the secret word",
        )
        .unwrap();
        let bytes = submit(UDHI, b"", &tlvs);
        let message = told(&bytes, true);
        assert!(!has(&message.bytes, b"secret"));
        assert!(has(&message.bytes, b"\x05\x00\x03\x2a\x02\x01xxx"));
    }

    #[test]
    fn what_is_no_header_is_hidden_though_the_peer_says_that_there_is_one() {
        let long = [b't'; 140];
        for content in [
            // Longer than all of it, as long, and none.
            &b"\xffsecret"[..],
            b"\x06secret",
            b"\x00secret",
            // Elements that are cut off, that are not known, and that are too long for what they say they are.
            b"\x05\x00\x09secret",
            b"\x08\x70\x06secret",
            b"\x08\x00\x06secret",
            b"the secret word",
            &long,
        ] {
            let bytes = submit(UDHI, content, &TlvBuf::new());
            let message = told(&bytes, true);
            assert_eq!(message.bytes.len(), bytes.len());
            assert!(
                has(&message.bytes, &vec![b'x'; content.len()]),
                "{content:?}"
            );
        }
    }

    #[test]
    fn all_content_of_a_message_that_has_more_than_one_is_hidden() {
        let mut tlvs = TlvBuf::new();
        for content in [b"the first secret", b"the other secret"] {
            tlvs.put(tlv::MESSAGE_PAYLOAD, content).unwrap();
        }
        let bytes = submit(0, b"the short secret", &tlvs);
        assert!(!has(&told(&bytes, true).bytes, b"secret"));
    }

    #[test]
    fn what_cannot_be_read_is_hidden_as_a_whole() {
        let mut bytes = submit(0, b"the secret word", &TlvBuf::new());
        bytes.truncate(bytes.len() - 3);
        let message = told(&bytes, true);
        assert!(!has(&message.bytes, b"secret") && message.parties.is_none());
    }

    #[test]
    fn responses_say_how_it_went() {
        let answer = Pdu::SubmitSmResp(MessageIdResp {
            message_id: b"1a2b",
            ..MessageIdResp::default()
        });
        let bytes = answer.encode(Status::ROK, 7).unwrap();
        assert_eq!(told(&bytes, true).title, "submit_sm_resp ROK");
        let refused = Pdu::SubmitSmResp(MessageIdResp::default());
        let bytes = refused.encode(Status(0x0400), 7).unwrap();
        assert_eq!(told(&bytes, true).title, "submit_sm_resp 0x400");
    }

    #[test]
    fn what_sessions_say_of_themselves_is_not_told() {
        for command in [
            command::BIND_TRANSCEIVER,
            command::BIND_TRANSCEIVER_RESP,
            command::ENQUIRE_LINK_RESP,
            command::UNBIND,
        ] {
            assert!(!is_told(command));
        }
        assert!(is_told(command::SUBMIT_SM) && is_told(command::GENERIC_NACK));
    }
}
