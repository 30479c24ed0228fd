//! The runs, one file each: what is started, what must hold, and a line of figures at the end.

mod callers;
pub mod changes;
pub mod charging;
pub mod compared;
pub mod disaster;
pub mod expiry;
pub mod flood;
pub mod forks;
pub mod full;
pub mod fulldisk;
pub mod hostile;
pub mod idle;
pub mod kill;
pub mod kills;
pub mod leaks;
pub mod load;
pub mod looping;
pub mod malformed;
pub mod memory;
pub mod million;
pub mod overload;
pub mod pages;
pub mod panics;
pub mod pieces;
pub mod prepaid;
pub mod profiles;
pub mod records;
pub mod registrations;
pub mod reload;
pub mod scenarios;
pub mod schema;
pub mod scrape;
pub mod sms;
pub mod subscribers;
pub mod tokens;
pub mod torture;
pub mod transparency;
pub mod versions;

use crate::error::{Result, ensure};
use crate::node::{Node, NodeSpec};
use std::fmt;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

/// UDP or TCP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Streams.
    Tcp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        })
    }
}

/// For runs that bring up much at once, or count what nobody refuses: a burst, or a machine that has other things to do, shall
/// not be an overload there.
const TAKES_ALL: &str = "[overload]\ntarget = \"0s\"\n";

/// Calls that ring outlive the process, too: without it a caller who has heard 180 waits for nobody.
const RINGS_ON: &str = "[adaptors.sip.settings.calls]\nearly_durable = true\n";

/// How long a callee rings where there are to be some that ring at any moment.
const RINGS_FOR: Duration = Duration::from_millis(200);

/// The one in the middle, the later of two; of none none.
fn median<T: Ord + Copy>(figures: &mut [T]) -> Option<T> {
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied()
}

/// A node of one run: on its own loopback address, with its own directory below `dir`.
fn spec(host: u8, dir: &Path, name: &str) -> NodeSpec {
    NodeSpec::new(Ipv4Addr::new(127, 0, host, 1), &dir.join(name))
}

/// Waits until nothing is left of calls: no activity, entity or timer but those of the services themselves.
///
/// # Errors
/// When something is left after `within`.
pub fn expect_empty(node: &Node, within: Duration) -> Result {
    let left = |status: &serde_json::Value| -> u64 {
        let counts = &status["counts"];
        let count = |kind: &str| counts[kind].as_u64().unwrap_or(u64::MAX / 4);
        count("activities") + count("entities") + count("timers")
    };
    let status = node.wait_status(within, |s| left(s) == 0)?;
    ensure(left(&status) == 0, || {
        format!("left behind: {}", status["counts"])
    })
}
