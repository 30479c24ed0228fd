//! The runs in full size: each as large as the figures in the documentation. They take from a minute to ten.

use super::Transport::{self, Tcp, Udp};
use super::changes::{self, Changes};
use super::disaster::{Disaster, disaster};
use super::flood::{self, Flood};
use super::forks;
use super::fulldisk::{self, FullDisk};
use super::hostile::{self, Abandoned, Idle, Storm};
use super::idle::{Sleeping, idle};
use super::kill::{self, Kill};
use super::kills::{self, Kills};
use super::leaks::{self, Calls};
use super::load::{self, Load};
use super::looping::{self, Looping};
use super::million::{Million, million};
use super::overload::{self, Overload};
use super::pages::{self, Pages};
use super::panics::{self, Panics};
use super::prepaid::{self, Prepaid};
use super::records;
use super::registrations::{self, Registrations};
use super::reload::{self, Reload};
use super::schema;
use super::sms::kill::{self as sms_kill, Kill as SmsKill};
use super::sms::stops::{self, Stops};
use super::sms::waiting::{Waiting, waiting};
use super::sms::{later, overload as sms_overload, windows};
use super::tokens::{self, Tokens};
use super::versions::{self, Canary, Replaced};
use crate::error::{Result, RunError, io};
use std::path::Path;
use std::time::Duration;

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Full {
    /// By which it is run.
    pub name: &'static str,
    /// What is done to a node.
    pub what: &'static str,
    run: fn(&Path) -> Result<String>,
}

impl Full {
    const fn new(name: &'static str, what: &'static str, run: fn(&Path) -> Result<String>) -> Self {
        Self { name, what, run }
    }

    /// Runs it, in a directory of its own.
    ///
    /// # Errors
    /// What did not hold.
    pub fn run(&self) -> Result<String> {
        let dir = tempfile::tempdir().map_err(io("make a directory"))?;
        (self.run)(dir.path())
    }
}

/// Runs the one of this name.
pub(crate) fn named(name: &str) -> Result<String> {
    let full = FULL.iter().find(|full| full.name == name);
    full.ok_or_else(|| RunError::Broken(format!("no run is called {name}").into()))?
        .run()
}

/// All of them.
pub const FULL: &[Full] = &[
    Full::new(
        "uas-udp",
        "200 calls/s for 60 s to the answering service, twice",
        |dir| load::uas(full(51), Udp, dir),
    ),
    Full::new("uas-tcp", "the same over TCP", |dir| {
        load::uas(full(52), Tcp, dir)
    }),
    Full::new(
        "b2bua-udp",
        "200 calls/s for 60 s through the B2BUA, twice",
        |dir| load::b2bua(full(53), Udp, dir),
    ),
    Full::new("b2bua-tcp", "the same over TCP", |dir| {
        load::b2bua(full(54), Tcp, dir)
    }),
    Full::new(
        "established-udp",
        "1,000 calls outlive the process",
        |dir| kill::established(1000, &killed(55, Udp), dir),
    ),
    Full::new("established-tcp", "the same over TCP", |dir| {
        kill::established(1000, &killed(56, Tcp), dir)
    }),
    Full::new(
        "overdue",
        "a call whose time passes while there is no node",
        |dir| kill::overdue(&killed(57, Udp), dir),
    ),
    Full::new("random-udp", "20 kills under 100 calls/s", |dir| {
        kill::random(20, 100, seed(), &killed(58, Udp), dir)
    }),
    Full::new("random-tcp", "the same over TCP", |dir| {
        kill::random(20, 100, seed(), &killed(59, Tcp), dir)
    }),
    Full::new("powercut-udp", "20 power cuts under 100 calls/s", |dir| {
        kill::random(20, 100, seed(), &cut(60, Udp), dir)
    }),
    Full::new("powercut-tcp", "the same over TCP", |dir| {
        kill::random(20, 100, seed(), &cut(61, Tcp), dir)
    }),
    Full::new(
        "kills",
        "100 kills under 100 calls, 100 charges and 200 short messages a second in one node: nothing acknowledged is lost",
        |dir| kills::together(kills_of(100, seed()), dir),
    ),
    Full::new("records", "one record a call over 20 kills", |dir| {
        records::killed(10, 100, seed(), 62, dir)
    }),
    Full::new("registrations", "10,000 users refresh at 500/s", |dir| {
        let size = Registrations {
            users: 10_000,
            rate: 500,
            rounds: 2,
            host: 43,
        };
        registrations::refreshed(size, dir)
    }),
    Full::new(
        "reload",
        "log level, account and certificate change under 200 calls/s; a mistake changes nothing",
        |dir| reload::reloaded(reload_of(186), dir),
    ),
    Full::new("drain", "SIGTERM under 200 calls/s", |dir| {
        reload::drained(reload_of(187), dir)
    }),
    Full::new(
        "deactivation",
        "a service is deactivated while another takes 200 calls/s",
        |dir| reload::deactivated(reload_of(188), dir),
    ),
    Full::new(
        "disaster",
        "1,000 calls in every state, 10,000 registrations and 500 subscriptions outlive the process",
        |dir| {
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
        },
    ),
    Full::new(
        "forks",
        "100 calls/s to three phones, for 60 s, twice",
        |dir| {
            let load = Load {
                rate: 100,
                ..full(47)
            };
            forks::cancelled_losers(load, dir)
        },
    ),
    Full::new(
        "overload",
        "three times the rate that is clean: calls that are up go on, 80 % of that rate is taken, all is well within 5 s",
        |dir| {
            let size = Overload {
                held: 1_000,
                flood: Duration::from_secs(60),
                refused: 1_000,
                recovered_within: Duration::from_secs(5),
                measured: true,
                host: 121,
            };
            overload::tripled(size, dir)
        },
    ),
    Full::new(
        "flood",
        "a node with a tenth of a core, and ten times what it can do for 60 s: 90 % of that is done, within 200 ms each",
        |dir| {
            let size = Flood {
                stage: Duration::from_secs(10),
                times: 10,
                lasts: Duration::from_secs(60),
                host: 122,
            };
            flood::flooded(size, dir)
        },
    ),
    Full::new(
        "looping",
        "a service loops beside 200 calls/s of the B2BUA, in a call and in new work: found, left out, no other call fails",
        |dir| {
            let size = Looping {
                load: full(223),
                found: Duration::from_secs(1),
                serves: Duration::from_secs(2),
            };
            looping::left_out(size, dir)
        },
    ),
    Full::new(
        "panics",
        "a service panics on every tenth event beside 200 calls/s of the B2BUA: the slowest of a hundred is no later",
        |dir| {
            let size = Panics {
                rate: 200,
                beside: 50,
                seconds: 10,
                rounds: 10,
                most: Some(5),
                host: 221,
            };
            panics::unnoticed(size, dir)
        },
    ),
    Full::new(
        "full-disk",
        "somebody fills the disk for 30 s under 200 calls/s: new ones are refused, 1,000 that are up can end, then all is well",
        |dir| fulldisk::filled(full_disk(215), dir),
    ),
    Full::new(
        "failed-store",
        "the disk is full at once and nothing is set aside: the process is started again until there is space",
        |dir| fulldisk::failed(full_disk(216), dir),
    ),
    Full::new(
        "slow-connections",
        "1,000 connections each of TCP, TLS and WebSocket whose messages and handshakes do not end",
        |dir| hostile::slow(1_000, 122, dir),
    ),
    Full::new(
        "idle-connections",
        "10,000 idle connections over TLS",
        |dir| {
            let size = Idle {
                connections: 10_000,
                beyond: 100,
                host: 123,
            };
            hostile::idle(size, dir)
        },
    ),
    Full::new(
        "bombs",
        "14 kinds of 64 KB that are dear to read, 100 times each over UDP and TCP",
        |dir| hostile::bombs(100, 124, dir),
    ),
    Full::new(
        "abandoned",
        "1,000,000 INVITEs, each a call of its own, without ACK",
        |dir| {
            let size = Abandoned {
                invites: 1_000_000,
                dialogs: 50_000,
                t1: Duration::from_millis(500),
                growth: 10,
                host: 125,
            };
            hostile::abandoned(size, dir)
        },
    ),
    Full::new("spoofed", "100,000 forged answers to one INVITE", |dir| {
        hostile::spoofed(100_000, 126, dir)
    }),
    Full::new(
        "storm",
        "2,000 calls beside malformed datagrams, as many as the node takes",
        |dir| {
            let size = Storm {
                calls: 2_000,
                datagrams: 200_000,
                host: 184,
            };
            hostile::storm(size, dir)
        },
    ),
    Full::new("guesses", "10,000 passwords tried by REGISTER", |dir| {
        hostile::guesses(10_000, 127, dir)
    }),
    Full::new(
        "prepaid",
        "10,000 prepaid calls at 100/s with 10 kills: every account has lost what its call has lasted",
        |dir| {
            let size = Prepaid {
                calls: 10_000,
                rate: 100,
                hold: 4_500,
                kills: 10,
                seed: seed(),
                host: 131,
            };
            prepaid::charged(size, dir)
        },
    ),
    Full::new(
        "prepaid-freediameter",
        "the same with freeDiameter as the charging server and 5 kills: its book has for every account what its call has lasted",
        |dir| {
            let size = Prepaid {
                calls: 10_000,
                rate: 100,
                hold: 4_500,
                kills: 5,
                seed: seed(),
                host: 132,
            };
            prepaid::against_freediameter(size, 23_490, dir)
        },
    ),
    Full::new(
        "sms-kill",
        "30 kills, each during 10,000 submits at window 50: what was answered arrives",
        |dir| {
            let run = SmsKill {
                count: 10_000,
                rounds: 30,
                seed: seed(),
                host: 170,
            };
            sms_kill::submits(run, dir)
        },
    ),
    Full::new(
        "sms-stop",
        "10 stops, each during 5,000 submits at window 50: what was answered arrives, what had no answer is sent again at once",
        |dir| {
            let run = Stops {
                count: 5_000,
                rounds: 10,
                seed: seed(),
                host: 176,
            };
            stops::midway(run, dir)
        },
    ),
    Full::new(
        "sms-overload",
        "20 s of more than the node works off: HTTP 503 with Retry-After",
        |dir| sms_overload::refused(Duration::from_secs(20), 177, dir),
    ),
    Full::new(
        "sms-receipts",
        "10,000 receipts to an ESME that is away while the node is killed",
        |dir| later::receipts(10_000, 171, dir),
    ),
    Full::new(
        "sms-retries",
        "10,000 retries that come due around a kill",
        |dir| later::retries(10_000, 172, dir),
    ),
    Full::new(
        "sms-slow",
        "60,000 messages to a receiver that stalls for 4 s",
        |dir| windows::slow(60_000, Duration::from_secs(4), 173, dir),
    ),
    Full::new(
        "sms-throttle",
        "three times the rate of an account for 20 s: it gets its rate",
        |dir| windows::throttled(1_000, 1, Duration::from_secs(20), 174, dir),
    ),
    Full::new(
        "sms-memory",
        "1,000,000 messages that wait for a retry: at most 1 KiB each, serving 10 s after a kill",
        |dir| {
            let run = Waiting {
                count: 1_000_000,
                limit: 1_024,
                serving: Duration::from_secs(10),
                host: 175,
            };
            waiting(run, dir)
        },
    ),
    Full::new(
        "tokens",
        "1,000 wrong tokens a second beside 200 calls/s: no call fails or is slower",
        |dir| {
            let size = Tokens {
                rate: 200,
                seconds: 10,
                rounds: 5,
                guesses: 1_000,
                slower: 5,
                host: 196,
            };
            tokens::guessed(size, dir)
        },
    ),
    Full::new(
        "changes",
        "reloads with accounts, certificates and mistakes, and another service off and on, beside 200 calls/s: no call fails or is slower",
        |dir| {
            let size = Changes {
                rate: 200,
                seconds: 30,
                slower: 5,
                host: 199,
            };
            changes::under_load(size, dir)
        },
    ),
    Full::new(
        "versions",
        "two services are replaced and taken back under 200 calls/s with 10,000 calls up and 5,000 timers pending: nothing is lost",
        |dir| {
            let size = Replaced {
                rate: 200,
                hold: Duration::from_secs(52),
                up: 10_000,
                pending: 5_000,
                passing: 2_000,
                gap: Duration::from_secs(10),
                spread: Duration::from_secs(20),
                late: Duration::from_secs(5),
                host: 133,
            };
            versions::replaced(size, dir)
        },
    ),
    Full::new(
        "canary",
        "20,000 calls of which a canary has 10 %, and its way back under load: it holds from the next call on",
        |dir| {
            let size = Canary {
                calls: 20_000,
                rate: 200,
                percent: 10,
                within: 1.0,
                rounds: 100,
                host: 134,
            };
            versions::share(size, dir)
        },
    ),
    Full::new(
        "pages",
        "100,000 calls are up: every page of every list of the management API within 300 ms",
        |dir| {
            let size = Pages {
                calls: 100_000,
                rate: 500,
                within: Duration::from_millis(300),
                growth: 32 * 1024,
                host: 197,
            };
            pages::paged(size, dir)
        },
    ),
    Full::new(
        "schema",
        "300 requests to each route of the management API, right and wrong ones, made up from its document",
        |dir| schema::conforms(300, seed(), 198, dir),
    ),
    Full::new(
        "idle",
        "1,000,000 idle activities with an entity and a timer each: at most 1 GiB, serving 10 s after a kill",
        |dir| {
            let run = Sleeping {
                count: 1_000_000,
                limit: 1 << 20,
                serving: Duration::from_secs(10),
                host: 219,
            };
            idle(run, dir)
        },
    ),
    Full::new(
        "million",
        "1,000,000 calls at 1,000/s through the B2BUA: none fails, nothing is left, memory is flat",
        |dir| {
            let run = Million {
                calls: 1_000_000,
                rate: 1_000,
                slope: 1_024.0,
                host: 220,
            };
            million(run, dir)
        },
    ),
    Full::new("leaks", "100,000 calls of six kinds leave nothing", |dir| {
        let size = Calls {
            calls: 100_000,
            rate: 80,
            host: 128,
        };
        leaks::nothing_left(size, dir)
    }),
];

/// One of the runs of changes while calls go on.
const fn reload_of(host: u8) -> Reload {
    Reload {
        rate: 200,
        seconds: 30,
        measured: true,
        host,
    }
}

fn full_disk(host: u8) -> FullDisk {
    FullDisk {
        rate: 200,
        held: 1_000,
        full: Duration::from_secs(30),
        host,
    }
}

/// Kills of a node that does SIP, Diameter and SMS.
pub(crate) fn kills_of(kills: u32, seed: u64) -> Kills {
    Kills {
        kills,
        seed,
        calls: 100,
        hold: Duration::from_secs(8),
        charges: 50,
        messages: 200,
        serving: Duration::from_secs(1),
        host: 217,
    }
}

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
