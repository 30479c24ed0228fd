//! What goes out by HTTP: receipts and messages to webhooks as JSON, receipts to Kannel's `dlr-url`.
//!
//! A call that fails is made again until the message expires. Its `Idempotency-Key` is the same each time, so that who is
//! called can tell what it has had.

use serde::Serialize;
use strowger::prelude::*;
use strowger_http::{Failure as CallFailure, FailureKind, Outgoing, Response};
use strowger_sms::MessageId;
use strowger_sms::proto::wire::Submit;

use crate::content::read;
use crate::forward::origin_alphabet;
use crate::message::{Failure, Message, Step, Told};
use crate::wanted::News;
use crate::{Gateway, With, api};

/// Gone (RFC 9110 15.5.11): nobody wants to hear of this any more.
const GONE: u16 = 410;

/// News of a message.
#[derive(Debug, Serialize)]
struct Receipt<'a> {
    r#type: &'static str,
    id: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    reference: &'a str,
    from: &'a str,
    to: &'a str,
    event: &'static str,
    state: &'static str,
    error: u32,
    submitted: String,
    done: String,
}

/// A message for somebody who speaks HTTP.
#[derive(Debug, Serialize)]
struct Mobile<'a> {
    r#type: &'static str,
    id: String,
    /// The link or account that it came on.
    via: &'a str,
    from: &'a str,
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// All octets, the user data header among them, in base64.
    data: String,
    udh: bool,
    data_coding: u8,
    received: String,
}

const fn event(news: News) -> &'static str {
    match news {
        News::Delivered => "delivered",
        News::Failed => "failed",
        News::Buffered => "buffered",
        News::Accepted => "accepted",
        News::Refused => "refused",
    }
}

/// A receipt for a webhook.
pub(crate) fn receipt(told: &Told, url: &str, reference: &str, w: &With) -> Result<Outgoing> {
    let body = Receipt {
        r#type: "receipt",
        id: told.id.to_string(),
        reference,
        from: &told.source.digits,
        to: &told.dest.digits,
        event: event(told.news),
        state: api::word(told.state),
        error: told.error,
        submitted: api::written(told.submitted),
        done: api::written(told.done),
    };
    Ok(Outgoing::post(url)
        .json(&body)?
        .deadline(w.conf.http.answer))
}

/// A message for a webhook.
pub(crate) fn message(
    cx: &Cx,
    message: &Message,
    submit: &Submit<'_>,
    id: MessageId,
    url: &str,
    w: &With,
) -> Result<Outgoing> {
    use base64::Engine as _;
    let (from, to) = (submit.source.text(), submit.dest.text());
    let body = Mobile {
        r#type: "message",
        id: id.to_string(),
        via: message.from.name(),
        from: &from,
        to: &to,
        text: read(submit, origin_alphabet(cx, message, w)),
        data: base64::engine::general_purpose::STANDARD.encode(submit.content()),
        udh: submit.has_udh(),
        data_coding: submit.data_coding,
        received: api::written(message.accepted),
    };
    Ok(Outgoing::post(url)
        .json(&body)?
        .deadline(w.conf.http.answer))
}

impl Gateway {
    /// Somebody has answered a call.
    pub(crate) fn was_answered(&mut self, cx: &mut Cx, ev: &Response, w: &With) -> Result {
        let status = u32::from(ev.status);
        if ev.is_success() {
            let now = cx.now().wall;
            let step = match &mut self.message {
                Some(message) => message.delivered(now),
                None => Step::Rest,
            };
            return self.step(cx, step, None, w);
        }
        let failure = match ev.status {
            GONE => Failure::Permanent(status),
            _ => Failure::Temporary(status),
        };
        self.failed(cx, failure, w)
    }

    /// Nobody has.
    pub(crate) fn was_not_answered(&mut self, cx: &mut Cx, ev: &CallFailure, w: &With) -> Result {
        if ev.kind == FailureKind::Restarted {
            // It is not the other side's doing that there was no answer.
            let now = cx.now().wall;
            let step = match &mut self.message {
                Some(message) => message.again(now),
                None => Step::Rest,
            };
            return self.step(cx, step, None, w);
        }
        self.failed(cx, Failure::Temporary(0), w)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Address;
    use strowger::time::Wall;
    use strowger_sms::MessageState;

    #[test]
    fn a_receipt_is_json_with_these_names() {
        let told = Told {
            id: MessageId::read(b"1234567890abcdef").expect("an id"),
            news: News::Delivered,
            state: MessageState::Delivered,
            error: 0,
            submitted: Wall(0),
            done: Wall(1_000),
            source: Address::guess("Bank"),
            dest: Address::guess("+41791234567"),
            link: "up".into(),
            upstream: "1".into(),
            text: "".into(),
        };
        let body = Receipt {
            r#type: "receipt",
            id: told.id.to_string(),
            reference: "",
            from: &told.source.digits,
            to: &told.dest.digits,
            event: event(told.news),
            state: api::word(told.state),
            error: 0,
            submitted: api::written(told.submitted),
            done: api::written(told.done),
        };
        let json = serde_json::to_string(&body).expect("json");
        assert_eq!(
            json,
            "{\"type\":\"receipt\",\"id\":\"1234567890abcdef\",\"from\":\"Bank\",\"to\":\"41791234567\",\
             \"event\":\"delivered\",\"state\":\"delivered\",\"error\":0,\
             \"submitted\":\"1970-01-01T00:00:00Z\",\"done\":\"1970-01-01T00:00:01Z\"}"
        );
    }
}
