//! What goes wrong around a node, one fault after the other, and a report in plain words: `cargo xtask chaos`.
//!
//! Each fault is a run of [`runs`](crate::runs) in a size that fits the time there is. One that cannot be brought about on this
//! machine is skipped, and the report says why.

use crate::error::{Result, RunError, io};
use crate::runs::expiry;
use crate::runs::full;
use crate::runs::hostile;
use crate::runs::kills::{self, Kills};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Of everything that is left to chance.
    pub seed: u64,
    /// For how long nodes are killed, stopped, cut off and left by their peers, in all.
    pub time: Duration,
    /// How often nodes are killed, if it is not as often as there is time for.
    pub kills: Option<u32>,
}

/// A fault and how a node is to stand it.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// By which it is run.
    pub name: &'static str,
    /// What happens to the node.
    pub what: &'static str,
    /// What must hold.
    pub holds: &'static str,
    run: fn(Size, &Path) -> Result<String>,
}

/// All of them.
pub const FAULTS: &[Fault] = &[
    Fault {
        name: "kills",
        what: "The process is killed with kill -9 at random moments and started again, under calls, charges and short messages.",
        holds: "A confirmed call can be ended, an acknowledged charge is in its account once, a message that was taken arrives; \
                all three are served again within a second.",
        run: |size, dir| {
            // A node lives for a second and a half in the mean, and takes less than one to come back.
            let kills = size.kills.unwrap_or_else(|| rounds(size.time / 2, 2));
            kills::together(full::kills_of(kills, size.seed), dir)
        },
    },
    Fault {
        name: "stops",
        what: "The process stands still (SIGSTOP) for 1 to 5 s at a time, under the same load.",
        holds: "Who waits for an answer asks again and gets it; nothing that was acknowledged is lost.",
        run: |size, dir| kills::stopped(load(size, 4, 5, 223), dir),
    },
    Fault {
        name: "lost-peers",
        what: "All connections of peers end without a word, and the phone that is called is another one that knows of no call.",
        holds: "Every caller can end his call; charges and messages are as they were acknowledged; nothing is left over.",
        run: |size, dir| kills::lost_peers(load(size, 8, 2, 224), dir),
    },
    Fault {
        name: "black-hole",
        what: "What is sent to the node and by it goes nowhere for 5 to 20 s at a time; nobody is told. The node is in a network \
               namespace of its own.",
        holds: "When the link carries again all goes on; nothing that was acknowledged is lost.",
        run: |size, dir| kills::cut_off(load(size, 8, 14, 225), dir),
    },
    Fault {
        name: "full-disk",
        what: "Somebody else fills the disk for 30 s under 200 calls a second.",
        holds: "New calls are refused, those that are up can end, an alarm is raised and cleared; then all is well by itself.",
        run: |_, _| full::named("full-disk"),
    },
    Fault {
        name: "failed-store",
        what: "The disk is full at once and nothing is set aside: the store fails.",
        holds: "The process ends, is started again by its supervisor until there is space, and has lost nothing.",
        run: |_, _| full::named("failed-store"),
    },
    Fault {
        name: "expiry",
        what: "The certificate of a TLS listener ends while the node works, and is replaced later.",
        holds: "Alarms tell of it before and after, connections that are up stay, a new certificate is taken without a restart.",
        run: |_, dir| expiry::expired(228, dir),
    },
    Fault {
        name: "half-open",
        what: "10,500 connections over all listeners (SIP over TCP, TLS and WebSocket, HTTP, Diameter, SMPP), on which nothing comes.",
        holds: "They are closed in time, take little memory, and others are served meanwhile.",
        run: |_, dir| hostile::half_open(1_500, 226, dir),
    },
    Fault {
        name: "slow-loris",
        what: "700 connections over the same listeners, on which a request comes a byte at a time and never ends.",
        holds: "The same.",
        run: |_, dir| hostile::dripping(100, 227, dir),
    },
];

/// What became of a fault.
#[derive(Debug)]
pub enum Outcome {
    /// All held; the figures.
    Held(String),
    /// It could not be brought about here, and why.
    Skipped(String),
    /// What did not hold.
    Failed(String),
}

/// A fault that was tried.
#[derive(Debug)]
pub struct Tried {
    /// Which.
    pub fault: Fault,
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

impl Fault {
    /// Brings it about, in a directory of its own.
    ///
    /// # Errors
    /// When there is no directory.
    pub fn try_it(self, size: Size) -> Result<Tried> {
        let dir = tempfile::tempdir().map_err(io("make a directory"))?;
        let begun = Instant::now();
        let outcome = match (self.run)(size, dir.path()) {
            Ok(figures) => Outcome::Held(figures),
            Err(why @ RunError::NoNamespace(_)) => Outcome::Skipped(why.to_string()),
            Err(why) => Outcome::Failed(why.to_string()),
        };
        Ok(Tried {
            fault: self,
            outcome,
            took: begun.elapsed(),
        })
    }
}

impl Tried {
    /// One word for it.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match &self.outcome {
            Outcome::Held(_) => "held",
            Outcome::Skipped(_) => "skipped",
            Outcome::Failed(_) => "FAILED",
        }
    }

    /// Its paragraph of the report.
    #[must_use]
    pub fn told(&self) -> String {
        let Fault {
            name, what, holds, ..
        } = self.fault;
        let (verdict, took) = (self.verdict(), self.took.as_secs());
        let came = match &self.outcome {
            Outcome::Held(figures) => format!("It held: {figures}."),
            Outcome::Skipped(why) => format!("It was not tried here: {why}."),
            Outcome::Failed(why) => format!("It did NOT hold: {why}"),
        };
        format!("## {name}: {verdict}, {took} s\n\n{what}\n\nWhat must hold: {holds}\n\n{came}\n")
    }
}

/// The whole report, in Markdown.
#[must_use]
pub fn report(size: Size, tried: &[Tried]) -> String {
    let count = |verdict| tried.iter().filter(|t| t.verdict() == verdict).count();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut text = format!(
        "# Faults\n\nSeed {}, {cores} cores. Of {} faults {} were stood as they must be, {} were not, {} could not be tried here.\n\n",
        size.seed,
        tried.len(),
        count("held"),
        count("FAILED"),
        count("skipped")
    );
    text.push_str("| fault | | |\n|---|---|---|\n");
    for tried in tried {
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            tried.fault.name,
            tried.fault.what,
            tried.verdict()
        );
    }
    for tried in tried {
        let _ = write!(text, "\n{}", tried.told());
    }
    let _ = writeln!(
        text,
        "\nAgain with the same moments: `cargo xtask chaos --seed {}`.",
        size.seed
    );
    text
}

/// How many rounds of so many seconds there is time for.
fn rounds(time: Duration, seconds: u64) -> u32 {
    u32::try_from(time.as_secs() / seconds)
        .unwrap_or(u32::MAX)
        .max(1)
}

/// The load of the kills, for a part of the time, in rounds of so many seconds.
fn load(size: Size, part: u32, seconds: u64, host: u8) -> Kills {
    let rounds = rounds(size.time / part, seconds);
    Kills {
        host,
        ..full::kills_of(rounds, size.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_of_each_fault_what_became_of_it() {
        let size = Size {
            seed: 7,
            time: Duration::from_secs(60),
            kills: None,
        };
        let outcomes = [
            Outcome::Held("3 kills".to_owned()),
            Outcome::Skipped("no namespace".to_owned()),
            Outcome::Failed("a call was lost".to_owned()),
        ];
        let tried: Vec<Tried> = FAULTS
            .iter()
            .zip(outcomes)
            .map(|(fault, outcome)| Tried {
                fault: *fault,
                outcome,
                took: Duration::from_secs(1),
            })
            .collect();
        let text = report(size, &tried);
        for part in [
            "Of 3 faults 1 were stood as they must be, 1 were not, 1 could not be tried here.",
            "## kills: held, 1 s",
            "It held: 3 kills.",
            "It was not tried here: no namespace.",
            "It did NOT hold: a call was lost",
            "cargo xtask chaos --seed 7",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}
