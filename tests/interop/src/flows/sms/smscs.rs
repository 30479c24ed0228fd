//! node-smpp as the SMSC that the node binds to.

use super::{ACCOUNT, PREFIX, SOON, abroad, ground, stop};
use crate::error::{Result, ensure};
use crate::flows::stage::Stage;
use crate::flows::{Client, Flow};
use crate::sms::link::Link;
use crate::sms::pdu::{Message, UDHI, part};
use crate::sms::scripts::{DESTINATION, NodeSmsc, Part, SOURCE};

const WHAT: &str =
    "we bind to it: GSM, UCS-2 and parts, a receipt of each; messages from it; we unbind";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("node-smpp-called-tcp", Client::NodeSmpp, "TCP", WHAT, |s| {
        called(s, false)
    }),
    Flow::new("node-smpp-called-tls", Client::NodeSmpp, "TLS", WHAT, |s| {
        called(s, true)
    }),
];

fn called(stage: &Stage, tls: bool) -> Result<String> {
    let mut ground = ground(stage)?;
    let name = "smsc.labs.example";
    let identity = ground.authority.sign(name)?;
    let files = tls.then_some((identity.certificate.as_path(), identity.key.as_path()));
    let mut smsc = NodeSmsc::start(abroad(stage, tls), files, stage.dir())?;
    let keys = if tls {
        format!("tls = true\nserver_name = \"{name}\"")
    } else {
        String::new()
    };
    ground = ground.link("smsc", abroad(stage, tls), &keys);
    let node = ground.start()?;
    smsc.wait("bound", 1)?;
    let mut esme = ground.esme(ACCOUNT)?;
    let count = submitted(&mut esme, &smsc)?;
    let back = Part {
        coding: 0,
        esm_class: 0,
        octets: b"an answer".to_vec(),
    };
    smsc.deliver(DESTINATION, &format!("{PREFIX}345"), &back)?;
    let message = esme.delivered(SOON)?;
    ensure(message.short_message == back.octets, || {
        format!("{message:?}")
    })?;
    // Each of its deliver_sm was answered, and with success.
    let answers = smsc.wait("answered", count + 1)?;
    ensure(
        answers.iter().all(|w| w.first().is_some_and(|s| s == "0")),
        || format!("{answers:?}"),
    )?;
    esme.leave()?;
    stop(&ground, node)?;
    smsc.wait("unbound", 1)?;
    smsc.stop()?;
    Ok(format!(
        "{count} submits and their receipts, 1 message back"
    ))
}

/// Submits texts and parts: each arrives, and its receipt comes back. How many they were.
fn submitted(esme: &mut Link, smsc: &NodeSmsc) -> Result<usize> {
    let utf16: Vec<u8> = "Привет 👋"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let of = |text: &[u8]| Message::new(SOURCE, DESTINATION, text).registered();
    let half = |n| Message {
        esm_class: UDHI,
        ..of(&part(5, 2, n, &[b'a'; 153]))
    };
    let all = [
        of(b"plain"),
        Message {
            coding: 8,
            ..of(&utf16)
        },
        half(1),
        half(2),
    ];
    let mut ids = Vec::new();
    for message in &all {
        ids.push(esme.submits(message)?);
    }
    let came = smsc.submits(all.len())?;
    for message in &all {
        let found = came
            .iter()
            .any(|p| p.coding == message.coding && p.octets == message.short_message);
        ensure(found, || format!("{message:?} is not among {came:?}"))?;
    }
    let mut told = Vec::new();
    for _ in &all {
        let receipt = esme.delivered(SOON)?;
        let (id, stat) = receipt.receipted().unwrap_or_default();
        ensure(receipt.is_receipt() && stat == "DELIVRD", || {
            format!("{receipt:?}")
        })?;
        told.push(id);
    }
    ids.sort();
    told.sort();
    ensure(ids == told, || format!("receipts of {told:?} for {ids:?}"))?;
    Ok(all.len())
}
