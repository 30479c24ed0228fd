//! `strowger profiles`: the profile tables of a running node, and files of profiles that go into them and come out.

mod edits;
mod export;
mod import;
mod progress;

pub(crate) use import::ImportError;

use crate::api::path;
use crate::args::{self, Named};
use crate::failure::Failure;
use crate::listing::{Shown, each, one, order, whole};
use crate::table::{Fit, facts};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use strowger_management::profile_file::{Attribute, Profile};

const COLUMNS: &[(&str, Fit)] = &[
    ("TABLE", Fit::Whole),
    ("PROFILES", Fit::Right),
    ("SPECIFICATION", Fit::Cut),
];

/// A table, as the management API lists it.
#[derive(Debug, Deserialize)]
struct Table {
    name: String,
    specification: String,
    profiles: u64,
}

/// A table with its attributes.
#[derive(Debug, Deserialize)]
struct Detail {
    name: String,
    specification: String,
    profiles: u64,
    attributes: Vec<Attribute>,
    default: Map<String, Value>,
}

/// Lists, shows, makes, changes, imports or exports.
pub(crate) fn run(args: &args::Profiles) -> Result<(), Failure> {
    let at = |table: &str| path(&["profiles", table], &[]);
    match args {
        args::Profiles::List(told) => {
            let shown = Shown {
                columns: COLUMNS,
                row,
            };
            whole(told, "/v1/profiles", &shown)
        }
        args::Profiles::Show(args) => match &args.profile {
            Some(profile) => one(&args.told, &entry(&args.table, profile), profile_page),
            None => one(&args.told, &at(&args.table), page),
        },
        args::Profiles::Create(args) => {
            let body = json!({ "specification": args.specification });
            order(&args.told, "PUT", &at(&args.table), Some(&body))
        }
        args::Profiles::Rename(args) => {
            let path = path(&["profiles", &args.table, "rename"], &[]);
            order(&args.told, "POST", &path, Some(&json!({ "to": args.to })))
        }
        args::Profiles::Drop(Named { name, told }) => order(told, "DELETE", &at(name), None),
        args::Profiles::Remove(args) => each(&args.told, "DELETE", &args.profiles, |name| {
            entry(&args.table, name)
        }),
        args::Profiles::Edits(args) => edits::run(args),
        args::Profiles::Import(args) => import::run(args),
        args::Profiles::Export(args) => export::run(args),
    }
}

fn entry(table: &str, profile: &str) -> String {
    path(&["profiles", table, "entries", profile], &[])
}

fn row(table: &Table) -> Vec<String> {
    vec![
        table.name.clone(),
        table.profiles.to_string(),
        table.specification.clone(),
    ]
}

fn page(table: &Detail) -> String {
    let mut text = facts(&[
        ("table", table.name.clone()),
        ("specification", table.specification.clone()),
        ("profiles", table.profiles.to_string()),
    ]);
    text.push('\n');
    let line = |attribute: &Attribute| {
        let index = match (attribute.unique, attribute.indexed) {
            (true, _) => ", unique",
            (false, true) => ", indexed",
            (false, false) => "",
        };
        let default = table.default.get(&attribute.name);
        let default = default.map_or_else(String::new, |value| format!(", default {value}"));
        let none = if attribute.optional { " or none" } else { "" };
        format!("{}{none}{index}{default}", attribute.kind)
    };
    let lines: Vec<_> = table.attributes.iter().map(line).collect();
    let rows = table.attributes.iter().zip(lines);
    let rows: Vec<_> = rows.map(|(a, line)| (a.name.as_str(), line)).collect();
    text + &facts(&rows)
}

fn profile_page(profile: &Profile) -> String {
    let values = profile.values.iter();
    let mut rows = vec![("profile", profile.name.clone())];
    rows.extend(values.map(|(name, value)| (name.as_str(), value.to_string())));
    facts(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_see_what_profiles_of_a_table_are_made_of() {
        let detail: Detail = serde_json::from_value(json!({
            "name": "members", "specification": "member 1.0", "profiles": 2,
            "attributes": [
                {"name": "number", "type": "text", "optional": false, "unique": true, "indexed": true},
                {"name": "zone", "type": "integer", "optional": true, "unique": false, "indexed": true},
            ],
            "default": {"number": "", "zone": null},
        }))
        .expect("a table");
        let expected = "table          members\nspecification  member 1.0\nprofiles       2\n\n\
                        number  text, unique, default \"\"\nzone    integer or none, indexed, default null\n";
        assert_eq!(page(&detail), expected);
    }
}
