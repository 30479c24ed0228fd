//! Ringing at several places: at once or one after the other, and elsewhere if nobody answers.
//!
//! The caller sees one call: of what the places say before one of them answers, provisional responses pass without their
//! session descriptions where several ring, and the best of the refusals where all refuse (RFC 3261 16.7). The INVITE is kept
//! until then, because it may have to go out again.

use strowger::prelude::*;
use strowger_sip::{self as sip, Reply, Sip, Target};

use crate::access::{Caller, identify};
use crate::settings::{Ringing, Settings};
use crate::state::{B2bua, Leg, Work};
use crate::{policy, record};

/// Who is being called for a caller.
#[derive(Debug, State)]
pub(crate) struct Ring {
    caller: Leg,
    who: Caller,
    /// Legs without a final response.
    pub(crate) branches: Vec<Leg>,
    /// The best refusal; 0 for none.
    best: u16,
    /// What is called.
    #[state(opaque = "sip-invite-1")]
    invite: sip::Invite,
    /// The contacts that were called.
    tried: Vec<String>,
    /// One of them spoke for all.
    exhausted: bool,
    /// It was forwarded: not again.
    forwarded: bool,
}

impl Cause {
    /// The status that stands for it in History-Info (RFC 7044 10.3).
    fn status(self) -> Option<u16> {
        match self {
            Self::Busy => Some(486),
            Self::NoAnswer => Some(408),
            Self::Refused => None,
        }
    }
}

/// Why nobody answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    Busy,
    NoAnswer,
    Refused,
}

impl B2bua {
    /// Calls the places of a route that has more than one.
    pub(crate) fn ring(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        (caller, who): (Leg, Caller),
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        let ring = Box::new(Ring {
            caller,
            who,
            branches: Vec::new(),
            best: 0,
            invite: ev.clone(),
            tried: Vec::new(),
            exhausted: false,
            forwarded: false,
        });
        self.ring_on(cx, ring, Cause::NoAnswer, None, sip, conf)
    }

    /// Calls the next places, or answers the caller with why there are none: with the last refusal itself, if it is the best.
    fn ring_on(
        &mut self,
        cx: &mut Cx,
        mut ring: Box<Ring>,
        cause: Cause,
        last: Option<&sip::Response>,
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        let targets = ring.next(cx, cause, sip, conf)?;
        if targets.is_empty() {
            record::refused(cx, ring.caller, ring.best)?;
            return match last {
                Some(last) => policy::relay(cx, last, ring.caller, sip, conf),
                None if ring.best == 0 => sip.answer(cx, ring.caller, 480),
                None => sip.answer(cx, ring.caller, ring.best),
            };
        }
        let alone = targets.len() == 1;
        for target in targets {
            let mut invite = ring.invite.forward_to(target.clone());
            if alone {
                invite = invite.relay_reliable();
            }
            if ring.forwarded {
                invite =
                    sip::history(&ring.invite, target.uri(), cause.status()).on_outgoing(invite);
            }
            let invite = policy::invite(invite, conf);
            let invite = identify(invite, &ring.invite, &ring.who, &target, conf);
            let callee = sip.invite(cx, invite)?;
            cx.attach(callee);
            ring.branches.push(callee);
        }
        let time = match conf.route(ring.invite.user()) {
            Some(route) => conf.no_answer_of(route),
            None => conf.no_answer,
        };
        self.no_answer_in(cx, ring.caller, time);
        self.rings(ring);
        Ok(())
    }

    /// Goes on ringing. With one callee alone the caller may talk before the answer: PRACK, UPDATE, INFO.
    fn rings(&mut self, ring: Box<Ring>) {
        self.legs = match ring.branches[..] {
            [callee] => Some((ring.caller, callee)),
            _ => None,
        };
        self.work_on(Work::Ring(ring));
    }

    /// A response of one who is being called.
    pub(crate) fn ring_response(
        &mut self,
        cx: &mut Cx,
        mut ring: Box<Ring>,
        ev: &sip::Response,
        from: Leg,
        sip: Sip,
        conf: &Settings,
    ) -> Result<bool> {
        if !ev.is_to_invite() || !ring.branches.contains(&from) {
            let relayed = !ev.is_to_invite();
            self.work_on(Work::Ring(ring));
            return Ok(!relayed);
        }
        if ev.is_success() {
            for loser in ring.branches.iter().filter(|leg| **leg != from) {
                sip.bye_because(cx, *loser, policy::ELSEWHERE)?;
            }
            self.legs = Some((ring.caller, from));
            self.answered(cx, ring.caller, conf);
            policy::relay_answer(cx, ev, ring.caller, sip, conf)?;
        } else if ev.is_provisional() {
            if ring.branches.len() == 1 {
                policy::relay(cx, ev, ring.caller, sip, conf)?;
            } else {
                // Session descriptions of several answerers have no place in the one dialog that the caller has.
                let mut plain = Reply::new(ev.status());
                if conf.early_durable {
                    plain = plain.early_durable();
                }
                sip.relay_as(cx, ev, ring.caller, plain)?;
            }
            self.work_on(Work::Ring(ring));
        } else {
            ring.branches.retain(|leg| *leg != from);
            self.refused(cx, ring, ev.status(), Some(ev), sip, conf)?;
        }
        Ok(true)
    }

    /// One who was called refuses.
    fn refused(
        &mut self,
        cx: &mut Cx,
        mut ring: Box<Ring>,
        status: u16,
        ev: Option<&sip::Response>,
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        let best = better(ring.best, status);
        let ev = ev.filter(|_| best != ring.best);
        ring.best = best;
        if status >= 600 {
            // It speaks for all places (RFC 3261 16.7).
            for leg in ring.branches.drain(..) {
                sip.bye(cx, leg)?;
            }
            ring.exhausted = true;
        }
        if !ring.branches.is_empty() {
            self.rings(ring);
            return Ok(());
        }
        let cause = match status {
            486 | 600 => Cause::Busy,
            408 | 480 => Cause::NoAnswer,
            _ => Cause::Refused,
        };
        self.ring_on(cx, ring, cause, ev, sip, conf)
    }

    /// It has rung long enough.
    pub(crate) fn ring_overdue(
        &mut self,
        cx: &mut Cx,
        mut ring: Box<Ring>,
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        for leg in ring.branches.drain(..) {
            sip.bye(cx, leg)?;
        }
        ring.best = better(ring.best, 480);
        self.ring_on(cx, ring, Cause::NoAnswer, None, sip, conf)
    }

    /// A leg goes while it rings.
    pub(crate) fn ring_left(
        &mut self,
        cx: &mut Cx,
        mut ring: Box<Ring>,
        leg: Leg,
        sip: Sip,
        conf: &Settings,
    ) -> Result<bool> {
        if ring.caller == leg {
            for leg in &ring.branches {
                sip.bye(cx, *leg)?;
            }
        } else if ring.branches.contains(&leg) {
            // Without a response: it was lost with an earlier process.
            ring.branches.retain(|other| *other != leg);
            self.refused(cx, ring, 480, None, sip, conf)?;
        } else {
            self.work_on(Work::Ring(ring));
        }
        Ok(true)
    }
}

impl Ring {
    pub(crate) fn caller(&self) -> Leg {
        self.caller
    }

    /// Whether that leg is one of those that ring.
    pub(crate) fn calls(&self, leg: Leg) -> bool {
        self.branches.contains(&leg)
    }

    /// Whom to call next: contacts that have not been tried, then the place that calls are forwarded to.
    fn next(&mut self, cx: &Cx, cause: Cause, sip: Sip, conf: &Settings) -> Result<Vec<Target>> {
        let Some(route) = conf.route(self.invite.user()).filter(|_| !self.forwarded) else {
            return Ok(Vec::new());
        };
        let mut targets = Vec::new();
        if !self.exhausted {
            targets = route.places(cx, sip, conf, &sip.target(&self.invite)?)?;
            targets.retain(|target| {
                !self
                    .tried
                    .iter()
                    .any(|tried| tried.as_bytes() == target.uri())
            });
            if conf.ringing == Ringing::Serial {
                targets.truncate(1);
            }
            let uris = targets
                .iter()
                .map(|target| String::from_utf8_lossy(target.uri()).into());
            self.tried.extend(uris);
        }
        let forward = match cause {
            Cause::Busy => route.on_busy.as_ref(),
            Cause::NoAnswer => route.on_no_answer.as_ref(),
            Cause::Refused => None,
        };
        if let Some(place) = forward.filter(|_| targets.is_empty()) {
            self.forwarded = true;
            let target = Target::parse(place.as_str())?;
            if let Some(route) = conf.route(target.user()).filter(|route| route.registered) {
                targets = route.places(cx, sip, conf, &target)?;
            }
            if targets.is_empty() && !conf.is_ours(&target) {
                targets = vec![target];
            }
        }
        Ok(targets)
    }
}

/// Which of two refusals the caller gets: one that speaks for all, else the lower class, else the earlier (RFC 3261 16.7).
pub(crate) fn better(before: u16, status: u16) -> u16 {
    let rank = |status: u16| match status {
        0 => 9,
        600.. => 0,
        other => other / 100,
    };
    if rank(status) < rank(before) {
        status
    } else {
        before
    }
}
