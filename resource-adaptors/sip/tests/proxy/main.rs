//! The stateful proxy of RFC 3261 section 16, rule by rule. Sans-IO, virtual time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod dialogs;
mod failover;
mod forking;
mod forwarding;
mod hostile;
mod registered;
mod secure;

use std::net::SocketAddr;

use bytes::Bytes;
use strowger_sip::proto::flow::{Flow, Transport};
use strowger_sip::proto::keyed::Secret;
use strowger_sip::proto::proxy::{Aim, Fork};
use strowger_sip::proto::resolve::Question;
use strowger_sip::proto::slab::Key;
use strowger_sip::proto::time::Ms;
use strowger_sip::proto::transaction::Timings;
use strowger_sip::proto::triage::Urgency;
use strowger_sip::proto::ua::{Local, Methods, Output, Provisional, Ua, UaConfig};
use strowger_sip::proto::wire::{HeaderId, Limits, Message, Method};

const ALICE: &str = "192.0.2.9:5070";
const BOB: &str = "192.0.2.20:5060";
const CAROL: &str = "192.0.2.30:5060";
const DAVE: &str = "192.0.2.40:5060";

fn config() -> UaConfig {
    let local = |transport| Local::new(transport, "192.0.2.1:5060".parse().unwrap());
    UaConfig {
        locals: vec![
            local(Transport::Udp),
            local(Transport::Tcp),
            local(Transport::Tls),
        ],
        timings: Timings::DEFAULT,
        limits: Limits::DEFAULT,
        transactions: 1_000,
        dialogs: 100,
        bindings: 100,
        nonces: 100,
        unserved: 480,
        retry_after: 5,
        supported: Vec::new(),
        hosts: Vec::new(),
        names: vec![b"proxy.example".to_vec()],
        outbound: None,
        resolve: true,
        resolving: 100,
        avoid: 60_000,
        udp_request_bytes: 1_300,
        nat: true,
        report_trying: false,
        provisional: Provisional::Plain,
        session: Default::default(),
        forks: 4,
        early_durable: false,
        urgency: Urgency::default(),
        credentials: Default::default(),
    }
}

/// A proxy, what came out of it, and the time.
struct Bench {
    ua: Ua,
    now: Ms,
    sent: Vec<(Flow, Message)>,
    /// Transactions that wait for a service's word, and their requests as services see them.
    offered: Vec<(Key, Message)>,
    /// Requests whose service is asked, with the best status.
    asked: Vec<(Key, u16)>,
    /// What the last of them is told of all targets.
    told: Vec<u16>,
    ended: usize,
    /// What name servers are asked.
    questions: Vec<(u64, Question)>,
}

impl Bench {
    fn new() -> Self {
        Self::seeded(1)
    }

    /// Another process of the same node: same secret, nothing else.
    fn seeded(seed: u64) -> Self {
        let mut ua = Ua::new(
            config(),
            Secret::new([7, 8]),
            [seed, 2, seed << 32 | 3, 4],
            Ms(1_000_000),
        );
        ua.set_served(
            Methods::ALWAYS
                .with(&Method::Message)
                .with(&Method::Subscribe)
                .with(&Method::Register),
        );
        ua.set_relaying(true);
        Self {
            ua,
            now: Ms(1_000_000),
            sent: Vec::new(),
            offered: Vec::new(),
            asked: Vec::new(),
            told: Vec::new(),
            ended: 0,
            questions: Vec::new(),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what a proxy does not meet fails the test"
    )]
    fn drain(&mut self) {
        while let Some(output) = self.ua.poll() {
            match output {
                Output::Send(transmit) => {
                    let message = Message::parse(transmit.bytes, &Limits::DEFAULT).unwrap();
                    self.sent.push((transmit.flow, message));
                }
                Output::Call {
                    dialog,
                    tx,
                    request,
                    ..
                } => {
                    self.ua.bind(dialog, 1_000 + u64::from(tx.index));
                    self.offered.push((tx, *request));
                }
                Output::Request { tx, request, .. } => {
                    self.ua.bind_request(tx, 2_000 + u64::from(tx.index));
                    self.offered.push((tx, *request));
                }
                Output::Unreached {
                    tx,
                    status,
                    statuses,
                    ..
                } => {
                    self.asked.push((tx, status));
                    self.told = statuses;
                }
                Output::Ended { .. } => self.ended += 1,
                Output::Resolve { token, question } => self.questions.push((token, question)),
                other => panic!("{other:?}"),
            }
        }
    }

    /// A datagram comes.
    fn come(&mut self, from: &str, text: impl Into<Bytes>) {
        let flow = flow(Transport::Udp, 0, from);
        self.ua.datagram(self.now, flow, text.into());
        self.drain();
    }

    fn wait(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(next) = self.ua.deadline().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.ua.expire(self.now);
            self.drain();
        }
        self.now = end;
    }

    /// The service proxies what was offered last.
    fn proxy(&mut self, fork: Fork) -> Key {
        let (tx, _) = self.offered.pop().unwrap();
        self.ua.proxy(self.now, tx, fork).unwrap();
        self.drain();
        tx
    }

    /// Everything sent to that address since the last look.
    #[track_caller]
    fn take(&mut self, to: &str) -> Vec<Message> {
        let to: SocketAddr = to.parse().unwrap();
        let (taken, left) = std::mem::take(&mut self.sent)
            .into_iter()
            .partition(|(flow, _)| flow.peer == to);
        self.sent = left;
        let taken: Vec<(Flow, Message)> = taken;
        taken.into_iter().map(|(_, message)| message).collect()
    }

    /// The one message sent to that address.
    #[track_caller]
    fn one(&mut self, to: &str) -> Message {
        let mut taken = self.take(to);
        assert_eq!(taken.len(), 1, "to {to}: {taken:#?}");
        taken.remove(0)
    }

    /// The statuses sent to the caller.
    #[track_caller]
    fn statuses(&mut self) -> Vec<u16> {
        self.take(ALICE)
            .iter()
            .map(|m| m.status().unwrap())
            .collect()
    }
}

fn flow(transport: Transport, listener: u16, peer: &str) -> Flow {
    Flow::seen(transport, listener, peer.parse().unwrap())
}

fn aim(to: &str, q: u16) -> Aim {
    Aim {
        uri: format!("sip:bob@{to}").into(),
        q,
        ..Aim::default()
    }
}

fn fork(aims: &[(&str, u16)]) -> Fork {
    Fork {
        aims: aims.iter().map(|(to, q)| aim(to, *q)).collect(),
        record_route: true,
        ..Fork::default()
    }
}

/// A request of Alice's. `lines` stand before Content-Length.
fn request(method: &str, branch: &str, lines: &str) -> String {
    format!(
        "{method} sip:bob@b.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK{branch}\r\n\
         Max-Forwards: 70\r\nFrom: Alice <sip:alice@a.example>;tag=a1\r\nTo: <sip:bob@b.example>\r\nCall-ID: c1@a\r\n\
         CSeq: 1 {method}\r\nContact: <sip:alice@192.0.2.9:5070>\r\n{lines}Content-Length: 0\r\n\r\n"
    )
}

fn invite() -> String {
    request("INVITE", "1", "")
}

/// What the called says to `request`.
fn response(request: &Message, status: u16, tag: &str, lines: &str) -> Bytes {
    let mut out = format!("SIP/2.0 {status} Words\r\n").into_bytes();
    for id in [
        HeaderId::Via,
        HeaderId::RecordRoute,
        HeaderId::From,
        HeaderId::To,
        HeaderId::CallId,
        HeaderId::CSeq,
    ] {
        for value in request.lines(id) {
            out.extend_from_slice(id.name());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            if id == HeaderId::To && request.to_tag().is_none() && status > 100 {
                out.extend_from_slice(format!(";tag={tag}").as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(format!("{lines}Content-Length: 0\r\n\r\n").as_bytes());
    out.into()
}

/// A request within the dialog that `ok` made, from Alice's side or from the called's.
fn within(method: &str, ok: &Message, cseq: u32, from_caller: bool, branch: &str) -> String {
    let text = |id| String::from_utf8_lossy(ok.get(id).unwrap()).into_owned();
    let mut routes: Vec<String> = ok
        .values(HeaderId::RecordRoute)
        .map(|route| String::from_utf8_lossy(route).into_owned())
        .collect();
    let (uri, from, to, host) = if from_caller {
        routes.reverse();
        (
            "sip:bob@192.0.2.20:5060",
            text(HeaderId::From),
            text(HeaderId::To),
            ALICE,
        )
    } else {
        (
            "sip:alice@192.0.2.9:5070",
            text(HeaderId::To),
            text(HeaderId::From),
            BOB,
        )
    };
    let routes: String = routes
        .iter()
        .map(|route| format!("Route: {route}\r\n"))
        .collect();
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {host};branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\n{routes}From: {from}\r\n\
         To: {to}\r\nCall-ID: c1@a\r\nCSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
    )
}
