//! What services see of SMS: events, activities, and the provider [`Sms`].
//!
//! It holds no protocol: a service says what it wants and the adaptor carries it out after the commit. Names are those of
//! SMPP 3.4 and 5.0.

mod activity;
mod event;
mod id;
mod message;
mod outgoing;
mod provider;
mod view;

pub use crate::proto::receipt::State as MessageState;
pub(crate) use activity::activities;
pub use activity::{SmppSession, SmppTransaction, SmsMessage};
pub(crate) use event::decls;
pub use event::{
    AlertNotification, Available, BroadcastSm, CancelSm, DataSm, DeliverSm, DeliveryReceipt,
    NetworkError, QuerySm, ReplaceSm, RequestFailed, Response, SendError, SendFailed, Sent,
    SessionBound, SessionCongested, SessionUnbound, SubmitMulti, SubmitSm,
};
pub(crate) use id::Mint;
pub use id::{IdForm, IdText, MessageId, NotAnId};
pub use message::{Incoming, Name, Peer, RequestId};
pub(crate) use outgoing::Body;
pub use outgoing::{Answer, Outgoing, To};
pub use provider::{Command, Sms};
pub use view::{AccountInfo, GroupInfo, LinkInfo};
