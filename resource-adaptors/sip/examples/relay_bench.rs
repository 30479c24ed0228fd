//! What one proxied call costs the SIP stack alone: INVITE, 180, 200, ACK, BYE, 200, each in and out again, with
//! Record-Route.
//!
//! `cargo run --release -p strowger-sip --example relay_bench -- 20000`; for instructions under
//! `valgrind --tool=callgrind --toggle-collect='*relayed_call*'`. No sockets, no container: bytes in, bytes out.

use std::time::Duration;

use bytes::Bytes;
use strowger_sip::proto::flow::{Flow, Transport};
use strowger_sip::proto::keyed::Secret;
use strowger_sip::proto::proxy::{Aim, Fork};
use strowger_sip::proto::time::Ms;
use strowger_sip::proto::transaction::Timings;
use strowger_sip::proto::triage::Urgency;
use strowger_sip::proto::ua::{Local, Output, Provisional, Sessions, Ua, UaConfig};
use strowger_sip::proto::wire::{HeaderId, Limits, Message};

const BODY: &str = "v=0\r\no=user1 53655765 2353687637 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
    m=audio 6000 RTP/AVP 0 8 18 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:18 G729/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\na=ptime:20\r\n";

fn main() {
    let calls = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(20_000u32);
    let mut ua = ua();
    let mut spent = Duration::ZERO;
    for n in 0..calls {
        spent += call(&mut ua, n);
    }
    let each = spent.as_secs_f64() * 1e6 / f64::from(calls);
    print(&format!(
        "proxied call, 6 messages in and out: {each:.2} us"
    ));
}

#[expect(clippy::print_stdout, reason = "an example prints")]
fn print(line: &str) {
    println!("{line}");
}

/// One call; the time that the stack had of it.
fn call(ua: &mut Ua, n: u32) -> Duration {
    let now = Ms(u64::from(n));
    let mut spent = Duration::ZERO;
    let mut step = |bytes: Bytes, from_caller: bool| timed(ua, now, bytes, from_caller, &mut spent);
    let invite = step(request("INVITE", n, "", 1, BODY), true);
    step(answer(&invite, 180, ""), false);
    let ok = step(answer(&invite, 200, BODY), false);
    let Ok(ok) = Message::parse(ok, &Limits::DEFAULT) else {
        return spent;
    };
    let route = ok.get(HeaderId::RecordRoute).unwrap_or_default();
    let route = format!("Route: {}\r\n", String::from_utf8_lossy(route));
    step(request("ACK", n, &route, 1, ""), true);
    let bye = step(request("BYE", n, &route, 2, ""), true);
    step(answer(&bye, 200, ""), false);
    spent
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn timed(ua: &mut Ua, now: Ms, bytes: Bytes, from_caller: bool, spent: &mut Duration) -> Bytes {
    let start = std::time::Instant::now();
    let sent = relayed_call(ua, now, bytes, from_caller);
    *spent += start.elapsed();
    sent
}

/// One message in, and what goes out for it.
#[inline(never)]
fn relayed_call(ua: &mut Ua, now: Ms, bytes: Bytes, from_caller: bool) -> Bytes {
    ua.expire(now);
    let peer = if from_caller {
        "192.0.2.9:5070"
    } else {
        "192.0.2.20:5060"
    };
    let Ok(peer) = peer.parse() else {
        return Bytes::new();
    };
    let flow = Flow::seen(Transport::Udp, 0, peer);
    ua.datagram(now, flow, bytes);
    let mut sent = Bytes::new();
    while let Some(output) = ua.poll() {
        if let Output::Call { dialog, tx, .. } = output {
            ua.bind(dialog, u64::from(tx.index) + 1);
            let fork = Fork {
                aims: vec![Aim {
                    uri: Bytes::from_static(b"sip:service@192.0.2.20:5060"),
                    ..Aim::default()
                }],
                record_route: true,
                ..Fork::default()
            };
            let _ = ua.proxy(now, tx, fork);
        } else if let Output::Send(transmit) = output {
            sent = transmit.bytes;
        }
    }
    sent
}

fn ua() -> Ua {
    let config = UaConfig {
        locals: vec![Local::new(Transport::Udp, ([192, 0, 2, 1], 5060).into())],
        timings: Timings::DEFAULT,
        limits: Limits::DEFAULT,
        transactions: 1_000_000,
        dialogs: 1_000_000,
        credentials: Vec::new(),
        nonces: 1,
        bindings: 0,
        unserved: 480,
        retry_after: 5,
        supported: Vec::new(),
        hosts: Vec::new(),
        names: Vec::new(),
        outbound: None,
        resolve: false,
        resolving: 0,
        avoid: 0,
        udp_request_bytes: 1_300,
        nat: true,
        report_trying: false,
        provisional: Provisional::Plain,
        session: Sessions::default(),
        forks: 4,
        early_durable: false,
        urgency: Urgency::default(),
    };
    Ua::new(config, Secret::new([1, 2]), [3, 4, 5, 6], Ms(0))
}

fn request(method: &str, n: u32, route: &str, cseq: u32, body: &str) -> Bytes {
    let tag = if route.is_empty() {
        ""
    } else {
        ";tag=callee01"
    };
    Bytes::from(format!(
        "{method} sip:service@192.0.2.20:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK-{n}-{method}\r\n{route}\
         Max-Forwards: 70\r\nFrom: sipp <sip:sipp@192.0.2.9:5070>;tag={n}SIPpTag00\r\nTo: service <sip:service@192.0.2.1:5060>{tag}\r\n\
         Call-ID: {n}-26417@192.0.2.9\r\nCSeq: {cseq} {method}\r\nContact: <sip:sipp@192.0.2.9:5070>\r\nSubject: Performance Test\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

fn answer(to: &Bytes, status: u16, body: &str) -> Bytes {
    let Ok(message) = Message::parse(to.clone(), &Limits::DEFAULT) else {
        return Bytes::new();
    };
    let mut out = format!("SIP/2.0 {status} OK\r\n").into_bytes();
    for id in [
        HeaderId::Via,
        HeaderId::RecordRoute,
        HeaderId::From,
        HeaderId::To,
        HeaderId::CallId,
        HeaderId::CSeq,
    ] {
        for value in message.lines(id) {
            out.extend_from_slice(&[id.name(), b": ", value].concat());
            if id == HeaderId::To && message.to_tag().is_none() {
                out.extend_from_slice(b";tag=callee01");
            }
            out.extend_from_slice(b"\r\n");
        }
    }
    let rest = format!(
        "Contact: <sip:192.0.2.20:5060>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    out.extend_from_slice(rest.as_bytes());
    out.into()
}
