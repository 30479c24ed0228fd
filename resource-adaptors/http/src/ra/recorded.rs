//! What the node's recorder is told of messages: to which exchange or call they belong, what they are, without what is secret.
//!
//! Looked at only while something is recorded. The bytes are the driver's, so a message is written here again, as HTTP/1.1 has
//! it, whatever it came as. The key is `<` and the driver's number of a request that came, `>` and the activity of one of ours.

use std::borrow::Cow;
use std::net::SocketAddr;

use percent_encoding::percent_decode;
use strowger::id::ActivityId;
use strowger::ra::{Direction, ListenerIx, Parties, RaCx, Recorded, Redaction, Transport};

use super::Settings;
use crate::api::{Headers, Reply, Request, Response, is_form};
use crate::driver::Dial;

/// Where the other side of a message is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    listener: ListenerIx,
    remote: SocketAddr,
    secure: bool,
}

/// Calls of ours leave by no listener.
const NO_LISTENER: ListenerIx = ListenerIx(u16::MAX);

impl Way {
    /// That of a request that came.
    pub(super) fn of(settings: &Settings, request: &Request) -> Self {
        let mut names = settings.listeners.keys();
        let place = names.position(|name| *name == request.listener);
        let place = place.and_then(|place| u16::try_from(place).ok());
        Self {
            listener: place.map_or(NO_LISTENER, ListenerIx),
            remote: request.peer,
            secure: request.secure,
        }
    }

    /// That of a call: the first of the addresses that are tried.
    pub(super) fn to(dial: &Dial) -> Option<Self> {
        Some(Self {
            listener: NO_LISTENER,
            remote: *dial.addresses.first()?,
            secure: dial.secure,
        })
    }

    /// A message that goes this way.
    fn recorded(
        self,
        title: String,
        parties: Option<Parties>,
        bytes: Vec<u8>,
    ) -> Recorded<'static> {
        Recorded {
            transport: match self.secure {
                true => Transport::Tls,
                false => Transport::Tcp,
            },
            listener: self.listener,
            remote: self.remote,
            protocol: "http",
            title,
            parties,
            bytes: Cow::Owned(bytes),
        }
    }
}

/// Tells of a request that came.
pub(super) fn request_came(cx: &mut RaCx<'_>, token: u64, way: Way, request: &Request) {
    if !cx.is_recording() {
        return;
    }
    cx.record(&exchange(token), Direction::In, |wanted| {
        let target = match &request.query[..] {
            "" => request.path.clone(),
            query => format!("{}?{query}", request.path),
        };
        let head = [request.method.as_str(), &request.path];
        let parties = Parties {
            calling: request.peer.ip().to_string(),
            called: request.path.clone(),
        };
        let first = Line::Request(request.method.as_str(), &target);
        let bytes = written(&first, &request.headers, &request.body, wanted.redaction);
        Some(way.recorded(head.join(" "), Some(parties), bytes))
    });
}

/// Tells to which request an activity belongs.
pub(super) fn activity(cx: &mut RaCx<'_>, token: u64, activity: ActivityId) {
    if cx.is_recording() {
        cx.record_as(activity, &exchange(token));
    }
}

/// Tells of the answer to a request; an answer begins nothing.
pub(super) fn reply_leaves(cx: &mut RaCx<'_>, token: u64, way: Way, reply: &Reply) {
    if !cx.is_recording() {
        return;
    }
    cx.record(&exchange(token), Direction::Out, |wanted| {
        let first = Line::Status(reply.status());
        let bytes = written(&first, reply.headers(), reply.content(), wanted.redaction);
        wanted
            .known
            .then(|| way.recorded(reply.status().to_string(), None, bytes))
    });
}

/// Tells of a call, which belongs to whatever its activity is a part of.
pub(super) fn call_leaves(cx: &mut RaCx<'_>, call: ActivityId, way: Way, dial: &Dial) {
    if !cx.is_recording() {
        return;
    }
    let key = outbound(call);
    cx.record_as(call, &key);
    cx.record(&key, Direction::Out, |wanted| {
        let path = dial.path.split('?').next().unwrap_or_default();
        let title = format!("{} {path}", dial.method.as_str());
        let parties = Parties {
            calling: String::new(),
            called: format!("{}{path}", dial.authority),
        };
        let mut headers = Headers::default();
        headers.push("host", &dial.authority);
        for (name, value) in dial.headers.iter() {
            headers.push(name, value);
        }
        let first = Line::Request(dial.method.as_str(), &dial.path);
        let bytes = written(&first, &headers, &dial.body, wanted.redaction);
        Some(way.recorded(title, Some(parties), bytes))
    });
}

/// Tells of the answer to a call.
pub(super) fn response_came(cx: &mut RaCx<'_>, call: ActivityId, way: Way, response: &Response) {
    if !cx.is_recording() {
        return;
    }
    cx.record(&outbound(call), Direction::In, |wanted| {
        let first = Line::Status(response.status);
        let bytes = written(&first, &response.headers, &response.body, wanted.redaction);
        wanted
            .known
            .then(|| way.recorded(response.status.to_string(), None, bytes))
    });
}

fn exchange(token: u64) -> Vec<u8> {
    format!("<{token}").into_bytes()
}

fn outbound(call: ActivityId) -> Vec<u8> {
    format!(">{call}").into_bytes()
}

/// The first line of a message.
enum Line<'a> {
    /// Method, path and query.
    Request(&'a str, &'a str),
    Status(u16),
}

/// Names of header fields, and parts of such, that hold passwords, tokens, and what is computed from them.
const SECRET_HEADERS: [&str; 8] = [
    "authorization",
    "authentication",
    "cookie",
    "api-key",
    "password",
    "secret",
    "signature",
    "token",
];
/// Names of parameters that do.
const SECRET_PARAMS: [&str; 12] = [
    "access_token",
    "api_key",
    "apikey",
    "auth",
    "key",
    "pass",
    "passwd",
    "password",
    "pwd",
    "secret",
    "signature",
    "token",
];

/// A message as HTTP/1.1 has it, without what is not kept; lengths stay true.
fn written(first: &Line<'_>, headers: &Headers, body: &[u8], redaction: Redaction) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(headers.size() + body.len() + 100);
    match first {
        Line::Request(method, target) => {
            bytes.extend(method.as_bytes());
            bytes.push(b' ');
            let (path, query) = target.split_once('?').unzip();
            bytes.extend(path.unwrap_or(target).as_bytes());
            if let Some(query) = query {
                bytes.push(b'?');
                bytes.extend(params(query.as_bytes(), redaction));
            }
            bytes.extend(b" HTTP/1.1\r\n");
        }
        Line::Status(status) => bytes.extend(format!("HTTP/1.1 {status}\r\n").as_bytes()),
    }
    for (name, value) in headers.iter() {
        bytes.extend(name.as_bytes());
        bytes.extend(b": ");
        bytes.extend(field(name, value, redaction));
        bytes.extend(b"\r\n");
    }
    if !body.is_empty() && headers.get("content-length").is_none() {
        bytes.extend(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend(b"\r\n");
    match (redaction.bodies, redaction.secrets && is_form(headers)) {
        (true, _) => bytes.resize(bytes.len() + body.len(), b'x'),
        (false, true) => bytes.extend(params(body, redaction)),
        (false, false) => bytes.extend(body),
    }
    bytes
}

/// The value of a header field: of a secret one, but for the name of a scheme.
fn field(name: &str, value: &str, redaction: Redaction) -> Vec<u8> {
    // A character of a value is a byte of it.
    let mut bytes: Vec<u8> = value
        .chars()
        .map(|c| u8::try_from(c).unwrap_or(b'?'))
        .collect();
    let name = name.to_ascii_lowercase();
    if redaction.secrets && SECRET_HEADERS.iter().any(|part| name.contains(part)) {
        let scheme = match name.ends_with("authorization") {
            true => bytes.iter().position(|byte| *byte == b' '),
            false => None,
        };
        let secret = bytes.get_mut(scheme.map_or(0, |at| at + 1)..);
        secret.unwrap_or_default().fill(b'x');
    }
    bytes
}

/// Parameters of a query or a form. They hold what people write as often as passwords: without bodies only names are kept.
fn params(text: &[u8], redaction: Redaction) -> Vec<u8> {
    let mut text = text.to_vec();
    for param in text.split_mut(|byte| *byte == b'&') {
        let Some(at) = param.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (name, value) = param.split_at_mut(at);
        // As whoever reads it decodes it.
        let name: Vec<u8> = percent_decode(name).collect();
        let is_secret = SECRET_PARAMS
            .iter()
            .any(|secret| name.eq_ignore_ascii_case(secret.as_bytes()));
        if redaction.bodies || (redaction.secrets && is_secret) {
            value.get_mut(1..).unwrap_or_default().fill(b'x');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Redaction = Redaction {
        secrets: true,
        bodies: true,
    };
    const SECRETS: Redaction = Redaction {
        secrets: true,
        bodies: false,
    };
    const NOTHING: Redaction = Redaction {
        secrets: false,
        bodies: false,
    };

    fn text(redaction: Redaction) -> String {
        let headers: Headers = [
            ("authorization", "Basic dXNlcjpwYXNz"),
            ("x-hook-signature", "9a3f"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-id", "7"),
        ]
        .into_iter()
        .collect();
        let first = Line::Request("POST", "/send?to=4670&password=word&flag");
        let bytes = written(&first, &headers, b"text=hello&token=t0k", redaction);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_message_is_written_as_it_might_have_come() {
        let plain = "POST /send?to=4670&password=word&flag HTTP/1.1\r\nauthorization: Basic dXNlcjpwYXNz\r\n\
                     x-hook-signature: 9a3f\r\ncontent-type: application/x-www-form-urlencoded\r\nx-id: 7\r\n\
                     content-length: 20\r\n\r\ntext=hello&token=t0k";
        assert_eq!(text(NOTHING), plain);
        let without = plain
            .replace("dXNlcjpwYXNz", "xxxxxxxxxxxx")
            .replace("9a3f", "xxxx")
            .replace("=word", "=xxxx")
            .replace("=t0k", "=xxx");
        assert_eq!(text(SECRETS), without);
        let without = without
            .replace("=4670", "=xxxx")
            .replace("text=hello&token=xxx", &"x".repeat(20));
        assert_eq!(text(ALL), without);
    }

    /// What a service takes for a password is one here, however it is written.
    #[test]
    fn a_form_is_one_in_any_case_and_its_names_are_decoded() {
        let kind = "Application/X-WWW-Form-URLencoded; charset=utf-8";
        let headers: Headers = [("Content-Type", kind)].into_iter().collect();
        let first = Line::Request("POST", "/send?p%61ssword=word");
        let bytes = written(&first, &headers, b"text=hello&%74oken=t0k", SECRETS);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("POST /send?p%61ssword=xxxx "), "{text}");
        assert!(text.ends_with("text=hello&%74oken=xxx"), "{text}");
    }

    #[test]
    fn an_answer_has_its_status_and_no_length_of_nothing() {
        let bytes = written(&Line::Status(204), &Headers::default(), b"", ALL);
        assert_eq!(bytes, b"HTTP/1.1 204\r\n\r\n");
    }
}
