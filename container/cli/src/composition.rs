//! `strowger components`: what the binary of a running node is made of.

use crate::api::path;
use crate::args;
use crate::failure::Failure;
use crate::listing::{Shown, whole};
use crate::table::Fit;
use strowger_node::listed::ComponentEntry;

const COLUMNS: &[(&str, Fit)] = &[
    ("KIND", Fit::Whole),
    ("COMPONENT", Fit::Whole),
    ("USED BY", Fit::Cut),
    ("REFERRED BY", Fit::Cut),
];

/// Lists components.
pub(crate) fn run(args: &args::Composition) -> Result<(), Failure> {
    let args::Composition::List(args) = args;
    let filters = [
        ("kind", args.kind.map(|kind| kind.to_string())),
        ("name", args.name.clone()),
    ];
    let shown = Shown {
        columns: COLUMNS,
        row,
    };
    whole(&args.told, &path(&["components"], &filters), &shown)
}

fn row(component: &ComponentEntry) -> Vec<String> {
    vec![
        component.kind.to_string(),
        component.text(),
        component.used_by.join(", "),
        component.referred_by.join(", "),
    ]
}
