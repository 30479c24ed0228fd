//! A service that panics on every tenth event beside the B2BUA: the B2BUA's callers do not notice.
//!
//! The same calls are made to the service in either case, in turns: only that it panics makes the difference. The B2BUA's caller
//! is ours, since SIPp reads a clock that steps by 4 ms, half of what is measured here.

use super::kill::phases;
use super::looping::beside_b2bua;
use super::median;
use crate::error::{Result, ensure};
use crate::node::Node;
use crate::peer::{Call, Link, Peer, Phase};
use crate::sipp::Sipp;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long after its INVITE a call through the B2BUA is ended, and how often it is looked for those that have ended.
const LASTS: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(50);
/// How long after the last call all of them may take to end.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Panics {
    /// Calls a second through the B2BUA.
    pub rate: u32,
    /// Calls a second to the service that panics.
    pub beside: u32,
    /// How long a round takes.
    pub seconds: u32,
    /// Rounds with panics, and as many without.
    pub rounds: u32,
    /// By how much the slowest of a hundred answers may be later, in hundredths; without it any.
    pub most: Option<u32>,
    /// Octet of the loopback address.
    pub host: u8,
}

/// Rounds with and without panics.
///
/// # Errors
/// What did not hold.
pub fn unnoticed(size: Panics, dir: &Path) -> Result<String> {
    // As many as come: it is not to be deactivated.
    let spec = beside_b2bua(size.host, dir, "panics", "panics_max = 0\n");
    let node = Node::start(&spec)?;
    let mut slowest = [Vec::new(), Vec::new()];
    // The first round finds everything cold.
    size.round(spec.sip, "plain")?;
    for round in 0..size.rounds * 2 {
        // Whatever drifts meets both alike: with, without, without, with.
        let panics = round % 4 == 0 || round % 4 == 3;
        let user = if panics { "tenth" } else { "plain" };
        slowest[usize::from(panics)].push(size.round(spec.sip, user)?);
    }
    let rounds = format!("{:.1?} and {:.1?}", slowest[0], slowest[1]);
    // A disk that stands still for a moment spoils a round, whoever is called in it.
    let [without, with] = slowest.map(|mut rounds| median(&mut rounds));
    let without = without.unwrap_or(Duration::MAX);
    let with = with.unwrap_or(Duration::MAX);
    let status = node.status()?;
    let panics = status["kernel"]["panics"].as_u64().unwrap_or(0);
    // An INVITE and a BYE for each call, and a little less for those that fail.
    let expected = u64::from(size.beside * size.seconds * size.rounds) / 10;
    ensure(panics >= expected, || {
        format!("only {panics} panics: {}", status["kernel"])
    })?;
    let change = (with.as_secs_f64() / without.as_secs_f64() - 1.0) * 100.0;
    let told = format!(
        "{} rounds of {} s at {}/s: 99 % of calls answered within {without:.2?}, with {panics} panics beside within {with:.2?} ({change:+.1} %), none failed; the rounds: {rounds}",
        size.rounds * 2,
        size.seconds,
        size.rate
    );
    let most = size.most.map_or(f64::INFINITY, f64::from);
    ensure(change < most, || told.clone())?;
    Ok(told)
}

impl Panics {
    /// Calls through the B2BUA while `user` is called. Within what time 99 of a hundred are answered.
    fn round(&self, node: SocketAddr, user: &str) -> Result<Duration> {
        let (to, host) = (node.to_string(), node.ip().to_string());
        let calls = (self.beside * self.seconds).to_string();
        let rate = self.beside.to_string();
        let beside = Sipp::start(&[
            &to, "-sn", "uac", "-s", user, "-i", &host, "-p", "5090", "-r", &rate, "-m", &calls,
            "-d", "200",
        ])?;
        let _callee = Sipp::start(&["-sn", "uas", "-i", &host, "-p", "5070"])?;
        let mut waited = self.call(node)?;
        let within = Duration::from_secs(u64::from(self.seconds) + 60);
        let others = beside.finish(within)?;
        if user == "plain" {
            others.expect_clean(u64::from(self.beside * self.seconds))?;
        }
        waited.sort_unstable();
        let at = (waited.len() * 99).div_ceil(100);
        Ok(waited
            .get(at.saturating_sub(1))
            .copied()
            .unwrap_or(Duration::MAX))
    }

    /// Calls at the rate, each of which comes up and ends. How long each waited for its answer.
    fn call(&self, node: SocketAddr) -> Result<Vec<Duration>> {
        let me = SocketAddr::from((node.ip(), 5080));
        let mut peer = Peer::new(Link::udp(me)?, me);
        let calls = (self.rate * self.seconds) as usize;
        let (begun, mut looked) = (Instant::now(), Instant::now());
        let deadline = begun + Duration::from_secs(u64::from(self.seconds)) + SETTLED_WITHIN;
        let mut open = VecDeque::new();
        let mut ended = 0;
        while ended < calls {
            ensure(Instant::now() < deadline, || {
                format!(
                    "{ended} of {calls} calls came up and ended: {}",
                    phases(&peer)
                )
            })?;
            let due = begun.elapsed().as_millis() * u128::from(self.rate) / 1_000;
            while peer.calls.len() < calls && (peer.calls.len() as u128) < due {
                let id = peer.invite("2000", node);
                open.push_back((Instant::now() + LASTS, id));
            }
            peer.poll(Duration::from_millis(1));
            let now = Instant::now();
            while let Some((_, id)) = open
                .pop_front_if(|(at, id)| *at <= now && peer.calls.get(id).is_some_and(Call::was_up))
            {
                peer.bye(&id);
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                ended = peer.count(Phase::Ended);
            }
        }
        Ok(peer
            .calls
            .values()
            .filter_map(|call| call.up_after)
            .collect())
    }
}
