//! RFC 6733 messages as bytes: framing, header, AVPs, values, builder, and the faults that malformed ones are answered with.
//!
//! It is not a dictionary and no peer: which AVPs a command needs is `dict`'s, where a message goes is `node`'s. A
//! [`Message`] is one refcounted frame whose structure was checked once ([`Message::parse`]); every view of it
//! ([`Avps`], [`Avp`], the values) borrows from it and is read when it is asked for.
//!
//! Invariants: reading never panics, never recurses and never allocates; what was accepted is written back byte for byte;
//! a request that is refused has a [`Fault`] that knows its answer (RFC 6733 7).

mod avp;
mod build;
mod fault;
mod framer;
mod groups;
mod header;
mod message;
mod patch;
mod uri;
mod value;
mod walk;

pub use avp::{Avp, Avps};
pub use build::{AvpBuf, BuildError, Builder, Value};
pub use fault::Fault;
pub use framer::{FrameFault, FrameFaultKind, Framer, MESSAGE_MAX, MESSAGE_MAX_DEFAULT};
pub use groups::Groups;
pub use header::{HEADER_LEN, Header};
pub use message::Message;
pub use patch::Patch;
pub use uri::{Transport, Uri};
pub use value::{Address, Time, ValueError};
pub use walk::Limits;

/// Bits of a message header's flags and of an AVP header's flags (RFC 6733 3, 4.1).
pub mod flag {
    /// Header: the message is a request.
    pub const REQUEST: u8 = 0x80;
    /// Header: the message may be proxied, relayed or redirected.
    pub const PROXIABLE: u8 = 0x40;
    /// Header: the answer reports a protocol error.
    pub const ERROR: u8 = 0x20;
    /// Header: the request may be a copy, sent again after a failover or a restart.
    pub const RETRANSMIT: u8 = 0x10;
    /// AVP: a Vendor-Id follows the length.
    pub const VENDOR: u8 = 0x80;
    /// AVP: who does not know the AVP refuses the message.
    pub const MANDATORY: u8 = 0x40;
    /// AVP: reserved for end-to-end security.
    pub const PROTECTED: u8 = 0x20;
}

/// Codes of the AVPs that the wire itself reads or writes; all are in RFC 6733, vendor 0.
pub(crate) mod code {
    pub(crate) const ORIGIN_HOST: u32 = 264;
    pub(crate) const ORIGIN_REALM: u32 = 296;
    pub(crate) const SESSION_ID: u32 = 263;
    pub(crate) const RESULT_CODE: u32 = 268;
    pub(crate) const FAILED_AVP: u32 = 279;
    pub(crate) const ERROR_MESSAGE: u32 = 281;
    pub(crate) const ROUTE_RECORD: u32 = 282;
    pub(crate) const DESTINATION_REALM: u32 = 283;
    pub(crate) const PROXY_INFO: u32 = 284;
    pub(crate) const DESTINATION_HOST: u32 = 293;
    pub(crate) const EXPERIMENTAL_RESULT: u32 = 297;
    pub(crate) const EXPERIMENTAL_RESULT_CODE: u32 = 298;
}
