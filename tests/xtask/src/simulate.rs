//! `cargo xtask simulate`: builds and starts the program of `tests/simulation`, which knows its options.

use std::process::ExitCode;

use crate::error::Result;
use crate::shell::{cargo, run_shown};

/// Runs it; fails where it has found something.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let mut command = cargo(&[
        "run",
        "--quiet",
        "--locked",
        "--package",
        "strowger-simulation",
        "--",
    ]);
    Ok(match run_shown(command.args(args))? {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
