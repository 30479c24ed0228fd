//! What was asked and answered: a copy of a request gets the same answer and is not done twice (RFC 6733 5.5.4).
//!
//! A request is named by its Origin-Host and End-to-End Identifier. Entries stand in the order of their beginning; they end
//! with the window, or before when there are too many. Invariant: every entry of the table is in the line once.

use std::collections::VecDeque;
use std::collections::hash_map::{DefaultHasher, Entry as Place, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use bytes::Bytes;
use strowger::room::{trim_line, trim_map};

use super::config::Duplicates;
use super::slab::Key;
use crate::proto::time::Ms;

/// Names a request, whatever connection it comes on: a keyed hash of its Origin-Host, and its End-to-End Identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id {
    host: u64,
    end_to_end: u32,
}

impl std::hash::Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.host ^ u64::from(self.end_to_end).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }
}

/// What became of the first copy.
#[derive(Debug)]
pub(super) enum Before {
    Unknown,
    Waiting(Key),
    Answered(Bytes),
}

#[derive(Debug)]
struct Entry {
    answer: Answer,
    /// Tells an entry from an earlier one of the same name in the line.
    number: u64,
}

#[derive(Debug)]
enum Answer {
    Waiting(Key),
    Given(Bytes),
}

#[derive(Debug)]
pub(super) struct DuplicateTable {
    secret: u64,
    entries: HashMap<Id, Entry, BuildHasherDefault<Ready>>,
    /// When an entry ends, its number and name.
    line: VecDeque<(Ms, u64, Id)>,
    number: u64,
    bytes: u64,
    /// Entries that ended before their time.
    evicted: u64,
}

impl DuplicateTable {
    pub(super) fn new(secret: u64) -> Self {
        Self {
            secret,
            entries: HashMap::default(),
            line: VecDeque::new(),
            number: 0,
            bytes: 0,
            evicted: 0,
        }
    }

    /// The name of a request.
    pub(super) fn id(&self, origin_host: &[u8], end_to_end: u32) -> Id {
        let mut hash = DefaultHasher::new();
        hash.write_u64(self.secret);
        for chunk in origin_host.chunks(32) {
            let mut lower = [0; 32];
            lower[..chunk.len()].copy_from_slice(chunk);
            lower.make_ascii_lowercase();
            hash.write(&lower);
        }
        Id {
            host: hash.finish(),
            end_to_end,
        }
    }

    pub(super) fn find(&self, id: Id) -> Before {
        match self.entries.get(&id).map(|entry| &entry.answer) {
            None => Before::Unknown,
            Some(Answer::Waiting(key)) => Before::Waiting(*key),
            Some(Answer::Given(answer)) => Before::Answered(answer.clone()),
        }
    }

    /// A request is being worked on.
    pub(super) fn begin(&mut self, now: Ms, id: Id, key: Key, settings: &Duplicates) {
        self.put(now, id, Answer::Waiting(key), settings);
    }

    /// A request was answered.
    pub(super) fn answered(&mut self, now: Ms, id: Id, answer: Bytes, settings: &Duplicates) {
        let size = answer.len() as u64;
        if let Some(entry) = self.entries.get_mut(&id) {
            self.bytes -= entry.answer.size();
            self.bytes += size;
            entry.answer = Answer::Given(answer);
            self.shrink(settings);
        } else {
            self.put(now, id, Answer::Given(answer), settings);
        }
    }

    pub(super) fn forget(&mut self, id: Id) {
        if let Some(entry) = self.entries.remove(&id) {
            self.bytes -= entry.answer.size();
        }
    }

    pub(super) fn expire(&mut self, now: Ms) {
        while self.line.front().is_some_and(|(end, ..)| *end <= now) {
            self.drop_oldest();
        }
        trim_line(&mut self.line);
        trim_map(&mut self.entries);
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many entries ended before their time since the last call.
    pub(super) fn take_evicted(&mut self) -> u64 {
        std::mem::take(&mut self.evicted)
    }

    fn put(&mut self, now: Ms, id: Id, answer: Answer, settings: &Duplicates) {
        if settings.entries == 0 {
            return;
        }
        self.expire(now);
        self.number += 1;
        self.bytes += answer.size();
        let entry = Entry {
            answer,
            number: self.number,
        };
        match self.entries.entry(id) {
            Place::Occupied(mut place) => {
                self.bytes -= place.insert(entry).answer.size();
            }
            Place::Vacant(place) => {
                place.insert(entry);
            }
        }
        self.line
            .push_back((now + settings.window, self.number, id));
        self.shrink(settings);
    }

    fn shrink(&mut self, settings: &Duplicates) {
        while self.line.len() > settings.entries as usize || self.bytes > settings.bytes {
            if self.line.is_empty() {
                return;
            }
            self.evicted += u64::from(self.drop_oldest());
        }
    }

    /// Whether there was one to drop: an entry that was replaced has left its place in the line empty.
    fn drop_oldest(&mut self) -> bool {
        let Some((_, number, id)) = self.line.pop_front() else {
            return false;
        };
        if self
            .entries
            .get(&id)
            .is_none_or(|entry| entry.number != number)
        {
            return false;
        }
        self.forget(id);
        true
    }
}

impl Answer {
    fn size(&self) -> u64 {
        match self {
            Self::Waiting(_) => 0,
            Self::Given(bytes) => bytes.len() as u64,
        }
    }
}

/// The keys are hashes already.
#[derive(Debug, Default)]
struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
