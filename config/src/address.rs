//! The schema of a socket address in text: `192.0.2.1:5060`, `[2001:db8::1]:5060`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// A string of format `socket-address`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SocketText;

impl JsonSchema for SocketText {
    fn schema_name() -> Cow<'static, str> {
        "SocketAddress".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "socket-address" })
    }
}
