//! Requests and answers that a service sends.

use std::time::Duration;

use super::provider::DiameterError;
use crate::proto::dict::{AvpDef, CommandDef, base};
use crate::proto::wire::{Avp, AvpBuf, BuildError, Value};

/// A request or an answer to be sent. The adaptor puts in what every message has (Session-Id, Origin-Host, Origin-Realm), what
/// requests have (Destination-Realm, Destination-Host of a known server) and what the command's definition asks for besides
/// (Auth-Application-Id and the like, Auth-Session-State), each unless it is given.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub(crate) what: What,
    pub(crate) avps: AvpBuf,
    pub(crate) timeout: Option<Duration>,
    pub(crate) tag: u64,
    /// The End-to-End Identifier that it had.
    pub(crate) again: Option<u32>,
}

/// Request or answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum What {
    Request {
        command: u32,
        application: u32,
    },
    /// With the E bit or not.
    Answer {
        error: bool,
    },
}

impl Outgoing {
    /// A request of this command, as in `Outgoing::request(&credit::CREDIT_CONTROL_COMMAND)`.
    #[must_use]
    pub fn request(command: &CommandDef) -> Self {
        Self::extension(command.code, command.application)
    }

    /// A request of a command that has no definition.
    #[must_use]
    pub fn extension(command: u32, application: u32) -> Self {
        Self::new(What::Request {
            command,
            application,
        })
    }

    /// An answer with a Result-Code. A protocol error, 3xxx, has the E bit (RFC 6733 7.1.3).
    #[must_use]
    pub fn answer(result_code: u32) -> Self {
        let error = result_code / 1000 == 3;
        Self::new(What::Answer { error }).avp(&base::RESULT_CODE, result_code)
    }

    /// An answer with the result code of a vendor: Experimental-Result.
    #[must_use]
    pub fn experimental(vendor: u32, result_code: u32) -> Self {
        Self::new(What::Answer { error: false }).group(&base::EXPERIMENTAL_RESULT, |result| {
            result.avp(&base::VENDOR_ID, vendor);
            result.avp(&base::EXPERIMENTAL_RESULT_CODE, result_code);
        })
    }

    fn new(what: What) -> Self {
        Self {
            what,
            avps: AvpBuf::new(),
            timeout: None,
            tag: 0,
            again: None,
        }
    }

    /// Adds an AVP.
    #[must_use]
    pub fn avp(mut self, def: &AvpDef, value: impl Value) -> Self {
        self.avps.avp(def, value);
        self
    }

    /// Adds an AVP if there is a value.
    #[must_use]
    pub fn opt(mut self, def: &AvpDef, value: Option<impl Value>) -> Self {
        self.avps.opt(def, value);
        self
    }

    /// Adds a Grouped AVP with what `fill` writes in it.
    #[must_use]
    pub fn group(mut self, def: &AvpDef, fill: impl FnOnce(&mut AvpBuf)) -> Self {
        self.avps.group(def, fill);
        self
    }

    /// Copies an AVP of another message as it stands there.
    #[must_use]
    pub fn raw(mut self, avp: Avp<'_>) -> Self {
        self.avps.raw(avp);
        self
    }

    /// The AVPs written so far, for what writes into messages and groups alike.
    pub fn body(&mut self) -> &mut AvpBuf {
        &mut self.avps
    }

    /// Sets Destination-Realm.
    #[must_use]
    pub fn destination_realm(self, realm: &str) -> Self {
        self.avp(&base::DESTINATION_REALM, realm)
    }

    /// Sets Destination-Host: this server, and no other in its place.
    #[must_use]
    pub fn destination_host(self, host: &str) -> Self {
        self.avp(&base::DESTINATION_HOST, host)
    }

    /// Of a request: how long to wait for the answer, over all attempts.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Of a request: a number of the service's own that comes back with what becomes of it.
    #[must_use]
    pub fn tag(mut self, tag: u64) -> Self {
        self.tag = tag;
        self
    }

    /// Of a request: the service has sent it before, under that End-to-End Identifier, as [`Timeout`](crate::Timeout) or
    /// [`SendFailure`](crate::SendFailure) told it. It has the identifier again, and the T bit (RFC 6733 3), so that a server
    /// that knows it does not carry it out twice. What the adaptor sends again on its own has both without it.
    #[must_use]
    pub fn again(mut self, end_to_end: u32) -> Self {
        self.again = Some(end_to_end);
        self
    }

    pub(super) fn check_request(&self) -> Result<(), DiameterError> {
        match self.what {
            What::Request { .. } => self.check(),
            What::Answer { .. } => Err(DiameterError::Kind),
        }
    }

    pub(super) fn check_answer(&self) -> Result<(), DiameterError> {
        match self.what {
            What::Request { .. } => Err(DiameterError::Kind),
            What::Answer { .. } => self.check(),
        }
    }

    /// Whether every value fits its AVP.
    fn check(&self) -> Result<(), DiameterError> {
        match self.avps.error() {
            None => Ok(()),
            Some(BuildError::Value { code, .. }) => Err(DiameterError::Value(*code)),
            Some(BuildError::TooLong) => Err(DiameterError::TooLong),
        }
    }
}
