//! The long mode of the wire layer's mutation fuzz: `cargo run --release -p strowger-diameter --example fuzz_wire -- [COUNT [SEED]]`.
//!
//! Prints how many inputs ran, the seed, how many frames were accepted and how many panicked; the exit code is 1 if one did.
//! Build it with `CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true`, so that arithmetic is checked too.

#![expect(
    clippy::print_stdout,
    reason = "it is a program whose result is printed"
)]

#[path = "../tests/wire_support/mod.rs"]
mod wire_support;

use std::panic::catch_unwind;
use std::process::ExitCode;

use strowger_diameter::proto::fuzz;
use strowger_diameter::proto::wire::Message;
use wire_support::{Random, corpus, mutate};

fn main() -> ExitCode {
    let mut args = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse::<u64>().ok());
    let count = args.next().unwrap_or(100_000_000);
    let mut random = args
        .next()
        .map_or_else(Random::from_environment, Random::new);
    let messages = corpus("diameter_message");
    let (mut accepted, mut panics, mut frame) = (0_u64, 0_u64, Vec::new());
    for n in 0..count {
        frame.clear();
        frame.extend_from_slice(&messages[random.below(messages.len())]);
        mutate(&mut random, &mut frame, &messages);
        if n % 2 == 0 && frame.len() >= 20 {
            frame.truncate(frame.len() & !3);
            let length = frame.len() as u32 | 1 << 24;
            frame[..4].copy_from_slice(&length.to_be_bytes());
        }
        accepted += u64::from(Message::parse(frame.clone().into()).is_ok());
        let outcome = catch_unwind(|| {
            fuzz::frame(&frame);
            fuzz::diameter_values(&frame);
        });
        if outcome.is_err() {
            panics += 1;
            println!("input {n} panicked: {}", frame.escape_ascii());
        }
    }
    println!("{count} inputs, {accepted} accepted, {panics} panics");
    if panics == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
