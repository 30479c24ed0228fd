//! The events of Diameter: one for the request and one for the answer of every command that has a name of its own.
//!
//! A command has one event in all applications that use it: CCR is that of credit control (RFC 8506) and that of Gx; which
//! it is [`application`](crate::Incoming::application) tells.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use strowger::error::OpError;
use strowger::event::{Event, EventDecl, FireOptions};
use strowger::id::{ActivityId, Component};
use strowger::ra::{FireFlags, RaCx};

use super::activity::named;
use super::message::{Answered, Identity, Incoming};

macro_rules! newtypes {
    ($(#[$doc:meta])* $name:ident($inner:ty) = $id:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub(crate) $inner);

        impl Event for $name {
            const TYPE: Component = named($id);
        }

        impl Deref for $name {
            type Target = $inner;
            fn deref(&self) -> &$inner {
                &self.0
            }
        }
    };
}

macro_rules! commands {
    ($($code:literal $text:literal: $(#[$doc:meta])* $request:ident = $request_id:literal, $answer:ident = $answer_id:literal;)*) => {
        $(
            newtypes! {
                #[doc = concat!("The ", $text, " request. ")]
                $(#[$doc])*
                $request(Incoming) = $request_id
            }
            newtypes! {
                #[doc = concat!("The answer to a ", $text, " request of ours.")]
                $answer(Answered) = $answer_id
            }
        )*
        newtypes! {
            /// A request whose command has no event of its own.
            ExtensionRequest(Incoming) = "diameter-extension-request"
        }
        newtypes! {
            /// The answer to a request whose command has no event of its own.
            ExtensionAnswer(Answered) = "diameter-extension-answer"
        }
        newtypes! {
            /// A request of ours was refused on its way, or by a peer that could not make sense of it: an answer with the
            /// E bit (RFC 6733 7.2).
            ErrorAnswer(Answered) = "diameter-error-answer"
        }

        /// Every event type that the adaptor fires.
        #[must_use]
        pub fn decls() -> Vec<EventDecl> {
            vec![
                $(EventDecl::of::<$request>(), EventDecl::of::<$answer>(),)*
                EventDecl::of::<ExtensionRequest>(),
                EventDecl::of::<ExtensionAnswer>(),
                EventDecl::of::<ErrorAnswer>(),
                EventDecl::of::<Timeout>(),
                EventDecl::of::<SendFailure>(),
                EventDecl::of::<SessionExpired>(),
                EventDecl::of::<PeerUp>(),
                EventDecl::of::<PeerDown>(),
            ]
        }

        /// Whether a service receives requests of this command.
        pub(crate) fn is_received(cx: &RaCx<'_>, command: u32) -> bool {
            match command {
                $($code => cx.has_receiver::<$request>(),)*
                _ => cx.has_receiver::<ExtensionRequest>(),
            }
        }

        /// Fires a request as the event of its command.
        pub(crate) fn fire_request(
            cx: &mut RaCx<'_>,
            activity: ActivityId,
            request: Incoming,
            flags: FireFlags,
        ) -> Result<u64, OpError> {
            let options = FireOptions::default();
            match request.command() {
                $($code => cx.fire_with(activity, $request(request), options, flags),)*
                _ => cx.fire_with(activity, ExtensionRequest(request), options, flags),
            }
        }

        /// Fires an answer as the event of its command, or as that of errors.
        pub(crate) fn fire_answer(
            cx: &mut RaCx<'_>,
            activity: ActivityId,
            answer: Answered,
        ) -> Result<u64, OpError> {
            if answer.message().is_error() {
                return cx.fire(activity, ErrorAnswer(answer));
            }
            match answer.command() {
                $($code => cx.fire(activity, $answer(answer)),)*
                _ => cx.fire(activity, ExtensionAnswer(answer)),
            }
        }
    };
}

commands! {
    258 "Re-Auth":
        /// On its [`Session`](crate::Session); of an unknown one it is answered 5002.
        ReAuthRequest = "diameter-re-auth-request", ReAuthAnswer = "diameter-re-auth-answer";
    265 "AA":
        /// On the [`Session`](crate::Session) that it begins or belongs to.
        AaRequest = "diameter-aa-request", AaAnswer = "diameter-aa-answer";
    271 "Accounting":
        /// On the [`Session`](crate::Session) that it begins or belongs to.
        AccountingRequest = "diameter-accounting-request", AccountingAnswer = "diameter-accounting-answer";
    272 "Credit-Control":
        /// On the [`Session`](crate::Session) that it begins or belongs to; an update or a termination in an unknown one
        /// is answered 5002.
        CreditControlRequest = "diameter-credit-control-request", CreditControlAnswer = "diameter-credit-control-answer";
    274 "Abort-Session":
        /// On its [`Session`](crate::Session); of an unknown one it is answered 5002.
        AbortSessionRequest = "diameter-abort-session-request", AbortSessionAnswer = "diameter-abort-session-answer";
    275 "Session-Termination":
        /// On its [`Session`](crate::Session), which ends with the answer; of an unknown one it is answered 5002.
        SessionTerminationRequest = "diameter-session-termination-request", SessionTerminationAnswer = "diameter-session-termination-answer";
    300 "User-Authorization":
        /// Cx. On a [`ServerTx`](crate::ServerTx).
        UserAuthorizationRequest = "diameter-user-authorization-request", UserAuthorizationAnswer = "diameter-user-authorization-answer";
    301 "Server-Assignment":
        /// Cx. On a [`ServerTx`](crate::ServerTx).
        ServerAssignmentRequest = "diameter-server-assignment-request", ServerAssignmentAnswer = "diameter-server-assignment-answer";
    302 "Location-Info":
        /// Cx. On a [`ServerTx`](crate::ServerTx).
        LocationInfoRequest = "diameter-location-info-request", LocationInfoAnswer = "diameter-location-info-answer";
    303 "Multimedia-Auth":
        /// Cx. On a [`ServerTx`](crate::ServerTx).
        MultimediaAuthRequest = "diameter-multimedia-auth-request", MultimediaAuthAnswer = "diameter-multimedia-auth-answer";
    304 "Registration-Termination":
        /// Cx. On a [`ServerTx`](crate::ServerTx).
        RegistrationTerminationRequest = "diameter-registration-termination-request", RegistrationTerminationAnswer = "diameter-registration-termination-answer";
    305 "Push-Profile":
        /// Cx. On a [`ServerTx`](crate::ServerTx).
        PushProfileRequest = "diameter-push-profile-request", PushProfileAnswer = "diameter-push-profile-answer";
    306 "User-Data":
        /// Sh. On a [`ServerTx`](crate::ServerTx).
        UserDataRequest = "diameter-user-data-request", UserDataAnswer = "diameter-user-data-answer";
    307 "Profile-Update":
        /// Sh. On a [`ServerTx`](crate::ServerTx).
        ProfileUpdateRequest = "diameter-profile-update-request", ProfileUpdateAnswer = "diameter-profile-update-answer";
    308 "Subscribe-Notifications":
        /// Sh. On a [`ServerTx`](crate::ServerTx); the answer to one of ours on its [`ShSubscription`](crate::ShSubscription).
        SubscribeNotificationsRequest = "diameter-subscribe-notifications-request", SubscribeNotificationsAnswer = "diameter-subscribe-notifications-answer";
    309 "Push-Notification":
        /// Sh. On the [`ShSubscription`](crate::ShSubscription) for that user, or on a [`ServerTx`](crate::ServerTx) if
        /// there is none.
        PushNotificationRequest = "diameter-push-notification-request", PushNotificationAnswer = "diameter-push-notification-answer";
    316 "Update-Location":
        /// S6a. On a [`ServerTx`](crate::ServerTx).
        UpdateLocationRequest = "diameter-update-location-request", UpdateLocationAnswer = "diameter-update-location-answer";
    317 "Cancel-Location":
        /// S6a. On a [`ServerTx`](crate::ServerTx).
        CancelLocationRequest = "diameter-cancel-location-request", CancelLocationAnswer = "diameter-cancel-location-answer";
    318 "Authentication-Information":
        /// S6a. On a [`ServerTx`](crate::ServerTx).
        AuthenticationInformationRequest = "diameter-authentication-information-request", AuthenticationInformationAnswer = "diameter-authentication-information-answer";
    319 "Insert-Subscriber-Data":
        /// S6a. On a [`ServerTx`](crate::ServerTx).
        InsertSubscriberDataRequest = "diameter-insert-subscriber-data-request", InsertSubscriberDataAnswer = "diameter-insert-subscriber-data-answer";
    320 "Delete-Subscriber-Data":
        /// S6a. On a [`ServerTx`](crate::ServerTx).
        DeleteSubscriberDataRequest = "diameter-delete-subscriber-data-request", DeleteSubscriberDataAnswer = "diameter-delete-subscriber-data-answer";
    321 "Purge-UE":
        /// S6a. On a [`ServerTx`](crate::ServerTx).
        PurgeUeRequest = "diameter-purge-ue-request", PurgeUeAnswer = "diameter-purge-ue-answer";
    322 "Reset":
        /// S6a. On a [`ServerTx`](crate::ServerTx).
        ResetRequest = "diameter-reset-request", ResetAnswer = "diameter-reset-answer";
    323 "Notify":
        /// S6a. On a [`ServerTx`](crate::ServerTx).
        NotifyRequest = "diameter-notify-request", NotifyAnswer = "diameter-notify-answer";
    324 "ME-Identity-Check":
        /// S13. On a [`ServerTx`](crate::ServerTx).
        MeIdentityCheckRequest = "diameter-me-identity-check-request", MeIdentityCheckAnswer = "diameter-me-identity-check-answer";
    8_388_622 "LCS-Routing-Info":
        /// SLh. On a [`ServerTx`](crate::ServerTx).
        LcsRoutingInfoRequest = "diameter-lcs-routing-info-request", LcsRoutingInfoAnswer = "diameter-lcs-routing-info-answer";
}

/// A request of ours was not answered in its time. On the activity that it belongs to, once; an answer that comes later is
/// counted and dropped.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Timeout {
    /// The command of the request.
    pub command: u32,
    /// Its application.
    pub application: u32,
    /// What [`Outgoing::tag`](crate::Outgoing::tag) gave it.
    pub tag: u64,
    /// Its End-to-End Identifier, to send it [again](crate::Outgoing::again).
    pub end_to_end: u32,
    /// It may have reached a server: it has been sent at least once.
    pub sent: bool,
}

impl Event for Timeout {
    const TYPE: Component = named("diameter-timeout");
}

/// A request of ours could not be sent, or the connection that it was sent on was lost and there was no other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SendFailure {
    /// The command of the request.
    pub command: u32,
    /// Its application.
    pub application: u32,
    /// What [`Outgoing::tag`](crate::Outgoing::tag) gave it.
    pub tag: u64,
    /// Its End-to-End Identifier, to send it [again](crate::Outgoing::again).
    pub end_to_end: u32,
    /// Why.
    pub reason: SendError,
    /// It may have reached a server: it has been sent at least once.
    pub sent: bool,
}

impl Event for SendFailure {
    const TYPE: Component = named("diameter-send-failure");
}

/// Why a request was not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SendError {
    /// No open peer leads there (RFC 6733 6.1).
    Unroutable,
    /// The connection was lost and there was no other way.
    PeerDown,
    /// Too many requests wait already.
    Overflow,
    /// The message cannot be written: an AVP or all of it is longer than 24 bits say, or than the configured limit.
    TooLong,
    /// The answer cannot be read, or is not what its command's definition says (`validation_answers`).
    BadAnswer,
    /// The adaptor is stopping.
    Stopping,
    /// The request is not what its command's definition says (`validation_sent`).
    Invalid,
}

/// A session is over without having been ended: on the [`Session`](crate::Session) or
/// [`ShSubscription`](crate::ShSubscription), which ends after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionExpired {
    /// Why.
    pub cause: ExpiryCause,
}

/// Why a session is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ExpiryCause {
    /// Nothing has come for the time that [`Diameter::supervise`](crate::Diameter::supervise) or the settings give it, or a
    /// subscription was not renewed.
    Silence,
    /// The other side has restarted, and lost its sessions (RFC 6733 8.6).
    PeerRestarted,
}

impl Event for SessionExpired {
    const TYPE: Component = named("diameter-session-expired");
}

/// A peer can be sent requests. On its new [`Peer`](crate::Peer).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PeerUp {
    /// Its Origin-Host.
    pub peer: Identity,
}

impl Event for PeerUp {
    const TYPE: Component = named("diameter-peer-up");
}

/// A peer can be sent no requests any more. On its [`Peer`](crate::Peer), which ends after it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PeerDown {
    /// Its Origin-Host.
    pub peer: Identity,
}

impl Event for PeerDown {
    const TYPE: Component = named("diameter-peer-down");
}
