//! How much room there is where builds and tests write: a full disk looks like many other failures.

use std::process::Command;

use crate::shell::target;

/// What the steps of `cargo xtask test` need from a clean clone on, measured.
const NEEDED_GIB: f64 = 9.0;

/// Free space at the target folder in words; with a warning when a first run would not fit.
pub(crate) fn free() -> String {
    let built = target().join("debug").exists();
    match free_gib() {
        Some(gib) if gib < NEEDED_GIB && !built => {
            format!(
                "{gib:.1} GiB free, and a first run needs {NEEDED_GIB:.0}: nodes refuse calls when it is full"
            )
        }
        Some(gib) => format!("{gib:.1} GiB free"),
        None => "free space unknown: df did not tell".to_owned(),
    }
}

fn free_gib() -> Option<f64> {
    let target = target();
    let place = target.ancestors().find(|place| place.exists())?;
    let out = Command::new("df").arg("-Pk").arg(place).output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout);
    let kib: f64 = text
        .lines()
        .nth(1)?
        .split_whitespace()
        .nth(3)?
        .parse()
        .ok()?;
    Some(kib / 1024.0 / 1024.0)
}
