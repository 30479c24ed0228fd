//! The events of HTTP: a request that came, and the two outcomes of a call of ours.

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use strowger::event::{Event, EventDecl};
use strowger::id::Component;

use super::activity::named;
use super::body::{self, BodyError};
use super::headers::Headers;
use super::method::Method;
use super::params::Params;

/// A request came, on its own [`Exchange`](crate::Exchange).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Request {
    /// What it wants done.
    pub method: Method,
    /// The path as it was sent, `/v1/messages`: not decoded, never empty.
    pub path: String,
    /// What stands behind the `?`, as it was sent; empty if nothing does.
    pub query: String,
    /// The header fields.
    pub headers: Headers,
    /// The content.
    #[serde(with = "body")]
    pub body: Bytes,
    /// From where it came; behind a proxy, the proxy's address.
    pub peer: SocketAddr,
    /// The name of the listener that it came in by.
    pub listener: String,
    /// Whether it came over TLS.
    pub secure: bool,
    /// Over TLS, with a certificate that was verified: the first name that the certificate is for.
    pub certificate: Option<String>,
}

impl Event for Request {
    const TYPE: Component = named("http-request");
}

impl Request {
    /// Whether it is that method on that path.
    #[must_use]
    pub fn is(&self, method: &Method, path: &str) -> bool {
        self.method == *method && self.path == path
    }

    /// The parts of the path, decoded: `["v1", "messages", "12"]`. Decoding comes after splitting, so that `%2F` stays within
    /// its part.
    #[must_use]
    pub fn segments(&self) -> Vec<String> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        if path.is_empty() {
            return Vec::new();
        }
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        path.split('/').map(decoded).collect()
    }

    /// What the query says.
    #[must_use]
    pub fn params(&self) -> Params {
        Params::parse(self.query.as_bytes())
    }

    /// The first value of that name in the query, decoded.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<String> {
        self.params().get(name).map(str::to_owned)
    }

    /// The first header field of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The content as JSON.
    ///
    /// # Errors
    /// Its Content-Type is no JSON, or it does not fit.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, BodyError> {
        body::json(&self.headers, &self.body)
    }

    /// The content as a form.
    ///
    /// # Errors
    /// Its Content-Type is none of a form.
    pub fn form(&self) -> Result<Params, BodyError> {
        body::form(&self.headers, &self.body)
    }

    /// The content as text.
    ///
    /// # Errors
    /// It is no UTF-8.
    pub fn text(&self) -> Result<&str, BodyError> {
        Ok(std::str::from_utf8(&self.body)?)
    }

    /// User and password, if the client has given them (RFC 7617).
    #[must_use]
    pub fn basic_auth(&self) -> Option<(String, String)> {
        use base64::Engine as _;
        let coded = self.credentials("Basic")?;
        let plain = base64::engine::general_purpose::STANDARD.decode(coded);
        let plain = String::from_utf8(plain.ok()?).ok()?;
        let (user, password) = plain.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }

    /// The bearer's token, if the client has given one (RFC 6750).
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        self.credentials("Bearer")
    }

    fn credentials(&self, scheme: &str) -> Option<&str> {
        let (named, rest) = self.header("authorization")?.split_once(' ')?;
        named.eq_ignore_ascii_case(scheme).then(|| rest.trim())
    }
}

/// A call of ours was answered, with whatever status: 404 is an answer, and so is a redirection, which is not followed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// The content.
    #[serde(with = "body")]
    pub body: Bytes,
}

impl Event for Response {
    const TYPE: Component = named("http-response");
}

impl Response {
    /// Whether the status says success: 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status / 100 == 2
    }

    /// The first header field of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The content as JSON.
    ///
    /// # Errors
    /// Its Content-Type is no JSON, or it does not fit.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, BodyError> {
        body::json(&self.headers, &self.body)
    }

    /// The content as text.
    ///
    /// # Errors
    /// It is no UTF-8.
    pub fn text(&self) -> Result<&str, BodyError> {
        Ok(std::str::from_utf8(&self.body)?)
    }
}

/// A call of ours has no answer and gets none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// Why.
    pub kind: FailureKind,
    /// Whether the other side may have seen the request: what must not be done twice is not simply sent again then.
    pub sent: Sent,
}

impl Event for Failure {
    const TYPE: Component = named("http-failure");
}

/// Whether the other side of a call that failed may have seen the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Sent {
    /// It has not.
    No,
    /// It may have, in part or as a whole, and may have done what it asks for.
    Maybe,
}

/// Why a call failed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FailureKind {
    /// No answer within the call's time.
    Timeout,
    /// Nobody listens there.
    Refused,
    /// No connection could be opened for another reason: no way, or not within `client.connect_timeout`.
    Unreachable,
    /// The host's name has no address, or nobody could be asked for it.
    Dns,
    /// The TLS handshake failed: a certificate that is not trusted, or not for that name.
    Tls,
    /// The connection was closed before the answer was there.
    Closed,
    /// The answer is no HTTP.
    Protocol,
    /// The answer is longer than `client.response_bytes`, or its head than allowed.
    TooLarge,
    /// As many calls are under way as `client.calls` or `client.bytes` allows.
    Full,
    /// The call was cancelled, or its adaptor was stopped.
    Stopped,
    /// The node was started again while the call was under way, and it was not to be repeated.
    Restarted,
}

/// Every event type that the adaptor fires.
pub(crate) fn events() -> Vec<EventDecl> {
    vec![
        EventDecl::of::<Request>(),
        EventDecl::of::<Response>(),
        EventDecl::of::<Failure>(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str, headers: &[(&str, &str)], body: &'static [u8]) -> Request {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Request {
            method: Method::Post,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers.iter().copied().collect(),
            body: Bytes::from_static(body),
            peer: SocketAddr::from(([192, 0, 2, 1], 1)),
            listener: "http".to_owned(),
            secure: false,
            certificate: None,
        }
    }

    #[test]
    fn paths_are_split_before_they_are_decoded() {
        let segments = |path: &str| request(path, &[], b"").segments();
        assert_eq!(segments("/v1/a%2Fb/%C3%A9"), ["v1", "a/b", "é"]);
        assert_eq!(segments("/"), [""; 0]);
        assert_eq!(segments("/a/"), ["a", ""]);
        assert_eq!(segments("/%zz"), ["%zz"]);
    }

    #[test]
    fn credentials_are_read() {
        let with = |value: &str| request("/", &[("Authorization", value)], b"");
        let user = |value: &str| with(value).basic_auth();
        let alice = Some(("alice".to_owned(), "a:b".to_owned()));
        assert_eq!(user("Basic YWxpY2U6YTpi"), alice);
        assert_eq!(user("basic YWxpY2U6YTpi"), alice);
        for bad in [
            "Basic",
            "Basic !",
            "Basic /w==",
            "Basic YWxpY2U=",
            "Digest x",
        ] {
            assert_eq!(user(bad), None, "{bad}");
        }
        assert_eq!(with("Bearer abc").bearer(), Some("abc"));
    }

    #[test]
    fn bodies_are_read_as_what_they_say_they_are() {
        let json = |kind: &str| {
            let request = request("/", &[("content-type", kind)], br#"{"a":1}"#);
            request.json::<serde_json::Value>().is_ok()
        };
        assert!(json("application/json; charset=utf-8"));
        assert!(json("application/Problem+JSON"));
        assert!(!json("text/plain") && !json("") && !json("json"));
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let form = request("/", &form, b"a=1").form().unwrap();
        assert_eq!(form.get("a"), Some("1"));
        assert!(matches!(
            request("/", &[], b"\xff").text(),
            Err(BodyError::Text(_))
        ));
    }

    #[test]
    fn events_survive_their_records() {
        let request = request("/x?y=1", &[("A", "b")], b"\x00\xff");
        let bytes = strowger::postcard::to_allocvec(&request).unwrap();
        let read: Request = strowger::postcard::from_bytes(&bytes).unwrap();
        assert_eq!(read, request);
    }
}
