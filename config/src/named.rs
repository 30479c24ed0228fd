//! Defaults of the tables of names in settings, such as an adaptor's listeners.
//!
//! A file that has such a table replaces the default one; variables and flags change and add to what is there. So the
//! defaults go in between: for every table that no file has.

use crate::component::Components;
use crate::key::{Key, Shape, TableKind};
use crate::layers::Layer;
use crate::source::{Source, SourceKind};
use figment::value::{Dict, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The layer of these defaults, given the files and what is below them.
pub(crate) fn defaults(values: &Dict, components: &Components) -> Layer {
    let mut dict = Dict::new();
    for table in [TableKind::Adaptor, TableKind::Service] {
        let entries = values.get(table.table()).and_then(Value::as_dict);
        let mut added = Dict::new();
        for (name, entry) in entries.into_iter().flatten() {
            let Some(entry) = entry.as_dict() else {
                continue;
            };
            let Some(key) = components.settings_of(table, name, entry) else {
                continue;
            };
            let written = entry.get("settings");
            let missing = missing(key, written);
            if !missing.is_empty() {
                added.insert(
                    name.clone(),
                    Dict::from([("settings".into(), missing.into())]).into(),
                );
            }
        }
        dict.insert(table.table().into(), added.into());
    }
    let (name, text) = ("default.toml".to_owned(), String::new());
    let source = Arc::new(Source {
        kind: SourceKind::Defaults,
        name,
        text,
    });
    Layer {
        source,
        dict,
        spans: BTreeMap::new(),
    }
}

/// The default tables of names that `written` lacks. What is written wrong is left to the checks.
fn missing(key: &Key, written: Option<&Value>) -> Dict {
    let mut missing = Dict::new();
    let Shape::Table(keys) = &key.shape else {
        return missing;
    };
    if written.is_some_and(|written| written.as_dict().is_none()) {
        return missing;
    }
    for (name, key) in keys {
        let written = written
            .and_then(Value::as_dict)
            .and_then(|dict| dict.get(name));
        let added = match (&key.shape, written) {
            (Shape::Map(_), None) => {
                let default = key.default.as_ref().map(Value::serialize);
                default
                    .and_then(Result::ok)
                    .and_then(Value::into_dict)
                    .unwrap_or_default()
            }
            (Shape::Table(_), written) => self::missing(key, written),
            (_, _) => continue,
        };
        if !added.is_empty() {
            missing.insert(name.clone(), added.into());
        }
    }
    missing
}
