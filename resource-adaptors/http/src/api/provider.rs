//! The provider: what services ask of HTTP. Everything is carried out after the commit of the delivery that asked.

use strowger::activity::{Activity, Handle};
use strowger::context::Cx;
use strowger::error::{OpError, Result};
use strowger::id::{ActivityId, Component, RaIx};
use strowger::ra::{ActivityFlags, Provider};

use super::activity::{Call, Exchange};
use super::method::Method;
use super::outgoing::Outgoing;
use super::reply::Reply;

/// HTTP, as handlers take it: `http: Ra<Http>`.
///
/// Operations on an exchange or a call that is over do nothing and succeed.
#[derive(Clone, Copy, Debug)]
pub struct Http {
    ra: RaIx,
}

/// Why an operation was refused. It had no effect then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// A request of ours goes nowhere.
    #[error("`{0}` is no URL to call: {1}")]
    Url(String, &'static str),
    /// A header field cannot be sent, or is not for a service to set.
    #[error("header field `{0}` cannot be sent")]
    Header(String),
    /// There is no such method, or none for here.
    #[error("method `{0}` cannot be sent")]
    Method(Method),
    /// No final status code.
    #[error("{0} is no status of an answer")]
    Status(u16),
    /// A value cannot be written as JSON.
    #[error("the value cannot be written as JSON: {0}")]
    Json(#[source] serde_json::Error),
}

/// What the adaptor is asked to do.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "made by the provider's methods only, which say what each does"
)]
pub enum Command {
    Respond {
        exchange: ActivityId,
        reply: Reply,
    },
    Call {
        call: ActivityId,
        outgoing: Box<Outgoing>,
    },
    Cancel {
        call: ActivityId,
    },
}

impl Provider for Http {
    const TYPE: Component = Component {
        name: "http",
        vendor: "strowger-http",
        version: "1.0",
    };
    fn bind(ra: RaIx) -> Self {
        Self { ra }
    }
}

impl Http {
    /// Answers a request: `http.respond(cx, exchange, Reply::text(200, "done"))?`. The first answer counts, and ends the
    /// exchange.
    ///
    /// # Errors
    /// The answer cannot be sent, or the exchange is another adaptor's.
    pub fn respond(&self, cx: &mut Cx<'_>, exchange: Handle<Exchange>, reply: Reply) -> Result {
        reply.check()?;
        self.check(cx, exchange)?;
        let exchange = exchange.id();
        cx.command(self.ra, Command::Respond { exchange, reply });
        Ok(())
    }

    /// Sends a request. Its outcome comes on the new activity, to whoever is attached to it.
    ///
    /// # Errors
    /// The request cannot be sent, or the container refuses the activity.
    pub fn call(&self, cx: &mut Cx<'_>, outgoing: Outgoing) -> Result<Handle<Call>> {
        outgoing.is_good()?;
        let call = cx.start_activity::<Call>(self.ra, ActivityFlags::default())?;
        let command = Command::Call {
            call: call.id(),
            outgoing: Box::new(outgoing),
        };
        cx.command(self.ra, command);
        Ok(call)
    }

    /// Gives up a call: [`FailureKind::Stopped`](crate::FailureKind::Stopped) is its outcome. The other side may have seen it.
    ///
    /// # Errors
    /// The call is another adaptor's.
    pub fn cancel(&self, cx: &mut Cx<'_>, call: Handle<Call>) -> Result {
        self.check(cx, call)?;
        cx.command(self.ra, Command::Cancel { call: call.id() });
        Ok(())
    }

    /// A handle that has gone stale is no error; one of another adaptor entity is a mistake in the service.
    fn check<A: Activity>(&self, cx: &Cx<'_>, handle: Handle<A>) -> Result {
        match cx.owner(handle) {
            Some(owner) if owner != self.ra => Err(OpError::WrongActivityType(handle.id()).into()),
            _ => Ok(()),
        }
    }
}
