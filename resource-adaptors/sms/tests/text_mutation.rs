//! Mutations of the fuzz corpora against the promises of texts, TPDUs and the relay layer.
//!
//! The seed is fixed so that a failure repeats; `STROWGER_SEED` sets another one. The long mode is
//! `cargo run --release -p strowger-sms --example fuzz_text`.

mod text_support;

use strowger_sms::proto::fuzz;
use text_support::{Random, TARGETS, corpus, mutate};

const MUTANTS: usize = 250_000;

#[test]
fn corpora_replay() {
    for (name, target) in TARGETS {
        for (n, input) in corpus(name).iter().enumerate() {
            check(name, n, input, target);
        }
    }
}

#[test]
fn mutated_tpdus() {
    mutants("sms_tpdu", fuzz::sms_tpdu, MUTANTS);
}

#[test]
fn mutated_relay_messages() {
    mutants("sms_rp", fuzz::sms_rp, MUTANTS);
}

#[test]
fn mutated_parts() {
    mutants("sms_parts", fuzz::sms_parts, MUTANTS);
}

#[test]
fn mutated_texts() {
    mutants("sms_text", fuzz::sms_text, MUTANTS / 25);
}

fn mutants(name: &str, target: fn(&[u8]), count: usize) {
    let (mut random, inputs) = (Random::from_environment(), corpus(name));
    for n in 0..count {
        let mut input = inputs[n % inputs.len()].clone();
        mutate(&mut random, &mut input, &inputs);
        check(name, n, &input, target);
    }
}

/// Runs a target and prints the input that broke it.
fn check(what: &str, n: usize, input: &[u8], target: fn(&[u8])) {
    let outcome = std::panic::catch_unwind(|| target(input));
    assert!(outcome.is_ok(), "{what} {n}: {}", input.escape_ascii());
}
