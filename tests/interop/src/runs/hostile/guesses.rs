//! Passwords tried one after the other: each costs its guesser a round, the node no memory, and no answer tells users from
//! strangers.

use super::{PATIENCE, bounded, counter};
use crate::error::{Result, RunError, ensure, io};
use crate::node::Node;
use crate::peer::{Credentials, Message};
use crate::runs::{expect_empty, spec};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

const DOMAIN: &str = "sip:office.example";

/// `guesses` passwords for one user, as many for one who does not exist, and in the end the right one.
///
/// # Errors
/// What did not hold.
pub fn guesses(guesses: u32, host: u8, dir: &Path) -> Result<String> {
    let mut spec = spec(host, dir, "guesses");
    spec.whole = Some(format!(
        "[node]\ndata_dir = \"{}\"\n[adaptors.sip]\n[adaptors.sip.settings.limits]\nnonces = 50\n\
         [adaptors.sip.settings.listeners.udp]\ntransport = \"udp\"\nbind = \"{}\"\n[services.registrar]\n\
         [services.registrar.settings]\ndomains = [\"office.example\"]\n\
         [services.registrar.settings.users]\nalice = {{ password = \"right\" }}\n",
        spec.data.display(),
        spec.sip
    ));
    let node = Node::start(&spec)?;
    let me = SocketAddr::from((Ipv4Addr::new(127, 0, host, 2), 5070));
    let mut guesser = Guesser::new(me, spec.sip)?;
    guesser.tries("alice", "wrong")?;
    let before = node.resident_kib()?;
    for n in 1..guesses {
        let heard = ["alice", "nobody"].map(|user| guesser.tries(user, &format!("wrong{n}")));
        let [of_alice, of_nobody] = heard;
        let (of_alice, of_nobody) = (of_alice?, of_nobody?);
        ensure(of_alice == 401 && of_nobody == 401, || {
            format!("a guess was answered {of_alice}, one for a stranger {of_nobody}")
        })?;
    }
    let after = node.resident_kib()?;
    bounded(before, after, 16_384 + u64::from(guesses) * 8)?;
    let right = guesser.tries("alice", "right")?;
    ensure(right == 200, || {
        format!("the right password was answered {right}")
    })?;
    let status = node.wait_status(PATIENCE, |status| {
        status["counts"]["activities"].as_u64() == Some(1)
    })?;
    let wrong = counter(&status, "sip.credentials_wrong");
    ensure(wrong >= 2 * u64::from(guesses) - 1, || {
        format!("{wrong} wrong credentials were counted")
    })?;
    guesser.leave()?;
    expect_empty(&node, PATIENCE)?;
    Ok(format!(
        "{wrong} wrong passwords refused, the right one taken; resident {before} then {after} KiB"
    ))
}

/// Somebody who registers, with whatever password.
pub(super) struct Guesser {
    pub(super) socket: UdpSocket,
    me: SocketAddr,
    node: SocketAddr,
    sent: u32,
}

impl Guesser {
    pub(super) fn new(me: SocketAddr, node: SocketAddr) -> Result<Self> {
        let socket = UdpSocket::bind(me).map_err(io("bind a socket"))?;
        socket
            .set_read_timeout(Some(Duration::from_millis(500)))
            .map_err(io("set a timeout"))?;
        Ok(Self {
            socket,
            me,
            node,
            sent: 0,
        })
    }

    pub(super) fn node(&self) -> SocketAddr {
        self.node
    }

    /// The status of a REGISTER with this password, after the challenge.
    pub(super) fn tries(&mut self, user: &str, password: &str) -> Result<u16> {
        self.register(user, password, 60)
    }

    fn leave(&mut self) -> Result {
        self.register("alice", "right", 0).map(drop)
    }

    fn register(&mut self, user: &str, password: &str, expires: u32) -> Result<u16> {
        let answer = self.answer_to_challenge(user, password)?;
        let response = self.exchange(user, expires, Some(&answer))?;
        Ok(response.status().unwrap_or(0))
    }

    /// Credentials for a challenge that was sent here.
    pub(super) fn answer_to_challenge(&mut self, user: &str, password: &str) -> Result<String> {
        let challenge = self.exchange(user, 60, None)?;
        let me = Credentials { user, password };
        let answers = challenge
            .all("www-authenticate")
            .filter_map(|c| me.answer(c, "REGISTER", DOMAIN));
        answers
            .last()
            .ok_or_else(|| RunError::Broken(format!("no challenge but {}", challenge.start).into()))
    }

    /// A REGISTER, and what its answers are known by.
    pub(super) fn next(
        &mut self,
        user: &str,
        expires: u32,
        answer: Option<&str>,
    ) -> (String, String) {
        self.sent += 1;
        let Self { me, sent, .. } = self;
        let proof = answer.map_or_else(String::new, |a| format!("Authorization: {a}\r\n"));
        let text = format!(
            "REGISTER {DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKg{sent}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@office.example>;tag=t{sent}\r\nTo: <sip:{user}@office.example>\r\nCall-ID: guess-{sent}@{me}\r\n\
             CSeq: 1 REGISTER\r\nContact: <sip:{user}@{me}>\r\nExpires: {expires}\r\n{proof}Content-Length: 0\r\n\r\n"
        );
        let ours = format!("z9hG4bKg{sent}");
        (text, ours)
    }

    /// A REGISTER, sent until it is answered.
    pub(super) fn exchange(
        &mut self,
        user: &str,
        expires: u32,
        answer: Option<&str>,
    ) -> Result<Message> {
        let (text, ours) = self.next(user, expires, answer);
        let mut buffer = [0; 65_536];
        for _ in 0..60 {
            self.socket
                .send_to(text.as_bytes(), self.node)
                .map_err(io("send a REGISTER"))?;
            while let Ok((n, _)) = self.socket.recv_from(&mut buffer) {
                let message = Message::parse(&String::from_utf8_lossy(&buffer[..n]));
                let of_us = |m: &Message| {
                    m.get("via").contains(&ours) && m.status().is_some_and(|s| s >= 200)
                };
                if let Some(message) = message.filter(of_us) {
                    return Ok(message);
                }
            }
        }
        Err(RunError::Broken("a REGISTER was not answered".into()))
    }
}
