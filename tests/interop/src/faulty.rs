//! A service for tests that fails, or takes its time, as its callers ask: what it does stands in the user that is called.
//!
//! The binary `strowger-faulty` has it; the product has no such service.

use std::time::{Duration, Instant};
use strowger::prelude::*;
use strowger_sip::{self as sip, Reply, Sip};

/// What a call to `slow` takes of the node's time.
const SLOW: Duration = Duration::from_millis(2);

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Faulty>()
}

/// One call.
#[derive(Debug, Default, State)]
pub struct Faulty {
    answered: bool,
}

/// Set by every call, so that something is left if a failure leaves anything.
#[derive(Clone, Debug, Event)]
pub struct Remember;

const SDP: &[u8] = b"v=0\r\no=faulty 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\na=inactive\r\n";

#[sbb(name = "faulty", vendor = "test", version = "1.0")]
#[expect(clippy::panic, reason = "what it is for")]
impl Faulty {
    /// `panics` fails at once, `rings` after it has rung, `slow` keeps the node busy; others are answered.
    #[on(initial)]
    fn invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        Aci(call): Aci<sip::Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        cx.timer(call, Duration::from_secs(3600), Remember);
        match ev.user() {
            b"panics" => panic!("asked to fail"),
            b"rings" => {
                sip.respond(cx, ev, 180)?;
                cx.timer(call, Duration::from_millis(100), Remember);
                return Ok(());
            }
            b"slow" => {
                let until = Instant::now() + SLOW;
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
            }
            _ => {}
        }
        self.answered = true;
        sip.respond(
            cx,
            ev,
            Reply::new(200).body("application/sdp", SDP.to_vec()),
        )
    }

    #[on]
    fn remembered(&mut self, _cx: &mut Cx, _ev: &Timer<Remember>) -> Result {
        panic!("asked to fail while it rings")
    }

    #[on]
    fn cancel(&mut self, cx: &mut Cx, ev: &sip::Cancel, sip: Ra<Sip>) -> Result {
        sip.accept_cancel(cx, ev)
    }

    #[on]
    fn info(&mut self, _cx: &mut Cx, _ev: &sip::Info) -> Result {
        panic!("asked to fail within a call")
    }

    #[on]
    fn re_invite(&mut self, _cx: &mut Cx, _ev: &sip::ReInvite) -> Result {
        panic!("asked to fail when the session changes")
    }

    #[on]
    fn bye(&mut self, cx: &mut Cx, ev: &sip::Bye, sip: Ra<Sip>) -> Result {
        if ev.header("Reason").is_some() {
            panic!("asked to fail when the call ends")
        }
        sip.respond(cx, ev, 200)
    }
}
