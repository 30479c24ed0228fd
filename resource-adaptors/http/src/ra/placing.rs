//! In which slot a request is served: what must meet others of its kind is placed by a key that it carries.

use serde::{Deserialize, Deserializer};
use std::str::FromStr;
use strowger::id::Slot;
use strowger::ra::RaCx;

use crate::api::Request;

/// What of a request decides its slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SlotFrom {
    /// A header field of that name.
    Header(String),
    /// A parameter of that name in the query.
    Query(String),
    /// That part of the path, counted from 1.
    Path(u8),
}

/// It says nothing of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be `header:NAME`, `query:NAME`, or `path:N` with N from 1 to 255")]
pub struct BadSlotFrom;

impl FromStr for SlotFrom {
    type Err = BadSlotFrom;
    fn from_str(text: &str) -> Result<Self, BadSlotFrom> {
        match text.split_once(':') {
            Some(("header", name)) if crate::api::is_token(name) => Ok(Self::Header(name.into())),
            Some(("query", name)) if !name.is_empty() => Ok(Self::Query(name.into())),
            Some(("path", n)) => match n.parse() {
                Ok(n) if n > 0 => Ok(Self::Path(n)),
                _ => Err(BadSlotFrom),
            },
            _ => Err(BadSlotFrom),
        }
    }
}

impl<'de> Deserialize<'de> for SlotFrom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl SlotFrom {
    /// What the request has there.
    fn key(&self, request: &Request) -> Option<String> {
        let key = match self {
            Self::Header(name) => request.header(name).map(str::to_owned),
            Self::Query(name) => request.param(name),
            Self::Path(n) => {
                let mut parts = request.segments();
                let n = usize::from(*n) - 1;
                (n < parts.len()).then(|| parts.swap_remove(n))
            }
        };
        key.filter(|key| !key.is_empty())
    }
}

/// The slot of a request.
pub(super) fn slot(cx: &RaCx<'_>, from: &[SlotFrom], request: &Request, token: u64) -> Slot {
    match from.iter().find_map(|from| from.key(request)) {
        Some(key) => cx.slot_of(key.as_bytes()),
        None => cx.slot_of(&token.to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Headers, Method};
    use bytes::Bytes;
    use std::net::SocketAddr;

    #[test]
    fn places_are_read() {
        let read = |text: &str| text.parse::<SlotFrom>();
        assert_eq!(
            read("header:Idempotency-Key"),
            Ok(SlotFrom::Header("Idempotency-Key".into()))
        );
        assert_eq!(read("query:to"), Ok(SlotFrom::Query("to".into())));
        assert_eq!(read("path:3"), Ok(SlotFrom::Path(3)));
        for bad in [
            "",
            "path",
            "path:0",
            "path:256",
            "path:x",
            "header:",
            "header:a b",
            "query:",
            "x:y",
        ] {
            assert_eq!(read(bad), Err(BadSlotFrom), "{bad}");
        }
    }

    #[test]
    fn a_key_is_what_the_request_has_there() {
        let request = Request {
            method: Method::Get,
            path: "/v1/messages/12".into(),
            query: "to=%2B31".into(),
            headers: [("Idempotency-Key", "k"), ("Empty", "")]
                .into_iter()
                .collect::<Headers>(),
            body: Bytes::new(),
            peer: SocketAddr::from(([192, 0, 2, 1], 1)),
            listener: "http".into(),
            secure: false,
            certificate: None,
        };
        let key = |text: &str| text.parse::<SlotFrom>().unwrap().key(&request);
        assert_eq!(key("header:idempotency-key").as_deref(), Some("k"));
        assert_eq!(key("query:to").as_deref(), Some("+31"));
        assert_eq!(key("path:3").as_deref(), Some("12"));
        assert_eq!(key("path:4"), None);
        assert_eq!(key("header:empty"), None);
        assert_eq!(key("query:from"), None);
    }
}
