//! A node that is told to stop while messages are under way on both sides of it: whatever was answered with success arrives, and
//! what the SMSC has left without an answer is sent again as soon as there is a node, not on the schedule of retries.

use super::{SOON, arrivals, esme, numbered, stand, stop};
use crate::error::{Result, RunError, ensure};
use crate::node::Node;
use crate::runs::kill;
use crate::sms::esme::Esme;
use crate::sms::ground::Ground;
use crate::sms::pdu::status;
use crate::sms::smsc::{Book, Script, Smsc};
use std::path::Path;
use std::time::{Duration, Instant};

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Stops {
    /// Messages of each round.
    pub count: u32,
    /// Rounds, in each of which the node is stopped once.
    pub rounds: u32,
    /// Of the moments of the stops.
    pub seed: u64,
    /// Octet of the loopback address.
    pub host: u8,
}

/// In flight at the ESME.
const WINDOW: usize = 50;
/// Submits of each round that the SMSC does not answer: half of what may be in flight there.
const SILENT: usize = 5;

#[derive(Debug, Default)]
struct Sums {
    unanswered: usize,
    stopping: Duration,
    resent: Duration,
}

/// See the module. The schedule is the usual one, of which the first retry is after a minute.
///
/// # Errors
/// What did not hold.
pub fn midway(run: Stops, dir: &Path) -> Result<String> {
    let seeded = |why: RunError| RunError::Broken(format!("seed {}: {why}", run.seed).into());
    all(run, dir).map_err(seeded)
}

fn all(run: Stops, dir: &Path) -> Result<String> {
    let (smsc, ground) = stand(run.host, dir, Script::default(), "window = 10")?;
    let ground = ground.set("timers.unbind = \"1s\"");
    let mut node = ground.start()?;
    smsc.wait_bound(1, SOON)?;
    let mut esme = esme(&ground, WINDOW);
    let (mut seed, mut sums) = (run.seed, Sums::default());
    for n in 0..run.rounds {
        let most = u64::from(run.count / 2).max(1);
        let after = u32::try_from(kill::next(&mut seed) % most).unwrap_or(0);
        let round = Round {
            until: run.count * (n + 1),
            after: run.count * n + after,
        };
        round.run(&ground, &smsc, (&mut node, &mut esme), &mut sums)?;
    }
    esme.leave()?;
    let arrived = arrivals(&smsc);
    let twice = arrived.values().filter(|times| **times > 1).count();
    stop(&ground, node)?;
    Ok(format!(
        "seed {}: {} stops during {} submits: {} taken, all arrived, {twice} more than once; {} had no answer and arrived within {:?} of \
         the next start; {} refused while the node unbound, {} without response; it stopped within {:?}",
        run.seed,
        run.rounds,
        run.count * run.rounds,
        esme.taken.len(),
        sums.unanswered,
        sums.resent,
        esme.refused.len(),
        esme.unknown.len(),
        sums.stopping
    ))
}

struct Round {
    /// Up to which number is submitted.
    until: u32,
    /// The node is told to stop when so many have been submitted.
    after: u32,
}

impl Round {
    fn run(
        &self,
        ground: &Ground,
        smsc: &Smsc,
        (node, esme): (&mut Node, &mut Esme),
        sums: &mut Sums,
    ) -> Result {
        smsc.set(Script {
            silent: SILENT,
            ..Script::default()
        });
        let deadline = Instant::now() + SOON;
        let before = unanswered(smsc);
        while unanswered(smsc) < before + SILENT || answered(esme) < self.after as usize {
            esme.work(self.until, numbered, Duration::from_millis(2))?;
            ensure(Instant::now() < deadline, || {
                format!("{} were answered before the stop", answered(esme))
            })?;
        }
        sums.stopping = sums.stopping.max(self.stopped(node, esme)?);
        sums.unanswered += unanswered(smsc) - before;
        // What comes from here on is answered.
        smsc.set(Script::default());
        *node = ground.start()?;
        let back = Instant::now();
        loop {
            esme.work(self.until, numbered, Duration::from_millis(20))?;
            let arrived = arrivals(smsc);
            let taken = esme.taken.keys();
            let missing = taken.filter(|n| !arrived.contains_key(n)).count();
            if missing == 0 && esme.is_done(self.until) {
                break;
            }
            ensure(back.elapsed() < SOON, || {
                format!(
                    "{missing} messages that were taken did not arrive within {SOON:?} of the next start"
                )
            })?;
        }
        sums.resent = sums.resent.max(back.elapsed());
        // So are those answered that come while the session unbinds.
        let mut refused = esme.refused.iter();
        ensure(refused.all(|(_, why)| *why == status::RMSGQFUL), || {
            format!("refused: {:x?}", esme.refused)
        })
    }

    /// Stops the node while the ESME goes on; how long it took to end.
    fn stopped(&self, node: &mut Node, esme: &mut Esme) -> Result<Duration> {
        let began = Instant::now();
        node.ask_to_stop()?;
        loop {
            esme.work(self.until, numbered, Duration::from_millis(20))?;
            if let Some(status) = node.ended()? {
                ensure(status.success(), || format!("the node ended with {status}"))?;
                return Ok(began.elapsed());
            }
            ensure(began.elapsed() < SOON, || {
                format!("the node goes on {SOON:?} after it was told to stop")
            })?;
        }
    }
}

/// Submits that the SMSC has left without an answer.
fn unanswered(smsc: &Smsc) -> usize {
    let silent = |book: &Book| book.submits.iter().filter(|s| s.status.is_none()).count();
    smsc.read(silent)
}

/// How many submits have had their response, or never will.
fn answered(esme: &Esme) -> usize {
    esme.taken.len() + esme.unknown.len() + esme.refused.len()
}
