//! What differs between the configuration that a node runs with and a newer one.

use crate::key::Reload;
use crate::listing::Leaf;
use crate::path::KeyPath;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A key whose value has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: KeyPath,
    /// What it takes to put the change into effect.
    pub reload: Reload,
    /// What it was; `"(secret)"` for a value that must not be shown, `None` where there was none.
    pub older: Option<Json>,
    /// What it is.
    pub newer: Option<Json>,
}

pub(crate) fn between(older: Vec<(KeyPath, Leaf)>, newer: Vec<(KeyPath, Leaf)>) -> Vec<Change> {
    // Keys of adaptors and services that come or go are of the tables that hold these, which a running node does not change.
    let reload = |leaf: &Leaf| leaf.reload.unwrap_or(Reload::RestartNode);
    let mut older: BTreeMap<String, (KeyPath, Leaf)> = older
        .into_iter()
        .map(|(key, leaf)| (key.to_string(), (key, leaf)))
        .collect();
    let mut changed = BTreeMap::new();
    for (key, leaf) in newer {
        let name = key.to_string();
        let before = older.remove(&name);
        let before = before.map(|(_, before)| before);
        if before.as_ref().is_none_or(|b| b.value != leaf.value) {
            let change = Change {
                key,
                reload: reload(&leaf),
                older: before.map(Leaf::shown),
                newer: Some(leaf.shown()),
            };
            changed.insert(name, change);
        }
    }
    for (name, (key, leaf)) in older {
        let change = Change {
            key,
            reload: reload(&leaf),
            older: Some(leaf.shown()),
            newer: None,
        };
        changed.insert(name, change);
    }
    changed.into_values().collect()
}
