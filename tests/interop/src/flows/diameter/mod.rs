//! Diameter peers of others before a node that does Diameter: who connects, over what, who asks, who leaves first.
//!
//! The node is `strowger-partner`: the container and the adaptor of the product with a service that answers what it is
//! asked and asks what it is told. In every flow both sides ask.

mod agents;
mod election;
mod freediameter;
mod oracle;
mod scripts;

pub(super) use oracle::judge;

use super::Flow;
use super::stage::Stage;
use crate::diameter::ground::{Driver, Ground};
use crate::error::{Result, ensure};
use crate::node::Node;
use crate::runs::expect_empty;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// All of them.
pub(super) fn flows() -> Vec<Flow> {
    [
        freediameter::FLOWS,
        agents::FLOWS,
        election::FLOWS,
        scripts::FLOWS,
    ]
    .concat()
}

/// For one order, or whatever else a flow waits for.
const SOON: Duration = Duration::from_secs(30);

/// Quick timers, so that peers that are late are found soon.
const QUICK: &str =
    "timers.watchdog = \"6s\"\ntimers.reconnect = \"1s\"\ntimers.reconnect_first = \"200ms\"";

/// A node on this stage.
fn ground(stage: &Stage) -> Result<Ground> {
    Ok(Ground::new(stage.dir(), stage.ip(1))?.set(QUICK))
}

/// A clear port of this stage for daemons that listen on all addresses, and that for TLS.
fn port(stage: &Stage, n: u16) -> u16 {
    23_000 + 4 * u16::from(stage.ip(1).octets()[2] - 60) + n
}

fn at(stage: &Stage, last: u8, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(stage.ip(last)), port)
}

/// When all peers have left: nothing is left in the node, and it ends without complaint.
fn end(ground: &Ground, mut node: Node, driver: Driver) -> Result {
    driver.leave()?;
    expect_empty(&node, SOON)?;
    stop(ground, &mut node)
}

fn stop(ground: &Ground, node: &mut Node) -> Result {
    let status = node.terminate(SOON)?;
    ensure(status.success(), || format!("the node ended with {status}"))?;
    ground.expect_no_complaint("node")
}
