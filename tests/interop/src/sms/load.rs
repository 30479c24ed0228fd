//! Many submits: so many sessions, so many requests in flight on each, one thread. What benchmarks of a node are made with.
//!
//! A request is a template in which the sequence number and some digits are written over; of a response the length, the status
//! and the sequence number are read. So what is measured is the node.

use super::link::Link;
use super::pdu::{HEADER, Message, Pdu, command, status};
use crate::error::{Result, RunError, ensure, io};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// What is sent.
#[derive(Clone, Debug)]
pub struct Load {
    /// To whom.
    pub to: SocketAddr,
    /// As whom.
    pub system_id: String,
    /// With which password.
    pub password: String,
    /// How many sessions.
    pub sessions: usize,
    /// How many requests are in flight on each.
    pub window: usize,
    /// What is submitted; ten zeros in its text are a number that counts.
    pub message: Message,
    /// At most so many a second on each session.
    pub rate: Option<u32>,
    /// Sessions end without unbind: not every server answers it.
    pub abrupt: bool,
}

/// Digits that differ.
const DIGITS: &[u8] = b"0000000000";

impl Load {
    /// One session with a window of 50, of messages of 140 octets to this number.
    #[must_use]
    pub fn new(to: SocketAddr, system_id: &str, password: &str, number: &str) -> Self {
        let mut text = DIGITS.to_vec();
        text.resize(140, b'x');
        Self {
            to,
            system_id: system_id.to_owned(),
            password: password.to_owned(),
            sessions: 1,
            window: 50,
            message: Message::new("12345", number, &text),
            rate: None,
            abrupt: false,
        }
    }
}

/// When a load ends.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After this time.
    Over(Duration),
    /// After so many answers.
    Answered(u64),
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Figures {
    /// How many answers had which status.
    pub statuses: BTreeMap<u32, u64>,
    /// From the first request to the last answer.
    pub took: Duration,
    /// CPU time of this thread.
    pub cpu: Duration,
    /// Times of the answers in microseconds, in order.
    times: Vec<u32>,
}

impl Figures {
    /// Good answers.
    #[must_use]
    pub fn good(&self) -> u64 {
        self.with(status::ROK)
    }

    /// Answers with this status.
    #[must_use]
    pub fn with(&self, status: u32) -> u64 {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    /// All answers.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Good answers in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.good() as f64 / self.took.as_secs_f64()
    }

    /// The time within which this share of the answers came.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.times.len().saturating_sub(1);
        let at = (last as f64 * share) as usize;
        let time = self.times.get(at).copied().unwrap_or(0);
        Duration::from_micros(u64::from(time))
    }

    /// All answers must be good.
    ///
    /// # Errors
    /// When some are not.
    pub fn expect_good(self) -> Result<Self> {
        ensure(self.answers() == self.good() && self.good() > 0, || {
            format!("statuses of the answers: {:x?}", self.statuses)
        })?;
        Ok(self)
    }
}

/// Runs it.
///
/// # Errors
/// When the node cannot be reached, or closes.
pub fn run(load: &Load, until: Until) -> Result<Figures> {
    let mut lines = Vec::new();
    for _ in 0..load.sessions {
        lines.push(Line::open(load)?);
    }
    let (began, cpu) = (Instant::now(), own_cpu());
    let mut seen = Seen::default();
    let most = match until {
        Until::Over(_) => u64::MAX,
        Until::Answered(count) => count,
    };
    let over = |now: Instant| match until {
        Until::Over(time) => now.duration_since(began) >= time,
        Until::Answered(_) => false,
    };
    let mut sent = 0_u64;
    let mut ending = false;
    loop {
        let now = Instant::now();
        ending |= over(now) || sent >= most;
        if !ending {
            for line in &mut lines {
                let due = load.rate.map_or(u64::MAX, |rate| {
                    let due = now.duration_since(began).as_secs_f64() * f64::from(rate);
                    (due as u64).saturating_sub(line.count)
                });
                let count = (line.free.len() as u64).min(most - sent).min(due);
                line.fill(count, now);
                sent += count;
            }
        }
        for line in &mut lines {
            line.write()?;
        }
        if ending && seen.times.len() as u64 == sent {
            break;
        }
        wait(&lines, load.rate.is_some())?;
        for line in &mut lines {
            line.read(&mut seen)?;
        }
        ensure(
            now.duration_since(seen.last.unwrap_or(began)) < PATIENCE,
            || {
                format!(
                    "{} of {sent} were answered, and then none",
                    seen.times.len()
                )
            },
        )?;
    }
    let took = began.elapsed();
    let cpu = own_cpu().saturating_sub(cpu);
    for line in lines {
        if load.abrupt {
            line.link.hang_up();
        } else {
            line.leave()?;
        }
    }
    seen.times.sort_unstable();
    Ok(Figures {
        statuses: seen.statuses,
        took,
        cpu,
        times: seen.times,
    })
}

const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Seen {
    statuses: BTreeMap<u32, u64>,
    times: Vec<u32>,
    last: Option<Instant>,
}

/// One session.
struct Line {
    link: Link,
    stream: TcpStream,
    template: Vec<u8>,
    /// Where the digits are in the template.
    digits: usize,
    count: u64,
    window: u32,
    out: Vec<u8>,
    written: usize,
    read: Vec<u8>,
    free: Vec<u32>,
    begun: Vec<Instant>,
}

impl Line {
    fn open(load: &Load) -> Result<Self> {
        let link = Link::transceiver(load.to, &load.system_id, &load.password)?;
        let template = Pdu::new(command::SUBMIT_SM, load.message.body()).bytes();
        let digits = template
            .windows(DIGITS.len())
            .position(|w| w == DIGITS)
            .ok_or_else(|| RunError::Broken("no digits in the template".into()))?;
        let stream = link.socket().try_clone().map_err(io("take a connection"))?;
        stream
            .set_nonblocking(true)
            .map_err(io("make a connection not block"))?;
        let window = u32::try_from(load.window).unwrap_or(1);
        Ok(Self {
            link,
            stream,
            template,
            digits,
            count: 0,
            window,
            out: Vec::new(),
            written: 0,
            read: Vec::new(),
            free: (0..window).collect(),
            begun: vec![Instant::now(); load.window],
        })
    }

    fn fill(&mut self, requests: u64, now: Instant) {
        for _ in 0..requests {
            let Some(slot) = self.free.pop() else {
                return;
            };
            self.count += 1;
            let number = format!("{:010}", self.count);
            self.template[self.digits..self.digits + DIGITS.len()]
                .copy_from_slice(number.as_bytes());
            // The slot can be told from it; it differs from the last of this slot, and from the bind's.
            let round = (self.count % 0xffff) as u32 + 1;
            let sequence = round * self.window + slot;
            self.template[12..16].copy_from_slice(&sequence.to_be_bytes());
            self.out.extend_from_slice(&self.template);
            self.begun[slot as usize] = now;
        }
    }

    fn write(&mut self) -> Result {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(n) => self.written += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(io("send to the node")(error)),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }

    fn read(&mut self, seen: &mut Seen) -> Result {
        let mut chunk = [0; 65_536];
        match self.stream.read(&mut chunk) {
            Ok(0) => return Err(RunError::Broken("the node has closed".into())),
            Ok(n) => self.read.extend_from_slice(&chunk[..n]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(io("read from the node")(error)),
        }
        let now = Instant::now();
        let mut at = 0;
        while let Some(length) = frame(&self.read[at..]) {
            let [command, status, sequence] =
                [4, 8, 12].map(|n| word(&self.read[at..], n).unwrap_or(0));
            if command & command::RESP == 0 {
                let Some((pdu, _)) = Pdu::first(&self.read[at..])? else {
                    break;
                };
                let body = if command == command::DELIVER_SM {
                    vec![0]
                } else {
                    Vec::new()
                };
                self.out.extend(pdu.response(status::ROK, body).bytes());
            } else {
                let slot = sequence % self.window;
                let begun = self.begun.get(slot as usize).copied().unwrap_or(now);
                let micros = now.duration_since(begun).as_micros();
                seen.times.push(u32::try_from(micros).unwrap_or(u32::MAX));
                *seen.statuses.entry(status).or_default() += 1;
                self.free.push(slot);
            }
            at += length;
        }
        seen.last = Some(now);
        self.read.drain(..at);
        Ok(())
    }

    fn leave(self) -> Result {
        self.stream
            .set_nonblocking(false)
            .map_err(io("make a connection block"))?;
        self.link.leave()
    }
}

/// The length of the first PDU, if all of it is there.
fn frame(bytes: &[u8]) -> Option<usize> {
    let length = word(bytes, 0)? as usize;
    (length >= HEADER && bytes.len() >= length).then_some(length)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let octets = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(octets.try_into().ok()?))
}

/// Waits until a connection can be read, or written if something is left to be.
fn wait(lines: &[Line], timed: bool) -> Result {
    let mut fds: Vec<PollFd<'_>> = lines
        .iter()
        .map(|line| {
            let mut flags = PollFlags::POLLIN;
            if !line.out.is_empty() {
                flags |= PollFlags::POLLOUT;
            }
            PollFd::new(line.stream.as_fd(), flags)
        })
        .collect();
    let most: u16 = if timed { 5 } else { 30_000 };
    let ready = poll(&mut fds, PollTimeout::from(most));
    ensure(timed || ready.is_ok_and(|n| n > 0), || {
        "no answer in 30 s".to_owned()
    })
}

fn own_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_THREAD);
    let micros = usage.map_or(0, |usage| {
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds()
    });
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
