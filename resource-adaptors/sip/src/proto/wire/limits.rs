//! What a message may cost before it is refused. Values are the defaults of the adaptor's configuration.

/// Bounds on one message. Everything beyond them is refused with the status in the field's comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a whole datagram (513). At most 65,535 can arrive.
    pub datagram: usize,
    /// Bytes of a whole message on a stream (513).
    pub stream: usize,
    /// Bytes of a body (413).
    pub body: usize,
    /// Header lines (513).
    pub headers: usize,
    /// Bytes of one header line, folded lines included (513). Values above 65,535 act as 65,535.
    pub header: usize,
    /// Bytes of the Request-URI (414).
    pub uri: usize,
    /// `Via` values (513): as many as Max-Forwards of 70 lets through.
    pub vias: usize,
    /// `Route` values, and `Record-Route` values (513).
    pub routes: usize,
    /// `Contact` values (513).
    pub contacts: usize,
}

impl Limits {
    /// The defaults: 64 KiB datagrams, 256 KiB on streams, 128 headers of 8 KiB.
    pub const DEFAULT: Self = Self {
        datagram: 65_535,
        stream: 256 * 1024,
        body: 64 * 1024,
        headers: 128,
        header: 8 * 1024,
        uri: 2 * 1024,
        vias: 70,
        routes: 64,
        contacts: 32,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
