//! Body of the fuzz target `journal`: any bytes in, a panic if what reads a journal or an export breaks a promise.
//!
//! It lives here so that the ordinary tests replay the corpus with the very same code. Not part of the interface.

use crate::frame::{Frame, SegmentHeader};
use crate::{Commits, Key, MAX_VALUE, MemoryStore, Seq, portable};

/// The bytes as a segment, as a group without its frame (for a checksum keeps most inputs out), as a key, and as an export.
pub fn journal(data: &[u8]) {
    if let Ok(header) = SegmentHeader::decode(data) {
        assert_eq!(SegmentHeader::decode(&header.encode()), Ok(header));
    }
    let mut rest = data;
    while let Ok(Some(frame)) = Frame::read(rest) {
        assert!(frame.first <= frame.last, "a frame without a commit");
        commits(frame.commits(), frame.payload);
        rest = rest.get(frame.total_len()..).unwrap_or_default();
    }
    commits(Commits::new(Seq(1), data), data);
    if let Ok(key) = Key::decode(data) {
        assert_eq!(key.to_vec(), data);
    }
    let _ = portable::import(&mut MemoryStore::default(), &mut &*data);
}

/// What is read lies where it says, and reading ends with the first damage.
fn commits(mut commits: Commits<'_>, group: &[u8]) {
    let mut damaged = false;
    for commit in commits.by_ref() {
        assert!(!damaged, "something comes after damage");
        let Ok(commit) = commit else {
            damaged = true;
            continue;
        };
        for delta in commit.deltas() {
            let Ok(delta) = delta else { continue };
            assert_eq!(delta.key.to_vec(), delta.encoded);
            assert!(delta.value.len() <= MAX_VALUE, "too long a value");
            let there = group.get(delta.offset..delta.offset + delta.value.len());
            assert_eq!(there, Some(delta.value), "a value is not where it says");
        }
    }
    assert!(commits.next().is_none(), "something comes after the end");
}
