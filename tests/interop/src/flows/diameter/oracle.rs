//! What tshark says of the Diameter messages that a node sent: nothing malformed, no AVP unknown, no warning; and as many
//! bytes went out in the clear as the lengths of the messages add up to.
//!
//! The bytes are compared since tshark believes an AVP that lies about its own length within a message.

use crate::error::{Result, RunError, ensure};
use crate::flows::capture::{WARNING, fields, severity};
use std::net::Ipv4Addr;
use std::path::Path;

/// Ports as [`super::port`] and the nodes have them.
const DECODE: [&str; 6] = [
    "tcp.port==3868,diameter",
    "tcp.port==23000-23499,diameter",
    "tcp.port==5868,tls",
    "tcp.port==23500-23999,tls",
    "tls.port==5868,diameter",
    "tls.port==23500-23999,diameter",
];
const SECURE: &str = "(tcp.port==5868 || tcp.port in {23500..23999})";

/// Judges what `node` sent.
pub(crate) fn judge(file: &Path, node: Ipv4Addr) -> Result<String> {
    let sent = format!("ip.src == {node} && (diameter || _ws.malformed)");
    let mut messages = 0;
    for line in fields(
        file,
        &DECODE,
        &sent,
        &[
            "frame.number",
            "diameter.cmd.code",
            "_ws.malformed",
            "diameter.avp.unknown",
            "_ws.expert.severity",
            "_ws.expert.message",
        ],
    )? {
        let [frame, commands, malformed, unknown, severities, words] = &line[..] else {
            return Err(RunError::Broken(format!("tshark said {line:?}").into()));
        };
        messages += commands.split(';').filter(|c| !c.is_empty()).count();
        let warned = severities
            .split(';')
            .zip(words.split(';'))
            // What it says of the segments is said of the capture.
            .any(|(s, word)| severity(s).is_some_and(|s| s >= WARNING) && !word.contains("TCP"));
        let good = malformed.is_empty() && unknown.is_empty() && !warned;
        ensure(good, || {
            format!(
                "tshark has something against frame {frame} of {}: {malformed} {unknown} {words}",
                file.display()
            )
        })?;
    }
    count_bytes(file, node)?;
    Ok(format!("{messages} messages seen by tshark"))
}

/// What the segments carry is what the messages say that they are long.
fn count_bytes(file: &Path, node: Ipv4Addr) -> Result {
    let clear = format!(
        "ip.src == {node} && tcp.len > 0 && !{SECURE} && !tcp.analysis.retransmission \
         && !tcp.analysis.spurious_retransmission"
    );
    let (mut carried, mut said) = (0, 0);
    for line in fields(file, &DECODE, &clear, &["tcp.len", "diameter.length"])? {
        let sum =
            |field: &str| -> u64 { field.split(';').filter_map(|n| n.parse::<u64>().ok()).sum() };
        carried += line.first().map_or(0, |field| sum(field));
        said += line.get(1).map_or(0, |field| sum(field));
    }
    ensure(carried == said, || {
        format!("{carried} bytes went out, {said} by the messages' own lengths")
    })
}
