//! Child processes of a step: started, logged to a file, read back. Nothing else talks to a terminal.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, Result, at};
use crate::print::say;

/// The checkout's root folder.
pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.pop();
    root
}

/// The folder for what tasks leave behind.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A `cargo` command at the checkout's root.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args).current_dir(root());
    command
}

/// What a finished child said.
pub(crate) struct Said {
    pub(crate) ok: bool,
    pub(crate) text: String,
}

/// Runs a command to its end; both output streams go to the file `log`, in order.
pub(crate) fn run_logged(command: &mut Command, log: &Path) -> Result<Said> {
    let program = command.get_program().to_string_lossy().into_owned();
    let (out, err) = log_pair(log)?;
    let status = command
        .env("CARGO_TERM_COLOR", "never")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .status()
        .map_err(|source| Error::Start { program, source })?;
    let bytes = std::fs::read(log).map_err(at("read", log))?;
    Ok(Said {
        ok: status.success(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// Runs a command to its end with the terminal as its output; answers whether it succeeded.
pub(crate) fn run_shown(command: &mut Command) -> Result<bool> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|source| Error::Start { program, source })?;
    Ok(status.success())
}

/// Runs a command to its end, which must be good; what it says is shown otherwise, and goes to the log of `task`.
pub(crate) fn done(task: &str, what: &str, command: &mut Command) -> Result<()> {
    let log = target().join("xtask").join(format!("{task}.log"));
    let said = run_logged(command, &log)?;
    if said.ok {
        return Ok(());
    }
    say(&said.text);
    Err(Error::Failed {
        what: what.to_owned(),
    })
}

/// What a command prints on standard output.
pub(crate) fn said(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.output().map_err(|source| Error::Start {
        program: program.clone(),
        source,
    })?;
    if !done.status.success() {
        return Err(Error::Failed { what: program });
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Opens `log` twice, for a child's standard output and standard error.
pub(crate) fn log_pair(log: &Path) -> Result<(File, File)> {
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder).map_err(at("create", folder))?;
    }
    let out = File::create(log).map_err(at("create", log))?;
    let err = out.try_clone().map_err(at("open", log))?;
    Ok((out, err))
}

/// Whether a program is found in `PATH`.
pub(crate) fn installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}
