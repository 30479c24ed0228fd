//! Tables of activities, entities and timers: a place by index in each slot, and a stamp that tells a stale id from a
//! live one.
//!
//! A stamp is used once in a slot, also over restarts: durable ids stay below a ceiling that is itself durable, and
//! after a restart stamps go on above it.

use strowger::id::{ActivityId, EntityId, SLOTS, Slot, TimerId};

/// An id made of slot, index and stamp.
pub(crate) trait SlotId: Copy + Eq {
    /// Puts it together.
    fn make(slot: Slot, index: u32, stamp: u32) -> Self;
    /// Takes it apart.
    fn parts(self) -> (Slot, u32, u32);
}

macro_rules! slot_id {
    ($($id:ty),*) => {
        $(impl SlotId for $id {
            fn make(slot: Slot, index: u32, stamp: u32) -> Self { Self::new(slot, index, stamp) }
            fn parts(self) -> (Slot, u32, u32) { (self.slot(), self.index(), self.stamp()) }
        })*
    };
}

slot_id!(ActivityId, EntityId, TimerId);

/// Highest number of places in a slot: an index has 24 bits.
const PLACES: usize = 1 << 24;

/// Stamps that one durable ceiling stands for.
const BLOCK: u32 = 1 << 16;

/// Places of a slot that are kept, however few are taken.
const KEPT: usize = 64;

struct Entry<T> {
    stamp: u32,
    value: Option<T>,
}

struct Places<T> {
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
    /// With so few places taken, those behind the last one are given back; not as long as that would be few.
    few: Option<u32>,
    stamp: u32,
    ceiling: u32,
    /// Ids were handed out that the ceiling does not cover.
    uncovered: bool,
}

/// A table over all slots.
pub(crate) struct Slab<I, T> {
    slots: Vec<Places<T>>,
    /// Slots in which ids were handed out that the ceiling does not cover.
    uncovered: Vec<Slot>,
    len: u32,
    id: std::marker::PhantomData<I>,
}

impl<I: SlotId, T> Slab<I, T> {
    pub(crate) fn new() -> Self {
        let places = || Places {
            entries: Vec::new(),
            free: Vec::new(),
            few: None,
            stamp: 1,
            ceiling: 0,
            uncovered: false,
        };
        Self {
            slots: std::iter::repeat_with(places).take(SLOTS).collect(),
            uncovered: Vec::new(),
            len: 0,
            id: std::marker::PhantomData,
        }
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> u32 {
        self.len
    }

    pub(crate) fn get(&self, id: I) -> Option<&T> {
        let (slot, index, stamp) = id.parts();
        let entry = self
            .slots
            .get(usize::from(slot.0))?
            .entries
            .get(index as usize)?;
        if entry.stamp == stamp {
            entry.value.as_ref()
        } else {
            None
        }
    }

    pub(crate) fn get_mut(&mut self, id: I) -> Option<&mut T> {
        let (slot, index, stamp) = id.parts();
        let entry = self
            .slots
            .get_mut(usize::from(slot.0))?
            .entries
            .get_mut(index as usize)?;
        if entry.stamp == stamp {
            entry.value.as_mut()
        } else {
            None
        }
    }

    /// Puts a value in a free place; `None` when the slot is full.
    pub(crate) fn insert(&mut self, slot: Slot, value: T) -> Option<I> {
        let places = self.slots.get_mut(usize::from(slot.0))?;
        let index = match places.free.pop() {
            Some(index) => {
                if places.free.len() == places.entries.len() / 2 {
                    places.many();
                }
                index
            }
            None if places.entries.len() < PLACES => {
                places.push();
                places.entries.len() as u32 - 1
            }
            None => return None,
        };
        let stamp = places.stamp;
        places.stamp = stamp.checked_add(1).unwrap_or(1);
        if stamp >= places.ceiling && !places.uncovered {
            places.uncovered = true;
            self.uncovered.push(slot);
        }
        let entry = places.entries.get_mut(index as usize)?;
        *entry = Entry {
            stamp,
            value: Some(value),
        };
        self.len += 1;
        Some(I::make(slot, index, stamp))
    }

    /// Takes a value out; its place stays reserved until `release` or `put_back`.
    pub(crate) fn take(&mut self, id: I) -> Option<T> {
        let (slot, index, stamp) = id.parts();
        let entry = self
            .slots
            .get_mut(usize::from(slot.0))?
            .entries
            .get_mut(index as usize)?;
        if entry.stamp != stamp {
            return None;
        }
        let value = entry.value.take();
        self.len -= u32::from(value.is_some());
        value
    }

    /// Undoes `take`.
    pub(crate) fn put_back(&mut self, id: I, value: T) {
        let (slot, index, stamp) = id.parts();
        let places = self.slots.get_mut(usize::from(slot.0));
        if let Some(entry) = places.and_then(|p| p.entries.get_mut(index as usize))
            && entry.stamp == stamp
        {
            self.len += u32::from(entry.value.is_none());
            entry.value = Some(value);
        }
    }

    /// Gives the place of a value that was taken out to others.
    pub(crate) fn release(&mut self, id: I) {
        let (slot, index, stamp) = id.parts();
        if let Some(places) = self.slots.get_mut(usize::from(slot.0))
            && let Some(entry) = places.entries.get_mut(index as usize)
            && entry.stamp == stamp
            && entry.value.is_none()
        {
            entry.stamp = 0;
            places.free.push(index);
            let taken = places.entries.len() - places.free.len();
            if places.few.is_some_and(|few| taken <= few as usize) {
                places.shrink(taken);
            }
        }
    }

    /// Takes a value out and frees its place.
    pub(crate) fn remove(&mut self, id: I) -> Option<T> {
        let value = self.take(id);
        if value.is_some() {
            self.release(id);
        }
        value
    }

    /// Ids of one slot, in the order of their places.
    pub(crate) fn ids_in(&self, slot: Slot) -> impl Iterator<Item = I> + '_ {
        let entries = self
            .slots
            .get(usize::from(slot.0))
            .map_or(&[][..], |p| &p.entries);
        let live = entries
            .iter()
            .enumerate()
            .filter(|(_, e)| e.value.is_some());
        live.map(move |(index, e)| I::make(slot, index as u32, e.stamp))
    }

    /// All ids, in the order of slots and places.
    pub(crate) fn ids(&self) -> impl Iterator<Item = I> + '_ {
        (0..=u8::MAX).flat_map(|slot| self.ids_in(Slot(slot)))
    }

    /// Shows ids behind a place, in the order of slots and places, until `see` has enough or `places` places were looked at,
    /// taken or not. Gives where to go on, unless the end was reached: cost is in proportion to `places`, not to what there is.
    pub(crate) fn walk(
        &self,
        after: Option<I>,
        places: usize,
        mut see: impl FnMut(I) -> bool,
    ) -> Option<I> {
        let (first, from) = after.map_or((0, 0), |id| {
            let (slot, index, _) = id.parts();
            (usize::from(slot.0), index as usize + 1)
        });
        let mut left = places;
        for (n, table) in self.slots.iter().enumerate().skip(first) {
            let slot = Slot(n as u8);
            let skipped = if n == first { from } else { 0 };
            for (index, entry) in table.entries.iter().enumerate().skip(skipped) {
                let id = I::make(slot, index as u32, entry.stamp);
                left = left.saturating_sub(1);
                let enough = entry.value.is_some() && !see(id);
                if enough || left == 0 {
                    return Some(id);
                }
            }
        }
        None
    }

    // ---- durability of stamps

    /// Whether ids were handed out that no durable ceiling covers. Also one without a record may be in a durable state.
    pub(crate) const fn is_uncovered(&self) -> bool {
        !self.uncovered.is_empty()
    }
    /// The next ceiling to write, in the commit that may hold the ids.
    pub(crate) fn new_ceiling(&mut self) -> Option<(Slot, u32)> {
        let slot = self.uncovered.pop()?;
        let places = self.slots.get_mut(usize::from(slot.0))?;
        places.uncovered = false;
        places.ceiling = places.stamp.saturating_add(BLOCK);
        Some((slot, places.ceiling))
    }

    /// Restores a ceiling.
    pub(crate) fn restore_ceiling(&mut self, slot: Slot, ceiling: u32) {
        if let Some(places) = self.slots.get_mut(usize::from(slot.0)) {
            places.ceiling = places.ceiling.max(ceiling);
            places.stamp = places.stamp.max(ceiling.checked_add(BLOCK).unwrap_or(1));
        }
    }

    /// Restores a value under its old id; false when its place is taken.
    pub(crate) fn restore(&mut self, id: I, value: T) -> bool {
        let (slot, index, stamp) = id.parts();
        let Some(places) = self.slots.get_mut(usize::from(slot.0)) else {
            return false;
        };
        while places.entries.len() <= index as usize {
            places.push();
        }
        let Some(entry) = places.entries.get_mut(index as usize) else {
            return false;
        };
        if entry.value.is_some() || stamp == 0 {
            return false;
        }
        *entry = Entry {
            stamp,
            value: Some(value),
        };
        self.len += 1;
        true
    }

    /// After the last `restore`: collects the free places.
    pub(crate) fn restored(&mut self) {
        for places in &mut self.slots {
            let entries = places.entries.iter().enumerate().rev();
            places.free = entries
                .filter(|(_, e)| e.value.is_none())
                .map(|(i, _)| i as u32)
                .collect();
        }
    }
}

impl<T> Places<T> {
    /// One more free place, that is not among the free ones. Growth by a quarter: many slots are rather full than fast to
    /// grow.
    fn push(&mut self) {
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(self.entries.len() / 4 + 4);
        }
        self.entries.push(Entry {
            stamp: 0,
            value: None,
        });
        self.many();
    }

    /// Many places are taken: an eighth of them is few.
    fn many(&mut self) {
        let places = self.entries.len();
        self.few = (places >= 2 * KEPT).then_some(places as u32 / 8);
    }

    /// Gives back the places behind the last one taken, after a peak. An id of one of them stays stale also when there is a
    /// place of that index again, since stamps are the slot's. Where a place near the end is taken, half as many taken ones
    /// are waited for: what this costs stays below what the growth has cost.
    fn shrink(&mut self, taken: usize) {
        let last = self.entries.iter().rposition(|entry| entry.stamp != 0);
        let left = last.map_or(0, |last| last + 1).max(KEPT);
        if left > self.entries.len() / 2 {
            self.few = Some(taken as u32 / 2);
            return;
        }
        self.entries.truncate(left);
        self.entries.shrink_to_fit();
        let entries = self.entries.iter().enumerate().rev();
        let free = entries.filter(|(_, entry)| entry.stamp == 0);
        // The lowest are taken next.
        self.free = free.map(|(index, _)| index as u32).collect();
        self.many();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_used_again_and_its_old_id_is_stale() {
        let mut slab: Slab<ActivityId, &str> = Slab::new();
        let first = slab.insert(Slot(3), "a").unwrap();
        assert_eq!(slab.remove(first), Some("a"));
        let second = slab.insert(Slot(3), "b").unwrap();
        assert_eq!(first.index(), second.index());
        assert_ne!(first, second);
        assert_eq!((slab.get(first), slab.get(second)), (None, Some(&"b")));
        assert_eq!(slab.len(), 1);
    }

    #[test]
    fn what_was_taken_keeps_its_place_until_released() {
        let mut slab: Slab<EntityId, u8> = Slab::new();
        let id = slab.insert(Slot(0), 1).unwrap();
        let value = slab.take(id).unwrap();
        let other = slab.insert(Slot(0), 2).unwrap();
        assert_ne!(id.index(), other.index());
        slab.put_back(id, value);
        assert_eq!(slab.get(id), Some(&1));
        assert_eq!(slab.ids().collect::<Vec<_>>(), [id, other]);
    }

    #[test]
    fn stamps_go_on_above_the_durable_ceiling() {
        let mut slab: Slab<TimerId, ()> = Slab::new();
        let id = slab.insert(Slot(9), ()).unwrap();
        let (slot, ceiling) = slab.new_ceiling().unwrap();
        assert_eq!((slot, slab.new_ceiling()), (Slot(9), None));
        let mut after: Slab<TimerId, ()> = Slab::new();
        after.restore_ceiling(Slot(9), ceiling);
        assert!(after.restore(id, ()));
        assert!(!after.restore(id, ()));
        after.restored();
        assert!(after.insert(Slot(9), ()).unwrap().stamp() >= ceiling);
    }

    #[test]
    fn a_walk_shows_all_in_parts_and_looks_at_no_more_places_than_it_may() {
        let mut slab: Slab<ActivityId, u32> = Slab::new();
        let mut ids = Vec::new();
        for n in 0..1_000 {
            ids.push(slab.insert(Slot((n % 7) as u8), n).unwrap());
        }
        for id in ids.extract_if(.., |id| id.index() % 3 == 0) {
            slab.remove(id);
        }
        let (mut seen, mut after, mut parts) = (Vec::new(), None, 0);
        loop {
            let mut part = 0;
            after = slab.walk(after, 100, |id| {
                seen.push(id);
                part += 1;
                part < 50
            });
            parts += 1;
            assert!(part <= 50);
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, slab.ids().collect::<Vec<_>>());
        assert!(parts > 10);
        let one = slab.walk(Some(ids[0]), 1, |_| true).unwrap();
        assert_eq!(one.index(), ids[0].index() + 1);
    }

    /// Fills a slot with `count` values.
    fn filled(count: u32) -> (Slab<TimerId, u32>, Vec<TimerId>) {
        let mut slab = Slab::new();
        let ids = (0..count)
            .map(|n| slab.insert(Slot(5), n).unwrap())
            .collect();
        (slab, ids)
    }

    fn places(slab: &Slab<TimerId, u32>) -> usize {
        slab.slots[5].entries.capacity()
    }

    #[test]
    fn a_peak_that_is_over_gives_its_places_back_and_its_ids_stay_stale() {
        let (mut slab, ids) = filled(10_000);
        let kept = ids[7];
        for id in ids.iter().filter(|id| **id != kept) {
            assert!(slab.remove(*id).is_some());
        }
        assert!(places(&slab) <= 2 * KEPT, "{} places", places(&slab));
        assert_eq!((slab.len(), slab.get(kept)), (1, Some(&7)));
        let again: Vec<_> = (0..10_000)
            .map(|n| slab.insert(Slot(5), n).unwrap())
            .collect();
        assert_eq!(again[0].index(), 0);
        for id in ids.iter().filter(|id| **id != kept) {
            assert_eq!(slab.get(*id), None);
            assert_eq!(slab.remove(*id), None);
        }
        assert_eq!(slab.get(kept), Some(&7));
        assert_eq!(slab.get(again[9_999]), Some(&9_999));
    }

    #[test]
    fn what_is_taken_out_and_may_come_back_keeps_its_place_through_the_end_of_a_peak() {
        let (mut slab, ids) = filled(10_000);
        let last = ids[9_999];
        let value = slab.take(last).unwrap();
        for id in &ids[..9_999] {
            slab.remove(*id);
        }
        assert!(places(&slab) >= 10_000);
        slab.put_back(last, value);
        assert_eq!(slab.get(last), Some(&9_999));
        slab.remove(last);
        assert!(places(&slab) <= 2 * KEPT);
    }

    #[test]
    fn a_slot_that_is_busy_again_and_again_is_not_shrunk_again_and_again() {
        let (mut slab, mut ids) = filled(1_000);
        let size = places(&slab);
        for round in 0..100 {
            for id in ids.drain(200..) {
                slab.remove(id);
            }
            assert_eq!(places(&slab), size, "round {round}");
            ids.extend((0..800).map(|n| slab.insert(Slot(5), n).unwrap()));
        }
    }
}
