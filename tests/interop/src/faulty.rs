//! A service for tests that fails, or takes its time, as its callers ask: what it does stands in the user that is called.
//!
//! The binary `strowger-faulty` has it; the product has no such service.

use nix::time::{ClockId, clock_gettime};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use strowger::prelude::*;
use strowger_sip::{self as sip, Reply, Sip};

/// What a call to `slow` takes of the node's time, and one to `heavy` of the processor's.
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
    /// It loops instead of panicking when it remembers.
    loops: bool,
    /// Every tenth event panics.
    tenth: bool,
}

/// Events of calls in which every tenth panics.
static EVENTS: AtomicU64 = AtomicU64::new(0);

/// Set by every call, so that something is left if a failure leaves anything.
#[derive(Clone, Debug, Event)]
pub struct Remember;

const SDP: &[u8] = b"v=0\r\no=faulty 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\na=inactive\r\n";

#[sbb(name = "faulty", vendor = "test", version = "1.0")]
#[expect(clippy::panic, reason = "what it is for")]
impl Faulty {
    /// Users that begin with a digit are called through others.
    fn pick(sel: &mut Selector) {
        let invite = sel.event::<sip::Invite>();
        if invite.is_none_or(|invite| invite.user().first().is_some_and(u8::is_ascii_digit)) {
            sel.decline();
        }
    }

    /// `panics` fails at once, `rings` after it has rung, `slow` and `heavy` keep the node busy, `loops` never lets go of it, and
    /// `loops-later` does not after it was answered; of the events of calls to `tenth` every tenth panics. Others are answered.
    #[on(initial, select = Self::pick)]
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
            b"heavy" => {
                let until = ran()? + SLOW;
                while ran()? < until {
                    std::hint::spin_loop();
                }
            }
            b"loops" => never_return(),
            b"loops-later" => {
                self.loops = true;
                cx.timer(call, Duration::from_millis(100), Remember);
            }
            b"tenth" => {
                self.tenth = true;
                self.count();
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
        if self.loops {
            never_return();
        }
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
        self.count();
        sip.respond(cx, ev, 200)
    }
}

#[expect(clippy::panic, reason = "what it is for")]
impl Faulty {
    fn count(&self) {
        if self.tenth && EVENTS.fetch_add(1, Ordering::Relaxed) % 10 == 9 {
            panic!("asked to fail at every tenth event")
        }
    }
}

/// For how long this thread has had the processor. That of a process that is stopped does not go on.
fn ran() -> Result<Duration> {
    let ran = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    Ok(ran.map(Duration::from)?)
}

fn never_return() -> ! {
    loop {
        std::hint::spin_loop();
    }
}
