//! What is kept of sources: bounded, and the same inputs make room for the same ones.
//!
//! Who is banned does not make room for others while anybody else can: otherwise whoever sends from many addresses would end
//! the bans of all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
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
        !trusted || self.why == super::BY_HAND
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
    /// Those that are, by the end of that.
    ends: BTreeSet<(Mono, Source)>,
    next: u64,
    /// Those whose bans have made room.
    lost: Vec<Source>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn banned(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) fn get(&mut self, source: Source) -> Option<&mut Known> {
        self.known.get_mut(&source)
    }

    /// What is kept of a source that something is to be noted of; of at most so many.
    pub(super) fn note(&mut self, source: Source, most: usize) -> &mut Known {
        if !self.known.contains_key(&source) {
            self.shrink(most.max(1) - 1);
        }
        self.next += 1;
        let known = self.known.entry(source).or_default();
        if known.ban.is_none() {
            self.order.remove(&known.turn);
            known.turn = self.next;
            self.order.insert(known.turn, source);
        }
        known
    }

    /// Bans a source, or changes its ban.
    pub(super) fn ban(&mut self, source: Source, ban: Ban, most: usize) {
        let known = self.note(source, most);
        let (until, turn) = (ban.until, known.turn);
        let before = known.ban.replace(ban);
        self.order.remove(&turn);
        if let Some(before) = before {
            self.ends.remove(&(before.until, source));
        }
        self.ends.insert((until, source));
    }

    /// Ends a ban, and forgets what led to it; whether there was one.
    pub(super) fn lift(&mut self, source: Source) -> bool {
        let ban = self
            .known
            .get_mut(&source)
            .and_then(|known| known.ban.take());
        let Some(ban) = ban else { return false };
        self.ends.remove(&(ban.until, source));
        self.known.remove(&source);
        true
    }

    /// The ban that ends next.
    pub(super) fn next_end(&self) -> Option<(Mono, Source)> {
        self.ends.first().copied()
    }

    /// Makes room, until there are no more than so many.
    pub(super) fn shrink(&mut self, most: usize) {
        while self.known.len() > most {
            if let Some((_, source)) = self.order.pop_first() {
                self.known.remove(&source);
            } else if let Some((_, source)) = self.ends.pop_first() {
                self.known.remove(&source);
                self.lost.push(source);
            } else {
                break;
            }
        }
    }

    /// A source whose ban was ended to make room, once.
    pub(super) fn lost(&mut self) -> Option<Source> {
        self.lost.pop()
    }

    /// All bans, by the source.
    pub(super) fn bans(&self) -> BTreeMap<Source, &Ban> {
        let banned = self.ends.iter();
        let bans =
            banned.filter_map(|(_, source)| Some((*source, self.known.get(source)?.ban.as_ref()?)));
        bans.collect()
    }
}
