//! Every arrow of RFC 3261's figures 5 to 8, with RFC 6026's corrections, at the millisecond where it belongs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod client_invite;
mod client_other;
mod corpus;
mod keys;
mod server;

use bytes::Bytes;
use strowger_sip::proto::flow::{Flow, Transmit, Transport};
use strowger_sip::proto::keyed::Secret;
use strowger_sip::proto::slab::Key;
use strowger_sip::proto::time::Ms;
use strowger_sip::proto::transaction::{
    ClientKind, Expired, RequestVerdict, ResponseVerdict, Timings, Transactions,
};
use strowger_sip::proto::wire::{Limits, Message};

/// Transactions, a clock that jumps from deadline to deadline, and what was seen when.
struct Bench {
    tx: Transactions<u32>,
    now: Ms,
    flow: Flow,
    log: Vec<(u64, Seen)>,
    start: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// The start line of what was sent.
    Sent(String),
    Timeout,
    NoAck,
    Unanswered,
}

fn sent(line: &str) -> Seen {
    Seen::Sent(line.to_owned())
}

impl Bench {
    /// Every timer fires at the very millisecond.
    fn new(transport: Transport) -> Self {
        let exact = Timings {
            tick: 1,
            ..Timings::DEFAULT
        };
        Self::with(transport, exact)
    }

    fn with(transport: Transport, timings: Timings) -> Self {
        let start = 1_000_000;
        Self {
            tx: Transactions::new(timings, 100, Secret::new([1, 2]), [3, 4], Ms(start)),
            now: Ms(start),
            flow: Flow::seen(transport, 0, "192.0.2.9:5070".parse().unwrap()),
            log: Vec::new(),
            start,
        }
    }

    /// Sends a request of ours.
    fn send(&mut self, kind: ClientKind, method: &str) -> Key {
        let (tx, branch) = self.tx.open(kind, self.flow, 7).unwrap();
        let request = format!(
            "{method} sip:bob@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch={}\r\nMax-Forwards: 70\r\n\
             Route: <sip:192.0.2.9;lr>\r\nFrom: <sip:alice@a>;tag=a\r\nTo: <sip:bob@b>\r\nCall-ID: c\r\nCSeq: 5 {method}\r\n\
             Content-Length: 0\r\n\r\n",
            String::from_utf8_lossy(branch.as_bytes())
        );
        let mut out = Vec::new();
        self.tx.send(self.now, tx, request.into(), &mut out);
        self.note(out);
        tx
    }

    /// Answers a request of ours.
    fn answer(&mut self, sample: &Message, status: u16, to_tag: &str) -> ResponseVerdict<u32> {
        let mut text = format!("SIP/2.0 {status} X\r\n");
        let field = |id| String::from_utf8_lossy(sample.get_named(id).unwrap()).into_owned();
        for name in ["Via", "From", "Call-ID", "CSeq"] {
            text += &format!("{name}: {}\r\n", field(name.as_bytes()));
        }
        text += &format!("To: <sip:bob@b>;tag={to_tag}\r\nContent-Length: 0\r\n\r\n");
        let response = parse(text);
        let mut out = Vec::new();
        let verdict = self.tx.response(self.now, &response, &mut out);
        self.note(out);
        verdict
    }

    fn request(&mut self, request: &Message) -> RequestVerdict {
        let mut out = Vec::new();
        let verdict = self.tx.request(self.now, request, &mut out);
        self.note(out);
        verdict
    }

    /// Takes a new request in.
    fn accept(&mut self, request: &Message) -> Key {
        let RequestVerdict::New(keys) = self.request(request) else {
            panic!("not new")
        };
        let mut out = Vec::new();
        let tx = self
            .tx
            .accept(
                self.now,
                keys,
                Box::new(request.clone()),
                self.flow,
                9,
                &mut out,
            )
            .unwrap();
        self.note(out);
        tx
    }

    fn respond(&mut self, tx: Key, status: u16) {
        let mut out = Vec::new();
        let bytes = Bytes::from(format!("SIP/2.0 {status} X\r\n\r\n"));
        self.tx
            .respond(self.now, tx, status, bytes, &mut out)
            .unwrap();
        self.note(out);
    }

    /// Lets time pass until `ms` after the start, stopping at every deadline.
    fn until(&mut self, ms: u64) {
        let end = Ms(self.start + ms);
        while let Some(next) = self.tx.deadline().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            let mut out = Vec::new();
            while let Some(expired) = self.tx.expire(self.now, &mut out) {
                let seen = match expired {
                    Expired::ClientTimeout { user: 7, .. } => Seen::Timeout,
                    Expired::NoAck { user: 9, .. } => Seen::NoAck,
                    Expired::Unanswered { user: 9, .. } => Seen::Unanswered,
                    other @ (Expired::Unreached { .. }
                    | Expired::ClientTimeout { .. }
                    | Expired::NoAck { .. }
                    | Expired::Unanswered { .. }) => panic!("{other:?}"),
                };
                self.note(std::mem::take(&mut out));
                self.log.push((self.now.0 - self.start, seen));
            }
            self.note(out);
        }
        self.now = end;
    }

    fn note(&mut self, out: Vec<Transmit>) {
        for transmit in out {
            let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
            let line = text.lines().next().unwrap_or_default();
            let line = line.split(" sip:").next().unwrap_or_default();
            self.log.push((self.now.0 - self.start, sent(line)));
        }
    }

    /// What was seen since the last call.
    fn seen(&mut self) -> Vec<(u64, Seen)> {
        std::mem::take(&mut self.log)
    }

    fn count(&self) -> usize {
        let (clients, servers) = self.tx.len();
        clients + servers
    }
}

fn parse(text: impl Into<Bytes>) -> Message {
    Message::datagram(text.into(), &Limits::DEFAULT).unwrap()
}

/// The request that a client transaction would have sent, to answer it.
fn sample(tx: Key, method: &str) -> Message {
    let branch = Secret::new([1, 2]).branch(tx);
    parse(format!(
        "{method} sip:bob@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch={}\r\nMax-Forwards: 70\r\n\
         From: <sip:alice@a>;tag=a\r\nTo: <sip:bob@b>\r\nCall-ID: c\r\nCSeq: 5 {method}\r\nContent-Length: 0\r\n\r\n",
        String::from_utf8_lossy(branch.as_bytes())
    ))
}

/// A request of a peer's.
fn incoming(method: &str, branch: &str, to_tag: &str) -> Message {
    let to_tag = if to_tag.is_empty() {
        String::new()
    } else {
        format!(";tag={to_tag}")
    };
    parse(format!(
        "{method} sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5070{branch}\r\nMax-Forwards: 70\r\n\
         From: <sip:alice@a>;tag=a\r\nTo: <sip:bob@b>{to_tag}\r\nCall-ID: c1\r\nCSeq: 1 {method}\r\n\
         Content-Length: 0\r\n\r\n"
    ))
}

const BRANCH: &str = ";branch=z9hG4bKx1";
