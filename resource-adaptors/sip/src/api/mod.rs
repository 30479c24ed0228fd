//! What services see of SIP: events, activities, and the provider [`Sip`].
//!
//! It holds no protocol: a service says what it wants and the adaptor's user agent carries it out after the commit. Names
//! and places of events follow the JAIN SIP resource adaptor type (SLEE 1.1, appendix D), as Rust types; where they
//! differ the page of the adaptor says so.

mod auth;
mod event;
mod flow;
mod identity;
mod message;
mod outgoing;
mod package;
mod pass;
mod provider;
mod proxy;
mod registration;
mod reply;
pub mod sdp;
mod session;
mod subscription;
mod target;
mod transfer;
mod users;

pub use crate::proto::auth::{Account, Algorithm, Credentials, Hash, NotAHash};
pub use crate::proto::registrar::{Aor, AorError, Gruu};
pub use auth::{Noted, Realm, Verified};
pub use event::{
    Ack, Bye, Cancel, ClientTx, Dialog, Extension, Forked, Info, Invite, Message, NoAck, Notify,
    Options, Prack, Publish, ReInvite, Refer, Register, Registration, SessionExpired,
    SessionRefreshRequired, Subscribe, Unregistered, Update, decls,
};
pub use flow::FlowId;
pub use identity::{Caller, Changes, NotAPeer, Trust, history, identity, unbelieved};
pub use message::{Request, RequestId, Response, StatusClass};
pub use outgoing::Outgoing;
pub use provider::{Command, Lost, Sip, SipError};
pub use proxy::{Fork, Unreached};
pub use registration::{Binding, Registered, Registrar};
pub use reply::Reply;
pub use session::{Refresher, SessionTimer};
pub use subscription::{Notification, Subscribing, Subscription, SubscriptionCommand};
pub use target::{Target, TargetError};
pub use transfer::{ReferTo, Replaces};
pub use users::{DigestAlgorithm, User, UserError, Users};

pub use event::ServerTx;
