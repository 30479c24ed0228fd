//! What passes from one leg to the other, and what stays.

use strowger::prelude::*;
use strowger_sip::{self as sip, Outgoing, Reply, Sip};

use crate::settings::Settings;
use crate::state::Leg;

/// Why a leg loses to another one that answered (RFC 3326).
pub(crate) const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// An INVITE that makes a leg.
pub(crate) fn invite(invite: Outgoing, conf: &Settings) -> Outgoing {
    let mut invite = outgoing(invite, conf);
    if let Some(timer) = conf.session_timer() {
        invite = invite.session_timer(timer);
    }
    if conf.early_durable {
        invite = invite.early_durable();
    }
    invite
}

/// Passes on the answer that makes a call.
pub(crate) fn relay_answer(
    cx: &mut Cx,
    response: &sip::Response,
    to: Leg,
    sip: Sip,
    conf: &Settings,
) -> Result {
    match conf.session_timer() {
        Some(timer) => {
            let answer = reply(Reply::passing(response), conf).session_timer(timer);
            sip.relay_as(cx, response, to, answer)
        }
        None => relay(cx, response, to, sip, conf),
    }
}

/// Passes a response on.
pub(crate) fn relay(
    cx: &mut Cx,
    response: &sip::Response,
    to: Leg,
    sip: Sip,
    conf: &Settings,
) -> Result {
    // A 503 would have the caller avoid this node, which is well (RFC 3261 16.7).
    if response.status() == 503 && response.is_to_invite() {
        return sip.relay_as(cx, response, to, Reply::new(500));
    }
    let early = conf.early_durable && response.is_provisional();
    if conf.hide.is_empty() && !early {
        return sip.relay(cx, response, to);
    }
    let mut passed = reply(Reply::passing(response), conf);
    if early {
        passed = passed.early_durable();
    }
    sip.relay_as(cx, response, to, passed)
}

/// Passes a request of a call on.
pub(crate) fn relay_request(
    cx: &mut Cx,
    request: &sip::Request,
    to: Leg,
    sip: Sip,
    conf: &Settings,
) -> Result {
    if conf.hide.is_empty() {
        return sip.relay_request(cx, request, to);
    }
    sip.relay_request_as(cx, request, to, outgoing(Outgoing::passing(request), conf))
}

/// Takes out of a request what the other side is not to see.
pub(crate) fn outgoing(outgoing: Outgoing, conf: &Settings) -> Outgoing {
    conf.hide
        .iter()
        .fold(outgoing, |out, name| out.without(name))
}

/// Takes out of a response what the other side is not to see.
pub(crate) fn reply(reply: Reply, conf: &Settings) -> Reply {
    conf.hide.iter().fold(reply, |out, name| out.without(name))
}

/// Ends a leg, with the reason that the other side gave.
pub(crate) fn hang_up(cx: &mut Cx, leg: Leg, reason: Option<&[u8]>, sip: Sip) -> Result {
    match reason.and_then(|reason| std::str::from_utf8(reason).ok()) {
        Some(reason) => sip.bye_because(cx, leg, reason),
        None => sip.bye(cx, leg),
    }
}
