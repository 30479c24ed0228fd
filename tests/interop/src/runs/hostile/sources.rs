//! Sources that are not heard, bring too much, or guess passwords, each on an address of its own, while others are served.

use super::guesses::Guesser;
use super::{PATIENCE, counter};
use crate::error::{Result, RunError, ensure, io};
use crate::node::{Node, NodeSpec};
use crate::peer::Message;
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Instant;

/// Wrong passwords after which the node of a run bans.
const BAN_AFTER: u32 = 3;

fn registrar(host: u8, dir: &Path, rules: &str) -> NodeSpec {
    let mut spec = crate::runs::spec(host, dir, "sources");
    let mut whole = format!(
        "[node]\ndata_dir = \"{}\"\n[sources]\n{rules}\n[adaptors.sip]\n",
        spec.data.display()
    );
    for transport in ["udp", "tcp"] {
        whole += &format!(
            "[adaptors.sip.settings.listeners.{transport}]\ntransport = \"{transport}\"\nbind = \"{}\"\n",
            spec.sip
        );
    }
    whole += "[services.registrar]\n[services.registrar.settings]\ndomains = [\"office.example\"]\n\
              [services.registrar.settings.users]\nalice = { password = \"right\" }\n";
    spec.whole = Some(whole);
    spec
}

fn at(host: u8, last: u8) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(127, 0, host, last), 5070))
}

/// Whoever the lists deny gets no answer and no connection, until a reload; whoever brings more than the rate is refused; others are
/// served.
///
/// # Errors
/// What did not hold.
pub fn unheard(host: u8, dir: &Path) -> Result<String> {
    let denied = Ipv4Addr::new(127, 0, host, 5);
    let spec = registrar(host, dir, &format!("deny = [\"{denied}/32\"]"));
    let node = Node::start(&spec)?;
    let mut stranger = Guesser::new(at(host, 5), spec.sip)?;
    let mut friend = Guesser::new(at(host, 6), spec.sip)?;
    expect_silence(&mut stranger, &mut friend)?;
    expect_closed(denied, spec.sip)?;
    let status = node.wait_status(PATIENCE, |status| denied_of(status) >= 2)?;
    ensure(denied_of(&status) >= 2, || "nothing was counted".to_owned())?;

    let changed = registrar(host, dir, "rate = 1\nburst = 1");
    changed.write_config()?;
    ordered(&node, &["reload"])?;
    let answer = stranger.exchange("alice", 60, None)?;
    ensure(answer.status() == Some(401), || answer.start.clone())?;
    // All at once, so that they are there at one time however slow the machine is.
    let mut flood = Vec::new();
    for _ in 0..6 {
        let (text, _) = friend.next("alice", 60, None);
        flood.push(text);
    }
    for text in &flood {
        let sent = friend.socket.send_to(text.as_bytes(), spec.sip);
        sent.map_err(io("send a REGISTER"))?;
    }
    let refused = |m: &Message| m.status() == Some(503) && !m.get("retry-after").is_empty();
    let (mut told, deadline) = (0, Instant::now() + PATIENCE);
    while told == 0 && Instant::now() < deadline {
        told = heard(&friend).iter().filter(|m| refused(m)).count();
    }
    ensure(told > 0, || "nothing of a flood was refused".to_owned())?;
    let mut other = Guesser::new(at(host, 7), spec.sip)?;
    let right = other.tries("alice", "right")?;
    ensure(right == 200 || right == 503, || {
        format!("another source was answered {right}")
    })?;
    Ok(format!(
        "one source not heard, {told} of 6 at once from another refused"
    ))
}

/// Whoever guesses is not heard after a few guesses, until that is lifted or over; others are, also those in whose name somebody
/// shows credentials.
///
/// # Errors
/// What did not hold.
pub fn banned(host: u8, dir: &Path) -> Result<String> {
    let rules = format!("ban_after = {BAN_AFTER}\nban_window = \"1h\"\nban_for = \"1h\"");
    let spec = registrar(host, dir, &rules);
    let node = Node::start(&spec)?;
    let mut guesser = Guesser::new(at(host, 5), spec.sip)?;
    let mut friend = Guesser::new(at(host, 6), spec.sip)?;
    let mut victim = Guesser::new(at(host, 7), spec.sip)?;
    // A nonce that was sent elsewhere proves nothing of who shows it.
    for n in 0..2 * BAN_AFTER {
        let answer = friend.answer_to_challenge("alice", &format!("spoofed{n}"))?;
        let answer = victim.exchange("alice", 60, Some(&answer))?;
        ensure(answer.status() == Some(401), || answer.start.clone())?;
    }
    for n in 0..BAN_AFTER {
        let heard = guesser.tries("alice", &format!("wrong{n}"))?;
        ensure(heard == 401, || format!("a guess was answered {heard}"))?;
    }
    let status = node.wait_status(PATIENCE, |status| banned_of(status) == 1)?;
    ensure(banned_of(&status) == 1, || status["sources"].to_string())?;
    let wrong = counter(&status, "sip.credentials_wrong");
    expect_silence(&mut guesser, &mut friend)?;
    expect_closed(Ipv4Addr::new(127, 0, host, 5), spec.sip)?;
    ensure(victim.tries("alice", "right")? == 200, || {
        "who was spoofed is not served".to_owned()
    })?;

    let address = format!("127.0.{host}.5");
    let listed = ordered(&node, &["bans", "list", "--json"])?;
    let named = listed.contains(&format!("\"source\":\"{address}\""))
        && listed.contains("\"why\":\"credentials\"");
    ensure(named, || listed.clone())?;
    ordered(&node, &["bans", "lift", &address])?;
    ensure(guesser.tries("alice", "right")? == 200, || {
        "whose ban was lifted is not served".to_owned()
    })?;
    ordered(&node, &["bans", "add", &address, "--time", "1s"])?;
    // Asked again and again until it is over.
    let answer = guesser.exchange("alice", 60, None)?;
    ensure(answer.status() == Some(401), || answer.start.clone())?;
    Ok(format!(
        "banned after {BAN_AFTER} guesses, with {wrong} wrong credentials in all"
    ))
}

/// One that is sent before another is not answered when the other is: they go through the same socket, one after the other.
fn expect_silence(silent: &mut Guesser, heard: &mut Guesser) -> Result {
    let (text, _) = silent.next("alice", 60, None);
    let to = heard.node();
    silent
        .socket
        .send_to(text.as_bytes(), to)
        .map_err(io("send a REGISTER"))?;
    let answer = heard.exchange("alice", 60, None)?;
    ensure(answer.status() == Some(401), || answer.start.clone())?;
    let answers = self::heard(silent);
    ensure(answers.is_empty(), || format!("{} answers", answers.len()))
}

/// What has come, and comes within half a second of the last.
fn heard(from: &Guesser) -> Vec<Message> {
    let mut buffer = [0; 65_536];
    let mut all = Vec::new();
    while let Ok((n, _)) = from.socket.recv_from(&mut buffer) {
        all.extend(Message::parse(&String::from_utf8_lossy(&buffer[..n])));
    }
    all
}

/// A connection from there is closed before anything is sent.
fn expect_closed(from: Ipv4Addr, to: SocketAddr) -> Result {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).map_err(io("make a socket"))?;
    let own: SocketAddr = (from, 0).into();
    socket.bind(&own.into()).map_err(io("bind a socket"))?;
    socket.connect(&to.into()).map_err(io("connect"))?;
    let patience = Some(PATIENCE);
    socket
        .set_read_timeout(patience)
        .map_err(io("set a timeout"))?;
    let mut stream = std::net::TcpStream::from(socket);
    match stream.read(&mut [0; 16]) {
        Ok(0) => Ok(()),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
        other => Err(RunError::Broken(format!("not closed but {other:?}").into())),
    }
}

fn ordered(node: &Node, words: &[&str]) -> Result<String> {
    let done = node.order(words)?;
    ensure(done.status.success(), || {
        String::from_utf8_lossy(&done.stderr).into_owned()
    })?;
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

fn denied_of(status: &Value) -> u64 {
    status["network"]["denied"].as_u64().unwrap_or(0)
}

fn banned_of(status: &Value) -> u64 {
    status["sources"]["banned"].as_u64().unwrap_or(0)
}
