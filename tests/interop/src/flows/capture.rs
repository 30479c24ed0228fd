//! A capture of a flow's network, and what tshark says of the messages that the node sent.
//!
//! What goes through TLS stays closed to it, but for browsers'. The rest must decode as SIP, with nothing malformed and no warning.

use super::program::Program;
use crate::error::{Result, RunError, ensure, io};
use crate::node::pause;
use nix::sys::signal::Signal;
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Where a marker is sent that ends the capture: nobody listens.
const MARK_PORT: u16 = 9;
const WITHIN: Duration = Duration::from_secs(20);
/// From here on tshark's severities are warnings.
pub(super) const WARNING: u32 = 0x0060_0000;

/// Has tshark read a capture and look at what a node sent.
pub(super) type Judge = fn(&Path, Ipv4Addr) -> Result<String>;

/// A running capture.
#[derive(Debug)]
pub(super) struct Capture {
    program: Program,
    file: PathBuf,
    network: Ipv4Addr,
}

impl Capture {
    /// Captures `network`/24 on the loopback interface.
    pub(super) fn start(network: Ipv4Addr, dir: &Path) -> Result<Self> {
        let file = dir.join("capture.pcap");
        let mut command = Command::new("dumpcap");
        // Half of the messages would be lost in the default buffer when many calls begin at once.
        command.args(["-i", "lo", "-P", "-B", "32", "-f"]);
        command
            .arg(format!("net {network}/24"))
            .arg("-w")
            .arg(&file);
        let mut program = Program::start("capture", &mut command, dir)?;
        program.says("File: ", WITHIN)?;
        let capture = Self {
            program,
            file,
            network,
        };
        // It says so before it captures: what it has seen of us tells.
        capture.mark("it begins")?;
        Ok(capture)
    }

    /// Ends it and has `judge` say what is wrong with what a node sent; answers with how many messages those were.
    pub(super) fn finish(self, node: Ipv4Addr, judge: Judge) -> Result<String> {
        self.mark("it ends")?;
        let file = self.file.clone();
        self.program.stop(Signal::SIGINT, WITHIN)?;
        judge(&file, node)
    }

    /// Sends a datagram until it is in the file: what was sent before it is there, too.
    fn mark(&self, text: &str) -> Result {
        let [a, b, c, _] = self.network.octets();
        let socket =
            UdpSocket::bind((Ipv4Addr::new(a, b, c, 254), 0)).map_err(io("mark a capture"))?;
        let deadline = Instant::now() + WITHIN;
        loop {
            // Refused, since nobody listens; what counts is that it passed.
            let _ = socket.send_to(text.as_bytes(), (Ipv4Addr::new(a, b, c, 253), MARK_PORT));
            pause();
            let seen = fs::read(&self.file).unwrap_or_default();
            if seen.windows(text.len()).any(|w| w == text.as_bytes()) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(self.program.broken("captures nothing"));
            }
        }
    }
}

/// Judges SIP.
pub(super) fn judge(file: &Path, node: Ipv4Addr) -> Result<String> {
    let mut command = Command::new("tshark");
    // Browsers write down the keys of their connections: what they were sent can be read, too.
    let keys = file.with_file_name("keys.log");
    if keys.exists() {
        command.args(["-o", &format!("tls.keylog_file:{}", keys.display())]);
        command.args(["-d", "tcp.port==5063,tls"]);
    }
    let out = command
        .arg("-r")
        .arg(file)
        // Calls that share a media address are not tied to each other: with many of them that takes minutes.
        .args(["-o", "sdp.establish_conversation:FALSE"])
        .args([
            "-d",
            "tcp.port==5062,http",
            "-T",
            "fields",
            "-E",
            "aggregator=;",
        ])
        .args(["-Y", &format!("ip.src == {node} && (sip || _ws.malformed)")])
        .args([
            "-e",
            "frame.number",
            "-e",
            "sip.CSeq",
            "-e",
            "_ws.malformed",
        ])
        .args(["-e", "_ws.expert.severity", "-e", "_ws.expert.message"])
        .stdin(Stdio::null())
        .output()
        .map_err(|source| RunError::Start {
            program: "tshark".to_owned(),
            source,
        })?;
    let text = String::from_utf8_lossy(&out.stdout);
    ensure(out.status.success(), || {
        String::from_utf8_lossy(&out.stderr).into_owned()
    })?;
    let mut messages = 0;
    for line in text.lines() {
        let mut fields = line.split('\t');
        let (frame, cseq) = (fields.next(), fields.next().unwrap_or_default());
        messages += cseq.split(';').filter(|c| !c.is_empty()).count();
        let malformed = fields.next().is_some_and(|f| !f.is_empty());
        let severities = fields.next().unwrap_or_default();
        let warned = severities
            .split(';')
            .filter_map(severity)
            .any(|s| s >= WARNING);
        ensure(!malformed && !warned, || {
            format!(
                "tshark has something against frame {} of {}: {}",
                frame.unwrap_or_default(),
                file.display(),
                fields.next().unwrap_or("malformed")
            )
        })?;
    }
    Ok(format!("{messages} messages seen by tshark"))
}

/// Of `6291456` or `0x600000`.
pub(super) fn severity(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The values of these fields in all packets of a capture for which `filter` holds; `decode` says what is on which port. TLS is
/// opened with the keys that a client has left.
pub(super) fn fields(
    file: &Path,
    decode: &[&str],
    filter: &str,
    fields: &[&str],
) -> Result<Vec<Vec<String>>> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file);
    let keys = file.with_file_name("keys.log");
    if keys.exists() {
        command.args(["-o", &format!("tls.keylog_file:{}", keys.display())]);
    }
    for decode in decode {
        command.args(["-d", decode]);
    }
    // It believes to know it by the first bytes of what is in TLS, and by them only.
    command.args(["--disable-protocol", "rdpmt"]);
    command.args(["-T", "fields", "-E", "aggregator=;", "-Y", filter]);
    for field in fields {
        command.args(["-e", field]);
    }
    let out = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| RunError::Start {
            program: "tshark".to_owned(),
            source,
        })?;
    ensure(out.status.success(), || {
        String::from_utf8_lossy(&out.stderr).into_owned()
    })?;
    let text = String::from_utf8_lossy(&out.stdout);
    let values = |line: &str| line.split('\t').map(str::to_owned).collect();
    Ok(text.lines().map(values).collect())
}
