//! What is written down of a message: one record for each that was stored, when it is over.
//!
//! Receipts have none, nor have the parts of a message before they are one. Without an adaptor for records nothing of this is
//! there.

use serde::Serialize;
use strowger::prelude::*;
use strowger_records::{Record, rfc3339};
use strowger_sms::SmsMessage;

use crate::forward::Heard;
use crate::message::{Message, Origin, What};
use crate::{With, api};

/// The record.
#[derive(Debug, Serialize)]
struct MessageRecord<'a> {
    message_id: String,
    /// What the sender is.
    origin: &'static str,
    /// Its name.
    sender: &'a str,
    from: &'a str,
    to: &'a str,
    accepted: String,
    ended: String,
    state: &'static str,
    /// The last status of SMPP, HTTP or SIP that was none of success.
    error: u32,
    /// Attempts that have failed.
    failures: u16,
    data_coding: u8,
    octets: usize,
    /// Who has taken it, and its name there.
    next_hop: Option<&'a str>,
    next_hop_id: Option<&'a str>,
}

impl Record for MessageRecord<'_> {
    const KIND: &'static str = "message";
    const VERSION: u16 = 1;
    const PERSONAL: &'static [&'static str] = &["from", "to"];
}

/// Writes the record of a message that is over.
pub(crate) fn write(
    cx: &mut Cx,
    own: Option<Handle<SmsMessage>>,
    message: &Message,
    heard: Option<&Heard>,
    w: &With,
) {
    let (Some(records), What::Text(text)) = (w.records, &message.what) else {
        return;
    };
    let id = own.and_then(|own| w.sms.message_id(cx, own));
    let (submit, source, dest) = (text.submit(), text.source(), text.dest());
    let known = |part: fn(&Heard) -> &str| heard.map(part).filter(|part| !part.is_empty());
    let record = MessageRecord {
        message_id: id.map(|id| id.to_string()).unwrap_or_default(),
        origin: origin(&message.from),
        sender: message.from.name(),
        from: &source.digits,
        to: &dest.digits,
        accepted: rfc3339(message.accepted),
        ended: rfc3339(message.done.unwrap_or_else(|| cx.now().wall)),
        state: api::word(message.state),
        error: message.error,
        failures: message.failures,
        data_coding: submit.data_coding,
        octets: submit.content().len(),
        next_hop: known(|heard| &heard.link),
        next_hop_id: known(|heard| &heard.upstream),
    };
    // What is over stays over; that a record is lost with it the adaptor tells.
    drop(records.write(cx, &record));
}

const fn origin(from: &Origin) -> &'static str {
    match from {
        Origin::Account(_) => "account",
        Origin::Link(_) => "link",
        Origin::User(_) => "user",
        Origin::Sip(_) => "sip",
    }
}
