//! SIPp calls through the answering service and through the B2BUA, at a fixed rate.

use super::{Transport, expect_empty, spec};
use crate::error::{Result, ensure};
use crate::node::{Node, NodeSpec};
use crate::sipp::{Sipp, Totals};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// Calls from which on a second run must not cost more memory than the first.
pub(super) const WARM: u64 = 5_000;

/// Size of a load run.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Calls per second.
    pub rate: u32,
    /// For how long new calls are made.
    pub seconds: u32,
    /// How long each call lasts, in milliseconds.
    pub hold_ms: u32,
    /// Octet of the loopback address: runs of different octets do not meet.
    pub host: u8,
}

/// `uac` against the answering service.
///
/// # Errors
/// What did not hold.
pub fn uas(load: Load, transport: Transport, dir: &Path) -> Result<String> {
    twice(load, transport, dir, "uas", |spec| {
        call(load, transport, spec, "service", None)
    })
}

/// `uac` through the B2BUA to SIPp's `uas`.
///
/// # Errors
/// What did not hold.
pub fn b2bua(load: Load, transport: Transport, dir: &Path) -> Result<String> {
    twice(load, transport, dir, "b2bua", |spec| {
        call(load, transport, spec, "2000", Some(5070))
    })
}

/// Both over IPv6, `uac` and `uas` on the node's address; the B2BUA's calls over UDP.
///
/// # Errors
/// What did not hold.
pub fn over_ipv6(load: Load, dir: &Path) -> Result<String> {
    let mut spec = spec(load.host, dir, "ipv6");
    spec.sip = SocketAddr::from((Ipv6Addr::LOCALHOST, 5060));
    spec.target = "sip:[::1]:5070".to_owned();
    let node = Node::start(&spec)?;
    let calls = u64::from(load.rate) * u64::from(load.seconds);
    for (transport, user, callee) in [
        (Transport::Udp, "service", None),
        (Transport::Tcp, "service", None),
        (Transport::Udp, "2000", Some(5070)),
    ] {
        call(load, transport, &spec, user, callee)?.expect_clean(calls)?;
        expect_empty(&node, Duration::from_secs(40))?;
    }
    Ok(format!("{calls} calls each way over IPv6"))
}

/// The same run twice on one node: the second must end with at most 5 % more memory than the first.
fn twice(
    load: Load,
    transport: Transport,
    dir: &Path,
    name: &str,
    run: impl Fn(&NodeSpec) -> Result<Totals>,
) -> Result<String> {
    let mut spec = spec(load.host, dir, name);
    spec.target = format!("{};transport={transport}", spec.target);
    let node = Node::start(&spec)?;
    let calls = u64::from(load.rate) * u64::from(load.seconds);
    let mut resident = [0; 2];
    let mut retransmissions = 0;
    for kib in &mut resident {
        let totals = run(&spec)?;
        totals.expect_clean(calls)?;
        retransmissions += totals.get("Retransmissions");
        expect_empty(&node, Duration::from_secs(40))?;
        *kib = node.resident_kib()?;
    }
    let [first, second] = resident;
    // A run of a few hundred calls measures warming up; from there on it measures leaks.
    let warm = calls < WARM || second * 100 <= first * 105;
    ensure(warm, || {
        format!("memory grew from {first} to {second} KiB over the second run")
    })?;
    Ok(format!(
        "{calls} calls twice at {}/s, {retransmissions} retransmissions, ready after {:?}, resident {first} then {second} KiB",
        load.rate, node.ready_after
    ))
}

fn call(
    load: Load,
    transport: Transport,
    spec: &NodeSpec,
    user: &str,
    callee: Option<u16>,
) -> Result<Totals> {
    let within = Duration::from_secs(u64::from(load.seconds) + 60);
    let (caller, _callee) = begin(load, transport, spec, user, callee)?;
    caller.finish(within)
}

/// Starts the caller, and its callee, which is to be kept until the caller is done: one that is dropped is stopped.
pub(super) fn begin(
    load: Load,
    transport: Transport,
    spec: &NodeSpec,
    user: &str,
    callee: Option<u16>,
) -> Result<(Sipp, Option<Sipp>)> {
    let host = match spec.sip.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let mode = if transport == Transport::Udp {
        "u1"
    } else {
        "t1"
    };
    let calls = (load.rate * load.seconds).to_string();
    let port = callee.unwrap_or(0).to_string();
    let callee = callee
        .map(|_| Sipp::start(&["-sn", "uas", "-i", &host, "-p", &port, "-t", mode]))
        .transpose()?;
    let (rate, hold) = (load.rate.to_string(), load.hold_ms.to_string());
    let caller = Sipp::start(&[
        &spec.sip.to_string(),
        "-sn",
        "uac",
        "-s",
        user,
        "-i",
        &host,
        "-p",
        "5080",
        "-t",
        mode,
        "-r",
        &rate,
        "-m",
        &calls,
        "-d",
        &hold,
    ])?;
    Ok((caller, callee))
}

/// Calls of half a second through the B2BUA, with the times until they were answered.
pub(super) fn timed(rate: u32, seconds: u32, node: SocketAddr) -> Result<Totals> {
    let (to, host) = (node.to_string(), node.ip().to_string());
    let _callee = Sipp::start(&["-sn", "uas", "-i", &host, "-p", "5070"])?;
    let (calls, rate) = ((rate * seconds).to_string(), rate.to_string());
    let caller = Sipp::start(&[
        "-sn",
        "uac",
        "-s",
        "2000",
        "-i",
        &host,
        "-p",
        "5080",
        "-r",
        &rate,
        "-m",
        &calls,
        "-d",
        "500",
        "-trace_rtt",
        "-rtt_freq",
        // It writes whole groups of so many only.
        "10",
        &to,
    ])?;
    caller.finish(Duration::from_secs(u64::from(seconds) + 60))
}
