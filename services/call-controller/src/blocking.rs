//! Refuses callers whom the called subscriber does not want.

use strowger::prelude::*;
use strowger_sip::proto::wire::HeaderId;
use strowger_sip::{self as sip, Aor, Dialog, Sip};

use crate::called::{Handled, Handling, pick, subscriber};
use crate::{Settings, Subscriber};

/// One call, for as long as it takes to decide.
#[derive(Debug, Default, State)]
pub struct Blocking {}

/// The called does not want to talk to this caller (RFC 3261 21.6.2).
const DECLINE: u16 = 603;
/// The called does not want to talk to who does not say who he is (RFC 5079).
const ANONYMITY_DISALLOWED: u16 = 433;

#[sbb(
    name = "call-blocking",
    vendor = "strowger",
    version = "1.0",
    priority = 100,
    aliases(Handled)
)]
impl Blocking {
    fn calls(sel: &mut Selector) {
        let conf = sel.conf::<Settings>();
        pick(sel, |domain| conf.is_some_and(|conf| conf.serves(domain)));
    }

    #[on(initial, select = Self::calls)]
    fn invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        Aci(call): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
        #[table("subscribers")] subscribers: Table<Subscriber>,
    ) -> Result {
        if cx.get::<Handled>(call)? == Handling::Open
            && let Some(subscriber) = subscriber(cx, ev, subscribers)?
            && let Some(status) = refusal(&subscriber, ev, &conf)
        {
            cx.set::<Handled>(call, &Handling::Refused)?;
            sip.respond(cx, ev, status)?;
        }
        cx.detach(call);
        Ok(())
    }
}

/// The status to refuse a call with, if the subscriber does not want it.
fn refusal(subscriber: &Subscriber, ev: &sip::Invite, conf: &Settings) -> Option<u16> {
    let from = ev.message().from().ok();
    let from = from.and_then(|from| Aor::parse(from.uri_raw).ok());
    let is_hidden = from.as_ref().is_none_or(is_anonymous) || wants_privacy(ev);
    let is_blocked = |caller: &Aor| subscriber.blocks(caller);
    let asserted = ev.message().addresses(HeaderId::PAssertedIdentity);
    let mut asserted = asserted
        .filter_map(|address| Aor::parse(address.ok()?.uri_raw).ok())
        .filter(|_| conf.trusted.holds(ev));
    if from.as_ref().is_some_and(is_blocked) || asserted.any(|caller| is_blocked(&caller)) {
        Some(DECLINE)
    } else {
        (subscriber.block_anonymous && is_hidden).then_some(ANONYMITY_DISALLOWED)
    }
}

/// RFC 3323 4.1.1.3.
fn is_anonymous(caller: &Aor) -> bool {
    caller.domain() == "anonymous.invalid"
}

fn wants_privacy(ev: &sip::Invite) -> bool {
    let wish = ev.header("Privacy").unwrap_or_default();
    let mut wishes = wish
        .split(|byte| matches!(byte, b';' | b','))
        .map(<[u8]>::trim_ascii);
    wishes.any(|wish| wish.eq_ignore_ascii_case(b"id") || wish.eq_ignore_ascii_case(b"user"))
}
