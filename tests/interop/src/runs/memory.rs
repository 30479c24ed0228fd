//! Memory of a held call: the node's resident memory with many calls up, less that without any.

use super::{TAKES_ALL, spec};
use crate::error::{Result, RunError, ensure, io};
use crate::node::{Node, NodeSpec};
use crate::peer::{Link, Peer, Phase};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// `calls` B2BUA calls in class strict, brought up at `rate` a second and held. Fails above `limit` bytes a call.
///
/// # Errors
/// What did not hold.
pub fn held(calls: usize, rate: u32, limit: u64, host: u8, dir: &Path) -> Result<String> {
    let mut spec = spec(host, dir, "memory");
    TAKES_ALL.clone_into(&mut spec.more);
    let node = Node::start(&spec)?;
    let before = node.resident_kib()?;
    let (mut caller, _callee) = bring_up(calls, rate, &spec)?;
    // Transactions of the set-up linger for 32 s (RFC 6026 timers L and M); what a held call costs is what is left then.
    caller.until(Duration::from_secs(40), |_| false);
    let after = node.resident_kib()?;
    let per_call = (after.saturating_sub(before)) * 1024 / calls as u64;
    ensure(per_call <= limit, || {
        format!("{per_call} bytes a call, more than {limit}")
    })?;
    Ok(format!(
        "{calls} calls held: {before} KiB before, {after} KiB after, {per_call} bytes a call"
    ))
}

/// `calls` calls through the B2BUA, begun at `rate` a second: those who hold them.
pub(super) fn bring_up(calls: usize, rate: u32, spec: &NodeSpec) -> Result<(Peer, Peer)> {
    let peer = |port| -> Result<Peer> {
        let me = SocketAddr::from((spec.sip.ip(), port));
        Ok(Peer::new(Link::udp(me)?, me))
    };
    let (mut caller, mut callee) = (peer(5080)?, peer(5070)?);
    let begun = Instant::now();
    let mut made = 0_usize;
    // The callee answers on a thread of its own, else the two would wait for each other.
    let (stop, stopped) = std::sync::mpsc::sync_channel::<()>(1);
    let answering = std::thread::Builder::new()
        .spawn(move || {
            while stopped.try_recv().is_err() {
                callee.poll(Duration::from_millis(5));
            }
            callee
        })
        .map_err(io("start the callee"))?;
    let limit_time = Duration::from_secs(calls as u64 / u64::from(rate) + 120);
    while begun.elapsed() < limit_time {
        if made == calls && caller.count(Phase::Up) == calls {
            break;
        }
        let due = (begun.elapsed().as_millis() * u128::from(rate) / 1000) as usize;
        while made < due.min(calls) {
            caller.invite("2000", spec.sip);
            made += 1;
        }
        caller.poll(Duration::from_millis(2));
    }
    let up = caller.count(Phase::Up);
    let _ = stop.send(());
    let callee = answering.join();
    let few = || RunError::Broken(format!("only {up} of {calls} calls came up").into());
    let callee = callee.map_err(|_| few())?;
    if up != calls {
        return Err(few());
    }
    Ok((caller, callee))
}
