//! The long mode of the mutation fuzz of texts and TPDUs: `cargo run --release -p strowger-sms --example fuzz_text -- [COUNT [SEED]]`.
//!
//! Prints how many inputs each target was given, the seed, and how many panicked; the exit code is 1 if one did. Build it with
//! `CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true`, so that arithmetic is checked too.

#![expect(
    clippy::print_stdout,
    reason = "it is a program whose result is printed"
)]

#[path = "../tests/mutation_support/mod.rs"]
mod mutation_support;
#[path = "../tests/mutation_support/texts.rs"]
mod texts;

use std::panic::catch_unwind;
use std::process::ExitCode;

use mutation_support::{Random, corpus, mutate};
use texts::TARGETS;

fn main() -> ExitCode {
    let mut args = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse::<u64>().ok());
    let count = args.next().unwrap_or(1_000_000);
    let mut random = args
        .next()
        .map_or_else(Random::from_environment, Random::new);
    let mut panics = 0_u64;
    for (name, target) in TARGETS {
        let inputs = corpus(name);
        for n in 0..count {
            let mut input = inputs[random.below(inputs.len())].clone();
            mutate(&mut random, &mut input, &inputs);
            if catch_unwind(|| target(&input)).is_err() {
                panics += 1;
                println!("{name} {n} panicked: {}", input.escape_ascii());
            }
        }
        println!("{name}: {count} inputs, {panics} panics so far");
    }
    if panics == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
