//! Messages of SIP users and for them: MESSAGE (RFC 3428) with plain text; `ims` has those of phones with SMS over IMS.
//!
//! A MESSAGE is answered 202 once it is stored; what becomes of it its sender is not told. One that goes out is delivered
//! when somebody has answered it with 2xx.

use strowger::prelude::*;
use strowger_sip::{self as sip, Outgoing, Reply, Sip, Target};
use strowger_sms::proto::wire::{Status, Submit};

use crate::compose::{Content, Draft};
use crate::content::read;
use crate::forward::{origin_alphabet, route};
use crate::message::{Address, Failure, Message, Origin, Step, What};
use crate::settings::{NoResponse, Settings};
use crate::{Gateway, With, api, ims};

const PLAIN: &str = "text/plain";

/// Who SIP users are to routes.
const SIP: &str = "sip";

/// Takes a MESSAGE to a number that has a route, of whom the settings trust.
pub(crate) fn pick(sel: &mut Selector) {
    let taken = match (sel.conf::<Settings>(), sel.event::<sip::Message>()) {
        (Some(conf), Some(ev)) => {
            let user = String::from_utf8_lossy(ev.user());
            let number =
                || Address::guess(&user).is_number() && conf.routes.find(SIP, &user).is_some();
            conf.sip.receive
                && conf.sip.trusted.holds(ev)
                && (ims::is_ims(ev.content_type()) || number())
        }
        _ => false,
    };
    if !taken {
        sel.decline();
    }
}

/// The URI of an address header, with or without a name in front.
pub(crate) fn uri(header: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(header).ok()?;
    let uri = match text.split_once('<') {
        Some((_, rest)) => rest.split('>').next()?,
        None => text.split(';').next()?,
    };
    Some(uri.trim().to_owned())
}

/// The user of its URI.
fn user(header: &[u8]) -> Option<String> {
    let target = Target::parse(&uri(header)?).ok()?;
    let user = String::from_utf8_lossy(target.user()).into_owned();
    (!user.is_empty()).then_some(user)
}

/// Who sends a MESSAGE: whom the network asserts, else whom it is from.
pub(crate) fn sender(ev: &sip::Request) -> Option<String> {
    let asserted = ev.header("P-Asserted-Identity").and_then(user);
    asserted.or_else(|| user(ev.header("From")?))
}

fn is_plain(kind: &[u8]) -> bool {
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(PLAIN.as_bytes())
}

/// Stores a MESSAGE, and says so in the same commit.
pub(crate) fn take(cx: &mut Cx, ev: &sip::Message, sip: Sip, w: &With) -> Result {
    if ims::is_ims(ev.content_type()) {
        return ims::take(cx, ev, sip, w);
    }
    if !is_plain(ev.content_type()) {
        let accept = format!("{PLAIN}, {}", ims::KIND);
        return sip.respond(cx, ev, Reply::new(415).header("Accept", &accept));
    }
    let (Some(source), Ok(text)) = (sender(ev), std::str::from_utf8(ev.body())) else {
        return sip.respond(cx, ev, 400);
    };
    let draft = Draft::new(
        Address::guess(&source),
        Content::Text(text.to_owned(), None),
    );
    let to = String::from_utf8_lossy(ev.user()).into_owned();
    let from = Origin::Sip(source.into());
    let Ok(submissions) = api::prepare(cx, &from, &to, &draft, (None, None), w) else {
        return sip.respond(cx, ev, 403);
    };
    let status = match api::submit(cx, submissions, w)? {
        Some(_) => 202,
        None => 503,
    };
    sip.respond(cx, ev, status)
}

/// A message as a MESSAGE; `template` is the URI of its route, `is_ims` whether it goes as SMS over IMS.
pub(crate) fn outgoing(
    cx: &Cx,
    message: &Message,
    submit: &Submit<'_>,
    (template, is_ims): (&str, bool),
    w: &With,
) -> Result<Outgoing, Failure> {
    let to = submit.dest.text();
    let number = match submit.dest.ton {
        1 => format!("+{to}"),
        _ => to.into_owned(),
    };
    let nowhere = Failure::Permanent(Status::RINVDSTADR.0);
    let target = Target::parse(&template.replace("{to}", &number)).map_err(|_| nowhere)?;
    let domain = w.conf.sip.domain.as_deref().unwrap_or("anonymous.invalid");
    let source = submit.source.text();
    let from = match source.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        true if submit.source.ton == 1 => format!("sip:+{source}@{domain}"),
        true => format!("sip:{source}@{domain}"),
        false => format!(
            "\"{}\" <sip:anonymous@{domain}>",
            source.replace(['"', '\\'], "")
        ),
    };
    if is_ims {
        return ims::outgoing(cx, message, submit, (&from, &target), w);
    }
    let refused = Failure::Permanent(Status::RINVDCS.0);
    let text = read(submit, origin_alphabet(cx, message, w)).ok_or(refused)?;
    let message = Outgoing::new("MESSAGE", &from, &target);
    Ok(message.body("text/plain;charset=UTF-8", text.into_bytes()))
}

impl Gateway {
    /// Somebody has answered a MESSAGE.
    pub(crate) fn was_messaged(&mut self, cx: &mut Cx, ev: &sip::Response, w: &With) -> Result {
        if ev.is_provisional() {
            return Ok(());
        }
        let status = u32::from(ev.status());
        if ev.is_success() && self.goes_by_ims(w.conf) {
            let call_id = ev.header("Call-ID").unwrap_or_default();
            return self.awaits_ack(cx, call_id);
        }
        if ev.is_success() {
            let now = cx.now().wall;
            let step = match &mut self.message {
                Some(message) => message.delivered(now),
                None => Step::Rest,
            };
            return self.step(cx, step, None, w);
        }
        let failure = match ev.status() {
            408 | 430 | 480 | 486 | 491 | 500 | 502..=504 | 600 => Failure::Temporary(status),
            _ => Failure::Permanent(status),
        };
        self.failed(cx, failure, w)
    }

    /// Whether a 2xx is not yet the end of it.
    fn goes_by_ims(&self, conf: &Settings) -> bool {
        let Some(message) = &self.message else {
            return false;
        };
        match &message.what {
            What::Text(text) => route(message, text, conf).is_some_and(|route| route.ims),
            What::Receipt(_) | What::Over(_) | What::Parts(_) => false,
        }
    }

    /// A MESSAGE is over. If it has had no answer, that went with its process.
    pub(crate) fn message_is_over(&mut self, cx: &mut Cx, w: &With) -> Result {
        let now = cx.now().wall;
        match (w.conf.no_response, &mut self.message) {
            (NoResponse::Resend, Some(message)) => {
                let step = message.again(now);
                self.step(cx, step, None, w)
            }
            _ => self.failed(cx, Failure::UnknownForGood, w),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_address_headers_are_found() {
        let of = |text: &str| user(text.as_bytes());
        assert_eq!(
            of("\"A\" <sip:+4179@a.example>;tag=1"),
            Some("+4179".to_owned())
        );
        assert_eq!(of("sip:4179@a.example;tag=1"), Some("4179".to_owned()));
        assert_eq!(of("<sip:a.example>"), None);
        assert_eq!(of("nobody"), None);
    }

    #[test]
    fn only_plain_text_is_plain() {
        assert!(is_plain(b"text/plain") && is_plain(b"Text/Plain; charset=utf-8"));
        assert!(!is_plain(b"text/html") && !is_plain(b""));
    }
}
