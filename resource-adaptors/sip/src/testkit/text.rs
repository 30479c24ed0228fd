//! URIs and SDP as scenarios write them, and messages as ladders show them.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use crate::proto::wire::{Builder, HeaderId, Host, Limits, Message, Method, Uri};

/// A session description: one audio stream at that address.
#[must_use]
pub fn sdp(ip: IpAddr, port: u16) -> Vec<u8> {
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    format!(
        "v=0\r\no=- 1 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 8\r\n\
         a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    )
    .into_bytes()
}

/// A message in one line: method or status, CSeq, Call-ID's beginning.
#[must_use]
pub fn summary(bytes: &[u8]) -> String {
    let Ok(message) = Message::parse(Bytes::copy_from_slice(bytes), &Limits::DEFAULT) else {
        return format!("{} bytes that are no SIP message", bytes.len());
    };
    let line = bytes
        .split(|b| *b == b'\r' || *b == b'\n')
        .find(|l| !l.is_empty());
    let start = String::from_utf8_lossy(line.unwrap_or_default());
    let start = start
        .trim_end_matches(" SIP/2.0")
        .trim_start_matches("SIP/2.0 ");
    let cseq = message.cseq().map_or_else(
        |_| "?".to_owned(),
        |cseq| format!("{} {}", cseq.number, String::from_utf8_lossy(cseq.method)),
    );
    let call = String::from_utf8_lossy(message.call_id().unwrap_or_default()).into_owned();
    let call: String = call.chars().take(8).collect();
    let body = if message.body().is_empty() {
        ""
    } else {
        " +body"
    };
    format!("{start:<40} cseq {cseq}, call {call}{body}")
}

/// The host of a URI, with its port if it has one.
pub(super) fn host(uri: &str) -> &str {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    rest.split([';', '?', '>']).next().unwrap_or(rest)
}

/// The user of a URI.
pub(super) fn user(uri: &str) -> &str {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    rest.split_once('@').map_or("", |(user, _)| user)
}

/// Where a URI leads, if its host is an address.
pub(super) fn address(uri: &[u8]) -> Option<SocketAddr> {
    let uri = Uri::parse(uri).ok()?;
    match uri.host()? {
        Host::Ip(ip) => Some(SocketAddr::new(ip, uri.port().unwrap_or(5060))),
        Host::Name(_) => None,
    }
}

/// Whether a URI asks for TCP.
pub(super) fn wants_tcp(uri: &[u8]) -> bool {
    Uri::parse(uri)
        .ok()
        .and_then(|uri| uri.transport())
        .is_some_and(|t| t.eq_ignore_ascii_case(b"tcp"))
}

/// Bytes as text, whatever they are.
pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A message that a peer has written itself.
pub(super) fn parsed(bytes: Bytes) -> Message {
    match Message::parse(bytes, &Limits::DEFAULT) {
        Ok(message) => message,
        Err(error) => panic!("the scenario's message cannot be read: {error:?}"),
    }
}

/// The ACK of a failure: the INVITE's Via, Request-URI and routes, the response's To.
pub(super) fn ack_of_failure(invite: &Bytes, response: &Message) -> Bytes {
    let invite = parsed(invite.clone());
    let mut builder = Builder::request(&Method::Ack, invite.uri_raw().unwrap_or_default());
    builder
        .copy(&invite, HeaderId::Via)
        .header(HeaderId::MaxForwards, b"70")
        .copy(&invite, HeaderId::Route)
        .copy(&invite, HeaderId::From)
        .copy(response, HeaderId::To)
        .copy(&invite, HeaderId::CallId)
        .cseq(invite.cseq().map_or(1, |cseq| cseq.number), &Method::Ack);
    builder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_uris() {
        assert_eq!(
            (user("sip:bob@b.example;x=1"), host("sip:bob@b.example;x=1")),
            ("bob", "b.example")
        );
        assert_eq!(
            (user("sip:127.0.0.1:5060"), host("sip:127.0.0.1:5060")),
            ("", "127.0.0.1:5060")
        );
        assert_eq!(
            address(b"sip:a@127.0.0.1:5070"),
            "127.0.0.1:5070".parse().ok()
        );
        assert!(wants_tcp(b"sip:a@127.0.0.1;transport=TCP") && !wants_tcp(b"sip:a@127.0.0.1"));
    }

    #[test]
    fn a_message_is_shown_in_one_line() {
        let text = b"INVITE sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nCall-ID: 0123456789\r\nCSeq: 7 INVITE\r\n\r\nx";
        assert_eq!(
            summary(text),
            "INVITE sip:b@c                           cseq 7 INVITE, call 01234567 +body"
        );
        assert_eq!(summary(b"?"), "1 bytes that are no SIP message");
    }
}
