//! The opening handshake (RFC 6455 4.2, RFC 7118 4.1): one HTTP request, read and answered.

use bytes::Bytes;
use memchr::memmem;
use sha1::{Digest as _, Sha1};

/// Bytes of an HTTP request at most.
pub const HEAD_MAX: usize = 16 * 1024;
/// Header lines of an HTTP request at most.
const LINES_MAX: usize = 64;
/// What makes the key into the answer (RFC 6455 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Who may come in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gate {
    /// The path that the request must name; any if not set.
    pub path: Option<String>,
    /// Origins whose pages may connect, as browsers write them; any if empty. What is no browser names none and is not
    /// kept out by this.
    pub origins: Vec<String>,
}

/// Where the request ends, if its end has come.
pub(super) fn head_end(data: &[u8], from: usize) -> Option<usize> {
    memmem::find(data.get(from..)?, b"\r\n\r\n").map(|at| from + at + 4)
}

/// The 101 for a request, or the status that refuses it.
pub(super) fn accept(head: &[u8], gate: &Gate) -> Result<Bytes, u16> {
    let mut lines = [httparse::EMPTY_HEADER; LINES_MAX];
    let mut request = httparse::Request::new(&mut lines);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Err(431),
        Ok(httparse::Status::Partial) | Err(_) => return Err(400),
    }
    if request.version != Some(1) {
        return Err(505);
    }
    if request.method != Some("GET") {
        return Err(405);
    }
    let path = request.path.unwrap_or_default();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if gate.path.as_deref().is_some_and(|wanted| wanted != path) {
        return Err(404);
    }
    let lines = Lines(request.headers);
    if !lines.has_token("upgrade", "websocket") || !lines.has_token("connection", "upgrade") {
        return Err(426);
    }
    if lines.one("sec-websocket-version")? != Some(b"13") {
        return Err(426);
    }
    let length = lines.one("content-length")?;
    if lines.one("host")?.is_none()
        || length.is_some_and(|length| length != b"0")
        || lines.one("transfer-encoding")?.is_some()
    {
        return Err(400);
    }
    // Names of subprotocols are compared as they are.
    if !lines
        .tokens("sec-websocket-protocol")
        .any(|token| token == b"sip")
    {
        return Err(400);
    }
    let key = lines.one("sec-websocket-key")?.filter(|key| is_key(key));
    let key = key.ok_or(400_u16)?;
    if let Some(origin) = lines.one("origin")?
        && !gate.origins.is_empty()
        && !gate
            .origins
            .iter()
            .any(|known| known.as_bytes().eq_ignore_ascii_case(origin))
    {
        return Err(403);
    }
    Ok(switching(key))
}

fn switching(key: &[u8]) -> Bytes {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    let mut out =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Protocol: sip\r\nSec-WebSocket-Accept: "
            .to_vec();
    push_base64(&mut out, &digest);
    out.extend_from_slice(b"\r\n\r\n");
    Bytes::from(out)
}

/// The answer to a request that is refused; the connection ends after it.
pub(super) fn refusal(status: u16) -> Bytes {
    let line = match status {
        403 => "403 Forbidden",
        404 => "404 Not Found",
        405 => "405 Method Not Allowed\r\nAllow: GET",
        // RFC 9110 15.5.22 wants Upgrade, RFC 6455 4.4 the versions.
        426 => "426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13",
        431 => "431 Request Header Fields Too Large",
        505 => "505 HTTP Version Not Supported",
        _ => "400 Bad Request",
    };
    Bytes::from(format!(
        "HTTP/1.1 {line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    ))
}

struct Lines<'a, 'b>(&'a [httparse::Header<'b>]);

impl<'b> Lines<'_, 'b> {
    fn values(&self, name: &str) -> impl Iterator<Item = &'b [u8]> {
        self.0
            .iter()
            .filter(move |line| line.name.eq_ignore_ascii_case(name))
            .map(|line| line.value.trim_ascii())
    }

    /// The value of a header that may stand there once.
    fn one(&self, name: &str) -> Result<Option<&'b [u8]>, u16> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(400),
        }
    }

    fn tokens(&self, name: &str) -> impl Iterator<Item = &'b [u8]> {
        self.values(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
    }

    fn has_token(&self, name: &str, token: &str) -> bool {
        self.tokens(name)
            .any(|found| found.eq_ignore_ascii_case(token.as_bytes()))
    }
}

/// Whether a key is 16 bytes in base64.
fn is_key(key: &[u8]) -> bool {
    let Some((text, b"==")) = key
        .split_last_chunk::<2>()
        .map(|(text, end)| (text, &end[..]))
    else {
        return false;
    };
    text.len() == 22 && text.iter().all(|byte| ALPHABET.contains(byte))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 (RFC 4648 4).
fn push_base64(out: &mut Vec<u8>, data: &[u8]) {
    for chunk in data.chunks(3) {
        let mut word = [0; 3];
        for (to, from) in word.iter_mut().zip(chunk) {
            *to = *from;
        }
        let bits = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        for n in 0..4 {
            let sextet = (bits >> (18 - 6 * n)) & 0x3f;
            out.push(if n <= chunk.len() {
                ALPHABET[sextet as usize]
            } else {
                b'='
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "GET /ws?x=1 HTTP/1.1\r\nHost: sip.example\r\nUpgrade: WebSocket\r\n\
        Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Origin: https://phone.example\r\nSec-WebSocket-Protocol: chat, sip\r\nSec-WebSocket-Version: 13\r\n\r\n";

    fn refused(head: &str, gate: &Gate) -> u16 {
        accept(head.as_bytes(), gate).unwrap_err()
    }

    /// RFC 6455 1.3 has the key and its answer.
    #[test]
    fn the_example_of_the_rfc_is_answered_as_there() {
        let response = accept(GOOD.as_bytes(), &Gate::default()).unwrap();
        let text = std::str::from_utf8(&response).unwrap();
        assert!(text.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
        assert!(text.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        assert!(text.contains("\r\nSec-WebSocket-Protocol: sip\r\n"));
    }

    #[test]
    fn what_is_no_good_is_refused_with_its_status() {
        let gate = Gate {
            path: Some("/ws".to_owned()),
            origins: vec!["https://phone.example".to_owned()],
        };
        assert!(accept(GOOD.as_bytes(), &gate).is_ok());
        for (from, to, status) in [
            ("GET ", "POST ", 405),
            ("/ws", "/other", 404),
            ("HTTP/1.1\r\n", "HTTP/1.0\r\n", 505),
            ("GET /ws?x=1 HTTP/1.1", "nonsense", 400),
            ("Host: sip.example\r\n", "", 400),
            ("Host: sip.example\r\n", "Host: a\r\nHost: b\r\n", 400),
            ("Upgrade: WebSocket\r\n", "", 426),
            ("keep-alive, Upgrade", "close", 426),
            ("Version: 13", "Version: 8", 426),
            ("chat, sip", "chat", 400),
            ("chat, sip", "SIP", 400),
            ("Sec-WebSocket-Protocol: chat, sip\r\n", "", 400),
            ("bm9uY2U", "short", 400),
            ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZ!==", 400),
            ("https://phone.example", "https://evil.example", 403),
            ("Origin:", "Content-Length: 4\r\nOrigin:", 400),
            ("Origin:", "Transfer-Encoding: chunked\r\nOrigin:", 400),
        ] {
            assert!(GOOD.contains(from) || from == "bm9uY2U", "{from}");
            let head = GOOD.replace(from, to);
            if head != GOOD {
                assert_eq!(refused(&head, &gate), status, "{from} -> {to}");
            }
        }
        let many = GOOD.replace("Origin:", &("X: y\r\n".repeat(80) + "Origin:"));
        assert_eq!(refused(&many, &gate), 431);
        for status in [400, 403, 404, 405, 426, 431, 505] {
            let text = refusal(status);
            assert!(text.starts_with(format!("HTTP/1.1 {status} ").as_bytes()));
        }
    }

    #[test]
    fn base64_agrees_with_the_rfc() {
        for (data, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            let mut out = Vec::new();
            push_base64(&mut out, data.as_bytes());
            assert_eq!(out, text.as_bytes());
        }
    }
}
