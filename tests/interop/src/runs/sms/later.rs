//! What is to happen later, over the death of the process: receipts to an ESME that is away, messages that are scheduled,
//! retries that are due.

use super::{SOON, arrivals, esme, number, numbered, stand, stop, submit_all};
use crate::error::{Result, ensure};
use crate::node::pause;
use crate::sms::pdu::{Message, status};
use crate::sms::smsc::{Receipts, Script};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// Receipts come while their ESME is not bound, and the node dies: it gets all of them when it binds again.
///
/// # Errors
/// What did not hold.
pub fn receipts(count: u32, host: u8, dir: &Path) -> Result<String> {
    let script = Script {
        silent: usize::MAX,
        ..Script::default()
    };
    let (smsc, ground) = stand(host, dir, script, "window = 100\nreceipts = \"match\"")?;
    let ground = ground
        .set("timers.response = \"1s\"")
        .gateway(super::upstream::SCHEDULE);
    let node = ground.start()?;
    smsc.wait_bound(1, SOON)?;
    let mut away = esme(&ground, 50);
    submit_all(&mut away, count, |n| numbered(n).registered())?;
    away.leave()?;
    // Not before nobody is there are they delivered, and receipts sent.
    smsc.set(Script {
        receipts: Receipts::After,
        ..Script::default()
    });
    let all = usize::try_from(count).unwrap_or(0);
    smsc.wait("answers to receipts", SOON * 4, |book| {
        book.answers.iter().filter(|status| **status == 0).count() >= all
    })?;
    node.kill()?;
    let node = ground.start()?;
    let wanted: BTreeSet<String> = away.taken.values().cloned().collect();
    away.until("receipts", SOON * 2, |esme| {
        let told: BTreeSet<&String> = esme.receipts.iter().map(|(id, _)| id).collect();
        wanted.iter().all(|id| told.contains(id))
    })?;
    let twice = away.receipts.len() - wanted.len();
    away.leave()?;
    stop(&ground, node)?;
    Ok(format!(
        "{count} receipts to an ESME that was away and a node that was killed: all came, {twice} twice"
    ))
}

/// Messages that are scheduled, some for while there is no node: each is sent once, not early, and a second late at most.
///
/// # Errors
/// What did not hold.
pub fn scheduled(host: u8, dir: &Path) -> Result<String> {
    const AFTER: [u64; 4] = [2, 3, 8, 9];
    let (smsc, ground) = stand(host, dir, Script::default(), "")?;
    let node = ground.start()?;
    smsc.wait_bound(1, SOON)?;
    let mut esme = esme(&ground, 50);
    let began = Instant::now();
    let later = |n: u32| Message {
        schedule: format!("0000000000{:02}000R", AFTER[n as usize % AFTER.len()]).into_bytes(),
        ..numbered(n)
    };
    submit_all(&mut esme, 4, later)?;
    // The first two come due while the node is away.
    esme.leave()?;
    node.kill()?;
    while began.elapsed() < Duration::from_secs(4) {
        pause();
    }
    let node = ground.start()?;
    let back = began.elapsed();
    smsc.wait("scheduled messages", SOON, |book| book.submits.len() >= 4)?;
    let times: Vec<(u32, Duration)> = smsc.read(|book| {
        let all = book.submits.iter();
        all.filter_map(|s| Some((number(&s.message)?, s.at.duration_since(began))))
            .collect()
    });
    ensure(times.len() == 4, || format!("{times:?}"))?;
    for (number, at) in &times {
        let due = Duration::from_secs(AFTER[*number as usize % AFTER.len()]);
        let latest = due.max(back) + Duration::from_millis(1_500);
        // The schedule is told in whole seconds.
        ensure(*at + Duration::from_secs(1) > due && *at < latest, || {
            format!(
                "message {number}, due after {due:?}, was sent after {at:?}; the node was back after {back:?}"
            )
        })?;
    }
    stop(&ground, node)?;
    Ok(format!("4 scheduled messages over a kill: {times:?}"))
}

/// Messages that wait for their retry when the node dies: each is tried once, when it is due.
///
/// # Errors
/// What did not hold.
pub fn retries(count: u32, host: u8, dir: &Path) -> Result<String> {
    let all = usize::try_from(count).unwrap_or(0);
    let script = Script {
        statuses: vec![status::RSYSERR; all].into(),
        ..Script::default()
    };
    let (smsc, ground) = stand(host, dir, script, "window = 100")?;
    let ground = ground.gateway("retry.first = \"5s\"\nretry.second = \"10s\"\nretry.jitter = 0");
    let node = ground.start()?;
    smsc.wait_bound(1, SOON)?;
    let mut esme = esme(&ground, 50);
    submit_all(&mut esme, count, numbered)?;
    smsc.wait("first attempts", SOON, |book| book.submits.len() == all)?;
    let first: Vec<Instant> = smsc.turn_page().submits.into_iter().map(|s| s.at).collect();
    esme.leave()?;
    node.kill()?;
    let node = ground.start()?;
    smsc.wait("second attempts", SOON, |book| book.submits.len() >= all)?;
    let arrived = arrivals(&smsc);
    ensure(
        arrived.len() == all && arrived.values().all(|n| *n == 1),
        || format!("{arrived:?}"),
    )?;
    let earliest = smsc
        .read(|book| book.submits.first().map(|s| s.at))
        .zip(first.first().copied());
    let latest = smsc
        .read(|book| book.submits.last().map(|s| s.at))
        .zip(first.last().copied());
    let [earliest, latest] = [earliest, latest]
        .map(|pair| pair.map_or(Duration::ZERO, |(second, first)| second - first));
    let due = Duration::from_secs(4)..Duration::from_millis(6_500);
    ensure(due.contains(&earliest) && due.contains(&latest), || {
        format!("tried again {earliest:?} to {latest:?} after the first attempt")
    })?;
    stop(&ground, node)?;
    Ok(format!(
        "{count} retries over a kill, each once, {earliest:?} to {latest:?} after the first attempt"
    ))
}
