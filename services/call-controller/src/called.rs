//! The call as all three services see it: whose it is, and what was done with it so far.

use strowger::prelude::*;
use strowger_sip::proto::wire::HeaderId;
use strowger_sip::{self as sip, Aor};

use crate::Subscriber;

/// What was done with a call, on its activity. The services share it under its alias, and another service that wants to keep
/// them off a call, or to know what became of it, may have it too.
#[derive(Clone, Copy, Debug)]
pub enum Handled {}

/// A value of [`Handled`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, State)]
pub enum Handling {
    /// Nothing yet.
    #[default]
    Open,
    /// It was refused.
    Refused,
    /// It is with the subscriber's phones, which may not take it.
    Ringing,
    /// It was sent to where the subscriber has his calls sent.
    Forwarded,
    /// It was handed over to the mailbox.
    HandedOver,
}

impl Attribute for Handled {
    type Value = Handling;
    const NAME: &'static str = "handled";
    const ALIAS: Option<&'static str> = Some("strowger.call-controller.handled");
}

/// Declines calls to others than users of the domains, and those that take the place of a call that is up: they are meant for
/// one phone and for no service.
pub(crate) fn pick(sel: &mut Selector<'_>, serves: impl Fn(&str) -> bool) {
    let ours = sel.event::<sip::Invite>().is_some_and(|ev| {
        let called = Aor::parse(ev.uri());
        let ours = called.is_ok_and(|called| !called.user().is_empty() && serves(called.domain()));
        ours && !ev.message().has(HeaderId::Replaces)
    });
    if !ours {
        sel.decline();
    }
}

/// The subscriber who is called.
pub(crate) fn subscriber(
    cx: &Cx<'_>,
    ev: &sip::Invite,
    subscribers: Table<Subscriber>,
) -> Result<Option<Held<Subscriber>>> {
    let Ok(called) = Aor::parse(ev.uri()) else {
        return Ok(None);
    };
    let address = called.as_str().to_owned();
    Ok(subscribers.find_by(cx, Subscriber::ADDRESS, &address)?)
}

/// What says that the subscriber was not reached, or is busy where he was, so that somebody else may take the call: of one phone
/// at least, whatever another one has against the call. Busy goes before not reached. A 6xx says that nobody else is to be
/// asked, and nobody is (RFC 3261 16.7).
pub(crate) fn untaken(ev: &sip::Unreached) -> Option<u16> {
    let statuses = ev.statuses().iter().copied();
    statuses
        .filter(|status| matches!(status, 408 | 430 | 480 | 486 | 487 | 503))
        .min_by_key(|status| *status != 486)
}
