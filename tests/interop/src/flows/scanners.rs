//! Tools that ask and tools that probe: what they find is what they should.

use super::office::{DOMAIN, PASSWORD, Through, office};
use super::stage::{SOON, Stage};
use super::{Client, Flow, tools};
use crate::error::{Result, ensure, io};
use std::fs;
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
        "sipsak-registers",
        Client::Sipsak,
        "UDP",
        "REGISTER with digest",
        sipsak_registers,
    ),
    Flow::new("svcrack", Client::Sipvicious, "UDP", CRACK, svcrack),
    Flow::new("svwar", Client::Sipvicious, "UDP", WAR, svwar),
    Flow::new(
        "svmap",
        Client::Sipvicious,
        "UDP",
        "svmap finds a SIP device that does not say what it is",
        svmap,
    ),
];

const CRACK: &str = "svcrack tries 100 passwords for a user and finds none";
const WAR: &str = "svwar cannot tell users from strangers by REGISTER, INVITE or OPTIONS";

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

/// sipsak registers for the address in its URI, so that the domain is the node's address.
fn sipsak_registers(stage: &Stage) -> Result<String> {
    let node = stage
        .node(&office(Client::Baresip, Through::B2bua).replace(DOMAIN, &stage.ip(1).to_string()))?;
    let contact = format!("sip:alice@{}:5999", stage.ip(2));
    let uri = format!("sip:alice@{}", stage.sip());
    for lifetime in ["120", "0"] {
        let mut command = Command::new("sipsak");
        command.args([
            "-U", "-v", "-C", &contact, "-x", lifetime, "-u", "alice", "-a", PASSWORD, "-s", &uri,
        ]);
        stage.start("sipsak", &mut command)?.succeed(SOON)?;
    }
    stage.end(node)?;
    Ok("registered and gone".to_owned())
}

fn svcrack(stage: &Stage) -> Result<String> {
    let node = stage
        .node(&office(Client::Baresip, Through::B2bua).replace(DOMAIN, &stage.ip(1).to_string()))?;
    let address = stage.ip(1).to_string();
    let said = scan(
        stage,
        "svcrack",
        &[
            "-P",
            "5964",
            "-p",
            "5060",
            "-u",
            "alice",
            "-r",
            "1000-1099",
            &address,
        ],
    )?;
    ensure(!said.contains("| alice"), || {
        format!("svcrack found a password:\n{said}")
    })?;
    stage.end(node)?;
    Ok("nothing found".to_owned())
}

fn svwar(stage: &Stage) -> Result<String> {
    let node = stage
        .node(&office(Client::Baresip, Through::B2bua).replace(DOMAIN, &stage.ip(1).to_string()))?;
    let address = stage.ip(1).to_string();
    let words = stage.dir().join("users");
    let extensions: String = (100..300).map(|n| format!("{n}\n")).collect();
    let names = format!("alice\n{extensions}bob\nnobody\n");
    fs::write(&words, names).map_err(io("write a list of users"))?;
    let words = words.display().to_string();
    for (method, more) in [
        ("REGISTER", &[][..]),
        ("INVITE", &[]),
        ("OPTIONS", &[]),
        ("INVITE", &["--force"]),
    ] {
        let args = [
            &[
                "-P", "5965", "-p", "5060", "-m", method, "-d", &words, &address,
            ],
            more,
        ]
        .concat();
        // It ends with an error where all users look alike.
        let said = scan(stage, "svwar", &args).unwrap_or_else(|problem| problem.to_string());
        let named = |user: &str| said.contains(&format!("| {user} "));
        ensure(!(named("alice") || named("bob")) || named("nobody"), || {
            format!("svwar tells users from strangers by {method}:\n{said}")
        })?;
    }
    stage.end(node)?;
    Ok("users look like strangers".to_owned())
}

/// Runs a program of SIPVicious to its end.
fn scan(stage: &Stage, program: &str, args: &[&str]) -> Result<String> {
    let home = tools::python()?;
    let mut command = Command::new(home.join("bin").join(format!("sipvicious_{program}")));
    command.env("PYTHONPATH", &home).args(args);
    stage.start(program, &mut command)?.succeed(SOON)
}
