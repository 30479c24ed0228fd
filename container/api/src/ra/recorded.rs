//! What adaptors tell about the messages of a call, for those who look at it later.
//!
//! A recorder is mostly off, and then all this costs a question. What an adaptor says of a message is made only for the
//! calls that are recorded; secrets are left out before the message leaves the adaptor.

use super::{ListenerIx, Transport};
use std::borrow::Cow;
use std::net::SocketAddr;

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// To the node.
    In,
    /// From the node.
    Out,
}

/// What of a message is not kept. Whatever is left out is written over with `x`, byte by byte, so that lengths stay true.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Redaction {
    /// Passwords, and what is computed from them.
    pub secrets: bool,
    /// What people say to each other: the bodies of requests and responses, the texts of short messages.
    pub bodies: bool,
}

/// What a recorder wants of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// What is left out of it.
    pub redaction: Redaction,
    /// It belongs to something that is recorded. If not, it is wanted only if something can begin with it.
    pub known: bool,
}

/// A message of a call that is recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded<'a> {
    /// Over what.
    pub transport: Transport,
    /// The listener that it came to, or from which it leaves.
    pub listener: ListenerIx,
    /// The other side.
    pub remote: SocketAddr,
    /// Name of the protocol, in small letters: `sip`.
    pub protocol: &'static str,
    /// What it is, in a few words: a method, a status.
    pub title: String,
    /// Who wants whom; of a message that may begin something.
    pub parties: Option<Parties>,
    /// The message, without what is not kept.
    pub bytes: Cow<'a, [u8]>,
}

/// Who wants whom: numbers where there are any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Parties {
    /// Who.
    pub calling: String,
    /// Whom.
    pub called: String,
}
