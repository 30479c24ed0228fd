//! Requests that schemathesis makes up from the OpenAPI document of a running node, right and wrong ones: none may be answered
//! with 5xx, nor otherwise than the document says.

use super::{TAKES_ALL, spec};
use crate::error::{Result, ensure};
use crate::flows::program::Program;
use crate::flows::tools;
use crate::node::Node;
use crate::operator::{address, listening, own_token};
use crate::sipp::Sipp;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const ENDED_WITHIN: Duration = Duration::from_secs(300);
/// What must hold of every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
    response_schema_conformance,negative_data_rejection,unsupported_method,use_after_free";

/// About `examples` requests for each route, as the administrator, while calls come and go.
///
/// # Errors
/// What did not hold.
pub fn conforms(examples: u32, seed: u64, host: u8, dir: &Path) -> Result<String> {
    let mut spec = spec(host, dir, "schema");
    let records = "[recorder]\nmode = \"sampled\"\none_in = 1\n";
    spec.more = format!("{}{TAKES_ALL}{records}", listening(&spec));
    let node = Node::start(&spec)?;
    let (to, from) = (spec.sip.to_string(), spec.sip.ip().to_string());
    // Until it is dropped. Services and adaptors are deactivated meanwhile: what becomes of its calls is not looked at.
    let _calls = Sipp::start(&[
        "-sn", "uac", "-s", "service", "-r", "5", "-d", "2000", "-i", &from, "-p", "5090", &to,
    ])?;
    let mut command = Command::new("python3");
    command
        .env("PYTHONPATH", tools::python()?)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["-m", "schemathesis.cli", "--no-color", "run"])
        .arg(format!("http://{}/openapi.json", address(&spec)))
        .arg("--header")
        .arg(format!("Authorization: Bearer {}", own_token(&spec)?))
        .args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS])
        // One ends the node, the other never ends.
        .args(["--exclude-path", "/v1/stop", "--exclude-path", "/v1/live"])
        // Backups go where they are told to.
        .args(["--exclude-path", "/v1/backup"])
        .args(["--generation-database", "none", "--warnings", "off"])
        // Made-up tokens would have it not listened to.
        .args(["--generation-with-security-parameters", "false"])
        .args(["--continue-on-failure", "--request-timeout", "10"])
        .args(["--seed", &seed.to_string()])
        .args(["--max-examples", &examples.to_string()]);
    let mut tried = Program::start("schemathesis", &mut command, dir)?;
    let status = tried.wait(ENDED_WITHIN)?;
    let said = tried.said();
    ensure(status.success(), || format!("seed {seed}\n{said}"))?;
    let running = node.status()?["state"] == "running";
    ensure(running, || "the node does not run".to_owned())?;
    let log = node.log_tail();
    let complaint = log.lines().find(|line| line.contains(" ERROR "));
    ensure(complaint.is_none(), || {
        format!("the node complained: {}", complaint.unwrap_or_default())
    })?;
    let summary = said.lines().filter(|line| line.contains("generated"));
    Ok(format!(
        "seed {seed}: {}",
        summary.collect::<Vec<_>>().join(" ").trim()
    ))
}
