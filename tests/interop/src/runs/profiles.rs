//! A large profile table in a running node: how fast a file goes in, and how soon the node is there again after kill -9.

use super::spec;
use crate::error::{Result, RunError, ensure, io};
use crate::node::{FAULTY, Node, binary};
use serde_json::Value;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Profiles that were written.
    pub profiles: u64,
    /// What `strowger profiles import` took, with what it reads and waits for.
    pub import: Duration,
    /// Resident memory of the node for each, with what its import has left behind.
    pub resident: u64,
    /// From the start of the node to its readiness, after kill -9.
    pub recovery: Duration,
}

/// Imports a file of so many subscribers into a node, kills it, and starts it again.
///
/// # Errors
/// What did not hold: all of them are there before and after.
pub fn provisioned(profiles: u64, host: u8, dir: &Path) -> Result<Figures> {
    let mut spec = spec(host, dir, "profiles");
    spec.binary = FAULTY;
    spec.whole = Some(format!(
        "[node]\ndata_dir = \"{}\"\n[adaptors.sip]\n[adaptors.sip.settings.listeners.udp]\ntransport = \"udp\"\n\
         bind = \"{}\"\n[services.faulty]\n[profiles.subscribers]\nspecification = \"subscriber\"\n",
        spec.data.display(),
        spec.sip,
    ));
    let file = dir.join("subscribers.csv");
    write(&file, profiles).map_err(io("write the file of subscribers"))?;
    let mut node = Node::start(&spec)?;
    let before = node.resident_kib()?;
    let import = import(&file, &spec.data, profiles)?;
    let resident = node.resident_kib()?.saturating_sub(before) * 1024 / profiles.max(1);
    has(&node, profiles)?;
    node.kill_and_start(&spec)?;
    has(&node, profiles)?;
    Ok(Figures {
        profiles,
        import,
        resident,
        recovery: node.ready_after,
    })
}

/// Subscribers whose numbers are in no order, no two alike.
fn write(file: &Path, profiles: u64) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "profile,number,zone,active,forward")?;
    for n in 0..profiles {
        let number = n * 387_420_489 % 999_999_937;
        writeln!(out, "subscriber-{n:07},49{number:09},{},true,", n % 5_000)?;
    }
    out.flush()
}

/// Its progress is for whoever waits.
fn import(file: &Path, data: &Path, profiles: u64) -> Result<Duration> {
    let mut command = Command::new(binary()?);
    command
        .args(["profiles", "import", "subscribers"])
        .arg(file)
        .arg("--data")
        .arg(data)
        .arg("--json")
        .stderr(Stdio::inherit());
    let said = command.output().map_err(io("run strowger"))?;
    let answer: Value = serde_json::from_slice(&said.stdout).unwrap_or_default();
    ensure(answer["written"].as_u64() == Some(profiles), || {
        format!("the import has said: {answer}")
    })?;
    let seconds = answer["seconds"].as_f64();
    let none = || RunError::Broken("the import has not said how long it took".into());
    seconds.map(Duration::from_secs_f64).ok_or_else(none)
}

fn has(node: &Node, profiles: u64) -> Result {
    let counted = node.status()?["counts"]["profiles"].as_u64();
    ensure(counted == Some(profiles), || {
        format!("{counted:?} profiles instead of {profiles}")
    })
}
