//! A service for tests that makes many idle activities at once, each with an entity of its own and a timer that is far away.
//!
//! A MESSAGE to the user `sleepers` says in its text how many. The binary `strowger-faulty` has it; the product has no such
//! service.

use std::time::Duration;
use strowger::prelude::*;
use strowger_sip::{self as sip, ServerTx, Sip};

/// Whom to ask.
pub const USER: &str = "sleepers";
/// How far away a timer is.
const SLEEPS: Duration = Duration::from_secs(24 * 3600);
/// How many can be asked for in one message: what one transaction makes.
pub const MOST: u32 = 1_000;

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Sleepers>()
}

/// One who asked, for as long as the transaction lasts; or one who sleeps.
#[derive(Debug, Default, State)]
pub struct Sleepers {
    timer: Option<TimerId>,
}

/// Fired on an activity that is to have a sleeper.
#[derive(Clone, Debug, Event)]
pub struct Sleep;

/// It is time to wake up.
#[derive(Clone, Debug, Event)]
pub struct WakeUp;

#[sbb(name = "sleepers", vendor = "test", version = "1.0")]
impl Sleepers {
    fn pick(sel: &mut Selector) {
        let ours = sel.event::<sip::Message>();
        if ours.is_some_and(|ev| ev.user() != USER.as_bytes()) {
            sel.decline();
        }
    }

    #[on(initial, select = Self::pick)]
    fn asked(&mut self, cx: &mut Cx, ev: &sip::Message, _: Aci<ServerTx>, sip: Ra<Sip>) -> Result {
        let text = String::from_utf8_lossy(ev.body());
        let Some(count) = text.trim().parse().ok().filter(|n| *n <= MOST) else {
            return sip.respond(cx, ev, 400);
        };
        for _ in 0..count {
            let activity = cx.null_activity()?;
            cx.fire(activity, Sleep)?;
        }
        sip.respond(cx, ev, 200)
    }

    #[on(initial)]
    fn sleep(&mut self, cx: &mut Cx, _: &Sleep, Aci(home): Aci<NullActivity>) {
        self.timer = Some(cx.timer(home, SLEEPS, WakeUp));
    }

    #[on]
    fn wake_up(&mut self, cx: &mut Cx, _: &Timer<WakeUp>, Aci(home): Aci<NullActivity>) -> Result {
        self.timer = None;
        Ok(cx.end(home)?)
    }
}
