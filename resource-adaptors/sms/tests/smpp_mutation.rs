//! Mutations of the fuzz corpora against the promises of the SMPP stack, with the arithmetic checked as in every test.
//!
//! The seed is fixed so that a failure repeats; `STROWGER_SEED` sets another one. The long form, a million mutants, is
//! `cargo test -p strowger-sms --test smpp_mutation -- --ignored`.

mod smpp_support;

use smpp_support::{Random, check, corpus, mutate};
use strowger_sms::proto::fuzz;

#[test]
fn mutated_pdus() {
    pdus(50_000);
}

#[test]
fn mutated_streams_and_sessions() {
    streams_and_sessions(3_000);
}

#[test]
#[ignore = "half a minute; run by hand and by night"]
fn a_million_mutants() {
    pdus(900_000);
    streams_and_sessions(100_000);
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

fn pdus(count: usize) {
    let (mut random, seeds) = (Random::from_environment(), corpus("smpp_pdu"));
    for n in 0..count {
        let mut pdu = seeds[n % seeds.len()].clone();
        mutate(&mut random, &mut pdu, &seeds);
        check("pdu", n, &pdu, fuzz::smpp_pdu);
    }
}

/// Streams of PDUs of which some are broken, most with a length that is true.
fn streams_and_sessions(count: usize) {
    let (mut random, seeds) = (Random::from_environment(), corpus("smpp_pdu"));
    let sessions = corpus("smpp_session");
    for n in 0..count {
        let mut stream = sessions[n % sessions.len()].clone();
        stream[0] = random.next() as u8;
        for _ in 0..=random.below(6) {
            let mut pdu = seeds[random.below(seeds.len())].clone();
            if random.below(3) == 0 {
                mutate(&mut random, &mut pdu, &seeds);
                if pdu.len() >= 16 && random.below(8) > 0 {
                    let length = pdu.len() as u32;
                    pdu[..4].copy_from_slice(&length.to_be_bytes());
                }
            }
            stream.extend_from_slice(&pdu);
        }
        if random.below(4) == 0 {
            mutate(&mut random, &mut stream, &seeds);
        }
        check("stream", n, &stream, fuzz::smpp_stream);
        check("session", n, &stream, fuzz::smpp_session);
    }
}
