//! What is drawn from a seed.

use std::time::Duration;

use strowger::ra::Entropy;
use strowger_testkit::Link;

/// Dice; the same seed and purpose give the same throws.
pub(crate) struct Dice(Entropy);

impl Dice {
    pub(crate) fn new(seed: u64, purpose: u8) -> Self {
        let mut bytes = [purpose; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(Entropy::from_seed(bytes))
    }

    /// From 0 to `most`, both included.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        self.0.next_u64() % (most + 1)
    }

    /// Whether something happens that happens so many times of a hundred.
    pub(crate) fn percent(&mut self, of_a_hundred: u64) -> bool {
        self.up_to(99) < of_a_hundred
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.percent(50)
    }

    pub(crate) fn millis(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.up_to(most))
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        let most = u64::try_from(length.saturating_sub(1)).unwrap_or(u64::MAX);
        usize::try_from(self.up_to(most)).unwrap_or(0)
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// A network: often good, sometimes bad.
    pub(crate) fn link(&mut self) -> Link {
        let bad = if self.percent(30) { 1 } else { 0 };
        let per_mille = |n: u64| u16::try_from(n).unwrap_or(0);
        Link {
            delay: self.millis(40),
            jitter: self.millis(20 + 180 * bad),
            loss: per_mille(self.up_to(20 + 180 * bad)),
            duplicate: per_mille(self.up_to(20 + 130 * bad)),
            segment: 0,
        }
    }
}
