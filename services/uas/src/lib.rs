//! Answers calls by itself: rings for as long as it is told, takes the call with a session description that fits the
//! offer, and hangs up when the call has lasted long enough. OPTIONS and MESSAGE are answered, too.
//!
//! It has no media: it neither sends nor takes any, and says so in its descriptions. For trying out a node, for load, and
//! as the smallest example of a service.
#![forbid(unsafe_code)]

mod media;
mod settings;

pub use settings::Settings;

use strowger::prelude::*;
use strowger_sip::{self as sip, Dialog, Reply, ServerTx, Sip};

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Uas>().settings::<Settings>()
}

/// One call, or one request outside of calls.
#[derive(Debug, Default, State)]
pub struct Uas {
    /// What the call will be answered with, while it rings.
    answer: Vec<u8>,
}

/// It has rung for long enough.
#[derive(Clone, Debug, Event)]
pub struct Answer;

/// The call has lasted for long enough.
#[derive(Clone, Debug, Event)]
pub struct HangUp;

const SDP: &str = "application/sdp";

#[sbb(name = "uas", vendor = "strowger", version = "1.0")]
impl Uas {
    /// Takes what is meant for one of its users.
    fn pick(sel: &mut Selector) {
        let conf = sel.conf::<Settings>();
        let calls = sel.event::<sip::Invite>().map(|ev| ev.user());
        let others = sel.event::<sip::Options>().map(|ev| ev.user());
        let texts = sel.event::<sip::Message>().map(|ev| ev.user());
        let ours = conf.is_some_and(|conf| {
            calls.or(texts).is_some_and(|user| conf.has(user))
                // OPTIONS without a user asks the node itself.
                || others.is_some_and(|user| user.is_empty() || conf.has(user))
        });
        if !ours {
            sel.decline();
        }
    }

    #[on(initial, select = Self::pick)]
    fn invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        Aci(call): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        let Some(answer) = Self::describe(ev, &conf) else {
            return sip.respond(cx, ev, Self::wrong_type());
        };
        if conf.ringing.is_zero() {
            return self.take(cx, call, answer, *sip, &conf);
        }
        self.answer = answer;
        sip.respond(cx, ev, 180)?;
        cx.timer(call, conf.ringing, Answer);
        Ok(())
    }

    #[on]
    fn rung(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<Answer>,
        Aci(call): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        let answer = std::mem::take(&mut self.answer);
        self.take(cx, call, answer, *sip, &conf)
    }

    #[on]
    fn lasted(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<HangUp>,
        Aci(call): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        sip.bye(cx, call)
    }

    #[on]
    fn cancel(&mut self, cx: &mut Cx, ev: &sip::Cancel, sip: Ra<Sip>) -> Result {
        sip.accept_cancel(cx, ev)
    }

    #[on]
    fn re_invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::ReInvite,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        let reply = match Self::describe(ev, &conf) {
            Some(answer) => Reply::new(200).body(SDP, answer),
            None => Self::wrong_type(),
        };
        sip.respond(cx, ev, reply)
    }

    #[on]
    fn update(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Update,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        let reply = match Self::describe(ev, &conf) {
            Some(_) if ev.body().is_empty() => Reply::new(200),
            Some(answer) => Reply::new(200).body(SDP, answer),
            None => Self::wrong_type(),
        };
        sip.respond(cx, ev, reply)
    }

    #[on]
    fn info(&mut self, cx: &mut Cx, ev: &sip::Info, sip: Ra<Sip>) -> Result {
        sip.respond(cx, ev, 200)
    }

    #[on(initial, select = Self::pick)]
    fn options(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Options,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
    ) -> Result {
        sip.respond(cx, ev, Reply::new(200).header("Accept", SDP))
    }

    #[on]
    fn options_in_call(&mut self, cx: &mut Cx, ev: &sip::Options, sip: Ra<Sip>) -> Result {
        sip.respond(cx, ev, Reply::new(200).header("Accept", SDP))
    }

    #[on(initial, select = Self::pick)]
    fn message(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Message,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
    ) -> Result {
        sip.respond(cx, ev, 200)
    }

    #[on]
    fn message_in_call(&mut self, cx: &mut Cx, ev: &sip::Message, sip: Ra<Sip>) -> Result {
        sip.respond(cx, ev, 200)
    }

    /// Answers the call that waits.
    fn take(
        &self,
        cx: &mut Cx,
        call: Handle<Dialog>,
        answer: Vec<u8>,
        sip: Sip,
        conf: &Settings,
    ) -> Result {
        sip.answer(cx, call, Reply::new(200).body(SDP, answer))?;
        if !conf.call_length.is_zero() {
            cx.timer(call, conf.call_length, HangUp);
        }
        Ok(())
    }

    /// What answers an offer; an offer of our own where there is none. `None` when the body is something else.
    fn describe(request: &sip::Request, conf: &Settings) -> Option<Vec<u8>> {
        let offer = request.body();
        let kind = request.content_type();
        let is_sdp = kind
            .get(..SDP.len())
            .is_some_and(|k| k.eq_ignore_ascii_case(SDP.as_bytes()));
        if offer.is_empty() {
            Some(media::offer(conf.media))
        } else if is_sdp {
            Some(media::answer(offer, conf.media))
        } else {
            None
        }
    }

    fn wrong_type() -> Reply {
        Reply::new(415).header("Accept", SDP)
    }
}
