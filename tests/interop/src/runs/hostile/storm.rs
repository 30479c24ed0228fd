//! Malformed and unusual datagrams from one source, as fast as the node deals with them, beside calls that go on.

use super::{PATIENCE, bounded};
use crate::error::{Result, RunError, ensure, io};
use crate::node::Node;
use crate::peer::{Link, Peer, Phase};
use crate::runs::{expect_empty, spec};
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Datagrams that may be under way before the node has answered what came after them.
const BATCH: usize = 16;
/// How long an answer is waited for.
const AGAIN: Duration = Duration::from_millis(500);
/// What the node may hold of what it was sent, in KiB: transactions of 32 T1, and what the allocator keeps of them.
const HELD: u64 = 65_536;

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// Calls that are made meanwhile, one after the other.
    pub calls: usize,
    /// Datagrams that are to be sent at least.
    pub datagrams: usize,
    /// Octet of the loopback address.
    pub host: u8,
}

/// Sends the torture messages again and again, each with another branch, until the calls are over. No call fails, nothing is
/// left, and memory is bounded.
///
/// # Errors
/// What did not hold.
pub fn storm(size: Storm, dir: &Path) -> Result<String> {
    let mut spec = spec(size.host, dir, "storm");
    let _ = write!(
        spec.more,
        "[adaptors.sip.settings.timers]\nt1 = \"100ms\"\nt2 = \"800ms\"\n"
    );
    let node = Node::start(&spec)?;
    let at = |last, port| SocketAddr::from((Ipv4Addr::new(127, 0, size.host, last), port));
    let messages = messages()?;
    let me = at(2, 5080);
    let mut caller = Peer::new(Link::udp(me)?, me);
    call(&mut caller, spec.sip)?;
    let before = node.resident_kib()?;
    let over = AtomicBool::new(false);
    let begun = Instant::now();
    let (called, sent) = std::thread::scope(|scope| {
        let storm = scope.spawn(|| rage(&messages, at(3, 5060), spec.sip, size.datagrams, &over));
        let called = (0..size.calls).try_for_each(|_| call(&mut caller, spec.sip));
        over.store(true, Ordering::Relaxed);
        (called, storm.join())
    });
    called?;
    let sent = sent.map_err(|_| RunError::Broken("the storm has panicked".into()))??;
    let took = begun.elapsed();
    let after = node.resident_kib()?;
    bounded(before, after, HELD)?;
    let ended = caller.count(Phase::Ended);
    ensure(ended == size.calls + 1, || {
        format!("{ended} calls have ended of {}", size.calls + 1)
    })?;
    expect_empty(&node, PATIENCE)?;
    Ok(format!(
        "{} calls, none failed, beside {sent} malformed datagrams ({:.0}/s); resident {before} then {after} KiB",
        size.calls,
        sent as f64 / took.as_secs_f64(),
    ))
}

/// One call, from its INVITE to the answer to its BYE.
fn call(caller: &mut Peer, node: SocketAddr) -> Result {
    let id = caller.invite("service", node);
    let phase = |peer: &Peer| peer.calls.get(&id).map(|call| call.phase);
    let settled = |peer: &Peer| !matches!(phase(peer), Some(Phase::Calling));
    caller.until(PATIENCE, settled);
    ensure(phase(caller) == Some(Phase::Up), || {
        format!("a call is {:?}", phase(caller))
    })?;
    caller.bye(&id);
    let gone = |peer: &Peer| !matches!(phase(peer), Some(Phase::Ending));
    caller.until(PATIENCE, gone);
    ensure(phase(caller) == Some(Phase::Ended), || {
        format!("a call that was up is {:?}", phase(caller))
    })
}

/// The messages of the RFCs, and each cut in half.
fn messages() -> Result<Vec<Vec<u8>>> {
    let torture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../torture");
    let mut all = Vec::new();
    for rfc in ["rfc4475", "rfc5118"] {
        let folder = fs::read_dir(torture.join(rfc)).map_err(io("list torture messages"))?;
        let mut files: Vec<PathBuf> = folder.flatten().map(|file| file.path()).collect();
        files.sort();
        for file in files {
            let whole = fs::read(file).map_err(io("read a torture message"))?;
            let half = whole[..whole.len() / 2].to_vec();
            all.extend([whole, half]);
        }
    }
    Ok(all)
}

/// Sends them in turn until that is `over` and enough were sent; how many.
fn rage(
    messages: &[Vec<u8>],
    me: SocketAddr,
    node: SocketAddr,
    least: usize,
    over: &AtomicBool,
) -> Result<usize> {
    let socket = UdpSocket::bind(me).map_err(io("bind a socket"))?;
    socket
        .set_read_timeout(Some(AGAIN))
        .map_err(io("set a timeout"))?;
    let mut sent = 0;
    while sent < least || !over.load(Ordering::Relaxed) {
        for _ in 0..BATCH {
            let message = again(&messages[sent % messages.len()], sent);
            let to = socket.send_to(&message, node);
            to.map_err(io("send a malformed message"))?;
            sent += 1;
        }
        in_step(&socket, me, node, sent)?;
    }
    Ok(sent)
}

/// The same message with a branch of its own, if it has one, so that it is no repetition to the node.
fn again(message: &[u8], n: usize) -> Vec<u8> {
    let mark = b"branch=z9hG4bK";
    match message.windows(mark.len()).position(|part| part == mark) {
        Some(at) => {
            let (before, after) = message.split_at(at + mark.len());
            [before, format!("{n}").as_bytes(), after].concat()
        }
        None => message.to_vec(),
    }
}

/// Waits until the node has answered a plain OPTIONS: what the system drops is no storm.
fn in_step(socket: &UdpSocket, me: SocketAddr, node: SocketAddr, n: usize) -> Result {
    let text = format!(
        "OPTIONS sip:service@{node} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKstep{n}\r\nMax-Forwards: 70\r\n\
         From: <sip:t@{me}>;tag=t{n}\r\nTo: <sip:service@{node}>\r\nCall-ID: step-{n}@{me}\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    );
    let ours = format!("step-{n}@");
    let mut buffer = [0; 65_536];
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let to = socket.send_to(text.as_bytes(), node);
        to.map_err(io("send OPTIONS"))?;
        // What the node repeats keeps the socket from silence.
        let again = Instant::now() + AGAIN;
        while let Ok((n, _)) = socket.recv_from(&mut buffer)
            && Instant::now() < again
        {
            if String::from_utf8_lossy(&buffer[..n]).contains(&ours) {
                return Ok(());
            }
        }
    }
    Err(RunError::Broken(
        "the node does not answer any more in a storm".into(),
    ))
}
