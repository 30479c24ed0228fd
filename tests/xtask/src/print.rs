//! The one place that writes to the terminal.

use std::io::Write;

/// Prints a line at once. A closed terminal is no reason to stop a run.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
