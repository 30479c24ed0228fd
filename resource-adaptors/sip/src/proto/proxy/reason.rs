//! Why a branch was cancelled (RFC 3326).

/// The header line of a CANCEL to those who rang while another took the call.
pub const ELSEWHERE: &[u8] = b"Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n";
