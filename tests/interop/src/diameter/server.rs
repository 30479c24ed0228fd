//! A charging server of our own that misbehaves as it is told: it falls silent, refuses, resets, closes within an answer.
//!
//! It answers each CCR with 2001 while nothing else is asked of it, and writes down every request that came.

use super::link::{Came, Identity, Link};
use super::raw::{RETRANSMITTED, Raw, Seen, code, command, number};
use crate::error::{Result, io};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// What it does with what comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    /// Answers all.
    Good,
    /// Answers watchdogs, and CCRs not at all.
    Idle,
    /// Reads and says nothing, not even to watchdogs.
    Mute,
    /// Answers CCRs with this result code.
    Refuses(u32),
    /// Resets the connection at the next CCR.
    Resets,
    /// Sends half of the answer to the next CCR and closes.
    Halves,
}

/// A CCR that came, or a watchdog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// Which connection it came on, counted from 0.
    pub connection: usize,
    /// See [`command`].
    pub command: u32,
    /// Its End-to-End Identifier.
    pub end_to_end: u32,
    /// Whether its sender said that it may have been sent before.
    pub retransmitted: bool,
}

/// A running one. Ended when dropped.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    identity: Identity,
    mood: Mutex<Mood>,
    seen: Mutex<Vec<Request>>,
    /// CCRs that were left unanswered while it was idle, with their connections.
    held: Mutex<Vec<(usize, Seen)>>,
    connections: Mutex<usize>,
    stop: AtomicBool,
}

const LOOK: Duration = Duration::from_millis(20);

impl Server {
    /// Listens at `at`.
    ///
    /// # Errors
    /// When the address is taken.
    pub fn start(at: SocketAddr, host: &str, realm: &str, mood: Mood) -> Result<Self> {
        Self::over(
            TcpListener::bind(at).map_err(io("listen"))?,
            host,
            realm,
            mood,
        )
    }

    /// The same with a socket that listens already.
    ///
    /// # Errors
    /// When it cannot be waited on.
    pub fn over(listener: TcpListener, host: &str, realm: &str, mood: Mood) -> Result<Self> {
        listener
            .set_nonblocking(true)
            .map_err(io("make a listener not block"))?;
        let shared = Arc::new(Shared {
            identity: Identity::new(host, realm),
            mood: Mutex::new(mood),
            seen: Mutex::default(),
            held: Mutex::default(),
            connections: Mutex::new(0),
            stop: AtomicBool::new(false),
        });
        let theirs = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || accept(&listener, &theirs));
        Ok(Self {
            shared,
            accepting: Some(accepting),
        })
    }

    /// From now on it does this.
    pub fn set(&self, mood: Mood) {
        *lock(&self.shared.mood) = mood;
    }

    /// All that came so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Request> {
        lock(&self.shared.seen).clone()
    }

    /// The CCRs that came so far.
    #[must_use]
    pub fn charged(&self) -> Vec<Request> {
        let mut seen = self.seen();
        seen.retain(|request| request.command == command::CREDIT_CONTROL);
        seen
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        *lock(&self.shared.connections)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(accepting) = self.accepting.take() {
            // A thread that has panicked has said so.
            let _ = accepting.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut served = Vec::new();
    while !shared.stop.load(Ordering::Relaxed) {
        wait(listener);
        while let Ok((stream, _)) = listener.accept() {
            let theirs = Arc::clone(shared);
            let number = {
                let mut connections = lock(&shared.connections);
                *connections += 1;
                *connections - 1
            };
            served.push(std::thread::spawn(move || {
                let Ok(link) = Link::over(stream, theirs.identity.clone()) else {
                    return;
                };
                // What ends a connection is for the test to judge by what came of it.
                let _ = serve(link, number, &theirs);
            }));
        }
    }
    for thread in served {
        let _ = thread.join();
    }
}

fn wait(listener: &TcpListener) {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut fds = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    // An interrupted wait is only a shorter one.
    let _ = poll(&mut fds, PollTimeout::from(20_u16));
}

fn serve(mut link: Link, connection: usize, shared: &Shared) -> Result {
    // Over an accepted socket that inherited the listener's mode.
    link.socket()
        .set_nonblocking(false)
        .map_err(io("make a connection block"))?;
    while !shared.stop.load(Ordering::Relaxed) {
        let mood = *lock(&shared.mood);
        if mood == Mood::Good {
            let mut held = std::mem::take(&mut *lock(&shared.held));
            held.retain(|(on, request)| {
                *on != connection || charge(&mut link, request, 2001).is_err()
            });
            lock(&shared.held).append(&mut held);
        }
        let request = match link.receive_any(LOOK) {
            Came::Message(seen) if seen.is_request() => seen,
            Came::Message(_) | Came::Nothing => continue,
            Came::Closed => return Ok(()),
        };
        lock(&shared.seen).push(Request {
            connection,
            command: request.command(),
            end_to_end: request.end_to_end(),
            retransmitted: request.flags() & RETRANSMITTED != 0,
        });
        if !answer(&mut link, &request, *lock(&shared.mood), shared, connection)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether the connection goes on.
fn answer(
    link: &mut Link,
    request: &Seen,
    mood: Mood,
    shared: &Shared,
    connection: usize,
) -> Result<bool> {
    let charged = request.command() == command::CREDIT_CONTROL;
    match (request.command(), mood) {
        (_, Mood::Mute) => {}
        (command::CAPABILITIES_EXCHANGE, _) => {
            let answer = Raw::answer(request).with(&number(code::RESULT_CODE, 2001));
            link.send(&answer.with(&link.identity.capabilities()).bytes())?;
        }
        (_, Mood::Idle) if charged => lock(&shared.held).push((connection, request.clone())),
        (_, Mood::Refuses(code)) if charged => charge(link, request, code)?,
        (_, Mood::Resets) if charged => {
            reset(link);
            return Ok(false);
        }
        (_, Mood::Halves) if charged => {
            let answer = Raw::answer(request)
                .with(&number(code::RESULT_CODE, 2001))
                .bytes();
            link.send(&answer[..answer.len() / 2])?;
            return Ok(false);
        }
        _ if charged => charge(link, request, 2001)?,
        (command::DISCONNECT_PEER, _) => {
            link.answer(request, 2001, &[])?;
            return Ok(false);
        }
        _ => link.answer(request, 2001, &[])?,
    }
    Ok(true)
}

fn charge(link: &mut Link, request: &Seen, result: u32) -> Result {
    let copied = [code::CC_REQUEST_TYPE, code::CC_REQUEST_NUMBER]
        .into_iter()
        .filter_map(|code| Some(number(code, request.number(code)?)));
    let mut avps = number(code::AUTH_APPLICATION_ID, super::raw::CREDIT);
    avps.extend(copied.flatten());
    link.answer(request, result, &avps)
}

/// Closes it so that the other end gets a RST.
fn reset(link: &Link) {
    let socket = socket2::SockRef::from(link.socket());
    // Without it the other end gets a FIN, and the test says so.
    let _ = socket.set_linger(Some(Duration::ZERO));
}
