//! `cargo xtask bench usage`: what tracers cost that let nothing pass, in instructions of a bare delivery and of a call through the
//! B2BUA; and what it costs to count, which cannot be switched off where a handler does it.

use std::path::PathBuf;

use crate::bench::callgrind::{SHARD, instructions};
use crate::bench::example::{build, build_with};
use crate::error::{Error, Result};
use crate::print::say;
use crate::tools::{VALGRIND, ensure_peers};

/// Most that a message may cost that no tracer lets pass, in percent.
const LIMIT: f64 = 1.0;

/// A program that does something as often as its first argument says.
struct Counted {
    program: PathBuf,
    /// Two runs whose difference is free of start-up.
    times: [u64; 2],
    functions: &'static [&'static str],
}

impl Counted {
    /// Instructions for one time, with these further arguments.
    fn each(&self, args: &[&str]) -> Result<f64> {
        let run = |times: u64| {
            let times = times.to_string();
            let args = [&[times.as_str()], args].concat();
            instructions(&self.program, &args, self.functions)
        };
        let [few, many] = self.times;
        let spent = run(many)?.saturating_sub(run(few)?);
        Ok(spent as f64 / (many - few) as f64)
    }
}

/// Prints them, beside the limit; the limit not held is an error.
pub(crate) fn run() -> Result<()> {
    ensure_peers(&[VALGRIND])?;
    say("instructions             without      with        %");
    let deliveries = Counted {
        program: build("strowger-kernel", "delivery_bench")?,
        times: [10_000, 60_000],
        functions: &[],
    };
    let bare = deliveries.each(&["bare"])?;
    let mut most = row("delivery, tracer off", bare, deliveries.each(&["traced"])?);
    row("delivery, counting", bare, deliveries.each(&["counted"])?);
    let features = ["--features", "strowger-sip/testkit"];
    let calls = Counted {
        program: build_with("strowger-b2bua", "b2bua_bench", &features)?,
        times: [50, 250],
        functions: &SHARD,
    };
    let bare = calls.each(&["0", "around"])?;
    most = most.max(row("call, tracer off", bare, calls.each(&["0", "traced"])?));
    row("call, counting", bare, calls.each(&["0", "counted"])?);
    say(&format!(
        "one message or count in each delivery; a tracer that is off may cost {LIMIT} %, and costs {most:.2} %"
    ));
    if most < LIMIT {
        return Ok(());
    }
    Err(Error::Failed {
        what: "the limit for tracers that are off".to_owned(),
    })
}

fn row(what: &str, without: f64, with: f64) -> f64 {
    let more = (with - without) * 100.0 / without;
    say(&format!(
        "{what:<22} {without:>9.0} {with:>9.0} {more:>+8.2}"
    ));
    more
}
