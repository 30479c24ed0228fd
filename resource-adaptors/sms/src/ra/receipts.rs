//! Receipts of message centres: whose they are, and those that come before the answer to the message.
//!
//! A receipt is answered when the service that it is for has taken it in. One whose message is not known yet is kept for a
//! while: its message centre may have sent it before the answer to submit_sm. It is answered after a shorter while, so that
//! one that nobody knows does not keep others from coming; the process must not die in between.

use std::collections::{HashMap, VecDeque};

use smallvec::SmallVec;
use strowger::id::ActivityId;
use strowger::ra::RaCx;
use strowger::time::Wall;

use super::Core;
use super::lanes::Lane;
use super::requests::{Asked, At};
use super::sessions::SessionKey;
use super::settings::{ReceiptSetting, ms};
use super::upstream::{Candidates, Key};
use crate::api::{DeliveryReceipt, Incoming, MessageState, Name, NetworkError};
use crate::proto::receipt::Receipt;
use crate::proto::session::InKey;
use crate::proto::time::Ms;
use crate::proto::wire::{Pdu, Status, Tlvs, text, tlv};

/// Receipts whose message is not known yet.
#[derive(Debug, Default)]
pub(super) struct Early {
    /// In the order in which they came.
    kept: VecDeque<Option<Kept>>,
    /// The number of the first of them.
    first: u64,
    /// Their numbers, by what finds them.
    by_id: HashMap<u64, SmallVec<[u64; 1]>>,
    /// When which of them is answered, unless it has been.
    answers: VecDeque<(Ms, u64)>,
}

#[derive(Debug)]
struct Kept {
    receipt: DeliveryReceipt,
    candidates: Candidates,
    session: SessionKey,
    /// What names it, until it is answered.
    key: Option<InKey>,
    until: Ms,
}

/// A receipt as it is read.
struct Parsed {
    receipt: DeliveryReceipt,
    /// The number of the message that it is about.
    number: SmallVec<[u8; 24]>,
}

/// esm_class: what kind of message it is.
const KIND: u8 = 0x3c;
/// It is a receipt.
const RECEIPT: u8 = 0x04;
/// It says how things are, and not how they ended.
const INTERMEDIATE: u8 = 0x20;

impl Core {
    /// Takes a request for a receipt, if it is one.
    pub(super) fn is_receipt(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        at: At,
        request: &Incoming,
    ) -> bool {
        let link = request.peer.name();
        let lane = self.view.lanes.link(link);
        let Some(settings) = lane.and_then(Lane::as_link).map(|link| &link.settings) else {
            return false;
        };
        if settings.receipts == ReceiptSetting::Pass {
            return false;
        }
        let Some(parsed) = read(&request.pdu.view(), link) else {
            return false;
        };
        let smsc = settings.smsc(link);
        let id = &parsed.receipt.upstream_id;
        let candidates = self
            .upstream
            .candidates(smsc, id, &parsed.number, settings.ids);
        let asked = asked(at);
        let found = self.upstream.find(&candidates);
        self.request_about(cx, at.0, &request.pdu, found);
        match found {
            Some(message) => self.tell_receipt(cx, now, asked, message, parsed.receipt),
            None => self.keep(cx, now, asked, candidates, parsed.receipt),
        }
        true
    }

    fn tell_receipt(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        asked: Asked,
        message: ActivityId,
        receipt: DeliveryReceipt,
    ) {
        if self.fire_asked(cx, asked, message, receipt).is_err() {
            // The message is over: so it is with what there is to say of it.
            cx.count("sms.receipts_unmatched", 1);
            self.refuse(now, asked.session, asked.key, Status::ROK);
        }
    }

    fn keep(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        asked: Asked,
        candidates: Candidates,
        receipt: DeliveryReceipt,
    ) {
        let full = self.early.kept.len() >= self.settings.limits.receipts as usize;
        if full || candidates.is_empty() {
            cx.count("sms.receipts_unmatched", 1);
            return self.refuse(now, asked.session, asked.key, Status::ROK);
        }
        let timers = &self.settings.timers;
        let number = self.early.first + self.early.kept.len() as u64;
        for candidate in &candidates {
            let numbers = self.early.by_id.entry(candidate.id()).or_default();
            numbers.push(number);
        }
        self.early.kept.push_back(Some(Kept {
            receipt,
            candidates,
            session: asked.session,
            key: Some(asked.key),
            until: Ms(now.0 + ms(timers.receipt)),
        }));
        let answer_at = Ms(now.0 + ms(timers.receipt_answer));
        self.early.answers.push_back((answer_at, number));
    }

    /// A message has got its id: receipts that came before are for it.
    pub(super) fn receipts_that_came_first(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        key: Key,
        message: ActivityId,
    ) {
        if self.early.by_id.is_empty() {
            return;
        }
        let numbers = self.early.by_id.get(&key.id()).cloned();
        for number in numbers.unwrap_or_default() {
            let kept = self.early.get(number);
            let fits = kept.is_some_and(|kept| kept.candidates.iter().any(|own| own.is(key)));
            let Some(kept) = fits.then(|| self.early.take(number)).flatten() else {
                continue;
            };
            cx.count("sms.receipts_early", 1);
            match kept.key {
                Some(key) => {
                    let asked = asked((kept.session, key));
                    self.tell_receipt(cx, now, asked, message, kept.receipt);
                }
                None => self.tell(cx, message, kept.receipt),
            }
        }
        self.early.sweep();
    }

    /// Answers and drops receipts whose time has come.
    pub(super) fn expire_receipts(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        while let Some((at, number)) = self.early.answers.front().copied() {
            if at > now {
                break;
            }
            self.early.answers.pop_front();
            let kept = self.early.get_mut(number);
            if let Some((session, key)) =
                kept.and_then(|kept| Some((kept.session, kept.key.take()?)))
            {
                self.refuse(now, session, key, Status::ROK);
            }
        }
        while let Some(kept) = self.early.kept.front() {
            if kept.as_ref().is_some_and(|kept| kept.until > now) {
                break;
            }
            if self.early.take(self.early.first).is_some() {
                cx.count("sms.receipts_unmatched", 1);
            }
            self.early.sweep();
        }
    }

    /// When a receipt is looked at next.
    pub(super) fn receipt_deadline(&self) -> Option<Ms> {
        let first = self.early.kept.front()?.as_ref().map(|kept| kept.until);
        let answer = self.early.answers.front().map(|(at, _)| *at);
        first.into_iter().chain(answer).min()
    }
}

impl Early {
    pub(super) fn len(&self) -> usize {
        self.kept.iter().flatten().count()
    }

    fn get(&self, number: u64) -> Option<&Kept> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.kept.get(place)?.as_ref()
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Kept> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.kept.get_mut(place)?.as_mut()
    }

    fn take(&mut self, number: u64) -> Option<Kept> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let kept = self.kept.get_mut(place)?.take()?;
        for candidate in &kept.candidates {
            if let Some(numbers) = self.by_id.get_mut(&candidate.id()) {
                numbers.retain(|other| *other != number);
                if numbers.is_empty() {
                    self.by_id.remove(&candidate.id());
                }
            }
        }
        Some(kept)
    }

    /// What is gone at the front makes room.
    fn sweep(&mut self) {
        while let Some(None) = self.kept.front() {
            self.kept.pop_front();
            self.first += 1;
        }
        if self.kept.is_empty() && self.kept.capacity() > 1_024 {
            *self = Self {
                first: self.first,
                ..Self::default()
            };
        }
    }
}

fn asked((session, key): At) -> Asked {
    Asked {
        session,
        key,
        unserved: Status::ROK,
        receipt: true,
    }
}

/// Reads a receipt; `None` of what is none, or names no message.
fn read(pdu: &Pdu<'_>, link: &Name) -> Option<Parsed> {
    let (esm_class, source, content, tlvs) = if let Pdu::DeliverSm(it) = pdu {
        (it.esm_class, it.source.digits, it.content(), it.tlvs)
    } else if let Pdu::DataSm(it) = pdu {
        (it.esm_class, it.source.digits, it.content(), it.tlvs)
    } else {
        return None;
    };
    let intermediate = esm_class & INTERMEDIATE != 0;
    if esm_class & KIND != RECEIPT && !intermediate {
        return None;
    }
    let words = text(content);
    let said = Receipt::parse(&words);
    let id = match tlvs.text(tlv::RECEIPTED_MESSAGE_ID) {
        Some(id) if !id.is_empty() => text(id).into_owned(),
        _ => said.as_ref()?.id.clone(),
    };
    let done = said.as_ref().and_then(|said| said.done_date);
    let done = done.and_then(|seconds| u64::try_from(seconds).ok());
    Some(Parsed {
        receipt: DeliveryReceipt {
            link: link.clone(),
            upstream_id: id.into(),
            state: state(tlvs, said.as_ref()),
            error: error(tlvs, said.as_ref()),
            done: done.map(|seconds| Wall(seconds.saturating_mul(1_000))),
            intermediate,
            text: words.into(),
        },
        number: source.into(),
    })
}

fn state(tlvs: Tlvs<'_>, said: Option<&Receipt>) -> MessageState {
    let told = tlvs
        .u8(tlv::MESSAGE_STATE)
        .and_then(MessageState::from_code);
    let said = || said.and_then(|said| said.state);
    told.or_else(said).unwrap_or(MessageState::Unknown)
}

fn error(tlvs: Tlvs<'_>, said: Option<&Receipt>) -> Option<NetworkError> {
    if let Some([network, high, low]) = tlvs.get(tlv::NETWORK_ERROR_CODE) {
        let code = u16::from_be_bytes([*high, *low]);
        let network = *network;
        return Some(NetworkError { network, code });
    }
    let code = said?.error.parse().ok()?;
    (code != 0).then_some(NetworkError { network: 0, code })
}
