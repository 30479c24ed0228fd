//! Timers of sessions, and their ends: peers that fall silent, connections that break, a node that is told to stop.

use super::{ACCOUNT, PREFIX, SOON, arrivals, esme, numbered, stand, stop, submit_all};
use crate::error::{Result, ensure};
use crate::sms::ground::Ground;
use crate::sms::link::{Came, Link};
use crate::sms::pdu::{Message, Pdu, command, status};
use crate::sms::smsc::Script;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

const LIVELY: &str = "timers.enquire_link = \"1s\"\ntimers.response = \"1s\"";

/// An ESME and an SMSC that do not answer enquire_link: the node closes, and binds to the SMSC again, waiting longer each time.
///
/// # Errors
/// What did not hold.
pub fn silent(host: u8, dir: &Path) -> Result<String> {
    let script = Script {
        deaf: true,
        ..Script::default()
    };
    let (smsc, ground) = stand(host, dir, script, "")?;
    let ground = ground.set(LIVELY);
    let node = ground.start()?;
    let mut esme = ground.esme(ACCOUNT)?;
    let began = Instant::now();
    let asked = esme.expect("enquire_link")?;
    ensure(
        asked.command == command::ENQUIRE_LINK && asked.body.is_empty(),
        || format!("{asked:?}"),
    )?;
    closes(&mut esme)?;
    let took = began.elapsed();
    ensure(
        (Duration::from_millis(1_500)..Duration::from_secs(5)).contains(&took),
        || format!("the silent ESME was let go after {took:?}"),
    )?;
    smsc.wait("third bind", SOON, |book| book.binds.len() >= 3)?;
    ensure(smsc.read(|book| book.enquiries) >= 2, || {
        "the SMSC was not asked".to_owned()
    })?;
    smsc.set(Script::default());
    // Bound for good, with what there is to send.
    let mut other = ground.esme(ACCOUNT)?;
    other.submits(&numbered(1))?;
    smsc.wait("message", SOON, |book| !book.submits.is_empty())?;
    other.leave()?;
    stop(&ground, node)?;
    Ok(format!(
        "a silent ESME was let go after {took:?}, a silent SMSC bound to {} times",
        smsc.read(|b| b.binds.len())
    ))
}

/// The end, behind whatever else.
fn closes(link: &mut Link) -> Result {
    let deadline = Instant::now() + SOON;
    loop {
        match link.receive(deadline.saturating_duration_since(Instant::now()))? {
            Came::Closed => return Ok(()),
            Came::Pdu(_) => {}
            Came::Nothing => return Err(crate::RunError::Broken("not closed".into())),
        }
    }
}

/// A connection that breaks with submits in flight: each has one outcome, which is that it is sent again, once.
///
/// # Errors
/// What did not hold.
pub fn broken(host: u8, dir: &Path) -> Result<String> {
    const COUNT: u32 = 8;
    let script = Script {
        silent: 8,
        ..Script::default()
    };
    let (smsc, ground) = stand(host, dir, script, "window = 10")?;
    let ground = ground.gateway(super::upstream::SCHEDULE);
    let node = ground.start()?;
    smsc.wait_bound(1, SOON)?;
    let mut esme = esme(&ground, 10);
    submit_all(&mut esme, COUNT, numbered)?;
    smsc.wait("submits in flight", SOON, |book| book.submits.len() == 8)?;
    smsc.hang_up();
    smsc.wait("the same again", SOON, |book| book.submits.len() >= 16)?;
    esme.until("silence", SOON, |_| {
        smsc.read(|book| book.submits.len() == 16)
    })?;
    let arrived = arrivals(&smsc);
    ensure(
        arrived.len() == 8 && arrived.values().all(|n| *n == 1),
        || format!("{arrived:?}"),
    )?;
    esme.leave()?;
    stop(&ground, node)?;
    Ok("8 submits in flight when the connection broke, each sent again once".to_owned())
}

/// A node that is told to stop: it unbinds from an SMSC that has answered, and from an ESME, having answered what it was asked.
///
/// # Errors
/// What did not hold.
pub fn stopped(host: u8, dir: &Path) -> Result<String> {
    let (smsc, ground) = stand(host, dir, Script::default(), "")?;
    let ground = ground.account("nobody", "99", "");
    let mut node = ground.start()?;
    smsc.wait_bound(1, SOON)?;
    let mut link = ground.esme(ACCOUNT)?;
    // For nobody who is bound: nothing of them is in flight to the SMSC.
    let nowhere = |n: u32| Message::new("12345", "9912345", n.to_string().as_bytes());
    let mut batch = Vec::new();
    let mut wanted = Vec::new();
    for n in 0..50 {
        let pdu = link.numbered(Pdu::new(command::SUBMIT_SM, nowhere(n).body()));
        batch.extend(pdu.bytes());
        wanted.push(pdu.sequence);
    }
    link.send(&batch)?;
    node.ask_to_stop()?;
    let mut unbound = false;
    let mut taken = 0;
    loop {
        match link.receive(SOON)? {
            Came::Pdu(pdu) if pdu.is_response() => {
                wanted.retain(|sequence| *sequence != pdu.sequence);
                taken += usize::from(pdu.status == status::ROK);
            }
            Came::Pdu(pdu) => {
                unbound |= pdu.command == command::UNBIND;
                link.accept(&pdu)?;
            }
            Came::Closed => break,
            Came::Nothing => {
                return Err(crate::RunError::Broken(
                    "the node neither unbinds nor closes".into(),
                ));
            }
        }
    }
    let left = node.wait(SOON)?;
    ensure(left.success(), || format!("the node ended with {left}"))?;
    ensure(unbound && wanted.is_empty(), || {
        format!(
            "unbound: {unbound}; {} of 50 submits had no response",
            wanted.len()
        )
    })?;
    smsc.wait("unbind", SOON, |book| book.unbinds == 1)?;
    ground.expect_no_complaint("node")?;
    Ok(format!(
        "50 submits answered, {taken} of them taken, then unbind on both sides"
    ))
}

/// A connection on which nothing is sent, and one that does not finish what it has begun.
///
/// # Errors
/// What did not hold.
pub fn idle(host: u8, dir: &Path) -> Result<String> {
    let ground = Ground::new(dir, Ipv4Addr::new(127, 0, host, 1))?
        .set("timers.session_init = \"2s\"")
        .account(ACCOUNT, PREFIX, "");
    let node = ground.start()?;
    let (mut silent, mut half) = (
        Link::connect(ground.at(false))?,
        Link::connect(ground.at(false))?,
    );
    half.send(&[0, 0, 0, 40, 0, 0])?;
    let began = Instant::now();
    silent.expect_close(SOON)?;
    let took = began.elapsed();
    half.expect_close(SOON)?;
    ensure(
        (Duration::from_millis(1_500)..Duration::from_secs(4)).contains(&took),
        || format!("it was closed after {took:?}"),
    )?;
    stop(&ground, node)?;
    Ok(format!("a silent connection ended after {took:?}"))
}
