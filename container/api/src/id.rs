//! Identities. Each is 64 bits: the slot that owns the thing, its place there, and a stamp that makes it unique.
//!
//! Layout, most significant first: slot (8 bits), index in the slot (24), stamp (32). The stamp counts allocations of
//! the slot and is never used again for the same index, also not after a restart, so that a stale id is told from a
//! live one by comparing eight bytes. An id never contains an address of a node or a process.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One of the 256 parts into which a node's state is divided; the unit of everything that moves.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Slot(pub u8);

/// Number of slots of a node, fixed when its store is created.
pub const SLOTS: usize = 256;

/// A text is not an id as they are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an id of this kind")]
pub struct NotAnId;

/// Slot, index and stamp of an id as it is printed.
fn parts(text: &str, letter: &str) -> Option<(Slot, u32, u32)> {
    let (slot, rest) = text.strip_prefix(letter)?.split_at_checked(2)?;
    let (index, stamp) = rest.strip_prefix('-')?.split_once('-')?;
    let index = index.parse().ok().filter(|index| *index < 1 << 24)?;
    Some((
        Slot(u8::from_str_radix(slot, 16).ok()?),
        index,
        stamp.parse().ok()?,
    ))
}

macro_rules! slot_id {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Puts an id together from its parts; `index` must be below 2^24.
            #[must_use]
            pub const fn new(slot: Slot, index: u32, stamp: u32) -> Self {
                Self(((slot.0 as u64) << 56) | (((index & 0x00ff_ffff) as u64) << 32) | stamp as u64)
            }
            /// The id whose bits are `raw`.
            #[must_use]
            pub const fn from_raw(raw: u64) -> Self { Self(raw) }
            /// All 64 bits.
            #[must_use]
            pub const fn raw(self) -> u64 { self.0 }
            /// The slot that owns the thing.
            #[must_use]
            pub const fn slot(self) -> Slot { Slot((self.0 >> 56) as u8) }
            /// Its place in the slot.
            #[must_use]
            pub const fn index(self) -> u32 { ((self.0 >> 32) & 0x00ff_ffff) as u32 }
            /// The allocation that it comes from.
            #[must_use]
            pub const fn stamp(self) -> u32 { self.0 as u32 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{:02x}-{}-{}"), self.slot().0, self.index(), self.stamp())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let (slot, index, stamp) = parts(text, $letter).ok_or(NotAnId)?;
                Ok(Self::new(slot, index, stamp))
            }
        }
    };
}

slot_id!(
    /// An activity and its activity context, which are one to one (R-AC-01).
    ActivityId, "a"
);
slot_id!(
    /// An SBB entity: root or child.
    EntityId, "e"
);
slot_id!(
    /// A timer set by an SBB.
    TimerId, "t"
);

/// An active service, by its place in the node's table of services. Not durable: records carry [`ComponentId`]s.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServiceIx(pub u16);

/// A resource adaptor entity, by its place in the node's table of them. Not durable: records carry its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RaIx(pub u16);

/// A table of profiles, by its place among the node's. Not durable: records carry its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TableIx(pub u16);

/// Name, vendor and version of a component: an event type, an SBB, a service, a resource adaptor type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Component {
    /// For example `b2bua`.
    pub name: &'static str,
    /// For example `org.example`.
    pub vendor: &'static str,
    /// For example `1.0`.
    pub version: &'static str,
}

impl Component {
    /// The 64 bits that stand for this component in tables and in durable records.
    #[must_use]
    pub const fn id(&self) -> ComponentId {
        let mut hash = FNV_OFFSET;
        hash = fnv(hash, self.name.as_bytes());
        hash = fnv(hash, &[0]);
        hash = fnv(hash, self.vendor.as_bytes());
        hash = fnv(hash, &[0]);
        hash = fnv(hash, self.version.as_bytes());
        ComponentId(hash)
    }
    /// Whether both are versions of one component: their names and vendors are the same.
    #[must_use]
    pub fn is_version_of(&self, other: &Self) -> bool {
        self.name == other.name && self.vendor == other.vendor
    }
    /// Whether a text is this component or another version of it, written as [`Display`](fmt::Display) writes it.
    #[must_use]
    pub fn is_version_written(&self, text: &str) -> bool {
        let rest = text
            .strip_suffix(')')
            .and_then(|text| text.strip_suffix(self.vendor));
        let rest = rest.and_then(|text| text.strip_suffix(" ("));
        let rest = rest.and_then(|text| text.strip_prefix(self.name));
        let version = rest.and_then(|text| text.strip_prefix(' '));
        version.is_some_and(|version| !version.is_empty() && !version.contains(' '))
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.name, self.version, self.vendor)
    }
}

/// A component as 64 bits of FNV-1a over its name, vendor and version; the kernel refuses two that collide.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ComponentId(pub u64);

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// One FNV-1a step over `bytes`; usable in constants, for fingerprints and component ids.
#[must_use]
pub(crate) const fn fnv(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut i = 0;
    while i < bytes.len() {
        hash ^= bytes[i] as u64;
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

/// FNV-1a of one byte string.
#[must_use]
pub(crate) const fn fingerprint(bytes: &[u8]) -> u64 {
    fnv(FNV_OFFSET, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back() {
        let id = ActivityId::new(Slot(0xab), 0x00ff_ffff, 0xdead_beef);
        assert_eq!(
            (id.slot(), id.index(), id.stamp()),
            (Slot(0xab), 0x00ff_ffff, 0xdead_beef)
        );
        assert_eq!(ActivityId::from_raw(id.raw()), id);
        assert_eq!(id.to_string(), "aab-16777215-3735928559");
        assert_eq!(id.to_string().parse(), Ok(id));
        let wrong = [
            "",
            "a",
            "eab-1-1",
            "aab-16777216-1",
            "aab-1",
            "aég-1-1",
            "aab-1-4294967296",
        ];
        for wrong in wrong {
            assert_eq!(wrong.parse::<ActivityId>(), Err(NotAnId), "{wrong}");
        }
    }

    #[test]
    fn components_that_join_alike_differ() {
        let a = Component {
            name: "ab",
            vendor: "c",
            version: "1",
        };
        let b = Component {
            name: "a",
            vendor: "bc",
            version: "1",
        };
        assert_ne!(a.id(), b.id());
    }
}
