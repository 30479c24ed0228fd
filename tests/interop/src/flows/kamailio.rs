//! Kamailio on both sides of the B2BUA: in front, where it records itself in the route, and behind, where it answers.

use super::program::Program;
use super::stage::{SOON, Stage};
use super::{Client, Flow};
use crate::error::{Result, io};
use crate::sipp::Sipp;
use nix::sys::signal::Signal;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const WHAT: &str = "in front with Record-Route, and behind as the one who is called by the B2BUA";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("kamailio-udp", Client::Kamailio, "UDP", WHAT, |stage| {
        both_sides(stage, "udp", 20, 5)
    }),
    Flow::new("kamailio-tcp", Client::Kamailio, "TCP", WHAT, |stage| {
        both_sides(stage, "tcp", 20, 5)
    }),
    Flow::new(
        "kamailio-full",
        Client::Kamailio,
        "UDP",
        "the same with 200 calls/s for 60 s",
        |stage| both_sides(stage, "udp", 200, 60),
    )
    .long(),
];

/// SIPp calls through Kamailio, the node and Kamailio.
fn both_sides(stage: &Stage, transport: &str, rate: u32, seconds: u32) -> Result<String> {
    let (front, behind) = (stage.ip(2), stage.ip(3));
    let node = stage.node(&format!(
        "[services.b2bua]\nkind = \"b2bua\"\n[services.b2bua.settings]\n\
         routes = [{{ user = \"service\", target = \"sip:{behind}:5060;transport={transport}\" }}]\n"
    ))?;
    let to_node = format!("NODE=\"sip:{};transport={transport}\"", stage.sip());
    let front = start(
        stage,
        "front",
        SocketAddr::from((front, 5060)),
        transport,
        &to_node,
    )?;
    let contact =
        format!("CONTACT=\"Contact: <sip:service@{behind}:5060;transport={transport}>\\r\\n\"");
    let behind = start(
        stage,
        "callee",
        SocketAddr::from((behind, 5060)),
        transport,
        &contact,
    )?;
    let calls = u64::from(rate) * u64::from(seconds);
    let caller = Sipp::start(&[
        &format!("{}:5060", stage.ip(2)),
        "-sf",
        &scenario(),
        "-i",
        &stage.ip(4).to_string(),
        "-p",
        "5080",
        "-t",
        if transport == "tcp" { "t1" } else { "u1" },
        "-r",
        &rate.to_string(),
        "-m",
        &calls.to_string(),
    ])?;
    let totals = caller.finish(Duration::from_secs(u64::from(seconds) + 60))?;
    totals.expect_clean(calls)?;
    stage.end(node)?;
    for server in [front, behind] {
        server.stop(Signal::SIGTERM, SOON)?;
    }
    Ok(format!(
        "{calls} calls at {rate}/s, {} retransmissions",
        totals.get("Retransmissions")
    ))
}

/// A Kamailio with the configuration `kamailio/NAME.cfg`, once it listens.
fn start(
    stage: &Stage,
    name: &str,
    listen: SocketAddr,
    transport: &str,
    define: &str,
) -> Result<Program> {
    let run = stage.dir().join(name);
    fs::create_dir_all(&run).map_err(io("make a directory for Kamailio"))?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("kamailio");
    command
        .args(["-DD", "-E", "-m", "512", "-M", "16", "-f"])
        .arg(here.join("kamailio").join(format!("{name}.cfg")))
        .args(["-A", &format!("LISTEN={transport}:{listen}"), "-A", define])
        .arg("-P")
        .arg(run.join("pid"))
        .arg("-Y")
        .arg(&run);
    let mut program = stage.start(&format!("kamailio-{name}"), &mut command)?;
    program.says(&format!("{transport}: {}", listen.ip()), SOON)?;
    super::stage::wait_for_listener(listen, transport)?;
    Ok(program)
}

/// A caller who honours Record-Route, unlike SIPp's own.
fn scenario() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.with_file_name("load/sipp/caller.xml")
        .display()
        .to_string()
}
