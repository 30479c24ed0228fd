//! What a service asks of others.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::{Position, Url};

use super::body;
use super::headers::{Headers, is_token};
use super::method::Method;
use super::params;
use super::provider::HttpError;
use super::reply::check_headers;

/// A request of ours.
///
/// ```
/// use strowger_http::Outgoing;
/// use std::time::Duration;
///
/// let hook = Outgoing::post("https://hooks.example/receipt")
///     .form(&[("id", "12"), ("state", "delivered")])
///     .deadline(Duration::from_secs(10));
/// # assert!(hook.is_good().is_ok());
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Headers,
    #[serde(with = "body")]
    pub(crate) body: Bytes,
    pub(crate) deadline: Option<Duration>,
    pub(crate) repeat: bool,
}

impl Outgoing {
    /// A request without content.
    #[must_use]
    pub fn new(method: Method, url: &str) -> Self {
        Self {
            method,
            url: url.to_owned(),
            headers: Headers::default(),
            body: Bytes::new(),
            deadline: None,
            repeat: false,
        }
    }

    /// A GET.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self::new(Method::Get, url)
    }

    /// A POST.
    #[must_use]
    pub fn post(url: &str) -> Self {
        Self::new(Method::Post, url)
    }

    /// With one more header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(name, value);
        self
    }

    /// With content of that media type.
    #[must_use]
    pub fn body(mut self, media_type: &str, body: impl Into<Bytes>) -> Self {
        self.headers.set("content-type", media_type);
        self.body = body.into();
        self
    }

    /// With JSON.
    ///
    /// # Errors
    /// The value cannot be written as JSON.
    pub fn json<T: Serialize>(self, value: &T) -> Result<Self, HttpError> {
        let body = serde_json::to_vec(value).map_err(HttpError::Json)?;
        Ok(self.body("application/json", body))
    }

    /// With a form.
    #[must_use]
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let body = params::encode(pairs);
        self.body("application/x-www-form-urlencoded", body)
    }

    /// How long it may take from here to the end of its answer; `client.deadline` of the settings unless said.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// To be sent again by a node that was started again before there was an outcome: at least once, then. Somebody
    /// must be attached to the call, of a service in a durable class. Others hear [`FailureKind::Restarted`](crate::FailureKind::Restarted).
    #[must_use]
    pub fn repeat(mut self) -> Self {
        self.repeat = true;
        self
    }

    /// Whether it can be sent.
    ///
    /// # Errors
    /// What cannot.
    pub fn is_good(&self) -> Result<(), HttpError> {
        self.target().map(drop)?;
        check_headers(&self.headers)?;
        if is_token(self.method.as_str()) && self.method.as_str() != "CONNECT" {
            Ok(())
        } else {
            Err(HttpError::Method(self.method.clone()))
        }
    }

    /// Where it goes.
    pub(crate) fn target(&self) -> Result<Target, HttpError> {
        let bad = |why| HttpError::Url(self.url.clone(), why);
        let url = Url::parse(&self.url).map_err(|_| bad("it cannot be read"))?;
        let secure = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(bad("its scheme is neither http nor https")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("a user belongs into a header field"));
        }
        let host = url.host().map(|host| host.to_owned());
        let (Some(host), Some(port)) = (host, url.port_or_known_default()) else {
            return Err(bad("it names no host"));
        };
        let path = url[Position::BeforePath..Position::AfterQuery].to_owned();
        let authority = url[Position::BeforeHost..Position::AfterPort].to_owned();
        Ok(Target {
            secure,
            host,
            port,
            authority,
            path,
        })
    }

    /// Bytes that it keeps, about.
    pub(crate) fn size(&self) -> usize {
        self.url.len() + self.headers.size() + self.body.len()
    }
}

/// Where a request goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    pub(crate) secure: bool,
    pub(crate) host: url::Host,
    pub(crate) port: u16,
    /// Host and port as the field Host names them.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let target = Outgoing::get("https://Hooks.Example:8443/a b?x=1#y");
        let target = target.target().unwrap();
        assert!(target.secure);
        assert_eq!(target.host, url::Host::Domain("hooks.example".to_owned()));
        assert_eq!(
            (target.port, &*target.authority, &*target.path),
            (8443, "hooks.example:8443", "/a%20b?x=1")
        );
        let target = Outgoing::get("http://[::1]").target().unwrap();
        assert_eq!(
            (target.port, &*target.authority, &*target.path),
            (80, "[::1]", "/")
        );
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for url in [
            "",
            "/x",
            "ftp://a/",
            "http://",
            "http://u@a/",
            "http://u:p@a/",
            "sip:a",
        ] {
            assert!(Outgoing::get(url).is_good().is_err(), "{url}");
        }
        let good = || Outgoing::get("http://a/");
        assert!(good().is_good().is_ok());
        assert!(good().header("a", "b\n").is_good().is_err());
        assert!(good().header("host", "b").is_good().is_err());
        for method in ["", "A B", "CONNECT"] {
            let method = Method::named(method);
            assert!(Outgoing::new(method, "http://a/").is_good().is_err());
        }
    }
}
