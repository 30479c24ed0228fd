//! A Prometheus that scrapes a running node and evaluates the alert rules of `config/alerts`: it has to understand both. Whether
//! the rules ask for metrics that exist, a test of `strowger-management` says.

use super::spec;
use crate::error::{Result, RunError, ensure, io};
use crate::flows::program::Program;
use crate::node::{Node, pause};
use crate::operator::{address, listening};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const RULES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../config/alerts/strowger.rules.yml"
);
const WITHIN: Duration = Duration::from_secs(60);

/// One node, one Prometheus, and every rule evaluated at least once.
///
/// # Errors
/// What did not hold.
pub fn scraped(host: u8, dir: &Path) -> Result<String> {
    let mut spec = spec(host, dir, "scrape");
    spec.more = listening(&spec);
    let node = Node::start(&spec)?;
    let file = dir.join("prometheus.yml");
    let config = format!(
        "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
         rule_files: [{RULES:?}]\n\
         scrape_configs:\n  - job_name: strowger\n    static_configs:\n      - targets: [\"{}\"]\n",
        address(&spec)
    );
    fs::write(&file, config).map_err(io("write a configuration"))?;
    let mut check = Command::new("promtool");
    check.args(["check", "config"]).arg(&file);
    Program::start("promtool", &mut check, dir)?.succeed(WITHIN)?;

    let at = SocketAddr::new(spec.sip.ip(), 9090);
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            dir.join("tsdb").display()
        ))
        .arg(format!("--web.listen-address={at}"));
    let prometheus = Program::start("prometheus", &mut command, dir)?;
    let target = until(at, "/api/v1/targets", |said| {
        let target = &said["data"]["activeTargets"][0];
        (target["health"] != "unknown" && !target["health"].is_null()).then(|| target.clone())
    })?;
    ensure(target["health"] == "up", || {
        format!("not scraped: {target}")
    })?;
    let rules = until(at, "/api/v1/rules", evaluated)?;
    let bad = rules.iter().find(|rule| rule["health"] != "ok");
    ensure(bad.is_none(), || format!("a rule: {bad:?}"))?;
    let series = until(
        at,
        "/api/v1/query?query=count({job=\"strowger\"})",
        |said| {
            let count = said["data"]["result"][0]["value"][1].as_str()?;
            count.parse::<u32>().ok()
        },
    )?;
    drop(prometheus);
    drop(node);
    Ok(format!("{series} series, {} rules evaluated", rules.len()))
}

/// All rules, once each has been evaluated.
fn evaluated(said: &Value) -> Option<Vec<Value>> {
    let groups = said["data"]["groups"].as_array()?;
    let rules = groups.iter().filter_map(|group| group["rules"].as_array());
    let rules: Vec<Value> = rules.flatten().cloned().collect();
    let pending = rules.iter().any(|rule| rule["health"] == "unknown");
    (!rules.is_empty() && !pending).then_some(rules)
}

/// Asks Prometheus until it has answered what is waited for. Its longer answers come in chunks, which curl reads.
fn until<T>(at: SocketAddr, path: &str, found: impl Fn(&Value) -> Option<T>) -> Result<T> {
    let end = Instant::now() + WITHIN;
    let mut last = String::new();
    while Instant::now() < end {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--globoff", "--max-time", "5"]);
        let said = curl.arg(format!("http://{at}{path}")).output();
        last = String::from_utf8_lossy(&said.map_err(io("ask Prometheus"))?.stdout).into_owned();
        let answer: Option<Value> = serde_json::from_str(&last).ok();
        if let Some(found) = answer.as_ref().and_then(&found) {
            return Ok(found);
        }
        pause();
    }
    Err(RunError::Broken(format!("{path}: {last}").into()))
}
