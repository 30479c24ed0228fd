//! A client's process: its output in a file, waited for with a bound, ended by its own id.

use crate::error::{Result, RunError, io};
use crate::node::pause;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long one who is asked to end may take before it is killed.
const PATIENCE: Duration = Duration::from_secs(3);

/// A running child. Ended when dropped.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts it; both its outputs go to `NAME.log` in `dir`.
    pub(crate) fn start(name: &str, command: &mut Command, dir: &Path) -> Result<Self> {
        let (program, log) = Self::prepare(name, command, dir)?;
        let out = log.try_clone().map_err(io("open a log"))?;
        let child = command.stdin(Stdio::null()).stdout(out).stderr(log);
        Self::spawn(program, child)
    }

    /// Starts it with a standard input that stays open until [`end_input`](Self::end_input).
    pub(crate) fn start_held(name: &str, command: &mut Command, dir: &Path) -> Result<Self> {
        let (program, log) = Self::prepare(name, command, dir)?;
        let out = log.try_clone().map_err(io("open a log"))?;
        let child = command.stdin(Stdio::piped()).stdout(out).stderr(log);
        Self::spawn(program, child)
    }

    /// Writes a line to its standard input, if that is held open.
    pub(crate) fn tell(&mut self, line: &str) -> Result {
        match &mut self.child.stdin {
            Some(input) => writeln!(input, "{line}").map_err(io("give an order")),
            None => Err(self.broken("has no standard input")),
        }
    }

    /// Ends its standard input.
    pub(crate) fn end_input(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Starts it with its standard input and output in our hands; the rest goes to `NAME.log` in `dir`.
    pub(crate) fn talk(
        name: &str,
        command: &mut Command,
        dir: &Path,
    ) -> Result<(Self, ChildStdin, ChildStdout)> {
        let (program, log) = Self::prepare(name, command, dir)?;
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = Self::spawn(program, child.stderr(log))?;
        match (program.child.stdin.take(), program.child.stdout.take()) {
            (Some(input), Some(output)) => Ok((program, input, output)),
            _ => Err(program.broken("has no standard input and output")),
        }
    }

    fn prepare(name: &str, command: &mut Command, dir: &Path) -> Result<((String, PathBuf), File)> {
        let path = dir.join(format!("{name}.log"));
        let log = File::create(&path).map_err(io("make a log"))?;
        command.current_dir(dir);
        Ok(((name.to_owned(), path), log))
    }

    fn spawn((name, log): (String, PathBuf), command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .spawn()
            .map_err(|source| RunError::Start { program, source })?;
        Ok(Self { name, child, log })
    }

    /// What it has written to its log.
    pub(crate) fn said(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until its log has `text`.
    pub(crate) fn says(&mut self, text: &str, within: Duration) -> Result {
        self.says_one(&[text], within).map(drop)
    }

    /// Waits until its log has one of `texts`; answers which.
    pub(crate) fn says_one(&mut self, texts: &[&str], within: Duration) -> Result<usize> {
        let deadline = Instant::now() + within;
        loop {
            let said = self.said();
            if let Some(found) = texts.iter().position(|text| said.contains(text)) {
                return Ok(found);
            }
            let wanted = texts.join("` or `");
            if let Some(status) = self.ended()? {
                return Err(self.broken(&format!("ended with {status} before it said `{wanted}`")));
            }
            if Instant::now() > deadline {
                return Err(self.broken(&format!("did not say `{wanted}` within {within:?}")));
            }
            pause();
        }
    }

    /// Waits until its log has `text` so many times.
    pub(crate) fn says_times(&mut self, text: &str, times: usize, within: Duration) -> Result {
        let deadline = Instant::now() + within;
        while self.said().matches(text).count() < times {
            if let Some(status) = self.ended()? {
                return Err(self.broken(&format!("ended with {status} before it said `{text}`")));
            }
            if Instant::now() > deadline {
                return Err(self.broken(&format!("did not say `{text}` {times} times")));
            }
            pause();
        }
        Ok(())
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its own end.
    pub(crate) fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                return Err(self.broken(&format!("did not end within {within:?}")));
            }
            pause();
        }
    }

    /// Waits for its own end, which must be a success; answers what it said.
    pub(crate) fn succeed(mut self, within: Duration) -> Result<String> {
        let status = self.wait(within)?;
        if status.success() {
            return Ok(self.said());
        }
        Err(self.broken(&format!("ended with {status}")))
    }

    /// Asks it to end and waits.
    pub(crate) fn stop(mut self, signal: Signal, within: Duration) -> Result<ExitStatus> {
        self.signal(signal)?;
        self.wait(within)
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(i32::MAX));
        kill(pid, signal).map_err(|e| io("signal a client")(e.into()))
    }

    /// An error about it, with the end of its log.
    pub(crate) fn broken(&self, what: &str) -> RunError {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        let end = lines[lines.len().saturating_sub(20)..].join("\n");
        RunError::Broken(format!("{} {what}; its log ends with:\n{end}", self.name).into())
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().map_err(io("wait for a client"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !matches!(self.ended(), Ok(None)) {
            return;
        }
        // Asked first: who has children of its own ends them.
        let _ = self.signal(Signal::SIGTERM);
        if self.wait(PATIENCE).is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
