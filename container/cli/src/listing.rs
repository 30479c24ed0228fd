//! What every command for a running node does with what the node has: a list, page by page; one thing of it; an order.
//!
//! **Invariant:** of a list, however long it is, one page is held.

use crate::api::{Api, path};
use crate::args::{Listed, Told};
use crate::failure::Failure;
use crate::output::{as_json, print, room, write};
use crate::table::{Fit, Table};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use strowger_node::control::AskError;
use strowger_node::listed::Page;

/// Entries that are asked for at one time.
const PAGE: u64 = 500;

/// How the entries of a list are shown to people.
pub(crate) struct Shown<T> {
    /// The columns.
    pub(crate) columns: &'static [(&'static str, Fit)],
    /// What is in them.
    pub(crate) row: fn(&T) -> Vec<String>,
}

/// Prints a list that comes in parts.
pub(crate) fn paged<T: DeserializeOwned>(
    listed: &Listed,
    parts: &[&str],
    filters: &[(&str, Option<String>)],
    shown: &Shown<T>,
) -> Result<(), Failure> {
    let api = Api::of(&listed.told.node)?;
    let mut printer = Printer::new(shown, listed.told.json);
    let mut left = listed.limit.unwrap_or(u64::MAX);
    let mut after = None;
    while left > 0 {
        let mut query = filters.to_vec();
        query.push(("limit", Some(left.min(PAGE).to_string())));
        query.push(("after", after));
        let page: Page<Value> = api.get(&path(parts, &query))?;
        left = left.saturating_sub(page.items.len() as u64);
        after = page.next;
        // Whoever reads has seen enough.
        if !printer.part(page.items)? {
            return Ok(());
        }
        if after.is_none() {
            break;
        }
    }
    printer.end()
}

/// Prints a list that comes whole.
pub(crate) fn whole<T: DeserializeOwned>(
    told: &Told,
    path: &str,
    shown: &Shown<T>,
) -> Result<(), Failure> {
    let items: Vec<Value> = Api::of(&told.node)?.get(path)?;
    let mut printer = Printer::new(shown, told.json);
    if printer.part(items)? {
        printer.end()?;
    }
    Ok(())
}

/// Prints one thing, for people in these words.
pub(crate) fn one<T: DeserializeOwned>(
    told: &Told,
    path: &str,
    text: fn(&T) -> String,
) -> Result<(), Failure> {
    let value: Value = Api::of(&told.node)?.get(path)?;
    if told.json {
        as_json(&value)?;
    } else {
        print(&text(&read(value)?))?;
    }
    Ok(())
}

/// Has the node do something; its answer is for programs.
pub(crate) fn order(
    told: &Told,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<(), Failure> {
    let answer = Api::of(&told.node)?.order(method, path, body)?;
    if told.json {
        as_json(&answer)?;
    }
    Ok(())
}

/// The same to one after the other; the first that is refused ends it.
pub(crate) fn each(
    told: &Told,
    method: &str,
    ids: &[String],
    path: impl Fn(&str) -> String,
) -> Result<(), Failure> {
    let api = Api::of(&told.node)?;
    for id in ids {
        api.order(method, &path(id), None)?;
    }
    if told.json {
        as_json(&json!({ "done": ids }))?;
    }
    Ok(())
}

/// A moment, from milliseconds since 1970.
pub(crate) fn time(ms: u64) -> String {
    match SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms)) {
        // Beyond that there is no date of four digits for a year.
        Some(at) if ms < 253_402_300_800_000 => humantime::format_rfc3339_seconds(at).to_string(),
        _ => "never".to_owned(),
    }
}

/// What the node says, as far as people are shown it.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| AskError::Unreadable(error).into())
}

/// A list that is being printed.
struct Printer<T> {
    row: fn(&T) -> Vec<String>,
    table: Table,
    json: bool,
    /// Entries printed.
    printed: u64,
}

impl<T: DeserializeOwned> Printer<T> {
    fn new(shown: &Shown<T>, json: bool) -> Self {
        Self {
            row: shown.row,
            table: Table::new(shown.columns, room()),
            json,
            printed: 0,
        }
    }

    /// Prints entries; `false` if nobody reads.
    fn part(&mut self, items: Vec<Value>) -> Result<bool, Failure> {
        let mut text = String::new();
        if self.json {
            for item in items {
                // One list of JSON, with a line for each entry.
                text.push_str(if self.printed == 0 { "[\n" } else { ",\n" });
                text.push_str(&item.to_string());
                self.printed += 1;
            }
        } else {
            let rows = items
                .into_iter()
                .map(|item| read(item).map(|entry| (self.row)(&entry)))
                .collect::<Result<Vec<_>, _>>()?;
            text = self.table.part(rows);
        }
        Ok(write(text.as_bytes())?)
    }

    fn end(self) -> Result<(), Failure> {
        match (self.json, self.printed) {
            (false, _) => {}
            (true, 0) => print("[]\n")?,
            (true, _) => print("\n]\n")?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn moments_have_a_date_if_they_come() {
        assert_eq!(time(1_700_000_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(time(u64::MAX), "never");
    }
}
