//! Deadlines of many things: started and cancelled in constant time, nothing allocated once warm.
//!
//! One ring of ticks of 8 ms. What lies more than a turn ahead stays in its place and is passed over. A deadline is rounded
//! up to the next tick: nothing happens early. Invariant: all that is linked lies after `elapsed`.

use crate::proto::time::Ms;

const TICK: u64 = 8;
const PLACES: usize = 2048;
const WORDS: usize = PLACES / 64;
const NONE: u32 = u32::MAX;

/// Names a running timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimerId {
    index: u32,
    generation: u32,
}

impl TimerId {
    /// Names no timer.
    pub(super) const NONE: Self = Self {
        index: NONE,
        generation: 0,
    };
}

/// Timers that carry a `T` each.
#[derive(Debug)]
pub(super) struct Wheel<T> {
    /// The last tick that was expired.
    elapsed: u64,
    occupied: [u64; WORDS],
    heads: Box<[u32; PLACES]>,
    nodes: Vec<Node<T>>,
    free: u32,
    /// What is due and not handed out, linked by `next`.
    due: u32,
}

#[derive(Debug)]
struct Node<T> {
    tick: u64,
    value: Option<T>,
    prev: u32,
    next: u32,
    generation: u32,
    due: bool,
}

impl<T: Copy> Wheel<T> {
    pub(super) fn new(now: Ms) -> Self {
        Self {
            elapsed: now.0 / TICK,
            occupied: [0; WORDS],
            heads: Box::new([NONE; PLACES]),
            nodes: Vec::new(),
            free: NONE,
            due: NONE,
        }
    }

    /// Starts a timer; one whose deadline has passed expires with the next tick.
    pub(super) fn start(&mut self, deadline: Ms, value: T) -> TimerId {
        let tick = deadline.0.div_ceil(TICK).max(self.elapsed + 1);
        let index = self.allocate(tick, value);
        let place = tick as usize % PLACES;
        let head = self.heads[place];
        let node = &mut self.nodes[index as usize];
        (node.prev, node.next) = (NONE, head);
        let generation = node.generation;
        if head != NONE {
            self.nodes[head as usize].prev = index;
        }
        self.heads[place] = index;
        self.occupied[place / 64] |= 1 << (place % 64);
        TimerId { index, generation }
    }

    /// Stops a timer, if it still runs.
    pub(super) fn cancel(&mut self, id: TimerId) {
        let Some(node) = self.nodes.get_mut(id.index as usize) else {
            return;
        };
        if node.generation != id.generation || node.value.is_none() {
            return;
        }
        if node.due {
            // It stays in the list of what is due, without a value.
            node.value = None;
            return;
        }
        self.unlink(id.index);
        self.release(id.index);
    }

    /// Takes one timer that is due at `now`.
    pub(super) fn expire(&mut self, now: Ms) -> Option<T> {
        loop {
            while self.due != NONE {
                let index = self.due;
                self.due = self.nodes[index as usize].next;
                let value = self.nodes[index as usize].value;
                self.release(index);
                if value.is_some() {
                    return value;
                }
            }
            let tick = self.next_tick().filter(|tick| tick * TICK <= now.0);
            let Some(tick) = tick else {
                self.elapsed = self.elapsed.max(now.0 / TICK);
                return None;
            };
            self.elapsed = tick;
            self.collect(tick);
        }
    }

    /// When to call [`expire`](Self::expire) next. It may come before the earliest deadline, never after it.
    pub(super) fn next(&self) -> Option<Ms> {
        if self.due != NONE {
            return Some(Ms(self.elapsed * TICK));
        }
        self.next_tick().map(|tick| Ms(tick * TICK))
    }

    /// Moves what is due in a place to the list of what is due; the oldest timers come first.
    fn collect(&mut self, tick: u64) {
        let mut index = self.heads[tick as usize % PLACES];
        while index != NONE {
            let next = self.nodes[index as usize].next;
            if self.nodes[index as usize].tick <= tick {
                self.unlink(index);
                let node = &mut self.nodes[index as usize];
                (node.due, node.next) = (true, self.due);
                self.due = index;
            }
            index = next;
        }
    }

    /// The first tick after `elapsed` whose place holds something.
    fn next_tick(&self) -> Option<u64> {
        let first = (self.elapsed + 1) as usize % PLACES;
        for step in 0..=WORDS {
            let word = (first / 64 + step) % WORDS;
            let mut bits = self.occupied[word];
            if step == 0 {
                bits &= u64::MAX << (first % 64);
            } else if step == WORDS {
                bits &= !(u64::MAX << (first % 64));
            }
            if bits != 0 {
                let place = word * 64 + bits.trailing_zeros() as usize;
                let ahead = (place + PLACES - first) % PLACES;
                return Some(self.elapsed + 1 + ahead as u64);
            }
        }
        None
    }

    fn allocate(&mut self, tick: u64, value: T) -> u32 {
        if self.free == NONE {
            self.nodes.push(Node {
                tick,
                value: Some(value),
                prev: NONE,
                next: NONE,
                generation: 0,
                due: false,
            });
            return self.nodes.len() as u32 - 1;
        }
        let index = self.free;
        let node = &mut self.nodes[index as usize];
        self.free = node.next;
        (node.tick, node.value, node.due) = (tick, Some(value), false);
        index
    }

    fn release(&mut self, index: u32) {
        let node = &mut self.nodes[index as usize];
        node.value = None;
        node.generation = node.generation.wrapping_add(1);
        node.next = self.free;
        self.free = index;
    }

    fn unlink(&mut self, index: u32) {
        let node = &self.nodes[index as usize];
        let (prev, next, place) = (node.prev, node.next, node.tick as usize % PLACES);
        if prev == NONE {
            self.heads[place] = next;
            if next == NONE {
                self.occupied[place / 64] &= !(1 << (place % 64));
            }
        } else {
            self.nodes[prev as usize].next = next;
        }
        if next != NONE {
            self.nodes[next as usize].prev = prev;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    fn drain(wheel: &mut Wheel<u32>, now: u64) -> Vec<u32> {
        std::iter::from_fn(|| wheel.expire(Ms(now))).collect()
    }

    #[test]
    fn nothing_expires_early_and_everything_within_a_tick() {
        for delay in [1, 8, 9, 16_384, 16_385, 30_000, 86_400_000] {
            let mut wheel = Wheel::new(Ms(12_345));
            wheel.start(Ms(12_345 + delay), 7);
            assert!(
                drain(&mut wheel, 12_345 + delay - 1).is_empty(),
                "delay {delay}"
            );
            assert_eq!(
                drain(&mut wheel, 12_345 + delay + TICK),
                [7],
                "delay {delay}"
            );
            assert_eq!(wheel.next(), None);
        }
    }

    #[test]
    fn a_cancelled_timer_stays_silent_also_once_it_is_due() {
        let mut wheel = Wheel::new(Ms(0));
        let first = wheel.start(Ms(10), 1);
        let second = wheel.start(Ms(10), 2);
        let third = wheel.start(Ms(10), 3);
        wheel.cancel(second);
        assert_eq!(wheel.expire(Ms(20)), Some(1));
        wheel.cancel(third);
        wheel.cancel(first);
        wheel.cancel(TimerId::NONE);
        assert_eq!(wheel.expire(Ms(20)), None);
    }

    /// Against a list, with random starts, cancels and steps of time.
    #[test]
    fn agrees_with_a_list() {
        for seed in 1..=30 {
            let mut random = Random::new([seed, 2, 3, 4]);
            let mut now = random.below(100_000);
            let mut wheel = Wheel::new(Ms(now));
            let mut model: Vec<(u64, u32, TimerId)> = Vec::new();
            for value in 0..2_000 {
                let span = [10, 100, 5_000, 200_000][random.below(4) as usize];
                let deadline = now + 1 + random.below(span);
                model.push((deadline, value, wheel.start(Ms(deadline), value)));
                if random.below(3) == 0 {
                    let at = random.below(model.len() as u64) as usize;
                    wheel.cancel(model.swap_remove(at).2);
                }
                if random.below(2) == 0 {
                    now += random.below(400);
                    let due = |e: &(u64, u32, TimerId)| e.0.div_ceil(TICK) * TICK <= now;
                    let mut want: Vec<_> = model.iter().filter(|e| due(e)).map(|e| e.1).collect();
                    let mut got = drain(&mut wheel, now);
                    want.sort_unstable();
                    got.sort_unstable();
                    assert_eq!(got, want, "seed {seed}");
                    model.retain(|e| !due(e));
                    let earliest = model.iter().map(|e| e.0.div_ceil(TICK) * TICK).min();
                    assert!(
                        wheel.next() <= earliest.map(Ms) || earliest.is_none(),
                        "seed {seed}"
                    );
                    assert!(wheel.next().is_none_or(|at| at.0 > now), "seed {seed}");
                    assert_eq!(wheel.next().is_none(), earliest.is_none(), "seed {seed}");
                }
            }
        }
    }
}
