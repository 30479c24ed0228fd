//! Errors of an SMSC, scripted: what is tried again when, in which order, and what the ESME is told in the end.

use super::{SOON, arrivals, esme, number, numbered, stand, stop, submit_all};
use crate::error::{Result, ensure};
use crate::sms::pdu::status;
use crate::sms::smsc::{Receipts, Script};
use std::path::Path;
use std::time::Duration;

/// A schedule of retries that is over soon, as the gateway's settings have it.
pub const SCHEDULE: &str = "retry.first = \"1s\"\nretry.second = \"2s\"\nretry.longest = \"4s\"";

/// THROTTLED and MSGQFUL: the link pauses, and what is sent afterwards is in the order in which it was submitted.
///
/// # Errors
/// What did not hold.
pub fn paused(refusal: u32, host: u8, dir: &Path) -> Result<String> {
    const COUNT: u32 = 20;
    let script = Script {
        statuses: [0, 0, refusal].into(),
        ..Script::default()
    };
    let (smsc, ground) = stand(host, dir, script, "window = 1")?;
    let ground = ground.gateway(SCHEDULE);
    let node = ground.start()?;
    smsc.wait_bound(1, SOON)?;
    let mut esme = esme(&ground, 50);
    submit_all(&mut esme, COUNT, numbered)?;
    smsc.wait("delivery", SOON, |book| book.submits.len() > COUNT as usize)?;
    let order: Vec<u32> = smsc.read(|book| {
        let taken = book.submits.iter().filter(|s| s.status == Some(0));
        taken.filter_map(|s| number(&s.message)).collect()
    });
    let wanted: Vec<u32> = (0..COUNT).collect();
    ensure(order == wanted, || format!("taken in the order {order:?}"))?;
    let gap = smsc.read(|book| {
        let at = book
            .submits
            .iter()
            .position(|s| s.status == Some(refusal))?;
        Some(
            book.submits
                .get(at + 1)?
                .at
                .duration_since(book.submits.get(at)?.at),
        )
    });
    let gap = gap.unwrap_or_default();
    ensure(gap >= Duration::from_millis(900), || {
        format!("the link paused for {gap:?} only")
    })?;
    esme.leave()?;
    stop(&ground, node)?;
    Ok(format!(
        "status {refusal:#x}: {COUNT} messages in order, a pause of {gap:?}"
    ))
}

/// SYSERR, and no answer at all: the message is tried again by the schedule, and others do not wait for it.
///
/// # Errors
/// What did not hold.
pub fn retried(host: u8, dir: &Path) -> Result<String> {
    let script = Script {
        statuses: [status::RSYSERR, 0, 0, 0].into(),
        ..Script::default()
    };
    let (smsc, ground) = stand(host, dir, script, "window = 1")?;
    let ground = ground.gateway(SCHEDULE).set("timers.response = \"1s\"");
    let node = ground.start()?;
    smsc.wait_bound(1, SOON)?;
    let mut esme = esme(&ground, 50);
    submit_all(&mut esme, 4, numbered)?;
    smsc.wait("second attempt", SOON, |book| book.submits.len() == 5)?;
    let (order, wait) = smsc.read(|book| {
        let order: Vec<_> = book
            .submits
            .iter()
            .filter_map(|s| number(&s.message))
            .collect();
        let first = book.submits.first().map(|s| s.at);
        let last = book.submits.last().map(|s| s.at);
        (order, last.zip(first).map(|(last, first)| last - first))
    });
    let wait = wait.unwrap_or_default();
    ensure(order == [0, 1, 2, 3, 0], || {
        format!("sent in the order {order:?}")
    })?;
    // 1 s, ten per cent more or less, and whatever the machine takes.
    ensure(
        (Duration::from_millis(850)..Duration::from_millis(2_100)).contains(&wait),
        || format!("tried again after {wait:?}"),
    )?;
    smsc.turn_page();
    smsc.set(Script {
        silent: 1,
        ..Script::default()
    });
    submit_all(&mut esme, 6, numbered)?;
    smsc.wait("third and fourth", SOON, |book| {
        book.submits.iter().filter(|s| s.status == Some(0)).count() == 2
    })?;
    let arrived = arrivals(&smsc);
    ensure(
        arrived.len() == 2 && arrived.values().all(|n| *n == 1),
        || format!("{arrived:?}"),
    )?;
    esme.leave()?;
    stop(&ground, node)?;
    Ok(format!(
        "SYSERR tried again after {wait:?}, no answer likewise"
    ))
}

/// What is refused for good: the ESME is told so by a receipt, and it is not tried again.
///
/// # Errors
/// What did not hold.
pub fn refused(host: u8, dir: &Path) -> Result<String> {
    let script = Script {
        statuses: [status::RSUBMITFAIL, status::RINVDSTADR].into(),
        receipts: Receipts::After,
        ..Script::default()
    };
    let (smsc, ground) = stand(host, dir, script, "window = 1")?;
    let ground = ground.gateway(SCHEDULE);
    let node = ground.start()?;
    smsc.wait_bound(1, SOON)?;
    let mut esme = esme(&ground, 50);
    submit_all(&mut esme, 3, |n| numbered(n).registered())?;
    esme.until("receipts", SOON, |esme| esme.receipts.len() == 3)?;
    let mut told = Vec::new();
    for (number, id) in &esme.taken {
        let receipt = esme.receipts.iter().find(|(receipted, _)| receipted == id);
        let stat = receipt.map(|(_, stat)| stat.clone()).unwrap_or_default();
        let good = if *number == 2 {
            stat == "DELIVRD"
        } else {
            ["UNDELIV", "REJECTD"].contains(&stat.as_str())
        };
        ensure(good, || {
            format!("message {number}: {:?} of {:?}", esme.receipts, esme.taken)
        })?;
        told.push(stat);
    }
    let sent = smsc.read(|book| book.submits.len());
    ensure(sent == 3, || format!("{sent} submits for 3 messages"))?;
    esme.leave()?;
    stop(&ground, node)?;
    Ok(format!("0x45, 0x0b, 0: receipts {}", told.join(", ")))
}
