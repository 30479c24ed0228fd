//! Programs that are an example of a crate: built with optimisations, run with the terminal as their output.

use std::path::PathBuf;
use std::process::Command;

use crate::error::{Error, Result, at};
use crate::print::say;
use crate::shell::{cargo, run_logged, run_shown, target};
use crate::step::log;

/// Builds and runs `example` of `package`.
pub(crate) fn run(package: &str, example: &str, args: &[String]) -> Result<()> {
    let program = build(package, example)?;
    if run_shown(Command::new(program).args(args))? {
        Ok(())
    } else {
        Err(Error::Failed {
            what: example.to_owned(),
        })
    }
}

/// The same with a node beside it, and what binaries the package has itself: the example finds them in its own target
/// folder.
pub(crate) fn run_with_node(package: &str, example: &str, args: &[String]) -> Result<()> {
    build_node()?;
    built(&["--package", package, "--bins"])?;
    run(package, example, args)
}

/// Builds an example with optimisations; answers its binary.
pub(crate) fn build(package: &str, example: &str) -> Result<PathBuf> {
    build_with(package, example, &[])
}

/// The same with more that cargo is told.
pub(crate) fn build_with(package: &str, example: &str, with: &[&str]) -> Result<PathBuf> {
    built(&[&["--package", package, "--example", example], with].concat())?;
    Ok(target().join("release/examples").join(example))
}

/// Builds a program of a package with optimisations.
pub(crate) fn build_program(package: &str, program: &str, with: &[&str]) -> Result<()> {
    built(&[&["--package", package, "--bin", program], with].concat())
}

/// Names the node that is measured, where it is not to be built: for us as for the programs that start it.
pub(crate) const BINARY: &str = "STROWGER_BIN";

/// The node that [`BINARY`] names, or one that is built here with optimisations.
pub(crate) fn build_node() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os(BINARY).map(PathBuf::from) {
        // It is started in a folder of its own.
        return std::fs::canonicalize(&given).map_err(at("find", &given));
    }
    say("building strowger with optimisations");
    built(&["--package", "strowger-cli"])?;
    Ok(target().join("release/strowger"))
}

fn built(what: &[&str]) -> Result<()> {
    let mut command = cargo(&["build", "--release", "--locked"]);
    let said = run_logged(command.args(what), &log("release-build"))?;
    if said.ok {
        return Ok(());
    }
    say(&said.text);
    Err(Error::Failed {
        what: "the build".to_owned(),
    })
}
