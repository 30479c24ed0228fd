//! Mutations of the fuzz corpora against the promises of texts, TPDUs and the relay layer.
//!
//! The seed is fixed so that a failure repeats; `STROWGER_SEED` sets another one. The long mode is
//! `cargo run --release -p strowger-sms --example fuzz_text`.

#[path = "mutation_support/check.rs"]
mod check;
mod mutation_support;
#[path = "mutation_support/texts.rs"]
mod texts;

use check::check;
use mutation_support::{Random, corpus, mutate};
use strowger_sms::proto::fuzz;
use texts::TARGETS;

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
