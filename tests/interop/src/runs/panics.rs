//! A service that panics on every tenth event beside the B2BUA: the B2BUA's callers do not notice.
//!
//! The same calls are made to the service in either case, in turns: only that it panics makes the difference.

use super::load;
use super::looping::beside_b2bua;
use crate::error::{Result, ensure};
use crate::node::Node;
use crate::sipp::Sipp;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

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
    let mut times = [Vec::new(), Vec::new()];
    // The first round finds everything cold.
    size.round(spec.sip, "plain")?;
    for round in 0..size.rounds * 2 {
        // Whatever drifts meets both alike: with, without, without, with.
        let panics = round % 4 == 0 || round % 4 == 3;
        let user = if panics { "tenth" } else { "plain" };
        times[usize::from(panics)].extend(size.round(spec.sip, user)?);
    }
    let [without, with] = times.map(p99);
    let status = node.status()?;
    let panics = status["kernel"]["panics"].as_u64().unwrap_or(0);
    // An INVITE and a BYE for each call, and a little less for those that fail.
    let expected = u64::from(size.beside * size.seconds * size.rounds) / 10;
    ensure(panics >= expected, || {
        format!("only {panics} panics: {}", status["kernel"])
    })?;
    let change = (with / without - 1.0) * 100.0;
    let most = size.most.map_or(f64::INFINITY, f64::from);
    ensure(change < most, || {
        format!(
            "99 % of calls are answered within {without:.2} ms, and with {panics} panics within {with:.2} ms"
        )
    })?;
    Ok(format!(
        "{} rounds of {} s at {}/s: 99 % of calls answered within {without:.2} ms, with {panics} panics beside within {with:.2} ms ({change:+.1} %), none failed",
        size.rounds * 2,
        size.seconds,
        size.rate
    ))
}

impl Panics {
    /// Calls through the B2BUA, with how long each took to be answered, while `user` is called.
    fn round(&self, node: SocketAddr, user: &str) -> Result<Vec<f64>> {
        let (to, host) = (node.to_string(), node.ip().to_string());
        let calls = (self.beside * self.seconds).to_string();
        let rate = self.beside.to_string();
        let beside = Sipp::start(&[
            &to, "-sn", "uac", "-s", user, "-i", &host, "-p", "5090", "-r", &rate, "-m", &calls,
            "-d", "200",
        ])?;
        let totals = load::timed(self.rate, self.seconds, node)?;
        totals.expect_clean(u64::from(self.rate * self.seconds))?;
        let within = Duration::from_secs(u64::from(self.seconds) + 60);
        let others = beside.finish(within)?;
        if user == "plain" {
            others.expect_clean(u64::from(self.beside * self.seconds))?;
        }
        Ok(totals.answered().to_vec())
    }
}

/// What 99 of a hundred are not longer than.
fn p99(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    let at = (times.len() * 99).div_ceil(100);
    times
        .get(at.saturating_sub(1))
        .copied()
        .unwrap_or(f64::INFINITY)
}
