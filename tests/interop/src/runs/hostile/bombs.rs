//! Messages of 64 KB that are made to be dear to read: one header of that size, thousands of small ones, lists, brackets
//! in brackets; whole over UDP, and without an end over TCP.

use super::{PATIENCE, Target, bounded, is_closed};
use crate::error::{Result, ensure, io};
use crate::node::{Node, pause};
use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

/// As much as a datagram carries, with room for the rest of the message.
const SIZE: usize = 64_000;

/// More than a message on a stream may be.
const TOO_MUCH: usize = 300_000;

/// Each kind `copies` times over UDP, and as often over TCP. The node answers somebody else after each kind.
///
/// # Errors
/// What did not hold.
pub fn bombs(copies: usize, host: u8, dir: &Path) -> Result<String> {
    let target = Target::new(host, dir, "", "[services.uas]\n")?;
    let node = Node::start(&target.spec)?;
    target.alive(&node)?;
    let before = node.resident_kib()?;
    let me = SocketAddr::from((target.me, 5070));
    let socket = UdpSocket::bind(me).map_err(io("bind a socket"))?;
    let mut slowest = Duration::ZERO;
    let kinds = kinds();
    for (name, lines) in &kinds {
        let begun = Instant::now();
        for copy in 0..copies {
            let bomb = message(lines, "UDP", me, target.spec.sip, copy);
            socket
                .send_to(bomb.as_bytes(), target.spec.sip)
                .map_err(io("send a datagram"))?;
            pour(&target, &message(lines, "TCP", me, target.spec.sip, copy))?;
        }
        target.alive(&node).map_err(|error| {
            crate::RunError::Broken(format!("after {copies} times {name}: {error}").into())
        })?;
        slowest = slowest.max(begun.elapsed());
    }
    let status = node.wait_status(PATIENCE, |status| {
        status["counts"]["connections"].as_u64() == Some(0)
    })?;
    let left = status["counts"]["activities"].as_u64();
    ensure(left == Some(0), || {
        format!("left behind: {}", status["counts"])
    })?;
    let after = node.resident_kib()?;
    bounded(before, after, 65_536)?;
    Ok(format!(
        "{} kinds of 64 KB, {copies} times each over UDP and TCP, at most {slowest:.1?} for a kind, resident {before} then {after} KiB",
        kinds.len()
    ))
}

/// What fills a message.
fn kinds() -> Vec<(&'static str, String)> {
    let fill = |piece: &str| piece.repeat(SIZE / piece.len());
    vec![
        ("one header", format!("X-Long: {}\r\n", fill("x"))),
        ("small headers", fill("A: b\r\n")),
        ("Vias", fill("Via: SIP/2.0/UDP a;branch=z9hG4bKa\r\n")),
        (
            "Vias in one line",
            format!("Via: {}a/2.0/UDP b\r\n", fill("SIP/2.0/UDP a,")),
        ),
        ("Routes", format!("Route: {}<sip:a>\r\n", fill("<sip:a>,"))),
        ("Contacts", format!("Contact: {}*\r\n", fill("<sip:a>,"))),
        ("brackets", format!("Record-Route: {}\r\n", fill("<"))),
        ("quotes", format!("Contact: \"{}\r\n", fill("\\\""))),
        (
            "parameters",
            format!("Contact: <sip:a>{}\r\n", fill(";a=b")),
        ),
        ("folds", format!("Subject: a{}\r\n", fill("\r\n b"))),
        ("options", format!("Require: {}z\r\n", fill("a,"))),
        (
            "credentials",
            format!("Authorization: Digest {}\r\n", fill("a=\"b\",")),
        ),
        ("lengths", fill("Content-Length: 0\r\n")),
        ("Call-IDs", fill("i: b\r\n")),
    ]
}

fn message(lines: &str, transport: &str, me: SocketAddr, to: SocketAddr, copy: usize) -> String {
    format!(
        "INVITE sip:service@{to} SIP/2.0\r\nVia: SIP/2.0/{transport} {me};branch=z9hG4bKbomb{copy}\r\nMax-Forwards: 70\r\n\
         From: <sip:t@{me}>;tag=t\r\nTo: <sip:service@{to}>\r\nCall-ID: bomb-{copy}@{me}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:t@{me}>\r\n{lines}Content-Length: 0\r\n\r\n"
    )
}

/// The same on a connection, without its end and so often that it is more than any message may be. The node ends the
/// connection.
fn pour(target: &Target, text: &str) -> Result {
    let endless = text.trim_end().replace("Content-Length: 0", "X: y");
    let mut stream = TcpStream::connect(target.spec.sip).map_err(io("open a connection"))?;
    let limit = Some(Duration::from_secs(5));
    stream
        .set_write_timeout(limit)
        .map_err(io("set a timeout"))?;
    let begun = Instant::now();
    for _ in 0..=TOO_MUCH / endless.len() {
        if stream.write_all(endless.as_bytes()).is_err() {
            return Ok(());
        }
    }
    while !is_closed(&mut stream) {
        ensure(begun.elapsed() < PATIENCE, || {
            "a connection with a message that is too long stays open".to_owned()
        })?;
        pause();
    }
    Ok(())
}
