//! A phone under a flow's control: it is told what to do and tells what happens, in lines of JSON.
//!
//! `{"do": "call", "call": "a", "to": "sip:..."}` goes in; `{"event": "confirmed", "call": "a"}` comes out. Scripts in
//! `phones/` speak these lines for pjsua2, JsSIP and SIP.js; `phones.rs` translates them for baresip.

use super::program::Program;
use crate::error::{Result, RunError};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::Write;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// Where commands go.
pub(super) trait Told: std::fmt::Debug {
    /// One command.
    fn tell(&mut self, command: &Value) -> std::io::Result<()>;
}

/// Commands as they are, one a line.
impl<W: Write + std::fmt::Debug> Told for W {
    fn tell(&mut self, command: &Value) -> std::io::Result<()> {
        writeln!(self, "{command}")?;
        self.flush()
    }
}

/// A client with calls.
#[derive(Debug)]
pub(super) struct Phone {
    program: Program,
    told: Box<dyn Told>,
    events: Receiver<Value>,
    waiting: VecDeque<Value>,
    within: Duration,
}

impl Phone {
    pub(super) fn new(program: Program, told: Box<dyn Told>, events: Receiver<Value>) -> Self {
        Self {
            program,
            told,
            events,
            waiting: VecDeque::new(),
            within: super::stage::SOON,
        }
    }

    /// The same, given more time for everything that is waited for.
    pub(super) fn patient(self, within: Duration) -> Self {
        Self { within, ..self }
    }

    /// Does `what` with the call `call`: hangup, hold, resume, answer.
    pub(super) fn does(&mut self, what: &str, call: &str) -> Result {
        self.tell(&json!({"do": what, "call": call}))
    }

    /// Calls `to`; the call is called `call`.
    pub(super) fn call(&mut self, call: &str, to: &str) -> Result {
        self.tell(&json!({"do": "call", "call": call, "to": to}))
    }

    /// Tells it to do something.
    pub(super) fn tell(&mut self, command: &Value) -> Result {
        self.told
            .tell(command)
            .map_err(|error| self.program.broken(&format!("takes no command: {error}")))
    }

    /// Waits for an event of this kind; others stay for later.
    pub(super) fn expect(&mut self, event: &str) -> Result<Value> {
        self.expect_where(event, |_| true)
    }

    /// Waits for an event of this kind of a call.
    pub(super) fn expect_of(&mut self, call: &str, event: &str) -> Result<Value> {
        self.expect_where(event, |value| value["call"] == call)
    }

    /// Waits for an event of this kind of which `holds`; what came before it stays for later.
    pub(super) fn expect_where(
        &mut self,
        event: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let deadline = Instant::now() + self.within;
        let wanted = |value: &Value| value["event"] == event && holds(value);
        loop {
            if let Some(found) = self.waiting.iter().position(wanted) {
                return Ok(self.waiting.remove(found).unwrap_or_default());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(value) => self.waiting.push_back(value),
                Err(_) => return Err(self.missed(event)),
            }
        }
    }

    /// Forgets what it has told up to here.
    pub(super) fn forget(&mut self) {
        while self.events.try_recv().is_ok() {}
        self.waiting.clear();
    }

    /// Ends it.
    pub(super) fn quit(mut self) -> Result {
        self.tell(&json!({"do": "quit"}))?;
        self.program.wait(self.within).map(drop)
    }

    fn missed(&self, event: &str) -> RunError {
        let seen: Vec<String> = self.waiting.iter().map(Value::to_string).collect();
        let seen = seen.join("\n  ");
        self.program
            .broken(&format!("did not tell `{event}` but\n  {seen}\n"))
    }
}
