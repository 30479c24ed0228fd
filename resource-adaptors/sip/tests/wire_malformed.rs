//! What breaks other readers (the defects of the crate `rsip` above all), and what is refused, with which status.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use strowger_sip::proto::wire::{
    Builder, Contacts, Edit, HeaderId, Host, Limits, Message, Method, Rejected, Scheme,
    WireErrorKind as Kind,
};

const BASE: [(&str, &str); 6] = [
    ("Via", "SIP/2.0/UDP h.example;branch=z9hG4bK1"),
    ("From", "<sip:a@h>;tag=1"),
    ("To", "<sip:bob@h>"),
    ("Call-ID", "x@h"),
    ("CSeq", "1 OPTIONS"),
    ("Max-Forwards", "70"),
];

/// The base request with some headers exchanged and others behind it; a value of `-` leaves the header out.
fn text(start: &str, changes: &[(&str, &str)], body: &str) -> String {
    let mut out = format!("{start}\r\n");
    for (name, value) in BASE {
        let value = changes
            .iter()
            .find(|(n, _)| *n == name)
            .map_or(value, |(_, v)| v);
        if value != "-" {
            out += &format!("{name}: {value}\r\n");
        }
    }
    for (name, value) in changes
        .iter()
        .filter(|(n, _)| BASE.iter().all(|(b, _)| n != b))
    {
        out += &format!("{name}: {value}\r\n");
    }
    out + "\r\n" + body
}

const START: &str = "OPTIONS sip:bob@h SIP/2.0";

fn read(bytes: impl Into<Bytes>) -> Message {
    Message::datagram(bytes.into(), &Limits::DEFAULT).unwrap_or_else(|e| panic!("{e}"))
}

fn with(changes: &[(&str, &str)]) -> Message {
    read(text(START, changes, ""))
}

fn refused(bytes: impl Into<Bytes>) -> Box<Rejected> {
    Message::datagram(bytes.into(), &Limits::DEFAULT).unwrap_err()
}

// Numbers are those of the table in docs/sip-rsip.md.

#[test]
fn d1_compact_forms() {
    let m = read(
        "OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP h;branch=b\r\nf: <sip:a@h>;tag=1\r\nt: <sip:b@h>\r\ni: x\r\n\
CSeq: 1 OPTIONS\r\nm: <sip:c@h>\r\nk: timer\r\ns: hello\r\nc: text/plain\r\nl: 2\r\n\r\nhi",
    );
    assert_eq!(m.via().unwrap().branch(), Some(&b"b"[..]));
    assert_eq!(m.call_id().unwrap(), b"x");
    assert!(m.lists(HeaderId::Supported, b"TIMER"));
    assert!(m.content_type().unwrap().unwrap().is(b"text", b"plain"));
    assert_eq!(m.get_named(b"subject"), Some(&b"hello"[..]));
    assert_eq!(m.body(), b"hi");
}

#[test]
fn d2_folds_blanks_bare_lf_and_empty_lines_before_the_message() {
    let m = with(&[
        ("Via", "SIP/2.0/UDP h\r\n\t;branch=z9hG4bK1"),
        ("Subject", "a\r\n  b"),
    ]);
    assert_eq!(m.via().unwrap().branch(), Some(&b"z9hG4bK1"[..]));
    let m = read(text(START, &[], "").replace("Via:", "Via :"));
    assert!(m.via().is_ok());
    let m = read(text(START, &[], "").replace("\r\n", "\n"));
    assert!(m.has_bare_lf() && m.via().is_ok());
    let m = read(format!("\r\n\r\n{}", text(START, &[], "")));
    assert!(m.as_bytes().starts_with(b"OPTIONS"));
}

#[test]
fn d3_dotted_users() {
    let m = read(text("OPTIONS sip:john.doe@h SIP/2.0", &[], ""));
    assert_eq!(m.uri().unwrap().user(), Some(&b"john.doe"[..]));
    assert_eq!(m.uri().unwrap().host(), Some(Host::Name(b"h")));
}

#[test]
fn d4_ipv6_everywhere() {
    let ip = Host::Ip("2001:db8::1".parse().unwrap());
    let m = read(text(
        "OPTIONS sip:u@[2001:db8::1]:5070 SIP/2.0",
        &[
            ("Via", "SIP/2.0/UDP [2001:db8::1]:5080;branch=z9hG4bK1"),
            ("Route", "<sip:[2001:db8::1];lr>"),
            ("Contact", "<sip:a@[2001:db8::1]>"),
        ],
        "",
    ));
    assert_eq!(
        (m.uri().unwrap().host(), m.uri().unwrap().port()),
        (Some(ip), Some(5070))
    );
    assert_eq!(
        (m.via().unwrap().host, m.via().unwrap().port),
        (ip, Some(5080))
    );
    assert_eq!(
        m.routes().next().unwrap().unwrap().uri().unwrap().host(),
        Some(ip)
    );
    assert_eq!(
        m.contact().unwrap().unwrap().uri().unwrap().host(),
        Some(ip)
    );
}

#[test]
fn d5_extension_methods_and_their_case() {
    let m = read(text("options sip:h SIP/2.0", &[("CSeq", "1 options")], ""));
    assert_eq!(
        m.method(),
        Some(&Method::Other(Bytes::from_static(b"options")))
    );
    assert_eq!(
        refused(text("options sip:h SIP/2.0", &[], "")).error.kind,
        Kind::CSeqMethod
    );
}

#[test]
fn d6_unknown_transports() {
    let m = read(text(
        "OPTIONS sip:h;transport=carrier-pigeon SIP/2.0",
        &[("Via", "SIP/2.0/PIGEON h;branch=z9hG4bK1")],
        "",
    ));
    assert_eq!(m.uri().unwrap().transport(), Some(&b"carrier-pigeon"[..]));
    assert_eq!(m.via().unwrap().transport, b"PIGEON");
}

#[test]
fn d7_telephone_numbers() {
    let m = read(text(
        "OPTIONS tel:+1-234 SIP/2.0",
        &[("From", "<tel:+1234>;tag=1")],
        "",
    ));
    assert_eq!(m.uri().unwrap().scheme(), Scheme::Tel);
    assert_eq!(m.from().unwrap().uri().unwrap().user(), Some(&b"+1234"[..]));
}

#[test]
fn d8_uri_headers_and_the_star() {
    let m = with(&[("Contact", "<sip:a@h?Subject=x&y=z>")]);
    let contact = m.contact().unwrap().unwrap();
    let uri = contact.uri().unwrap();
    assert_eq!(
        (uri.host(), uri.headers()),
        (Some(Host::Name(b"h")), Some(&b"Subject=x&y=z"[..]))
    );
    assert!(matches!(
        with(&[("Contact", "*")]).contacts(),
        Contacts::Star
    ));
    assert_eq!(
        refused(text(START, &[("Contact", "*"), ("m", "<sip:a@h>")], "")).status,
        400
    );
}

#[test]
fn d9_parameter_values_are_whole() {
    let m = with(&[
        (
            "Via",
            "SIP/2.0/UDP h;received=2001:db8::1;maddr=[::1];branch=z9hG4bK1",
        ),
        ("Contact", "<sip:a@h;gr=urn:uuid:f81d4fae>;x=urn:uuid:1"),
    ]);
    let via = m.via().unwrap();
    assert_eq!(via.branch(), Some(&b"z9hG4bK1"[..]));
    assert_eq!(via.received(), Some("2001:db8::1".parse().unwrap()));
    assert_eq!(via.maddr(), Some(Host::Ip("::1".parse().unwrap())));
    let contact = m.contact().unwrap().unwrap();
    assert_eq!(
        contact.uri().unwrap().params().value(b"gr"),
        Some(&b"urn:uuid:f81d4fae"[..])
    );
    assert_eq!(contact.params.value(b"x"), Some(&b"urn:uuid:1"[..]));
}

#[test]
fn d10_blanks_and_quotes_around_parameters() {
    let m = with(&[
        ("Via", "SIP/2.0/UDP h ; branch = z9hG4bK1 ;rport"),
        ("From", "\"Alice <x>\" <sip:a@h> ;tag=1"),
        (
            "Contact",
            "<sip:a@h>;+sip.instance=\"<urn:uuid:1;2>\";reg-id=1",
        ),
    ]);
    assert_eq!(m.via().unwrap().branch(), Some(&b"z9hG4bK1"[..]));
    assert_eq!(m.via().unwrap().rport(), Some(None));
    assert_eq!(m.from_tag(), Some(&b"1"[..]));
    assert_eq!(m.from().unwrap().display().as_ref(), b"Alice <x>");
    let params = m.contact().unwrap().unwrap().params;
    assert_eq!(
        params.value(b"+SIP.instance"),
        Some(&b"\"<urn:uuid:1;2>\""[..])
    );
    assert_eq!(params.value(b"reg-id"), Some(&b"1"[..]));
}

#[test]
fn d11_comma_lists() {
    let m = with(&[
        ("Via", "SIP/2.0/UDP a;branch=1 , SIP/2.0/UDP b;branch=2"),
        ("Contact", "\"x, y\" <sip:a@h>, <sip:b@h;p=1,2>;q=0.5"),
        ("Route", "<sip:r1;lr> , \"R, 2\" <sip:r2;lr>"),
    ]);
    assert_eq!(
        (
            m.vias().count(),
            m.contacts().list().count(),
            m.routes().count()
        ),
        (2, 2, 2)
    );
}

#[test]
fn d12_the_body_ends_with_content_length() {
    let second = text(START, &[], "");
    let m = read(text(
        START,
        &[("Content-Length", "3")],
        &format!("abc{second}"),
    ));
    assert_eq!(m.body(), b"abc");
}

#[test]
fn d13_a_cut_datagram_is_refused_and_answered() {
    let whole = text(START, &[("Content-Length", "3")], "abc");
    for cut in 0..whole.len() {
        let rejected = refused(whole.as_bytes()[..cut].to_vec());
        let head = whole.find("Max-Forwards").unwrap();
        assert!(
            rejected.answerable().is_some() || cut < head,
            "cut at {cut}"
        );
    }
}

#[test]
fn d14_any_bytes() {
    let mut bytes = text(START, &[("Subject", "caf?")], "").into_bytes();
    let at = bytes.iter().position(|&b| b == b'?').unwrap();
    bytes[at] = 0xe9;
    bytes.extend_from_slice(b"\x00\xff\x80isup");
    let m = read(bytes.clone());
    assert_eq!(m.get(HeaderId::Subject), Some(&b"caf\xe9"[..]));
    assert_eq!(m.body(), b"\x00\xff\x80isup");
    assert_eq!(Edit::new(&m).finish().unwrap(), bytes);
}

#[test]
fn d15_reason_phrases_are_kept() {
    let response = text("SIP/2.0 486 Ist besetzt", &[], "");
    let m = read(response.clone());
    assert_eq!(
        (m.status(), m.reason()),
        (Some(486), Some(&b"Ist besetzt"[..]))
    );
    assert_eq!(Edit::new(&m).finish().unwrap(), response);
}

#[test]
fn d16_removing_one_unknown_header_leaves_the_others() {
    let m = with(&[("X-A", "1"), ("X-B", "2"), ("P-C", "3")]);
    let mut edit = Edit::new(&m);
    edit.replace_named(b"x-a", b"9");
    let m = read(edit.finish().unwrap());
    let get = |name: &[u8]| m.get_named(name).unwrap().to_vec();
    assert_eq!(
        (get(b"X-A"), get(b"X-B"), get(b"P-C")),
        (b"9".to_vec(), b"2".to_vec(), b"3".to_vec())
    );
}

#[test]
fn d18_headers_of_the_extensions_are_known() {
    for name in [
        "Subscription-State",
        "RAck",
        "RSeq",
        "Session-Expires",
        "Min-SE",
        "Refer-To",
        "Replaces",
        "Path",
        "P-Asserted-Identity",
        "Service-Route",
        "Session-ID",
    ] {
        assert_ne!(HeaderId::lookup(name.as_bytes()), HeaderId::Other, "{name}");
    }
}

#[test]
fn d19_hosts_compare_without_case_and_blanks_are_trimmed() {
    let m = with(&[("To", "<sip:bob@EXAMPLE.com>  ")]);
    let to = m.to().unwrap();
    assert!(
        to.uri()
            .unwrap()
            .host()
            .unwrap()
            .is_same(&Host::Name(b"example.COM"))
    );
    assert_eq!(m.get(HeaderId::To), Some(&b"<sip:bob@EXAMPLE.com>"[..]));
}

/// Refuses it with this status and defect, and finds what an answer needs.
fn refuse(bytes: &str, status: u16, kind: Kind) {
    let shown: String = bytes.chars().take(300).collect();
    let rejected = refused(bytes.to_owned());
    assert_eq!(
        (rejected.status, rejected.error.kind),
        (status, kind),
        "{shown}"
    );
    let request = rejected
        .answerable()
        .unwrap_or_else(|| panic!("not answered: {shown}"));
    let reason = rejected.reason.as_bytes();
    assert!(
        Builder::response_to(request, status, reason, Some(b"t"))
            .finish()
            .is_ok(),
        "{shown}"
    );
}

#[test]
fn too_much_is_refused() {
    let header = |name, value: &str, kind| refuse(&text(START, &[(name, value)], ""), 513, kind);
    header("X", &"y".repeat(9000), Kind::HeaderTooLong);
    header(
        "X",
        &format!("y\r\n{}z", "X: y\r\n".repeat(130).trim_end()),
        Kind::TooManyHeaders,
    );
    header(
        "Route",
        &vec!["<sip:r;lr>"; 65].join(","),
        Kind::TooManyValues,
    );
    header(
        "Contact",
        &vec!["<sip:c@h>"; 33].join(","),
        Kind::TooManyValues,
    );
    header(
        "Via",
        &vec!["SIP/2.0/UDP h;branch=1"; 71].join(","),
        Kind::TooManyValues,
    );
    let long = format!("OPTIONS sip:{}@h SIP/2.0", "u".repeat(2050));
    refuse(&text(&long, &[], ""), 414, Kind::UriTooLong);
    let parts = format!("OPTIONS sip:h{} SIP/2.0", ";p".repeat(65));
    refuse(&text(&parts, &[], ""), 400, Kind::Param);
}

#[test]
fn wrong_lines_are_refused() {
    for (start, status, kind) in [
        ("OPTIONS sip:h SIP/3.0", 505, Kind::Version),
        ("OPTIONS sip:h SIP/2.0.1", 400, Kind::RequestLine),
        ("OPTIONS  SIP/2.0", 400, Kind::RequestLine),
        ("OPTIONS sip:h\tx SIP/2.0", 400, Kind::RequestLine),
        ("OPTIONS sip:2001:db8::1 SIP/2.0", 400, Kind::Host),
        ("OPTIONS h SIP/2.0", 400, Kind::Uri),
        ("OPTIONS sip:h?a=b SIP/2.0", 400, Kind::UriHeaders),
    ] {
        refuse(&text(start, &[], ""), status, kind);
    }
    refuse(&text(START, &[("X y", "z")], ""), 400, Kind::HeaderLine);
    refuse(&text(START, &[("", "z")], ""), 400, Kind::HeaderLine);
    refuse(&text(START, &[("Subject", "a\rb")], ""), 400, Kind::BareCr);
}

#[test]
fn wrong_values_are_refused() {
    for (name, value, kind) in [
        ("f", "<sip:b@h>;tag=2", Kind::DuplicateHeader),
        ("Content-Length", "+1", Kind::Number),
        ("Content-Length", "99999999999999999999", Kind::Range),
        ("Content-Length", "5", Kind::BodyShort),
        ("Max-Forwards", "256", Kind::Range),
        ("Max-Forwards", "x", Kind::Number),
        ("CSeq", "1 INVITE", Kind::CSeqMethod),
        ("CSeq", "x OPTIONS", Kind::CSeq),
        ("CSeq", "2147483648 OPTIONS", Kind::Range),
        ("Call-ID", "a b", Kind::CallId),
        ("Call-ID", "", Kind::CallId),
        ("From", "\"a <sip:a@h>", Kind::Quote),
        ("From", "<sip:a@h>;tag=", Kind::Param),
        ("From", "Bell, A <sip:a@h>;tag=1", Kind::NameAddr),
        ("To", "<sip:a@h> x", Kind::NameAddr),
        ("To", "<sip:a b@h>", Kind::Uri),
        ("Via", "SIP/2.0/UDP h;;a", Kind::Param),
        ("Via", "SIP/3.0/UDP h", Kind::Via),
        ("Route", "sip:r;lr", Kind::NameAddr),
        ("Contact", "sip:a@h?x=y", Kind::Contact),
        ("Date", "yesterday", Kind::Date),
    ] {
        refuse(&text(START, &[(name, value)], "body"), 400, kind);
    }
    let lengths = [("Content-Length", "1"), ("l", "1")];
    refuse(&text(START, &lengths, "a"), 400, Kind::DuplicateHeader);
}

#[test]
fn what_has_no_answer_is_dropped() {
    for (changes, kind) in [
        ([("Via", "-")], Kind::MissingVia),
        ([("From", "-")], Kind::MissingFrom),
        ([("To", "-")], Kind::MissingTo),
        ([("Call-ID", "-")], Kind::MissingCallId),
        ([("CSeq", "-")], Kind::MissingCSeq),
        ([("Via", "SIP/2.0/UDP")], Kind::Via),
        ([("Via", "SIP/2.0/UDP 999.0.0.1")], Kind::Host),
        ([("Via", "SIP/2.0/UDP h:70000")], Kind::Port),
    ] {
        let rejected = refused(text(START, &changes, ""));
        assert_eq!(rejected.error.kind, kind);
        assert!(rejected.answerable().is_none(), "{kind}");
    }
    for start in ["ACK sip:bob@h SIP/2.0", "SIP/2.0 200 OK"] {
        let rejected = refused(text(start, &[("CSeq", "x")], ""));
        assert!(rejected.answerable().is_none(), "{start}");
    }
    for bytes in [
        "",
        "\r\n",
        "\r\n\r\n",
        "x",
        "GET / HTTP/1.1\r\n\r\n",
        "SIP/2.0\r\n\r\n",
        "SIP/2.0 99 x\r\n\r\n",
        "SIP/2.0 700 x\r\n\r\n",
        "INVITE\r\n\r\n",
        "INVITE sip:a@b\r\n\r\n",
        "(x) sip:a SIP/2.0\r\n\r\n",
    ] {
        let rejected = refused(bytes);
        assert!(rejected.answerable().is_none(), "{bytes}");
    }
}

#[test]
fn a_response_passes_with_a_malformed_header_that_it_can_do_without() {
    for (name, value) in [
        ("Contact", "<sip:a@h>;"),
        ("Date", "today"),
        ("Record-Route", "sip:r"),
    ] {
        let m = read(text("SIP/2.0 200 OK", &[(name, value)], ""));
        assert_eq!(m.get_named(name.as_bytes()), Some(value.as_bytes()));
    }
}

#[test]
fn limits_are_the_operator_s() {
    let request = text(START, &[], "body");
    let len = request.len();
    let size = |n| {
        Message::datagram(
            request.clone().into(),
            &Limits {
                datagram: n,
                ..Limits::DEFAULT
            },
        )
    };
    assert!(size(len).is_ok());
    assert_eq!(size(len - 1).unwrap_err().error.kind, Kind::MessageTooLarge);
    let body = |n| {
        Message::datagram(
            request.clone().into(),
            &Limits {
                body: n,
                ..Limits::DEFAULT
            },
        )
    };
    assert!(body(4).is_ok());
    assert_eq!(body(3).unwrap_err().status, 413);
    let headers = |n| {
        Message::datagram(
            request.clone().into(),
            &Limits {
                headers: n,
                ..Limits::DEFAULT
            },
        )
    };
    assert!(headers(6).is_ok());
    let rejected = headers(1).unwrap_err();
    assert_eq!(rejected.status, 513);
    assert!(
        rejected.answerable().is_some(),
        "what a response copies is indexed beyond the limit"
    );
}
