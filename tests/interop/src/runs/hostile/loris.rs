//! Whoever takes a place at a listener and does nothing with it, or next to nothing: at every listener that a node has.

use super::connections::{connect, from};
use super::{PATIENCE, Target, bounded, is_closed};
use crate::error::{Result, ensure};
use crate::node::{Node, pause};
use crate::operator;
use std::fmt::Write as _;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// A listener, and what a peer begins there with.
struct Door {
    name: &'static str,
    port: u16,
    beginning: &'static [u8],
}

/// Every listener for connections.
const DOORS: [Door; 7] = [
    Door {
        name: "SIP over TCP",
        port: 5060,
        beginning: b"INVITE sip:service@node.example SIP/2.0\r\nVia: SIP/2.0/TCP there.example:5060;branch=z9hG4bK",
    },
    Door {
        name: "SIP over TLS",
        port: 5061,
        beginning: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    },
    Door {
        name: "SIP over WebSocket",
        port: 5062,
        beginning: b"GET / HTTP/1.1\r\nHost: node.example\r\nUpgrade: websocket\r\nX-Slow: ",
    },
    Door {
        name: "HTTP of the management API",
        port: 8088,
        beginning: b"GET /api/v1/status HTTP/1.1\r\nHost: node.example\r\nX-Slow: ",
    },
    Door {
        name: "Diameter over TCP",
        port: 3868,
        beginning: b"\x01\x00\x01\x00\x80\x00\x01\x01\x00\x00\x00\x00",
    },
    Door {
        name: "SMPP over TCP",
        port: 2775,
        beginning: b"\x00\x00\x00\x2f\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x01",
    },
    Door {
        name: "SMPP over TLS",
        port: 3550,
        beginning: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    },
];
/// How long the node lets a connection stand on which nothing comes, and some more.
const CLOSED_WITHIN: Duration = Duration::from_secs(90);
/// A slow one sends a byte so often.
const DRIP: Duration = Duration::from_millis(200);

/// `each` connections to every listener, on which what a peer begins with comes a byte at a time and never ends.
///
/// # Errors
/// What did not hold.
pub fn dripping(each: usize, host: u8, dir: &Path) -> Result<String> {
    at_all_doors(each, host, dir, true)
}

/// `each` connections to every listener, on which nothing comes at all.
///
/// # Errors
/// What did not hold.
pub fn half_open(each: usize, host: u8, dir: &Path) -> Result<String> {
    at_all_doors(each, host, dir, false)
}

/// A connection to a door, and how much was sent on it.
struct Held {
    door: usize,
    stream: TcpStream,
    sent: usize,
}

fn at_all_doors(each: usize, host: u8, dir: &Path, drips: bool) -> Result<String> {
    let target = target(host, dir)?;
    let node = Node::start(&target.spec)?;
    let before = node.resident_kib()?;
    let mut held = Vec::new();
    let begun = Instant::now();
    for n in 0..each {
        for (door, Door { port, .. }) in DOORS.iter().enumerate() {
            // One that the listener does not take is one less that is held.
            if let Ok(stream) = connect(from(host, n), target.at(*port)) {
                held.push(Held {
                    door,
                    stream,
                    sent: 0,
                });
            }
        }
    }
    let (opened, took) = (held.len(), begun.elapsed());
    let full = node.resident_kib()?;
    let mut longest = [Duration::ZERO; DOORS.len()];
    let mut next = Instant::now();
    while !held.is_empty() {
        ensure(begun.elapsed() < took + CLOSED_WITHIN, || {
            let open = DOORS.iter().enumerate().map(|(at, door)| {
                let open = held.iter().filter(|held| held.door == at).count();
                format!("{}: {open}", door.name)
            });
            let open: Vec<String> = open.collect();
            format!("connections are open still: {}", open.join(", "))
        })?;
        target.alive(&node)?;
        if drips && Instant::now() >= next {
            next += DRIP;
            held.iter_mut().for_each(Held::drip);
        }
        held.retain_mut(|held| {
            let closed = is_closed(&mut held.stream);
            if closed && let Some(longest) = longest.get_mut(held.door) {
                *longest = begun.elapsed();
            }
            !closed
        });
        pause();
    }
    node.wait_status(PATIENCE, |status| {
        status["counts"]["connections"].as_u64() == Some(0)
    })?;
    let after = node.resident_kib()?;
    bounded(before, after.max(full), opened as u64 * 64 + 16_384)?;
    let mut told =
        format!("{opened} connections in {took:.1?}, all closed, others served meanwhile: ");
    for (door, longest) in DOORS.iter().zip(longest) {
        // Writing to a String does not fail.
        let _ = write!(told, "{} within {longest:.0?}, ", door.name);
    }
    let _ = write!(
        told,
        "resident {before} KiB before, {full} with them, {after} after"
    );
    Ok(told)
}

impl Held {
    /// One byte more, of the beginning and then of what it never gets to the end of.
    fn drip(&mut self) {
        let beginning = DOORS.get(self.door).map_or(&[][..], |door| door.beginning);
        let byte = beginning.get(self.sent).copied().unwrap_or(b'0');
        // One that is closed takes no byte, which is seen by reading.
        if self.stream.write_all(&[byte]).is_ok() {
            self.sent += 1;
        }
    }
}

/// A node with all these listeners.
fn target(host: u8, dir: &Path) -> Result<Target> {
    let ip = Ipv4Addr::new(127, 0, host, 1);
    let target = Target::new(host, dir, "timers = { stream_message = \"2s\" }", "")?;
    let tls = super::secured(&target.certificates);
    let rest = format!(
        r#"
[adaptors.charging]
type = "diameter"
[adaptors.charging.settings]
origin_host = "node.example"
origin_realm = "example"
applications = [4]
[adaptors.charging.settings.listeners.tcp]
bind = "{ip}:3868"

[adaptors.sms]
type = "sms"
[adaptors.sms.settings.listeners.tcp]
bind = "{ip}:2775"
[adaptors.sms.settings.listeners.tls]
bind = "{ip}:3550"
{tls}

[services.uas]
{}"#,
        operator::listening(&target.spec)
    );
    let mut target = target;
    if let Some(whole) = &mut target.spec.whole {
        whole.push_str(&rest);
    }
    Ok(target)
}
