//! Requests and answers as events carry them: the message, and what names it to the adaptor.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use strowger::State;

use crate::proto::wire::Message;

/// A DiameterIdentity (RFC 6733 4.3.1): the name of a node or a realm. Equal without regard to the case of letters.
#[derive(Clone, Debug)]
pub struct Identity(Arc<str>);

impl Identity {
    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Identity {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<Arc<str>> for Identity {
    fn from(name: Arc<str>) -> Self {
        Self(name)
    }
}

impl Deref for Identity {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Identity {}

impl PartialEq<str> for Identity {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl Serialize for Identity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Ok(Self(name.as_ref().into()))
    }
}

/// Names a received request, so that it can be answered later. Plain data: it may be kept in state. The same request, sent
/// again by its peer, has the same name, also after a restart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, State)]
pub struct RequestId(pub(crate) u64);

/// A request that came. Every request event derefs to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Incoming {
    pub(crate) message: Message,
    pub(crate) peer: Identity,
    pub(crate) id: u64,
}

impl Incoming {
    pub(crate) fn new(message: Message, peer: Identity, id: RequestId) -> Self {
        Self {
            message,
            peer,
            id: id.0,
        }
    }

    /// Its name, to answer it later.
    #[must_use]
    pub fn id(&self) -> RequestId {
        RequestId(self.id)
    }

    /// The whole message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The peer that it came from; where agents are on the way, not its origin.
    #[must_use]
    pub fn peer(&self) -> &Identity {
        &self.peer
    }

    /// The Session-Id; empty if it has none.
    #[must_use]
    pub fn session_id(&self) -> &str {
        self.message.session_id().unwrap_or_default()
    }

    /// The Origin-Host; empty if it has none.
    #[must_use]
    pub fn origin_host(&self) -> &str {
        self.message.origin_host().unwrap_or_default()
    }

    /// The command code.
    #[must_use]
    pub fn command(&self) -> u32 {
        self.message.header().command
    }

    /// The application id.
    #[must_use]
    pub fn application(&self) -> u32 {
        self.message.header().application
    }

    /// Whether its sender may have sent it before (T bit): another process may have carried it out.
    #[must_use]
    pub fn is_retransmitted(&self) -> bool {
        self.message.header().is_retransmit()
    }
}

/// An answer to a request of ours. Every answer event derefs to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answered {
    pub(crate) message: Message,
    pub(crate) peer: Identity,
    pub(crate) tag: u64,
    pub(crate) again: bool,
}

impl Answered {
    pub(crate) fn new(message: Message, peer: Identity, (tag, again): (u64, bool)) -> Self {
        Self {
            message,
            peer,
            tag,
            again,
        }
    }

    /// The whole message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The peer that it came from; where agents are on the way, not its origin.
    #[must_use]
    pub fn peer(&self) -> &Identity {
        &self.peer
    }

    /// The Session-Id; empty if it has none.
    #[must_use]
    pub fn session_id(&self) -> &str {
        self.message.session_id().unwrap_or_default()
    }

    /// The Origin-Host; empty if it has none.
    #[must_use]
    pub fn origin_host(&self) -> &str {
        self.message.origin_host().unwrap_or_default()
    }

    /// The command code.
    #[must_use]
    pub fn command(&self) -> u32 {
        self.message.header().command
    }

    /// The application id.
    #[must_use]
    pub fn application(&self) -> u32 {
        self.message.header().application
    }

    /// Result-Code, or the code in Experimental-Result; 0 if it has neither.
    #[must_use]
    pub fn result_code(&self) -> u32 {
        self.message.result_code().unwrap_or_default()
    }

    /// Whether the request succeeded: a result code 2xxx (RFC 6733 7.1.2).
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.result_code() / 1000 == 2
    }

    /// Whether the request went out more than once, or may have, so that this may be the answer to a copy: a server without a
    /// memory of its own may have carried out the first.
    #[must_use]
    pub fn is_to_copy(&self) -> bool {
        self.again
    }

    /// The End-to-End Identifier of the request.
    #[must_use]
    pub fn end_to_end(&self) -> u32 {
        self.message.header().end_to_end
    }

    /// What [`Outgoing::tag`](crate::Outgoing::tag) gave the request.
    #[must_use]
    pub fn tag(&self) -> u64 {
        self.tag
    }
}
