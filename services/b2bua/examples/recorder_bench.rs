//! What calls through the B2BUA take with the recorder off, or on for one call in so many.
//!
//! `cargo build --release -p strowger-b2bua --example recorder_bench --features strowger-sip/testkit`, then
//! `valgrind --tool=callgrind --toggle-collect='*Shard*input*' --toggle-collect='*Shard*run*' \
//! --toggle-collect='*Shard*timeout*' target/release/examples/recorder_bench CALLS [ONE_IN]`. The difference of two runs with
//! different numbers of calls is what calls take; network and peers are the test kit's and are not counted.

use std::time::Duration;
use strowger_b2bua::{Route, Settings, service};
use strowger_sip::testkit::SipTestKit as _;
use strowger_testkit::{RecorderMode, RecorderOptions, TestKit};

fn main() {
    let mut args = std::env::args().skip(1).map_while(|arg| arg.parse().ok());
    let (calls, one_in) = (args.next().unwrap_or(100_u32), args.next());
    let settings = Settings {
        routes: vec![Route::default()],
        ..Settings::default()
    };
    let options = RecorderOptions {
        mode: one_in.map_or(RecorderMode::Off, RecorderMode::Sampled),
        ..RecorderOptions::default()
    };
    let mut slee = TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings)
        .recording_with(options);
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
}
