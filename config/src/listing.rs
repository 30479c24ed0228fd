//! The configuration in effect, key by key, with where each value comes from.

use crate::component::Components;
use crate::key::{Key, Reload, Shape};
use crate::layers::{Layers, look_up};
use crate::path::KeyPath;
use crate::source::{Place, SourceKind};
use figment::value::{Dict, Value};
use serde_json::Value as Json;
use std::fmt;

/// One key with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: KeyPath,
    /// The value; `"(secret)"` for one that must not be shown.
    pub value: Json,
    /// Where the value comes from.
    pub origin: Origin,
    /// What it takes to put a change into effect.
    pub reload: Option<Reload>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A default.
    Default,
    /// A line of a file.
    File {
        /// The file as it was named.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A flag.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Environment { variable } => f.write_str(variable),
            Self::Flag => f.write_str("--set"),
        }
    }
}

impl Entry {
    /// The value as TOML has it.
    #[must_use]
    pub fn toml(&self) -> String {
        toml_text(&self.value)
    }
}

/// A value as TOML has it.
pub(crate) fn toml_text(value: &Json) -> String {
    toml::Value::try_from(value).map_or_else(|_| value.to_string(), |value| value.to_string())
}

/// Every key in effect.
pub(crate) fn entries(
    values: &Dict,
    root: &Key,
    components: &Components,
    layers: &Layers,
) -> Vec<Entry> {
    let listed = listed(values, root, components).into_iter();
    let entry = |(key, leaf): (KeyPath, Leaf)| Entry {
        origin: layers
            .value(&key)
            .map_or(Origin::Default, |place| origin(&place)),
        reload: leaf.reload,
        value: leaf.shown(),
        key,
    };
    listed.map(entry).collect()
}

/// A key in effect.
pub(crate) struct Leaf {
    pub(crate) value: Json,
    pub(crate) secret: bool,
    pub(crate) reload: Option<Reload>,
}

impl Leaf {
    /// The value, unless it must not be shown.
    pub(crate) fn shown(self) -> Json {
        match self.secret {
            true => Json::from("(secret)"),
            false => self.value,
        }
    }
}

/// Every key in effect, secrets included.
pub(crate) fn listed(values: &Dict, root: &Key, components: &Components) -> Vec<(KeyPath, Leaf)> {
    let mut lister = Lister {
        values,
        components,
        leaves: Vec::new(),
    };
    lister.list(root, &KeyPath::default());
    lister.leaves
}

struct Lister<'a> {
    values: &'a Dict,
    components: &'a Components,
    leaves: Vec<(KeyPath, Leaf)>,
}

impl Lister<'_> {
    fn list(&mut self, key: &Key, at: &KeyPath) {
        match &key.shape {
            Shape::Table(keys) => {
                for (name, key) in keys {
                    self.list(key, &at.child(name));
                }
            }
            Shape::Map(entry) => {
                let names = look_up(self.values, at).and_then(Value::as_dict);
                for name in names.into_iter().flat_map(Dict::keys) {
                    self.list(entry, &at.child(name));
                }
            }
            Shape::Settings(kind) => {
                let empty = Dict::new();
                let entry: KeyPath = at.segments().iter().take(2).collect();
                let values = look_up(self.values, &entry).and_then(Value::as_dict);
                let name = at.segments().get(1).map(String::as_str).unwrap_or_default();
                if let Some(key) =
                    self.components
                        .settings_of(*kind, name, values.unwrap_or(&empty))
                {
                    self.list(key, at);
                }
            }
            Shape::List(_)
            | Shape::Text(..)
            | Shape::Choice(_)
            | Shape::Integer(_)
            | Shape::Number
            | Shape::Truth
            | Shape::Other => self.leaf(key, at),
        }
    }

    fn leaf(&mut self, key: &Key, at: &KeyPath) {
        let written = look_up(self.values, at).and_then(|value| serde_json::to_value(value).ok());
        let Some(value) = written.or_else(|| key.default.clone()) else {
            return;
        };
        let leaf = Leaf {
            value,
            secret: key.secret,
            reload: key.reload,
        };
        self.leaves.push((at.clone(), leaf));
    }
}

fn origin(place: &Place) -> Origin {
    match place.source.kind {
        SourceKind::Defaults => Origin::Default,
        SourceKind::File => Origin::File {
            file: place.source.name.clone(),
            line: place.line_column().0,
        },
        SourceKind::Environment => Origin::Environment {
            variable: place.source.name.clone(),
        },
        SourceKind::Flag => Origin::Flag,
    }
}
