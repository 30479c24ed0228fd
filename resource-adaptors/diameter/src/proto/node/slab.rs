//! Places for many things, named by index and generation.
//!
//! Free places are taken again in the order in which they became free, so that a name comes back as late as possible. When few
//! are taken after a peak, those behind the last one are given back.
//! Invariant: an id whose thing was removed finds nothing, until the place was used 2^32 times.

use std::collections::VecDeque;

/// Names a thing in a [`Slab`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) index: u32,
    pub(super) generation: u32,
}

impl Key {
    pub(super) const fn to_u64(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }

    pub(super) const fn from_u64(raw: u64) -> Self {
        Self {
            index: raw as u32,
            generation: (raw >> 32) as u32,
        }
    }
}

/// A set of `T`.
#[derive(Debug)]
pub(super) struct Slab<T> {
    places: Vec<(u32, Option<T>)>,
    free: VecDeque<u32>,
    /// The generation of fresh places: above those of the places that were given back.
    epoch: u32,
    /// With so few things places are given back.
    few: usize,
}

/// Places that are kept, however few are taken.
const KEPT: usize = 4_096;

impl<T> Slab<T> {
    pub(super) const fn new(epoch: u32) -> Self {
        Self {
            places: Vec::new(),
            free: VecDeque::new(),
            epoch,
            few: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(super) fn insert(&mut self, thing: T) -> Key {
        if let Some(index) = self.free.pop_front() {
            let place = &mut self.places[index as usize];
            place.1 = Some(thing);
            return Key {
                index,
                generation: place.0,
            };
        }
        let index = self.places.len() as u32;
        self.places.push((self.epoch, Some(thing)));
        if self.places.len() > KEPT {
            self.few = self.places.len() / 8;
        }
        Key {
            index,
            generation: self.epoch,
        }
    }

    pub(super) fn get(&self, key: Key) -> Option<&T> {
        let place = self.places.get(key.index as usize)?;
        place.1.as_ref().filter(|_| place.0 == key.generation)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let place = self.places.get_mut(key.index as usize)?;
        place.1.as_mut().filter(|_| place.0 == key.generation)
    }

    /// The key of what is at an index, whatever its generation.
    pub(super) fn key_at(&self, index: u32) -> Option<Key> {
        let place = self.places.get(index as usize)?;
        place.1.as_ref()?;
        Some(Key {
            index,
            generation: place.0,
        })
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        let place = self.places.get_mut(key.index as usize)?;
        if place.0 != key.generation {
            return None;
        }
        let thing = place.1.take()?;
        place.0 = place.0.wrapping_add(1);
        self.free.push_back(key.index);
        if self.places.len() > KEPT && self.len() <= self.few {
            self.shrink();
        }
        Some(thing)
    }

    /// Gives back the free places at the end. Looks again when half as many are taken.
    fn shrink(&mut self) {
        self.few = self.len() / 2;
        let last = self.places.iter().rposition(|place| place.1.is_some());
        let kept = last.map_or(0, |last| last + 1).max(KEPT / 2);
        let gone = self.places.split_off(kept.min(self.places.len()));
        let highest = gone.iter().map(|(generation, _)| *generation).max();
        if let Some(highest) = highest {
            self.epoch = self.epoch.max(highest.wrapping_add(1));
            self.free.retain(|index| (*index as usize) < kept);
            self.places.shrink_to(2 * kept);
            self.free.shrink_to(2 * kept);
        }
    }

    /// All things, by place.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        let places = self.places.iter().enumerate();
        places.filter_map(|(index, (generation, thing))| {
            let key = Key {
                index: index as u32,
                generation: *generation,
            };
            Some((key, thing.as_ref()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_thing_is_not_found_and_its_place_is_taken_again_last() {
        let mut slab = Slab::new(7);
        let a = slab.insert('a');
        let b = slab.insert('b');
        assert_eq!(slab.remove(a), Some('a'));
        assert_eq!(slab.remove(b), Some('b'));
        let c = slab.insert('c');
        assert_eq!(c.index, a.index);
        assert_eq!(slab.remove(a), None);
        assert_eq!((slab.get(a), slab.get(c)), (None, Some(&'c')));
        assert_eq!(Key::from_u64(c.to_u64()), c);
        assert_eq!(slab.len(), 1);
        assert_eq!(slab.key_at(b.index), None);
    }

    #[test]
    fn places_of_a_peak_are_given_back_and_their_names_do_not_come_back() {
        let mut slab = Slab::new(7);
        let keys: Vec<Key> = (0..100_000).map(|n| slab.insert(n)).collect();
        let kept = keys[KEPT];
        for key in keys.iter().filter(|key| **key != kept) {
            slab.remove(*key);
        }
        assert_eq!((slab.len(), slab.get(kept)), (1, Some(&4_096)));
        assert!(
            slab.places.capacity() <= 4 * KEPT,
            "{}",
            slab.places.capacity()
        );
        assert!(slab.free.len() < 2 * KEPT);
        for n in 0..10_000 {
            let key = slab.insert(n);
            assert!(!keys.contains(&key), "{key:?}");
        }
        assert_eq!(slab.len(), 10_001);
    }
}
