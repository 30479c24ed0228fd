//! `strowger verify`: whether this binary could take over what a running node has.

use crate::api::{Api, path};
use crate::args::Told;
use crate::components::catalog;
use crate::failure::Failure;
use crate::output::{as_json, print};
use crate::table::clean;
use serde_json::json;
use std::fmt::Write as _;
use strowger_node::Unfit;
use strowger_node::status::Status;

/// Asks the node for its services, and compares them with this binary's.
pub(crate) fn run(told: &Told) -> Result<(), Failure> {
    let path = path(&["status"], &[("detail", Some(true.to_string()))]);
    let status: Status = Api::of(&told.node)?.get(&path)?;
    let unfit = catalog().verify(&status.services);
    if told.json {
        as_json(&unfit.iter().map(entry).collect())?;
    } else if unfit.is_empty() {
        print("this binary can take over what the node has\n")?;
    } else {
        print(&unfit.iter().fold(String::new(), line))?;
    }
    match unfit.is_empty() {
        true => Ok(()),
        false => Err(Failure::Unfit),
    }
}

fn entry(unfit: &Unfit) -> serde_json::Value {
    json!({
        "service": unfit.service,
        "sbb": unfit.sbb,
        "entities": unfit.entities,
        "why": unfit.to_string(),
    })
}

fn line(mut text: String, unfit: &Unfit) -> String {
    let said = clean(&unfit.to_string());
    let _ = writeln!(text, "{said}: {} entities", unfit.entities);
    text
}
