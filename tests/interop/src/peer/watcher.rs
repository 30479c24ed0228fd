//! Subscribers (RFC 6665) that keep book of what they are told: with what CSeq, and how long it goes on.

use super::digest::Credentials;
use super::message::finish;
use super::{Link, Message, Pending, T2};
use crate::error::Result;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// One subscription, as its subscriber sees it.
#[derive(Debug)]
pub struct Watch {
    user: String,
    package: String,
    target: String,
    remote: String,
    cseq: u32,
    authorization: Option<String>,
    /// The last status that refused it; 0 when nothing came within 32 s.
    pub failed: Option<u16>,
    /// It was granted until then.
    pub until: Option<Instant>,
    /// CSeq of the last NOTIFY.
    pub told: u32,
    /// How often it was told something new.
    pub notified: u32,
    /// A NOTIFY had a CSeq below one before, or the time left was not what was granted.
    pub wrong: Option<String>,
    /// The last NOTIFY said that it is over.
    pub over: bool,
    pending: Option<Pending>,
}

/// Subscribers at one address.
#[derive(Debug)]
pub struct Watcher {
    link: Link,
    me: SocketAddr,
    node: SocketAddr,
    /// All subscriptions by Call-ID.
    pub all: BTreeMap<String, Watch>,
    branch: u64,
}

/// By how much the time left may differ from what was granted: the way, rounding, and how long a retransmission takes.
const SLACK: Duration = Duration::from_secs(3);

impl Watcher {
    /// Subscribers at `me`.
    ///
    /// # Errors
    /// When the address is taken.
    pub fn new(me: SocketAddr, node: SocketAddr) -> Result<Self> {
        Ok(Self {
            link: Link::udp(me)?,
            me,
            node,
            all: BTreeMap::new(),
            branch: 0,
        })
    }

    /// Subscribes to the state of a user, who is asked for the password `secret` and the digits of the name.
    pub fn subscribe(&mut self, user: &str, domain: &str, package: &str, seconds: u32) {
        let id = format!("watch-{user}-{}@{}", self.me.port(), self.me.ip());
        let uri = format!("sip:{user}@{domain}");
        let watch = Watch {
            user: user.to_owned(),
            package: package.to_owned(),
            remote: format!("<{uri}>"),
            target: uri,
            cseq: 0,
            authorization: None,
            failed: None,
            until: None,
            told: 0,
            notified: 0,
            wrong: None,
            over: false,
            pending: None,
        };
        self.all.insert(id.clone(), watch);
        self.send(&id, seconds);
    }

    /// Ends a subscription.
    pub fn unsubscribe(&mut self, id: &str) {
        self.send(id, 0);
    }

    /// How many hold.
    #[must_use]
    pub fn count(&self, holds: impl Fn(&Watch) -> bool) -> usize {
        self.all.values().filter(|watch| holds(watch)).count()
    }

    /// Handles what comes within `wait`, and sends again what is due.
    pub fn poll(&mut self, wait: Duration) {
        for (from, text) in self.link.receive(wait) {
            let Some(message) = Message::parse(&text) else {
                continue;
            };
            match message.status() {
                Some(status) => self.response(&message, status),
                None => self.notify(&message, from),
            }
        }
        let now = Instant::now();
        for watch in self.all.values_mut() {
            let Some(pending) = &mut watch.pending else {
                continue;
            };
            if now >= pending.until {
                (watch.pending, watch.failed) = (None, Some(0));
            } else if now >= pending.again {
                self.link.send(self.node, &pending.text);
                pending.interval = (pending.interval * 2).min(T2);
                pending.again = now + pending.interval;
            }
        }
    }

    fn send(&mut self, id: &str, seconds: u32) {
        self.branch += 1;
        let Some(watch) = self.all.get_mut(id) else {
            return;
        };
        watch.cseq += 1;
        let authorization = watch
            .authorization
            .take()
            .map(|value| format!("Authorization: {value}\r\n"))
            .unwrap_or_default();
        let mut text = format!(
            "SUBSCRIBE {} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKw{}x{}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{me}>;tag=w\r\nTo: {}\r\nCall-ID: {id}\r\nCSeq: {} SUBSCRIBE\r\nContact: <sip:{user}@{me}>\r\n\
             Event: {}\r\nExpires: {seconds}\r\n{authorization}",
            watch.target,
            self.me.port(),
            self.branch,
            watch.remote,
            watch.cseq,
            watch.package,
            me = self.me,
            user = watch.user,
        );
        finish(&mut text, "");
        self.link.send(self.node, &text);
        watch.pending = Some(Pending::new(text));
    }

    fn response(&mut self, message: &Message, status: u16) {
        let id = message.get("call-id").to_owned();
        let Some(watch) = self.all.get_mut(&id) else {
            return;
        };
        if message.cseq() != watch.cseq || watch.pending.is_none() || status < 200 {
            return;
        }
        watch.pending = None;
        if status == 200 {
            let granted = message.get("expires").parse().unwrap_or(0);
            watch.until = Some(Instant::now() + Duration::from_secs(granted));
            watch.remote = message.get("to").to_owned();
            watch.target = message.contact();
        } else if let (401, Some(answer)) = (status, watch.credentials(message)) {
            watch.authorization = Some(answer);
            self.send(&id, 600);
        } else {
            watch.failed = Some(status);
        }
    }

    fn notify(&mut self, message: &Message, from: SocketAddr) {
        let id = message.get("call-id");
        let contact = format!("sip:watcher@{}", self.me);
        let Some(watch) = self.all.get_mut(id) else {
            let gone = message.answer("481 Subscription Does Not Exist", "", &contact, "");
            self.link.send(from, &gone);
            return;
        };
        watch.take(message);
        self.link
            .send(from, &message.answer("200 OK", "", &contact, ""));
    }
}

impl Watch {
    /// A first challenge is answered, a second one is a refusal.
    fn credentials(&self, message: &Message) -> Option<String> {
        let password = format!("secret{}", self.user.trim_start_matches('u'));
        let me = Credentials {
            user: &self.user,
            password: &password,
        };
        let mut challenges = message.all("www-authenticate");
        challenges
            .find_map(|challenge| me.answer(challenge, "SUBSCRIBE", &self.target))
            .filter(|_| self.cseq == 1)
    }

    fn take(&mut self, message: &Message) {
        let cseq = message.cseq();
        if cseq == self.told {
            return;
        }
        if cseq < self.told {
            self.wrong = Some(format!("NOTIFY {cseq} after {}", self.told));
        }
        (self.told, self.notified) = (cseq, self.notified + 1);
        let state = message.get("subscription-state");
        self.over = state.starts_with("terminated");
        let left = state
            .split(';')
            .find_map(|p| p.trim().strip_prefix("expires="));
        // One that overtakes the 200 of the SUBSCRIBE cannot be judged.
        if let (Some(left), Some(until)) = (left.and_then(|n| n.parse().ok()), self.until) {
            let (told, granted) = (Duration::from_secs(left), until - Instant::now());
            if told > granted + SLACK || told + SLACK < granted {
                self.wrong = Some(format!("{told:?} are left, not {granted:?}"));
            }
        }
    }
}
