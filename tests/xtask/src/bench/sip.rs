//! `cargo xtask bench sip`: CPU time per call of the node beside Kamailio and SIPp, all in one run on one machine.
//!
//! Equal rates, alternation and medians take out what the machine does meanwhile; what is left on a shared machine is
//! still a few per cent. A round with a failed call or a retransmission is run once more; where that is not clean
//! either, the row is marked and does not count.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::bench::example::build_node;
use crate::bench::load::{Plan, Round, round};
use crate::bench::machine::cores;
use crate::bench::options::{HELP, Options, Rate};
use crate::bench::report::{Row, print, write};
use crate::bench::system::{Role, System};
use crate::bench::wire::Wire;
use crate::error::{Error, Result, at};
use crate::print::say;
use crate::shell::target;
use crate::tools::{KAMAILIO, KAMAILIO_TLS, OPENSSL, SIPP, STUNNEL, ensure_peers};

/// The ramp: first rate, growth in per cent, highest rate, seconds at each.
const RAMP_FIRST: u32 = 1_000;
const RAMP_GROWTH: u32 = 125;
const RAMP_LAST: u32 = 20_000;
const RAMP_SECONDS: u32 = 5;
const SHARE_OF_MAXIMUM: u32 = 70;

/// Runs the comparison, prints the tables, leaves `target/bench/sip.json`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some(options) = Options::read(args)? else {
        say(HELP);
        return Ok(());
    };
    ensure_peers(&[SIPP, KAMAILIO])?;
    if options.wire == Wire::Tls {
        ensure_peers(&[STUNNEL, KAMAILIO_TLS, OPENSSL])?;
    }
    let binary = prepare(&options)?;
    let systems = usable(&options, &binary)?;
    let mut rows = Vec::new();
    for role in [Role::Answer, Role::Pass] {
        let of: Vec<System> = systems
            .iter()
            .filter(|system| system.role == role)
            .cloned()
            .collect();
        if !of.is_empty() {
            rows.extend(measure(&of, &options, &binary)?);
        }
    }
    print(&rows);
    let settings = json!({
        "transport": options.wire.name(),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "settle_seconds": options.settle.as_secs(),
        "cores": cores(),
    });
    say(&format!(
        "\nall rounds: {}",
        write(&rows, &settings)?.display()
    ));
    Ok(())
}

/// The node's binary: the given one, else built, unless none of ours is asked for.
fn prepare(options: &Options) -> Result<PathBuf> {
    match &options.binary {
        // It is started in a folder of its own.
        Some(binary) => std::fs::canonicalize(binary).map_err(at("find", binary)),
        None if options.systems.iter().any(System::is_ours) => {
            say("building strowger with optimisations");
            build_node()
        }
        None => Ok(PathBuf::new()),
    }
}

/// The systems that start here. One that does not is left out of this run, with its reason.
fn usable(options: &Options, binary: &Path) -> Result<Vec<System>> {
    let mut usable = Vec::new();
    for system in &options.systems {
        if !system.speaks(options.wire) {
            say(&format!("left out: {}: no TLS", system.name));
            continue;
        }
        match system.start(binary, &home(system), options.wire) {
            Ok(started) => {
                started.running.stop(Duration::from_secs(60))?;
                usable.push(system.clone());
            }
            Err(
                error @ (Error::EndedEarly { .. } | Error::NotReady { .. } | Error::Start { .. }),
            ) => {
                say(&format!("left out: {}: {error}", system.name));
            }
            Err(other) => return Err(other),
        }
    }
    if usable.is_empty() {
        return Err(Error::NothingToMeasure {
            why: "none of the systems starts".to_owned(),
        });
    }
    Ok(usable)
}

/// All rates and rounds of the systems of one role.
fn measure(systems: &[System], options: &Options, binary: &Path) -> Result<Vec<Row>> {
    let mut rates = Vec::new();
    for rate in &options.rates {
        match rate {
            Rate::Fixed(rate) => rates.push(*rate),
            Rate::Max => {
                rates.push(slowest_maximum(systems, options.wire, binary)? * SHARE_OF_MAXIMUM / 100)
            }
        }
    }
    let mut rows: Vec<Row> = Vec::new();
    for rate in rates {
        let plan = Plan {
            rate,
            seconds: options.seconds,
            settle: options.settle,
            wire: options.wire,
        };
        let first = rows.len();
        rows.extend(systems.iter().map(|system| Row {
            system: system.clone(),
            rate,
            rounds: Vec::new(),
        }));
        for number in 0..options.rounds as usize {
            for turn in 0..systems.len() {
                // Each round begins with another system, so that none always follows the same neighbour.
                let which = (number + turn) % systems.len();
                let round = round_again(&systems[which], binary, plan)?;
                rows[first + which].rounds.push(round);
            }
        }
    }
    Ok(rows)
}

/// A round; once more when it was not clean, because a shared machine stumbles now and then. The second one counts.
fn round_again(system: &System, binary: &Path, plan: Plan) -> Result<Round> {
    let first = round(system, binary, plan, &home(system))?;
    tell(system, plan.rate, &first);
    if first.clean() {
        return Ok(first);
    }
    let second = round(system, binary, plan, &home(system))?;
    tell(system, plan.rate, &second);
    Ok(second)
}

/// The highest clean rate of the slowest system.
fn slowest_maximum(systems: &[System], wire: Wire, binary: &Path) -> Result<u32> {
    let mut slowest = RAMP_LAST;
    for system in systems {
        let mut clean = 0;
        let mut rate = RAMP_FIRST;
        // No system needs to be ramped beyond the slowest one found so far.
        while rate <= slowest {
            let plan = Plan {
                rate,
                seconds: RAMP_SECONDS,
                settle: Duration::ZERO,
                wire,
            };
            if !round_again(system, binary, plan)?.clean() {
                break;
            }
            clean = rate;
            rate = rate * RAMP_GROWTH / 100;
        }
        say(&format!(
            "{}: clean up to {clean} calls/s at least",
            system.name
        ));
        // A system that passed the slowest one's maximum was not ramped to its own.
        if rate <= slowest {
            slowest = clean;
        }
    }
    Ok(slowest)
}

fn tell(system: &System, rate: u32, round: &Round) {
    say(&format!(
        "  {:<15} {rate:>6}/s {:>6} us/call {:>6} failed {:>6} retransmitted",
        system.name,
        round.cpu_per_call(),
        round.failed,
        round.retransmissions,
    ));
}

fn home(system: &System) -> PathBuf {
    target().join("bench/run").join(system.name)
}
