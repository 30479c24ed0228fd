//! The JSON interface: messages are posted, looked at and cancelled.
//!
//! The models here are the interface; docs/sms-gateway.md describes them. Invariant: a recipient gets the message or an
//! error of its own, and a request none of whose recipients get it is refused as a whole.

use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use strowger::prelude::*;
use strowger::time::Wall;
use strowger_http::{Exchange, Reply, Request};
use strowger_sms::proto::text::{Class, udh};
use strowger_sms::proto::wire::Status;
use strowger_sms::{MessageId, MessageState, Sms, SmsMessage};

use crate::compose::{ComposeError, Content, Draft};
use crate::content::Text;
use crate::message::{Address, Back, Message, Origin, What};
use crate::route::check_url;
use crate::settings::User;
use crate::wanted::{Receipts, Wanted};
use crate::web::Asked;
use crate::{Gateway, Submission, With, forward, smpp};

/// The longest reference of a sender's own.
const REFERENCE: usize = 255;

/// `POST /v1/messages`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Post {
    from: Option<String>,
    to: Recipients,
    text: Option<String>,
    /// Octets in base64, instead of a text.
    data: Option<String>,
    /// A user data header in base64.
    udh: Option<String>,
    /// 0 for flash, to 3.
    class: Option<u8>,
    #[serde(default)]
    priority: u8,
    /// Seconds.
    validity: Option<u64>,
    /// RFC 3339.
    deliver_at: Option<String>,
    #[serde(default)]
    receipts: Receipts,
    webhook: Option<String>,
    #[serde(default)]
    reference: String,
    via: Option<String>,
}

/// One recipient or several.
#[derive(Debug)]
struct Recipients(Vec<String>);

impl<'de> Deserialize<'de> for Recipients {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let one = std::slice::from_ref(&value);
        let all = value.as_array().map_or(one, Vec::as_slice);
        let texts: Option<Vec<&str>> = all.iter().map(serde_json::Value::as_str).collect();
        let texts = texts.ok_or_else(|| {
            serde::de::Error::custom("`to` is a number as text, or a list of them")
        })?;
        Ok(Self(texts.into_iter().map(str::to_owned).collect()))
    }
}

/// What was accepted for one recipient.
#[derive(Clone, Debug, Serialize)]
struct Accepted<'a> {
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The ids of all parts, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

/// `202`.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    messages: Vec<Accepted<'a>>,
}

/// A message as it is.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    id: String,
    from: &'a str,
    to: &'a str,
    state: &'static str,
    error: u32,
    attempts_failed: u16,
    submitted: String,
    expires: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reference: &'a str,
}

/// What a request wants to know of a message, or do to it: fired on it.
#[derive(Clone, Debug, Event)]
pub(crate) struct Ask {
    exchange: Handle<Exchange>,
    user: Box<str>,
    question: Question,
}

/// Which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, State)]
pub(crate) enum Question {
    /// How it stands.
    State,
    /// That it goes no further.
    Cancel,
}

/// What was answered to a request with a key.
#[derive(Debug, State)]
pub(crate) struct Ledger {
    digest: u64,
    answer: Box<str>,
    /// What it lives on: a message of its own, for which a node that stops does not wait.
    home: Handle<SmsMessage>,
}

/// A key has been remembered for long enough.
#[derive(Clone, Debug, Event)]
pub(crate) struct Forget;

/// Why a request is refused as a whole.
type Refusal = (u16, &'static str, String);

fn bad(detail: impl Into<String>) -> Refusal {
    (400, "bad request", detail.into())
}

/// What is the same for all recipients.
struct Order {
    draft: Draft,
    begin: Option<Wall>,
    expires: Option<Wall>,
    wanted: Wanted,
    back: Back,
}

impl Post {
    fn order(&self, user: &User, now: Wall) -> Result<Order, Refusal> {
        let sender = user.sender(self.from.as_deref());
        let sender =
            sender.ok_or_else(|| bad("`from` is missing, or not one that the user may name"))?;
        let content = match (&self.text, &self.data) {
            (Some(text), None) => Content::Text(text.clone(), None),
            (None, Some(data)) => Content::Data(octets(data)?),
            _ => return Err(bad("one of `text` and `data` is needed")),
        };
        let mut draft = Draft::new(Address::guess(sender), content);
        draft.udh = self.udh.as_deref().map_or_else(|| Ok(Vec::new()), octets)?;
        if !draft.udh.is_empty()
            && udh::parse(&draft.udh).map_or(true, |(_, rest)| !rest.is_empty())
        {
            return Err(bad("`udh` is no user data header"));
        }
        draft.class = self.class.map(class).transpose()?;
        draft.priority = self.priority.min(3);
        draft.via = self.via.as_deref().map(Into::into);
        let begin = self.deliver_at.as_deref().map(instant).transpose()?;
        let validity = self.validity.map(Duration::from_secs);
        let expires = validity.map(|validity| begin.unwrap_or(now).max(now) + validity);
        let wanted = Wanted::from(self.receipts);
        let url = self.webhook.as_deref();
        let url = url.or_else(|| user.webhook.as_ref().map(|url| url.as_str()));
        if self.reference.len() > REFERENCE {
            return Err(bad("`reference` is too long"));
        }
        let back = match url {
            _ if wanted.0 == 0 => Back::Nowhere,
            None => {
                return Err(bad(
                    "`receipts` are wanted, but there is no `webhook` for them",
                ));
            }
            Some(url) => Back::Webhook {
                url: check_url(url)
                    .map(|()| url.into())
                    .map_err(|e| bad(e.to_string()))?,
                reference: self.reference.as_str().into(),
            },
        };
        Ok(Order {
            draft,
            begin,
            expires,
            wanted,
            back,
        })
    }
}

/// What a request's body asks to have sent, and to whom, for a user who may name any sender: for `fuzz`.
pub(crate) fn read(body: &[u8], user: &User) -> Option<(Draft, Vec<String>)> {
    let post: Post = serde_json::from_slice(body).ok()?;
    let order = post.order(user, Wall(0)).ok()?;
    Some((order.draft, post.to.0))
}

fn octets(text: &str) -> Result<Vec<u8>, Refusal> {
    use base64::Engine as _;
    let octets = base64::engine::general_purpose::STANDARD.decode(text);
    octets.map_err(|_| bad("`data` and `udh` are base64"))
}

fn class(number: u8) -> Result<Class, Refusal> {
    match number {
        0 => Ok(Class::Flash),
        1 => Ok(Class::Phone),
        2 => Ok(Class::Sim),
        3 => Ok(Class::Terminal),
        _ => Err(bad("`class` is 0 to 3")),
    }
}

fn instant(text: &str) -> Result<Wall, Refusal> {
    let time = humantime::parse_rfc3339_weak(text).ok();
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let since = since.ok_or_else(|| bad("`deliver_at` is a time as in RFC 3339, in UTC"))?;
    Ok(Wall(0) + since)
}

/// A time as in RFC 3339.
pub(crate) fn written(at: Wall) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + (at - Wall(0))).to_string()
}

/// What the interface calls a state.
pub(crate) const fn word(state: MessageState) -> &'static str {
    match state {
        MessageState::Scheduled => "scheduled",
        MessageState::Enroute => "enroute",
        MessageState::Delivered => "delivered",
        MessageState::Expired => "expired",
        MessageState::Deleted => "deleted",
        MessageState::Undeliverable => "undeliverable",
        MessageState::Accepted => "accepted",
        MessageState::Unknown => "unknown",
        MessageState::Rejected => "rejected",
        MessageState::Skipped => "skipped",
    }
}

/// Why a recipient gets nothing.
pub(crate) fn reason(status: Status) -> &'static str {
    match status {
        Status::RINVDSTADR => "no route to this recipient",
        Status::RINVEXPIRY => "the validity ends before the message can be delivered",
        Status::RINVSCHED => "delivery is asked for later than messages are kept",
        _ => "the message cannot be sent",
    }
}

/// The messages for one recipient, checked.
pub(crate) fn prepare(
    cx: &mut Cx,
    from: &Origin,
    to: &str,
    draft: &Draft,
    times: (Option<Wall>, Option<Wall>),
    w: &With,
) -> Result<Vec<Submission>, &'static str> {
    let dest = Address::guess(to);
    if !dest.is_number() {
        return Err("not a number");
    }
    let (now, reference) = (cx.now().wall, cx.random() as u8);
    let most = w.conf.http.parts as usize;
    let parts = draft
        .parts(&dest, reference, most)
        .map_err(|error| match error {
            ComposeError::TooLong => "the text is too long",
            ComposeError::Alphabet => "the text has characters that its alphabet lacks",
            ComposeError::Class => "there is no such class in that alphabet",
            ComposeError::Address => "an address is too long",
        })?;
    let submission = |text: Text| {
        let (message, step) = smpp::check(now, from.clone(), text, times, w).map_err(reason)?;
        Ok(Submission::new(message, step))
    };
    parts.into_iter().map(submission).collect()
}

/// Begins the messages of one recipient. `None` is that there is no room.
pub(crate) fn submit(
    cx: &mut Cx,
    submissions: Vec<Submission>,
    w: &With,
) -> Result<Option<Vec<MessageId>>> {
    let mut begun = Vec::new();
    for submission in submissions {
        let Some(own) = w.home(cx) else {
            return Ok(None);
        };
        begun.extend(w.sms.message_id(cx, own).map(|id| (own, id, submission)));
    }
    let mut ids = Vec::new();
    for (own, id, submission) in begun {
        cx.fire(own, submission)?;
        ids.push(id);
    }
    Ok(Some(ids))
}

impl Gateway {
    /// `POST /v1/messages`.
    pub(crate) fn take_messages(
        &mut self,
        cx: &mut Cx,
        ev: &Request,
        asked: &Asked,
        w: &With,
    ) -> Result {
        let digest = digest(&ev.body);
        let reply = match &self.ledger {
            Some(ledger) if ledger.digest == digest => {
                accepted(&ledger.answer).header("Idempotent-Replayed", "true")
            }
            Some(_) => {
                let detail = "this Idempotency-Key was used for another request";
                Reply::problem(422, "key used before", detail)
            }
            None => match post(cx, ev, asked, w)? {
                Ok(answer) => {
                    if ev.header("idempotency-key").is_some() {
                        self.remember(cx, digest, &answer, w)?;
                    }
                    accepted(&answer)
                }
                Err((status, title, detail)) => Reply::problem(status, title, &detail),
            },
        };
        asked.http.respond(cx, asked.exchange, reply)
    }

    fn remember(&mut self, cx: &mut Cx, digest: u64, answer: &str, w: &With) -> Result {
        let home = w.sms.message(cx)?;
        cx.attach(home);
        cx.timer(home, w.conf.http.idempotency, Forget);
        self.ledger = Some(Box::new(Ledger {
            digest,
            answer: answer.into(),
            home,
        }));
        Ok(())
    }

    pub(crate) fn forget_key(&mut self, cx: &mut Cx, sms: Sms) -> Result {
        match self.ledger.take() {
            Some(ledger) => sms.end(cx, ledger.home),
            None => Ok(()),
        }
    }

    /// A question about this message.
    pub(crate) fn answer_ask(&mut self, cx: &mut Cx, ev: &Ask, w: &With) -> Result {
        let Some(http) = w.http else {
            return Ok(());
        };
        let id = self.own.and_then(|own| w.sms.message_id(cx, own));
        let theirs = |message: &&mut Box<Message>| {
            let own = message.from == Origin::User(ev.user.clone());
            own && !matches!(message.what, What::Receipt(_))
        };
        let (Some(message), Some(id)) = (self.message.as_mut().filter(theirs), id) else {
            return http.respond(cx, ev.exchange, not_found());
        };
        let now = cx.now().wall;
        if ev.question == Question::Cancel {
            forward::withdraw(cx, self.own, message, w)?;
        }
        let (reply, step) = match ev.question {
            Question::State => (shown(message, id)?, None),
            Question::Cancel => match message.cancel(now) {
                Ok(step) => (shown(message, id)?, Some(step)),
                Err(error) => (Reply::problem(409, "too late", &error.to_string()), None),
            },
        };
        http.respond(cx, ev.exchange, reply)?;
        match step {
            Some(step) => self.step(cx, step, None, w),
            None => Ok(()),
        }
    }
}

fn accepted(answer: &str) -> Reply {
    Reply::new(202).body("application/json", answer.to_owned())
}

fn not_found() -> Reply {
    Reply::problem(
        404,
        "not found",
        "there is no such message, or it is over for too long",
    )
}

/// Begins what a request wants sent; the answer, or why not.
fn post(cx: &mut Cx, ev: &Request, asked: &Asked, w: &With) -> Result<Result<String, Refusal>> {
    let now = cx.now().wall;
    let post = match ev.json::<Post>() {
        Ok(post) => post,
        Err(error) => return Ok(Err(bad(error.to_string()))),
    };
    let order = match post.order(asked.user, now) {
        Ok(order) => order,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let most = w.conf.http.recipients as usize;
    if post.to.0.is_empty() || post.to.0.len() > most {
        return Ok(Err(bad(format!("`to` has 1 to {most} recipients"))));
    }
    let from = Origin::User(asked.name.into());
    let mut messages = Vec::new();
    for to in &post.to.0 {
        let times = (order.begin, order.expires);
        let outcome = match prepare(cx, &from, to, &order.draft, times, w) {
            Ok(mut submissions) => {
                for submission in &mut submissions {
                    submission.message.wanted = order.wanted;
                    submission.message.back = order.back.clone();
                }
                submit(cx, submissions, w)?.ok_or("the gateway is full")
            }
            Err(error) => Err(error),
        };
        messages.push(Accepted::of(to, outcome));
    }
    if let Some(error) = messages.iter().map(|m| m.error).collect::<Option<Vec<_>>>() {
        let status = if error.contains(&"the gateway is full") {
            503
        } else {
            422
        };
        let detail = error.first().copied().unwrap_or_default();
        return Ok(Err((status, "no message was accepted", detail.to_owned())));
    }
    Ok(Ok(serde_json::to_string(&Answer { messages })?))
}

impl<'a> Accepted<'a> {
    fn of(to: &'a str, outcome: Result<Vec<MessageId>, &'static str>) -> Self {
        let (ids, error) = match outcome {
            Ok(ids) => (ids, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        Self {
            to,
            id: ids.first().cloned(),
            parts: if ids.len() > 1 { ids } else { Vec::new() },
            error,
        }
    }
}

/// Asks a message, which answers.
pub(crate) fn ask(cx: &mut Cx, id: &str, asked: &Asked, question: Question, w: &With) -> Result {
    let message: Option<Handle<SmsMessage>> = match id.parse::<MessageId>() {
        Ok(id) => w.sms.find(cx, id),
        Err(_) => None,
    };
    let Some(message) = message else {
        return asked.http.respond(cx, asked.exchange, not_found());
    };
    let ask = Ask {
        exchange: asked.exchange,
        user: asked.name.into(),
        question,
    };
    Ok(cx.fire(message, ask)?)
}

/// A message as it is.
fn shown(message: &Message, id: MessageId) -> Result<Reply> {
    let (What::Text(text) | What::Over(text)) = &message.what else {
        return Ok(not_found());
    };
    let (source, dest) = (text.source(), text.dest());
    let reference = match &message.back {
        Back::Webhook { reference, .. } => reference,
        Back::Nowhere | Back::Account | Back::Kannel(_) => "",
    };
    let shown = Shown {
        id: id.to_string(),
        from: &source.digits,
        to: &dest.digits,
        state: word(message.state),
        error: message.error,
        attempts_failed: message.failures,
        submitted: written(message.accepted),
        expires: written(message.expires),
        done: message.done.map(written),
        reference,
    };
    Ok(Reply::json(200, &shown)?)
}

/// 64 bits of a request, FNV-1a: two requests under one key are told apart, nobody is kept from making two alike.
fn digest(body: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    body.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_are_read() {
        let post: Post = serde_json::from_str(r#"{"to": "+4179", "text": "hi"}"#).expect("a post");
        assert_eq!(post.to.0, ["+4179"]);
        let list: Post =
            serde_json::from_str(r#"{"to": ["1", "2"], "data": "AAE="}"#).expect("a post");
        assert_eq!(list.to.0.len(), 2);
        for bad in [
            r#"{"text": "hi"}"#,
            r#"{"to": 41}"#,
            r#"{"to": "1", "txt": "x"}"#,
            r#"{"to": "1", "receipts": "some"}"#,
        ] {
            assert!(serde_json::from_str::<Post>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_those_of_rfc_3339() {
        let at = instant("2026-01-01T12:00:00Z").expect("a time");
        assert_eq!(written(at), "2026-01-01T12:00:00Z");
        assert!(instant("tomorrow").is_err());
    }

    #[test]
    fn requests_under_one_key_are_told_apart() {
        assert_eq!(digest(b""), 0xcbf2_9ce4_8422_2325);
        assert_ne!(digest(b"{\"a\":1}"), digest(b"{\"a\":2}"));
    }
}
