use super::{FromRsipError, ToRsipError, ToWire};
use crate::proto::wire::{CSeq, HeaderId, Limits, Message, NameAddr, Uri, Via};

const REQUEST: &[u8] = b"INVITE sip:john.doe@[2001:db8::1]:5070;transport=pigeon;lr SIP/2.0\r\n\
v: SIP/2.0/UDP h;rport;branch=z9hG4bK1, SIP/2.0/TCP [::1]:5061;branch=z9hG4bK2\r\n\
f: \"A, B\" <sip:a@example.com>;tag=1\r\n\
t: <tel:+1234;phone-context=x>\r\n\
i: x@h\r\n\
CSeq: 7 INVITE\r\n\
Subject: folded\r\n over lines\r\n\
X-Own: 1\r\n\
Contact: <sip:a@h;gr=urn:uuid:1>;+sip.instance=\"<urn:uuid:1>\"\r\n\
Content-Length: 3\r\n\
\r\n\
\0\xff!";

fn parse(bytes: &'static [u8]) -> Message {
    Message::datagram(bytes.into(), &Limits::DEFAULT).unwrap()
}

#[test]
fn a_request_there_and_back() {
    let message = parse(REQUEST);
    let request = rsip::Request::try_from(&message).unwrap();
    assert_eq!(request.method, rsip::Method::Invite);
    assert_eq!(request.uri.user(), Some("john.doe"));
    assert_eq!(request.body, b"\0\xff!");
    let back = Message::try_from(&request).unwrap();
    assert_eq!(back.uri_raw(), message.uri_raw());
    assert_eq!(back.body(), message.body());
    assert_eq!(back.vias().count(), 2);
    for id in [
        HeaderId::From,
        HeaderId::To,
        HeaderId::CallId,
        HeaderId::CSeq,
        HeaderId::Contact,
    ] {
        assert_eq!(back.get(id), message.get(id));
    }
    assert_eq!(back.get(HeaderId::Subject), Some(&b"folded over lines"[..]));
    assert_eq!(back.get_named(b"x-own"), Some(&b"1"[..]));
    let same = Message::try_from(&message.to_rsip().unwrap()).unwrap();
    assert_eq!(same.bytes(), back.bytes());
}

#[test]
fn what_is_written_against_rsip_reads_a_converted_message() {
    use rsip::prelude::*;
    let message = parse(
        b"BYE sip:bob@example.com SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: <sip:a@example.com>;tag=1\r\n\
t: <sip:bob@example.com>;tag=2\r\ni: x\r\nCSeq: 9 BYE\r\nl: 0\r\n\r\n",
    );
    let request = rsip::Request::try_from(&message).unwrap();
    assert_eq!(
        request
            .via_header()
            .unwrap()
            .typed()
            .unwrap()
            .branch()
            .unwrap()
            .to_string(),
        "z9hG4bK1"
    );
    assert_eq!(
        request
            .to_header()
            .unwrap()
            .tag()
            .unwrap()
            .unwrap()
            .to_string(),
        "2"
    );
    assert_eq!(request.cseq_header().unwrap().seq().unwrap(), 9);
}

#[test]
fn a_response_there_and_back() {
    let message = parse(
        b"SIP/2.0 486 Ist besetzt\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\n\
Call-ID: x\r\nCSeq: 1 INVITE\r\n\r\n",
    );
    let response = rsip::Response::try_from(&message).unwrap();
    assert_eq!(response.status_code, rsip::StatusCode::BusyHere);
    let back = Message::try_from(&response).unwrap();
    assert_eq!(
        (back.status(), back.reason()),
        (Some(486), Some(&b"Busy Here"[..]))
    );
    assert_eq!(
        rsip::Request::try_from(&message),
        Err(ToRsipError::IsResponse)
    );
    let other = rsip::Response {
        status_code: rsip::StatusCode::Other(499, "So what".into()),
        ..response
    };
    assert_eq!(
        Message::try_from(&other).unwrap().reason(),
        Some(&b"So what"[..])
    );
}

#[test]
fn typed_values_there_and_back() {
    for value in [
        "SIP/2.0/UDP [2001:db8::1]:5070;received=2001:db8::2;rport;branch=z9hG4bK1",
        "SIP/2.0/TLS-SCTP h.example;maddr=[::1];branch=z9hG4bK1;x=\"a;b\"",
    ] {
        let via = Via::parse(value.as_bytes()).unwrap().to_rsip().unwrap();
        assert_eq!(via.to_wire().unwrap(), value.as_bytes());
    }
    for value in [
        "\"A <b>\" <sips:a:pw@h:1;user=phone>;tag=x;q=0.5",
        "<tel:+1-2;isub=3>",
        "A B <urn:service:sos>;expires=3",
    ] {
        let address = NameAddr::parse(value.as_bytes()).unwrap();
        assert_eq!(
            address.to_rsip_from().unwrap().to_wire().unwrap(),
            value.as_bytes()
        );
        assert_eq!(
            address.to_rsip_to().unwrap().to_wire().unwrap(),
            value.as_bytes()
        );
        assert_eq!(
            address.to_rsip_contact().unwrap().to_wire().unwrap(),
            value.as_bytes()
        );
    }
    let cseq = CSeq::parse(b"5 PRACK").unwrap().to_rsip().unwrap();
    assert_eq!(cseq.to_wire().unwrap(), b"5 PRACK");
}

#[test]
fn what_rsip_cannot_hold_is_an_error() {
    let uri = Uri::parse(b"sip:a@h?x=y").unwrap();
    assert_eq!(uri.to_rsip(), Err(ToRsipError::UriHeaders));
    let via = Via::parse(b"SIP/2.0/PIGEON h").unwrap();
    assert_eq!(via.to_rsip(), Err(ToRsipError::Transport));
    let cseq = CSeq::parse(b"1 FOO").unwrap();
    assert!(matches!(cseq.to_rsip(), Err(ToRsipError::Method(_))));
    let latin = NameAddr::parse(b"\"J\xf6rg\" <sip:j@h>").unwrap();
    assert_eq!(latin.to_rsip_to(), Err(ToRsipError::Text));
}

#[test]
fn what_breaks_out_of_its_line_does_not_get_through() {
    let good = rsip::Request::try_from(&parse(REQUEST)).unwrap();
    let mut bad = good.clone();
    bad.headers
        .push(rsip::Header::Other("X-A".into(), "1\r\nX-B: 2".into()));
    assert!(matches!(
        Message::try_from(&bad),
        Err(FromRsipError::Build(_))
    ));
    let mut bad = good.clone();
    bad.uri.host_with_port.host = rsip::Host::Domain("h SIP/2.0\r\nX: y".into());
    assert!(matches!(
        Message::try_from(&bad),
        Err(FromRsipError::Wire(_))
    ));
    let mut bad = good;
    bad.uri.scheme = None;
    assert!(matches!(
        Message::try_from(&bad),
        Err(FromRsipError::NoScheme)
    ));
}
