//! SMS before a node with the gateway: windows, timers, receipts, errors of SMSCs, kills, and what it costs.

pub mod bench;
pub mod kill;
pub mod later;
pub mod overload;
pub mod receipts;
pub mod stops;
pub mod timers;
pub mod upstream;
pub mod waiting;
pub mod windows;

use crate::error::{Result, ensure};
use crate::node::Node;
use crate::sms::esme::Esme;
use crate::sms::ground::{ABROAD, Ground, PASSWORD};
use crate::sms::pdu::Message;
use crate::sms::smsc::{Script, Smsc};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long any one thing may take.
const SOON: Duration = Duration::from_secs(30);
/// The account that submits, and what numbers begin with that are routed to it.
pub(super) const ACCOUNT: &str = "esme";
pub(super) const PREFIX: &str = "12";

/// An SMSC, and a node before it that is not started yet, on 127.0.`host`.0.
fn stand(host: u8, dir: &Path, script: Script, link: &str) -> Result<(Smsc, Ground)> {
    let smsc = Smsc::start(
        SocketAddr::from((Ipv4Addr::new(127, 0, host, 2), 2775)),
        script,
    )?;
    let ground = Ground::new(dir, Ipv4Addr::new(127, 0, host, 1))?
        .account(ACCOUNT, PREFIX, "")
        .link("smsc", smsc.at(), link);
    Ok((smsc, ground))
}

/// An ESME that keeps book, of the account of [`stand`].
pub(super) fn esme(ground: &Ground, window: usize) -> Esme {
    Esme::new(ground.at(false), ACCOUNT, PASSWORD, window)
}

/// A numbered message abroad.
pub(super) fn numbered(number: u32) -> Message {
    let text = format!("message {number:08}");
    Message::new(
        &format!("{PREFIX}345"),
        &format!("{ABROAD}{number:08}"),
        text.as_bytes(),
    )
}

/// Of a message that [`numbered`] made.
fn number(message: &Message) -> Option<u32> {
    message.text().strip_prefix("message ")?.parse().ok()
}

/// How often each numbered message came to an SMSC and was taken there.
pub(super) fn arrivals(smsc: &Smsc) -> BTreeMap<u32, u32> {
    smsc.read(|book| {
        let mut times = BTreeMap::new();
        for submit in &book.submits {
            if let (Some(number), Some(0)) = (number(&submit.message), submit.status) {
                *times.entry(number).or_default() += 1;
            }
        }
        times
    })
}

/// Submits all up to `count`; each must be taken.
fn submit_all(esme: &mut Esme, count: u32, make: impl Fn(u32) -> Message) -> Result {
    let deadline = Instant::now() + SOON;
    while !esme.is_done(count) {
        esme.work(count, &make, Duration::from_millis(100))?;
        ensure(Instant::now() < deadline, || {
            format!("{} of {count} were taken in {SOON:?}", esme.taken.len())
        })?;
    }
    ensure(esme.refused.is_empty() && esme.unknown.is_empty(), || {
        format!("refused: {:x?}, unknown: {:?}", esme.refused, esme.unknown)
    })
}

/// Ends the node, which is to have no complaint.
fn stop(ground: &Ground, mut node: Node) -> Result {
    let status = node.terminate(SOON)?;
    ensure(status.success(), || format!("the node ended with {status}"))?;
    ground.expect_no_complaint("node")
}
