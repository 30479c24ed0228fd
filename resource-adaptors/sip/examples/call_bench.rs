//! What one answered call costs the SIP stack alone, and what a live and a lingering one keep in memory.
//!
//! `cargo run --release -p strowger-sip --example call_bench`. It counts allocations by itself, so its times are a
//! little above those of a node. No sockets, no container: bytes in, bytes out.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use strowger_sip::proto::flow::{Flow, Transport};
use strowger_sip::proto::keyed::Secret;
use strowger_sip::proto::slab::Key;
use strowger_sip::proto::time::Ms;
use strowger_sip::proto::transaction::Timings;
use strowger_sip::proto::triage::Urgency;
use strowger_sip::proto::ua::{
    Draft, Local, Output, Provisional, Reply, Sessions, Taking, Ua, UaConfig,
};
use strowger_sip::proto::wire::{Limits, Message};

static LIVE: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[expect(
    unsafe_code,
    reason = "an allocator that counts is unsafe by its trait"
)]
// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        CALLS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const BODY: &str = "v=0\r\no=user1 53655765 2353687637 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
    m=audio 6000 RTP/AVP 0 8 18 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:18 G729/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\na=ptime:20\r\n";

fn main() {
    let calls = 20_000;
    let best = (0..5).map(|_| uas(calls)).fold(f64::MAX, f64::min);
    print(&format!("uas call, 7 messages: {best:.2} us"));
    let best = (0..5).map(|_| b2bua(calls)).fold(f64::MAX, f64::min);
    print(&format!("b2bua call, 13 messages: {best:.2} us"));
    for (name, unread) in [("read", false), ("unread", true)] {
        let best = (0..5)
            .map(|_| refusal(calls, unread))
            .fold(f64::MAX, f64::min);
        print(&format!("refusal and its ACK, {name}: {best:.2} us"));
    }
    memory();
}

#[expect(clippy::print_stdout, reason = "an example prints")]
fn print(line: &str) {
    println!("{line}");
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
        resolve: true,
        resolving: 100,
        avoid: 60_000,
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

fn flow() -> Flow {
    Flow::seen(Transport::Udp, 0, ([192, 0, 2, 9], 5070).into())
}

fn request(method: &str, n: usize, tag: &str, cseq: u32, body: &str) -> Bytes {
    let tag = if tag.is_empty() {
        String::new()
    } else {
        format!(";tag={tag}")
    };
    Bytes::from(format!(
        "{method} sip:service@192.0.2.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK-{n}-{cseq}{method}\r\n\
         From: sipp <sip:sipp@192.0.2.9:5070>;tag={n}SIPpTag00\r\nTo: service <sip:service@192.0.2.1:5060>{tag}\r\n\
         Call-ID: {n}-1234@192.0.2.9\r\nCSeq: {cseq} {method}\r\nContact: sip:sipp@192.0.2.9:5070\r\nMax-Forwards: 70\r\n\
         Subject: Performance Test\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

fn reply(status: u16, body: &'static str) -> Reply {
    let lines = if body.is_empty() {
        &b""[..]
    } else {
        b"Content-Type: application/sdp\r\n"
    };
    Reply {
        status,
        lines: Bytes::from_static(lines),
        body: Bytes::from_static(body.as_bytes()),
        ..Reply::default()
    }
}

struct Seen {
    tx: Option<Key>,
    dialog: Option<Key>,
    sent: Vec<Bytes>,
}

fn drain(ua: &mut Ua, seen: &mut Seen) {
    while let Some(output) = ua.poll() {
        match output {
            Output::Call { tx, dialog, .. } => (seen.tx, seen.dialog) = (Some(tx), Some(dialog)),
            Output::InDialog { tx, .. } => seen.tx = tx,
            Output::Send(transmit) => seen.sent.push(transmit.bytes),
            Output::Save { dialog, .. } => {
                let _ = ua.record(dialog);
            }
            Output::Request { .. }
            | Output::Resolve { .. }
            | Output::Cancel { .. }
            | Output::Response { .. }
            | Output::NoAck { .. }
            | Output::SaveSubscription { .. }
            | Output::Unreached { .. }
            | Output::Forked(_)
            | Output::Closing { .. }
            | Output::SessionRefresh { .. }
            | Output::SessionExpired { .. }
            | Output::Ended { .. } => {}
        }
    }
}

fn tag_of(bytes: &Bytes) -> String {
    let message = Message::parse(bytes.clone(), &Limits::DEFAULT).ok();
    let tag = message
        .as_ref()
        .and_then(|m| m.to_tag())
        .unwrap_or_default();
    String::from_utf8_lossy(tag).into_owned()
}

fn answer(to: &Bytes, status: u16, body: &str) -> Bytes {
    let Ok(message) = Message::parse(to.clone(), &Limits::DEFAULT) else {
        return Bytes::new();
    };
    let get = |name: &str| {
        String::from_utf8_lossy(message.get_named(name.as_bytes()).unwrap_or_default()).into_owned()
    };
    let tag = if message.to_tag().is_some() {
        ""
    } else {
        ";tag=callee01"
    };
    Bytes::from(format!(
        "SIP/2.0 {status} OK\r\nVia: {}\r\nFrom: {}\r\nTo: {}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:192.0.2.9:5070;transport=UDP>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        get("Via"),
        get("From"),
        get("To"),
        get("Call-ID"),
        get("CSeq"),
        body.len()
    ))
}

/// Microseconds of the stack's own work per call; what the peers' messages cost to write is not counted.
struct Clock {
    spent: std::time::Duration,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    fn run<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = std::time::Instant::now();
        let result = work();
        self.spent += start.elapsed();
        result
    }
}

fn uas(calls: usize) -> f64 {
    let mut ua = ua();
    let mut clock = Clock {
        spent: std::time::Duration::ZERO,
    };
    for n in 0..calls {
        let now = Ms(n as u64);
        let mut seen = Seen {
            tx: None,
            dialog: None,
            sent: Vec::new(),
        };
        let invite = request("INVITE", n, "", 1, BODY);
        clock.run(|| {
            ua.expire(now);
            ua.datagram(now, flow(), invite);
            drain(&mut ua, &mut seen);
            let Some(tx) = seen.tx.take() else { return };
            for status in [180, 200] {
                let _ = ua.respond(
                    now,
                    tx,
                    &reply(status, if status == 200 { BODY } else { "" }),
                );
            }
            drain(&mut ua, &mut seen);
        });
        let tag = tag_of(&seen.sent[0]);
        let (ack, bye) = (
            request("ACK", n, &tag, 1, ""),
            request("BYE", n, &tag, 2, ""),
        );
        clock.run(|| {
            ua.datagram(now, flow(), ack);
            drain(&mut ua, &mut seen);
            ua.datagram(now, flow(), bye);
            drain(&mut ua, &mut seen);
            if let Some(tx) = seen.tx {
                let _ = ua.respond(now, tx, &reply(200, ""));
            }
            drain(&mut ua, &mut seen);
        });
    }
    clock.spent.as_secs_f64() * 1e6 / calls as f64
}

fn refusal(calls: usize, unread: bool) -> f64 {
    let mut ua = ua();
    ua.set_taking(Taking::Urgent);
    let mut clock = Clock {
        spent: std::time::Duration::ZERO,
    };
    for n in 0..calls {
        let now = Ms(n as u64);
        let mut seen = Seen {
            tx: None,
            dialog: None,
            sent: Vec::new(),
        };
        let mut take = |bytes: Bytes, seen: &mut Seen| {
            clock.run(|| {
                if !unread || !ua.refuse_unread(now, flow(), &bytes) {
                    ua.datagram(now, flow(), bytes);
                }
                drain(&mut ua, seen);
            });
        };
        take(request("INVITE", n, "", 1, BODY), &mut seen);
        let tag = tag_of(&seen.sent[0]);
        take(request("ACK", n, &tag, 1, ""), &mut seen);
    }
    clock.spent.as_secs_f64() * 1e6 / calls as f64
}

fn b2bua(calls: usize) -> f64 {
    let mut ua = ua();
    let mut clock = Clock {
        spent: std::time::Duration::ZERO,
    };
    for n in 0..calls {
        call(&mut ua, &mut clock, n, true);
    }
    clock.spent.as_secs_f64() * 1e6 / calls as f64
}

fn call(ua: &mut Ua, clock: &mut Clock, n: usize, hang_up: bool) {
    let now = Ms(n as u64);
    let mut a = Seen {
        tx: None,
        dialog: None,
        sent: Vec::new(),
    };
    let mut b = Seen {
        tx: None,
        dialog: None,
        sent: Vec::new(),
    };
    let invite = request("INVITE", n, "", 1, BODY);
    let mut callee = None;
    clock.run(|| {
        ua.expire(now);
        ua.datagram(now, flow(), invite);
        drain(ua, &mut a);
        let draft = Draft {
            method: Bytes::from_static(b"INVITE"),
            uri: Bytes::from_static(b"sip:service@192.0.2.9:5070"),
            from: Bytes::from_static(b"sipp <sip:sipp@192.0.2.9:5070>"),
            to: Bytes::from_static(b"service <sip:service@192.0.2.1:5060>"),
            lines: Bytes::from_static(
                b"Subject: Performance Test\r\nContent-Type: application/sdp\r\n",
            ),
            body: Bytes::from_static(BODY.as_bytes()),
            max_forwards: 69,
            link: a.tx,
            ..Draft::default()
        };
        callee = ua.invite(now, 7, 9, &draft).ok();
        drain(ua, &mut b);
    });
    let (ringing, ok) = (answer(&b.sent[0], 180, ""), answer(&b.sent[0], 200, BODY));
    clock.run(|| {
        for (response, status) in [(ringing, 180), (ok, 200)] {
            ua.datagram(now, flow(), response);
            drain(ua, &mut b);
            if let Some(tx) = a.tx {
                let _ = ua.respond(
                    now,
                    tx,
                    &reply(status, if status == 200 { BODY } else { "" }),
                );
            }
            drain(ua, &mut a);
        }
    });
    let tag = tag_of(&a.sent[0]);
    let (ack, bye) = (
        request("ACK", n, &tag, 1, ""),
        request("BYE", n, &tag, 2, ""),
    );
    clock.run(|| {
        ua.datagram(now, flow(), ack);
        drain(ua, &mut a);
    });
    if let Some(callee) = callee.filter(|_| hang_up) {
        end(ua, clock, now, bye, callee, (&mut a, &mut b));
    }
}

/// The caller hangs up.
fn end(
    ua: &mut Ua,
    clock: &mut Clock,
    now: Ms,
    bye: Bytes,
    callee: Key,
    (a, b): (&mut Seen, &mut Seen),
) {
    b.sent.clear();
    clock.run(|| {
        ua.datagram(now, flow(), bye);
        drain(ua, a);
        if let Some(tx) = a.tx {
            let _ = ua.respond(now, tx, &reply(200, ""));
        }
        drain(ua, a);
        let _ = ua.hang_up(now, callee);
        drain(ua, b);
    });
    let done = answer(&b.sent[0], 200, "");
    clock.run(|| {
        ua.datagram(now, flow(), done);
        drain(ua, b);
    });
}

fn memory() {
    let mut clock = Clock {
        spent: std::time::Duration::ZERO,
    };
    let calls = 100_000;
    let mut ua = ua();
    for n in 0..calls {
        call(&mut ua, &mut clock, n, false);
    }
    // Past every absorbing timer: what is left is what a call that is up keeps.
    ua.expire(Ms(calls as u64 + 100_000));
    let mut seen = Seen {
        tx: None,
        dialog: None,
        sent: Vec::new(),
    };
    drain(&mut ua, &mut seen);
    let (dialogs, clients, servers) = ua.len();
    // Tables and slabs at the size that 100,000 calls need, over an empty user agent.
    let full = LIVE.load(Ordering::Relaxed);
    drop(seen);
    drop(ua);
    let live = full - LIVE.load(Ordering::Relaxed);
    print(&format!(
        "live b2bua call: {} bytes ({dialogs} dialogs, {clients} + {servers} transactions, peak tables of the ramp included)",
        live / calls
    ));
    let mut ua = self::ua();
    for n in 0..20_000 {
        call(&mut ua, &mut clock, n, true);
    }
    let (_, clients, servers) = ua.len();
    let full = LIVE.load(Ordering::Relaxed);
    drop(ua);
    let live = full - LIVE.load(Ordering::Relaxed);
    print(&format!(
        "lingering transaction: {} bytes ({clients} + {servers})",
        live / (clients + servers)
    ));
    let before = CALLS.load(Ordering::Relaxed);
    let mut ua = self::ua();
    for n in 0..1_000 {
        call(&mut ua, &mut clock, n, true);
    }
    print(&format!(
        "allocations per b2bua call, peers' messages included: {}",
        (CALLS.load(Ordering::Relaxed) - before) / 1_000
    ));
}
