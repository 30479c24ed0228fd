//! `cargo xtask bench profiles`: what a table of a million profiles costs. A figure beyond its limit is an error, after all of them have
//! been printed.
//!
//! Look-ups and memory are the kernel's, import and recovery those of a running node, and what a look-up adds to a call is
//! counted in instructions.

use crate::bench::callgrind::{SHARD, instructions};
use crate::bench::example::{self, build_node, build_program, build_with};
use crate::error::{Error, Result};
use crate::print::say;
use crate::tools::{VALGRIND, ensure_peers};

const HELP: &str = "cargo xtask bench profiles [--quick]

A table of 1,000,000 profiles, or of 100,000 with --quick: memory, look-ups from a handler, import into a running node,
its start after kill -9, and instructions of a B2BUA call with and without a look-up, where valgrind is. Fails when a
figure is beyond its limit.
";

const PROFILES: u32 = 1_000_000;
const QUICK: u32 = 100_000;
/// Calls of two runs whose difference is free of start-up.
const FEW: u64 = 50;
const MANY: u64 = 250;
/// Most that a look-up may add to a call, in thousandths.
const ADDS: u64 = 30;

/// Runs all of it.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let profiles = match args {
        [] => PROFILES,
        [quick] if quick == "--quick" => QUICK,
        [help] if help == "--help" || help == "-h" => {
            say(HELP);
            return Ok(());
        }
        [option, ..] => {
            return Err(Error::UnknownOption {
                task: "bench profiles",
                option: option.clone(),
            });
        }
    };
    let profiles = [profiles.to_string()];
    // All of them, whatever comes of the first.
    let look_ups = example::run("strowger-kernel", "profile_bench", &profiles);
    build_node()?;
    build_program("strowger-interop", "strowger-faulty", &[])?;
    let node = example::run("strowger-interop", "profiles", &profiles);
    let calls = match ensure_peers(&[VALGRIND]) {
        Ok(_) => calls(),
        Err(missing) => {
            say(&format!("instructions of a call  not counted: {missing}"));
            Ok(())
        }
    };
    look_ups.and(node).and(calls)
}

/// A call through the B2BUA with a service beside it that hears of the INVITE, and the same where that looks the caller up.
fn calls() -> Result<()> {
    let features = ["--features", "strowger-sip/testkit"];
    let program = build_with("strowger-b2bua", "b2bua_bench", &features)?;
    let of = |calls: u64, what: &str| {
        let args = [&calls.to_string(), "0", what];
        instructions(&program, &args, &SHARD)
    };
    let each = |what: &str| -> Result<u64> {
        let more = of(MANY, what)?.saturating_sub(of(FEW, what)?);
        Ok(more / (MANY - FEW))
    };
    let (without, with) = (each("hears")?, each("looks-up")?);
    let added = with.saturating_sub(without);
    let share = added * 1000 / without.max(1);
    say(&format!(
        "instructions of a call {without} without, {with} with a look-up: {added} or {}.{} % more (limit {}.{} %)",
        share / 10,
        share % 10,
        ADDS / 10,
        ADDS % 10,
    ));
    within(share)
}

/// The limit not held is an error.
fn within(share: u64) -> Result<()> {
    if share <= ADDS {
        return Ok(());
    }
    Err(Error::Failed {
        what: "the limit for a look-up in a call".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_look_up_that_adds_too_much_is_an_error() {
        assert!(super::within(super::ADDS).is_ok());
        assert!(super::within(super::ADDS + 1).is_err());
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert!(super::run(&["--loud".to_owned()]).is_err());
    }
}
