//! The same load under what does not end the node: it stands still for a while, its peers are gone, its links carry nothing.

use super::{Kills, Place, Scene};
use crate::error::{Result, RunError, ensure};
use crate::netns::Cable;
use crate::node::Node;
use crate::runs::Transport;
use crate::runs::kill::{next, peer};
use nix::sys::signal::Signal;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// How long a node stands still, in milliseconds: from the first to the second.
const STANDS_STILL: [u64; 2] = [1_000, 5_000];
/// How long a link carries nothing: less than a caller waits for an answer.
const CARRIES_NOTHING: [u64; 2] = [5_000, 20_000];
/// How long all goes well between two faults, at most.
const WELL: u64 = 3_000;

/// So often as the run says it kills, the node is stopped by SIGSTOP for a while and goes on. Calls go on because who waits for an
/// answer asks again.
///
/// # Errors
/// What did not hold; the seed is in the text.
pub fn stopped(run: Kills, dir: &Path) -> Result<String> {
    let place = Place::on_loopback(run.host);
    repeated(run, &place, dir, "stops", |scene, node, state| {
        node.signal(Signal::SIGSTOP)?;
        let still = between(state, STANDS_STILL);
        scene.live(still)?;
        node.signal(Signal::SIGCONT)?;
        Ok(still)
    })
}

/// So often as the run says it kills, all connections of peers end without a word, and the callee is another one that knows of no
/// call.
///
/// # Errors
/// What did not hold; the seed is in the text.
pub fn lost_peers(run: Kills, dir: &Path) -> Result<String> {
    let place = Place::on_loopback(run.host);
    repeated(run, &place, dir, "losses of all peers", |scene, _, _| {
        scene.smsc.hang_up();
        scene.purses.hang_up();
        scene.esme.hang_up();
        let me = SocketAddr::from((scene.place.peers, 5070));
        // One socket at a time has the address.
        let nowhere = SocketAddr::from((scene.place.peers, 0));
        scene.bench.callee = peer(nowhere, Transport::Udp)?;
        scene.bench.callee = peer(me, Transport::Udp)?;
        scene.forgotten = true;
        Ok(Duration::ZERO)
    })
}

/// So often as the run says it kills, what the node sends goes nowhere for a while, and what is sent to it too. The node is in a
/// network namespace of its own.
///
/// # Errors
/// What did not hold; the seed is in the text.
pub fn cut_off(run: Kills, dir: &Path) -> Result<String> {
    let cable = Cable::lay(run.host)?;
    let place = Place {
        node: cable.inside,
        peers: cable.outside,
        under: cable.enter(),
    };
    repeated(run, &place, dir, "black holes", |scene, _, state| {
        cable.cut()?;
        let silent = between(state, CARRIES_NOTHING);
        scene.live(silent)?;
        cable.mend()?;
        Ok(silent)
    })
}

fn between(state: &mut u64, [least, most]: [u64; 2]) -> Duration {
    Duration::from_millis(least + next(state) % (most - least + 1))
}

/// Has it happen again and again, and then holds the books against the node.
fn repeated(
    run: Kills,
    place: &Place,
    dir: &Path,
    what: &str,
    mut fault: impl FnMut(&mut Scene, &Node, &mut u64) -> Result<Duration>,
) -> Result<String> {
    let seeded = |why: RunError| RunError::Broken(format!("seed {}: {why}", run.seed).into());
    let mut all = || {
        let mut scene = Scene::new(run, place.clone(), dir)?;
        let mut node = Node::start(&scene.bench.spec)?;
        scene.live(run.hold)?;
        let mut state = run.seed;
        let mut lasted = Duration::ZERO;
        for _ in 0..run.kills {
            lasted += fault(&mut scene, &node, &mut state)?;
            scene.live(Duration::from_millis(next(&mut state) % WELL))?;
        }
        let ledger = scene.settle(&node)?;
        let ended = node.ended()?;
        ensure(ended.is_none(), || format!("the node ended: {ended:?}"))?;
        let lasted = match lasted {
            Duration::ZERO => String::new(),
            lasted => format!(" of {lasted:.0?} in all"),
        };
        Ok(format!("{} {what}{lasted}; {ledger}", run.kills))
    };
    let told = all().map_err(seeded)?;
    Ok(format!("seed {}: {told}", run.seed))
}
