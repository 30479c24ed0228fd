//! One side of a call, or of a single request, as a test scripts it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use super::SipPeers;
use super::exchange::{Came, Sent};
use super::leg::{Leg, Wanted, finish};
use super::text::{self, lossy};
use crate::proto::compose::reason;
use crate::proto::wire::{Builder, HeaderId, Message, Method};

/// One side of a call. Clones are the same side; methods give it back so that they chain.
#[derive(Clone)]
pub struct Call {
    peers: SipPeers,
    leg: Rc<RefCell<Leg>>,
}

impl Call {
    #[track_caller]
    pub(super) fn to_be_made(peers: &SipPeers, from: &str, to: &str) -> Self {
        let leg = Leg::calling(&*peers.ground(), peers.transport, from, to);
        Self::with(peers, leg)
    }

    /// The side of the next request of that method to that address, if one comes.
    #[track_caller]
    pub(super) fn received(peers: &SipPeers, method: &str, uri: &str) -> Option<Self> {
        let ground = peers.ground();
        let at = ground.peer(text::host(uri));
        let user = text::user(uri).as_bytes();
        let came = peers.exchange.borrow_mut().wait(peers.patience, |came| {
            let request = &came.message;
            let asked = request
                .uri()
                .ok()
                .and_then(|u| u.user())
                .unwrap_or_default();
            came.at == at && request.to_tag().is_none() && is(request, method) && asked == user
        })?;
        Some(Self::with(peers, Leg::called(&*ground, came)))
    }

    fn with(peers: &SipPeers, leg: Leg) -> Self {
        Self {
            peers: peers.clone(),
            leg: Rc::new(RefCell::new(leg)),
        }
    }

    /// The Contact of this side, as its messages have it.
    #[must_use]
    pub fn contact(&self) -> String {
        self.leg.borrow().contact.clone()
    }

    // ---- requests

    /// Sends a request of this call. `lines` are whole header lines without their line ends.
    #[track_caller]
    pub fn request(&self, method: &str, lines: &[&str], body: &[u8]) -> Self {
        let wanted = Wanted {
            method,
            lines,
            body,
        };
        let (sent, message) = self
            .leg
            .borrow_mut()
            .request(&*self.peers.ground(), &wanted);
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
        let Some(invite) = self.leg.borrow().sent.clone() else {
            self.fail("there is no INVITE to cancel");
        };
        let (sent, message) = self.leg.borrow().cancel(&invite);
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
        let answer = self.last();
        let sent = self.leg.borrow().ack(&*self.peers.ground(), &answer, body);
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

    /// Takes a 2xx to an INVITE that [`next_response`](Self::next_response) gave, as [`expect`](Self::expect) does.
    #[track_caller]
    pub fn acknowledge(&self, response: &Message) -> Self {
        self.learn(response, response.status().unwrap_or_default());
        self.clone()
    }

    #[track_caller]
    fn learn(&self, response: &Message, status: u16) {
        let invite = response.cseq().is_ok_and(|c| c.method == b"INVITE");
        self.leg.borrow_mut().learn(response, status);
        let now = !self.leg.borrow().ack_later;
        if invite && now && (200..300).contains(&status) {
            self.ack(b"");
        }
    }

    // ---- requests that are expected

    /// Waits for a request of this call; it is answered with [`respond`](Self::respond).
    #[track_caller]
    pub fn expect_request(&self, method: &str) -> Self {
        match self.find_request(method, self.peers.patience) {
            Some(call) => call,
            None => self.fail(&format!("expected {method}, but it did not come")),
        }
    }

    /// Waits for a request of this call at most that long, and does without if none comes.
    #[track_caller]
    pub fn find_request(&self, method: &str, patience: Duration) -> Option<Self> {
        let came = self.next_request(method, patience)?;
        self.leg.borrow_mut().take(came);
        Some(self.clone())
    }

    #[track_caller]
    fn next_request(&self, method: &str, patience: Duration) -> Option<Came> {
        let (here, call_id, tag) = {
            let leg = self.leg.borrow();
            (leg.here, leg.call_id.clone(), leg.local_tag.clone())
        };
        self.peers.exchange.borrow_mut().wait(patience, |came| {
            let to = came.message.to_tag();
            came.at == here
                && is(&came.message, method)
                && came.message.call_id().ok() == Some(call_id.as_bytes())
                && to.is_none_or(|to| to == tag.as_bytes())
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

    /// Goes back to the INVITE, after other requests that came or were sent before its final response: it is answered next,
    /// or its responses are expected.
    #[track_caller]
    pub fn back_to_invite(&self) -> Self {
        let mut leg = self.leg.borrow_mut();
        leg.pending = leg.invite.clone();
        leg.sent = leg.sent_invite.clone();
        drop(leg);
        self.clone()
    }

    /// Acknowledges the reliable provisional response that came last (RFC 3262), with a session description or without, and
    /// goes back to the INVITE.
    #[track_caller]
    pub fn prack(&self, body: &[u8]) -> Self {
        let response = self.last();
        let number = response.cseq().map_or(0, |cseq| cseq.number);
        let rseq = response.get(HeaderId::RSeq).map(lossy);
        let rack = format!("RAck: {} {number} INVITE", rseq.unwrap_or_default());
        self.request("PRACK", &[&rack], body);
        self.expect(200).back_to_invite()
    }

    /// Waits for the PRACK of a reliable response of ours, answers it and goes back to the INVITE.
    #[track_caller]
    pub fn expect_prack(&self) -> Self {
        self.expect_request("PRACK").respond(200).back_to_invite()
    }

    /// A provisional response that is to be acknowledged, with this number.
    #[track_caller]
    pub fn respond_reliably(&self, status: u16, rseq: u32, body: &[u8]) -> Self {
        let rseq = format!("RSeq: {rseq}");
        self.respond_with(status, &["Require: 100rel", &rseq], body)
    }

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
            Some(
                Method::Invite
                    | Method::Update
                    | Method::Subscribe
                    | Method::Notify
                    | Method::Refer
            )
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

    /// Another branch of the INVITE that came, as behind a proxy that forks: it answers for itself, by its own tag.
    #[must_use]
    pub fn branch(&self) -> Self {
        let leg = self.leg.borrow().branch(&*self.peers.ground());
        Self::with(&self.peers, leg)
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

    fn sent_method(&self) -> String {
        let leg = self.leg.borrow();
        let method = leg.sent.as_ref().and_then(Message::method);
        method.map_or_else(|| "nothing".to_owned(), |m| lossy(m.as_bytes()))
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let context = self.peers.ground().context();
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

fn is(message: &Message, method: &str) -> bool {
    message
        .method()
        .is_some_and(|m| m.as_bytes() == method.as_bytes())
}
