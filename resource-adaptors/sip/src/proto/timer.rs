//! A hierarchical timing wheel: start and cancel in constant time, no allocation per timer once warm.
//!
//! Ticks are milliseconds; a level has 64 places, and eleven levels cover every `u64`. Entries live in a slab and are
//! named by generational ids, so that an id kept too long cancels nothing. Timers of one millisecond expire in the order
//! in which they reached their last level, which is the order of starting for those started within the same level:
//! same inputs, same order.
//!
//! Invariant: an entry stands on the level of the highest bit in which its deadline differs from `elapsed`.

use super::time::Ms;

const BITS: u32 = 6;
const PLACES: usize = 1 << BITS;
const LEVELS: usize = 11;
const NONE: u32 = u32::MAX;

/// Names a started timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerId {
    index: u32,
    generation: u32,
}

impl TimerId {
    /// Names no timer.
    pub const NONE: Self = Self {
        index: NONE,
        generation: 0,
    };
}

impl Default for TimerId {
    fn default() -> Self {
        Self::NONE
    }
}

/// Timers that carry a `T` each.
#[derive(Debug)]
pub struct Wheel<T> {
    elapsed: u64,
    occupied: [u64; LEVELS],
    heads: Box<[[u32; PLACES]; LEVELS]>,
    nodes: Vec<Node<T>>,
    free: u32,
    live: usize,
    /// The generation of fresh nodes: above that of every node there was.
    epoch: u32,
}

/// Nodes that are kept when no timer runs.
const KEPT: usize = 4_096;

#[derive(Debug)]
struct Node<T> {
    deadline: u64,
    value: Option<T>,
    /// Circular within a place; of a free node, `next` is the next free one.
    prev: u32,
    next: u32,
    generation: u32,
    level: u8,
    place: u8,
}

impl<T> Wheel<T> {
    /// An empty wheel whose time is `now`.
    #[must_use]
    pub fn new(now: Ms) -> Self {
        Self {
            elapsed: now.0,
            occupied: [0; LEVELS],
            heads: Box::new([[NONE; PLACES]; LEVELS]),
            nodes: Vec::new(),
            free: NONE,
            live: 0,
            epoch: 0,
        }
    }

    /// Starts a timer. One whose deadline has passed expires with the next [`expire`](Self::expire).
    pub fn start(&mut self, deadline: Ms, value: T) -> TimerId {
        let index = self.allocate(deadline.0.max(self.elapsed), value);
        self.link(index);
        self.live += 1;
        TimerId {
            index,
            generation: self.nodes[index as usize].generation,
        }
    }

    /// Stops a timer; `None` if it has expired or was cancelled before.
    pub fn cancel(&mut self, id: TimerId) -> Option<T> {
        let node = self.nodes.get(id.index as usize)?;
        if node.generation != id.generation || node.value.is_none() {
            return None;
        }
        self.unlink(id.index);
        self.release(id.index)
    }

    /// Takes one timer that is due at `now`, the earliest first.
    pub fn expire(&mut self, now: Ms) -> Option<T> {
        loop {
            let Some((level, place, start)) =
                self.next_place().filter(|(_, _, start)| *start <= now.0)
            else {
                self.elapsed = self.elapsed.max(now.0);
                return None;
            };
            self.elapsed = self.elapsed.max(start);
            if level == 0 {
                let index = self.heads[level][place];
                self.unlink(index);
                return self.release(index);
            }
            self.cascade(level, place);
        }
    }

    /// Moves the entries of a place that has begun to lower levels, keeping their order.
    fn cascade(&mut self, level: usize, place: usize) {
        while self.heads[level][place] != NONE {
            let index = self.heads[level][place];
            self.unlink(index);
            self.link(index);
        }
    }

    /// When to call [`expire`](Self::expire) next. It may come before the earliest deadline, never after it.
    #[must_use]
    pub fn next(&self) -> Option<Ms> {
        self.next_place().map(|(_, _, start)| Ms(start))
    }

    /// Number of running timers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether no timer runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// The first occupied place of the lowest occupied level, with the time at which it begins.
    fn next_place(&self) -> Option<(usize, usize, u64)> {
        let level = self.occupied.iter().position(|bits| *bits != 0)?;
        let place = self.occupied[level].trailing_zeros() as usize;
        let shift = BITS * level as u32;
        let above = shift + BITS;
        let base = if above >= u64::BITS {
            0
        } else {
            self.elapsed >> above << above
        };
        Some((level, place, base | (place as u64) << shift))
    }

    fn allocate(&mut self, deadline: u64, value: T) -> u32 {
        if self.free == NONE {
            let index = u32::try_from(self.nodes.len()).unwrap_or(NONE - 1);
            self.nodes.push(Node {
                deadline,
                value: Some(value),
                prev: index,
                next: index,
                generation: self.epoch,
                level: 0,
                place: 0,
            });
            return index;
        }
        let index = self.free;
        let node = &mut self.nodes[index as usize];
        self.free = node.next;
        node.deadline = deadline;
        node.value = Some(value);
        index
    }

    fn release(&mut self, index: u32) -> Option<T> {
        let node = &mut self.nodes[index as usize];
        let value = node.value.take();
        node.generation = node.generation.wrapping_add(1);
        node.next = self.free;
        self.free = index;
        self.live -= 1;
        if self.live == 0 && self.nodes.len() > KEPT {
            self.give_back();
        }
        value
    }

    /// A peak is over: its nodes go. An id of one of them stays stale.
    #[cold]
    fn give_back(&mut self) {
        let latest = self.nodes.iter().map(|node| node.generation).max();
        self.epoch = latest.unwrap_or(self.epoch);
        self.nodes = Vec::new();
        self.free = NONE;
    }

    fn link(&mut self, index: u32) {
        let deadline = self.nodes[index as usize].deadline;
        let differ = deadline ^ self.elapsed;
        let level = if differ == 0 {
            0
        } else {
            ((u64::BITS - 1 - differ.leading_zeros()) / BITS) as usize
        };
        let place = (deadline >> (BITS * level as u32)) as usize % PLACES;
        let head = self.heads[level][place];
        let node = &mut self.nodes[index as usize];
        (node.level, node.place) = (level as u8, place as u8);
        if head == NONE {
            (node.prev, node.next) = (index, index);
            self.heads[level][place] = index;
            self.occupied[level] |= 1 << place;
            return;
        }
        let tail = self.nodes[head as usize].prev;
        let node = &mut self.nodes[index as usize];
        (node.prev, node.next) = (tail, head);
        self.nodes[tail as usize].next = index;
        self.nodes[head as usize].prev = index;
    }

    fn unlink(&mut self, index: u32) {
        let node = &self.nodes[index as usize];
        let (prev, next, level, place) = (
            node.prev,
            node.next,
            node.level as usize,
            node.place as usize,
        );
        if next == index {
            self.heads[level][place] = NONE;
            self.occupied[level] &= !(1 << place);
            return;
        }
        self.nodes[prev as usize].next = next;
        self.nodes[next as usize].prev = prev;
        if self.heads[level][place] == index {
            self.heads[level][place] = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(wheel: &mut Wheel<u32>, now: u64) -> Vec<u32> {
        std::iter::from_fn(|| wheel.expire(Ms(now))).collect()
    }

    #[test]
    fn expires_at_the_millisecond_and_not_before() {
        for delay in [
            0,
            1,
            63,
            64,
            65,
            500,
            4_095,
            4_096,
            32_000,
            180_000,
            86_400_000,
            u64::from(u32::MAX),
        ] {
            let mut wheel = Wheel::new(Ms(12_345));
            wheel.start(Ms(12_345 + delay), 7);
            if delay > 0 {
                assert!(
                    drain(&mut wheel, 12_345 + delay - 1).is_empty(),
                    "delay {delay}"
                );
            }
            assert_eq!(drain(&mut wheel, 12_345 + delay), [7], "delay {delay}");
            assert!(wheel.is_empty());
        }
    }

    #[test]
    fn a_deadline_in_the_past_is_due_at_once() {
        let mut wheel = Wheel::new(Ms(1_000));
        wheel.start(Ms(3), 1);
        assert_eq!(wheel.next(), Some(Ms(1_000)));
        assert_eq!(drain(&mut wheel, 1_000), [1]);
    }

    #[test]
    fn a_stale_id_cancels_nothing() {
        let mut wheel = Wheel::new(Ms(0));
        let first = wheel.start(Ms(10), 1);
        assert_eq!(wheel.cancel(first), Some(1));
        let second = wheel.start(Ms(10), 2);
        assert_eq!(wheel.cancel(first), None);
        assert_eq!(wheel.cancel(TimerId::NONE), None);
        assert_eq!(drain(&mut wheel, 10), [2]);
        assert_eq!(wheel.cancel(second), None);
    }

    #[test]
    fn ids_of_a_peak_stay_stale_when_its_nodes_are_gone() {
        let mut wheel = Wheel::new(Ms(0));
        let peak: Vec<_> = (0..10_000).map(|n| wheel.start(Ms(10), n)).collect();
        assert_eq!(wheel.cancel(peak[9_999]), Some(9_999));
        assert_eq!(drain(&mut wheel, 10).len(), 9_999);
        assert_eq!(wheel.nodes.capacity(), 0);
        let again: Vec<_> = (0..10_000).map(|n| wheel.start(Ms(20), n)).collect();
        assert!(peak.iter().all(|id| wheel.cancel(*id).is_none()));
        assert_eq!(wheel.cancel(again[7]), Some(7));
        assert_eq!(drain(&mut wheel, 20).len(), 9_999);
    }

    #[test]
    fn expires_the_last_millisecond_of_time() {
        let mut wheel = Wheel::new(Ms(0));
        wheel.start(Ms(u64::MAX), 1);
        assert_eq!(drain(&mut wheel, u64::MAX), [1]);
    }

    /// Against a sorted list, with random starts, cancels and steps.
    #[test]
    fn agrees_with_a_sorted_list() {
        for seed in 1..=40u64 {
            let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut next = move || {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random
            };
            let mut now = next() % 100_000;
            let mut wheel = Wheel::new(Ms(now));
            let mut model: Vec<(u64, u32, TimerId)> = Vec::new();
            for value in 0..2_000u32 {
                let span = [10, 100, 5_000, 200_000][(next() % 4) as usize];
                let deadline = now + next() % span;
                model.push((deadline, value, wheel.start(Ms(deadline), value)));
                if next() % 3 == 0 {
                    let (_, value, id) = model.swap_remove((next() % model.len() as u64) as usize);
                    assert_eq!(wheel.cancel(id), Some(value), "seed {seed}");
                }
                if next() % 2 == 0 {
                    now += next() % 400;
                    let mut due: Vec<_> = model
                        .iter()
                        .filter(|e| e.0 <= now)
                        .map(|e| (e.0, e.1))
                        .collect();
                    due.sort_unstable();
                    let mut got = drain(&mut wheel, now);
                    let order: Vec<u64> = got
                        .iter()
                        .map(|v| model.iter().find(|e| e.1 == *v).unwrap().0)
                        .collect();
                    assert!(order.is_sorted(), "seed {seed}: {order:?}");
                    got.sort_unstable();
                    let mut want: Vec<u32> = due.iter().map(|e| e.1).collect();
                    want.sort_unstable();
                    assert_eq!(got, want, "seed {seed}");
                    model.retain(|e| e.0 > now);
                    let earliest = model.iter().map(|e| e.0).min();
                    assert!(
                        wheel.next().map(|t| t.0) <= earliest || earliest.is_none(),
                        "seed {seed}"
                    );
                }
                assert_eq!(wheel.len(), model.len(), "seed {seed}");
            }
        }
    }
}
