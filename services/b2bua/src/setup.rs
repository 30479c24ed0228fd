//! A call being set up: to one place, or to several (`ring`).

use strowger::prelude::*;
use strowger_sip::{self as sip, Sip};

use crate::access::{Caller, identify};
use crate::settings::Settings;
use crate::state::{B2bua, Leg, Work};
use crate::{NoAnswer, TooLong, policy};

impl B2bua {
    /// Calls where the first route that fits leads to.
    pub(crate) fn set_up(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        (caller, who): (Leg, Caller),
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        let route = conf
            .route(ev.user())
            .ok_or_else(|| Error::msg("no route"))?;
        if ev.body().is_empty() {
            cx.mask(caller, &[])?;
        }
        if !route.is_plain() {
            return self.ring(cx, ev, (caller, who), sip, conf);
        }
        let mut target = sip.target(ev)?;
        if let Some(place) = &route.target {
            target = target.at(place.as_str())?;
        }
        let invite = ev.forward_to(target.clone()).relay_reliable();
        let invite = identify(policy::invite(invite, conf), ev, &who, &target, conf);
        let callee = sip.invite(cx, invite)?;
        cx.attach(callee);
        self.legs = Some((caller, callee));
        self.no_answer_in(cx, caller, conf.no_answer_of(route));
        Ok(())
    }

    /// Sets how long it may ring from here on.
    pub(crate) fn no_answer_in(&mut self, cx: &mut Cx, caller: Leg, time: Duration) {
        if let Some(timer) = self.no_answer.take() {
            cx.cancel(timer);
        }
        if !time.is_zero() {
            self.no_answer = Some(cx.timer(caller, time, NoAnswer));
        }
    }

    /// The callee has answered.
    pub(crate) fn answered(&mut self, cx: &mut Cx, caller: Leg, conf: &Settings) {
        if self.set_up_done() {
            return;
        }
        if let Some(timer) = self.no_answer.take() {
            cx.cancel(timer);
        }
        self.limit(cx, caller, conf);
    }

    /// Sets how long the call may last from here on.
    pub(crate) fn limit(&self, cx: &mut Cx, leg: Leg, conf: &Settings) {
        if !conf.max_call.is_zero() {
            cx.timer(leg, conf.max_call, TooLong);
        }
    }

    /// Nobody is to be called any more.
    pub(crate) fn give_up(&mut self, cx: &mut Cx, reason: Option<&[u8]>, sip: Sip) -> Result {
        match (self.take_work(), self.legs) {
            (Some(Work::Ring(ring)), _) => {
                for leg in &ring.branches {
                    policy::hang_up(cx, *leg, reason, sip)?;
                }
                Ok(())
            }
            (_, Some((_, callee))) => policy::hang_up(cx, callee, reason, sip),
            (_, None) => Ok(()),
        }
    }

    /// It has rung for as long as it may.
    pub(crate) fn rang_in_vain(&mut self, cx: &mut Cx, sip: Sip, conf: &Settings) -> Result {
        self.no_answer = None;
        match (self.take_work(), self.legs) {
            (Some(Work::Ring(ring)), _) => self.ring_overdue(cx, ring, sip, conf),
            (None, Some((caller, callee))) => {
                sip.bye(cx, callee)?;
                sip.answer(cx, caller, 480)
            }
            // Nothing else goes on before the answer.
            (Some(work), _) => {
                self.work_on(work);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }
}
