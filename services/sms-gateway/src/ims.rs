//! SMS over IMS: `application/vnd.3gpp.sms`, which is a relay message (TS 24.011) with a TPDU (TS 23.040) in a MESSAGE
//! (TS 24.341).
//!
//! What a phone sends is acknowledged by RP-ACK in a MESSAGE of our own, in the commit that stores it. What goes to a phone
//! is delivered when its RP-ACK has come, which names our MESSAGE by its Call-ID; without one it is sent again.

use strowger::prelude::*;
use strowger::time::Wall;
use strowger_sip::{self as sip, Outgoing, Sip, Target};
use strowger_sms::SmsMessage;
use strowger_sms::proto::rp::{Message as Body, Rp, cause};
use strowger_sms::proto::text::{Alphabet, DataCoding, Dcs, choose, decode, encode, udh};
use strowger_sms::proto::tpdu::{
    Address as Party, Deliver, Direction, Submit as TpSubmit, SubmitReport, Timestamp, Tpdu,
    UserData,
};
use strowger_sms::proto::wire::{Addr, Status, Submit};

use crate::content::Text;
use crate::forward::origin_alphabet;
use crate::message::{Failure, Message, Origin, Step};
use crate::phones::sender;
use crate::{Gateway, Submission, With, api, smpp};

/// The content type.
pub(crate) const KIND: &str = "application/vnd.3gpp.sms";

/// How long a phone has for its RP-ACK (TS 24.011 10, TR1N: 35 to 45 s).
const ACKNOWLEDGED: Duration = secs(45);

/// esm_class: the content begins with a header.
const HEADER: u8 = 0x40;

/// A phone has acknowledged a message, or refused it: fired on the message.
#[derive(Clone, Debug, Event)]
pub(crate) struct Acknowledged {
    cause: Option<u8>,
}

/// Whether a body is of that content type.
pub(crate) fn is_ims(kind: &[u8]) -> bool {
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(KIND.as_bytes())
}

/// The name under which a message is found by the Call-ID of the MESSAGE that carried it.
fn name(call_id: &[u8]) -> String {
    format!("sms-gateway/rp/{}", String::from_utf8_lossy(call_id))
}

/// A MESSAGE with a relay message.
pub(crate) fn take(cx: &mut Cx, ev: &sip::Message, sip: Sip, w: &With) -> Result {
    let rp = match Rp::parse(ev.body()) {
        Ok(rp) if rp.direction == Direction::ToCentre => rp,
        Ok(_) => return sip.respond(cx, ev, 400),
        Err(fault) => {
            return match fault.answer(Direction::ToCentre) {
                Some(error) => {
                    sip.respond(cx, ev, 202)?;
                    reply(cx, ev, sip, &error)
                }
                None => sip.respond(cx, ev, 400),
            };
        }
    };
    sip.respond(cx, ev, 202)?;
    let answer = match &rp.message {
        Body::Data { .. } => match store(cx, ev, &rp, w)? {
            Ok(report) => rp.ack(report),
            Err(cause) => rp.error(cause, None),
        },
        Body::MemoryAvailable => rp.ack(None),
        Body::Ack { .. } => return acknowledge(cx, ev, None),
        Body::Error { cause, .. } => return acknowledge(cx, ev, Some(*cause)),
    };
    reply(cx, ev, sip, &answer)
}

/// Stores what a phone has sent; the report for it, or the cause why not.
fn store(cx: &mut Cx, ev: &sip::Message, rp: &Rp, w: &With) -> Result<Result<Option<Vec<u8>>, u8>> {
    let now = cx.now().wall;
    let second = i64::try_from(now.0 / 1_000).unwrap_or(i64::MAX);
    let Some(Ok(Tpdu::Submit(submit))) = rp.tpdu() else {
        return Ok(Err(cause::SEMANTICS));
    };
    let Some(source) = sender(ev) else {
        return Ok(Err(cause::UNIDENTIFIED));
    };
    let until = submit.validity.until(second);
    let expires = until.and_then(|until| Some(Wall(u64::try_from(until).ok()? * 1_000)));
    let Ok(text) = text(&submit, &source) else {
        return Ok(Err(cause::SEMANTICS));
    };
    let from = Origin::Sip(source.into());
    let (message, step) = match smpp::check(now, from, text, (None, expires), w) {
        Ok(checked) => checked,
        Err(Status::RINVDSTADR) => return Ok(Err(cause::UNASSIGNED)),
        Err(_) => return Ok(Err(cause::REJECTED)),
    };
    Ok(
        match api::submit(cx, vec![Submission::new(message, step)], w)? {
            Some(_) => {
                let report = SubmitReport {
                    timestamp: Timestamp::new(second, 0),
                    ..SubmitReport::default()
                };
                Ok(report.encode().ok())
            }
            None => Err(cause::CONGESTION),
        },
    )
}

/// An SMS-SUBMIT as it is kept.
fn text(submit: &TpSubmit, source: &str) -> Result<Text, strowger_sms::proto::wire::EncodeError> {
    let source = crate::message::Address::guess(source);
    let (from, to) = (source.octets(), submit.destination.value.as_bytes());
    let content = [&submit.user_data.header[..], &submit.user_data.body].concat();
    Text::written(&Submit {
        source: Addr::new(source.ton, source.npi, &from),
        dest: Addr::new(submit.destination.ton, submit.destination.npi, to),
        esm_class: if submit.user_data.header.is_empty() {
            0
        } else {
            HEADER
        },
        protocol_id: submit.protocol_id,
        data_coding: DataCoding::from_dcs(submit.dcs).0,
        short_message: &content,
        ..Submit::default()
    })
}

/// Sends a relay message back to where one came from.
fn reply(cx: &mut Cx, ev: &sip::Message, sip: Sip, rp: &Rp) -> Result {
    let to = ev
        .header("P-Asserted-Identity")
        .or_else(|| ev.header("From"));
    let uri = to.and_then(crate::phones::uri);
    let (Some(uri), Ok(body)) = (uri, rp.encode()) else {
        return Ok(());
    };
    let target = Target::parse(&uri)?.over(ev.flow());
    let own = String::from_utf8_lossy(ev.uri()).into_owned();
    let call_id = String::from_utf8_lossy(ev.call_id()).into_owned();
    let message = Outgoing::new("MESSAGE", &own, &target)
        .header("In-Reply-To", &call_id)
        .body(KIND, body);
    sip.request(cx, message).map(drop)
}

/// Tells the message that a MESSAGE answers.
fn acknowledge(cx: &mut Cx, ev: &sip::Message, cause: Option<u8>) -> Result {
    let message = ev.header("In-Reply-To").and_then(|id| cx.lookup(&name(id)));
    match message.and_then(|message| cx.narrow::<SmsMessage>(message)) {
        Some(message) => Ok(cx.fire(message, Acknowledged { cause })?),
        None => Ok(()),
    }
}

/// A message as RP-DATA in a MESSAGE; `reference` is the relay layer's.
pub(crate) fn outgoing(
    cx: &Cx,
    message: &Message,
    submit: &Submit<'_>,
    (from, target): (&str, &Target),
    w: &With,
) -> Result<Outgoing, Failure> {
    let refused = Failure::Permanent(Status::RINVDCS.0);
    let (dcs, user_data) = data(submit, origin_alphabet(cx, message, w)).ok_or(refused)?;
    let tpdu = Deliver {
        originator: Party {
            ton: submit.source.ton,
            npi: submit.source.npi,
            value: submit.source.text().into_owned(),
        },
        protocol_id: submit.protocol_id,
        dcs,
        timestamp: Timestamp::new(i64::try_from(message.accepted.0 / 1_000).unwrap_or(0), 0),
        user_data,
        ..Deliver::default()
    };
    let too_long = Failure::Permanent(Status::RINVMSGLEN.0);
    let rp = Rp {
        direction: Direction::ToPhone,
        reference: (cx.now().wall.0 / 1_000) as u8,
        message: Body::Data {
            centre: Some(Party::of(&w.conf.sip.centre)),
            tpdu: tpdu.encode().map_err(|_| too_long)?,
        },
    };
    let body = rp.encode().map_err(|_| too_long)?;
    let message = Outgoing::new("MESSAGE", from, target)
        .header("Accept-Contact", "*;+g.3gpp.smsip;require;explicit")
        .header("Request-Disposition", "no-fork");
    Ok(message.body(KIND, body))
}

/// The user data of a message; `None` if its coding is none that phones know.
fn data(submit: &Submit<'_>, default: Alphabet) -> Option<(Dcs, UserData)> {
    let coding = DataCoding(submit.data_coding);
    let alphabet = coding.alphabet(default)?;
    let content = submit.content();
    let (header, body) = match submit.has_udh() {
        true => {
            let (udh, body) = udh::parse(content).ok()?;
            (udh.raw(), body)
        }
        false => (&[][..], content),
    };
    let (alphabet, body) = match alphabet {
        Alphabet::Latin1 | Alphabet::Ascii => {
            let text = decode(alphabet, body).text;
            let alphabet = choose(&text);
            (alphabet, encode(&text, alphabet).ok()?)
        }
        Alphabet::Gsm7 | Alphabet::Gsm7Shift(_) | Alphabet::Ucs2 | Alphabet::Binary => {
            (alphabet, body.to_vec())
        }
    };
    let header = header.to_vec();
    Some((
        Dcs::of(alphabet, coding.class())?,
        UserData { header, body },
    ))
}

impl Gateway {
    /// The phone's network has taken a MESSAGE: its RP-ACK is to come in another one.
    pub(crate) fn awaits_ack(&mut self, cx: &mut Cx, call_id: &[u8]) -> Result {
        let until = cx.now().wall + ACKNOWLEDGED;
        let (Some(own), Some(message)) = (self.own, &mut self.message) else {
            return Ok(());
        };
        message.hold(until);
        cx.bind(&name(call_id), own)?;
        self.wake(cx, until)
    }

    /// RP-ACK, or RP-ERROR with its cause.
    pub(crate) fn was_acknowledged(&mut self, cx: &mut Cx, ev: &Acknowledged, w: &With) -> Result {
        let now = cx.now().wall;
        let Some(message) = &mut self.message else {
            return Ok(());
        };
        let failure = match ev.cause {
            None => {
                let step = message.delivered(now);
                return self.step(cx, step, None, w);
            }
            Some(cause) if cause == cause::MEMORY || cause::is_temporary(cause) => {
                Failure::Temporary(u32::from(cause))
            }
            Some(cause) => Failure::Permanent(u32::from(cause)),
        };
        if message.resume() == Step::Rest {
            return Ok(());
        }
        self.failed(cx, failure, w)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_of_phones_is_told_by_its_type() {
        assert!(is_ims(b"application/vnd.3gpp.sms") && is_ims(b"Application/VND.3GPP.SMS ;x=1"));
        assert!(!is_ims(b"text/plain"));
    }

    #[test]
    fn user_data_is_in_an_alphabet_that_phones_know() {
        let of = |data_coding, octets: &[u8], default| {
            let submit = Submit {
                data_coding,
                short_message: octets,
                ..Submit::default()
            };
            data(&submit, default).map(|(dcs, data)| (dcs.0, data.body))
        };
        assert_eq!(of(0, b"a", Alphabet::Gsm7), Some((0, b"a".to_vec())));
        assert_eq!(of(0, b"\xe9", Alphabet::Latin1), Some((0, vec![5])));
        assert_eq!(of(3, b"\xea", Alphabet::Gsm7), Some((8, vec![0, 0xea])));
        assert_eq!(of(4, b"\x01", Alphabet::Gsm7), Some((4, vec![1])));
        assert_eq!(of(5, b"x", Alphabet::Gsm7), None);
    }
}
