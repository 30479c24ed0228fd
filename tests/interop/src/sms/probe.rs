//! The probe: PDUs that are wrong in one way each, or sent where they may not be, and what a node must answer to each.
//!
//! With each stimulus a good enquire_link goes in the same segment. It must be answered as if it had come alone, unless the row
//! says that the connection ends. SMPP 3.4 clauses 2, 4 and 5.1.3, 5.0 clause 4.7.6.

mod rows;

pub use rows::all;

use super::ground::PASSWORD;
use super::link::{Came, Link, SOON};
use super::pdu::{Message, Pdu, command, status};
use crate::error::{Result, RunError, ensure};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The node under test and how it is reached.
#[derive(Clone)]
pub struct Target {
    /// Where it listens.
    pub at: SocketAddr,
    /// Over TLS with this, when it is given, to a node of this name.
    pub tls: Option<(Arc<rustls::ClientConfig>, String)>,
    /// An account that may bind.
    pub account: String,
}

/// In which state of a session a stimulus is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bound {
    /// Before a bind.
    Not,
    /// As this.
    As(u32),
}

/// One wrong PDU.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is wrong.
    pub name: &'static str,
    /// Where it is sent.
    pub bound: Bound,
    /// As it is sent.
    pub bytes: Vec<u8>,
    /// What must come.
    pub expect: Expect,
}

/// What must come of a wrong PDU.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// This response with this status and the number that was sent; the session goes on.
    Answer(u32, u32),
    /// The same, then the end of the connection.
    AnswerAndClose(u32, u32),
    /// A generic_nack with this status, whose number cannot be known, then the end of the connection.
    NackAndClose(u32),
    /// Nothing; the session goes on.
    Nothing,
}

/// The number that all stimuli have.
pub const SEQUENCE: u32 = 0x00c0_ffee;
/// That of the good PDU behind it.
const GOOD: u32 = 0x00c0_fff0;

/// How a stimulus and the good PDU behind it are cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// Both in one segment.
    Whole,
    /// Byte by byte.
    Bytes,
}

/// Sends every row on a connection of its own; answers with what did not hold, a line each.
#[must_use]
pub fn run(target: &Target, rows: &[Row], cut: Cut) -> Vec<String> {
    let failed = rows.iter().filter_map(|row| {
        let problem = run_row(target, row, cut).err()?;
        Some(format!("{} ({:?}): {problem}", row.name, row.bound))
    });
    failed.collect()
}

/// Opens a connection, over TLS if the target says so.
///
/// # Errors
/// When the node cannot be reached.
pub fn connect(target: &Target) -> Result<Link> {
    match &target.tls {
        Some((config, name)) => Link::secure(target.at, Arc::clone(config), name),
        None => Link::connect(target.at),
    }
}

fn run_row(target: &Target, row: &Row, cut: Cut) -> Result {
    let mut link = connect(target)?;
    if let Bound::As(by) = row.bound {
        link.bind(by, &target.account, PASSWORD)?;
    }
    let mut good = Pdu::new(command::ENQUIRE_LINK, Vec::new());
    good.sequence = GOOD;
    let bytes = [row.bytes.clone(), good.bytes()].concat();
    match cut {
        Cut::Whole => link.send(&bytes)?,
        Cut::Bytes => {
            for byte in &bytes {
                // It may close before all of it is sent.
                if link.send(&[*byte]).is_err() {
                    break;
                }
                std::thread::yield_now();
            }
        }
    }
    let mut came = Vec::new();
    let close = match row.expect {
        Expect::Answer(..) => {
            take(&mut link, &mut came, 2)?;
            false
        }
        Expect::Nothing => {
            take(&mut link, &mut came, 1)?;
            false
        }
        Expect::AnswerAndClose(..) | Expect::NackAndClose(_) => {
            take(&mut link, &mut came, 1)?;
            true
        }
    };
    // What a service answers may come after the answer to what came later.
    came.sort_by_key(|pdu| pdu.sequence == GOOD);
    if close && came.first().is_some_and(|pdu| pdu.sequence == GOOD) {
        came.clear();
        take(&mut link, &mut came, 1)?;
    }
    let good = came.iter().find(|pdu| pdu.sequence == GOOD);
    let answer = came.iter().find(|pdu| pdu.sequence != GOOD);
    answered(row.expect, answer)?;
    if close {
        return ends(&mut link);
    }
    let as_alone = good.is_some_and(|pong| {
        pong.command == command::ENQUIRE_LINK | command::RESP
            && pong.status == status::ROK
            && pong.body.is_empty()
    });
    ensure(as_alone, || format!("{came:?}: the good PDU behind it"))?;
    if row.bound == Bound::Not {
        link.hang_up();
        return Ok(());
    }
    link.leave()
}

fn take(link: &mut Link, came: &mut Vec<Pdu>, count: usize) -> Result {
    for _ in 0..count {
        came.push(link.expect("an answer")?);
    }
    Ok(())
}

fn answered(expect: Expect, answer: Option<&Pdu>) -> Result {
    let (by, status, sequence) = match expect {
        Expect::Answer(by, status) | Expect::AnswerAndClose(by, status) => {
            (by, status, Some(SEQUENCE))
        }
        Expect::NackAndClose(status) => (command::GENERIC_NACK, status, None),
        Expect::Nothing => {
            return ensure(answer.is_none(), || {
                format!("{answer:?}, where nothing is answered")
            });
        }
    };
    let good = answer.is_some_and(|answer| {
        let numbered = sequence.is_none_or(|sequence| answer.sequence == sequence);
        answer.command == by && answer.status == status && numbered
    });
    ensure(good, || {
        format!("{answer:?} in place of command {by:#x} with status {status:#x}")
    })
}

/// The end of the connection, perhaps behind the answer to the good PDU.
fn ends(link: &mut Link) -> Result {
    match link.receive(SOON)? {
        Came::Closed => Ok(()),
        Came::Pdu(pdu) if pdu.sequence == GOOD => link.expect_close(SOON),
        other @ (Came::Pdu(_) | Came::Nothing) => Err(RunError::Broken(
            format!("{other:?} in place of the end of the connection").into(),
        )),
    }
}

/// So many sessions that are unbound: each gets its response and then the end of the connection.
///
/// # Errors
/// The first that does not.
pub fn unbinds(target: &Target, count: usize) -> Result {
    for _ in 0..count {
        let mut link = connect(target)?;
        link.bind(command::BIND_TRANSCEIVER, &target.account, PASSWORD)?;
        link.leave()?;
    }
    Ok(())
}

/// Accounts that may not do all, as [`ACCOUNTS`] has them: what each is refused, and with what.
///
/// # Errors
/// The first that does not hold.
pub fn accounts(target: &Target) -> Result {
    let bind = |account: &str, by| -> Result<(Link, Pdu)> {
        let mut link = connect(target)?;
        let answer = link.ask(Pdu::new(by, super::pdu::bind(account, PASSWORD, 0x34)))?;
        Ok((link, answer))
    };
    let refused = |account: &str, by, status| -> Result {
        let (mut link, answer) = bind(account, by)?;
        ensure(
            answer.command == by | command::RESP && answer.status == status,
            || format!("the bind of `{account}` was answered {answer:?} in place of {status:#x}"),
        )?;
        link.expect_close(SOON)
    };
    let trx = command::BIND_TRANSCEIVER;
    refused("fenced", trx, status::RBINDFAIL)?;
    refused("mute", command::BIND_RECEIVER, status::RBINDFAIL)?;
    if target.tls.is_none() {
        refused("secure", trx, status::RBINDFAIL)?;
    }
    let (first, answer) = bind("single", trx)?;
    ensure(answer.status == status::ROK, || format!("{answer:?}"))?;
    refused("single", trx, status::RALYBND)?;
    first.leave()?;
    let (mut link, _) = bind("named", trx)?;
    for (from, wanted) in [("12345", status::RINVSRCADR), ("41791", status::ROK)] {
        let message = Message::new(from, "99123", b"whose");
        let (status, _) = link.submit(&message)?;
        ensure(status == wanted, || format!("from {from}: {status:#x}"))?;
    }
    link.leave()
}

/// Names and keys of the accounts of [`accounts`].
pub const ACCOUNTS: [(&str, &str); 5] = [
    ("fenced", "networks = [\"192.0.2.0/24\"]"),
    ("mute", "modes = [\"transmitter\"]"),
    ("secure", "tls = true"),
    ("single", "binds = 1"),
    ("named", "sources = [\"4179*\"]"),
];

/// A connection on which nothing is sent ends within `within`, and not at once.
///
/// # Errors
/// When it does not.
pub fn silence(target: &Target, within: Duration) -> Result {
    let began = std::time::Instant::now();
    connect(target)?.expect_close(within)?;
    let took = began.elapsed();
    ensure(took > Duration::from_millis(500), || {
        format!("it was closed after {took:?}")
    })
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "node at {} (TLS: {})", self.at, self.tls.is_some())
    }
}
