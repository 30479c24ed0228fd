//! What one side of a call knows, and the requests that it makes of that.

use std::net::SocketAddr;

use bytes::Bytes;
use strowger::ra::Transport;
use strowger_testkit::Ground;

use super::exchange::{Came, Sent};
use super::text::{self, lossy};
use crate::proto::wire::{Builder, HeaderId, Message, Method};

/// A side of a dialog (RFC 3261 12), or of the attempt at one.
pub(super) struct Leg {
    pub(super) here: SocketAddr,
    pub(super) call_id: String,
    pub(super) local: String,
    pub(super) local_tag: String,
    pub(super) contact: String,
    pub(super) remote: String,
    /// The last request that was sent, whose responses are expected.
    pub(super) sent: Option<Message>,
    /// The last INVITE that was sent.
    pub(super) sent_invite: Option<Message>,
    /// The last request that came, which is answered next.
    pub(super) pending: Option<Came>,
    /// An INVITE that waits for its answer while other requests come.
    pub(super) invite: Option<Came>,
    /// The last message that was expected and came.
    pub(super) last: Option<Message>,
    pub(super) ack_later: bool,
    there: SocketAddr,
    transport: Transport,
    remote_tag: Option<String>,
    target: String,
    routes: Vec<String>,
    cseq: u32,
}

/// A request to be written.
pub(super) struct Wanted<'a> {
    pub(super) method: &'a str,
    pub(super) lines: &'a [&'a str],
    pub(super) body: &'a [u8],
}

impl Leg {
    /// The side of one who calls. A callee without a host is a user of the node itself.
    pub(super) fn calling(ground: &dyn Ground, transport: Transport, from: &str, to: &str) -> Self {
        let here = ground.peer(text::host(from));
        let Some(node) = ground.node(transport) else {
            panic!(
                "the node does not listen for {transport:?}\n{}",
                ground.context()
            );
        };
        let host = text::host(to);
        let target = if !to.contains(':') {
            format!("sip:{to}@{node}")
        } else if text::address(format!("sip:{host}").as_bytes()).is_some() {
            to.to_owned()
        } else {
            format!("sip:{}@{}", text::user(to), ground.peer(host))
        };
        let remote = if to.contains(':') {
            to.to_owned()
        } else {
            target.clone()
        };
        let unique = ground.unique();
        Self {
            here,
            call_id: format!("{unique:016x}@{}", here.ip()),
            local: from.to_owned(),
            local_tag: format!("{:x}", unique >> 24),
            contact: contact(text::user(from), here, transport),
            remote,
            sent: None,
            sent_invite: None,
            pending: None,
            invite: None,
            last: None,
            ack_later: false,
            there: node,
            transport,
            remote_tag: None,
            target: with_transport(target, transport),
            routes: Vec::new(),
            cseq: 0,
        }
    }

    /// The side of one to whom a request came.
    pub(super) fn called(ground: &dyn Ground, came: Came) -> Self {
        let request = came.message.clone();
        let user = request
            .uri()
            .ok()
            .and_then(|uri| uri.user())
            .map(lossy)
            .unwrap_or_default();
        let target = request
            .contact()
            .and_then(Result::ok)
            .map(|c| lossy(c.uri_raw));
        Self {
            here: came.at,
            call_id: lossy(request.call_id().unwrap_or_default()),
            local: uri_of(&request, HeaderId::To),
            local_tag: format!("{:x}", ground.unique() >> 24),
            contact: contact(&user, came.at, came.transport),
            remote: uri_of(&request, HeaderId::From),
            there: came.from,
            transport: came.transport,
            remote_tag: request.from_tag().map(lossy),
            target: target.unwrap_or_default(),
            routes: routes(&request),
            cseq: 0,
            sent: None,
            sent_invite: None,
            invite: Some(came.clone()),
            pending: Some(came),
            last: Some(request),
            ack_later: false,
        }
    }

    /// The side of another who got the same INVITE.
    pub(super) fn branch(&self, ground: &dyn Ground) -> Self {
        let Some(invite) = self.invite.clone() else {
            panic!("no INVITE has come\n{}", ground.context());
        };
        Self::called(ground, invite)
    }

    /// A request with the next number.
    pub(super) fn request(&mut self, ground: &dyn Ground, wanted: &Wanted<'_>) -> (Sent, Message) {
        self.cseq += 1;
        let via = self.via(ground);
        let (sent, message) = self.compose(self.cseq, via.as_bytes(), wanted);
        self.sent = Some(message.clone());
        if wanted.method == "INVITE" {
            self.sent_invite = Some(message.clone());
        }
        (sent, message)
    }

    /// The ACK of a 2xx: a request of its own with the INVITE's number.
    pub(super) fn ack(&self, ground: &dyn Ground, answer: &Message, body: &[u8]) -> Sent {
        let number = answer.cseq().map_or(self.cseq, |cseq| cseq.number);
        let wanted = Wanted {
            method: "ACK",
            lines: &[],
            body,
        };
        self.compose(number, self.via(ground).as_bytes(), &wanted).0
    }

    /// The CANCEL of an INVITE: its Request-URI, Via, To and number (RFC 3261 9.1).
    pub(super) fn cancel(&self, invite: &Message) -> (Sent, Message) {
        let mut builder = Builder::request(&Method::Cancel, invite.uri_raw().unwrap_or_default());
        for id in [
            HeaderId::Via,
            HeaderId::MaxForwards,
            HeaderId::Route,
            HeaderId::From,
            HeaderId::To,
        ] {
            builder.copy(invite, id);
        }
        builder.copy(invite, HeaderId::CallId);
        builder.cseq(invite.cseq().map_or(1, |cseq| cseq.number), &Method::Cancel);
        let bytes = builder.finish().unwrap_or_default();
        (self.to(self.there, bytes.clone()), text::parsed(bytes))
    }

    /// What a response teaches about the dialog.
    pub(super) fn learn(&mut self, response: &Message, status: u16) {
        self.last = Some(response.clone());
        let makes_none = response.cseq().is_ok_and(|cseq| cseq.method == b"REGISTER");
        if makes_none || !(101..300).contains(&status) {
            return;
        }
        if let Some(tag) = response.to_tag().map(lossy) {
            if self.remote_tag.as_ref().is_some_and(|old| *old != tag) {
                // Of another fork, which has a route set of its own.
                self.routes.clear();
            }
            self.remote_tag = Some(tag);
        }
        if let Some(Ok(contact)) = response.contact() {
            self.target = lossy(contact.uri_raw);
        }
        if self.routes.is_empty() {
            self.routes = routes(response);
            self.routes.reverse();
        }
    }

    /// What a request within the dialog teaches about it.
    pub(super) fn take(&mut self, came: Came) {
        self.last = Some(came.message.clone());
        if let Some(Ok(contact)) = came.message.contact() {
            self.target = lossy(contact.uri_raw);
        }
        if came.message.method() == Some(&Method::Invite) {
            self.invite = Some(came.clone());
        }
        self.pending = Some(came);
    }

    fn via(&self, ground: &dyn Ground) -> String {
        let transport = if self.transport == Transport::Tcp {
            "TCP"
        } else {
            "UDP"
        };
        let unique = ground.unique();
        format!(
            "SIP/2.0/{transport} {};branch=z9hG4bK{unique:x};rport",
            self.here
        )
    }

    fn compose(&self, cseq: u32, via: &[u8], wanted: &Wanted<'_>) -> (Sent, Message) {
        let method = Method::from_bytes(wanted.method.as_bytes());
        let mut builder = Builder::request(&method, self.target.as_bytes());
        builder
            .header(HeaderId::Via, via)
            .header(HeaderId::MaxForwards, b"70");
        for route in &self.routes {
            builder.header(HeaderId::Route, format!("<{route}>").as_bytes());
        }
        let from = format!("<{}>;tag={}", self.local, self.local_tag);
        builder.header(HeaderId::From, from.as_bytes());
        let tag = self
            .remote_tag
            .as_ref()
            .map_or_else(String::new, |tag| format!(";tag={tag}"));
        builder.header(HeaderId::To, format!("<{}>{tag}", self.remote).as_bytes());
        builder.header(HeaderId::CallId, self.call_id.as_bytes());
        builder.cseq(cseq, &method);
        if !matches!(method, Method::Ack | Method::Bye | Method::Register) {
            builder.header(HeaderId::Contact, self.contact.as_bytes());
        }
        let bytes = finish(builder, wanted.lines, wanted.body);
        (self.to(self.next_hop(), bytes.clone()), text::parsed(bytes))
    }

    fn to(&self, to: SocketAddr, bytes: Bytes) -> Sent {
        Sent {
            from: self.here,
            to,
            transport: self.transport,
            bytes,
        }
    }

    /// The first route, or the peer's contact; before there is a dialog, the node.
    fn next_hop(&self) -> SocketAddr {
        if self.remote_tag.is_none() || self.target.is_empty() {
            return self.there;
        }
        let uri = self.routes.first().unwrap_or(&self.target);
        text::address(uri.as_bytes()).unwrap_or(self.there)
    }
}

/// Adds header lines and body; a body without a type is a session description.
pub(super) fn finish(mut builder: Builder, lines: &[&str], body: &[u8]) -> Bytes {
    let mut typed = false;
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        typed |= name.eq_ignore_ascii_case("content-type");
        builder.named(name.as_bytes(), value.trim().as_bytes());
    }
    if !body.is_empty() && !typed {
        builder.header(HeaderId::ContentType, b"application/sdp");
    }
    match builder.finish_with_body(body) {
        Ok(bytes) => bytes,
        Err(error) => panic!("the scenario cannot be written as a message: {error}"),
    }
}

fn contact(user: &str, here: SocketAddr, transport: Transport) -> String {
    let at = if user.is_empty() { "" } else { "@" };
    format!(
        "<{}>",
        with_transport(format!("sip:{user}{at}{here}"), transport)
    )
}

fn with_transport(uri: String, transport: Transport) -> String {
    if transport == Transport::Tcp && !text::wants_tcp(uri.as_bytes()) {
        format!("{uri};transport=tcp")
    } else {
        uri
    }
}

fn uri_of(message: &Message, id: HeaderId) -> String {
    message
        .address_of(id)
        .map_or_else(|_| String::new(), |address| lossy(address.uri_raw))
}

fn routes(message: &Message) -> Vec<String> {
    message
        .record_routes()
        .filter_map(Result::ok)
        .map(|r| lossy(r.uri_raw))
        .collect()
}
