//! ESMEs of Python and JavaScript: they submit texts in several alphabets and in parts, get a receipt of each, and are sent
//! messages, all of it octet by octet what the other end has sent.

use super::{ACCOUNT, PREFIX, SOON, abroad, ground, stop};
use crate::error::{Result, ensure};
use crate::flows::stage::Stage;
use crate::flows::{Client, Flow};
use crate::sms::ground::PASSWORD;
use crate::sms::pdu::{Message, UDHI, part};
use crate::sms::scripts::{Library, Way};
use crate::sms::smsc::{Receipts, Script, Smsc};

const WHAT: &str = "binds as a transceiver; submits GSM, UCS-2 and parts, a receipt of each; is sent GSM, UCS-2 and parts; unbinds";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("smpplib-tcp", Client::Smpplib, "TCP", WHAT, |s| {
        talk(s, Library::Smpplib, false)
    }),
    Flow::new("smpplib-tls", Client::Smpplib, "TLS", WHAT, |s| {
        talk(s, Library::Smpplib, true)
    }),
    Flow::new("smpp34-tcp", Client::Smpp34, "TCP", WHAT, |s| {
        talk(s, Library::Smpp34, false)
    }),
    Flow::new("rusmppyc-tcp", Client::Rusmppyc, "TCP", FIVE, |s| {
        talk(s, Library::Rusmppyc, false)
    }),
    Flow::new("rusmppyc-tls", Client::Rusmppyc, "TLS", FIVE, |s| {
        talk(s, Library::Rusmppyc, true)
    }),
    Flow::new("node-smpp-tcp", Client::NodeSmpp, "TCP", WHAT, |s| {
        talk(s, Library::NodeSmpp, false)
    }),
    Flow::new("node-smpp-tls", Client::NodeSmpp, "TLS", WHAT, |s| {
        talk(s, Library::NodeSmpp, true)
    }),
];

const FIVE: &str = "the same with SMPP 5.0";

/// What is sent to them.
fn messages() -> Vec<Message> {
    let utf16: Vec<u8> = "Ответ 🎉"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let message = |text: &[u8]| Message::new("31600000001", &format!("{PREFIX}345"), text);
    let half = |n| Message {
        esm_class: UDHI,
        ..message(&part(9, 2, n, format!("part {n}").as_bytes()))
    };
    vec![
        message(b"an answer"),
        Message {
            coding: 8,
            ..message(&utf16)
        },
        half(1),
        half(2),
    ]
}

fn talk(stage: &Stage, library: Library, tls: bool) -> Result<String> {
    let script = Script {
        receipts: Receipts::After,
        ..Script::default()
    };
    let smsc = Smsc::start(abroad(stage, false), script)?;
    let ground = ground(stage)?.link("smsc", smsc.at(), "");
    let node = ground.start()?;
    smsc.wait_bound(1, SOON)?;
    let authority = stage.dir().join("authority.pem");
    let back = messages();
    let way = Way {
        to: ground.at(tls),
        system_id: ACCOUNT,
        password: PASSWORD,
        authority: tls.then_some(authority.as_path()),
        messages: back.len(),
    };
    let mut esme = library.start(&way, stage.dir())?;
    esme.bound()?;
    smsc.deliver(back.clone());
    let told = esme.finish()?;
    let count = told.expect_receipts("DELIVRD")?;
    // What came out at the other end is what went in.
    let mut sent = told.sent()?;
    let mut came = smsc.read(|book| {
        let parts = book.submits.iter().map(|s| {
            let m = &s.message;
            (m.coding, m.esm_class & UDHI, m.short_message.clone())
        });
        parts.collect::<Vec<_>>()
    });
    sent.sort_by(|a, b| a.octets.cmp(&b.octets));
    came.sort_by(|a, b| a.2.cmp(&b.2));
    let sent: Vec<_> = sent
        .into_iter()
        .map(|p| (p.coding, p.esm_class, p.octets))
        .collect();
    ensure(sent == came, || {
        format!("submitted: {sent:02x?}\nsent on: {came:02x?}")
    })?;
    let mut delivered: Vec<_> = told
        .messages()?
        .into_iter()
        .map(|(_, p)| (p.coding, p.octets))
        .collect();
    let mut wanted: Vec<_> = back
        .iter()
        .map(|m| (m.coding, m.short_message.clone()))
        .collect();
    delivered.sort();
    wanted.sort();
    ensure(delivered == wanted, || {
        format!("sent: {wanted:02x?}\ndelivered: {delivered:02x?}")
    })?;
    let refused = smsc.read(|book| book.answers.iter().filter(|s| **s != 0).count());
    ensure(refused == 0, || {
        format!("{refused} deliver_sm were refused")
    })?;
    stop(&ground, node)?;
    Ok(format!("{count} submits, {} messages back", back.len()))
}
