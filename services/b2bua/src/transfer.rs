//! REFER carried out here (RFC 3515, RFC 5589): who was referred is joined with the target, and the referrer let go.
//!
//! Blind: the target is called without an offer; its answer brings one, which goes to the kept side in a re-INVITE, whose
//! answer goes back in the ACK (RFC 3725 flow III without media in between). Attended: the target has a call already, whose
//! leg is asked for an offer in a re-INVITE instead. What the referrer sees of it are NOTIFYs with a status line. Until all
//! sides agree nothing of the calls that are up is given away, so that a failure leaves them as they are.
//!
//! Whoever leaves meanwhile takes along only what cannot go on: see [`B2bua::transfer_left`].

use std::time::Duration;

use strowger::prelude::*;
use strowger_sip::proto::compose::reason;
use strowger_sip::proto::wire::NameAddr;
use strowger_sip::{self as sip, Outgoing, ReferTo, Sip, Target};

use crate::join::{Offer, Step};
use crate::ring::better;
use crate::settings::Settings;
use crate::state::{B2bua, Leg, Work};
use crate::{Overdue, policy, record};

/// How long a target rings if calls may ring for ever.
const RINGING: Duration = minutes(3);

/// A transfer that goes on.
#[derive(Debug, State)]
pub(crate) struct Transfer {
    /// The side that stays; none once it has left.
    pub(crate) kept: Option<Leg>,
    /// The side that asked; none once it has left.
    pub(crate) referrer: Option<Leg>,
    /// The target: the leg that answered, or that of the second call.
    pub(crate) target: Option<Leg>,
    /// The referrer's leg of the second call, if there is one and it has not left.
    pub(crate) spare: Option<Leg>,
    /// Legs to the target that ring.
    pub(crate) branches: Vec<Leg>,
    pub(crate) step: Step,
    /// What the target offers.
    pub(crate) offer: Option<Offer>,
    /// When it is given up.
    pub(crate) timer: TimerId,
    pub(crate) report: Report,
    /// The best refusal; 0 for none.
    best: u16,
}

/// How the referrer is told of it.
#[derive(Debug, Clone, Copy, Default, State)]
pub(crate) struct Report {
    /// It does not want to know (RFC 4488).
    quiet: bool,
    /// What tells subscriptions of one dialog apart: the CSeq of the REFER.
    id: Option<u32>,
}

impl B2bua {
    /// Takes a REFER within a call.
    pub(crate) fn transfer(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Refer,
        from: Leg,
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        let Some(kept) = self
            .peer(from)
            .filter(|_| self.is_up() && !self.is_working())
        else {
            return sip.respond(cx, ev, 491);
        };
        let Some(to) = ev.refer_to() else {
            return sip.respond(cx, ev, 400);
        };
        let second = to
            .replaces()
            .and_then(|replaces| sip.find_dialog(cx, replaces));
        // Nobody may send a call to where they could not call themselves.
        let places = match (second, conf.route(to.target().user())) {
            (Some(_), _) => Vec::new(),
            (None, Some(route)) if !route.is_for(conf.callers) => return sip.respond(cx, ev, 403),
            (None, Some(route)) => route.places(cx, sip, conf, to.target())?,
            (None, None) => return sip.respond(cx, ev, 404),
        };
        sip.respond(cx, ev, 202)?;
        let report = Report::of(ev, self.first_refer());
        report.send(cx, from, 100, false, sip)?;
        match second {
            Some(second) => self.attend(cx, kept, from, second, report, sip),
            None if places.is_empty() => report.send(cx, from, 480, true, sip),
            None => {
                let time = match conf.no_answer.is_zero() {
                    true => RINGING,
                    false => conf.no_answer,
                };
                let mut branches = Vec::with_capacity(places.len());
                for place in places {
                    let leg = sip.invite(cx, invite(ev, &to, &place, conf))?;
                    cx.attach(leg);
                    branches.push(leg);
                }
                self.work_on(Work::Transfer(Box::new(Transfer {
                    kept: Some(kept),
                    referrer: Some(from),
                    target: None,
                    spare: None,
                    branches,
                    step: Step::Ringing,
                    offer: None,
                    timer: watch(cx, kept, time),
                    report,
                    best: 0,
                })));
                Ok(())
            }
        }
    }

    /// A response to what was asked for a transfer.
    pub(crate) fn transfer_response(
        &mut self,
        cx: &mut Cx,
        mut transfer: Box<Transfer>,
        ev: &sip::Response,
        from: Leg,
        sip: Sip,
        conf: &Settings,
    ) -> Result<bool> {
        let ours = ev.is_to_invite() && ev.answers().is_none();
        if !ours || transfer.step != Step::Ringing || !transfer.branches.contains(&from) {
            let awaited = ours && transfer.awaits(from);
            if awaited {
                self.join_response(cx, transfer, ev, from, sip, conf)?;
            } else {
                self.work_on(Work::Transfer(transfer));
            }
            return Ok(awaited);
        }
        if ev.is_provisional() {
            transfer.tell(cx, ev.status(), false, sip)?;
            self.work_on(Work::Transfer(transfer));
        } else if ev.is_success() {
            for loser in transfer.branches.drain(..).filter(|leg| *leg != from) {
                sip.bye_because(cx, loser, policy::ELSEWHERE)?;
            }
            transfer.target = Some(from);
            self.offered(cx, transfer, ev, sip)?;
        } else {
            transfer.branches.retain(|leg| *leg != from);
            self.unwanted(cx, transfer, ev.status(), sip)?;
        }
        Ok(true)
    }

    /// One of those who ring for the target refuses.
    fn unwanted(
        &mut self,
        cx: &mut Cx,
        mut transfer: Box<Transfer>,
        status: u16,
        sip: Sip,
    ) -> Result {
        transfer.best = better(transfer.best, status);
        if transfer.branches.is_empty() {
            let best = transfer.best;
            return self.abandon(cx, transfer, best, sip);
        }
        self.work_on(Work::Transfer(transfer));
        Ok(())
    }

    /// Nothing comes of it: the referrer hears so, and every call is what it was, as far as its sides are still there.
    pub(crate) fn abandon(
        &mut self,
        cx: &mut Cx,
        mut transfer: Box<Transfer>,
        status: u16,
        sip: Sip,
    ) -> Result {
        cx.cancel(transfer.timer);
        transfer.tell(cx, status, true, sip)?;
        for leg in transfer.branches.drain(..) {
            sip.bye(cx, leg)?;
        }
        match (transfer.kept.take(), transfer.referrer.take()) {
            (Some(left), None) | (None, Some(left)) => sip.bye(cx, left)?,
            (Some(_), Some(_)) | (None, None) => {}
        }
        match (transfer.target, transfer.spare) {
            (Some(_), Some(spare)) if transfer.step != Step::Restoring => {
                // A target that has offered already gets its answer from whom it talked with.
                match transfer.offer {
                    Some(_) => self.restore(cx, transfer, spare, sip),
                    None => Ok(()),
                }
            }
            (target, spare) => {
                for leg in [target, spare].into_iter().flatten() {
                    sip.bye(cx, leg)?;
                }
                Ok(())
            }
        }
    }

    /// All sides agree: the two are joined, and the referrer is let go.
    pub(crate) fn joined(
        &mut self,
        cx: &mut Cx,
        transfer: &Transfer,
        kept: Leg,
        target: Leg,
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        cx.cancel(transfer.timer);
        transfer.tell(cx, 200, true, sip)?;
        record::move_on(cx, transfer.referrer, kept)?;
        record::move_on(cx, transfer.spare, target)?;
        for leg in [transfer.referrer, transfer.spare].into_iter().flatten() {
            sip.bye(cx, leg)?;
        }
        self.part(kept);
        self.part(target);
        self.pair(kept, target);
        self.limit(cx, kept, conf);
        Ok(())
    }

    /// A leg leaves during a transfer. The referrer, and its leg of the second call, may: what it asked for goes on. Without
    /// the kept side or the target nothing comes of it.
    pub(crate) fn transfer_left(
        &mut self,
        cx: &mut Cx,
        mut transfer: Box<Transfer>,
        leg: Leg,
        sip: Sip,
    ) -> Result<bool> {
        let leaves = |role: &mut Option<Leg>| role.take_if(|other| *other == leg).is_some();
        if transfer.branches.contains(&leg) {
            transfer.branches.retain(|other| *other != leg);
            self.unwanted(cx, transfer, 480, sip)?;
            return Ok(true);
        }
        if leaves(&mut transfer.referrer) || leaves(&mut transfer.spare) {
            self.part(leg);
            if transfer.step == Step::Restoring {
                self.abandon(cx, transfer, 480, sip)?;
            } else {
                self.work_on(Work::Transfer(transfer));
            }
            return Ok(true);
        }
        if leaves(&mut transfer.target) {
            self.part(leg);
            transfer.offer = None;
            if let (Some(kept), Step::Answering) = (transfer.kept, transfer.step) {
                sip.cancel(cx, kept)?;
            }
            self.abandon(cx, transfer, 480, sip)?;
            return Ok(true);
        }
        if leaves(&mut transfer.kept) {
            self.part(leg);
            if transfer.step == Step::Offering {
                // The target is still about to offer; what it offers goes to whom it talks with.
                transfer.tell(cx, 480, true, sip)?;
                if let Some(referrer) = transfer.referrer.take() {
                    sip.bye(cx, referrer)?;
                }
                self.work_on(Work::Transfer(transfer));
            } else {
                self.abandon(cx, transfer, 480, sip)?;
            }
            return Ok(true);
        }
        self.work_on(Work::Transfer(transfer));
        Ok(false)
    }

    /// It has not come to its end in time: a target that rings for too long, or an answer that was lost with a process.
    pub(crate) fn transfer_overdue(
        &mut self,
        cx: &mut Cx,
        transfer: Box<Transfer>,
        sip: Sip,
    ) -> Result {
        self.abandon(cx, transfer, 408, sip)
    }

    /// Whether a leg waits for an answer that comes from a transfer and from nowhere else.
    pub(crate) fn is_joining(&self, leg: Leg) -> bool {
        matches!(self.work(), Some(Work::Transfer(transfer))
            if transfer.step != Step::Ringing && transfer.target == Some(leg))
    }
}

/// Sets when what goes on is given up. A leg that is ending needs no watch: its end is about to come.
pub(crate) fn watch(cx: &mut Cx, leg: Leg, time: Duration) -> TimerId {
    match cx.is_alive(leg) {
        true => cx.timer(leg, time, Overdue),
        false => TimerId::from_raw(0),
    }
}

impl Transfer {
    /// Of two calls that are up.
    pub(crate) fn attended(
        (kept, referrer): (Leg, Leg),
        (spare, target): (Leg, Leg),
        report: Report,
        timer: TimerId,
    ) -> Self {
        Self {
            kept: Some(kept),
            referrer: Some(referrer),
            target: Some(target),
            spare: Some(spare),
            branches: Vec::new(),
            step: Step::Offering,
            offer: None,
            timer,
            report,
            best: 0,
        }
    }

    /// Tells the referrer, if it is still there.
    fn tell(&self, cx: &mut Cx, status: u16, last: bool, sip: Sip) -> Result {
        match self.referrer {
            Some(referrer) => self.report.send(cx, referrer, status, last, sip),
            None => Ok(()),
        }
    }
}

/// The INVITE to the target, in the name of the side that was referred.
fn invite(refer: &sip::Refer, to: &ReferTo, place: &Target, conf: &Settings) -> Outgoing {
    let kept = refer.header("To").unwrap_or_default();
    let from = match NameAddr::parse(kept) {
        Ok(to) => format!(
            "{} <{}>",
            String::from_utf8_lossy(to.display_raw),
            String::from_utf8_lossy(to.uri_raw)
        ),
        Err(_) => String::new(),
    };
    let mut invite = Outgoing::new("INVITE", from.trim_start(), place);
    if let Some(by) = refer.header("Referred-By") {
        invite = invite.header("Referred-By", &String::from_utf8_lossy(by));
    }
    // Of a call that is not this node's: whoever has it knows what it names.
    if let Some(replaces) = to.replaces() {
        invite = invite.header("Replaces", &replaces.value());
    }
    policy::invite(invite, conf)
}

impl Report {
    fn of(refer: &sip::Refer, first: bool) -> Self {
        let cseq = refer.message().cseq().map_or(0, |cseq| cseq.number);
        let quiet = refer
            .header("Refer-Sub")
            .is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"false"));
        Self {
            quiet,
            id: (!first).then_some(cseq),
        }
    }

    /// Sends a NOTIFY with a status line (RFC 3515 2.4.5).
    pub(crate) fn send(
        self,
        cx: &mut Cx,
        referrer: Leg,
        status: u16,
        last: bool,
        sip: Sip,
    ) -> Result {
        if self.quiet || !cx.is_alive(referrer) {
            return Ok(());
        }
        let event = match self.id {
            Some(id) => format!("refer;id={id}"),
            None => "refer".to_owned(),
        };
        let state = match last {
            true => "terminated;reason=noresource",
            false => "active;expires=180",
        };
        let phrase = String::from_utf8_lossy(reason(status));
        let notify = Outgoing::within("NOTIFY")
            .header("Event", &event)
            .header("Subscription-State", state)
            .body(
                "message/sipfrag;version=2.0",
                format!("SIP/2.0 {status} {phrase}\r\n"),
            );
        sip.send(cx, referrer, notify)
    }
}
