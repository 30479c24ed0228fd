//! What comes to the peers and what they repeat: the part of RFC 3261 17 that a script needs not to stumble over lost and
//! doubled datagrams.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use strowger::ra::Transport;
use strowger_testkit::{Ground, Received};

use crate::proto::framing::{Frame, Framer};
use crate::proto::wire::{Limits, Message, Method};

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
/// 64*T1: after this a peer gives up repeating.
const GIVE_UP: Duration = Duration::from_secs(32);

/// A message that came to a peer.
#[derive(Clone, Debug)]
pub struct Came {
    /// To which peer.
    pub at: SocketAddr,
    /// From where.
    pub from: SocketAddr,
    /// How.
    pub transport: Transport,
    /// The message.
    pub message: Message,
}

/// Branch and method: what tells a transaction.
type Transaction = (Vec<u8>, Vec<u8>);

#[derive(Clone)]
pub(super) struct Sent {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) transport: Transport,
    pub(super) bytes: Bytes,
}

struct Repeat {
    sent: Sent,
    what: Until,
    interval: Duration,
    next: Duration,
    end: Duration,
}

/// What ends a repetition.
#[derive(PartialEq, Eq)]
enum Until {
    /// A response to this request.
    Response(Transaction),
    /// The ACK in this call with this number.
    Ack(Vec<u8>, u32),
}

pub(super) struct Exchange {
    pub(super) ground: Rc<dyn Ground>,
    stash: VecDeque<Came>,
    framers: BTreeMap<(SocketAddr, SocketAddr), Framer>,
    /// Requests that came; what they were answered with, once they were.
    requests: BTreeMap<Transaction, Option<Sent>>,
    /// Responses that came: transaction, status, tag.
    responses: BTreeSet<(Transaction, u16, Vec<u8>)>,
    /// INVITEs that were sent, for the ACK of a failure.
    invites: BTreeMap<Vec<u8>, Sent>,
    /// ACKs by branch of the INVITE and tag of the answer.
    acks: BTreeMap<(Vec<u8>, Vec<u8>), Sent>,
    repeats: Vec<Repeat>,
}

impl Exchange {
    pub(super) fn new(ground: Rc<dyn Ground>) -> Self {
        Self {
            ground,
            stash: VecDeque::new(),
            framers: BTreeMap::new(),
            requests: BTreeMap::new(),
            responses: BTreeSet::new(),
            invites: BTreeMap::new(),
            acks: BTreeMap::new(),
            repeats: Vec::new(),
        }
    }

    /// The first message that fits, of those that came and those that come within `patience`.
    #[track_caller]
    pub(super) fn wait(
        &mut self,
        patience: Duration,
        fits: impl Fn(&Came) -> bool,
    ) -> Option<Came> {
        let until = self.ground.elapsed() + patience;
        loop {
            while self.pull(Duration::ZERO) {}
            if let Some(i) = self.stash.iter().position(&fits) {
                return self.stash.remove(i);
            }
            let now = self.ground.elapsed();
            if now >= until {
                return None;
            }
            let wake = self.repeat(now).map_or(until, |next| next.min(until));
            self.pull(wake.saturating_sub(now));
        }
    }

    /// Takes what has come and repeats what is due; gives the time until the next repetition.
    #[track_caller]
    pub(super) fn tend(&mut self) -> Option<Duration> {
        while self.pull(Duration::ZERO) {}
        let now = self.ground.elapsed();
        let next = self.repeat(now)?;
        Some(next.saturating_sub(now))
    }

    // ---- what is sent

    #[track_caller]
    pub(super) fn send_request(&mut self, sent: Sent, message: &Message) {
        let key = transaction(message);
        if message.method() == Some(&Method::Invite) {
            self.invites.insert(key.0.clone(), sent.clone());
        }
        self.transmit(&sent);
        if sent.transport == Transport::Udp {
            self.repeat_later(sent, Until::Response(key));
        }
    }

    /// `request` is what it answers.
    #[track_caller]
    pub(super) fn send_response(&mut self, sent: Sent, request: &Message, status: u16) {
        self.requests
            .insert(transaction(request), Some(sent.clone()));
        self.transmit(&sent);
        let invite = request.method() == Some(&Method::Invite);
        let reliable = sent.transport == Transport::Tcp;
        if invite && (status >= 300 && !reliable || (200..300).contains(&status)) {
            let number = request.cseq().map_or(0, |cseq| cseq.number);
            let call = request.call_id().unwrap_or_default().to_vec();
            self.repeat_later(sent, Until::Ack(call, number));
        }
    }

    /// `answer` is the 2xx that it acknowledges; copies of that get copies of this.
    #[track_caller]
    pub(super) fn send_ack(&mut self, sent: &Sent, answer: &Message) {
        let tag = answer.to_tag().unwrap_or_default().to_vec();
        self.acks.insert((branch(answer), tag), sent.clone());
        self.transmit(sent);
    }

    #[track_caller]
    fn transmit(&self, sent: &Sent) {
        self.ground
            .send(sent.from, sent.to, sent.transport, &sent.bytes);
    }

    fn repeat_later(&mut self, sent: Sent, what: Until) {
        let now = self.ground.elapsed();
        self.repeats.push(Repeat {
            sent,
            what,
            interval: T1,
            next: now + T1,
            end: now + GIVE_UP,
        });
    }

    /// Sends again what is due; gives the next time.
    fn repeat(&mut self, now: Duration) -> Option<Duration> {
        self.repeats.retain(|repeat| repeat.end > now);
        let mut due = Vec::new();
        for repeat in self.repeats.iter_mut().filter(|repeat| repeat.next <= now) {
            repeat.interval = (repeat.interval * 2).min(T2);
            repeat.next = now + repeat.interval;
            due.push(repeat.sent.clone());
        }
        for sent in &due {
            self.transmit(sent);
        }
        self.repeats
            .iter()
            .map(|repeat| repeat.next.min(repeat.end))
            .min()
    }

    // ---- what comes

    /// Takes one thing off the ground; whether there was one.
    #[track_caller]
    fn pull(&mut self, patience: Duration) -> bool {
        let Some(received) = self.ground.receive(patience) else {
            return false;
        };
        if received.transport == Transport::Udp {
            self.message(
                &received,
                Message::datagram(received.bytes.clone().into(), &Limits::DEFAULT).ok(),
            );
        } else {
            self.stream(&received);
        }
        true
    }

    fn stream(&mut self, received: &Received) {
        let ends = (received.at, received.from);
        if received.bytes.is_empty() {
            self.framers.remove(&ends);
            return;
        }
        let mut framer = self
            .framers
            .remove(&ends)
            .unwrap_or_else(|| Framer::new(Limits::DEFAULT));
        let pushed = framer.push(&received.bytes);
        while pushed.is_ok()
            && let Ok(Some(frame)) = framer.next_frame()
        {
            if let Frame::Message(bytes) = frame {
                self.message(received, Message::frame(bytes, &Limits::DEFAULT).ok());
            }
        }
        self.framers.insert(ends, framer);
    }

    fn message(&mut self, received: &Received, message: Option<Message>) {
        let Some(message) = message else {
            panic!(
                "the node sent what is no SIP message:\n{}\n{}",
                received.bytes.escape_ascii(),
                self.ground.context()
            );
        };
        let came = Came {
            at: received.at,
            from: received.from,
            transport: received.transport,
            message,
        };
        let fresh = if came.message.is_request() {
            self.is_fresh_request(&came.message)
        } else {
            self.is_fresh_response(&came)
        };
        if fresh {
            self.stash.push_back(came);
        }
    }

    fn is_fresh_request(&mut self, request: &Message) -> bool {
        let key = transaction(request);
        if request.method() == Some(&Method::Ack) {
            let number = request.cseq().map_or(0, |cseq| cseq.number);
            let ended = Until::Ack(request.call_id().unwrap_or_default().to_vec(), number);
            self.repeats.retain(|repeat| repeat.what != ended);
        }
        match self.requests.get(&key) {
            Some(Some(answer)) => {
                self.transmit(answer);
                false
            }
            Some(None) => false,
            None => {
                self.requests.insert(key, None);
                true
            }
        }
    }

    fn is_fresh_response(&mut self, came: &Came) -> bool {
        let response = &came.message;
        let key = transaction(response);
        let status = response.status().unwrap_or_default();
        let tag = response.to_tag().unwrap_or_default().to_vec();
        let invite = key.1 == b"INVITE";
        if invite || status >= 200 {
            self.repeats
                .retain(|repeat| repeat.what != Until::Response(key.clone()));
        }
        if invite && status >= 300 {
            self.acknowledge_failure(came, &tag);
        }
        let copy = self.acks.get(&(key.0.clone(), tag.clone()));
        let fresh = self.responses.insert((key, status, tag));
        if !fresh && let Some(ack) = copy {
            self.transmit(ack);
        }
        fresh
    }

    /// The ACK of a failure is the transaction's (RFC 3261 17.1.1.3).
    fn acknowledge_failure(&mut self, came: &Came, tag: &[u8]) {
        let key = (branch(&came.message), tag.to_vec());
        if self.acks.contains_key(&key) {
            return;
        }
        let Some(invite) = self.invites.get(&key.0) else {
            return;
        };
        let bytes = super::text::ack_of_failure(&invite.bytes, &came.message);
        let ack = Sent {
            bytes,
            ..invite.clone()
        };
        self.transmit(&ack);
        self.acks.insert(key, ack);
    }
}

fn branch(message: &Message) -> Vec<u8> {
    let via = message.via().ok();
    via.and_then(|via| via.branch())
        .unwrap_or_default()
        .to_vec()
}

fn transaction(message: &Message) -> Transaction {
    let method = match (message.method(), message.cseq()) {
        (Some(method), _) => method.as_bytes().to_vec(),
        (None, Ok(cseq)) => cseq.method.to_vec(),
        (None, Err(_)) => Vec::new(),
    };
    (branch(message), method)
}
