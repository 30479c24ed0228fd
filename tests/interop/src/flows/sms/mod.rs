//! SMS peers of others before a node with the gateway: ESMEs on one side of it, SMSCs on the other.

mod esmes;
mod kannel;
mod oracle;
mod smscs;

pub(super) use oracle::judge;

use super::Flow;
use super::stage::Stage;
use crate::error::{Result, ensure};
use crate::node::Node;
use crate::sms::ground::Ground;
use std::net::SocketAddr;
use std::time::Duration;

/// All of them.
pub(super) fn flows() -> Vec<Flow> {
    [kannel::FLOWS, esmes::FLOWS, smscs::FLOWS].concat()
}

/// For whatever a flow waits for.
const SOON: Duration = Duration::from_secs(30);
/// The account that ESMEs bind to, and what numbers that are routed to it begin with.
const ACCOUNT: &str = "esme";
const PREFIX: &str = "12";

/// A node on this stage, with an account.
fn ground(stage: &Stage) -> Result<Ground> {
    Ok(Ground::new(stage.dir(), stage.ip(1))?.account(ACCOUNT, PREFIX, ""))
}

/// Where SMSCs are.
fn abroad(stage: &Stage, tls: bool) -> SocketAddr {
    SocketAddr::from((stage.ip(2), if tls { 3550 } else { 2775 }))
}

/// Ends the node, which is to have no complaint.
fn stop(ground: &Ground, mut node: Node) -> Result {
    let status = node.terminate(SOON)?;
    ensure(status.success(), || format!("the node ended with {status}"))?;
    ground.expect_no_complaint("node")
}
