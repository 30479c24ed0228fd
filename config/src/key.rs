//! The tree of keys: what a JSON schema says about each, in the form that checks and reference pages use.
//!
//! Reads what schemars writes for plain structs, maps, lists and enums of words. Anything else becomes
//! [`Shape::Other`], which is left to the type itself to check.

use crate::size::Size;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;

/// A key or a table.
#[derive(Debug, Clone)]
pub struct Key {
    /// The doc line, as the field has it.
    pub doc: String,
    /// The default; `None` for required and optional keys.
    pub default: Option<Json>,
    /// The unit, where the value's own form does not show it.
    pub unit: Option<String>,
    /// What it takes to put a change into effect.
    pub reload: Option<Reload>,
    /// Whether the value must not be shown.
    pub secret: bool,
    /// Whether the table may stand in a file, whose path is written in its place.
    pub file: bool,
    /// Whether the key must be present in its table.
    pub required: bool,
    /// What the key takes.
    pub shape: Shape,
}

/// What it takes to put a change into effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// Takes effect in the running node.
    Live,
    /// Takes effect when the adaptor is restarted.
    RestartAdaptor,
    /// Takes effect when the node is restarted.
    RestartNode,
}

/// What a key takes.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A table of known keys; others are errors.
    Table(BTreeMap<String, Key>),
    /// A table whose keys are names of the user's choice.
    Map(Box<Key>),
    /// A list.
    List(Box<Key>),
    /// A text.
    Text(Format, Bounds),
    /// One of some words, each with its doc line.
    Choice(Vec<(String, String)>),
    /// A whole number.
    Integer(Bounds),
    /// A number.
    Number,
    /// True or false.
    Truth,
    /// The settings of an adaptor or a service.
    Settings(TableKind),
    /// Something that only the type itself can check.
    Other,
}

/// Form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Any text.
    Plain,
    /// A duration in words.
    Duration,
    /// A size with a unit; the bounds are bytes.
    Size,
    /// Address and port.
    SocketAddress,
    /// A network: `10.0.0.0/8`.
    Network,
}

/// Which table of components a settings table belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// `[adaptors.NAME]`
    Adaptor,
    /// `[services.NAME]`
    Service,
}

/// Bounds of a number, of a text's length in characters, or of a size in bytes; both included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub min: Option<i64>,
    /// The greatest.
    pub max: Option<i64>,
}

impl Key {
    /// Reads a JSON schema.
    #[must_use]
    pub fn from_schema(schema: &Json) -> Self {
        Reader { root: schema }.key(schema, 0)
    }

    /// What is said of a map is true of its entries, too: no value in a secret one is shown, and how an entry is reloaded that says
    /// nothing of it the map says.
    fn pass_on(&mut self) {
        let (secret, reload) = (self.secret, self.reload);
        let pass = |entry: &mut Self| {
            entry.secret |= secret;
            entry.reload = entry.reload.or(reload);
            entry.pass_on();
        };
        match &mut self.shape {
            Shape::Map(entry) => pass(entry),
            Shape::Table(keys) if secret => keys.values_mut().for_each(pass),
            Shape::Table(_)
            | Shape::List(_)
            | Shape::Text(..)
            | Shape::Choice(_)
            | Shape::Integer(_)
            | Shape::Number
            | Shape::Truth
            | Shape::Settings(_)
            | Shape::Other => {}
        }
    }

    /// The key's text of what it takes, for people.
    #[must_use]
    pub fn takes(&self) -> &'static str {
        match &self.shape {
            Shape::Table(_) | Shape::Map(_) | Shape::Settings(_) => "a table",
            Shape::List(_) => "a list",
            Shape::Text(Format::Plain, _) => "a text",
            Shape::Text(Format::Duration, _) => {
                "a duration, such as \"30s\", \"500ms\" or \"1h 30m\""
            }
            Shape::Text(Format::Size, _) => "a size, such as \"64MiB\", \"4kB\" or \"512B\"",
            Shape::Text(Format::SocketAddress, _) => {
                "an address and port, such as \"192.0.2.1:5060\""
            }
            Shape::Text(Format::Network, _) => {
                "a network or an address, such as \"10.0.0.0/8\" or \"192.0.2.7\""
            }
            Shape::Choice(_) => "a word",
            Shape::Integer(_) => "a whole number",
            Shape::Number => "a number",
            Shape::Truth => "true or false",
            Shape::Other => "a value",
        }
    }

    /// The key one level down: of that name, or of any name or index where those are the user's.
    #[must_use]
    pub fn below(&self, segment: &str) -> Option<&Self> {
        match &self.shape {
            Shape::Table(keys) => keys.get(segment),
            Shape::Map(entry) | Shape::List(entry) => Some(entry),
            Shape::Text(..)
            | Shape::Choice(_)
            | Shape::Integer(_)
            | Shape::Number
            | Shape::Truth
            | Shape::Settings(_)
            | Shape::Other => None,
        }
    }

    /// Whether the key holds further keys rather than a value.
    #[must_use]
    pub fn is_table(&self) -> bool {
        matches!(
            self.shape,
            Shape::Table(_) | Shape::Map(_) | Shape::Settings(_)
        )
    }
}

impl Bounds {
    /// Whether the value is within the bounds.
    #[must_use]
    pub fn contain(self, value: i128) -> bool {
        self.min.is_none_or(|min| i128::from(min) <= value)
            && self.max.is_none_or(|max| value <= i128::from(max))
    }
}

impl Bounds {
    /// The bounds as sizes.
    #[must_use]
    pub fn sizes(self) -> String {
        let size = |bytes: i64| Size::from_bytes(bytes.unsigned_abs()).to_string();
        match (self.min.map(size), self.max.map(size)) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => "any size".to_owned(),
        }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (Some(min), Some(max)) => write!(f, "{min} to {max}"),
            (Some(min), None) => write!(f, "at least {min}"),
            (None, Some(max)) => write!(f, "at most {max}"),
            (None, None) => f.write_str("any number"),
        }
    }
}

impl Reload {
    /// The word in schemas and reference pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::RestartAdaptor => "restart-adaptor",
            Self::RestartNode => "restart-node",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Live, Self::RestartAdaptor, Self::RestartNode];
        all.into_iter().find(|reload| reload.word() == word)
    }
}

/// Deeper nesting than any settings have; a type that contains itself ends here.
const MAX_DEPTH: usize = 16;

struct Reader<'a> {
    root: &'a Json,
}

impl Reader<'_> {
    fn key(&self, schema: &Json, depth: usize) -> Key {
        let shape = if depth < MAX_DEPTH {
            self.shape(schema, depth)
        } else {
            Shape::Other
        };
        let text = |name: &str| {
            self.annotation(schema, name, depth)
                .and_then(|v| v.as_str().map(str::to_owned))
        };
        let default = self.annotation(schema, "default", depth);
        let mut key = Key {
            doc: text("description")
                .map(|doc| one_paragraph(&doc))
                .unwrap_or_default(),
            default: default.map(without_nulls).filter(|value| !value.is_null()),
            unit: text("x-unit"),
            reload: text("x-reload").and_then(|word| Reload::from_word(&word)),
            secret: self.annotation(schema, "x-secret", depth) == Some(Json::Bool(true)),
            file: self.annotation(schema, "x-file", depth) == Some(Json::Bool(true)),
            required: false,
            shape,
        };
        key.pass_on();
        key
    }

    /// An annotation of the schema itself, or else of the definition that it refers to.
    fn annotation(&self, schema: &Json, name: &str, depth: usize) -> Option<Json> {
        if let Some(own) = schema.get(name) {
            return Some(own.clone());
        }
        let inner = self.inner(schema).filter(|_| depth < MAX_DEPTH)?;
        self.annotation(inner, name, depth + 1)
    }

    /// What a schema wraps: a reference, the only part of an `allOf`, or the part of an `anyOf` that is not null.
    fn inner<'s>(&'s self, schema: &'s Json) -> Option<&'s Json> {
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            return self.root.pointer(reference.strip_prefix('#')?);
        }
        for group in ["allOf", "anyOf"] {
            let parts = schema.get(group).and_then(Json::as_array);
            let is_null = |part: &&Json| part.get("type").and_then(Json::as_str) == Some("null");
            let mut parts = parts.into_iter().flatten().filter(|part| !is_null(part));
            if let (Some(only), None) = (parts.next(), parts.next()) {
                return Some(only);
            }
        }
        None
    }

    fn shape(&self, schema: &Json, depth: usize) -> Shape {
        if let Some(inner) = self.inner(schema) {
            return self.key(inner, depth + 1).shape;
        }
        match schema.get("x-settings").and_then(Json::as_str) {
            Some("adaptor") => return Shape::Settings(TableKind::Adaptor),
            Some("service") => return Shape::Settings(TableKind::Service),
            Some(_) | None => {}
        }
        if let Some(words) = choice(schema) {
            return Shape::Choice(words);
        }
        match type_word(schema) {
            Some("object") => self.table(schema, depth),
            Some("array") => match schema.get("items") {
                Some(items) => Shape::List(Box::new(self.key(items, depth + 1))),
                None => Shape::Other,
            },
            Some("string") => text_shape(schema),
            Some("integer") => Shape::Integer(bounds(schema, "minimum", "maximum")),
            Some("number") => Shape::Number,
            Some("boolean") => Shape::Truth,
            Some(_) | None => Shape::Other,
        }
    }

    fn table(&self, schema: &Json, depth: usize) -> Shape {
        let empty = serde_json::Map::new();
        let properties = schema
            .get("properties")
            .and_then(Json::as_object)
            .unwrap_or(&empty);
        match schema.get("additionalProperties") {
            Some(entry @ Json::Object(_)) if properties.is_empty() => {
                return Shape::Map(Box::new(self.key(entry, depth + 1)));
            }
            Some(Json::Bool(false)) => {}
            // A type that takes any key checks them itself.
            Some(_) | None if properties.is_empty() => return Shape::Other,
            Some(_) | None => {}
        }
        let required = schema.get("required").and_then(Json::as_array);
        let is_required = |name: &str| {
            required
                .into_iter()
                .flatten()
                .any(|word| word.as_str() == Some(name))
        };
        let keys = properties.iter().map(|(name, schema)| {
            let key = self.key(schema, depth + 1);
            (
                name.clone(),
                Key {
                    required: is_required(name),
                    ..key
                },
            )
        });
        Shape::Table(keys.collect())
    }
}

fn type_word(schema: &Json) -> Option<&str> {
    match schema.get("type")? {
        Json::String(word) => Some(word),
        Json::Array(words) => words
            .iter()
            .filter_map(Json::as_str)
            .find(|word| *word != "null"),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => None,
    }
}

fn text_shape(schema: &Json) -> Shape {
    match schema.get("format").and_then(Json::as_str) {
        Some("time-span") => Shape::Text(Format::Duration, Bounds::default()),
        Some("size") => Shape::Text(Format::Size, bounds(schema, "x-min-bytes", "x-max-bytes")),
        Some("socket-address") => Shape::Text(Format::SocketAddress, Bounds::default()),
        Some("network") => Shape::Text(Format::Network, Bounds::default()),
        Some(_) | None => Shape::Text(Format::Plain, bounds(schema, "minLength", "maxLength")),
    }
}

fn bounds(schema: &Json, min: &str, max: &str) -> Bounds {
    let bound = |name: &str| schema.get(name).and_then(Json::as_i64);
    Bounds {
        min: bound(min),
        max: bound(max),
    }
}

/// The words of an enum, whether they have doc lines (`oneOf` of constants) or not (`enum`).
fn choice(schema: &Json) -> Option<Vec<(String, String)>> {
    if let Some(word) = schema.get("const").and_then(Json::as_str) {
        let doc = schema
            .get("description")
            .and_then(Json::as_str)
            .unwrap_or_default();
        return Some(vec![(word.to_owned(), one_paragraph(doc))]);
    }
    if let Some(words) = schema.get("enum").and_then(Json::as_array) {
        let word = |word: &Json| Some((word.as_str()?.to_owned(), String::new()));
        return words
            .iter()
            .filter(|word| !word.is_null())
            .map(word)
            .collect();
    }
    let parts = schema.get("oneOf")?.as_array()?;
    let words: Option<Vec<_>> = parts.iter().map(choice).collect();
    words.map(|words| words.concat())
}

/// What is null is not set; TOML has no word for it.
fn without_nulls(mut default: Json) -> Json {
    match &mut default {
        Json::Object(table) => {
            table.retain(|_, value| !value.is_null());
            table
                .values_mut()
                .for_each(|value| *value = without_nulls(value.take()));
        }
        Json::Array(items) => items
            .iter_mut()
            .for_each(|item| *item = without_nulls(item.take())),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
    default
}

/// Doc comments are wrapped for the source; as a doc line they are one line.
fn one_paragraph(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}
