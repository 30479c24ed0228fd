//! Joining two legs that are up: an offer is had of one of them, taken to the other, and the answer taken back.
//!
//! Each INVITE here is this side's own, so a collision is this side's to resolve: after 491 the same is asked again, at a
//! time of RFC 3261 14.1. The target waits with its 2xx meanwhile; when the transfer's timer ends that, it gets its ACK and,
//! with nobody to talk to, its BYE.

use std::time::Duration;

use strowger::prelude::*;
use strowger_sip::{self as sip, Outgoing, Sip};

use crate::Again;
use crate::settings::Settings;
use crate::state::{B2bua, Leg, Work};
use crate::transfer::{Transfer, watch};

/// How long two legs may take to be joined: as long as a 2xx is repeated (64*T1), and a bit.
const JOINING: Duration = secs(34);

/// How far a transfer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, State)]
pub(crate) enum Step {
    /// The target rings.
    Ringing,
    /// The target, in a call already, is asked for an offer.
    Offering,
    /// The kept side has the target's offer.
    Answering,
    /// The kept side would not have it; the target's old peer has it.
    Restoring,
}

/// A session description, and its type.
#[derive(Debug, Clone, State)]
pub(crate) struct Offer {
    kind: String,
    body: Vec<u8>,
}

impl B2bua {
    /// Asks the target, which has a call, for an offer.
    pub(crate) fn ask_for_offer(
        &mut self,
        cx: &mut Cx,
        transfer: Box<Transfer>,
        target: Leg,
        sip: Sip,
    ) -> Result {
        sip.send(cx, target, Outgoing::within("INVITE"))?;
        self.work_on(Work::Transfer(transfer));
        Ok(())
    }

    /// A response to an INVITE by which legs are being joined.
    pub(crate) fn join_response(
        &mut self,
        cx: &mut Cx,
        transfer: Box<Transfer>,
        ev: &sip::Response,
        from: Leg,
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        if ev.is_provisional() {
            self.work_on(Work::Transfer(transfer));
            return Ok(());
        }
        if ev.status() == 491 {
            let time = self.retry_time(cx, from);
            again(cx, from, time);
            self.work_on(Work::Transfer(transfer));
            return Ok(());
        }
        match (ev.is_success(), transfer.step) {
            (true, Step::Ringing | Step::Offering) => self.offered(cx, transfer, ev, sip),
            (true, Step::Answering | Step::Restoring) => {
                self.agreed(cx, &transfer, ev, from, sip, conf)
            }
            (false, _) => self.abandon(cx, transfer, ev.status(), sip),
        }
    }

    /// The target has made an offer.
    pub(crate) fn offered(
        &mut self,
        cx: &mut Cx,
        mut transfer: Box<Transfer>,
        ev: &sip::Response,
        sip: Sip,
    ) -> Result {
        if ev.body().is_empty() {
            // It must (RFC 3261 13.2.1); without an offer there is nothing to join.
            if let Some(target) = transfer.target {
                sip.ack(cx, target, None)?;
            }
            return self.abandon(cx, transfer, 488, sip);
        }
        transfer.offer = Some(Offer {
            kind: String::from_utf8_lossy(ev.header("Content-Type").unwrap_or_default())
                .into_owned(),
            body: ev.body().to_vec(),
        });
        cx.cancel(transfer.timer);
        match (transfer.kept, transfer.spare) {
            (Some(kept), _) => {
                transfer.step = Step::Answering;
                transfer.timer = watch(cx, kept, JOINING);
                self.ask(cx, transfer, sip)
            }
            (None, Some(spare)) => self.restore(cx, transfer, spare, sip),
            (None, None) => self.abandon(cx, transfer, 480, sip),
        }
    }

    /// Has the target's offer answered by its old peer.
    pub(crate) fn restore(
        &mut self,
        cx: &mut Cx,
        mut transfer: Box<Transfer>,
        spare: Leg,
        sip: Sip,
    ) -> Result {
        transfer.kept = None;
        transfer.referrer = None;
        transfer.step = Step::Restoring;
        transfer.timer = watch(cx, spare, JOINING);
        self.ask(cx, transfer, sip)
    }

    /// Takes the target's offer to whom it is for at this step.
    fn ask(&mut self, cx: &mut Cx, transfer: Box<Transfer>, sip: Sip) -> Result {
        if let (Some(leg), Some(offer)) = (transfer.asked(), &transfer.offer) {
            let invite = Outgoing::within("INVITE").body(&offer.kind, offer.body.clone());
            sip.send(cx, leg, invite)?;
        }
        self.work_on(Work::Transfer(transfer));
        Ok(())
    }

    /// The answer has come.
    fn agreed(
        &mut self,
        cx: &mut Cx,
        transfer: &Transfer,
        ev: &sip::Response,
        from: Leg,
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        let Some(target) = transfer.target else {
            return Ok(());
        };
        let kind = String::from_utf8_lossy(ev.header("Content-Type").unwrap_or_default());
        let answer = (&*kind, ev.message().body_bytes());
        sip.ack(cx, target, Some(answer))?;
        if transfer.step == Step::Answering {
            return self.joined(cx, transfer, from, target, sip, conf);
        }
        cx.cancel(transfer.timer);
        Ok(())
    }

    /// Time to make an offer again that collided.
    pub(crate) fn offer_again(&mut self, cx: &mut Cx, sip: Sip, conf: &Settings) -> Result {
        match self.take_work() {
            Some(Work::Transfer(transfer)) => match (transfer.step, transfer.target) {
                (Step::Offering, Some(target)) => self.ask_for_offer(cx, transfer, target, sip),
                _ => self.ask(cx, transfer, sip),
            },
            Some(Work::Replace(replace)) => self.replace_again(cx, replace, sip, conf),
            Some(work @ (Work::Ring(_) | Work::Lent(_))) => {
                self.work_on(work);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// When to try again after a collision: the side that owns the Call-ID waits longer (RFC 3261 14.1). The legs that this
    /// node has called are its own; of a caller's own leg the caller is.
    pub(crate) fn retry_time(&self, cx: &mut Cx, leg: Leg) -> Duration {
        let random = cx.random();
        if self.legs.is_some_and(|(caller, _)| caller == leg) {
            millis(random % 201 * 10)
        } else {
            millis(2_100 + random % 191 * 10)
        }
    }
}

/// Has an offer made again after a collision, if the leg is still there.
pub(crate) fn again(cx: &mut Cx, leg: Leg, time: Duration) {
    if cx.is_alive(leg) {
        cx.timer(leg, time, Again);
    }
}

impl Transfer {
    /// Who is to answer the target's offer.
    fn asked(&self) -> Option<Leg> {
        match self.step {
            Step::Ringing | Step::Offering => None,
            Step::Answering => self.kept,
            Step::Restoring => self.spare,
        }
    }

    /// Whether a leg was asked for an offer or an answer.
    pub(crate) fn awaits(&self, leg: Leg) -> bool {
        self.asked() == Some(leg) || (self.step == Step::Offering && self.target == Some(leg))
    }
}
