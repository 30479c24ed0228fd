//! Clients over WebSocket (RFC 7118): JsSIP and SIP.js in Node.js, and JsSIP in Chromium.

use super::phone::Phone;
use super::phones::{Account, browser, jssip, sipjs};
use super::stage::Stage;
use super::{Client, Flow};
use crate::error::Result;
use serde_json::json;

const WHAT: &str = "REGISTER, MESSAGE, REGISTER with Expires 0";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("jssip-ws", Client::JsSip, "WS", WHAT, |s| {
        registers(s, "ws", jssip)
    }),
    Flow::new("sipjs-ws", Client::SipJs, "WS", WHAT, |s| {
        registers(s, "ws", sipjs)
    }),
    Flow::new("chromium-ws", Client::Chromium, "WS", WHAT, |s| {
        registers(s, "ws", browser)
    }),
];

/// The answering service takes texts; the registrar knows everybody.
const SERVICES: &str =
    "[services.uas]\nkind = \"uas\"\n[services.registrar]\nkind = \"registrar\"\n";

fn registers(
    stage: &Stage,
    transport: &'static str,
    phone: fn(&Stage, &Account<'_>) -> Result<Phone>,
) -> Result<String> {
    let node = stage.node(SERVICES)?;
    let mut account = Account::new("alice", stage, transport);
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
