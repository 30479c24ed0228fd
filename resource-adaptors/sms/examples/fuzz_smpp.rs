//! The long form of the SMPP stack's mutation fuzz: `cargo run --release -p strowger-sms --example fuzz_smpp -- [COUNT [SEED]]`.
//!
//! Nine of ten inputs are PDUs, the others streams that a session is driven with. Prints the seed, how many inputs ran and
//! how many panicked; the exit code is 1 if one did. Build it with `CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true`, so that
//! arithmetic is checked too.

#![expect(
    clippy::print_stdout,
    reason = "it is a program whose result is printed"
)]

#[path = "../tests/mutation_support/mod.rs"]
mod mutation_support;
#[path = "../tests/mutation_support/streams.rs"]
mod streams;

use std::panic::catch_unwind;
use std::process::ExitCode;

use mutation_support::{Random, corpus, mutate};
use streams::stream_of;
use strowger_sms::proto::fuzz;

fn main() -> ExitCode {
    let mut args = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse::<u64>().ok());
    let count = args.next().unwrap_or(1_000_000);
    let mut random = args
        .next()
        .map_or_else(Random::from_environment, Random::new);
    let (seeds, sessions) = (corpus("smpp_pdu"), corpus("smpp_session"));
    let mut panics = 0_u64;
    for n in 0..count {
        let (input, is_stream) = if n % 10 == 0 {
            (stream_of(&mut random, &seeds, &sessions), true)
        } else {
            let mut pdu = seeds[random.below(seeds.len())].clone();
            mutate(&mut random, &mut pdu, &seeds);
            (pdu, false)
        };
        let outcome = catch_unwind(|| {
            if is_stream {
                fuzz::smpp_stream(&input);
                fuzz::smpp_session(&input);
            } else {
                fuzz::smpp_pdu(&input);
            }
        });
        if outcome.is_err() {
            panics += 1;
            println!("input {n} panicked: {}", input.escape_ascii());
        }
    }
    println!("{count} inputs, {panics} panics");
    if panics == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
