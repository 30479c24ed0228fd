//! Clients over WebSocket (RFC 7118): JsSIP and SIP.js in Node.js, and JsSIP in Chromium.

use super::office::{DOMAIN, Through, office, text, uri, user};
use super::phone::Phone;
use super::phones::{Account, browser, jssip, sipjs};
use super::stage::{SOON, Stage};
use super::{Client, Flow};
use crate::error::Result;
use crate::sipp::Sipp;
use serde_json::json;
use std::path::Path;

const OPEN: &str = "REGISTER, MESSAGE, REGISTER with Expires 0";
const DIGEST: &str =
    "REGISTER with digest, REGISTER with Expires 0; refused with the wrong password";
const PROXY: &str = "two pages register with digest and call each other through the proxy: hold, resume, BYE from either side; MESSAGE each way";
const B2BUA: &str = "two pages register with digest and call each other through the B2BUA: hold, resume, BYE from either side";
const SIPP: &str =
    "a page registers with digest and calls a registered SIPp on UDP through the proxy; BYE";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("jssip-ws", Client::JsSip, "WS", OPEN, |s| texts(s, jssip)),
    Flow::new("jssip-wss", Client::JsSip, "WSS", DIGEST, |s| {
        registers(s, jssip)
    }),
    Flow::new("sipjs-ws", Client::SipJs, "WS", OPEN, |s| texts(s, sipjs)),
    Flow::new("sipjs-wss", Client::SipJs, "WSS", DIGEST, |s| {
        registers(s, sipjs)
    }),
    Flow::new("chromium-ws", Client::Chromium, "WS", OPEN, |s| {
        texts(s, browser)
    }),
    Flow::new(
        "chromium-proxied-wss",
        Client::Chromium,
        "WSS",
        PROXY,
        |s| pages(s, Through::Proxy),
    ),
    Flow::new("chromium-b2bua-wss", Client::Chromium, "WSS", B2BUA, |s| {
        pages(s, Through::B2bua)
    }),
    Flow::new("chromium-sipp-wss", Client::Chromium, "WSS", SIPP, sipp),
];

/// The answering service takes texts; the registrar knows everybody.
const ANYBODY: &str = r#"
[services.uas]
kind = "uas"
[services.registrar]
kind = "registrar"
[services.registrar.settings]
authentication = false
"#;

type Start = fn(&Stage, &Account<'_>) -> Result<Phone>;

fn texts(stage: &Stage, phone: Start) -> Result<String> {
    let node = stage.node(ANYBODY)?;
    let mut account = Account::new("alice", stage, "ws");
    account.registers = true;
    let mut alice = phone(stage, &account)?;
    alice.expect("registered")?;
    let service = format!("sip:service@{}", stage.ip(1));
    alice.tell(&json!({"do": "message", "to": service, "text": "Grüße"}))?;
    alice.expect_where("message-status", |e| e["code"] == 200)?;
    alice.tell(&json!({"do": "unregister"}))?;
    alice.expect("unregistered")?;
    alice.quit()?;
    stage.end(node)?;
    Ok("1 registration, 1 message".to_owned())
}

fn registers(stage: &Stage, phone: Start) -> Result<String> {
    let node = stage.node(&office(Client::JsSip, Through::B2bua))?;
    let mut alice = phone(stage, &user("alice", stage, "wss"))?;
    alice.expect("registered")?;
    let mut account = user("bob", stage, "wss");
    account.password = Some("wrong");
    let mut bob = phone(stage, &account)?;
    bob.expect_where("register", |e| e["code"] == 401)?;
    alice.tell(&json!({"do": "unregister"}))?;
    alice.expect("unregistered")?;
    alice.quit()?;
    bob.quit()?;
    stage.end(node)?;
    Ok("1 registration, 1 refusal".to_owned())
}

fn pages(stage: &Stage, through: Through) -> Result<String> {
    let node = stage.node(&office(Client::Chromium, through))?;
    let mut alice = browser(stage, &user("alice", stage, "wss"))?;
    let mut bob = browser(stage, &user("bob", stage, "wss"))?;
    alice.expect("registered")?;
    bob.expect("registered")?;
    for (call, name, alice_ends) in [("a", "in1", true), ("b", "in2", false)] {
        alice.call(call, &uri("bob"))?;
        bob.expect_of(name, "confirmed")?;
        alice.expect_of(call, "confirmed")?;
        for (change, state) in [("hold", "remote-hold"), ("resume", "active")] {
            alice.does(change, call)?;
            bob.expect_where("media", |e| e["call"] == name && e["state"] == state)?;
            // Before that JsSIP does not listen to a further change.
            alice.expect_where("media", |e| e["call"] == call && e["state"] == "agreed")?;
        }
        if alice_ends {
            alice.does("hangup", call)?;
        } else {
            bob.does("hangup", name)?;
        }
        alice.expect_of(call, "ended")?;
        bob.expect_of(name, "ended")?;
    }
    if through == Through::Proxy {
        text(&mut alice, &mut bob, "bob")?;
        text(&mut bob, &mut alice, "alice")?;
    }
    alice.quit()?;
    bob.quit()?;
    stage.end(node)?;
    Ok("2 calls".to_owned())
}

fn sipp(stage: &Stage) -> Result<String> {
    // SIPp knows MD5 alone, as baresip does.
    let node = stage.node(&office(Client::Baresip, Through::Proxy))?;
    let scenario = |name: &str| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.join("scenarios").join(name).display().to_string()
    };
    let (registering, answering) = (scenario("registers.xml"), scenario("webrtc-answers.xml"));
    let (at, node_at) = (stage.ip(2).to_string(), stage.sip().to_string());
    let here = ["-i", &at, "-p", "5060", "-m", "1"];
    let register = |lifetime: &str| {
        let how = [
            &node_at,
            "-auth_uri",
            DOMAIN,
            "-sf",
            &registering,
            "-key",
            "lifetime",
            lifetime,
        ];
        Sipp::start(&[&how[..], &here[..]].concat())?
            .finish(SOON)?
            .expect_clean(1)
    };
    register("120")?;
    let callee = Sipp::start(&[&["-sf", answering.as_str()], &here[..]].concat())?;
    let mut alice = browser(stage, &user("alice", stage, "wss"))?;
    alice.expect("registered")?;
    alice.call("a", &uri("sipp"))?;
    alice.expect_of("a", "ringing")?;
    alice.expect_of("a", "confirmed")?;
    alice.does("hangup", "a")?;
    callee.finish(SOON)?.expect_clean(1)?;
    register("0")?;
    alice.quit()?;
    stage.end(node)?;
    Ok("1 call".to_owned())
}
