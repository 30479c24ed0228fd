//! `strowger stop` and `strowger reload`: orders for a running node; and what has changed of its configuration.

use crate::api::{Api, path};
use crate::args;
use crate::failure::Failure;
use crate::listing::order;
use crate::output::{as_json, print};
use crate::table::{Fit, Table};
use serde_json::Value;
use strowger_node::control::AskError;
use strowger_node::listed::KeyChange;

const CHANGES: &[(&str, Fit)] = &[
    ("CHANGED", Fit::Whole),
    ("FROM", Fit::Cut),
    ("TO", Fit::Cut),
    ("RELOAD", Fit::Whole),
];

/// Tells the node to stop.
pub(crate) fn stop(told: &args::Told) -> Result<(), Failure> {
    order(told, "POST", "/v1/stop", None)
}

/// Has the node read its configuration again, and prints what has changed, or would.
pub(crate) fn reload(args: &args::Reload) -> Result<(), Failure> {
    let check = args.check.then(|| true.to_string());
    let path = path(&["configuration", "reload"], &[("check", check)]);
    let nothing = changes(&args.told, "POST", &path, None)?;
    if nothing && args.check && !args.told.json {
        print("nothing would change\n")?;
    }
    Ok(())
}

/// Has the node change its configuration, and prints what has changed; whether nothing has.
pub(crate) fn changes(
    told: &args::Told,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<bool, Failure> {
    let answer = Api::of(&told.node)?.order(method, path, body)?;
    if told.json {
        as_json(&answer)?;
    }
    let changes: Vec<KeyChange> = serde_json::from_value(answer).map_err(AskError::Unreadable)?;
    if !changes.is_empty() && !told.json {
        let mut table = Table::new(CHANGES, crate::output::room());
        print(&table.part(changes.iter().map(row).collect()))?;
    }
    Ok(changes.is_empty())
}

fn row(change: &KeyChange) -> Vec<String> {
    let value = |value: &Value| match value.is_null() {
        true => "-".to_owned(),
        false => value.to_string(),
    };
    vec![
        change.key.clone(),
        value(&change.older),
        value(&change.newer),
        change.reload.clone(),
    ]
}
