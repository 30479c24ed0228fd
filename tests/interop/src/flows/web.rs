//! Clients over WebSocket (RFC 7118): JsSIP and SIP.js in Node.js, and JsSIP in Chromium.

use super::office::{DOMAIN, Through, office, text, uri, user};
use super::phone::Phone;
use super::phones::{Account, browser, jssip, sipjs};
use super::sipp::{wait_for_sockets, written};
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
const CALLED: &str = "a page registers with digest and is called by a registered SIPp on UDP through the proxy; BYE; MESSAGE each way";

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
    Flow::new(
        "chromium-called-wss",
        Client::Chromium,
        "WSS",
        CALLED,
        called,
    ),
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
    register(stage, "120")?;
    let callee = start(stage, &["-sf", &scenario("webrtc-answers.xml")])?;
    let mut alice = browser(stage, &user("alice", stage, "wss"))?;
    alice.expect("registered")?;
    alice.call("a", &uri("sipp"))?;
    alice.expect_of("a", "ringing")?;
    alice.expect_of("a", "confirmed")?;
    alice.does("hangup", "a")?;
    callee.finish(SOON)?.expect_clean(1)?;
    register(stage, "0")?;
    alice.quit()?;
    stage.end(node)?;
    Ok("1 call".to_owned())
}

fn called(stage: &Stage) -> Result<String> {
    let node = stage.node(&office(Client::Baresip, Through::Proxy))?;
    register(stage, "120")?;
    let mut alice = browser(stage, &user("alice", stage, "wss"))?;
    alice.expect("registered")?;

    let texted = start(stage, &["-sf", &written(stage, "web-texted", "callee")?])?;
    wait_for_sockets(&[stage.ip(2)], "udp")?;
    alice.tell(&json!({"do": "message", "to": uri("sipp"), "text": "from a page"}))?;
    alice.expect_where("message-status", |e| e["code"] == 200)?;
    texted.finish(SOON)?.expect_clean(1)?;

    let sip = stage.sip().to_string();
    let calling = |script: &'static str| {
        let file = written(stage, script, "caller")?;
        let to = format!("alice@{DOMAIN}");
        start(
            stage,
            &[&sip, "-sf", &file, "-s", "alice", "-auth_uri", &to],
        )
    };
    let texts = calling("web-texts")?;
    let from_phone = |text: &str| text.trim_end() == "from a phone";
    alice.expect_where("message", |e| e["text"].as_str().is_some_and(from_phone))?;
    texts.finish(SOON)?.expect_clean(1)?;
    let calls = calling("web-calls")?;
    alice.expect_of("in1", "incoming")?;
    alice.expect_of("in1", "confirmed")?;
    alice.expect_of("in1", "ended")?;
    calls.finish(SOON)?.expect_clean(1)?;

    register(stage, "0")?;
    alice.quit()?;
    stage.end(node)?;
    Ok("1 call, 2 texts".to_owned())
}

/// SIPp registers for as many seconds.
fn register(stage: &Stage, lifetime: &str) -> Result {
    let (node, file) = (stage.sip().to_string(), scenario("registers.xml"));
    let how = [
        "-auth_uri",
        DOMAIN,
        "-sf",
        &file,
        "-key",
        "lifetime",
        lifetime,
    ];
    start(stage, &[&[&*node], &how[..]].concat())?
        .finish(SOON)?
        .expect_clean(1)
}

/// SIPp where it is registered, once.
fn start(stage: &Stage, how: &[&str]) -> Result<Sipp> {
    let at = stage.ip(2).to_string();
    Sipp::start(&[how, &["-i", &at, "-p", "5060", "-m", "1"]].concat())
}

fn scenario(name: &str) -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("scenarios").join(name).display().to_string()
}
