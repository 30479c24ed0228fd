//! SIPp as the callers, and what it has seen of each call.
//!
//! Transactions are named, because a node that was restarted repeats the 200 of an INVITE whose ACK it may not have seen: SIPp
//! would take it for the answer to the BYE.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Result, io};
use crate::node::NodeSpec;
use crate::sipp::Sipp;

/// Which callers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    /// Their calls end by themselves.
    Rich,
    /// Their credit ends first.
    Poor,
}

impl Side {
    fn letter(self) -> char {
        match self {
            Self::Rich => 'r',
            Self::Poor => 'p',
        }
    }

    /// The account of a call.
    pub(super) fn account(self, number: u32) -> String {
        format!("sip:{}{number}@test.example", self.letter())
    }

    fn port(self) -> &'static str {
        match self {
            Self::Rich => "5080",
            Self::Poor => "5081",
        }
    }

    fn log(self, dir: &Path) -> PathBuf {
        dir.join(format!("{}.log", self.letter()))
    }

    /// How a call goes on after its ACK.
    fn rest(self, hold: u32) -> String {
        match self {
            Self::Rich => format!(
                r#"<pause milliseconds="{hold}"/>
<nop><action><log message="SAID [call_number] [clock_tick]"/></action></nop>
<send retrans="500" start_txn="bye"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[last_From:]
[last_To:]
[last_Call-ID:]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200" response_txn="bye"><action><log message="ENDED [call_number] [clock_tick]"/></action></recv>"#
            ),
            Self::Poor => r#"<recv request="BYE" timeout="60000"><action>
<log message="SAID [call_number] [clock_tick]"/><log message="ENDED [call_number] [clock_tick]"/></action></recv>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>"#
                .to_owned(),
        }
    }
}

/// What SIPp has seen of a call, in milliseconds of its clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    pub(super) number: u32,
    /// It sent the ACK.
    pub(super) acked: Option<u64>,
    /// BYE was said.
    pub(super) said: Option<u64>,
    /// BYE was answered.
    pub(super) ended: Option<u64>,
}

/// Starts callers.
pub(super) fn start(
    dir: &Path,
    spec: &NodeSpec,
    side: Side,
    calls: u32,
    rate: u32,
    hold: u32,
) -> Result<Sipp> {
    let scenario = dir.join(format!("{}.xml", side.letter()));
    fs::write(&scenario, scenario_of(side, hold)).map_err(io("write a scenario"))?;
    let (to, host) = (spec.sip.to_string(), spec.sip.ip().to_string());
    let (scenario, log) = (text(&scenario), text(&side.log(dir)));
    let (calls, rate) = (calls.to_string(), rate.to_string());
    Sipp::start(&[
        &to,
        "-sf",
        &scenario,
        "-i",
        &host,
        "-p",
        side.port(),
        "-r",
        &rate,
        "-m",
        &calls,
        "-l",
        "20000",
        "-recv_timeout",
        "40000",
        "-trace_logs",
        "-log_file",
        &log,
    ])
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Reads what was seen.
pub(super) fn read(dir: &Path, side: Side) -> Result<Vec<Seen>> {
    let log = fs::read_to_string(side.log(dir)).map_err(io("read sipp's log"))?;
    let mut calls = BTreeMap::new();
    for line in log.lines() {
        let mut words = line.split_whitespace();
        let (Some(what), Some(number), Some(at)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let (Ok(number), Ok(at)) = (number.parse(), at.parse()) else {
            continue;
        };
        let call = calls.entry(number).or_insert(Seen {
            number,
            acked: None,
            said: None,
            ended: None,
        });
        let place = match what {
            "ACKED" => &mut call.acked,
            "SAID" => &mut call.said,
            "ENDED" => &mut call.ended,
            _ => continue,
        };
        place.get_or_insert(at);
    }
    Ok(calls.into_values().collect())
}

fn scenario_of(side: Side, hold: u32) -> String {
    let (letter, rest) = (side.letter(), side.rest(hold));
    format!(
        r#"<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="prepaid">
<nop><action><log message="BEGUN [call_number] [clock_tick]"/></action></nop>
<send retrans="500" start_txn="invite"><![CDATA[
INVITE sip:9000@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{letter}[call_number]@test.example>;tag=[pid]{letter}[call_number]
To: <sip:9000@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:{letter}[call_number]@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 6000 RTP/AVP 0
]]></send>
<recv response="100" optional="true" response_txn="invite"/>
<recv response="180" optional="true" response_txn="invite"/>
<recv response="183" optional="true" response_txn="invite"/>
<recv response="200" rrs="true" response_txn="invite"/>
<nop><action><log message="ACKED [call_number] [clock_tick]"/></action></nop>
<send ack_txn="invite"><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[last_From:]
[last_To:]
[last_Call-ID:]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
{rest}
</scenario>
"#
    )
}
