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
    /// That part of the path is an id that names its slot itself, in its last two hexadecimal digits.
    Id(u8),
}

/// It says nothing of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be `header:NAME`, `query:NAME`, `path:N` or `id:N` with N from 1 to 255")]
pub struct BadSlotFrom;

impl FromStr for SlotFrom {
    type Err = BadSlotFrom;
    fn from_str(text: &str) -> Result<Self, BadSlotFrom> {
        match text.split_once(':') {
            Some(("header", name)) if crate::api::is_token(name) => Ok(Self::Header(name.into())),
            Some(("query", name)) if !name.is_empty() => Ok(Self::Query(name.into())),
            Some((kind @ ("path" | "id"), n)) => match n.parse() {
                Ok(n) if n > 0 && kind == "path" => Ok(Self::Path(n)),
                Ok(n) if n > 0 => Ok(Self::Id(n)),
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
            Self::Path(n) | Self::Id(n) => {
                let mut parts = request.segments();
                let n = usize::from(*n) - 1;
                (n < parts.len()).then(|| parts.swap_remove(n))
            }
        };
        key.filter(|key| !key.is_empty())
    }

    /// The slot that the request names, if it has what names one.
    fn slot(&self, cx: &RaCx<'_>, request: &Request) -> Option<Slot> {
        let key = self.key(request)?;
        match self {
            Self::Id(_) => slot_of_id(&key),
            Self::Header(_) | Self::Query(_) | Self::Path(_) => Some(cx.slot_of(key.as_bytes())),
        }
    }
}

/// The slot of a request.
pub(super) fn slot(cx: &RaCx<'_>, from: &[SlotFrom], request: &Request, token: u64) -> Slot {
    let named = from.iter().find_map(|from| from.slot(cx, request));
    named.unwrap_or_else(|| cx.slot_of(&token.to_be_bytes()))
}

/// The slot that an id names: its last two hexadecimal digits.
fn slot_of_id(id: &str) -> Option<Slot> {
    let digits = id.get(id.len().checked_sub(2)?..)?;
    let hexadecimal = id.bytes().all(|b| b.is_ascii_hexdigit());
    let slot = u8::from_str_radix(digits, 16).ok();
    slot.filter(|_| hexadecimal).map(Slot)
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
        assert_eq!(read("id:3"), Ok(SlotFrom::Id(3)));
        for bad in [
            "",
            "path",
            "path:0",
            "path:256",
            "path:x",
            "id:0",
            "header:",
            "header:a b",
            "query:",
            "x:y",
        ] {
            assert_eq!(read(bad), Err(BadSlotFrom), "{bad}");
        }
    }

    #[test]
    fn an_id_names_its_slot() {
        assert_eq!(slot_of_id("1f00000000000aB7"), Some(Slot(0xb7)));
        assert_eq!(slot_of_id("00"), Some(Slot(0)));
        for bad in ["", "7", "+7", "12x4", "€", "aé"] {
            assert_eq!(slot_of_id(bad), None, "{bad}");
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
