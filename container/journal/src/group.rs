//! Groups of commits: how a shard writes down what its transactions change.
//!
//! One byte buffer per group and no allocation per delta; the layout is in `commit.rs`.

use crate::commit::{COMMIT_HEADER, FLAG_STRICT};
use crate::{Commits, Key, MAX_SUB, MAX_VALUE, Op, Seq, TooLong};

/// Most bytes of commits in one group: what the length in a frame can say. A shard hands a group over long before; see
/// [`GroupBuilder::len`].
pub const MAX_GROUP: usize = u32::MAX as usize;

/// A run of commits that are handed to the store together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    first: Seq,
    last: Seq,
    strict: bool,
    bytes: Vec<u8>,
}

impl Group {
    /// The number of its first commit.
    #[must_use]
    pub const fn first(&self) -> Seq {
        self.first
    }

    /// The number of its last commit.
    #[must_use]
    pub const fn last(&self) -> Seq {
        self.last
    }

    /// Whether any of its commits is of class strict, so that somebody waits for the group to be durable.
    #[must_use]
    pub const fn strict(&self) -> bool {
        self.strict
    }

    /// Its encoded commits.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads its commits.
    #[must_use]
    pub fn commits(&self) -> Commits<'_> {
        Commits::new(self.first, &self.bytes)
    }
}

/// Collects commits into groups.
///
/// `begin` opens a commit, `insert`, `update` and `remove` add to it, and the next `begin` or `take` closes it.
#[derive(Debug)]
pub struct GroupBuilder {
    next: Seq,
    first: Seq,
    strict: bool,
    /// Strictness of the group without its open commit.
    strict_before: bool,
    bytes: Vec<u8>,
    /// Where the open commit starts.
    open: Option<usize>,
}

impl GroupBuilder {
    /// A builder whose first commit gets the number `next`: after a recovery, the one after the last recovered.
    #[must_use]
    pub const fn new(next: Seq) -> Self {
        Self {
            next,
            first: next,
            strict: false,
            strict_before: false,
            bytes: Vec::new(),
            open: None,
        }
    }

    /// Opens a commit, closing the one before, and gives its number.
    pub fn begin(&mut self, strict: bool) -> Seq {
        self.close();
        let seq = self.next;
        self.next = seq.next();
        self.open = Some(self.bytes.len());
        self.strict_before = self.strict;
        self.strict |= strict;
        self.bytes
            .extend_from_slice(&[if strict { FLAG_STRICT } else { 0 }, 0, 0, 0, 0]);
        seq
    }

    /// Writes a record whose key is not live.
    ///
    /// # Errors
    /// Sub key or value are too long; nothing is added. Without an open commit one of class relaxed is opened.
    pub fn insert(&mut self, key: &Key<'_>, value: &[u8]) -> Result<(), TooLong> {
        self.put(Op::Insert, key, value)
    }

    /// Writes a record whose key may be live.
    ///
    /// # Errors
    /// As for [`GroupBuilder::insert`].
    pub fn update(&mut self, key: &Key<'_>, value: &[u8]) -> Result<(), TooLong> {
        self.put(Op::Update, key, value)
    }

    /// Removes a record; one that is not live is no error.
    ///
    /// # Errors
    /// The sub key is too long; nothing is added.
    pub fn remove(&mut self, key: &Key<'_>) -> Result<(), TooLong> {
        self.head(Op::Remove, key)
    }

    /// Raises the open commit to class strict.
    pub fn raise(&mut self) {
        if let Some(flags) = self.open.and_then(|open| self.bytes.get_mut(open)) {
            *flags |= FLAG_STRICT;
            self.strict = true;
        }
    }

    /// Drops the open commit and gives its number back.
    pub fn abandon(&mut self) {
        if let Some(open) = self.open.take() {
            self.bytes.truncate(open);
            self.next = Seq(self.next.0 - 1);
            self.strict = self.strict_before;
        }
    }

    /// Number of the last commit begun.
    #[must_use]
    pub const fn last(&self) -> Seq {
        Seq(self.next.0 - 1)
    }

    /// Bytes collected so far. A shard takes the group at the end of its turn, or earlier when this grows large.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether no commit is in the group.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Closes the open commit and hands the group out; `None` when there is no commit.
    pub fn take(&mut self) -> Option<Group> {
        if self.bytes.is_empty() {
            return None;
        }
        self.close();
        let group = Group {
            first: self.first,
            last: self.last(),
            strict: self.strict,
            bytes: std::mem::take(&mut self.bytes),
        };
        self.first = self.next;
        self.strict = false;
        Some(group)
    }

    /// Takes the buffer of a group that has been written, to collect the next one in. Ignored when one is in use.
    pub fn recycle(&mut self, mut buffer: Vec<u8>) {
        if self.bytes.capacity() == 0 {
            buffer.clear();
            self.bytes = buffer;
        }
    }

    fn put(&mut self, op: Op, key: &Key<'_>, value: &[u8]) -> Result<(), TooLong> {
        if value.len() > MAX_VALUE {
            return Err(TooLong::Value {
                length: value.len(),
            });
        }
        self.head(op, key)?;
        self.bytes
            .extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(value);
        Ok(())
    }

    fn head(&mut self, op: Op, key: &Key<'_>) -> Result<(), TooLong> {
        if key.sub.len() > MAX_SUB {
            return Err(TooLong::Sub {
                length: key.sub.len(),
            });
        }
        if self.open.is_none() {
            self.begin(false);
        }
        self.bytes
            .extend_from_slice(&[op as u8, key.encoded_len() as u8]);
        key.encode(&mut self.bytes);
        Ok(())
    }

    /// Writes the open commit's length into its header.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let length = (self.bytes.len() - open - COMMIT_HEADER) as u32;
        if let Some(field) = self.bytes.get_mut(open + 1..open + COMMIT_HEADER) {
            field.copy_from_slice(&length.to_le_bytes());
        }
    }
}

impl From<Group> for Vec<u8> {
    /// The group's buffer, for [`GroupBuilder::recycle`].
    fn from(group: Group) -> Self {
        group.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Commit, Corrupt, Damage};
    use proptest::prelude::*;

    fn key(session: u64, sub: &[u8]) -> Key<'_> {
        Key {
            slot: 7,
            session,
            kind: 2,
            sub,
        }
    }

    #[test]
    fn commits_come_back_as_they_were_made() {
        let mut builder = GroupBuilder::new(Seq(5));
        assert_eq!(builder.take(), None);
        assert_eq!(builder.begin(true), Seq(5));
        builder.insert(&key(1, b"a"), b"one").unwrap();
        builder.remove(&key(2, b"")).unwrap();
        assert_eq!(builder.begin(false), Seq(6));
        builder.update(&key(1, b"a"), b"two").unwrap();
        let group = builder.take().unwrap();
        assert_eq!(
            (group.first(), group.last(), group.strict()),
            (Seq(5), Seq(6), true)
        );

        let commits: Vec<_> = group.commits().map(Result::unwrap).collect();
        assert_eq!(
            commits
                .iter()
                .map(|c| (c.seq, c.strict))
                .collect::<Vec<_>>(),
            [(Seq(5), true), (Seq(6), false)]
        );
        let deltas: Vec<_> = commits
            .iter()
            .flat_map(Commit::deltas)
            .map(Result::unwrap)
            .collect();
        assert_eq!(
            deltas.iter().map(|d| d.op).collect::<Vec<_>>(),
            [Op::Insert, Op::Remove, Op::Update]
        );
        for delta in &deltas {
            assert_eq!(
                &group.bytes()[delta.offset..delta.offset + delta.value.len()],
                delta.value
            );
        }
        assert_eq!(builder.begin(false), Seq(7));
        assert!(!builder.take().unwrap().strict());
    }

    #[test]
    fn an_abandoned_commit_gives_its_number_back() {
        let mut builder = GroupBuilder::new(Seq(1));
        builder.begin(false);
        builder.insert(&key(1, b""), b"kept").unwrap();
        builder.begin(true);
        builder.insert(&key(2, b""), b"dropped").unwrap();
        builder.abandon();
        builder.abandon();
        let group = builder.take().unwrap();
        assert_eq!((group.last(), group.strict()), (Seq(1), false));
        assert_eq!(group.commits().count(), 1);
        assert_eq!(builder.begin(true), Seq(2));
    }

    #[test]
    fn what_is_too_long_is_refused_and_leaves_nothing() {
        let mut builder = GroupBuilder::new(Seq(1));
        assert_eq!(
            builder.insert(&key(1, &[0; 65]), b""),
            Err(TooLong::Sub { length: 65 })
        );
        assert_eq!(
            builder.update(&key(1, b""), &vec![0; MAX_VALUE + 1]),
            Err(TooLong::Value {
                length: MAX_VALUE + 1
            })
        );
        assert!(builder.is_empty());
    }

    #[test]
    fn damage_is_named_with_its_offset() {
        let mut builder = GroupBuilder::new(Seq(1));
        builder.begin(true);
        builder.insert(&key(1, b""), b"value").unwrap();
        let mut bytes = Vec::from(builder.take().unwrap());
        bytes[5] = 9;
        let commit = Commits::new(Seq(1), &bytes).next().unwrap().unwrap();
        assert_eq!(
            commit.deltas().next(),
            Some(Err(Corrupt {
                offset: 5,
                what: Damage::Operation
            }))
        );
        bytes.truncate(20);
        assert_eq!(
            Commits::new(Seq(1), &bytes).next().unwrap().unwrap_err(),
            Corrupt {
                offset: 0,
                what: Damage::CommitShort
            }
        );
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_commits_or_in_one_error(bytes in proptest::collection::vec(0_u8..32, 0..300)) {
            for commit in Commits::new(Seq(1), &bytes).flatten() {
                for delta in commit.deltas().flatten() {
                    prop_assert!(delta.offset + delta.value.len() <= bytes.len());
                }
            }
        }
    }
}
