//! Many users who refresh their registrations, each time challenged, and what is left of them after a kill.

use super::TAKES_ALL;
use crate::error::{Result, ensure, io};
use crate::node::{Node, NodeSpec};
use crate::sipp::Sipp;
use std::fmt::Write;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What SIPp may need beyond its planned time.
const OVERTIME: Duration = Duration::from_secs(60);
/// How long a finished transaction may linger.
const SETTLED_WITHIN: Duration = Duration::from_secs(40);
/// From here on the refreshes must not cost memory; fewer measure warming up.
const WARM: u32 = 5_000;

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Registrations {
    /// How many users there are.
    pub users: u32,
    /// Refreshes a second.
    pub rate: u32,
    /// How often each user registers, twice over.
    pub rounds: u32,
    /// Octet of the loopback address.
    pub host: u8,
}

/// All users register and refresh, `rounds` times, and the same again; the node is killed, and knows them all with the time that they have
/// left.
///
/// # Errors
/// What did not hold.
pub fn refreshed(size: Registrations, dir: &Path) -> Result<String> {
    let ip = Ipv4Addr::new(127, 0, size.host, 1);
    let mut spec = NodeSpec::new(ip, &dir.join("registrations"));
    spec.whole = Some(config(size.users, &spec));
    let users = users_file(size.users, dir)?;
    let node = Node::start(&spec)?;
    let begun = Instant::now();
    // Finished transactions linger for 32 s, so that memory has its height only after a run as long as the one that counts.
    sipp(size, spec.sip, &users, "register.xml", size.rounds)?;
    expect_registered(&node, size.users)?;
    let first = node.resident_kib()?;
    sipp(size, spec.sip, &users, "register.xml", size.rounds)?;
    let took = begun.elapsed();
    expect_registered(&node, size.users)?;
    let second = node.resident_kib()?;
    let flat = size.users < WARM || second * 100 <= first * 105;
    ensure(flat, || {
        format!("memory grew from {first} to {second} KiB while registrations were refreshed")
    })?;
    node.kill()?;
    let node = Node::start(&spec)?;
    expect_registered(&node, size.users)?;
    // The scenario refuses a lifetime that is not between 500 and 599 s.
    sipp(size, spec.sip, &users, "query.xml", 1)?;
    Ok(format!(
        "{} users, {} refreshes twice in {took:?} ({}/s, each challenged), 0 failed, resident {first} then {second} KiB, all there after a kill (ready after {:?})",
        size.users,
        size.users * size.rounds,
        size.rate,
        node.ready_after,
    ))
}

/// Users who are registered get other passwords, which their phones learn one after the other: both are right meanwhile, and the
/// one before is wrong afterwards.
///
/// # Errors
/// What did not hold.
pub fn rotated(size: Registrations, dir: &Path) -> Result<String> {
    let ip = Ipv4Addr::new(127, 0, size.host, 1);
    let mut spec = NodeSpec::new(ip, &dir.join("rotation"));
    let nobody = config(0, &spec);
    let with = |entry: fn(u32) -> String| {
        let entries = (0..size.users).map(|nth| format!("u{nth} = {{ {} }}\n", entry(nth)));
        Some(nobody.clone() + &entries.collect::<String>())
    };
    let old = users_file(size.users, dir)?;
    let new = dir.join("changed.csv");
    let text = fs::read_to_string(&old).map_err(io("read SIPp's users"))?;
    let text = text.replace("password=secret", "password=changed");
    fs::write(&new, text).map_err(io("write SIPp's users"))?;
    let to = spec.sip;
    let register = |users: &Path| sipp(size, to, users, "register.xml", 1);
    spec.whole = with(|nth| format!("password = \"secret{nth}\""));
    let node = Node::start(&spec)?;
    register(&old)?;
    let both: fn(u32) -> String =
        |nth| format!("password = \"changed{nth}\", previous = {{ password = \"secret{nth}\" }}");
    let only: fn(u32) -> String = |nth| format!("password = \"changed{nth}\"");
    for (entry, right) in [(both, &[&old, &new, &old][..]), (only, &[&new][..])] {
        let mut changed = spec.clone();
        changed.whole = with(entry);
        changed.write_config()?;
        let reloaded = node.order(&["reload"])?;
        ensure(reloaded.status.success(), || {
            String::from_utf8_lossy(&reloaded.stderr).into_owned()
        })?;
        for users in right {
            register(users)?;
        }
        expect_registered(&node, size.users)?;
    }
    ensure(register(&old).is_err(), || {
        "the passwords before are right when they are gone".to_owned()
    })?;
    expect_registered(&node, size.users)?;
    Ok(format!("{} users have other passwords", size.users))
}

/// A registrar that offers MD5, which SIPp knows and takes, and SHA-256 after it. Users end the text.
pub(super) fn config(users: u32, spec: &NodeSpec) -> String {
    let mut config = format!(
        "{TAKES_ALL}[node]\ndata_dir = \"{}\"\n\n[adaptors.sip]\ntype = \"sip\"\n\n\
         [adaptors.sip.settings.listeners.udp]\ntransport = \"udp\"\nbind = \"{}\"\n\n\
         [services.registrar]\nkind = \"registrar\"\ndurability = \"strict\"\n\n\
         [services.registrar.settings]\ndomains = [\"office.example\"]\nalgorithms = [\"MD5\", \"SHA-256\"]\n\n\
         [services.registrar.settings.users]\n",
        spec.data.display(),
        spec.sip,
    );
    for nth in 0..users {
        let _ = writeln!(config, "u{nth} = {{ password = \"secret{nth}\" }}");
    }
    config
}

/// SIPp's file of users: name and what it answers the challenge with.
pub(super) fn users_file(users: u32, dir: &Path) -> Result<PathBuf> {
    let mut text = "SEQUENTIAL\n".to_owned();
    for nth in 0..users {
        let _ = writeln!(
            text,
            "u{nth};[authentication username=u{nth} password=secret{nth}]"
        );
    }
    let file = dir.join("users.csv");
    fs::write(&file, text).map_err(io("write SIPp's users"))?;
    Ok(file)
}

/// Runs a scenario over all users, `rounds` times.
pub(super) fn sipp(
    size: Registrations,
    node: SocketAddr,
    users: &Path,
    scenario: &str,
    rounds: u32,
) -> Result {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(scenario);
    let calls = size.users * rounds;
    let caller = Sipp::start(&[
        &node.to_string(),
        "-sf",
        &scenario.to_string_lossy(),
        "-inf",
        &users.to_string_lossy(),
        "-i",
        &node.ip().to_string(),
        "-p",
        "5090",
        "-r",
        &size.rate.to_string(),
        "-m",
        &calls.to_string(),
        "-l",
        "10000",
        // SIPp would take the address that it sends to.
        "-auth_uri",
        "office.example",
    ])?;
    let planned = Duration::from_secs(u64::from(calls / size.rate));
    caller
        .finish(planned + OVERTIME)?
        .expect_clean(u64::from(calls))
}

/// Every user has a registration, and nothing else is left.
pub(super) fn expect_registered(node: &Node, users: u32) -> Result {
    let registered = |status: &serde_json::Value| {
        status["counts"]["activities"].as_u64() == Some(u64::from(users))
            && status["counts"]["entities"].as_u64() == Some(u64::from(users))
    };
    node.wait_status(SETTLED_WITHIN, registered).map(drop)
}
