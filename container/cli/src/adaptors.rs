//! `strowger adaptors` and `strowger links`: the adaptors of a running node, and the names by which services find them.

use crate::api::path;
use crate::args::{self, Named};
use crate::failure::{Failure, TableError};
use crate::listing::{Shown, one, order, whole};
use crate::orders::changes;
use crate::output::room;
use crate::table::{Fit, Table, facts};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use strowger_config::Managed;
use strowger_node::listed::LinkEntry;
use strowger_node::status::{AdaptorStatus, Listening};

const COLUMNS: &[(&str, Fit)] = &[
    ("ADAPTOR", Fit::Whole),
    ("STATE", Fit::Whole),
    ("ACTIVITIES", Fit::Right),
    ("INPUTS", Fit::Right),
    ("EVENTS", Fit::Right),
    ("PANICS", Fit::Right),
    ("PARTS", Fit::Right),
    ("LISTENS", Fit::Cut),
    ("COMPONENT", Fit::Cut),
];
const LISTENERS: &[(&str, Fit)] = &[
    ("LISTENER", Fit::Whole),
    ("TRANSPORT", Fit::Whole),
    ("ADDRESS", Fit::Whole),
    ("OPEN", Fit::Right),
];
const PARTS: &[(&str, Fit)] = &[
    ("PART", Fit::Cut),
    ("STATE", Fit::Whole),
    ("DETAIL", Fit::Cut),
];
const COUNTERS: &[(&str, Fit)] = &[("COUNTER", Fit::Whole), ("COUNT", Fit::Right)];
const LINKS: &[(&str, Fit)] = &[
    ("LINK", Fit::Whole),
    ("ADAPTOR", Fit::Whole),
    ("USED BY", Fit::Cut),
];

/// An adaptor, as the node tells it.
#[derive(Debug, Deserialize)]
struct Adaptor {
    #[serde(flatten)]
    status: AdaptorStatus,
    listeners: Vec<Listening>,
}

/// Lists, shows or changes adaptors.
pub(crate) fn adaptors(args: &args::Adaptors) -> Result<(), Failure> {
    match args {
        args::Adaptors::List(told) => {
            let shown = Shown {
                columns: COLUMNS,
                row,
            };
            whole(told, "/v1/adaptors", &shown)
        }
        args::Adaptors::Show(Named { name, told }) => {
            one(told, &path(&["adaptors", name], &[]), page)
        }
        args::Adaptors::Activate(one) => change(one, "activate"),
        args::Adaptors::Deactivate(one) => change(one, "deactivate"),
        args::Adaptors::Set(set) => {
            let table = table(&set.file)?;
            let at = path(&["adaptors", &set.name], &[]);
            changes(&set.told, "PUT", &at, Some(&table)).map(drop)
        }
        args::Adaptors::Remove(Named { name, told }) => {
            let at = path(&["adaptors", name], &[]);
            changes(told, "DELETE", &at, None).map(drop)
        }
    }
}

/// What a file says of an adaptor.
fn table(file: &Path) -> Result<Value, Failure> {
    let read = match file.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin()),
        _ => std::fs::read_to_string(file),
    };
    let unread = |source: TableError| Failure::Table {
        file: file.to_owned(),
        source,
    };
    let text = read.map_err(|error| unread(error.into()))?;
    Managed::table(&text).map_err(|error| unread(error.into()))
}

fn change(one: &Named, what: &str) -> Result<(), Failure> {
    let path = path(&["adaptors", &one.name, what], &[]);
    order(&one.told, "POST", &path, None)
}

/// Lists, binds or unbinds links.
pub(crate) fn links(args: &args::Links) -> Result<(), Failure> {
    let at = |name: &str| path(&["links", name], &[]);
    match args {
        args::Links::List(told) => {
            let shown = Shown {
                columns: LINKS,
                row: link,
            };
            whole(told, "/v1/links", &shown)
        }
        args::Links::Bind(args::Bind {
            name,
            adaptor,
            told,
        }) => order(told, "PUT", &at(name), Some(&json!({ "adaptor": adaptor }))),
        args::Links::Unbind(Named { name, told }) => order(told, "DELETE", &at(name), None),
    }
}

fn row(adaptor: &Adaptor) -> Vec<String> {
    let Adaptor { status, listeners } = adaptor;
    let listens = listeners
        .iter()
        .map(|at| format!("{} {}", at.transport, at.address));
    vec![
        status.name.clone(),
        status.state.clone(),
        status.activities.to_string(),
        status.inputs.to_string(),
        status.events.to_string(),
        status.panics.to_string(),
        status.parts.len().to_string(),
        listens.collect::<Vec<_>>().join(", "),
        status.component.clone(),
    ]
}

fn link(link: &LinkEntry) -> Vec<String> {
    vec![
        link.name.clone(),
        link.adaptor.clone(),
        link.used_by.join(", "),
    ]
}

fn page(adaptor: &Adaptor) -> String {
    let Adaptor { status, listeners } = adaptor;
    let mut text = facts(&[
        ("adaptor", status.name.clone()),
        ("component", status.component.clone()),
        ("state", status.state.clone()),
        ("activities", status.activities.to_string()),
        ("inputs", status.inputs.to_string()),
        ("events", status.events.to_string()),
        ("panics", status.panics.to_string()),
    ]);
    let at = |at: &Listening| {
        let open = match at.open_max {
            0 => String::new(),
            most => format!("{} of {most}", at.open),
        };
        vec![
            at.listener.clone(),
            at.transport.clone(),
            at.address.clone(),
            open,
        ]
    };
    let listeners = listeners.iter().map(at).collect();
    let parts = status.parts.iter();
    let parts = parts.map(|part| vec![part.name.clone(), part.state.clone(), part.detail.clone()]);
    let counters = status.counters.iter();
    let counters = counters.map(|(name, n)| vec![name.clone(), n.to_string()]);
    add(&mut text, LISTENERS, listeners);
    add(&mut text, PARTS, parts.collect());
    add(&mut text, COUNTERS, counters.collect());
    text
}

/// Adds a table, if anything is in it.
fn add(text: &mut String, columns: &'static [(&'static str, Fit)], rows: Vec<Vec<String>>) {
    if !rows.is_empty() {
        text.push('\n');
        text.push_str(&Table::new(columns, room()).part(rows));
    }
}
