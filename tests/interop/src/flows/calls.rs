//! Phones that call the answering service, and each other through the B2BUA, without registering.

use super::phone::Phone;
use super::phones::{Account, baresip, pjsua};
use super::stage::Stage;
use super::{Client, Flow, tools};
use crate::error::Result;
use serde_json::json;
use std::process::Command;

const CALLS: &str = "calls the answering service; hold, resume, BYE";
const TEXTS: &str = "calls the answering service; hold, resume, BYE, MESSAGE";
const CALLED: &str = "is called through the B2BUA, sends a re-INVITE; BYE from the caller, pjsua2";
const PAIR: &str = "two phones call each other through the B2BUA: hold by either side, BYE from either side, CANCEL, 486";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("baresip-calls-udp", Client::Baresip, "UDP", CALLS, |s| {
        baresip_calls(s, "udp")
    }),
    Flow::new("baresip-calls-tcp", Client::Baresip, "TCP", CALLS, |s| {
        baresip_calls(s, "tcp")
    }),
    Flow::new("baresip-calls-tls", Client::Baresip, "TLS", CALLS, |s| {
        baresip_calls(s, "tls")
    }),
    Flow::new("baresip-called-udp", Client::Baresip, "UDP", CALLED, |s| {
        baresip_called(s, "udp")
    }),
    Flow::new("baresip-called-tcp", Client::Baresip, "TCP", CALLED, |s| {
        baresip_called(s, "tcp")
    }),
    Flow::new("baresip-called-tls", Client::Baresip, "TLS", CALLED, |s| {
        baresip_called(s, "tls")
    }),
    Flow::new("pjsua-calls-udp", Client::Pjsua2, "UDP", TEXTS, |s| {
        pjsua_calls(s, "udp")
    }),
    Flow::new("pjsua-calls-tcp", Client::Pjsua2, "TCP", TEXTS, |s| {
        pjsua_calls(s, "tcp")
    }),
    Flow::new("pjsua-calls-tls", Client::Pjsua2, "TLS", TEXTS, |s| {
        pjsua_calls(s, "tls")
    }),
    Flow::new("pjsua-pair-udp", Client::Pjsua2, "UDP", PAIR, |s| {
        pjsua_pair(s, "udp")
    }),
    Flow::new("pjsua-pair-tcp", Client::Pjsua2, "TCP", PAIR, |s| {
        pjsua_pair(s, "tcp")
    }),
    Flow::new("pjsua-pair-tls", Client::Pjsua2, "TLS", PAIR, |s| {
        pjsua_pair(s, "tls")
    }),
    Flow::new(
        "pjsua-demanding-udp",
        Client::Pjsua2,
        "UDP",
        DEMANDING,
        |s| demanding(s, "udp"),
    ),
    Flow::new(
        "pjsua-demanding-tls",
        Client::Pjsua2,
        "TLS",
        DEMANDING,
        |s| demanding(s, "tls"),
    ),
    Flow::new("sippy", Client::Sippy, "UDP", SIPPY, sippy),
];

const DEMANDING: &str =
    "two phones that demand 100rel and session timers, through the B2BUA: PRACK, UPDATE, BYE";
const SIPPY: &str =
    "calls from Sippy's B2BUA through ours to pjsua2: hold, resume, BYE from either side";

pub(super) const ANSWERING: &str = "[services.uas]\nkind = \"uas\"\n";

fn baresip_calls(stage: &Stage, transport: &'static str) -> Result<String> {
    let node = stage.node(ANSWERING)?;
    let mut phone = baresip(stage, 2, &Account::new("alice", stage, transport))?;
    phone.call("a", &format!("sip:service@{}", stage.ip(1)))?;
    phone.expect("confirmed")?;
    for change in ["hold", "resume"] {
        phone.forget();
        phone.does(change, "a")?;
        phone.expect("media")?;
    }
    phone.does("hangup", "a")?;
    stage.end(node)?;
    Ok("1 call".to_owned())
}

fn baresip_called(stage: &Stage, transport: &'static str) -> Result<String> {
    let node = stage.node(&passes_to(stage, 2, transport))?;
    let mut callee = baresip(stage, 2, &Account::new("2001", stage, transport))?;
    let mut caller = pjsua(stage, 3, &Account::new("alice", stage, transport))?;
    caller.call("a", &format!("sip:2001@{}", stage.ip(1)))?;
    callee.expect("confirmed")?;
    caller.expect_of("a", "confirmed")?;
    callee.forget();
    callee.tell(&json!({"do": "reinvite"}))?;
    callee.expect("media")?;
    caller.does("hangup", "a")?;
    caller.expect_of("a", "ended")?;
    callee.expect("ended")?;
    caller.quit()?;
    stage.end(node)?;
    Ok("1 call".to_owned())
}

fn pjsua_calls(stage: &Stage, transport: &'static str) -> Result<String> {
    let node = stage.node(ANSWERING)?;
    let mut phone = pjsua(stage, 2, &Account::new("alice", stage, transport))?;
    let service = format!("sip:service@{}", stage.ip(1));
    phone.call("a", &service)?;
    phone.expect_of("a", "confirmed")?;
    hold_and_resume(&mut phone, "a")?;
    phone.does("hangup", "a")?;
    phone.expect_where("ended", |e| e["code"] == 200)?;
    phone.tell(&json!({"do": "message", "to": service, "text": "Grüße"}))?;
    phone.expect_where("message-status", |e| e["code"] == 200)?;
    phone.quit()?;
    stage.end(node)?;
    Ok("1 call, 1 message".to_owned())
}

fn pjsua_pair(stage: &Stage, transport: &'static str) -> Result<String> {
    let node = stage.node(&passes_to(stage, 3, transport))?;
    let mut alice = pjsua(stage, 2, &Account::new("alice", stage, transport))?;
    let mut account = Account::new("2001", stage, transport);
    account.answers = false;
    let mut bob = pjsua(stage, 3, &account)?;
    let to = format!("sip:2001@{}", stage.ip(1));

    for (call, name) in ["a", "b"].into_iter().zip(["in1", "in2"]) {
        alice.call(call, &to)?;
        bob.expect_of(name, "incoming")?;
        alice.expect_of(call, "ringing")?;
        bob.does("answer", name)?;
        alice.expect_of(call, "confirmed")?;
        bob.expect_of(name, "confirmed")?;
        hold_seen_by(&mut alice, call, &mut bob, name)?;
        hold_seen_by(&mut bob, name, &mut alice, call)?;
        let caller_ends = call == "a";
        if caller_ends {
            alice.does("hangup", call)?;
        } else {
            bob.does("hangup", name)?;
        }
        alice.expect_of(call, "ended")?;
        bob.expect_of(name, "ended")?;
    }

    alice.call("c", &to)?;
    bob.expect_of("in3", "incoming")?;
    alice.expect_of("c", "ringing")?;
    alice.does("hangup", "c")?;
    alice.expect_where("ended", |e| e["call"] == "c" && e["code"] == 487)?;
    bob.expect_of("in3", "ended")?;

    alice.call("d", &to)?;
    bob.expect_of("in4", "incoming")?;
    bob.tell(&json!({"do": "reject", "call": "in4", "code": 486}))?;
    alice.expect_where("ended", |e| e["call"] == "d" && e["code"] == 486)?;

    alice.quit()?;
    bob.quit()?;
    stage.end(node)?;
    Ok("4 calls".to_owned())
}

/// A phone calls another through Sippy and the node: two B2BUAs in a row.
fn sippy(stage: &Stage) -> Result<String> {
    let node = stage.node(&passes_to(stage, 3, "udp"))?;
    let home = tools::python()?;
    let mut command = Command::new("python3");
    command
        .env("PYTHONPATH", &home)
        .arg(home.join("bin/b2bua_simple"));
    command.args(["-f", "-l", &stage.ip(4).to_string(), "-p", "5060", "-n"]);
    command.arg(stage.sip().to_string());
    let sippy = stage.start("sippy", &mut command)?;
    let mut account = Account::new("alice", stage, "udp");
    account.more = json!({"proxy": format!("sip:{}:5060;lr", stage.ip(4))});
    let mut alice = pjsua(stage, 2, &account)?;
    let mut bob = pjsua(stage, 3, &Account::new("2001", stage, "udp"))?;
    let to = format!("sip:2001@{}", stage.ip(4));
    for (call, name, alice_ends) in [("a", "in1", true), ("b", "in2", false)] {
        alice.call(call, &to)?;
        bob.expect_of(name, "confirmed")?;
        alice.expect_of(call, "confirmed")?;
        hold_seen_by(&mut alice, call, &mut bob, name)?;
        if alice_ends {
            alice.does("hangup", call)?;
        } else {
            bob.does("hangup", name)?;
        }
        alice.expect_of(call, "ended")?;
        bob.expect_of(name, "ended")?;
    }
    alice.quit()?;
    bob.quit()?;
    drop(sippy);
    stage.end(node)?;
    Ok("2 calls".to_owned())
}

/// Two phones that demand reliable provisional responses and session timers of each other.
fn demanding(stage: &Stage, transport: &'static str) -> Result<String> {
    let node = stage.node(&passes_to(stage, 3, transport))?;
    let demands = json!({"prack": true, "timers": 90});
    let mut account = Account::new("alice", stage, transport);
    account.more = demands.clone();
    let mut alice = pjsua(stage, 2, &account)?;
    let mut account = Account::new("2001", stage, transport);
    account.more = demands;
    account.answers = false;
    let mut bob = pjsua(stage, 3, &account)?;
    alice.call("a", &format!("sip:2001@{}", stage.ip(1)))?;
    bob.expect_of("in1", "incoming")?;
    alice.expect_of("a", "ringing")?;
    bob.expect_where("acknowledged", |e| e["code"] == 200)?;
    alice.expect_where("acknowledged", |e| e["code"] == 200)?;
    bob.does("answer", "in1")?;
    alice.expect_of("a", "confirmed")?;
    bob.expect_of("in1", "confirmed")?;
    bob.forget();
    alice.does("update", "a")?;
    bob.expect_of("in1", "media")?;
    alice.does("hangup", "a")?;
    bob.expect_of("in1", "ended")?;
    alice.quit()?;
    bob.quit()?;
    stage.end(node)?;
    Ok("1 call".to_owned())
}

/// Holds the call and takes it back, as the phone itself sees it.
pub(super) fn hold_and_resume(phone: &mut Phone, call: &str) -> Result {
    phone.forget();
    phone.does("hold", call)?;
    phone.expect_where("media", |e| e["call"] == call && e["state"] == "local-hold")?;
    phone.forget();
    phone.does("resume", call)?;
    phone.expect_of(call, "media")?;
    Ok(())
}

/// Holds the call and takes it back; the other phone sees both.
pub(super) fn hold_seen_by(phone: &mut Phone, call: &str, other: &mut Phone, name: &str) -> Result {
    phone.forget();
    other.forget();
    phone.does("hold", call)?;
    phone.expect_where("media", |e| e["call"] == call && e["state"] == "local-hold")?;
    other.expect_where("media", |e| {
        e["call"] == name && e["state"] == "remote-hold"
    })?;
    phone.does("resume", call)?;
    phone.expect_where("media", |e| e["call"] == call && e["state"] == "active")?;
    other.expect_where("media", |e| e["call"] == name && e["state"] == "active")?;
    Ok(())
}

/// A B2BUA that passes 2... to `last` of the flow's network.
fn passes_to(stage: &Stage, last: u8, transport: &str) -> String {
    format!(
        "[services.b2bua]\nkind = \"b2bua\"\n[services.b2bua.settings]\n\
         routes = [{{ prefix = \"2\", target = \"sip:{}:{};transport={transport}\" }}]\n",
        stage.ip(last),
        if transport == "tls" { 5061 } else { 5060 },
    )
}
