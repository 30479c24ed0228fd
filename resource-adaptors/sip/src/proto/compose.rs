//! Messages that the stack writes itself: responses, the ACK for failures, CANCEL.
//!
//! It writes bytes in one pass and copies header values as they came, folds and all. What a service says goes in as
//! ready lines, so nothing of it is interpreted here.

use bytes::Bytes;

use super::flow::Flow;
use super::wire::text::push_decimal;
use super::wire::{HeaderId, Host, Limits, Message, Via, request_uri};

/// What a response says beyond what it copies from its request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer<'a> {
    /// Status code.
    pub status: u16,
    /// Reason phrase; empty for the registered one.
    pub reason: &'a [u8],
    /// Added to To where the request's has none.
    pub to_tag: Option<&'a [u8]>,
    /// Whether Record-Route is copied, as responses that make a dialog do (RFC 3261 12.1.1).
    pub record_route: bool,
    /// Whole header lines, each with its CRLF. Neither Content-Length nor what is copied from the request.
    pub lines: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

/// A response to a request that came over `source`.
#[must_use]
pub fn response(request: &Message, source: &Flow, answer: Answer<'_>) -> Bytes {
    let mut out = Vec::with_capacity(
        256 + request.as_bytes().len() / 2 + answer.lines.len() + answer.body.len(),
    );
    out.extend_from_slice(b"SIP/2.0 ");
    push_decimal(&mut out, u64::from(answer.status));
    out.push(b' ');
    out.extend_from_slice(if answer.reason.is_empty() {
        reason(answer.status)
    } else {
        answer.reason
    });
    out.extend_from_slice(b"\r\n");
    push_vias(&mut out, request, source);
    if answer.record_route {
        copy(&mut out, request, HeaderId::RecordRoute);
    }
    copy_first(&mut out, request, HeaderId::From);
    push_to(&mut out, request, answer.to_tag);
    copy_first(&mut out, request, HeaderId::CallId);
    copy_first(&mut out, request, HeaderId::CSeq);
    if answer.status == 100 {
        // RFC 3261 8.2.6.1.
        copy(&mut out, request, HeaderId::Timestamp);
    }
    out.extend_from_slice(answer.lines);
    push_body(&mut out, answer.body);
    Bytes::from(out)
}

/// 100 for an INVITE that nobody has answered yet.
pub(super) fn trying(request: &Message, source: &Flow) -> Bytes {
    response(
        request,
        source,
        Answer {
            status: 100,
            ..Answer::default()
        },
    )
}

/// The ACK for a final response that is not 2xx (RFC 3261 17.1.1.3). `request` is our INVITE.
pub(super) fn ack_failure(request: &Bytes, response: &Message) -> Bytes {
    follow_up(request, b"ACK", response.get(HeaderId::To), b"")
}

/// The same where the INVITE is not known any more: an earlier process wrote it. What it went to knows it by the branch of its
/// Via; the Request-URI, which has to be the INVITE's, is the nearest that there is. None if the failure is none of an INVITE.
pub(super) fn ack_stray(response: &Message) -> Option<Bytes> {
    let cseq = response.cseq().ok()?;
    if response.status()? < 300 || cseq.method != b"INVITE" {
        return None;
    }
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"ACK ");
    out.extend_from_slice(&request_uri(response.to().ok()?.uri_raw));
    out.extend_from_slice(b" SIP/2.0\r\n");
    line(
        &mut out,
        HeaderId::Via.name(),
        response.values(HeaderId::Via).next()?,
    );
    line(&mut out, HeaderId::MaxForwards.name(), b"70");
    for id in [HeaderId::From, HeaderId::To, HeaderId::CallId] {
        copy_first(&mut out, response, id);
    }
    out.extend_from_slice(b"CSeq: ");
    push_decimal(&mut out, u64::from(cseq.number));
    out.extend_from_slice(b" ACK\r\n");
    push_body(&mut out, b"");
    Some(out.into())
}

/// The CANCEL of our INVITE (RFC 3261 9.1), with whole header lines of the service's.
pub(super) fn cancel(request: &Bytes, lines: &[u8]) -> Bytes {
    follow_up(request, b"CANCEL", None, lines)
}

fn follow_up(request: &Bytes, method: &[u8], to: Option<&[u8]>, lines: &[u8]) -> Bytes {
    // We wrote the request, so it can be read; if not, nothing is sent in its name.
    let Ok(request) = Message::parse(request.clone(), &Limits::DEFAULT) else {
        return Bytes::new();
    };
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(method);
    out.push(b' ');
    out.extend_from_slice(request.uri_raw().unwrap_or_default());
    out.extend_from_slice(b" SIP/2.0\r\n");
    line(
        &mut out,
        HeaderId::Via.name(),
        request.values(HeaderId::Via).next().unwrap_or_default(),
    );
    line(&mut out, HeaderId::MaxForwards.name(), b"70");
    copy(&mut out, &request, HeaderId::Route);
    copy(&mut out, &request, HeaderId::From);
    line(
        &mut out,
        HeaderId::To.name(),
        to.or_else(|| request.get(HeaderId::To)).unwrap_or_default(),
    );
    copy(&mut out, &request, HeaderId::CallId);
    out.extend_from_slice(b"CSeq: ");
    push_decimal(
        &mut out,
        request.cseq().map_or(1, |cseq| u64::from(cseq.number)),
    );
    out.push(b' ');
    out.extend_from_slice(method);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(lines);
    push_body(&mut out, b"");
    Bytes::from(out)
}

/// One header line.
pub fn line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// One header line with a number.
pub fn line_number(out: &mut Vec<u8>, name: &[u8], value: u64) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    push_decimal(out, value);
    out.extend_from_slice(b"\r\n");
}

/// One line of a header that may stand once, as it came: a request with several is answered, too, but not in kind.
fn copy_first(out: &mut Vec<u8>, from: &Message, id: HeaderId) {
    if let Some(value) = from.lines(id).next() {
        line(out, id.name(), value);
    }
}

/// Every line of one header as it came.
pub fn copy(out: &mut Vec<u8>, from: &Message, id: HeaderId) {
    for value in from.lines(id) {
        line(out, id.name(), value);
    }
}

/// Content-Length, the empty line and the body.
pub fn push_body(out: &mut Vec<u8>, body: &[u8]) {
    line_number(out, HeaderId::ContentLength.name(), body.len() as u64);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}

fn push_to(out: &mut Vec<u8>, request: &Message, tag: Option<&[u8]>) {
    out.extend_from_slice(b"To: ");
    out.extend_from_slice(request.get(HeaderId::To).unwrap_or_default());
    if let Some(tag) = tag.filter(|_| request.to_tag().is_none()) {
        out.extend_from_slice(b";tag=");
        out.extend_from_slice(tag);
    }
    out.extend_from_slice(b"\r\n");
}

/// Copies Via and completes the top one with where the request came from (RFC 3261 18.2.1, RFC 3581 4). A malformed
/// request may have a value for every comma of its lines, and its answer would be several times as long.
fn push_vias(out: &mut Vec<u8>, request: &Message, source: &Flow) {
    let values = request.values(HeaderId::Via);
    push_via_lines(out, values.take(1 + Limits::DEFAULT.vias), source);
}

/// The same of values that were found otherwise.
pub(super) fn push_via_lines<'a>(
    out: &mut Vec<u8>,
    mut values: impl Iterator<Item = &'a [u8]>,
    source: &Flow,
) {
    if let Some(top) = values.next() {
        out.extend_from_slice(b"Via: ");
        match Via::parse(top) {
            Ok(via) => push_completed(out, top, &via, source),
            Err(_) => out.extend_from_slice(top),
        }
        out.extend_from_slice(b"\r\n");
    }
    for value in values {
        line(out, b"Via", value);
    }
}

/// A Via value with what 18.2.1 adds to it; `None` if that is nothing.
pub(super) fn completed_via(raw: &[u8], source: &Flow) -> Option<Vec<u8>> {
    let via = Via::parse(raw).ok()?;
    let mut out = Vec::with_capacity(raw.len() + 40);
    (!is_complete(&via, source)).then(|| {
        push_completed(&mut out, raw, &via, source);
        out
    })
}

fn is_complete(via: &Via<'_>, source: &Flow) -> bool {
    let same_host = matches!(via.host, Host::Ip(ip) if ip == source.peer.ip());
    same_host && via.rport().is_none() && via.received().is_none()
}

fn push_completed(out: &mut Vec<u8>, raw: &[u8], via: &Via<'_>, source: &Flow) {
    if is_complete(via, source) {
        out.extend_from_slice(raw);
        return;
    }
    let rport = via.rport().is_some();
    let head = raw.len() - via.params.as_bytes().len().min(raw.len());
    out.extend_from_slice(raw.get(..head).unwrap_or(raw).trim_ascii_end());
    for param in via.params.iter() {
        let known = |name: &[u8]| param.name.eq_ignore_ascii_case(name);
        if known(b"received") || known(b"rport") {
            continue;
        }
        out.push(b';');
        out.extend_from_slice(param.name);
        if let Some(value) = param.value {
            out.push(b'=');
            out.extend_from_slice(value);
        }
    }
    out.extend_from_slice(b";received=");
    push_ip(out, source.peer.ip());
    if rport {
        out.extend_from_slice(b";rport=");
        push_decimal(out, u64::from(source.peer.port()));
    }
}

/// An address without brackets.
pub(super) fn push_ip(out: &mut Vec<u8>, ip: std::net::IpAddr) {
    match ip {
        std::net::IpAddr::V4(v4) => {
            for (n, octet) in v4.octets().into_iter().enumerate() {
                if n > 0 {
                    out.push(b'.');
                }
                push_decimal(out, u64::from(octet));
            }
        }
        std::net::IpAddr::V6(v6) => out.extend_from_slice(v6.to_string().as_bytes()),
    }
}

/// `host:port`, with brackets where needed.
pub(super) fn push_addr(out: &mut Vec<u8>, addr: std::net::SocketAddr) {
    if addr.is_ipv6() {
        out.push(b'[');
    }
    push_ip(out, addr.ip());
    if addr.is_ipv6() {
        out.push(b']');
    }
    out.push(b':');
    push_decimal(out, u64::from(addr.port()));
}

/// The registered reason phrase of a status code (RFC 3261 21 and the IANA registry).
#[must_use]
pub fn reason(status: u16) -> &'static [u8] {
    let text = match status {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        199 => "Early Dialog Terminated",
        200 => "OK",
        202 => "Accepted",
        204 => "No Notification",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        305 => "Use Proxy",
        380 => "Alternative Service",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        412 => "Conditional Request Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        428 => "Use Identity Header",
        430 => "Flow Failed",
        433 => "Anonymity Disallowed",
        439 => "First Hop Lacks Outbound Support",
        440 => "Max-Breadth Exceeded",
        469 => "Bad Info Package",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        485 => "Ambiguous",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        493 => "Undecipherable",
        494 => "Security Agreement Required",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        580 => "Precondition Failure",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => "",
    };
    text.as_bytes()
}
