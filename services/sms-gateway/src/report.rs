//! News for the sender of a message: as deliver_sm with text and TLVs, as JSON, or as Kannel's URL with escapes.
//!
//! Each is a message of its own, which is kept until it is taken. The text is that of SMPP 3.4 appendix B, which is what
//! peers read.

use strowger::prelude::*;
use strowger::time::Wall;
use strowger_sms::proto::receipt::Receipt;
use strowger_sms::proto::wire::{Addr, Submit, TlvBuf, tlv};
use strowger_sms::{IdForm, MessageState, Outgoing, SmsMessage};

use crate::forward::Heard;
use crate::message::{Back, Message, Step, Told, What};
use crate::wanted::News;
use crate::{Submission, With};

/// esm_class of a receipt, and of an intermediate notification (SMPP 3.4 5.2.12).
const RECEIPT: u8 = 0x04;
const NOTIFICATION: u8 = 0x20;

/// Makes a message of news for whoever sent `message`, if it wants them.
pub(crate) fn tell(
    cx: &mut Cx,
    own: Option<Handle<SmsMessage>>,
    message: &Message,
    news: News,
    heard: Option<&Heard>,
    w: &With,
) -> Result {
    let (What::Text(text) | What::Over(text)) = &message.what else {
        return Ok(());
    };
    if !message.wanted.has(news) || message.back == Back::Nowhere {
        return Ok(());
    }
    let Some(id) = own.and_then(|own| w.sms.message_id(cx, own)) else {
        return Ok(());
    };
    let now = cx.now().wall;
    let of = |part: fn(&Heard) -> &str| heard.map(part).unwrap_or_default().into();
    let told = Told {
        id,
        news,
        state: state(message, news),
        error: message.error,
        submitted: message.accepted,
        done: message.done.unwrap_or(now),
        source: text.source(),
        dest: text.dest(),
        link: of(|heard| &heard.link),
        upstream: of(|heard| &heard.upstream),
        text: of(|heard| &heard.text),
    };
    let expires = now + w.conf.receipts.validity;
    let receipt = w.sms.message(cx)?;
    let message = Message::receipt(message, told, now, expires);
    Ok(cx.fire(receipt, Submission::new(message, Step::Send))?)
}

/// The same of news that are not worth a second try.
pub(crate) fn mention(
    cx: &mut Cx,
    own: Option<Handle<SmsMessage>>,
    message: &Message,
    news: News,
    heard: Option<&Heard>,
    w: &With,
) {
    // Without room for one more message there is none for what is only on the way.
    let _ = tell(cx, own, message, news, heard, w);
}

/// The state that goes with news.
const fn state(message: &Message, news: News) -> MessageState {
    match news {
        News::Buffered | News::Accepted => MessageState::Enroute,
        News::Delivered | News::Failed | News::Refused => message.state,
    }
}

/// News as an account gets them.
pub(crate) fn deliver(cx: &Cx, told: &Told, account: &str, w: &With) -> Result<Outgoing> {
    let form = w.sms.account(cx, account).map(|account| account.ids);
    let id = told.id.text(form.unwrap_or(IdForm::Hex));
    let (source, dest) = (told.dest.octets(), told.source.octets());
    let text = text(told, id.as_str());
    let mut tlvs = TlvBuf::new();
    tlvs.text(tlv::RECEIPTED_MESSAGE_ID, id.as_bytes())?;
    tlvs.u8(tlv::MESSAGE_STATE, told.state.code());
    let submit = Submit {
        source: Addr::new(told.dest.ton, told.dest.npi, &source),
        dest: Addr::new(told.source.ton, told.source.npi, &dest),
        esm_class: match told.news {
            News::Buffered | News::Accepted => NOTIFICATION,
            News::Delivered | News::Failed | News::Refused => RECEIPT,
        },
        short_message: text.as_bytes(),
        tlvs: tlvs.as_tlvs(),
        ..Submit::default()
    };
    Ok(Outgoing::deliver(&submit)?)
}

/// News as text. What was sent is not repeated in it.
fn text(told: &Told, id: &str) -> String {
    let second = |at: Wall| i64::try_from(at.0 / 1_000).ok();
    let receipt = Receipt {
        id: id.to_owned(),
        submitted: Some(1),
        delivered: Some(u16::from(told.news == News::Delivered)),
        submit_date: second(told.submitted),
        done_date: second(told.done),
        state: Some(told.state),
        error: format!("{:03}", told.error.min(999)),
        text: String::new(),
    };
    receipt.to_string()
}
