//! Environment variables and flags as layers of one key each.
//!
//! `STROWGER_STORE__CACHE` is `store.cache`: the prefix, then the key in capitals with a double underscore for each
//! dot. What type the text is read as depends on the key: where a text is wanted it is taken as it stands, otherwise
//! it is read as a TOML value.

use crate::component::Components;
use crate::file;
use crate::key::{Key, Shape};
use crate::layers::{Layer, Spans, look_up};
use crate::path::{KeyPath, MAX_SEGMENTS};
use crate::problem::{Finding, Problem};
use crate::source::{Place, Source, SourceKind};
use figment::value::{Dict, Tag, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

const PREFIX: &str = "STROWGER_";

/// One variable or flag before its text is read.
pub(crate) struct Override {
    source: Arc<Source>,
    path: KeyPath,
    text: String,
}

/// Sorts out the variables that are configuration. Those without a double underscore are not (a Kubernetes service
/// called strowger brings many), but one that spells a key is worth a warning.
pub(crate) fn from_environment(
    variables: &[(String, String)],
    root: &Key,
) -> (Vec<Override>, Vec<Finding>) {
    let mut overrides = Vec::new();
    let mut warnings = Vec::new();
    for (name, text) in variables {
        let Some(key) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let source = Source {
            kind: SourceKind::Environment,
            name: name.clone(),
            text: name.clone(),
        };
        let source = Arc::new(source);
        if key.contains("__") {
            let path = key
                .split("__")
                .map(str::to_ascii_lowercase)
                // Nothing is so deep: what is cut off leaves an unknown key, and a bound on recursion.
                .take(MAX_SEGMENTS)
                .collect();
            overrides.push(Override {
                source,
                path,
                text: text.clone(),
            });
        } else if let Some(meant) = spelled_like(root, key) {
            let problem = Problem::IgnoredVariable {
                variable: name.clone(),
            };
            let hint = format!("did you mean `{}`?", variable(&meant));
            warnings.push(Finding::at(problem, Place::whole(&source)).hint(hint));
        }
    }
    (overrides, warnings)
}

/// Reads the form of `key=value` flags.
pub(crate) fn from_flags(flags: &[String]) -> (Vec<Override>, Vec<Finding>) {
    let mut overrides = Vec::new();
    let mut findings = Vec::new();
    for flag in flags {
        let parts = flag.split_once('=').map(|(key, text)| (key.trim(), text));
        let path = parts.and_then(|(key, _)| key.parse::<KeyPath>().ok());
        let (Some((key, text)), Some(path)) = (parts, path) else {
            let problem = Problem::BadFlag { flag: flag.clone() };
            findings.push(
                Finding::nowhere(problem).hint("write it as in --set node.name=edge-1".to_owned()),
            );
            continue;
        };
        let source = Source {
            kind: SourceKind::Flag,
            name: key.to_owned(),
            text: key.to_owned(),
        };
        overrides.push(Override {
            source: Arc::new(source),
            path,
            text: text.to_owned(),
        });
    }
    (overrides, findings)
}

/// The layers of some overrides, given what lies below them.
pub(crate) fn layers(
    overrides: Vec<Override>,
    below: &Dict,
    root: &Key,
    components: &Components,
) -> Vec<Layer> {
    // What an entry is decides which settings it has, so the keys that say it come first.
    let names_kind = |one: &Override| {
        let last = one.path.segments().last().map(String::as_str);
        one.path.segments().len() == 3 && matches!(last, Some("type" | "kind"))
    };
    let (kinds, rest): (Vec<_>, Vec<_>) = overrides.into_iter().partition(names_kind);
    let mut seen = below.clone();
    let mut layers = Vec::new();
    for one in kinds.into_iter().chain(rest) {
        let path = as_written(&one, &seen);
        let key = find(root, &path, &seen, components);
        let value = read(&one.text, key);
        put(&mut seen, path.segments(), value.clone());
        let mut dict = Dict::new();
        put(&mut dict, path.segments(), value);
        layers.push(Layer {
            spans: spans(&one.source, &path),
            source: one.source,
            dict,
        });
    }
    layers
}

/// The variable that sets a key.
pub(crate) fn variable(path: &KeyPath) -> String {
    let capitals = |segment: &String| segment.to_ascii_uppercase().replace('-', "_");
    let segments: Vec<String> = path.segments().iter().map(capitals).collect();
    format!("{PREFIX}{}", segments.join("__"))
}

/// The key at a path, through the settings of whatever adaptor or service the path goes by.
pub(crate) fn find<'a>(
    root: &'a Key,
    path: &KeyPath,
    values: &Dict,
    components: &'a Components,
) -> Option<&'a Key> {
    let mut key = root;
    for segment in path.segments() {
        key = settings(key, path, values, components)?;
        key = key.below(segment)?;
    }
    Some(key)
}

/// The key itself, or in place of a settings table the one that the adaptor or service on the path has.
pub(crate) fn settings<'a>(
    key: &'a Key,
    path: &KeyPath,
    values: &Dict,
    components: &'a Components,
) -> Option<&'a Key> {
    let Shape::Settings(kind) = &key.shape else {
        return Some(key);
    };
    let entry: KeyPath = path.segments().iter().take(2).collect();
    let empty = Dict::new();
    let entry = look_up(values, &entry)
        .and_then(Value::as_dict)
        .unwrap_or(&empty);
    components.settings_of(*kind, path.segments().get(1)?, entry)
}

/// Variables have neither small letters nor dashes: a segment means the entry that differs in nothing else.
fn as_written(one: &Override, values: &Dict) -> KeyPath {
    if one.source.kind != SourceKind::Environment {
        return one.path.clone();
    }
    let mut path = KeyPath::default();
    for segment in one.path.segments() {
        let table = if path.segments().is_empty() {
            Some(values)
        } else {
            look_up(values, &path).and_then(Value::as_dict)
        };
        let same = |name: &&String| *name == segment || name.replace('-', "_") == *segment;
        let exact = table.filter(|dict| !dict.contains_key(segment));
        let existing = exact.and_then(|dict| dict.keys().find(same));
        path = path.child(existing.unwrap_or(segment));
    }
    path
}

fn read(text: &str, key: Option<&Key>) -> Value {
    let quoted = text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    match key.map(|key| &key.shape) {
        Some(Shape::Text(..) | Shape::Choice(_)) if !quoted => Value::from(text),
        _ => file::parse_value(text).unwrap_or_else(|| Value::from(text)),
    }
}

fn put(dict: &mut Dict, path: &[String], value: Value) {
    let Some((first, below)) = path.split_first() else {
        return;
    };
    if below.is_empty() {
        dict.insert(first.clone(), value);
        return;
    }
    let table = dict
        .entry(first.clone())
        .or_insert_with(|| Value::Dict(Tag::Default, Dict::new()));
    if !matches!(table, Value::Dict(..)) {
        *table = Value::Dict(Tag::Default, Dict::new());
    }
    if let Value::Dict(_, table) = table {
        put(table, below, value);
    }
}

fn spans(source: &Source, path: &KeyPath) -> BTreeMap<KeyPath, Spans> {
    let whole = Spans {
        key: 0..source.text.len(),
        value: 0..source.text.len(),
    };
    let upwards = std::iter::successors(Some(path.clone()), KeyPath::parent);
    let inner = upwards.filter(|path| !path.segments().is_empty());
    inner.map(|path| (path, whole.clone())).collect()
}

/// The key that a variable spells when one does not look at underscores.
fn spelled_like(root: &Key, variable: &str) -> Option<KeyPath> {
    let squeezed = |text: &str| text.to_ascii_lowercase().replace('_', "");
    let Shape::Table(tables) = &root.shape else {
        return None;
    };
    for (table, key) in tables {
        let Shape::Table(keys) = &key.shape else {
            continue;
        };
        let meant = keys
            .keys()
            .find(|name| squeezed(variable) == squeezed(&format!("{table}{name}")));
        if let Some(name) = meant {
            return Some([table, name].into_iter().collect());
        }
    }
    None
}
