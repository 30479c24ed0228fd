//! A service that sends on what is submitted to it, and keeps what becomes of that.

use strowger::prelude::*;
use strowger_sms::proto::wire::{QueryResp, Status};
use strowger_sms::testkit::settings;
use strowger_sms::{
    Answer, Available, CancelSm, DeliverSm, DeliveryReceipt, Outgoing, QuerySm, SendFailed, Sent,
    Settings, Sms, SmsMessage, SubmitSm, To,
};
use strowger_testkit::TestKit;

/// One message.
#[derive(Default, State)]
pub(crate) struct Courier {
    message: Option<Handle<SmsMessage>>,
    text: Vec<u8>,
    to: String,
    pub(crate) log: Vec<String>,
}

#[sbb(name = "courier", vendor = "org.example", version = "1.0")]
impl Courier {
    #[on(initial)]
    fn submitted(&mut self, cx: &mut Cx, ev: &SubmitSm, sms: Ra<Sms>) -> Result {
        let submit = ev.submit();
        match submit.content() {
            b"refuse" => return sms.refuse(cx, ev, Status::RINVDSTADR),
            b"fail" => return Err(Error::msg("told to")),
            b"ignore" => return Ok(()),
            _ => {}
        }
        let message = sms.message(cx)?;
        cx.attach(message);
        self.message = Some(message);
        self.text = submit.content().to_vec();
        self.to = submit.dest.text().into_owned();
        let id = sms
            .message_id(cx, message)
            .ok_or_else(|| Error::msg("no id"))?;
        self.send(cx, &sms)?;
        sms.accept(cx, ev, id)
    }

    #[on]
    fn sent(&mut self, cx: &mut Cx, ev: &Sent, sms: Ra<Sms>) -> Result {
        self.log.push(format!(
            "{} {} {}",
            ev.peer.name(),
            ev.status,
            ev.upstream_id
        ));
        if ev.is_ok() {
            Ok(())
        } else {
            self.end(cx, &sms)
        }
    }

    #[on]
    fn failed(&mut self, cx: &mut Cx, ev: &SendFailed, sms: Ra<Sms>) -> Result {
        let maybe = if ev.maybe_sent { "?" } else { "" };
        self.log.push(format!("{:?}{maybe}", ev.reason));
        let message = self.message.ok_or_else(|| Error::msg("no message"))?;
        match self.text.starts_with(b"wait") {
            true => sms.wait(cx, message, &To::group("all")),
            false => Ok(()),
        }
    }

    #[on]
    fn available(&mut self, cx: &mut Cx, _: &Available, sms: Ra<Sms>) -> Result {
        self.log.push("available".to_owned());
        self.send(cx, &sms)
    }

    #[on]
    fn receipt(&mut self, cx: &mut Cx, ev: &DeliveryReceipt, sms: Ra<Sms>) -> Result {
        if self.text == b"receipt fails" && self.log.len() < 2 {
            self.log.push(String::new());
            return Err(Error::msg("told to"));
        }
        self.log.push(format!("{:?} {}", ev.state, ev.upstream_id));
        if ev.state.is_final() {
            self.end(cx, &sms)
        } else {
            Ok(())
        }
    }

    #[on]
    fn query(&mut self, cx: &mut Cx, ev: &QuerySm, sms: Ra<Sms>) -> Result {
        let answer = QueryResp {
            message_id: ev.query().message_id,
            state: 1,
            ..QueryResp::default()
        };
        sms.answer(cx, ev.id(), Answer::query(&answer)?)
    }

    #[on]
    fn cancel(&mut self, cx: &mut Cx, ev: &CancelSm, sms: Ra<Sms>) -> Result {
        sms.refuse(cx, ev, Status::ROK)?;
        self.end(cx, &sms)
    }

    #[on(initial)]
    fn delivered(&mut self, cx: &mut Cx, ev: &DeliverSm, sms: Ra<Sms>) -> Result {
        let message = sms.message(cx)?;
        cx.attach(message);
        self.message = Some(message);
        sms.send(
            cx,
            message,
            &To::account("shop"),
            Outgoing::deliver(&ev.submit())?,
        )?;
        sms.refuse(cx, ev, Status::ROK)
    }
}

impl Courier {
    fn send(&self, cx: &mut Cx, sms: &Sms) -> Result {
        let message = self.message.ok_or_else(|| Error::msg("no message"))?;
        let submit = strowger_sms::proto::wire::Submit {
            dest: strowger_sms::proto::wire::Addr::new(1, 1, self.to.as_bytes()),
            short_message: &self.text,
            ..Default::default()
        };
        sms.send(cx, message, &To::group("all"), Outgoing::submit(&submit)?)
    }

    fn end(&self, cx: &mut Cx, sms: &Sms) -> Result {
        match self.message {
            Some(message) => sms.end(cx, message),
            None => Ok(()),
        }
    }
}

pub(crate) fn kit(settings: Settings) -> TestKit {
    TestKit::strict()
        .adaptor_with("sms", strowger_sms::adaptor(), settings)
        .service(ServiceDef::of::<Courier>())
}

/// With the account `shop`, and links of these names.
pub(crate) fn with_links(links: &[&str]) -> TestKit {
    kit(settings(&["shop"], links))
}

/// What became of the messages that are there, in their order.
pub(crate) fn logs(slee: &TestKit) -> Vec<Vec<String>> {
    slee.states::<Courier>()
        .into_iter()
        .map(|courier| courier.log)
        .collect()
}
