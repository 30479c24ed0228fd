//! Starts the process again in its place: the same program with the same arguments, environment and number of the process.
//!
//! Nothing is handed over: what is open closes, as at the end of a process, and the start recovers what is durable. A supervisor
//! notices nothing, and none is needed.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// The program that runs, also where its file was removed or replaced.
const SELF: &str = "/proc/self/exe";

/// Comes back only if the system refuses it.
pub(crate) fn start_again() -> io::Error {
    let mut args = env::args_os();
    let name = args.next();
    // By its own path, so that it is called the same afterwards.
    let path = env::current_exe().ok().filter(|path| path.exists());
    let mut command = Command::new(path.unwrap_or_else(|| PathBuf::from(SELF)));
    if let Some(name) = name {
        command.arg0(name);
    }
    command.args(args).exec()
}
