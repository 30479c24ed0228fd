//! Other versions of the product's B2BUA, for runs in which one version takes the place of another.
//!
//! 1.0 is the one before calls were transferred: a caller, a callee, and what passes between them. Its state is what the
//! product's own 1.1 takes over, and its timers are the same types, as versions of one service share them. 1.2 is one whose state
//! nobody can take over, and that takes over nobody's.
//!
//! The binary `strowger-versions` has them; the product does not.

use strowger::prelude::*;
use strowger_b2bua::{NoAnswer, Settings, TooLong};
use strowger_sip::{self as sip, Dialog, Sip};

type Leg = Handle<Dialog>;

/// The B2BUA of version 1.0.
#[must_use]
pub fn b2bua() -> ServiceDef {
    ServiceDef::of::<B2bua>().settings::<Settings>()
}

/// The B2BUA of a version 1.2, with a field more and no migration.
#[must_use]
pub fn b2bua_of_another_state() -> ServiceDef {
    ServiceDef::of::<Priced>().settings::<Settings>()
}

/// One call.
#[derive(Debug, Default, State)]
pub struct B2bua {
    legs: Option<(Leg, Leg)>,
    no_answer: Option<TimerId>,
    up: bool,
}

#[sbb(name = "b2bua", vendor = "strowger", version = "1.0")]
impl B2bua {
    #[on(initial, select = pick)]
    fn invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        Aci(caller): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        let route = conf
            .route(ev.user())
            .ok_or_else(|| Error::msg("no route"))?;
        let mut target = sip.target(ev)?;
        if let Some(place) = &route.target {
            target = target.at(place.as_str())?;
        }
        let callee = sip.invite(cx, ev.forward_to(target))?;
        cx.attach(callee);
        self.legs = Some((caller, callee));
        if !conf.no_answer.is_zero() {
            self.no_answer = Some(cx.timer(caller, conf.no_answer, NoAnswer));
        }
        Ok(())
    }

    #[on]
    fn response(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Response,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        let Some(to) = self.peer(from) else {
            return Ok(());
        };
        sip.relay(cx, ev, to)?;
        if ev.is_success() && ev.is_to_invite() && !std::mem::replace(&mut self.up, true) {
            if let Some(timer) = self.no_answer.take() {
                cx.cancel(timer);
            }
            cx.timer(to, conf.max_call, TooLong);
        }
        Ok(())
    }

    #[on]
    fn re_invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::ReInvite,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        match self.peer(from) {
            Some(to) => sip.relay_request(cx, ev, to),
            None => Ok(()),
        }
    }

    #[on]
    fn cancel(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Cancel,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        sip.accept_cancel(cx, ev)?;
        self.follow(cx, from, *sip)
    }

    /// The adaptor answers it.
    #[on]
    fn bye(&mut self, cx: &mut Cx, _ev: &sip::Bye, Aci(from): Aci<Dialog>, sip: Ra<Sip>) -> Result {
        self.follow(cx, from, *sip)
    }

    #[on]
    fn ended(
        &mut self,
        cx: &mut Cx,
        _ev: &ActivityEnd,
        Aci(leg): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        self.follow(cx, leg, *sip)
    }

    #[on]
    fn not_answered(&mut self, cx: &mut Cx, _ev: &Timer<NoAnswer>, sip: Ra<Sip>) -> Result {
        let Some((caller, callee)) = self.legs else {
            return Ok(());
        };
        sip.bye(cx, callee)?;
        sip.answer(cx, caller, 480)
    }

    #[on]
    fn too_long(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<TooLong>,
        Aci(leg): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        sip.bye(cx, leg)?;
        self.follow(cx, leg, *sip)
    }

    fn peer(&self, leg: Leg) -> Option<Leg> {
        let (caller, callee) = self.legs?;
        Some(if leg == caller { callee } else { caller })
    }

    /// A leg that ends takes the other one with it.
    fn follow(&self, cx: &mut Cx, leg: Leg, sip: Sip) -> Result {
        match self.peer(leg).filter(|other| cx.is_alive(*other)) {
            Some(other) => sip.bye(cx, other),
            None => Ok(()),
        }
    }
}

/// One call, and what it costs. It does no more than ring.
#[derive(Debug, Default, State)]
pub struct Priced {
    legs: Option<(Leg, Leg)>,
    no_answer: Option<TimerId>,
    up: bool,
    fee: u64,
}

#[sbb(name = "b2bua", vendor = "strowger", version = "1.2")]
impl Priced {
    #[on(initial, select = pick)]
    fn invite(&mut self, cx: &mut Cx, ev: &sip::Invite, sip: Ra<Sip>) -> Result {
        sip.respond(cx, ev, 180)
    }

    #[on]
    fn cancel(&mut self, cx: &mut Cx, ev: &sip::Cancel, sip: Ra<Sip>) -> Result {
        sip.accept_cancel(cx, ev)
    }
}

/// Takes the calls that a route fits.
fn pick(sel: &mut Selector) {
    let routed = match (sel.conf::<Settings>(), sel.event::<sip::Invite>()) {
        (Some(conf), Some(invite)) => conf.route(invite.user()).is_some(),
        _ => false,
    };
    if !routed {
        sel.decline();
    }
}
