//! Scripted servers.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use strowger::ra::Record;

use super::OtherSide;
use crate::api::{
    Failure, FailureKind, Headers, Method, Outgoing, Params, Reply, Response, Sent, Target,
};
use crate::driver::{Dial, Up};

/// A server that calls of ours reach.
#[derive(Clone, Debug)]
pub struct Server {
    side: OtherSide,
    target: Target,
}

impl Server {
    #[track_caller]
    pub(super) fn new(side: OtherSide, url: &str) -> Self {
        let target = match Outgoing::get(url).target() {
            Ok(target) => target,
            Err(error) => panic!("{error}"),
        };
        if let url::Host::Domain(name) = &target.host {
            let address = Record::A(Ipv4Addr::new(203, 0, 113, 1));
            side.kit.dns(name, Duration::from_secs(300), [address]);
        }
        Self { side, target }
    }

    /// The next call that comes to it.
    ///
    /// # Panics
    /// None comes.
    #[track_caller]
    pub fn expect_call(&self) -> Called {
        self.side.wait(&|state| self.find(&state.calls).is_some());
        let found = {
            let mut state = self.side.state.borrow_mut();
            let place = self.find(&state.calls);
            place.map(|place| state.calls.remove(place))
        };
        match found {
            Some(dial) => Called {
                died: self.side.state.borrow().died,
                side: self.side.clone(),
                dial,
            },
            None => self
                .side
                .fail(&format!("no call to {} has come", self.target.authority)),
        }
    }

    /// No call has come that was not expected, at this moment.
    ///
    /// # Panics
    /// One has.
    #[track_caller]
    pub fn expect_no_call(&self) {
        let side = self.side.clone().patience(Duration::ZERO);
        if side.wait(&|state| self.find(&state.calls).is_some()) {
            self.side.fail("a call has come where none was expected");
        }
    }

    fn find(&self, calls: &[Dial]) -> Option<usize> {
        let fits = |dial: &Dial| {
            dial.secure == self.target.secure && dial.authority == self.target.authority
        };
        calls.iter().position(fits)
    }
}

/// A call that has come to a server.
#[derive(Debug)]
pub struct Called {
    side: OtherSide,
    dial: Dial,
    /// Processes that had died when it came.
    died: u32,
}

impl Called {
    /// Its method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.dial.method
    }

    /// Path and query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.dial.path
    }

    /// What the query says.
    #[must_use]
    pub fn params(&self) -> Params {
        let (_, query) = self.dial.path.split_once('?').unwrap_or_default();
        Params::parse(query.as_bytes())
    }

    /// Its header fields.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.dial.headers
    }

    /// Its content.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.dial.body
    }

    /// Its content as a form.
    #[must_use]
    pub fn form(&self) -> Params {
        Params::parse(&self.dial.body)
    }

    /// Its content as JSON.
    ///
    /// # Panics
    /// It is not that.
    #[must_use]
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.dial.body) {
            Ok(value) => value,
            Err(error) => self
                .side
                .fail(&format!("a call has other content: {error}")),
        }
    }

    /// Whether the node still waits for its answer.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let state = self.side.state.borrow();
        state.died == self.died && state.open.contains(&self.dial.call)
    }

    /// Answers it.
    pub fn answer(self, reply: Reply) {
        let response = Response {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        };
        let note = format!("{} to {}", response.status, self.dial.path);
        self.outcome(&note, Ok(response));
    }

    /// Answers it with a status and nothing else.
    pub fn answer_status(self, status: u16) {
        self.answer(Reply::new(status));
    }

    /// Answers it with JSON.
    ///
    /// # Panics
    /// The value is none of JSON.
    pub fn answer_json<T: Serialize>(self, status: u16, value: &T) {
        match Reply::json(status, value) {
            Ok(reply) => self.answer(reply),
            Err(error) => panic!("{error}"),
        }
    }

    /// It fails. The other side may have seen it when the connection stood.
    pub fn fail(self, kind: FailureKind) {
        let before = [
            FailureKind::Refused,
            FailureKind::Unreachable,
            FailureKind::Dns,
            FailureKind::Tls,
            FailureKind::Full,
        ];
        let sent = if before.contains(&kind) {
            Sent::No
        } else {
            Sent::Maybe
        };
        let note = format!("{kind:?} instead of an answer to {}", self.dial.path);
        self.outcome(&note, Err(Failure { kind, sent }));
    }

    fn outcome(self, note: &str, outcome: Result<Response, Failure>) {
        let call = self.dial.call;
        // Of a process that has died, or given up: nobody waits.
        if self.is_open() {
            self.side.state.borrow_mut().open.remove(&call);
            self.side.say(note, Up::Outcome { call, outcome });
        }
    }
}
