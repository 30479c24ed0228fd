//! `cargo xtask bench kernel`: deliveries per second on this machine, and instructions per delivery under callgrind.
//!
//! The instruction count hardly depends on the machine's load: it is the figure to compare from commit to commit.

use std::process::Command;

use crate::bench::callgrind::instructions;
use crate::bench::example::build;
use crate::error::Result;
use crate::print::say;
use crate::shell::run_logged;
use crate::step::log;
use crate::tools::{VALGRIND, ensure_peers};

const PACKAGE: &str = "strowger-kernel";
const EXAMPLE: &str = "delivery_bench";
/// Two runs under callgrind whose difference is free of start-up.
const FEW: u64 = 10_000;
const MANY: u64 = 60_000;

/// Prints what the example measures by itself, then the instructions per delivery.
pub(crate) fn run() -> Result<()> {
    let program = build(PACKAGE, EXAMPLE)?;
    let said = run_logged(&mut Command::new(&program), &log(EXAMPLE))?;
    say(said.text.trim_end());
    ensure_peers(&[VALGRIND])?;
    let counted = |deliveries: u64| instructions(&program, &[&deliveries.to_string()], &[]);
    let spent = counted(MANY)?.saturating_sub(counted(FEW)?);
    say(&format!(
        "instructions per delivery: {}",
        spent / (MANY - FEW)
    ));
    Ok(())
}
