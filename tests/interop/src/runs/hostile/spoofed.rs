//! Responses of somebody who was not asked. Which transaction a response is for stands in its branch (RFC 3261 17.1.3),
//! and branches of the node's cannot be guessed; where it comes from says nothing, as peers may have several addresses.

use super::{PATIENCE, counter};
use crate::error::{Result, RunError, ensure, io};
use crate::node::Node;
use crate::peer::{Link, Message, Peer, Phase};
use crate::runs::{expect_empty, spec};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

/// A call through the B2BUA rings while a stranger answers it in `guesses` ways, and is taken by the one who was called.
///
/// # Errors
/// What did not hold.
pub fn spoofed(guesses: u64, host: u8, dir: &Path) -> Result<String> {
    let spec = spec(host, dir, "spoofed");
    let node = Node::start(&spec)?;
    let at = |last, port| SocketAddr::from((Ipv4Addr::new(127, 0, host, last), port));
    let callee = UdpSocket::bind(at(1, 5070)).map_err(io("bind a socket"))?;
    let stranger = UdpSocket::bind(at(9, 5060)).map_err(io("bind a socket"))?;
    callee
        .set_read_timeout(Some(PATIENCE))
        .map_err(io("set a timeout"))?;
    let me = at(2, 5080);
    let mut caller = Peer::new(Link::udp(me)?, me);
    let id = caller.invite("2001", spec.sip);
    let invite = hear(&callee, "INVITE")?;
    let contact = format!("sip:2001@{}", at(1, 5070));
    send(
        &callee,
        spec.sip,
        &invite.answer("180 Ringing", "callee", &contact, ""),
    )?;
    let answer = invite.answer("200 OK", "stranger", &format!("sip:x@{}", at(9, 5060)), "");
    for text in forgeries(&answer, guesses)? {
        send(&stranger, spec.sip, &text)?;
        // In step, so that none is dropped on the way.
        caller.poll(Duration::ZERO);
    }
    let status = node.wait_status(PATIENCE, |status| {
        counter(status, "sip.stray_responses") >= guesses
    })?;
    let deceived = caller.calls.get(&id).map(|call| call.phase) != Some(Phase::Calling);
    ensure(!deceived, || "a forged answer was taken".to_owned())?;
    let good = invite.answer("200 OK", "callee", &contact, crate::peer::SDP);
    send(&callee, spec.sip, &good)?;
    hear(&callee, "ACK")?;
    let up = caller.until(PATIENCE, |peer| peer.count(Phase::Up) == 1);
    ensure(up, || "the answer of the callee was not taken".to_owned())?;
    caller.bye(&id);
    let bye = hear(&callee, "BYE")?;
    send(&callee, spec.sip, &bye.answer("200 OK", "", &contact, ""))?;
    caller.until(PATIENCE, |peer| peer.count(Phase::Ended) == 1);
    expect_empty(&node, PATIENCE)?;
    Ok(format!(
        "{guesses} forged answers, {} told as stray, none taken",
        counter(&status, "sip.stray_responses")
    ))
}

/// The answer under other branches: each digit of the real one changed, and random ones of its form.
fn forgeries(answer: &str, guesses: u64) -> Result<Vec<String>> {
    let branch = answer
        .split_once("branch=")
        .and_then(|(_, rest)| rest.split([';', '\r']).next())
        .ok_or_else(|| RunError::Broken("an INVITE without a branch".into()))?;
    let (cookie, secret) = branch.split_at("z9hG4bK".len());
    let changed = (0..secret.len()).map(|at| {
        let digit = if secret.as_bytes()[at] == b'0' {
            "1"
        } else {
            "0"
        };
        format!("{}{digit}{}", &secret[..at], &secret[at + 1..])
    });
    let random = (1..).map(|n: u64| {
        let [a, b] = [
            n.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            n.wrapping_mul(0xbf58_476d_1ce4_e5b9),
        ];
        let digits = format!("{a:016x}{b:016x}");
        digits.chars().cycle().take(secret.len()).collect()
    });
    let others = changed.chain(random).take(guesses as usize);
    Ok(others
        .map(|other: String| answer.replace(branch, &format!("{cookie}{other}")))
        .collect())
}

fn send(from: &UdpSocket, to: SocketAddr, text: &str) -> Result {
    from.send_to(text.as_bytes(), to)
        .map(drop)
        .map_err(io("send a message"))
}

/// The next request with this method.
fn hear(socket: &UdpSocket, method: &str) -> Result<Message> {
    let deadline = Instant::now() + PATIENCE;
    let mut buffer = [0; 65_536];
    while Instant::now() < deadline {
        let (n, _) = socket
            .recv_from(&mut buffer)
            .map_err(io("wait for a message"))?;
        let text = String::from_utf8_lossy(&buffer[..n]);
        let message = Message::parse(&text).filter(|m| m.status().is_none());
        if let Some(message) = message.filter(|m| m.method() == method) {
            return Ok(message);
        }
    }
    Err(RunError::Broken(format!("no {method} came").into()))
}
