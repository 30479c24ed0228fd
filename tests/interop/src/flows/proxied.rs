//! The office with the proxy in place of the B2BUA: the phones carry out transfers themselves.

use super::calls::hold_seen_by;
use super::office::{Through, baresip_pair, office, pjsua_pair, registered, uri};
use super::phone::Phone;
use super::stage::Stage;
use super::{Client, Flow};
use crate::error::Result;
use serde_json::json;

const PAIR: &str = "two phones register with digest and call each other through the proxy: hold, resume, BYE from either side";
const TEXTS: &str = "two phones register with digest and call each other through the proxy: hold, resume, BYE from either side; MESSAGE each way";
const BLIND: &str =
    "three registered phones: blind transfer, carried out by the phone through the proxy";
const ATTENDED: &str = "three registered phones: attended transfer with Replaces, carried out by the phone through the proxy";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("baresip-proxied-tls", Client::Baresip, "TLS", PAIR, |s| {
        baresip_pair(s, "tls", Through::Proxy)
    }),
    Flow::new("pjsua-proxied-udp", Client::Pjsua2, "UDP", TEXTS, |s| {
        pjsua_pair(s, "udp", Through::Proxy)
    }),
    Flow::new("pjsua-proxied-tls", Client::Pjsua2, "TLS", TEXTS, |s| {
        pjsua_pair(s, "tls", Through::Proxy)
    }),
    Flow::new(
        "pjsua-proxied-blind-tls",
        Client::Pjsua2,
        "TLS",
        BLIND,
        blind,
    ),
    Flow::new(
        "pjsua-proxied-attended-tls",
        Client::Pjsua2,
        "TLS",
        ATTENDED,
        attended,
    ),
];

fn phones(stage: &Stage) -> Result<[Phone; 3]> {
    let phone = |last, name| registered(stage, last, name, "tls", Client::Pjsua2);
    Ok([phone(2, "alice")?, phone(3, "bob")?, phone(4, "carol")?])
}

/// Alice talks to Bob and sends him on to Carol.
fn blind(stage: &Stage) -> Result<String> {
    let node = stage.node(&office(Client::Pjsua2, Through::Proxy))?;
    let [mut alice, mut bob, mut carol] = phones(stage)?;
    alice.call("a", &uri("bob"))?;
    bob.expect_of("in1", "confirmed")?;
    alice.expect_of("a", "confirmed")?;
    alice.tell(&json!({"do": "transfer", "call": "a", "to": uri("carol")}))?;
    carol.expect_of("in1", "confirmed")?;
    bob.expect_of("in1-moved", "confirmed")?;
    alice.expect_where("transfer-status", |e| {
        e["code"] == 200 && e["final"] == true
    })?;
    alice.does("hangup", "a")?;
    bob.expect_of("in1", "ended")?;
    finish([alice, bob, carol], "in1-moved", "in1")?;
    stage.end(node)?;
    Ok("1 transfer".to_owned())
}

/// Alice talks to Bob, asks Carol, and has Bob take her place with Carol.
fn attended(stage: &Stage) -> Result<String> {
    let node = stage.node(&office(Client::Pjsua2, Through::Proxy))?;
    let [mut alice, mut bob, mut carol] = phones(stage)?;
    alice.call("a", &uri("bob"))?;
    bob.expect_of("in1", "confirmed")?;
    alice.expect_of("a", "confirmed")?;
    alice.does("hold", "a")?;
    bob.expect_where("media", |e| e["state"] == "remote-hold")?;
    alice.call("b", &uri("carol"))?;
    carol.expect_of("in1", "confirmed")?;
    alice.expect_of("b", "confirmed")?;
    alice.tell(&json!({"do": "attend", "call": "a", "other": "b"}))?;
    carol.expect_of("in1", "replaced")?;
    bob.expect_of("in1-moved", "confirmed")?;
    alice.expect_of("b", "ended")?;
    alice.does("hangup", "a")?;
    bob.expect_of("in1", "ended")?;
    finish([alice, bob, carol], "in1-moved", "in1-replaced")?;
    stage.end(node)?;
    Ok("1 transfer".to_owned())
}

/// Bob and Carol talk; Carol ends it.
fn finish([alice, mut bob, mut carol]: [Phone; 3], of_bob: &str, of_carol: &str) -> Result {
    hold_seen_by(&mut bob, of_bob, &mut carol, of_carol)?;
    carol.does("hangup", of_carol)?;
    bob.expect_of(of_bob, "ended")?;
    for phone in [alice, bob, carol] {
        phone.quit()?;
    }
    Ok(())
}
