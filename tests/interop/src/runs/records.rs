//! The records of calls while the node is killed again and again: each call that ended has one, and none has two.

use super::Transport;
use super::kill::{Bench, Kill, next};
use crate::error::{Result, RunError, ensure, io};
use crate::peer::Phase;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes of a file of records: a few rounds fill one.
const ROTATE: u32 = 16_384;

/// Kills at random moments under `rate` calls a second, of which one in three is hung up right away, `rounds` times.
///
/// # Errors
/// What did not hold; the seed is in the text.
pub fn killed(rounds: u32, rate: u32, seed: u64, host: u8, dir: &Path) -> Result<String> {
    let kill = Kill {
        transport: Transport::Udp,
        host,
        powercut: false,
    };
    let mut bench = Bench::new(&kill, dir, "records")?;
    let files = dir.join("records-of-calls");
    bench.spec.more.push_str(&format!(
        "[adaptors.records]\ntype = \"records\"\n\n[adaptors.records.settings.files]\ndirectory = \"{}\"\nprefix = \"calls\"\n\
         rotate_bytes = {ROTATE}\n",
        files.display()
    ));
    let mut state = seed;
    let mut ended = BTreeSet::new();
    for _ in 0..rounds {
        let node = bench.start()?;
        let span = Duration::from_millis(500 + next(&mut state) % 1_500);
        let begun = Instant::now();
        let mut made = 0;
        while begun.elapsed() < span {
            if begun.elapsed().as_millis() * u128::from(rate) / 1_000 > made {
                bench.caller.invite("2000", bench.spec.sip);
                made += 1;
                if made % 3 == 0 {
                    hang_up_one(&mut bench);
                }
            }
            bench.poll();
        }
        bench.kill(node)?;
        let node = bench.start()?;
        bench.hang_up()?;
        // What was not answered before the node died comes to an end by itself; its record is nobody's claim.
        let over = bench.caller.calls.iter();
        let over = over.filter(|(_, call)| call.was_up() && call.phase == Phase::Ended);
        ended.extend(over.map(|(id, _)| id.clone()));
        bench.caller.calls.clear();
        bench.callee.calls.clear();
        bench.kill(node)?;
    }
    // The last node writes what the one before was told and did not write, and ends what that had not ended.
    let mut node = bench.start()?;
    super::expect_empty(&node, Duration::from_secs(60))?;
    node.wait_status(Duration::from_secs(10), |status| waiting(status) == 0)?;
    node.terminate(Duration::from_secs(60))?;
    let found = Found::read(&files)?;
    found.expect(&ended, seed)?;
    Ok(format!(
        "seed {seed}: {} kills under {rate} calls/s, {} calls ended, {} records in {} files: one for each of them, none twice",
        2 * rounds,
        ended.len(),
        found.ids.len(),
        found.files
    ))
}

/// Hangs up the first call that is up.
fn hang_up_one(bench: &mut Bench) {
    let mut calls = bench.caller.calls.iter();
    let up = calls.find(|(_, call)| call.phase == Phase::Up);
    if let Some(id) = up.map(|(id, _)| id.clone()) {
        bench.caller.bye(&id);
    }
}

/// Records that wait to be written.
fn waiting(status: &serde_json::Value) -> u64 {
    let adaptors = status["adaptors"].as_array();
    let records = adaptors.and_then(|all| all.iter().find(|adaptor| adaptor["name"] == "records"));
    let Some(counters) = records.map(|records| &records["counters"]) else {
        return u64::MAX;
    };
    let count = |name: &str| counters[name].as_u64().unwrap_or(0);
    (count("records.written") + count("records.restored")).saturating_sub(count("records.done"))
}

/// What is in the files.
#[derive(Default)]
struct Found {
    files: usize,
    ids: BTreeSet<String>,
    /// Records of answered calls, by Call-ID.
    answered: BTreeMap<String, u32>,
}

impl Found {
    fn read(files: &Path) -> Result<Self> {
        let mut found = Self::default();
        for entry in fs::read_dir(files).map_err(io("list the records"))? {
            let path = entry.map_err(io("list the records"))?.path();
            let name = path.to_string_lossy();
            if !name.ends_with(".jsonl") && !name.ends_with(".part") {
                continue;
            }
            found.files += 1;
            let text = fs::read_to_string(&path).map_err(io("read the records"))?;
            for line in text.lines() {
                found.take(line)?;
            }
        }
        Ok(found)
    }

    fn take(&mut self, line: &str) -> Result {
        let broken = || RunError::Broken(format!("not a record: {line}").into());
        let line: serde_json::Value = serde_json::from_str(line).map_err(|_| broken())?;
        let id = line["id"].as_str().ok_or_else(broken)?;
        ensure(self.ids.insert(id.to_owned()), || {
            format!("twice in the files: {line}")
        })?;
        let record = &line["record"];
        if record["answered"].is_string() {
            let call = record["calling_call_id"].as_str().ok_or_else(broken)?;
            *self.answered.entry(call.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    fn expect(&self, ended: &BTreeSet<String>, seed: u64) -> Result {
        let missing: Vec<_> = ended
            .iter()
            .filter(|id| !self.answered.contains_key(*id))
            .collect();
        let twice: Vec<_> = self.answered.iter().filter(|(_, n)| **n > 1).collect();
        ensure(
            missing.is_empty() && twice.is_empty() && !ended.is_empty(),
            || {
                format!(
                    "seed {seed}: of {} calls that ended {} have no record: {missing:?}; more than one have {twice:?}",
                    ended.len(),
                    missing.len()
                )
            },
        )
    }
}
