//! A small office: phones that register with a password and call each other through the B2BUA.

use super::calls::{hold_and_resume, hold_seen_by};
use super::phone::Phone;
use super::phones::{Account, baresip, pjsua};
use super::stage::Stage;
use super::{Client, Flow};
use crate::error::Result;
use serde_json::json;

const REGISTERS: &str = "REGISTER with digest, refused with the wrong password";
const PAIR: &str = "two phones register with digest and call each other through the B2BUA: hold, resume, BYE from either side";
const BLIND: &str = "three registered phones: blind transfer through the B2BUA";
const ATTENDED: &str = "three registered phones: attended transfer through the B2BUA";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new(
        "baresip-registers-udp",
        Client::Baresip,
        "UDP",
        REGISTERS,
        |s| registers(s, "udp", Client::Baresip),
    ),
    Flow::new(
        "baresip-registers-tls",
        Client::Baresip,
        "TLS",
        REGISTERS,
        |s| registers(s, "tls", Client::Baresip),
    ),
    Flow::new(
        "pjsua-registers-tcp",
        Client::Pjsua2,
        "TCP",
        REGISTERS,
        |s| registers(s, "tcp", Client::Pjsua2),
    ),
    Flow::new(
        "pjsua-registers-tls",
        Client::Pjsua2,
        "TLS",
        REGISTERS,
        |s| registers(s, "tls", Client::Pjsua2),
    ),
    Flow::new("baresip-office-tls", Client::Baresip, "TLS", PAIR, |s| {
        baresip_pair(s, "tls", Through::B2bua)
    }),
    Flow::new("pjsua-office-udp", Client::Pjsua2, "UDP", PAIR, |s| {
        pjsua_pair(s, "udp", Through::B2bua)
    }),
    Flow::new("pjsua-office-tls", Client::Pjsua2, "TLS", PAIR, |s| {
        pjsua_pair(s, "tls", Through::B2bua)
    }),
    Flow::new("pjsua-blind-udp", Client::Pjsua2, "UDP", BLIND, |s| {
        blind(s, "udp", Client::Pjsua2)
    }),
    Flow::new("pjsua-blind-tls", Client::Pjsua2, "TLS", BLIND, |s| {
        blind(s, "tls", Client::Pjsua2)
    }),
    Flow::new("baresip-blind-tls", Client::Baresip, "TLS", BLIND, |s| {
        blind(s, "tls", Client::Baresip)
    }),
    Flow::new("pjsua-attended-udp", Client::Pjsua2, "UDP", ATTENDED, |s| {
        attended(s, "udp")
    }),
    Flow::new("pjsua-attended-tls", Client::Pjsua2, "TLS", ATTENDED, |s| {
        attended(s, "tls")
    }),
];

pub(super) const DOMAIN: &str = "office.example";
pub(super) const PASSWORD: &str = "correct-horse";

/// A registrar with four users.
const REGISTRAR: &str = r#"
[services.registrar]
kind = "registrar"
[services.registrar.settings]
"#;

/// What registrar and proxy know of users; the B2BUA has one domain, which it names itself.
const DOMAINS: &str = "domains = [\"office.example\"]";

const USERS: &str = r#"
algorithms = [ALGORITHMS]
[services.SERVICE.settings.users]
alice = { password = "correct-horse" }
bob = { password = "correct-horse" }
carol = { password = "correct-horse" }
sipp = { password = "correct-horse" }
"#;

const B2BUA: &str = r#"
[services.b2bua]
kind = "b2bua"
[services.b2bua.settings]
domain = "office.example"
routes = [{ registered = true }]
callers = "known"
realm = "office.example"
"#;

const PROXY: &str = r#"
[services.proxy]
kind = "proxy"
durability = "none"
[services.proxy.settings]
"#;

/// The service that brings the phones together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Through {
    B2bua,
    Proxy,
}

/// A user of the office.
pub(super) fn user<'a>(name: &'a str, stage: &Stage, transport: &'static str) -> Account<'a> {
    Account {
        domain: DOMAIN.to_owned(),
        registers: true,
        password: Some(PASSWORD),
        ..Account::new(name, stage, transport)
    }
}

pub(super) fn uri(name: &str) -> String {
    format!("sip:{name}@{DOMAIN}")
}

/// The services of the office. baresip gives up at a challenge with an algorithm that it does not know, whatever others
/// there are: where it registers MD5 is all that is offered.
pub(super) fn office(client: Client, through: Through) -> String {
    let offered = if client == Client::Baresip {
        "\"MD5\""
    } else {
        "\"SHA-256\", \"MD5\""
    };
    let users = |service: &str| {
        USERS
            .replace("ALGORITHMS", offered)
            .replace("SERVICE", service)
    };
    let calls = match through {
        Through::B2bua => format!("{B2BUA}{}", users("b2bua")),
        Through::Proxy => format!("{PROXY}{DOMAINS}{}", users("proxy")),
    };
    format!("{REGISTRAR}{DOMAINS}{}{calls}", users("registrar"))
}

type Start = fn(&Stage, u8, &Account<'_>) -> Result<Phone>;

fn start(client: Client) -> Start {
    if client == Client::Baresip {
        baresip
    } else {
        pjsua
    }
}

/// A phone once it has registered.
pub(super) fn registered(
    stage: &Stage,
    last: u8,
    name: &str,
    transport: &'static str,
    client: Client,
) -> Result<Phone> {
    let mut phone = start(client)(stage, last, &user(name, stage, transport))?;
    phone.expect("registered")?;
    Ok(phone)
}

fn registers(stage: &Stage, transport: &'static str, client: Client) -> Result<String> {
    let node = stage.node(&office(client, Through::B2bua))?;
    let alice = registered(stage, 2, "alice", transport, client)?;
    let mut account = user("bob", stage, transport);
    account.password = Some("wrong");
    let mut bob = start(client)(stage, 3, &account)?;
    bob.expect("register")?;
    alice.quit()?;
    bob.quit()?;
    stage.end(node)?;
    Ok("1 registration, 1 refusal".to_owned())
}

pub(super) fn pjsua_pair(
    stage: &Stage,
    transport: &'static str,
    through: Through,
) -> Result<String> {
    let node = stage.node(&office(Client::Pjsua2, through))?;
    let mut alice = registered(stage, 2, "alice", transport, Client::Pjsua2)?;
    let mut bob = registered(stage, 3, "bob", transport, Client::Pjsua2)?;
    alice.call("a", &uri("bob"))?;
    bob.expect_of("in1", "confirmed")?;
    alice.expect_of("a", "confirmed")?;
    hold_seen_by(&mut alice, "a", &mut bob, "in1")?;
    hold_seen_by(&mut bob, "in1", &mut alice, "a")?;
    alice.does("hangup", "a")?;
    bob.expect_of("in1", "ended")?;
    bob.call("b", &uri("alice"))?;
    alice.expect_of("in1", "confirmed")?;
    bob.expect_of("b", "confirmed")?;
    alice.does("hangup", "in1")?;
    bob.expect_of("b", "ended")?;
    if through == Through::Proxy {
        text(&mut alice, &mut bob, "bob")?;
        text(&mut bob, &mut alice, "alice")?;
    }
    alice.quit()?;
    bob.quit()?;
    stage.end(node)?;
    Ok("2 calls".to_owned())
}

/// A MESSAGE from one phone to the other, whose name is `to`.
pub(super) fn text(from: &mut Phone, other: &mut Phone, to: &str) -> Result {
    from.tell(&json!({"do": "message", "to": uri(to), "text": "Grüße"}))?;
    other.expect_where("message", |e| e["text"] == "Grüße")?;
    from.expect_where("message-status", |e| e["code"] == 200)?;
    Ok(())
}

pub(super) fn baresip_pair(
    stage: &Stage,
    transport: &'static str,
    through: Through,
) -> Result<String> {
    let node = stage.node(&office(Client::Baresip, through))?;
    let mut alice = registered(stage, 2, "alice", transport, Client::Baresip)?;
    let mut bob = registered(stage, 3, "bob", transport, Client::Baresip)?;
    for alice_calls in [true, false] {
        let (caller, callee, to) = if alice_calls {
            (&mut alice, &mut bob, "bob")
        } else {
            (&mut bob, &mut alice, "alice")
        };
        caller.call("a", &uri(to))?;
        callee.expect("confirmed")?;
        caller.expect("confirmed")?;
        for change in ["hold", "resume"] {
            caller.forget();
            callee.forget();
            caller.does(change, "a")?;
            caller.expect("media")?;
            callee.expect("media")?;
        }
        // The caller of both calls: once as who hangs up, once as who is left.
        if alice_calls {
            caller.does("hangup", "a")?;
        } else {
            callee.does("hangup", "a")?;
        }
        bob.expect("ended")?;
        alice.forget();
        bob.forget();
    }
    alice.quit()?;
    bob.quit()?;
    stage.end(node)?;
    Ok("2 calls".to_owned())
}

/// Alice talks to Bob and sends him on to Carol.
fn blind(stage: &Stage, transport: &'static str, client: Client) -> Result<String> {
    let node = stage.node(&office(client, Through::B2bua))?;
    let mut alice = registered(stage, 2, "alice", transport, client)?;
    let mut bob = registered(stage, 3, "bob", transport, Client::Pjsua2)?;
    let mut carol = registered(stage, 4, "carol", transport, Client::Pjsua2)?;
    alice.call("a", &uri("bob"))?;
    bob.expect_of("in1", "confirmed")?;
    alice.expect_of("a", "confirmed")?;
    bob.forget();
    alice.tell(&json!({"do": "transfer", "call": "a", "to": uri("carol")}))?;
    carol.expect_of("in1", "confirmed")?;
    bob.expect_of("in1", "media")?;
    alice.expect_of("a", "ended")?;
    hold_seen_by(&mut bob, "in1", &mut carol, "in1")?;
    carol.does("hangup", "in1")?;
    bob.expect_of("in1", "ended")?;
    for phone in [alice, bob, carol] {
        phone.quit()?;
    }
    stage.end(node)?;
    Ok("1 transfer".to_owned())
}

/// Alice talks to Bob, asks Carol, and joins the two.
fn attended(stage: &Stage, transport: &'static str) -> Result<String> {
    let node = stage.node(&office(Client::Pjsua2, Through::B2bua))?;
    let mut alice = registered(stage, 2, "alice", transport, Client::Pjsua2)?;
    let mut bob = registered(stage, 3, "bob", transport, Client::Pjsua2)?;
    let mut carol = registered(stage, 4, "carol", transport, Client::Pjsua2)?;
    alice.call("a", &uri("bob"))?;
    bob.expect_of("in1", "confirmed")?;
    alice.expect_of("a", "confirmed")?;
    hold_and_resume(&mut alice, "a")?;
    alice.does("hold", "a")?;
    alice.expect_where("media", |e| e["call"] == "a" && e["state"] == "local-hold")?;
    alice.call("b", &uri("carol"))?;
    carol.expect_of("in1", "confirmed")?;
    alice.expect_of("b", "confirmed")?;
    bob.forget();
    carol.forget();
    alice.tell(&json!({"do": "attend", "call": "a", "other": "b"}))?;
    alice.expect_of("a", "ended")?;
    alice.expect_of("b", "ended")?;
    hold_seen_by(&mut bob, "in1", &mut carol, "in1")?;
    bob.does("hangup", "in1")?;
    carol.expect_of("in1", "ended")?;
    for phone in [alice, bob, carol] {
        phone.quit()?;
    }
    stage.end(node)?;
    Ok("1 transfer".to_owned())
}
