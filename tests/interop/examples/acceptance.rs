//! The runs in full size: `cargo xtask acceptance [NAME ...]`, all by default. Prints a line per run as it ends.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use strowger_interop::Result;
use strowger_interop::runs::Transport::{self, Tcp, Udp};
use strowger_interop::runs::disaster::{Disaster, disaster};
use strowger_interop::runs::forks;
use strowger_interop::runs::kill::{self, Kill};
use strowger_interop::runs::load::{self, Load};
use strowger_interop::runs::registrations::{self, Registrations};

type Run = fn(&Path) -> Result<String>;

const RUNS: &[(&str, Run)] = &[
    ("uas-udp", |dir| load::uas(full(51), Udp, dir)),
    ("uas-tcp", |dir| load::uas(full(52), Tcp, dir)),
    ("b2bua-udp", |dir| load::b2bua(full(53), Udp, dir)),
    ("b2bua-tcp", |dir| load::b2bua(full(54), Tcp, dir)),
    ("established-udp", |dir| {
        kill::established(1000, &killed(55, Udp), dir)
    }),
    ("established-tcp", |dir| {
        kill::established(1000, &killed(56, Tcp), dir)
    }),
    ("overdue", |dir| kill::overdue(&killed(57, Udp), dir)),
    ("random-udp", |dir| {
        kill::random(20, 100, seed(), &killed(58, Udp), dir)
    }),
    ("random-tcp", |dir| {
        kill::random(20, 100, seed(), &killed(59, Tcp), dir)
    }),
    ("powercut-udp", |dir| {
        kill::random(20, 100, seed(), &cut(60, Udp), dir)
    }),
    ("powercut-tcp", |dir| {
        kill::random(20, 100, seed(), &cut(61, Tcp), dir)
    }),
    ("registrations", |dir| {
        let size = Registrations {
            users: 10_000,
            rate: 500,
            rounds: 2,
            host: 43,
        };
        registrations::refreshed(size, dir)
    }),
    ("disaster", |dir| {
        let size = Disaster {
            quiet: 800,
            held: 100,
            offering: 100,
            ringing: 100,
            users: 10_000,
            watchers: 500,
            rate: 500,
            down: Duration::from_secs(10),
            host: 45,
        };
        disaster(size, dir)
    }),
    ("forks", |dir| {
        let load = Load {
            rate: 100,
            ..full(47)
        };
        forks::cancelled_losers(load, dir)
    }),
];

fn full(host: u8) -> Load {
    Load {
        rate: 200,
        seconds: 60,
        hold_ms: 3000,
        host,
    }
}

fn killed(host: u8, transport: Transport) -> Kill {
    Kill {
        transport,
        host,
        powercut: false,
    }
}

fn cut(host: u8, transport: Transport) -> Kill {
    Kill {
        powercut: true,
        ..killed(host, transport)
    }
}

/// Another seed in every run; it is printed, and STROWGER_SEED repeats it.
fn seed() -> u64 {
    let given = std::env::var("STROWGER_SEED")
        .ok()
        .and_then(|s| s.parse().ok());
    given.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |d| d.as_secs())
    })
}

#[expect(clippy::print_stdout, reason = "a program that prints figures")]
fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let mut failed = 0;
    for (name, run) in RUNS {
        if !wanted.is_empty() && !wanted.iter().any(|w| w == name) {
            continue;
        }
        let begun = std::time::Instant::now();
        let result = tempfile::tempdir()
            .map_err(|e| e.to_string())
            .and_then(|dir| run(dir.path()).map_err(|e| e.to_string()));
        let took = begun.elapsed().as_secs();
        match result {
            Ok(figures) => println!("{name:16} {took:4} s  ok      {figures}"),
            Err(problem) => {
                failed += 1;
                println!("{name:16} {took:4} s  FAILED  {problem}");
            }
        }
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
