//! Unusual and malformed datagrams beyond the torture messages, sent to a running node: what other stacks stumble over is
//! served, what is wrong is refused or dropped as RFC 3261 says, and the node serves on after each.

use super::spec;
use super::torture::{alive, exchange};
use crate::error::{Result, RunError, ensure};
use crate::node::Node;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

/// What may come back; `None` is silence.
type Allowed = &'static [Option<u16>];

const SERVED: Allowed = &[Some(200)];
const BAD: Allowed = &[Some(400)];
const DROPPED: Allowed = &[None];
const TOO_LARGE: Allowed = &[Some(400), Some(413), Some(513)];

/// A message by its parts: each case changes one or two of an OPTIONS that is served.
struct Parts<'a> {
    start: &'a str,
    via: &'a str,
    from: &'a str,
    cseq: &'a str,
    more: &'a str,
    length: &'a str,
    end: &'a str,
}

const PLAIN: Parts<'static> = Parts {
    start: "OPTIONS sip:service@HOST SIP/2.0",
    via: "Via: SIP/2.0/UDP ME:5060;branch=BRANCH",
    from: "From: <sip:t@ME>;tag=t\r\nTo: <sip:service@HOST>",
    cseq: "CSeq: 1 OPTIONS",
    more: "Max-Forwards: 70",
    length: "Content-Length: 0",
    end: "\r\n\r\n",
};

impl Parts<'_> {
    fn write(&self, me: Ipv4Addr, to: SocketAddr, number: usize) -> String {
        let Self {
            start,
            via,
            from,
            cseq,
            more,
            length,
            end,
        } = self;
        format!("{start}\r\n{via}\r\n{from}\r\nCall-ID: CALL\r\n{cseq}\r\n{more}\r\n{length}{end}")
            .replace("HOST", &to.to_string())
            .replace("ME", &me.to_string())
            .replace("BRANCH", &format!("z9hG4bKmal{number}"))
            .replace("CALL", &format!("malformed-{number}@{me}"))
    }
}

#[expect(clippy::too_many_lines, reason = "a table, a case per entry")]
fn legal() -> Vec<(&'static str, Parts<'static>, Allowed)> {
    vec![
        ("plain", PLAIN, SERVED),
        (
            "compact forms",
            Parts {
                via: "v: SIP/2.0/UDP ME:5060;branch=BRANCH",
                from: "f: <sip:t@ME>;tag=t\r\nt: <sip:service@HOST>",
                length: "l: 0",
                ..PLAIN
            },
            SERVED,
        ),
        (
            "folded lines, blanks before colons",
            Parts {
                via: "Via : SIP/2.0/UDP ME:5060\r\n ;branch=BRANCH",
                from: "From :\r\n <sip:t@ME>\r\n\t;tag=t\r\nTo\t: <sip:service@HOST>",
                ..PLAIN
            },
            SERVED,
        ),
        (
            "empty lines in front",
            Parts {
                start: "\r\n\r\nOPTIONS sip:service@HOST SIP/2.0",
                ..PLAIN
            },
            SERVED,
        ),
        (
            "dot in a user",
            Parts {
                start: "OPTIONS sip:john.doe@HOST SIP/2.0",
                ..PLAIN
            },
            SERVED,
        ),
        (
            "IPv6 references",
            Parts {
                from: "From: <sip:t@[2001:db8::1]:5070>;tag=t\r\nTo: <sip:service@[::1]>",
                ..PLAIN
            },
            SERVED,
        ),
        (
            "unknown transport in a URI",
            Parts {
                from: "From: <sip:t@ME;transport=frob>;tag=t\r\nTo: <sip:service@HOST>",
                ..PLAIN
            },
            SERVED,
        ),
        (
            "tel URIs",
            Parts {
                from: "From: <tel:+1234;ext=5>;tag=t\r\nTo: <tel:+4321>",
                ..PLAIN
            },
            SERVED,
        ),
        (
            "headers in a URI",
            Parts {
                from: "From: <sip:t@ME?Subject=a&Priority=b>;tag=t\r\nTo: <sip:service@HOST>",
                ..PLAIN
            },
            SERVED,
        ),
        (
            "IPv6 in received, blanks around a branch",
            Parts {
                via: "Via: SIP/2.0/UDP ME:5060;received=2001:db8::1; branch = BRANCH",
                ..PLAIN
            },
            SERVED,
        ),
        (
            "quoted parameters",
            Parts {
                more: "Max-Forwards: 70\r\nContact: \"A <x>\" <sip:t@ME>;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000000000000>\"",
                ..PLAIN
            },
            SERVED,
        ),
        (
            "lists in one line",
            Parts {
                via: "Via: SIP/2.0/UDP ME:5060;branch=BRANCH, SIP/2.0/TCP other.example;branch=z9hG4bKx",
                ..PLAIN
            },
            SERVED,
        ),
        (
            "bytes after the body",
            Parts {
                end: "\r\n\r\nmore than was announced",
                ..PLAIN
            },
            SERVED,
        ),
        (
            "unknown method",
            Parts {
                start: "FROB sip:service@HOST SIP/2.0",
                cseq: "CSeq: 1 FROB",
                ..PLAIN
            },
            &[Some(501)],
        ),
        (
            "unknown extension required",
            Parts {
                more: "Max-Forwards: 70\r\nRequire: frob",
                ..PLAIN
            },
            &[Some(420)],
        ),
        (
            "unknown scheme",
            Parts {
                start: "OPTIONS frob:service SIP/2.0",
                ..PLAIN
            },
            &[Some(416)],
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table, a case per entry")]
fn wrong() -> Vec<(&'static str, Parts<'static>, Allowed)> {
    vec![
        (
            "no end of the headers",
            Parts {
                end: "\r\n",
                ..PLAIN
            },
            &[Some(400), None],
        ),
        (
            "body shorter than announced",
            Parts {
                length: "Content-Length: 50",
                ..PLAIN
            },
            BAD,
        ),
        (
            "negative length",
            Parts {
                length: "Content-Length: -1",
                ..PLAIN
            },
            BAD,
        ),
        (
            "two lengths",
            Parts {
                length: "Content-Length: 0\r\nContent-Length: 5",
                ..PLAIN
            },
            BAD,
        ),
        // An answer would have to copy it (RFC 3261 8.2.6.2).
        (
            "no CSeq",
            Parts {
                cseq: "X-None: 1",
                ..PLAIN
            },
            DROPPED,
        ),
        (
            "another method in CSeq",
            Parts {
                cseq: "CSeq: 1 INFO",
                ..PLAIN
            },
            BAD,
        ),
        (
            "CSeq out of range",
            Parts {
                cseq: "CSeq: 4294967296 OPTIONS",
                ..PLAIN
            },
            BAD,
        ),
        (
            "open quote",
            Parts {
                from: "From: \"T <sip:t@ME>;tag=t\r\nTo: <sip:service@HOST>",
                ..PLAIN
            },
            BAD,
        ),
        (
            "another version",
            Parts {
                start: "OPTIONS sip:service@HOST SIP/7.0",
                ..PLAIN
            },
            &[Some(505)],
        ),
        (
            "no Via",
            Parts {
                via: "X-None: 1",
                ..PLAIN
            },
            DROPPED,
        ),
    ]
}

/// Bytes that no parts make.
fn raw(me: Ipv4Addr, to: SocketAddr) -> Vec<(&'static str, Vec<u8>, Allowed)> {
    let mut latin = PLAIN.write(me, to, 901).into_bytes();
    let at = latin
        .windows(12)
        .position(|w| w == b"Max-Forwards")
        .unwrap_or(0);
    latin.splice(at..at, b"Subject: caf\xe9\r\n".iter().copied());
    let many = "X-Filler: 1\r\n".repeat(400);
    let many = PLAIN
        .write(me, to, 902)
        .replace("Max-Forwards", &format!("{many}Max-Forwards"));
    let long = PLAIN.write(me, to, 903).replace(
        "Max-Forwards",
        &format!("X-Long: {}\r\nMax-Forwards", "x".repeat(30_000)),
    );
    vec![
        ("Latin-1 in a header", latin, SERVED),
        ("400 headers", many.into_bytes(), TOO_LARGE),
        ("a header of 30,000 bytes", long.into_bytes(), TOO_LARGE),
        ("keep-alive", b"\r\n\r\n".to_vec(), DROPPED),
        ("zeros", vec![0; 500], DROPPED),
        (
            "noise",
            (0..1_000_u32)
                .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
                .collect(),
            DROPPED,
        ),
    ]
}

/// Sends every case as a datagram.
///
/// # Errors
/// Every case whose answer is another than allowed.
pub fn datagrams(host: u8, dir: &Path) -> Result<String> {
    let mut spec = spec(host, dir, "malformed");
    spec.users = r#"["*"]"#;
    let node = Node::start(&spec)?;
    let to = spec.sip;
    let me = Ipv4Addr::new(127, 0, host, 2);
    let parts = legal().into_iter().chain(wrong()).enumerate();
    let mut cases: Vec<_> = parts
        .map(|(n, (name, parts, allowed))| (name, parts.write(me, to, n).into_bytes(), allowed))
        .collect();
    cases.extend(raw(me, to));
    let mut surprises = Vec::new();
    for (name, bytes, allowed) in &cases {
        let answer = exchange(bytes, me, to)?;
        if !allowed.contains(&answer) {
            surprises.push(format!("{name}: {answer:?}, expected one of {allowed:?}"));
        }
        alive(me, to).map_err(|e| {
            RunError::Broken(format!("after {name}: {e}; {}", node.log_tail()).into())
        })?;
    }
    ensure(surprises.is_empty(), || surprises.join("\n"))?;
    Ok(format!(
        "{} unusual and malformed datagrams answered or dropped",
        cases.len()
    ))
}
