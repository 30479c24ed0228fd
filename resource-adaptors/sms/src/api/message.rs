//! Requests as events carry them: the PDU, whom it came from, and what names it to the adaptor.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use strowger::State;

use crate::proto::wire::{Pdu, PduBuf};

/// The name of an account, a link or a group, as the settings have it. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Ok(Self(name.as_ref().into()))
    }
}

impl strowger::state::State for Name {
    fn schema(out: &mut String) {
        String::schema(out);
    }
}

/// The other side of a session.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, State)]
pub enum Peer {
    /// An ESME that has bound to us, by its account.
    Account(Name),
    /// A message centre that we have bound to, by its link.
    Link(Name),
}

impl Peer {
    /// The name of the account or the link.
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            Self::Account(name) | Self::Link(name) => name,
        }
    }
}

/// Names a request of a peer that waits for its answer. Plain data: it may be kept in state. Of one that has been answered,
/// or whose session is over, it names nothing, also after a restart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, State)]
pub struct RequestId {
    /// Unlike that of any process before.
    pub(crate) epoch: u32,
    /// The session.
    pub(crate) session: u32,
    /// What the session calls the request.
    pub(crate) key: u32,
    /// Which kind of request it is.
    pub(crate) command: u32,
}

/// A request of a peer. Every event of one derefs to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Incoming {
    pub(crate) pdu: PduBuf,
    pub(crate) peer: Peer,
    pub(crate) id: RequestId,
}

impl Incoming {
    /// Its name, to answer it later.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// Whom it came from.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The account that it came from, if it is one's.
    #[must_use]
    pub fn account(&self) -> Option<&Name> {
        match &self.peer {
            Peer::Account(name) => Some(name),
            Peer::Link(_) => None,
        }
    }

    /// The link that it came from, if it came on one.
    #[must_use]
    pub fn link(&self) -> Option<&Name> {
        match &self.peer {
            Peer::Link(name) => Some(name),
            Peer::Account(_) => None,
        }
    }

    /// The PDU as it came.
    #[must_use]
    pub fn buf(&self) -> &PduBuf {
        &self.pdu
    }

    /// What the PDU says.
    #[must_use]
    pub fn pdu(&self) -> Pdu<'_> {
        self.pdu.view()
    }
}
