//! A node that is killed while an ESME submits: whatever was answered with success arrives, and how often it arrives twice is
//! told.

use super::{SOON, arrivals, esme, numbered, stand};
use crate::error::{Result, RunError, ensure};
use crate::node::Node;
use crate::sms::smsc::Script;
use std::path::Path;
use std::time::{Duration, Instant};

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    /// Messages of each round.
    pub count: u32,
    /// Rounds, in each of which the node is killed once.
    pub rounds: u32,
    /// Of the moments of the kills.
    pub seed: u64,
    /// Octet of the loopback address.
    pub host: u8,
}

/// In flight at the ESME.
const WINDOW: usize = 50;
/// In flight at the SMSC.
const UPSTREAM: u32 = 10;

/// See the module.
///
/// # Errors
/// What did not hold.
pub fn submits(run: Kill, dir: &Path) -> Result<String> {
    let seeded = |why: RunError| RunError::Broken(format!("seed {}: {why}", run.seed).into());
    all(run, dir).map_err(seeded)
}

fn all(run: Kill, dir: &Path) -> Result<String> {
    let (smsc, ground) = stand(
        run.host,
        dir,
        Script::default(),
        &format!("window = {UPSTREAM}"),
    )?;
    let ground = ground.gateway(super::upstream::SCHEDULE);
    let mut seed = run.seed;
    let mut sums = Sums::default();
    let mut node = ground.start()?;
    // A first round without a kill says how long one takes.
    let mut lasts = round(&run, &ground, &smsc, &mut node, None, &mut sums)?;
    for _ in 0..run.rounds {
        let most = u64::try_from(lasts.as_micros()).unwrap_or(u64::MAX).max(1);
        let moment = Duration::from_micros(crate::runs::kill::next(&mut seed) % most);
        let took = round(&run, &ground, &smsc, &mut node, Some(moment), &mut sums)?;
        lasts = lasts.max(took / 2);
    }
    drop(node);
    Ok(format!(
        "seed {}: {} rounds of {} submits at window {WINDOW}, {} kills: {} taken, all arrived, {} of them more than once; \
         {} without response, of which {} arrived; ready again within {:?}",
        run.seed,
        run.rounds + 1,
        run.count,
        run.rounds,
        sums.taken,
        sums.twice,
        sums.unknown,
        sums.arrived,
        sums.down
    ))
}

#[derive(Debug, Default)]
struct Sums {
    taken: usize,
    twice: usize,
    unknown: usize,
    arrived: usize,
    down: Duration,
}

/// Submits, with a kill at this moment; answers how long it took from the first submit until all had arrived.
fn round(
    run: &Kill,
    ground: &crate::sms::ground::Ground,
    smsc: &crate::sms::smsc::Smsc,
    node: &mut Node,
    kill: Option<Duration>,
    sums: &mut Sums,
) -> Result<Duration> {
    let mut esme = esme(ground, WINDOW);
    smsc.turn_page();
    let began = Instant::now();
    let mut kill = kill;
    let deadline = began + SOON * 4;
    let missing = |esme: &crate::sms::esme::Esme| {
        let arrived = arrivals(smsc);
        let missing = esme
            .taken
            .keys()
            .filter(|n| !arrived.contains_key(n))
            .count();
        (missing, arrived)
    };
    loop {
        if kill.is_some_and(|at| began.elapsed() >= at) {
            kill = None;
            node.kill_now()?;
            *node = ground.start()?;
            sums.down = sums.down.max(node.ready_after);
        }
        esme.work(run.count, numbered, Duration::from_millis(2))?;
        if kill.is_none() && esme.is_done(run.count) && missing(&esme).0 == 0 {
            break;
        }
        ensure(Instant::now() < deadline, || {
            let (missing, arrived) = missing(&esme);
            format!(
                "{missing} of {} messages that were taken did not arrive, {} did; {} refused: {:x?}",
                esme.taken.len(),
                arrived.len(),
                esme.refused.len(),
                esme.refused.first()
            )
        })?;
    }
    let took = began.elapsed();
    ensure(esme.refused.is_empty(), || {
        format!("refused: {:x?}", esme.refused)
    })?;
    esme.leave()?;
    let (_, arrived) = missing(&esme);
    sums.taken += esme.taken.len();
    let twice = arrived.values().filter(|n| **n > 1).count();
    sums.twice += twice;
    sums.unknown += esme.unknown.len();
    sums.arrived += esme
        .unknown
        .iter()
        .filter(|n| arrived.contains_key(n))
        .count();
    Ok(took)
}
