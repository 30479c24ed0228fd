//! Changes under calls: a reload that no call notices, one that is refused and changes nothing, a stop that lets every call
//! end, a service that is deactivated beside another.

use super::kill::{Bench, Kill, phases};
use super::load::{self, Load};
use super::{TAKES_ALL, Transport, expect_empty, spec};
use crate::error::{Result, RunError, ensure, io};
use crate::node::{Node, NodeSpec, pause};
use crate::peer::{Link, Peer, Phase};
use rcgen::{CertificateParams, KeyPair};
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long the node may take to do what it was told.
const SOON: Duration = Duration::from_secs(20);
/// How long calls of the stop and of the deactivation last.
const LASTS: Duration = Duration::from_secs(1);
/// New calls go on for so long after a stop, to be refused.
const REFUSED_FOR: Duration = Duration::from_millis(500);
/// Calls of the service that is deactivated.
const HELD: usize = 20;

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Reload {
    /// Calls per second.
    pub rate: u32,
    /// For how long.
    pub seconds: u32,
    /// Whether times are compared. Needs a machine at rest.
    pub measured: bool,
    /// Octet of the loopback address.
    pub host: u8,
}

// ---- a reload

/// What of the configuration changes.
struct Written<'a> {
    filter: &'a str,
    enabled: bool,
    /// One more line in `[log]`.
    mistake: &'a str,
}

const BEFORE: Written<'_> = Written {
    filter: "info",
    enabled: true,
    mistake: "",
};
const AFTER: Written<'_> = Written {
    filter: "info,strowger_node=debug",
    enabled: false,
    mistake: "",
};

impl Written<'_> {
    fn write(&self, spec: &mut NodeSpec) -> Result {
        let Self {
            filter,
            enabled,
            mistake,
        } = self;
        let (host, files) = (spec.sip.ip(), spec.data.with_extension("tls"));
        let files = files.display();
        spec.more = format!(
            r#"{TAKES_ALL}
[adaptors.sip.settings.listeners.tls]
transport = "tls"
bind = "{host}:5061"
[adaptors.sip.settings.listeners.tls.tls]
certificate = "{files}/node.pem"
key = "{files}/node.key"
[adaptors.sms.settings.listeners.smpp]
bind = "{host}:2775"
[adaptors.sms.settings.accounts.shop]
password = "secret"
enabled = {enabled}
[log]
filter = "{filter}"
{mistake}
"#
        );
        spec.write_config().map(drop)
    }
}

/// SIPp through the B2BUA, while everything changes that a reload can change.
///
/// # Errors
/// What did not hold.
pub fn reloaded(size: Reload, dir: &Path) -> Result<String> {
    let mut spec = spec(size.host, dir, "reload");
    let files = spec.data.with_extension("tls");
    fs::create_dir_all(&files).map_err(io("make a directory"))?;
    certify(&files, &spec)?;
    BEFORE.write(&mut spec)?;
    let node = Node::start(&spec)?;
    let load = Load {
        rate: size.rate,
        seconds: size.seconds,
        hold_ms: 1_000,
        host: size.host,
    };
    let (caller, _callee) = load::begin(load, Transport::Udp, &spec, "2000", Some(5070))?;
    node.wait_status(SOON, |status| {
        status["counts"]["activities"].as_u64() > Some(10)
    })?;
    let took = change(&node, &mut spec)?;
    mistaken(&node, &mut spec)?;
    let calls = u64::from(size.rate) * u64::from(size.seconds);
    let within = Duration::from_secs(u64::from(size.seconds) + 60);
    caller.finish(within)?.expect_clean(calls)?;
    expect_empty(&node, Duration::from_secs(40))?;
    Ok(format!(
        "{calls} calls at {}/s, none lost; a reload took {took:?}",
        size.rate
    ))
}

/// Log level, account and certificate.
fn change(node: &Node, spec: &mut NodeSpec) -> Result<Duration> {
    ensure(account(node)? != "disabled", || {
        "the account is disabled before the reload".to_owned()
    })?;
    let shown = shown(spec)?;
    certify(&spec.data.with_extension("tls"), spec)?;
    AFTER.write(spec)?;
    let begun = Instant::now();
    let done = node.order(&["reload"])?;
    let took = begun.elapsed();
    ensure(done.status.success(), || {
        String::from_utf8_lossy(&done.stderr).into_owned()
    })?;
    ensure(account(node)? == "disabled", || {
        "the account is not disabled by the reload".to_owned()
    })?;
    let deadline = Instant::now() + SOON;
    while self::shown(spec)? == shown {
        ensure(Instant::now() < deadline, || {
            "the certificate is the old one after the reload".to_owned()
        })?;
        pause();
    }
    let log = node.log()?;
    ensure(log.contains("log.filter"), || {
        "the log does not tell of its new filter".to_owned()
    })?;
    Ok(took)
}

/// A reload that is refused, and says why; then one that mends it.
fn mistaken(node: &Node, spec: &mut NodeSpec) -> Result {
    let wrong = Written {
        filter: "warn",
        enabled: true,
        mistake: "filtre = \"debug\"",
    };
    wrong.write(spec)?;
    let config = spec.data.with_extension("toml");
    let text = fs::read_to_string(&config).map_err(io("read the configuration"))?;
    let line = text.lines().position(|line| line.starts_with("filtre"));
    let place = format!("{}:{}:", config.display(), line.unwrap_or(0) + 1);
    let refused = node.order(&["reload"])?;
    let said = String::from_utf8_lossy(&refused.stderr);
    let named = said.contains(&place) && said.contains("filtre");
    ensure(refused.status.code() == Some(3) && named, || {
        format!(
            "a reload with a mistake at {place} ended {}: {said}",
            refused.status
        )
    })?;
    let alarmed = |status: &serde_json::Value| status.to_string().contains("configuration_refused");
    let status = node.wait_status(SOON, alarmed)?;
    ensure(alarmed(&status) && account(node)? == "disabled", || {
        "a reload with a mistake has changed something, or raised no alarm".to_owned()
    })?;
    AFTER.write(spec)?;
    let mended = node.order(&["reload"])?;
    let status = node.wait_status(SOON, |status| !alarmed(status))?;
    ensure(mended.status.success() && !alarmed(&status), || {
        "the mended configuration is not taken".to_owned()
    })
}

/// The state of the account.
fn account(node: &Node) -> Result<String> {
    let status = node.status()?;
    let adaptors = status["adaptors"].as_array().into_iter().flatten();
    let parts = adaptors.flat_map(|adaptor| adaptor["parts"].as_array().into_iter().flatten());
    let mut own = parts.filter(|part| {
        part["name"]
            .as_str()
            .is_some_and(|name| name.contains("shop"))
    });
    let state = own.next().and_then(|part| part["state"].as_str());
    let missing = || RunError::Broken("the status does not have the account".into());
    Ok(state.ok_or_else(missing)?.to_owned())
}

/// Writes a certificate that nobody has seen.
fn certify(dir: &Path, spec: &NodeSpec) -> Result {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let params = CertificateParams::new(vec![spec.sip.ip().to_string()])?;
    let certificate = params.self_signed(&key)?;
    // The key first: what does not fit together is not taken.
    for (name, text) in [
        ("node.key", key.serialize_pem()),
        ("node.pem", certificate.pem()),
    ] {
        fs::write(dir.join(name), text).map_err(io("write a certificate"))?;
    }
    Ok(())
}

/// The certificate that the node shows.
fn shown(spec: &NodeSpec) -> Result<String> {
    let address = format!("{}:5061", spec.sip.ip());
    let out = Command::new("openssl")
        .args(["s_client", "-showcerts", "-connect", &address])
        .stdin(Stdio::null())
        .output()
        .map_err(io("run openssl"))?;
    let text = String::from_utf8_lossy(&out.stdout);
    let begin = text.find("-----BEGIN CERTIFICATE-----");
    let end = text.find("-----END CERTIFICATE-----");
    let none = || RunError::Broken("the node shows no certificate".into());
    let (begin, end) = begin.zip(end).ok_or_else(none)?;
    Ok(text.get(begin..end).unwrap_or_default().to_owned())
}

// ---- a stop

/// SIGTERM while calls come and go: each call that is up ends as it would have, and the node with exit code 0.
///
/// # Errors
/// What did not hold.
pub fn drained(size: Reload, dir: &Path) -> Result<String> {
    let mut bench = bench(size, dir, "drain")?;
    let mut node = bench.start()?;
    let mut calls = Calls::default();
    calls.go_on(
        &mut bench,
        size.rate,
        Duration::from_secs(size.seconds.into()),
    );
    let up = bench.caller.count(Phase::Up);
    ensure(up > 0, || "no call is up at the stop".to_owned())?;
    node.ask_to_stop()?;
    let stopped = Instant::now();
    calls.go_on(&mut bench, size.rate, REFUSED_FOR);
    let open = |peer: &Peer| [Phase::Calling, Phase::Up, Phase::Ending].map(|p| peer.count(p));
    while open(&bench.caller) != [0; 3] {
        ensure(stopped.elapsed() < SOON * 2, || {
            format!("calls without an end: {}", phases(&bench.caller))
        })?;
        calls.end_those_that_are_over(&mut bench);
        bench.poll();
    }
    let ended = node.wait(SOON)?;
    let took = stopped.elapsed();
    let finished = bench.caller.count(Phase::Ended);
    let refused = bench.caller.count(Phase::Failed(503));
    let fine = finished + refused == bench.caller.calls.len()
        && bench.callee.count(Phase::Ended) == bench.callee.calls.len();
    ensure(ended.code() == Some(0) && fine, || {
        format!(
            "{ended}; caller: {}, callee: {}",
            phases(&bench.caller),
            phases(&bench.callee)
        )
    })?;
    Ok(format!(
        "{up} calls up at the stop, all of {finished} ended, {refused} new ones refused, exit code 0 after {took:?}"
    ))
}

fn bench(size: Reload, dir: &Path, name: &str) -> Result<Bench> {
    let kill = Kill {
        transport: Transport::Udp,
        host: size.host,
        powercut: false,
    };
    Bench::new(&kill, dir, name)
}

/// The calls of one caller: when each was made, when it came up, how long that took.
#[derive(Default)]
struct Calls {
    made: BTreeMap<String, Instant>,
    up: BTreeMap<String, Instant>,
    setups: Vec<Duration>,
}

impl Calls {
    /// Makes and ends calls at a rate.
    fn go_on(&mut self, bench: &mut Bench, rate: u32, time: Duration) {
        let (begun, mut made) = (Instant::now(), 0);
        while begun.elapsed() < time {
            if begun.elapsed().as_millis() * u128::from(rate) / 1000 > made {
                let id = bench.caller.invite("2000", bench.spec.sip);
                self.made.insert(id, Instant::now());
                made += 1;
            }
            bench.poll();
            self.end_those_that_are_over(bench);
        }
    }

    /// Notes what has come up, and ends what has been up for its time.
    fn end_those_that_are_over(&mut self, bench: &mut Bench) {
        let now = Instant::now();
        let (calls, up) = (&bench.caller.calls, &mut self.up);
        let setups = &mut self.setups;
        self.made.retain(|id, made| {
            let phase = calls.get(id).map(|call| call.phase);
            if phase == Some(Phase::Up) {
                setups.push(now - *made);
                up.insert(id.clone(), now);
            }
            phase == Some(Phase::Calling)
        });
        let over = self.up.extract_if(.., |_, since| *since + LASTS <= now);
        for (id, _) in over.collect::<Vec<_>>() {
            bench.caller.bye(&id);
        }
    }

    /// The time within which 99 of 100 calls came up, of those since it was asked last.
    fn p99(&mut self) -> Duration {
        let mut setups = std::mem::take(&mut self.setups);
        setups.sort_unstable();
        let place = setups.len().saturating_sub(1) * 99 / 100;
        setups.get(place).copied().unwrap_or_default()
    }
}

// ---- a deactivation

/// The answering service is deactivated, with calls that it has, while the B2BUA takes calls.
///
/// # Errors
/// What did not hold.
pub fn deactivated(size: Reload, dir: &Path) -> Result<String> {
    let mut bench = bench(size, dir, "deactivation")?;
    let node = bench.start()?;
    let me = SocketAddr::from((bench.spec.sip.ip(), 5090));
    let mut other = Peer::new(Link::udp(me)?, me);
    let held = hold(&mut other, bench.spec.sip)?;
    let (mut calls, half) = (
        Calls::default(),
        Duration::from_secs(size.seconds.into()) / 2,
    );
    // What is cold at first is in neither half.
    calls.go_on(&mut bench, size.rate, half / 4);
    calls.p99();
    calls.go_on(&mut bench, size.rate, half);
    let before = calls.p99();
    let done = node.order(&["services", "deactivate", "uas"])?;
    ensure(done.status.success(), || {
        String::from_utf8_lossy(&done.stderr).into_owned()
    })?;
    calls.go_on(&mut bench, size.rate, half);
    let after = calls.p99();
    ensure(
        !size.measured || after <= before * 3 / 2 + Duration::from_millis(1),
        || {
            format!(
                "99 of 100 calls came up within {before:?} before it, within {after:?} after it"
            )
        },
    )?;
    hang_up(&mut other, &held)?;
    let refused = other.invite("service", bench.spec.sip);
    let answered = |peer: &Peer| peer.calls.get(&refused).map(|call| call.phase);
    other.until(SOON, |peer| answered(peer) != Some(Phase::Calling));
    ensure(
        matches!(answered(&other), Some(Phase::Failed(status)) if status != 0),
        || format!("a new call to it is {:?}", answered(&other)),
    )?;
    settle(&mut bench, &mut calls)?;
    node.wait_status(SOON, |status| {
        let services = status["services"].as_array().into_iter().flatten();
        services
            .clone()
            .any(|s| s["name"] == "uas" && s["state"] == "inactive")
    })?;
    expect_empty(&node, Duration::from_secs(40))?;
    Ok(format!(
        "{} calls, none lost; 99 of 100 up within {before:?} before it, {after:?} after it; its {HELD} calls ended well",
        bench.caller.calls.len()
    ))
}

fn hold(peer: &mut Peer, node: SocketAddr) -> Result<Vec<String>> {
    let held: Vec<_> = (0..HELD).map(|_| peer.invite("service", node)).collect();
    let up = peer.until(SOON, |peer| peer.count(Phase::Up) == HELD);
    ensure(up, || {
        format!("{} of {HELD} calls came up", peer.count(Phase::Up))
    })?;
    Ok(held)
}

fn hang_up(peer: &mut Peer, held: &[String]) -> Result {
    for id in held {
        peer.bye(id);
    }
    let ended = peer.until(SOON, |peer| peer.count(Phase::Ended) == HELD);
    ensure(ended, || {
        format!("calls of the deactivated service: {}", phases(peer))
    })
}

/// Every call ends, as it was to.
fn settle(bench: &mut Bench, calls: &mut Calls) -> Result {
    let deadline = Instant::now() + SOON * 2;
    while bench.caller.count(Phase::Ended) < bench.caller.calls.len() {
        ensure(Instant::now() < deadline, || {
            format!("calls of the other service: {}", phases(&bench.caller))
        })?;
        calls.end_those_that_are_over(bench);
        bench.poll();
    }
    Ok(())
}
