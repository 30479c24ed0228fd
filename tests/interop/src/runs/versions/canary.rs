//! A canary's share of many calls, and the way back, which holds from the next call on.

use super::{B2BUA, Metrics, SOON, arrived, callee, done, versions};
use crate::error::{Result, ensure};
use crate::node::{Node, NodeSpec};
use crate::operator::{Operator, own_token};
use crate::peer::{Link, Peer, Phase};
use crate::runs::expect_empty;
use crate::sipp::{Sipp, Totals};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Canary {
    /// Calls of which the canary gets a share.
    pub calls: u32,
    /// Calls per second.
    pub rate: u32,
    /// Its share, in percent.
    pub percent: u8,
    /// By how many percentage points the share may be another.
    pub within: f64,
    /// How often it is taken back under the same load.
    pub rounds: u32,
    /// Octet of the loopback address.
    pub host: u8,
}

/// What SIPp's callees of the two versions got.
struct Counted {
    totals: Totals,
    stable: u64,
    canary: u64,
}

/// The share is what it was said to be, and after the way back the next call is the old version's.
///
/// # Errors
/// What did not hold.
pub fn share(size: Canary, dir: &Path) -> Result<String> {
    let spec = versions(size.host, dir, "canary")?;
    let node = Node::start(&spec)?;
    let percent = size.percent.to_string();
    done(
        &node,
        &["services", "canary", B2BUA[1], "--percent", &percent],
    )?;
    let shared = counted(&spec, size.rate, size.calls)?;
    let share = 100.0 * shared.canary as f64 / f64::from(size.calls);
    let off = (share - f64::from(size.percent)).abs();
    ensure(off <= size.within, || {
        format!(
            "the canary had {} of {} calls, {share:.2} % and not {percent} ± {} %",
            shared.canary, size.calls, size.within
        )
    })?;
    let mut operator = Operator::connect(&spec)?;
    let metrics = Metrics::ask(&mut operator)?;
    metrics.value(&format!(
        "strowger_service_canary_info{{service=\"{}\",of=\"{}\",share=\"{percent} %\"}}",
        B2BUA[1], B2BUA[0]
    ))?;
    for version in B2BUA {
        let deliveries = format!("strowger_service_deliveries_total{{service=\"{version}\"}}");
        ensure(metrics.value(&deliveries)? > 0, || {
            format!("metrics have no deliveries of {version}")
        })?;
    }
    done(&node, &["services", "rollback", B2BUA[1]])?;
    operator.token = Some(own_token(&spec)?);
    to_and_fro(size, &spec, &mut operator)?;
    let after = counted(&spec, size.rate, size.calls / 10)?;
    ensure(after.canary == 0, || {
        format!("{} calls fell to a canary that is none", after.canary)
    })?;
    expect_empty(&node, Duration::from_secs(60))?;
    Ok(format!(
        "the canary had {} of {} calls at {}/s: {share:.2} % (limit {percent} ± {} %); {} times it was taken back and the next call \
         was the old version's (limit: each), as were all {} after; 0 calls failed (limit 0), {} retransmissions",
        shared.canary,
        size.calls,
        size.rate,
        size.within,
        size.rounds,
        after.stable,
        shared.totals.get("Retransmissions"),
    ))
}

/// So many calls of SIPp, and who got them. None fails.
fn counted(spec: &NodeSpec, rate: u32, calls: u32) -> Result<Counted> {
    let callees = [callee(spec, 5070)?, callee(spec, 5071)?];
    let within = Duration::from_secs(u64::from(calls / rate) + 60);
    let totals = caller(spec, rate, calls)?.finish(within)?;
    totals.expect_clean(u64::from(calls))?;
    let [stable, canary] = arrived(callees, u64::from(calls))?;
    Ok(Counted {
        totals,
        stable,
        canary,
    })
}

fn caller(spec: &NodeSpec, rate: u32, calls: u32) -> Result<Sipp> {
    let (to, host) = (spec.sip.to_string(), spec.sip.ip().to_string());
    let (rate, calls) = (rate.to_string(), calls.to_string());
    Sipp::start(&[
        &to, "-sn", "uac", "-s", "2000", "-i", &host, "-p", "5080", "-r", &rate, "-m", &calls,
        "-d", "500",
    ])
}

/// While SIPp calls: the canary gets all, and the next call is its; it is taken back, and the next call is the old version's.
fn to_and_fro(size: Canary, spec: &NodeSpec, operator: &mut Operator) -> Result {
    let _callees = [callee(spec, 5070)?, callee(spec, 5071)?];
    let load = caller(spec, size.rate, size.calls)?;
    let peer = |port| -> Result<Peer> {
        let me = SocketAddr::from((spec.sip.ip(), port));
        Ok(Peer::new(Link::udp(me)?, me))
    };
    let mut caller = peer(5090)?;
    let mut callees = [peer(5072)?, peer(5073)?];
    let canary = format!("/v1/services/{}/canary", B2BUA[1]);
    let rollback = format!("/v1/services/{}/rollback", B2BUA[1]);
    for round in 0..size.rounds {
        operator.done("POST", &canary, r#"{"percent":100}"#)?;
        next_call_is_of(1, &mut caller, &mut callees, spec, round)?;
        operator.done("POST", &rollback, "{}")?;
        next_call_is_of(0, &mut caller, &mut callees, spec, round)?;
    }
    load.wind_up()?;
    let totals = load.finish(Duration::from_secs(60))?;
    totals.expect_clean(totals.get("OutgoingCall"))
}

/// Calls, talks and hangs up.
fn next_call_is_of(
    version: usize,
    caller: &mut Peer,
    callees: &mut [Peer; 2],
    spec: &NodeSpec,
    round: u32,
) -> Result {
    let before = callees.each_ref().map(|callee| callee.calls.len());
    let id = caller.invite("3000", spec.sip);
    come_to(Phase::Up, &id, caller, callees)?;
    caller.bye(&id);
    come_to(Phase::Ended, &id, caller, callees)?;
    let got = [0, 1].map(|n: usize| callees[n].calls.len() - before[n]);
    let mut wanted = [0; 2];
    wanted[version] = 1;
    ensure(got == wanted, || {
        format!(
            "round {round}: the next call was not of {}: {got:?}",
            B2BUA[version]
        )
    })
}

fn come_to(phase: Phase, id: &str, caller: &mut Peer, callees: &mut [Peer; 2]) -> Result {
    let deadline = Instant::now() + SOON;
    let stands = |caller: &Peer| caller.calls.get(id).map(|call| call.phase);
    while stands(caller) != Some(phase) {
        ensure(Instant::now() < deadline, || {
            format!("a call does not come to {phase:?}: {:?}", stands(caller))
        })?;
        caller.poll(Duration::from_millis(1));
        for callee in callees.iter_mut() {
            callee.poll(Duration::from_millis(1));
        }
    }
    Ok(())
}
