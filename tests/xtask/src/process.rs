//! A peer or a node that a task starts, waits for and stops by its own process id.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::{Error, Result};
use crate::shell::log_pair;

/// How often a condition is looked at while waiting for it.
const LOOK: Duration = Duration::from_millis(20);

/// A running child. Dropping it ends it.
pub(crate) struct Running {
    child: Child,
    what: String,
    log: PathBuf,
}

impl Running {
    /// Starts a command; its output goes to the file `log`.
    pub(crate) fn start(what: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let (out, err) = log_pair(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|source| Error::Start {
                program: what.to_owned(),
                source,
            })?;
        Ok(Self {
            child,
            what: what.to_owned(),
            log: log.to_owned(),
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed up to here.
    pub(crate) fn output(&self) -> String {
        std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Waits until `ready` holds; an error when the child ends first or the time is over.
    pub(crate) fn wait_ready(
        &mut self,
        limit: Duration,
        mut ready: impl FnMut(&Self) -> bool,
    ) -> Result<()> {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            if ready(self) {
                return Ok(());
            }
            if self.ended().is_some() {
                return Err(Error::EndedEarly {
                    what: self.what.clone(),
                    log: self.log.clone(),
                });
            }
            // A bounded poll: another process's state cannot be waited for.
            std::thread::sleep(LOOK);
        }
        let (what, log) = (self.what.clone(), self.log.clone());
        Err(Error::NotReady {
            what,
            seconds: limit.as_secs(),
            log,
        })
    }

    /// Waits for the child's own end.
    pub(crate) fn wait_end(&mut self, limit: Duration) -> Result<ExitStatus> {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            if let Some(status) = self.ended() {
                return Ok(status);
            }
            // A bounded poll: another process's state cannot be waited for.
            std::thread::sleep(LOOK);
        }
        Err(Error::TooLong {
            what: self.what.clone(),
            seconds: limit.as_secs(),
        })
    }

    /// Asks it to end (SIGTERM) and waits; when the time is over it is killed and that is an error.
    pub(crate) fn stop(mut self, limit: Duration) -> Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        self.wait_end(limit)
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.pid();
        let raw = i32::try_from(pid).unwrap_or(i32::MAX);
        kill(Pid::from_raw(raw), signal).map_err(|source| Error::Signal {
            signal: signal.as_str(),
            pid,
            source,
        })
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
