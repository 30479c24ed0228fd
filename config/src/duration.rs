//! Durations as people write them: `30s`, `500ms`, `1h 30m`.
//!
//! For a field: `#[serde(with = "strowger_config::duration")]` and
//! `#[schemars(with = "strowger_config::duration::Text")]`. A crate that may not depend on this one gets the same by
//! `humantime_serde` and `#[schemars(with = "String", extend("format" = "time-span"))]`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serializer, de};
use std::borrow::Cow;
use std::time::Duration;

/// Writes a duration in words, exactly.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*value))
}

/// Reads a duration in words.
///
/// # Errors
/// Anything that is not a duration in words.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| de::Error::invalid_value(de::Unexpected::Str(&text), &"a duration"))
}

/// The schema of a duration: a string of format `time-span`; `duration` is another form in JSON schemas.
#[derive(Debug, Clone, Copy)]
pub struct Text;

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "time-span" })
    }
}

pub(crate) fn parse(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}
