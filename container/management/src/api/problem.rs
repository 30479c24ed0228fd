//! What is answered when a request is not done (RFC 9457): a code whose page explains it, and the field that is wrong.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use strowger_node::control::{Cause, Refusal, Unserved};
use strowger_node::listed::KeyProblem;
use utoipa::ToSchema;

/// Why a request was not done. Nothing was changed.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<ProblemDocument>);

/// Why a request was not done (RFC 9457).
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// `urn:strowger:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The status of the answer, in words.
    title: String,
    /// The status of the answer.
    status: u16,
    /// The code, which `strowger explain` knows.
    code: &'static str,
    /// What is wrong, in words.
    detail: String,
    /// The parameter, field or part of the path that is wrong, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What is wrong with a configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<KeyProblem>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(ProblemDocument {
            kind: format!("urn:strowger:{code}"),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            field: None,
            problems: Vec::new(),
        }))
    }

    /// No token, or not a right one.
    pub(crate) fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "MGT-001", detail)
    }

    /// The token's scope is not enough.
    pub(crate) fn forbidden(detail: String) -> Self {
        Self::new(StatusCode::FORBIDDEN, "MGT-002", detail)
    }

    /// Too many wrong tokens came from the address.
    pub(crate) fn too_many_wrong() -> Self {
        let detail = "too many wrong tokens came from this address: wait a minute";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "MGT-003", detail)
    }

    /// A change that a page of another origin has asked for.
    pub(crate) fn foreign() -> Self {
        let detail = "this change was asked for by a page that is not the console's own";
        Self::new(StatusCode::FORBIDDEN, "MGT-009", detail)
    }

    /// A parameter or field is wrong.
    pub(crate) fn wrong(field: &str, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "MGT-004", detail);
        problem.0.field = Some(field.to_owned());
        problem
    }

    /// The body cannot be read.
    pub(crate) fn unreadable(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::new(status, "MGT-004", detail)
    }

    /// There is no such thing, or no such path.
    pub(crate) fn unknown(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "MGT-005", detail)
    }

    /// The path has no such method.
    pub(crate) fn no_method() -> Self {
        let detail = "this path does not take this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MGT-005", detail)
    }

    /// Not possible in the state that things are in.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "MGT-006", detail)
    }

    /// What it is about, if that has a name.
    pub(crate) fn about(mut self, field: &str) -> Self {
        self.0.field = Some(field.to_owned()).filter(|field| !field.is_empty());
        self
    }

    /// The node does not answer.
    pub(crate) fn silent(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "MGT-007", detail)
    }

    /// The audit log cannot be written.
    pub(crate) fn no_audit() -> Self {
        let detail = "the audit log cannot be written, and nothing is changed without it";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "MGT-008", detail)
    }

    /// What is missing was named in a parameter, and not in the path.
    pub(crate) fn into_wrong(self) -> Self {
        if self.status() == StatusCode::NOT_FOUND {
            let mut wrong = Self::new(StatusCode::BAD_REQUEST, "MGT-004", self.0.detail);
            wrong.0.field = self.0.field;
            return wrong;
        }
        self
    }

    /// A key of the configuration that is wrong was a field below this one.
    pub(crate) fn blame_key(mut self, below: &str) -> Self {
        let keys = self.0.problems.iter().filter_map(|one| one.key.as_deref());
        let field = keys.filter_map(|key| key.strip_prefix(below)).next();
        self.0.field = field.map(str::to_owned);
        self
    }

    /// Whether there is no such thing.
    pub(crate) fn is_unknown(&self) -> bool {
        self.status() == StatusCode::NOT_FOUND
    }

    /// What is wrong, in words.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The code.
    pub(crate) fn code(&self) -> &'static str {
        self.0.code
    }

    /// What is wrong with a configuration.
    pub(crate) fn problems(&self) -> &[KeyProblem] {
        &self.0.problems
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match refusal.cause {
            Cause::Unknown => (StatusCode::NOT_FOUND, "MGT-005"),
            Cause::Wrong => (StatusCode::BAD_REQUEST, "MGT-004"),
            Cause::Configuration => (StatusCode::UNPROCESSABLE_ENTITY, "NOD-015"),
            Cause::Busy => (StatusCode::SERVICE_UNAVAILABLE, "MGT-007"),
            Cause::State | _ => (StatusCode::CONFLICT, "MGT-006"),
        };
        let mut problem = Self::new(status, code, refusal.reason);
        problem.0.field = refusal.field;
        problem.0.problems = refusal.problems;
        problem
    }
}

impl From<Unserved> for Problem {
    fn from(unserved: Unserved) -> Self {
        Self::silent(unserved.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"strowger\"");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        let wait = match status {
            StatusCode::TOO_MANY_REQUESTS => "60",
            StatusCode::SERVICE_UNAVAILABLE => "1",
            _ => "",
        };
        if !wait.is_empty() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(wait));
        }
        // For whoever makes a page of it.
        response.extensions_mut().insert(self);
        response
    }
}
