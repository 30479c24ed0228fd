//! Collectors of what a node sends of recorded calls: sockets that take it, and decoders that are not ours: `hep-js`, by those who
//! made HEP, and the protocol buffers of OpenTelemetry for Python.

use crate::error::{Result, RunError, ensure, io};
use crate::flows::tools;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A collector of HEP.
#[derive(Debug)]
pub enum HepCollector {
    /// Over UDP.
    Udp(UdpSocket),
    /// Over TCP, one connection at a time.
    Tcp(TcpListener),
}

impl HepCollector {
    /// Listens there.
    ///
    /// # Errors
    /// When the address is taken.
    pub fn udp(at: SocketAddr) -> Result<Self> {
        let socket = UdpSocket::bind(at).map_err(io("bind a collector"))?;
        let patience = socket.set_read_timeout(Some(PATIENCE));
        patience.map_err(io("bound a collector's wait"))?;
        Ok(Self::Udp(socket))
    }

    /// Listens there.
    ///
    /// # Errors
    /// When the address is taken.
    pub fn tcp(at: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(at).map_err(io("bind a collector"))?;
        Ok(Self::Tcp(listener))
    }

    /// The next so many packets.
    ///
    /// # Errors
    /// When they do not come.
    pub fn packets(&self, count: usize) -> Result<Vec<Vec<u8>>> {
        match self {
            Self::Udp(socket) => {
                let mut buffer = vec![0; 65_536];
                let mut packet = || -> Result<Vec<u8>> {
                    let (length, _) = socket.recv_from(&mut buffer).map_err(io("hear a packet"))?;
                    Ok(buffer.get(..length).unwrap_or_default().to_vec())
                };
                (0..count).map(|_| packet()).collect()
            }
            Self::Tcp(listener) => {
                let mut stream = accept(listener)?;
                (0..count).map(|_| read_packet(&mut stream)).collect()
            }
        }
    }
}

fn accept(listener: &TcpListener) -> Result<TcpStream> {
    let (stream, _) = listener.accept().map_err(io("accept a connection"))?;
    let patience = stream.set_read_timeout(Some(PATIENCE));
    patience.map_err(io("bound a collector's wait"))?;
    Ok(stream)
}

/// Letters and length, and as much as the length says.
fn read_packet(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut packet = vec![0; 6];
    stream
        .read_exact(&mut packet)
        .map_err(io("hear a packet"))?;
    let length = packet
        .get(4..6)
        .map_or(0, |two| usize::from(two[0]) << 8 | usize::from(two[1]));
    ensure(packet.starts_with(b"HEP3") && length >= 6, || {
        "no packet of HEP".to_owned()
    })?;
    packet.resize(length, 0);
    let rest = packet.get_mut(6..).unwrap_or_default();
    stream.read_exact(rest).map_err(io("hear a packet"))?;
    Ok(packet)
}

/// What `hep-js` reads of packets, one object for each.
///
/// # Errors
/// When it is not there, or reads nothing.
pub fn hep_js(packets: &[Vec<u8>]) -> Result<Vec<Value>> {
    let lines: Vec<String> = packets.iter().map(|packet| hex(packet)).collect();
    let mut command = Command::new("node");
    command.env("NODE_PATH", tools::node_modules()?);
    command.arg(tools::script("hep.js"));
    let said = decode(command, lines.join("\n").as_bytes())?;
    said.lines().map(read_json).collect()
}

/// What the protocol buffers of OpenTelemetry read of a body in JSON: spans, with what they are called.
///
/// # Errors
/// When they are not there, or refuse the body.
pub fn opentelemetry(body: &[u8]) -> Result<Vec<Value>> {
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", tools::python()?);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command.arg(tools::script("otlp.py"));
    decode(command, body)?.lines().map(read_json).collect()
}

fn read_json(line: &str) -> Result<Value> {
    serde_json::from_str(line).map_err(|_| RunError::Broken(format!("not JSON: {line}").into()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a decoder says of what it is given.
fn decode(mut command: Command, input: &[u8]) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = pipes
        .spawn()
        .map_err(|source| RunError::Start { program, source })?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input).map_err(io("write to a decoder"))?;
    }
    let output = child.wait_with_output().map_err(io("wait for a decoder"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure(output.status.success(), || {
        format!("{said}{}", String::from_utf8_lossy(&output.stderr))
    })?;
    Ok(said)
}

/// A collector of OTLP over HTTP.
#[derive(Debug)]
pub struct OtlpCollector {
    listener: TcpListener,
}

/// A request that came.
#[derive(Debug)]
pub struct Exported {
    /// The lines before the body, in lower case.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
    /// When it was whole.
    pub at: Instant,
}

impl OtlpCollector {
    /// Listens there.
    ///
    /// # Errors
    /// When the address is taken.
    pub fn new(at: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(at).map_err(io("bind a collector"))?;
        Ok(Self { listener })
    }

    /// The next request, answered with that status line, these fields and that body.
    ///
    /// # Errors
    /// When none comes.
    pub fn answer(&self, status: &str, fields: &str, body: &str) -> Result<Exported> {
        let mut stream = accept(&self.listener)?;
        let mut text = Vec::new();
        let mut piece = [0; 4_096];
        let (head, rest) = loop {
            let length = stream.read(&mut piece).map_err(io("hear a request"))?;
            ensure(length > 0, || "half a request".to_owned())?;
            text.extend_from_slice(piece.get(..length).unwrap_or_default());
            let end = text.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let rest = text.split_off(end + 4);
                break (String::from_utf8_lossy(&text).to_lowercase(), rest);
            }
        };
        let mut lines = head
            .lines()
            .filter_map(|line| line.strip_prefix("content-length: "));
        let length = lines
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0);
        let had = rest.len();
        let mut whole = rest;
        whole.resize(length, 0);
        let rest = whole.get_mut(had..).unwrap_or_default();
        stream.read_exact(rest).map_err(io("hear a request"))?;
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{fields}\r\n{body}",
            body.len()
        );
        stream
            .write_all(answer.as_bytes())
            .map_err(io("answer a request"))?;
        let at = Instant::now();
        let body = whole;
        Ok(Exported { head, body, at })
    }
}
