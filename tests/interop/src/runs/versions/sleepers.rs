//! Subscribers of the wake-up service, who keep book: each orders one call, and is woken by a MESSAGE of its own.
//!
//! What wakes a subscriber twice has two Call-IDs; what was only sent twice has one. All are at one address, on a thread.

use crate::error::{Result, RunError, ensure};
use crate::peer::{Link, Message};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// An order that is not answered is sent again after this time.
const AGAIN: Duration = Duration::from_secs(1);
/// A wake-up is counted in whole seconds, and so is the time at which it was ordered.
const WHOLE: Duration = Duration::from_secs(1);

/// One subscriber's wish, in times from the beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    /// When it is ordered.
    pub(super) ordered: Duration,
    /// When it is due.
    pub(super) due: Duration,
}

/// They all.
pub(super) struct Sleepers {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Book>,
}

/// What became of each.
#[derive(Debug, Default)]
struct Subscriber {
    sent: Option<Instant>,
    again: Option<Instant>,
    /// How many seconds ahead it was ordered.
    ahead: u64,
    accepted: bool,
    /// Call-IDs of what has woken it.
    woken: BTreeSet<String>,
    first: Option<Instant>,
}

struct Book {
    link: Link,
    me: SocketAddr,
    node: SocketAddr,
    begun: Instant,
    wishes: Vec<Wish>,
    next: usize,
    waiting: BTreeSet<usize>,
    subscribers: BTreeMap<usize, Subscriber>,
    /// What was answered with something else than 2xx, and what was not understood.
    strange: Vec<String>,
}

impl Sleepers {
    /// Begins to order.
    pub(super) fn begin(me: SocketAddr, node: SocketAddr, wishes: Vec<Wish>) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let mut book = Book {
            link: Link::udp(me)?,
            me,
            node,
            begun: Instant::now(),
            wishes,
            next: 0,
            waiting: BTreeSet::new(),
            subscribers: BTreeMap::new(),
            strange: Vec::new(),
        };
        let told = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                book.turn();
            }
            book
        });
        Ok(Self { over, thread })
    }

    /// Ends, and says how late the latest was: each was woken once, and none before its time.
    pub(super) fn finish(self) -> Result<Duration> {
        self.over.store(true, Ordering::Relaxed);
        let book = self.thread.join();
        book.map_err(|_| RunError::Broken("the subscribers' thread panicked".into()))?
            .judge()
    }
}

impl Book {
    fn turn(&mut self) {
        for (from, text) in self.link.receive(Duration::from_millis(2)) {
            if let Some(message) = Message::parse(&text) {
                match message.status() {
                    Some(status) => self.response(&message, status),
                    None => self.woken(&message, from),
                }
            }
        }
        let elapsed = self.begun.elapsed();
        while let Some(wish) = self.wishes.get(self.next).copied()
            && wish.ordered <= elapsed
        {
            let ahead = wish.due.saturating_sub(elapsed).as_secs().max(1);
            let who = self.next;
            self.next += 1;
            self.waiting.insert(who);
            let subscriber = self.subscribers.entry(who).or_default();
            (subscriber.ahead, subscriber.sent) = (ahead, Some(Instant::now()));
            self.order(who);
        }
        let now = Instant::now();
        let late = |who: &&usize| {
            let subscriber = self.subscribers.get(who);
            subscriber.is_some_and(|s| s.again.is_some_and(|again| again <= now))
        };
        for who in self
            .waiting
            .iter()
            .filter(late)
            .copied()
            .collect::<Vec<_>>()
        {
            self.order(who);
        }
    }

    /// Sends the order, which is one transaction however often.
    fn order(&mut self, who: usize) {
        let (me, node) = (self.me, self.node);
        let Some(subscriber) = self.subscribers.get_mut(&who) else {
            return;
        };
        subscriber.again = Some(Instant::now() + AGAIN);
        let body = format!("wake me in {} seconds", subscriber.ahead);
        let text = format!(
            "MESSAGE sip:wakeup@{node} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKorder{who}\r\nMax-Forwards: 70\r\n\
             From: <sip:s{who}@{ip}>;tag=s{who}\r\nTo: <sip:wakeup@{node}>\r\nCall-ID: order-{who}@{ip}\r\nCSeq: 1 MESSAGE\r\n\
             Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            body.len(),
            ip = me.ip(),
        );
        self.link.send(node, &text);
    }

    fn response(&mut self, message: &Message, status: u16) {
        let id = message.get("call-id");
        let who = id
            .strip_prefix("order-")
            .and_then(|id| id.split('@').next());
        let who = who.and_then(|who| who.parse::<usize>().ok());
        match who.and_then(|who| Some((who, self.subscribers.get_mut(&who)?))) {
            Some((who, subscriber)) if (200..300).contains(&status) => {
                subscriber.accepted = true;
                self.waiting.remove(&who);
            }
            Some(_) if status < 200 => {}
            _ => self.strange.push(format!("{} of {id}", message.start)),
        }
    }

    /// A text to one of them: that its order is taken, or that it is time.
    fn woken(&mut self, message: &Message, from: SocketAddr) {
        let answer = message.answer("200 OK", "s", &format!("sip:{}", self.me), "");
        self.link.send(from, &answer);
        let to = message.get("to");
        let user = to
            .split_once("sip:s")
            .and_then(|(_, rest)| rest.split('@').next());
        let who = user.and_then(|user| user.parse::<usize>().ok());
        let subscriber = who.and_then(|who| self.subscribers.get_mut(&who));
        match subscriber {
            Some(subscriber) if message.body.starts_with("Wake up!") => {
                subscriber.first.get_or_insert_with(Instant::now);
                subscriber.woken.insert(message.get("call-id").to_owned());
            }
            Some(_) if message.body.starts_with("I will wake you") => {}
            _ => self
                .strange
                .push(format!("{} to {to}: {}", message.start, message.body)),
        }
    }

    fn judge(self) -> Result<Duration> {
        let count =
            |is: fn(&Subscriber) -> bool| self.subscribers.values().filter(|s| is(s)).count();
        let refused = count(|s| !s.accepted);
        let lost = count(|s| s.woken.is_empty());
        let doubled = count(|s| s.woken.len() > 1);
        let early = count(|s| match (s.sent, s.first) {
            (Some(sent), Some(first)) => first + WHOLE < sent + Duration::from_secs(s.ahead),
            _ => false,
        });
        let all = self.wishes.len();
        let fine = self.subscribers.len() == all
            && refused + lost + doubled + early == 0
            && self.strange.is_empty();
        ensure(fine, || {
            format!(
                "of {all} timers {} were ordered, {refused} of them not accepted; {lost} were lost, {doubled} doubled, {early} early; \
                 beside them: {:?}",
                self.subscribers.len(),
                self.strange.iter().take(5).collect::<Vec<_>>()
            )
        })?;
        let late = self.subscribers.values().filter_map(|s| {
            let due = s.sent? + Duration::from_secs(s.ahead);
            Some(s.first?.saturating_duration_since(due))
        });
        Ok(late.max().unwrap_or_default())
    }
}
