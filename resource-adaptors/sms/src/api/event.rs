//! The events of SMS: requests of peers, what became of sends of ours, receipts, and the coming and going of sessions.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use strowger::event::{Event, EventDecl};
use strowger::id::Component;
use strowger::time::Wall;

use super::activity::named;
use super::id::MessageId;
use super::message::{Incoming, Name, Peer};
use crate::proto::receipt::State as MessageState;
use crate::proto::session::{End, Mode};
use crate::proto::wire::{
    Broadcast, Cancel, Data, Pdu, PduBuf, Query, Replace, Status, Submit, SubmitMulti as Multi,
};

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $(#[$view_doc:meta])* $view:ident: $pdu:ident($body:ty);)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(pub(crate) Incoming);

            impl Event for $name {
                const TYPE: Component = named($id);
            }

            impl Deref for $name {
                type Target = Incoming;
                fn deref(&self) -> &Incoming {
                    &self.0
                }
            }

            impl $name {
                $(#[$view_doc])*
                #[must_use]
                pub fn $view(&self) -> $body {
                    match self.0.pdu.view() {
                        Pdu::$pdu(body) => body,
                        // The adaptor fires it with that PDU only.
                        _ => Default::default(),
                    }
                }
            }
        )*
    };
}

requests! {
    /// An ESME submits a message: on a new [`SmppTransaction`](crate::SmppTransaction).
    ///
    /// [`Sms::accept`](crate::Sms::accept) and [`Sms::refuse`](crate::Sms::refuse) answer it. One that no service answers in
    /// its time is answered ESME_RSYSERR, as is one whose handler fails.
    SubmitSm = "sms-submit-sm",
        /// The message.
        submit: SubmitSm(Submit<'_>);
    /// A peer sends a message as data_sm, an ESME or a message centre: on a new [`SmppTransaction`](crate::SmppTransaction).
    DataSm = "sms-data-sm",
        /// The message.
        data: DataSm(Data<'_>);
    /// An ESME submits a message for many: on a new [`SmppTransaction`](crate::SmppTransaction).
    SubmitMulti = "sms-submit-multi",
        /// The message.
        submit: SubmitMulti(Multi<'_>);
    /// A message centre delivers a message that a subscriber has sent: on a new
    /// [`SmppTransaction`](crate::SmppTransaction). Receipts come here only on links whose `receipts` is `pass`; others are
    /// [`DeliveryReceipt`]s.
    DeliverSm = "sms-deliver-sm",
        /// The message.
        submit: DeliverSm(Submit<'_>);
    /// An ESME broadcasts a message (SMPP 5.0): on a new [`SmppTransaction`](crate::SmppTransaction).
    BroadcastSm = "sms-broadcast-sm",
        /// The message.
        broadcast: BroadcastSm(Broadcast<'_>);
    /// An ESME asks for the state of a message of ours: on the [`SmsMessage`](crate::SmsMessage). Whether it may, the
    /// service decides. Of an unknown one the adaptor has answered ESME_RQUERYFAIL.
    QuerySm = "sms-query-sm",
        /// The question.
        query: QuerySm(Query<'_>);
    /// An ESME cancels a message of ours: on the [`SmsMessage`](crate::SmsMessage). Whether it may, the service decides. Of
    /// an unknown one, and of all between two addresses, the adaptor has answered ESME_RCANCELFAIL.
    CancelSm = "sms-cancel-sm",
        /// The request.
        cancel: CancelSm(Cancel<'_>);
    /// An ESME replaces a message of ours: on the [`SmsMessage`](crate::SmsMessage). Whether it may, the service decides.
    /// Of an unknown one the adaptor has answered ESME_RREPLACEFAIL.
    ReplaceSm = "sms-replace-sm",
        /// The request.
        replace: ReplaceSm(Replace<'_>);
}

impl QuerySm {
    /// The message that is asked for.
    #[must_use]
    pub fn message_id(&self) -> Option<MessageId> {
        MessageId::read(self.query().message_id)
    }
}

impl CancelSm {
    /// The message that is to be cancelled.
    #[must_use]
    pub fn message_id(&self) -> Option<MessageId> {
        MessageId::read(self.cancel().message_id)
    }
}

impl ReplaceSm {
    /// The message that is to be replaced.
    #[must_use]
    pub fn message_id(&self) -> Option<MessageId> {
        MessageId::read(self.replace().message_id)
    }
}

/// The answer to a message that was sent with [`Sms::send`](crate::Sms::send), good or bad: on its
/// [`SmsMessage`](crate::SmsMessage).
///
/// ESME_RTHROTTLED and ESME_RMSGQFUL do not come here: they pause the link, and the message waits for its turn.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sent {
    /// The link or the account that answered.
    pub peer: Peer,
    /// What it says.
    pub status: Status,
    /// What it calls the message; empty if it does not say.
    pub upstream_id: Box<str>,
    /// What [`Outgoing::tag`](crate::Outgoing::tag) gave it.
    pub tag: u64,
}

impl Sent {
    /// Whether the peer has taken the message.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == Status::ROK
    }
}

/// A message that was to be sent with [`Sms::send`](crate::Sms::send) was not, or nobody knows: on its
/// [`SmsMessage`](crate::SmsMessage).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SendFailed {
    /// The link, the group or the account that it was for.
    pub to: Name,
    /// Why.
    pub reason: SendError,
    /// It may have reached the peer: sending it again may deliver it twice.
    pub maybe_sent: bool,
    /// What [`Outgoing::tag`](crate::Outgoing::tag) gave it; 0 after a restart.
    pub tag: u64,
}

/// Why a message was not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SendError {
    /// Nobody is bound who could take it.
    NoLink,
    /// The settings name no such link, group or account.
    Unknown,
    /// Too many messages wait there already.
    Full,
    /// The peer did not answer in its time.
    Timeout,
    /// The session ended before the peer answered.
    Disconnected,
    /// The peer has refused it as too much, again and again, for as long as `timers.throttled` says.
    Throttled,
    /// The peer's answer cannot be read.
    BadAnswer,
    /// It cannot be written, or the peer's version or bind mode does not allow it.
    NotAllowed,
    /// The adaptor is stopping: it was not sent, or has no answer so far.
    Stopping,
    /// The process that was about it is no more.
    Restarted,
    /// Its time ([`Outgoing::until`](crate::Outgoing::until)) was over before its turn came.
    Expired,
}

/// There is room again where a message waits for it ([`Sms::wait`](crate::Sms::wait)): on its
/// [`SmsMessage`](crate::SmsMessage).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Available {
    /// The link, the group or the account.
    pub to: Name,
}

/// A message centre tells what became of a message that was sent: on its [`SmsMessage`](crate::SmsMessage).
///
/// The adaptor answers it, after the commit of what its handler did; one whose handler fails is answered ESME_RX_T_APPN, and
/// comes again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeliveryReceipt {
    /// The link that it came on.
    pub link: Name,
    /// What the message centre calls the message, as it was written there.
    pub upstream_id: Box<str>,
    /// What became of the message.
    pub state: MessageState,
    /// The network's own error, if it is told.
    pub error: Option<NetworkError>,
    /// When that was, if it is told: by the message centre's own clock, whose zone is taken for UTC.
    pub done: Option<Wall>,
    /// It says how things are and not how they ended.
    pub intermediate: bool,
    /// The receipt as text, as far as it has one.
    pub text: Box<str>,
}

/// An error of the network behind a message centre (network_error_code, SMPP 5.0 4.8.4.42).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, strowger::State)]
pub struct NetworkError {
    /// The kind of network; 0 where only a number is told.
    pub network: u8,
    /// Its error.
    pub code: u16,
}

/// A session is bound: on its [`SmppSession`](crate::SmppSession), which it begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionBound {
    /// With whom.
    pub peer: Peer,
    /// Which way messages go: to us, from us, or both, as the ESME sees it.
    pub mode: Mode,
    /// The version of SMPP that is spoken: 0x34, 0x50.
    pub version: u8,
}

/// A session is over: on its [`SmppSession`](crate::SmppSession), which ends after it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionUnbound {
    /// With whom it was.
    pub peer: Peer,
    /// Why.
    pub reason: End,
}

/// The peer says that it is congested (a congestion_state of 90 and above, SMPP 5.0 4.8.4.18), or not any more: on its
/// [`SmppSession`](crate::SmppSession).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionCongested {
    /// With whom.
    pub peer: Peer,
    /// It is, or not any more.
    pub congested: bool,
}

/// A message centre tells that a subscriber can be reached again (alert_notification): on the
/// [`SmppSession`](crate::SmppSession).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AlertNotification {
    /// Who tells it.
    pub peer: Peer,
    pub(crate) pdu: PduBuf,
}

impl AlertNotification {
    /// What the PDU says.
    #[must_use]
    pub fn pdu(&self) -> Pdu<'_> {
        self.pdu.view()
    }
}

/// The answer to a request of ours ([`Sms::request`](crate::Sms::request)): on its
/// [`SmppTransaction`](crate::SmppTransaction), which ends with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Response {
    /// Who answered.
    pub peer: Peer,
    pub(crate) pdu: PduBuf,
    /// What [`Outgoing::tag`](crate::Outgoing::tag) gave the request.
    pub tag: u64,
}

impl Response {
    /// What the peer says.
    #[must_use]
    pub fn status(&self) -> Status {
        self.pdu.status()
    }

    /// What the PDU says.
    #[must_use]
    pub fn pdu(&self) -> Pdu<'_> {
        self.pdu.view()
    }
}

/// A request of ours has no answer and gets none: on its [`SmppTransaction`](crate::SmppTransaction), which ends with it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RequestFailed {
    /// The link, the group or the account that it was for.
    pub to: Name,
    /// Why.
    pub reason: SendError,
    /// It may have reached the peer.
    pub maybe_sent: bool,
    /// What [`Outgoing::tag`](crate::Outgoing::tag) gave the request.
    pub tag: u64,
}

macro_rules! types {
    ($($name:ident = $id:literal;)*) => {$(
        impl Event for $name {
            const TYPE: Component = named($id);
        }
    )*};
}

types! {
    Sent = "sms-sent";
    SendFailed = "sms-send-failed";
    Available = "sms-available";
    DeliveryReceipt = "sms-delivery-receipt";
    SessionBound = "sms-session-bound";
    SessionUnbound = "sms-session-unbound";
    SessionCongested = "sms-session-congested";
    AlertNotification = "sms-alert-notification";
    Response = "sms-response";
    RequestFailed = "sms-request-failed";
}

/// Every event type that the adaptor fires.
pub(crate) fn decls() -> Vec<EventDecl> {
    vec![
        EventDecl::of::<SubmitSm>(),
        EventDecl::of::<DataSm>(),
        EventDecl::of::<SubmitMulti>(),
        EventDecl::of::<DeliverSm>(),
        EventDecl::of::<BroadcastSm>(),
        EventDecl::of::<QuerySm>(),
        EventDecl::of::<CancelSm>(),
        EventDecl::of::<ReplaceSm>(),
        EventDecl::of::<Sent>(),
        EventDecl::of::<SendFailed>(),
        EventDecl::of::<Available>(),
        EventDecl::of::<DeliveryReceipt>(),
        EventDecl::of::<SessionBound>(),
        EventDecl::of::<SessionUnbound>(),
        EventDecl::of::<SessionCongested>(),
        EventDecl::of::<AlertNotification>(),
        EventDecl::of::<Response>(),
        EventDecl::of::<RequestFailed>(),
    ]
}
