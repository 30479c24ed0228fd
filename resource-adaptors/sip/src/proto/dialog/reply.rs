//! What a service says in a response, as it waits in a dialog or goes out at once.

use bytes::Bytes;

use super::SessionAsk;

/// What a service says in a response.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// Status code, 100 to 699.
    pub status: u16,
    /// Reason phrase; empty for the registered one.
    pub reason: Bytes,
    /// Whole header lines, each with its CRLF: neither Contact nor what is copied from the request.
    pub lines: Bytes,
    /// The body; its Content-Type is among the lines.
    pub body: Bytes,
    /// Whether Allow is added to a response that should have it.
    pub allow: bool,
    /// Whether a provisional response to an INVITE is to be acknowledged (RFC 3262).
    pub reliability: Reliability,
    /// Of a provisional response to an INVITE: the call is to be there after a restart.
    pub durable: bool,
    /// Of a 2xx to the first INVITE: what is asked of the session.
    pub session: Option<SessionAsk>,
}

/// How a provisional response to an INVITE goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reliability {
    /// Reliably where the caller requires it, otherwise once.
    #[default]
    Demanded,
    /// Reliably where the caller supports it, otherwise once.
    Supported,
}
