//! A gateway for short messages that loses none: it stores what accounts, programs and phones send, forwards it by SMPP, HTTP
//! or SIP until it is taken, expired or refused for good, and tells the sender what became of it.
//!
//! It does not bill, and it filters nothing. An entity stands for one message on its `SmsMessage`; a receipt is a message of
//! its own, and so is one that a subscriber sent. What is to be done next says `message`, which sends nothing; how it is sent
//! says `forward`. docs/sms-gateway.md is for operators.
//!
//! Invariant: a sender that was told that its message was accepted is told so after the commit that holds the message.
#![forbid(unsafe_code)]

mod api;
mod compose;
mod content;
mod forward;
pub mod fuzz;
mod hooks;
mod ims;
mod join;
mod kannel;
mod message;
mod phones;
mod record;
mod report;
mod retry;
mod route;
mod settings;
mod smpp;
mod wanted;
mod web;
mod when;

pub use retry::Retry;
pub use route::{Route, RouteError, Routes};
pub use settings::{NoResponse, Phones, Receipts, Settings, Url, User, Web};

use api::{Ask, Forget, Ledger};
use forward::{Heard, Plan};
use ims::Acknowledged;
use message::{Failure, Message, Phase, Step, What};
use strowger::prelude::*;
use strowger::time::Wall;
use strowger_http::{Exchange, Http, Request};
use strowger_records::Records;
use strowger_sip::{self as sip, ClientTx, ServerTx, Sip};
use strowger_sms::proto::wire::Status;
use strowger_sms::{
    Available, CancelSm, DataSm, DeliverSm, DeliveryReceipt, QuerySm, ReplaceSm, SendFailed, Sent,
    Sms, SmsMessage, SubmitMulti, SubmitSm,
};
use wanted::News;

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Gateway>().settings::<Settings>()
}

/// One message, or one request that makes none.
#[derive(Debug, Default, State)]
pub struct Gateway {
    /// What the message lives on.
    own: Option<Handle<SmsMessage>>,
    message: Option<Box<Message>>,
    /// When to look at it again.
    timer: Option<TimerId>,
    /// What a request of the HTTP API was answered, for those that repeat it.
    ledger: Option<Box<Ledger>>,
    /// News that found no room, and are told later.
    untold: Option<News>,
}

/// When to try again what the container had no room for, or what a handler has failed at.
const LATER: Duration = secs(60);

/// It is time to look at a message.
#[derive(Clone, Debug, Event)]
pub struct Due;

/// A message that was accepted, on its own activity.
#[derive(Clone, Debug, Event)]
struct Submission {
    message: Message,
    begin: Option<Wall>,
}

impl Submission {
    /// A message with its first step.
    fn new(message: Message, step: Step) -> Self {
        let begin = match step {
            Step::Wake(begin) => Some(begin),
            Step::Rest | Step::Send | Step::Over(_) => None,
        };
        Self { message, begin }
    }
}

/// What handlers work with.
#[derive(Clone, Copy)]
struct With<'a> {
    sms: Sms,
    http: Option<Http>,
    sip: Option<Sip>,
    records: Option<Records>,
    conf: &'a Settings,
}

#[expect(
    clippy::too_many_arguments,
    reason = "a handler names what its message may need on its way, which is each adaptor"
)]
#[sbb(name = "sms-gateway", vendor = "strowger", version = "1.0")]
impl Gateway {
    // ---- what comes by SMPP

    #[on(initial)]
    fn submit(
        &mut self,
        cx: &mut Cx,
        ev: &SubmitSm,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.take_submit(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    #[on(initial)]
    fn data(
        &mut self,
        cx: &mut Cx,
        ev: &DataSm,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.take_data(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    #[on(initial)]
    fn multi(
        &mut self,
        cx: &mut Cx,
        ev: &SubmitMulti,
        sms: Ra<Sms>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        smpp::take_multi(cx, ev, &with(*sms, None, None, records, &conf))
    }

    #[on(initial, select = join::pick)]
    fn deliver(
        &mut self,
        cx: &mut Cx,
        ev: &DeliverSm,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.take_deliver(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    #[on]
    fn query(&mut self, cx: &mut Cx, ev: &QuerySm, sms: Ra<Sms>) -> Result {
        self.answer_query(cx, ev, *sms)
    }

    #[on]
    fn cancel(
        &mut self,
        cx: &mut Cx,
        ev: &CancelSm,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.answer_cancel(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    #[on]
    fn replace(
        &mut self,
        cx: &mut Cx,
        ev: &ReplaceSm,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.answer_replace(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    // ---- a message on its way

    #[on(initial)]
    fn submission(
        &mut self,
        cx: &mut Cx,
        ev: &Submission,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        let Some(own) = cx.activity().and_then(|own| cx.narrow(own)) else {
            return Ok(());
        };
        let mut message = ev.message.clone();
        let step = message.start(ev.begin);
        self.begin(
            cx,
            own,
            message,
            step,
            &with(*sms, http, sip, records, &conf),
        )
    }

    #[on]
    fn due(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<Due>,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.timer = None;
        let now = cx.now().wall;
        match (self.own, &mut self.message) {
            (Some(own), Some(message)) if message.phase == Phase::Over => {
                match self.untold.take() {
                    Some(news) => {
                        self.over(cx, Some(news), None, &with(*sms, http, sip, records, &conf))
                    }
                    // It was kept to be asked for.
                    None => sms.end(cx, own),
                }
            }
            (_, Some(message)) if matches!(message.what, What::Parts(_)) => {
                match message.expires > now {
                    true => {
                        let at = message.expires;
                        self.wake(cx, at)
                    }
                    false => self.go_on(cx, &with(*sms, http, sip, records, &conf)),
                }
            }
            (_, Some(message)) => {
                let step = message.due(now);
                self.step(cx, step, None, &with(*sms, http, sip, records, &conf))
            }
            _ => Ok(()),
        }
    }

    #[on]
    fn available(
        &mut self,
        cx: &mut Cx,
        _ev: &Available,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        let now = cx.now().wall;
        let step = match &mut self.message {
            Some(message) => message.available(now),
            None => Step::Rest,
        };
        self.step(cx, step, None, &with(*sms, http, sip, records, &conf))
    }

    #[on]
    fn sent(
        &mut self,
        cx: &mut Cx,
        ev: &Sent,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.was_sent(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    #[on]
    fn send_failed(
        &mut self,
        cx: &mut Cx,
        ev: &SendFailed,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.was_not_sent(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    #[on]
    fn receipt(
        &mut self,
        cx: &mut Cx,
        ev: &DeliveryReceipt,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.was_told(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    /// A handler has failed at something: whatever that was, the message is looked at again.
    #[on(rolled_back)]
    fn failed_at(&mut self, cx: &mut Cx, _what: &RolledBack) -> Result {
        let at = cx.now().wall + LATER;
        let waits = match &mut self.message {
            Some(message) => message.stumble(at),
            None => false,
        };
        match waits {
            true => self.wake(cx, at),
            false => Ok(()),
        }
    }

    // ---- HTTP

    #[on(initial, select = web::pick)]
    fn request(
        &mut self,
        cx: &mut Cx,
        ev: &Request,
        Aci(exchange): Aci<Exchange>,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.take_request(cx, ev, exchange, &with(*sms, http, None, records, &conf))
    }

    #[on]
    fn asked(
        &mut self,
        cx: &mut Cx,
        ev: &Ask,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.answer_ask(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    #[on]
    fn forget(&mut self, cx: &mut Cx, _ev: &Timer<Forget>, sms: Ra<Sms>) -> Result {
        self.forget_key(cx, *sms)
    }

    #[on]
    fn called(
        &mut self,
        cx: &mut Cx,
        ev: &strowger_http::Response,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.was_answered(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    #[on]
    fn not_called(
        &mut self,
        cx: &mut Cx,
        ev: &strowger_http::Failure,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.was_not_answered(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    // ---- SIP

    #[on(initial, select = phones::pick)]
    fn message(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Message,
        _: Aci<ServerTx>,
        sms: Ra<Sms>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        match sip {
            Some(sip) => phones::take(cx, ev, *sip, &with(*sms, None, None, records, &conf)),
            None => Ok(()),
        }
    }

    #[on]
    fn messaged(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Response,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.was_messaged(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    #[on]
    fn acknowledged(
        &mut self,
        cx: &mut Cx,
        ev: &Acknowledged,
        sms: Ra<Sms>,
        http: Option<Ra<Http>>,
        sip: Option<Ra<Sip>>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.was_acknowledged(cx, ev, &with(*sms, http, sip, records, &conf))
    }

    #[on]
    fn message_over(
        &mut self,
        cx: &mut Cx,
        _ev: &ActivityEnd,
        _: Aci<ClientTx>,
        sms: Ra<Sms>,
        records: Option<Ra<Records>>,
        conf: Conf<Settings>,
    ) -> Result {
        self.message_is_over(cx, &with(*sms, None, None, records, &conf))
    }
}

fn with<'a>(
    sms: Sms,
    http: Option<Ra<Http>>,
    sip: Option<Ra<Sip>>,
    records: Option<Ra<Records>>,
    conf: &'a Settings,
) -> With<'a> {
    With {
        sms,
        http: http.map(|http| *http),
        sip: sip.map(|sip| *sip),
        records: records.map(|records| *records),
        conf,
    }
}

impl With<'_> {
    /// Whether there may be new messages: each ends in a record.
    fn has_room(&self, cx: &Cx) -> bool {
        self.records.is_none_or(|records| records.has_room(cx))
    }

    /// What a new message lives on, if there is room for it.
    fn home(&self, cx: &mut Cx) -> Option<Handle<SmsMessage>> {
        match self.has_room(cx) {
            true => self.sms.message(cx).ok(),
            false => None,
        }
    }
}

impl Gateway {
    /// The message is this entity's from here on.
    fn begin(
        &mut self,
        cx: &mut Cx,
        own: Handle<SmsMessage>,
        message: Message,
        step: Step,
        w: &With,
    ) -> Result {
        self.own = Some(own);
        self.message = Some(Box::new(message));
        self.step(cx, step, None, w)
    }

    /// Does what is to be done next. `heard` is what the next hop has said of it.
    fn step(&mut self, cx: &mut Cx, step: Step, heard: Option<&Heard>, w: &With) -> Result {
        match step {
            Step::Rest => Ok(()),
            Step::Send => self.attempt(cx, w),
            Step::Wake(at) => self.wake(cx, at),
            Step::Over(news) => {
                if let Some(message) = &self.message {
                    record::write(cx, self.own, message, heard, w);
                }
                self.over(cx, news, heard, w)
            }
        }
    }

    fn wake(&mut self, cx: &mut Cx, at: Wall) -> Result {
        self.stop(cx);
        if let Some(own) = self.own {
            self.timer = Some(cx.timer_with(own, TimerOptions::once(at), &Due)?);
        }
        Ok(())
    }

    fn stop(&mut self, cx: &mut Cx) {
        if let Some(timer) = self.timer.take() {
            cx.cancel(timer);
        }
    }

    fn attempt(&mut self, cx: &mut Cx, w: &With) -> Result {
        self.stop(cx);
        let (Some(own), Some(message)) = (self.own, &self.message) else {
            return Ok(());
        };
        // What cannot be written will never be.
        let unfit = |_| Plan::Nowhere(Failure::Permanent(Status::RSYSERR.0));
        match forward::plan(cx, own, message, w).unwrap_or_else(unfit) {
            Plan::Sms(to, outgoing) => w.sms.send(cx, own, &to, outgoing),
            Plan::Http(outgoing) => match w.http {
                Some(http) => match http.call(cx, outgoing) {
                    Ok(call) => {
                        cx.attach(call);
                        Ok(())
                    }
                    Err(_) => self.failed(cx, Failure::Temporary(0), w),
                },
                None => self.failed(cx, Failure::Temporary(0), w),
            },
            Plan::Sip(outgoing) => match w.sip {
                Some(sip) => match sip.request(cx, outgoing) {
                    Ok(transaction) => {
                        cx.attach(transaction);
                        Ok(())
                    }
                    Err(_) => self.failed(cx, Failure::Temporary(0), w),
                },
                None => self.failed(cx, Failure::Temporary(0), w),
            },
            Plan::Nowhere(failure) => self.failed(cx, failure, w),
        }
    }

    fn failed(&mut self, cx: &mut Cx, failure: Failure, w: &With) -> Result {
        let (now, random) = (cx.now().wall, cx.random());
        let Some(message) = &mut self.message else {
            return Ok(());
        };
        let retry = forward::retry(message, w);
        let step = message.failed(now, failure, &retry, random);
        let buffered = matches!(failure, Failure::Temporary(_)) && message.failures == 1;
        if buffered && matches!(step, Step::Wake(_)) {
            report::mention(cx, self.own, message, News::Buffered, None, w);
        }
        self.step(cx, step, None, w)
    }

    /// Tells the sender, and lets the message go or keeps its state for a while.
    fn over(&mut self, cx: &mut Cx, news: Option<News>, heard: Option<&Heard>, w: &With) -> Result {
        self.stop(cx);
        let (Some(own), Some(message)) = (self.own, &mut self.message) else {
            return Ok(());
        };
        if let Some(news) = news
            && report::tell(cx, Some(own), message, news, heard, w).is_err()
        {
            self.untold = Some(news);
            let at = cx.now().wall + LATER;
            return self.wake(cx, at);
        }
        let keep = match message.what {
            What::Receipt(_) | What::Parts(_) => Duration::ZERO,
            What::Text(_) | What::Over(_) => forward::keep(message, w.conf),
        };
        if keep.is_zero() {
            return w.sms.end(cx, own);
        }
        message.empty();
        let at = cx.now().wall + keep;
        self.wake(cx, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Text;
    use crate::message::{Back, Origin};
    use crate::wanted::Wanted;
    use crate::when::Times;
    use strowger::id::{ActivityId, Slot};

    /// A million of them wait for a link at a time.
    #[test]
    fn a_message_that_waits_is_small() {
        let (now, expires) = (Wall(1_767_225_600_000), Wall(1_767_398_400_000));
        let times = Times {
            begin: None,
            expires,
        };
        let text = Text::of("12345", "41791234567", &"a".repeat(140));
        let from = Origin::Account("an-account-of-20-chr".into());
        let (mut message, _) = Message::text(from, text, now, times);
        message.wanted = Wanted::registered(1, false);
        message.back = Back::Account;
        message.failed(now, Failure::Unreachable, &Retry::default(), 7);
        let (slot, place) = (Slot(255), 0x00ff_ffff);
        let waiting = Gateway {
            own: Some(Handle::from_id(ActivityId::new(slot, place, u32::MAX))),
            message: Some(Box::new(message)),
            timer: Some(TimerId::new(slot, place, u32::MAX)),
            ..Gateway::default()
        };
        let bytes = strowger::postcard::to_allocvec(&waiting).expect("a state");
        assert!(bytes.len() <= 320, "{}", bytes.len());
    }
}
