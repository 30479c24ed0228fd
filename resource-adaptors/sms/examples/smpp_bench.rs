//! What reading, writing and answering an SMPP PDU costs, beside the crate `rusmpp-core`.
//!
//! `cargo run --release -p strowger-sms --example smpp_bench` prints nanoseconds for each, the least of several runs. With an
//! argument, the name of one case, it runs that alone, for callgrind.

#![expect(clippy::print_stdout, reason = "the figures are the program's purpose")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use rusmpp_core::command::owned::Command;
use rusmpp_core::decode::owned::DecodeWithLength;
use rusmpp_core::encode::{Encode, Length};
use strowger_sms::proto::session::{Config, Event, InKey, Mode, Output, Role, Session};
use strowger_sms::proto::time::Ms;
use strowger_sms::proto::wire::{
    Addr, Bind, EncodeError, Framer, MessageIdResp, PDU_MAX_DEFAULT, Pdu, PduBuf, Policy, Status,
    Submit, TlvBuf, Tlvs, tlv,
};

const ROUNDS: u32 = 1_000;
const SPELLS: u32 = 1_000;

fn main() -> Result<(), EncodeError> {
    let only = std::env::args().nth(1);
    let report = |what: &str, run: &mut dyn FnMut() -> bool| report(only.as_deref(), what, run);
    let text = [b'x'; 140];
    let plain = Submit {
        source: Addr::new(5, 0, b"Strowger"),
        dest: Addr::new(1, 1, b"491701234567"),
        registered_delivery: 1,
        short_message: &text,
        ..Submit::default()
    };
    let mut tlvs = TlvBuf::new();
    tlvs.u16(tlv::SAR_MSG_REF_NUM, 7)
        .u8(tlv::SAR_TOTAL_SEGMENTS, 3)
        .u8(tlv::SAR_SEGMENT_SEQNUM, 1);
    let with_tlvs = Submit {
        tlvs: tlvs.as_tlvs(),
        ..plain
    };
    for (name, submit) in [("140-octets", plain), ("with-3-tlvs", with_tlvs)] {
        let pdu = Pdu::SubmitSm(submit);
        let bytes = pdu.encode(Status::ROK, 1)?;
        println!("submit_sm {name}: {} octets", bytes.len());
        let name = |what: &str| format!("{what}-{name}");
        report(&name("decode"), &mut || {
            Pdu::parse(black_box(&bytes), Policy::Lenient).is_ok()
        });
        report(&name("decode-strict"), &mut || {
            Pdu::parse(black_box(&bytes), Policy::Strict).is_ok()
        });
        report(&name("keep"), &mut || {
            PduBuf::parse(bytes.clone(), Policy::Lenient).is_ok()
        });
        report(&name("encode"), &mut || {
            black_box(&pdu).encode(Status::ROK, 1).is_ok()
        });
        theirs(&bytes, &name, &report);
    }
    let bytes = Pdu::SubmitSm(plain).encode(Status::ROK, 1)?;
    let mut framer = Framer::new(PDU_MAX_DEFAULT);
    report("frame", &mut || {
        let mut input = black_box(&bytes[..]);
        framer.next_frame(&mut input).is_ok_and(|it| it.is_some())
    });
    sessions(&Pdu::SubmitSm(plain), &report);
    Ok(())
}

/// The crate on the same octets.
fn theirs(
    bytes: &Bytes,
    name: &dyn Fn(&str) -> String,
    report: &dyn Fn(&str, &mut dyn FnMut() -> bool),
) {
    let decode = || {
        let mut body = BytesMut::from(&bytes[4..]);
        Command::decode(&mut body, bytes.len() - 4)
    };
    report(&name("rusmpp-decode"), &mut || decode().is_ok());
    let Ok((command, _)) = decode() else { return };
    report(&name("rusmpp-encode"), &mut || {
        let mut out = vec![0; 4 + command.length()];
        4 + black_box(&command).encode(&mut out[4..]) == bytes.len()
    });
}

/// An ESME and a message centre, ten requests and their responses at a time: the cost of one request with its response, both
/// sides.
fn sessions(submit: &Pdu<'_>, report: &dyn Fn(&str, &mut dyn FnMut() -> bool)) {
    let now = Ms(0);
    let mut esme = Session::new(Role::Esme, Config::default(), now);
    let mut mc = Session::new(Role::Mc, Config::default(), now);
    let mut keys = Vec::new();
    if esme.bind(now, Mode::Transceiver, &Bind::default()).is_err() {
        return;
    }
    drain(&mut esme, &mut mc, &mut keys);
    if mc.accept_bind(now, b"mc").is_err() {
        return;
    }
    drain(&mut mc, &mut esme, &mut keys);
    let response = Pdu::SubmitSmResp(MessageIdResp {
        message_id: b"0123456789abcdef",
        tlvs: Tlvs::EMPTY,
    });
    report("session-10-requests", &mut || {
        for _ in 0..10 {
            if esme.request(now, submit).is_err() {
                return false;
            }
        }
        drain(&mut esme, &mut mc, &mut keys);
        drain(&mut mc, &mut esme, &mut keys);
        for key in keys.drain(..) {
            if mc.respond(now, key, Status::ROK, &response).is_err() {
                return false;
            }
        }
        drain(&mut mc, &mut esme, &mut keys);
        drain(&mut esme, &mut mc, &mut keys);
        esme.in_flight() == 0
    });
}

/// What one side has written goes to the other; requests are noted.
fn drain(from: &mut Session, to: &mut Session, keys: &mut Vec<InKey>) {
    while let Some(output) = from.poll() {
        if let Output::Send(bytes) = output {
            to.received(Ms(0), &bytes);
        } else if let Output::Event(Event::Request { key, .. }) = output {
            keys.push(key);
        }
    }
}

/// Runs it in many short spells and prints the best, which nothing else has disturbed; in one, if it is the only one.
fn report(only: Option<&str>, what: &str, run: &mut dyn FnMut() -> bool) {
    if only.is_some_and(|only| only != what) {
        return;
    }
    let mut best = f64::MAX;
    for _ in 0..if only.is_some() { 1 } else { SPELLS } {
        let start = Instant::now();
        let mut good = 0_u32;
        for _ in 0..ROUNDS {
            good += u32::from(black_box(run()));
        }
        assert_eq!(good, ROUNDS, "{what}");
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS));
    }
    println!("{what:28} {best:8.1} ns");
}
