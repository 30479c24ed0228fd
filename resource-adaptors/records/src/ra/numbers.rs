//! Ids of records, never given twice: a number for each slot that counts up to a durable ceiling, which is raised before it
//! is reached.

use std::collections::BTreeMap;
use strowger::id::Slot;
use strowger::ra::RaCx;

use crate::driver::RecordId;

/// Records that one durable ceiling stands for. After a crash what is left of them is skipped.
const STEP: u64 = 4_096;

/// The sub key of a ceiling.
pub(super) const CEILING: &[u8] = b"next";

/// What counts.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    origin: Option<u32>,
    slots: BTreeMap<Slot, Count>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    next: u64,
    ceiling: u64,
}

impl Numbers {
    /// The next id of a slot.
    pub(super) fn next(&mut self, cx: &mut RaCx<'_>, slot: Slot) -> RecordId {
        let count = self.slots.entry(slot).or_default();
        if count.next >= count.ceiling {
            count.ceiling = count.next + STEP;
            cx.keep_strict(slot, CEILING, &count.ceiling.to_be_bytes());
        }
        let low = count.next;
        count.next += 1;
        RecordId {
            origin: self.origin(cx),
            number: u64::from(slot.0) << 56 | low,
        }
    }

    /// A ceiling of an earlier process: all below it may have been given.
    pub(super) fn restore(&mut self, slot: Slot, value: &[u8]) -> bool {
        let Ok(ceiling) = value.try_into().map(u64::from_be_bytes) else {
            return false;
        };
        let next = ceiling;
        self.slots.insert(slot, Count { next, ceiling });
        true
    }

    /// What stands for the store: bits that follow from its secret and do not tell it.
    pub(super) fn origin(&mut self, cx: &RaCx<'_>) -> u32 {
        *self.origin.get_or_insert_with(|| {
            let bits = |n: u8| {
                cx.slot_of(&[b"strowger-records".as_slice(), &[n]].concat())
                    .0
            };
            u32::from_be_bytes([bits(0), bits(1), bits(2), bits(3)])
        })
    }
}
