//! Mutations of the fuzz corpora against the promises of the SMPP stack, with the arithmetic checked as in every test.
//!
//! The seed is fixed so that a failure repeats; `STROWGER_SEED` sets another one. The long form is
//! `cargo run --release -p strowger-sms --example fuzz_smpp`.

#[path = "mutation_support/check.rs"]
mod check;
mod mutation_support;
#[path = "mutation_support/streams.rs"]
mod streams;

use check::check;
use mutation_support::{Random, corpus, mutate};
use streams::stream_of;
use strowger_sms::proto::fuzz;

const PDUS: usize = 50_000;
const STREAMS: usize = 3_000;

#[test]
fn mutated_pdus() {
    let (mut random, seeds) = (Random::from_environment(), corpus("smpp_pdu"));
    for n in 0..PDUS {
        let mut pdu = seeds[n % seeds.len()].clone();
        mutate(&mut random, &mut pdu, &seeds);
        check("pdu", n, &pdu, fuzz::smpp_pdu);
    }
}

#[test]
fn mutated_streams_and_sessions() {
    let (mut random, seeds) = (Random::from_environment(), corpus("smpp_pdu"));
    let sessions = corpus("smpp_session");
    for n in 0..STREAMS {
        let stream = stream_of(&mut random, &seeds, &sessions);
        check("stream", n, &stream, fuzz::smpp_stream);
        check("session", n, &stream, fuzz::smpp_session);
    }
}

#[test]
fn corpora_replay() {
    for (name, target) in [
        ("smpp_pdu", fuzz::smpp_pdu as fn(&[u8])),
        ("smpp_stream", fuzz::smpp_stream),
        ("smpp_session", fuzz::smpp_session),
    ] {
        for (n, input) in corpus(name).iter().enumerate() {
            check(name, n, input, target);
        }
    }
}
