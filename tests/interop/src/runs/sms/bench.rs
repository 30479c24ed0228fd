//! What submits cost: messages taken a second, the times of their responses and the CPU of the server, of a node and of others.
//!
//! Each system is one row; rows alternate over the rounds, and medians are given, since the machine is never the same twice.

use super::{ACCOUNT, PREFIX, SOON};
use crate::error::{Result, RunError, ensure, io};
use crate::flows::program::Program;
use crate::flows::stage::wait_for_listener;
use crate::runs::charging::{cpu, fresh};
use crate::runs::compared::{Choice, Compared};
use crate::sms::ground::{ABROAD, Ground, PASSWORD};
use crate::sms::http::{Client, Sink};
use crate::sms::kannel::{Config, Order};
use crate::sms::load::{self, Load, Until};
use crate::sms::smsc::{Script, Smsc};
use serde::Serialize;
use serde_json::json;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Of one measurement.
    pub time: Duration,
    /// Measurements of each system.
    pub rounds: usize,
}

/// One measurement.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Measured {
    rate: f64,
    p50: f64,
    p99: f64,
    /// CPU of the server in microseconds for each message.
    cpu: f64,
}

/// Measures a system once, in this directory.
type Measure<'a> = Box<dyn Fn(&Path) -> Result<Measured> + 'a>;

/// A system and how it is measured once.
struct Row<'a> {
    /// By which `cargo xtask bench all` knows it.
    id: &'static str,
    name: &'static str,
    measure: Measure<'a>,
}

/// Network of the benchmark.
const HOST: u8 = 58;
/// The first of Kannel's ports.
const KANNEL: u16 = 26_500;
/// A group of commits closes as soon as the sync before it has returned.
const AT_ONCE: &str = "[store]\ngroup_delay = \"0s\"\n";
/// How many at once ask Kannel.
const CLIENTS: usize = 20;

/// Measures the chosen systems. `smpp34` starts its server at an address.
///
/// # Errors
/// When one does not do its work.
pub fn compare(
    size: Size,
    choice: &Choice,
    smpp34: &dyn Fn(SocketAddr) -> Command,
    dir: &Path,
) -> Result<Compared> {
    let mut rows = rows(size.time, smpp34);
    rows.retain(|row| choice.has(row.id));
    let mut results: Vec<Vec<Measured>> = vec![Vec::new(); rows.len()];
    for _ in 0..size.rounds {
        for (row, results) in rows.iter().zip(&mut results) {
            let dir = fresh(dir)?;
            let measured = (row.measure)(&dir);
            let named = |why: RunError| RunError::Broken(format!("{}: {why}", row.name).into());
            results.push(measured.map_err(named)?);
            fs::remove_dir_all(&dir).map_err(io("remove a directory"))?;
        }
    }
    let ids = rows.iter().map(|row| row.id.to_owned());
    let rounds = ids
        .zip(results.iter().map(|rounds| json!(rounds)))
        .collect();
    let mut table = format!(
        "{:<62} {:>10} {:>9} {:>9} {:>10}\n",
        "", "taken/s", "p50 ms", "p99 ms", "server µs"
    );
    for (row, results) in rows.iter().zip(&results) {
        let median = |of: fn(&Measured) -> f64| {
            let mut all: Vec<f64> = results.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        // Writing to a String does not fail.
        let _ = writeln!(
            table,
            "{:<62} {:>10.0} {:>9.2} {:>9.2} {:>10.1}",
            row.name,
            median(|m| m.rate),
            median(|m| m.p50),
            median(|m| m.p99),
            median(|m| m.cpu)
        );
    }
    Ok(Compared { table, rounds })
}

/// A node that keeps messages, or sends them on.
struct Ours {
    id: &'static str,
    name: &'static str,
    durability: &'static str,
    sessions: usize,
    passed: bool,
    store: &'static str,
}

impl Ours {
    const fn new(
        id: &'static str,
        name: &'static str,
        durability: &'static str,
        sessions: usize,
    ) -> Self {
        let (passed, store) = (false, "");
        Self {
            id,
            name,
            durability,
            sessions,
            passed,
            store,
        }
    }
}

/// The nodes, in the order in which they are measured.
fn ours() -> Vec<Ours> {
    let at_once = |ours| Ours {
        store: AT_ONCE,
        ..ours
    };
    let (one, four) = (
        "Strowger strict, kept, 1 session, window 50",
        "Strowger strict, kept, 4 sessions, window 50 each",
    );
    let (one_at_once, four_at_once) = (
        "the same on 1 session, store.group_delay 0",
        "the same on 4 sessions, store.group_delay 0",
    );
    let sent_on = "Strowger strict, sent on to an SMSC, 1 session, window 50";
    let (lost_one, lost_four) = (
        "Strowger none, kept, 1 session, window 50",
        "Strowger none, kept, 4 sessions, window 50 each",
    );
    vec![
        Ours::new("strict-1", one, "strict", 1),
        Ours::new("strict-4", four, "strict", 4),
        at_once(Ours::new("strict-at-once-1", one_at_once, "strict", 1)),
        at_once(Ours::new("strict-at-once-4", four_at_once, "strict", 4)),
        Ours {
            passed: true,
            ..Ours::new("strict-sent-on", sent_on, "strict", 1)
        },
        Ours::new("none-1", lost_one, "none", 1),
        Ours::new("none-4", lost_four, "none", 4),
    ]
}

fn rows<'a>(time: Duration, smpp34: &'a dyn Fn(SocketAddr) -> Command) -> Vec<Row<'a>> {
    let row = |id, name, measure: Measure<'a>| Row { id, name, measure };
    let theirs = |id, name, sessions| {
        let measure = move |dir: &Path| other(dir, time, smpp34, sessions);
        row(id, name, Box::new(measure))
    };
    let mut rows: Vec<Row<'a>> = Vec::new();
    for ours in ours() {
        let (id, name) = (ours.id, ours.name);
        rows.push(row(id, name, Box::new(move |dir| node(dir, time, &ours))));
    }
    rows.extend([
        theirs(
            "smpp34-1",
            "smpp34's server, nothing kept, 1 session, window 50",
            1,
        ),
        theirs(
            "smpp34-4",
            "smpp34's server, nothing kept, 4 sessions, window 50 each",
            4,
        ),
        row(
            "kannel",
            "Kannel's HTTP, store of files, sent on, 20 connections",
            Box::new(move |dir| kannel(dir, time)),
        ),
        row(
            "ceiling",
            "the generator's own SMSC, nothing kept: its ceiling",
            Box::new(move |_| ceiling(time)),
        ),
    ]);
    rows
}

fn at(last: u8) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(127, 0, HOST, last), 2775))
}

/// What it says at a fixed window of 50.
fn generated(load: &Load, time: Duration, pid: u32) -> Result<Measured> {
    load::run(load, Until::Over(Duration::from_millis(500)))?.expect_good()?;
    let before = cpu(pid)?;
    let figures = load::run(load, Until::Over(time))?.expect_good()?;
    let used = cpu(pid)?.saturating_sub(before);
    Ok(Measured {
        rate: figures.rate(),
        p50: figures.quantile(0.5).as_secs_f64() * 1e3,
        p99: figures.quantile(0.99).as_secs_f64() * 1e3,
        cpu: used.as_secs_f64() * 1e6 / figures.good().max(1) as f64,
    })
}

/// A node, for messages that stay with it since nobody is bound, or that it sends on.
fn node(dir: &Path, time: Duration, ours: &Ours) -> Result<Measured> {
    let Ours {
        durability,
        sessions,
        passed,
        store,
        ..
    } = *ours;
    let script = Script {
        keeps: false,
        ..Script::default()
    };
    let smsc = passed.then(|| Smsc::start(at(2), script)).transpose()?;
    // Not killed at its end: a node that is watched says then what it has run. What stays with it is not waited for.
    let ground = Ground::new(dir, Ipv4Addr::new(127, 0, HOST, 1))?
        .node("drain_limit = \"0s\"")
        .account(ACCOUNT, PREFIX, "")
        .link("smsc", at(2), "window = 100")
        .more(&format!("[overload]\ntarget = \"0s\"\n{store}"));
    let mut node = ground.start_as("node", durability)?;
    if let Some(smsc) = &smsc {
        smsc.wait_bound(1, SOON)?;
    }
    let mut load = Load::new(
        ground.at(false),
        ACCOUNT,
        PASSWORD,
        &format!("{ABROAD}00000001"),
    );
    load.sessions = sessions;
    let measured = generated(&load, time, node.pid())?;
    node.terminate(SOON)?;
    Ok(measured)
}

/// The server of the crate `smpp34`, which takes every message and keeps none.
fn other(
    dir: &Path,
    time: Duration,
    smpp34: &dyn Fn(SocketAddr) -> Command,
    sessions: usize,
) -> Result<Measured> {
    let program = Program::start("smpp34", &mut smpp34(at(3)), dir)?;
    wait_for_listener(at(3), "tcp")?;
    let mut load = Load::new(at(3), ACCOUNT, PASSWORD, &format!("{ABROAD}00000001"));
    (load.sessions, load.abrupt) = (sessions, true);
    generated(&load, time, program.pid())
}

/// The scripted SMSC, on a thread beside the generator.
fn ceiling(time: Duration) -> Result<Measured> {
    let _smsc = Smsc::start(
        at(4),
        Script {
            keeps: false,
            ..Script::default()
        },
    )?;
    let load = Load::new(at(4), ACCOUNT, PASSWORD, &format!("{ABROAD}00000001"));
    let mut measured = generated(&load, time, std::process::id())?;
    // Of both together, which is not what the others tell.
    measured.cpu = f64::NAN;
    Ok(measured)
}

/// Kannel, asked by HTTP.
fn kannel(dir: &Path, time: Duration) -> Result<Measured> {
    let smsc = Smsc::start(
        at(5),
        Script {
            keeps: false,
            ..Script::default()
        },
    )?;
    let sink = Sink::start(SocketAddr::from((Ipv4Addr::new(127, 0, HOST, 6), 0)))?;
    let config = Config {
        dir: dir.to_path_buf(),
        smsc: smsc.at(),
        system_id: ACCOUNT.to_owned(),
        password: PASSWORD.to_owned(),
        port: KANNEL,
        authority: None,
        sink: sink.at(),
    };
    let kannel = config.start()?;
    kannel.wait_online()?;
    let used = || {
        kannel
            .pids()
            .iter()
            .map(|pid| cpu(*pid))
            .sum::<Result<Duration>>()
    };
    asked(kannel.ingress(), Duration::from_millis(500))?;
    let before = used()?;
    let (mut times, took) = asked(kannel.ingress(), time)?;
    let spent = used()?.saturating_sub(before);
    kannel.stop()?;
    times.sort_unstable();
    let quantile = |share: f64| {
        let at = (times.len().saturating_sub(1) as f64 * share) as usize;
        times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    ensure(!times.is_empty(), || "Kannel took nothing".to_owned())?;
    Ok(Measured {
        rate: times.len() as f64 / took.as_secs_f64(),
        p50: quantile(0.5),
        p99: quantile(0.99),
        cpu: spent.as_secs_f64() * 1e6 / times.len() as f64,
    })
}

/// Asks it over [`CLIENTS`] connections, one request at a time on each; the times of the answers.
fn asked(ingress: SocketAddr, time: Duration) -> Result<(Vec<Duration>, Duration)> {
    let (times, stop) = (
        Arc::new(Mutex::new(Vec::new())),
        Arc::new(AtomicBool::new(false)),
    );
    let text = "x".repeat(140);
    let to = format!("{ABROAD}00000001");
    let path = Order {
        from: "12345",
        to: &to,
        text: &text,
        ucs2: false,
        receipts: None,
    }
    .path();
    let began = Instant::now();
    let threads: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (times, stop, path) = (Arc::clone(&times), Arc::clone(&stop), path.clone());
            std::thread::spawn(move || -> Result {
                let mut client = Client::connect(ingress)?;
                let mut own = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    let answer = client.get(&path)?;
                    ensure(answer.status == 202, || format!("{answer:?}"))?;
                    own.push(asked.elapsed());
                }
                times
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(own);
                Ok(())
            })
        })
        .collect();
    while began.elapsed() < time {
        crate::node::pause();
    }
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        let ended = thread.join();
        ended.map_err(|_| RunError::Broken("a client panicked".into()))??;
    }
    let took = began.elapsed();
    let times = std::mem::take(&mut *times.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((times, took))
}
