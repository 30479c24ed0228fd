//! Messages for people.

use crate::proto::dict::Dictionary;
use crate::proto::wire::Header;

/// One line about a message: `Credit-Control request`, its result code, its Session-Id.
#[must_use]
pub fn summary(bytes: &[u8]) -> String {
    let Some(header) = Header::read(bytes) else {
        return format!("{} bytes", bytes.len());
    };
    let dictionary = Dictionary::standard();
    let def = dictionary.command(header.application, header.command);
    let name = def.map_or_else(|| header.command.to_string(), |def| def.name.to_string());
    let side = if header.is_request() {
        "request"
    } else {
        "answer"
    };
    let again = if header.is_retransmit() { " (T)" } else { "" };
    let message = crate::proto::wire::Message::parse(bytes::Bytes::copy_from_slice(bytes)).ok();
    let result = message.as_ref().and_then(|message| message.result_code());
    let result = result.map(|code| format!(" {code}")).unwrap_or_default();
    let session = message.as_ref().and_then(|message| message.session_id());
    let session = session.map(|id| format!(" in {id}")).unwrap_or_default();
    format!("{name} {side}{again}{result}{session}")
}
