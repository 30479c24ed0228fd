//! Tokens tried before the management API while calls go through: each guess is refused, and the calls do not notice.

use super::load::timed;
use super::{median, spec};
use crate::error::{Result, RunError, ensure, io};
use crate::node::Node;
use crate::operator::{Operator, address, listening, own_token};
use crate::sipp::Totals;
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);
/// Threads that guess: the rate is shared among them.
const GUESSERS: u8 = 4;
/// After so many guesses another address is used: an address that guesses more often is not listened to.
const FROM_ONE: u32 = 19;

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Tokens {
    /// Calls per second.
    pub rate: u32,
    /// For how long calls are made, without guesses and then with.
    pub seconds: u32,
    /// How often, one after the other, so that what else the machine does falls on both.
    pub rounds: u8,
    /// Guesses per second, each on a connection of its own.
    pub guesses: u32,
    /// How much longer the 99th percentile of the time to an answer may be with them, in milliseconds: of the medians of the
    /// rounds.
    pub slower: u64,
    /// Octet of the loopback address.
    pub host: u8,
}

/// How guesses were answered.
#[derive(Clone, Copy, Debug, Default)]
struct Guessed {
    /// With 401: the token was looked at.
    refused: u32,
    /// With 429: the address is not listened to.
    unheard: u32,
    /// In another way, or not at all.
    other: u32,
}

/// Calls with and without guesses.
///
/// # Errors
/// What did not hold.
pub fn guessed(size: Tokens, dir: &Path) -> Result<String> {
    let mut spec = spec(size.host, dir, "tokens");
    spec.more = listening(&spec);
    let node = Node::start(&spec)?;
    let calls = u64::from(size.rate) * u64::from(size.seconds);
    let before = node.resident_kib()?;
    let (mut all, mut took) = (Guessed::default(), Duration::ZERO);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..size.rounds {
        let quiet = timed(size.rate, size.seconds, spec.sip)?;
        let begun = Instant::now();
        let loud = beside((size, round), address(&spec), &mut all, || {
            timed(size.rate, size.seconds, spec.sip)
        })?;
        took += begun.elapsed();
        quiet.expect_clean(calls)?;
        loud.expect_clean(calls)?;
        without.push(quiet.percentile(99));
        with.push(loud.percentile(99));
    }
    let after = node.resident_kib()?;
    judge(size, all, took)?;
    let rounds = format!("{without:?} without and {with:?} with");
    let [without, with] = [without, with].map(|mut all| median(&mut all).unwrap_or(u64::MAX));
    ensure(with <= without + size.slower, || {
        format!(
            "99 % of calls were answered within {with} ms, and without guesses within {without} ms: {rounds}"
        )
    })?;
    let mut operator = Operator::connect(&spec)?;
    operator.token = Some(own_token(&spec)?);
    ensure(operator.get("/v1/whoami")?["scope"] == "admin", || {
        "the right token is not taken".to_owned()
    })?;
    Ok(format!(
        "{} times {calls} calls at {}/s: 99 % answered within {without} ms, and beside {} guesses ({:.0}/s, {} compared) within \
         {with} ms ({rounds}); resident {before} then {after} KiB",
        size.rounds,
        size.rate,
        all.refused + all.unheard,
        f64::from(all.refused + all.unheard) / took.as_secs_f64(),
        all.refused,
    ))
}

/// Has `calls` made beside guesses, which are added to `all`.
fn beside(
    (size, round): (Tokens, u8),
    to: SocketAddr,
    all: &mut Guessed,
    calls: impl FnOnce() -> Result<Totals>,
) -> Result<Totals> {
    let ended = Arc::new(AtomicBool::new(false));
    let guessers: Vec<JoinHandle<Guessed>> = (0..GUESSERS)
        .map(|nth| {
            let ended = Arc::clone(&ended);
            std::thread::spawn(move || guess(GUESSERS * round + nth, size, to, &ended))
        })
        .collect();
    let totals = calls();
    ended.store(true, Ordering::Relaxed);
    for guesser in guessers {
        let its = guesser
            .join()
            .map_err(|_| RunError::Broken("a guesser panicked".into()))?;
        all.refused += its.refused;
        all.unheard += its.unheard;
        all.other += its.other;
    }
    totals
}

/// As many guesses as there should have been, most of them compared, and none let in.
fn judge(size: Tokens, all: Guessed, took: Duration) -> Result {
    let wanted = f64::from(size.guesses) * took.as_secs_f64() * 0.9;
    ensure(f64::from(all.refused + all.unheard) >= wanted, || {
        format!("not {} guesses a second: {all:?} in {took:?}", size.guesses)
    })?;
    ensure(all.other == 0 && all.refused > all.unheard, || {
        format!("guesses were answered otherwise: {all:?}")
    })
}

/// One guess after the other at its share of the rate, from addresses that are this guesser's alone.
fn guess(nth: u8, size: Tokens, to: SocketAddr, ended: &AtomicBool) -> Guessed {
    let mut guessed = Guessed::default();
    let (begun, every) = (
        Instant::now(),
        Duration::from_secs(1) * u32::from(GUESSERS) / size.guesses,
    );
    let mut n = 0;
    while !ended.load(Ordering::Relaxed) {
        if begun.elapsed() < every * n {
            std::thread::park_timeout(every / 2);
            continue;
        }
        let [_, _, high, low] = (n / FROM_ONE + 1).to_be_bytes();
        let from = Ipv4Addr::new(127, 200 + nth, high, low);
        match refusal(from, to, n) {
            Ok(401) => guessed.refused += 1,
            Ok(429) => guessed.unheard += 1,
            _ => guessed.other += 1,
        }
        n += 1;
    }
    guessed
}

/// The status that a wrong token is answered with.
fn refusal(from: Ipv4Addr, to: SocketAddr, n: u32) -> Result<u16> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).map_err(io("make a socket"))?;
    let from = SocketAddr::from((from, 0));
    socket.bind(&from.into()).map_err(io("bind a socket"))?;
    socket
        .connect_timeout(&to.into(), SOON)
        .map_err(io("connect to the API"))?;
    let mut stream: TcpStream = socket.into();
    stream
        .set_read_timeout(Some(SOON))
        .map_err(io("set a timeout"))?;
    let request = format!(
        "POST /v1/services/b2bua/deactivate HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {n:064x}\r\n\
         Connection: close\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).map_err(io("guess"))?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .map_err(io("read an answer"))?;
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    status.ok_or_else(|| RunError::Broken(format!("not HTTP: {answer}").into()))
}
