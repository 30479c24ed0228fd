//! `strowger config`: the configuration in effect, and what its keys mean.

use crate::api::{Api, path};
use crate::args;
use crate::components::components;
use crate::configuration;
use crate::failure::Failure;
use crate::output::{self, print, print_table};
use crate::table::{Fit, Table};
use serde_json::{Value, json};
use std::fmt::Write as _;
use strowger_config::{Components, DEFAULT_TOML, Entry, Origin};
use strowger_node::control::AskError;
use strowger_node::listed::KeyEntry;

/// What is shown of the keys of a running node.
const KEYS: &[(&str, Fit)] = &[
    ("KEY", Fit::Cut),
    ("ORIGIN", Fit::Cut),
    ("RELOAD", Fit::Whole),
];

/// Prints what was asked for.
pub(crate) fn run(args: &args::Config) -> Result<(), Failure> {
    if args.running {
        return running(args);
    }
    let components = components();
    let text = if args.schema {
        format!("{:#}\n", components.json_schema())
    } else if args.defaults {
        DEFAULT_TOML.to_owned()
    } else if args.reference {
        components.reference().markdown()
    } else if let Some(key) = &args.explain {
        explain(key, args, &components)?
    } else {
        let loaded = configuration::load(&args.node.sources, &components)?;
        let entries = loaded.entries(&components);
        if args.json {
            as_json(&entries)
        } else {
            print_table(&as_text(&entries))?;
            return Ok(());
        }
    };
    print(&text)?;
    Ok(())
}

/// Prints what is in effect in a running node.
fn running(args: &args::Config) -> Result<(), Failure> {
    let path = path(&["configuration"], &[("below", args.below.clone())]);
    let value: Value = Api::of(&args.node)?.get(&path)?;
    if args.json {
        output::as_json(&value)?;
        return Ok(());
    }
    let keys: Vec<KeyEntry> = serde_json::from_value(value).map_err(AskError::Unreadable)?;
    let row = |entry: KeyEntry| {
        let KeyEntry { key, value, .. } = entry;
        vec![format!("{key} = {value}"), entry.origin, entry.reload]
    };
    let mut table = Table::new(KEYS, output::room());
    print(&table.part(keys.into_iter().map(row).collect()))?;
    Ok(())
}

fn explain(key: &str, args: &args::Config, components: &Components) -> Result<String, Failure> {
    // With the configuration at hand, entries may be called by their names; a wrong one must not keep keys unexplained.
    let loaded = configuration::load(&args.node.sources, components).ok();
    let explained = components.reference().explain(key, loaded.as_ref());
    Ok(explained.map_err(Failure::UnknownKey)?.to_string())
}

fn as_text(entries: &[Entry]) -> String {
    let line = |entry: &Entry| format!("{} = {}", entry.key, entry.toml());
    let width = entries
        .iter()
        .map(|entry| line(entry).chars().count())
        .max();
    let width = width.unwrap_or_default().min(60);
    let mut text = String::new();
    for entry in entries {
        let _ = writeln!(text, "{:<width$}  # {}", line(entry), entry.origin);
    }
    text
}

fn as_json(entries: &[Entry]) -> String {
    let object = |entry: &Entry| {
        let origin = match &entry.origin {
            Origin::Default => json!({ "kind": "default" }),
            Origin::File { file, line } => json!({ "kind": "file", "file": file, "line": line }),
            Origin::Environment { variable } => {
                json!({ "kind": "environment", "variable": variable })
            }
            Origin::Flag => json!({ "kind": "flag" }),
        };
        json!({ "key": entry.key.to_string(), "value": entry.value, "origin": origin })
    };
    let list: Vec<_> = entries.iter().map(object).collect();
    format!("{:#}\n", json!(list))
}

#[cfg(test)]
mod tests {
    /// Docs, units and reload classes are part of a setting, whichever crate defines it.
    #[test]
    fn every_setting_of_every_component_is_documented() {
        let components = crate::components::components();
        assert_eq!(components.reference().gaps(), Vec::<String>::new());
    }
}
