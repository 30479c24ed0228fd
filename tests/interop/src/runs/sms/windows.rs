//! Windows, back-pressure and rates: what a node does before peers that do not answer, do not read, or send too much.

use super::{ACCOUNT, PREFIX, SOON, arrivals, esme, numbered, stand, stop, submit_all};
use crate::error::{Result, RunError, ensure, io};
use crate::node::pause;
use crate::sms::ground::{Ground, PASSWORD};
use crate::sms::link::{Came, Link};
use crate::sms::load::{self, Load, Until};
use crate::sms::pdu::{Message, Pdu, command, status, tag};
use crate::sms::smsc::Script;
use std::collections::BTreeSet;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

/// An SMSC that answers nothing is sent as many as the window allows, and no more until they have timed out; when it answers,
/// all arrive.
///
/// # Errors
/// What did not hold.
pub fn kept(window: usize, host: u8, dir: &Path) -> Result<String> {
    let script = Script {
        silent: usize::MAX,
        ..Script::default()
    };
    let (smsc, ground) = stand(host, dir, script, &format!("window = {window}"))?;
    let ground = ground
        .set("timers.response = \"2s\"")
        .gateway(super::upstream::SCHEDULE);
    let node = ground.start()?;
    smsc.wait_bound(1, SOON)?;
    let count = u32::try_from(window * 3).unwrap_or(u32::MAX);
    let mut esme = esme(&ground, 50);
    submit_all(&mut esme, count, numbered)?;
    smsc.wait("window", SOON, |book| book.submits.len() >= window)?;
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until {
        let sent = smsc.read(|book| book.submits.len());
        ensure(sent == window, || {
            format!("{sent} were sent in a window of {window}")
        })?;
        pause();
    }
    smsc.set(Script::default());
    let all = usize::try_from(count).unwrap_or(0);
    smsc.wait("delivery of all", SOON * 2, |book| {
        book.submits.iter().filter(|s| s.status == Some(0)).count() >= all
    })?;
    let arrived = arrivals(&smsc);
    let twice = arrived.values().filter(|n| **n > 1).count();
    ensure(arrived.len() == all && twice == 0, || {
        format!(
            "{} of {all} arrived, {twice} of them more than once",
            arrived.len()
        )
    })?;
    let sent = smsc.read(|book| book.submits.len());
    esme.leave()?;
    stop(&ground, node)?;
    Ok(format!(
        "window {window}: {all} messages sent {sent} times, each taken once"
    ))
}

/// An ESME that sends and does not read: the node holds it up or lets it go, and its memory stays within bounds.
///
/// # Errors
/// What did not hold.
pub fn unread(host: u8, dir: &Path) -> Result<String> {
    let ground = Ground::new(dir, Ipv4Addr::new(127, 0, host, 1))?
        .account(ACCOUNT, PREFIX, "")
        .account("nobody", "99", "");
    let node = ground.start()?;
    let before = node.resident_kib()?;
    let mut link = ground.esme(ACCOUNT)?;
    let refused = ten_times_as_many(&mut link)?;
    let (sent, rest) = flooded(&mut link)?;
    let held = node.resident_kib()?.saturating_sub(before);
    // What waits on a connection is bounded in bytes (`limits.write_buffer_bytes`); each response has its own overhead.
    ensure(held < 48 * 1024, || {
        format!("{held} KiB were held for an ESME that does not read")
    })?;
    let answered = answers(&mut link, sent, rest)?;
    // Others are served as before.
    let mut other = ground.esme(ACCOUNT)?;
    other.submits(&Message::new("12345", "9912345", b"and now"))?;
    other.leave()?;
    link.hang_up();
    stop(&ground, node)?;
    let end = if answered == sent {
        ""
    } else {
        ", then closed"
    };
    Ok(format!(
        "1,000 submits at once, {refused} refused with MSGQFUL; {sent} enquire_link of one that does not read, {held} KiB held, \
         {answered} answered{end}"
    ))
}

/// Sends enquire_link until nothing more is taken, or the node has had enough; how many, and what is left of the last.
fn flooded(link: &mut Link) -> Result<(usize, Vec<u8>)> {
    const MOST: usize = 4_000_000;
    let mut stream = link.socket().try_clone().map_err(io("take a connection"))?;
    let patience = Some(Duration::from_secs(2));
    stream
        .set_write_timeout(patience)
        .map_err(io("set a timeout"))?;
    let (mut sent, mut rest) = (0, Vec::new());
    while sent < MOST && rest.is_empty() {
        let ping = link
            .numbered(Pdu::new(command::ENQUIRE_LINK, Vec::new()))
            .bytes();
        match stream.write(&ping) {
            Ok(n) => {
                rest = ping[n..].to_vec();
                sent += 1;
            }
            Err(_) => break,
        }
    }
    ensure(sent < MOST, || {
        format!("{sent} were taken without their responses being read")
    })?;
    stream
        .set_write_timeout(None)
        .map_err(io("set a timeout"))?;
    Ok((sent, rest))
}

/// Reads the responses, in their order: to all of them, or up to the end of the connection.
fn answers(link: &mut Link, sent: usize, mut rest: Vec<u8>) -> Result<usize> {
    let mut answered = 0;
    while answered < sent {
        let Came::Pdu(pdu) = link.receive(SOON)? else {
            return Ok(answered);
        };
        answered += 1;
        let next =
            pdu.command == command::ENQUIRE_LINK | command::RESP && pdu.status == status::ROK;
        ensure(next, || format!("{pdu:?} as response {answered}"))?;
        if !rest.is_empty() && link.send(&std::mem::take(&mut rest)).is_err() {
            return Ok(answered);
        }
    }
    Ok(answered)
}

/// Ten times as many submits as may be without response, in one go: each is answered, if only with MSGQFUL. How many were.
fn ten_times_as_many(link: &mut Link) -> Result<usize> {
    let mut batch = Vec::new();
    let mut wanted = BTreeSet::new();
    for n in 0..1_000 {
        let message = Message::new("12345", "9912345", format!("{n}").as_bytes());
        let pdu = link.numbered(Pdu::new(command::SUBMIT_SM, message.body()));
        batch.extend(pdu.bytes());
        wanted.insert(pdu.sequence);
    }
    link.send(&batch)?;
    let mut refused = 0;
    while !wanted.is_empty() {
        let pdu = link.expect("a response")?;
        let known = [status::ROK, status::RMSGQFUL].contains(&pdu.status);
        ensure(wanted.remove(&pdu.sequence) && known, || format!("{pdu:?}"))?;
        refused += usize::from(pdu.status != status::ROK);
    }
    Ok(refused)
}

/// `count` messages to a receiver that reads nothing for `stall`: each arrives whole, and the node's memory stays within bounds.
///
/// # Errors
/// What did not hold.
pub fn slow(count: u32, stall: Duration, host: u8, dir: &Path) -> Result<String> {
    let ground = Ground::new(dir, Ipv4Addr::new(127, 0, host, 1))?
        .account(ACCOUNT, PREFIX, "")
        // So much may be on its way that the socket is full, and not the window.
        .account("slow", "99", "window = 30000");
    let node = ground.start()?;
    let mut reader = Link::receiver(ground.at(false), "slow", PASSWORD)?;
    let load = Load::new(ground.at(false), ACCOUNT, PASSWORD, "9912345");
    let submitting = std::thread::spawn(move || load::run(&load, Until::Answered(count.into())));
    let before = node.resident_kib()?;
    let began = Instant::now();
    let mut most = before;
    while began.elapsed() < stall {
        most = most.max(node.resident_kib()?);
        pause();
    }
    let mut seen = BTreeSet::new();
    let mut twice = 0;
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    while seen.len() < wanted {
        let Came::Pdu(pdu) = reader.receive(SOON)? else {
            return Err(RunError::Broken(
                format!("{} of {count} came, and then none", seen.len()).into(),
            ));
        };
        reader.accept(&pdu)?;
        if pdu.command != command::DELIVER_SM {
            continue;
        }
        let number = Message::read(&pdu.body).and_then(|m| {
            let text = m.text();
            let (digits, rest) = text.split_at_checked(10)?;
            let whole = rest.len() == 130 && rest.bytes().all(|b| b == b'x');
            whole.then(|| digits.parse::<u32>().ok())?
        });
        let number = number
            .ok_or_else(|| RunError::Broken(format!("after {}: {pdu:?}", seen.len()).into()))?;
        if !seen.insert(number) {
            twice += 1;
        }
        if seen.len().is_multiple_of(1_000) {
            most = most.max(node.resident_kib()?);
        }
    }
    let figures = submitting
        .join()
        .map_err(|_| RunError::Broken("the submitter panicked".into()))??
        .expect_good()?;
    ensure(twice == 0, || format!("{twice} came twice"))?;
    let held = most.saturating_sub(before);
    // A message with its entity is a KiB, and what is in flight is there twice more: as it was sent, and as it waits to be written.
    let bound = 64 * 1024 + u64::from(count) * 3;
    ensure(held < bound, || {
        format!("{held} KiB were held, more than {bound}")
    })?;
    reader.leave()?;
    stop(&ground, node)?;
    Ok(format!(
        "{count} messages submitted at {:.0}/s to a receiver that stalled for {stall:?}: all whole, once each, {held} KiB held at most",
        figures.rate()
    ))
}

/// An account with a rate that sends three times as much: it gets its rate, within 5 %, and THROTTLED for the rest. `parts` is
/// how many parts each message has.
///
/// # Errors
/// What did not hold.
pub fn throttled(rate: u32, parts: u32, time: Duration, host: u8, dir: &Path) -> Result<String> {
    let ground = Ground::new(dir, Ipv4Addr::new(127, 0, host, 1))?.account(
        ACCOUNT,
        PREFIX,
        &format!("rates = {{ second = {rate} }}"),
    );
    // Taken and kept: nobody is bound to what it is for.
    let ground = ground.account("nobody", "99", "");
    let node = ground.start()?;
    let mut load = Load::new(ground.at(false), ACCOUNT, PASSWORD, "9912345");
    if parts > 1 {
        // As many octets as fill so many parts.
        let mut text = b"0000000000".to_vec();
        text.resize(usize::try_from(parts).unwrap_or(1) * 153, b'x');
        load.message = Message::new("12345", "9912345", b"").with(tag::MESSAGE_PAYLOAD, &text);
    }
    load.rate = Some(3 * rate / parts);
    // What a second's credit allows at once is spent before.
    load::run(&load, Until::Over(Duration::from_secs(2)))?;
    let figures = load::run(&load, Until::Over(time))?;
    let (good, refused) = (figures.good(), figures.with(status::RTHROTTLED));
    ensure(good + refused == figures.answers() && refused > 0, || {
        format!("statuses {:x?}", figures.statuses)
    })?;
    let share = figures.rate() * f64::from(parts) / f64::from(rate);
    ensure((0.95..=1.05).contains(&share), || {
        format!(
            "{good} of {} were taken in {:?}: {share:.3} of the rate",
            figures.answers(),
            figures.took
        )
    })?;
    stop(&ground, node)?;
    Ok(format!(
        "{rate} parts/s for messages of {parts}: {:.3} of the rate, {refused} refused with THROTTLED",
        share
    ))
}

/// One account sends as fast as it can: another one, that sends little, does not wait for it.
///
/// # Errors
/// What did not hold.
pub fn hot(time: Duration, host: u8, dir: &Path) -> Result<String> {
    let ground = Ground::new(dir, Ipv4Addr::new(127, 0, host, 1))?
        .account(ACCOUNT, PREFIX, "")
        .account("calm", "13", "")
        .account("nobody", "99", "");
    let node = ground.start()?;
    let mut calm = Load::new(ground.at(false), "calm", PASSWORD, "9912345");
    (calm.rate, calm.window) = (Some(100), 10);
    let alone = load::run(&calm, Until::Over(time))?.expect_good()?;
    let hot = Load::new(ground.at(false), ACCOUNT, PASSWORD, "9954321");
    let flood =
        std::thread::spawn(move || load::run(&hot, Until::Over(time + Duration::from_secs(1))));
    let beside = load::run(&calm, Until::Over(time))?.expect_good()?;
    let flood = flood
        .join()
        .map_err(|_| RunError::Broken("the flood panicked".into()))??
        .expect_good()?;
    let bound = Duration::from_millis(200);
    ensure(beside.quantile(0.99) < bound, || {
        format!(
            "{:?} beside {:.0}/s, {:?} alone",
            beside.quantile(0.99),
            flood.rate(),
            alone.quantile(0.99)
        )
    })?;
    stop(&ground, node)?;
    Ok(format!(
        "p99 of 100/s is {:?} beside {:.0}/s of another account, {:?} alone",
        beside.quantile(0.99),
        flood.rate(),
        alone.quantile(0.99)
    ))
}
