//! What operators change while calls go through: log levels, accounts, certificates, another service. No call is lost or slower.

use super::hostile::{secure, trusting};
use super::load::timed;
use super::spec;
use crate::error::{Result, RunError, ensure, io};
use crate::flows::Certificates;
use crate::node::{Node, NodeSpec, pause};
use crate::operator::{Operator, listening, own_token};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How soon a certificate that was looked at must be used.
const USED_WITHIN: Duration = Duration::from_secs(10);
const RELOAD: &str = "/v1/configuration/reload";

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Changes {
    /// Calls per second.
    pub rate: u32,
    /// For how long calls are made, once without changes and once with.
    pub seconds: u32,
    /// How much longer the 99th percentile of the time to an answer may be with them, in milliseconds.
    pub slower: u64,
    /// Octet of the loopback address.
    pub host: u8,
}

/// Somebody who changes one thing after the other.
struct Changing<'a> {
    spec: &'a NodeSpec,
    node: &'a Node,
    dir: &'a Path,
    operator: Operator,
    /// The configuration with `LEVEL` and `PASSWORD` in it.
    config: String,
}

/// Calls with and without changes.
///
/// # Errors
/// What did not hold.
pub fn under_load(size: Changes, dir: &Path) -> Result<String> {
    let ip = Ipv4Addr::new(127, 0, size.host, 1);
    let certificates = Certificates::make(dir, ip)?;
    let mut spec = spec(size.host, dir, "changes");
    spec.more = format!(
        "{}[log]\nfilter = \"info\"\n\
         [adaptors.sip.settings.listeners.tls]\ntransport = \"tls\"\nbind = \"{ip}:5061\"\n\
         tls = {{ certificate = \"{}\", key = \"{}\" }}\n\
         [services.registrar]\n[services.registrar.settings]\ndomains = [\"office.example\"]\n\
         [services.registrar.settings.users]\nalice = {{ password = \"first\" }}\n",
        listening(&spec),
        certificates.path("node.pem"),
        certificates.path("node.key"),
    );
    let node = Node::start(&spec)?;
    let quiet = timed(size.rate, size.seconds, spec.sip)?;
    let calls = u64::from(size.rate) * u64::from(size.seconds);
    quiet.expect_clean(calls)?;

    let ended = Arc::new(AtomicBool::new(false));
    let calling = {
        let (sip, ended) = (spec.sip, Arc::clone(&ended));
        std::thread::spawn(move || {
            let totals = timed(size.rate, size.seconds, sip);
            ended.store(true, Ordering::Relaxed);
            totals
        })
    };
    let mut changing = Changing::new(&spec, &node, dir)?;
    let mut rounds = 0;
    while !ended.load(Ordering::Relaxed) {
        rounds += 1;
        changing.round(rounds)?;
    }
    let changed = calling.join();
    let changed = changed.map_err(|_| RunError::Broken("a thread panicked".into()))??;
    changed.expect_clean(calls)?;
    let (without, with) = (quiet.percentile(99), changed.percentile(99));
    ensure(with <= without + size.slower, || {
        format!(
            "99 % of calls were answered within {with} ms, and without changes within {without} ms"
        )
    })?;
    Ok(format!(
        "{calls} calls at {}/s: 99 % answered within {without} ms, and beside {rounds} rounds of changes within {with} ms",
        size.rate
    ))
}

impl<'a> Changing<'a> {
    fn new(spec: &'a NodeSpec, node: &'a Node, dir: &'a Path) -> Result<Self> {
        let mut operator = Operator::connect(spec)?;
        operator.token = Some(own_token(spec)?);
        let config = fs::read_to_string(node.config_file()).map_err(io("read a configuration"))?;
        let config = config.replace("filter = \"info\"", "filter = \"LEVEL\"");
        let config = config.replace("\"first\"", "\"PASSWORD\"");
        Ok(Self {
            spec,
            node,
            dir,
            operator,
            config,
        })
    }

    /// A log level, an account and a certificate; a configuration that cannot be; and another service off and on.
    fn round(&mut self, n: u32) -> Result {
        let level = if n.is_multiple_of(2) { "info" } else { "warn" };
        let config = self.config.replace("PASSWORD", &format!("word-{n}"));
        let config = config.replace("LEVEL", level);
        self.write(&config)?;
        let changes = self.operator.done("POST", RELOAD, "")?;
        let changed = |key: &str| {
            let mut keys = changes.as_array().into_iter().flatten();
            keys.any(|change| {
                change["key"]
                    .as_str()
                    .is_some_and(|own| own.starts_with(key))
            })
        };
        let both = changed("log.filter") && changed("services.registrar.settings.users");
        ensure(both, || format!("not what was changed: {changes}"))?;
        self.certify()?;

        let before = self.operator.get("/v1/configuration")?;
        self.write(&format!("{config}\n[store]\ncahce = \"1MiB\"\n"))?;
        let problem = self
            .operator
            .refused("POST", RELOAD, "", (422, "NOD-015"))?;
        let first = &problem["problems"][0];
        let told =
            first["line"].is_u64() && first["file"].is_string() && first["key"] == "store.cahce";
        ensure(told, || format!("the mistake is not told of: {problem}"))?;
        let same = self.operator.get("/v1/configuration")? == before;
        ensure(same, || {
            "a mistake has changed the configuration".to_owned()
        })?;
        self.write(&config)?;

        self.operator
            .done("POST", "/v1/services/uas/deactivate", "")?;
        self.stopped("uas")?;
        self.operator
            .done("POST", "/v1/services/uas/activate", "")?;
        Ok(())
    }

    /// Waits for a service that was deactivated: what it has goes on first.
    fn stopped(&mut self, service: &str) -> Result {
        let path = format!("/v1/services/{service}");
        let deadline = Instant::now() + USED_WITHIN;
        while self.operator.get(&path)?["state"] != "inactive" {
            ensure(Instant::now() < deadline, || {
                format!(
                    "{service} does not become inactive; {}",
                    self.node.log_tail()
                )
            })?;
            pause();
        }
        Ok(())
    }

    /// From another authority; who believes that one alone gets through a handshake.
    fn certify(&mut self) -> Result {
        let ip = Ipv4Addr::new(127, 0, self.host(), 1);
        let certificates = Certificates::make(self.dir, ip)?;
        self.operator.done("POST", "/v1/certificates/reload", "")?;
        let client = trusting(&certificates)?;
        let from = Ipv4Addr::new(127, 0, self.host(), 2);
        let deadline = Instant::now() + USED_WITHIN;
        while let Err(refused) = secure(&client, from, SocketAddr::from((ip, 5061))) {
            ensure(Instant::now() < deadline, || {
                format!(
                    "the new certificate is not used: {refused}; {}",
                    self.node.log_tail()
                )
            })?;
            pause();
        }
        Ok(())
    }

    fn host(&self) -> u8 {
        match self.spec.sip.ip() {
            std::net::IpAddr::V4(ip) => ip.octets()[2],
            std::net::IpAddr::V6(_) => 0,
        }
    }

    fn write(&self, config: &str) -> Result {
        fs::write(self.node.config_file(), config).map_err(io("write a configuration"))
    }
}
