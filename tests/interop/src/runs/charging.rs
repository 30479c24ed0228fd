//! What charging costs: CCRs a second, their times and the CPU of both ends, of a node and of others; and what sessions cost.
//!
//! Each system is one row; rows alternate over the rounds, and medians are given, since the machine is never the same twice.

use super::compared::{Choice, Compared};
use crate::diameter::freediameter::FreeDiameter;
use crate::diameter::ground::{Ground, HOST, REALM};
use crate::diameter::load::{self, Figures, Load, Until};
use crate::error::{Result, RunError, ensure, io};
use crate::node::{CRATE_PEER, Node, pause, program};
use serde::Serialize;
use serde_json::json;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
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
    /// CPU of both ends in microseconds for each request and its answer.
    cpu: f64,
    /// Of the one that answers.
    server: f64,
}

/// A system and how it is measured once.
struct Row<'a> {
    /// By which `cargo xtask bench all` knows it.
    id: &'static str,
    name: &'static str,
    measure: Box<dyn Fn() -> Result<Measured> + 'a>,
}

/// Network of the benchmarks, and their ports for daemons that listen on all addresses.
const IP: Ipv4Addr = Ipv4Addr::new(127, 0, 57, 1);
const PORT: u16 = 23_450;
const SOON: Duration = Duration::from_secs(60);

/// Measures the chosen systems.
///
/// # Errors
/// When one does not do its work.
pub fn compare(size: Size, choice: &Choice, dir: &Path) -> Result<Compared> {
    let mut rows = rows(size, dir);
    rows.retain(|row| choice.has(row.id));
    let mut results: Vec<Vec<Measured>> = vec![Vec::new(); rows.len()];
    for _ in 0..size.rounds {
        for (row, results) in rows.iter().zip(&mut results) {
            results.push((row.measure)()?);
        }
    }
    let ids = rows.iter().map(|row| row.id.to_owned());
    let rounds = ids
        .zip(results.iter().map(|rounds| json!(rounds)))
        .collect();
    let mut table = format!(
        "{:<58} {:>10} {:>9} {:>9} {:>10} {:>10}\n",
        "", "answers/s", "p50 ms", "p99 ms", "CPU µs", "server µs"
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
            "{:<58} {:>10.0} {:>9.2} {:>9.2} {:>10.1} {:>10.1}",
            row.name,
            median(|m| m.rate),
            median(|m| m.p50),
            median(|m| m.p99),
            median(|m| m.cpu),
            median(|m| m.server)
        );
    }
    Ok(Compared { table, rounds })
}

fn rows<'a>(size: Size, dir: &'a Path) -> Vec<Row<'a>> {
    let time = size.time;
    let row = |id, name, measure: Box<dyn Fn() -> Result<Measured> + 'a>| Row { id, name, measure };
    vec![
        row(
            "strowger-1",
            "generator to Strowger, 1 connection, window 100",
            Box::new(move || generated(dir, time, 1, 100)),
        ),
        row(
            "strowger-4",
            "generator to Strowger, 4 connections, window 25 each",
            Box::new(move || generated(dir, time, 4, 25)),
        ),
        row(
            "freediameter",
            "generator to freeDiameter, 1 connection, window 100",
            Box::new(move || to_daemon(dir, time)),
        ),
        row(
            "strowger-both",
            "Strowger to Strowger, 1 connection, window 100",
            Box::new(move || ordered(dir, time, false)),
        ),
        row(
            "freediameter-both",
            "freeDiameter to freeDiameter, 1 connection, window 100",
            Box::new(move || daemons(dir, time)),
        ),
        row(
            "freediameter-of-strowger",
            "Strowger to freeDiameter, 1 connection, window 100",
            Box::new(move || ordered(dir, time, true)),
        ),
        row(
            "crate-1",
            "crate diameter to itself, 1 connection, window 100",
            Box::new(move || of_the_crate(time, 1, 100)),
        ),
        row(
            "crate-4",
            "crate diameter to itself, 4 connections, window 25 each",
            Box::new(move || of_the_crate(time, 4, 25)),
        ),
    ]
}

fn measured(figures: &Figures, server: Duration) -> Measured {
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / figures.answers.max(1) as f64;
    Measured {
        rate: figures.rate(),
        p50: figures.quantile(0.5).as_secs_f64() * 1e3,
        p99: figures.quantile(0.99).as_secs_f64() * 1e3,
        cpu: each(figures.cpu + server),
        server: each(server),
    }
}

/// Our own generator before a node.
fn generated(dir: &Path, time: Duration, connections: usize, window: usize) -> Result<Measured> {
    let dir = fresh(dir)?;
    let ground = Ground::new(&dir, IP)?.set(ROOMY);
    let node = ground.start()?;
    let load = Load {
        to: ground.at(false),
        realm: REALM,
        connections,
        window,
        kind: 4,
        rate: None,
    };
    warm(load)?;
    let before = cpu(node.pid())?;
    let figures = load::run(load, Until::Over(time))?;
    Ok(measured(&figures, cpu(node.pid())? - before))
}

/// The generator before freeDiameter.
fn to_daemon(dir: &Path, time: Duration) -> Result<Measured> {
    let dir = fresh(dir)?;
    let authority = crate::diameter::authority::Authority::new(&dir)?;
    let daemon = FreeDiameter::new(&dir, &authority, "ocs.fd.example", "fd.example", PORT);
    let daemon = daemon.admits("hand.example")?.charges("")?.start()?;
    let load = Load {
        to: SocketAddr::from((IP, PORT)),
        realm: "fd.example",
        connections: 1,
        window: 100,
        kind: 4,
        rate: None,
    };
    let before = cpu(daemon.pid())?;
    let figures = load::run(load, Until::Over(time))?;
    let used = cpu(daemon.pid())? - before;
    daemon.stop()?;
    Ok(measured(&figures, used))
}

/// A node before another one, or before freeDiameter. Times are those that its service sees, from the turn in which a request
/// is made to the turn in which its answer is delivered.
fn ordered(dir: &Path, time: Duration, daemon: bool) -> Result<Measured> {
    let dir = fresh(dir)?;
    let there = SocketAddr::from((
        Ipv4Addr::new(127, 0, 57, 2),
        if daemon { PORT } else { 3868 },
    ));
    let ground = Ground::new(&dir, IP)?
        .set(ROOMY)
        .peer("ocs", "ocs.fd.example", Some(there), false)
        .realm("fd.example", &["ocs"], "");
    let mut served_by_node = None;
    let mut served_by_daemon = None;
    let pid = if daemon {
        let fd = FreeDiameter::new(
            &dir,
            &ground.authority,
            "ocs.fd.example",
            "fd.example",
            PORT,
        );
        let fd = fd.admits("labs.example")?.charges("")?.start()?;
        let pid = fd.pid();
        served_by_daemon = Some(fd);
        pid
    } else {
        let folder = dir.join("other");
        fs::create_dir_all(&folder).map_err(io("make a directory"))?;
        let other = Ground::new(&folder, Ipv4Addr::new(127, 0, 57, 2))?
            .called("ocs.fd.example")
            .of("fd.example")
            .set(ROOMY)
            .peer("client", HOST, None, false);
        let other = other.start()?;
        let pid = other.pid();
        served_by_node = Some(other);
        pid
    };
    let node = ground.start()?;
    let mut driver = ground.driver()?;
    driver.order_once_up("event 1000 100 fd.example", SOON)?;
    // As many as fill the time, by a first measurement.
    let began = Instant::now();
    driver.order("event 20000 100 fd.example", SOON)?;
    let rate = 20_000.0 / began.elapsed().as_secs_f64();
    let count = (rate * time.as_secs_f64()) as u64;
    let before = (cpu(node.pid())?, cpu(pid)?);
    let began = Instant::now();
    let said = driver.order(&format!("event {count} 100 fd.example"), SOON)?;
    let took = began.elapsed();
    let used = (cpu(node.pid())? - before.0, cpu(pid)? - before.1);
    let time = |name| told(&said, name).map(|micros| micros / 1e3);
    let (p50, p99) = (time("p50")?, time("p99")?);
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / count as f64;
    let rate = count as f64 / took.as_secs_f64();
    if let Some(daemon) = served_by_daemon {
        daemon.stop()?;
    }
    drop(served_by_node);
    Ok(Measured {
        rate,
        p50,
        p99,
        cpu: each(used.0 + used.1),
        server: each(used.1),
    })
}

/// The number after a word.
fn told(said: &str, word: &str) -> Result<f64> {
    let words: Vec<&str> = said.split([' ', ',']).collect();
    let at = words.iter().position(|w| *w == word);
    let number = at.and_then(|at| words.get(at + 1)?.parse().ok());
    number.ok_or_else(|| RunError::Broken(format!("no {word} in {said}").into()))
}

/// The client and the server of the crate `diameter`, each in a process.
fn of_the_crate(time: Duration, connections: usize, window: usize) -> Result<Measured> {
    let at = SocketAddr::from((IP, PORT)).to_string();
    let peer = || program(CRATE_PEER).map(Command::new);
    let mut server = peer()?;
    let server = server.args(["server", &at]).stdout(Stdio::piped());
    let mut server = Server(server.spawn().map_err(io("start a server"))?);
    let mut line = String::new();
    let out = server.0.stdout.take();
    let out = out.ok_or_else(|| RunError::Broken("the server has no output".into()))?;
    let heard = BufReader::new(out).read_line(&mut line);
    heard.map_err(io("hear of a server"))?;
    ensure(line == "ready\n", || "the server is not ready".to_owned())?;
    let before = cpu(server.0.id())?;
    let (connections, window) = (connections.to_string(), window.to_string());
    let millis = time.as_millis().to_string();
    let mut client = peer()?;
    let client = client.args(["client", &at, &connections, &window, &millis]);
    let client = client.output().map_err(io("run a client"))?;
    let used = cpu(server.0.id())? - before;
    let said = String::from_utf8_lossy(&client.stdout).trim().to_owned();
    let told = |word| told(&said, word);
    let answers = told("answers")?;
    let server = used.as_secs_f64() * 1e6 / answers;
    Ok(Measured {
        rate: answers / told("seconds")?,
        p50: told("p50")? / 1e3,
        p99: told("p99")? / 1e3,
        cpu: told("cpu")? / answers + server,
        server,
    })
}

/// Killed when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// freeDiameter before another one.
fn daemons(dir: &Path, time: Duration) -> Result<Measured> {
    let dir = fresh(dir)?;
    let authority = crate::diameter::authority::Authority::new(&dir)?;
    let server = FreeDiameter::new(&dir, &authority, "ocs.fd.example", "fd.example", PORT);
    let mut server = server.admits("load.example")?.charges("")?.start()?;
    let seconds = u32::try_from(time.as_secs().max(1)).unwrap_or(1);
    let client = FreeDiameter::new(
        &dir,
        &authority,
        "client.load.example",
        "load.example",
        PORT + 1,
    )
    .loads("fd.example", 100, seconds)?
    .connects("ocs.fd.example", SocketAddr::from((IP, PORT)), false);
    let mut client = client.start()?;
    server.wait_open("client.load.example", 1)?;
    client.wait_open("ocs.fd.example", 1)?;
    let before = (cpu(client.pid())?, cpu(server.pid())?);
    let answers = client.load(time + SOON)?;
    let used = (cpu(client.pid())? - before.0, cpu(server.pid())? - before.1);
    let (took, p50, p99) = client.load_times()?;
    client.stop()?;
    server.stop()?;
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / answers.max(1) as f64;
    Ok(Measured {
        rate: answers as f64 / took,
        p50: p50 / 1e3,
        p99: p99 / 1e3,
        cpu: each(used.0 + used.1),
        server: each(used.1),
    })
}

/// Room for what a benchmark sends.
const ROOMY: &str = "limits.sessions = 2000000";

/// A load before the one that is measured.
fn warm(load: Load) -> Result {
    load::run(load, Until::Over(Duration::from_millis(500))).map(drop)
}

/// A directory that nothing was in.
pub(super) fn fresh(dir: &Path) -> Result<std::path::PathBuf> {
    let made = tempfile::tempdir_in(dir).map_err(io("make a directory"))?;
    Ok(made.keep())
}

/// CPU time of a process, of user and system.
pub(super) fn cpu(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).map_err(io("read CPU time"))?;
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let fields: Vec<u64> = fields
        .skip(11)
        .take(2)
        .filter_map(|f| f.parse().ok())
        .collect();
    ensure(fields.len() == 2, || format!("no CPU time in {stat}"))?;
    // Linux counts in hundredths of a second, whatever the kernel's own tick is.
    Ok(Duration::from_millis(10 * (fields[0] + fields[1])))
}

/// The part of what sessions took that may stay when they are gone: one in so many.
const KEPT: u64 = 8;
/// When that must be so.
const RETURNED_WITHIN: Duration = Duration::from_secs(20);

/// Opens `count` sessions and leaves them alone: what each costs, and that all end when their time is over and the memory
/// comes back.
///
/// # Errors
/// When one costs more than `limit` bytes or stays.
pub fn sessions(count: u64, limit: u64, dir: &Path) -> Result<String> {
    let dir = fresh(dir)?;
    // Long enough to open them all at the slowest rate that is worth a benchmark.
    let lasting = Duration::from_secs(20 + count / 10_000);
    let ground = Ground::new(&dir, IP)?
        .set(ROOMY)
        .set(&format!("timers.session = \"{}s\"", lasting.as_secs()));
    let node = ground.start()?;
    let load = Load {
        to: ground.at(false),
        realm: REALM,
        connections: 1,
        window: 100,
        kind: 1,
        rate: None,
    };
    // The same again first, small: what any load costs is not what sessions cost.
    load::run(Load { kind: 4, ..load }, Until::Answered(100_000))?;
    let before = node.resident_kib()?;
    let opened = load::run(load, Until::Answered(count))?;
    let held = node.resident_kib()?;
    let open = activities(&node)?;
    ensure(open >= count, || {
        format!("{open} activities of {count} are open")
    })?;
    let each = held.saturating_sub(before) * 1024 / count;
    let began = Instant::now();
    let deadline = lasting * 2 + SOON;
    while activities(&node)? > 0 {
        ensure(began.elapsed() < deadline, || {
            format!("sessions are left after {deadline:?}")
        })?;
        pause();
    }
    let ended = began.elapsed();
    let taken = held.saturating_sub(before);
    let mut after = node.resident_kib()?;
    while after > before + taken / KEPT && began.elapsed() < ended + RETURNED_WITHIN {
        pause();
        after = node.resident_kib()?;
    }
    ensure(each <= limit, || {
        format!("{each} bytes a session, more than {limit}")
    })?;
    ensure(after <= before + taken / KEPT, || {
        format!("of {before} KiB before and {held} with sessions {after} are left without them")
    })?;
    Ok(format!(
        "{count} sessions opened at {:.0}/s: {before} KiB before, {held} KiB with them, {each} bytes each; \
         all ended {:.1} s after the last was opened, {after} KiB {:.1} s later",
        opened.rate(),
        ended.as_secs_f64(),
        (began.elapsed() - ended).as_secs_f64()
    ))
}

/// Events at half of the rate that the node can bear, for `time`: its memory stays what it is, and nothing is left.
///
/// # Errors
/// What did not hold.
pub fn steady(time: Duration, dir: &Path) -> Result<String> {
    let dir = fresh(dir)?;
    let ground = Ground::new(&dir, IP)?.set(ROOMY);
    let node = ground.start()?;
    let load = Load {
        to: ground.at(false),
        realm: REALM,
        connections: 4,
        window: 25,
        kind: 4,
        rate: None,
    };
    warm(load)?;
    let most = load::run(load, Until::Over(Duration::from_secs(3)))?.rate();
    let load = Load {
        rate: Some(most / 2.0),
        ..load
    };
    let before = cpu(node.pid())?;
    let mut resident = Vec::new();
    let figures = std::thread::scope(|scope| -> Result<Figures> {
        let running = scope.spawn(move || load::run(load, Until::Over(time)));
        while !running.is_finished() {
            resident.push(node.resident_kib()?);
            pause();
        }
        let figures = running.join();
        figures.map_err(|_| RunError::Broken("the generator panicked".into()))?
    })?;
    let each = (cpu(node.pid())? - before).as_secs_f64() * 1e6 / figures.answers.max(1) as f64;
    // What there is to fill is full after a quarter of the time.
    let part = resident.len() / 4;
    let most_of = |from: usize, to: usize| resident[from..to].iter().max().copied().unwrap_or(0);
    let (early, late) = (most_of(part, 2 * part), most_of(2 * part, resident.len()));
    ensure(late * 100 <= early * (100 + GROWTH), || {
        format!("memory grew from {early} to {late} KiB in the second half")
    })?;
    crate::runs::expect_empty(&node, SOON)?;
    ground.expect_no_complaint("node")?;
    Ok(format!(
        "{} events at {:.0}/s, half of {most:.0}, in {:.0} s: p50 {:.2} ms, p99 {:.2} ms, {each:.1} µs CPU each; \
         at most {early} KiB in the second quarter of the time and {late} in the second half; nothing left",
        figures.answers,
        figures.rate(),
        time.as_secs_f64(),
        figures.quantile(0.5).as_secs_f64() * 1e3,
        figures.quantile(0.99).as_secs_f64() * 1e3,
    ))
}

/// How much memory may grow in the second half of a steady load, in per cent.
const GROWTH: u64 = 5;

fn activities(node: &Node) -> Result<u64> {
    let status = node.status()?;
    let count = status["counts"]["activities"].as_u64();
    count.ok_or_else(|| RunError::Status(status.to_string().into()))
}
