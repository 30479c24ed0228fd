//! Kannel before a node, and node-smpp behind it: messages by Kannel's HTTP, their delivery reports, and messages to it.

use super::{ACCOUNT, PREFIX, SOON, abroad, ground, stop};
use crate::error::{Result, ensure};
use crate::flows::stage::Stage;
use crate::flows::{Client, Flow};
use crate::sms::ground::PASSWORD;
use crate::sms::http::{Sink, parameter};
use crate::sms::kannel::{Config, Kannel, Order};
use crate::sms::pdu::{UDHI, part};
use crate::sms::scripts::{DESTINATION, NodeSmsc, Part};
use std::net::SocketAddr;

const WHAT: &str = "binds as a transceiver; messages by its HTTP to node-smpp: text, UCS-2, 200 characters in parts, reports 8 and 1 \
     of each; messages from there to its URL, one in parts";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("kannel-tcp", Client::Kannel, "TCP", WHAT, |s| {
        both_ways(s, false)
    }),
    Flow::new("kannel-tls", Client::Kannel, "TLS", WHAT, |s| {
        both_ways(s, true)
    }),
];

fn both_ways(stage: &Stage, tls: bool) -> Result<String> {
    let mut smsc = NodeSmsc::start(abroad(stage, false), None, stage.dir())?;
    let ground = ground(stage)?.link("smsc", abroad(stage, false), "");
    let node = ground.start()?;
    smsc.wait("bound", 1)?;
    let at = SocketAddr::from((stage.ip(3), 8088));
    let sink = Sink::start(at)?;
    let kannel = Config {
        dir: stage.dir().to_path_buf(),
        smsc: ground.at(tls),
        system_id: ACCOUNT.to_owned(),
        password: PASSWORD.to_owned(),
        port: 25_000 + 10 * u16::from(stage.ip(1).octets()[2]),
        authority: tls.then(|| stage.dir().join("authority.pem")),
        sink: at,
    };
    let kannel = kannel.start()?;
    kannel.wait_online()?;
    let sent = to_the_smsc(&kannel, &smsc, at)?;
    let reports = |kind: &str| {
        let kind = kind.to_owned();
        sink.wait(sent, SOON, move |asked| {
            asked.path.starts_with("/dlr")
                && parameter(&asked.path, "type") == Some(kind.clone().into_bytes())
        })
    };
    // Taken by the node, and delivered.
    reports("8")?;
    let delivered = reports("1")?;
    ensure(
        delivered.iter().all(|asked| asked.path.contains("DELIVRD")),
        || format!("{delivered:?}"),
    )?;
    let messages = from_the_smsc(&mut smsc, &sink)?;
    kannel.stop()?;
    stop(&ground, node)?;
    smsc.stop()?;
    Ok(format!(
        "{sent} messages and their reports, {messages} messages back"
    ))
}

/// Three messages, one of them in two parts; answers how many those are: Kannel wants the report of a last part only.
fn to_the_smsc(kannel: &Kannel, smsc: &NodeSmsc, sink: SocketAddr) -> Result<usize> {
    let long = "0123456789".repeat(20);
    let order = |text, ucs2| Order {
        from: "12345",
        to: DESTINATION,
        text,
        ucs2,
        receipts: Some(sink),
    };
    for order in [
        order("Hello @ world", false),
        order("Здравствуй", true),
        order(&long, false),
    ] {
        kannel.send(&order)?;
    }
    let came = smsc.submits(4)?;
    let utf16: Vec<u8> = "Здравствуй"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let whole = |coding: u8, octets: &[u8]| {
        came.iter()
            .any(|p| p.coding == coding && p.octets == octets)
    };
    // GSM has its commercial at at 0.
    ensure(whole(0, b"Hello \0 world") && whole(8, &utf16), || {
        format!("{came:02x?}")
    })?;
    let mut parts: Vec<&Part> = came.iter().filter(|p| p.esm_class & UDHI != 0).collect();
    parts.sort_by_key(|p| p.octets.get(5).copied());
    let text: Vec<u8> = parts
        .iter()
        .flat_map(|p| p.octets.get(6..).unwrap_or_default())
        .copied()
        .collect();
    ensure(parts.len() == 2 && text == long.as_bytes(), || {
        format!("{parts:02x?}")
    })?;
    Ok(3)
}

/// A text, one in UCS-2, and one in two parts, which Kannel puts together; answers how many messages those are.
fn from_the_smsc(smsc: &mut NodeSmsc, sink: &Sink) -> Result<usize> {
    let utf16: Vec<u8> = "Ответ".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let half = |n: u8| Part {
        coding: 0,
        esm_class: UDHI,
        octets: part(3, 2, n, &[b'0' + n; 100]),
    };
    let all = [
        Part {
            coding: 0,
            esm_class: 0,
            octets: b"an answer".to_vec(),
        },
        Part {
            coding: 8,
            esm_class: 0,
            octets: utf16,
        },
        half(1),
        half(2),
    ];
    for part in &all {
        smsc.deliver(DESTINATION, &format!("{PREFIX}345"), part)?;
    }
    let asked = sink.wait(3, SOON, |asked| asked.path.starts_with("/mo"))?;
    let texts: Vec<Vec<u8>> = asked
        .iter()
        .filter_map(|a| parameter(&a.path, "text"))
        .collect();
    let joined = [[b'1'; 100], [b'2'; 100]].concat();
    ensure(
        texts.contains(&b"an answer".to_vec()) && texts.contains(&joined),
        || format!("{asked:?}"),
    )?;
    ensure(texts.contains(&all[1].octets), || format!("{asked:?}"))?;
    ensure(
        asked.iter().all(|a| {
            parameter(&a.path, "from").is_some_and(|f| f.ends_with(DESTINATION.as_bytes()))
        }),
        || format!("{asked:?}"),
    )?;
    Ok(3)
}
