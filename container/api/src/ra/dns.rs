//! Names as adaptors ask for them. The node asks the name servers, follows aliases, and keeps answers for as long as
//! they say; an adaptor hears of an answer as [`Input::Resolved`](super::Input::Resolved).

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// What is asked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Query {
    /// The name, as it goes over the wire: absolute, with or without a dot at its end; no search list is used.
    pub name: String,
    /// Records of which kind.
    pub kind: RecordKind,
}

impl Query {
    /// Records of a kind at a name.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: RecordKind) -> Self {
        Self {
            name: name.into(),
            kind,
        }
    }
}

/// A kind of record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RecordKind {
    /// IPv4 addresses (RFC 1035).
    A,
    /// IPv6 addresses (RFC 3596).
    Aaaa,
    /// Services (RFC 2782).
    Srv,
    /// Pointers with rules (RFC 3403).
    Naptr,
}

/// What was found: at least one record, all of the kind that was asked for, in the order of the answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The records.
    pub records: Vec<Record>,
    /// How long they may be used from here on.
    pub ttl: Duration,
}

/// A record.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Record {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A service.
    Srv(Srv),
    /// A pointer.
    Naptr(Naptr),
}

impl Record {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::A(_) => RecordKind::A,
            Self::Aaaa(_) => RecordKind::Aaaa,
            Self::Srv(_) => RecordKind::Srv,
            Self::Naptr(_) => RecordKind::Naptr,
        }
    }
}

/// Where a service is offered (RFC 2782).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Srv {
    /// Lower ones are tried first.
    pub priority: u16,
    /// Share among those of one priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host, in lower case and without a dot at its end; empty where the service is decidedly not offered.
    pub target: String,
}

/// What to ask for next (RFC 3403 4.1). Texts are as in the record but for the replacement.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Naptr {
    /// Lower ones first.
    pub order: u16,
    /// Among those of one order, lower ones first.
    pub preference: u16,
    /// What the replacement is: `s` a name of SRV records, `a` one of addresses.
    pub flags: String,
    /// What is offered, such as `SIP+D2T`.
    pub service: String,
    /// A rule that makes the next name, mostly empty.
    pub regexp: String,
    /// The next name, in lower case and without a dot at its end.
    pub replacement: String,
}

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The name does not exist.
    #[error("there is no such name")]
    NoSuchName,
    /// The name exists and has no such records.
    #[error("the name has no such records")]
    NoData,
    /// It is no name: a label is empty or too long, or the whole is.
    #[error("this is no name")]
    NotAName,
    /// No name server has answered in time.
    #[error("no name server has answered in time")]
    Timeout,
    /// The name servers do not answer the question: SERVFAIL, REFUSED, or what cannot be read.
    #[error("the name servers do not answer the question")]
    Failed,
    /// As many questions as allowed are under way.
    #[error("too many questions are under way")]
    Full,
}
