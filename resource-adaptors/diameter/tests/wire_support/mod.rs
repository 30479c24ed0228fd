//! What the tests of the wire layer share: the corpora, randomness with a printed seed, mutations.
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
                .unwrap_or(0x5EED_D1A6),
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

/// Values that lengths, codes and numbers turn on.
const WORDS: &[[u8; 4]] = &[
    [0, 0, 0, 0],
    [0xff; 4],
    [0x40, 0, 0, 0],
    [0x40, 0, 0, 7],
    [0x40, 0, 0, 8],
    [0x40, 0, 0, 9],
    [0x40, 0, 0, 12],
    [0xc0, 0, 0, 8],
    [0xc0, 0, 0, 12],
    [0xc0, 0, 0, 16],
    [0x40, 0xff, 0xff, 0xff],
    [0x41, 0, 0, 12],
    [0, 0, 1, 7],
    [0, 0, 1, 12],
    [0, 0, 1, 23],
    [0, 0, 1, 28],
    [0, 0, 1, 41],
    [0, 0, 1, 200],
    [0, 0, 40, 175],
    [0x80, 0, 0, 0],
];

/// A few changes of the kinds that break readers of lengths.
pub(crate) fn mutate(random: &mut Random, frame: &mut Vec<u8>, others: &[Vec<u8>]) {
    for _ in 0..=random.below(4) {
        let at = random.below(frame.len() + 1);
        let word = at & !3;
        match random.below(10) {
            0 if at < frame.len() => frame[at] ^= 1 << random.below(8),
            1 if at < frame.len() => frame[at] = random.next() as u8,
            2 | 3 if word + 4 <= frame.len() => {
                frame[word..word + 4].copy_from_slice(&WORDS[random.below(WORDS.len())]);
            }
            4 if word + 4 <= frame.len() => frame[word + 3] = random.below(64) as u8,
            5 => {
                let end = (word + 4 * random.below(8)).min(frame.len());
                frame.drain(word.min(end)..end);
            }
            6 => {
                let end = (word + 4 * random.below(16)).min(frame.len());
                let piece = frame[word.min(end)..end].to_vec();
                let to = random.below(frame.len() / 4 + 1) * 4;
                frame.splice(to..to, piece);
            }
            7 => {
                let other = &others[random.below(others.len())];
                let from = random.below(other.len()) & !3;
                let end = (from + 4 * random.below(32)).min(other.len());
                frame.splice(word..word, other[from..end].iter().copied());
            }
            8 => {
                let word = WORDS[random.below(WORDS.len())];
                frame.splice(at..at, word);
            }
            _ => frame.truncate(at),
        }
    }
}
