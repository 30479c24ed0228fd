//! What comes out of a session, and why a call into it is refused.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Mode;
use crate::proto::wire::{EncodeError, Fault, PduBuf, Status, command};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this.
    Send(Bytes),
    /// Stop to read from the connection, or go on.
    PauseReading(bool),
    /// End the connection once all that was sent has left.
    Close,
    /// Add one to this counter.
    Count(&'static str),
    /// Something has happened.
    Event(Event),
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An ESME wants to bind: [`accept_bind`](super::Session::accept_bind) or [`refuse_bind`](super::Session::refuse_bind).
    BindRequest {
        /// As what.
        mode: Mode,
        /// The bind.
        pdu: PduBuf,
    },
    /// A message centre asks to be bound to.
    Outbind(PduBuf),
    /// The session is bound.
    Bound {
        /// As what.
        mode: Mode,
        /// The version that both sides speak.
        version: u8,
        /// The bind, or the response to ours.
        peer: PduBuf,
    },
    /// A request to answer with [`respond`](super::Session::respond) or [`refuse`](super::Session::refuse).
    Request {
        /// What names it.
        key: InKey,
        /// The request.
        pdu: PduBuf,
    },
    /// A request was not answered in time, and was answered ESME_RSYSERR.
    Unanswered {
        /// What named it.
        key: InKey,
    },
    /// An alert_notification, which has no response.
    Notification(PduBuf),
    /// The response to a request, of any status; generic_nack is one, too.
    Response {
        /// The request.
        seq: Seq,
        /// The response.
        pdu: PduBuf,
    },
    /// A request has no response and gets none any more.
    Failed {
        /// The request.
        seq: Seq,
        /// Why.
        reason: Failure,
    },
    /// The peer is congested by its own account (congestion_state of 90 and above), or no longer.
    Congested(bool),
    /// The session is over, bound before or not. It is the last event; keys that were not answered are void.
    Unbound(End),
}

/// Names a request of the peer within its session. sequence_numbers do not: a peer may use one twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InKey(u32);

/// Names a request of ours: its sequence_number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u32);

macro_rules! raw {
    ($($name:ident),*) => { $(
        impl $name {
            /// The number that it is.
            #[must_use]
            pub const fn raw(self) -> u32 {
                self.0
            }

            /// What has this number; one that nothing has is stale, and harmless.
            #[must_use]
            pub const fn from_raw(raw: u32) -> Self {
                Self(raw)
            }
        }
    )* };
}

raw!(InKey, Seq);

/// Why there is no response. Whether the peer has carried the request out is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// None came in time.
    #[error("no response in time")]
    Timeout,
    /// The session ended first.
    #[error("the session ended")]
    Disconnected,
    /// What came cannot be read.
    #[error("malformed response: {0}")]
    Malformed(Fault),
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum End {
    /// The peer has unbound.
    #[error("the peer has unbound")]
    PeerUnbound,
    /// This side has unbound.
    #[error("unbound")]
    Unbound,
    /// The connection ended without unbind.
    #[error("the connection ended")]
    Disconnected,
    /// This side has closed the connection without unbind.
    #[error("closed")]
    Closed,
    /// The bind was refused.
    #[error("bind refused: {0}")]
    BindRefused(Status),
    /// No bind came in time.
    #[error("no bind in time")]
    InitTimeout,
    /// The bind had no response in time.
    #[error("no response to the bind in time")]
    ResponseTimeout,
    /// enquire_link had no response in time.
    #[error("no response to enquire_link in time")]
    EnquireTimeout,
    /// There was nothing to do for too long.
    #[error("inactive")]
    Inactive,
    /// A command_length could not be true.
    #[error("command_length out of range")]
    BadLength,
    /// A PDU was not completed in time.
    #[error("a PDU was not completed in time")]
    PduTimeout,
}

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Connected and not bound.
    Open,
    /// Connected, and outbind was sent or came.
    Outbound,
    /// A bind waits for its response.
    Binding,
    /// Bound.
    Bound(Mode),
    /// On the way out.
    Unbinding,
    /// Over.
    Closed,
}

/// Why a request is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// As many requests as may be wait for responses.
    #[error("the window is full")]
    Full,
    /// The session is not bound, or on its way out.
    #[error("the session is not bound")]
    NotBound,
    /// This side does not send this command in this state.
    #[error("{} is not allowed here", command::name(*.0))]
    NotAllowed(u32),
    /// The peer knows no TLVs, and without them it would be another message.
    #[error("the peer knows no TLVs")]
    Version,
    /// A value does not fit its field.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Why a response is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RespondError {
    /// The request is answered, or its session is over.
    #[error("nothing waits for this response")]
    Gone,
    /// It is not the request's response.
    #[error("{} does not answer {}", command::name(*.response), command::name(*.request))]
    Mismatch {
        /// The request's command.
        request: u32,
        /// The response's command.
        response: u32,
    },
    /// A value does not fit its field.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Why a bind is not sent or answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BindError {
    /// Not from this side, or not in this state.
    #[error("no bind is possible here")]
    State,
    /// A value does not fit its field.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
