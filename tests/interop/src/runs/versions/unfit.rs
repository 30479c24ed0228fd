//! A binary that could not take over what a node has says so before it is asked to: `strowger verify`.

use super::{B2BUA, SOON, done, entities, told, versions};
use crate::error::{Result, ensure};
use crate::node::Node;
use crate::peer::{Link, Peer, Phase};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// The version whose state has a field more.
const NEWER: &str = "b2bua@1.2";

/// The product can take over calls of 1.0, and not those of 1.2; nor can the node itself move calls of the one to the other.
///
/// # Errors
/// What did not hold.
pub fn unfit(host: u8, dir: &Path) -> Result<String> {
    let mut spec = versions(host, dir, "unfit")?;
    if let Some(whole) = &mut spec.whole {
        *whole += &format!(
            "[services.\"{NEWER}\"]\nactive = false\n[services.\"{NEWER}\".settings]\nroutes = [{{ prefix = \"2\" }}]\n"
        );
    }
    let node = Node::start(&spec)?;
    let peer = |port| -> Result<Peer> {
        let me = SocketAddr::from((spec.sip.ip(), port));
        Ok(Peer::new(Link::udp(me)?, me))
    };
    let (mut caller, mut callee) = (peer(5080)?, peer(5070)?);
    callee.rings = true;
    caller.invite("2000", spec.sip);
    ring(&node, B2BUA[0], &mut caller, &mut callee)?;
    done(&node, &["verify"])?;

    let replace = [
        "services",
        "replace",
        "--deactivate",
        B2BUA[0],
        "--activate",
        NEWER,
    ];
    let refused = node.order(&[&replace[..], &["--migrate"]].concat())?;
    let named = "field `fee` is new, and there is no migration";
    ensure(
        says(&refused.stderr, named) && !refused.status.success(),
        || told(&replace, &refused),
    )?;
    done(&node, &replace)?;
    caller.invite("2000", spec.sip);
    ring(&node, NEWER, &mut caller, &mut callee)?;
    let unfit = node.order(&["verify"])?;
    let named = "SBB `b2bua 1.2 (strowger)`: field `fee` is gone in `b2bua 1.1 (strowger)`, and there is no migration: 1 entities";
    let right = unfit.status.code() == Some(1) && says(&unfit.stdout, named);
    ensure(right, || told(&["verify"], &unfit))?;
    Ok("a binary that could not take over a call named the field that it does not know".to_owned())
}

fn says(text: &[u8], what: &str) -> bool {
    String::from_utf8_lossy(text).contains(what)
}

/// Waits until a version has a call.
fn ring(node: &Node, version: &str, caller: &mut Peer, callee: &mut Peer) -> Result {
    let deadline = Instant::now() + SOON;
    while entities(&node.status()?, version) == 0 {
        ensure(Instant::now() < deadline, || {
            format!("{version} has no call: {}", caller.count(Phase::Calling))
        })?;
        for peer in [&mut *caller, &mut *callee] {
            peer.poll(Duration::from_millis(5));
        }
    }
    Ok(())
}
