//! `cargo xtask`: the project's habits as commands. `cargo xtask help` lists them.
//!
//! It knows how to run things, never what is right: the rules are tests (`tests/tidy`), the figures are benchmarks.

mod bench;
mod book;
mod changelog;
mod chaos;
mod conformance;
mod count;
mod deb;
mod disk;
mod error;
mod fuzz;
mod interop;
mod licences;
mod packages;
mod print;
mod process;
mod release;
mod shell;
mod simulate;
mod smoke;
mod step;
mod suite;
mod tools;

use std::process::ExitCode;

use error::Result;
use print::say;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<ExitCode> {
    let (task, rest) = args
        .split_first()
        .map_or(("help", args), |(task, rest)| (task, rest));
    match task {
        "help" | "--help" | "-h" => help(),
        "test" => return suite::run(rest),
        "bench" => bench::run(rest)?,
        "fuzz" => return fuzz::run(rest),
        "interop" => interop::run(rest)?,
        "conformance" => return conformance::run(rest),
        "acceptance" => bench::acceptance(rest)?,
        "chaos" => chaos::run(rest)?,
        "changelog" => changelog::run(rest)?,
        "licences" => licences::run()?,
        "deb" => deb::run(rest)?,
        "release" => release::run(rest)?,
        "simulate" => return simulate::run(rest),
        name => {
            let count = suite::run_step(suite::find(name)?);
            return Ok(if count.failed == 0 {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn help() {
    say("cargo xtask TASK\n");
    say("  test [--only A,B] [--skip A,B]   all steps below, cheapest first");
    for step in step::STEPS {
        say(&format!("  {:<10} {}", step.name, step.about));
    }
    say(
        "  bench all [--quick] [--only A,B] every figure that the README states, measured here; `bench all --help`",
    );
    say(
        "  bench sip [--quick] [...]        CPU per call beside Kamailio, SIPp and Sippy; `bench sip --help`",
    );
    say(
        "  bench diameter [--quick]         CCRs per second and their CPU beside freeDiameter; also `sessions [COUNT]`, `steady [MINUTES]`",
    );
    say(
        "  bench sms [--quick]              submits per second and their CPU beside smpp34 and Kannel",
    );
    say("  bench kernel                     deliveries per second, instructions per delivery");
    say("  bench usage                      instructions of tracers that are off, and of counting");
    say("  bench store                      commits per second, recovery");
    say(
        "  bench profiles [--quick]         a table of a million profiles: look-ups, memory, import, recovery",
    );
    say("  bench memory [CALLS] [RATE]      resident memory per held call");
    say("  acceptance [NAME ...]            loads, kills and power cuts in full size");
    say(
        "  chaos [--minutes M] [--seed S] [--kills N] [NAME ...]  faults around a node, and a report in target/chaos/report.md",
    );
    say(
        "  interop [--list] [--write] [NAME] real clients before a running node; writes docs/interop.md",
    );
    say(
        "  conformance [--write] [RULE ...] the tests of all rules of JAIN SLEE; compares docs/conformance.md, or writes it",
    );
    say(
        "  conformance --mutations [--write] [RULE ...]  whether the tests of the rules notice wrong code",
    );
    say(
        "  simulate [--seeds N] [--from N] [--minutes M]  runs of a shard under seeds, with everything going wrong that can; `--seed N --trace` shows one",
    );
    say(
        "  fuzz [--minutes N] [--jobs N] [TARGET ...]  the fuzz targets of tests/fuzz, ten minutes each, and a table of what they found",
    );
    say(
        "  licences                         which crates are in the binary; writes docs/licences.md and an SBOM",
    );
    say(
        "  release                          the node as it is installed, built for what it does under load: target/profiled/strowger",
    );
    say("  deb [--debug | --binary FILE]    the Debian package, in target/debian");
    say("  changelog [--release X.Y.Z]      show the next section, or move the fragments into it");
}
