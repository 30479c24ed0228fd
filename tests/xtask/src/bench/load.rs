//! One round of load: a fresh system, one SIPp caller at a fixed rate, a called side where the system passes calls on,
//! the probe beside them, and the counters of /proc before and after.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::bench::machine;
use crate::bench::probe::{Probe, Seen};
use crate::bench::system::{CALLED, CALLER, Role, Started, System, load_folder};
use crate::bench::wire::Wire;
use crate::error::{Error, Result, at};
use crate::process::Running;

/// What a caller may need beyond its planned time before it is given up.
const OVERTIME: Duration = Duration::from_secs(45);
const STOP_WITHIN: Duration = Duration::from_secs(60);
/// SIPp writes its totals once a second: after this they hold the last call.
const LAST_TOTALS: Duration = Duration::from_millis(1_500);
const READY_WITHIN: Duration = Duration::from_secs(10);

/// How hard and how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rate: u32,
    pub(crate) seconds: u32,
    /// Time after the load that still counts: transactions that linger cost their clearing.
    pub(crate) settle: Duration,
    pub(crate) wire: Wire,
}

impl Plan {
    /// The caller's, without the probe's.
    fn calls(&self) -> u64 {
        u64::from(self.rate) * u64::from(self.seconds)
    }
}

/// What one round showed. Times in microseconds.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    pub(crate) calls: u64,
    pub(crate) cpu: u64,
    /// The whole machine's busy time less what the generators used.
    pub(crate) machine: u64,
    pub(crate) seen: Seen,
    pub(crate) failed: u64,
    pub(crate) retransmissions: u64,
    pub(crate) memory_kib: u64,
}

impl Round {
    /// No call failed, nothing was sent twice on either side.
    pub(crate) fn clean(&self) -> bool {
        self.failed == 0 && self.retransmissions == 0 && self.seen.lost == 0
    }

    pub(crate) fn cpu_per_call(&self) -> u64 {
        self.cpu / self.calls.max(1)
    }

    pub(crate) fn machine_per_call(&self) -> u64 {
        self.machine / self.calls.max(1)
    }
}

/// Runs one round; `home` is emptied first and keeps the logs.
pub(crate) fn round(system: &System, binary: &Path, plan: Plan, home: &Path) -> Result<Round> {
    let Started { running, tunnel } = system.start(binary, home, plan.wire)?;
    let loaded = load(&running, tunnel.as_ref(), system.role, plan, home);
    // Asked to stop also where the load failed: Kamailio's children outlive a parent that is killed.
    let stopped = running.stop(STOP_WITHIN);
    let Loaded {
        cpu,
        machine,
        memory_kib,
        seen,
    } = loaded?;
    stopped?;

    let planned = plan.calls();
    let sent = Statistics::read(&home.join("caller.csv"))?;
    let calls = sent.successful + u64::try_from(seen.micros.len()).unwrap_or(0);
    let received = match system.role {
        Role::Answer => Statistics {
            successful: calls,
            ..Statistics::default()
        },
        Role::Pass => Statistics::read(&home.join("called.csv"))?,
    };
    // A call that its caller ended is over at the called side too, or it was not passed on to its end.
    let left = calls.saturating_sub(received.successful);
    Ok(Round {
        calls,
        cpu,
        machine,
        failed: planned.saturating_sub(sent.successful) + received.failed.max(left),
        retransmissions: sent.retransmissions + received.retransmissions,
        seen,
        memory_kib,
    })
}

/// What the counters say of a load.
struct Loaded {
    cpu: u64,
    machine: u64,
    memory_kib: u64,
    seen: Seen,
}

/// Puts load on a system that runs; its called side ends with it.
fn load(
    running: &Running,
    tunnel: Option<&Running>,
    role: Role,
    plan: Plan,
    home: &Path,
) -> Result<Loaded> {
    let called = match role {
        Role::Answer => None,
        Role::Pass => Some(start_called(plan.wire, home)?),
    };
    let beside: Vec<u32> = [called.as_ref(), tunnel]
        .into_iter()
        .flatten()
        .map(Running::pid)
        .collect();
    let sample = || Sample {
        system: machine::cpu_of(&machine::family(running.pid())),
        idle: machine::idle_of_machine(),
        at: Instant::now(),
        generators: machine::cpu_of_self_and_ended() + machine::cpu_of(&beside),
    };
    let before = sample();
    let probe = Probe::start(plan.wire)?;
    let mut caller = start_caller(plan, home)?;
    let limit = Duration::from_secs(u64::from(plan.seconds)) + OVERTIME;
    match caller.wait_end(limit) {
        // What it has not ended by then has failed, which makes a round that does not count and no end of all rounds.
        Ok(_) | Err(Error::TooLong { .. }) => drop(caller),
        Err(error) => return Err(error),
    }
    let seen = probe.finish();
    // Not a poll: the time itself is measured.
    std::thread::sleep(plan.settle.max(LAST_TOTALS));
    let after = sample();
    Ok(Loaded {
        cpu: after.system.saturating_sub(before.system),
        machine: after.machine_since(&before),
        memory_kib: machine::memory_of(&machine::family(running.pid())),
        seen,
    })
}

struct Sample {
    system: u64,
    idle: u64,
    generators: u64,
    at: Instant,
}

impl Sample {
    /// Busy time of the whole machine since `before`, less what the generators used.
    fn machine_since(&self, before: &Self) -> u64 {
        let wall = self.at.duration_since(before.at).as_micros();
        let all = u64::try_from(wall)
            .unwrap_or(u64::MAX)
            .saturating_mul(machine::cores());
        all.saturating_sub(self.idle.saturating_sub(before.idle))
            .saturating_sub(self.generators.saturating_sub(before.generators))
    }
}

fn start_caller(plan: Plan, home: &Path) -> Result<Running> {
    let mut command = sipp(&load_folder().join("sipp/caller.xml"), home, "caller.csv");
    command.arg(plan.wire.entrance().to_string());
    command.args(["-t", plan.wire.sipp_mode()]);
    command.args([
        "-i",
        &CALLER.ip().to_string(),
        "-p",
        &CALLER.port().to_string(),
    ]);
    command.args([
        "-r",
        &plan.rate.to_string(),
        "-m",
        &plan.calls().to_string(),
        "-l",
        "20000",
    ]);
    Running::start("sipp caller", &mut command, &home.join("caller.log"))
}

fn start_called(wire: Wire, home: &Path) -> Result<Running> {
    let at = wire.called();
    let mut command = sipp(&load_folder().join("sipp/called.xml"), home, "called.csv");
    command.args([
        "-i",
        &at.ip().to_string(),
        "-p",
        &at.port().to_string(),
        "-t",
        wire.sipp_mode(),
        "-key",
        "contact",
        &format!("{CALLED};transport={}", wire.name()),
    ]);
    let mut called = Running::start("sipp called", &mut command, &home.join("called.log"))?;
    called.wait_ready(READY_WITHIN, |_| wire.listens(at))?;
    Ok(called)
}

/// `-buff_size`: the default socket buffer loses bursts, which would be counted against the system.
fn sipp(scenario: &Path, home: &Path, statistics: &str) -> Command {
    let mut command = Command::new("sipp");
    command.arg("-sf").arg(scenario).current_dir(home);
    command.args(["-nostdin", "-buff_size", "4194304", "-fd", "1"]);
    command.args(["-trace_stat", "-stf", statistics]);
    command
}

/// The totals in the last line of a file that SIPp wrote with `-trace_stat`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Statistics {
    successful: u64,
    failed: u64,
    retransmissions: u64,
}

impl Statistics {
    fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(at("read", file))?;
        Self::parse(&text).ok_or_else(|| Error::Unreadable {
            file: PathBuf::from(file),
            what: "SIPp totals",
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let names: Vec<&str> = text.lines().next()?.split(';').collect();
        let last: Vec<&str> = text.lines().last()?.split(';').collect();
        let total = |name: &str| {
            let column = names.iter().position(|other| *other == name)?;
            last.get(column)?.parse::<u64>().ok()
        };
        Some(Self {
            successful: total("SuccessfulCall(C)")?,
            failed: total("FailedCall(C)")?,
            retransmissions: total("Retransmissions(C)")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_totals() {
        let text = "StartTime;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C);Retransmissions(C);\n\
                    x;1;1;0;0;\ny;4;5;1;2;\n";
        let wanted = Statistics {
            successful: 5,
            failed: 1,
            retransmissions: 2,
        };
        assert_eq!(Statistics::parse(text), Some(wanted));
        assert_eq!(Statistics::parse("StartTime;\n"), None);
    }
}
