//! Requests and responses as events carry them: the message, and what names it to the adaptor.

use std::fmt;

use bytes::Bytes;
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use strowger::State;

use super::flow::FlowId;
use crate::proto::flow::Flow;
use crate::proto::ua::is_sips;
use crate::proto::wire;
use crate::proto::wire::{HeaderId, Limits, Method};

/// Names a received request, so that it can be answered later. Plain data: it may be kept in state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, State)]
pub struct RequestId(pub(crate) u64);

/// A request that came, or the CANCEL or ACK that goes with one. Every request event derefs to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    #[serde(with = "wire_bytes")]
    pub(crate) message: Box<wire::Message>,
    pub(crate) id: u64,
    pub(crate) source: FlowId,
}

impl Request {
    pub(crate) fn new(message: Box<wire::Message>, id: u64, source: Flow) -> Self {
        Self {
            message,
            id,
            source: source.into(),
        }
    }

    /// Its name, to answer it later.
    #[must_use]
    pub fn id(&self) -> RequestId {
        RequestId(self.id)
    }

    /// The way that it came: what [`Target::over`](crate::Target::over) sends back along.
    #[must_use]
    pub fn flow(&self) -> FlowId {
        self.source
    }

    /// The whole message, with typed views of every header.
    #[must_use]
    pub fn message(&self) -> &wire::Message {
        &self.message
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.message.method().unwrap_or(&Method::Options)
    }

    /// The Request-URI as written.
    #[must_use]
    pub fn uri(&self) -> &[u8] {
        self.message.uri_raw().unwrap_or_default()
    }

    /// The user part of the Request-URI; empty if it has none.
    #[must_use]
    pub fn user(&self) -> &[u8] {
        self.message
            .uri()
            .ok()
            .and_then(|uri| uri.user())
            .unwrap_or_default()
    }

    /// Whether its Request-URI is a `sips` one, of which nothing may go unencrypted (RFC 3261 26.2.2).
    #[must_use]
    pub fn is_sips(&self) -> bool {
        is_sips(self.uri())
    }

    /// The value of the first header line with this name, in full or compact form, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.message.get_named(name.as_bytes())
    }

    /// The Content-Type; empty if there is none.
    #[must_use]
    pub fn content_type(&self) -> &[u8] {
        self.message.get(HeaderId::ContentType).unwrap_or_default()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.message.body()
    }

    /// The Call-ID.
    #[must_use]
    pub fn call_id(&self) -> &[u8] {
        self.message.call_id().unwrap_or_default()
    }
}

/// A response to a request that was sent, or what stands for one that did not come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Response {
    #[serde(with = "wire_bytes")]
    pub(crate) message: Box<wire::Message>,
    pub(crate) link: Option<u64>,
    local: bool,
}

/// The first digit of a status code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum StatusClass {
    /// 1xx.
    Provisional,
    /// 2xx.
    Success,
    /// 3xx.
    Redirect,
    /// 4xx.
    ClientError,
    /// 5xx.
    ServerError,
    /// 6xx.
    GlobalFailure,
}

impl Response {
    pub(crate) fn new(message: Box<wire::Message>, link: Option<u64>, local: bool) -> Self {
        Self {
            message,
            link,
            local,
        }
    }

    /// The whole message.
    #[must_use]
    pub fn message(&self) -> &wire::Message {
        &self.message
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.message.status().unwrap_or(500)
    }

    /// The reason phrase as written.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        self.message.reason().unwrap_or_default()
    }

    /// The class of the status code.
    #[must_use]
    pub fn class(&self) -> StatusClass {
        match self.status() {
            ..=199 => StatusClass::Provisional,
            200..=299 => StatusClass::Success,
            300..=399 => StatusClass::Redirect,
            400..=499 => StatusClass::ClientError,
            500..=599 => StatusClass::ServerError,
            600.. => StatusClass::GlobalFailure,
        }
    }

    /// Whether more responses follow.
    #[must_use]
    pub fn is_provisional(&self) -> bool {
        self.class() == StatusClass::Provisional
    }

    /// Whether it is a provisional one that was or is to be acknowledged by PRACK (RFC 3262).
    #[must_use]
    pub fn is_reliable(&self) -> bool {
        self.is_provisional()
            && self.message.has(HeaderId::RSeq)
            && self.message.lists(HeaderId::Require, b"100rel")
    }

    /// Whether the request succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.class() == StatusClass::Success
    }

    /// Whether the request failed: a final response that is not 2xx.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.class() >= StatusClass::Redirect
    }

    /// Whether nothing came in time and the adaptor made it: 408, as RFC 3261 8.1.3.1 has it. This is JAIN SIP's
    /// transaction timeout.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.local && self.status() == 408
    }

    /// Whether the adaptor made it in the peer's place: 408 no answer, 481, 483, 491 collision, 503 not sent.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// The method of the request that it answers, as CSeq has it.
    #[must_use]
    pub fn method(&self) -> Method {
        self.message
            .cseq()
            .map_or(Method::Options, |cseq| cseq.to_method())
    }

    /// Whether it answers an INVITE, the first or a later one.
    #[must_use]
    pub fn is_to_invite(&self) -> bool {
        self.message
            .cseq()
            .is_ok_and(|cseq| cseq.method == b"INVITE")
    }

    /// The request that was passed on, if the answered one was made from a received one.
    #[must_use]
    pub fn answers(&self) -> Option<RequestId> {
        self.link.map(RequestId)
    }

    /// The value of the first header line with this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.message.get_named(name.as_bytes())
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.message.body()
    }
}

/// A message as its bytes.
mod wire_bytes {
    use super::*;

    pub(super) fn serialize<S: Serializer>(
        message: &wire::Message,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(message.as_bytes())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Box<wire::Message>, D::Error> {
        struct Bytewise;
        impl Visitor<'_> for Bytewise {
            type Value = Box<wire::Message>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a SIP message")
            }
            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                // It was checked when it came.
                wire::Message::parse(Bytes::copy_from_slice(bytes), &Limits::DEFAULT)
                    .map(Box::new)
                    .map_err(|_| E::custom("not a SIP message"))
            }
        }
        deserializer
            .deserialize_bytes(Bytewise)
            .map_err(D::Error::custom)
    }
}
