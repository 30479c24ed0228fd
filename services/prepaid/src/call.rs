//! One call: waiting for credit, ringing, talking, over. What the charging server decides becomes what the legs are told.

use strowger::prelude::*;
use strowger_diameter::Diameter;
use strowger_diameter::charging::{
    Account, Credit, Decision, Ended, GroupState, Reason, SubscriptionId, Units, Usage, result,
};
use strowger_sip::{self as sip, Dialog, Reply, Sip};

use crate::meter::Due;
use crate::settings::{LostReports, Settings};
use crate::{NoAnswer, Prepaid, Quota, TooLong};

/// One side of a call.
pub(crate) type Leg = Handle<Dialog>;

/// Termination-Cause DIAMETER_LOGOUT (RFC 6733 8.15): the user has hung up.
const LOGOUT: u32 = 1;
/// DIAMETER_ADMINISTRATIVE: the call was ended for want of credit.
const ADMINISTRATIVE: u32 = 4;

/// What handlers have at hand.
pub(crate) struct With<'a> {
    pub(crate) sip: Sip,
    pub(crate) diameter: Diameter,
    pub(crate) conf: &'a Settings,
}

impl Prepaid {
    /// A caller wants a call: asks for credit. The INVITE waits.
    pub(crate) fn ask(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        (caller, payer): (Leg, SubscriptionId),
        with: &With<'_>,
    ) -> Result {
        let conf = with.conf;
        let account = Account {
            realm: conf.server_realm.clone(),
            host: conf.server_host.clone(),
            ..Account::of(payer, &conf.context)
        };
        let wanted = vec![Usage::ask(conf.group(), conf.units())];
        self.group = conf.group();
        self.caller = Some(caller);
        self.invite = Some(ev.clone());
        self.credit = Some(Credit::begin(
            cx,
            with.diameter,
            &conf.terms(),
            account,
            wanted,
        )?);
        Ok(())
    }

    /// Takes what the charging session has decided.
    pub(crate) fn take(
        &mut self,
        cx: &mut Cx,
        decisions: Vec<Decision>,
        with: &With<'_>,
    ) -> Result {
        let mut lost = None;
        for decision in decisions {
            match decision {
                Decision::Granted(_) => {
                    self.granted(with.conf);
                    self.connect(cx, with)?;
                    self.watch(cx, with)?;
                }
                Decision::Unchecked | Decision::Free(_) => {
                    if let Some((seconds, certain)) = lost.take() {
                        self.collect(cx, seconds, certain, with)?;
                    }
                    self.meter.free();
                    self.connect(cx, with)?;
                }
                Decision::Lost { usage, certain } => {
                    let seconds = usage.iter().filter_map(|one| one.used?.time);
                    lost = Some((seconds.fold(0, u32::saturating_add), certain));
                }
                Decision::Denied(_, code) => {
                    self.refuse(cx, Ended::Denied(code), with)?;
                    self.settle(cx, ADMINISTRATIVE, with)?;
                }
                Decision::End(why) => {
                    self.refuse(cx, why, with)?;
                    if self.credit.as_ref().is_some_and(|credit| !credit.is_over()) {
                        self.settle(cx, ADMINISTRATIVE, with)?;
                    }
                }
                Decision::Report(_, reason) => self.report(cx, reason, with)?,
                Decision::Closed => {
                    if let Some((seconds, certain)) = lost.take() {
                        // A call that ended with it has lasted some time since its last report.
                        let rest = self.meter.settle(cx.now().wall);
                        self.collect(cx, seconds.saturating_add(rest), certain, with)?;
                    }
                    self.credit = None;
                }
            }
        }
        Ok(())
    }

    /// Looks what the time of the call asks for.
    pub(crate) fn watch(&mut self, cx: &mut Cx, with: &With<'_>) -> Result {
        if let Some(timer) = self.quota.take() {
            cx.cancel(timer);
        }
        let now = cx.now().wall;
        match self.meter.due(now) {
            Due::Ask => self.report(cx, Reason::Threshold, with)?,
            Due::End => {
                self.refuse(cx, Ended::Denied(result::CREDIT_LIMIT_REACHED), with)?;
                return self.settle(cx, ADMINISTRATIVE, with);
            }
            Due::Nothing => {}
        }
        if let (Some(at), Some(caller)) = (self.meter.next(), self.caller)
            && at > now
            && cx.is_alive(caller)
        {
            self.quota = Some(cx.timer_with(caller, TimerOptions::once(at), &Quota)?);
        }
        Ok(())
    }

    /// The caller has acknowledged the answer: from here on it costs.
    pub(crate) fn connected(&mut self, cx: &mut Cx, with: &With<'_>) -> Result {
        if !self.answered || self.meter.has_started() {
            return Ok(());
        }
        self.meter.start(cx.now().wall);
        if let Some(caller) = self.caller.filter(|_| !with.conf.max_call.is_zero()) {
            cx.timer(caller, with.conf.max_call, TooLong);
        }
        self.watch(cx, with)
    }

    /// A side has gone, or is to go: so does the other, and what was used is reported.
    pub(crate) fn over(
        &mut self,
        cx: &mut Cx,
        leg: Leg,
        reason: Option<&[u8]>,
        with: &With<'_>,
    ) -> Result {
        if let Some(other) = self.peer(leg).filter(|other| cx.is_alive(*other)) {
            match reason.and_then(|reason| std::str::from_utf8(reason).ok()) {
                Some(reason) => with.sip.bye_because(cx, other, reason)?,
                None => with.sip.bye(cx, other)?,
            }
        }
        self.settle(cx, LOGOUT, with)
    }

    /// The call has ended: reports what has not been reported. Does nothing the second time.
    pub(crate) fn settle(&mut self, cx: &mut Cx, cause: u32, with: &With<'_>) -> Result {
        if std::mem::replace(&mut self.settled, true) {
            return Ok(());
        }
        let now = cx.now().wall;
        self.invite = None;
        self.meter.stop(now);
        if let Some(timer) = self.quota.take() {
            cx.cancel(timer);
        }
        let used = self.meter.settle(now);
        let last = Usage::report(self.group, Units::time(used), Reason::Final);
        let Some(credit) = self.credit.as_mut() else {
            return Ok(());
        };
        let decisions = credit.terminate(cx, with.diameter, cause, vec![last])?;
        self.take(cx, decisions, with)
    }

    /// Reports what was used so far, and asks for more.
    fn report(&mut self, cx: &mut Cx, reason: Reason, with: &With<'_>) -> Result {
        if self.settled {
            return Ok(());
        }
        let Some(credit) = self.credit.as_mut() else {
            return Ok(());
        };
        let used = self.meter.report(cx.now().wall);
        let usage = Usage::report(self.group, Units::time(used), reason).and_ask(with.conf.units());
        let decisions = credit.update(cx, with.diameter, vec![usage])?;
        self.take(cx, decisions, with)
    }

    /// Debits what was reported in vain, if that is wanted.
    fn collect(&mut self, cx: &mut Cx, seconds: u32, certain: bool, with: &With<'_>) -> Result {
        let wanted = match with.conf.lost_reports {
            LostReports::Leave => false,
            LostReports::Debit => certain,
            LostReports::DebitAlways => true,
        };
        let Some(credit) = self.credit.as_ref().filter(|_| wanted && seconds > 0) else {
            return Ok(());
        };
        let lost = vec![Usage::report(
            self.group,
            Units::time(seconds),
            Reason::Final,
        )];
        self.debit = Some(credit.debit(cx, with.diameter, &with.conf.terms(), lost)?);
        Ok(())
    }

    fn granted(&mut self, conf: &Settings) {
        let group = self.credit.as_ref().and_then(|c| c.group(self.group));
        let Some(group) = group else {
            return;
        };
        let is_last = group.state == GroupState::Last;
        let threshold = match group.threshold {
            Some(seconds) => u32::try_from(seconds).unwrap_or(u32::MAX),
            None => u32::try_from(conf.threshold.as_secs()).unwrap_or(u32::MAX),
        };
        match group.granted.time {
            Some(seconds) => self.meter.grant(seconds, threshold, is_last),
            // Last units of no time are none at all; without a limit the Validity-Time says when to ask.
            None if is_last => self.meter.grant(0, 0, true),
            None => self.meter.free(),
        }
    }

    /// Calls the callee, if that has waited for the credit.
    fn connect(&mut self, cx: &mut Cx, with: &With<'_>) -> Result {
        let (Some(invite), Some(caller)) = (self.invite.take(), self.caller) else {
            return Ok(());
        };
        if !cx.is_alive(caller) {
            return self.settle(cx, LOGOUT, with);
        }
        let mut target = with.sip.target(&invite)?;
        match with.conf.route(invite.user()) {
            Some(route) => {
                if let Some(place) = &route.target {
                    target = target.at(place.as_str())?;
                }
            }
            // The settings have changed meanwhile.
            None => {
                with.sip.answer(cx, caller, 404)?;
                return self.settle(cx, ADMINISTRATIVE, with);
            }
        }
        let outgoing = invite.forward_to(target).relay_reliable();
        let callee = with
            .sip
            .invite(cx, outgoing.without("Proxy-Authorization"))?;
        cx.attach(callee);
        self.callee = Some(callee);
        if !with.conf.no_answer.is_zero() {
            self.no_answer = Some(cx.timer(caller, with.conf.no_answer, NoAnswer));
        }
        Ok(())
    }

    /// Ends the call, whatever its phase, because of what credit control says.
    fn refuse(&mut self, cx: &mut Cx, why: Ended, with: &With<'_>) -> Result {
        self.invite = None;
        self.meter.stop(cx.now().wall);
        let status = match why {
            Ended::Denied(result::CREDIT_LIMIT_REACHED) => with.conf.no_credit,
            Ended::Denied(_) => 403,
            Ended::Failed(_) | Ended::Unreachable => 503,
        };
        let reason = format!("SIP;cause={status}");
        for leg in [self.caller, self.callee].into_iter().flatten() {
            if !cx.is_alive(leg) {
                continue;
            }
            match self.answered || Some(leg) == self.callee {
                true => with.sip.bye_because(cx, leg, &reason)?,
                false => with.sip.answer(cx, leg, Reply::new(status))?,
            }
        }
        Ok(())
    }

    /// The other leg.
    pub(crate) fn peer(&self, leg: Leg) -> Option<Leg> {
        if self.caller == Some(leg) {
            self.callee
        } else {
            self.caller
        }
    }
}
