//! How a message goes to its next hop, and what the next hop's answer means for it.
//!
//! The route is looked up for each attempt. Nothing is sent here: what is planned is sent by the entity, and its outcome
//! comes back as an event.

use strowger::prelude::*;
use strowger_sms::proto::text::{Alphabet, udh};
use strowger_sms::proto::time::absolute;
use strowger_sms::proto::wire::{Status, Submit, TlvBuf, tlv};
use strowger_sms::{
    DeliveryReceipt, MessageState, Outgoing, Peer, SendError, SendFailed, Sent, SmsMessage, To,
};

use crate::content::{Text, recode};
use crate::message::{Back, Failure, Message, Origin, Phase, Told, What};
use crate::report;
use crate::retry::Retry;
use crate::route::{Route, Target};
use crate::settings::{NoResponse, Settings};
use crate::wanted::News;
use crate::{Gateway, With, hooks, kannel, phones};

/// What an attempt is.
pub(crate) enum Plan {
    /// By SMPP.
    Sms(To, Outgoing),
    /// By HTTP.
    Http(strowger_http::Outgoing),
    /// By SIP.
    Sip(strowger_sip::Outgoing),
    /// There is nothing to be sent.
    Nowhere(Failure),
}

/// What the next hop has said of a message.
pub(crate) struct Heard {
    pub(crate) link: Box<str>,
    pub(crate) upstream: Box<str>,
    pub(crate) text: Box<str>,
}

/// Octets of a short_message; what is longer goes into message_payload.
const SHORT: usize = 254;

/// The route of a message that somebody sent.
pub(crate) fn route<'a>(message: &Message, text: &Text, conf: &'a Settings) -> Option<&'a Route> {
    let routes = match message.from {
        Origin::Link(_) => &conf.incoming,
        Origin::Account(_) | Origin::User(_) | Origin::Sip(_) => &conf.routes,
    };
    routes.find(message.from.name(), &text.submit().dest.text())
}

/// The schedule of a message.
pub(crate) fn retry(message: &Message, w: &With) -> Retry {
    match &message.what {
        What::Receipt(_) => w.conf.receipts.retry,
        What::Text(text) | What::Over(text) => route(message, text, w.conf)
            .and_then(|route| route.retry)
            .unwrap_or(w.conf.retry),
        What::Parts(_) => w.conf.retry,
    }
}

/// How long a message that is over can be asked for.
pub(crate) fn keep(message: &Message, conf: &Settings) -> Duration {
    match message.from {
        Origin::Account(_) => conf.keep,
        Origin::User(_) => conf.http.keep,
        Origin::Link(_) | Origin::Sip(_) => Duration::ZERO,
    }
}

/// The next attempt.
pub(crate) fn plan(cx: &Cx, own: Handle<SmsMessage>, message: &Message, w: &With) -> Result<Plan> {
    match &message.what {
        What::Text(text) => plan_text(cx, own, message, text, w),
        What::Receipt(told) => plan_receipt(cx, own, message, told, w),
        What::Over(_) | What::Parts(_) => Ok(Plan::Nowhere(Failure::Permanent(0))),
    }
}

fn plan_receipt(
    cx: &Cx,
    own: Handle<SmsMessage>,
    message: &Message,
    told: &Told,
    w: &With,
) -> Result<Plan> {
    let name = message.from.name();
    Ok(match (&message.back, &message.from) {
        (Back::Account, Origin::Account(account)) => {
            let outgoing = report::deliver(cx, told, account, w)?;
            Plan::Sms(To::account(account), outgoing.until(message.expires))
        }
        (Back::Webhook { url, reference }, _) => {
            let outgoing = hooks::receipt(told, url, reference, w)?;
            Plan::Http(keyed(cx, own, outgoing, w))
        }
        (Back::Kannel(url), _) => {
            let url = kannel::expand(url, told, name);
            let outgoing = strowger_http::Outgoing::get(&url).deadline(w.conf.http.answer);
            match outgoing.is_good() {
                Ok(()) => Plan::Http(keyed(cx, own, outgoing, w)),
                Err(_) => Plan::Nowhere(Failure::Permanent(0)),
            }
        }
        (Back::Nowhere | Back::Account, _) => Plan::Nowhere(Failure::Permanent(0)),
    })
}

/// A call that can be told from others when it is made again.
fn keyed(
    cx: &Cx,
    own: Handle<SmsMessage>,
    outgoing: strowger_http::Outgoing,
    w: &With,
) -> strowger_http::Outgoing {
    match w.sms.message_id(cx, own) {
        Some(id) => outgoing.header("Idempotency-Key", &id.to_string()),
        None => outgoing,
    }
}

fn plan_text(
    cx: &Cx,
    own: Handle<SmsMessage>,
    message: &Message,
    text: &Text,
    w: &With,
) -> Result<Plan> {
    let nowhere = Failure::Permanent(Status::RINVDSTADR.0);
    let target = route(message, text, w.conf).and_then(Route::target);
    if let (None, Some(Target::Webhook(url))) = (&text.via, target) {
        let Some(id) = w.sms.message_id(cx, own) else {
            return Ok(Plan::Nowhere(nowhere));
        };
        let outgoing = hooks::message(cx, message, &text.submit(), id, url, w)?;
        return Ok(Plan::Http(keyed(cx, own, outgoing, w)));
    }
    if let (None, Some(Target::Sip(uri))) = (&text.via, target) {
        let is_ims = route(message, text, w.conf).is_some_and(|route| route.ims);
        let outgoing = phones::outgoing(cx, message, &text.submit(), (uri, is_ims), w);
        return Ok(outgoing.map_or_else(Plan::Nowhere, Plan::Sip));
    }
    let Some(to) = destination(cx, message, text, w) else {
        return Ok(Plan::Nowhere(nowhere));
    };
    let outgoing = outgoing(cx, message, text, &to, w)?.until(message.expires);
    let outgoing = match reference(&text.submit()) {
        Some(number) => outgoing.sticky(number),
        None => outgoing,
    };
    Ok(Plan::Sms(to, outgoing))
}

/// What a message lives on of whose attempt nothing has left yet.
pub(crate) fn queued(
    cx: &Cx,
    own: Option<Handle<SmsMessage>>,
    message: &Message,
    w: &With,
) -> Option<Handle<SmsMessage>> {
    own.filter(|own| message.phase == Phase::Sending && w.sms.is_queued(cx, *own))
}

/// Takes an attempt back of which nothing has left yet, so that the message can be cancelled or replaced.
pub(crate) fn withdraw(
    cx: &mut Cx,
    own: Option<Handle<SmsMessage>>,
    message: &mut Message,
    w: &With,
) -> Result {
    match queued(cx, own, message, w) {
        Some(own) => {
            message.withdrawn(cx.now().wall);
            w.sms.withdraw(cx, own)
        }
        None => Ok(()),
    }
}

/// Where by SMPP a message goes.
fn destination(cx: &Cx, message: &Message, text: &Text, w: &With) -> Option<To> {
    if let Some(via) = &text.via {
        return Some(match w.sms.group(cx, via) {
            Some(_) => To::group(via),
            None => To::link(via),
        });
    }
    match route(message, text, w.conf)?.target()? {
        Target::Group(name) => Some(To::group(name)),
        Target::Link(name) => Some(To::link(name)),
        Target::Account(name) => Some(To::account(name)),
        Target::Webhook(_) | Target::Sip(_) => None,
    }
}

/// A message as the next hop gets it: the same but for what is between two neighbours only.
fn outgoing(cx: &Cx, message: &Message, text: &Text, to: &To, w: &With) -> Result<Outgoing> {
    let submit = text.submit();
    let until = absolute(message.expires.0 / 1_000);
    let own = origin_alphabet(cx, message, w);
    let recoded = recode(&submit, own, target_alphabet(cx, to, w));
    let mut tlvs = TlvBuf::new();
    let mut forwarded = Submit {
        // The mode of a message that is stored is the default.
        esm_class: submit.esm_class & !0x03,
        schedule: "",
        validity: "",
        registered_delivery: 0,
        replace_if_present: 0,
        ..submit
    };
    if let Some((data_coding, octets)) = &recoded {
        forwarded.data_coding = *data_coding;
        for (tag, value) in submit
            .tlvs
            .iter()
            .filter(|(tag, _)| *tag != tlv::MESSAGE_PAYLOAD)
        {
            tlvs.put(tag, value)?;
        }
        forwarded.short_message = match octets.len() {
            0..=SHORT => octets,
            _ => {
                tlvs.put(tlv::MESSAGE_PAYLOAD, octets)?;
                b""
            }
        };
        forwarded.tlvs = tlvs.as_tlvs();
    }
    if let To::Account(_) = to {
        return Ok(Outgoing::deliver(&forwarded)?);
    }
    forwarded.registered_delivery = message.wanted.upstream();
    if text.limited {
        forwarded.validity = until.as_ref();
    }
    Ok(Outgoing::submit(&forwarded)?)
}

/// What data_coding 0 means to who sent a message.
pub(crate) fn origin_alphabet(cx: &Cx, message: &Message, w: &With) -> Alphabet {
    let known = match &message.from {
        Origin::Account(name) => w.sms.account(cx, name).map(|account| account.alphabet),
        Origin::Link(name) => w.sms.link(cx, name).map(|link| link.alphabet),
        Origin::User(_) | Origin::Sip(_) => None,
    };
    known.unwrap_or(Alphabet::Gsm7)
}

/// What it means to the next hop; of a group, to its first link.
fn target_alphabet(cx: &Cx, to: &To, w: &With) -> Alphabet {
    let known = match to {
        To::Account(name) => w.sms.account(cx, name).map(|account| account.alphabet),
        To::Link(name) => w.sms.link(cx, name).map(|link| link.alphabet),
        To::Group(name) => {
            let group = w.sms.group(cx, name);
            group.and_then(|group| group.links.first().map(|link| link.alphabet))
        }
    };
    known.unwrap_or(Alphabet::Gsm7)
}

/// What the parts of one message have in common.
fn reference(submit: &Submit<'_>) -> Option<u32> {
    if submit.has_udh() {
        let (udh, _) = udh::parse(submit.content()).ok()?;
        return udh.concat().map(|concat| u32::from(concat.reference));
    }
    submit.tlvs.u16(tlv::SAR_MSG_REF_NUM).map(u32::from)
}

impl Gateway {
    /// The next hop has answered.
    pub(crate) fn was_sent(&mut self, cx: &mut Cx, ev: &Sent, w: &With) -> Result {
        let Some(message) = &mut self.message else {
            return Ok(());
        };
        if !ev.is_ok() {
            let failure = match w.conf.is_temporary(ev.status.0) {
                true => Failure::Temporary(ev.status.0),
                false => Failure::Permanent(ev.status.0),
            };
            return self.failed(cx, failure, w);
        }
        let now = cx.now().wall;
        let heard = Heard {
            link: ev.peer.name().as_str().into(),
            upstream: ev.upstream_id.clone(),
            text: Box::default(),
        };
        let step = match ev.peer {
            Peer::Account(_) => message.delivered(now),
            Peer::Link(_) => {
                let until = message.expires + w.conf.receipts.grace;
                let awaits = message.wanted.the_end().then_some(until);
                report::mention(cx, self.own, message, News::Accepted, Some(&heard), w);
                message.taken(now, awaits)
            }
        };
        self.step(cx, step, Some(&heard), w)
    }

    /// Nobody has answered.
    pub(crate) fn was_not_sent(&mut self, cx: &mut Cx, ev: &SendFailed, w: &With) -> Result {
        let resend = w.conf.no_response == NoResponse::Resend;
        let failure = if ev.maybe_sent
            && resend
            && matches!(ev.reason, SendError::Restarted | SendError::Stopping)
        {
            // It is not the peer's doing that there was no answer: there is nothing to wait for but the link.
            Failure::Unreachable
        } else if ev.maybe_sent {
            unknown(w.conf)
        } else if ev.reason == SendError::NotAllowed {
            Failure::Permanent(Status::RSYSERR.0)
        } else if ev.reason == SendError::Unknown {
            // Settings that name nobody may be corrected while the message waits.
            Failure::Temporary(Status::RINVDSTADR.0)
        } else {
            Failure::Unreachable
        };
        if failure == Failure::Unreachable
            && ev.reason != SendError::Expired
            && let (Some(own), Some(message)) = (self.own, &self.message)
            && let Some(to) = waits_for(cx, message, w)
        {
            w.sms.wait(cx, own, &to)?;
        }
        self.failed(cx, failure, w)
    }

    /// The next hop tells what became of it.
    pub(crate) fn was_told(&mut self, cx: &mut Cx, ev: &DeliveryReceipt, w: &With) -> Result {
        let now = cx.now().wall;
        let Some(message) = &mut self.message else {
            return Ok(());
        };
        let heard = Heard {
            link: ev.link.as_str().into(),
            upstream: ev.upstream_id.clone(),
            text: ev.text.clone(),
        };
        if ev.intermediate {
            report::mention(cx, self.own, message, News::Buffered, Some(&heard), w);
            return Ok(());
        }
        let error = ev.error.map_or(0, |error| u32::from(error.code));
        let step = message.told(now, end_of(ev.state), error);
        self.step(cx, step, Some(&heard), w)
    }
}

/// Nobody knows whether a message has arrived.
const fn unknown(conf: &Settings) -> Failure {
    match conf.no_response {
        NoResponse::Resend => Failure::Unknown,
        NoResponse::Fail => Failure::UnknownForGood,
    }
}

/// The place where a message waits for room.
fn waits_for(cx: &Cx, message: &Message, w: &With) -> Option<To> {
    match &message.what {
        What::Text(text) => destination(cx, message, text, w),
        What::Receipt(_) => match &message.from {
            Origin::Account(account) => Some(To::account(account)),
            Origin::Link(_) | Origin::User(_) | Origin::Sip(_) => None,
        },
        What::Over(_) | What::Parts(_) => None,
    }
}

/// The state in which a message ends of which that is told for good.
fn end_of(state: MessageState) -> MessageState {
    match state.is_final() {
        true => state,
        false => MessageState::Unknown,
    }
}
