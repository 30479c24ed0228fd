//! Many CCRs: so many connections, so many requests in flight on each, one thread. What benchmarks of a node are made with.
//!
//! A request is a template in which two identifiers and the digits of a Session-Id are written over; of an answer the length,
//! the Hop-by-Hop Identifier and the Result-Code are read. So what is measured is the node.

use super::link::{Identity, Link, credit_control};
use super::raw::{code, command, number};
use crate::error::{Result, RunError, ensure, io};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// To whom.
    pub to: SocketAddr,
    /// Of which realm he is.
    pub realm: &'static str,
    /// How many connections.
    pub connections: usize,
    /// How many requests are in flight on each.
    pub window: usize,
    /// CC-Request-Type: 4 is an event, after which nothing is left; 1 opens a session.
    pub kind: u32,
    /// Requests a second at most, if it is not as many as are answered.
    pub rate: Option<f64>,
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
    /// Good answers.
    pub answers: u64,
    /// From the first request to the last answer.
    pub took: Duration,
    /// CPU time of this thread.
    pub cpu: Duration,
    /// Times of the answers in microseconds, in order: of as many as are kept.
    times: Vec<u32>,
}

/// Times that are kept at most.
const TIMES: usize = 10_000_000;
/// How long no answer may come.
const SILENCE: Duration = Duration::from_secs(10);
/// How often one who holds back looks whether more may be sent.
const TICK: Duration = Duration::from_millis(1);

impl Figures {
    /// Good answers in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.answers as f64 / self.took.as_secs_f64()
    }

    /// The time within which this share of the answers came.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.times.len().saturating_sub(1);
        let at = (last as f64 * share) as usize;
        let time = self.times.get(at).copied().unwrap_or(0);
        Duration::from_micros(u64::from(time))
    }
}

/// Runs it.
///
/// # Errors
/// When the node cannot be reached, refuses a request, or closes.
pub fn run(load: Load, until: Until) -> Result<Figures> {
    let mut lines = Vec::new();
    for n in 0..load.connections {
        lines.push(Line::open(load, n)?);
    }
    let (began, cpu) = (Instant::now(), own_cpu());
    let mut times = Vec::new();
    let most = match until {
        Until::Over(_) => u64::MAX,
        Until::Answered(count) => count,
    };
    let over = |now: Instant| match until {
        Until::Over(time) => now.duration_since(began) >= time,
        Until::Answered(_) => false,
    };
    let (mut sent, mut answers) = (0_u64, 0);
    let mut ending = false;
    let mut heard = began;
    loop {
        let now = Instant::now();
        ending |= over(now) || sent >= most;
        if !ending {
            let due = load.rate.map_or(u64::MAX, |rate| {
                (now.duration_since(began).as_secs_f64() * rate) as u64
            });
            for line in &mut lines {
                let free = (line.free.len() as u64).min(most.min(due).saturating_sub(sent));
                line.fill(free, now);
                sent += free;
            }
        }
        for line in &mut lines {
            line.write()?;
        }
        if ending && answers == sent {
            break;
        }
        wait(&lines, load.rate.map_or(SILENCE, |_| TICK))?;
        let before = answers;
        for line in &mut lines {
            answers += line.read(&mut times)?;
        }
        if answers > before || answers == sent {
            heard = now;
        }
        ensure(now.duration_since(heard) < SILENCE, || {
            format!("no answer in {SILENCE:?}")
        })?;
    }
    let took = began.elapsed();
    times.sort_unstable();
    Ok(Figures {
        answers,
        took,
        cpu: own_cpu().saturating_sub(cpu),
        times,
    })
}

/// One connection.
struct Line {
    stream: TcpStream,
    template: Vec<u8>,
    /// Where the digits of the Session-Id are in the template.
    digits: usize,
    count: u32,
    out: Vec<u8>,
    written: usize,
    read: Vec<u8>,
    free: Vec<u32>,
    begun: Vec<Instant>,
}

/// Digits of the Session-Id that differ.
const DIGITS: usize = 10;

impl Line {
    fn open(load: Load, n: usize) -> Result<Self> {
        let host = format!("load{n}.hand.example");
        let mut link = Link::connect(load.to, None, Identity::new(&host, "hand.example"))?;
        link.greet()?;
        let session = format!("{host};1;{}", "0".repeat(DIGITS));
        let mut request = credit_control(&link.identity, &session, load.realm, load.kind, 0);
        if load.kind == 4 {
            request = request.with(&number(code::REQUESTED_ACTION, 0));
        }
        let template = request.bytes();
        let zeros = "0".repeat(DIGITS);
        let digits = template
            .windows(DIGITS)
            .position(|w| w == zeros.as_bytes())
            .ok_or_else(|| RunError::Broken("no digits in the template".into()))?;
        let stream = link.socket().try_clone().map_err(io("take a connection"))?;
        stream
            .set_nonblocking(true)
            .map_err(io("make a connection not block"))?;
        let now = Instant::now();
        Ok(Self {
            stream,
            template,
            digits,
            count: 0,
            out: Vec::new(),
            written: 0,
            read: Vec::new(),
            free: (0..load.window as u32).collect(),
            begun: vec![now; load.window],
        })
    }

    fn fill(&mut self, requests: u64, now: Instant) {
        for _ in 0..requests {
            let Some(slot) = self.free.pop() else {
                return;
            };
            self.count += 1;
            let number = format!("{:010}", self.count);
            self.template[self.digits..self.digits + DIGITS].copy_from_slice(number.as_bytes());
            self.template[12..16].copy_from_slice(&slot.to_be_bytes());
            self.template[16..20].copy_from_slice(&self.count.to_be_bytes());
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

    /// Takes what came; how many answers that were.
    fn read(&mut self, times: &mut Vec<u32>) -> Result<u64> {
        let mut chunk = [0; 65_536];
        match self.stream.read(&mut chunk) {
            Ok(0) => return Err(RunError::Broken("the node has closed".into())),
            Ok(n) => self.read.extend_from_slice(&chunk[..n]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(io("read from the node")(error)),
        }
        let now = Instant::now();
        let (mut at, mut answers) = (0, 0);
        while let Some(length) = frame(&self.read[at..]) {
            let message = at..at + length;
            at += length;
            let answer = &self.read[message];
            if answer[4] & super::raw::REQUEST != 0 {
                let reply = reply(answer);
                self.out.extend_from_slice(&reply);
                continue;
            }
            ensure(result_code(answer) == Some(2001), || {
                format!("an answer says {:?}", result_code(answer))
            })?;
            let slot = u32::from_be_bytes([answer[12], answer[13], answer[14], answer[15]]);
            let begun = self.begun.get(slot as usize).copied().unwrap_or(now);
            let micros = now.duration_since(begun).as_micros();
            if times.len() < TIMES {
                times.push(u32::try_from(micros).unwrap_or(u32::MAX));
            }
            answers += 1;
            self.free.push(slot);
        }
        self.read.drain(..at);
        Ok(answers)
    }
}

/// The length of the first message, if all of it is there.
fn frame(bytes: &[u8]) -> Option<usize> {
    let head = bytes.get(..20)?;
    let length = usize::from(head[1]) << 16 | usize::from(head[2]) << 8 | usize::from(head[3]);
    (length >= 20 && bytes.len() >= length).then_some(length)
}

/// The Result-Code, by walking over the AVPs.
fn result_code(answer: &[u8]) -> Option<u32> {
    let found = super::raw::avps_of(answer).find(|avp| avp.code == code::RESULT_CODE)?;
    Some(u32::from_be_bytes(found.data.try_into().ok()?))
}

/// What a watchdog is answered with.
fn reply(request: &[u8]) -> Vec<u8> {
    let seen = super::raw::Seen::whole(request);
    let identity = Identity::new("load.hand.example", "hand.example");
    let watchdog = seen.command() == command::DEVICE_WATCHDOG;
    let result = if watchdog { 2001 } else { 3001 };
    super::raw::Raw::answer(&seen)
        .with(&number(code::RESULT_CODE, result))
        .with(&identity.origin())
        .bytes()
}

/// Waits until a connection can be read, or written if something is left to be, or the time is over.
fn wait(lines: &[Line], within: Duration) -> Result {
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
    let millis = u16::try_from(within.as_millis()).unwrap_or(u16::MAX);
    let ready = poll(&mut fds, PollTimeout::from(millis));
    ready
        .map(drop)
        .map_err(|error| io("wait for answers")(error.into()))
}

fn own_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_THREAD);
    let micros = usage.map_or(0, |usage| {
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds()
    });
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
