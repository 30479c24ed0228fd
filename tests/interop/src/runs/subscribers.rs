//! The node of `config/examples/call-controller.toml` with its file of subscribers: SIPp calls them, the file changes, the process is killed.

use super::expect_empty;
use crate::error::{Result, RunError, ensure, io};
use crate::node::{Node, NodeSpec, pause};
use crate::script;
use crate::sipp::Sipp;
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

const WITHIN: Duration = Duration::from_secs(30);
/// How long what is left of a call may linger.
const EMPTY_WITHIN: Duration = Duration::from_secs(45);

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Subscribers {
    /// Calls of each kind.
    pub calls: u64,
    /// Octet of the loopback address.
    pub host: u8,
}

/// The calls of one kind are refused, of another forwarded, of a third handed over to the mailbox; a file that is imported while the
/// node runs changes that, and a kill does not.
///
/// # Errors
/// What did not hold.
pub fn handled(size: Subscribers, dir: &Path) -> Result<String> {
    let stage = Stage {
        size,
        node: Ipv4Addr::new(127, 0, size.host, 1),
        dir,
    };
    let mut spec = NodeSpec::new(stage.node, &dir.join("subscribers"));
    spec.whole = Some(stage.configuration(&spec)?);
    let mut node = Node::start(&spec)?;
    // By domain: SIPp's callers are called after their hosts.
    let csv = stage.example("subscribers/call-controller.csv")?;
    let csv = csv.replace("spam.example", &stage.ip(3).to_string());
    stage.import(&node, &csv)?;

    stage.refused(3, "bob")?;
    stage.answered("bob", 5090)?;
    stage.answered("carol", 5080)?;

    let changed = csv.replace(&stage.ip(3).to_string(), &stage.ip(2).to_string());
    stage.import(&node, &changed)?;
    stage.refused(2, "bob")?;
    node.kill_and_start(&spec)?;
    stage.refused(2, "bob")?;
    stage.answered("carol", 5080)?;
    expect_empty(&node, EMPTY_WITHIN)?;
    Ok(format!(
        "{} calls refused, {} forwarded, {} handed over",
        3 * size.calls,
        2 * size.calls,
        size.calls
    ))
}

struct Stage<'a> {
    size: Subscribers,
    node: Ipv4Addr,
    dir: &'a Path,
}

impl Stage<'_> {
    fn ip(&self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, 0, self.size.host, last)
    }

    /// A file of the examples, for this node.
    fn example(&self, file: &str) -> Result<String> {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/examples");
        let text = fs::read_to_string(examples.join(file)).map_err(io("read an example"))?;
        Ok(text.replace("127.0.0.1", &self.node.to_string()))
    }

    fn configuration(&self, spec: &NodeSpec) -> Result<String> {
        let name = "name = \"exchange\"";
        let text = self.example("call-controller.toml")?;
        ensure(text.contains(name), || "the example has no name".to_owned())?;
        Ok(text.replace(name, &format!("data_dir = \"{}\"", spec.data.display())))
    }

    fn import(&self, node: &Node, csv: &str) -> Result {
        let file = self.dir.join("subscribers.csv");
        fs::write(&file, csv).map_err(io("write a file of subscribers"))?;
        let file = file.display().to_string();
        let done = node.order(&["profiles", "import", "subscribers", &file])?;
        ensure(done.status.success(), || {
            String::from_utf8_lossy(&done.stderr).into_owned()
        })
    }

    /// Calls of a user from one of the addresses are refused by the node.
    fn refused(&self, from: u8, user: &str) -> Result {
        self.caller(from, user, &self.scenario("declined", "caller")?)
    }

    /// The scenario of one side of a script of `calls`: the file.
    fn scenario(&self, name: &str, side: &str) -> Result<String> {
        let calls = Path::new(env!("CARGO_MANIFEST_DIR")).join("calls");
        let text = fs::read_to_string(calls.join(format!("{name}.call")));
        let xml = script::scenario(&text.map_err(io("read a script of calls"))?, side)
            .map_err(|line| RunError::Broken(format!("{line}: makes no sense").into()))?;
        let file = self.dir.join(format!("{name}-{side}.xml"));
        fs::write(&file, xml).map_err(io("write a scenario"))?;
        Ok(file.display().to_string())
    }

    /// Calls of a user are answered at that port of the node's host.
    fn answered(&self, user: &str, port: u16) -> Result {
        let (ip, at) = (self.node.to_string(), port.to_string());
        let calls = self.size.calls.to_string();
        let file = self.scenario("plain", "callee")?;
        let callee = Sipp::start(&["-sf", &file, "-i", &ip, "-p", &at, "-m", &calls])?;
        let deadline = Instant::now() + WITHIN;
        while UdpSocket::bind((self.node, port)).is_ok() {
            ensure(Instant::now() < deadline, || {
                "a SIPp does not listen".to_owned()
            })?;
            pause();
        }
        self.caller(2, user, &self.scenario("plain", "caller")?)?;
        callee.finish(WITHIN)?.expect_clean(self.size.calls)
    }

    fn caller(&self, from: u8, user: &str, scenario: &str) -> Result {
        let (node, ip) = (format!("{}:5060", self.node), self.ip(from).to_string());
        let calls = self.size.calls.to_string();
        let to = [&*node, "-sf", scenario, "-s", user];
        let caller = Sipp::start(&[&to[..], &["-i", &ip, "-p", "5060", "-m", &calls]].concat())?;
        caller.finish(WITHIN)?.expect_clean(self.size.calls)
    }
}
