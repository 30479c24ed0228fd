//! The events and activities of SIP.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use strowger::activity::{Activity, Handle};
use strowger::event::{Event, EventDecl};
use strowger::id::Component;

use super::message::{Request, Response};
use super::proxy::Unreached;

pub(super) const fn named(name: &'static str) -> Component {
    Component {
        name,
        vendor: "strowger-sip",
        version: "1.0",
    }
}

/// A dialog, or the attempt at one: from its INVITE to its BYE or failure. Whoever receives INVITE gets one, and whoever
/// sends INVITE. All events of a call happen on it.
#[derive(Clone, Copy, Debug)]
pub enum Dialog {}

impl Activity for Dialog {
    const TYPE: Component = named("sip-dialog");
}

/// A request outside of any dialog that waits for our answer; ends with the final response.
#[derive(Clone, Copy, Debug)]
pub enum ServerTx {}

impl Activity for ServerTx {
    const TYPE: Component = named("sip-server-transaction");
}

/// A request of ours outside of any dialog; ends with its final response.
#[derive(Clone, Copy, Debug)]
pub enum ClientTx {}

impl Activity for ClientTx {
    const TYPE: Component = named("sip-client-transaction");
}

/// An address of record with bindings in the location table: from the REGISTER that makes the first to the end of the
/// last, whether it is removed or expires.
#[derive(Clone, Copy, Debug)]
pub enum Registration {}

impl Activity for Registration {
    const TYPE: Component = named("sip-registration");
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(pub(crate) Request);

            impl Event for $name {
                const TYPE: Component = named($id);
            }

            impl Deref for $name {
                type Target = Request;
                fn deref(&self) -> &Request {
                    &self.0
                }
            }
        )*

        /// Every event type that the adaptor fires.
        #[must_use]
        pub fn decls() -> Vec<EventDecl> {
            vec![$(EventDecl::of::<$name>(),)* EventDecl::of::<Response>(), EventDecl::of::<NoAck>(),
                EventDecl::of::<SessionRefreshRequired>(), EventDecl::of::<SessionExpired>(), EventDecl::of::<Unregistered>(),
                EventDecl::of::<Unreached>(), EventDecl::of::<Forked>()]
        }
    };
}

requests! {
    /// Someone calls. On the new [`Dialog`]; initial.
    Invite = "sip-invite",
    /// An INVITE within a dialog.
    ReInvite = "sip-re-invite",
    /// The ACK of a 2xx of ours. On the dialog.
    Ack = "sip-ack",
    /// The peer ends the dialog. It is answered 200 by itself if no handler answers it; the activity ends after it.
    Bye = "sip-bye",
    /// The caller gives up before our final response. On the INVITE's dialog; accept it with
    /// [`Sip::accept_cancel`](crate::Sip::accept_cancel), or it is answered 481.
    Cancel = "sip-cancel",
    /// OPTIONS: on a [`ServerTx`], or within a dialog.
    Options = "sip-options",
    /// INFO, within a dialog.
    Info = "sip-info",
    /// MESSAGE: on a [`ServerTx`], or within a dialog.
    Message = "sip-message",
    /// UPDATE, within a dialog.
    Update = "sip-update",
    /// REGISTER, on a [`ServerTx`] (RFC 3261 10).
    Register = "sip-register",
    /// PRACK for a reliable provisional response of ours (RFC 3262), on its dialog. It is answered 200 by itself unless a
    /// handler answers it or passes it on; one that makes an offer waits for the service's answer.
    Prack = "sip-prack",
    /// SUBSCRIBE: on a [`ServerTx`] or within a call, and accepted with [`Sip::accept`](crate::Sip::accept); on a
    /// [`Subscription`](crate::Subscription) for its refreshes and its end, where it is answered by itself if no handler
    /// answers it (RFC 6665).
    Subscribe = "sip-subscribe",
    /// NOTIFY on a [`Subscription`](crate::Subscription) of ours: answered 200 by itself if no handler answers it (RFC 6665).
    /// Within a call if it is of no subscription of ours, so that it can be passed on.
    Notify = "sip-notify",
    /// REFER: on a [`ServerTx`], or within a dialog (RFC 3515); accepted with
    /// [`Sip::accept_refer`](crate::Sip::accept_refer).
    Refer = "sip-refer",
    /// PUBLISH: on a [`ServerTx`] (RFC 3903).
    Publish = "sip-publish",
    /// A method that has no event of its own: on a [`ServerTx`], or within a dialog.
    Extension = "sip-extension",
}

impl Event for Response {
    const TYPE: Component = named("sip-response");
}

/// The ACK of a 2xx of ours never came within 64*T1. BYE goes out by itself; the dialog ends with its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NoAck;

impl Event for NoAck {
    const TYPE: Component = named("sip-no-ack");
}

/// Bindings that nobody refreshed have ended. On the [`Registration`], which ends after it if none are left.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Unregistered {
    /// The address of record.
    pub aor: String,
    /// The URIs of the contacts.
    pub contacts: Vec<String>,
    /// How many bindings are left.
    pub left: u32,
}

impl Event for Unregistered {
    const TYPE: Component = named("sip-unregistered");
}

/// A further branch of a call that asked for it with [`Outgoing::forks`](crate::Outgoing::forks) has answered for the first
/// time. On the dialog of the first branch; what comes of this one happens on its own dialog from here on, to which the
/// service attaches. A branch that nobody attaches to is given up.
///
/// It carries what the branch said, which is told nowhere else. If that is a 2xx the branch's dialog is confirmed and the
/// others end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Forked {
    pub(crate) dialog: Handle<Dialog>,
    pub(crate) response: Response,
}

impl Event for Forked {
    const TYPE: Component = named("sip-forked");
}

impl Forked {
    /// The branch's dialog.
    #[must_use]
    pub fn dialog(&self) -> Handle<Dialog> {
        self.dialog
    }

    /// The first response of the branch.
    #[must_use]
    pub fn response(&self) -> &Response {
        &self.response
    }
}

/// The session of a dialog is to be refreshed by the service, with UPDATE or re-INVITE: half of its interval has passed
/// (RFC 4028 10). Only where the service has taken that over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionRefreshRequired;

impl Event for SessionRefreshRequired {
    const TYPE: Component = named("sip-session-refresh-required");
}

/// The session of a dialog was not refreshed in time (RFC 4028 10). BYE goes out by itself unless
/// `calls.end_expired` is off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionExpired;

impl Event for SessionExpired {
    const TYPE: Component = named("sip-session-expired");
}
