//! `strowger profiles edits`: profiles that are changed attribute by attribute, verified, and then committed or dropped.

use crate::api::{Api, path};
use crate::args;
use crate::failure::Failure;
use crate::listing::{Shown, one, order, read, whole};
use crate::output::{as_json, print};
use crate::table::{Fit, facts};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

const COLUMNS: &[(&str, Fit)] = &[
    ("EDIT", Fit::Right),
    ("PROFILE", Fit::Whole),
    ("STATE", Fit::Whole),
    ("ENDS IN", Fit::Right),
];

/// An edit session, as the management API shows it.
#[derive(Debug, Deserialize)]
struct Edit {
    id: u64,
    name: String,
    new: bool,
    changed: bool,
    left_s: u64,
    values: Map<String, Value>,
}

/// Lists, shows, begins, changes, verifies, commits, restores or closes.
pub(super) fn run(args: &args::ProfileEdits) -> Result<(), Failure> {
    let all = |table: &str| path(&["profiles", table, "edits"], &[]);
    match args {
        args::ProfileEdits::List(args) => {
            let shown = Shown {
                columns: COLUMNS,
                row,
            };
            whole(&args.told, &all(&args.name), &shown)
        }
        args::ProfileEdits::Show(edit) => one(&edit.told, &at(edit, &[]), page),
        args::ProfileEdits::Begin(args) => {
            let body = json!({ "name": args.profile, "new": args.new });
            answered(&args.told, "POST", &all(&args.table), &body)
        }
        args::ProfileEdits::Set(args) => {
            let body = Value::Object(args.values.clone());
            answered(&args.edit.told, "PUT", &at(&args.edit, &[]), &body)
        }
        args::ProfileEdits::Verify(edit) => order(&edit.told, "POST", &at(edit, &["verify"]), None),
        args::ProfileEdits::Commit(edit) => order(&edit.told, "POST", &at(edit, &["commit"]), None),
        args::ProfileEdits::Restore(edit) => {
            order(&edit.told, "POST", &at(edit, &["restore"]), None)
        }
        args::ProfileEdits::Close(edit) => order(&edit.told, "DELETE", &at(edit, &[]), None),
    }
}

fn at(edit: &args::ProfileEdit, what: &[&str]) -> String {
    let id = edit.id.to_string();
    let parts = [&["profiles", &edit.table, "edits", &id], what].concat();
    path(&parts, &[])
}

/// Has the node do something with a session, and shows what that holds then.
fn answered(told: &args::Told, method: &str, path: &str, body: &Value) -> Result<(), Failure> {
    let answer = Api::of(&told.node)?.order(method, path, Some(body))?;
    if told.json {
        as_json(&answer)?;
    } else {
        print(&page(&read(answer)?))?;
    }
    Ok(())
}

fn state(edit: &Edit) -> &'static str {
    match (edit.new, edit.changed) {
        (true, _) => "new",
        (false, true) => "changed",
        (false, false) => "as in the table",
    }
}

fn left(edit: &Edit) -> String {
    humantime::format_duration(Duration::from_secs(edit.left_s)).to_string()
}

fn row(edit: &Edit) -> Vec<String> {
    let state = state(edit).to_owned();
    vec![edit.id.to_string(), edit.name.clone(), state, left(edit)]
}

fn page(edit: &Edit) -> String {
    let mut rows = vec![
        ("edit", edit.id.to_string()),
        ("profile", edit.name.clone()),
        ("state", state(edit).to_owned()),
        ("ends in", left(edit)),
    ];
    let values = edit.values.iter();
    rows.extend(values.map(|(name, value)| (name.as_str(), value.to_string())));
    facts(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_see_what_would_be_committed() {
        let edit: Edit = serde_json::from_value(json!({
            "id": 17, "name": "ann", "new": false, "changed": true, "left_s": 840,
            "values": {"number": "4930", "zone": 7},
        }))
        .expect("a session");
        assert_eq!(
            page(&edit),
            "edit     17\nprofile  ann\nstate    changed\nends in  14m\nnumber   \"4930\"\nzone     7\n"
        );
        assert_eq!(row(&edit), ["17", "ann", "changed", "14m"]);
    }
}
