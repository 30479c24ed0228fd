//! Many activities with nothing to do, each with an entity and a timer: what they cost in memory, and how soon a node that was
//! killed serves again with all of them.

use super::{TAKES_ALL, spec, torture};
use crate::error::{Result, RunError, ensure};
use crate::node::{FAULTY, Node, NodeSpec};
use crate::peer::{Link, Message};
use crate::sleepers::{MOST, USER};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Sleeping {
    /// Activities.
    pub count: u64,
    /// Most KiB that the node may be resident with, before the kill and after it.
    pub limit: u64,
    /// How soon after its start it must serve again.
    pub serving: Duration,
    /// Octet of the loopback address.
    pub host: u8,
}

/// What one message asks for.
const EACH: u32 = MOST / 2;
/// How long anything else may take.
const SOON: Duration = Duration::from_secs(60);
/// A message that is not answered is sent again after this time.
const AGAIN: Duration = Duration::from_millis(500);

/// See the module.
///
/// # Errors
/// What did not hold.
pub fn idle(run: Sleeping, dir: &Path) -> Result<String> {
    let mut spec = spec(run.host, dir, "idle");
    spec.binary = FAULTY;
    spec.whole = Some(config(&spec));
    let node = Node::start(&spec)?;
    let before = node.resident_kib()?;
    let begun = Instant::now();
    fall_asleep(&run, &spec)?;
    let all = |status: &serde_json::Value| {
        ["activities", "entities", "timers"]
            .iter()
            .all(|kind| status["counts"][kind].as_u64() >= Some(run.count))
    };
    let status = node.wait_status(SOON, all)?;
    ensure(all(&status), || format!("there are {}", status["counts"]))?;
    let took = begun.elapsed();
    let asleep = node.resident_kib()?;
    node.kill()?;
    let begun = Instant::now();
    let mut node = Node::start(&spec)?;
    let host = Ipv4Addr::new(127, 0, run.host, 3);
    torture::alive(host, spec.sip)?;
    let serving = begun.elapsed();
    let status = node.wait_status(SOON, all)?;
    ensure(all(&status), || {
        format!("after the kill there are {}", status["counts"])
    })?;
    let restored = node.resident_kib()?;
    let told = format!(
        "{} idle activities with an entity and a timer each, made in {took:.1?}: resident {before} KiB before, {asleep} KiB with \
         them, {} bytes each; killed, it was ready {:?} and served {serving:?} after its start, with {restored} KiB",
        run.count,
        asleep.saturating_sub(before) * 1024 / run.count.max(1),
        node.ready_after,
    );
    let most = asleep.max(restored);
    ensure(most <= run.limit && serving <= run.serving, || {
        format!(
            "{told}; {} KiB and {:?} are the bounds",
            run.limit, run.serving
        )
    })?;
    let status = node.terminate(SOON)?;
    ensure(status.success(), || format!("the node ended with {status}"))?;
    Ok(told)
}

/// Asks for all of them, one message after the other.
fn fall_asleep(run: &Sleeping, spec: &NodeSpec) -> Result {
    let me = SocketAddr::from((Ipv4Addr::new(127, 0, run.host, 2), 5080));
    let (ip, node) = (me.ip(), spec.sip);
    let mut link = Link::udp(me)?;
    let mut left = run.count;
    for n in 0_u64.. {
        let body = left.min(u64::from(EACH)).to_string();
        if left == 0 {
            break;
        }
        let text = format!(
            "MESSAGE sip:{USER}@{node} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKsleep{n}\r\nMax-Forwards: 70\r\n\
             From: <sip:s@{ip}>;tag=s{n}\r\nTo: <sip:{USER}@{node}>\r\nCall-ID: sleep-{n}@{ip}\r\nCSeq: 1 MESSAGE\r\n\
             Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            body.len(),
        );
        answered(&mut link, node, &text, n)?;
        left = left.saturating_sub(u64::from(EACH));
    }
    Ok(())
}

/// Sends a message until it is answered with 200.
fn answered(link: &mut Link, node: SocketAddr, text: &str, n: u64) -> Result {
    let deadline = Instant::now() + SOON;
    let mine = format!("sleep-{n}@");
    while Instant::now() < deadline {
        link.send(node, text);
        let again = Instant::now() + AGAIN;
        while let Some(left) = again.checked_duration_since(Instant::now()) {
            for (_, text) in link.receive(left) {
                let Some(answer) = Message::parse(&text) else {
                    continue;
                };
                match answer.status() {
                    Some(200) if answer.get("call-id").starts_with(&mine) => return Ok(()),
                    Some(status) if status > 200 => {
                        return Err(RunError::Broken(answer.start.into()));
                    }
                    _ => {}
                }
            }
        }
    }
    Err(RunError::Broken(
        format!("message {n} was not answered").into(),
    ))
}

fn config(spec: &NodeSpec) -> String {
    let (data, sip) = (spec.data.display(), spec.sip);
    format!(
        r#"[node]
data_dir = "{data}"

[adaptors.sip]
type = "sip"
[adaptors.sip.settings.listeners.udp]
transport = "udp"
bind = "{sip}"

[services.sleepers]
durability = "strict"
{TAKES_ALL}"#
    )
}
