//! Long messages of subscribers that go to a webhook: their parts are kept until all are there, as programs want to read the
//! text and not its pieces.
//!
//! The entity of the first part takes the others, under a name made of what they have in common (TS 23.040 9.2.3.24.1). What
//! goes by SMPP keeps its parts as they came. Invariant: a part that was answered with success goes on, with the others or,
//! when they have not come in time, by itself.

use strowger::State;
use strowger::prelude::*;
use strowger::time::Wall;
use strowger_sms::proto::text::{Alphabet, Concat, UdhBuf, encode, udh};
use strowger_sms::proto::wire::{EncodeError, Status, Submit, TlvBuf, tlv};
use strowger_sms::{DeliverSm, Incoming};

use crate::content::{Text, read};
use crate::forward::origin_alphabet;
use crate::message::{Message, Origin, Phase, What};
use crate::route::{Route, Target};
use crate::settings::Settings;
use crate::when::Times;
use crate::{Gateway, Submission, With};

/// Parts that have come, in their order.
#[derive(Clone, Debug, State)]
pub(crate) struct Parts {
    total: u8,
    came: Vec<(u8, Text)>,
}

/// Octets of one part at most; what is longer was not cut for a radio interface.
const OCTETS: usize = 254;
/// esm_class: the content begins with a header.
const HEADER: u8 = 0x40;
/// data_coding: UCS2.
const UCS2: u8 = 0x08;

/// Has parts of one message go to one entity.
pub(crate) fn pick(sel: &mut Selector) {
    let (Some(ev), Some(conf)) = (sel.event::<DeliverSm>(), sel.conf::<Settings>()) else {
        return;
    };
    let submit = ev.submit();
    if let Some(at) = part(&submit, ev.peer().name(), conf) {
        let (link, source, dest) = (ev.peer().name(), submit.source.text(), submit.dest.text());
        let (reference, total, wide) = (at.reference, at.total, at.wide);
        let name = format!("join\n{link}\n{source}\n{dest}\n{reference}\n{wide}\n{total}");
        sel.by_activity = false;
        sel.custom = Some(name.into());
    }
}

/// Which part of a message for a webhook this is; `None` of what is no part, or is not to wait for others.
pub(crate) fn part(submit: &Submit<'_>, link: &str, conf: &Settings) -> Option<Concat> {
    if conf.http.join.is_zero() || submit.content().len() > OCTETS {
        return None;
    }
    let at = if submit.has_udh() {
        let (udh, _) = udh::parse(submit.content()).ok()?;
        udh.concat().filter(|_| udh.ports().is_none())
    } else {
        let number = |tag| submit.tlvs.u8(tag);
        let reference = submit.tlvs.u16(tlv::SAR_MSG_REF_NUM)?;
        let total = number(tlv::SAR_TOTAL_SEGMENTS)?;
        Concat::new(reference, total, number(tlv::SAR_SEGMENT_SEQNUM)?, true)
    };
    let at = at.filter(|at| at.total > 1)?;
    let target = conf.incoming.find(link, &submit.dest.text())?.target();
    matches!(target, Some(Target::Webhook(_))).then_some(at)
}

impl Parts {
    fn put(&mut self, number: u8, text: Text) {
        // The same part again says the same.
        if let Err(place) = self.came.binary_search_by_key(&number, |(n, _)| *n) {
            self.came.insert(place, (number, text));
        }
    }

    fn is_complete(&self) -> bool {
        self.came.len() >= usize::from(self.total)
    }

    /// All of them as one message; `None` if they are no text together. `default` is what data_coding 0 means.
    fn joined(&self, default: Alphabet) -> Result<Option<Text>, EncodeError> {
        let submits: Vec<Submit<'_>> = self.came.iter().map(|(_, text)| text.submit()).collect();
        let Some(first) = submits.first() else {
            return Ok(None);
        };
        let alike = |submit: &Submit<'_>| {
            let same = submit.data_coding == first.data_coding;
            same && header(submit) == header(first)
        };
        let (data_coding, header, octets) = if submits.iter().all(alike) {
            let bodies: Vec<&[u8]> = submits.iter().map(body).collect();
            (first.data_coding, header(first), bodies.concat())
        } else {
            let texts: Option<String> = submits.iter().map(|part| read(part, default)).collect();
            match texts.and_then(|text| encode(&text, Alphabet::Ucs2).ok()) {
                Some(octets) => (UCS2, Vec::new(), octets),
                None => return Ok(None),
            }
        };
        let content = [&header[..], &octets].concat();
        let mut tlvs = TlvBuf::new();
        for (tag, value) in first.tlvs.iter().filter(|(tag, _)| !is_of_part(*tag)) {
            tlvs.put(tag, value)?;
        }
        if content.len() > OCTETS {
            tlvs.put(tlv::MESSAGE_PAYLOAD, &content)?;
        }
        let whole = Submit {
            esm_class: first.esm_class & !HEADER | if header.is_empty() { 0 } else { HEADER },
            data_coding,
            short_message: if content.len() > OCTETS {
                b""
            } else {
                &content
            },
            tlvs: tlvs.as_tlvs(),
            ..*first
        };
        Text::written(&whole).map(Some)
    }
}

/// What of a part's header is still to be said of the whole: its languages.
fn header(submit: &Submit<'_>) -> Vec<u8> {
    let udh = submit.has_udh().then(|| udh::parse(submit.content()).ok());
    let shift = udh.flatten().map(|(udh, _)| udh.shift());
    shift.map_or_else(Vec::new, |shift| UdhBuf::new().shift(shift).into_octets())
}

/// A part without its header.
fn body<'a>(submit: &Submit<'a>) -> &'a [u8] {
    let content = submit.content();
    match submit.has_udh().then(|| udh::parse(content)) {
        Some(Ok((_, body))) => body,
        Some(Err(_)) | None => content,
    }
}

const fn is_of_part(tag: u16) -> bool {
    matches!(
        tag,
        tlv::SAR_MSG_REF_NUM
            | tlv::SAR_TOTAL_SEGMENTS
            | tlv::SAR_SEGMENT_SEQNUM
            | tlv::MESSAGE_PAYLOAD
    )
}

impl Gateway {
    /// A part of a message.
    pub(crate) fn take_part(
        &mut self,
        cx: &mut Cx,
        ev: &Incoming,
        (at, text): (Concat, Text),
        w: &With,
    ) -> Result {
        let Some(message) = &mut self.message else {
            return self.take_first_part(cx, ev, (at, text), w);
        };
        let waits = message.phase != Phase::Over;
        let What::Parts(parts) = &mut message.what else {
            return w.sms.refuse(cx, ev, Status::RX_T_APPN);
        };
        if !waits {
            // The message has just gone on: this one is of another, and its sender tries again.
            return w.sms.refuse(cx, ev, Status::RX_T_APPN);
        }
        parts.put(at.number, text);
        w.sms.refuse(cx, ev, Status::ROK)?;
        match parts.is_complete() {
            true => self.go_on(cx, w),
            false => Ok(()),
        }
    }

    fn take_first_part(
        &mut self,
        cx: &mut Cx,
        ev: &Incoming,
        (at, text): (Concat, Text),
        w: &With,
    ) -> Result {
        let Some(own) = w.home(cx) else {
            return w.sms.refuse(cx, ev, Status::RMSGQFUL);
        };
        cx.attach(own);
        let now = cx.now().wall;
        let until = now + w.conf.http.join;
        let parts = Parts {
            total: at.total,
            came: vec![(at.number, text)],
        };
        let from = Origin::Link(ev.peer().name().as_str().into());
        self.own = Some(own);
        self.message = Some(Box::new(Message::parts(from, parts, now, until)));
        w.sms.refuse(cx, ev, Status::ROK)?;
        self.wake(cx, until)
    }

    /// Parts are not waited for any longer: they go on, as one message if all are there.
    pub(crate) fn go_on(&mut self, cx: &mut Cx, w: &With) -> Result {
        let (Some(own), Some(message)) = (self.own, &mut self.message) else {
            return Ok(());
        };
        let now = cx.now().wall;
        let What::Parts(parts) = &message.what else {
            return Ok(());
        };
        let whole = match parts.is_complete() {
            true => parts.joined(origin_alphabet(cx, message, w))?,
            false => None,
        };
        let texts = match whole {
            Some(whole) => vec![whole],
            None => parts.came.iter().map(|(_, text)| text.clone()).collect(),
        };
        for text in texts {
            let times = times(now, &message.from, &text, w.conf);
            let (next, step) = Message::text(message.from.clone(), text, now, times);
            let home = w.sms.message(cx)?;
            cx.fire(home, Submission::new(next, step))?;
        }
        message.phase = Phase::Over;
        self.stop(cx);
        w.sms.end(cx, own)
    }
}

/// From when to when what goes on is tried.
fn times(now: Wall, from: &Origin, text: &Text, conf: &Settings) -> Times {
    let route = conf.incoming.find(from.name(), &text.dest().digits);
    let validity = route.and_then(|route: &Route| route.validity);
    Times::of(now, None, None, conf.bounds(validity)).unwrap_or(Times {
        begin: None,
        expires: now + conf.validity,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(data_coding: u8, octets: &[u8]) -> Text {
        let submit = Submit {
            esm_class: HEADER,
            data_coding,
            short_message: octets,
            ..Submit::default()
        };
        Text::written(&submit).expect("a part")
    }

    fn joined(texts: Vec<Text>) -> Option<Text> {
        let total = u8::try_from(texts.len()).expect("few");
        let parts = Parts {
            total,
            came: (1..=total).zip(texts).collect(),
        };
        assert!(parts.is_complete());
        parts.joined(Alphabet::Gsm7).expect("it fits")
    }

    #[test]
    fn parts_are_put_together_without_their_headers() {
        let whole = joined(vec![
            text(0, b"\x05\x00\x03\x07\x02\x01caf"),
            text(0, b"\x05\x00\x03\x07\x02\x02\x05"),
        ]);
        let whole = whole.expect("a message");
        let submit = whole.submit();
        assert!(!submit.has_udh());
        assert_eq!(read(&submit, Alphabet::Gsm7).as_deref(), Some("café"));
    }

    #[test]
    fn parts_in_different_alphabets_are_one_text() {
        let whole = joined(vec![
            text(0, b"\x05\x00\x03\x07\x02\x01a"),
            text(8, b"\x05\x00\x03\x07\x02\x02\x20\xac"),
        ]);
        let whole = whole.expect("a message");
        assert_eq!(read(&whole.submit(), Alphabet::Gsm7).as_deref(), Some("a€"));
        let binary = joined(vec![
            text(0, b"\x05\x00\x03\x07\x02\x01a"),
            text(4, b"\x05\x00\x03\x07\x02\x02\x01"),
        ]);
        assert!(binary.is_none());
    }

    #[test]
    fn the_language_of_the_parts_is_that_of_the_whole() {
        // Turkish, single shift: escape and `c` is a c with cedilla.
        let whole = joined(vec![
            text(0, b"\x08\x24\x01\x01\x00\x03\x07\x02\x01\x1b"),
            text(0, b"\x08\x24\x01\x01\x00\x03\x07\x02\x02c"),
        ]);
        let whole = whole.expect("a message");
        assert_eq!(read(&whole.submit(), Alphabet::Gsm7).as_deref(), Some("ç"));
    }

    #[test]
    fn what_is_long_goes_into_the_payload() {
        let part = |number| {
            let mut octets = vec![5, 0, 3, 7, 3, number];
            octets.resize(140, b'x');
            text(0, &octets)
        };
        let whole = joined(vec![part(1), part(2), part(3)]).expect("a message");
        let submit = whole.submit();
        assert!(submit.short_message.is_empty());
        assert_eq!(submit.content().len(), 3 * 134);
    }

    #[test]
    fn a_part_that_comes_twice_is_one() {
        let mut parts = Parts {
            total: 2,
            came: vec![(2, text(0, b"\x05\x00\x03\x07\x02\x02b"))],
        };
        parts.put(2, text(0, b"\x05\x00\x03\x07\x02\x02b"));
        assert!(!parts.is_complete());
        parts.put(1, text(0, b"\x05\x00\x03\x07\x02\x01a"));
        assert!(parts.is_complete());
        assert_eq!(
            parts.came.iter().map(|(n, _)| *n).collect::<Vec<_>>(),
            [1, 2]
        );
    }
}
