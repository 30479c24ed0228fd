//! A back-to-back user agent: joins the caller's dialog with one of its own to the callee, and passes on what comes.
//!
//! It is not a proxy: each side sees this node as its peer, with its own Call-ID, tags and sequence numbers. Bodies and
//! headers that are not of one hop pass unchanged, so offers and answers, also late ones, are the ends' business.
//!
//! Invariant: a leg that ends takes the other one with it, whichever way it ended; within a transfer, it ends what cannot go
//! on without it. `state` says what a call consists of, `setup` and `ring` make it, `transfer`, `join` and `lend` change who
//! is joined with whom, `policy` says what passes. docs/b2bua.md is for operators.
#![forbid(unsafe_code)]

mod access;
mod join;
mod lend;
mod policy;
mod record;
mod ring;
mod settings;
mod setup;
mod state;
mod transfer;

pub use access::Callers;
pub use settings::{Place, Refers, Ringing, Route, SessionTimers, Settings};
pub use state::B2bua;

use lend::{Declined, Join, PickUp};
use state::{Leg, Work};
use strowger::prelude::*;
use strowger_records::Records;
use strowger_sip::proto::wire::HeaderId;
use strowger_sip::{self as sip, Dialog, Sip};

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<B2bua>().settings::<Settings>()
}

/// The callee has not answered in time.
#[derive(Clone, Debug, Event)]
pub struct NoAnswer;

/// The call has lasted as long as it may.
#[derive(Clone, Debug, Event)]
pub struct TooLong;

/// A transfer has not come to its end in time.
#[derive(Clone, Debug, Event)]
pub struct Overdue;

/// An offer that collided may be made again (RFC 3261 14.1).
#[derive(Clone, Debug, Event)]
pub struct Again;

#[sbb(
    name = "b2bua",
    vendor = "strowger",
    version = "1.1",
    migrate(state::v1::B2bua)
)]
impl B2bua {
    /// Takes the calls that a route fits, and those to our own Contact, which names no user, that take the place of
    /// another: one to a user may be about a call of that user's phone, which is for others to pass on.
    fn pick(sel: &mut Selector) {
        let taken = match (sel.conf::<Settings>(), sel.event::<sip::Invite>()) {
            (Some(conf), Some(invite)) => {
                conf.route(invite.user()).is_some()
                    || (invite.user().is_empty() && invite.message().has(HeaderId::Replaces))
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
        conf: Conf<Settings>,
        records: Option<Ra<Records>>,
    ) -> Result {
        let Some(who) = access::admit(cx, ev, *sip, &conf)? else {
            return Ok(());
        };
        if ev.message().has(HeaderId::Replaces) {
            return self.replaces(cx, ev, caller, *sip);
        }
        if let Some(records) = records
            && !record::begin(cx, ev, caller, *records, *sip)?
        {
            return Ok(());
        }
        self.set_up(cx, ev, (caller, who), *sip, &conf)
    }

    /// Answers of either side to what the other side asked, or to what is asked here for a transfer.
    #[on]
    fn response(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Response,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
        records: Option<Ra<Records>>,
    ) -> Result {
        if records.is_some() {
            self.note_response(cx, self.caller_of(from), ev)?;
        }
        if self.is_working() && self.take_response(cx, ev, from, *sip, &conf)? {
            return Ok(());
        }
        // What answers nothing of the other side's was asked here: a NOTIFY, or an offer that nobody waits for any more.
        let (Some(to), Some(_)) = (self.peer(from), ev.answers()) else {
            return match ev.is_success() && ev.is_to_invite() {
                true => sip.ack(cx, from, None),
                false => Ok(()),
            };
        };
        if ev.is_success() && ev.is_to_invite() && !self.is_up() {
            self.answered(cx, to, &conf);
            return policy::relay_answer(cx, ev, to, *sip, &conf);
        }
        policy::relay(cx, ev, to, *sip, &conf)
    }

    /// The answer to an offer that came late, in a 2xx. Masked until there is one to come, for the other leg's ACK goes out
    /// by itself otherwise.
    #[on(masked)]
    fn ack(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Ack,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        match self.peer(from) {
            // A leg that is being joined waits for another answer than this one.
            Some(to) if !self.is_joining(to) => policy::relay_request(cx, ev, to, *sip, &conf),
            _ => Ok(()),
        }
    }

    #[on]
    fn re_invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::ReInvite,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        if ev.body().is_empty() {
            cx.mask(from, &[])?;
        }
        self.pass(cx, ev, from, *sip, &conf)
    }

    #[on]
    fn update(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Update,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.pass(cx, ev, from, *sip, &conf)
    }

    #[on]
    fn prack(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Prack,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.pass(cx, ev, from, *sip, &conf)
    }

    #[on]
    fn info(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Info,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.pass(cx, ev, from, *sip, &conf)
    }

    #[on]
    fn message(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Message,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.pass(cx, ev, from, *sip, &conf)
    }

    #[on]
    fn options(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Options,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.pass(cx, ev, from, *sip, &conf)
    }

    #[on]
    fn subscribe(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Subscribe,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.pass(cx, ev, from, *sip, &conf)
    }

    #[on]
    fn notify(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Notify,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.pass(cx, ev, from, *sip, &conf)
    }

    #[on]
    fn refer(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Refer,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        match conf.refers {
            Refers::Execute if access::may_refer(cx, ev, *sip, &conf)? => {
                self.transfer(cx, ev, from, *sip, &conf)
            }
            Refers::Execute => Ok(()),
            Refers::Pass => self.pass(cx, ev, from, *sip, &conf),
            Refers::Refuse => sip.respond(cx, ev, 603),
        }
    }

    #[on]
    fn extension(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Extension,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.pass(cx, ev, from, *sip, &conf)
    }

    #[on]
    fn cancel(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Cancel,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        records: Option<Ra<Records>>,
    ) -> Result {
        if !self.is_up() {
            if records.is_some() {
                self.note_cancel(cx)?;
            }
            sip.accept_cancel(cx, ev)?;
            return self.give_up(cx, ev.header("Reason"), *sip);
        }
        if self.is_replacing(from) {
            return sip.accept_cancel(cx, ev);
        }
        // Within a call the other side decides how its INVITE ends, so that both agree on the session. One that crosses
        // the answer comes too late, and the caller says BYE if it means it.
        sip.respond(cx, ev, 200)?;
        match self.peer(from) {
            Some(other) if !self.is_joining(other) => sip.cancel(cx, other),
            _ => Ok(()),
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
        conf: Conf<Settings>,
        records: Option<Ra<Records>>,
    ) -> Result {
        if records.is_some() {
            self.note_bye(cx, from)?;
        }
        self.left(cx, from, ev.header("Reason"), *sip, &conf)
    }

    /// A leg that was never acknowledged is being ended by the adaptor.
    #[on]
    fn no_ack(
        &mut self,
        cx: &mut Cx,
        _ev: &sip::NoAck,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.left(cx, from, None, *sip, &conf)
    }

    #[on]
    fn ended(
        &mut self,
        cx: &mut Cx,
        _ev: &ActivityEnd,
        Aci(leg): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
        records: Option<Ra<Records>>,
    ) -> Result {
        if let Some(records) = records {
            record::end(cx, leg, *records);
        }
        self.left(cx, leg, None, *sip, &conf)
    }

    #[on]
    fn not_answered(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<NoAnswer>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
        records: Option<Ra<Records>>,
    ) -> Result {
        if records.is_some() {
            self.note_no_answer(cx)?;
        }
        self.rang_in_vain(cx, *sip, &conf)
    }

    #[on]
    fn too_long(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<TooLong>,
        Aci(leg): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        sip.bye(cx, leg)?;
        self.left(cx, leg, None, *sip, &conf)
    }

    #[on]
    fn overdue(&mut self, cx: &mut Cx, ev: &Timer<Overdue>, sip: Ra<Sip>) -> Result {
        self.took_too_long(cx, ev.expiry.id, *sip)
    }

    #[on]
    fn again(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<Again>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.offer_again(cx, *sip, &conf)
    }

    #[on]
    fn join(&mut self, cx: &mut Cx, ev: &Join, Aci(on): Aci<Dialog>, sip: Ra<Sip>) -> Result {
        self.take_over(cx, ev, on, *sip)
    }

    #[on]
    fn pick_up(
        &mut self,
        cx: &mut Cx,
        ev: &PickUp,
        Aci(on): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.replace(cx, ev, on, *sip, &conf)
    }

    #[on]
    fn declined(
        &mut self,
        cx: &mut Cx,
        ev: &Declined,
        Aci(on): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        self.not_lent(cx, on, ev.status, *sip)
    }
}

impl B2bua {
    /// Passes a request to the other leg. One that has none for the moment hears that it is too early.
    fn pass(
        &self,
        cx: &mut Cx,
        request: &sip::Request,
        from: Leg,
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        match self.peer(from) {
            Some(to) if !self.is_joining(to) => policy::relay_request(cx, request, to, sip, conf),
            _ => sip.respond(cx, request, 491),
        }
    }

    /// A leg is ending, or has ended: what cannot go on without it ends, too, each in the way that its phase asks for.
    fn left(
        &mut self,
        cx: &mut Cx,
        leg: Leg,
        reason: Option<&[u8]>,
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        if self.is_working() && self.take_leave(cx, leg, sip, conf)? {
            return Ok(());
        }
        match self.peer(leg).filter(|other| cx.is_alive(*other)) {
            Some(other) => policy::hang_up(cx, other, reason, sip),
            None => Ok(()),
        }
    }

    /// A response while something goes on; `false` leaves it to be relayed.
    fn take_response(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Response,
        from: Leg,
        sip: Sip,
        conf: &Settings,
    ) -> Result<bool> {
        match self.take_work() {
            Some(Work::Ring(ring)) => self.ring_response(cx, ring, ev, from, sip, conf),
            Some(Work::Transfer(transfer)) => {
                self.transfer_response(cx, transfer, ev, from, sip, conf)
            }
            Some(Work::Replace(replace)) => self.replace_response(cx, replace, ev, from, sip, conf),
            Some(work @ Work::Lent(_)) => {
                self.work_on(work);
                Ok(false)
            }
            None => Ok(false),
        }
    }

    /// A leg is leaving while something goes on; `false` leaves it to its peer.
    fn take_leave(&mut self, cx: &mut Cx, leg: Leg, sip: Sip, conf: &Settings) -> Result<bool> {
        match self.take_work() {
            Some(Work::Ring(ring)) => self.ring_left(cx, ring, leg, sip, conf),
            Some(Work::Transfer(transfer)) => self.transfer_left(cx, transfer, leg, sip),
            Some(Work::Replace(replace)) => self.replace_left(cx, replace, leg, sip),
            Some(work @ Work::Lent(_)) => {
                self.work_on(work);
                Ok(false)
            }
            None => Ok(false),
        }
    }

    fn took_too_long(&mut self, cx: &mut Cx, timer: TimerId, sip: Sip) -> Result {
        match self.take_work() {
            Some(Work::Transfer(transfer)) if transfer.timer == timer => {
                self.transfer_overdue(cx, transfer, sip)
            }
            Some(Work::Replace(replace)) if replace.timer == timer => {
                self.replace_overdue(cx, &replace, sip)
            }
            Some(Work::Lent(lent)) if lent.timer == timer => self.lent_overdue(cx, &lent, sip),
            Some(work) => {
                self.work_on(work);
                Ok(())
            }
            None => Ok(()),
        }
    }
}
