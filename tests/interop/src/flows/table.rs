//! The table in docs/interop.md, written by the run that it tells of.

use super::{Client, Flow, Report, all};
use crate::error::{Result, RunError, io};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- written by `cargo xtask interop --write` -->\n";
const END: &str = "<!-- end -->\n";

/// A row that was run just now.
#[must_use]
pub fn row(flow: &Flow, report: &Report) -> String {
    let Flow {
        name,
        client,
        transport,
        what,
        ..
    } = flow;
    let version = client.version().unwrap_or_else(|_| "?".to_owned());
    // No figures: they differ from run to run, and the page would change with each.
    let result = if report.result.is_ok() {
        "ok"
    } else {
        "FAILED"
    };
    format!(
        "| {} {version} | {transport} | {what} | `{name}` | {result} |",
        client.name()
    )
}

/// Puts `rows` in place of those of the same flows; others stay as they are, and flows that are gone go.
///
/// # Errors
/// When the page cannot be read or written, or has no table.
pub fn write(rows: &[(&'static str, String)]) -> Result {
    let path = page();
    let text = fs::read_to_string(&path).map_err(io("read docs/interop.md"))?;
    let (head, old, tail) = split(&text).ok_or_else(no_table)?;
    let mut table =
        String::from("| client | transport | flow | name | result |\n|---|---|---|---|---|\n");
    for flow in all() {
        let fresh = rows.iter().find(|(name, _)| *name == flow.name);
        let before = old.lines().find(|line| names(line) == Some(flow.name));
        if let Some(row) = fresh.map(|(_, row)| row.as_str()).or(before) {
            let _ = writeln!(table, "{row}");
        }
    }
    let text = format!("{head}{BEGIN}{table}{END}{tail}");
    fs::write(&path, text).map_err(io("write docs/interop.md"))
}

/// What the page does not say, or says of what is not there: flows without a row, rows without a flow, rows that failed.
///
/// # Errors
/// When the page cannot be read.
pub fn differences() -> Result<Vec<String>> {
    let text = fs::read_to_string(page()).map_err(io("read docs/interop.md"))?;
    let (_, table, _) = split(&text).ok_or_else(no_table)?;
    let rows: Vec<&str> = table.lines().skip(2).collect();
    let flows = all();
    let told = |flow: &Flow| rows.iter().any(|row| names(row) == Some(flow.name));
    let missing = flows.iter().filter(|flow| !told(flow));
    let missing = missing.map(|flow| format!("no row for {}", flow.name));
    let known = |row: &str| flows.iter().any(|flow| names(row) == Some(flow.name));
    let unknown = rows
        .iter()
        .filter(|row| !known(row) || !row.ends_with("| ok |"));
    Ok(missing
        .chain(unknown.map(|row| format!("not so: {row}")))
        .collect())
}

/// The flow that a row is about: its last cell but one.
fn names(row: &str) -> Option<&str> {
    row.rsplit('|')
        .nth(2)?
        .trim()
        .strip_prefix('`')?
        .strip_suffix('`')
}

fn split(text: &str) -> Option<(&str, &str, &str)> {
    let (head, rest) = text.split_once(BEGIN)?;
    let (table, tail) = rest.split_once(END)?;
    Some((head, table, tail))
}

fn no_table() -> RunError {
    RunError::Broken("docs/interop.md has no table".into())
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interop.md")
}

/// All clients that flows have, each once, with its version.
///
/// # Errors
/// When one is not installed.
pub fn versions() -> Result<Vec<(Client, String)>> {
    let mut clients: Vec<Client> = all().iter().map(|flow| flow.client).collect();
    clients.sort_unstable();
    clients.dedup();
    clients
        .into_iter()
        .map(|client| Ok((client, client.version()?)))
        .collect()
}
