//! Ways to the node that few have: IPv6, and TLS with certificates of clients.
//!
//! The capture sees IPv4 alone: over IPv6 it is the client that judges what the node sends.

use super::calls::ANSWERING;
use super::phones::{Account, pjsua};
use super::stage::{SOON, Stage, wait_for_listener};
use super::{Client, Flow};
use crate::error::Result;
use crate::sipp::Sipp;
use serde_json::json;

const SIX: &str = "calls from and to IPv6 addresses through the B2BUA: INVITE, BYE";
/// How many calls over IPv6.
const CALLS: &str = "5";
const CERTIFIED: &str =
    "calls where clients must have certificates: with one it is answered, without one refused";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("sipp-ipv6-udp", Client::Sipp, "UDP", SIX, |s| {
        six(s, "udp", "u1")
    }),
    Flow::new("sipp-ipv6-tcp", Client::Sipp, "TCP", SIX, |s| {
        six(s, "tcp", "t1")
    }),
    Flow::new(
        "pjsua-certified-tls",
        Client::Pjsua2,
        "TLS",
        CERTIFIED,
        certified,
    ),
];

/// `mode` is SIPp's for the transport.
fn six(stage: &Stage, transport: &str, mode: &str) -> Result<String> {
    let node = stage.node_of_six(&format!(
        "[services.b2bua]\nkind = \"b2bua\"\n[services.b2bua.settings]\n\
         routes = [{{ prefix = \"2\", target = \"sip:{};transport={transport}\" }}]\n",
        stage.six(3)
    ))?;
    let [calling, called] = [2, 3].map(|last| stage.six(last).port().to_string());
    let here = ["-i", "::1", "-t", mode, "-m", CALLS];
    let callee = Sipp::start(&[&["-sn", "uas", "-p", &called], &here[..]].concat())?;
    wait_for_listener(stage.six(3), transport)?;
    let to = stage.six(1).to_string();
    let call = [&to, "-sn", "uac", "-s", "2001", "-d", "50", "-p", &calling];
    let caller = Sipp::start(&[&call[..], &here[..]].concat())?;
    let calls = CALLS.parse().unwrap_or(u64::MAX);
    caller.finish(SOON)?.expect_clean(calls)?;
    callee.finish(SOON)?.expect_clean(calls)?;
    stage.end(node)?;
    Ok(format!("{CALLS} calls"))
}

fn certified(stage: &Stage) -> Result<String> {
    let node = stage.node_for_the_certified(ANSWERING)?;
    let service = format!("sip:service@{}", stage.ip(1));
    let mut alice = pjsua(stage, 2, &Account::new("alice", stage, "tls"))?;
    alice.call("a", &service)?;
    alice.expect_of("a", "confirmed")?;
    let mut account = Account::new("mallory", stage, "tls");
    account.more = json!({"certificate": "", "key": ""});
    let mut mallory = pjsua(stage, 3, &account)?;
    mallory.call("a", &service)?;
    mallory.expect_where("ended", |e| e["code"] == 503)?;
    alice.does("hangup", "a")?;
    alice.expect_where("ended", |e| e["code"] == 200)?;
    alice.quit()?;
    mallory.quit()?;
    stage.end(node)?;
    Ok("1 call, 1 refusal".to_owned())
}
