//! The activities of SMS.

use strowger::activity::Activity;
use strowger::id::Component;

pub(super) const fn named(name: &'static str) -> Component {
    Component {
        name,
        vendor: "strowger-sms",
        version: "1.0",
    }
}

/// A short message of ours, from its acceptance to its last receipt. It is named by its [`MessageId`](crate::MessageId),
/// which outlives the process with it.
///
/// One begins with [`Sms::message`](crate::Sms::message) and ends with [`Sms::end`](crate::Sms::end), or when nothing refers
/// to it any more. Outcomes of attempts ([`Sent`](crate::Sent), [`SendFailed`](crate::SendFailed)), receipts, and requests
/// about it (query_sm, cancel_sm, replace_sm) happen on it.
#[derive(Clone, Copy, Debug)]
pub enum SmsMessage {}

impl Activity for SmsMessage {
    const TYPE: Component = named("sms-message");
}

/// One SMPP request: of a peer until it is answered, or of ours ([`Sms::request`](crate::Sms::request)) until its answer came
/// or none came. It ends with its process.
#[derive(Clone, Copy, Debug)]
pub enum SmppTransaction {}

impl Activity for SmppTransaction {
    const TYPE: Component = named("sms-smpp-transaction");
}

/// A bound SMPP session: [`SessionBound`](crate::SessionBound) begins it, [`SessionUnbound`](crate::SessionUnbound) ends it.
#[derive(Clone, Copy, Debug)]
pub enum SmppSession {}

impl Activity for SmppSession {
    const TYPE: Component = named("sms-smpp-session");
}

/// Every activity type that the adaptor starts.
pub(crate) fn activities() -> Vec<Component> {
    vec![SmsMessage::TYPE, SmppTransaction::TYPE, SmppSession::TYPE]
}
