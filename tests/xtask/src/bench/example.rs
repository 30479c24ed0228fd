//! Benchmarks that are an example program of a crate: built with optimisations, run, their output passed on.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::print::say;
use crate::shell::{cargo, run_logged, target};
use crate::step::log;

/// Builds and runs `example` of `package`.
pub(crate) fn run(package: &str, example: &str, args: &[String]) -> Result<()> {
    let program = build(package, example)?;
    let mut command = std::process::Command::new(program);
    let said = run_logged(command.args(args), &log(example))?;
    say(said.text.trim_end());
    if said.ok {
        Ok(())
    } else {
        Err(failed(example))
    }
}

/// Builds an example with optimisations; answers its binary.
pub(crate) fn build(package: &str, example: &str) -> Result<PathBuf> {
    let args = [
        "build",
        "--release",
        "--locked",
        "--package",
        package,
        "--example",
        example,
    ];
    let said = run_logged(&mut cargo(&args), &log("bench-build"))?;
    if said.ok {
        return Ok(target().join("release/examples").join(example));
    }
    say(&said.text);
    Err(failed("bench-build"))
}

fn failed(step: &str) -> Error {
    Error::Unreadable {
        file: log(step),
        what: "successful end",
    }
}
