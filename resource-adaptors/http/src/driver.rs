//! What the adaptor and its driver say to each other.
//!
//! Tokens name requests that came, and are the driver's; ids name calls, and are those of their activities.

use bytes::Bytes;
use std::net::SocketAddr;

use crate::api::{Failure, Headers, Method, Reply, Request, Response};

/// What the adaptor tells its driver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Down {
    /// Answer a request.
    Reply {
        /// The request.
        token: u64,
        /// The answer.
        reply: Reply,
    },
    /// Send a request; answered with [`Up::Outcome`].
    Call(Box<Dial>),
    /// Give a call up; nothing comes back.
    Cancel {
        /// The call.
        call: u64,
    },
    /// Answer new requests 503 without asking, or ask again.
    Refuse(bool),
}

/// A request to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dial {
    /// The call.
    pub call: u64,
    /// Over TLS.
    pub secure: bool,
    /// The host's name or address, without brackets: what its certificate must be for.
    pub host: String,
    /// Where the host is, in the order in which they are tried; never empty.
    pub addresses: Vec<SocketAddr>,
    /// Host and port for the field Host.
    pub authority: String,
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// The header fields.
    pub headers: Headers,
    /// The content.
    pub body: Bytes,
}

/// What the driver tells its adaptor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Up {
    /// A request came, as a whole and well-formed.
    Request {
        /// Unique while the process lives; not 0.
        token: u64,
        /// The request.
        request: Box<Request>,
    },
    /// The client of a request has gone before it was answered.
    Gone {
        /// The request.
        token: u64,
    },
    /// What became of a call.
    Outcome {
        /// The call.
        call: u64,
        /// The answer, or why there is none.
        outcome: Result<Response, Failure>,
    },
}
