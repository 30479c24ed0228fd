//! What the node's recorder is told of messages: to which call they belong, what they are, without what is secret.
//!
//! Looked at only while something is recorded. The key of a call's leg is its Call-ID.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use strowger::id::ActivityId;
use strowger::ra::{Direction, ListenerIx, Parties, RaCx, Recorded, Redaction, Wanted};

use super::Core;
use crate::proto::dialog::Field;
use crate::proto::flow::{Flow, Transport};
use crate::proto::slab::Key;
use crate::proto::wire::text::eq_token;
use crate::proto::wire::{Limits, Message, Rejected, Uri};

/// Names in front of what is computed from a password.
const SECRET_PARAMS: [&[u8]; 2] = [b"response", b"rspauth"];

/// Tells of a message that came, as it was read. Whether it is kept, or may be.
pub(super) fn came(cx: &mut RaCx<'_>, flow: &Flow, read: &Result<Message, Box<Rejected>>) -> bool {
    if !cx.is_recording() {
        return true;
    }
    let (message, part) = match read {
        Ok(message) => (Some(message), Some(message)),
        Err(rejected) => (None, rejected.partial.as_ref()),
    };
    let Some((part, key)) = part.and_then(|part| Some((part, part.call_id().ok()?))) else {
        return true;
    };
    let told = |wanted: Wanted| {
        let fits = wanted.known || message.is_some_and(begins);
        fits.then(|| recorded(flow, part.as_bytes(), message, wanted.redaction))
    };
    cx.record(key, Direction::In, told)
}

/// Tells of a message that leaves.
pub(super) fn leaves(cx: &mut RaCx<'_>, flow: &Flow, bytes: &[u8]) {
    if cx.is_recording()
        && let Some(key) = call_id(bytes)
    {
        let told = |wanted: Wanted| {
            let read = Message::parse(bytes.to_vec().into(), &Limits::DEFAULT).ok();
            Some(recorded(flow, bytes, read.as_ref(), wanted.redaction))
        };
        cx.record(key, Direction::Out, told);
    }
}

impl Core {
    /// Tells which call the activity of a dialog is a part of.
    pub(super) fn record_dialog(&self, cx: &mut RaCx<'_>, activity: ActivityId, dialog: Key) {
        if cx.is_recording()
            && let Some(dialog) = self.ua.dialog(dialog)
        {
            cx.record_as(activity, dialog.text(Field::CallId));
        }
    }
}

/// Tells which call the activity of a message is a part of.
pub(super) fn activity(cx: &mut RaCx<'_>, activity: ActivityId, message: &Message) {
    if cx.is_recording()
        && let Ok(key) = message.call_id()
    {
        cx.record_as(activity, key);
    }
}

/// The Call-ID of a message that has not been read yet.
fn call_id(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes;
    while let Some(end) = memchr(b'\n', rest) {
        rest = rest.get(end + 1..)?;
        let name = match rest.first()? {
            b'C' | b'c' if rest.get(..7).is_some_and(|name| eq_token(name, b"call-id")) => 7,
            b'I' | b'i' => 1,
            b'\r' | b'\n' => return None,
            _ => continue,
        };
        let line = rest.get(..memchr(b'\n', rest).unwrap_or(rest.len()))?;
        let value = line.get(name..)?.trim_ascii_start();
        if let Some(value) = value.strip_prefix(b":") {
            return Some(value.trim_ascii());
        }
    }
    None
}

fn recorded<'a>(
    flow: &Flow,
    bytes: &'a [u8],
    message: Option<&Message>,
    redaction: Redaction,
) -> Recorded<'a> {
    use strowger::ra::Transport as Over;
    Recorded {
        transport: match flow.transport {
            Transport::Udp => Over::Udp,
            Transport::Tcp | Transport::Ws => Over::Tcp,
            Transport::Tls | Transport::Wss => Over::Tls,
        },
        listener: ListenerIx(flow.listener),
        remote: flow.peer,
        protocol: "sip",
        title: message.map_or_else(|| first_line(bytes), title),
        parties: message.and_then(parties),
        bytes: redacted(bytes, redaction),
    }
}

fn first_line(bytes: &[u8]) -> String {
    let line = bytes.split(|b| matches!(b, b'\r' | b'\n')).next();
    String::from_utf8_lossy(line.unwrap_or_default()).into_owned()
}

fn title(message: &Message) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut title = match (message.method(), message.status()) {
        (Some(method), _) => {
            let mut title = text(method.as_bytes());
            // Within a dialog it is clear who is meant.
            if let Some(parties) = parties(message) {
                title.push(' ');
                title.push_str(&parties.called);
            }
            title
        }
        (None, status) => {
            let reason = text(message.reason().unwrap_or_default());
            let method = message.cseq().map(|cseq| text(cseq.method));
            let method = method.unwrap_or_default();
            format!("{} {reason} ({method})", status.unwrap_or_default())
        }
    };
    if message
        .content_type()
        .is_some_and(|kind| kind.is_ok_and(|kind| eq_token(kind.subtype, b"sdp")))
    {
        title.push_str(" +SDP");
    }
    title
}

/// Whether a call can begin with a message: a request outside of dialogs.
fn begins(message: &Message) -> bool {
    message.is_request() && message.to_tag().is_none()
}

/// Who wants whom, of a request outside of dialogs.
fn parties(message: &Message) -> Option<Parties> {
    begins(message).then(|| Parties {
        calling: message
            .from()
            .ok()
            .and_then(|from| from.uri().ok().map(|uri| who(&uri)))
            .unwrap_or_default(),
        called: message.uri().map(|uri| who(&uri)).unwrap_or_default(),
    })
}

/// The user of a URI, or all of it where there is none.
fn who(uri: &Uri<'_>) -> String {
    let who = uri.user().unwrap_or_else(|| uri.as_bytes());
    String::from_utf8_lossy(who).into_owned()
}

/// A message without what is secret.
fn redacted(bytes: &[u8], redaction: Redaction) -> Cow<'_, [u8]> {
    if !redaction.secrets && !redaction.bodies {
        return Cow::Borrowed(bytes);
    }
    let mut bytes = bytes.to_vec();
    let head = memmem::find(&bytes, b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let (head, body) = bytes.split_at_mut(head);
    if redaction.secrets {
        hide_credentials(head);
        hide_media_keys(body);
    }
    if redaction.bodies {
        hide_body(body);
    }
    Cow::Owned(bytes)
}

/// Writes over everything but line ends.
fn hide(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|b| !matches!(b, b'\r' | b'\n')) {
        *byte = b'x';
    }
}

/// Hides a body. Its lines stay, and the letters in front of the values of a session description.
fn hide_body(body: &mut [u8]) {
    for line in body.split_inclusive_mut(|byte| *byte == b'\n') {
        let kept = if line.get(1) == Some(&b'=') { 2 } else { 0 };
        hide(line.get_mut(kept..).unwrap_or_default());
    }
}

/// Hides the keys of media: `k=` and `a=crypto:` lines (RFC 8866 5.12, RFC 4568).
fn hide_media_keys(body: &mut [u8]) {
    for line in body.split_inclusive_mut(|byte| *byte == b'\n') {
        for name in [&b"k="[..], b"a=crypto:"] {
            if line.starts_with(name) {
                hide(line.get_mut(name.len()..).unwrap_or_default());
            }
        }
    }
}

/// Hides what is computed from passwords; of schemes other than Digest, all but the scheme's name.
fn hide_credentials(head: &mut [u8]) {
    let mut hiding = false;
    for line in head.split_inclusive_mut(|byte| *byte == b'\n') {
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        if folded && hiding {
            hide(line);
            continue;
        }
        let Some(colon) = memchr(b':', line).filter(|_| !folded) else {
            continue;
        };
        let (name, value) = line.split_at_mut(colon + 1);
        let name = name.trim_ascii_end().strip_suffix(b":").unwrap_or_default();
        let is = |known: &[u8]| eq_token(name.trim_ascii_end(), known);
        let asks = is(b"authorization") || is(b"proxy-authorization");
        hiding = false;
        if asks || is(b"authentication-info") || is(b"proxy-authentication-info") {
            hiding = !hide_digest(value, asks);
        }
    }
}

/// Hides the secret parameters of a value; whether the scheme was known.
fn hide_digest(value: &mut [u8], has_scheme: bool) -> bool {
    let blanks = value.len() - value.trim_ascii_start().len();
    let Some(value) = value.get_mut(blanks..) else {
        return true;
    };
    if has_scheme
        && !value
            .get(..6)
            .is_some_and(|scheme| eq_token(scheme, b"digest"))
    {
        let scheme = memchr(b' ', value).map_or(value.len(), |at| at + 1);
        hide(value.get_mut(scheme..).unwrap_or_default());
        return false;
    }
    for name in SECRET_PARAMS {
        let mut from = 0;
        while let Some((start, end)) = param(value, from, name) {
            hide(value.get_mut(start..end).unwrap_or_default());
            from = end;
        }
    }
    true
}

/// Where the value of a parameter stands, without its quotes.
fn param(value: &[u8], from: usize, name: &[u8]) -> Option<(usize, usize)> {
    let found = value.get(from..)?.windows(name.len());
    let at = from + found.into_iter().position(|part| eq_token(part, name))?;
    let begins = at == 0 || matches!(value.get(at - 1), Some(b' ' | b'\t' | b','));
    let after = at + name.len();
    let rest = value.get(after..)?;
    let blanks = rest.len() - rest.trim_ascii_start().len();
    if !begins || rest.get(blanks) != Some(&b'=') {
        return param(value, after, name);
    }
    let mut start = after + blanks + 1;
    while matches!(value.get(start), Some(b' ' | b'\t' | b'"')) {
        start += 1;
    }
    let rest = value.get(start..)?;
    let length = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n'));
    Some((start, start + length.unwrap_or(rest.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Redaction = Redaction {
        secrets: true,
        bodies: true,
    };

    fn redacted_text(text: &str, redaction: Redaction) -> String {
        let bytes = redacted(text.as_bytes(), redaction);
        assert_eq!(bytes.len(), text.len(), "lengths stay true");
        String::from_utf8(bytes.into_owned()).unwrap()
    }

    #[test]
    fn a_call_id_is_found_without_reading_the_message() {
        for (head, id) in [
            ("Via: v\r\nCall-ID: a@b\r\n", Some("a@b")),
            ("Contact: c\r\nCALL-id :  a \r\n", Some("a")),
            ("i:a\r\nContact: c\r\n", Some("a")),
            ("Identity: x\r\ni : b\r\n", Some("b")),
            ("Via: v\r\n\r\nCall-ID: in-the-body\r\n", None),
            ("Call-ID", None),
        ] {
            let text = format!("BYE sip:a SIP/2.0\r\n{head}\r\n");
            let found = call_id(text.as_bytes()).map(|id| std::str::from_utf8(id).unwrap());
            assert_eq!(found, id, "{head}");
        }
    }

    #[test]
    fn what_is_computed_from_a_password_is_hidden() {
        let text = "REGISTER sip:a SIP/2.0\r\n\
            Authorization: Digest username=\"bob\", cresponse=\"a\", response=\"6629fae4\", uri=\"sip:a\"\r\n\
            Proxy-Authorization: Basic Ym9iOnNlY3JldA==\r\n Zm9sZGVk\r\n\
            Authentication-Info: rspauth = \"ab\", nc=1\r\n\r\n";
        let hidden = redacted_text(text, ALL);
        let expected = text
            .replace("6629fae4", "xxxxxxxx")
            .replace(
                "Ym9iOnNlY3JldA==\r\n Zm9sZGVk",
                "xxxxxxxxxxxxxxxx\r\nxxxxxxxxx",
            )
            .replace("\"ab\"", "\"xx\"");
        assert_eq!(hidden, expected);
    }

    #[test]
    fn of_a_body_only_its_lines_are_left() {
        let text = "MESSAGE sip:a SIP/2.0\r\n\r\nv=0\r\na=crypto:1 inline:key\r\nhello you\r\n";
        let hidden = redacted_text(text, ALL);
        assert!(
            hidden.ends_with("\r\n\r\nv=x\r\na=xxxxxxxxxxxxxxxxxxx\r\nxxxxxxxxx\r\n"),
            "{hidden}"
        );
        let secrets = Redaction {
            secrets: true,
            bodies: false,
        };
        let hidden = redacted_text(text, secrets);
        assert!(
            hidden.ends_with("v=0\r\na=crypto:xxxxxxxxxxxx\r\nhello you\r\n"),
            "{hidden}"
        );
        let none = Redaction {
            secrets: false,
            bodies: false,
        };
        assert_eq!(redacted_text(text, none), text);
    }
}
