//! The user agent against scripted peers, and two of them over a bad network. Sans-IO, virtual time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod challenges;
mod forks;
mod hunt;
mod network;
mod refusals;
mod registered;
mod reliable;
mod restart;
mod session;
mod subscriptions;
mod uac;
mod uas;
mod unread;

use std::net::SocketAddr;

use bytes::Bytes;
use strowger_sip::proto::flow::{Flow, Transport};
use strowger_sip::proto::keyed::Secret;
use strowger_sip::proto::resolve::Question;
use strowger_sip::proto::slab::Key;
use strowger_sip::proto::time::Ms;
use strowger_sip::proto::transaction::Timings;
use strowger_sip::proto::triage::Urgency;
use strowger_sip::proto::ua::{
    Draft, Local, Methods, Output, Provisional, Reply, Sessions, Taking, Ua, UaConfig,
};
use strowger_sip::proto::wire::{HeaderId, Limits, Message, Method};

const START: u64 = 1_000_000;
const PEER: &str = "192.0.2.9:5070";

fn config() -> UaConfig {
    let local = |transport| Local::new(transport, "192.0.2.1:5060".parse().unwrap());
    UaConfig {
        locals: vec![local(Transport::Udp), local(Transport::Tcp)],
        timings: Timings::DEFAULT,
        limits: Limits::DEFAULT,
        transactions: 1_000,
        dialogs: 100,
        credentials: Vec::new(),
        nonces: 100,
        bindings: 100,
        unserved: 480,
        retry_after: 5,
        supported: vec![b"timer".to_vec()],
        hosts: vec![(b"peer.example".to_vec(), PEER.parse().unwrap())],
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
    }
}

/// A user agent, what came out of it, and the time.
struct Bench {
    ua: Ua,
    now: Ms,
    sent: Vec<(Flow, Message)>,
    events: Vec<Event>,
    questions: Vec<(u64, Question)>,
}

/// Outputs without what only a driver needs.
#[derive(Debug)]
enum Event {
    Call {
        dialog: Key,
        tx: Key,
    },
    Request {
        tx: Key,
        request: Message,
    },
    InDialog {
        tx: Option<Key>,
        request: Message,
    },
    Cancel {
        tx: Key,
    },
    Response {
        status: u16,
        link: Option<Key>,
        local: bool,
    },
    Forked {
        dialog: Key,
        status: u16,
    },
    NoAck,
    Refresh,
    Expired,
    Save,
    Ended,
}

impl Bench {
    fn new() -> Self {
        Self::seeded(1)
    }

    fn seeded(seed: u64) -> Self {
        let mut ua = Ua::new(config(), Secret::new([7, 8]), [seed, 2, 3, 4], Ms(START));
        ua.set_served(Methods::ALWAYS.with(&Method::Info).with(&Method::Update));
        Self {
            ua,
            now: Ms(START),
            sent: Vec::new(),
            events: Vec::new(),
            questions: Vec::new(),
        }
    }

    /// Takes every output; calls get the activity 1000 + the dialog's place.
    fn drain(&mut self) {
        while let Some(output) = self.ua.poll() {
            let event = match output {
                Output::Send(transmit) => {
                    let message = Message::parse(transmit.bytes, &Limits::DEFAULT).unwrap();
                    self.sent.push((transmit.flow, message));
                    continue;
                }
                Output::Call { dialog, tx, .. } => {
                    self.ua.bind(dialog, 1_000 + u64::from(dialog.index));
                    Event::Call { dialog, tx }
                }
                Output::Request { tx, request, .. } => {
                    self.ua.bind_request(tx, 2_000);
                    Event::Request {
                        tx,
                        request: *request,
                    }
                }
                Output::InDialog { tx, request, .. } => Event::InDialog {
                    tx,
                    request: *request,
                },
                Output::Cancel { tx, .. } => Event::Cancel { tx },
                Output::Response {
                    response,
                    link,
                    local,
                    ..
                } => Event::Response {
                    status: response.status().unwrap(),
                    link,
                    local,
                },
                Output::Unreached { .. } => continue,
                Output::Forked(branch) => {
                    let dialog = branch.dialog;
                    self.ua.bind(dialog, 3_000 + u64::from(dialog.index));
                    let status = branch.response.status().unwrap();
                    Event::Forked { dialog, status }
                }
                Output::NoAck { .. } => Event::NoAck,
                Output::SessionRefresh { .. } => Event::Refresh,
                Output::SessionExpired { .. } => Event::Expired,
                Output::Save { .. } | Output::SaveSubscription { .. } => Event::Save,
                Output::Resolve { token, question } => {
                    self.questions.push((token, question));
                    continue;
                }
                Output::Closing { .. } => continue,
                Output::Ended { .. } => Event::Ended,
            };
            self.events.push(event);
        }
    }

    fn receive(&mut self, text: impl Into<Bytes>) {
        let flow = udp();
        self.ua.datagram(self.now, flow, text.into());
        self.drain();
    }

    fn until(&mut self, ms: u64) {
        let end = Ms(START + ms);
        while let Some(next) = self.ua.deadline().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.ua.expire(self.now);
            self.drain();
        }
        self.now = end;
    }

    /// The messages sent since the last call, as `at: start line` without the URI.
    fn lines(&mut self) -> Vec<String> {
        self.take_sent().iter().map(line).collect()
    }

    fn take_sent(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.sent)
            .into_iter()
            .map(|(_, message)| message)
            .collect()
    }

    /// The events since the last call, in short.
    fn seen(&mut self) -> Vec<String> {
        std::mem::take(&mut self.events).iter().map(short).collect()
    }

    fn reply(&mut self, tx: Key, status: u16) {
        self.ua.respond(self.now, tx, &reply(status)).unwrap();
        self.drain();
    }
}

fn udp() -> Flow {
    Flow::seen(Transport::Udp, 0, peer())
}

fn peer() -> SocketAddr {
    PEER.parse().unwrap()
}

fn reply(status: u16) -> Reply {
    Reply {
        status,
        ..Reply::default()
    }
}

fn line(message: &Message) -> String {
    match (message.method(), message.status()) {
        (Some(method), _) => method.to_string(),
        (_, Some(status)) => {
            let cseq = message.cseq().unwrap();
            format!("{status} {}", String::from_utf8_lossy(cseq.method))
        }
        _ => String::new(),
    }
}

fn short(event: &Event) -> String {
    match event {
        Event::Call { .. } => "call".to_owned(),
        Event::Request { request, .. } => format!("alone {}", line(request)),
        Event::InDialog { request, .. } => format!("within {}", line(request)),
        Event::Cancel { .. } => "cancel".to_owned(),
        Event::Response {
            status,
            local: false,
            ..
        } => format!("{status}"),
        Event::Response {
            status,
            local: true,
            ..
        } => format!("local {status}"),
        Event::Forked { status, .. } => format!("forked {status}"),
        Event::NoAck => "no ack".to_owned(),
        Event::Refresh => "refresh".to_owned(),
        Event::Expired => "expired".to_owned(),
        Event::Save => "save".to_owned(),
        Event::Ended => "ended".to_owned(),
    }
}

fn text(message: &Message, name: &str) -> String {
    let value = message
        .get_named(name.as_bytes())
        .unwrap_or_else(|| panic!("no {name}"));
    String::from_utf8_lossy(value).into_owned()
}

/// A request of the peer's: `extra` is whole lines.
fn request(method: &str, branch: &str, to_tag: &str, cseq: u32, extra: &str) -> String {
    let to_tag = if to_tag.is_empty() {
        String::new()
    } else {
        format!(";tag={to_tag}")
    };
    format!(
        "{method} sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {PEER};branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\n\
         From: \"Alice\" <sip:alice@a.example>;tag=al\r\nTo: <sip:bob@b.example>{to_tag}\r\nCall-ID: call-1\r\n\
         CSeq: {cseq} {method}\r\nContact: <sip:alice@{PEER}>\r\n{extra}Content-Length: 0\r\n\r\n"
    )
}

/// A response of the peer's to a request of ours.
fn response(to: &Message, status: u16, tag: &str, extra: &str) -> String {
    let mut out = format!("SIP/2.0 {status} Whatever\r\n");
    for name in ["Via", "From", "Call-ID", "CSeq"] {
        out += &format!("{name}: {}\r\n", text(to, name));
    }
    let known = to.to_tag().is_some();
    let tag = if known {
        String::new()
    } else {
        format!(";tag={tag}")
    };
    out + &format!(
        "To: {}{tag}\r\nContact: <sip:bob@{PEER}>\r\n{extra}Content-Length: 0\r\n\r\n",
        text(to, "To")
    )
}

fn draft(body: &str) -> Draft {
    Draft {
        method: Bytes::from_static(b"INVITE"),
        uri: Bytes::from(format!("sip:bob@{PEER}")),
        from: Bytes::from_static(b"\"Alice\" <sip:alice@a.example>"),
        to: Bytes::from_static(b"<sip:bob@b.example>"),
        lines: Bytes::from_static(b"X-One: 1\r\n"),
        body: Bytes::copy_from_slice(body.as_bytes()),
        max_forwards: 70,
        ..Draft::default()
    }
}

fn within(method: &str, body: &str) -> Draft {
    Draft {
        method: Bytes::copy_from_slice(method.as_bytes()),
        body: Bytes::copy_from_slice(body.as_bytes()),
        max_forwards: 70,
        ..Draft::default()
    }
}

impl Bench {
    /// A call from the peer, answered and acknowledged. Returns its dialog and our tag.
    fn called(&mut self) -> (Key, String) {
        self.receive(request("INVITE", "i1", "", 1, ""));
        let Some(Event::Call { dialog, tx }) = self.events.pop() else {
            panic!("no call")
        };
        self.reply(tx, 200);
        let tag = String::from_utf8_lossy(self.take_sent()[0].to_tag().unwrap()).into_owned();
        self.receive(request("ACK", "a1", &tag, 1, ""));
        self.seen();
        (dialog, tag)
    }

    /// A call of ours, answered. Returns its dialog and the INVITE.
    fn calling(&mut self) -> (Key, Message) {
        let dialog = self.ua.invite(self.now, 500, 9, &draft("offer")).unwrap();
        self.drain();
        let invite = self.take_sent().remove(0);
        self.receive(response(&invite, 200, "bo", ""));
        assert_eq!(self.lines(), ["ACK"]);
        self.seen();
        (dialog, invite)
    }
}

fn has(message: &Message, id: HeaderId) -> bool {
    message.has(id)
}
