//! Two calls that become one though each is an entity of its own: attended transfer, and INVITE with Replaces.
//!
//! An entity knows its own legs only. The one that is asked to join with a call that is another's fires an event on the one
//! leg of that call that it was told of, which its owner receives. The owner does all of the rest: in one transaction it
//! attaches itself to the other's legs and detaches the other from them, so that at no time an event reaches both or
//! neither, and from there on there is one entity that owns all legs. The asking entity is left without any and is removed
//! by that. An owner that cannot take over says so by an event on the same way back; one that says nothing, because the leg
//! is no B2BUA's, is given up after a moment.

use std::time::Duration;

use strowger::prelude::*;
use strowger_sip::{self as sip, Reply, Sip};

use crate::access::unproved;
use crate::join::again;
use crate::settings::Settings;
use crate::state::{B2bua, Leg, Work};
use crate::transfer::{Report, Transfer, watch};
use crate::{policy, record};

/// How long an entity waits to be answered. Both are on one shard: it is the time of a few commits.
const ANSWER: Duration = secs(2);
/// How long it may take until somebody is in another's place.
const REPLACING: Duration = secs(34);

/// Take over these two legs, and join the first with the one that talks on this activity.
#[derive(Clone, Debug, Event)]
pub(crate) struct Join {
    /// Who asks.
    entity: EntityId,
    kept: Leg,
    referrer: Leg,
    report: Report,
}

/// Take over this leg, and put it into the place of the one of this activity (RFC 3891).
#[derive(Clone, Debug, Event)]
pub(crate) struct PickUp {
    entity: EntityId,
    leg: Leg,
    invite: sip::Invite,
}

/// What was asked for is not done.
#[derive(Clone, Debug, Event)]
pub(crate) struct Declined {
    pub(crate) status: u16,
}

/// Another entity was asked.
#[derive(Debug, State)]
pub(crate) struct Lent {
    pub(crate) timer: TimerId,
    /// The leg of him who waits for it: a referrer, or a caller.
    leg: Leg,
    /// How a referrer is told.
    report: Option<Report>,
}

/// Somebody takes the place of one side.
#[derive(Debug, State)]
pub(crate) struct Replace {
    /// The side that stays.
    kept: Leg,
    /// Whose place it is; none once it has left.
    old: Option<Leg>,
    /// Who comes; none once it has given up.
    new: Option<Leg>,
    #[state(opaque = "sip-invite-1")]
    invite: sip::Invite,
    pub(crate) timer: TimerId,
}

impl B2bua {
    /// Joins the kept side with the one that `second` talks with, be it in a call of this entity or of another.
    pub(crate) fn attend(
        &mut self,
        cx: &mut Cx,
        kept: Leg,
        referrer: Leg,
        second: Leg,
        report: Report,
        sip: Sip,
    ) -> Result {
        if second == referrer || second == kept || !cx.is_alive(second) {
            return report.send(cx, referrer, 481, true, sip);
        }
        if let Some(target) = self.peer(second) {
            return self.attended(cx, (kept, referrer), (second, target), report, sip);
        }
        let join = Join {
            entity: cx.entity(),
            kept,
            referrer,
            report,
        };
        cx.fire(second, join)?;
        self.work_on(Work::Lent(Lent {
            timer: watch(cx, referrer, ANSWER),
            leg: referrer,
            report: Some(report),
        }));
        Ok(())
    }

    /// Both calls are this entity's: the target is asked for an offer.
    fn attended(
        &mut self,
        cx: &mut Cx,
        first: (Leg, Leg),
        second: (Leg, Leg),
        report: Report,
        sip: Sip,
    ) -> Result {
        let timer = watch(cx, second.1, REPLACING);
        let transfer = Transfer::attended(first, second, report, timer);
        self.ask_for_offer(cx, Box::new(transfer), second.1, sip)
    }

    /// Another entity wants its kept side joined with the peer of `spare`.
    pub(crate) fn take_over(&mut self, cx: &mut Cx, ev: &Join, spare: Leg, sip: Sip) -> Result {
        let alive = |cx: &Cx, leg: Leg| cx.is_alive(leg);
        if !alive(cx, ev.kept) || !alive(cx, ev.referrer) {
            return Ok(());
        }
        let free = self.is_up() && !self.is_working() && self.has_room();
        let target = self.peer(spare).filter(|target| free && alive(cx, *target));
        let Some(target) = target else {
            return Ok(cx.fire(ev.referrer, Declined { status: 491 })?);
        };
        for leg in [ev.kept, ev.referrer] {
            cx.attach(leg);
            // Whether it waits for the answer to a late offer is not known here.
            cx.mask(leg, &[])?;
            cx.detach_entity(ev.entity, leg);
        }
        self.pair(ev.kept, ev.referrer);
        let first = (ev.kept, ev.referrer);
        self.attended(cx, first, (spare, target), ev.report, sip)
    }

    /// An INVITE asks for the place of a side of another call.
    pub(crate) fn replaces(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        caller: Leg,
        sip: Sip,
    ) -> Result {
        let Some(replaces) = ev.replaces() else {
            return sip.respond(cx, ev, 400);
        };
        let old = sip.find_dialog(cx, &replaces);
        let Some(old) = old.filter(|old| cx.is_alive(*old)) else {
            return sip.respond(cx, ev, 481);
        };
        if replaces.is_early_only() {
            // Only calls that are up are replaced here (RFC 3891 3).
            return sip.respond(cx, ev, 486);
        }
        let pick_up = PickUp {
            entity: cx.entity(),
            leg: caller,
            invite: ev.clone(),
        };
        cx.fire(old, pick_up)?;
        self.work_on(Work::Lent(Lent {
            timer: watch(cx, caller, ANSWER),
            leg: caller,
            report: None,
        }));
        Ok(())
    }

    /// Another entity has a caller for the place of `old`.
    pub(crate) fn replace(
        &mut self,
        cx: &mut Cx,
        ev: &PickUp,
        old: Leg,
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        if !cx.is_alive(ev.leg) {
            return Ok(());
        }
        let free = self.is_up() && !self.is_working();
        let kept = self.peer(old).filter(|kept| free && cx.is_alive(*kept));
        let Some(kept) = kept else {
            let status = if self.is_up() { 491 } else { 481 };
            return Ok(cx.fire(ev.leg, Declined { status })?);
        };
        cx.attach(ev.leg);
        if ev.invite.body().is_empty() {
            cx.mask(ev.leg, &[])?;
        }
        cx.detach_entity(ev.entity, ev.leg);
        let replace = Box::new(Replace {
            kept,
            old: Some(old),
            new: Some(ev.leg),
            invite: ev.invite.clone(),
            timer: watch(cx, kept, REPLACING),
        });
        self.replace_again(cx, replace, sip, conf)
    }

    /// Takes the new side's offer, or the wish for one, to the side that stays.
    pub(crate) fn replace_again(
        &mut self,
        cx: &mut Cx,
        replace: Box<Replace>,
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        if replace.new.is_some() {
            let unproved = unproved(&replace.invite, conf);
            // Its credentials were for this node.
            let invite = policy::passing(&replace.invite, &unproved, conf)
                .without("Proxy-Authorization")
                .without("Replaces")
                .without("Require");
            sip.send(cx, replace.kept, invite)?;
        }
        self.work_on(Work::Replace(replace));
        Ok(())
    }

    /// The side that stays has answered, or one of the others has something to answer.
    pub(crate) fn replace_response(
        &mut self,
        cx: &mut Cx,
        replace: Box<Replace>,
        ev: &sip::Response,
        from: Leg,
        sip: Sip,
        conf: &Settings,
    ) -> Result<bool> {
        if from != replace.kept || ev.answers() != Some(replace.invite.id()) {
            self.work_on(Work::Replace(replace));
            return Ok(false);
        }
        if ev.is_provisional() {
            self.work_on(Work::Replace(replace));
            return Ok(true);
        }
        if ev.status() == 491 && replace.new.is_some() {
            let time = self.retry_time(cx, from);
            again(cx, from, time);
            self.work_on(Work::Replace(replace));
            return Ok(true);
        }
        cx.cancel(replace.timer);
        match replace.new {
            Some(new) if ev.is_success() => {
                policy::relay_answer(cx, ev, new, sip, conf)?;
                self.part(replace.kept);
                self.pair(new, replace.kept);
                self.limit(cx, new, conf);
                if let Some(old) = replace.old {
                    record::move_on(cx, Some(old), replace.kept)?;
                    sip.bye(cx, old)?;
                }
            }
            // It took an offer of somebody who is gone.
            None if ev.is_success() => {
                sip.ack(cx, replace.kept, None)?;
                self.end(cx, &replace, sip)?;
            }
            new => {
                if let Some(new) = new {
                    policy::relay(cx, ev, new, sip, conf)?;
                }
                if replace.old.is_none() {
                    sip.bye(cx, replace.kept)?;
                }
            }
        }
        Ok(true)
    }

    /// A leg leaves while one takes the place of another.
    pub(crate) fn replace_left(
        &mut self,
        cx: &mut Cx,
        mut replace: Box<Replace>,
        leg: Leg,
        sip: Sip,
    ) -> Result<bool> {
        if replace.new.take_if(|new| *new == leg).is_some() {
            sip.cancel(cx, replace.kept)?;
            if replace.old.is_none() {
                sip.bye(cx, replace.kept)?;
            }
        } else if replace.old.take_if(|old| *old == leg).is_some() {
            self.part(leg);
            if replace.new.is_none() {
                sip.bye(cx, replace.kept)?;
            }
        } else if replace.kept == leg {
            self.part(leg);
            self.end(cx, &replace, sip)?;
            return Ok(true);
        } else {
            self.work_on(Work::Replace(replace));
            return Ok(false);
        }
        self.work_on(Work::Replace(replace));
        Ok(true)
    }

    pub(crate) fn replace_overdue(&mut self, cx: &mut Cx, replace: &Replace, sip: Sip) -> Result {
        if let Some(new) = replace.new {
            sip.answer(cx, new, 480)?;
        }
        match replace.old {
            Some(_) => sip.cancel(cx, replace.kept),
            None => sip.bye(cx, replace.kept),
        }
    }

    pub(crate) fn is_replacing(&self, leg: Leg) -> bool {
        matches!(self.work(), Some(Work::Replace(replace)) if replace.new == Some(leg))
    }

    /// The other entity does not take over, or there is none.
    pub(crate) fn not_lent(&mut self, cx: &mut Cx, on: Leg, status: u16, sip: Sip) -> Result {
        match self.take_work() {
            Some(Work::Lent(lent)) if lent.leg == on => self.unlent(cx, &lent, status, sip),
            Some(work) => {
                self.work_on(work);
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn lent_overdue(&mut self, cx: &mut Cx, lent: &Lent, sip: Sip) -> Result {
        self.unlent(cx, lent, 481, sip)
    }

    fn unlent(&mut self, cx: &mut Cx, lent: &Lent, status: u16, sip: Sip) -> Result {
        cx.cancel(lent.timer);
        match lent.report {
            Some(report) => report.send(cx, lent.leg, status, true, sip),
            None => sip.answer(cx, lent.leg, Reply::new(status)),
        }
    }

    fn end(&self, cx: &mut Cx, replace: &Replace, sip: Sip) -> Result {
        let legs = [Some(replace.kept), replace.old, replace.new];
        for leg in legs.into_iter().flatten() {
            if cx.is_alive(leg) {
                sip.bye(cx, leg)?;
            }
        }
        Ok(())
    }
}
