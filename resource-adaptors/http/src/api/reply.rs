//! What a service answers.

use bytes::Bytes;
use serde::Serialize;

use super::headers::Headers;
use super::provider::HttpError;

/// An answer to be given. Content-Length, Date and what belongs to the connection are put in on the way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
    /// The request had credentials that are wrong.
    pub(crate) wrong_credentials: bool,
}

impl Reply {
    /// An answer without content.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Headers::default(),
            body: Bytes::new(),
            wrong_credentials: false,
        }
    }

    /// An answer with text.
    #[must_use]
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self::new(status).body("text/plain; charset=utf-8", text.into())
    }

    /// An answer with JSON.
    ///
    /// # Errors
    /// The value cannot be written as JSON.
    pub fn json<T: Serialize>(status: u16, value: &T) -> Result<Self, HttpError> {
        let body = serde_json::to_vec(value).map_err(HttpError::Json)?;
        Ok(Self::new(status).body("application/json", body))
    }

    /// An answer that says what is wrong (RFC 9457).
    #[must_use]
    pub fn problem(status: u16, title: &str, detail: &str) -> Self {
        let body = serde_json::json!({ "status": status, "title": title, "detail": detail });
        Self::new(status).body("application/problem+json", body.to_string())
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

    /// An answer, whatever its status, to a request whose credentials are wrong; not to one that has none, nor to one whose
    /// credentials are too old. It counts as an offence of the client's address: who guesses on is banned for a while, where
    /// `[sources]` says so. An answer 401 to a request with `Authorization` counts without it.
    #[must_use]
    pub fn wrong_credentials(mut self) -> Self {
        self.wrong_credentials = true;
        self
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The header fields.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The content.
    #[must_use]
    pub fn content(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn check(&self) -> Result<(), HttpError> {
        if !(200..=599).contains(&self.status) {
            return Err(HttpError::Status(self.status));
        }
        check_headers(&self.headers)
    }
}

pub(super) fn check_headers(headers: &Headers) -> Result<(), HttpError> {
    match headers.unfit() {
        Some(name) => Err(HttpError::Header(name.into())),
        None => Ok(()),
    }
}
