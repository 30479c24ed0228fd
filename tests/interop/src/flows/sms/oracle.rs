//! What tshark says of the SMPP that a node sent: nothing malformed, no warning; and as many bytes went out in the clear as the
//! lengths of the PDUs add up to. It does not look for SMPP inside TLS.

use crate::error::{Result, RunError, ensure};
use crate::flows::capture::{WARNING, fields, severity};
use std::net::Ipv4Addr;
use std::path::Path;

const DECODE: [&str; 2] = ["tcp.port==2775,smpp", "tcp.port==3550,tls"];

/// Judges what `node` sent.
pub(crate) fn judge(file: &Path, node: Ipv4Addr) -> Result<String> {
    let sent = format!("ip.src == {node} && (smpp || _ws.malformed)");
    let mut pdus = 0;
    let wanted = [
        "frame.number",
        "smpp.command_id",
        "_ws.malformed",
        "_ws.expert.severity",
        "_ws.expert.message",
    ];
    for line in fields(file, &DECODE, &sent, &wanted)? {
        let [frame, commands, malformed, severities, words] = &line[..] else {
            return Err(RunError::Broken(format!("tshark said {line:?}").into()));
        };
        pdus += commands.split(';').filter(|c| !c.is_empty()).count();
        let warned = severities
            .split(';')
            .zip(words.split(';'))
            // What it says of the segments is said of the capture.
            .any(|(s, word)| severity(s).is_some_and(|s| s >= WARNING) && !word.contains("TCP"));
        ensure(malformed.is_empty() && !warned, || {
            format!(
                "tshark has something against frame {frame} of {}: {malformed} {words}",
                file.display()
            )
        })?;
    }
    ensure(pdus > 0, || {
        format!("no PDU of the node is in {}", file.display())
    })?;
    count_bytes(file, node)?;
    Ok(format!("{pdus} PDUs seen by tshark"))
}

/// What the segments carry is what the PDUs say that they are long.
fn count_bytes(file: &Path, node: Ipv4Addr) -> Result {
    let clear = format!(
        "ip.src == {node} && tcp.port == 2775 && tcp.len > 0 && !tcp.analysis.retransmission \
         && !tcp.analysis.spurious_retransmission"
    );
    let (mut carried, mut said) = (0, 0);
    for line in fields(file, &DECODE, &clear, &["tcp.len", "smpp.command_length"])? {
        let sum =
            |field: &str| -> u64 { field.split(';').filter_map(|n| n.parse::<u64>().ok()).sum() };
        carried += line.first().map_or(0, |field| sum(field));
        said += line.get(1).map_or(0, |field| sum(field));
    }
    ensure(carried == said, || {
        format!("{carried} bytes went out, {said} by the PDUs' own lengths")
    })
}
