//! Measures INVITE-to-200 in microseconds with a few calls of its own beside the load.
//!
//! SIPp's own clock moves in steps of the kernel's tick (4 ms here), too coarse for a percentile of a fast server. The
//! probe is no load generator: about 50 calls a second on one thread, no retransmissions; an unanswered call is lost.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::bench::system::{PROBE, UNDER_TEST};
use crate::bench::wire::{Line, Wire};
use crate::error::{Result, at};

const EVERY: Duration = Duration::from_millis(20);
/// Between ACK and BYE, so that no relay sends them on in the wrong order.
const HOLD: Duration = Duration::from_millis(20);
/// After the end of the load, answers are waited for so long.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// What the probe saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// INVITE to 200 of every answered call, in microseconds, ascending.
    pub(crate) micros: Vec<u64>,
    /// Calls without a 200 to their INVITE or their BYE.
    pub(crate) lost: usize,
}

impl Seen {
    /// The value below which `share` of the calls were answered.
    pub(crate) fn percentile(&self, share: f64) -> Option<u64> {
        let last = self.micros.len().checked_sub(1)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index of a short list times a share between 0 and 1"
        )]
        let index = (last as f64 * share).round() as usize;
        self.micros.get(index).copied()
    }
}

/// A running probe.
pub(crate) struct Probe {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl Probe {
    pub(crate) fn start(wire: Wire) -> Result<Self> {
        let line = wire.connect(PROBE).map_err(at("connect", "the probe"))?;
        let stop = Arc::new(AtomicBool::new(false));
        let seen_stop = Arc::clone(&stop);
        let thread = std::thread::spawn(move || run(wire, line, &seen_stop));
        Ok(Self { stop, thread })
    }

    /// Ends it; calls under way may still be answered.
    pub(crate) fn finish(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

fn run(wire: Wire, mut line: Line, stop: &AtomicBool) -> Seen {
    let mut calls = Calls::new(wire);
    let mut next = Instant::now();
    let mut end: Option<Instant> = None;
    loop {
        let now = Instant::now();
        if end.is_none() && stop.load(Ordering::Relaxed) {
            end = Some(now + LAST_ANSWERS);
        }
        if end.is_some_and(|end| now >= end || calls.all_over()) {
            break;
        }
        if end.is_none() && now >= next {
            next = now + EVERY;
            calls.begin(&mut line);
        }
        calls.hang_up(&mut line, now);
        let wait = next
            .saturating_duration_since(Instant::now())
            .clamp(Duration::from_millis(1), EVERY);
        if let Some(message) = line.recv(wait) {
            calls.answered(&mut line, &message, Instant::now());
        }
    }
    let mut micros = calls.micros;
    micros.sort_unstable();
    Seen {
        micros,
        lost: calls.ringing.len() + calls.ending.len(),
    }
}

/// The probe's calls that are under way, and the times of those that were answered.
struct Calls {
    wire: Wire,
    begun: usize,
    ringing: BTreeMap<usize, Instant>,
    /// Answered calls in the order in which their BYE is due.
    up: VecDeque<(Instant, Answer)>,
    /// Those whose BYE was sent.
    ending: BTreeSet<usize>,
    micros: Vec<u64>,
}

impl Calls {
    fn new(wire: Wire) -> Self {
        Self {
            wire,
            begun: 0,
            ringing: BTreeMap::new(),
            up: VecDeque::new(),
            ending: BTreeSet::new(),
            micros: Vec::new(),
        }
    }

    fn begin(&mut self, line: &mut Line) {
        self.begun += 1;
        self.ringing.insert(self.begun, Instant::now());
        line.send(invite(self.wire, self.begun).as_bytes());
    }

    fn answered(&mut self, line: &mut Line, message: &[u8], now: Instant) {
        let Some(answer) = Answer::read(&String::from_utf8_lossy(message)) else {
            return;
        };
        if answer.to_bye {
            self.ending.remove(&answer.number);
            return;
        }
        // A 200 that comes again is acknowledged again.
        line.send(answer.in_dialog(self.wire, "ACK", 1).as_bytes());
        if let Some(sent) = self.ringing.remove(&answer.number) {
            let micros = now.duration_since(sent).as_micros();
            self.micros.push(u64::try_from(micros).unwrap_or(u64::MAX));
            self.up.push_back((now + HOLD, answer));
        }
    }

    fn hang_up(&mut self, line: &mut Line, now: Instant) {
        while let Some((_, answer)) = self.up.pop_front_if(|(due, _)| *due <= now) {
            line.send(answer.in_dialog(self.wire, "BYE", 2).as_bytes());
            self.ending.insert(answer.number);
        }
    }

    fn all_over(&self) -> bool {
        self.ringing.is_empty() && self.up.is_empty() && self.ending.is_empty()
    }
}

fn invite(wire: Wire, number: usize) -> String {
    let body = "v=0\r\no=probe 1 1 IN IP4 127.0.0.5\r\ns=-\r\nc=IN IP4 127.0.0.5\r\nt=0 0\r\n\
                m=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
    format!(
        "INVITE sip:service@{UNDER_TEST} SIP/2.0\r\n\
         Via: SIP/2.0/{via} {PROBE};branch=z9hG4bKp{pid}i{number}\r\n\
         From: <sip:probe@{PROBE}>;tag=p{number}\r\n\
         To: <sip:service@{UNDER_TEST}>\r\n\
         Call-ID: probe-{pid}-{number}\r\n\
         CSeq: 1 INVITE\r\n\
         Contact: <sip:probe@{PROBE}>\r\n\
         Max-Forwards: 70\r\n\
         Content-Type: application/sdp\r\n\
         Content-Length: {length}\r\n\r\n{body}",
        via = wire.via(),
        pid = std::process::id(),
        length = body.len(),
    )
}

/// A 200 to one of the probe's requests: what the following ones need of it.
struct Answer {
    number: usize,
    to_bye: bool,
    to: String,
    target: String,
    /// Record-Route reversed.
    routes: Vec<String>,
}

impl Answer {
    fn read(text: &str) -> Option<Self> {
        if !text.starts_with("SIP/2.0 200") {
            return None;
        }
        let mut answer = Self {
            number: 0,
            to_bye: false,
            to: String::new(),
            target: String::new(),
            routes: Vec::new(),
        };
        for line in text.lines().take_while(|line| !line.is_empty()) {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "call-id" => answer.number = value.rsplit('-').next()?.parse().ok()?,
                "cseq" => answer.to_bye = value.ends_with("BYE"),
                "to" => answer.to = value.to_owned(),
                "contact" => answer.target = value.split(['<', '>']).nth(1)?.to_owned(),
                "record-route" => {
                    answer
                        .routes
                        .extend(value.split(',').map(|route| route.trim().to_owned()));
                }
                _ => {}
            }
        }
        answer.routes.reverse();
        Some(answer)
    }

    fn in_dialog(&self, wire: Wire, method: &str, cseq: u32) -> String {
        let routes: String = self
            .routes
            .iter()
            .map(|route| format!("Route: {route}\r\n"))
            .collect();
        format!(
            "{method} {target} SIP/2.0\r\n\
             Via: SIP/2.0/{via} {PROBE};branch=z9hG4bKp{pid}{method}{number}\r\n\
             {routes}\
             From: <sip:probe@{PROBE}>;tag=p{number}\r\n\
             To: {to}\r\n\
             Call-ID: probe-{pid}-{number}\r\n\
             CSeq: {cseq} {method}\r\n\
             Max-Forwards: 70\r\n\
             Content-Length: 0\r\n\r\n",
            via = wire.via(),
            target = self.target,
            pid = std::process::id(),
            number = self.number,
            to = self.to,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_answer_and_routes_back() {
        let text = "SIP/2.0 200 OK\r\nTo: <sip:s@h>;tag=x\r\nCall-ID: probe-7-42\r\n\
                    CSeq: 1 INVITE\r\nRecord-Route: <sip:a;lr>, <sip:b;lr>\r\n\
                    Contact: <sip:there>\r\n\r\n";
        let answer = Answer::read(text).unwrap();
        assert_eq!(answer.number, 42);
        let ack = answer.in_dialog(Wire::Udp, "ACK", 1);
        assert!(ack.starts_with("ACK sip:there SIP/2.0\r\n"));
        assert!(ack.contains("Route: <sip:b;lr>\r\nRoute: <sip:a;lr>\r\n"));
        assert!(!answer.to_bye);
        let ended = Answer::read(&text.replace("1 INVITE", "2 BYE")).unwrap();
        assert!(ended.to_bye);
        assert!(Answer::read("SIP/2.0 180 Ringing\r\n\r\n").is_none());
    }

    #[test]
    fn percentiles() {
        let seen = Seen {
            micros: (0..=100).collect(),
            lost: 0,
        };
        assert_eq!(seen.percentile(0.5), Some(50));
        assert_eq!(seen.percentile(0.99), Some(99));
        assert_eq!(Seen::default().percentile(0.5), None);
    }
}
