//! Prepaid calls: a back-to-back user agent that asks a charging server for credit before it connects, asks for more while
//! the call lasts, ends it when the credit is used up, and reports what was used (RFC 8506, TS 32.299 Ro and Gy).
//!
//! It is not a rating engine: what a second costs and who has how much is the server's (`ocs` is a small one). It decides who
//! pays, and what becomes of a call when the server says no or nothing. docs/prepaid.md is for operators.
//!
//! Invariant: what is reported over the life of a call adds up to its time from the ACK of the 200 to the BYE, rounded up
//! once, also when the process dies in between: `meter` counts from instants that are part of the durable state.
#![forbid(unsafe_code)]

mod access;
mod call;
mod meter;
mod settings;

pub use settings::{Callers, Handling, LostReports, Payer, Place, Route, Settings};

use call::{Leg, With};
use meter::Meter;
use strowger::prelude::*;
use strowger_diameter::charging::{
    Charge, ChargeTimer, Credit, CreditEvent, CreditTimer, GroupKey,
};
use strowger_diameter::{
    CreditControlAnswer, Diameter, ErrorAnswer, ReAuthRequest, SendFailure, Session, Timeout,
};
use strowger_sip::{self as sip, Dialog, Reply, Sip};

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Prepaid>().settings::<Settings>()
}

/// One call.
#[derive(Debug, Default, State)]
pub struct Prepaid {
    caller: Option<Leg>,
    callee: Option<Leg>,
    /// Kept while it waits for credit.
    #[state(opaque = "sip-invite-1")]
    invite: Option<sip::Invite>,
    /// Set until the callee answers, if it may not take for ever.
    no_answer: Option<TimerId>,
    /// The callee has answered.
    answered: bool,
    /// The charging session, until it is over.
    credit: Option<Credit>,
    /// The debit of what was reported in it in vain, until it is over.
    debit: Option<Charge>,
    /// What is charged in it.
    group: GroupKey,
    meter: Meter,
    /// When to look at the meter again.
    quota: Option<TimerId>,
    /// The last report has been made.
    settled: bool,
}

/// The callee has not answered in time.
#[derive(Clone, Debug, Event)]
pub struct NoAnswer;

/// The call has lasted as long as it may.
#[derive(Clone, Debug, Event)]
pub struct TooLong;

/// It is time to ask for more, or to end.
#[derive(Clone, Debug, Event)]
pub struct Quota;

#[sbb(name = "prepaid", vendor = "strowger", version = "1.0")]
impl Prepaid {
    /// Takes the calls that a route fits.
    fn pick(sel: &mut Selector) {
        let taken = match (sel.conf::<Settings>(), sel.event::<sip::Invite>()) {
            (Some(conf), Some(invite)) => {
                !invite.user().is_empty() && conf.route(invite.user()).is_some()
            }
            _ => false,
        };
        if !taken {
            sel.decline();
        }
    }

    #[on(initial, select = Self::pick)]
    fn invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        Aci(caller): Aci<Dialog>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        let Some(payer) = access::payer(cx, ev, *sip, &conf)? else {
            return Ok(());
        };
        self.ask(cx, ev, (caller, payer), &with(*sip, *diameter, &conf))
    }

    #[on]
    fn response(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Response,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        let Some(to) = self.peer(from) else {
            return Ok(());
        };
        let to_invite = ev.is_to_invite() && !ev.is_provisional();
        if to_invite && !self.answered {
            if let Some(timer) = self.no_answer.take() {
                cx.cancel(timer);
            }
            self.answered = ev.is_success();
        }
        // A 503 would have the caller avoid this node, which is well (RFC 3261 16.7).
        match ev.status() == 503 && to_invite {
            true => sip.relay_as(cx, ev, to, Reply::new(500))?,
            false => sip.relay(cx, ev, to)?,
        }
        match to_invite && !self.answered {
            true => self.settle(cx, 1, &with(*sip, *diameter, &conf)),
            false => Ok(()),
        }
    }

    /// The call is up when the caller has the answer. The answer to a late offer goes on to the other side.
    #[on]
    fn ack(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Ack,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        if self.caller == Some(from) {
            self.connected(cx, &with(*sip, *diameter, &conf))?;
        }
        match self.peer(from) {
            Some(to) => sip.relay_request(cx, ev, to),
            None => Ok(()),
        }
    }

    #[on]
    fn re_invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::ReInvite,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        self.pass(cx, ev, from, *sip)
    }

    #[on]
    fn update(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Update,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        self.pass(cx, ev, from, *sip)
    }

    #[on]
    fn prack(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Prack,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        self.pass(cx, ev, from, *sip)
    }

    #[on]
    fn info(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Info,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        self.pass(cx, ev, from, *sip)
    }

    #[on]
    fn message(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Message,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        self.pass(cx, ev, from, *sip)
    }

    #[on]
    fn options(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Options,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        self.pass(cx, ev, from, *sip)
    }

    #[on]
    fn extension(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Extension,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        self.pass(cx, ev, from, *sip)
    }

    /// A call that goes elsewhere would be one that nobody has asked credit for.
    #[on]
    fn refer(&mut self, cx: &mut Cx, ev: &sip::Refer, _: Aci<Dialog>, sip: Ra<Sip>) -> Result {
        sip.respond(cx, ev, 603)
    }

    #[on]
    fn cancel(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Cancel,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        if !self.answered {
            sip.accept_cancel(cx, ev)?;
            return self.over(cx, from, ev.header("Reason"), &with(*sip, *diameter, &conf));
        }
        // Within a call the other side decides how its INVITE ends. One that crosses the answer comes too late.
        sip.respond(cx, ev, 200)?;
        match self.peer(from) {
            Some(other) => sip.cancel(cx, other),
            None => Ok(()),
        }
    }

    /// The adaptor answers it.
    #[on]
    fn bye(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Bye,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        self.over(cx, from, ev.header("Reason"), &with(*sip, *diameter, &conf))
    }

    /// A leg that was never acknowledged is being ended by the adaptor.
    #[on]
    fn no_ack(
        &mut self,
        cx: &mut Cx,
        _ev: &sip::NoAck,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        self.over(cx, from, None, &with(*sip, *diameter, &conf))
    }

    #[on]
    fn leg_ended(
        &mut self,
        cx: &mut Cx,
        _ev: &ActivityEnd,
        Aci(leg): Aci<Dialog>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        self.over(cx, leg, None, &with(*sip, *diameter, &conf))
    }

    #[on]
    fn not_answered(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<NoAnswer>,
        Aci(caller): Aci<Dialog>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        self.no_answer = None;
        if self.answered {
            return Ok(());
        }
        sip.answer(cx, caller, 480)?;
        self.over(cx, caller, None, &with(*sip, *diameter, &conf))
    }

    #[on]
    fn too_long(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<TooLong>,
        Aci(caller): Aci<Dialog>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        sip.bye(cx, caller)?;
        self.over(cx, caller, None, &with(*sip, *diameter, &conf))
    }

    #[on]
    fn quota(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<Quota>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        self.watch(cx, &with(*sip, *diameter, &conf))
    }

    #[on]
    fn charging_answered(
        &mut self,
        cx: &mut Cx,
        ev: &CreditControlAnswer,
        Aci(session): Aci<Session>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        self.charging(cx, (session, ev.into()), &with(*sip, *diameter, &conf))
    }

    #[on]
    fn charging_refused(
        &mut self,
        cx: &mut Cx,
        ev: &ErrorAnswer,
        Aci(session): Aci<Session>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        self.charging(cx, (session, ev.into()), &with(*sip, *diameter, &conf))
    }

    #[on]
    fn charging_timed_out(
        &mut self,
        cx: &mut Cx,
        ev: &Timeout,
        Aci(session): Aci<Session>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        self.charging(cx, (session, ev.into()), &with(*sip, *diameter, &conf))
    }

    #[on]
    fn charging_not_sent(
        &mut self,
        cx: &mut Cx,
        ev: &SendFailure,
        Aci(session): Aci<Session>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        self.charging(cx, (session, ev.into()), &with(*sip, *diameter, &conf))
    }

    #[on]
    fn charging_timer(
        &mut self,
        cx: &mut Cx,
        ev: &Timer<CreditTimer>,
        Aci(session): Aci<Session>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        self.charging(cx, (session, ev.into()), &with(*sip, *diameter, &conf))
    }

    #[on]
    fn re_authorize(
        &mut self,
        cx: &mut Cx,
        ev: &ReAuthRequest,
        Aci(session): Aci<Session>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        self.charging(cx, (session, ev.into()), &with(*sip, *diameter, &conf))
    }

    /// It is time to try a debit again that no server has taken.
    #[on]
    fn debit_again(
        &mut self,
        cx: &mut Cx,
        ev: &Timer<ChargeTimer>,
        diameter: Ra<Diameter>,
    ) -> Result {
        match self.debit.as_mut() {
            Some(debit) => debit.retry(cx, *diameter, ev).map(drop),
            None => Ok(()),
        }
    }

    /// The activity of the charging session has gone before its time: its server has restarted, or an operator has removed it.
    #[on]
    fn charging_ended(
        &mut self,
        cx: &mut Cx,
        _ev: &ActivityEnd,
        Aci(session): Aci<Session>,
        sip: Ra<Sip>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        let gone = (session, CreditEvent::Gone);
        self.charging(cx, gone, &with(*sip, *diameter, &conf))
    }
}

impl Prepaid {
    fn charging(
        &mut self,
        cx: &mut Cx,
        (session, event): (Handle<Session>, CreditEvent<'_>),
        with: &With<'_>,
    ) -> Result {
        let debit = self.debit.as_mut().filter(|its| its.session() == session);
        if let Some(debit) = debit {
            debit.on(cx, with.diameter, event)?;
            if debit.is_over() {
                self.debit = None;
            }
            return Ok(());
        }
        let credit = self.credit.as_mut().filter(|its| its.session() == session);
        let Some(credit) = credit else {
            return Ok(());
        };
        let decisions = credit.on(cx, with.diameter, event)?;
        self.take(cx, decisions, with)
    }

    /// Passes a request to the other leg. One that has none for the moment hears that it is too early.
    fn pass(&self, cx: &mut Cx, request: &sip::Request, from: Leg, sip: Sip) -> Result {
        match self.peer(from) {
            Some(to) => sip.relay_request(cx, request, to),
            None => sip.respond(cx, request, 491),
        }
    }
}

const fn with(sip: Sip, diameter: Diameter, conf: &Settings) -> With<'_> {
    With {
        sip,
        diameter,
        conf,
    }
}
