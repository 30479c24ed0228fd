//! Allocations counted by dhat, valgrind's profiler of the heap.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::error::{Error, Result, at};
use crate::shell::run_logged;
use crate::step::log;
use crate::tools::VALGRIND;

/// How many callers of an allocation are kept: enough to come from the depth of a parser up to the shard.
const CALLERS: &str = "--num-callers=60";

/// What dhat writes, as far as it is read.
#[derive(Debug, Deserialize)]
struct Profile {
    #[serde(rename = "ftbl")]
    frames: Vec<String>,
    #[serde(rename = "pps")]
    points: Vec<Point>,
}

/// A place that allocates, with those who call it.
#[derive(Debug, Deserialize)]
struct Point {
    #[serde(rename = "tbk")]
    blocks: u64,
    #[serde(rename = "fs")]
    callers: Vec<usize>,
}

/// How often a run of a program allocated below a function whose name has `within` in it.
pub(crate) fn allocations(program: &Path, args: &[&str], within: &str) -> Result<u64> {
    let (file, profile) = (log("dhat"), log("dhat.json"));
    let mut command = Command::new(VALGRIND.program);
    command.args(["--tool=dhat", CALLERS]);
    command.arg(format!("--dhat-out-file={}", profile.display()));
    let said = run_logged(command.arg(program).args(args), &file)?;
    let text = std::fs::read_to_string(&profile).map_err(at("read", &profile))?;
    match read(&text, within) {
        Some(allocations) if said.ok && allocations > 0 => Ok(allocations),
        _ => Err(Error::Unreadable {
            file,
            what: "allocation of the functions that are counted",
        }),
    }
}

fn read(text: &str, within: &str) -> Option<u64> {
    let profile: Profile = serde_json::from_str(text).ok()?;
    let named = |frame: &usize| {
        let frame = profile.frames.get(*frame);
        frame.is_some_and(|frame| frame.contains(within))
    };
    let points = profile.points.iter();
    let counted = points.filter(|point| point.callers.iter().any(named));
    Some(counted.map(|point| point.blocks).sum())
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_what_is_below_a_function() {
        let text = r#"{"tu": "instrs", "ftbl": ["[root]", "0x1: a::Shard::run (a.rs:1)", "0x2: b (b.rs:2)"],
            "pps": [{"tb": 9, "tbk": 3, "fs": [2, 1]}, {"tb": 1, "tbk": 4, "fs": [2]}]}"#;
        assert_eq!(super::read(text, "::Shard::"), Some(3));
        assert_eq!(super::read("nothing", "::Shard::"), None);
    }
}
