//! What the tests of texts and TPDUs share: the corpora, randomness with a printed seed, mutations.
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

use strowger_sms::proto::fuzz;

/// The corpora and what they are for.
pub(crate) const TARGETS: [(&str, fn(&[u8])); 4] = [
    ("sms_text", fuzz::sms_text),
    ("sms_parts", fuzz::sms_parts),
    ("sms_tpdu", fuzz::sms_tpdu),
    ("sms_rp", fuzz::sms_rp),
];

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
                .unwrap_or(0x5EED_57E5),
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

/// Octets that lengths, flags and escapes turn on.
const OCTETS: &[u8] = &[
    0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08, 0x0a, 0x1b, 0x20, 0x40, 0x41, 0x7f, 0x80, 0x8c,
    0xa0, 0xd0, 0xd8, 0xdc, 0xe9, 0xf0, 0xff,
];

/// A few changes of the kinds that break readers of lengths.
pub(crate) fn mutate(random: &mut Random, input: &mut Vec<u8>, others: &[Vec<u8>]) {
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        match random.below(9) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 if at < input.len() => input[at] = random.next() as u8,
            2 | 3 if at < input.len() => input[at] = OCTETS[random.below(OCTETS.len())],
            4 => input.insert(at, OCTETS[random.below(OCTETS.len())]),
            5 => {
                let end = (at + random.below(8)).min(input.len());
                input.drain(at..end);
            }
            6 => {
                let end = (at + random.below(16)).min(input.len());
                let piece = input[at..end].to_vec();
                let to = random.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            7 => {
                let other = &others[random.below(others.len())];
                let from = random.below(other.len());
                let end = (from + random.below(32)).min(other.len());
                input.splice(at..at, other[from..end].iter().copied());
            }
            _ => input.truncate(at.max(1)),
        }
    }
    input.truncate(4_096);
}
