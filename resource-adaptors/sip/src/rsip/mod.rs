//! Conversions to and from the types of the crate `rsip`, so that service code written against it works.
//!
//! At the edge only: nothing of the stack uses `rsip`. It cannot hold every message, so every conversion can fail, and
//! its own parsers and printers are not used (docs/sip-rsip.md lists their defects). What is converted to `rsip` has
//! full header names, folds as one blank, and one line for each Via, Route, Record-Route and Contact value; reason
//! phrases of status codes that `rsip` names are not kept.
//!
//! Messages convert with `TryFrom` between `Message` and `rsip`'s `SipMessage`, `Request` and `Response`, or with
//! `Message::to_rsip`; views (`Uri`, `Via`, `CSeq`, `NameAddr`) with `TryFrom` or `to_rsip`. What `rsip` holds
//! typed is written by [`ToWire`].

mod from_rsip;
mod to_rsip;

pub use from_rsip::ToWire;

use crate::proto::wire::{BuildError, HeaderId, Method, Rejected, WireError};

/// Why a message or value has no form in `rsip`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToRsipError {
    /// The value is malformed.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// `rsip` knows fourteen methods.
    #[error("rsip has no method {0}")]
    Method(Method),
    /// `rsip` knows seven transports in Via.
    #[error("rsip has no such transport")]
    Transport,
    /// `rsip` keeps no headers in URIs.
    #[error("rsip keeps no URI headers")]
    UriHeaders,
    /// `rsip` keeps text, and this header's value is not UTF-8.
    #[error("value of {0:?} is not UTF-8")]
    HeaderText(HeaderId),
    /// `rsip` keeps text, and a part of this value is not UTF-8.
    #[error("value is not UTF-8")]
    Text,
    /// A request was asked for.
    #[error("the message is a response")]
    IsResponse,
    /// A response was asked for.
    #[error("the message is a request")]
    IsRequest,
}

/// Why what `rsip` holds cannot be a message or value.
#[derive(Debug, thiserror::Error)]
pub enum FromRsipError {
    /// A part would break out of its line.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A value is malformed.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// What was written is not a valid message.
    #[error(transparent)]
    Refused(#[from] Box<Rejected>),
    /// A Request-URI without a scheme.
    #[error("URI has no scheme")]
    NoScheme,
}

#[cfg(test)]
mod tests;
