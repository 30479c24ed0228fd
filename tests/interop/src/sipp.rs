//! SIPp as a peer: started with arguments, bounded in time, its final statistics read from its own file.

use crate::error::{Result, RunError, ensure, io};
use crate::node::pause;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What SIPp complains of goes to this file, and this much of it is told.
const COMPLAINTS: &str = "errors.log";
const COMPLAINT_BYTES: usize = 2_000;

/// A running SIPp. Killed when dropped.
#[derive(Debug)]
pub struct Sipp {
    child: Child,
    args: Vec<String>,
    dir: tempfile::TempDir,
}

/// The totals that SIPp printed at its end.
#[derive(Clone, Debug)]
pub struct Totals {
    columns: HashMap<String, u64>,
    /// Milliseconds from each INVITE to its 200, in ascending order; with `-trace_rtt`.
    answered: Vec<f64>,
    /// The first of what SIPp complained of.
    complaint: String,
}

impl Totals {
    /// A cumulative column of SIPp's statistics, by its name without `(C)`.
    #[must_use]
    pub fn get(&self, column: &str) -> u64 {
        self.columns
            .get(&format!("{column}(C)"))
            .copied()
            .unwrap_or(0)
    }

    /// Milliseconds from each INVITE to its 200, in ascending order; with `-trace_rtt`.
    #[must_use]
    pub fn answered(&self) -> &[f64] {
        &self.answered
    }

    /// Within how many milliseconds so many of a hundred calls were answered; with `-trace_rtt`.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> u64 {
        let at = (self.answered.len() * percent).div_ceil(100);
        let time = self.answered.get(at.saturating_sub(1)).copied();
        time.unwrap_or(f64::INFINITY).ceil() as u64
    }

    /// No call failed, and as many as `calls` succeeded, with no message that the scenario did not expect.
    ///
    /// # Errors
    /// What did not hold.
    pub fn expect_clean(&self, calls: u64) -> Result {
        let failed = self.get("FailedCall");
        let unexpected = self.get("FailedUnexpectedMessage");
        let done = self.get("SuccessfulCall");
        ensure(failed == 0 && unexpected == 0 && done == calls, || {
            format!(
                "sipp: {done} of {calls} calls succeeded, {failed} failed, {unexpected} for an unexpected message\n{}",
                self.complaint
            )
        })
    }
}

impl Sipp {
    /// Starts `sipp` with `args`.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn start(args: &[&str]) -> Result<Self> {
        let dir = tempfile::tempdir().map_err(io("make a directory for sipp"))?;
        let child = Command::new("sipp")
            .args(args)
            .args(["-nostdin", "-trace_stat", "-fd", "1", "-stf"])
            .arg(dir.path().join("stat.csv"))
            .args(["-trace_err", "-error_file"])
            .arg(dir.path().join(COMPLAINTS))
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(io("start sipp (Debian package sip-tester)"))?;
        Ok(Self {
            child,
            args: args.iter().map(|&a| a.to_owned()).collect(),
            dir,
        })
    }

    /// Has it begin no more calls, and end with the last.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn wind_up(&self) -> Result {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(i32::MAX));
        kill(pid, Signal::SIGUSR1).map_err(|e| io("signal sipp")(e.into()))
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// When nobody can tell.
    pub fn has_ended(&mut self) -> Result<bool> {
        let status = self.child.try_wait().map_err(io("wait for sipp"))?;
        Ok(status.is_some())
    }

    /// Waits for its end and reads its statistics.
    ///
    /// # Errors
    /// When it does not end within `within`, or left no statistics.
    pub fn finish(mut self, within: Duration) -> Result<Totals> {
        let deadline = Instant::now() + within;
        while !self.has_ended()? {
            if Instant::now() > deadline {
                return Err(self.problem(format!("still running after {within:?}")));
            }
            pause();
        }
        self.totals()
    }

    fn totals(&self) -> Result<Totals> {
        let path: PathBuf = self.dir.path().join("stat.csv");
        let text = fs::read_to_string(&path).map_err(io("read sipp's statistics"))?;
        let mut lines = text.lines();
        let names = lines
            .next()
            .ok_or_else(|| self.problem("no statistics".to_owned()))?;
        let last = lines
            .next_back()
            .ok_or_else(|| self.problem("no statistics".to_owned()))?;
        let pairs = names.split(';').zip(last.split(';'));
        let columns = pairs
            .filter_map(|(n, v)| Some((n.to_owned(), v.trim().parse().ok()?)))
            .collect();
        // Written only when there is something to complain of.
        let complaints = fs::read(self.dir.path().join(COMPLAINTS)).unwrap_or_default();
        let first = &complaints[..complaints.len().min(COMPLAINT_BYTES)];
        let complaint = String::from_utf8_lossy(first).into_owned();
        Ok(Totals {
            columns,
            answered: self.answered()?,
            complaint,
        })
    }

    /// The column of response times of SIPp's `NAME_PID_rtt.csv`: `Date_ms;response_time_ms;rtd_no`.
    fn answered(&self) -> Result<Vec<f64>> {
        let entries = fs::read_dir(self.dir.path()).map_err(io("list sipp's files"))?;
        let mut times = Vec::new();
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().ends_with("_rtt.csv") {
                let text = fs::read_to_string(entry.path()).map_err(io("read sipp's times"))?;
                let time = |line: &str| line.split(';').nth(1)?.parse::<f64>().ok();
                times.extend(text.lines().filter_map(time));
            }
        }
        times.sort_by(f64::total_cmp);
        Ok(times)
    }

    fn problem(&self, problem: String) -> RunError {
        RunError::Sipp {
            args: self.args.join(" ").into(),
            problem: problem.into(),
        }
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
