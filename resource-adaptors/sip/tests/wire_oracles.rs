//! Other readers of SIP beside ours: `sipx-sip`, and `rsip` for what it does right.
//!
//! Where both accept a message they must read the same from it. Where they differ in what they accept, the torture
//! messages concerned are named here with the reason.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod wire_support;

use bytes::Bytes;
use sipx_sip::{Address, CallId, HeaderName};
use strowger_sip::proto::wire::{HeaderId, Limits, Message};
use wire_support::{Random, files, messages, mutate};

/// Torture messages that we refuse and `sipx-sip` accepts.
const REFUSED_ONLY_BY_US: &[(&str, &str)] = &[
    ("baddate", "it does not read Date"),
    ("regbadct", "it does not read Contact"),
];

/// Torture messages that we accept and `sipx-sip` refuses.
const ACCEPTED_ONLY_BY_US: &[(&str, &str)] = &[];

fn theirs(bytes: &Bytes) -> Option<sipx_sip::Message> {
    let message = sipx_sip::parse_datagram(bytes.clone(), &sipx_sip::Limits::datagram()).ok()?;
    let bad = sipx_sip::validate(&message)
        .into_iter()
        .any(|f| !f.is_repairable());
    (!bad).then_some(message)
}

fn ours(bytes: &Bytes) -> Option<Message> {
    Message::datagram(bytes.clone(), &Limits::DEFAULT).ok()
}

/// What both read from a message, in a form that compares.
#[derive(Debug, PartialEq)]
struct Read {
    start: Vec<Vec<u8>>,
    headers: Vec<Vec<u8>>,
    body: Vec<u8>,
    call_id: Vec<u8>,
    cseq: (u32, Vec<u8>),
    branch: Option<Vec<u8>>,
    transport: Vec<u8>,
    tags: [Option<Vec<u8>>; 2],
    uris: [Vec<u8>; 2],
}

fn read_ours(m: &Message) -> Read {
    let own = <[u8]>::to_vec;
    let start = match m.method() {
        Some(method) => vec![own(method.as_bytes()), own(m.uri_raw().unwrap())],
        None => vec![
            m.status().unwrap().to_string().into_bytes(),
            own(m.reason().unwrap()),
        ],
    };
    let (from, to, via, cseq) = (
        m.from().unwrap(),
        m.to().unwrap(),
        m.via().unwrap(),
        m.cseq().unwrap(),
    );
    Read {
        start,
        headers: m.headers().map(|h| own(h.value)).collect(),
        body: own(m.body()),
        call_id: own(m.call_id().unwrap()),
        cseq: (cseq.number, own(cseq.method)),
        branch: via.branch().map(own),
        transport: own(via.transport),
        tags: [from.tag().map(own), to.tag().map(own)],
        uris: [own(from.uri_raw), own(to.uri_raw)],
    }
}

fn read_theirs(m: &sipx_sip::Message) -> Read {
    let start = match (m.as_request(), m.as_response()) {
        (Some(r), _) => vec![r.method.as_bytes().to_vec(), r.uri.to_bytes().to_vec()],
        (_, Some(r)) => vec![r.status.code().to_string().into_bytes(), r.reason.to_vec()],
        (None, None) => unreachable!("a message is a request or a response"),
    };
    let headers = m.headers();
    let address = |name: &HeaderName| {
        let value = headers.get(name).unwrap().value().into_owned();
        Address::parse(&value, "address").unwrap()
    };
    let (from, to) = (address(&HeaderName::From), address(&HeaderName::To));
    let via = headers.typed::<sipx_sip::Via>().unwrap().unwrap();
    let cseq = headers.typed::<sipx_sip::CSeq>().unwrap().unwrap();
    Read {
        start,
        headers: headers
            .iter()
            .map(|h| h.raw_value().trim_ascii().to_vec())
            .collect(),
        body: m.body().to_vec(),
        call_id: headers.typed::<CallId>().unwrap().unwrap().0,
        cseq: (cseq.sequence, cseq.method.as_bytes().to_vec()),
        branch: via.branch().map(<[u8]>::to_vec),
        transport: via.transport.clone(),
        tags: [from.tag().map(<[u8]>::to_vec), to.tag().map(<[u8]>::to_vec)],
        uris: [from.uri.to_bytes().to_vec(), to.uri.to_bytes().to_vec()],
    }
}

#[test]
fn sipx_gives_the_torture_messages_the_same_verdict() {
    for (name, bytes) in [files("torture/rfc4475"), files("torture/rfc5118")].concat() {
        let bytes = Bytes::from(bytes);
        let named = |list: &[(&str, &str)]| list.iter().any(|(n, _)| *n == name);
        let want = match (named(REFUSED_ONLY_BY_US), named(ACCEPTED_ONLY_BY_US)) {
            (true, _) => (false, true),
            (_, true) => (true, false),
            _ => (ours(&bytes).is_some(), ours(&bytes).is_some()),
        };
        assert_eq!(
            (ours(&bytes).is_some(), theirs(&bytes).is_some()),
            want,
            "{name}: (ours, theirs)"
        );
        if let (Some(a), Some(b)) = (ours(&bytes), theirs(&bytes)) {
            assert_eq!(read_ours(&a), read_theirs(&b), "{name}");
        }
    }
}

/// What both accept of mutated messages, both read alike.
#[test]
fn sipx_reads_mutated_messages_alike() {
    let (mut random, messages) = (Random::from_environment(), messages());
    let mut compared = 0;
    for n in 0..30_000 {
        let mut message = messages[n % messages.len()].clone();
        mutate(&mut random, &mut message, &messages);
        let bytes = Bytes::from(message);
        if let (Some(a), Some(b)) = (ours(&bytes), theirs(&bytes)) {
            compared += 1;
            assert_eq!(read_ours(&a), read_theirs(&b), "{}", bytes.escape_ascii());
        }
    }
    assert!(
        compared > 2_000,
        "only {compared} messages were accepted by both"
    );
}

#[cfg(feature = "rsip")]
mod with_rsip {
    use proptest::prelude::*;
    use rsip::prelude::*;
    use strowger_sip::proto::wire::{Builder, Method};

    use super::*;

    fn rsip_reads(bytes: &[u8]) -> Option<rsip::Request> {
        rsip::Request::try_from(bytes).ok()
    }

    fn with(changes: &[(&str, &str)]) -> Vec<u8> {
        let mut text = String::from("OPTIONS sip:bob@h.example SIP/2.0\r\n");
        let base = [
            ("Via", "SIP/2.0/UDP h.example;branch=z9hG4bK1"),
            ("From", "<sip:a@h.example>;tag=1"),
            ("To", "<sip:bob@h.example>"),
            ("Call-ID", "x"),
            ("CSeq", "1 OPTIONS"),
        ];
        for (name, value) in base {
            let value = changes
                .iter()
                .find(|(n, _)| *n == name)
                .map_or(value, |(_, v)| v);
            text += &format!("{name}: {value}\r\n");
        }
        (text + "\r\n").into_bytes()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// In the narrow part of SIP that it reads right, `rsip` reads what our conversion gives.
        #[test]
        fn rsip_reads_plain_requests_as_converted(
            method in proptest::sample::select(Method::KNOWN.to_vec()),
            user in "[a-z][a-z0-9]{0,8}",
            host in "[a-z]{1,8}\\.example",
            port in proptest::option::of(1_u16..),
            tag in "[a-zA-Z0-9]{1,10}",
            number in 0_u32..1 << 31,
            body in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let port = port.map(|p| format!(":{p}")).unwrap_or_default();
            let uri = format!("sip:{user}@{host}{port}");
            let address = format!("<{uri}>;tag={tag}").into_bytes();
            let mut b = Builder::request(&method, uri.as_bytes());
            b.header(HeaderId::Via, format!("SIP/2.0/UDP {host}{port};branch=z9hG4bK{tag}").as_bytes())
                .header(HeaderId::From, &address)
                .header(HeaderId::To, &address)
                .header(HeaderId::CallId, tag.as_bytes())
                .cseq(number, &method);
            let bytes = b.finish_with_body(&body).unwrap();
            let message = ours(&bytes).unwrap();
            let (converted, read) = (rsip::Request::try_from(&message).unwrap(), rsip_reads(&bytes).unwrap());
            prop_assert_eq!(&converted, &read);
            let via = message.via().unwrap().to_rsip().unwrap();
            prop_assert_eq!(via, read.via_header().unwrap().typed().unwrap());
            let from = message.from().unwrap().to_rsip_from().unwrap();
            prop_assert_eq!(from, read.from_header().unwrap().typed().unwrap());
            let cseq = message.cseq().unwrap().to_rsip().unwrap();
            prop_assert_eq!(cseq, read.cseq_header().unwrap().typed().unwrap());
        }
    }

    /// The defects that docs/sip-rsip.md lists are there. When one goes away, its row goes too.
    #[test]
    fn the_listed_defects_are_still_there() {
        let compact = with(&[]).escape_ascii().to_string().replace("Call-ID", "i");
        assert!(
            rsip_reads(compact.as_bytes()).is_none_or(|r| r.call_id_header().is_err()),
            "1"
        );
        assert!(
            rsip_reads(&with(&[("To", "<sip:bob@h>\r\n ;tag=1")])).is_none(),
            "2"
        );
        let dotted = rsip::Uri::try_from("sip:john.doe@h").unwrap();
        assert_eq!(dotted.user(), None, "3");
        assert!(rsip::Uri::try_from("sip:a@[2001:db8::1]").is_err(), "4");
        assert!(
            "FOO".parse::<rsip::Method>().is_err() && "invite".parse::<rsip::Method>().is_ok(),
            "5"
        );
        assert!(rsip::Uri::try_from("sip:h;transport=pigeon").is_err(), "6");
        let tel = rsip::typed::From::try_from(rsip::headers::From::new("<tel:+1234>"));
        assert!(tel.is_ok_and(|f| f.uri.host().to_string() == "tel"), "7");
        let via = |value: &str| rsip::headers::Via::new(value).typed();
        let cut = via("SIP/2.0/UDP h;received=2001:db8::1;branch=z9hG4bK1");
        assert!(cut.is_ok_and(|v| v.branch().is_none()), "9");
        let blank = via("SIP/2.0/UDP h; branch=z9hG4bK1");
        assert!(blank.is_ok_and(|v| v.branch().is_none()), "10");
        assert!(
            rsip::headers::Contact::new("<sip:a@h>, <sip:b@h>")
                .typed()
                .is_err(),
            "11"
        );
        let truncated = b"OPTIONS sip:h SIP/2.0\r\nCall-ID: x\r\nCSe";
        assert!(rsip_reads(truncated).is_some(), "13");
        assert!(
            rsip_reads(&[&b"OPTIONS sip:h SIP/2.0\r\nSubject: caf\xe9\r\n\r\n"[..]].concat())
                .is_none(),
            "14"
        );
        assert_eq!(rsip::StatusCode::BusyHere.to_string(), "486 BusyHere", "15");
        let host = |h: &str| rsip::Host::from(h);
        assert_ne!(host("Example.com"), host("example.com"), "19");
    }
}
