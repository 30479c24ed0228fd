//! What reading a message costs, beside the crate `rsip`.
//!
//! `cargo run --release -p strowger-sip --example parse_bench` prints nanoseconds per message, the least of several runs.

#![expect(clippy::print_stdout, reason = "the figures are the program's purpose")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use strowger_sip::proto::wire::{BuildError, Builder, Edit, HeaderId, Limits, Message};

const INVITE: &[u8] = b"INVITE sip:bob@biloxi.example.com SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.101:5060;branch=z9hG4bK74bf9a8d7c;rport\r\n\
Max-Forwards: 70\r\n\
Route: <sip:proxy.atlanta.example.com;lr>\r\n\
From: \"Alice\" <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n\
To: \"Bob\" <sip:bob@biloxi.example.com>\r\n\
Call-ID: 3848276298220188511@atlanta.example.com\r\n\
CSeq: 314159 INVITE\r\n\
Contact: <sip:alice@192.0.2.101:5060;transport=udp>\r\n\
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE\r\n\
Supported: 100rel, timer\r\n\
User-Agent: Bench/1.0\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 211\r\n\
\r\n\
v=0\r\n\
o=alice 2890844526 2890844526 IN IP4 192.0.2.101\r\n\
s=-\r\n\
c=IN IP4 192.0.2.101\r\n\
t=0 0\r\n\
m=audio 49172 RTP/AVP 0 8 101\r\n\
a=rtpmap:0 PCMU/8000\r\n\
a=rtpmap:8 PCMA/8000\r\n\
a=rtpmap:101 telephone-event/8000\r\n\
a=sendrecv\r\n";

fn main() -> Result<(), BuildError> {
    let invite = Bytes::from_static(INVITE);
    let limits = Limits::DEFAULT;
    println!(
        "{} bytes, {} of them before the body",
        INVITE.len(),
        INVITE.len() - 211
    );
    report("parse (index only)", || {
        Message::parse(invite.clone(), &limits).is_ok()
    });
    report("datagram (index, cut, check)", || {
        Message::datagram(invite.clone(), &limits).is_ok()
    });
    report("parse + branch, tags, CSeq, Call-ID", || {
        Message::parse(invite.clone(), &limits).is_ok_and(|m| typed(&m))
    });
    let Ok(message) = Message::datagram(invite.clone(), &limits) else {
        return Ok(());
    };
    report("branch, tags, CSeq, Call-ID", || typed(&message));
    let source = ([192, 0, 2, 101], 5060).into();
    report("response to it, 180", || {
        Builder::response_via(&message, 180, b"Ringing", Some(b"as58f4"), source)
            .finish()
            .is_ok()
    });
    report("copy with a Via more and a Route less", || {
        let mut edit = Edit::new(&message);
        edit.prepend(HeaderId::Via, b"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1")
            .remove_top(HeaderId::Route);
        edit.finish().is_ok()
    });
    #[cfg(feature = "rsip")]
    rsip_beside();
    Ok(())
}

fn typed(m: &Message) -> bool {
    let branch = m.via().is_ok_and(|v| v.branch().is_some());
    branch && m.from_tag().is_some() && m.to().is_ok() && m.cseq().is_ok() && m.call_id().is_ok()
}

#[cfg(feature = "rsip")]
fn rsip_beside() {
    use rsip::prelude::*;
    report("rsip: parse", || rsip::SipMessage::try_from(INVITE).is_ok());
    report("rsip: parse + typed core headers", || {
        let Ok(rsip::SipMessage::Request(r)) = rsip::SipMessage::try_from(INVITE) else {
            return false;
        };
        let typed =
            |r: &rsip::Request| -> Result<bool, rsip::Error> {
                let (via, from) = (r.via_header()?.typed()?, r.from_header()?.typed()?);
                let (to, cseq) = (r.to_header()?.typed()?, r.cseq_header()?.typed()?);
                Ok(via.branch().is_some()
                    && from.tag().is_some()
                    && to.tag().is_none()
                    && cseq.seq > 0)
            };
        typed(&r).unwrap_or(false)
    });
}

/// Runs it a hundred thousand times, nine times over, and prints the best.
fn report(what: &str, mut run: impl FnMut() -> bool) {
    const ROUNDS: u32 = 100_000;
    let mut best = u128::MAX;
    for _ in 0..9 {
        let start = Instant::now();
        let mut good = 0;
        for _ in 0..ROUNDS {
            good += u32::from(black_box(run()));
        }
        assert_eq!(good, ROUNDS, "{what}");
        best = best.min(start.elapsed().as_nanos());
    }
    println!("{:>7.1} ns  {what}", best as f64 / f64::from(ROUNDS));
}
