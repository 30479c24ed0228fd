//! SMPP PDUs as bytes: framing, headers, borrowed views of bodies, TLVs, builders, and the faults of malformed ones
//! (SMPP 3.4 and 5.0).
//!
//! It knows no session: which PDU may come when, and what answers it, is `session`'s. A body is read from exactly its own
//! frame, so a length or a missing NUL in it never reaches into the next PDU. The same structures are read and written.
//!
//! Invariants: reading never panics and never allocates; what was read is written back to the same meaning, TLVs verbatim;
//! what is refused has a [`Fault`] that knows its answer.

pub mod command;
pub mod tlv;

mod bind;
mod broadcast;
mod fault;
mod field;
mod framer;
mod header;
mod message;
mod multi;
mod owned;
mod pdu;
mod query;
mod read;
mod status;
#[cfg(test)]
mod tests;
mod tlvs;
mod write;

pub use bind::{Bind, BindResp, Outbind};
pub use broadcast::{Broadcast, CancelBroadcast, QueryBroadcast};
pub use fault::Fault;
pub use framer::{BadLength, Framer, PDU_MAX_DEFAULT, PDU_MAX_WITH_PAYLOAD};
pub use header::{HEADER_LEN, Header};
pub use message::{Addr, Alert, Data, MessageIdResp, Replace, Submit};
pub use multi::{
    Dest, DestBuf, Dests, SubmitMulti, SubmitMultiResp, Unsuccess, UnsuccessBuf, Unsuccesses,
};
pub use owned::PduBuf;
pub use pdu::Pdu;
pub use query::{Cancel, Query, QueryResp};
pub use status::Status;
pub use tlvs::{TlvBuf, Tlvs};
pub use write::EncodeError;

use std::borrow::Cow;

/// How much of the standard a peer has to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Every rule of the standard that can be looked up in one PDU: ASCII in strings, lengths of known TLVs, defined values
    /// of TON, NPI and flags.
    Strict,
    /// What messages need: the structure, lengths of addresses, no content in two places. Latin-1 in strings, message ids of
    /// up to 254 octets, passwords of up to 15, and responses without bodies pass.
    #[default]
    Lenient,
}

/// Octets of a string of the wire as text. SMPP's strings are ASCII; what is not is read as Latin-1.
#[must_use]
pub fn text(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => octets.iter().copied().map(char::from).collect(),
    }
}
