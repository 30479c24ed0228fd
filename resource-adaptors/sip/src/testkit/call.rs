//! One side of a call, or of a single request, as a test scripts it.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use strowger::ra::Transport;

use super::SipPeers;
use super::exchange::{Came, Sent};
use super::text;
use crate::proto::compose::reason;
use crate::proto::wire::{Builder, HeaderId, Message, Method};

/// One side of a call. Clones are the same side; methods give it back so that they chain.
#[derive(Clone)]
pub struct Call {
    peers: SipPeers,
    leg: Rc<RefCell<Leg>>,
}

/// What a side of a dialog knows (RFC 3261 12).
struct Leg {
    here: SocketAddr,
    there: SocketAddr,
    transport: Transport,
    call_id: String,
    local: String,
    local_tag: String,
    remote: String,
    remote_tag: Option<String>,
    target: String,
    routes: Vec<String>,
    cseq: u32,
    contact: String,
    /// The last request that was sent, whose responses are expected.
    sent: Option<Message>,
    /// The last request that came, which is answered next.
    pending: Option<Came>,
    /// An INVITE that waits for its answer while other requests come.
    invite: Option<Came>,
    /// The last message that was expected and came.
    last: Option<Message>,
    ack_later: bool,
}

impl Call {
    pub(super) fn to_be_made(peers: &SipPeers, from: &str, to: &str) -> Self {
        let (here, there, target, unique) = {
            let exchange = peers.exchange.borrow();
            let ground = &exchange.ground;
            let here = ground.peer(text::host(from));
            let Some(node) = ground.node(peers.transport) else {
                panic!(
                    "the node does not listen for {:?}\n{}",
                    peers.transport,
                    ground.context()
                );
            };
            let target = match (to.contains('@'), text::host(to)) {
                (false, _) if !to.contains(':') => format!("sip:{to}@{node}"),
                (_, host) if text::address(format!("sip:{host}").as_bytes()).is_some() => {
                    to.to_owned()
                }
                (_, host) => format!("sip:{}@{}", text::user(to), ground.peer(host)),
            };
            (here, node, target, ground.unique())
        };
        let to = if to.contains(':') { to } else { &target };
        let leg = Leg {
            here,
            there,
            transport: peers.transport,
            call_id: format!("{unique:016x}@{}", here.ip()),
            local: from.to_owned(),
            local_tag: format!("{:x}", unique >> 24),
            remote: to.to_owned(),
            remote_tag: None,
            target: with_transport(target, peers.transport),
            routes: Vec::new(),
            cseq: 0,
            contact: contact(text::user(from), here, peers.transport),
            sent: None,
            pending: None,
            invite: None,
            last: None,
            ack_later: false,
        };
        Self {
            peers: peers.clone(),
            leg: Rc::new(RefCell::new(leg)),
        }
    }

    #[track_caller]
    pub(super) fn received(peers: &SipPeers, method: &str, uri: &str) -> Self {
        let at = peers.exchange.borrow().ground.peer(text::host(uri));
        let user = text::user(uri);
        let came = peers.exchange.borrow_mut().wait(peers.patience, |came| {
            let request = &came.message;
            came.at == at
                && request.to_tag().is_none()
                && request
                    .method()
                    .is_some_and(|m| m.as_bytes() == method.as_bytes())
                && request
                    .uri()
                    .ok()
                    .and_then(|u| u.user())
                    .unwrap_or_default()
                    == user.as_bytes()
        });
        let Some(came) = came else {
            panic!(
                "no {method} came to {uri}\n{}",
                peers.exchange.borrow().ground.context()
            );
        };
        let unique = peers.exchange.borrow().ground.unique();
        let request = came.message.clone();
        let leg = Leg {
            here: at,
            there: came.from,
            transport: came.transport,
            call_id: lossy(request.call_id().unwrap_or_default()),
            local: uri_of(&request, HeaderId::To),
            local_tag: format!("{:x}", unique >> 24),
            remote: uri_of(&request, HeaderId::From),
            remote_tag: request.from_tag().map(lossy),
            target: request
                .contact()
                .and_then(Result::ok)
                .map_or_else(String::new, |c| lossy(c.uri_raw)),
            routes: request
                .record_routes()
                .filter_map(Result::ok)
                .map(|r| lossy(r.uri_raw))
                .collect(),
            cseq: 0,
            contact: contact(user, at, came.transport),
            sent: None,
            invite: Some(came.clone()),
            pending: Some(came),
            last: Some(request),
            ack_later: false,
        };
        Self {
            peers: peers.clone(),
            leg: Rc::new(RefCell::new(leg)),
        }
    }

    // ---- requests

    #[track_caller]
    pub(super) fn start(self, method: &str, lines: &[&str], body: &[u8]) -> Self {
        self.request(method, lines, body)
    }

    /// Sends a request of this call. `lines` are whole header lines without their line ends.
    #[track_caller]
    pub fn request(&self, method: &str, lines: &[&str], body: &[u8]) -> Self {
        let cseq = {
            let mut leg = self.leg.borrow_mut();
            leg.cseq += 1;
            leg.cseq
        };
        let (sent, message) = self.compose(method, cseq, None, lines, body);
        self.leg.borrow_mut().sent = Some(message.clone());
        self.peers
            .exchange
            .borrow_mut()
            .send_request(sent, &message);
        self.clone()
    }

    /// Hangs up.
    #[track_caller]
    pub fn bye(&self) -> Self {
        self.request("BYE", &[], b"")
    }

    /// Sends a re-INVITE with an offer.
    #[track_caller]
    pub fn reinvite(&self) -> Self {
        let offer = self.default_sdp();
        self.request("INVITE", &[], &offer)
    }

    /// Gives up. What comes next is the INVITE's final response; the answer to the CANCEL itself is not looked at.
    #[track_caller]
    pub fn cancel(&self) -> Self {
        let (invite, cseq) = {
            let leg = self.leg.borrow();
            (leg.sent.clone(), leg.cseq)
        };
        let Some(invite) = invite else {
            self.fail("there is no INVITE to cancel");
        };
        let via = invite.get(HeaderId::Via).unwrap_or_default().to_vec();
        let (sent, message) = self.compose("CANCEL", cseq, Some(&via), &[], b"");
        self.peers
            .exchange
            .borrow_mut()
            .send_request(sent, &message);
        self.clone()
    }

    /// From here on a 2xx is not acknowledged before [`ack`](Self::ack) is called.
    pub fn ack_later(&self) -> Self {
        self.leg.borrow_mut().ack_later = true;
        self.clone()
    }

    /// Acknowledges the last 2xx, with an answer where that is due.
    #[track_caller]
    pub fn ack(&self, body: &[u8]) -> Self {
        let (answer, cseq) = {
            let leg = self.leg.borrow();
            (leg.last.clone(), leg.cseq)
        };
        let Some(answer) = answer else {
            self.fail("there is no answer to acknowledge");
        };
        let cseq = answer.cseq().map_or(cseq, |c| c.number);
        let (sent, _) = self.compose("ACK", cseq, None, &[], body);
        self.peers.exchange.borrow_mut().send_ack(&sent, &answer);
        self.clone()
    }

    // ---- responses that are expected

    /// Waits for a response to the last request: 100 and, where a final one is expected, other provisional ones are
    /// passed over. A 2xx to an INVITE is acknowledged.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Self {
        loop {
            let Some(response) = self.next_response(self.peers.patience) else {
                self.fail(&format!(
                    "expected {status} to {}, but nothing came",
                    self.sent_method()
                ));
            };
            let got = response.status().unwrap_or_default();
            self.learn(&response, got);
            if got == status {
                return self.clone();
            }
            let passed_over = got == 100 || got < 200 && status >= 200;
            if !passed_over {
                let line = lossy(
                    response
                        .as_bytes()
                        .split(|b| *b == b'\r')
                        .next()
                        .unwrap_or_default(),
                );
                self.fail(&format!(
                    "expected {status} to {}, but got {line}",
                    self.sent_method()
                ));
            }
        }
    }

    /// The next response to the last request, whatever it is; none if none comes within `patience`.
    #[track_caller]
    pub fn next_response(&self, patience: Duration) -> Option<Message> {
        let (here, call_id, sent) = {
            let leg = self.leg.borrow();
            (leg.here, leg.call_id.clone(), leg.sent.clone()?)
        };
        let cseq = sent.get(HeaderId::CSeq).unwrap_or_default().to_vec();
        let came = self.peers.exchange.borrow_mut().wait(patience, |came| {
            came.at == here
                && !came.message.is_request()
                && came.message.call_id().ok() == Some(call_id.as_bytes())
                && came.message.get(HeaderId::CSeq) == Some(&cseq[..])
        })?;
        Some(came.message)
    }

    /// What a response teaches about the dialog, and the ACK that it asks for.
    #[track_caller]
    fn learn(&self, response: &Message, status: u16) {
        let invite = response.cseq().is_ok_and(|c| c.method == b"INVITE");
        let ack = {
            let mut leg = self.leg.borrow_mut();
            leg.last = Some(response.clone());
            if status > 100 && status < 300 {
                leg.remote_tag = response
                    .to_tag()
                    .map(lossy)
                    .or_else(|| leg.remote_tag.take());
                if let Some(Ok(contact)) = response.contact() {
                    leg.target = lossy(contact.uri_raw);
                }
                if invite && leg.routes.is_empty() {
                    leg.routes = response
                        .record_routes()
                        .filter_map(Result::ok)
                        .map(|r| lossy(r.uri_raw))
                        .collect();
                    leg.routes.reverse();
                }
            }
            invite && (200..300).contains(&status) && !leg.ack_later
        };
        if ack {
            self.ack(b"");
        }
    }

    // ---- requests that are expected

    /// Waits for a request of this call; it is answered with [`respond`](Self::respond).
    #[track_caller]
    pub fn expect_request(&self, method: &str) -> Self {
        let Some(came) = self.next_request(method, self.peers.patience) else {
            self.fail(&format!("expected {method}, but it did not come"));
        };
        let mut leg = self.leg.borrow_mut();
        leg.last = Some(came.message.clone());
        if let Some(Ok(contact)) = came.message.contact() {
            leg.target = lossy(contact.uri_raw);
        }
        if came.message.method() == Some(&Method::Invite) {
            leg.invite = Some(came.clone());
        }
        leg.pending = Some(came);
        drop(leg);
        self.clone()
    }

    #[track_caller]
    fn next_request(&self, method: &str, patience: Duration) -> Option<Came> {
        let (here, call_id) = {
            let leg = self.leg.borrow();
            (leg.here, leg.call_id.clone())
        };
        self.peers.exchange.borrow_mut().wait(patience, |came| {
            came.at == here
                && came
                    .message
                    .method()
                    .is_some_and(|m| m.as_bytes() == method.as_bytes())
                && came.message.call_id().ok() == Some(call_id.as_bytes())
        })
    }

    /// Waits for the other side's BYE and answers it.
    #[track_caller]
    pub fn expect_bye(&self) -> Self {
        self.expect_request("BYE").respond(200)
    }

    /// Waits for the ACK of our 2xx.
    #[track_caller]
    pub fn expect_ack(&self) -> Self {
        self.expect_request("ACK")
    }

    /// Waits for a re-INVITE; it is answered with [`answer`](Self::answer).
    #[track_caller]
    pub fn expect_reinvite(&self) -> Self {
        self.expect_request("INVITE")
    }

    /// Waits for the CANCEL of the INVITE; answers both.
    #[track_caller]
    pub fn expect_cancel(&self) -> Self {
        self.expect_request("CANCEL").respond(200);
        let invite = self.leg.borrow_mut().invite.take();
        self.leg.borrow_mut().pending = invite;
        self.respond(487)
    }

    /// Asserts that neither request nor response of this call comes within that time.
    #[track_caller]
    pub fn expect_nothing(&self, time: Duration) -> Self {
        let (here, call_id) = {
            let leg = self.leg.borrow();
            (leg.here, leg.call_id.clone())
        };
        let came = self.peers.exchange.borrow_mut().wait(time, |came| {
            came.at == here && came.message.call_id().ok() == Some(call_id.as_bytes())
        });
        if let Some(came) = came {
            self.fail(&format!(
                "expected nothing, but got\n{}",
                lossy(came.message.as_bytes())
            ));
        }
        self.clone()
    }

    // ---- responses

    /// Answers the last request that came.
    #[track_caller]
    pub fn respond(&self, status: u16) -> Self {
        self.respond_with(status, &[], b"")
    }

    /// 180 to the INVITE.
    #[track_caller]
    pub fn ring(&self) -> Self {
        self.respond(180)
    }

    /// 183 with a session description.
    #[track_caller]
    pub fn progress(&self) -> Self {
        let sdp = self.default_sdp();
        self.respond_with(183, &[], &sdp)
    }

    /// 200 with a session description.
    #[track_caller]
    pub fn answer(&self) -> Self {
        let sdp = self.default_sdp();
        self.respond_with(200, &[], &sdp)
    }

    /// Answers the last request that came, with header lines and a body.
    #[track_caller]
    pub fn respond_with(&self, status: u16, lines: &[&str], body: &[u8]) -> Self {
        let (request, tag, contact) = {
            let leg = self.leg.borrow();
            (
                leg.pending.clone(),
                leg.local_tag.clone(),
                leg.contact.clone(),
            )
        };
        let Some(request) = request else {
            self.fail("there is no request to answer");
        };
        let tag = (status > 100).then_some(tag.as_bytes());
        let mut builder =
            Builder::response_via(&request.message, status, reason(status), tag, request.from);
        if matches!(
            request.message.method(),
            Some(Method::Invite | Method::Update)
        ) && status < 300
        {
            builder.header(HeaderId::Contact, contact.as_bytes());
        }
        let bytes = finish(builder, lines, body);
        let sent = Sent {
            from: request.at,
            to: request.from,
            transport: request.transport,
            bytes,
        };
        self.peers
            .exchange
            .borrow_mut()
            .send_response(sent, &request.message, status);
        self.clone()
    }

    // ---- what is known

    /// The last message that was expected and came.
    #[must_use]
    #[track_caller]
    pub fn last(&self) -> Message {
        let last = self.leg.borrow().last.clone();
        last.unwrap_or_else(|| self.fail("nothing has come"))
    }

    /// Its body.
    #[must_use]
    #[track_caller]
    pub fn body(&self) -> Bytes {
        self.last().body_bytes()
    }

    /// Its first header line of that name.
    #[must_use]
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<String> {
        self.last().get_named(name.as_bytes()).map(lossy)
    }

    /// This side's session description.
    #[must_use]
    pub fn default_sdp(&self) -> Vec<u8> {
        text::sdp(self.leg.borrow().here.ip(), 4000)
    }

    // ---- inside

    fn compose(
        &self,
        method: &str,
        cseq: u32,
        via: Option<&[u8]>,
        lines: &[&str],
        body: &[u8],
    ) -> (Sent, Message) {
        let unique = self.peers.exchange.borrow().ground.unique();
        let leg = self.leg.borrow();
        let method = Method::from_bytes(method.as_bytes());
        let mut builder = Builder::request(&method, leg.target.as_bytes());
        let transport = if leg.transport == Transport::Tcp {
            "TCP"
        } else {
            "UDP"
        };
        let fresh = format!(
            "SIP/2.0/{transport} {};branch=z9hG4bK{unique:x};rport",
            leg.here
        );
        builder.header(HeaderId::Via, via.unwrap_or(fresh.as_bytes()));
        builder.header(HeaderId::MaxForwards, b"70");
        for route in &leg.routes {
            builder.header(HeaderId::Route, format!("<{route}>").as_bytes());
        }
        builder.header(
            HeaderId::From,
            format!("<{}>;tag={}", leg.local, leg.local_tag).as_bytes(),
        );
        let to = match &leg.remote_tag {
            Some(tag) if method != Method::Cancel => format!("<{}>;tag={tag}", leg.remote),
            _ => format!("<{}>", leg.remote),
        };
        builder.header(HeaderId::To, to.as_bytes());
        builder.header(HeaderId::CallId, leg.call_id.as_bytes());
        builder.cseq(cseq, &method);
        if !matches!(method, Method::Ack | Method::Bye | Method::Cancel) {
            builder.header(HeaderId::Contact, leg.contact.as_bytes());
        }
        let bytes = finish(builder, lines, body);
        let to = self.next_hop(&leg);
        let sent = Sent {
            from: leg.here,
            to,
            transport: leg.transport,
            bytes: bytes.clone(),
        };
        (sent, text::parsed(bytes))
    }

    /// The first route, or the peer's contact; before there is a dialog, the node.
    fn next_hop(&self, leg: &Leg) -> SocketAddr {
        if leg.remote_tag.is_none() || leg.target.is_empty() {
            return leg.there;
        }
        let uri = leg.routes.first().unwrap_or(&leg.target);
        text::address(uri.as_bytes()).unwrap_or(leg.there)
    }

    fn sent_method(&self) -> String {
        let leg = self.leg.borrow();
        let method = leg.sent.as_ref().and_then(Message::method);
        method.map_or_else(|| "nothing".to_owned(), |m| lossy(m.as_bytes()))
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let context = self.peers.exchange.borrow().ground.context();
        let local = self.leg.borrow().local.clone();
        panic!("{local}: {what}\n{context}")
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let leg = self.leg.borrow();
        f.debug_struct("Call")
            .field("local", &leg.local)
            .field("remote", &leg.remote)
            .finish_non_exhaustive()
    }
}

fn finish(mut builder: Builder, lines: &[&str], body: &[u8]) -> Bytes {
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
    let parameter = if transport == Transport::Tcp {
        ";transport=tcp"
    } else {
        ""
    };
    let at = if user.is_empty() { "" } else { "@" };
    format!("<sip:{user}{at}{here}{parameter}>")
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

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
