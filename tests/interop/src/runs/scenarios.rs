//! Pairs of SIPp scenarios through the B2BUA: `scenarios/NAME-calling.xml` calls, `scenarios/NAME-called.xml` is called.
//!
//! SIPp takes a message that a scenario does not expect, or one that does not come, for a failed call; so each run holds
//! the order and the codes of all messages on both sides, and that the node is left with nothing.

use super::{Transport, expect_empty, spec};
use crate::error::{Result, ensure};
use crate::node::{Node, NodeSpec};
use crate::sipp::{Sipp, Totals};
use std::path::Path;
use std::time::Duration;

/// Calls of one run, and how many begin in a second.
const CALLS: u64 = 10;
const RATE: &str = "20";
/// How long a run's calls may take, and what is left of them afterwards.
const WITHIN: Duration = Duration::from_secs(20);
/// Short timers, so that what is lost is repeated soon.
const TIMERS: &str = "[adaptors.sip.settings.timers]\nt1 = \"100ms\"\nt2 = \"800ms\"\n";

/// A pair of scenarios, with `user` as the one who is called.
///
/// # Errors
/// What did not hold.
pub fn pair(name: &str, user: &str, host: u8, transport: Transport, dir: &Path) -> Result<String> {
    let mut spec = spec(host, dir, name);
    spec.target = format!("{};transport={transport}", spec.target);
    TIMERS.clone_into(&mut spec.more);
    let node = Node::start(&spec)?;
    let address = spec.sip.ip().to_string();
    let calls = CALLS.to_string();
    let called = scenario(name, "called");
    let callee = Sipp::start(&[
        "-sf",
        &called,
        "-i",
        &address,
        "-p",
        "5070",
        "-t",
        mode(transport),
        "-m",
        &calls,
    ])?;
    let caller = call(&spec, name, user, transport)?;
    let callee = callee.finish(WITHIN);
    // When both failed the callee knows more.
    callee?.expect_clean(CALLS)?;
    caller.expect_clean(CALLS)?;
    expect_empty(&node, WITHIN)?;
    Ok(format!(
        "{CALLS} calls of {name} to {user} over {transport}"
    ))
}

/// Calls to the answering service over a network that loses every tenth message of the caller's, both ways.
///
/// # Errors
/// What did not hold.
pub fn lossy(host: u8, dir: &Path) -> Result<String> {
    // With T1 as SIPp has it: a transaction that is over before its last copies come does not know them.
    let spec = spec(host, dir, "lossy");
    let node = Node::start(&spec)?;
    let address = spec.sip.ip().to_string();
    let caller = Sipp::start(&[
        &spec.sip.to_string(),
        "-sn",
        "uac",
        "-s",
        "service",
        "-i",
        &address,
        "-p",
        "5080",
        "-r",
        RATE,
        "-m",
        "40",
        "-d",
        "500",
        "-lost",
        "10",
    ])?;
    let totals = caller.finish(WITHIN)?;
    // Seven repeats of SIPp's may all be lost, which is nobody's fault.
    let failed = totals.get("FailedCall");
    ensure(failed <= 1, || format!("{failed} of 40 calls failed"))?;
    expect_empty(&node, WITHIN)?;
    Ok(format!(
        "40 calls, {} repeats",
        totals.get("Retransmissions")
    ))
}

/// A node that is told to stop while a call is up: new calls are refused, the call is brought to its end.
///
/// # Errors
/// What did not hold.
pub fn drain(host: u8, dir: &Path) -> Result<String> {
    let spec = spec(host, dir, "drain");
    let mut node = Node::start(&spec)?;
    let address = spec.sip.ip().to_string();
    let held = Sipp::start(&[
        &spec.sip.to_string(),
        "-sn",
        "uac",
        "-s",
        "service",
        "-i",
        &address,
        "-p",
        "5090",
        "-m",
        "1",
        "-d",
        "4000",
    ])?;
    node.wait_status(WITHIN, |status| {
        status["counts"]["timers"].as_u64() > Some(0)
    })?;
    node.ask_to_stop()?;
    node.wait_status(WITHIN, |status| status["state"] != "running")?;
    call(&spec, "refused", "service", Transport::Udp)?.expect_clean(CALLS)?;
    held.finish(WITHIN)?.expect_clean(1)?;
    let status = node.wait(WITHIN)?;
    ensure(status.success(), || format!("the node ended with {status}"))?;
    Ok(format!("{CALLS} calls refused, 1 finished"))
}

fn call(spec: &NodeSpec, name: &str, user: &str, transport: Transport) -> Result<Totals> {
    let (node, address) = (spec.sip.to_string(), spec.sip.ip().to_string());
    let (calling, calls) = (scenario(name, "calling"), CALLS.to_string());
    let args = [
        &*node,
        "-sf",
        &calling,
        "-s",
        user,
        "-i",
        &address,
        "-p",
        "5080",
        "-t",
        mode(transport),
        "-r",
        RATE,
        "-m",
        &calls,
    ];
    Sipp::start(&args)?.finish(WITHIN)
}

fn mode(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "u1",
        Transport::Tcp => "t1",
    }
}

fn scenario(name: &str, side: &str) -> String {
    let here = env!("CARGO_MANIFEST_DIR");
    format!("{here}/scenarios/{name}-{side}.xml")
}
