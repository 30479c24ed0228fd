//! What adaptors have told of sources, until the node takes it.

use std::collections::VecDeque;
use strowger::id::RaIx;
use strowger::ra::Told;

/// Kept at most; what is beyond is lost: the node takes it after each input.
const MOST: usize = 10_000;

#[derive(Default)]
pub(crate) struct ToldOf {
    listens: bool,
    all: VecDeque<(RaIx, Told)>,
}

impl ToldOf {
    pub(crate) fn listen(&mut self, listens: bool) {
        self.listens = listens;
    }
    pub(crate) fn push(&mut self, ra: RaIx, told: Told) {
        if self.listens && self.all.len() < MOST {
            self.all.push_back((ra, told));
        }
    }
    pub(crate) fn take(&mut self) -> Option<(RaIx, Told)> {
        self.all.pop_front()
    }
}
