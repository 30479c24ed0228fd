//! Bodies of the fuzz targets in `tests/fuzz`: any bytes in, a panic if the wire layer breaks a promise.
//!
//! They live here so that the ordinary tests replay the corpora and mutate them with the very same code. Not part of
//! the adaptor's interface.

mod transaction;

use bytes::Bytes;
use std::net::SocketAddr;

use super::auth::{Authorization, Challenge};
use super::compose::{self, Answer};
use super::dialog::Dialog;
use super::flow::{Flow, Transport};
use super::framing::{Frame, Framer};
use super::plain::Plain;
use super::registrar::{Aor, Binding, Clocks};
use super::stun;
use super::subscription::Subscription;
use super::time::Ms;
use super::triage::{Urgency, triage};
use super::wire::{
    Builder, CSeq, DialogName, Edit, Elements, EventType, HeaderId, Limits, MediaType, Message,
    NameAddr, Params, SubscriptionState, Uri, Via, WireErrorKind, push_escaped, unescape,
};
use super::ws;
use crate::api::sdp::{self, Direction};

pub use transaction::transaction;

/// A datagram: every view can be read, an accepted message copies byte for byte and can be answered and edited, a
/// refused one that says it can be answered can. What is seen of it without reading it is what is read.
pub fn sip_datagram(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let _ = triage(data, &Urgency::default());
    match Message::datagram(bytes, &Limits::DEFAULT) {
        Ok(message) => {
            views(&message);
            accepted(&message);
            unread(data, &message);
        }
        Err(rejected) => {
            assert!((400..700).contains(&rejected.status), "{rejected}");
            if let Some(partial) = &rejected.partial {
                views(partial);
                let at = rejected.error.offset as usize;
                assert!(at <= data.len(), "{rejected} is not in the message");
            }
            if let Some(request) = rejected.answerable() {
                answer(request, rejected.status);
            }
        }
    }
}

/// A session description: whatever it is, it can be asked for what it says and be rewritten, and does not grow beyond what
/// each of its lines may gain.
pub fn sip_sdp(data: &[u8]) {
    let _ = (sdp::is_hold(data), sdp::direction(data));
    let newer = sdp::with_version(data, 7);
    if sdp::version(data).is_some() {
        assert!(sdp::version(&newer).is_some(), "{}", newer.escape_ascii());
    }
    for direction in [Direction::SendRecv, Direction::Inactive] {
        let changed = sdp::with_direction(data, direction);
        assert!(changed.len() <= data.len() * 6 + 64, "{}", changed.len());
    }
}

/// STUN: only a binding request is answered, by one small datagram of its transaction.
pub fn sip_stun(data: &[u8]) {
    for peer in [
        SocketAddr::from(([192, 0, 2, 1], 5060)),
        SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 5060)),
    ] {
        let Some(answer) = stun::answer(data, peer) else {
            continue;
        };
        assert!(stun::is_stun(&answer) && answer.len() <= 64, "{answer:?}");
        assert_eq!(answer.get(4..20), data.get(4..20), "another transaction");
    }
}

/// Durable records of the stack, of which the first byte says what is read: what can be read is written again as it was.
pub fn sip_records(data: &[u8]) {
    let Some((kind, record)) = data.split_first() else {
        return;
    };
    match kind % 4 {
        0 => {
            if let Ok(dialog) = Dialog::from_record(1, record) {
                let again = Dialog::from_record(1, &dialog.to_record());
                assert_eq!(again.map(|it| it.to_record()), Ok(dialog.to_record()));
            }
        }
        1 => {
            if let Ok(restored) = Subscription::from_record(1, record) {
                assert!(restored.dialog.len() <= record.len());
            }
        }
        2 => {
            let clocks = Clocks {
                now: Ms(1_000),
                wall: 1_700_000_000_000,
            };
            if let Ok(binding) = Binding::from_record(1, record, clocks) {
                let again = Binding::from_record(1, &binding.to_record(clocks), clocks);
                assert_eq!(again.as_ref(), Ok(&binding));
            }
        }
        _ => {
            if let Ok(aor) = Aor::from_record(record) {
                assert_eq!(Aor::from_record(&aor.to_record()), Ok(aor));
            }
        }
    }
}

fn unread(data: &[u8], message: &Message) {
    let urgency = Urgency::default();
    let Some(plain) = Plain::of(data, &Limits::DEFAULT, &urgency) else {
        return;
    };
    assert_eq!(Some(&plain.method), message.method());
    assert_eq!(Some(plain.call_id), message.call_id().ok());
    assert_eq!(Some(plain.via), message.via().ok());
    assert_eq!(Some(plain.cseq), message.cseq().ok());
    assert_eq!(plain.from_tag, message.from_tag().unwrap_or_default());
    assert_eq!(plain.to_tag, message.to_tag());
    assert_eq!(plain.urgent, urgency.is_of(message));
    assert!(!message.has(HeaderId::Route) && !message.has(HeaderId::Require));
    if plain.is_new() {
        let source = Flow::seen(Transport::Udp, 0, ([192, 0, 2, 4], 5060).into());
        let answer = Answer {
            status: 503,
            to_tag: Some(b"1"),
            lines: b"Retry-After: 5\r\n",
            ..Answer::default()
        };
        let expected = compose::response(message, &source, answer);
        let written = plain.unavailable(&source, b"1", b"Retry-After: 5\r\n");
        assert_eq!(written, expected, "the answer is that of the usual path");
    }
}

/// A stream: the first byte says how the rest is cut; the cuts must not change what comes out.
pub fn sip_stream(data: &[u8]) {
    let Some((&step, stream)) = data.split_first() else {
        return;
    };
    let whole = frames(stream, stream.len().max(1));
    let pieces = frames(stream, usize::from(step).max(1));
    assert_eq!(whole, pieces, "the stream's cuts changed its frames");
}

/// A WebSocket connection: the first byte says how the rest is cut, and whether the handshake is done; the cuts must not
/// change what comes out, nothing comes after the end, and no more is held than a message.
pub fn sip_websocket(data: &[u8]) {
    let Some((&step, stream)) = data.split_first() else {
        return;
    };
    let opening = if step & 1 == 1 {
        ws::client::request("sip.example", "/", None)
    } else {
        String::new()
    };
    let stream = [opening.as_bytes(), stream].concat();
    let whole = items(&stream, stream.len().max(1));
    let pieces = items(&stream, usize::from(step >> 1).max(1));
    assert_eq!(whole, pieces, "the stream's cuts changed its items");
    let end = whole
        .iter()
        .position(|item| matches!(item, ws::Item::End(_)));
    assert!(
        end.is_none_or(|at| at + 1 == whole.len()),
        "an item after the end"
    );
}

fn items(stream: &[u8], step: usize) -> Vec<ws::Item> {
    const LIMIT: usize = 4096;
    let (mut session, gate, mut items) = (ws::Session::new(LIMIT), ws::Gate::default(), Vec::new());
    for piece in stream.chunks(step) {
        session.push(piece);
        while let Some(step) = session.next_item(&gate) {
            items.extend(step);
        }
        let bound = LIMIT.max(ws::HEAD_MAX) + piece.len() + 14;
        assert!(session.buffered() <= bound, "{} held", session.buffered());
    }
    items
}

/// A URI: its parts lie inside it, and it is equivalent to itself unless it repeats a parameter or header.
pub fn sip_uri(data: &[u8]) {
    let Ok(uri) = Uri::parse(data) else { return };
    let parts = [
        uri.user(),
        uri.password(),
        uri.headers(),
        Some(uri.params().as_bytes()),
    ];
    for part in parts.into_iter().flatten().filter(|p| !p.is_empty()) {
        assert!(
            data.windows(part.len()).any(|w| w == part),
            "a part is not in the URI"
        );
    }
    let names: Vec<_> = uri
        .params()
        .iter()
        .map(|p| p.name.to_ascii_lowercase())
        .collect();
    let repeats = (1..names.len()).any(|n| names[..n].contains(&names[n]));
    if !repeats {
        assert!(uri.is_equivalent(&uri), "a URI is not equivalent to itself");
    }
    if let Ok(other) = Uri::parse(b"sip:alice@example.com;transport=udp?a=b") {
        assert_eq!(uri.is_equivalent(&other), other.is_equivalent(&uri));
    }
}

/// Credentials or a challenge: what can be read is written in a form that reads the same.
pub fn sip_auth(data: &[u8]) {
    if let Ok(read) = Authorization::parse(data) {
        let written = read.to_value();
        assert_eq!(Authorization::parse(&written).as_ref(), Ok(&read));
        assert_eq!(
            Authorization::realm_of(&written).as_deref(),
            Some(&read.realm[..])
        );
        let _ = read.count();
    }
    if let Ok(read) = Challenge::parse(data) {
        assert_eq!(Challenge::parse(&read.to_value()).as_ref(), Ok(&read));
    }
}

/// A header value, read as everything that reads header values.
pub fn sip_nameaddr(data: &[u8]) {
    for element in Elements::new(data) {
        if let Ok(address) = NameAddr::parse(element) {
            let (_, _, _) = (address.check(), address.tag(), address.display().len());
            sip_uri(address.uri_raw);
        }
        if let Ok(via) = Via::parse(element) {
            let (_, _, _) = (via.received(), via.rport(), via.maddr());
        }
    }
    let _ = (
        CSeq::parse(data),
        MediaType::parse(data),
        Params::new(data).check(),
    );
    let count = Params::new(data).iter().count();
    assert!(count <= data.len() + 1);
    event_values(data);
}

/// The values that name subscriptions and dialogs: what is read lies inside, and escapes come back.
fn event_values(data: &[u8]) {
    if let Ok(event) = EventType::parse(data) {
        assert!(!event.package.is_empty() && event.id().is_none_or(|id| id.len() < data.len()));
    }
    if let Ok(state) = SubscriptionState::parse(data) {
        assert!(!(state.is_terminated() && state.is_pending()));
        let _ = (state.expires(), state.reason(), state.retry_after());
    }
    for name in [DialogName::replaces(data), DialogName::target_dialog(data)]
        .into_iter()
        .flatten()
    {
        assert!(!name.call_id.is_empty());
        let _ = (name.to_tag(), name.from_tag(), name.is_early_only());
    }
    let mut escaped = Vec::new();
    push_escaped(&mut escaped, data);
    assert_eq!(unescape(&escaped).as_ref(), data);
    assert!(unescape(data).len() <= data.len());
}

fn views(m: &Message) {
    let _ = (
        m.event(),
        m.subscription_state(),
        m.replaces(),
        m.refer_to(),
    );
    let _ = (m.target_dialog(), m.min_expires(), m.retry_after());
    let _ = (m.via(), m.from(), m.to(), m.cseq(), m.call_id(), m.uri());
    let _ = (
        m.from_tag(),
        m.to_tag(),
        m.max_forwards(),
        m.content_length(),
        m.expires(),
    );
    let _ = (
        m.content_type(),
        m.contact(),
        m.check(&Limits::DEFAULT),
        m.is_answerable(),
    );
    for via in m.vias().flatten() {
        let _ = (
            via.branch(),
            via.received(),
            via.rport(),
            via.maddr(),
            via.params.check(),
        );
    }
    for address in m
        .routes()
        .chain(m.record_routes())
        .chain(m.contacts().list())
        .flatten()
    {
        let _ = address.check();
    }
    for header in m.headers() {
        let name = if header.id == HeaderId::Other {
            header.name
        } else {
            header.id.name()
        };
        assert_eq!(HeaderId::lookup(name), header.id);
        assert!(m.get_named(header.name).is_some());
        assert_eq!(m.share(header.value), header.value);
        assert!(header.elements().count() <= header.value.len() + 1);
    }
}

fn accepted(m: &Message) {
    let copy = Edit::new(m).finish();
    let copy = copy.unwrap_or_else(|e| panic!("an accepted message does not copy: {e}"));
    if !m.has_bare_lf() {
        assert_eq!(&copy, m.bytes());
    }
    let again = reparse(copy);
    assert_eq!(again.headers().count(), m.headers().count());
    assert_eq!(again.body(), m.body());
    let mut edit = Edit::new(m);
    edit.remove_top(HeaderId::Via)
        .prepend(HeaderId::Via, b"SIP/2.0/UDP a.example;branch=z9hG4bKx");
    edit.replace(HeaderId::MaxForwards, b"69")
        .append_named(b"X-Fuzz", b"1")
        .body(Bytes::from_static(b"xyz"));
    let edited = reparse(
        edit.finish()
            .unwrap_or_else(|e| panic!("an accepted message does not edit: {e}")),
    );
    assert_eq!(edited.vias().count(), m.vias().count());
    assert_eq!(
        (edited.body(), edited.max_forwards()),
        (&b"xyz"[..], Ok(Some(69)))
    );
    if m.is_answerable() {
        answer(m, 200);
    }
}

fn answer(request: &Message, status: u16) {
    let source = ([192, 0, 2, 1], 5060).into();
    for builder in [
        Builder::response_to(request, status, b"Reason", Some(b"tag")),
        Builder::response_via(request, status, b"Reason", Some(b"tag"), source),
    ] {
        let bytes = builder
            .finish()
            .unwrap_or_else(|e| panic!("what is answerable has no answer: {e}"));
        let answer = match Message::parse(bytes, &Limits::DEFAULT) {
            Ok(answer) => answer,
            Err(rejected) => match (rejected.error.kind, rejected.partial) {
                // The tag, `received` and `rport` may lift a line over its limit.
                (WireErrorKind::HeaderTooLong, Some(answer)) => answer,
                (kind, _) => panic!("an answer does not parse: {kind}"),
            },
        };
        assert_eq!(answer.status(), Some(status));
        assert_eq!(answer.call_id().ok(), request.call_id().ok());
        assert_eq!(answer.cseq().ok(), request.cseq().ok());
    }
}

fn reparse(bytes: Bytes) -> Message {
    // What came with as many lines as it may have has a few more once it is edited.
    let limits = Limits {
        headers: Limits::DEFAULT.headers + 4,
        ..Limits::DEFAULT
    };
    Message::datagram(bytes, &limits)
        .unwrap_or_else(|e| panic!("what was written does not parse: {e}"))
}

#[derive(Debug, PartialEq)]
enum Seen {
    Frame(Frame),
    Error(String),
}

fn frames(stream: &[u8], step: usize) -> Vec<Seen> {
    let mut framer = Framer::new(Limits::DEFAULT);
    let mut seen = Vec::new();
    for piece in stream.chunks(step) {
        if framer.push(piece).is_err() {
            return seen;
        }
        loop {
            match framer.next_frame() {
                Ok(None) => break,
                Ok(Some(frame)) => seen.push(Seen::Frame(frame)),
                Err(error) => {
                    seen.push(Seen::Error(error.to_string()));
                    return seen;
                }
            }
        }
    }
    if let Some(Seen::Frame(Frame::Message(message))) = seen.first() {
        let _ = Message::frame(message.clone(), &Limits::DEFAULT).map(|m| views(&m));
    }
    seen
}
