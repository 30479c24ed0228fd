//! A back-to-back user agent: joins the caller's dialog with one of its own to the callee, and passes on what comes.
//!
//! It is not a proxy: each side sees this node as its peer, with its own Call-ID, tags and sequence numbers. Bodies and
//! headers that are not of one hop pass unchanged, so offers and answers, also late ones, are the ends' business.
//!
//! Invariant: a leg that ends takes the other one with it, whichever way it ended.
#![forbid(unsafe_code)]

mod settings;

pub use settings::{Place, Route, Settings};

use strowger::prelude::*;
use strowger_sip::{self as sip, Dialog, Sip};

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<B2bua>().settings::<Settings>()
}

/// One call.
#[derive(Debug, Default, State)]
pub struct B2bua {
    /// The caller's leg and the callee's.
    legs: Option<(Handle<Dialog>, Handle<Dialog>)>,
    /// Set until the callee answers, if it may not take for ever.
    no_answer: Option<TimerId>,
    /// The callee has answered.
    up: bool,
}

/// The callee has not answered in time.
#[derive(Clone, Debug, Event)]
pub struct NoAnswer;

/// The call has lasted as long as it may.
#[derive(Clone, Debug, Event)]
pub struct TooLong;

#[sbb(name = "b2bua", vendor = "strowger", version = "1.0")]
impl B2bua {
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

    #[on(initial, select = Self::pick)]
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
        if ev.body().is_empty() {
            cx.mask(caller, &[])?;
        }
        if !conf.no_answer.is_zero() {
            self.no_answer = Some(cx.timer(caller, conf.no_answer, NoAnswer));
        }
        Ok(())
    }

    /// Answers of either side to what the other side asked.
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
        // A 503 would have the caller avoid this node, which is well (RFC 3261 16.7).
        if ev.status() == 503 && ev.is_to_invite() {
            sip.answer(cx, to, sip::Reply::new(500))?;
        } else {
            sip.relay(cx, ev, to)?;
        }
        if ev.is_success() && ev.is_to_invite() && self.is_callee(from) {
            self.answered(cx, to, &conf);
        }
        Ok(())
    }

    /// The answer to an offer that came late, in a 2xx. Masked until there is one to come, for the other leg's ACK goes out
    /// by itself otherwise.
    #[on(masked)]
    fn ack(&mut self, cx: &mut Cx, ev: &sip::Ack, Aci(from): Aci<Dialog>, sip: Ra<Sip>) -> Result {
        self.pass(cx, ev, from, *sip)
    }

    #[on]
    fn re_invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::ReInvite,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        if ev.body().is_empty() {
            cx.mask(from, &[])?;
        }
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
    fn subscribe(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Subscribe,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        self.pass(cx, ev, from, *sip)
    }

    #[on]
    fn notify(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Notify,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        self.pass(cx, ev, from, *sip)
    }

    #[on]
    fn refer(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Refer,
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

    #[on]
    fn cancel(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Cancel,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        match self.legs {
            Some((_, callee)) if !self.up => {
                sip.accept_cancel(cx, ev)?;
                sip.bye(cx, callee)
            }
            // Within a call the other side decides how its INVITE ends, so that both agree on the session. One that crosses
            // the answer comes too late, and the caller says BYE if it means it.
            _ => {
                sip.respond(cx, ev, 200)?;
                match self.peer(from) {
                    Some(other) => sip.cancel(cx, other),
                    None => Ok(()),
                }
            }
        }
    }

    /// The adaptor answers it.
    #[on]
    fn bye(&mut self, cx: &mut Cx, _ev: &sip::Bye, Aci(from): Aci<Dialog>, sip: Ra<Sip>) -> Result {
        self.follow(cx, from, *sip)
    }

    /// A leg that was never acknowledged is being ended by the adaptor.
    #[on]
    fn no_ack(
        &mut self,
        cx: &mut Cx,
        _ev: &sip::NoAck,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
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
    fn too_long(&mut self, cx: &mut Cx, _ev: &Timer<TooLong>, sip: Ra<Sip>) -> Result {
        let Some((caller, callee)) = self.legs else {
            return Ok(());
        };
        sip.bye(cx, callee)?;
        sip.bye(cx, caller)
    }

    fn answered(&mut self, cx: &mut Cx, caller: Handle<Dialog>, conf: &Settings) {
        if std::mem::replace(&mut self.up, true) {
            return;
        }
        if let Some(timer) = self.no_answer.take() {
            cx.cancel(timer);
        }
        if !conf.max_call.is_zero() {
            cx.timer(caller, conf.max_call, TooLong);
        }
    }

    fn pass(&self, cx: &mut Cx, request: &sip::Request, from: Handle<Dialog>, sip: Sip) -> Result {
        match self.peer(from) {
            Some(to) => sip.relay_request(cx, request, to),
            None => Ok(()),
        }
    }

    /// Ends the other leg of one that is ending, each in the way that its phase asks for.
    fn follow(&self, cx: &mut Cx, leg: Handle<Dialog>, sip: Sip) -> Result {
        if let Some(other) = self.peer(leg).filter(|other| cx.is_alive(*other)) {
            sip.bye(cx, other)?;
        }
        Ok(())
    }

    fn peer(&self, leg: Handle<Dialog>) -> Option<Handle<Dialog>> {
        let (caller, callee) = self.legs?;
        Some(if leg == caller { callee } else { caller })
    }

    fn is_callee(&self, leg: Handle<Dialog>) -> bool {
        self.legs.is_some_and(|(_, callee)| callee == leg)
    }
}
