//! freeDiameter as a charging server and as its client.

use super::{SOON, at, end, ground, port, stop};
use crate::diameter::freediameter::{FreeDiameter, SECURE};
use crate::diameter::ground::{HOST, REALM};
use crate::error::{Result, ensure};
use crate::flows::stage::Stage;
use crate::flows::{Client, Flow};

const OURS: &str = "we connect: CER, CCR-I/U/T both ways, RAR, CCR-U; DPR from freeDiameter";
const THEIRS: &str = "it connects: CER, CCR-I/U/T both ways, RAR, CCR-U; DPR from us";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new(
        "freediameter-called-tcp",
        Client::FreeDiameter,
        "TCP",
        OURS,
        |stage| charging(stage, true, false, 200),
    ),
    Flow::new(
        "freediameter-called-tls",
        Client::FreeDiameter,
        "TLS",
        OURS,
        |stage| charging(stage, true, true, 200),
    ),
    Flow::new(
        "freediameter-calls-tcp",
        Client::FreeDiameter,
        "TCP",
        THEIRS,
        |stage| charging(stage, false, false, 200),
    ),
    Flow::new(
        "freediameter-calls-tls",
        Client::FreeDiameter,
        "TLS",
        THEIRS,
        |stage| charging(stage, false, true, 200),
    ),
    Flow::new(
        "freediameter-full",
        Client::FreeDiameter,
        "TCP",
        "we connect: 10,000 sessions of CCR-I/U/T",
        |stage| charging(stage, true, false, 10_000),
    )
    .long(),
];

const OCS: &str = "ocs.fd.example";

/// `sessions` of ours charged by freeDiameter, and a second of its own load charged by us.
fn charging(stage: &Stage, we_connect: bool, tls: bool, sessions: u64) -> Result<String> {
    let port = port(stage, 0);
    let secure = if tls { SECURE } else { 0 };
    let there = we_connect.then(|| at(stage, 2, port + secure));
    let ground = ground(stage)?
        .peer("ocs", OCS, there, tls)
        .realm("fd.example", &["ocs"], "");
    let mut fd = FreeDiameter::new(stage.dir(), &ground.authority, OCS, "fd.example", port)
        .charges("")?
        .loads(REALM, 10, 1)?;
    fd = if we_connect {
        fd.admits("labs.example")?
    } else {
        fd.connects(HOST, ground.at(tls), tls)
    };
    // Whoever connects finds the other: nothing waits for a second attempt.
    let (mut node, mut fd) = if we_connect {
        let fd = fd.start()?;
        (ground.start()?, fd)
    } else {
        (ground.start()?, fd.start()?)
    };
    fd.wait_open(HOST, 1)?;
    let mut driver = ground.driver()?;
    driver.order_once_up(&format!("ccr {sessions} 16 fd.example"), SOON * 4)?;
    let answered = fd.load(SOON)?;
    driver.give("hold 1 1 fd.example")?;
    let mut tries = 0;
    // The CCR-I of the held session is there when one session is open.
    while fd.book()?.get("open") == 0 && tries < 100 {
        tries += 1;
    }
    fd.reauth()?;
    driver.finished(SOON)?;
    let book = fd.book()?;
    let requests = 3 * (sessions + 1);
    ensure(
        book.get("requests") >= requests && book.get("open") == 0,
        || format!("freeDiameter's book: {:?}", book.sums),
    )?;
    ensure(
        book.get("repeats") == 0 && book.get("used") >= 20 * (sessions + 1),
        || format!("freeDiameter's book: {:?}", book.sums),
    )?;
    ensure(book.get("reauths-answered") == 1, || {
        format!("freeDiameter's book: {:?}", book.sums)
    })?;
    if we_connect {
        fd.stop()?;
        end(&ground, node, driver)?;
    } else {
        stop(&ground, &mut node)?;
        fd.hears_disconnect()?;
        fd.stop()?;
    }
    Ok(format!("{requests} CCRs of ours, {answered} of its"))
}
