//! What peers ask by SMPP: messages to be stored and forwarded, messages that are only passed on, and questions about those
//! that are stored.
//!
//! Every request is answered here or, where the next hop's answer is waited for, when that comes. Invariant: what is
//! accepted has a route at that moment.

use strowger::prelude::*;
use strowger::time::Wall;
use strowger_sms::proto::text::{self, DataCoding};
use strowger_sms::proto::time::{SmppTime, absolute};
use strowger_sms::proto::wire::{
    Data, Dest, QueryResp, Replace, Status, Submit, SubmitMultiResp, Tlvs, Unsuccess, UnsuccessBuf,
};
use strowger_sms::{
    Answer, CancelSm, DataSm, DeliverSm, Incoming, MessageState, Outgoing, QuerySm, ReplaceSm, Sms,
    SubmitMulti, SubmitSm, To,
};

use crate::content::Text;
use crate::message::{Back, Message, Origin, Step, What};
use crate::route::Target;
use crate::wanted::Wanted;
use crate::when::{Times, TimesError};
use crate::{Gateway, Submission, With, forward, join};

/// ESME_RX_R_APPN: the receiver refuses a message for good.
const REFUSED: Status = Status::RX_R_APPN;

/// esm_class: message modes (SMPP 3.4 5.2.12).
const MODE: u8 = 0x03;
const DATAGRAM: u8 = 0x01;
const TRANSACTION: u8 = 0x02;

/// A message that may be accepted, with its first step.
type Taken = (Message, Step);

/// Whether a message of an account can be accepted.
fn take(now: Wall, from: Origin, text: Text, w: &With) -> Result<Taken, Status> {
    let submit = text.submit();
    if matches!(from, Origin::Account(_)) {
        fits(&submit)?;
    }
    let wanted = Wanted::registered(submit.registered_delivery, w.conf.receipts.intermediate);
    let begin = time(submit.schedule, now).map_err(|_| Status::RINVSCHED)?;
    let expires = time(submit.validity, now).map_err(|_| Status::RINVEXPIRY)?;
    let (mut message, step) = check(now, from, text, (begin, expires), w)?;
    if wanted.0 != 0 {
        message.back = Back::Account;
        message.wanted = wanted;
    }
    Ok((message, step))
}

/// Whether what an account sends can be short messages at all: its sender is told at once, and not by a receipt when nobody has
/// taken it. What message centres deliver has been one.
fn fits(submit: &Submit<'_>) -> Result<(), Status> {
    let coding = DataCoding(submit.data_coding);
    let checked = text::check(coding, submit.content(), submit.has_udh());
    checked.map(drop).map_err(|_| Status::RINVMSGLEN)
}

/// Whether a message has a route and times.
pub(crate) fn check(
    now: Wall,
    from: Origin,
    mut text: Text,
    (begin, expires): (Option<Wall>, Option<Wall>),
    w: &With,
) -> Result<Taken, Status> {
    text.limited = expires.is_some();
    let routes = match from {
        Origin::Link(_) => &w.conf.incoming,
        Origin::Account(_) | Origin::User(_) | Origin::Sip(_) => &w.conf.routes,
    };
    let dest = text.dest();
    if dest.digits.is_empty() {
        return Err(Status::RINVDSTADR);
    }
    let route = routes.find(from.name(), &dest.digits);
    if route.is_none() && text.via.is_none() {
        return Err(Status::RINVDSTADR);
    }
    let bounds = w.conf.bounds(route.and_then(|route| route.validity));
    let times = Times::of(now, begin, expires, bounds).map_err(|error| match error {
        TimesError::Validity => Status::RINVEXPIRY,
        TimesError::Schedule => Status::RINVSCHED,
    })?;
    Ok(Message::text(from, text, now, times))
}

/// A time of SMPP; `None` is that none is given.
fn time(text: &str, now: Wall) -> Result<Option<Wall>, strowger_sms::proto::time::BadTime> {
    let time = SmppTime::parse(text)?;
    Ok(time.map(|time| Wall(time.resolve(now.0 / 1_000).saturating_mul(1_000))))
}

fn account(request: &Incoming) -> Origin {
    let name = request.peer().name().as_str().into();
    match request.account() {
        Some(_) => Origin::Account(name),
        None => Origin::Link(name),
    }
}

impl Gateway {
    /// submit_sm.
    pub(crate) fn take_submit(&mut self, cx: &mut Cx, ev: &SubmitSm, w: &With) -> Result {
        let text = Text::received(ev.buf().clone());
        let taken = take(cx.now().wall, account(ev), text, w);
        let (message, step) = match taken {
            Ok(taken) => taken,
            Err(status) => return w.sms.refuse(cx, ev, status),
        };
        match ev.submit().esm_class & MODE {
            mode @ (DATAGRAM | TRANSACTION) if step == Step::Send => {
                pass(cx, ev, &message, mode, w)
            }
            _ => self.store(cx, ev, message, step, w),
        }
    }

    /// data_sm, of an account or of a message centre.
    pub(crate) fn take_data(&mut self, cx: &mut Cx, ev: &DataSm, w: &With) -> Result {
        let Ok(text) = Text::written(&submit_of(&ev.data())) else {
            return w.sms.refuse(cx, ev, Status::RINVMSGLEN);
        };
        match take(cx.now().wall, account(ev), text, w) {
            Ok((message, step)) => self.store(cx, ev, message, step, w),
            Err(status) => w.sms.refuse(cx, ev, status),
        }
    }

    /// deliver_sm: a mobile-originated message.
    pub(crate) fn take_deliver(&mut self, cx: &mut Cx, ev: &DeliverSm, w: &With) -> Result {
        let text = Text::received(ev.buf().clone());
        let part = join::part(&text.submit(), ev.peer().name(), w.conf);
        if let Some(at) = part {
            return self.take_part(cx, ev, (at, text), w);
        }
        let now = cx.now().wall;
        let taken = check(now, account(ev), text, (None, None), w);
        let Ok((message, step)) = taken else {
            return w.sms.refuse(cx, ev, REFUSED);
        };
        let Some(own) = w.home(cx) else {
            return w.sms.refuse(cx, ev, Status::RMSGQFUL);
        };
        cx.attach(own);
        w.sms.refuse(cx, ev, Status::ROK)?;
        self.begin(cx, own, message, step, w)
    }

    /// Stores a message and says so, in the same commit.
    fn store(
        &mut self,
        cx: &mut Cx,
        ev: &Incoming,
        message: Message,
        step: Step,
        w: &With,
    ) -> Result {
        let Some(own) = w.home(cx) else {
            return w.sms.refuse(cx, ev, Status::RMSGQFUL);
        };
        let Some(id) = w.sms.message_id(cx, own) else {
            return w.sms.refuse(cx, ev, Status::RSYSERR);
        };
        cx.attach(own);
        w.sms.accept(cx, ev, id)?;
        self.begin(cx, own, message, step, w)
    }

    /// query_sm.
    pub(crate) fn answer_query(&mut self, cx: &mut Cx, ev: &QuerySm, sms: Sms) -> Result {
        let query = ev.query();
        let Some(message) = self.belonging_to(ev, &query.source.text()) else {
            return sms.refuse(cx, ev, Status::RQUERYFAIL);
        };
        let done = message.done.map(|done| absolute(done.0 / 1_000));
        let answer = QueryResp {
            message_id: query.message_id,
            final_date: done.as_ref().map_or("", AsRef::as_ref),
            // SMPP 3.4 has no state before that.
            state: message.state.code().max(MessageState::Enroute.code()),
            error_code: u8::try_from(message.error).unwrap_or(u8::MAX),
            tlvs: Tlvs::EMPTY,
        };
        sms.answer(cx, ev.id(), Answer::query(&answer)?)
    }

    /// cancel_sm.
    pub(crate) fn answer_cancel(&mut self, cx: &mut Cx, ev: &CancelSm, w: &With) -> Result {
        let now = cx.now().wall;
        let (source, own) = (ev.cancel().source, self.own);
        let step = match self.belonging_to(ev, &source.text()) {
            Some(message) => {
                forward::withdraw(cx, own, message, w)?;
                message.cancel(now).ok()
            }
            None => None,
        };
        match step {
            Some(step) => {
                w.sms.refuse(cx, ev, Status::ROK)?;
                self.step(cx, step, None, w)
            }
            None => w.sms.refuse(cx, ev, Status::RCANCELFAIL),
        }
    }

    /// replace_sm.
    pub(crate) fn answer_replace(&mut self, cx: &mut Cx, ev: &ReplaceSm, w: &With) -> Result {
        let now = cx.now().wall;
        let (replace, own) = (ev.replace(), self.own);
        let replaced = match self.belonging_to(ev, &replace.source.text()) {
            Some(message) => {
                let queued = forward::queued(cx, own, message, w);
                let replaced = replaced(message, &replace, (now, queued.is_some()), w);
                if let (Some(own), Ok(_)) = (queued, &replaced) {
                    w.sms.withdraw(cx, own)?;
                }
                replaced
            }
            None => Err(Status::RREPLACEFAIL),
        };
        match replaced {
            Ok(step) => {
                w.sms.refuse(cx, ev, Status::ROK)?;
                self.step(cx, step, None, w)
            }
            Err(status) => w.sms.refuse(cx, ev, status),
        }
    }

    /// The message, if it is who asks whose message it is.
    fn belonging_to(&mut self, ev: &Incoming, source: &str) -> Option<&mut Message> {
        let message = self.message.as_deref_mut()?;
        let (What::Text(text) | What::Over(text)) = &message.what else {
            return None;
        };
        let same = source.is_empty() || *text.source().digits == *source;
        (same && message.from == account(ev)).then_some(message)
    }
}

/// Passes a message on that is not to be stored. In datagram mode it is accepted and forgotten; in transaction mode the
/// sender gets the next hop's answer.
fn pass(cx: &mut Cx, ev: &SubmitSm, message: &Message, mode: u8, w: &With) -> Result {
    let What::Text(text) = &message.what else {
        return w.sms.refuse(cx, ev, Status::RSYSERR);
    };
    let target = forward::route(message, text, w.conf).and_then(|route| route.target());
    let submit = text.submit();
    let (to, outgoing) = match target {
        Some(Target::Group(name)) => (To::group(name), Outgoing::submit(&submit)),
        Some(Target::Link(name)) => (To::link(name), Outgoing::submit(&submit)),
        Some(Target::Account(name)) => (To::account(name), Outgoing::deliver(&submit)),
        // HTTP and SIP know no such modes.
        Some(Target::Webhook(_) | Target::Sip(_)) | None => {
            return w.sms.refuse(cx, ev, Status::RINVESMCLASS);
        }
    };
    let outgoing = outgoing?.until(message.expires);
    if mode == TRANSACTION {
        return w.sms.relay(cx, ev.id(), &to, outgoing);
    }
    w.sms.request(cx, &to, outgoing)?;
    // A message that nobody refers to is over at once; its id remains unique.
    let forgotten = w.sms.message(cx)?;
    match w.sms.message_id(cx, forgotten) {
        Some(id) => w.sms.accept(cx, ev, id),
        None => w.sms.refuse(cx, ev, Status::RSYSERR),
    }
}

/// Puts another message in the place of one that waits: for its next attempt, or `queued` for its turn at the link.
fn replaced(
    message: &mut Message,
    replace: &Replace<'_>,
    (now, queued): (Wall, bool),
    w: &With,
) -> Result<Step, Status> {
    if !queued {
        message.replaceable().map_err(|_| Status::RREPLACEFAIL)?;
    }
    let What::Text(text) = &mut message.what else {
        return Err(Status::RREPLACEFAIL);
    };
    let begin = time(replace.schedule, now).map_err(|_| Status::RINVSCHED)?;
    let until = time(replace.validity, now).map_err(|_| Status::RINVEXPIRY)?;
    let kept = Some(message.expires);
    let times =
        Times::of(now, begin, until.or(kept), w.conf.bounds(None)).map_err(
            |error| match error {
                TimesError::Validity => Status::RINVEXPIRY,
                TimesError::Schedule => Status::RINVSCHED,
            },
        )?;
    let old = text.submit();
    let is_new = !replace.short_message.is_empty() || !replace.tlvs.is_empty();
    let submit = Submit {
        sm_default_msg_id: replace.sm_default_msg_id,
        short_message: if is_new {
            replace.short_message
        } else {
            old.short_message
        },
        tlvs: if is_new { replace.tlvs } else { old.tlvs },
        ..old
    };
    fits(&submit)?;
    let mut other = Text::written(&submit).map_err(|_| Status::RINVMSGLEN)?;
    other.via = text.via.clone();
    other.limited = text.limited || until.is_some();
    **text = other;
    message.wanted = Wanted::registered(replace.registered_delivery, w.conf.receipts.intermediate);
    message.back = match message.wanted.0 {
        0 => Back::Nowhere,
        _ => Back::Account,
    };
    message.withdrawn(now);
    Ok(message.reschedule(times.begin, times.expires))
}

/// submit_multi: a message for each recipient. The id is that of the first; each receipt has that of its own.
pub(crate) fn take_multi(cx: &mut Cx, ev: &SubmitMulti, w: &With) -> Result {
    if !w.has_room(cx) {
        return w.sms.refuse(cx, ev, Status::RMSGQFUL);
    }
    let multi = ev.submit();
    if let Err(status) = fits(&multi.message) {
        return w.sms.refuse(cx, ev, status);
    }
    let now = cx.now().wall;
    let mut refused = UnsuccessBuf::default();
    let mut first = None;
    for dest in multi.dests {
        let taken = match dest {
            Dest::Sme(addr) => {
                let submit = Submit {
                    dest: addr,
                    ..multi.message
                };
                Text::written(&submit)
                    .map_err(|_| Status::RINVMSGLEN)
                    .and_then(|text| take(now, account(ev), text, w))
                    .map_err(|status| (addr, status))
            }
            Dest::List(name) => {
                let addr = strowger_sms::proto::wire::Addr::new(0, 0, name);
                Err((addr, Status::RINVDLNAME))
            }
        };
        match taken {
            Ok((message, step)) => {
                let own = w.sms.message(cx)?;
                first = first.or_else(|| w.sms.message_id(cx, own));
                cx.fire(own, Submission::new(message, step))?;
            }
            Err((addr, status)) => {
                refused.push(&Unsuccess { addr, status })?;
            }
        }
    }
    let Some(first) = first else {
        return w.sms.refuse(cx, ev, Status::RINVDSTADR);
    };
    let form = ev.account().and_then(|name| w.sms.account(cx, name));
    let id = first.text(form.map(|account| account.ids).unwrap_or_default());
    let answer = SubmitMultiResp {
        message_id: id.as_bytes(),
        unsuccess: refused.as_unsuccesses(),
        tlvs: Tlvs::EMPTY,
    };
    w.sms.answer(cx, ev.id(), Answer::multi(&answer)?)
}

/// data_sm as submit_sm: its message is in message_payload.
fn submit_of<'a>(data: &Data<'a>) -> Submit<'a> {
    Submit {
        service_type: data.service_type,
        source: data.source,
        dest: data.dest,
        esm_class: data.esm_class & !MODE,
        registered_delivery: data.registered_delivery,
        data_coding: data.data_coding,
        tlvs: data.tlvs,
        ..Submit::default()
    }
}
