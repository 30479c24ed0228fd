//! `strowger config`: the configuration in effect, and what its keys mean.

use crate::args;
use crate::components::components;
use crate::configuration;
use crate::failure::Failure;
use crate::output::{print, print_table};
use serde_json::json;
use std::fmt::Write as _;
use strowger_config::{Components, DEFAULT_TOML, Entry, Origin};

/// Prints what was asked for.
pub(crate) fn run(args: &args::Config) -> Result<(), Failure> {
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
        let loaded = configuration::load(&args.sources, &components)?;
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

fn explain(key: &str, args: &args::Config, components: &Components) -> Result<String, Failure> {
    // With the configuration at hand, entries may be called by their names; a wrong one must not keep keys unexplained.
    let loaded = configuration::load(&args.sources, components).ok();
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
