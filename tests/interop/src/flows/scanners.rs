//! Tools that ask and tools that probe: what they find is what they should.

use super::stage::{SOON, Stage};
use super::{Client, Flow, tools};
use crate::error::{Result, ensure};
use std::process::Command;

pub(super) const FLOWS: &[Flow] = &[
    Flow::new(
        "sipsak-options",
        Client::Sipsak,
        "UDP",
        "OPTIONS",
        |stage| {
            asks(
                stage,
                &["sipsak", "-v", "-s", "sip:service@NODE"],
                "SIP/2.0 200 OK",
            )
        },
    ),
    Flow::new(
        "sofia-options-udp",
        Client::SofiaSip,
        "UDP",
        "OPTIONS",
        |stage| asks(stage, &["sip-options", "sip:NODE"], "SIP/2.0 200 OK"),
    ),
    Flow::new(
        "sofia-options-tcp",
        Client::SofiaSip,
        "TCP",
        "OPTIONS",
        |stage| {
            asks(
                stage,
                &["sip-options", "sip:NODE;transport=tcp"],
                "SIP/2.0 200 OK",
            )
        },
    ),
    Flow::new(
        "svmap",
        Client::Sipvicious,
        "UDP",
        "svmap finds a SIP device that does not say what it is",
        svmap,
    ),
];

const ANSWERING: &str = "[services.uas]\nkind = \"uas\"\n";

/// Runs a command, with `NODE` replaced by its address, and wants `answer` in what it says.
fn asks(stage: &Stage, command: &[&str], answer: &str) -> Result<String> {
    let node = stage.node(ANSWERING)?;
    let words = command
        .iter()
        .map(|word| word.replace("NODE", &stage.sip().to_string()));
    let words: Vec<String> = words.collect();
    let mut program = Command::new(&words[0]);
    program.args(&words[1..]);
    let said = stage.start("client", &mut program)?.succeed(SOON)?;
    ensure(said.contains(answer), || {
        format!("no `{answer}` in:\n{said}")
    })?;
    stage.end(node)?;
    Ok(answer.to_owned())
}

fn svmap(stage: &Stage) -> Result<String> {
    let node = stage.node(ANSWERING)?;
    let address = stage.ip(1).to_string();
    let said = scan(stage, "svmap", &["-P", "5962", "-p", "5060", &address])?;
    let row = said
        .lines()
        .find(|line| line.contains(&format!("{address}:5060")));
    ensure(row.is_some_and(|row| row.contains("unknown")), || {
        format!("svmap did not find the node, or found out too much:\n{said}")
    })?;
    stage.end(node)?;
    Ok("found as `unknown`".to_owned())
}

/// Runs a program of SIPVicious to its end.
fn scan(stage: &Stage, program: &str, args: &[&str]) -> Result<String> {
    let home = tools::python()?;
    let mut command = Command::new(home.join("bin").join(format!("sipvicious_{program}")));
    command.env("PYTHONPATH", &home).args(args);
    stage.start(program, &mut command)?.succeed(SOON)
}
