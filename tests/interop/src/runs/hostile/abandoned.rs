//! INVITEs without end, each a call of its own that is answered and never acknowledged: what they take is bounded by the
//! settings, and is given back when the node has given them up.

use super::{PATIENCE, bounded};
use crate::error::{Result, ensure, io};
use crate::node::{Node, pause};
use crate::runs::{expect_empty, spec, torture};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

/// Datagrams that may be under way without a look at what comes back.
const BATCH: usize = 16;

/// The part of what the calls took that may stay when they are gone: one in so many.
const KEPT: u64 = 4;
/// When that must be so.
const RETURNED_WITHIN: Duration = Duration::from_secs(20);

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Abandoned {
    /// INVITEs, in two floods of half as many.
    pub invites: usize,
    /// Calls that the node may hold at once.
    pub dialogs: u32,
    /// T1: an unacknowledged answer is given up after 64 times as long, and so is the BYE after it.
    pub t1: Duration,
    /// Memory that the second flood may take beyond the first one's, in per cent.
    pub growth: u64,
    /// Octet of the loopback address.
    pub host: u8,
}

/// Two floods, with an empty node after each.
///
/// # Errors
/// What did not hold.
pub fn abandoned(size: Abandoned, dir: &Path) -> Result<String> {
    let mut spec = spec(size.host, dir, "abandoned");
    let _ = write!(
        spec.more,
        "[adaptors.sip.settings.timers]\nt1 = \"{t1}ms\"\nt2 = \"{t2}ms\"\n\
         [adaptors.sip.settings.limits]\ndialogs = {}\n",
        size.dialogs,
        t1 = size.t1.as_millis(),
        t2 = size.t1.as_millis() * 8,
    );
    let node = Node::start(&spec)?;
    let before = node.resident_kib()?;
    let me = SocketAddr::from((Ipv4Addr::new(127, 0, size.host, 3), 5070));
    let mut flood = Flood::from(me, spec.sip)?;
    let gone = size.t1 * 64 * 2 + PATIENCE;
    let mut resident = [0; 2];
    let begun = Instant::now();
    for kib in &mut resident {
        for _ in 0..size.invites / 2 {
            flood.invite()?;
        }
        torture::alive(Ipv4Addr::new(127, 0, size.host, 2), spec.sip)?;
        *kib = node.resident_kib()?;
        expect_empty(&node, gone)?;
    }
    let took = begun.elapsed();
    let [first, second] = resident;
    // A dialog with its transaction takes about 6 KiB, and an answer that is held is written once.
    bounded(before, first, u64::from(size.dialogs) * 12 + 65_536)?;
    ensure(second * 100 <= first * (100 + size.growth), || {
        format!("memory grew from {first} to {second} KiB over the second flood")
    })?;
    let taken = first.max(second).saturating_sub(before);
    let returned = Instant::now() + RETURNED_WITHIN;
    let mut left = node.resident_kib()?;
    while left > before + taken / KEPT && Instant::now() < returned {
        pause();
        left = node.resident_kib()?;
    }
    let seen = flood.answered + flood.refused;
    ensure(flood.answered > 0 && flood.refused > 0, || {
        format!("of {seen} answers {} were 200", flood.answered)
    })?;
    Ok(format!(
        "{} INVITEs without ACK in {took:.1?}, {} datagrams with 200 and {} with 503 came back; resident {before} KiB before, \
         {first} and {second} after each half, {left} at the end",
        size.invites, flood.answered, flood.refused,
    ))
}

/// Whoever sends them.
struct Flood {
    socket: UdpSocket,
    me: SocketAddr,
    node: SocketAddr,
    made: usize,
    answered: usize,
    refused: usize,
}

impl Flood {
    fn from(me: SocketAddr, node: SocketAddr) -> Result<Self> {
        let socket = UdpSocket::bind(me).map_err(io("bind a socket"))?;
        let patience = Some(Duration::from_millis(20));
        socket
            .set_read_timeout(patience)
            .map_err(io("set a timeout"))?;
        Ok(Self {
            socket,
            me,
            node,
            made: 0,
            answered: 0,
            refused: 0,
        })
    }

    /// One more, in step with what the node answers: what the system drops is no flood.
    fn invite(&mut self) -> Result {
        let Self { me, node, made, .. } = self;
        let text = format!(
            "INVITE sip:service@{node} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKab{made}\r\nMax-Forwards: 70\r\n\
             From: <sip:t@{me}>;tag=t{made}\r\nTo: <sip:service@{node}>\r\nCall-ID: abandoned-{made}@{me}\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:t@{me}>\r\nContent-Length: 0\r\n\r\n"
        );
        self.made += 1;
        let sent = self.socket.send_to(text.as_bytes(), self.node);
        sent.map_err(io("send an INVITE"))?;
        if self.made.is_multiple_of(BATCH) {
            self.hear();
        }
        Ok(())
    }

    /// Waits for an answer to the last one, or a while.
    fn hear(&mut self) {
        let last = format!("abandoned-{}@", self.made - 1);
        let mut buffer = [0; 4_096];
        while let Ok((n, _)) = self.socket.recv_from(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..n]);
            self.answered += usize::from(text.starts_with("SIP/2.0 200"));
            self.refused += usize::from(text.starts_with("SIP/2.0 503"));
            if text.contains(&last) {
                return;
            }
        }
    }
}
