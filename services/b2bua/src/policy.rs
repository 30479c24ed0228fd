//! What passes from one leg to the other, and what stays.

use strowger::prelude::*;
use strowger_sip::{self as sip, Outgoing, Reply, Sip};

use crate::access::{unproved, unproved_response};
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
            let unproved = unproved_response(cx, response, sip, conf);
            let answer = reply(response, &unproved, conf).session_timer(timer);
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
    let unproved = unproved_response(cx, response, sip, conf);
    if conf.hide.is_empty() && unproved.is_empty() && !early {
        return sip.relay(cx, response, to);
    }
    let mut passed = reply(response, &unproved, conf);
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
    let unproved = unproved(request, conf);
    if conf.hide.is_empty() && unproved.is_empty() {
        return sip.relay_request(cx, request, to);
    }
    sip.relay_request_as(cx, request, to, passing(request, &unproved, conf))
}

/// A request of one side as the other side is to see it.
pub(crate) fn passing(
    request: &sip::Request,
    unproved: &[&'static str],
    conf: &Settings,
) -> Outgoing {
    let passed = outgoing(Outgoing::passing(request), conf);
    unproved.iter().fold(passed, |out, name| out.without(name))
}

/// Takes out of a request what the other side is not to see.
pub(crate) fn outgoing(outgoing: Outgoing, conf: &Settings) -> Outgoing {
    conf.hide
        .iter()
        .fold(outgoing, |out, name| out.without(name))
}

/// Takes out of a response what the other side is not to see.
fn reply(response: &sip::Response, unproved: &[&'static str], conf: &Settings) -> Reply {
    let hidden = conf.hide.iter().map(String::as_str);
    let names = hidden.chain(unproved.iter().copied());
    names.fold(Reply::passing(response), |out, name| out.without(name))
}

/// Ends a leg, with the reason that the other side gave.
pub(crate) fn hang_up(cx: &mut Cx, leg: Leg, reason: Option<&[u8]>, sip: Sip) -> Result {
    match reason.and_then(|reason| std::str::from_utf8(reason).ok()) {
        Some(reason) => sip.bye_because(cx, leg, reason),
        None => sip.bye(cx, leg),
    }
}
