//! Structured mutations of the torture messages and the fuzz corpora against the wire layer's promises.
//!
//! The seed is fixed so that a failure repeats; `STROWGER_SEED` sets another one.

mod wire_support;

use strowger_sip::proto::fuzz;
use wire_support::{Random, files, messages, mutate};

const DATAGRAMS: usize = 120_000;
const STREAMS: usize = 10_000;
const VALUES: usize = 100_000;

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
fn mutated_websockets() {
    let mut random = Random::from_environment();
    let inputs = files("fuzz/corpus/sip_websocket");
    let inputs: Vec<_> = inputs.into_iter().map(|(_, bytes)| bytes).collect();
    for n in 0..STREAMS {
        let mut input = inputs[n % inputs.len()].clone();
        mutate(&mut random, &mut input, &inputs);
        check("WebSocket", n, &input, fuzz::sip_websocket);
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
    let values: Vec<_> = values.into_iter().map(|(_, bytes)| bytes).collect();
    for n in 0..VALUES {
        let mut value = values[n % values.len()].clone();
        mutate(&mut random, &mut value, &values);
        check("URI", n, &value, fuzz::sip_uri);
        check("value", n, &value, fuzz::sip_nameaddr);
    }
}

#[test]
fn mutated_records_descriptions_and_stun() {
    let mut random = Random::from_environment();
    for (dir, target) in [
        ("fuzz/corpus/sip_records", fuzz::sip_records as fn(&[u8])),
        ("fuzz/corpus/sip_sdp", fuzz::sip_sdp),
        ("fuzz/corpus/sip_stun", fuzz::sip_stun),
    ] {
        let inputs: Vec<_> = files(dir).into_iter().map(|(_, bytes)| bytes).collect();
        for n in 0..STREAMS {
            let mut input = inputs[n % inputs.len()].clone();
            mutate(&mut random, &mut input, &inputs);
            check(dir, n, &input, target);
        }
    }
}

#[test]
fn mutated_credentials() {
    let mut random = Random::from_environment();
    let values = files("fuzz/corpus/sip_auth");
    let values: Vec<_> = values.into_iter().map(|(_, bytes)| bytes).collect();
    for n in 0..VALUES / 4 {
        let mut value = values[n % values.len()].clone();
        mutate(&mut random, &mut value, &values);
        check("credentials", n, &value, fuzz::sip_auth);
    }
}

#[test]
fn corpora_replay() {
    for (dir, target) in [
        ("fuzz/corpus/sip_datagram", fuzz::sip_datagram as fn(&[u8])),
        ("fuzz/corpus/sip_stream", fuzz::sip_stream),
        ("fuzz/corpus/sip_websocket", fuzz::sip_websocket),
        ("fuzz/corpus/sip_uri", fuzz::sip_uri),
        ("fuzz/corpus/sip_auth", fuzz::sip_auth),
        ("fuzz/corpus/sip_nameaddr", fuzz::sip_nameaddr),
        ("fuzz/corpus/sip_records", fuzz::sip_records),
        ("fuzz/corpus/sip_sdp", fuzz::sip_sdp),
        ("fuzz/corpus/sip_stun", fuzz::sip_stun),
    ] {
        let inputs = files(dir);
        assert!(!inputs.is_empty(), "{dir}");
        for (n, (_, input)) in inputs.iter().enumerate() {
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
