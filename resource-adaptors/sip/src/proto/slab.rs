//! Places for many small things, named by generational ids.
//!
//! Storage grows by chunks of 1,024, so that growth never copies what is there, and the last chunks are given back when few
//! things are left. An id whose thing was removed finds nothing, even when its place is taken again.

const CHUNK: usize = 1024;
/// Chunks that are kept, however few things there are.
const KEPT: usize = 2;
const NONE: u32 = u32::MAX;

/// Names a thing in a [`Slab`]; `T` is not part of it so that ids stay plain data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Key {
    /// The place.
    pub index: u32,
    /// How many things the place has held, counted from the slab's own start.
    pub generation: u32,
}

impl Key {
    /// Both halves in one word.
    #[must_use]
    pub fn to_u64(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    /// The inverse of [`to_u64`](Self::to_u64).
    #[must_use]
    pub fn from_u64(raw: u64) -> Self {
        Self {
            index: raw as u32,
            generation: (raw >> 32) as u32,
        }
    }
}

/// A bounded set of `T`.
#[derive(Debug)]
pub struct Slab<T> {
    chunks: Vec<Vec<Place<T>>>,
    /// First generation of a fresh place: differs from process to process so that old ids stay foreign, and is above those of
    /// the places that were given back.
    epoch: u32,
    /// With so few things the last chunks are given back; not as long as that would be few.
    few: Option<usize>,
    free: u32,
    live: usize,
    limit: usize,
}

#[derive(Debug)]
struct Place<T> {
    generation: u32,
    content: Content<T>,
}

#[derive(Debug)]
enum Content<T> {
    Free(u32),
    Used(T),
}

impl<T> Slab<T> {
    /// An empty slab for at most `limit` things.
    #[must_use]
    pub fn new(limit: usize, epoch: u32) -> Self {
        Self {
            chunks: Vec::new(),
            epoch,
            few: None,
            free: NONE,
            live: 0,
            limit: limit.min(NONE as usize - 1),
        }
    }

    /// Puts a thing in; gives it back when the limit is reached.
    pub fn insert(&mut self, thing: T) -> Result<Key, T> {
        if self.live >= self.limit {
            return Err(thing);
        }
        if self.free == NONE {
            return Ok(self.append(thing));
        }
        let index = self.free;
        let place = &mut self.chunks[index as usize / CHUNK][index as usize % CHUNK];
        if let Content::Free(next) = place.content {
            self.free = next;
        }
        place.content = Content::Used(thing);
        let generation = place.generation;
        self.live += 1;
        if self.live == self.chunks.len() * CHUNK / 2 {
            self.many();
        }
        Ok(Key { index, generation })
    }

    fn append(&mut self, thing: T) -> Key {
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
            self.many();
        }
        let last = self.chunks.len() - 1;
        let index = (last * CHUNK + self.chunks[last].len()) as u32;
        self.chunks[last].push(Place {
            generation: self.epoch,
            content: Content::Used(thing),
        });
        self.live += 1;
        Key {
            index,
            generation: self.epoch,
        }
    }

    /// The thing named by `key`.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&T> {
        match self
            .chunks
            .get(key.index as usize / CHUNK)?
            .get(key.index as usize % CHUNK)?
        {
            Place {
                generation,
                content: Content::Used(thing),
            } if *generation == key.generation => Some(thing),
            _ => None,
        }
    }

    /// The thing named by `key`.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self
            .chunks
            .get_mut(key.index as usize / CHUNK)?
            .get_mut(key.index as usize % CHUNK)?
        {
            Place {
                generation,
                content: Content::Used(thing),
            } if *generation == key.generation => Some(thing),
            _ => None,
        }
    }

    /// Takes a thing out.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        let place = &mut self.chunks[key.index as usize / CHUNK][key.index as usize % CHUNK];
        place.generation = place.generation.wrapping_add(1);
        let content = std::mem::replace(&mut place.content, Content::Free(self.free));
        self.free = key.index;
        self.live -= 1;
        if self.few.is_some_and(|few| self.live <= few) {
            self.shrink();
        }
        match content {
            Content::Used(thing) => Some(thing),
            Content::Free(_) => None,
        }
    }

    /// Many places are taken: an eighth of them is few.
    fn many(&mut self) {
        let chunks = self.chunks.len();
        self.few = (chunks >= 2 * KEPT).then_some(chunks * CHUNK / 8);
    }

    /// Gives the chunks behind the last thing back, after a peak. Where it is in one of the last, half as many things are waited
    /// for: what this costs stays below what the growth has cost.
    #[cold]
    fn shrink(&mut self) {
        let is_used = |place: &Place<T>| matches!(place.content, Content::Used(_));
        let last = self.chunks.iter().rposition(|c| c.iter().any(is_used));
        let left = last.map_or(0, |last| last + 1).max(KEPT);
        if left > self.chunks.len() / 2 {
            self.few = Some(self.live / 2);
            return;
        }
        // Generations go around: what counts is how far each is ahead.
        let ahead = |place: &Place<T>| place.generation.wrapping_sub(self.epoch) as i32;
        let gone = self.chunks[left..].iter().flatten();
        let most = gone.map(ahead).max().unwrap_or(0).max(0);
        self.epoch = self.epoch.wrapping_add_signed(most);
        self.chunks.truncate(left);
        self.free = NONE;
        for (chunk, places) in self.chunks.iter_mut().enumerate().rev() {
            for (at, place) in places.iter_mut().enumerate().rev() {
                if let Content::Free(next) = &mut place.content {
                    *next = self.free;
                    self.free = (chunk * CHUNK + at) as u32;
                }
            }
        }
        self.many();
    }

    /// How many things there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// All things, by place.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.chunks.iter().enumerate().flat_map(|(chunk, places)| {
            places
                .iter()
                .enumerate()
                .filter_map(move |(at, place)| match &place.content {
                    Content::Used(thing) => Some((
                        Key {
                            index: (chunk * CHUNK + at) as u32,
                            generation: place.generation,
                        },
                        thing,
                    )),
                    Content::Free(_) => None,
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_thing_is_not_found_in_its_reused_place() {
        let mut slab = Slab::new(2, 9);
        let a = slab.insert("a").unwrap();
        assert_eq!(slab.remove(a), Some("a"));
        let b = slab.insert("b").unwrap();
        assert_eq!(a.index, b.index);
        assert_eq!((slab.get(a), slab.get(b)), (None, Some(&"b")));
        assert_eq!(slab.remove(a), None);
        assert_eq!(Key::from_u64(b.to_u64()), b);
    }

    #[test]
    fn the_limit_holds_and_chunks_are_crossed() {
        let mut slab = Slab::new(3000, 0);
        let keys: Vec<_> = (0..3000).map(|n| slab.insert(n).unwrap()).collect();
        assert_eq!(slab.insert(1), Err(1));
        assert_eq!(slab.len(), 3000);
        assert!(
            keys.iter()
                .enumerate()
                .all(|(n, key)| slab.get(*key) == Some(&n))
        );
        assert_eq!(slab.iter().count(), 3000);
    }

    #[test]
    fn a_peak_that_is_over_gives_its_chunks_back_and_its_ids_stay_stale() {
        let mut slab = Slab::new(1_000_000, u32::MAX - 1);
        let mut old = Vec::new();
        for round in 0..4 {
            let keys: Vec<_> = (0..20_000).map(|n| slab.insert(n).unwrap()).collect();
            assert_eq!(slab.chunks.len(), 20, "round {round}");
            assert!(old.iter().all(|key| slab.get(*key).is_none()));
            for key in &keys[1..] {
                assert!(slab.remove(*key).is_some());
            }
            assert_eq!((slab.chunks.len(), slab.len()), (KEPT, 1));
            assert_eq!(slab.remove(keys[0]), Some(0));
            old.extend(keys);
        }
    }

    #[test]
    fn what_is_left_near_the_end_keeps_the_chunks_until_it_goes() {
        let mut slab = Slab::new(1_000_000, 0);
        let keys: Vec<_> = (0..20_000).map(|n| slab.insert(n).unwrap()).collect();
        for key in &keys[..19_999] {
            slab.remove(*key);
        }
        assert_eq!(slab.get(keys[19_999]), Some(&19_999));
        assert_eq!(slab.chunks.len(), 20);
        let more = slab.insert(7).unwrap();
        slab.remove(keys[19_999]);
        slab.remove(more);
        assert_eq!(slab.chunks.len(), KEPT);
    }
}
