//! What the network has counted.

/// Totals since start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, serde::Serialize, serde::Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Counts {
    /// Datagrams received.
    pub datagrams_in: u64,
    /// Datagrams sent.
    pub datagrams_out: u64,
    /// Datagrams that the system refused to send.
    pub datagrams_failed: u64,
    /// Datagrams dropped because too many waited to be sent.
    pub datagrams_dropped: u64,
    /// Bytes received, datagrams and streams.
    pub bytes_in: u64,
    /// Bytes sent, datagrams and streams.
    pub bytes_out: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections closed as they arrived, because as many as allowed were there.
    pub refused: u64,
    /// Connections opened.
    pub connected: u64,
    /// Connections that could not be opened.
    pub connects_failed: u64,
    /// Connections closed because the peer did not read.
    pub streams_overflown: u64,
    /// Connections closed because nothing moved on them.
    pub streams_idle: u64,
    /// Handshakes of TLS that succeeded.
    pub handshakes: u64,
    /// Those of them that resumed an earlier session.
    pub handshakes_resumed: u64,
    /// Handshakes of TLS that failed, or were not over in time.
    pub handshakes_failed: u64,
    /// Connections over TLS that broke off because of what came on them.
    pub streams_garbled: u64,
}
