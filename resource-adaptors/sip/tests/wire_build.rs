//! Messages that are made: builder, responses, edits.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use strowger_sip::proto::wire::{BuildError, Builder, Edit, HeaderId, Limits, Message, Method};

const REQUEST: &[u8] = b"INVITE sip:bob@example.com SIP/2.0\r\n\
v: SIP/2.0/UDP 10.0.0.1:5062;rport;branch=z9hG4bKa, SIP/2.0/TCP b.example;branch=z9hG4bKb\r\n\
Via: SIP/2.0/TLS c.example;branch=z9hG4bKc\r\n\
Record-Route: <sip:p1;lr>,\r\n <sip:p2;lr>\r\n\
X-One:   kept  as it is \r\n\
From: \"A\" <sip:a@example.com>;tag=f\r\n\
To: <sip:bob@example.com>\r\n\
Call-ID: c1\r\n\
CSeq: 7 INVITE\r\n\
x-one: again\r\n\
Route: <sip:r1;lr>, <sip:r2;lr>\r\n\
Route: <sip:r3;lr>\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 4\r\n\
\r\n\
v=0\n";

fn parse(bytes: impl Into<Bytes>) -> Message {
    Message::datagram(bytes.into(), &Limits::DEFAULT).unwrap_or_else(|e| panic!("{e}"))
}

fn request() -> Message {
    parse(Bytes::from_static(REQUEST))
}

fn edited(change: impl Fn(&mut Edit<'_>)) -> String {
    let message = request();
    let mut edit = Edit::new(&message);
    change(&mut edit);
    let bytes = edit.finish().unwrap();
    parse(bytes.clone());
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_request_of_headers_and_body() {
    let mut b = Builder::request(&Method::Message, b"sip:bob@example.com");
    b.parts(
        HeaderId::Via,
        &[b"SIP/2.0/UDP ", b"10.0.0.1", b";branch=", b"z9hG4bK1"],
    )
    .number(HeaderId::MaxForwards, 70)
    .header(HeaderId::From, b"<sip:a@example.com>;tag=1")
    .header(HeaderId::To, b"<sip:bob@example.com>")
    .header(HeaderId::CallId, b"x")
    .cseq(1, &Method::Message)
    .header(HeaderId::ContentType, b"text/plain")
    .header(HeaderId::ContentLength, b"99")
    .named(b"X-Foo", b"bar");
    let bytes = b.finish_with_body(b"\0\xff").unwrap();
    assert_eq!(
        bytes.as_ref(),
        b"MESSAGE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: x\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n\
X-Foo: bar\r\nContent-Length: 2\r\n\r\n\0\xff"
    );
    assert_eq!(parse(bytes).body(), b"\0\xff");
}

#[test]
fn nothing_breaks_out_of_its_line() {
    let header = |name: &[u8], value: &[u8]| {
        let mut b = Builder::response(200, b"OK");
        b.named(name, value);
        b.finish()
    };
    for bad in [
        &b"a\r\nX: y"[..],
        b"a\nX: y",
        b"a\rb",
        b"a\r\n",
        b"\n",
        b"a\r\n\r\n",
    ] {
        assert_eq!(
            header(b"Subject", bad),
            Err(BuildError::LineBreak("header")),
            "{}",
            bad.escape_ascii()
        );
        let message = request();
        let mut edit = Edit::new(&message);
        edit.append(HeaderId::Subject, bad);
        assert_eq!(edit.finish(), Err(BuildError::LineBreak("header")));
    }
    assert!(header(b"Subject", b"a\r\n b").is_ok());
    assert_eq!(header(b"", b"x"), Err(BuildError::Name));
    assert_eq!(header(b"A: b\r\nC", b"x"), Err(BuildError::Name));
    assert_eq!(
        Builder::request(&Method::Bye, b"sip:a SIP/2.0\r\nX: y").finish(),
        Err(BuildError::RequestLine)
    );
    assert_eq!(
        Builder::request(&Method::from_bytes(b"A B"), b"sip:a").finish(),
        Err(BuildError::RequestLine)
    );
    assert_eq!(
        Builder::response(200, b"OK\r\nX: y").finish(),
        Err(BuildError::LineBreak("reason phrase"))
    );
    assert_eq!(
        Builder::response(99, b"x").finish(),
        Err(BuildError::Status)
    );
}

#[test]
fn a_response_copies_what_rfc_3261_8_2_6_names() {
    let request = request();
    let source = "192.0.2.9:4444".parse().unwrap();
    let bytes = Builder::response_via(&request, 180, b"Ringing", Some(b"t1"), source)
        .finish()
        .unwrap();
    assert_eq!(
        bytes.as_ref(),
        b"SIP/2.0 180 Ringing\r\n\
Via: SIP/2.0/UDP 10.0.0.1:5062;rport=4444;branch=z9hG4bKa;received=192.0.2.9, SIP/2.0/TCP b.example;branch=z9hG4bKb\r\n\
Via: SIP/2.0/TLS c.example;branch=z9hG4bKc\r\n\
Record-Route: <sip:p1;lr>,\r\n <sip:p2;lr>\r\n\
From: \"A\" <sip:a@example.com>;tag=f\r\n\
To: <sip:bob@example.com>;tag=t1\r\n\
Call-ID: c1\r\n\
CSeq: 7 INVITE\r\n\
Content-Length: 0\r\n\r\n"
    );
    let response = parse(bytes);
    let via = response.via().unwrap();
    assert_eq!(via.rport(), Some(Some(4444)));
    let plain = parse(
        Builder::response_to(&request, 404, b"Not Found", None)
            .finish()
            .unwrap(),
    );
    assert!(!plain.has(HeaderId::RecordRoute));
    assert_eq!(plain.to_tag(), None);
    assert_eq!(plain.vias().count(), 3);
    assert_eq!(plain.via().unwrap().received(), None);
}

#[test]
fn a_100_carries_the_timestamp() {
    let text = String::from_utf8(REQUEST.to_vec()).unwrap();
    let request = parse(
        text.replacen("X-One:", "Timestamp: 54\r\nX-One:", 1)
            .into_bytes(),
    );
    let answer = |code| {
        parse(
            Builder::response_to(&request, code, b"x", None)
                .finish()
                .unwrap(),
        )
    };
    assert_eq!(answer(100).get(HeaderId::Timestamp), Some(&b"54"[..]));
    assert!(!answer(100).has(HeaderId::RecordRoute));
    assert!(!answer(180).has(HeaderId::Timestamp));
    assert!(answer(180).has(HeaderId::RecordRoute));
}

#[test]
fn received_is_added_only_where_it_says_something() {
    let with = |via: &str, source: &str| {
        let text = String::from_utf8(REQUEST.to_vec()).unwrap();
        let text = text.replacen("SIP/2.0/UDP 10.0.0.1:5062;rport;branch=z9hG4bKa", via, 1);
        let request = parse(text.into_bytes());
        let bytes = Builder::response_via(&request, 200, b"OK", None, source.parse().unwrap())
            .finish()
            .unwrap();
        let response = parse(bytes);
        let top = response.values(HeaderId::Via).next().unwrap();
        String::from_utf8(top.to_vec()).unwrap()
    };
    let v = "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa";
    assert_eq!(with(v, "10.0.0.1:9"), v);
    assert_eq!(with(v, "10.0.0.2:9"), format!("{v};received=10.0.0.2"));
    let forged = format!("{v};received=9.9.9.9");
    assert_eq!(
        with(&forged, "10.0.0.2:9"),
        format!("{v};received=10.0.0.2")
    );
    assert_eq!(
        with("SIP/2.0/UDP h;branch=x", "[::1]:9"),
        "SIP/2.0/UDP h;branch=x;received=::1"
    );
    assert_eq!(
        with("SIP/2.0/UDP [::1];rport;branch=x", "[::1]:9"),
        "SIP/2.0/UDP [::1];rport=9;branch=x;received=::1"
    );
}

#[test]
fn edits_touch_only_what_they_name() {
    let original = String::from_utf8(REQUEST.to_vec()).unwrap();
    assert_eq!(edited(|_| ()), original);
    let via = "v: SIP/2.0/UDP 10.0.0.1:5062";
    assert_eq!(
        edited(|e| _ = e.prepend(HeaderId::Via, b"SIP/2.0/UDP p;branch=1")),
        original.replacen(via, &format!("Via: SIP/2.0/UDP p;branch=1\r\n{via}"), 1)
    );
    assert_eq!(
        edited(|e| _ = e.remove_top(HeaderId::Via)),
        original.replacen(
            "v: SIP/2.0/UDP 10.0.0.1:5062;rport;branch=z9hG4bKa, ",
            "v: ",
            1
        )
    );
    assert_eq!(
        edited(|e| _ = e.remove_top(HeaderId::Route).remove_top(HeaderId::Route)),
        original.replacen("Route: <sip:r1;lr>, <sip:r2;lr>\r\n", "", 1)
    );
    assert_eq!(
        edited(|e| _ = e.remove_named(b"X-ONE")),
        original
            .replacen("X-One:   kept  as it is \r\n", "", 1)
            .replacen("x-one: again\r\n", "", 1)
    );
    assert_eq!(
        edited(|e| _ = e.replace_named(b"x-one", b"new")),
        original
            .replacen("X-One:   kept  as it is \r\n", "x-one: new\r\n", 1)
            .replacen("x-one: again\r\n", "", 1)
    );
    assert_eq!(
        edited(|e| _ = e.uri(b"sip:else@where")),
        original.replacen("sip:bob@example.com SIP", "sip:else@where SIP", 1)
    );
    assert_eq!(
        edited(|e| _ = e
            .replace(HeaderId::MaxForwards, b"69")
            .append_named(b"P-New", b"1")),
        original.replacen(
            "Content-Length: 4\r\n",
            "Content-Length: 4\r\nMax-Forwards: 69\r\nP-New: 1\r\n",
            1
        )
    );
    assert_eq!(
        edited(|e| _ = e.body(Bytes::from_static(b"x"))),
        original.replacen(
            "Content-Length: 4\r\n\r\nv=0\n",
            "Content-Length: 1\r\n\r\nx",
            1
        )
    );
}

#[test]
fn a_bare_lf_is_written_as_crlf() {
    let lf = String::from_utf8(REQUEST.to_vec())
        .unwrap()
        .replace("\r\n", "\n");
    let message = parse(lf.into_bytes());
    let out = parse(Edit::new(&message).finish().unwrap());
    assert!(!out.has_bare_lf());
    assert_eq!(out.vias().count(), 3);
    assert_eq!(out.record_routes().count(), 2);
    assert_eq!(out.body(), b"v=0\n");
}

fn token() -> impl Strategy<Value = Vec<u8>> {
    "[A-Za-z0-9.!%*_+`'~-]{1,12}".prop_map(String::into_bytes)
}

/// Any bytes but line breaks, without blanks at the ends: what a header value may be for all we know.
fn value() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![9 => 0x21_u8..=0xff, 1 => Just(b' ')], 0..40)
        .prop_map(|v| v.trim_ascii().to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// What is built reads back as it was given, and building it again from what was read gives the same bytes.
    #[test]
    fn built_messages_read_back(
        method in token(),
        user in "[a-z0-9+._~-]{1,10}",
        tag in token(),
        call_id in token(),
        number in 0_u32..1 << 31,
        extra in vec(("X-[A-Za-z0-9-]{1,10}", value()), 0..6),
        body in vec(any::<u8>(), 0..64),
    ) {
        let method = Method::from_bytes(&method);
        let uri = format!("sip:{user}@example.com").into_bytes();
        let build = |extra: &[(Vec<u8>, Vec<u8>)]| {
            let mut b = Builder::request(&method, &uri);
            b.header(HeaderId::Via, b"SIP/2.0/UDP h;branch=z9hG4bK1")
                .parts(HeaderId::From, &[b"<", &uri, b">;tag=", &tag])
                .parts(HeaderId::To, &[b"<", &uri, b">"])
                .header(HeaderId::CallId, &call_id)
                .cseq(number, &method);
            for (name, value) in extra {
                b.named(name, value);
            }
            b.finish_with_body(&body).unwrap()
        };
        let extra: Vec<_> = extra.into_iter().map(|(n, v)| (n.into_bytes(), v)).collect();
        let bytes = build(&extra);
        let m = Message::frame(bytes.clone(), &Limits::DEFAULT).unwrap();
        prop_assert_eq!(m.method(), Some(&method));
        prop_assert_eq!(m.uri_raw(), Some(&uri[..]));
        prop_assert_eq!(m.from_tag(), Some(&tag[..]));
        prop_assert_eq!(m.call_id().unwrap(), &call_id[..]);
        prop_assert_eq!(m.cseq().unwrap().number, number);
        prop_assert_eq!(m.body(), &body[..]);
        let read: Vec<_> = m.headers().filter(|h| h.id == HeaderId::Other).collect();
        let read: Vec<_> = read.iter().map(|h| (h.name.to_vec(), h.value.to_vec())).collect();
        prop_assert_eq!(&read, &extra);
        prop_assert_eq!(build(&read), bytes);
        prop_assert_eq!(Edit::new(&m).finish().unwrap(), m.bytes());
    }
}
