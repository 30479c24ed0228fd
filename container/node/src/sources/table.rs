//! What is kept of sources: bounded, and the same inputs make room for the same ones.
//!
//! Who is banned does not make room for others while anybody else can: otherwise whoever sends from many addresses would end
//! the bans of all. Who is banned by hand makes room for others that are, and for nobody else.
//!
//! Invariant: nothing here takes longer than the logarithm of how many are known, but for what is asked for as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use strowger::network::Source;
use strowger::time::Mono;

/// Why and until when a source is not heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ban {
    pub(crate) until: Mono,
    /// When it began and when it ends: milliseconds since 1970.
    pub(crate) since_ms: u64,
    pub(crate) until_ms: u64,
    /// What it was for.
    pub(crate) why: &'static str,
    /// Datagrams and connections that were dropped for it.
    pub(crate) dropped: u64,
}

impl Ban {
    /// Whether it holds for an address, which may be one that offences never ban.
    pub(super) fn holds(&self, trusted: bool) -> bool {
        !trusted || self.is_by_hand()
    }

    fn is_by_hand(&self) -> bool {
        self.why == super::BY_HAND
    }
}

/// What is kept of one source.
#[derive(Clone, Default, Debug)]
pub(super) struct Known {
    /// What it has brought is paid for by then.
    pub(super) paid: Mono,
    /// And so are its refusals.
    pub(super) told: Mono,
    /// Offences since then.
    pub(super) offences: u32,
    pub(super) since: Mono,
    pub(super) ban: Option<Ban>,
    /// Its place in the order of those that are not banned.
    turn: u64,
}

#[derive(Default, Debug)]
pub(super) struct Table {
    /// Hashed with keys that nobody knows, since others choose what is in it; looked up, never walked.
    known: HashMap<Source, Known>,
    /// Those that are not banned, the one that was noted longest ago first.
    order: BTreeMap<u64, Source>,
    /// Those that are, by the end of that: by their offences, and by hand.
    ends: BTreeSet<(Mono, Source)>,
    ends_by_hand: BTreeSet<(Mono, Source)>,
    /// All that are, in the order in which they are shown.
    banned: BTreeSet<Source>,
    next: u64,
    /// Those whose bans have made room.
    lost: Vec<Source>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn banned(&self) -> usize {
        self.banned.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) fn get(&mut self, source: Source) -> Option<&mut Known> {
        self.known.get_mut(&source)
    }

    /// What is kept of a source that something is to be noted of; of at most so many. `None` is that there is no room: all that are
    /// known were banned by hand.
    pub(super) fn note(&mut self, source: Source, most: usize) -> Option<&mut Known> {
        if !self.known.contains_key(&source) && !self.has_room(most) {
            return None;
        }
        self.next += 1;
        let known = self.known.entry(source).or_default();
        if known.ban.is_none() {
            self.order.remove(&known.turn);
            known.turn = self.next;
            self.order.insert(known.turn, source);
        }
        Some(known)
    }

    /// Bans a source, or changes its ban; whether there was room for that, which one by hand has always.
    pub(super) fn ban(&mut self, source: Source, ban: Ban, most: usize) -> bool {
        let by_hand = ban.is_by_hand();
        if by_hand && !self.known.contains_key(&source) {
            self.shrink(most.max(1) - 1);
        }
        let Some(known) = self.note(source, most) else {
            return false;
        };
        let (until, turn) = (ban.until, known.turn);
        let before = known.ban.replace(ban);
        self.order.remove(&turn);
        if let Some(before) = before {
            self.ends_of(before.is_by_hand())
                .remove(&(before.until, source));
        }
        self.ends_of(by_hand).insert((until, source));
        self.banned.insert(source);
        true
    }

    /// Ends a ban, and forgets what led to it; whether there was one.
    pub(super) fn lift(&mut self, source: Source) -> bool {
        let ban = self
            .known
            .get_mut(&source)
            .and_then(|known| known.ban.take());
        let Some(ban) = ban else { return false };
        self.ends_of(ban.is_by_hand()).remove(&(ban.until, source));
        self.banned.remove(&source);
        self.known.remove(&source);
        true
    }

    /// The ban that ends next.
    pub(super) fn next_end(&self) -> Option<(Mono, Source)> {
        let ends = [self.ends.first(), self.ends_by_hand.first()];
        ends.into_iter().flatten().min().copied()
    }

    /// Makes room, until there are no more than so many: those by hand go last.
    pub(super) fn shrink(&mut self, most: usize) {
        while self.known.len() > most && (self.forget_one() || self.lose(true)) {}
    }

    /// Makes room for one more of at most so many; whether there is.
    fn has_room(&mut self, most: usize) -> bool {
        while self.known.len() >= most.max(1) {
            if !self.forget_one() {
                return false;
            }
        }
        true
    }

    /// Forgets the one that was noted longest ago, or ends the ban that ends next; whether there was one, not by hand.
    fn forget_one(&mut self) -> bool {
        match self.order.pop_first() {
            Some((_, source)) => self.known.remove(&source).is_some(),
            None => self.lose(false),
        }
    }

    /// Ends the ban that ends next, of those by hand or of the others; whether there was one.
    fn lose(&mut self, by_hand: bool) -> bool {
        let Some((_, source)) = self.ends_of(by_hand).pop_first() else {
            return false;
        };
        self.known.remove(&source);
        self.banned.remove(&source);
        self.lost.push(source);
        true
    }

    fn ends_of(&mut self, by_hand: bool) -> &mut BTreeSet<(Mono, Source)> {
        match by_hand {
            true => &mut self.ends_by_hand,
            false => &mut self.ends,
        }
    }

    /// A source whose ban was ended to make room, once.
    pub(super) fn lost(&mut self) -> Option<Source> {
        self.lost.pop()
    }

    /// The bans from there on, by the source.
    pub(super) fn bans(&self, from: Bound<Source>) -> impl Iterator<Item = (Source, &Ban)> {
        let banned = self.banned.range((from, Bound::Unbounded));
        banned.filter_map(|source| Some((*source, self.known.get(source)?.ban.as_ref()?)))
    }
}
