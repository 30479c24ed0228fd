//! What the tests of the wire layer share: the messages, randomness with a printed seed, mutations.
//!
//! The seed is fixed so that a failure repeats; `STROWGER_SEED` sets another one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    clippy::print_stdout,
    reason = "the seed must be in the output of a failure"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the seed may come from the environment"
)]

use std::path::{Path, PathBuf};

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// The files of a folder of `tests`, by name.
pub(crate) fn files(dir: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(tests().join(dir)).unwrap();
    let mut all: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    all.sort();
    all
}

/// The torture messages.
pub(crate) fn messages() -> Vec<Vec<u8>> {
    let all = [files("torture/rfc4475"), files("torture/rfc5118")].concat();
    all.into_iter().map(|(_, bytes)| bytes).collect()
}

/// SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn from_environment() -> Self {
        let seed = std::env::var("STROWGER_SEED")
            .ok()
            .and_then(|s| s.parse().ok())
            .unwrap_or(0x5EED_51B0);
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

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// What the grammar turns on.
const TOKENS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\r\n ",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"<",
    b">",
    b"\"",
    b"\\",
    b"@",
    b"%",
    b"%00",
    b"[",
    b"]",
    b"[::1]",
    b"?",
    b"=",
    b"/",
    b"*",
    b"0",
    b"-1",
    b"4294967296",
    b"18446744073709551616",
    b"SIP/2.0",
    b"SIP/2.0/UDP ",
    b"Via: ",
    b"v:",
    b"l: 0\r\n",
    b"Content-Length: 99999999999\r\n",
    b"Contact: *\r\n",
    b";tag=",
    b";branch=z9hG4bK",
    b";rport",
    b";received=",
    b"sip:",
    b"tel:+1",
    b"INVITE",
    b"\xff",
    b"\0",
];

pub(crate) fn mutate(random: &mut Random, message: &mut Vec<u8>, others: &[Vec<u8>]) {
    for _ in 0..=random.below(4) {
        let at = random.below(message.len() + 1);
        match random.below(9) {
            0 if at < message.len() => message[at] ^= 1 << random.below(8),
            1 if at < message.len() => message[at] = random.next() as u8,
            2 | 3 => drop(message.splice(at..at, random.pick(TOKENS).iter().copied())),
            4 => {
                let end = (at + random.below(20)).min(message.len());
                message.drain(at..end);
            }
            5 => {
                let end = (at + random.below(60)).min(message.len());
                let piece = message[at..end].to_vec();
                let to = random.below(message.len() + 1);
                message.splice(to..to, piece);
            }
            6 => {
                let other = &others[random.below(others.len())];
                let from = random.below(other.len());
                let end = (from + random.below(200)).min(other.len());
                message.splice(at..at, other[from..end].iter().copied());
            }
            7 => {
                let mut lines: Vec<&[u8]> = message.split_inclusive(|&b| b == b'\n').collect();
                let (a, b) = (random.below(lines.len()), random.below(lines.len()));
                if !lines.is_empty() {
                    lines.swap(a, b);
                }
                *message = lines.concat();
            }
            _ => message.truncate(at),
        }
    }
}
