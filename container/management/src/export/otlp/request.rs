//! One request of OTLP over HTTP/1.1, and what its answer means.
//!
//! After the OpenTelemetry Protocol specification 1.x: 429, 502, 503 and 504 are tried again, when `Retry-After` says so if it does;
//! any other refusal is final; so is a success in part.

use axum::body::{Body, to_bytes};
use hyper::client::conn::http1::handshake;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use std::time::Duration;
use strowger_config::{Endpoint, Otlp};
use tokio::net::TcpStream;

/// Bytes of an answer that are looked at.
const ANSWER: usize = 64 * 1024;

/// What has become of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// All of it was accepted.
    Accepted,
    /// It was refused for good, or in part.
    Refused(String),
    /// It may be tried again, after that time if the collector gave one.
    Later(String, Option<Duration>),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Http(#[from] hyper::Error),
    #[error(transparent)]
    Body(#[from] axum::Error),
}

/// What a collector says of a request that it accepted.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Success {
    partial_success: Option<Partial>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Partial {
    /// A number, which JSON has as a text.
    rejected_spans: serde_json::Value,
    error_message: String,
}

/// Sends a body within the time that the settings give.
pub(super) async fn post(endpoint: &Endpoint, settings: &Otlp, body: &[u8]) -> Answer {
    let request = match request(endpoint, settings, body) {
        Ok(request) => request,
        Err(error) => return Answer::Refused(format!("no request can be made: {error}")),
    };
    match tokio::time::timeout(settings.timeout, exchange(endpoint, request)).await {
        Ok(Ok((status, headers, body))) => meaning(status, &headers, &body),
        Ok(Err(error)) => Answer::Later(error.to_string(), None),
        Err(_) => Answer::Later("no answer in time".to_owned(), None),
    }
}

fn request(
    endpoint: &Endpoint,
    settings: &Otlp,
    body: &[u8],
) -> Result<Request<Body>, axum::http::Error> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(&endpoint.path)
        .header(HOST, endpoint.collector.to_string())
        .header(USER_AGENT, concat!("strowger/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json");
    let mut request = request.body(Body::from(body.to_vec()))?;
    for (name, value) in &settings.headers {
        let mut value = HeaderValue::from_str(value.reveal())?;
        value.set_sensitive(true);
        request
            .headers_mut()
            .insert(HeaderName::try_from(name)?, value);
    }
    Ok(request)
}

async fn exchange(
    endpoint: &Endpoint,
    request: Request<Body>,
) -> Result<(StatusCode, HeaderMap, Vec<u8>), Unanswered> {
    let stream = TcpStream::connect(endpoint.collector.to_string()).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let answered = async {
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = to_bytes(Body::new(body), ANSWER).await?;
        Ok((head.status, head.headers, body.to_vec()))
    };
    // The connection does the work; it ends after the answer, or else before it.
    tokio::pin!(connection);
    tokio::pin!(answered);
    tokio::select! {
        answer = &mut answered => answer,
        ended = &mut connection => {
            ended?;
            answered.await
        }
    }
}

fn meaning(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
    let again = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ];
    if again.contains(&status) {
        let after = headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok());
        let after = after.and_then(|seconds| seconds.trim().parse().ok());
        return Answer::Later(
            format!("the collector answered {status}"),
            after.map(Duration::from_secs),
        );
    }
    if !status.is_success() {
        return Answer::Refused(format!("the collector answered {status}"));
    }
    // Some answer with nothing, or not in JSON: that is a success, too.
    let success: Success = serde_json::from_slice(body).unwrap_or_default();
    let Some(partial) = success.partial_success else {
        return Answer::Accepted;
    };
    let rejected = &partial.rejected_spans;
    let text = rejected.as_str().and_then(|text| text.parse().ok());
    let rejected: u64 = text.or_else(|| rejected.as_u64()).unwrap_or(0);
    if rejected == 0 {
        if !partial.error_message.is_empty() {
            tracing::warn!(
                warning = partial.error_message,
                "the collector of traces warns"
            );
        }
        return Answer::Accepted;
    }
    Answer::Refused(format!(
        "{rejected} spans were rejected: {}",
        partial.error_message
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(status: u16, retry_after: Option<&'static str>, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        meaning(
            StatusCode::from_u16(status).unwrap(),
            &headers,
            body.as_bytes(),
        )
    }

    #[test]
    fn answers_mean_what_the_specification_says() {
        for body in [
            "",
            "{}",
            r#"{"partialSuccess":{}}"#,
            r#"{"partialSuccess":{"rejectedSpans":"0"}}"#,
        ] {
            assert_eq!(meant(200, None, body), Answer::Accepted, "{body}");
        }
        for body in [
            r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}}"#,
            r#"{"partialSuccess":{"rejectedSpans":2}}"#,
        ] {
            assert!(
                matches!(meant(200, None, body), Answer::Refused(_)),
                "{body}"
            );
        }
        for status in [429, 502, 503, 504] {
            assert!(
                matches!(meant(status, None, ""), Answer::Later(_, None)),
                "{status}"
            );
        }
        let soon = Some(Duration::from_secs(7));
        assert!(matches!(meant(503, Some("7"), ""), Answer::Later(_, after) if after == soon));
        for status in [301, 400, 401, 404, 500, 501] {
            assert!(
                matches!(meant(status, None, ""), Answer::Refused(_)),
                "{status}"
            );
        }
    }
}
