//! Room that a table of an adaptor or of the kernel took for a peak is given back when the peak is over.
//!
//! Only a table that is far below what it has room for shrinks, and keeps room to grow: what a shrinking costs was paid by as
//! many removals, and a table that is used evenly never shrinks.

use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};

/// Room that is kept in any case.
const KEPT: usize = 4_096;

/// How much room things of that number shall have; `None`: they have no more than they should.
fn wanted(len: usize, capacity: usize) -> Option<usize> {
    (capacity > KEPT && len < capacity / 8).then_some((2 * len).max(KEPT / 2))
}

/// Gives back what a map has too much.
pub fn trim_map<K: Eq + Hash, V, S: BuildHasher>(map: &mut HashMap<K, V, S>) {
    if let Some(room) = wanted(map.len(), map.capacity()) {
        map.shrink_to(room);
    }
}

/// The same for a line.
pub fn trim_line<T>(line: &mut VecDeque<T>) {
    if let Some(room) = wanted(line.len(), line.capacity()) {
        line.shrink_to(room);
    }
}

/// The same for a heap.
pub fn trim_heap<T: Ord>(heap: &mut BinaryHeap<T>) {
    if let Some(room) = wanted(heap.len(), heap.capacity()) {
        heap.shrink_to(room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_gives_its_room_back_and_even_use_keeps_it() {
        let mut map: HashMap<u32, u32> = (0..100_000).map(|n| (n, n)).collect();
        let full = map.capacity();
        map.retain(|n, _| *n < 50_000);
        trim_map(&mut map);
        assert!(map.capacity() > full / 2);
        map.retain(|n, _| *n < 100);
        trim_map(&mut map);
        assert!(map.capacity() <= KEPT && map.len() == 100);
        let kept = map.capacity();
        map.clear();
        trim_map(&mut map);
        assert_eq!(map.capacity(), kept);
    }
}
