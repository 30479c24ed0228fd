//! An ESME that keeps book: it submits numbered messages in a window, knows which were taken, and goes on after the node was
//! away.

use super::link::{Came, Link};
use super::pdu::{Message, Pdu, command, status};
use crate::error::{Result, ensure, io};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long something is written at most.
const WRITTEN_WITHIN: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug)]
pub struct Esme {
    to: SocketAddr,
    account: String,
    password: String,
    window: usize,
    link: Option<Link>,
    /// Sequence number and number of what is in flight.
    flying: BTreeMap<u32, u32>,
    /// The number of the next message.
    pub next: u32,
    /// Ids of what was taken.
    pub taken: BTreeMap<u32, String>,
    /// Numbers of what had no response before a connection ended: it may have been taken.
    pub unknown: Vec<u32>,
    /// What was refused, with its status.
    pub refused: Vec<(u32, u32)>,
    /// Ids of receipts that came, in their order, with the word for the state.
    pub receipts: Vec<(String, String)>,
    /// What else was delivered.
    pub messages: Vec<Message>,
}

impl Esme {
    /// One of this account, not connected yet.
    #[must_use]
    pub fn new(to: SocketAddr, account: &str, password: &str, window: usize) -> Self {
        Self {
            to,
            account: account.to_owned(),
            password: password.to_owned(),
            window,
            link: None,
            flying: BTreeMap::new(),
            next: 0,
            taken: BTreeMap::new(),
            unknown: Vec::new(),
            refused: Vec::new(),
            receipts: Vec::new(),
            messages: Vec::new(),
        }
    }

    /// Whether all up to `count` are submitted, and none is in flight.
    #[must_use]
    pub fn is_done(&self, count: u32) -> bool {
        self.next >= count && self.flying.is_empty()
    }

    /// Submits what there is room for, up to `count` in all, and takes what comes within `within`. Connects if it must.
    ///
    /// # Errors
    /// When it is not let in, or what comes is no SMPP.
    pub fn work(&mut self, count: u32, make: impl Fn(u32) -> Message, within: Duration) -> Result {
        let deadline = Instant::now() + within;
        let Some(mut link) = self.connected()? else {
            return Ok(());
        };
        let mut batch = Vec::new();
        while self.next < count && self.flying.len() < self.window {
            let pdu = link.numbered(Pdu::new(command::SUBMIT_SM, make(self.next).body()));
            batch.extend(pdu.bytes());
            self.flying.insert(pdu.sequence, self.next);
            self.next += 1;
        }
        if !batch.is_empty() && link.send(&batch).is_err() {
            self.lost();
            return Ok(());
        }
        // At least what is there already.
        let mut left = deadline.saturating_duration_since(Instant::now());
        loop {
            match link.receive(left)? {
                Came::Pdu(pdu) => {
                    if self.take(&pdu) && link.accept(&pdu).is_err() {
                        self.lost();
                        return Ok(());
                    }
                    // What came with it is taken too, without waiting for more.
                    left = Duration::ZERO;
                }
                Came::Closed => {
                    self.lost();
                    return Ok(());
                }
                Came::Nothing => break,
            }
        }
        self.link = Some(link);
        Ok(())
    }

    /// Takes what comes until `holds`.
    ///
    /// # Errors
    /// When it does not within `within`.
    pub fn until(&mut self, what: &str, within: Duration, holds: impl Fn(&Self) -> bool) -> Result {
        let deadline = Instant::now() + within;
        while !holds(self) {
            ensure(Instant::now() < deadline, || {
                format!(
                    "no {what} within {within:?}: {} taken, {} refused, {} receipts, {} messages",
                    self.taken.len(),
                    self.refused.len(),
                    self.receipts.len(),
                    self.messages.len()
                )
            })?;
            let none = |_| Message::default();
            self.work(0, none, Duration::from_millis(50))?;
        }
        Ok(())
    }

    /// Unbinds, if it is bound.
    ///
    /// # Errors
    /// When the node does not let it go.
    pub fn leave(&mut self) -> Result {
        match self.link.take() {
            Some(link) => link.leave(),
            None => Ok(()),
        }
    }

    /// Ends the connection without a word, if there is one.
    pub fn hang_up(&mut self) {
        self.link = None;
        self.lost();
    }

    /// The connection, if there is one or the node takes one.
    fn connected(&mut self) -> Result<Option<Link>> {
        if let Some(link) = self.link.take() {
            return Ok(Some(link));
        }
        let Ok(mut link) = Link::connect(self.to) else {
            crate::node::pause();
            return Ok(None);
        };
        // Where the link carries nothing, what is written only fills a buffer, and then waits.
        let limited = link.socket().set_write_timeout(Some(WRITTEN_WITHIN));
        limited.map_err(io("limit how long a connection is written to"))?;
        // A node that is killed meanwhile does not answer.
        match link.bind(command::BIND_TRANSCEIVER, &self.account, &self.password) {
            Ok(_) => Ok(Some(link)),
            Err(_) => Ok(None),
        }
    }

    /// Whether it is a request, that is to be answered.
    fn take(&mut self, pdu: &Pdu) -> bool {
        if pdu.is_response() {
            if let Some(number) = self.flying.remove(&pdu.sequence) {
                if pdu.status == status::ROK {
                    self.taken.insert(number, pdu.text());
                } else {
                    self.refused.push((number, pdu.status));
                }
            }
            return false;
        }
        if pdu.command == command::DELIVER_SM
            && let Some(message) = Message::read(&pdu.body)
        {
            match message.receipted() {
                Some(receipt) if message.is_receipt() => self.receipts.push(receipt),
                _ => self.messages.push(message),
            }
        }
        true
    }

    fn lost(&mut self) {
        let flying = std::mem::take(&mut self.flying);
        self.unknown.extend(flying.into_values());
    }
}
