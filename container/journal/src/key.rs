//! Keys of records: slot, session, kind and sub key, big endian, so that they sort as bytes.

use thiserror::Error;

/// Number of slots that state is divided into; fixed when a store is created.
pub const SLOTS: usize = 256;

/// Longest sub key, in bytes.
pub const MAX_SUB: usize = 64;

/// Longest value of a record, in bytes.
pub const MAX_VALUE: usize = 1024 * 1024;

/// Bytes of slot, session and kind.
const FIXED: usize = 11;

/// Longest encoded key, in bytes.
pub const MAX_ENCODED: usize = FIXED + MAX_SUB;

/// The key of a record.
///
/// The order of keys is the order of their encoded bytes: slot, then session, then kind, then sub key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key<'a> {
    /// The slot that the record belongs to. Two bytes on disk, so that the number of slots can grow.
    pub slot: u8,
    /// What within the slot: an activity context or an entity tree, or 0 for what belongs to the slot itself.
    pub session: u64,
    /// What sort of record; the kernel gives these numbers their meaning.
    pub kind: u8,
    /// Which of its sort; at most [`MAX_SUB`] bytes.
    pub sub: &'a [u8],
}

/// Bytes that are not an encoded key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a key: {length} bytes")]
pub struct BadKey {
    /// How many bytes there were.
    pub length: usize,
}

impl<'a> Key<'a> {
    /// How many bytes [`Key::encode`] appends.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        FIXED + self.sub.len()
    }

    /// Appends the encoded key.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut fixed = [0; FIXED];
        fixed[1] = self.slot;
        fixed[2..10].copy_from_slice(&self.session.to_be_bytes());
        fixed[10] = self.kind;
        out.extend_from_slice(&fixed);
        out.extend_from_slice(self.sub);
    }

    /// The encoded key in a buffer of its own.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.encode(&mut out);
        out
    }

    /// Reads an encoded key.
    ///
    /// # Errors
    /// Too short, too long, or a slot beyond [`SLOTS`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, BadKey> {
        let bad = BadKey {
            length: bytes.len(),
        };
        match bytes {
            [0, slot, a, b, c, d, e, f, g, h, kind, sub @ ..] if sub.len() <= MAX_SUB => Ok(Self {
                slot: *slot,
                session: u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]),
                kind: *kind,
                sub,
            }),
            _ => Err(bad),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_survive_encoding_and_sort_as_bytes(
            a in (any::<u8>(), any::<u64>(), any::<u8>(), proptest::collection::vec(any::<u8>(), 0..=MAX_SUB)),
            b in (any::<u8>(), any::<u64>(), any::<u8>(), proptest::collection::vec(any::<u8>(), 0..=MAX_SUB)),
        ) {
            let a = Key { slot: a.0, session: a.1, kind: a.2, sub: &a.3 };
            let b = Key { slot: b.0, session: b.1, kind: b.2, sub: &b.3 };
            let encoded = a.to_vec();
            prop_assert_eq!(Key::decode(&encoded), Ok(a));
            prop_assert_eq!(a.cmp(&b), a.to_vec().cmp(&b.to_vec()));
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(key) = Key::decode(&bytes) {
                prop_assert_eq!(key.to_vec(), bytes);
            }
        }
    }
}
