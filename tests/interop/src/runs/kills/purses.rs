//! A charging client that keeps book of what it was told was charged. It opens credit-control sessions, reports what was used,
//! and debits events; what has no answer when the node goes away is sent again with the same ids and the T bit (RFC 6733,
//! 5.5.4), until it is answered. So each request is answered in the end, and must have been charged once.

use crate::diameter::link::{Came, Identity, Link, credit_control};
use crate::diameter::raw::{self, Raw, avp, code, number};
use crate::error::{Result, ensure};
use crate::runs::prepaid::till::{Till, subscriber};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What an account begins with.
pub(super) const OPENING: i64 = 1_000_000_000;
/// How many accounts there are.
pub(super) const ACCOUNTS: u32 = 50;
/// A session reports after this time, and again.
const REPORTS_AFTER: Duration = Duration::from_secs(1);
/// Seconds that are reported first, and at the end; each costs 1.
const FIRST: u32 = 2;
const LAST: u32 = 1;

/// Requests without an answer, beyond which no other is begun: a connection that nobody reads from would block.
const WINDOW: usize = 200;
/// How long something is written at most.
const WRITTEN_WITHIN: Duration = Duration::from_secs(2);

const INITIAL: u32 = 1;
const UPDATE: u32 = 2;
const TERMINATION: u32 = 3;
const EVENT: u32 = 4;

/// A request that has no answer.
#[derive(Debug)]
struct Flying {
    raw: Raw,
    session: String,
    account: u32,
    kind: u32,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Purses {
    at: SocketAddr,
    identity: Identity,
    link: Option<Link>,
    begun: Instant,
    /// Sessions and events that were begun.
    made: u64,
    next_id: u32,
    flying: BTreeMap<u32, Flying>,
    /// Sessions that report next: when, what, and which.
    due: VecDeque<(Instant, u32, String, u32)>,
    /// What was acknowledged of each account.
    charged: BTreeMap<u32, i64>,
    /// Answers that say that it was charged.
    pub(super) answers: u64,
    /// Requests that were sent again.
    pub(super) again: u64,
    /// Answers that say something else.
    refused: Vec<String>,
}

impl Purses {
    pub(super) fn new(at: SocketAddr) -> Self {
        let clock = std::time::SystemTime::UNIX_EPOCH.elapsed();
        Self {
            at,
            identity: Identity::new("purse.hand.example", "hand.example"),
            link: None,
            begun: Instant::now(),
            made: 0,
            // An identity that comes back within the duplicate window begins where it has not been.
            next_id: clock.map_or(1, |d| d.as_secs() as u32) << 12,
            flying: BTreeMap::new(),
            due: VecDeque::new(),
            charged: BTreeMap::new(),
            answers: 0,
            again: 0,
            refused: Vec::new(),
        }
    }

    /// How many sessions are open.
    pub(super) fn open(&self) -> usize {
        self.due.len() + self.flying.values().filter(|f| f.kind != EVENT).count()
    }

    /// The money that was acknowledged.
    pub(super) fn acknowledged(&self) -> i64 {
        self.charged.values().sum()
    }

    /// Begins as many sessions, and as many events, as `rate` a second has come to; reports what is due, takes what comes.
    pub(super) fn turn(&mut self, rate: u32) -> Result {
        let Some(mut link) = self.connected() else {
            return Ok(());
        };
        let due = (self.begun.elapsed().as_millis() * u128::from(rate) / 1_000) as u64;
        let mut batch = Vec::new();
        let is_due = due > self.made;
        self.made = self.made.max(due);
        if is_due && self.flying.len() < WINDOW {
            let account = (self.made % u64::from(ACCOUNTS)) as u32;
            for (kind, what) in [(INITIAL, "session"), (EVENT, "event")] {
                let session = format!("{};{what};{}", self.identity.host, self.made);
                batch.extend(self.request(session, account, kind));
            }
        }
        let now = Instant::now();
        while self.flying.len() < WINDOW
            && let Some((_, kind, session, account)) = self.due.pop_front_if(|(at, ..)| *at <= now)
        {
            batch.extend(self.request(session, account, kind));
        }
        if !batch.is_empty() && link.send(&batch).is_err() {
            return Ok(());
        }
        loop {
            match link.receive(Duration::from_millis(1)) {
                Ok(Came::Message(seen)) if !seen.is_request() => {
                    self.answered(seen.hop_by_hop(), seen.result_code());
                }
                Ok(Came::Message(_)) => {}
                Ok(Came::Nothing) => break,
                // It is opened again in the next turn.
                Ok(Came::Closed) | Err(_) => return Ok(()),
            }
        }
        self.link = Some(link);
        ensure(self.refused.is_empty(), || {
            format!("charging was refused: {}", self.refused.join("; "))
        })
    }

    /// Ends the connection without a word.
    pub(super) fn hang_up(&mut self) {
        self.link = None;
    }

    /// Reports and takes answers until nothing is open.
    pub(super) fn settle(&mut self, within: Duration) -> Result {
        let deadline = Instant::now() + within;
        while self.open() > 0 || !self.flying.is_empty() {
            self.turn(0)?;
            ensure(Instant::now() < deadline, || {
                format!(
                    "{} sessions are open and {} requests unanswered after {within:?}",
                    self.open(),
                    self.flying.len()
                )
            })?;
        }
        Ok(())
    }

    /// Every account holds what it began with, less what was acknowledged.
    pub(super) fn expect_exact(&self) -> Result {
        let mut till = Till::open(self.at)?;
        for (account, charged) in &self.charged {
            let balance = till.balance(&name(*account), OPENING)?;
            let debit = OPENING - balance;
            ensure(debit == *charged, || {
                format!(
                    "{} was charged {debit}, where {charged} was acknowledged",
                    name(*account)
                )
            })?;
        }
        till.close()
    }

    /// The connection, and on a new one what has no answer is sent again.
    fn connected(&mut self) -> Option<Link> {
        if let Some(link) = self.link.take() {
            return Some(link);
        }
        let mut link = Link::connect(self.at, None, self.identity.clone()).ok()?;
        // Where the link carries nothing, what is written only fills a buffer, and then waits.
        let limit = Some(WRITTEN_WITHIN);
        link.socket().set_write_timeout(limit).ok()?;
        link.greet().ok()?;
        for flying in self.flying.values() {
            let flags = flying.raw.flags | raw::RETRANSMITTED;
            link.send(&flying.raw.clone().flagged(flags).bytes()).ok()?;
            self.again += 1;
        }
        Some(link)
    }

    fn request(&mut self, session: String, account: u32, kind: u32) -> Vec<u8> {
        let time = |seconds| number(code::CC_TIME, seconds);
        let used = |seconds| avp(code::USED_SERVICE_UNIT, &time(seconds));
        let units = match kind {
            INITIAL => avp(code::REQUESTED_SERVICE_UNIT, &[]),
            UPDATE => [avp(code::REQUESTED_SERVICE_UNIT, &[]), used(FIRST)].concat(),
            TERMINATION => used(LAST),
            _ => {
                let action = number(code::REQUESTED_ACTION, 0);
                [action, avp(code::REQUESTED_SERVICE_UNIT, &time(LAST))].concat()
            }
        };
        let n = match kind {
            INITIAL | EVENT => 0,
            UPDATE => 1,
            _ => 2,
        };
        let mut raw = credit_control(&self.identity, &session, "example", kind, n)
            .with(&subscriber(&name(account)))
            .with(&units);
        self.next_id = self.next_id.wrapping_add(1);
        (raw.hop_by_hop, raw.end_to_end) = (self.next_id, self.next_id);
        let bytes = raw.bytes();
        let flying = Flying {
            raw,
            session,
            account,
            kind,
        };
        self.flying.insert(self.next_id, flying);
        bytes
    }

    fn answered(&mut self, id: u32, result: u32) {
        let Some(flying) = self.flying.remove(&id) else {
            return;
        };
        let Flying {
            session,
            account,
            kind,
            ..
        } = flying;
        if result != 2001 {
            let told = format!("request of type {kind} of {session}: {result}");
            self.refused.push(told);
            return;
        }
        self.answers += 1;
        let (cost, then) = match kind {
            INITIAL => (0, Some(UPDATE)),
            UPDATE => (FIRST, Some(TERMINATION)),
            _ => (LAST, None),
        };
        *self.charged.entry(account).or_default() += i64::from(cost);
        if let Some(kind) = then {
            let at = Instant::now() + REPORTS_AFTER;
            self.due.push_back((at, kind, session, account));
        }
    }
}

fn name(account: u32) -> String {
    format!("sip:purse{account}@test.example")
}
