//! Wakes who asks for it by a text, "wake me at 07:30", with a text at that time: by SIP MESSAGE, or by SMS over SMPP.
//!
//! The calls of a subscriber are durable timers on an activity of his own; a restart in between changes nothing. Whether a text is
//! from whom it says is for those to check who let it through.
#![forbid(unsafe_code)]

mod answers;
mod calls;
mod order;
mod settings;
mod subscriber;
mod zone;

pub use calls::Call;
pub use settings::Settings;
pub use subscriber::{Attempt, Subscriber};
pub use zone::{NotAZone, Zone};

use strowger::prelude::*;
use strowger_sip::{self as sip, Reply, ServerTx, Sip};
use strowger_sms::proto::wire::Status;
use strowger_sms::{self as sms, SendFailed, Sent, SmppTransaction, Sms, SmsMessage};

use crate::calls::Moment;
use crate::subscriber::Means;

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Wakeup>().settings::<Settings>()
}

/// One subscriber, while he has calls or is being answered.
#[derive(Debug, Default, State)]
pub struct Wakeup {
    subscriber: Option<Subscriber>,
    /// What the timers of his calls are set on.
    home: Option<Handle<NullActivity>>,
    calls: Vec<Call>,
}

/// It is time to wake somebody, or to try again.
#[derive(Clone, Debug, Event)]
pub struct Ring;

const TEXT: &str = "text/plain";

#[sbb(name = "wakeup", vendor = "strowger", version = "1.0")]
impl Wakeup {
    /// Takes what is meant for one of its users; all of one subscriber goes to one entity.
    fn pick(sel: &mut Selector) {
        let Some(conf) = sel.conf::<Settings>() else {
            return sel.decline();
        };
        let by_sip = sel.event::<sip::Message>().map(|ev| {
            let is_ours = conf.has(ev.user());
            Subscriber::of_sip(ev).filter(|_| is_ours)
        });
        let delivered = sel.event::<sms::DeliverSm>();
        let delivered = delivered.map(|ev| Subscriber::of_sms(ev.peer(), &ev.submit()));
        let submitted = sel.event::<sms::SubmitSm>();
        let submitted = submitted.map(|ev| Subscriber::of_sms(ev.peer(), &ev.submit()));
        let by_sms = delivered.or(submitted);
        let by_sms = by_sms.map(|found| found.filter(|who| who.calls_any(conf)));
        match by_sip.or(by_sms).flatten() {
            Some(subscriber) => {
                sel.by_activity = false;
                sel.custom = Some(subscriber.name().into());
            }
            None => sel.decline(),
        }
    }

    #[on(initial, select = Self::pick)]
    fn message(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Message,
        _: Aci<ServerTx>,
        sip: Option<Ra<Sip>>,
        conf: Conf<Settings>,
    ) -> Result {
        let Some(sip) = sip else {
            return Ok(());
        };
        let kind = ev.content_type();
        let is_text = kind
            .get(..TEXT.len())
            .is_some_and(|kind| kind.eq_ignore_ascii_case(TEXT.as_bytes()));
        if !is_text {
            return sip.respond(cx, ev, Reply::new(415).header("Accept", TEXT));
        }
        let means = Means {
            sip: Some(*sip),
            sms: None,
        };
        self.subscriber = Subscriber::of_sip(ev);
        let answer = self.obey(cx, &String::from_utf8_lossy(ev.body()), &conf)?;
        self.tell(cx, means, &answer)?;
        sip.respond(cx, ev, 200)
    }

    #[on(initial, select = Self::pick)]
    fn delivered(
        &mut self,
        cx: &mut Cx,
        ev: &sms::DeliverSm,
        _: Aci<SmppTransaction>,
        sms: Option<Ra<Sms>>,
        conf: Conf<Settings>,
    ) -> Result {
        let Some(sms) = sms else {
            return Ok(());
        };
        let submit = ev.submit();
        let text = subscriber::text(cx, *sms, ev.peer(), &submit);
        self.subscriber = Subscriber::of_sms(ev.peer(), &submit);
        let answer = self.obey(cx, &text, &conf)?;
        self.tell(cx, Means::sms(*sms), &answer)?;
        sms.refuse(cx, ev, Status::ROK)
    }

    #[on(initial, select = Self::pick)]
    fn submitted(
        &mut self,
        cx: &mut Cx,
        ev: &sms::SubmitSm,
        _: Aci<SmppTransaction>,
        sms: Option<Ra<Sms>>,
        conf: Conf<Settings>,
    ) -> Result {
        let Some(sms) = sms else {
            return Ok(());
        };
        let submit = ev.submit();
        let text = subscriber::text(cx, *sms, ev.peer(), &submit);
        self.subscriber = Subscriber::of_sms(ev.peer(), &submit);
        let answer = self.obey(cx, &text, &conf)?;
        let Some(Attempt::Sms(message)) = self.tell(cx, Means::sms(*sms), &answer)? else {
            return sms.refuse(cx, ev, Status::RSYSERR);
        };
        // It is done with at once; the id is the answer's, since there is no other message.
        match sms.message_id(cx, message) {
            Some(id) => sms.accept(cx, ev, id),
            None => sms.refuse(cx, ev, Status::RSYSERR),
        }
    }

    #[on]
    fn ring(
        &mut self,
        cx: &mut Cx,
        ev: &Timer<Ring>,
        sip: Option<Ra<Sip>>,
        sms: Option<Ra<Sms>>,
        conf: Conf<Settings>,
    ) -> Result {
        let means = Means {
            sip: sip.map(|sip| *sip),
            sms: sms.map(|sms| *sms),
        };
        let Some(at) = self.due(cx, ev.expiry.id, &conf) else {
            return self.rest(cx);
        };
        let now = Moment::of(cx.now().wall);
        let text = answers::wake(&conf.time_zone, now, at);
        let attempt = self.tell(cx, means, &text)?;
        self.tried(cx, ev.expiry.id, attempt, &conf);
        Ok(())
    }

    #[on]
    fn response(&mut self, cx: &mut Cx, ev: &sip::Response, Aci(tx): Aci<sip::ClientTx>) -> Result {
        if ev.is_provisional() {
            return Ok(());
        }
        self.came_of(cx, Attempt::Sip(tx), ev.is_success());
        self.rest(cx)
    }

    #[on]
    fn sent(
        &mut self,
        cx: &mut Cx,
        ev: &Sent,
        Aci(message): Aci<SmsMessage>,
        sms: Option<Ra<Sms>>,
    ) -> Result {
        self.came_of(cx, Attempt::Sms(message), ev.is_ok());
        if let Some(sms) = sms {
            sms.end(cx, message)?;
        }
        self.rest(cx)
    }

    #[on]
    fn not_sent(
        &mut self,
        cx: &mut Cx,
        _: &SendFailed,
        Aci(message): Aci<SmsMessage>,
        sms: Option<Ra<Sms>>,
    ) -> Result {
        self.came_of(cx, Attempt::Sms(message), false);
        if let Some(sms) = sms {
            sms.end(cx, message)?;
        }
        self.rest(cx)
    }

    /// What failed may have been a try, and its timer is gone with it.
    #[on(rolled_back)]
    fn failed(&mut self, cx: &mut Cx, _: &RolledBack) {
        self.try_later(cx);
    }

    /// Sends the subscriber a text.
    fn tell(&self, cx: &mut Cx, means: Means, text: &str) -> Result<Option<Attempt>> {
        match &self.subscriber {
            Some(subscriber) => subscriber.tell(cx, means, text),
            None => Ok(None),
        }
    }
}
