//! One request: read as a whole within its limits, handed to the adaptor, and answered.
//!
//! What hyper has refused by itself does not come here: what is no HTTP (400), and a head that is too long (431).

use super::connection::Connection;
use super::{Context, Shared};
use crate::fields;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode, Version};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use strowger_http::Reply;
use strowger_http::driver::Up;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::timeout;

type Answer = Response<Full<Bytes>>;

/// Longer than the adaptor's own time for a request: it answers in every case, unless something is broken.
const GRACE: Duration = Duration::from_secs(10);

/// Why a request is answered here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    BadRequest,
    TooSlow,
    TooLong,
    ExpectationFailed,
    NotImplemented,
    VersionNotSupported,
    Busy,
}

/// Answers a request.
pub(super) async fn handle(
    request: Request<Incoming>,
    connection: &Connection,
    context: &Context,
) -> Answer {
    match ask(request, connection, context).await {
        Ok(reply) => answer(&reply),
        Err(refusal) => {
            context.shared.endpoint.count(refusal.counter(), 1);
            refuse(refusal, context)
        }
    }
}

async fn ask(
    request: Request<Incoming>,
    connection: &Connection,
    context: &Context,
) -> Result<Reply, Refusal> {
    let shared = &context.shared;
    check_head(&request)?;
    let _place = admit(shared, context)?;
    let settings = Arc::clone(&context.settings.borrow());
    let (head, body) = request.into_parts();
    let mut share = Share { shared, bytes: 0 };
    let most = u64::from(settings.limits.body_bytes);
    let reading = read(body, most, &mut share);
    let body = timeout(settings.limits.body_time, reading).await;
    let body = body.map_err(|_| Refusal::TooSlow)??;
    let path = match head.uri.path() {
        "" => "/",
        path => path,
    };
    let event = strowger_http::Request {
        method: strowger_http::Method::named(head.method.as_str()),
        path: path.to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: fields::read(&head.headers),
        body,
        peer: connection.peer,
        listener: connection.listener.to_string(),
        secure: connection.secure,
        certificate: connection.certificate.clone(),
    };
    let (waiting, answered) = Waiting::new(shared);
    let message = Up::Request {
        token: waiting.token,
        request: Box::new(event),
    };
    let sent = shared.endpoint.send(message).await;
    sent.map_err(|_| Refusal::Busy)?;
    let answered = timeout(settings.request_deadline + GRACE, answered).await;
    answered.ok().and_then(Result::ok).ok_or(Refusal::Busy)
}

/// What a server must refuse, and hyper does not.
fn check_head(request: &Request<Incoming>) -> Result<(), Refusal> {
    let fields = request.headers();
    if !matches!(request.version(), Version::HTTP_10 | Version::HTTP_11) {
        return Err(Refusal::VersionNotSupported);
    }
    // RFC 9112 3.2: one Host, and no request of HTTP/1.1 without.
    let mut hosts = fields.get_all(HOST).iter();
    let host = hosts.next();
    let lacks = host.is_none() && request.version() == Version::HTTP_11;
    if lacks || hosts.next().is_some() || host.is_some_and(|host| !is_host(host)) {
        return Err(Refusal::BadRequest);
    }
    if request.method() == Method::CONNECT || request.method() == Method::TRACE {
        return Err(Refusal::NotImplemented);
    }
    // RFC 9110 10.1.1: there is one expectation that is known.
    let known = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if !fields.get_all(EXPECT).iter().all(known) {
        return Err(Refusal::ExpectationFailed);
    }
    Ok(())
}

/// Whether a value of Host can be one: a host and perhaps a port (RFC 9110 7.2), or nothing.
fn is_host(value: &HeaderValue) -> bool {
    let fits = |b: &u8| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(b);
    value.as_bytes().iter().all(fits)
}

/// A place among the requests in flight.
fn admit(shared: &Shared, context: &Context) -> Result<OwnedSemaphorePermit, Refusal> {
    if shared.refusing.load(Ordering::Relaxed) || *context.draining.borrow() {
        return Err(Refusal::Busy);
    }
    let place = Arc::clone(&shared.requests).try_acquire_owned();
    place.map_err(|_| Refusal::Busy)
}

/// The bytes that a request has of what all may have together; given back when dropped.
struct Share<'a> {
    shared: &'a Shared,
    bytes: u64,
}

impl Share<'_> {
    fn take(&mut self, bytes: u64) -> Result<(), Refusal> {
        if !self.shared.take(bytes) {
            return Err(Refusal::Busy);
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.shared.give_back(self.bytes);
    }
}

/// The whole content. A length that is told beforehand is refused before a byte of it is read: whoever waits for
/// 100 (Continue) sends none.
async fn read(mut body: Incoming, most: u64, share: &mut Share<'_>) -> Result<Bytes, Refusal> {
    let told = body.size_hint().exact().unwrap_or_default();
    if told > most {
        return Err(Refusal::TooLong);
    }
    share.take(told)?;
    let mut whole: Option<Bytes> = None;
    let mut many = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Cut off, or no chunk where one should be.
        let frame = frame.map_err(|_| Refusal::BadRequest)?;
        let Ok(piece) = frame.into_data() else {
            continue; // trailers
        };
        let had = whole.as_ref().map_or(0, Bytes::len) + many.len();
        let has = (had + piece.len()) as u64;
        if has > most {
            return Err(Refusal::TooLong);
        }
        share.take(has.saturating_sub(share.bytes))?;
        if had == 0 {
            whole = Some(piece);
            continue;
        }
        // More than one piece: they are put together.
        if let Some(first) = whole.take() {
            many.extend_from_slice(&first);
        }
        many.extend_from_slice(&piece);
    }
    Ok(whole.unwrap_or_else(|| many.freeze()))
}

/// A request that waits for its answer. When it goes without one its client has gone, and the adaptor is told.
struct Waiting<'a> {
    shared: &'a Shared,
    token: u64,
}

impl<'a> Waiting<'a> {
    fn new(shared: &'a Shared) -> (Self, oneshot::Receiver<Reply>) {
        let (answer, answered) = oneshot::channel();
        let token = shared.last_token.fetch_add(1, Ordering::Relaxed) + 1;
        shared.waiting().insert(token, answer);
        (Self { shared, token }, answered)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let token = self.token;
        let unanswered = self.shared.waiting().remove(&token).is_some();
        if unanswered && self.shared.endpoint.try_send(Up::Gone { token }).is_err() {
            // The adaptor finds out when the request's time is over.
            self.shared.endpoint.count("http.gone_untold", 1);
        }
    }
}

/// The answer as hyper writes it: with its length and the date, without content where there may be none.
fn answer(reply: &Reply) -> Answer {
    let status = StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // RFC 9110 15.3.5, 15.4.5; that HEAD has none is hyper's to know.
    let bare = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let body = if bare {
        Bytes::new()
    } else {
        reply.content().clone()
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    fields::write(reply.headers(), response.headers_mut());
    response
}

fn refuse(refusal: Refusal, context: &Context) -> Answer {
    let (status, title, detail) = refusal.words();
    let mut response = answer(&Reply::problem(status, title, detail));
    let fields = response.headers_mut();
    if refusal == Refusal::Busy {
        let wait = context.settings.borrow().retry_after;
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        fields.insert(RETRY_AFTER, seconds.into());
    }
    // What is left of the request is not read.
    fields.insert(CONNECTION, HeaderValue::from_static("close"));
    debug_assert!(!fields.contains_key(CONTENT_LENGTH));
    response
}

impl Refusal {
    fn counter(self) -> &'static str {
        match self {
            Self::BadRequest => "http.refused.400",
            Self::TooSlow => "http.refused.408",
            Self::TooLong => "http.refused.413",
            Self::ExpectationFailed => "http.refused.417",
            Self::NotImplemented => "http.refused.501",
            Self::VersionNotSupported => "http.refused.505",
            Self::Busy => "http.refused.503",
        }
    }

    fn words(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::BadRequest => (400, "Bad Request", "the request is not well-formed"),
            Self::TooSlow => (
                408,
                "Request Timeout",
                "the content has not come within the time that there is for it",
            ),
            Self::TooLong => (
                413,
                "Content Too Large",
                "the content is longer than what is taken",
            ),
            Self::ExpectationFailed => (
                417,
                "Expectation Failed",
                "100-continue is the expectation that is known",
            ),
            Self::NotImplemented => (501, "Not Implemented", "the method is not known here"),
            Self::VersionNotSupported => (
                505,
                "HTTP Version Not Supported",
                "HTTP/1.0 and HTTP/1.1 are known here",
            ),
            Self::Busy => (
                503,
                "Service Unavailable",
                "no new requests are taken for the moment",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_what_is_none() {
        let fits = |text: &'static str| is_host(&HeaderValue::from_static(text));
        for good in [
            "",
            "a.example",
            "a.example:8080",
            "[2001:db8::1]:80",
            "10.0.0.1",
        ] {
            assert!(fits(good), "{good}");
        }
        for bad in ["a b", "a/b", "user@a", "a,b c", "a#b", "<a>"] {
            assert!(!fits(bad), "{bad}");
        }
    }

    #[test]
    fn no_content_is_written_where_there_may_be_none() {
        let length = |status| {
            let answer = answer(&Reply::text(status, "x"));
            answer.body().size_hint().exact()
        };
        assert_eq!(length(200), Some(1));
        assert_eq!(length(204), Some(0));
        assert_eq!(length(304), Some(0));
    }
}
