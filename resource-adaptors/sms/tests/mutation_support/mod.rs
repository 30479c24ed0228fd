//! What the tests of mangled input share: the corpora, randomness with a printed seed, mutations.
//!
//! The seed is fixed so that a failure repeats; `STROWGER_SEED` sets another one.

#![expect(
    clippy::print_stdout,
    reason = "the seed must be in the output of a failure"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the seed may come from the environment"
)]

use std::path::Path;

/// The files of a corpus, in the order of their names.
pub(crate) fn corpus(name: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let mut paths: Vec<_> = std::fs::read_dir(dir.join(name))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    let all: Vec<_> = paths
        .iter()
        .filter_map(|path| std::fs::read(path).ok())
        .collect();
    assert!(!all.is_empty(), "{name} is there");
    all
}

/// SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn from_environment() -> Self {
        let seed = std::env::var("STROWGER_SEED");
        Self::new(
            seed.ok()
                .and_then(|s| s.parse().ok())
                .unwrap_or(0x5EED_5339),
        )
    }

    pub(crate) fn new(seed: u64) -> Self {
        println!("STROWGER_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        if n == 0 {
            0
        } else {
            (self.next() % n as u64) as usize
        }
    }
}

/// Octets that lengths, counts, flags, escapes and ends turn on.
const OCTETS: &[u8] = &[
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0a, 0x10, 0x1b, 0x1e, 0x20, 0x21, 0x24, 0x40, 0x41, 0x7f, 0x80,
    0x8c, 0xa0, 0xd0, 0xd8, 0xdc, 0xe9, 0xf0, 0xfe, 0xff,
];

/// A few changes of the kinds that break readers of lengths and ends.
pub(crate) fn mutate(random: &mut Random, input: &mut Vec<u8>, others: &[Vec<u8>]) {
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        match random.below(10) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 if at < input.len() => input[at] = random.next() as u8,
            2 | 3 if at < input.len() => input[at] = OCTETS[random.below(OCTETS.len())],
            4 => {
                let end = (at + random.below(24)).min(input.len());
                input.drain(at.min(end)..end);
            }
            5 => {
                let end = (at + random.below(40)).min(input.len());
                let piece = input[at.min(end)..end].to_vec();
                let to = random.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            6 => {
                let other = &others[random.below(others.len())];
                let from = random.below(other.len());
                let end = (from + random.below(64)).min(other.len());
                input.splice(at..at, other[from..end].iter().copied());
            }
            7 => {
                let octet = OCTETS[random.below(OCTETS.len())];
                input.splice(at..at, std::iter::repeat_n(octet, random.below(70)));
            }
            8 => input.insert(at, OCTETS[random.below(OCTETS.len())]),
            _ => input.truncate(at),
        }
    }
}
