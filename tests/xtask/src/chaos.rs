//! `cargo xtask chaos`: what goes wrong around a node, with a report in `target/chaos/report.md`.

use std::fs;

use crate::bench::example;
use crate::error::{Error, Result};
use crate::shell::target;
use crate::tools;

/// Brings about the faults of these names, or all.
pub(crate) fn run(args: &[String]) -> Result<()> {
    tools::ensure_peers(&[tools::SIPP, tools::CC])?;
    let folder = target().join("chaos");
    fs::create_dir_all(&folder).map_err(|source| Error::File {
        action: "create",
        path: folder.clone(),
        source,
    })?;
    let report = folder.join("report.md").display().to_string();
    let args = [&[report][..], args].concat();
    example::run_with_node("strowger-interop", "chaos", &args)
}
