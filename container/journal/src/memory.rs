//! A store in memory, with faults on demand: for the test kit, for simulation, and as the plainest reading of the port.
//!
//! It keeps frames as the journal on disk does and recovers from their bytes, so that a torn frame is a torn frame. It is
//! deterministic: it never sleeps, reads no clock, and fails exactly where it was told to.

use crate::frame::{self, Frame, FrameError};
use crate::{Flaw, Group, Health, Key, Op, Record, Recovered, Seq, Store, StoreError, Tended};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;

/// Journal bytes after which tending makes a checkpoint, unless told otherwise.
const CHECKPOINT_AT: usize = 1024 * 1024;

/// A store in memory. See the module.
#[derive(Debug, Default)]
pub struct MemoryStore {
    checkpoint_at: Option<usize>,
    checkpoint: BTreeMap<Vec<u8>, Vec<u8>>,
    covered: Seq,
    /// Frames since the checkpoint; the first `durable_bytes` of them survive any crash.
    journal: Vec<u8>,
    durable_bytes: usize,
    durable: Seq,
    appended: Seq,
    /// Ends and last commits of what earlier syncs asked for and a slow disk has not finished.
    pending: VecDeque<(usize, Seq)>,
    faults: Faults,
    syncs: u64,
    appends: u64,
}

/// What goes wrong while the store runs. The default is nothing.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// The sync of this number (the first is 1) fails.
    pub fail_sync: Option<u64>,
    /// The append of this number (the first is 1) fails.
    pub fail_append: Option<u64>,
    /// Of an append that fails, or for which there is no room, this many bytes are there.
    pub torn_append: usize,
    /// Journal and checkpoint together hold at most this many bytes.
    pub capacity: Option<usize>,
    /// A sync finishes this many syncs later than asked for.
    pub slow: usize,
    /// A sync says that it has finished, and has done nothing. No store can live with such a disk: with it, tests show that they
    /// notice what is lost.
    pub lies: bool,
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// Killed: the system still has all that was written.
    Kill,
    /// Power lost: what was not synced is gone.
    LoseUnsynced,
    /// Power lost in the middle of a write: this many unsynced bytes are there, the rest is gone.
    Torn {
        /// How many.
        keep: usize,
    },
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store that will fail.
    #[must_use]
    pub fn with_faults(faults: Faults) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// Replaces the faults that are to come; counts of appends and syncs go on.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// After how many durable bytes of journal tending makes a checkpoint; kept over a crash.
    pub const fn checkpoint_at(&mut self, bytes: usize) {
        self.checkpoint_at = Some(bytes);
    }

    /// Whether these bytes are in the value of a live record, as a loss of power at this moment would leave them. Costs a replay
    /// of the journal.
    ///
    /// # Errors
    /// What is durable is damaged.
    pub fn holds_durably(&self, part: &[u8]) -> Result<bool, StoreError> {
        let mut records = self.checkpoint.clone();
        self.replay(self.durable_bytes, &mut records)?;
        let mut values = records.values();
        Ok(values.any(|value| {
            value
                .windows(part.len().max(1))
                .any(|window| window == part)
        }))
    }

    /// Ends the process that owned the store, and gives what the next one finds. Faults do not carry over.
    #[must_use]
    pub fn crash(mut self, how: Crash) -> Self {
        let unsynced = self.journal.len() - self.durable_bytes;
        let keep = match how {
            Crash::Kill => unsynced,
            Crash::LoseUnsynced => 0,
            Crash::Torn { keep } => keep.min(unsynced),
        };
        self.journal.truncate(self.durable_bytes + keep);
        Self {
            checkpoint_at: self.checkpoint_at,
            checkpoint: self.checkpoint,
            covered: self.covered,
            journal: self.journal,
            durable_bytes: self.durable_bytes,
            durable: self.durable,
            appended: self.durable,
            ..Self::default()
        }
    }

    /// Flips a bit of the journal, for tests of corruption. Positions wrap.
    pub fn damage(&mut self, position: usize) {
        let length = self.journal.len().max(1);
        if let Some(byte) = self.journal.get_mut(position % length) {
            *byte ^= 0x10;
        }
    }

    /// How many syncs there were.
    #[must_use]
    pub const fn syncs(&self) -> u64 {
        self.syncs
    }

    /// Writes the beginning of a group that cannot be written.
    fn tear(&mut self, group: &Group) {
        let mut whole = Vec::new();
        frame::write(group, &mut whole);
        // Were all of it there, it would be written.
        let keep = self.faults.torn_append.min(whole.len() - 1);
        self.journal.extend_from_slice(&whole[..keep]);
    }

    fn used(&self) -> usize {
        self.journal.len()
            + self
                .checkpoint
                .iter()
                .map(|(k, v)| k.len() + v.len())
                .sum::<usize>()
    }

    /// Applies the journal up to `end` to `records`; gives where it ends and its last commit.
    fn replay(
        &self,
        end: usize,
        records: &mut BTreeMap<Vec<u8>, Vec<u8>>,
    ) -> Result<(usize, Seq, u64), StoreError> {
        let (mut offset, mut last, mut replayed) = (0, self.covered, 0);
        while let Some(rest) = self.journal.get(offset..end) {
            let frame = match Frame::read(rest) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(_) if offset >= self.durable_bytes => break,
                Err(error) => return Err(corrupt(offset, error.into())),
            };
            if frame.first != last.next() {
                let flaw = Flaw::Sequence {
                    expected: last.next(),
                    found: frame.first,
                };
                return Err(corrupt(offset, flaw));
            }
            for commit in frame.commits() {
                let commit = commit.map_err(|error| corrupt(offset, error.into()))?;
                for delta in commit.deltas() {
                    let delta = delta.map_err(|error| corrupt(offset, error.into()))?;
                    match delta.op {
                        Op::Insert | Op::Update => {
                            records.insert(delta.encoded.to_vec(), delta.value.to_vec())
                        }
                        Op::Remove => records.remove(delta.encoded),
                    };
                }
                last = commit.seq;
                replayed += 1;
            }
            if last != frame.last {
                return Err(corrupt(offset, FrameError::Count.into()));
            }
            offset += frame.total_len();
        }
        Ok((offset, last, replayed))
    }
}

impl Store for MemoryStore {
    fn append(&mut self, group: &Group) -> Result<(), StoreError> {
        self.appends += 1;
        if self.faults.fail_append == Some(self.appends) {
            self.tear(group);
            return Err(injected("write"));
        }
        if group.first() != self.appended.next() {
            return Err(StoreError::OutOfOrder {
                expected: self.appended.next(),
                found: group.first(),
            });
        }
        if self
            .faults
            .capacity
            .is_some_and(|most| self.used() + group.bytes().len() > most)
        {
            self.tear(group);
            return Err(StoreError::Full {
                path: PathBuf::from("memory"),
            });
        }
        frame::write(group, &mut self.journal);
        self.appended = group.last();
        Ok(())
    }

    fn sync(&mut self) -> Result<Seq, StoreError> {
        self.syncs += 1;
        if self.faults.fail_sync == Some(self.syncs) {
            return Err(injected("sync"));
        }
        if self.faults.lies {
            return Ok(self.appended);
        }
        self.pending.push_back((self.journal.len(), self.appended));
        while self.pending.len() > self.faults.slow {
            let Some((end, seq)) = self.pending.pop_front() else {
                break;
            };
            self.durable_bytes = end;
            self.durable = seq;
        }
        Ok(self.durable)
    }

    fn tend(&mut self) -> Result<Tended, StoreError> {
        if self.durable_bytes > self.checkpoint_at.unwrap_or(CHECKPOINT_AT) {
            self.checkpoint()?;
        }
        Ok(Tended::default())
    }

    fn checkpoint(&mut self) -> Result<Seq, StoreError> {
        let mut records = std::mem::take(&mut self.checkpoint);
        let replayed = self.replay(self.durable_bytes, &mut records);
        self.checkpoint = records;
        let (end, last, _) = replayed?;
        self.covered = last;
        self.journal.drain(..end);
        self.durable_bytes -= end;
        for (position, _) in &mut self.pending {
            *position -= end;
        }
        Ok(last)
    }

    fn recover(&mut self, sink: &mut dyn FnMut(Record<'_>)) -> Result<Recovered, StoreError> {
        let mut records = self.checkpoint.clone();
        let (end, last_seq, replayed) = self.replay(self.journal.len(), &mut records)?;
        self.journal.truncate(end);
        self.pending.clear();
        self.durable_bytes = end;
        self.durable = last_seq;
        self.appended = last_seq;
        for (key, value) in &records {
            let key = Key::decode(key).map_err(|error| corrupt(0, error.into()))?;
            sink(Record { key, value });
        }
        let records = records.len() as u64;
        Ok(Recovered {
            last_seq,
            records,
            replayed,
            format: u32::from(frame::VERSION),
        })
    }

    fn health(&self) -> Health {
        let free = self
            .faults
            .capacity
            .map_or(usize::MAX, |most| most.saturating_sub(self.used()));
        Health {
            durable: self.durable,
            checkpoint: self.covered,
            journal_bytes: self.journal.len() as u64,
            free_bytes: free as u64,
            low_space: self.faults.capacity.is_some_and(|most| free < most / 8),
            ..Health::default()
        }
    }

    fn close(mut self: Box<Self>) -> Result<(), StoreError> {
        self.faults.slow = 0;
        self.sync().map(drop)
    }
}

fn corrupt(offset: usize, source: Flaw) -> StoreError {
    StoreError::Corrupt {
        file: PathBuf::from("memory"),
        offset: offset as u64,
        source,
    }
}

fn injected(operation: &'static str) -> StoreError {
    StoreError::Io {
        operation,
        path: PathBuf::from("memory"),
        source: io::Error::other("injected fault"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GroupBuilder;

    fn commit(builder: &mut GroupBuilder, session: u64, value: &[u8]) -> Group {
        builder.begin(true);
        builder
            .update(
                &Key {
                    slot: 0,
                    session,
                    kind: 0,
                    sub: b"",
                },
                value,
            )
            .unwrap();
        builder.take().unwrap()
    }

    fn live(store: &mut MemoryStore) -> (Seq, Vec<(u64, Vec<u8>)>) {
        let mut found = Vec::new();
        let recovered = store
            .recover(&mut |r| found.push((r.key.session, r.value.to_vec())))
            .unwrap();
        (recovered.last_seq, found)
    }

    #[test]
    fn a_crash_keeps_what_its_kind_keeps() {
        for (how, expected) in [
            (Crash::Kill, 2),
            (Crash::LoseUnsynced, 1),
            (Crash::Torn { keep: 30 }, 1),
            (Crash::Torn { keep: 999 }, 2),
        ] {
            let mut builder = GroupBuilder::new(Seq(1));
            let mut store = MemoryStore::new();
            store.append(&commit(&mut builder, 1, b"first")).unwrap();
            store.sync().unwrap();
            store.append(&commit(&mut builder, 2, b"second")).unwrap();
            let mut store = store.crash(how);
            let (last, records) = live(&mut store);
            assert_eq!(
                (last, records.len()),
                (Seq(expected), expected as usize),
                "{how:?}"
            );
            let mut builder = GroupBuilder::new(last.next());
            store.append(&commit(&mut builder, 3, b"third")).unwrap();
            assert_eq!(store.sync().unwrap(), last.next());
        }
    }

    #[test]
    fn faults_strike_where_they_were_put() {
        let mut builder = GroupBuilder::new(Seq(1));
        let mut store = MemoryStore::with_faults(Faults {
            fail_sync: Some(2),
            ..Faults::default()
        });
        store.append(&commit(&mut builder, 1, b"a")).unwrap();
        assert_eq!(store.sync().unwrap(), Seq(1));
        store.append(&commit(&mut builder, 2, b"b")).unwrap();
        assert_eq!(store.sync().unwrap_err().code(), "STO-002");

        let mut builder = GroupBuilder::new(Seq(1));
        let mut store = MemoryStore::with_faults(Faults {
            slow: 1,
            ..Faults::default()
        });
        store.append(&commit(&mut builder, 1, b"a")).unwrap();
        assert_eq!(store.sync().unwrap(), Seq(0));
        assert_eq!(store.sync().unwrap(), Seq(1));

        let mut store = MemoryStore::with_faults(Faults {
            capacity: Some(10),
            ..Faults::default()
        });
        let mut builder = GroupBuilder::new(Seq(1));
        assert_eq!(
            store
                .append(&commit(&mut builder, 1, b"too much"))
                .unwrap_err()
                .code(),
            "STO-001"
        );
    }

    #[test]
    fn a_write_that_fails_leaves_what_reached_the_disk() {
        for keep in [0, 1, 20, 999] {
            let mut builder = GroupBuilder::new(Seq(1));
            let mut store = MemoryStore::with_faults(Faults {
                fail_append: Some(2),
                torn_append: keep,
                ..Faults::default()
            });
            store.append(&commit(&mut builder, 1, b"first")).unwrap();
            store.sync().unwrap();
            let torn = store.append(&commit(&mut builder, 2, b"second"));
            assert_eq!(torn.unwrap_err().code(), "STO-002");
            let (last, records) = live(&mut store.crash(Crash::Kill));
            assert_eq!((last, records.len()), (Seq(1), 1), "{keep}");
        }
    }

    #[test]
    fn what_a_lying_disk_calls_durable_is_lost() {
        let mut builder = GroupBuilder::new(Seq(1));
        let mut store = MemoryStore::new();
        store.append(&commit(&mut builder, 1, b"first")).unwrap();
        store.sync().unwrap();
        store.set_faults(Faults {
            lies: true,
            ..Faults::default()
        });
        store.append(&commit(&mut builder, 2, b"second")).unwrap();
        assert_eq!(store.sync().unwrap(), Seq(2));
        assert!(store.holds_durably(b"irs").unwrap());
        assert!(!store.holds_durably(b"second").unwrap());
        let (last, _) = live(&mut store.crash(Crash::LoseUnsynced));
        assert_eq!(last, Seq(1));
    }

    #[test]
    fn damage_to_durable_bytes_is_corruption_and_not_a_torn_end() {
        let mut builder = GroupBuilder::new(Seq(1));
        let mut store = MemoryStore::new();
        store.append(&commit(&mut builder, 1, b"first")).unwrap();
        store.append(&commit(&mut builder, 1, b"second")).unwrap();
        store.sync().unwrap();
        store.damage(40);
        assert_eq!(store.recover(&mut |_| {}).unwrap_err().code(), "STO-003");
    }
}
