//! The torture messages of RFC 4475 and RFC 5118, sent to a running node: what it answers is compared with the table beside
//! them, and it must still serve after each.

use super::spec;
use crate::error::{Result, RunError, ensure, io};
use crate::node::Node;
use crate::peer::Message;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long an answer is waited for; silence is proved by no answer within it.
const ANSWER_WITHIN: Duration = Duration::from_millis(900);

#[derive(Deserialize)]
struct Table {
    message: Vec<Row>,
}

/// A message and its verdict; the table explains the fields.
#[derive(Deserialize)]
struct Row {
    file: String,
    wire: String,
    node: Option<Vec<u16>>,
}

impl Row {
    fn allows(&self, answer: Option<u16>) -> bool {
        match (&self.node, answer) {
            (Some(allowed), Some(status)) => allowed.contains(&status),
            (Some(allowed), None) => allowed.is_empty(),
            (None, Some(status)) => self.wire == "valid" || self.wire == status.to_string(),
            (None, None) => self.wire == "drop",
        }
    }
}

/// Sends every message as a datagram.
///
/// # Errors
/// Every message whose answer is not the table's.
pub fn datagrams(host: u8, dir: &Path) -> Result<String> {
    let mut spec = spec(host, dir, "torture");
    spec.users = r#"["*"]"#;
    let mut node = Node::start(&spec)?;
    let mut branches = BTreeSet::new();
    let to = SocketAddr::from((Ipv4Addr::new(127, 0, host, 1), 5060));
    let me = Ipv4Addr::new(127, 0, host, 2);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../torture");
    let table =
        fs::read_to_string(data.join("expect.toml")).map_err(io("read the torture table"))?;
    let table: Table =
        toml::from_str(&table).map_err(|e| RunError::Broken(e.to_string().into()))?;
    let mut wrong = Vec::new();
    let (mut answered, mut silent) = (0, 0);
    for row in &table.message {
        let bytes = fs::read(data.join(&row.file)).map_err(io("read a torture message"))?;
        if !branches.insert(branch(&bytes)) {
            // Some share a branch: to the same process the second would be a retransmission of the first.
            node.kill()?;
            node = Node::start(&spec)?;
        }
        let answer = exchange(&bytes, me, to)?;
        if answer.is_some() {
            answered += 1
        } else {
            silent += 1
        }
        if !row.allows(answer) {
            wrong.push(format!(
                "{}: answered {answer:?}, expected {:?} ({})",
                row.file, row.node, row.wire
            ));
        }
        alive(me, to).map_err(|e| {
            RunError::Broken(format!("after {}: {e}; {}", row.file, node.log_tail()).into())
        })?;
    }
    ensure(wrong.is_empty(), || wrong.join("\n"))?;
    Ok(format!(
        "{} messages: {answered} answered, {silent} met with silence, as the table says",
        table.message.len()
    ))
}

/// Sends one message; the first final status that comes for it.
pub(super) fn exchange(bytes: &[u8], me: Ipv4Addr, to: SocketAddr) -> Result<Option<u16>> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let sockets = ports(&text)
        .into_iter()
        .map(|port| bind(me, port))
        .collect::<Result<Vec<_>>>()?;
    sockets[0]
        .send_to(bytes, to)
        .map_err(io("send a torture message"))?;
    let deadline = Instant::now() + ANSWER_WITHIN;
    let mut buffer = [0; 65_536];
    while Instant::now() < deadline {
        for socket in &sockets {
            let Ok((n, _)) = socket.recv_from(&mut buffer) else {
                continue;
            };
            let Some(answer) = Message::parse(&String::from_utf8_lossy(&buffer[..n])) else {
                continue;
            };
            // Final answers to earlier INVITEs are sent again until they are acknowledged, which nobody does here.
            let ours = text.contains(answer.get("call-id"));
            if let Some(status) = answer.status()
                && status >= 200
                && ours
            {
                return Ok(Some(status));
            }
        }
    }
    Ok(None)
}

/// The branch of the first Via, or everything when there is none.
fn branch(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let branch = text.split_once("branch=").map_or(&*text, |(_, rest)| rest);
    branch
        .split([';', ',', '\r', '\n', ' '])
        .next()
        .unwrap_or("")
        .to_owned()
}

/// The node answers an OPTIONS.
pub(super) fn alive(me: Ipv4Addr, to: SocketAddr) -> Result {
    let socket = bind(me, 5099)?;
    let request = format!(
        "OPTIONS sip:service@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {me}:5099;branch=z9hG4bKalive{}\r\nMax-Forwards: 70\r\n\
         From: <sip:t@{me}>;tag=t\r\nTo: <sip:service@{to}>\r\nCall-ID: alive-{}@{me}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        unique(),
        unique()
    );
    let deadline = Instant::now() + Duration::from_secs(2);
    let mut buffer = [0; 65_536];
    while Instant::now() < deadline {
        socket
            .send_to(request.as_bytes(), to)
            .map_err(io("send OPTIONS"))?;
        for _ in 0..10 {
            if let Ok((n, _)) = socket.recv_from(&mut buffer)
                && buffer[..n].starts_with(b"SIP/2.0 200")
            {
                return Ok(());
            }
        }
    }
    Err(RunError::Broken(
        "the node does not answer OPTIONS any more".into(),
    ))
}

fn unique() -> u128 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.as_nanos())
}

fn bind(me: Ipv4Addr, port: u16) -> Result<UdpSocket> {
    let socket = UdpSocket::bind((me, port)).map_err(io("bind a socket for torture answers"))?;
    socket
        .set_read_timeout(Some(Duration::from_millis(30)))
        .map_err(io("set up a socket"))?;
    Ok(socket)
}

/// The ports to which an answer may come: 5060, and every other that a Via names (RFC 3261 18.2.2).
fn ports(text: &str) -> Vec<u16> {
    let mut ports = vec![5060];
    for line in text
        .lines()
        .filter(|l| l.contains("SIP/2.0/") || l.contains("SIP  /"))
    {
        for part in line.split(':').skip(1) {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            if let Ok(port) = digits.parse()
                && port > 1024
                && !ports.contains(&port)
            {
                ports.push(port);
            }
        }
    }
    ports
}
