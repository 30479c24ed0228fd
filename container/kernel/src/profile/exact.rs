//! Rows by a name or a value, each found in one step: what handlers ask most, beside the trees, which have the order.
//!
//! Of a million rows nothing lies in a cache, so what a look-up costs is how many places it touches: one slot, and the row. A
//! short key is in its slot; of a longer one its hash is, and the key itself is compared in the row. Only the table itself has
//! this: a snapshot asks its trees. Hashes are keyed, so that nobody can choose names that meet.

use ahash::RandomState;
use smallvec::SmallVec;
use std::sync::Arc;
use strowger::profile::SharedRow;

/// Parts of one, each growing by itself: all slots at once would hold up every call while they move.
const PARTS: usize = 64;
/// Of so many slots one is free at least, so that a search soon comes upon it.
const FREE: usize = 5;
/// Lengths that a longest prefix is looked for in; with more of them the tree is faster.
const LENGTHS: usize = 16;
/// Bytes of a key that lies in its slot.
const SHORT: usize = 15;

/// What rows are found by.
#[derive(Clone, Copy)]
pub(super) enum By {
    Name,
    Attribute(usize),
}

impl By {
    fn is(self, row: &SharedRow, key: &[u8]) -> bool {
        match self {
            Self::Name => row.name().as_bytes() == key,
            Self::Attribute(attribute) => row.profile().has_key(attribute, key),
        }
    }
}

/// A short key with its length behind it, or the hash of a longer one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Short(u128);

impl Short {
    const LONG: u128 = 0xff << (8 * SHORT);

    fn of(key: &[u8], hasher: &RandomState) -> Self {
        let mut bytes = [0; SHORT + 1];
        match bytes.get_mut(..key.len()) {
            Some(start) if key.len() <= SHORT => {
                start.copy_from_slice(key);
                let length = (key.len() as u128) << (8 * SHORT);
                Self(u128::from_le_bytes(bytes) | length)
            }
            Some(_) | None => Self(u128::from(hasher.hash_one(key)) | Self::LONG),
        }
    }
    const fn is_whole(self) -> bool {
        self.0 < Self::LONG
    }
}

/// What is looked for.
#[derive(Clone, Copy)]
struct Sought<'a> {
    by: By,
    key: &'a [u8],
    short: Short,
    hash: u64,
}

struct Slot {
    short: Short,
    row: Option<SharedRow>,
}

/// See the module.
pub(super) struct Exact {
    by: By,
    hasher: RandomState,
    parts: Box<[Part]>,
    /// How many keys have which length, the longest first.
    lengths: SmallVec<[(usize, u32); 4]>,
}

impl Exact {
    pub(super) fn new(by: By, hasher: RandomState) -> Self {
        Self {
            by,
            hasher,
            parts: (0..PARTS).map(|_| Part::default()).collect(),
            lengths: SmallVec::new(),
        }
    }
    fn sought<'a>(&self, key: &'a [u8]) -> Sought<'a> {
        let short = Short::of(key, &self.hasher);
        Sought {
            by: self.by,
            key,
            short,
            hash: self.hasher.hash_one(short.0),
        }
    }
    pub(super) fn get(&self, key: &[u8]) -> Option<&SharedRow> {
        let sought = self.sought(key);
        let part = self.parts.get(part(sought.hash))?;
        part.slots.get(part.find(&sought).ok()?)?.row.as_ref()
    }
    /// The row with the longest key that a text begins with; `None`: keys have so many lengths that the tree is to be asked.
    pub(super) fn longest_prefix(&self, text: &[u8]) -> Option<Option<&SharedRow>> {
        let lengths = self.lengths.iter().map(|(length, _)| *length);
        let mut starts = lengths.filter_map(|length| text.get(..length));
        if self.lengths.len() > LENGTHS && starts.clone().nth(LENGTHS).is_some() {
            return None;
        }
        Some(starts.find_map(|start| self.get(start)))
    }
    /// Puts a row in. Where there is one of that key, `stays` says whether that remains.
    pub(super) fn put(
        &mut self,
        key: &[u8],
        row: &SharedRow,
        stays: impl FnOnce(&SharedRow) -> bool,
    ) {
        let sought = self.sought(key);
        let Some(part) = self.parts.get_mut(part(sought.hash)) else {
            return;
        };
        match part.find(&sought) {
            Ok(place) => {
                let found = part.slots.get_mut(place).and_then(|slot| slot.row.as_mut());
                if let Some(found) = found
                    && !stays(found)
                {
                    *found = Arc::clone(row);
                }
            }
            Err(_) => {
                part.reserve(&self.hasher);
                part.insert(&sought, Arc::clone(row));
                self.count(key.len());
            }
        }
    }
    /// Takes the row of a key out.
    pub(super) fn remove(&mut self, key: &[u8]) {
        let sought = self.sought(key);
        let part = self.parts.get_mut(part(sought.hash));
        if part.is_some_and(|part| part.remove(&sought, &self.hasher)) {
            self.uncount(key.len());
        }
    }
    fn count(&mut self, length: usize) {
        match self.lengths.binary_search_by(|(l, _)| length.cmp(l)) {
            Ok(place) => {
                if let Some((_, keys)) = self.lengths.get_mut(place) {
                    *keys += 1;
                }
            }
            Err(place) => self.lengths.insert(place, (length, 1)),
        }
    }
    fn uncount(&mut self, length: usize) {
        let place = self.lengths.binary_search_by(|(l, _)| length.cmp(l));
        if let Ok(place) = place
            && let Some((_, keys)) = self.lengths.get_mut(place)
        {
            *keys -= 1;
            if *keys == 0 {
                self.lengths.remove(place);
            }
        }
    }
}

/// The part where a key is: the lowest bits of its hash, of which its place in there has the highest.
const fn part(hash: u64) -> usize {
    hash as usize % PARTS
}

/// Slots, each key in the first that was free from its own place on.
///
/// **Invariant:** one of [`FREE`] is free, unless there are none.
#[derive(Default)]
struct Part {
    slots: Vec<Slot>,
    taken: usize,
}

impl Part {
    fn place(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.slots.len() as u128) >> 64) as usize
    }
    fn after(&self, place: usize) -> usize {
        if place + 1 < self.slots.len() {
            place + 1
        } else {
            0
        }
    }
    /// Where a key is, or would be.
    fn find(&self, sought: &Sought<'_>) -> Result<usize, usize> {
        let mut place = self.place(sought.hash);
        while let Some(slot) = self.slots.get(place)
            && let Some(row) = &slot.row
        {
            let same = slot.short == sought.short;
            if same && (sought.short.is_whole() || sought.by.is(row, sought.key)) {
                return Ok(place);
            }
            place = self.after(place);
        }
        Err(place)
    }
    /// Makes room for one more.
    fn reserve(&mut self, hasher: &RandomState) {
        let length = self.slots.len();
        if (self.taken + 1) * FREE <= length * (FREE - 1) {
            return;
        }
        let longer = (length + length / 4).max(2 * FREE);
        let free = || Slot {
            short: Short(0),
            row: None,
        };
        let mut slots = Vec::with_capacity(longer);
        slots.resize_with(longer, free);
        for slot in std::mem::replace(&mut self.slots, slots) {
            if slot.row.is_some() {
                self.settle(slot, hasher);
            }
        }
    }
    fn insert(&mut self, sought: &Sought<'_>, row: SharedRow) {
        let place = self.find(sought).unwrap_or_else(|free| free);
        if let Some(slot) = self.slots.get_mut(place) {
            slot.short = sought.short;
            slot.row = Some(row);
            self.taken += 1;
        }
    }
    /// Puts a slot of a key that is not here into the first free place.
    fn settle(&mut self, slot: Slot, hasher: &RandomState) {
        let mut place = self.place(hasher.hash_one(slot.short.0));
        while self.slots.get(place).is_some_and(|slot| slot.row.is_some()) {
            place = self.after(place);
        }
        if let Some(free) = self.slots.get_mut(place) {
            *free = slot;
        }
    }
    /// Whether it was there. Those behind it, up to the next free slot, settle anew: one of them may have its place here.
    fn remove(&mut self, sought: &Sought<'_>, hasher: &RandomState) -> bool {
        let Ok(mut place) = self.find(sought) else {
            return false;
        };
        if let Some(slot) = self.slots.get_mut(place) {
            slot.row = None;
            self.taken -= 1;
        }
        loop {
            place = self.after(place);
            let slot = self.slots.get_mut(place);
            let Some((short, Some(row))) = slot.map(|slot| (slot.short, slot.row.take())) else {
                return true;
            };
            let row = Some(row);
            self.settle(Slot { short, row }, hasher);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use strowger::prelude::*;
    use strowger::profile::AnyProfile as _;

    #[derive(Clone, Debug, Profile)]
    struct Empty {}

    fn row(number: u64, name: &str) -> SharedRow {
        Box::new(Empty {}).into_row(number, name)
    }

    fn exact() -> Exact {
        Exact::new(By::Name, RandomState::with_seeds(1, 2, 3, 4))
    }

    /// Numbers that look random, the same in every run.
    fn dice(seed: &mut u64, below: u64) -> u64 {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) % below
    }

    #[test]
    fn it_holds_what_a_map_holds() {
        let (mut exact, mut model, mut seed) = (exact(), BTreeMap::new(), 1);
        for step in 0..60_000 {
            // Some are longer than what lies in a slot, one is empty.
            let key = "x".repeat(dice(&mut seed, 2) as usize * 14);
            let key = match dice(&mut seed, 4_000) {
                0 => String::new(),
                n => format!("{key}{n}"),
            };
            // First it grows, then it shrinks.
            if dice(&mut seed, 60_000) > step {
                exact.put(key.as_bytes(), &row(step, &key), |_| false);
                model.insert(key, step);
            } else {
                exact.remove(key.as_bytes());
                model.remove(&key);
            }
            let taken: usize = exact.parts.iter().map(|part| part.taken).sum();
            assert_eq!(taken, model.len());
            if step % 10_000 == 0 {
                for (key, number) in &model {
                    let found = exact.get(key.as_bytes()).map(|row| row.number());
                    assert_eq!(found, Some(*number), "{key}");
                }
            }
        }
        for n in 1..4_000 {
            let key = n.to_string();
            let found = exact.get(key.as_bytes()).map(|row| row.number());
            assert_eq!(found, model.get(&key).copied(), "{key}");
        }
        let lengths: BTreeMap<usize, u32> = model.keys().fold(BTreeMap::new(), |mut all, key| {
            *all.entry(key.len()).or_default() += 1;
            all
        });
        assert!(lengths.into_iter().rev().eq(exact.lengths.iter().copied()));
        for key in model.keys() {
            exact.remove(key.as_bytes());
        }
        assert!(exact.lengths.is_empty());
    }

    #[test]
    fn the_longest_prefix_is_found_unless_there_are_too_many_lengths() {
        let mut exact = exact();
        let text = "0123456789abcdefghij";
        let put = |exact: &mut Exact, key: &str| exact.put(key.as_bytes(), &row(1, key), |_| false);
        for length in 1..=LENGTHS {
            put(&mut exact, &text[..length]);
        }
        let found = |exact: &Exact, text: &str| {
            let found = exact.longest_prefix(text.as_bytes())?;
            Some(found.map(|row| row.name().to_owned()))
        };
        assert_eq!(found(&exact, "01239"), Some(Some("0123".to_owned())));
        assert_eq!(found(&exact, text), Some(Some(text[..LENGTHS].to_owned())));
        assert_eq!(found(&exact, "x"), Some(None));
        put(&mut exact, &text[..18]);
        assert_eq!(found(&exact, text), None);
        assert_eq!(found(&exact, "01239"), Some(Some("0123".to_owned())));
    }

    #[test]
    fn the_first_stays_where_it_is_asked_to() {
        let mut exact = exact();
        exact.put(b"a", &row(2, "a"), |_| true);
        exact.put(b"a", &row(3, "a"), |other| other.number() < 3);
        assert_eq!(exact.get(b"a").map(|row| row.number()), Some(2));
        exact.put(b"a", &row(1, "a"), |other| other.number() < 1);
        assert_eq!(exact.get(b"a").map(|row| row.number()), Some(1));
    }
}
