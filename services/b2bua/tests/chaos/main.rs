//! Many calls, each with a bad network, a slow disk and a crash at a moment of its own, drawn from its seed.
//!
//! What must hold whatever happens: a call that the caller saw answered is there until somebody hangs up, a BYE of
//! either side is answered and reaches the other, and in the end nothing is left.

mod features;
mod plain;

use std::time::Duration;
use strowger::prelude::*;
use strowger::ra::Entropy;
use strowger_b2bua::{Route, Settings, service};
use strowger_sip::testkit::{Call, SipTestKit};
use strowger_testkit::{Link, TestKit};

const ALICE: &str = "sip:alice@a.example";
const BOB: &str = "sip:bob@b.example";

/// Seeds of an ordinary run. `STROWGER_SEEDS=1000..3000` runs others.
const SEEDS: std::ops::Range<u64> = 0..150;

struct Dice(Entropy);

impl Dice {
    fn up_to(&mut self, most: u64) -> u64 {
        self.0.next_u64() % (most + 1)
    }
    fn coin(&mut self) -> bool {
        self.up_to(1) == 1
    }
}

fn with_settings(seed: u64, settings: Settings) -> TestKit {
    TestKit::strict()
        .seed(seed)
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings)
}

struct Run {
    slee: TestKit,
    dice: Dice,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut dice = Dice(Entropy::from_seed(bytes));
        let everywhere = Settings {
            routes: vec![Route {
                open: true,
                ..Route::default()
            }],
            ..Settings::default()
        };
        let mut slee = with_settings(seed, everywhere);
        slee.set_link(Link {
            delay: millis(dice.up_to(30)),
            jitter: millis(dice.up_to(60)),
            loss: u16::try_from(dice.up_to(150)).unwrap_or(0),
            duplicate: u16::try_from(dice.up_to(100)).unwrap_or(0),
            segment: 0,
        });
        slee.set_sync_time(millis(dice.up_to(20)));
        Self { slee, dice }
    }

    fn crash_within(&mut self, time: Duration) {
        let most = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let after = Duration::from_micros(self.dice.up_to(most));
        if self.dice.coin() {
            self.slee.crash_after(after);
        } else {
            self.slee.crash_losing_unsynced_after(after);
        }
    }

    /// The call, if the caller saw it answered. If not, the callee is not left with one either.
    fn set_up(&mut self) -> Option<(Call, Call)> {
        let alice = self.slee.sip().invite(ALICE, BOB);
        // Before the callee has it, the call may be lost with the process, and the caller told so or left to its timer.
        let bob = self.slee.sip().patience(secs(35)).find_invite(BOB)?;
        if self.dice.coin() {
            bob.ring();
        }
        bob.answer();
        if self.is_answered(&alice) {
            return Some((alice, bob));
        }
        if bob.find_request("ACK", Duration::ZERO).is_some() {
            bob.expect_bye();
        }
        None
    }

    /// Whether the INVITE of that side gets a 2xx, which it then acknowledges.
    fn is_answered(&self, caller: &Call) -> bool {
        while let Some(response) = caller.next_response(secs(35)) {
            match response.status() {
                Some(..=199) => {}
                Some(200..=299) => {
                    caller.acknowledge(&response);
                    return true;
                }
                _ => return false,
            }
        }
        false
    }

    fn hang_up(&mut self, alice: &Call, bob: &Call) {
        let (first, second) = if self.dice.coin() {
            (alice, bob)
        } else {
            (bob, alice)
        };
        first.bye().expect(200);
        second.expect_bye();
    }

    /// Nothing is left, once everything that can still come has come.
    fn end(mut self, seed: u64) {
        self.slee.set_link(Link::default());
        self.slee.advance(minutes(5));
        let counts = self.slee.counts();
        let left = (
            counts.activities,
            counts.entities,
            counts.timers,
            counts.events,
        );
        assert_eq!(
            left,
            (0, 0, 0, 0),
            "seed {seed} leaves something:\n{}",
            self.slee.ladder()
        );
    }
}

fn seeds() -> std::ops::Range<u64> {
    #[expect(
        clippy::disallowed_methods,
        reason = "chosen by whoever runs the tests"
    )]
    let chosen = std::env::var("STROWGER_SEEDS").ok();
    let range = chosen.as_deref().and_then(|text| {
        let (from, to) = text.split_once("..")?;
        Some(from.parse().ok()?..to.parse().ok()?)
    });
    range.unwrap_or(SEEDS)
}
