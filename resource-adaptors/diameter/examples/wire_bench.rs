//! What reading and writing a message costs, beside the crate `diameter`.
//!
//! `cargo run --release -p strowger-diameter --features diameter --example wire_bench` prints nanoseconds per message, the
//! least of several runs; without the feature, ours alone. With an argument, the name of one case, it runs that a hundred
//! thousand times and nothing else, for callgrind.

#![expect(clippy::print_stdout, reason = "the figures are the program's purpose")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use strowger_diameter::apps::credit::{CcRequestType, Ccr};
use strowger_diameter::proto::dict::{base, credit};
use strowger_diameter::proto::wire::{
    BuildError, Builder, Framer, Limits, MESSAGE_MAX_DEFAULT, Message, Patch, Time,
};

const ROUNDS: u32 = 100_000;

fn main() -> Result<(), BuildError> {
    let only = std::env::args().nth(1);
    let bytes = ccr()?;
    let Ok(message) = Message::parse(bytes.clone()) else {
        return Ok(());
    };
    let mut avps = 0;
    let mut open = vec![message.avps()];
    while let Some(run) = open.pop() {
        for avp in run {
            avps += 1;
            let group = [443, 456, 437].contains(&avp.code);
            open.extend(group.then(|| avp.group()));
        }
    }
    println!("CCR of {} bytes, {avps} AVPs", bytes.len());
    let report = |what: &str, run: &mut dyn FnMut() -> bool| report(only.as_deref(), what, run);
    report("parse", &mut || Message::parse(bytes.clone()).is_ok());
    let limits = Limits::DEFAULT;
    report("parse-outer", &mut || {
        Message::parse_outer(bytes.clone(), &limits).is_ok()
    });
    report("read", &mut || read(&message));
    report("build-answer", &mut || answer(&message).is_ok());
    report("build-request", &mut || ccr().is_ok());
    report("patch", &mut || {
        Patch::new(bytes.clone())
            .hop_by_hop(9)
            .retransmit()
            .finish()
            .len()
            == bytes.len()
    });
    let mut framer = Framer::new(MESSAGE_MAX_DEFAULT);
    report("frame", &mut || {
        framer.push(&bytes);
        framer.next_frame().is_ok_and(|frame| frame.is_some())
    });
    #[cfg(feature = "diameter")]
    theirs::report_all(&bytes, &report);
    Ok(())
}

fn ccr() -> Result<Bytes, BuildError> {
    let mut ccr = Builder::request(272, 4);
    ccr.avp(&base::SESSION_ID, "gw.a.example;1876543210;102")
        .identities("gw.a.example", "a.example");
    ccr.avp(&base::DESTINATION_REALM, "b.example")
        .avp(&base::AUTH_APPLICATION_ID, 4)
        .avp(&credit::SERVICE_CONTEXT_ID, "32260@3gpp.org")
        .avp(&credit::CC_REQUEST_TYPE, 1)
        .avp(&credit::CC_REQUEST_NUMBER, 0)
        .opt(&base::EVENT_TIMESTAMP, Time::from_unix(1_800_000_000));
    ccr.group(&credit::SUBSCRIPTION_ID, |id| {
        id.avp(&credit::SUBSCRIPTION_ID_TYPE, 0)
            .avp(&credit::SUBSCRIPTION_ID_DATA, "491701");
    });
    ccr.group(&credit::MULTIPLE_SERVICES_CREDIT_CONTROL, |services| {
        services.group(&credit::REQUESTED_SERVICE_UNIT, |units| {
            units.avp(&credit::CC_TIME, 60);
        });
        services.avp(&credit::RATING_GROUP, 7);
    });
    ccr.finish(1, 2)
}

/// What a service and its adaptor look at.
fn read(message: &Message) -> bool {
    let ccr = Ccr::of(message);
    let mut services = ccr.multiple_services_credit_control();
    let asked = services
        .next()
        .and_then(|services| services.requested_service_unit());
    message.session_id().is_some()
        && message.origin_host().is_some()
        && ccr.cc_request_type() == Some(CcRequestType::InitialRequest)
        && ccr.cc_request_number() == Some(0)
        && asked.and_then(|units| units.cc_time()) == Some(60)
}

fn answer(request: &Message) -> Result<Bytes, BuildError> {
    let mut cca = Builder::answer(request);
    cca.avp(&base::RESULT_CODE, 2001)
        .identities("ocs.b.example", "b.example");
    cca.avp(&base::AUTH_APPLICATION_ID, 4)
        .avp(&credit::CC_REQUEST_TYPE, 1)
        .avp(&credit::CC_REQUEST_NUMBER, 0)
        .group(&credit::MULTIPLE_SERVICES_CREDIT_CONTROL, |services| {
            services.group(&credit::GRANTED_SERVICE_UNIT, |units| {
                units.avp(&credit::CC_TIME, 60);
            });
            services
                .avp(&credit::RATING_GROUP, 7)
                .avp(&base::RESULT_CODE, 2001);
        });
    cca.finish(1, 2)
}

/// The crate on the same bytes: its messages, with the dictionary filled from ours.
#[cfg(feature = "diameter")]
mod theirs {
    use std::io::Cursor;
    use std::sync::Arc;

    use bytes::Bytes;
    use diameter::DiameterMessage;
    use strowger_diameter::diameter::CrateTypes;
    use strowger_diameter::proto::dict::Dictionary;

    pub(crate) fn report_all(bytes: &Bytes, report: &dyn Fn(&str, &mut dyn FnMut() -> bool)) {
        let types = CrateTypes::new(&Dictionary::standard());
        let decode = || {
            let dictionary = Arc::clone(types.dictionary());
            DiameterMessage::decode_from(&mut Cursor::new(bytes), dictionary)
        };
        report("crate-decode", &mut || decode().is_ok());
        let Ok(message) = decode() else { return };
        let mut out = Vec::new();
        report("crate-encode", &mut || {
            out.clear();
            message.encode_to(&mut out).is_ok() && out.len() == bytes.len()
        });
        report("crate-build", &mut || {
            let (code, application) = (message.get_command_code(), message.get_application_id());
            let dictionary = Arc::clone(types.dictionary());
            let mut copy = DiameterMessage::new(code, application, 0xc0, 1, 2, dictionary);
            for avp in message.get_avps() {
                copy.add(avp.clone());
            }
            copy.get_length() as usize == bytes.len()
        });
    }
}

/// Runs it a hundred thousand times, nine times over, and prints the best; once, if it is the only one.
fn report(only: Option<&str>, what: &str, run: &mut dyn FnMut() -> bool) {
    if only.is_some_and(|only| only != what) {
        return;
    }
    let mut best = u128::MAX;
    for _ in 0..if only.is_some() { 1 } else { 9 } {
        let start = Instant::now();
        let mut good = 0;
        for _ in 0..ROUNDS {
            good += u32::from(black_box(run()));
        }
        assert_eq!(good, ROUNDS, "{what}");
        best = best.min(start.elapsed().as_nanos());
    }
    println!("{:>7.1} ns  {what}", best as f64 / f64::from(ROUNDS));
}
