//! PDUs for people.

use crate::proto::wire::{HEADER_LEN, Header, Status, command};

/// One line about the PDUs of a piece: `submit_sm 3, submit_sm_resp 2 ESME_RTHROTTLED`.
#[must_use]
pub fn summary(bytes: &[u8]) -> String {
    let (mut rest, mut parts) = (bytes, Vec::new());
    while let Some(header) = Header::read(rest) {
        let name = command::name(header.command);
        let status = match header.status {
            Status::ROK => String::new(),
            status => format!(" {status}"),
        };
        parts.push(format!("{name} {}{status}", header.sequence));
        let length = (header.length as usize).max(HEADER_LEN);
        rest = rest.get(length..).unwrap_or_default();
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(format!("{} bytes", rest.len()));
    }
    parts.join(", ")
}
