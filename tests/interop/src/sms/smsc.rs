//! A scripted SMSC: it takes every bind, answers submits as it is told, sends receipts and messages, and keeps book.
//!
//! It runs on a thread of its own and stays while nodes before it come and go.

use super::pdu::{self, Message, Pdu, RECEIPT, command, state, status, tag};
use crate::error::{Result, RunError, ensure, io};
use crate::node::pause;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How submits are answered, and what follows.
#[derive(Clone, Debug)]
pub struct Script {
    /// Statuses of submits, in the order in which these come; the rest is taken.
    pub statuses: VecDeque<u32>,
    /// How many submits get no answer at all; before `statuses` begin.
    pub silent: usize,
    /// How ids are written in responses and in receipts.
    pub ids: Ids,
    /// When a receipt that is asked for is sent.
    pub receipts: Receipts,
    /// What a receipt says.
    pub form: Form,
    /// Which state it tells.
    pub state: u8,
    /// Answers no enquire_link.
    pub deaf: bool,
    /// Remembers submits, and not only their number.
    pub keeps: bool,
    /// How many of its deliver_sm may be without response.
    pub window: usize,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            statuses: VecDeque::new(),
            silent: 0,
            ids: Ids::Hex,
            receipts: Receipts::Never,
            form: Form::Both,
            state: state::DELIVERED,
            deaf: false,
            keeps: true,
            window: 50,
        }
    }
}

/// Forms of one id: in the response, then in the receipt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Ids {
    Hex,
    HexThenDecimal,
    DecimalThenHex,
    PaddedThenBare,
    LowerThenUpper,
    /// The receipt tells an id that no response had.
    HexThenUnknown,
}

impl Ids {
    /// All whose receipts can be told to belong to their responses.
    pub const KNOWN: [Self; 5] = [
        Self::Hex,
        Self::HexThenDecimal,
        Self::DecimalThenHex,
        Self::PaddedThenBare,
        Self::LowerThenUpper,
    ];

    fn forms(self, number: u64) -> (String, String) {
        let (lower, upper) = (format!("{number:x}"), format!("{number:X}"));
        match self {
            Self::Hex => (lower.clone(), lower),
            Self::HexThenDecimal => (lower, number.to_string()),
            Self::DecimalThenHex => (number.to_string(), lower),
            Self::PaddedThenBare => (format!("{number:016X}"), upper),
            Self::LowerThenUpper => (lower, upper),
            Self::HexThenUnknown => (lower, format!("{:x}", number ^ 0x0f00_0000_0000)),
        }
    }
}

/// When receipts are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Receipts {
    /// Not at all.
    Never,
    /// After the response.
    After,
    /// Before the response.
    Before,
}

/// Where a receipt has what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// In its text.
    Text,
    /// In receipted_message_id and message_state.
    Tlvs,
    /// In both.
    Both,
}

/// A submit_sm that came.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// When.
    pub at: Instant,
    /// Its body.
    pub message: Message,
    /// What it was answered, if anything.
    pub status: Option<u32>,
}

/// A bind that came.
#[derive(Clone, Debug)]
pub struct Bound {
    /// When.
    pub at: Instant,
    /// bind_transmitter, bind_receiver or bind_transceiver.
    pub command: u32,
    /// system_id.
    pub system_id: String,
}

/// What happened.
#[derive(Debug, Default)]
pub struct Book {
    /// Submits.
    pub submits: Vec<Submitted>,
    /// Their number, if they are not kept.
    pub count: u64,
    /// Binds.
    pub binds: Vec<Bound>,
    /// Unbinds.
    pub unbinds: u64,
    /// enquire_link that came.
    pub enquiries: u64,
    /// Statuses of deliver_sm_resp.
    pub answers: Vec<u32>,
    /// What came that cannot be read.
    pub problems: Vec<String>,
    /// Most submits without an answer of ours at once.
    pub unanswered: usize,
}

#[derive(Debug, Default)]
struct Shared {
    book: Book,
    script: Script,
    outgoing: VecDeque<Message>,
    /// Connections are to be closed.
    hang_up: bool,
    /// How many connections are bound.
    bound: usize,
}

/// A running one; it ends when it is dropped.
#[derive(Debug)]
pub struct Smsc {
    at: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Smsc {
    /// Listens at `at`.
    ///
    /// # Errors
    /// When it cannot.
    pub fn start(at: SocketAddr, script: Script) -> Result<Self> {
        let listener = TcpListener::bind(at).map_err(io("listen as an SMSC"))?;
        listener
            .set_nonblocking(true)
            .map_err(io("listen as an SMSC"))?;
        let shared = Arc::new(Mutex::new(Shared {
            script,
            ..Shared::default()
        }));
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = Running {
            listener,
            conns: Vec::new(),
            shared: Arc::clone(&shared),
            stop: Arc::clone(&stop),
            next_id: 0x1a2b_3c4d_5e6f,
        };
        let thread = std::thread::Builder::new()
            .name("smsc".to_owned())
            .spawn(move || running.run())
            .map_err(io("start an SMSC"))?;
        Ok(Self {
            at,
            shared,
            stop,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// From now on it answers so.
    pub fn set(&self, script: Script) {
        self.lock().script = script;
    }

    /// Has these delivered, in this order, on whichever connection can take them.
    pub fn deliver(&self, messages: impl IntoIterator<Item = Message>) {
        self.lock().outgoing.extend(messages);
    }

    /// Closes its connections.
    pub fn hang_up(&self) {
        self.lock().hang_up = true;
    }

    /// Looks into the book.
    pub fn read<T>(&self, look: impl FnOnce(&Book) -> T) -> T {
        look(&self.lock().book)
    }

    /// Writes a new book; the old one is answered.
    pub fn turn_page(&self) -> Book {
        std::mem::take(&mut self.lock().book)
    }

    /// How many connections are bound.
    #[must_use]
    pub fn bound(&self) -> usize {
        self.lock().bound
    }

    /// Waits until `holds` of the book.
    ///
    /// # Errors
    /// When it does not in time; `what` is told.
    pub fn wait(&self, what: &str, within: Duration, holds: impl Fn(&Book) -> bool) -> Result {
        let deadline = Instant::now() + within;
        while !self.read(&holds) {
            ensure(Instant::now() < deadline, || {
                let told = self.read(|book| {
                    format!(
                        "{} submits, {} binds, {} answers, problems {:?}",
                        book.submits.len() as u64 + book.count,
                        book.binds.len(),
                        book.answers.len(),
                        book.problems
                    )
                });
                format!("no {what} within {within:?}: the SMSC has {told}")
            })?;
            pause();
        }
        self.healthy()
    }

    /// Waits until so many connections are bound.
    ///
    /// # Errors
    /// When they are not in time.
    pub fn wait_bound(&self, count: usize, within: Duration) -> Result {
        let deadline = Instant::now() + within;
        while self.bound() != count {
            ensure(Instant::now() < deadline, || {
                format!("{} connections are bound, not {count}", self.bound())
            })?;
            pause();
        }
        Ok(())
    }

    /// Nothing came that could not be read.
    ///
    /// # Errors
    /// What did.
    pub fn healthy(&self) -> Result {
        self.read(|book| match book.problems.first() {
            None => Ok(()),
            Some(problem) => Err(RunError::Broken(problem.as_str().into())),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Smsc {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Running {
    listener: TcpListener,
    conns: Vec<Conn>,
    shared: Arc<Mutex<Shared>>,
    stop: Arc<AtomicBool>,
    next_id: u64,
}

struct Conn {
    stream: TcpStream,
    read: Vec<u8>,
    out: Vec<u8>,
    written: usize,
    /// By which bind it is bound; 0 before.
    mode: u32,
    unanswered: usize,
    sequence: u32,
    /// It has unbound: what there is to send is the last.
    leaving: bool,
    open: bool,
}

/// How long it waits for sockets before it looks for orders.
const LOOK: u16 = 5;

impl Running {
    fn run(&mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            self.wait();
            self.accept();
            let shared = Arc::clone(&self.shared);
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            for conn in &mut self.conns {
                if let Err(problem) = conn.serve(&mut shared, &mut self.next_id) {
                    shared.book.problems.push(problem.to_string());
                    conn.open = false;
                }
            }
            self.conns.retain(|conn| conn.open);
            if std::mem::take(&mut shared.hang_up) {
                self.conns.clear();
            }
            for conn in &mut self.conns {
                conn.deliver(&mut shared);
            }
            shared.bound = self.conns.iter().filter(|conn| conn.mode != 0).count();
            drop(shared);
            for conn in &mut self.conns {
                conn.write();
            }
        }
    }

    fn wait(&self) {
        let mut fds = vec![PollFd::new(self.listener.as_fd(), PollFlags::POLLIN)];
        fds.extend(self.conns.iter().map(|conn| {
            let more = if conn.out.is_empty() {
                PollFlags::empty()
            } else {
                PollFlags::POLLOUT
            };
            PollFd::new(conn.stream.as_fd(), PollFlags::POLLIN | more)
        }));
        // An interrupted wait is only a shorter one.
        let _ = poll(&mut fds, PollTimeout::from(LOOK));
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            if stream.set_nonblocking(true).is_err() || stream.set_nodelay(true).is_err() {
                continue;
            }
            self.conns.push(Conn {
                stream,
                read: Vec::new(),
                out: Vec::new(),
                written: 0,
                mode: 0,
                unanswered: 0,
                sequence: 0,
                leaving: false,
                open: true,
            });
        }
    }
}

impl Conn {
    /// Takes what came and answers it.
    fn serve(&mut self, shared: &mut Shared, next_id: &mut u64) -> Result {
        let mut chunk = [0; 65_536];
        match self.stream.read(&mut chunk) {
            Ok(0) => self.open = false,
            Ok(n) => self.read.extend_from_slice(&chunk[..n]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            // A node that was killed resets its connections.
            Err(_) => self.open = false,
        }
        let mut at = 0;
        while let Some((pdu, length)) = Pdu::first(&self.read[at..])? {
            at += length;
            self.take(&pdu, shared, next_id)?;
        }
        self.read.drain(..at);
        Ok(())
    }

    fn take(&mut self, pdu: &Pdu, shared: &mut Shared, next_id: &mut u64) -> Result {
        match pdu.command {
            command::BIND_TRANSMITTER | command::BIND_RECEIVER | command::BIND_TRANSCEIVER => {
                self.mode = pdu.command;
                shared.book.binds.push(Bound {
                    at: Instant::now(),
                    command: pdu.command,
                    system_id: pdu.text(),
                });
                let body = [
                    pdu::cstring(b"scripted"),
                    pdu::tlv(tag::SC_INTERFACE_VERSION, &[0x34]),
                ];
                self.answer(pdu, status::ROK, body.concat());
            }
            command::SUBMIT_SM => self.submitted(pdu, shared, next_id)?,
            command::ENQUIRE_LINK => {
                shared.book.enquiries += 1;
                if !shared.script.deaf {
                    self.answer(pdu, status::ROK, Vec::new());
                }
            }
            command::UNBIND => {
                shared.book.unbinds += 1;
                self.mode = 0;
                self.leaving = true;
                self.answer(pdu, status::ROK, Vec::new());
            }
            _ if pdu.is_response() => {
                if pdu.command == command::DELIVER_SM | command::RESP {
                    self.unanswered = self.unanswered.saturating_sub(1);
                    shared.book.answers.push(pdu.status);
                }
            }
            other => {
                let text = format!("the SMSC was sent command {other:#x}");
                return Err(RunError::Broken(text.into()));
            }
        }
        Ok(())
    }

    fn submitted(&mut self, pdu: &Pdu, shared: &mut Shared, next_id: &mut u64) -> Result {
        let unread =
            || RunError::Broken(format!("a submit_sm that cannot be read: {pdu:?}").into());
        let message = Message::read(&pdu.body).ok_or_else(unread)?;
        let script = &mut shared.script;
        let answer = if script.silent > 0 {
            script.silent -= 1;
            None
        } else {
            Some(script.statuses.pop_front().unwrap_or(status::ROK))
        };
        *next_id += 1;
        let (told, receipted) = script.ids.forms(*next_id);
        let receipt = (message.registered & 3 != 0 && answer == Some(status::ROK))
            .then(|| receipt(&message, &receipted, script.form, script.state));
        if script.receipts == Receipts::Before
            && let Some(receipt) = &receipt
        {
            self.request(receipt);
        }
        match answer {
            Some(status::ROK) => self.answer(pdu, status::ROK, pdu::cstring(told.as_bytes())),
            Some(status) => self.answer(pdu, status, Vec::new()),
            None => shared.book.unanswered += 1,
        }
        if script.receipts == Receipts::After
            && let Some(receipt) = receipt
        {
            // Behind the response, in the window.
            shared.outgoing.push_back(receipt);
        }
        if script.keeps {
            shared.book.submits.push(Submitted {
                at: Instant::now(),
                message,
                status: answer,
            });
        } else {
            shared.book.count += 1;
        }
        Ok(())
    }

    fn deliver(&mut self, shared: &mut Shared) {
        if ![command::BIND_RECEIVER, command::BIND_TRANSCEIVER].contains(&self.mode) {
            return;
        }
        while self.unanswered < shared.script.window
            && let Some(message) = shared.outgoing.pop_front()
        {
            self.request(&message);
        }
    }

    fn request(&mut self, message: &Message) {
        self.sequence += 1;
        let mut pdu = Pdu::new(command::DELIVER_SM, message.body());
        pdu.sequence = self.sequence;
        self.unanswered += 1;
        self.out.extend(pdu.bytes());
    }

    fn answer(&mut self, pdu: &Pdu, status: u32, body: Vec<u8>) {
        self.out.extend(pdu.response(status, body).bytes());
    }

    fn write(&mut self) {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(n) => self.written += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.open = false;
                    return;
                }
            }
        }
        self.out.clear();
        self.written = 0;
        self.open &= !self.leaving;
    }
}

/// A receipt for this message.
#[must_use]
pub fn receipt(of: &Message, id: &str, form: Form, state: u8) -> Message {
    let words = [
        "?", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD",
    ];
    let word = words.get(usize::from(state)).copied().unwrap_or("UNKNOWN");
    let delivered = u8::from(state == state::DELIVERED);
    let text = format!(
        "id:{id} sub:001 dlvrd:00{delivered} submit date:2611211800 done date:2611211801 stat:{word} err:000 text:"
    );

    let mut receipt = Message {
        source: of.destination.clone(),
        destination: of.source.clone(),
        esm_class: RECEIPT,
        ..Message::default()
    };
    if form != Form::Tlvs {
        receipt.short_message = text.into_bytes();
    }
    if form != Form::Text {
        receipt = receipt
            .with(tag::RECEIPTED_MESSAGE_ID, &pdu::cstring(id.as_bytes()))
            .with(tag::MESSAGE_STATE, &[state]);
    }
    receipt
}
