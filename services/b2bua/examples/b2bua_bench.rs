//! What calls through the B2BUA take: by themselves, with the recorder on, with records of calls.
//!
//! `cargo build --release -p strowger-b2bua --example b2bua_bench --features strowger-sip/testkit`, then
//! `valgrind --tool=callgrind --toggle-collect='*Shard*input*' --toggle-collect='*Shard*run*' \
//! --toggle-collect='*Shard*timeout*' target/release/examples/b2bua_bench CALLS [ONE_IN] [records]`: the recorder takes one call in
//! ONE_IN, 0 is none. The difference of two runs with different numbers of calls is what calls take; network, peers and files
//! are the test kit's and are not counted.

use std::time::Duration;
use strowger_b2bua::{Route, Settings, service};
use strowger_records::testkit::RecordsTestKit as _;
use strowger_sip::testkit::SipTestKit as _;
use strowger_testkit::{RecorderMode, RecorderOptions, TestKit};

fn main() {
    let mut args = std::env::args().skip(1);
    let mut number = || args.next().and_then(|arg| arg.parse().ok());
    let (calls, one_in) = (number().unwrap_or(100_u32), number().unwrap_or(0));
    let records = args.next().is_some_and(|arg| arg == "records");
    let settings = Settings {
        routes: vec![Route::default()],
        ..Settings::default()
    };
    let options = RecorderOptions {
        mode: match one_in {
            0 => RecorderMode::Off,
            one_in => RecorderMode::Sampled(one_in),
        },
        ..RecorderOptions::default()
    };
    let mut slee = TestKit::strict().adaptor(strowger_sip::adaptor());
    if records {
        slee = slee.adaptor(strowger_records::adaptor());
    }
    slee = slee
        .service_with(service(), settings)
        .recording_with(options);
    if records {
        slee.records();
    }
    for _ in 0..calls {
        let alice = slee
            .sip()
            .invite("sip:alice@a.example", "sip:bob@b.example");
        let bob = slee.sip().expect_invite("sip:bob@b.example");
        bob.ring().answer();
        alice.expect(180).expect(200);
        bob.expect_ack();
        let bye = alice.bye();
        bob.expect_bye();
        bye.expect(200);
        slee.advance(Duration::from_secs(40));
    }
    if records {
        assert_eq!(slee.records().of("call").len(), calls as usize);
    }
}
