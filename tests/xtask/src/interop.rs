//! `cargo xtask interop`: every flow of real clients, the long ones too, and the page that tells of them.

use crate::bench::example;
use crate::error::Result;
use crate::{packages, tools};

/// Runs the flows whose names begin with one of `args`, or all.
pub(crate) fn run(args: &[String]) -> Result<()> {
    tools::ensure_peers(tools::FOR_TESTS)?;
    packages::ensure()?;
    example::run_with_node("strowger-interop", "interop", args)
}
