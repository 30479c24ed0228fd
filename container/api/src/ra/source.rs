//! What an adaptor tells of those who send: who brought new work, and who did what nobody does by mistake for long.

use std::net::IpAddr;

/// What somebody does who tries keys, or speaks what is none of the protocol. Once is a mistake; the node counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Offence {
    /// Credentials that are wrong; not that there were none yet, nor that they were too old.
    Credentials,
    /// What cannot be read as the protocol.
    Malformed,
    /// A name that nobody here has said may connect.
    UnknownPeer,
}

impl Offence {
    /// In a word, as operators see it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Malformed => "malformed",
            Self::UnknownPeer => "unknown-peer",
        }
    }
}

/// What an adaptor entity has told of a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// New work from there was taken.
    NewWork(IpAddr),
    /// An offence.
    Offence {
        /// From where.
        source: IpAddr,
        /// Which.
        offence: Offence,
        /// Whether it is certain that it came from there: over a connection, or because it shows what was sent there.
        proven: bool,
    },
}
