//! Many messages that wait for their retry: what each costs in memory, and how soon a node that was killed serves again.

use super::{ACCOUNT, PREFIX, SOON};
use crate::error::{Result, ensure};
use crate::sms::ground::{ABROAD, Ground, PASSWORD};
use crate::sms::load::{self, Load, Until};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// Messages.
    pub count: u64,
    /// Most bytes that each may cost.
    pub limit: u64,
    /// How soon it must serve again.
    pub serving: Duration,
    /// Octet of the loopback address.
    pub host: u8,
}

/// See the module. The link that the messages are for leads nowhere.
///
/// # Errors
/// What did not hold.
pub fn waiting(run: Waiting, dir: &Path) -> Result<String> {
    let ip = |last| Ipv4Addr::new(127, 0, run.host, last);
    let ground = Ground::new(dir, ip(1))?
        .account(ACCOUNT, PREFIX, "")
        .link("nowhere", SocketAddr::from((ip(2), 2775)), "")
        .gateway("retry.first = \"1h\"")
        .more("[overload]\ntarget = \"0s\"\n");
    let node = ground.start()?;
    let mut load = Load::new(
        ground.at(false),
        ACCOUNT,
        PASSWORD,
        &format!("{ABROAD}00000001"),
    );
    (load.sessions, load.window) = (4, 50);
    // What any load costs is not what messages cost.
    load::run(&load, Until::Answered(run.count / 50))?.expect_good()?;
    let before = node.resident_kib()?;
    let held = run.count - run.count / 50;
    let figures = load::run(&load, Until::Answered(held))?.expect_good()?;
    let after = node.resident_kib()?;
    let each = after.saturating_sub(before) * 1024 / held;
    node.kill()?;
    let began = Instant::now();
    let node = ground.start()?;
    // It serves when it takes a message.
    let mut esme = ground.esme(ACCOUNT)?;
    esme.submits(&super::numbered(1))?;
    let serving = began.elapsed();
    esme.leave()?;
    let restored = node.resident_kib()?;
    let counts = node.status()?["counts"].clone();
    let entities = counts["entities"].as_u64().unwrap_or(0);
    let told = format!(
        "{} messages of 140 octets wait, taken at {:.0}/s: {before} KiB before the last {held}, {after} KiB after, {each} bytes each; \
         killed, it served again after {serving:?} with {restored} KiB",
        run.count,
        figures.rate()
    );
    ensure(entities >= run.count, || {
        format!("of {} messages there are left {counts}", run.count)
    })?;
    ensure(each <= run.limit && serving <= run.serving, || {
        format!(
            "{told}; {} bytes and {:?} are the bounds",
            run.limit, run.serving
        )
    })?;
    let mut node = node;
    let status = node.terminate(SOON * 2)?;
    ensure(status.success(), || format!("the node ended with {status}"))?;
    Ok(told)
}
