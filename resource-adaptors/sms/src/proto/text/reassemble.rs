//! Putting the parts of a message together again (TS 23.040 9.2.3.24.1): bounded in number, size and time.
//!
//! A message whose parts do not all come is given back with the parts that did, since they may have been acknowledged. Time is
//! milliseconds of the caller's clock.

use std::collections::BTreeMap;

use super::Concat;

/// How much is kept of messages that are not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages.
    pub messages: usize,
    /// Octets of all their parts.
    pub octets: usize,
    /// Milliseconds from a message's first part on.
    pub ttl: u64,
}

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offered<P> {
    /// It was the last one: all parts, in order.
    Complete(Vec<P>),
    /// Others are missing.
    Waiting,
    /// It was there before, and this copy is dropped.
    Duplicate,
    /// There is no room: what was dropped has not been taken with [`Reassembler::next_dropped`].
    Full(P),
}

/// A message that is kept no longer, with the parts that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped<K, P> {
    /// Whose message.
    pub key: K,
    /// The parts that came, in order, each with its number.
    pub parts: Vec<(u8, P)>,
    /// How many there should have been.
    pub total: u8,
    /// Whether its time was over; else there was no room for it.
    pub is_late: bool,
}

/// Messages of which parts are missing, by what the caller tells senders and receivers apart with.
#[derive(Debug)]
pub struct Reassembler<K, P> {
    limits: Limits,
    messages: BTreeMap<Id<K>, Message<P>>,
    /// The messages in the order of their first parts.
    order: BTreeMap<u64, Id<K>>,
    next: u64,
    octets: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Id<K> {
    key: K,
    reference: u16,
    wide: bool,
    total: u8,
}

#[derive(Debug)]
struct Message<P> {
    place: u64,
    deadline: u64,
    octets: usize,
    parts: BTreeMap<u8, P>,
}

impl<K: Ord + Clone, P> Reassembler<K, P> {
    /// One that keeps that much.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            messages: BTreeMap::new(),
            order: BTreeMap::new(),
            next: 0,
            octets: 0,
        }
    }

    /// Other limits, which hold from the next part on.
    pub const fn configure(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Takes a part of `octets` octets; one that cannot be a part is a message by itself. Afterwards [`Self::next_dropped`] is to be
    /// drained.
    pub fn offer(&mut self, now: u64, key: K, at: Concat, part: P, octets: usize) -> Offered<P> {
        if self.is_over(now) {
            return Offered::Full(part);
        }
        if at.total <= 1 || at.number == 0 || at.number > at.total {
            return Offered::Complete(vec![part]);
        }
        let id = Id {
            key,
            reference: at.reference,
            wide: at.wide,
            total: at.total,
        };
        let place = self.next;
        let deadline = now.saturating_add(self.limits.ttl);
        let message = self.messages.entry(id.clone()).or_insert_with(|| Message {
            place,
            deadline,
            octets: 0,
            parts: BTreeMap::new(),
        });
        if message.parts.contains_key(&at.number) {
            return Offered::Duplicate;
        }
        message.parts.insert(at.number, part);
        message.octets += octets;
        self.octets += octets;
        let is_complete = message.parts.len() == usize::from(at.total);
        if message.place == place {
            self.next += 1;
            self.order.insert(place, id.clone());
        }
        match is_complete.then(|| self.remove(&id)).flatten() {
            Some(message) => Offered::Complete(message.parts.into_values().collect()),
            None => Offered::Waiting,
        }
    }

    /// A message whose time is over, or for which there is no room; the oldest first. To be called until there is none.
    pub fn next_dropped(&mut self, now: u64) -> Option<Dropped<K, P>> {
        if !self.is_over(now) {
            return None;
        }
        let (_, id) = self.order.first_key_value()?;
        let id = id.clone();
        let message = self.remove(&id)?;
        Some(Dropped {
            key: id.key,
            parts: message.parts.into_iter().collect(),
            total: id.total,
            is_late: message.deadline <= now,
        })
    }

    /// When the time of the oldest message is over.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let (_, id) = self.order.first_key_value()?;
        Some(self.messages.get(id)?.deadline)
    }

    /// How many messages are waited for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether no message is waited for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Octets of all parts that are kept.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.octets
    }

    fn is_over(&self, now: u64) -> bool {
        let too_much =
            self.messages.len() > self.limits.messages || self.octets > self.limits.octets;
        too_much || self.deadline().is_some_and(|deadline| deadline <= now)
    }

    fn remove(&mut self, id: &Id<K>) -> Option<Message<P>> {
        let message = self.messages.remove(id)?;
        self.order.remove(&message.place);
        self.octets -= message.octets;
        Some(message)
    }
}
