//! Structured mutations of the torture messages and the fuzz corpora against the wire layer's promises.
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

use strowger_sip::proto::fuzz;

const DATAGRAMS: usize = 150_000;
const STREAMS: usize = 10_000;
const VALUES: usize = 100_000;

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

fn files(dir: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(tests().join(dir))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|p| std::fs::read(p).unwrap()).collect()
}

fn messages() -> Vec<Vec<u8>> {
    [files("torture/rfc4475"), files("torture/rfc5118")].concat()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn from_environment() -> Self {
        let seed = std::env::var("STROWGER_SEED")
            .ok()
            .and_then(|s| s.parse().ok())
            .unwrap_or(0x5EED_51B0);
        println!("STROWGER_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        if n == 0 {
            0
        } else {
            (self.next() % n as u64) as usize
        }
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
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

fn mutate(random: &mut Random, message: &mut Vec<u8>, others: &[Vec<u8>]) {
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

#[test]
fn mutated_datagrams() {
    let (mut random, messages) = (Random::from_environment(), messages());
    for n in 0..DATAGRAMS {
        let mut message = messages[n % messages.len()].clone();
        mutate(&mut random, &mut message, &messages);
        check("datagram", n, &message, fuzz::sip_datagram);
    }
}

#[test]
fn mutated_streams() {
    let (mut random, messages) = (Random::from_environment(), messages());
    for n in 0..STREAMS {
        let mut stream = vec![random.next() as u8];
        for _ in 0..=random.below(3) {
            stream.extend_from_slice(&messages[random.below(messages.len())]);
            stream.extend_from_slice(random.pick(&[&b""[..], b"\r\n", b"\r\n\r\n"]));
        }
        mutate(&mut random, &mut stream, &messages);
        check("stream", n, &stream, fuzz::sip_stream);
    }
}

#[test]
fn mutated_values() {
    let mut random = Random::from_environment();
    let values = [
        files("fuzz/corpus/sip_uri"),
        files("fuzz/corpus/sip_nameaddr"),
    ]
    .concat();
    for n in 0..VALUES {
        let mut value = values[n % values.len()].clone();
        mutate(&mut random, &mut value, &values);
        check("URI", n, &value, fuzz::sip_uri);
        check("value", n, &value, fuzz::sip_nameaddr);
    }
}

#[test]
fn corpora_replay() {
    for (dir, target) in [
        ("fuzz/corpus/sip_datagram", fuzz::sip_datagram as fn(&[u8])),
        ("fuzz/corpus/sip_stream", fuzz::sip_stream),
        ("fuzz/corpus/sip_uri", fuzz::sip_uri),
        ("fuzz/corpus/sip_nameaddr", fuzz::sip_nameaddr),
    ] {
        let inputs = files(dir);
        assert!(!inputs.is_empty(), "{dir}");
        for (n, input) in inputs.iter().enumerate() {
            check(dir, n, input, target);
        }
    }
    messages().iter().for_each(|m| fuzz::sip_datagram(m));
}

/// Runs a target and prints the input that broke it.
fn check(what: &str, n: usize, input: &[u8], target: fn(&[u8])) {
    let outcome = std::panic::catch_unwind(|| target(input));
    assert!(outcome.is_ok(), "{what} {n}: {}", input.escape_ascii());
}
