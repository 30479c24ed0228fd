//! Structured mutations of the fuzz corpora against the wire layer's promises.
//!
//! The seed is fixed so that a failure repeats; `STROWGER_SEED` sets another one. The long mode is
//! `cargo run --release -p strowger-diameter --example fuzz_wire`.

mod wire_support;

use strowger_diameter::charging::fuzz::diameter_charging;
use strowger_diameter::proto::fuzz;
use wire_support::{Random, corpus, mutate};

const MESSAGES: usize = 100_000;
const STREAMS: usize = 10_000;

#[test]
fn mutated_messages() {
    let (mut random, messages) = (Random::from_environment(), corpus("diameter_message"));
    for n in 0..MESSAGES {
        let mut message = messages[n % messages.len()].clone();
        mutate(&mut random, &mut message, &messages);
        check("message", n, &message, fuzz::diameter_message);
        check("values", n, &message, fuzz::diameter_values);
    }
}

#[test]
fn mutated_charging() {
    let (mut random, messages) = (Random::from_environment(), corpus("diameter_charging"));
    for n in 0..MESSAGES {
        let mut message = messages[n % messages.len()].clone();
        mutate(&mut random, &mut message, &messages);
        check("charging", n, &message, diameter_charging);
    }
}

#[test]
fn mutated_streams() {
    let (mut random, messages) = (Random::from_environment(), corpus("diameter_message"));
    for n in 0..STREAMS {
        let mut stream = vec![random.next() as u8];
        for _ in 0..=random.below(3) {
            stream.extend_from_slice(&messages[random.below(messages.len())]);
        }
        if random.below(2) == 0 {
            mutate(&mut random, &mut stream, &messages);
        }
        check("stream", n, &stream, fuzz::diameter_stream);
    }
}

#[test]
fn corpora_replay() {
    for (name, target) in [
        ("diameter_message", fuzz::diameter_message as fn(&[u8])),
        ("diameter_message", fuzz::diameter_values),
        ("diameter_message", diameter_charging),
        ("diameter_charging", diameter_charging),
        ("diameter_stream", fuzz::diameter_stream),
    ] {
        for (n, input) in corpus(name).iter().enumerate() {
            check(name, n, input, target);
        }
    }
}

/// Runs a target and prints the input that broke it.
fn check(what: &str, n: usize, input: &[u8], target: fn(&[u8])) {
    let outcome = std::panic::catch_unwind(|| target(input));
    assert!(outcome.is_ok(), "{what} {n}: {}", input.escape_ascii());
}
