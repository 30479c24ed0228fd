//! A caller or a callee that keeps book: which calls were acknowledged, which ended, which were lost. SIPp cannot say that
//! of a node that dies in between.

mod digest;
mod link;
mod message;
mod session;
mod watcher;

pub use link::Link;
pub use message::Message;
pub use session::{Media, Offer};
pub use watcher::{Watch, Watcher};

pub(crate) use digest::Credentials;
use message::{finish, uri_of};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How many peers there have been.
static PEERS: AtomicU32 = AtomicU32::new(0);

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
const GIVE_UP: Duration = Duration::from_secs(32);

/// An offer of about 300 bytes.
pub const SDP: &str = "v=0\r\no=peer 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 6000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-16\r\na=ptime:20\r\na=maxptime:150\r\na=sendrecv\r\na=rtcp:6001\r\na=mid:audio\r\na=ssrc:1234567 cname:peer\r\n";

/// Where a call stands, as its peer sees it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// INVITE sent, no final response.
    Calling,
    /// The callee rings, and answers when it is told to.
    Ringing,
    /// The caller gave up while the callee rang: 487 sent, no ACK yet. With it the call has failed with 487.
    Cancelled,
    /// The caller got the 200 and sent its ACK; or the callee got that ACK.
    Up,
    /// The callee sent its 200 and has no ACK yet.
    Answered,
    /// BYE sent, no response.
    Ending,
    /// Ended: BYE answered with 200, or the other side's BYE answered by us.
    Ended,
    /// Ended by this final status; 0 when nothing came within 32 s.
    Failed(u16),
}

/// A request or a 200 that is sent until it is answered.
#[derive(Clone, Debug)]
struct Pending {
    text: String,
    again: Instant,
    interval: Duration,
    until: Instant,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Where it stands.
    pub phase: Phase,
    /// The other side ended it.
    pub ended_by_node: bool,
    /// How many seconds its refusal asked to wait.
    pub retry_after: Option<u32>,
    begun: Instant,
    /// How long after its first INVITE it was up, if it was.
    pub up_after: Option<Duration>,
    local: String,
    remote: String,
    target: String,
    /// Where the other side's messages come from, and ours go.
    node: SocketAddr,
    cseq: u32,
    /// The last CSeq of the other side's INVITEs.
    heard: u32,
    tag: String,
    pending: Option<Pending>,
    answer: String,
    /// The INVITE that is answered when the callee is told to, and where it came from.
    unanswered: Option<(Message, SocketAddr)>,
    rings: bool,
    on_hold: bool,
    /// The other side has made an offer within the call.
    pub offered: bool,
    /// How far an offer of ours within the call has come.
    pub offer: Offer,
}

/// A caller and a callee at one address.
#[derive(Debug)]
pub struct Peer {
    link: Link,
    me: SocketAddr,
    /// All calls by Call-ID.
    pub calls: BTreeMap<String, Call>,
    /// As a callee it rings until [`answer`](Self::answer).
    pub rings: bool,
    /// As a callee it rings for so long, to the next 50 ms, before it answers.
    pub rings_for: Duration,
    /// It leaves offers within calls unanswered.
    pub silent: bool,
    /// Tells its calls from those of a peer that was here before: a node knows them for 32 s after they have ended.
    number: u32,
    made: u32,
    branch: u64,
    look_again: Instant,
}

impl Pending {
    fn new(text: String) -> Self {
        let now = Instant::now();
        Self {
            text,
            again: now + T1,
            interval: T1,
            until: now + GIVE_UP,
        }
    }
}

impl Peer {
    /// A peer at `me`.
    #[must_use]
    pub fn new(link: Link, me: SocketAddr) -> Self {
        Self {
            link,
            me,
            calls: BTreeMap::new(),
            rings: false,
            rings_for: Duration::ZERO,
            silent: false,
            number: PEERS.fetch_add(1, Ordering::Relaxed),
            made: 0,
            branch: 0,
            look_again: Instant::now(),
        }
    }

    /// How many calls stand at `phase`.
    #[must_use]
    pub fn count(&self, phase: Phase) -> usize {
        self.calls.values().filter(|c| c.phase == phase).count()
    }

    /// Calls `user` at the node. Returns the Call-ID.
    pub fn invite(&mut self, user: &str, node: SocketAddr) -> String {
        self.made += 1;
        let id = format!(
            "call-{}-{}-{}@{}",
            self.me.port(),
            self.number,
            self.made,
            self.me.ip()
        );
        let tag = format!("c{}", self.made);
        let call = Call {
            phase: Phase::Calling,
            ended_by_node: false,
            retry_after: None,
            begun: Instant::now(),
            up_after: None,
            local: format!("<sip:peer@{}>;tag={tag}", self.me),
            remote: format!("<sip:{user}@{node}>"),
            target: format!("sip:{user}@{node}"),
            node,
            cseq: 1,
            heard: 0,
            tag,
            pending: None,
            answer: String::new(),
            unanswered: None,
            rings: false,
            on_hold: false,
            offered: false,
            offer: Offer::None,
        };
        self.calls.insert(id.clone(), call);
        self.request(&id, "INVITE", 1, SDP);
        id
    }

    /// Ends a call with BYE.
    pub fn bye(&mut self, id: &str) {
        if let Some(call) = self.calls.get_mut(id) {
            call.phase = Phase::Ending;
            call.cseq += 1;
            let cseq = call.cseq;
            self.request(id, "BYE", cseq, "");
        }
    }

    /// Points a call at another address of the node, as after its restart elsewhere or over a new connection.
    pub fn redirect(&mut self, id: &str, node: SocketAddr) {
        if let Some(call) = self.calls.get_mut(id) {
            call.node = node;
        }
    }

    /// Handles what comes within `wait`, and sends again what is due.
    pub fn poll(&mut self, wait: Duration) {
        for (from, text) in self.link.receive(wait) {
            let Some(message) = Message::parse(&text) else {
                continue;
            };
            match message.status() {
                Some(status) => self.response(&message, status),
                None => self.incoming(&message, from),
            }
        }
        self.resend();
    }

    /// Polls until `holds`, at most `within`. Whether it held.
    pub fn until(&mut self, within: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let deadline = Instant::now() + within;
        while !holds(self) {
            if Instant::now() > deadline {
                return false;
            }
            self.poll(Duration::from_millis(5));
        }
        true
    }

    fn transport(&self) -> &'static str {
        if self.link.is_udp() { "UDP" } else { "TCP" }
    }

    fn contact(&self) -> String {
        format!(
            "sip:peer@{};transport={}",
            self.me,
            self.transport().to_ascii_lowercase()
        )
    }

    /// Sends a request; one that is answered is sent again until it is.
    fn request(&mut self, id: &str, method: &str, cseq: u32, body: &str) {
        self.branch += 1;
        let (transport, contact) = (self.transport(), self.contact());
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        let mut text = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/{transport} {};branch=z9hG4bKp{}x{}x{}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\n\
             Call-ID: {id}\r\nCSeq: {} {method}\r\nContact: <{contact}>\r\n",
            call.target,
            self.me,
            self.me.port(),
            self.number,
            self.branch,
            call.local,
            call.remote,
            cseq,
        );
        if method == "INVITE" {
            let _ = write!(
                text,
                "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\nUser-Agent: strowger-interop\r\nSubject: performance\r\n"
            );
        }
        finish(&mut text, body);
        self.link.send(call.node, &text);
        if method != "ACK" {
            call.pending = Some(Pending::new(text));
        }
    }

    fn response(&mut self, message: &Message, status: u16) {
        let id = message.get("call-id").to_owned();
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        match (message.method(), status) {
            // A callee may ring for as long as it likes.
            ("INVITE", 101..200) if call.phase == Phase::Calling => {
                call.pending = None;
                call.rings = true;
            }
            (_, 100..200) => {
                if let Some(pending) = &mut call.pending {
                    pending.again = pending.until;
                }
            }
            ("INVITE", 200..300) => {
                if call.phase == Phase::Calling {
                    call.phase = Phase::Up;
                    call.up_after = Some(call.begun.elapsed());
                    call.remote = message.get("to").to_owned();
                    call.target = message.contact();
                    call.pending = None;
                }
                call.offer_answered(message.cseq(), status);
                self.request(&id, "ACK", message.cseq(), "");
            }
            ("INVITE", _) => {
                if call.phase == Phase::Calling {
                    call.phase = Phase::Failed(status);
                    call.retry_after = message.get("retry-after").parse().ok();
                    call.pending = None;
                }
                call.offer_answered(message.cseq(), status);
                let (node, ack) = (call.node, call.reject_ack(message));
                self.link.send(node, &ack);
            }
            ("BYE", _) if call.phase == Phase::Ending => {
                call.pending = None;
                call.phase = if status == 200 {
                    Phase::Ended
                } else {
                    Phase::Failed(status)
                };
            }
            _ => {}
        }
    }

    fn incoming(&mut self, message: &Message, from: SocketAddr) {
        let id = message.get("call-id").to_owned();
        let contact = self.contact();
        match message.method() {
            "INVITE" => self.incoming_invite(message, from, &id, &contact),
            "ACK" => {
                let Some(call) = self.calls.get_mut(&id) else {
                    return;
                };
                if call.phase == Phase::Answered {
                    call.phase = Phase::Up;
                    call.up_after = Some(call.begun.elapsed());
                } else if call.phase == Phase::Cancelled {
                    call.phase = Phase::Failed(487);
                    call.pending = None;
                }
                // A BYE of ours that waits for its answer goes on.
                if call.phase == Phase::Up && call.offer != Offer::Open {
                    call.pending = None;
                }
            }
            "BYE" => {
                let known = self.calls.get_mut(&id);
                let status = if known.is_some() {
                    "200 OK"
                } else {
                    "481 Call/Transaction Does Not Exist"
                };
                if let Some(call) = known {
                    call.ended_by_node = true;
                    call.pending = None;
                    call.phase = Phase::Ended;
                }
                self.link
                    .send(from, &message.answer(status, "", &contact, ""));
            }
            "CANCEL" => self.cancelled(message, from, &id, &contact),
            _ => {
                self.link
                    .send(from, &message.answer("200 OK", "o", &contact, ""));
            }
        }
    }

    fn incoming_invite(&mut self, message: &Message, from: SocketAddr, id: &str, contact: &str) {
        if let Some(call) = self.calls.get(id) {
            if message.cseq() > call.heard {
                return self.incoming_offer(message, from, id, contact);
            }
            // A retransmission: the answer was lost.
            let answer = call.answer.clone();
            self.link.send(from, &answer);
            return;
        }
        self.made += 1;
        let tag = format!("a{}", self.made);
        let ringing = message.answer("180 Ringing", &tag, contact, "");
        self.link.send(from, &ringing);
        let call = Call {
            phase: Phase::Ringing,
            ended_by_node: false,
            retry_after: None,
            begun: Instant::now(),
            up_after: None,
            local: format!("{};tag={tag}", message.get("to")),
            remote: message.get("from").to_owned(),
            target: message.contact(),
            node: uri_address(&message.contact()).unwrap_or(from),
            cseq: 0,
            heard: message.cseq(),
            tag,
            pending: None,
            answer: ringing,
            unanswered: Some((message.clone(), from)),
            rings: false,
            on_hold: false,
            offered: false,
            offer: Offer::None,
        };
        self.calls.insert(id.to_owned(), call);
        if !self.rings && self.rings_for.is_zero() {
            self.answer(id);
        }
    }

    /// Sends again what is due; over TCP only because the connection may have died with the node.
    fn resend(&mut self) {
        let now = Instant::now();
        // With 100,000 calls a look at each is dear, and 50 ms are a tenth of the shortest interval.
        if now < self.look_again {
            return;
        }
        self.look_again = now + Duration::from_millis(50);
        if !self.rings && !self.rings_for.is_zero() {
            self.answer_rung();
        }
        for call in self.calls.values_mut() {
            let Some(pending) = &mut call.pending else {
                continue;
            };
            if now >= pending.until {
                call.pending = None;
                if call.offer == Offer::Open && call.phase == Phase::Up {
                    call.offer = Offer::Answered(408);
                } else {
                    call.phase = Phase::Failed(0);
                }
            } else if now >= pending.again {
                self.link.send(call.node, &pending.text);
                pending.interval = (pending.interval * 2).min(T2);
                pending.again = now + pending.interval;
            }
        }
    }
}

impl Call {
    /// The ACK of a final response other than 2xx: part of the INVITE's transaction, so with its Via (RFC 3261 17.1.1.3).
    fn reject_ack(&self, response: &Message) -> String {
        let mut text = format!(
            "ACK {} SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} ACK\r\n",
            self.target,
            response.get("via"),
            self.local,
            response.get("to"),
            response.get("call-id"),
            response.cseq(),
        );
        finish(&mut text, "");
        text
    }

    /// Whether it was ever up.
    #[must_use]
    pub fn was_up(&self) -> bool {
        self.up_after.is_some()
    }

    /// Our tag.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

/// The address in a URI, when it is written in digits.
fn uri_address(uri: &str) -> Option<SocketAddr> {
    let host = uri_of(uri).rsplit('@').next()?.trim_start_matches("sip:");
    let host = host.split(';').next()?;
    host.parse()
        .ok()
        .or_else(|| format!("{host}:5060").parse().ok())
}
