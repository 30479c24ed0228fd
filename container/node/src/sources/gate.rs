//! The same decision for listeners that other threads accept from: those of drivers, and the management API's.

use super::lists::Lists;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use strowger::network::Source;
use strowger_driver::{Admission, Admit};

/// Who may come in. Written by the shard when lists or bans change, read for each connection. Clones are the same gate.
#[derive(Clone, Default, Debug)]
pub struct Gate(Arc<RwLock<View>>);

#[derive(Default, Debug)]
struct View {
    lists: Lists,
    /// Whether each was banned by hand, which holds for trusted addresses, too.
    banned: BTreeMap<Source, bool>,
}

impl Gate {
    pub(super) fn set_lists(&self, lists: Lists) {
        self.write().lists = lists;
    }

    pub(super) fn ban(&self, source: Source, by_hand: bool) {
        self.write().banned.insert(source, by_hand);
    }

    /// How many are banned.
    #[cfg(test)]
    pub(super) fn banned(&self) -> usize {
        self.read().banned.len()
    }

    pub(super) fn lift(&self, source: Source) {
        self.write().banned.remove(&source);
    }

    // What is written is whole at any time, so a thread that panicked meanwhile has spoilt nothing.
    fn write(&self) -> RwLockWriteGuard<'_, View> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, View> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admit for Gate {
    fn admit(&self, peer: IpAddr) -> Admission {
        let view = self.read();
        if view.lists.deny(peer) {
            return Admission::Denied;
        }
        match view.banned.get(&peer.into()) {
            Some(by_hand) if *by_hand || !view.lists.trust(peer) => Admission::Banned,
            Some(_) | None => Admission::Open,
        }
    }
}
