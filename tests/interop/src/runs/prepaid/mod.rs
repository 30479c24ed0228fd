//! Calls from SIPp through `prepaid` to `ocs`, both in one node that is killed at random: every account has lost what its
//! call has lasted, to the unit.
//!
//! Each call has an account of its own, so that every debit can be held against the call that caused it. A call lasts so many
//! seconds and a half, which leaves no doubt about its seconds when it is rounded up, as long as the node was there to see its
//! ACK and its BYE at once. Where it was not, what SIPp has seen of the call bounds the debit.

mod calls;
pub(super) mod till;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use self::calls::{Seen, Side};
use super::spec;
use crate::diameter::authority::Authority;
use crate::diameter::freediameter::{Daemon, FreeDiameter};
use crate::error::{Result, ensure};
use crate::node::{Node, NodeSpec, pause};
use crate::sipp::Sipp;
use till::Till;

/// What an account begins with, for calls that end by themselves.
const PLENTY: i64 = 1_000;
/// And for calls that end for want of credit.
const SCARCE: i64 = 3;
/// How long a call may go on beyond its credit, apart from the time that there was no node.
const OVERRUN: u64 = 1_000;
/// Kills and SIPp's clock are told by different clocks.
const SLACK: u64 = 1_000;

/// How long a node that has nothing left to do takes to end.
const SOON: Duration = Duration::from_secs(30);

/// How late a node that is there may hear an ACK, on a machine that has other things to do.
const HEARD: u64 = 100;

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Prepaid {
    /// Calls.
    pub calls: u32,
    /// New calls a second; a tenth as many more run out of credit.
    pub rate: u32,
    /// How long a call lasts, in milliseconds: seconds and a half.
    pub hold: u32,
    /// How often the node is killed.
    pub kills: u32,
    /// Of the moments of the kills.
    pub seed: u64,
    /// Octet of the loopback address.
    pub host: u8,
}

/// Milliseconds of the run during which there was no node.
#[derive(Clone, Copy, Debug)]
struct Down {
    from: u64,
    to: u64,
}

/// Makes the calls, kills the node meanwhile, and settles up.
///
/// # Errors
/// What did not hold.
pub fn charged(run: Prepaid, dir: &Path) -> Result<String> {
    let mut spec = spec(run.host, dir, "prepaid");
    spec.whole = Some(config(&spec));
    let mut node = Node::start(&spec)?;
    let at = SocketAddr::from((spec.sip.ip(), 3868));
    Till::open(at)?.close()?;
    let (host, poor) = (spec.sip.ip().to_string(), (run.calls / 10).max(1));
    let _callee = Sipp::start(&["-sn", "uas", "-i", &host, "-p", "5070"])?;
    let begun = Instant::now();
    let rich = calls::start(dir, &spec, Side::Rich, run.calls, run.rate, run.hold)?;
    let rate = (run.rate / 10).max(1);
    let scarce = calls::start(dir, &spec, Side::Poor, poor, rate, run.hold)?;
    let span = u64::from(run.calls / run.rate) * 1_000;
    let downs = kill_at_random(&run, &spec, &mut node, begun)?;
    let within = Duration::from_millis(span) + Duration::from_secs(120);
    rich.finish(within)?;
    scarce.finish(within)?;
    let rich = calls::read(dir, Side::Rich)?;
    let scarce = calls::read(dir, Side::Poor)?;
    let told = settle(at, &run, &rich, &scarce, &downs)
        .map_err(|e| crate::RunError::Broken(format!("seed {}: {e}", run.seed).into()))?;
    let status = node.terminate(SOON)?;
    ensure(status.success(), || format!("the node ended with {status}"))?;
    Ok(format!("seed {}: {told}", run.seed))
}

/// Kills the node as often as the run says, each time at a random moment of its part of the run.
fn kill_at_random(
    run: &Prepaid,
    spec: &NodeSpec,
    node: &mut Node,
    begun: Instant,
) -> Result<Vec<Down>> {
    let part = u64::from(run.calls / run.rate) * 1_000 / u64::from(run.kills.max(1));
    let mut downs = Vec::new();
    let mut seed = run.seed;
    for kill in 0..run.kills {
        let moment = u64::from(kill) * part + super::kill::next(&mut seed) % part.max(1);
        while elapsed(begun) < moment {
            pause();
        }
        let from = elapsed(begun);
        node.kill_and_start(spec)?;
        let to = elapsed(begun);
        downs.push(Down { from, to });
    }
    Ok(downs)
}

fn elapsed(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Holds the accounts against the calls. Final reports may still be on their way: some time is given.
fn settle(
    at: SocketAddr,
    run: &Prepaid,
    rich: &[Seen],
    scarce: &[Seen],
    downs: &[Down],
) -> Result<String> {
    let up = rich.iter().filter(|call| call.acked.is_some()).count();
    let most = u64::from(run.calls);
    ensure(up as u64 * 100 >= most * 80, || {
        format!("of {most} calls only {up} came up")
    })?;
    let mut till = Till::open(at)?;
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut sums = Sums::default();
    for call in rich {
        let expected = Expected::of(call, downs);
        let debit = loop {
            let account = Side::Rich.account(call.number);
            let debit = PLENTY - till.balance(&account, PLENTY)?;
            if expected.holds(debit) || Instant::now() > deadline {
                break debit;
            }
            pause();
        };
        ensure(expected.holds(debit), || {
            format!(
                "call {call:?} was debited {debit}, where {expected:?} is right; down {downs:?}"
            )
        })?;
        sums.add(debit, &expected);
    }
    let overrun = overruns(scarce, downs, &mut till)?;
    till.close()?;
    Ok(format!(
        "{up} of {most} calls up at {}/s, {} kills; {} debited for {} s of {} calls that the node saw all of, {} for {} others; {} calls out of credit ended at most {overrun} ms late",
        run.rate,
        downs.len(),
        sums.exact_debits,
        sums.exact_seconds,
        sums.exact,
        sums.other_debits,
        sums.others,
        scarce.iter().filter(|call| call.ended.is_some()).count(),
    ))
}

/// Calls without credit end in time, and cost what they had.
fn overruns(scarce: &[Seen], downs: &[Down], till: &mut Till) -> Result<u64> {
    let mut latest = 0;
    for call in scarce {
        let (Some(acked), Some(ended)) = (call.acked, call.ended) else {
            continue;
        };
        let lasted = ended.saturating_sub(acked);
        let credit = u64::try_from(SCARCE).unwrap_or_default() * 1_000;
        let without = downs
            .iter()
            .map(|down| overlap(down, acked.saturating_sub(SLACK), ended + SLACK))
            .sum::<u64>();
        let late = lasted.saturating_sub(credit);
        ensure(late <= OVERRUN + without, || {
            format!("call {call:?} went on for {late} ms without credit; down {downs:?}")
        })?;
        if without == 0 {
            latest = latest.max(late);
            let left = till.balance(&Side::Poor.account(call.number), SCARCE)?;
            // What it lasted beyond its credit, on a machine that is late, is paid for.
            let seconds = i64::try_from(lasted.div_ceil(1_000)).unwrap_or(i64::MAX);
            ensure((SCARCE - seconds..=0).contains(&left), || {
                format!("call {call:?} left {left} of {SCARCE}")
            })?;
        }
    }
    Ok(latest)
}

fn overlap(down: &Down, from: u64, to: u64) -> u64 {
    down.to.min(to).saturating_sub(down.from.max(from))
}

/// What a call may have cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Expected {
    least: i64,
    most: i64,
}

impl Expected {
    fn of(call: &Seen, downs: &[Down]) -> Self {
        let seconds = |ms: u64| i64::try_from(ms.div_ceil(1_000)).unwrap_or(i64::MAX);
        let Some(acked) = call.acked else {
            // It never came up, or its end was not seen: nothing was charged for it.
            return Self { least: 0, most: 0 };
        };
        let said = call.said.unwrap_or(acked);
        let ended = call.ended.unwrap_or(said);
        let seen = |at: u64, until: u64| {
            let (from, to) = (at.saturating_sub(SLACK), until + SLACK);
            downs.iter().all(|down| overlap(down, from, to) == 0)
        };
        if seen(acked, acked) && seen(said, ended) && ended - said < 300 {
            // It heard the ACK soon, and the BYE before it answered it: where a second ends in between, either is right.
            return Self {
                least: seconds(said.saturating_sub(acked + HEARD)),
                most: seconds(ended.saturating_sub(acked)),
            };
        }
        // Its ACK may have been heard late, after a repeated 200, and so may its BYE.
        Self {
            least: 0,
            most: seconds(ended.saturating_sub(acked)) + 1,
        }
    }

    fn holds(&self, debit: i64) -> bool {
        (self.least..=self.most).contains(&debit)
    }
}

#[derive(Debug, Default)]
struct Sums {
    exact: u64,
    exact_seconds: i64,
    exact_debits: i64,
    others: u64,
    other_debits: i64,
}

impl Sums {
    fn add(&mut self, debit: i64, expected: &Expected) {
        if expected.least == expected.most {
            self.exact += 1;
            self.exact_seconds += expected.least;
            self.exact_debits += debit;
        } else {
            self.others += 1;
            self.other_debits += debit;
        }
    }
}

/// The same against freeDiameter as the charging server, whose book says for each account what it was told was used.
///
/// After a connection that ended without a goodbye it takes no requests before three watchdogs have passed. So calls do not
/// wait for it, and what each has used is told when it listens again.
///
/// # Errors
/// What did not hold.
pub fn against_freediameter(run: Prepaid, port: u16, dir: &Path) -> Result<String> {
    let authority = Authority::new(dir)?;
    let server = FreeDiameter::new(dir, &authority, "ocs.fd.example", "fd.example", port);
    let server = server.admits("calls.example")?.charges("grant 2\n")?;
    let mut server = server.start()?;
    let mut spec = spec(run.host, dir, "prepaid");
    let address = format!("127.0.0.1:{port}");
    let config = client_config(&spec, "fd.example", "ocs.fd.example", &address);
    spec.whole = Some(config + PATIENT);
    let mut node = Node::start(&spec)?;
    server.wait_open("node.calls.example", 1)?;
    let host = spec.sip.ip().to_string();
    let _callee = Sipp::start(&["-sn", "uas", "-i", &host, "-p", "5070"])?;
    let begun = Instant::now();
    let callers = calls::start(dir, &spec, Side::Rich, run.calls, run.rate, run.hold)?;
    let downs = kill_at_random(&run, &spec, &mut node, begun)?;
    let span = Duration::from_secs(u64::from(run.calls / run.rate) + 120);
    let totals = callers.finish(span)?;
    if run.kills == 0 {
        totals.expect_clean(run.calls.into())?;
    }
    let seen = calls::read(dir, Side::Rich)?;
    let told = settle_book(&server, &run, &seen, &downs)
        .map_err(|e| crate::RunError::Broken(format!("seed {}: {e}", run.seed).into()))?;
    drop(node);
    server.stop()?;
    Ok(format!("seed {}: {told}", run.seed))
}

/// Holds the server's book against the calls, once it has heard of the end of all of them.
fn settle_book(server: &Daemon, run: &Prepaid, seen: &[Seen], downs: &[Down]) -> Result<String> {
    let up = seen.iter().filter(|call| call.acked.is_some()).count();
    let most = u64::from(run.calls);
    ensure(up as u64 * 100 >= most * 80, || {
        format!("of {most} calls only {up} came up")
    })?;
    let deadline = Instant::now() + Duration::from_secs(120);
    let mut book = server.book()?;
    while book.get("open") > 0 && Instant::now() < deadline {
        pause();
        book = server.book()?;
    }
    ensure(book.get("open") == 0, || {
        format!("sessions are left open: {:?}", book.sums)
    })?;
    let mut sums = Sums::default();
    for call in seen {
        let expected = Expected::of(call, downs);
        let account = Side::Rich.account(call.number);
        let used = book.accounts.get(&account).copied().unwrap_or(0);
        let debit = i64::try_from(used).unwrap_or(i64::MAX);
        ensure(expected.holds(debit), || {
            format!(
                "call {call:?} was debited {debit}, where {expected:?} is right; down {downs:?}"
            )
        })?;
        sums.add(debit, &expected);
    }
    Ok(format!(
        "{up} of {most} calls up at {}/s, {} kills; freeDiameter was told {} of {} s of {} calls that the node saw all of, and {} s of {} others; {} requests, {} copies",
        run.rate,
        downs.len(),
        sums.exact_debits,
        sums.exact_seconds,
        sums.exact,
        sums.other_debits,
        sums.others,
        book.get("requests"),
        book.get("repeats"),
    ))
}

/// Settings of `prepaid` with which calls go on while the charging server is away, and pay later.
const PATIENT: &str = r#"wait = "2s"
failure_handling = "retry-and-terminate"
failover = true
retry = "5s"
"#;

/// `prepaid` with a Diameter adaptor that connects to a server.
fn client_config(spec: &NodeSpec, realm: &str, server: &str, address: &str) -> String {
    let (sip, ip, data) = (spec.sip, spec.sip.ip(), spec.data.display());
    format!(
        r#"[node]
data_dir = "{data}"
# What ended calls leave behind is there for half a minute, and nobody needs it at the end.
drain_limit = "2s"

[adaptors.sip]
type = "sip"
[adaptors.sip.settings.listeners.udp]
transport = "udp"
bind = "{sip}"

[adaptors.charging]
type = "diameter"
[adaptors.charging.settings]
origin_host = "node.calls.example"
origin_realm = "calls.example"
applications = [4]
[adaptors.charging.settings.listeners.tcp]
bind = "{ip}:0"
[adaptors.charging.settings.peers.ocs]
host = "{server}"
addresses = ["{address}"]
[adaptors.charging.settings.realms.any]
realm = "*"
[adaptors.charging.settings.realms.any.peers.ocs]

[services.prepaid]
links.diameter = "charging"
[services.prepaid.settings]
server_realm = "{realm}"
routes = [{{ target = "sip:{ip}:5070" }}]
"#
    )
}

/// The same and `ocs` in one node, on an adaptor of its own; a second costs 1, and two are granted at a time.
fn config(spec: &NodeSpec) -> String {
    let ip = spec.sip.ip();
    let client = client_config(spec, "example", "ocs.example", &format!("{ip}:3868"));
    let poor: String = (1..=2_000)
        .map(|n| format!("\"{}\" = {{ balance = {SCARCE} }}\n", Side::Poor.account(n)))
        .collect();
    format!(
        r#"{client}
[adaptors.accounts]
type = "diameter"
[adaptors.accounts.settings]
origin_host = "ocs.example"
origin_realm = "example"
applications = [4]
[adaptors.accounts.settings.listeners.tcp]
bind = "{ip}:3868"
[adaptors.accounts.settings.peers.calls]
host = "node.calls.example"
[adaptors.accounts.settings.unknown_peers.till]
realm = "hand.example"
tls = false

[services.ocs]
links.diameter = "accounts"
[services.ocs.settings]
opening_balance = {PLENTY}
[[services.ocs.settings.tariffs]]
price = 1
per = 1
quota = 2
[services.ocs.settings.accounts]
{poor}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(acked: u64, said: u64, ended: u64) -> Seen {
        Seen {
            number: 1,
            acked: Some(acked),
            said: Some(said),
            ended: Some(ended),
        }
    }

    #[test]
    fn a_call_that_the_node_saw_all_of_costs_what_it_lasted() {
        let downs = [Down {
            from: 20_000,
            to: 21_000,
        }];
        let exact = Expected::of(&call(10_000, 12_500, 12_510), &downs);
        assert_eq!((exact.least, exact.most), (3, 3));
        let over_a_kill = Expected::of(&call(18_000, 24_500, 24_510), &downs);
        assert_eq!((over_a_kill.least, over_a_kill.most), (7, 7));
        let at_a_border = Expected::of(&call(10_000, 14_992, 15_048), &downs);
        assert_eq!((at_a_border.least, at_a_border.most), (5, 6));
    }

    #[test]
    fn a_call_whose_end_fell_into_a_kill_is_bounded_by_what_was_seen() {
        let downs = [Down {
            from: 20_000,
            to: 21_000,
        }];
        let bounded = Expected::of(&call(18_000, 20_500, 21_500), &downs);
        assert_eq!((bounded.least, bounded.most), (0, 5));
    }
}
