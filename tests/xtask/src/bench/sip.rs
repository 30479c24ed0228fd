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
use crate::packages;
use crate::print::say;
use crate::shell::target;
use crate::tools::{KAMAILIO, KAMAILIO_TLS, OPENSSL, SIPP, STUNNEL, ensure_peers};

/// The ramp: first and highest rate; its growth in per cent, and seconds at each.
const RAMP: (u32, u32) = (1_000, 20_000);
const SIPPY_RAMP: (u32, u32) = (20, 1_000);
const RAMP_GROWTH: u32 = 125;
const RAMP_SECONDS: u32 = 5;
const SHARE_OF_MAXIMUM: u32 = 70;

/// Runs the comparison, prints the tables, leaves `target/bench/sip.json`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some(options) = Options::read(args)? else {
        say(HELP);
        return Ok(());
    };
    if !options.installed {
        ensure_peers(&[SIPP, KAMAILIO])?;
        if options.wire == Wire::Tls {
            ensure_peers(&[STUNNEL, KAMAILIO_TLS, OPENSSL])?;
        }
        if options.systems.iter().any(System::is_sippy) {
            packages::ensure_python()?;
        }
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
        None if options.systems.iter().any(System::is_ours) => build_node(),
        None => Ok(PathBuf::new()),
    }
}

/// The systems that start here. One that does not is left out of this run, with its reason.
fn usable(options: &Options, binary: &Path) -> Result<Vec<System>> {
    let mut usable = Vec::new();
    for system in &options.systems {
        if !system.speaks(options.wire) {
            let wire = options.wire.name();
            say(&format!("left out: {}: no {wire}", system.name));
            continue;
        }
        if let Some(missing) = system.missing() {
            say(&format!("left out: {}: {missing}", system.name));
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
    let (sippy, others): (Vec<System>, Vec<System>) =
        systems.iter().cloned().partition(System::is_sippy);
    let share = |maximum: u32| maximum * SHARE_OF_MAXIMUM / 100;
    let mut rows = Vec::new();
    for rate in &options.rates {
        let (at, systems) = match *rate {
            Rate::Fixed(rate) => (rate, others.clone()),
            Rate::Max => {
                let servers: Vec<System> =
                    others.iter().filter(|o| !o.is_copy()).cloned().collect();
                let found = slowest_maximum(&servers, RAMP, options.wire, binary)?;
                (share(found), others.clone())
            }
            Rate::Sippy(_) if sippy.is_empty() => continue,
            Rate::Sippy(fixed) => {
                let ramp = || slowest_maximum(&sippy, SIPPY_RAMP, options.wire, binary);
                let beside = others.iter().filter(|o| o.is_ours() || o.is_copy());
                let rate = fixed.map_or_else(|| ramp().map(share), Ok)?;
                (rate, sippy.iter().chain(beside).cloned().collect())
            }
        };
        if at == 0 {
            say("left out: 70 % of the maximum: no rate was clean");
            continue;
        }
        rows.extend(alternate(&systems, at, rate.name(), options, binary)?);
    }
    Ok(rows)
}

/// All rounds of these systems at one rate.
fn alternate(
    systems: &[System],
    rate: u32,
    called: &'static str,
    options: &Options,
    binary: &Path,
) -> Result<Vec<Row>> {
    let plan = Plan {
        rate,
        seconds: options.seconds,
        settle: options.settle,
        wire: options.wire,
    };
    let mut rows: Vec<Row> = systems
        .iter()
        .map(|system| Row {
            system: system.clone(),
            rate,
            called,
            rounds: Vec::new(),
        })
        .collect();
    for number in 0..options.rounds as usize {
        for turn in 0..rows.len() {
            // Each round begins with another system, so that none always follows the same neighbour.
            let which = (number + turn) % systems.len();
            let round = round_again(&systems[which], binary, plan)?;
            rows[which].rounds.push(round);
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
fn slowest_maximum(
    systems: &[System],
    (first, last): (u32, u32),
    wire: Wire,
    binary: &Path,
) -> Result<u32> {
    let mut slowest = last;
    for system in systems {
        let mut clean = 0;
        let mut rate = first;
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
