//! One version of a service takes the place of another while calls are up, or a share of the new ones.
//!
//! The node is `strowger-versions`. Versions are told apart from outside: each of the B2BUA's has callees of its own.

mod canary;
mod replaced;
mod sleepers;
mod unfit;

pub use canary::{Canary, share};
pub use replaced::{Replaced, replaced};
pub use unfit::unfit;

use super::{TAKES_ALL, spec};
use crate::error::{Result, RunError, ensure, io};
use crate::node::{Node, NodeSpec, VERSIONS, pause};
use crate::operator::{Operator, listening};
use crate::sipp::Sipp;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

/// The versions of the two services.
const B2BUA: [&str; 2] = ["b2bua@1.0", "b2bua@1.1"];
const WAKEUP: [&str; 2] = ["wakeup@1.0", "wakeup@1.1"];

/// How long the node may take to do what it was told.
const SOON: Duration = Duration::from_secs(20);

/// A node with two versions of each; of the B2BUA's, callees of users that begin with `2` are at port 5070 and 5071, with `3` at 5072
/// and 5073.
fn versions(host: u8, dir: &Path, name: &str) -> Result<NodeSpec> {
    let mut spec = spec(host, dir, name);
    fs::create_dir_all(&spec.data).map_err(io("create the data directory"))?;
    let (ip, data) = (spec.sip.ip(), spec.data.display());
    let mut whole = format!(
        "[node]\ndata_dir = \"{data}\"\n{TAKES_ALL}{}[adaptors.sip]\n\
         [adaptors.sip.settings.listeners.udp]\ntransport = \"udp\"\nbind = \"{}\"\n",
        listening(&spec),
        spec.sip,
    );
    for (at, service) in B2BUA.iter().enumerate() {
        let (first, second) = (5070 + at, 5072 + at);
        whole += &format!(
            "[services.\"{service}\"]\nactive = {}\n[services.\"{service}\".settings]\n\
             routes = [{{ prefix = \"2\", target = \"sip:{ip}:{first}\" }}, \
             {{ prefix = \"3\", target = \"sip:{ip}:{second}\" }}]\n",
            at == 0
        );
    }
    for (at, service) in WAKEUP.iter().enumerate() {
        whole += &format!("[services.\"{service}\"]\nactive = {}\n", at == 0);
    }
    spec.whole = Some(whole);
    spec.binary = VERSIONS;
    Ok(spec)
}

/// SIPp that answers at a port of the node's address.
fn callee(spec: &NodeSpec, port: u16) -> Result<Sipp> {
    let (ip, port) = (spec.sip.ip().to_string(), port.to_string());
    Sipp::start(&["-sn", "uas", "-i", &ip, "-p", &port])
}

/// How many calls came to each of two callees, which end by that: all of these. Whether one failed is the caller's to say: where a
/// machine stands still, SIPp takes an INVITE that comes again for one that it did not expect.
fn arrived(callees: [Sipp; 2], calls: u64) -> Result<[u64; 2]> {
    let [first, second] = callees.map(|callee| -> Result<u64> {
        callee.wind_up()?;
        Ok(callee.finish(SOON)?.get("IncomingCall"))
    });
    let came = [first?, second?];
    ensure(came.iter().sum::<u64>() == calls, || {
        format!("of {calls} calls {came:?} came to the callees")
    })?;
    Ok(came)
}

/// A service of a status.
fn service<'a>(status: &'a Value, name: &str) -> &'a Value {
    let services = status["services"].as_array();
    let found = services.and_then(|all| all.iter().find(|service| service["name"] == name));
    found.unwrap_or(&Value::Null)
}

/// Entities of a service.
fn entities(status: &Value, name: &str) -> u64 {
    service(status, name)["entities"].as_u64().unwrap_or(0)
}

/// Runs `strowger` for what must be done.
fn done(node: &Node, args: &[&str]) -> Result {
    let said = node.order(args)?;
    ensure(said.status.success(), || told(args, &said))
}

fn told(args: &[&str], said: &Output) -> String {
    format!(
        "strowger {} ended {}: {}{}",
        args.join(" "),
        said.status,
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr)
    )
}

/// Metrics, as a Prometheus gets them.
struct Metrics(String);

impl Metrics {
    fn ask(operator: &mut Operator) -> Result<Self> {
        let answer = operator.ask("GET", "/metrics", "")?;
        ensure(answer.status == 200, || {
            format!("/metrics: {}", answer.status)
        })?;
        Ok(Self(answer.body))
    }

    /// The value of the one series that begins like that.
    fn value(&self, series: &str) -> Result<u64> {
        let line = self.0.lines().find(|line| line.starts_with(series));
        let value = line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        let missing = || RunError::Broken(format!("metrics have no {series}").into());
        Ok(value.ok_or_else(missing)? as u64)
    }

    /// Both versions of a service are there, each with entities and deliveries of its own.
    fn expect_both(&self, versions: [&str; 2]) -> Result {
        for name in versions {
            for metric in [
                "strowger_service_entities",
                "strowger_service_deliveries_total",
            ] {
                let value = self.value(&format!("{metric}{{service=\"{name}\"}}"))?;
                ensure(value > 0, || format!("{metric} of {name} is 0"))?;
            }
        }
        Ok(())
    }
}

/// Waits until a condition holds that is asked for again and again.
fn until(within: Duration, what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result {
    let deadline = Instant::now() + within;
    while !holds()? {
        ensure(Instant::now() < deadline, || {
            format!("{what}: not within {within:?}")
        })?;
        pause();
    }
    Ok(())
}
