//! Bodies of messages: how they are written in records, and how services read them.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserializer, Serializer};

use super::headers::Headers;
use super::params::Params;

/// A body is not what it was read as.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Its Content-Type names another format; 415 is the answer that says so.
    #[error("the content is not of type {0}")]
    Type(&'static str),
    /// It is no UTF-8.
    #[error("the content is no UTF-8")]
    Text(#[from] std::str::Utf8Error),
    /// It is no JSON, or not that of the type asked for.
    #[error("the content is not the JSON that is expected: {0}")]
    Json(#[from] serde_json::Error),
}

pub(super) fn json<T: DeserializeOwned>(headers: &Headers, body: &[u8]) -> Result<T, BodyError> {
    let kind = media_type(headers);
    let known = kind.eq_ignore_ascii_case("application/json") || {
        let suffix = kind.len().checked_sub("+json".len());
        let suffix = suffix.and_then(|at| kind.get(at..));
        suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("+json"))
    };
    if !known {
        return Err(BodyError::Type("application/json"));
    }
    Ok(serde_json::from_slice(body)?)
}

pub(super) fn form(headers: &Headers, body: &[u8]) -> Result<Params, BodyError> {
    match is_form(headers) {
        true => Ok(Params::parse(body)),
        false => Err(BodyError::Type(FORM)),
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Whether the content is said to be a form's.
pub(crate) fn is_form(headers: &Headers) -> bool {
    media_type(headers).eq_ignore_ascii_case(FORM)
}

/// The media type without its parameters (RFC 9110 8.3.1); empty if none is named.
fn media_type(headers: &Headers) -> &str {
    let named = headers.get("content-type").unwrap_or_default();
    named.split(';').next().unwrap_or_default().trim()
}

/// Bytes as records hold them.
pub(super) fn serialize<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(body)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    struct Visitor;
    impl serde::de::Visitor<'_> for Visitor {
        type Value = Bytes;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("bytes")
        }
        fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
            Ok(Bytes::copy_from_slice(bytes))
        }
    }
    deserializer.deserialize_bytes(Visitor)
}
