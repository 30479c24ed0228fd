//! `cargo xtask smoke`: the node as a newcomer starts it, 100 SIPp calls through it, an orderly end.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use crate::count::Count;
use crate::error::{Error, Result, at};
use crate::process::Running;
use crate::shell::{cargo, root, run_logged, target};
use crate::step::{Outcome, log, node_binary};
use crate::tools::{SIPP, ensure_peers};

const CALLS: usize = 100;
/// Where the built-in configuration listens.
const NODE: &str = "127.0.0.1:5060";
const READY_WITHIN: Duration = Duration::from_secs(20);
const CALLS_WITHIN: Duration = Duration::from_secs(90);
const DRAIN_WITHIN: Duration = Duration::from_secs(45);

/// Builds, starts, calls, drains. Each call counts.
pub(crate) fn run() -> Result<Outcome> {
    ensure_peers(&[SIPP])?;
    let built = run_logged(
        &mut cargo(&["build", "--locked", "--package", "strowger-cli"]),
        &log("smoke-build"),
    )?;
    if !built.ok {
        return Ok(Outcome {
            count: Count::check(false),
            text: built.text,
        });
    }
    let address: SocketAddr = ([127, 0, 0, 1], 5060).into();
    if UdpSocket::bind(address).is_err() {
        return Err(Error::AddressTaken { address });
    }
    let home = target().join("xtask/smoke");
    // A data folder of its own: an earlier run's calls are not this run's.
    if home.exists() {
        std::fs::remove_dir_all(&home).map_err(at("remove", &home))?;
    }
    std::fs::create_dir_all(&home).map_err(at("create", &home))?;
    let mut command = Command::new(node_binary());
    command.arg("run").current_dir(&home);
    let mut node = Running::start("strowger", &mut command, &log("smoke-node"))?;
    node.wait_ready(READY_WITHIN, |node| {
        node.output().lines().any(|line| line.starts_with("ready"))
    })?;

    let mut call = Command::new(SIPP.program);
    call.args([
        "-sn",
        "uac",
        NODE,
        "-i",
        "127.0.0.1",
        "-nostdin",
        "-r",
        "50",
        "-d",
        "500",
    ]);
    call.args(["-m", &CALLS.to_string()]).current_dir(root());
    let mut caller = Running::start("sipp", &mut call, &log("smoke-sipp"))?;
    let called = caller.wait_end(CALLS_WITHIN)?;
    let said = caller.output();
    let count = calls(&said, called.success());
    let output = node.output();
    let ended = node.stop(DRAIN_WITHIN)?;
    let mut text = format!("-- sipp\n{said}\n-- strowger\n{output}\n");
    let mut count = count;
    if !ended.success() {
        count.failed += 1;
        text.push_str(&format!("strowger ended with {ended} after SIGTERM\n"));
    }
    Ok(Outcome { count, text })
}

/// Reads the totals of SIPp's closing screen: `Successful call | 0 | 100`.
fn calls(screen: &str, ok: bool) -> Count {
    let total = |label: &str| {
        screen
            .lines()
            .rev()
            .find(|line| line.trim_start().starts_with(label))
            .and_then(|line| line.rsplit('|').next())
            .and_then(|figure| figure.trim().parse::<usize>().ok())
    };
    let passed = total("Successful call").unwrap_or(0).min(CALLS);
    let failed = CALLS - passed;
    Count {
        passed,
        failed: if ok { failed } else { failed.max(1) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_closing_screen() {
        let screen = "  Successful call        |        0                  |       98\n\
                      \x20 Failed call            |        0                  |        2\n";
        assert_eq!(
            calls(screen, false),
            Count {
                passed: 98,
                failed: 2
            }
        );
        assert_eq!(
            calls("", false),
            Count {
                passed: 0,
                failed: 100
            }
        );
    }
}
