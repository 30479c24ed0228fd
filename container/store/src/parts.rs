//! How a record lies in sled: values of at most 4 KiB, so that a tree page never grows into a file of its own.
//!
//! A stored value begins with a tag: 0, and the value follows; or 1, its length (4, little endian), and the value lies in
//! parts under keys of a range of their own: the record's key with the top bit of its first byte set, and the part's
//! number (2, big endian). Keys that begin with 0xFF belong to the checkpoint itself.

use std::ops::Range;
use strowger_journal::MAX_VALUE;

/// Longest value that sled is given.
pub(crate) const MAX_STORED: usize = 4096;

/// First byte of the range that holds parts; records lie before it.
pub(crate) const PARTS: u8 = 0x80;

const INLINE: u8 = 0;
const CUT: u8 = 1;

/// What is stored under a record's own key.
pub(crate) fn head(value: &[u8]) -> Vec<u8> {
    if value.len() < MAX_STORED {
        let mut out = Vec::with_capacity(1 + value.len());
        out.push(INLINE);
        out.extend_from_slice(value);
        return out;
    }
    let mut out = vec![CUT];
    out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    out
}

/// The parts of a value; none when it is stored whole.
pub(crate) fn parts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let cut = if value.len() < MAX_STORED { &[] } else { value };
    cut.chunks(MAX_STORED)
}

/// What a stored head stands for; `None` when it is damaged.
pub(crate) fn read_head(stored: &[u8]) -> Option<Head<'_>> {
    match stored {
        [INLINE, value @ ..] => Some(Head::Whole(value)),
        [CUT, length @ ..] => {
            let length = u32::from_le_bytes(*length.as_array::<4>()?) as usize;
            (MAX_STORED..=MAX_VALUE)
                .contains(&length)
                .then_some(Head::Cut { length })
        }
        _ => None,
    }
}

pub(crate) enum Head<'a> {
    Whole(&'a [u8]),
    Cut { length: usize },
}

impl Head<'_> {
    /// The numbers of its parts.
    pub(crate) fn numbers(&self) -> Range<u16> {
        match self {
            Self::Whole(_) => 0..0,
            Self::Cut { length } => 0..length.div_ceil(MAX_STORED) as u16,
        }
    }
}

/// The key of a part.
pub(crate) fn part_key(key: &[u8], number: u16) -> Vec<u8> {
    let mut out = Vec::with_capacity(key.len() + 2);
    out.extend_from_slice(key);
    if let Some(first) = out.first_mut() {
        *first |= PARTS;
    }
    out.extend_from_slice(&number.to_be_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn values_come_back_from_head_and_parts(value in proptest::collection::vec(any::<u8>(), 0..20_000)) {
            let stored = head(&value);
            prop_assert!(stored.len() <= MAX_STORED);
            let read = read_head(&stored).unwrap();
            prop_assert_eq!(read.numbers().len(), parts(&value).count());
            let whole = match read {
                Head::Whole(whole) => whole.to_vec(),
                Head::Cut { length } => {
                    let joined = parts(&value).collect::<Vec<_>>().concat();
                    prop_assert_eq!(joined.len(), length);
                    joined
                }
            };
            prop_assert_eq!(whole, value);
        }

        #[test]
        fn any_stored_head_is_read_or_refused(stored in proptest::collection::vec(any::<u8>(), 0..10)) {
            let _ = read_head(&stored);
        }
    }
}
